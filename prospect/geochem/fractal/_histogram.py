"""Exact amounts above fine thresholds, tile by tile, in one pass over an array."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice, product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

FINE = 11  # bits of the mantissa: 2048 classes an octave, 0.05 % wide at most
SIDE = 1024
BATCH = 16
TILES = 144


class Tiles(NamedTuple):
    """Histograms of tiles on shared classes of the values."""

    edges: NDArray[np.float64]  # lower edges of the classes that occur, rising
    counts: NDArray[np.int64]  # cells a class
    parts: list[tuple[int, NDArray[np.int64], NDArray[np.float64]]]  # see above()
    outside: NDArray[np.float64]  # amount of each tile that is zero or negative
    n_not_positive: int
    n_infinite: int
    least: float
    largest: float

    @property
    def n_tiles(self) -> int:
        """Number of tiles with a value."""
        return len(self.outside)

    def above(self, places: NDArray[np.int64]) -> NDArray[np.float64]:
        """Amount of each tile at or above the edges at some places, rising."""
        group = np.searchsorted(places, np.arange(len(self.edges)), side="right")
        out = np.zeros((self.n_tiles, len(places) + 1))
        for tile, classes, amounts in self.parts:
            out[tile] += np.bincount(group[classes], amounts, out.shape[1])
        return np.cumsum(out[:, :0:-1], axis=1)[:, ::-1]


def tile_histograms(array: Any, row_amounts: NDArray[np.float64] | float) -> Tiles:  # noqa: ANN401
    """
    Histograms of the tiles of an array of 2 or 3 dimensions, read once.

    Classes are the leading bits of the floats, so that a class is found without a
    logarithm and what lies above the edge of a class is exact. `row_amounts` is what a
    cell stands for: one number, or one a row (second last axis).
    """
    edges, block, kind = _blocks_of(array)
    sides = _tile_sides(np.shape(array))
    pieces: dict[int, list[tuple]] = defaultdict(list)
    outside: dict[int, float] = defaultdict(float)
    said = np.zeros(2, dtype=np.int64)
    span = [np.inf, -np.inf]
    amounts = np.asarray(row_amounts, dtype=float)
    for found in _stream(edges, block, sides, amounts):
        for tile, codes, counts, weighed, rest, notes, least, largest in found:
            pieces[tile].append((codes, counts, weighed))
            outside[tile] += rest
            said += notes
            span = [min(span[0], least), max(span[1], largest)]
    return _joined(pieces, outside, said, span, kind)


def _joined(
    pieces: dict[int, list[tuple]],
    outside: dict[int, float],
    said: NDArray,
    span: list[float],
    kind: np.dtype,
) -> Tiles:
    """Put the classes of all parts together, tiles in order."""
    kept = sorted(t for t in pieces if outside[t] or any(len(p[0]) for p in pieces[t]))
    parts = [(n, *piece) for n, t in enumerate(kept) for piece in pieces[t]]
    parts = [part for part in parts if len(part[1])]
    first = min((int(part[1][0]) for part in parts), default=0)
    last = max((int(part[1][-1]) for part in parts), default=-1)
    counts = np.zeros(last - first + 1, dtype=np.int64)
    for _, codes, number, _ in parts:
        counts[codes - first] += number
    place = np.cumsum(counts > 0) - 1
    classes = np.flatnonzero(counts)
    return Tiles(
        edges=_edges(classes + first, kind),
        counts=counts[classes],
        parts=[(n, place[codes - first], amounts) for n, codes, _, amounts in parts],
        outside=np.array([outside[t] for t in kept]),
        n_not_positive=int(said[0]),
        n_infinite=int(said[1]),
        least=float(span[0]),
        largest=float(span[1]),
    )


def _blocks_of(array: Any) -> tuple[list[NDArray], Callable[..., Any], np.dtype]:  # noqa: ANN401
    """Edges of the blocks along each axis, how to get one, and its type of float."""
    import dask.array as da

    lazy = isinstance(array, da.Array)
    array = array if lazy else np.asarray(array)
    if array.dtype not in ("float32", "float64"):
        array = array.astype("float64")
    if lazy:
        delayed = array.to_delayed()
        edges = [np.cumsum([0, *sizes]) for sizes in array.chunks]
        return edges, delayed.__getitem__, array.dtype
    sides = (*(64,) * (array.ndim - 2), SIDE, SIDE)
    edges = [
        np.append(np.arange(0, n, side), n)
        for n, side in zip(array.shape, sides, strict=True)
    ]

    def view(place: tuple[int, ...]) -> NDArray:
        spans = zip(edges, place, strict=True)
        return array[tuple(slice(e[i], e[i + 1]) for e, i in spans)]

    return edges, view, array.dtype


def _tile_sides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Sides of about 144 tiles as square as they come, at least one cell."""
    cells = float(np.prod(shape))
    side = max(1.0, (cells / TILES) ** (1 / len(shape)))
    return tuple(max(1, min(length, round(side))) for length in shape)


def _stream(
    edges: list[NDArray],
    block: Callable[..., Any],
    sides: tuple[int, ...],
    row_amounts: NDArray,
) -> Iterator[list[tuple]]:
    """Histograms of the tiles in each block, blocks computed a batch at a time."""
    import dask

    shape = tuple(int(e[-1]) for e in edges)
    call = dask.delayed(_block, pure=False, traverse=False)
    places = iter(product(*(range(len(e) - 1) for e in edges)))
    while batch := list(islice(places, BATCH)):
        yield from dask.compute(
            *(
                call(
                    block(place),
                    [int(e[i]) for e, i in zip(edges, place, strict=True)],
                    sides,
                    shape,
                    row_amounts,
                )
                for place in batch
            )
        )


