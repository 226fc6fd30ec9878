"""Compiled: all absorption features of a spectrum, features within features too."""

from __future__ import annotations

import numpy as np
from numba import njit

from ._hull import upper_hull
from ._shape import VALUES, describe, extent, parabola

COLUMNS = (*VALUES, "level", "missing")


@njit(nogil=True, cache=True)
def _turns(g: np.ndarray, low: np.ndarray, top: np.ndarray) -> int:
    """Minima inside a curve and, before and after each, the maximum; their number."""
    n = 0
    peak = 0
    for k in range(1, g.size):
        if g[k] > g[peak]:
            peak = k
        if k < g.size - 1 and g[k] < g[k - 1] and g[k] <= g[k + 1]:
            low[n] = k
            top[n] = peak
            n += 1
            peak = k
    top[n] = peak
    return n


@njit(nogil=True, cache=True)
def _merge(
    g: np.ndarray, low: np.ndarray, top: np.ndarray, n: int, least: float
) -> int:
    """Join valleys parted by less than `least`, the shallowest first; their number."""
    while n > 1:
        worst, rise = -1, least
        for i in range(n):
            before = g[top[i]] if i > 0 else np.inf
            after = g[top[i + 1]] if i < n - 1 else np.inf
            own = min(before, after) - g[low[i]]
            if own < rise:
                worst, rise = i, own
        if worst < 0:
            break
        first = worst == 0
        last = worst == n - 1
        # the lower of its two walls falls
        lower = not first and (last or g[top[worst]] < g[top[worst + 1]])
        gone = worst if lower else worst + 1
        for i in range(worst, n - 1):
            low[i] = low[i + 1]
        for i in range(gone, n):
            top[i] = top[i + 1]
        n -= 1
    return n


@njit(nogil=True, cache=True)
def _row(
    x: np.ndarray, r: np.ndarray, k: int, level: int, known: np.ndarray, row: np.ndarray
) -> None:
    """Values of the feature around band k of a part of a spectrum."""
    first, last = extent(r, k)
    describe(x, r, k, (first, last), row)
    row[7] = level
    row[8] = known[last] - known[first] - (last - first)


@njit(nogil=True, cache=True)
def nested(
    y: np.ndarray, x: np.ndarray, known: np.ndarray, min_depth: float, rows: np.ndarray
) -> int:
    """
    Features of one spectrum without gaps; their number, -1 if the continuum is not > 0.

    `known` are the bands' numbers before gaps were left out.
    """
    size = y.size
    stack, index = np.empty(size, np.int64), np.empty(size, np.int64)
    inner, spare = np.empty(size, np.int64), np.empty(size, np.int64)
    low, top = np.empty(size, np.int64), np.empty(size + 1, np.int64)
    line, r = np.empty(size), np.empty(size)
    n = 0
    count = upper_hull(y, x, stack, index, line)
    for k in range(size):
        if not line[k] > 0.0:
            return -1
    g = y / line
    for i in range(count - 1):
        part = slice(stack[i], stack[i + 1] + 1)
        own = g[part]
        if own.size < 3 or n >= rows.shape[0]:
            continue
        deepest = 1 + int(np.argmin(own[1:-1]))
        if 1.0 - own[deepest] < min_depth:
            continue
        _row(x[part], own, deepest, 1, known[part], rows[n])
        n += 1
        valleys = _merge(own, low, top, _turns(own, low, top), 0.5 * min_depth)
        for v in range(valleys):
            if top[v] <= deepest <= top[v + 1] or n >= rows.shape[0]:
                continue
            within = slice(stack[i] + top[v], stack[i] + top[v + 1] + 1)
            upper_hull(y[within], x[within], inner, spare, line)
            m = top[v + 1] - top[v] + 1
            r[:m] = y[within] / line[:m]
            k = 1 + int(np.argmin(r[1 : m - 1]))
            if 1.0 - r[k] >= min_depth:
                _row(x[within], r[:m], k, 2, known[within], rows[n])
                rows[n, 0] = parabola(x[part], own, low[v])[0]
                n += 1
    return n
