"""Kaplan-Meier for values below limits: nothing is assumed about the distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_TIE = 1e-9


class ProductLimit(NamedTuple):
    """
    Distribution function at the detected values, ascending.

    `share` is P(X <= level), `below` P(X < lowest level), `floor` the highest limit
    that this last share is known to be below (NaN if nothing is).
    """

    levels: NDArray[np.float64]
    share: NDArray[np.float64]
    variance: NDArray[np.float64]
    below: float
    floor: float
    mean: float
    standard_error: float


def product_limit(
    values: NDArray[np.float64], censored: NDArray[np.bool_]
) -> ProductLimit:
    """Kaplan-Meier estimate; `values` hold the limit where `censored`."""
    found, events = np.unique(values[~censored], return_counts=True)
    ordered = np.sort(values)
    at_risk = np.searchsorted(ordered, found, side="right")
    left = 1 - events / at_risk
    # going down from the largest value; the share at a value counts all above it
    product = np.cumprod(left[::-1])[::-1]
    share = np.append(product[1:], 1.0)
    with np.errstate(divide="ignore"):
        step = np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0)
    above = np.append(np.cumsum(step[::-1])[::-1][1:], 0.0)
    below = float(product[0])
    limits = values[censored & (values <= found[0])]
    floor = float(limits.max()) if below > _TIE and limits.size else np.nan
    # values below all detected ones count as the lowest limit (Efron's completion)
    start = min(float(ordered[0]), float(found[0]))
    weights = np.diff(np.append(product, 1.0))
    mean = float(found @ weights + below * start)
    area = np.cumsum(np.diff(np.append(start, found)) * product)
    count = int(events.sum())
    spread = float((area**2 * step).sum()) * (count / (count - 1) if count > 1 else 1)
    return ProductLimit(found, share, share**2 * above, below, floor, mean, spread**0.5)


def quantile(estimate: ProductLimit, probability: float) -> float:
    """Value that a share of the distribution does not exceed; NaN if below the data."""
    return _crossing(estimate, estimate.share, estimate.below, probability)


def quantile_interval(
    estimate: ProductLimit, probability: float, confidence: float
) -> tuple[float, float]:
    """Limits of confidence of a quantile, where the band of the share crosses it."""
    z = ndtri(0.5 + confidence / 2)
    share = np.clip(estimate.share, 1e-12, 1 - 1e-12)
    # the band is made on the scale of log(-log), where it stays between 0 and 1
    width = z * np.sqrt(estimate.variance) / (share * np.abs(np.log(share)))
    high, low = share ** np.exp(-width), share ** np.exp(width)
    sure = estimate.variance == 0
    high, low = (np.where(sure, estimate.share, each) for each in (high, low))
    ends = [_crossing(estimate, each, -1.0, probability) for each in (high, low)]
    if estimate.below > _TIE and ends[0] == estimate.levels[0]:
        ends[0] = np.nan
    return ends[0], ends[1]


def _crossing(
    estimate: ProductLimit, share: Sequence[float], below: float, probability: float
) -> float:
    levels = estimate.levels
    if probability <= below + _TIE:
        return np.nan
    at = int(np.searchsorted(np.asarray(share), probability - _TIE))
    if at >= len(levels):
        return np.nan
    flat = abs(share[at] - probability) < _TIE and at + 1 < len(levels)
    return float((levels[at] + levels[at + 1]) / 2) if flat else float(levels[at])
