"""What each method makes of values below limits: mean, spread, quantiles, intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtri

from ._censored_models import fit_normal, order_statistics
from ._product_limit import product_limit, quantile, quantile_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

NONE = (np.nan, np.nan)


class Asked(NamedTuple):
    """What is wanted: method, its distribution, quantiles, level of intervals."""

    method: str
    distribution: str
    levels: Sequence[float]
    confidence: float


class Estimate(NamedTuple):
    """Mean and standard deviation; quantiles with limits of confidence, (n, 3)."""

    mean: float
    sd: float
    interval: tuple[float, float]
    quantiles: NDArray[np.float64]


def estimate(values: NDArray, censored: NDArray[np.bool_], asked: Asked) -> Estimate:
    """Estimate by the method asked for; `values` hold the limit where `censored`."""
    return _METHODS[asked.method](values, censored, asked)


def resample(
    values: NDArray,
    censored: NDArray[np.bool_],
    asked: Asked,
    *,
    random: np.random.Generator,
    times: int,
) -> Estimate:
    """Estimate with percentile intervals, of resamplings that can be fitted."""
    found = estimate(values, censored, asked)
    rows = []
    for _ in range(times):
        pick = random.integers(len(values), size=len(values))
        if np.unique(values[pick][~censored[pick]]).size > 1:
            again = estimate(values[pick], censored[pick], asked)
            rows.append([again.mean, *again.quantiles[:, 0]])
    tails = (0.5 - asked.confidence / 2, 0.5 + asked.confidence / 2)
    # a quantile below the data counts as lower than any number
    sorted_ = np.sort(np.nan_to_num(np.array(rows), nan=-np.inf), axis=0)
    at = [min(len(rows) - 1, int(tail * len(rows))) for tail in tails]
    ends = np.where(np.isfinite(sorted_[at]), sorted_[at], np.nan)
    quantiles = np.column_stack([found.quantiles[:, 0], ends[:, 1:].T])
    return found._replace(interval=tuple(ends[:, 0].tolist()), quantiles=quantiles)


def _kaplan_meier(
    values: NDArray, censored: NDArray[np.bool_], asked: Asked
) -> Estimate:
    found = product_limit(values, censored)
    reach = ndtri(0.5 + asked.confidence / 2) * found.standard_error
    quantiles = [
        (quantile(found, level), *quantile_interval(found, level, asked.confidence))
        for level in asked.levels
    ]
    sd = found.standard_error * np.sqrt(len(values))
    interval = (found.mean - reach, found.mean + reach)
    return Estimate(found.mean, sd, interval, np.array(quantiles))


def _order_statistics(
    values: NDArray, censored: NDArray[np.bool_], asked: Asked
) -> Estimate:
    whole = order_statistics(values, censored)
    middle = np.quantile(whole, asked.levels)
    quantiles = np.column_stack([middle, np.full((len(middle), 2), np.nan)])
    return Estimate(float(whole.mean()), float(whole.std(ddof=1)), NONE, quantiles)


def _likelihood(values: NDArray, censored: NDArray[np.bool_], asked: Asked) -> Estimate:
    log = asked.distribution == "lognormal"
    fit = fit_normal(np.log(values) if log else values, censored)
    z = ndtri(0.5 + asked.confidence / 2)
    score = ndtri(np.asarray(asked.levels))
    place = fit.mean + score * fit.sd
    weight = np.column_stack([np.ones_like(score), score])
    error = np.sqrt(np.einsum("ij,jk,ik->i", weight, fit.covariance, weight))
    quantiles = np.column_stack([place, place - z * error, place + z * error])
    if not log:
        reach = z * np.sqrt(fit.covariance[0, 0])
        interval = (fit.mean - reach, fit.mean + reach)
        return Estimate(fit.mean, fit.sd, interval, quantiles)
    # Cox: the logarithm of the mean is nearly normal
    middle = fit.mean + fit.sd**2 / 2
    slope = np.array([1, fit.sd])
    reach = z * np.sqrt(slope @ fit.covariance @ slope)
    mean = float(np.exp(middle))
    sd = mean * float(np.sqrt(np.expm1(fit.sd**2)))
    interval = (float(np.exp(middle - reach)), float(np.exp(middle + reach)))
    return Estimate(mean, sd, interval, np.exp(quantiles))


_METHODS: dict[str, Callable[..., Estimate]] = {
    "km": _kaplan_meier,
    "ros": _order_statistics,
    "mle": _likelihood,
}
