"""Two results of the same sample: bias between them, and a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_MOST = 5000  # pairs up to which all averages of two differences are formed
LINES = ("theil_sen", "rma", "deming")


def paired_bias(first: NDArray, second: NDArray, confidence: float) -> dict[str, float]:
    """
    Bias of second against first in per cent, with interval and Wilcoxon's p.

    The Hodges-Lehmann median of the differences of logarithms, with the interval that
    belongs to the signed-rank test; NaN below 6 positive pairs.
    """
    good = (first > 0) & (second > 0)
    d = np.log(second[good]) - np.log(first[good])
    names = ("bias_pct", "bias_low_pct", "bias_high_pct", "p")
    n = d.size
    if n < 6:
        return dict.fromkeys(names, float("nan"))
    if np.all(d == 0):
        return dict(zip(names, (0.0, 0.0, 0.0, 1.0), strict=True))
    p = float(stats.wilcoxon(d, zero_method="zsplit").pvalue)
    if n > _MOST:  # the median of the differences with its own interval
        centre, averages = float(np.median(d)), np.sort(d)
        reach = stats.norm.ppf((1 + confidence) / 2) * np.sqrt(n) / 2
        rank = int(np.floor(n / 2 - reach))
    else:
        i, j = np.triu_indices(n)
        averages = np.sort((d[i] + d[j]) / 2)
        centre = float(np.median(averages))
        reach = stats.norm.ppf((1 + confidence) / 2)
        reach *= np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        rank = int(np.floor(n * (n + 1) / 4 - reach))
    rank = max(rank, 0)
    found = (centre, averages[rank], averages[averages.size - 1 - rank])
    told = (*(100 * np.expm1(found)), p)
    return dict(zip(names, map(float, told), strict=True))


def fitted_line(
    x: NDArray, y: NDArray, *, method: str, confidence: float
) -> dict[str, float]:
    """Slope and intercept with intervals; NaN below 3 pairs or without spread."""
    names = [
        name + end for name in ("slope", "intercept") for end in ("", "_low", "_high")
    ]
    if x.size < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return dict.fromkeys(names, float("nan"))
    fit: Callable[..., Any] = {"theil_sen": _theil_sen, "rma": _rma, "deming": _deming}[
        method
    ]
    return dict(zip(names, map(float, fit(x, y, confidence)), strict=True))


def _theil_sen(x: NDArray, y: NDArray, confidence: float) -> tuple[float, ...]:
    found = stats.theilslopes(y, x, confidence, method="joint")
    low, high = found.low_slope, found.high_slope
    intercepts = sorted(float(np.median(y - slope * x)) for slope in (low, high))
    return found.slope, low, high, found.intercept, *intercepts


def _rma(x: NDArray, y: NDArray, confidence: float) -> tuple[float, ...]:
    """Reduced major axis; interval of the slope after Jolicoeur and Mosimann."""
    r = float(np.corrcoef(x, y)[0, 1])
    slope = float(np.sign(r) or 1) * y.std(ddof=1) / x.std(ddof=1)
    t = stats.t.ppf((1 + confidence) / 2, x.size - 2)
    b = t**2 * (1 - r**2) / (x.size - 2)
    bounds = sorted(
        slope * (np.sqrt(b + 1) + sign * np.sqrt(b)) for sign in (-1.0, 1.0)
    )
    return _with_intercepts(x, y, slope, bounds)


def _deming(x: NDArray, y: NDArray, confidence: float) -> tuple[float, ...]:
    """Deming's line for errors of equal size; intervals by the jackknife."""
    n = x.size
    slope = _orthogonal(*_moments(x, y))
    intercept = float(y.mean() - slope * x.mean())
    # leaving one pair out changes the sums in closed form
    sxx, syy, sxy = _moments(x, y)
    dx, dy, scale = x - x.mean(), y - y.mean(), n / (n - 1)
    left = _orthogonal(sxx - scale * dx**2, syy - scale * dy**2, sxy - scale * dx * dy)
    means = (y.sum() - y) / (n - 1), (x.sum() - x) / (n - 1)
    reach = []
    for whole, each in ((slope, left), (intercept, means[0] - left * means[1])):
        pseudo = n * whole - (n - 1) * each
        error = float(np.std(pseudo, ddof=1)) / np.sqrt(n)
        reach.append(stats.t.ppf((1 + confidence) / 2, n - 2) * error)
    return (
        slope,
        slope - reach[0],
        slope + reach[0],
        intercept,
        intercept - reach[1],
        intercept + reach[1],
    )


def _moments(x: NDArray, y: NDArray) -> tuple[float, float, float]:
    dx, dy = x - x.mean(), y - y.mean()
    return float(dx @ dx), float(dy @ dy), float(dx @ dy)


def _orthogonal(sxx: Any, syy: Any, sxy: Any) -> Any:  # noqa: ANN401
    """Slope of the line with the least orthogonal distances."""
    difference = syy - sxx
    return (difference + np.sqrt(difference**2 + 4 * sxy**2)) / (2 * sxy)


def _with_intercepts(
    x: NDArray, y: NDArray, slope: float, bounds: list[float]
) -> tuple[float, ...]:
    intercepts = sorted(float(y.mean() - each * x.mean()) for each in bounds)
    return slope, *bounds, float(y.mean() - slope * x.mean()), *intercepts
