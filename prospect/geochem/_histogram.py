"""Exact amounts above fine thresholds, tile by tile, in one pass over an array."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice, product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Iterator

    import dask.array as da
    from numpy.typing import NDArray

FINE = 11  # bits of the mantissa: 2048 classes an octave, 0.05 % wide at most
SIDE = 1024
BATCH = 16
TILES = 144


class Tiles(NamedTuple):
    """Histograms of tiles on shared classes of the values."""

    edges: NDArray[np.float64]  # lower edges of the classes that occur, rising
    counts: NDArray[np.int64]  # cells a class
    owner: NDArray[np.int64]  # tile of each entry below
    place: NDArray[np.int64]  # class of each entry
    amount: NDArray[np.float64]  # area (volume) of each entry
    outside: NDArray[np.float64]  # amount of each tile that is zero or negative
    n_not_positive: int
    n_infinite: int
    least: float
    largest: float

    @property
    def n_tiles(self) -> int:
        """Number of tiles with a value."""
        return len(self.outside)


def tile_histograms(array: Any, row_amounts: NDArray[np.float64] | float) -> Tiles:  # noqa: ANN401
    """
    Histograms of the tiles of an array of 2 or 3 dimensions, read once.

    Classes are the leading bits of the floats, so that a class is found without a
    logarithm and what lies above the edge of a class is exact. `row_amounts` is what a
    cell stands for: one number, or one a row (second last axis).
    """
    blocks = _as_dask(array)
    sides = _tile_sides(blocks.shape)
    pieces: dict[int, list[tuple]] = defaultdict(list)
    outside: dict[int, float] = defaultdict(float)
    said = np.zeros(2, dtype=np.int64)
    span = [np.inf, -np.inf]
    for found in _stream(blocks, sides, np.asarray(row_amounts, dtype=float)):
        for tile, codes, counts, amounts, rest, notes, least, largest in found:
            pieces[tile].append((codes, counts, amounts))
            outside[tile] += rest
            said += notes
            span = [min(span[0], least), max(span[1], largest)]
    return _joined(pieces, outside, said, span, blocks.dtype)


def _joined(
    pieces: dict[int, list[tuple]],
    outside: dict[int, float],
    said: NDArray,
    span: list[float],
    kind: np.dtype,
) -> Tiles:
    """Put the parts of each tile together, tiles in order."""
    kept = sorted(
        t for t in pieces if outside[t] or any(len(part[0]) for part in pieces[t])
    )
    parts = [(number, part) for number, t in enumerate(kept) for part in pieces[t]]
    codes = np.concatenate([part[0] for _, part in parts] or [np.empty(0, np.int64)])
    first = int(codes.min(initial=0))
    seen = np.zeros(int(codes.max(initial=0)) - first + 1, dtype=bool)
    seen[codes - first] = True
    classes = np.flatnonzero(seen & (len(codes) > 0)) + first
    place = (np.cumsum(seen) - 1)[codes - first]
    counts = np.concatenate([part[1] for _, part in parts] or [np.empty(0)])
    amounts = np.concatenate([part[2] for _, part in parts] or [np.empty(0)])
    owners = [np.full(len(part[0]), number) for number, part in parts]
    return Tiles(
        edges=_edges(classes, kind),
        counts=np.bincount(place, counts, len(classes)).astype(np.int64),
        owner=np.concatenate(owners or [np.empty(0, np.int64)]),
        place=place,
        amount=amounts,
        outside=np.array([outside[t] for t in kept]),
        n_not_positive=int(said[0]),
        n_infinite=int(said[1]),
        least=float(span[0]),
        largest=float(span[1]),
    )


def _as_dask(array: Any) -> da.Array:  # noqa: ANN401
    """Dask array of float32 or float64."""
    import dask.array as da

    if not isinstance(array, da.Array):
        array = np.asarray(array)
        chunks = (*(64,) * (array.ndim - 2), *(SIDE,) * 2)
        array = da.from_array(array, chunks=chunks, name=False)
    return array if array.dtype in ("float32", "float64") else array.astype("float64")


def _tile_sides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Sides of about 144 tiles as square as they come, at least one cell."""
    cells = float(np.prod(shape))
    side = max(1.0, (cells / TILES) ** (1 / len(shape)))
    return tuple(max(1, min(length, round(side))) for length in shape)


def _stream(
    blocks: da.Array, sides: tuple[int, ...], row_amounts: NDArray
) -> Iterator[list[tuple]]:
    """Histograms of the tiles in each block, blocks computed a batch at a time."""
    import dask

    starts = [np.cumsum([0, *sizes[:-1]]) for sizes in blocks.chunks]
    delayed = blocks.to_delayed()
    call = dask.delayed(_block, pure=False, traverse=False)
    places = iter(product(*(range(len(s)) for s in starts)))
    while batch := list(islice(places, BATCH)):
        yield from dask.compute(
            *(
                call(
                    delayed[place],
                    [int(s[i]) for s, i in zip(starts, place, strict=True)],
                    sides,
                    blocks.shape,
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
    cells = np.ascontiguousarray(cells)
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
        counts = _count(bits, infinite, drop, first, last, sure)
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
    """Cells a class; two tallies in turn, so that equal neighbours do not wait."""
    tally = np.zeros((2, last - first + 1), np.int64)
    for z in range(bits.shape[0]):
        for r in range(bits.shape[1]):
            row = bits[z, r]
            n = row.shape[0]
            if sure:
                for c in range(0, n - 1, 2):
                    tally[0, (row[c] >> drop) - first] += 1
                    tally[1, (row[c + 1] >> drop) - first] += 1
                if n % 2:
                    tally[0, (row[n - 1] >> drop) - first] += 1
            else:
                for c in range(n):
                    b = row[c]
                    if 0 < b < infinite:
                        tally[c % 2, (b >> drop) - first] += 1
    return tally[0] + tally[1]


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
