"""Sums over a scene that keeps its rows: differences of neighbours included."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..._threads import one_blas_thread, workers
from ._moments import Moments, Sums, merge_moments, no_moments

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SLAB = 1 << 20  # values at a time: in float64 some megabytes, near the caches
STRIP = 16  # slabs a task
FAN = 8  # partial results merged at once


class Part(NamedTuple):
    """
    What one piece of a scene adds to its statistics.

    Parameters
    ----------
    pixels : Moments
        Of the spectra.
    pairs : Moments
        Of differences of neighbours.
    missing, zero, masked : int
        Pixels left out: not finite in a band, zero in all bands, outside the mask.
    """

    pixels: Moments
    pairs: Moments
    missing: int = 0
    zero: int = 0
    masked: int = 0


def merge_parts(parts: Iterable[Part]) -> Part:
    """Parts of a scene as one, in their order."""
    return functools.reduce(
        lambda one, other: Part(
            merge_moments(one.pixels, other.pixels),
            merge_moments(one.pairs, other.pairs),
            one.missing + other.missing,
            one.zero + other.zero,
            one.masked + other.masked,
        ),
        parts,
    )


def usable(values: np.ndarray, mask: np.ndarray | None) -> tuple[np.ndarray, tuple]:
    """Pixels of (bands, …) that count; how many are missing, zero and masked."""
    inside = np.ones(values.shape[1:], bool) if mask is None else mask
    finite = np.isfinite(values.sum(0, dtype="float64"))
    zero = finite & ~values.any(0)
    counts = (inside & ~finite).sum(), (inside & zero).sum(), (~inside).sum()
    return inside & finite & ~zero, tuple(int(count) for count in counts)


def sum_block(
    values: np.ndarray,
    mask: np.ndarray | None = None,
    *,
    along: str = "",
    side_by_side: bool = False,
) -> Part:
    """
    Statistics of one block.

    Parameters
    ----------
    values : ndarray, shape (bands, rows, columns)
        Spectra.
    mask : ndarray of bool, shape (rows, columns), optional
        True where pixels count.
    along : {"", "x", "y", "xy"}
        Direction of the differences of neighbours.
    side_by_side : bool
        Whether strips of rows run in threads.
    """
    bands, rows, columns = values.shape
    step = max(1, SLAB // max(1, bands * columns))
    starts = range(0, rows, step * STRIP)

    def strip(start: int) -> Part:
        return _sum_strip(values, mask, (start, start + step * STRIP, step), along)

    with one_blas_thread():
        if not side_by_side or len(starts) < 2:
            return merge_parts(map(strip, starts))
        with ThreadPoolExecutor(workers()) as pool:
            return merge_parts(pool.map(strip, starts))


def _sum_strip(
    values: np.ndarray,
    mask: np.ndarray | None,
    rows: tuple[int, int, int],
    along: str,
) -> Part:
    begin, end, step = rows
    end = min(end, values.shape[1])
    pixels = Sums(_centre(values[:, begin : begin + step]))
    pairs = Sums(np.zeros(values.shape[0]))
    left_out = np.zeros(3, int)
    for row in range(begin, end, step):
        part = slice(row, min(row + step, end))
        inside = None if mask is None else mask[part]
        counts = _add_pixels(values[:, part], inside, pixels)
        ok = None
        if counts is not None:
            ok, left = counts
            left_out += left
        if "x" in along:
            _add_pairs(values[:, part], ok, pairs, axis=1)
        if "y" in along:
            # one row more: the pair with the slab below
            more = slice(row, min(row + step + 1, values.shape[1]))
            if counts is not None or _has_gaps(values[:, more], mask):
                inside = None if mask is None else mask[more]
                ok = usable(values[:, more], inside)[0]
            _add_pairs(values[:, more], ok, pairs, axis=0)
    return Part(pixels.moments(), pairs.moments(), *map(int, left_out))


def _add_pixels(
    tile: np.ndarray, mask: np.ndarray | None, sums: Sums
) -> tuple[np.ndarray, tuple] | None:
    """Add a tile; pixels that count and those left out, None if all count."""
    bands = tile.shape[0]
    centred = np.empty(tile.shape)
    np.subtract(tile, sums.centre[:, None, None], out=centred)
    centred = centred.reshape(bands, -1)
    total = centred @ np.ones(centred.shape[1])
    if mask is None and np.isfinite(total).all() and (tile[0] != 0).all():
        sums.add(centred, total)
        return None
    ok, counts = usable(tile, mask)
    sums.add(centred[:, ok.ravel()])
    return ok, counts


def _has_gaps(tile: np.ndarray, mask: np.ndarray | None) -> bool:
    return mask is not None or not (
        np.isfinite(tile[:, -1].sum()) and (tile[0, -1] != 0).all()
    )


def _add_pairs(
    tile: np.ndarray, ok: np.ndarray | None, sums: Sums, *, axis: int
) -> None:
    if axis:
        differences = tile[:, :, 1:] - tile[:, :, :-1]
    else:
        differences = tile[:, 1:] - tile[:, :-1]
    differences = differences.reshape(tile.shape[0], -1)
    if ok is not None:
        both = ok[:, 1:] & ok[:, :-1] if axis else ok[1:] & ok[:-1]
        differences = differences[:, both.ravel()]
    sums.add(differences)


def _centre(tile: np.ndarray) -> np.ndarray:
    """Something near the mean: of a row's finite values."""
    row = tile[:, 0].astype("float64")
    finite = np.isfinite(row)
    count = finite.sum(1)
    return np.where(finite, row, 0).sum(1) / np.maximum(count, 1)


