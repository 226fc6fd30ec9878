"""Thresholds of one set of values: MAD, Tukey's fence, percentiles, classes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MAD_TO_SD = 1.4826
FENCE = 1.5
METHODS = ("iterative", "mean_sd", "median_mad", "tukey", "percentile", "mixture")
_PERCENTILE = re.compile(r"percentile_(\d+(?:\.\d+)?)")


class Quantile(NamedTuple):
    """A quantile with values below detection at their limit; whether that is exact."""

    value: float
    exact: bool


class Spread(NamedTuple):
    """Middle and spread of values; NaN where values below detection hide them."""

    centre: Quantile
    spread: Quantile


def lg_classes(values: ArrayLike, *, width: float = 0.1, end: float = 0.07) -> NDArray:
    """
    Ends of the classes of a histogram of contents, as Chinese practice sets them.

    The classes are 0.1 wide in lg C and end at x.x7, so that contents such as 1, 2, 3
    and 5, which laboratories round to, fall inside a class and not on its end.

    Parameters
    ----------
    values : array-like
        Contents above 0; missing values are left out.
    width : float, default 0.1
        Width of a class, in lg units.
    end : float, default 0.07
        One of the ends, in lg units.

    Returns
    -------
    array of float, shape (n_classes + 1,)
        Ends in the unit of the contents, rising; all values lie between first and last.

    Raises
    ------
    ValueError
        If there is no value, one is 0 or less, or `width` is not positive.

    References
    ----------
    DB63/T 1936-2021 (Qinghai): histograms of contents.

    Examples
    --------
    >>> np.log10(lg_classes([1, 1.4])).round(2)
    array([-0.03,  0.07,  0.17])
    """
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    if not len(known) or known.min() <= 0 or not np.isfinite(known.max()):
        raise ValueError("classes in lg need contents above 0, at least one of them.")
    if not width > 0:
        raise ValueError(f"width must be above 0; got {width}.")
    low, high = np.log10(known.min()), np.log10(known.max())
    first = int(np.floor((low - end) / width))
    last = max(int(np.ceil((high - end) / width)), first + 1)
    return 10.0 ** np.round(end + width * np.arange(first, last + 1), 9)


def quantile(
    value: NDArray[np.float64], censored: NDArray[np.bool_], share: float
) -> Quantile:
    """
    Quantile (linear interpolation) of values of which some are below their value.

    It is exact where it is the same wherever below their limits those values lie.
    """
    upper = float(np.quantile(value, share)) if len(value) else np.nan
    if not censored.any():
        return Quantile(upper, exact=True)
    lowest = np.where(censored, min(value.min(), 0.0) - 1e300, value)
    return Quantile(upper, exact=float(np.quantile(lowest, share)) == upper)


def hinges(
    value: NDArray[np.float64], censored: NDArray[np.bool_]
) -> tuple[Quantile, Quantile]:
    """Tukey's hinges: medians of both halves, each with the middle value."""
    half = (len(value) + 1) // 2
    lower, upper = np.sort(value)[:half], np.sort(value)[-half:]
    lowest = np.sort(np.where(censored, min(value.min(), 0.0) - 1e300, value))
    low, high = float(np.median(lower)), float(np.median(upper))
    return (
        Quantile(low, exact=float(np.median(lowest[:half])) == low),
        Quantile(high, exact=float(np.median(lowest[-half:])) == high),
    )


def median_mad(value: NDArray[np.float64], censored: NDArray[np.bool_]) -> Spread:
    """Median, and median absolute deviation from it (not scaled)."""
    centre = quantile(value, censored, 0.5)
    away = np.abs(value - centre.value)
    least = float(np.median(away)) if len(away) else np.nan
    # below its limit a value lies at least as far from the middle as the limit does
    furthest = np.where(censored, np.inf, away)
    exact = centre.exact and float(np.median(furthest)) == least if len(away) else False
    return Spread(centre, Quantile(least, exact))


def percentile_of(method: str) -> float | None:
    """
    Percentile a method's name asks for, None where it is another method.

    Examples
    --------
    >>> [percentile_of(f"percentile{end}") for end in ("_97.5", "", "_x")]
    [97.5, 98.0, None]
    """
    if method == "percentile":
        return 98.0
    found = _PERCENTILE.fullmatch(method)
    return float(found[1]) if found and 0 < float(found[1]) < 100 else None


def check_methods(methods: str | tuple[str, ...] | list[str]) -> list[str]:
    """Names of methods as a list; an unknown one is refused."""
    names = [methods] if isinstance(methods, str) else list(methods)
    unknown = [n for n in names if n not in METHODS and percentile_of(n) is None]
    if unknown or not names:
        raise ValueError(
            f"unknown methods {unknown}: choose from {METHODS}, or 'percentile_97.5'."
        )
    return list(dict.fromkeys(names))


def plotting_positions(value: ArrayLike, censored: ArrayLike) -> pd.DataFrame:
    """
    Share of the samples at or below each value, with values below several limits.

    Parameters
    ----------
    value : array-like, shape (n,)
        Contents; the detection limit where censored.
    censored : array-like of bool, shape (n,)
        Below detection.

    Returns
    -------
    DataFrame
        `value` and `share` (0 to 1) of the detected values, rising. Without values
        below detection the share is Weibull's i / (n + 1).

    References
    ----------
    Hirsch, R. M. and Stedinger, J. R. (1987). Plotting positions for historical floods
    and their precision. Water Resources Research 23, 715-727.
    Helsel, D. R. and Cohn, T. A. (1988). Estimation of descriptive statistics for
    multiply censored water quality data. Water Resources Research 24, 1997-2004.
    """
    value, below = np.asarray(value, dtype=float), np.asarray(censored, dtype=bool)
    seen = np.sort(value[~below])
    limits = np.unique(value[below])
    steps = np.concatenate([[-np.inf], limits, [np.inf]])
    exceeded = np.zeros(len(steps))  # share at or above each limit
    exceeded[0] = 1.0
    for j in range(len(steps) - 2, 0, -1):
        above = int(((seen >= steps[j]) & (seen < steps[j + 1])).sum())
        under = int((seen < steps[j]).sum() + (value[below] <= steps[j]).sum())
        rest = 1 - exceeded[j + 1]
        exceeded[j] = exceeded[j + 1] + rest * above / max(above + under, 1)
    share = np.empty(len(seen))
    for j in range(len(steps) - 1):
        inside = (seen >= steps[j]) & (seen < steps[j + 1])
        rank = np.arange(1, inside.sum() + 1) / (inside.sum() + 1)
        share[inside] = 1 - exceeded[j] + (exceeded[j] - exceeded[j + 1]) * rank
    return pd.DataFrame({"value": seen, "share": share})
