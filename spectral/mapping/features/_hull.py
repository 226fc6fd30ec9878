"""
Compiled: upper hulls and straight continua of blocks of spectra.

Blocks are (bands, pixels) as cubes lie in memory. Pixels are taken some at a time, so
that rows are read and written along the memory while each spectrum is worked on inside
the cache.
"""

from __future__ import annotations

import numpy as np
from numba import njit

TILE = 16  # spectra side by side: one or two cache lines of every band
STEP = 6  # every sixth band makes the first, coarse hull


@njit(nogil=True, cache=True)
def chain(
    y: np.ndarray, x: np.ndarray, index: np.ndarray, n: int, stack: np.ndarray
) -> int:
    """Monotone chain over the points index[:n]: vertices into stack, their number."""
    top = 0
    stack[0] = index[0]
    for i in range(1, n):
        k = index[i]
        while top > 0:
            a = stack[top - 1]
            b = stack[top]
            if (y[b] - y[a]) * (x[k] - x[b]) > (y[k] - y[b]) * (x[b] - x[a]):
                break
            top -= 1
        top += 1
        stack[top] = k
    return top + 1


@njit(nogil=True, cache=True)
def drape(
    y: np.ndarray, x: np.ndarray, stack: np.ndarray, n: int, line: np.ndarray
) -> None:
    """Straight lines from vertex to vertex; exactly y at the vertices."""
    for i in range(n - 1):
        a = stack[i]
        b = stack[i + 1]
        slope = (y[b] - y[a]) / (x[b] - x[a])
        start = y[a] - slope * x[a]
        for k in range(a, b):
            line[k] = start + slope * x[k]
        line[a] = y[a]
    line[stack[n - 1]] = y[stack[n - 1]]


@njit(nogil=True, cache=True)
def upper_hull(
    y: np.ndarray,
    x: np.ndarray,
    stack: np.ndarray,
    index: np.ndarray,
    line: np.ndarray,
) -> int:
    """
    Upper hull of one spectrum: vertices into stack, values into line.

    A coarse hull of every sixth band comes first; only bands above it can be vertices
    of the whole, so that the chain meets few points. O(bands).
    """
    size = y.size
    n = 0
    for k in range(0, size, STEP):
        index[n] = k
        n += 1
    if index[n - 1] != size - 1:
        index[n] = size - 1
        n += 1
    n = chain(y, x, index, n, stack)
    drape(y, x, stack, n, line)
    for i in range(n):
        line[stack[i]] = -np.inf
    n = 0
    for k in range(size):
        index[n] = k
        n += y[k] > line[k]
    n = chain(y, x, index, n, stack)
    drape(y, x, stack, n, line)
    return n


@njit(nogil=True, cache=True)
def straight(
    y: np.ndarray, x: np.ndarray, left: np.ndarray, right: np.ndarray, line: np.ndarray
) -> None:
    """Line through the means of two shoulders."""
    xl = yl = xr = yr = 0.0
    for k in left:
        xl += x[k]
        yl += y[k]
    for k in right:
        xr += x[k]
        yr += y[k]
    xl /= left.size
    yl /= left.size
    xr /= right.size
    yr /= right.size
    slope = (yr - yl) / (xr - xl)
    for k in range(y.size):
        line[k] = yl + slope * (x[k] - xl)


@njit(nogil=True, cache=True)
def gather(
    block: np.ndarray, good: np.ndarray, start: int, stop: int, spectra: np.ndarray
) -> None:
    """Pixels start to stop of a block as rows, float64, good bands only."""
    for i in range(good.size):
        row = block[good[i]]
        for j in range(stop - start):
            spectra[j, i] = row[start + j]


@njit(nogil=True, cache=True)
def complete(y: np.ndarray) -> bool:
    """Whether all values are finite numbers."""
    total = 0.0
    for k in range(y.size):
        total += y[k] - y[k]
    return total == 0.0


@njit(nogil=True, cache=True)
def _scatter(
    spectra: np.ndarray, good: np.ndarray, start: int, stop: int, out: np.ndarray
) -> None:
    for i in range(good.size):
        row = out[good[i]]
        for j in range(stop - start):
            row[start + j] = spectra[j, i]


@njit(nogil=True, cache=True)
def over_block(
    block: np.ndarray,
    good: np.ndarray,
    x: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    quotient: bool,
    out: np.ndarray,
) -> None:
    """
    Continuum of every pixel, or what is left of the spectrum when divided by it.

    NaN in bands that are not good, in every band of a pixel with a gap, and, in the
    quotient, wherever the continuum is not above zero.
    """
    size = good.size
    spectra = np.empty((TILE, size))
    index = np.empty(size, np.int64)
    stack = np.empty(size, np.int64)
    line = np.empty(size)
    for start in range(0, block.shape[1], TILE):
        stop = min(start + TILE, block.shape[1])
        gather(block, good, start, stop, spectra)
        for j in range(stop - start):
            y = spectra[j]
            if not complete(y):
                y[:] = np.nan
                continue
            if left.size:
                straight(y, x, left, right, line)
            else:
                upper_hull(y, x, stack, index, line)
            if not quotient:
                y[:] = line
                continue
            for k in range(size):
                y[k] = y[k] / line[k] if line[k] > 0.0 else np.nan
            if not left.size:
                for k in range(size):
                    y[k] = 1.0 if y[k] > 1.0 else y[k]  # NaN stays
        _scatter(spectra, good, start, stop, out)
