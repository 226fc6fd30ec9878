"""Straight lines through the logarithms of means, many cells at a time."""

from __future__ import annotations

import numpy as np
from numba import njit

LN2 = np.float32(0.6931471805599453)
ROOT_HALF = np.int32(0x3F3504F3)
ROWS = 6  # of the workspace, beside one a window


@njit(nogil=True, cache=True, error_model="numpy")
def fit_row(total, known, scale, min_share, room, out) -> None:  # noqa: ANN001
    """
    Index, density, standard error, r2 and known share of a row of cells.

    `total` and `known` are sums and counts of known cells a window (`known` has no
    column where nothing is missing), `scale` holds the logarithm of the side and the
    number of cells a window, `room` is a workspace.
    """
    n, width = len(scale[0]), out.shape[1]
    first, mean = room[n, :width], room[n + 1, :width]
    part = room[n + 4].view(np.int32)
    whole = room[n + 5].view(np.int32)
    out[4, :] = np.float32(1)
    for c in range(width):
        mean[c] = total[0, c] / scale[1, 0]
    if known.shape[1]:
        for c in range(width):
            mean[c] = total[0, c] / known[0, c] if known[0, c] > 0 else np.nan
    for j in range(n):
        if known.shape[1]:
            _ratio_of_known(total, known, j, scale[1, j], first, out[4])
        else:
            area = scale[1, 0] / scale[1, j]
            for c in range(width):
                first[c] = total[j, c] / total[0, c] * area
        _log(first, whole, part, room[j])
    _line(room, scale[0], out)
    if known.shape[1]:
        for c in range(width):
            if out[4, c] < np.float32(min_share):
                out[0, c] = out[1, c] = out[2, c] = out[3, c] = np.nan


@njit(nogil=True, cache=True, error_model="numpy")
def _ratio_of_known(total, known, j, area, ratio, share):  # noqa: ANN001, ANN202
    """Mean of window j over that of the first, and the least known share so far."""
    for c in range(len(ratio)):
        share[c] = min(share[c], np.float32(known[j, c] / area))
        ratio[c] = 1.0
        if known[0, c] > 0:
            ratio[c] = total[j, c] * known[0, c] / (total[0, c] * known[j, c])


@njit(nogil=True, cache=True, error_model="numpy")
def _log(values, whole, part, out):  # noqa: ANN001, ANN202
    """
    Natural logarithm, to the last digit of float32 but one.

    No two arrays share memory, so that the compiler can take many cells at once.
    """
    bits = values.view(np.int32)
    for c in range(len(values)):
        e = np.int32(np.int32(bits[c] - ROOT_HALF) >> np.int32(23))
        whole[c] = e
        part[c] = np.int32(bits[c] - np.int32(e << np.int32(23)))
    mantissa = part.view(np.float32)
    for c in range(len(values)):
        f = mantissa[c] - np.float32(1)
        s = f / (np.float32(2) + f)
        z = s * s
        tail = np.float32(1 / 7) + z * np.float32(1 / 9)
        tail = np.float32(1 / 3) + z * (np.float32(1 / 5) + z * tail)
        odd = s + s
        out[c] = np.float32(whole[c]) * LN2 + (odd + odd * z * tail)


@njit(nogil=True, cache=True, error_model="numpy")
def _line(room, x, out):  # noqa: ANN001, ANN202
    """Least squares over the windows: their logarithms are the first rows of `room`."""
    n, width = len(x), out.shape[1]
    mean_x = x.mean()
    spread = ((x - mean_x) ** 2).sum()
    mean, level, slope = room[n + 1], room[n + 2], room[n + 3]
    rest = room[n]
    level[:width] = slope[:width] = rest[:width] = np.float32(0)
    for j in range(n):
        share, weight = np.float32(1 / n), np.float32((x[j] - mean_x) / spread)
        for c in range(width):
            level[c] += room[j, c] * share
            slope[c] += room[j, c] * weight
    for j in range(n):
        dx = np.float32(x[j] - mean_x)
        for c in range(width):
            off = room[j, c] - level[c] - slope[c] * dx
            rest[c] += off * off
    freedom = np.float32(1 / ((n - 2) * spread))
    for c in range(width):
        told = slope[c] * slope[c] * np.float32(spread)
        whole = told + rest[c]
        out[0, c] = np.float32(2) + slope[c]
        out[1, c] = mean[c] * np.exp(level[c] - slope[c] * np.float32(mean_x))
        out[2, c] = np.sqrt(rest[c] * freedom)
        out[3, c] = told / whole if whole > np.float32(1e-12) else np.float32(1)
