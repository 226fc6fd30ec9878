"""Exact order statistics of a map that is read block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._stream import stream_blocks

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

DIGIT = 16


def count_known(grid: xr.DataArray) -> int:
    """Return the number of finite cells."""
    return sum(stream_blocks(lambda b, _: int(np.isfinite(b[0]).sum()), [grid]))


def count_at_least(grid: xr.DataArray, thresholds: NDArray) -> tuple[NDArray, int]:
    """Return how many cells reach each (rising) threshold, and how many are known."""
    thresholds = np.asarray(thresholds, dtype=float)

    def count(blocks: list[NDArray], _: tuple[int, int]) -> NDArray:
        known = blocks[0][np.isfinite(blocks[0])].astype(float)
        place = np.searchsorted(thresholds, known, side="right")
        return np.bincount(place, minlength=len(thresholds) + 1)

    counts = np.zeros(len(thresholds) + 1, dtype=np.int64)
    for part in stream_blocks(count, [grid]):
        counts += part
    return np.cumsum(counts[::-1])[::-1][1:], int(counts.sum())


def next_above(grid: xr.DataArray, value: float) -> float:
    """Return the smallest finite value above `value`; infinity if there is none."""

    def least(blocks: list[NDArray], _: tuple[int, int]) -> float:
        block = blocks[0].astype(float)
        chosen = np.isfinite(block) & (block > value)
        return float(block.min(where=chosen, initial=np.inf))

    return min(stream_blocks(least, [grid]))


def kth_largest(grid: xr.DataArray, k: int) -> float:
    """
    Return the k-th largest finite value, k from 1, exactly and whatever the blocks.

    Digit by digit of the values' bits, 16 at a time: two passes over a float32 map,
    four over float64, whatever its size and ties.
    """
    kind = np.dtype("float32" if grid.dtype == np.float32 else "float64")
    width = 8 * kind.itemsize
    prefix, rest = 0, k
    for shift in range(width - DIGIT, -1, -DIGIT):

        def count(blocks: list[NDArray], _: tuple[int, int]) -> NDArray:
            block = blocks[0].astype(kind, copy=False)
            codes = _sortable(block[np.isfinite(block)])
            if shift + DIGIT < width:  # noqa: B023
                codes = codes[codes >> (shift + DIGIT) == prefix]  # noqa: B023
            digit = codes >> shift & 0xFFFF  # noqa: B023
            return np.bincount(digit.astype(np.int64), minlength=1 << DIGIT)

        counts = np.zeros(1 << DIGIT, dtype=np.int64)
        for part in stream_blocks(count, [grid]):
            counts += part
        reached = np.cumsum(counts[::-1])
        if rest > reached[-1]:
            raise ValueError(f"the map has fewer than {k} cells with a value")
        place = int(np.searchsorted(reached, rest))
        rest -= int(reached[place - 1]) if place else 0
        prefix = (prefix << DIGIT) | (len(counts) - 1 - place)
    return _value_of(prefix, kind)


def _sortable(values: NDArray) -> NDArray:
    """Return unsigned integers in the order of the floats (-0 as 0)."""
    kind = np.dtype(f"u{values.dtype.itemsize}")
    bits = (values + values.dtype.type(0)).view(kind)
    top = kind.type(1 << (8 * kind.itemsize - 1))
    return np.where(bits & top, ~bits, bits | top)


def _value_of(code: int, kind: np.dtype) -> float:
    width = 8 * kind.itemsize
    top = 1 << (width - 1)
    bits = code ^ top if code & top else code ^ ((1 << width) - 1)
    return float(np.array(bits, dtype=f"u{kind.itemsize}").view(kind)[()])
