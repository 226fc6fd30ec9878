"""The log-ratio EM as zCompositions 1.5.0-4 has it, to compare with its results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._censored_models import truncated_moments
from ._impute_em import Model

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fit_as_published(
    logs: NDArray[np.float64],
    limits: NDArray[np.float64],
    start: NDArray[np.float64],
    *,
    tolerance: float,
    max_iterations: int,
) -> Model:
    """
    Moments of additive log-ratios to the first complete part, as that package has them.

    Its regressions of unknown on known parts start from second moments about zero and
    the mean with its sign turned, because the constant is swept out a second time. So
    the result depends on the units of the parts, which a log-ratio method must not;
    each cell is truncated by itself and its variance is not reduced. Kept only so that
    published results can be traced.
    """
    unknown = np.isnan(logs)
    complete = np.flatnonzero(~unknown.any(axis=0))
    if not complete.size:
        raise ValueError(
            "reproduce='zCompositions' needs a part that is complete in all rows; "
            "without it method='lr_em' needs none"
        )
    base = int(complete[0])
    others = np.delete(np.arange(logs.shape[1]), base)
    ratios, bounds = (each[:, others] - logs[:, [base]] for each in (logs, limits))
    filled = start[:, others] - start[:, [base]]
    mean, covariance = filled.mean(axis=0), np.cov(filled.T)
    patterns, member = np.unique(unknown[:, others], axis=0, return_inverse=True)
    change, iteration = np.inf, 0
    while change >= tolerance and iteration < max_iterations:
        iteration += 1
        filled = ratios.copy()
        spread = np.zeros_like(covariance)
        for number, pattern in enumerate(patterns):
            if pattern.any():
                rows = np.flatnonzero(member.ravel() == number)
                rest = _regress(filled, bounds, (mean, covariance), rows, pattern)
                spread[np.ix_(pattern, pattern)] += rest * len(rows)
        before = mean, covariance
        mean = filled.mean(axis=0)
        away = filled - mean
        covariance = (away.T @ away + spread) / (len(logs) - 1)
        change = max(
            np.abs(mean - before[0]).max(), np.abs(covariance - before[1]).max()
        )
    whole = logs.copy()
    whole[:, others] = np.where(
        unknown[:, others], filled + logs[:, [base]], logs[:, others]
    )
    return Model(mean, covariance, whole, iteration, bool(change < tolerance))


def _regress(
    filled: NDArray,
    bounds: NDArray,
    model: tuple[NDArray, NDArray],
    rows: NDArray[np.intp],
    pattern: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Fill the unknown cells of the rows of a pattern; return the rest covariance."""
    mean, covariance = model
    moment = covariance + np.outer(mean, mean)
    seen = ~pattern
    slope = np.linalg.solve(moment[np.ix_(seen, seen)], moment[np.ix_(seen, pattern)])
    rest = moment[np.ix_(pattern, pattern)] - moment[np.ix_(pattern, seen)] @ slope
    centre = mean[seen] @ slope - mean[pattern] + filled[np.ix_(rows, seen)] @ slope
    at = np.ix_(rows, pattern)
    filled[at], _ = truncated_moments(centre, np.sqrt(np.diag(rest)), bounds[at])
    return rest
