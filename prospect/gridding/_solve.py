"""Machine code of kriging: one factorisation, many places."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from ._covariance import FAST, covariance_matrix, covariance_to_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIMPLE, CONSTANT, PLANE, QUADRATIC = range(4)
TINY = 1e-10


class Samples(NamedTuple):
    """Samples by place: coordinates, values (n, realisations), variance of noise."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    variable: NDArray[np.int64]
    values: NDArray[np.float64]
    noise: NDArray[np.float64]
    external: NDArray[np.float64]
    fold: NDArray[np.int64]


class Aim(NamedTuple):
    """
    What is estimated: drift, variance of the target, points it is made of.

    `part` (q, 2) are the points of a cell relative to its centre, `variance` is that of
    their mean; without `spread` only the estimate is computed.
    """

    drift: int
    variance: float
    part: NDArray[np.float64]
    spread: bool


class System(NamedTuple):
    """A neighbourhood solved as far as can be before the target is known."""

    place: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    variable: NDArray[np.int64]
    root: NDArray[np.float64]
    drift: NDArray[np.float64]
    drift_root: NDArray[np.float64]
    told: NDArray[np.bool_]
    slope: NDArray[np.float64]
    rest: NDArray[np.float64]


@njit(nogil=True, cache=True, fastmath=FAST)
def cholesky(matrix):  # noqa: ANN001, ANN202
    """Lower triangular root in place; False if the matrix is not positive definite."""
    n = len(matrix)
    for i in range(n):
        row = matrix[i]
        for j in range(i):
            other = matrix[j]
            total = 0.0
            for k in range(j):
                total += row[k] * other[k]
            row[j] = (row[j] - total) / other[j]
        total = 0.0
        for k in range(i):
            total += row[k] * row[k]
        rest = row[i] - total
        if not rest > TINY * TINY * row[i]:
            return False
        row[i] = np.sqrt(rest)
    return True


@njit(nogil=True, cache=True, fastmath=FAST)
def add_row(factor, source, target):  # noqa: ANN001, ANN202
    """Add `factor` times one row to another."""
    for k in range(source.size):
        target[k] += factor * source[k]


@njit(nogil=True, cache=True, fastmath=FAST)
def add_square(factor, source, target):  # noqa: ANN001, ANN202
    """Add `factor` times the square of one row to another."""
    for k in range(source.size):
        target[k] += factor * source[k] * source[k]


@njit(nogil=True, cache=True, fastmath=FAST)
def add_product(factor, one, two, target):  # noqa: ANN001, ANN202
    """Add `factor` times the product of two rows to another."""
    for k in range(one.size):
        target[k] += factor * one[k] * two[k]


@njit(nogil=True, cache=True, fastmath=FAST)
def solve_lower(root, right):  # noqa: ANN001, ANN202
    """Solve root @ x = right in place, `right` (n, m)."""
    n, m = right.shape
    for i in range(n):
        target = right[i]
        j = 0
        while j + 4 <= i:
            a, b, c, d = root[i, j], root[i, j + 1], root[i, j + 2], root[i, j + 3]
            one, two, three, four = right[j], right[j + 1], right[j + 2], right[j + 3]
            for k in range(m):
                target[k] -= a * one[k] + b * two[k] + c * three[k] + d * four[k]
            j += 4
        while j < i:
            a, one = root[i, j], right[j]
            for k in range(m):
                target[k] -= a * one[k]
            j += 1
        inverse = 1.0 / root[i, i]
        for k in range(m):
            target[k] *= inverse


@njit(nogil=True, cache=True, fastmath=FAST)
def solve_upper(root, right):  # noqa: ANN001, ANN202
    """Solve root.T @ x = right in place, `right` (n, m)."""
    n, m = right.shape
    for i in range(n - 1, -1, -1):
        inverse = 1.0 / root[i, i]
        source = right[i]
        for k in range(m):
            source[k] *= inverse
        for j in range(i):
            a, target = root[i, j], right[j]
            for k in range(m):
                target[k] -= a * source[k]


