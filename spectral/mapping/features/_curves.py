"""Compiled: the lowest point of a curve fitted to the bands around a minimum."""

from __future__ import annotations

import numpy as np
from numba import njit

from ._hull import TILE, complete, gather
from ._shape import lowest, removed

STEPS = 60  # places of the curve looked at before halving
GAUSSIAN = -1  # degree that stands for a Gaussian


@njit(nogil=True, cache=True)
def _value(c: np.ndarray, u: float) -> float:
    total = 0.0
    for i in range(c.size - 1, -1, -1):
        total = total * u + c[i]
    return total


@njit(nogil=True, cache=True)
def _slope(c: np.ndarray, u: float) -> float:
    total = 0.0
    for i in range(c.size - 1, 0, -1):
        total = total * u + i * c[i]
    return total


@njit(nogil=True, cache=True)
def _bottom(c: np.ndarray, low: float, high: float) -> float:
    """Lowest place of a polynomial inside (low, high); NaN if that is an end."""
    if c.size == 3:
        at = -0.5 * c[1] / c[2] if c[2] > 0.0 else np.nan
        return at if low < at < high else np.nan
    step = (high - low) / STEPS
    best = 0
    least = np.inf
    for i in range(STEPS + 1):
        value = _value(c, low + i * step)
        if value < least:
            least = value
            best = i
    if best in (0, STEPS):
        return np.nan
    a = low + (best - 1) * step
    b = a + 2 * step
    for _ in range(45):
        middle = 0.5 * (a + b)
        if _slope(c, middle) < 0.0:
            a = middle
        else:
            b = middle
    return 0.5 * (a + b)


@njit(nogil=True, cache=True)
def _gaussian(u: np.ndarray, d: np.ndarray, c: np.ndarray) -> bool:
    """
    Logarithm of a Gaussian, c0 + c1 u + c2 u², through depths d above zero.

    Weighted by the squared depth, then by that of the curve (Guo 2011).
    """
    for turn in range(4):
        s = np.zeros(5)
        t = np.zeros(3)
        n = 0
        for i in range(u.size):
            if d[i] <= 0.0:
                continue
            n += 1
            w = d[i] if turn == 0 else np.exp(c[0] + u[i] * (c[1] + u[i] * c[2]))
            w *= w
            power = w
            for j in range(5):
                s[j] += power
                if j < 3:
                    t[j] += power * np.log(d[i])
                power *= u[i]
        m0 = s[2] * s[4] - s[3] * s[3]
        m1 = s[1] * s[4] - s[2] * s[3]
        m2 = s[1] * s[3] - s[2] * s[2]
        det = s[0] * m0 - s[1] * m1 + s[2] * m2
        if n < 3 or not abs(det) > 1e-14 * s[0] * s[2] * s[4]:
            return False
        c[0] = (t[0] * m0 - s[1] * (t[1] * s[4] - s[3] * t[2])
                + s[2] * (t[1] * s[3] - s[2] * t[2])) / det  # fmt: skip
        c[1] = (s[0] * (t[1] * s[4] - s[3] * t[2]) - t[0] * m1
                + s[2] * (s[1] * t[2] - t[1] * s[2])) / det  # fmt: skip
        c[2] = (s[0] * (s[2] * t[2] - s[3] * t[1])
                - s[1] * (s[1] * t[2] - s[2] * t[1]) + t[0] * m2) / det  # fmt: skip
        if not c[2] < 0.0:
            return False
    return True


@njit(nogil=True, cache=True)
def _gaussian_at(u: np.ndarray, d: np.ndarray, c: np.ndarray, out: np.ndarray) -> None:
    """Place, depth and residual of a Gaussian."""
    out[:] = np.nan
    if not _gaussian(u, d, c):
        return
    at = -0.5 * c[1] / c[2]
    if not u[0] < at < u[-1]:
        return
    total = 0.0
    for i in range(u.size):
        total += (d[i] - np.exp(c[0] + u[i] * (c[1] + u[i] * c[2]))) ** 2
    out[0] = at
    out[1] = np.exp(c[0] - 0.25 * c[1] ** 2 / c[2])
    out[2] = np.sqrt(total / u.size)


@njit(nogil=True, cache=True)
def _polynomial_at(
    u: np.ndarray, r: np.ndarray, solve: np.ndarray, c: np.ndarray, out: np.ndarray
) -> None:
    """Place, depth and residual of the polynomial with coefficients solve @ r."""
    for i in range(c.size):
        c[i] = 0.0
        for j in range(r.size):
            c[i] += solve[i, j] * r[j]
    at = _bottom(c, u[0], u[-1])
    total = 0.0
    for j in range(r.size):
        total += (r[j] - _value(c, u[j])) ** 2
    out[0] = at
    out[1] = 1.0 - _value(c, at)
    out[2] = np.sqrt(total / r.size)


@njit(nogil=True, cache=True)
def minima(
    block: np.ndarray,
    good: np.ndarray,
    x: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
    curves: tuple[np.ndarray, np.ndarray, np.ndarray, int],
    out: np.ndarray,
) -> None:
    """
    Position, depth and residual of the deepest minimum of every pixel.

    `curves`: for each band as the deepest, the first band of its curve, the bands'
    places u = (wavelength - that of the band) / span, the matrix that gives the
    coefficients; and the degree.
    """
    first, places, solve, degree = curves
    size, n = good.size, places.shape[1]
    spectra = np.empty((TILE, size))
    work = (np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size))
    c = np.empty(3 if degree < 0 else degree + 1)
    found = np.empty(3)
    for start in range(0, block.shape[1], TILE):
        stop = min(start + TILE, block.shape[1])
        gather(block, good, start, stop, spectra)
        for j in range(stop - start):
            r = spectra[j]
            found[:] = np.nan
            if complete(r) and removed(r, x, left, right, work):
                k = lowest(r, x, left, right)
                if k < 0:
                    found[1] = 0.0
                elif degree == 0:
                    found[:] = (x[k], 1.0 - r[k], 0.0)
                else:
                    u = places[k]
                    part = r[first[k] : first[k] + n]
                    if degree < 0:
                        _gaussian_at(u, 1.0 - part, c, found)
                    else:
                        _polynomial_at(u, part, solve[k], c, found)
                    span = x[first[k] + n - 1] - x[first[k]]
                    found[0] = x[k] + span * found[0]
                    if np.isnan(found[0]):
                        found[1] = 1.0 - r[k]
            for i in range(3):
                out[i, start + j] = found[i]
