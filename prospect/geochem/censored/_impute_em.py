"""Log-ratio normal with values below limits: expectation and maximisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..composition._basis import ilr_basis
from ._truncated import Sites, no_sites, orthant_moments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_FREEDOM = 4.0  # of the t that takes the place of the normal where outliers are feared


class Model(NamedTuple):
    """Mean and covariance of centred log-ratios, and how they were reached."""

    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]
    logs: NDArray[np.float64]
    iterations: int
    converged: bool


class _Group:
    """Rows with the same number of unknown cells, which are `columns` of each."""

    def __init__(self, rows: NDArray, unknown: NDArray, limits: NDArray) -> None:
        self.rows = rows
        self.columns = np.nonzero(unknown[rows])[1].reshape(len(rows), -1)
        self.limits = limits[rows[:, None], self.columns]
        self.sites: Sites = no_sites(*self.columns.shape)


def start_values(
    logs: NDArray[np.float64], limits: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Unknown cells filled: 0.65 of the limit, or as the rest of the row suggests."""
    filled = np.where(np.isnan(logs), limits + np.log(0.65), logs)
    gone = ~np.isfinite(filled)
    if gone.any():
        filled[gone] = np.nan
        middle = np.nanmean(filled, axis=0)
        level = np.nanmean(filled - middle, axis=1)
        filled[gone] = (middle + level[:, None])[gone]
    return filled


def fit_log_ratios(
    logs: NDArray[np.float64],
    limits: NDArray[np.float64],
    *,
    tolerance: float = 1e-4,
    max_iterations: int = 500,
    robust: bool = False,
) -> Model:
    """
    Maximum likelihood of a normal on log-ratios with cells below limits.

    `logs` are logarithms (NaN unknown), `limits` their logarithms (infinite where
    nothing is known). Parts are treated alike: with the precision of the centred
    log-ratios, which does not see the size of a row, no part has to be complete.
    """
    unknown = np.isnan(logs)
    count, parts = logs.shape
    groups = list(_groups(unknown, limits))
    filled = start_values(logs, limits)
    basis = ilr_basis(parts).to_numpy()
    weights = np.ones(count)
    mean, covariance = _moments(filled, np.zeros((parts, parts)), weights)
    seen = parts - unknown.sum(axis=1)
    for iteration in range(1, max_iterations + 1):
        precision = precision_of(covariance, basis)
        spread = np.zeros((parts, parts))
        for group in groups:
            spread += _expect(group, filled, logs, (mean, precision), iteration)
        if robust:
            weights = _weights(filled, mean, precision, seen)
        before = mean, covariance
        mean, covariance = _moments(filled, spread, weights)
        change = max(
            np.abs(mean - before[0]).max(), np.abs(covariance - before[1]).max()
        )
        if change < tolerance:
            break
    return Model(mean, covariance, filled, iteration, bool(change < tolerance))


def precision_of(
    covariance: NDArray[np.float64], basis: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Generalised inverse of a covariance of centred log-ratios."""
    inner = basis @ covariance @ basis.T
    values = np.linalg.eigvalsh(inner)
    if values[0] <= 1e-10 * values[-1]:
        raise ValueError(
            "the log-ratios depend on each other (their covariance is singular): leave "
            "out parts that repeat others or sums of them, or parts with few samples"
        )
    return basis.T @ np.linalg.inv(inner) @ basis


def _groups(unknown: NDArray[np.bool_], limits: NDArray) -> Iterator[_Group]:
    sizes = unknown.sum(axis=1)
    for size in np.unique(sizes[sizes > 0]):
        rows = np.flatnonzero(sizes == size)
        # blocks of rows keep the matrices of a group in the cache
        for part in np.array_split(rows, len(rows) * size**2 // 500_000 + 1):
            yield _Group(part, unknown, limits)


def _expect(
    group: _Group,
    filled: NDArray,
    logs: NDArray,
    model: tuple[NDArray, NDArray],
    iteration: int,
) -> NDArray[np.float64]:
    """Fill the unknown cells of a group; return the sum of their covariances."""
    rows, columns = group.rows, group.columns
    mean, precision = model
    known = np.nan_to_num(logs[rows] - mean)
    pull = np.take_along_axis(_times(known, precision), columns, axis=1)
    inner = precision[columns[:, :, None], columns[:, None, :]]
    shift = (inner @ mean[columns][:, :, None])[:, :, 0] - pull
    sweeps = 8 if iteration == 1 else 2
    found, covariance, group.sites = orthant_moments(
        inner, shift, group.limits, group.sites, sweeps=sweeps
    )
    filled[rows[:, None], columns] = found
    parts = len(mean)
    at = (columns[:, :, None] * parts + columns[:, None, :]).ravel()
    total = np.bincount(at, covariance.ravel(), minlength=parts * parts)
    return total.reshape(parts, parts)


def _moments(
    filled: NDArray, spread: NDArray, weights: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weighted mean and covariance of centred log-ratios; `spread` is added to it."""
    centred = filled - filled.mean(axis=1, keepdims=True)
    mean = (centred * weights[:, None]).sum(axis=0) / weights.sum()
    rest = centred - mean
    parts = filled.shape[1]
    covariance = np.zeros((parts, parts))
    for some in _blocks(len(rest), parts):
        covariance += (rest[some] * weights[some, None]).T @ rest[some]
    middle = np.eye(parts) - 1 / parts
    return mean, (covariance + middle @ spread @ middle) / len(filled)


def _weights(
    filled: NDArray, mean: NDArray, precision: NDArray, seen: NDArray
) -> NDArray[np.float64]:
    """Weights of a t distribution: far rows count less (Lange, Little, Taylor 1989)."""
    rest = filled - filled.mean(axis=1, keepdims=True) - mean
    distance = (_times(rest, precision) * rest).sum(axis=1)
    return (_FREEDOM + seen - 1) / (_FREEDOM + distance)


def _blocks(count: int, parts: int) -> list[slice]:
    """Rows in blocks: products so small that the linear algebra starts no threads."""
    # threads gain nothing here, and on a busy machine they wait for each other
    rows = max(16, 250_000 // parts**2)
    return [slice(start, start + rows) for start in range(0, count, rows)]


def _times(rows: NDArray, square: NDArray) -> NDArray[np.float64]:
    found = np.empty_like(rows)
    for some in _blocks(*rows.shape):
        np.matmul(rows[some], square, out=found[some])
    return found
