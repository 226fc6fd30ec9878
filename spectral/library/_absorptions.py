"""Absorption features of single spectra: where, how deep, how wide."""

from __future__ import annotations

import numpy as np
from numba import njit

from ..mapping.features._hull import upper_hull

SHALLOWEST = 0.005  # depth below which a dip is noise of a laboratory spectrum
RISE = 0.05  # share of its depth by which a dip must stand apart from a deeper one
COLUMNS = ("position", "depth", "width", "start", "stop")


def absorptions(waves: np.ndarray, values: np.ndarray) -> np.ndarray:
    """
    Features of spectra on one grid.

    Parameters
    ----------
    waves : ndarray, shape (n_channels,)
        nm, ascending.
    values : ndarray, shape (n_spectra, n_channels)
        Reflectance; missing channels are passed over.

    Returns
    -------
    ndarray, shape (n_features, 6)
        Row of the spectrum, position (nm, parabola through three channels), depth (of
        the spectrum divided by the upper hull of its whole range), width at half of
        the depth (nm), and the hull's ends beside it (nm).
    """
    found = []
    x = np.asarray(waves, "float64")
    for row, spectrum in enumerate(values):
        there = np.isfinite(spectrum)
        if there.sum() < 4:
            continue
        y = spectrum[there].astype("float64")
        table = _features(x[there], y)
        if len(table):
            found.append(np.column_stack([np.full(len(table), float(row)), table]))
    return np.concatenate(found) if found else np.empty((0, 1 + len(COLUMNS)))


@njit(nogil=True, cache=True)
def _features(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    size = y.size
    line = np.empty(size)
    stack = np.empty(size, np.int64)
    corners = upper_hull(y, x, stack, np.empty(size, np.int64), line)
    dip = np.zeros(size)
    for k in range(size):
        if line[k] > 0.0:
            dip[k] = max(0.0, 1.0 - y[k] / line[k])
    out = np.empty((size, 5))
    count = 0
    for i in range(corners - 1):
        a, b = stack[i], stack[i + 1]
        for k in range(a + 1, b):
            top = dip[k]
            higher = top > dip[k - 1] and top >= dip[k + 1]
            if higher and top >= SHALLOWEST and _stands_out(dip, k, a, b):
                position, depth = _vertex(x, dip, k)
                left = _half(x, dip, k, -1, a, depth / 2)
                right = _half(x, dip, k, 1, b, depth / 2)
                out[count, 0] = position
                out[count, 1] = depth
                out[count, 2] = right - left
                out[count, 3] = x[a]
                out[count, 4] = x[b]
                count += 1
    return out[:count].copy()


@njit(nogil=True, cache=True)
def _stands_out(dip: np.ndarray, k: int, a: int, b: int) -> bool:
    """Whether the way to any deeper dip of this hull segment leads over a rise."""
    rise = max(SHALLOWEST, RISE * dip[k])
    for step in (-1, 1):
        low = dip[k]
        j = k + step
        while a <= j <= b:
            low = min(low, dip[j])
            if dip[k] - low >= rise:
                break
            if dip[j] > dip[k]:
                return False
            j += step
    return True


@njit(nogil=True, cache=True)
def _vertex(x: np.ndarray, dip: np.ndarray, k: int) -> tuple[float, float]:
    """Top of the parabola through three channels of any spacing."""
    left, right = x[k - 1] - x[k], x[k + 1] - x[k]
    down, up = dip[k - 1] - dip[k], dip[k + 1] - dip[k]
    curve = (up / right - down / left) / (right - left)
    if curve >= 0.0:
        return x[k], dip[k]
    slope = down / left - curve * left
    at = -slope / (2.0 * curve)
    if at < left or at > right:
        return x[k], dip[k]
    return x[k] + at, dip[k] + slope * at + curve * at * at


@njit(nogil=True, cache=True)
def _half(
    x: np.ndarray, dip: np.ndarray, k: int, step: int, end: int, level: float
) -> float:
    """Wavelength where the dip falls to a level, the end of the segment at the most."""
    j = k
    while j != end:
        if dip[j + step] <= level:
            share = (dip[j] - level) / (dip[j] - dip[j + step])
            return x[j] + share * (x[j + step] - x[j])
        j += step
    return x[end]
