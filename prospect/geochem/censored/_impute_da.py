"""Log-ratio normal with values below limits: draws instead of expectations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_ndtr, ndtri_exp
from scipy.stats import invwishart

from ..composition._basis import ilr_basis
from ._impute_em import fit_log_ratios, precision_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def draw_log_ratios(
    logs: NDArray[np.float64],
    limits: NDArray[np.float64],
    *,
    random: np.random.Generator,
    burn_in: int,
    apart: int,
) -> Iterator[NDArray[np.float64]]:
    """
    Endless draws of the unknown cells from their distribution given all others.

    Data augmentation (Tanner and Wong 1987): cells given mean and covariance, one
    column after the other; then mean and covariance given the cells, with Jeffreys'
    prior.
    `burn_in` rounds come first, draws are `apart` rounds apart.
    """
    count, parts = logs.shape
    basis = ilr_basis(parts).to_numpy()
    unknown = np.isnan(logs)
    start = fit_log_ratios(logs, limits, tolerance=1e-3, max_iterations=100)
    filled, covariance = start.logs.copy(), start.covariance
    mean = start.mean
    wanted = burn_in
    for turn in _forever():
        precision = precision_of(covariance, basis)
        _draw_cells(filled, limits, unknown, (mean, precision), random)
        inner = (filled @ basis.T).reshape(count, parts - 1)
        middle = inner.mean(axis=0)
        rest = inner - middle
        drawn = invwishart.rvs(count - 1, rest.T @ rest, random_state=random)
        drawn = np.reshape(drawn, (parts - 1, parts - 1))
        middle = random.multivariate_normal(middle, drawn / count, method="cholesky")
        mean, covariance = middle @ basis, basis.T @ drawn @ basis
        if turn == wanted:
            wanted += apart
            yield filled.copy()


def _forever() -> Iterator[int]:
    turn = 0
    while True:
        turn += 1
        yield turn


def _draw_cells(
    filled: NDArray,
    limits: NDArray,
    unknown: NDArray[np.bool_],
    model: tuple[NDArray, NDArray],
    random: np.random.Generator,
) -> None:
    """Draw the unknown cells of each column given the others of their row."""
    mean, precision = model
    for part in np.flatnonzero(unknown.any(axis=0)):
        rows = np.flatnonzero(unknown[:, part])
        own = precision[part, part]
        pull = (filled[rows] - mean) @ precision[:, part]
        centre = filled[rows, part] - pull / own
        sd = own**-0.5
        share = log_ndtr((limits[rows, part] - centre) / sd)
        # 1 - random() is never 0, whose logarithm is none
        level = np.log1p(-random.random(len(rows))) + share
        filled[rows, part] = centre + sd * ndtri_exp(level)