@njit(nogil=True, cache=True, fastmath=FAST)
def cross(left, right):  # noqa: ANN001, ANN202
    """left.T @ right, for few columns."""
    out = np.zeros((left.shape[1], right.shape[1]))
    for i in range(len(left)):
        for j in range(left.shape[1]):
            for k in range(right.shape[1]):
                out[j, k] += left[i, j] * right[i, k]
    return out


@njit(nogil=True, cache=True)
def n_functions(drift, n_variables, n_external):  # noqa: ANN001, ANN202
    """Number of unknown coefficients of the drift."""
    if drift == SIMPLE:
        return 0
    if n_variables > 1:
        return n_variables
    return (1, 1, 3, 6)[drift] + n_external


@njit(nogil=True, cache=True)
def drift_at(drift, n_variables, dx, dy, scale, variable, external, out):  # noqa: ANN001, ANN202
    """Fill the drift's functions (p,) at a place (dx, dy) from the middle."""
    if drift == SIMPLE:
        return
    if n_variables > 1:
        out[:] = 0.0
        out[variable] = 1.0
        return
    out[0] = 1.0
    p = 1
    if drift >= PLANE:
        out[1], out[2] = dx / scale, dy / scale
        p = 3
    if drift == QUADRATIC:
        out[3], out[4], out[5] = out[1] ** 2, out[2] ** 2, out[1] * out[2]
        p = 6
    for e in range(external.size):
        out[p + e] = external[e]


@njit(nogil=True, cache=True, fastmath=FAST)
def _root_of(model, x, y, variable, noise):  # noqa: ANN001, ANN202
    """Root of the covariance; a whiff of noise is added where rounding spoils it."""
    n = x.size
    root = np.empty((n, n))
    extra = 0.0
    for _ in range(8):
        covariance_matrix(model, x, y, variable, noise + extra, root)
        largest = 0.0
        for i in range(n):
            largest = max(largest, root[i, i])
        if cholesky(root):
            return root
        extra = max(extra * 10.0, largest * TINY)
    root[:] = np.nan
    return root


@njit(nogil=True, cache=True, fastmath=FAST)
def _root_of_drift(whitened):  # noqa: ANN001, ANN202
    """
    Root of the drift's normal matrix, and which functions the samples can tell.

    A function that is a mixture of earlier ones there (a grid that is constant among
    the samples) has its row of the root replaced by that of the unit matrix.
    """
    p = whitened.shape[1]
    root = cross(whitened, whitened)
    told = np.ones(p, np.bool_)
    for i in range(p):
        own = root[i, i]
        for j in range(i):
            total = root[i, j]
            for k in range(j):
                total -= root[i, k] * root[j, k]
            root[i, j] = total / root[j, j]
            own -= root[i, j] ** 2
        if own > 1e-9 * root[i, i]:
            root[i, i] = np.sqrt(own)
        else:
            told[i] = False
            root[i, :] = 0.0
            root[i, i] = 1.0
            for k in range(i + 1, p):
                root[k, i] = 0.0
        for k in range(i + 1, p):
            root[i, k] = 0.0
    return root, told


@njit(nogil=True, cache=True)
def take(samples, chosen):  # noqa: ANN001, ANN202
    """Coordinates, variable, noise and values of some samples."""
    n, n_values = chosen.size, samples.values.shape[1]
    x, y, noise = np.empty(n), np.empty(n), np.empty(n)
    variable, values = np.empty(n, np.int64), np.empty((n, n_values))
    for i in range(n):
        j = chosen[i]
        x[i], y[i], noise[i] = samples.x[j], samples.y[j], samples.noise[j]
        variable[i] = samples.variable[j]
        for k in range(n_values):
            values[i, k] = samples.values[j, k]
    return x, y, variable, noise, values