def sum_lazy(blocks: np.ndarray, masks: np.ndarray, *, along: str) -> Part:
    """
    Statistics of a scene in Dask blocks, the same as in memory but for rounding.

    Parameters
    ----------
    blocks : ndarray of delayed, shape (block rows, block columns)
        Each (bands, rows, columns).
    masks : ndarray of ndarray or None, same shape
        Of each block.
    along : str
        As in `sum_block`.

    Notes
    -----
    Each block hands over its edges, so that pairs across blocks count and no block is
    read twice. Results are merged in a fixed tree: few are in memory at once.
    """
    import dask

    block_sum = dask.delayed(_block_and_edges, nout=2)
    across = dask.delayed(_across)
    merge = dask.delayed(merge_parts)
    made = {
        at: block_sum(blocks[at], masks[at], along, blocks.shape)
        for at in np.ndindex(blocks.shape)
    }
    parts = [part for part, _ in made.values()]
    for (row, column), (_, edges) in made.items():
        if "x" in along and column + 1 < blocks.shape[1]:
            parts.append(across(edges, made[row, column + 1][1], "right", "left"))
        if "y" in along and row + 1 < blocks.shape[0]:
            parts.append(across(edges, made[row + 1, column][1], "bottom", "top"))
    while len(parts) > 1:
        parts = [
            merge(parts[start : start + FAN]) for start in range(0, len(parts), FAN)
        ]
    return dask.compute(parts[0])[0]


def _block_and_edges(
    values: np.ndarray,
    mask: np.ndarray | None,
    along: str,
    shape: Sequence[int],
) -> tuple[Part, dict[str, np.ndarray]]:
    edges = {}
    if "x" in along and shape[1] > 1:
        edges |= {"left": (slice(None), 0), "right": (slice(None), -1)}
    if "y" in along and shape[0] > 1:
        edges |= {"top": (0, slice(None)), "bottom": (-1, slice(None))}
    return sum_block(values, mask, along=along), {
        name: _edge(values[:, at[0], at[1]], None if mask is None else mask[at])
        for name, at in edges.items()
    }


def _edge(values: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """Spectra (bands, n) of an edge, NaN where they do not count."""
    return np.where(usable(values, mask)[0], values, np.nan)


def _across(
    one: dict[str, np.ndarray], other: dict[str, np.ndarray], last: str, first: str
) -> Part:
    differences = other[first] - one[last]
    bands = differences.shape[0]
    sums = Sums(np.zeros(bands))
    sums.add(differences[:, np.isfinite(differences[0])])
    return Part(no_moments(bands), sums.moments())
