"""Machine code of covariances: between samples, and from samples to cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

# free to reorder and contract, but NaN and infinity stay what they are
FAST = {"contract", "reassoc", "arcp", "nsz"}
LOG2_E, LN_2 = 1.4426950408889634, 0.6931471805599453
SAME = 1e-6  # square metres: nearer than a millimetre is the same place


class Packed(NamedTuple):
    """
    A model as arrays: shape of each structure, its distance matrix, its sills.

    `shape` (n, 9) are the numbers of `correlate`; `matrix` (n, 4) takes (dx, dy) in
    metres to the distance in ranges; `sills` (1 + n, variables, variables) begins with
    the nugget.
    """

    shape: NDArray[np.float64]
    matrix: NDArray[np.float64]
    sills: NDArray[np.float64]


@njit(nogil=True, cache=True, fastmath=FAST, inline="always")
def falling(x):  # noqa: ANN001, ANN202
    """exp(-x) for x >= 0, such that loops over it become vector code."""
    x = min(x, 700.0)
    whole = np.floor(0.5 - x * LOG2_E)
    r = -x - whole * LN_2
    p = 1 / 5040 + r * (1 / 40320 + r * (1 / 362880 + r * (1 / 3628800)))
    p = 1 / 24 + r * (1 / 120 + r * (1 / 720 + r * p))
    p = 1.0 + r * (1.0 + r * (0.5 + r * (1 / 6 + r * p)))
    return p * np.int64((np.int64(whole) + 1023) << 52).view(np.float64)


@njit(nogil=True, cache=True, fastmath=FAST)
def correlate(shape, r, weight, out):  # noqa: ANN001, ANN202
    """
    Add `weight` times the correlation at `r` ranges to `out`.

    With a last number above zero: the polynomial in min(r, that number) of the eight
    before it. Else (1 + a q + b q²) exp(-q) with q = r (c + d r) and the numbers a, b,
    c, d.
    """
    a, b, c, d, e, f, g, h, end = shape
    if end > 0.0:
        for j in range(r.size):
            q = min(r[j], end)
            value = e + q * (f + q * (g + q * h))
            out[j] += weight[j] * (a + q * (b + q * (c + q * (d + q * value))))
    else:
        for j in range(r.size):
            q = r[j] * (c + d * r[j])
            out[j] += weight[j] * (1.0 + q * (a + q * b)) * falling(q)


@njit(nogil=True, cache=True, fastmath=FAST)
def add_structures(model, dx, dy, first, second, weight, r, out):  # noqa: ANN001, ANN202
    """
    Add the covariance of the structures at separations (dx, dy) to `out`.

    `first` is the variable at one end, `second` (m,) the variables at the other;
    `weight` and `r` are room for m numbers. The nugget is not among the structures.
    """
    m = out.size
    for s in range(len(model.shape)):
        a, b, c, d = model.matrix[s]
        for j in range(m):
            u = a * dx[j] + b * dy[j]
            v = c * dx[j] + d * dy[j]
            r[j] = np.sqrt(u * u + v * v)
            weight[j] = model.sills[s + 1, first, second[j]]
        correlate(model.shape[s], r, weight, out)


@njit(nogil=True, cache=True, fastmath=FAST)
def add_nugget(model, dx, dy, first, second, out):  # noqa: ANN001, ANN202
    """Add the nugget where the separation is that of one place."""
    for j in range(out.size):
        if dx[j] * dx[j] + dy[j] * dy[j] <= SAME:
            out[j] += model.sills[0, first, second[j]]


@njit(nogil=True, cache=True, fastmath=FAST)
def covariance_matrix(model, x, y, variable, noise, out):  # noqa: ANN001, ANN202
    """Fill the lower triangle of the covariance of n samples; noise on the diagonal."""
    n = x.size
    dx, dy, weight, r = np.empty((4, n))
    for i in range(n):
        for j in range(i + 1):
            dx[j] = x[i] - x[j]
            dy[j] = y[i] - y[j]
        row, kinds = out[i, : i + 1], variable[: i + 1]
        row[:] = 0.0
        e, f = dx[: i + 1], dy[: i + 1]
        add_structures(
            model, e, f, variable[i], kinds, weight[: i + 1], r[: i + 1], row
        )
        add_nugget(model, e, f, variable[i], kinds, row)
        row[i] += noise[i]


@njit(nogil=True, cache=True, fastmath=FAST)
def _add_to_cells(shape, matrix, x, y, weight, cell_x, cell_y, out):  # noqa: ANN001, ANN202
    """Add `weight` times the correlation of one place with cells, in one pass."""
    a, b, c, d, e, f, g, h, end = shape
    east_u, north_u, east_v, north_v = matrix
    if end > 0.0:
        for j in range(out.size):
            dx, dy = x - cell_x[j], y - cell_y[j]
            u, v = east_u * dx + north_u * dy, east_v * dx + north_v * dy
            q = min(np.sqrt(u * u + v * v), end)
            value = e + q * (f + q * (g + q * h))
            out[j] += weight * (a + q * (b + q * (c + q * (d + q * value))))
    else:
        for j in range(out.size):
            dx, dy = x - cell_x[j], y - cell_y[j]
            u, v = east_u * dx + north_u * dy, east_v * dx + north_v * dy
            r = np.sqrt(u * u + v * v)
            q = r * (c + d * r)
            out[j] += weight * (1.0 + q * (a + q * b)) * falling(q)


@njit(nogil=True, cache=True, fastmath=FAST)
def covariance_to_cells(model, x, y, variable, cell_x, cell_y, part, out):  # noqa: ANN001, ANN202
    """
    Fill `out` (n, m) with covariances from n samples to m cells of variable 0.

    `part` (q, 2) are the points that a cell is made of, relative to its centre. A
    single one at (0, 0) is the centre itself, which may hold a sample's nugget.
    """
    m, n_parts = cell_x.size, len(part)
    west, east = cell_x.min() - 1.0, cell_x.max() + 1.0
    south, north = cell_y.min() - 1.0, cell_y.max() + 1.0
    for i in range(x.size):
        row = out[i, :m]
        row[:] = 0.0
        for s in range(len(model.shape)):
            weight = model.sills[s + 1, variable[i], 0] / n_parts
            for q in range(n_parts):
                _add_to_cells(
                    model.shape[s],
                    model.matrix[s],
                    x[i] - part[q, 0],
                    y[i] - part[q, 1],
                    weight,
                    cell_x,
                    cell_y,
                    row,
                )
        nugget = model.sills[0, variable[i], 0]
        if n_parts > 1 or nugget == 0.0:
            continue
        if west < x[i] < east and south < y[i] < north:
            for j in range(m):
                dx, dy = x[i] - cell_x[j], y[i] - cell_y[j]
                if dx * dx + dy * dy <= SAME:
                    row[j] += nugget
