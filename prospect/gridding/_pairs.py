"""Machine code of variograms: pairs of places sorted into classes."""

from __future__ import annotations

import numpy as np
from numba import njit

from ._covariance import FAST

MAP = 2  # so many numbers describe a variogram map, more a table of lags


@njit(nogil=True, cache=True, fastmath=FAST)
def _lag(dx, dy, kind):  # noqa: ANN001, ANN202
    """
    Class of a separation, -1 for none.

    Class i holds distances above i and up to i + 1 widths. `kind` is width, number,
    then sine, cosine of the azimuth and cosine of the tolerance; or width and number of
    a map's cells.
    """
    if kind.size == MAP:
        side = 2 * int(kind[1]) + 1
        col = int(np.floor(dx / kind[0] + 0.5)) + int(kind[1])
        row = int(np.floor(dy / kind[0] + 0.5)) + int(kind[1])
        inside = 0 <= col < side and 0 <= row < side
        return row * side + col if inside else -1
    h = np.sqrt(dx * dx + dy * dy)
    lag = int(np.ceil(h / kind[0])) - 1
    if lag < 0 or lag >= kind[1]:
        return -1
    if abs(dx * kind[2] + dy * kind[3]) < kind[4] * h:
        return -1
    return lag


@njit(nogil=True, cache=True, fastmath=FAST)
def bin_pairs(x, y, one, two, steps, kind):  # noqa: ANN001, ANN202
    """
    Sums by class: products of differences, pairs, distances, roots, absolute values.

    The partners of place i are the places i + step, round the circle. Where the step is
    half of the number of places, each pair is met twice and counted once.
    """
    n = x.size
    number = int(kind[1])
    classes = (2 * number + 1) ** 2 if kind.size == MAP else number
    sums = np.zeros((classes, 5))
    far = (number + 1.0) * kind[0]
    for step in steps:
        last = n // 2 if 2 * step == n else n
        for i in range(last):
            j = i + step
            if j >= n:
                j -= n
            dx, dy = x[j] - x[i], y[j] - y[i]
            if abs(dx) > far or abs(dy) > far:
                continue
            lag = _lag(dx, dy, kind)
            if lag < 0:
                continue
            apart = abs(one[j] - one[i])
            sums[lag, 0] += (one[j] - one[i]) * (two[j] - two[i])
            sums[lag, 1] += 1.0
            sums[lag, 2] += np.sqrt(dx * dx + dy * dy)
            sums[lag, 3] += np.sqrt(apart)
            sums[lag, 4] += apart
    return sums


@njit(nogil=True, cache=True)
def collect_pairs(x, y, values, steps, kind, every, lags, apart):  # noqa: ANN001, ANN202
    """Write class and absolute difference of every so-manyth pair; return how many."""
    n, count, seen = x.size, 0, 0
    for step in steps:
        last = n // 2 if 2 * step == n else n
        for i in range(last):
            j = i + step
            if j >= n:
                j -= n
            lag = _lag(x[j] - x[i], y[j] - y[i], kind)
            if lag < 0:
                continue
            seen += 1
            if seen % every == 0 and count < lags.size:
                lags[count] = lag
                apart[count] = abs(values[j] - values[i])
                count += 1
    return count