@njit(nogil=True, cache=True, fastmath=FAST)
def make_system(model, samples, chosen, place, aim):  # noqa: ANN001, ANN202
    """Factorise the neighbourhood of a place: what its targets share."""
    n, n_variables = chosen.size, model.sills.shape[1]
    n_external = samples.external.shape[1]
    x, y, variable, noise, rest = take(samples, chosen)
    # coordinates about the place keep the drift's functions apart
    middle = np.array([place[0], place[1], 1.0])
    for i in range(n):
        middle[2] = max(middle[2], abs(x[i] - place[0]), abs(y[i] - place[1]))
    root = _root_of(model, x, y, variable, noise)
    p = n_functions(aim.drift, n_variables, n_external)
    drift = np.empty((n, p))
    for i in range(n):
        drift_at(
            aim.drift, n_variables, x[i] - middle[0], y[i] - middle[1], middle[2],
            variable[i], samples.external[chosen[i]], drift[i],
        )  # fmt: skip
    solve_lower(root, drift)
    solve_lower(root, rest)
    drift_root, told = _root_of_drift(drift)
    slope = cross(drift, rest)
    for i in range(p):
        add_row(told[i] - 1.0, slope[i], slope[i])
    solve_lower(drift_root, slope)
    solve_upper(drift_root, slope)
    for i in range(p):
        add_row(told[i] - 1.0, slope[i], slope[i])
    for i in range(n):
        for k in range(p):
            add_row(-drift[i, k], slope[k], rest[i])
    if not aim.spread:
        solve_upper(root, rest)
    return System(middle, x, y, variable, root, drift, drift_root, told, slope, rest)


@njit(nogil=True, cache=True, fastmath=FAST)
def estimate(model, system, aim, cell_x, cell_y, cell_drift, room, out):  # noqa: ANN001, ANN202
    """
    Fill `out` (realisations + 2, m): estimates, kriging variance, spread lost.

    `cell_drift` (p, m) are the drift's functions at the cells; `room` has at least
    (n + p, m) numbers. The spread lost is the variance of the target less that of its
    estimator: what a lognormal back-transform makes good.
    """
    n, m, p = system.x.size, cell_x.size, system.slope.shape[0]
    n_values = system.slope.shape[1]
    reduced = room[:n, :m]
    covariance_to_cells(
        model, system.x, system.y, system.variable, cell_x, cell_y, aim.part, reduced
    )
    if aim.spread:
        solve_lower(system.root, reduced)
    for r in range(n_values):
        out[r, :m] = 0.0
        for i in range(n):
            add_row(system.rest[i, r], reduced[i], out[r])
        for i in range(p):
            if system.told[i]:
                add_row(system.slope[i, r], cell_drift[i], out[r])
    if aim.spread:
        gap = room[n : n + p, :m]
        _variances(system, aim, reduced, cell_drift, gap, out[n_values:])


@njit(nogil=True, cache=True, fastmath=FAST)
def _variances(system, aim, reduced, cell_drift, gap, out):  # noqa: ANN001, ANN202
    n = len(reduced)
    variance, lost = out[0], out[1]
    variance[:] = aim.variance
    for i in range(n):
        add_square(-1.0, reduced[i], variance)
    for i in range(len(gap)):
        gap[i] = 0.0
        if system.told[i]:
            add_row(1.0, cell_drift[i], gap[i])
            for j in range(n):
                add_row(-system.drift[j, i], reduced[j], gap[i])
    solve_lower(system.drift_root, gap)
    for i in range(len(gap)):
        add_square(1.0, gap[i], variance)
    # what is lost beyond the variance: twice the multipliers times the functions
    lost[:] = variance
    solve_upper(system.drift_root, gap)
    for i in range(len(gap)):
        if system.told[i]:
            add_product(-2.0, gap[i], cell_drift[i], lost)
    for k in range(variance.size):
        variance[k] = max(variance[k], 0.0)
