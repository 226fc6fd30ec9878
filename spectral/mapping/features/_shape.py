"""Compiled: where an absorption feature lies, how deep, wide and lopsided it is."""

from __future__ import annotations

import numpy as np
from numba import njit

from ._hull import TILE, complete, gather, straight, upper_hull

NOTHING = 1e-6  # depth that single precision makes of a straight line
# what `describe` gives, in its order
VALUES = ("position", "depth", "width", "area", "asymmetry", "left", "right")


@njit(nogil=True, cache=True)
def parabola(x: np.ndarray, r: np.ndarray, k: int) -> tuple[float, float]:
    """Lowest point of the parabola through band k, no higher than both beside it."""
    first = (r[k] - r[k - 1]) / (x[k] - x[k - 1])
    second = (r[k + 1] - r[k]) / (x[k + 1] - x[k])
    bend = (second - first) / (x[k + 1] - x[k - 1])
    if not bend > 0.0:
        return x[k], r[k]
    at = 0.5 * (x[k - 1] + x[k] - first / bend)
    step = at - x[k - 1]
    return at, r[k - 1] + first * step + bend * step * (at - x[k])


@njit(nogil=True, cache=True)
def _crossing(x: np.ndarray, r: np.ndarray, k: int, step: int, level: float) -> float:
    """Wavelength where r first rises to a level, going from band k; NaN if never."""
    i = k
    while 0 <= i + step < x.size:
        if r[i + step] >= level:
            share = (level - r[i]) / (r[i + step] - r[i])
            return x[i] + share * (x[i + step] - x[i])
        i += step
    return np.nan


@njit(nogil=True, cache=True)
def _side(
    x: np.ndarray, r: np.ndarray, ends: tuple[int, int], at: float, low: float
) -> tuple[float, float]:
    """Areas below 1 from band to band, left and right of the lowest point."""
    left = right = 0.0
    for k in range(ends[0], ends[1]):
        a, b = 1.0 - r[k], 1.0 - r[k + 1]
        if x[k + 1] <= at:
            left += 0.5 * (a + b) * (x[k + 1] - x[k])
        elif x[k] >= at:
            right += 0.5 * (a + b) * (x[k + 1] - x[k])
        else:
            left += 0.5 * (a + 1.0 - low) * (at - x[k])
            right += 0.5 * (1.0 - low + b) * (x[k + 1] - at)
    return left, right


@njit(nogil=True, cache=True)
def describe(
    x: np.ndarray, r: np.ndarray, k: int, ends: tuple[int, int], found: np.ndarray
) -> None:
    """
    Position, depth, width, area, asymmetry and shoulders of the feature around band k.

    `r` is continuum-removed, `ends` are the first and last band of the feature.
    """
    at, low = parabola(x, r, k)
    depth = 1.0 - low
    half = 1.0 - 0.5 * depth
    found[0] = at
    found[1] = depth
    found[2] = _crossing(x, r, k, 1, half) - _crossing(x, r, k, -1, half)
    left, right = _side(x, r, ends, at, low)
    found[3] = left + right
    found[4] = np.log10(right / left) if left > 0.0 and right > 0.0 else np.nan
    found[5] = x[ends[0]]
    found[6] = x[ends[1]]


@njit(nogil=True, cache=True)
def removed(
    y: np.ndarray,
    x: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    work: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> bool:
    """Divide a spectrum by its continuum; whether that is above zero throughout."""
    stack, index, line = work
    if left.size:
        straight(y, x, left, right, line)
    else:
        upper_hull(y, x, stack, index, line)
    for k in range(y.size):
        if not line[k] > 0.0:
            return False
        y[k] /= line[k]
    return True


@njit(nogil=True, cache=True)
def lowest(r: np.ndarray, x: np.ndarray, left: np.ndarray, right: np.ndarray) -> int:
    """Deepest band between the shoulders with a band on either side; -1 if none."""
    low, high = x[0], x[-1]
    if left.size:
        low, high = x[left].mean(), x[right].mean()
    best = -1
    for k in range(1, r.size - 1):
        if low < x[k] < high and r[k] < 1.0 - NOTHING and (best < 0 or r[k] < r[best]):
            best = k
    if best > 0 and (r[best - 1] < r[best] or r[best + 1] < r[best]):
        return -1  # still falling towards a shoulder
    return best


@njit(nogil=True, cache=True)
def extent(r: np.ndarray, k: int) -> tuple[int, int]:
    """First and last band of the feature around band k: where r reaches 1."""
    low = k
    while low > 0 and r[low] < 1.0 - NOTHING:
        low -= 1
    high = k
    while high < r.size - 1 and r[high] < 1.0 - NOTHING:
        high += 1
    return low, high


@njit(nogil=True, cache=True)
def parameters(
    block: np.ndarray,
    good: np.ndarray,
    x: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    out: np.ndarray,
) -> None:
    """Seven values of the deepest feature of every pixel; see VALUES."""
    size = good.size
    spectra = np.empty((TILE, size))
    work = (np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size))
    found = np.empty(7)
    for start in range(0, block.shape[1], TILE):
        stop = min(start + TILE, block.shape[1])
        gather(block, good, start, stop, spectra)
        for j in range(stop - start):
            r = spectra[j]
            found[:] = np.nan
            if complete(r):
                lit = removed(r, x, left, right, work)
                k = lowest(r, x, left, right) if lit else -1
                if k > 0:
                    describe(x, r, k, extent(r, k), found)
                elif lit:
                    found[1] = 0.0
                    found[3] = 0.0
            for i in range(7):
                out[i, start + j] = found[i]