def _block(
    cells: NDArray,
    origin: list[int],
    sides: tuple[int, ...],
    shape: tuple[int, ...],
    row_amounts: NDArray,
) -> list[tuple]:
    """Histograms of the parts of tiles that lie in one block."""
    spans = [
        [
            (t, max(t * side, first), min((t + 1) * side, first + length))
            for t in range(first // side, (first + length - 1) // side + 1)
        ]
        for first, length, side in zip(origin, cells.shape, sides, strict=True)
    ]
    across = [-(-n // side) for n, side in zip(shape, sides, strict=True)]
    out = []
    for parts in product(*spans):
        tile = int(np.ravel_multi_index([p[0] for p in parts], across))
        window = tuple(
            slice(a - o, b - o) for (_, a, b), o in zip(parts, origin, strict=True)
        )
        rows = row_amounts
        if rows.ndim:
            rows = rows[parts[-2][1] : parts[-2][2]]
        out.append((tile, *_histogram(cells[window], rows)))
    return out


def _histogram(cells: NDArray, amounts: NDArray) -> tuple:
    """Codes, counts and amounts of one part of a tile, and what has no logarithm."""
    cells = np.ascontiguousarray(cells)
    solid = cells if cells.ndim == 3 else cells[None]
    by_row = np.broadcast_to(amounts, solid.shape[1])
    integer, infinite, drop = _layout(cells.dtype)
    bits = solid.view(integer)
    low, high, known = _span(bits, infinite)
    rest, notes = 0.0, np.zeros(2, dtype=np.int64)
    if known < solid.size:
        unbounded = np.isinf(solid)
        negative = (solid <= 0) & ~unbounded
        notes = np.array([negative.sum(), unbounded.sum()])
        rest = float(negative.sum(axis=(0, 2)) @ by_row)
    if not known:
        nothing = np.empty(0, dtype=np.int64)
        return nothing, nothing, np.empty(0), rest, notes, np.inf, -np.inf
    first, last = int(low) >> drop, int(high) >> drop
    if amounts.ndim:
        counts, weighed = _count_weighed(bits, infinite, drop, first, last, by_row)
    else:
        sure = known == solid.size
        counts = _count(bits, infinite, drop, first, last, sure).astype(np.int64)
        weighed = counts * float(amounts)
    found = np.flatnonzero(counts)
    ends = np.array([low, high], dtype=integer).view(cells.dtype)
    return (
        found + first, counts[found], weighed[found], rest, notes,
        float(ends[0]), float(ends[1]),
    )  # fmt: skip


def _layout(kind: np.dtype) -> tuple[np.dtype, np.integer, int]:
    """Integer of the same size, bits of infinity, bits dropped for a class."""
    if kind == np.float32:
        return np.dtype("int32"), np.int32(0x7F800000), 23 - FINE
    return np.dtype("int64"), np.int64(0x7FF0000000000000), 52 - FINE


def _edges(codes: NDArray, kind: np.dtype) -> NDArray[np.float64]:
    """Lower edges of classes."""
    integer, _, drop = _layout(kind)
    edges = (codes.astype(integer) << integer.type(drop)).view(kind).astype(float)
    return np.maximum(edges, float(np.finfo(kind).smallest_subnormal))


@njit(nogil=True, cache=True)
def _span(bits, infinite):  # noqa: ANN001, ANN202
    """Least and largest bits of positive finite numbers, and how many there are."""
    low, high, known = infinite, infinite - infinite, 0
    zero = infinite - infinite
    for z in range(bits.shape[0]):
        for r in range(bits.shape[1]):
            row = bits[z, r]
            for c in range(row.shape[0]):
                b = row[c]
                good = (b > zero) & (b < infinite)
                known += good
                low = min(low, b if good else infinite)
                high = max(high, b if good else zero)
    return low, high, known


@njit(nogil=True, cache=True)
def _count(bits, infinite, drop, first, last, sure):  # noqa: ANN001, ANN202
    """Cells a class; four tallies in turn, so that equal neighbours do not wait."""
    tally = np.zeros((4, last - first + 1), np.int32)
    for z in range(bits.shape[0]):
        for r in range(bits.shape[1]):
            row = bits[z, r]
            fours = row.shape[0] // 4 * 4 if sure else 0
            for c in range(0, fours, 4):
                for k in range(4):
                    tally[k, np.uint32((row[c + k] >> drop) - first)] += 1
            for c in range(fours, row.shape[0]):
                b = row[c]
                if 0 < b < infinite:
                    tally[c % 4, (b >> drop) - first] += 1
    return tally.sum(axis=0)


@njit(nogil=True, cache=True)
def _count_weighed(bits, infinite, drop, first, last, by_row):  # noqa: ANN001, ANN202
    """Cells and amounts a class, where the rows stand for different amounts."""
    counts = np.zeros(last - first + 1, np.int64)
    weighed = np.zeros(last - first + 1)
    for z in range(bits.shape[0]):
        for r in range(bits.shape[1]):
            row = bits[z, r]
            for c in range(row.shape[0]):
                b = row[c]
                if 0 < b < infinite:
                    k = (b >> drop) - first
                    counts[k] += 1
                    weighed[k] += by_row[r]
    return counts, weighed
