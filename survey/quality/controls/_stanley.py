"""Precision against content without assuming normal errors: Stanley and Lawie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from ._thompson import checked_pairs, practical_limit, split_groups, weighted_line

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class StanleyLawie:
    """
    What `stanley_lawie` found.

    Parameters
    ----------
    n, n_missing : int
        Pairs used, and pairs left out because a member is missing.
    intercept, slope : float
        Line through the root mean squares of the groups, sd = intercept + slope ×
        content; NaN where pairs are too few for three groups.
    intercept_low, intercept_high, slope_low, slope_high : float
        Their confidence intervals.
    practical_detection_limit : float
        Content at which 2 sd is the content itself, from that line.
    constant, linear, quadratic : float
        Variance of one determination = constant + linear × content + quadratic ×
        content², none of them negative.
    groups : DataFrame
        ``mean, sd, n`` of the groups.

    Examples
    --------
    >>> stanley_lawie([10, 20, 30], [11, 20, 31]).n
    3
    """

    n: int
    n_missing: int
    intercept: float
    slope: float
    intercept_low: float
    intercept_high: float
    slope_low: float
    slope_high: float
    practical_detection_limit: float
    constant: float
    linear: float
    quadratic: float
    groups: pd.DataFrame

    def sd(self, content: ArrayLike) -> NDArray[np.float64]:
        """Return the standard deviation at contents, from the variance function."""
        content = np.asarray(content, dtype=float)
        variance = self.constant + self.linear * content + self.quadratic * content**2
        return np.sqrt(variance)


def stanley_lawie(
    first: ArrayLike,
    second: ArrayLike,
    *,
    group_size: int = 11,
    confidence: float = 0.95,
) -> StanleyLawie:
    """
    Standard deviation against content by root mean squares and by variances.

    The factor by which Thompson and Howarth turn a median difference into a standard
    deviation holds for normal errors. Where they are not normal, as with coarse gold,
    these two stay unbiased: the root mean square of difference / √2 in groups, and a
    quadratic function fitted to the variances difference² / 2 themselves, weighted by
    the inverse square of the fitted variance.

    Parameters
    ----------
    first, second : array-like, shape (n_pairs,)
        Contents in one unit, not negative. Pairs with NaN are left out and counted.
    group_size : int, default 11
        Pairs in a group.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    StanleyLawie

    Raises
    ------
    ValueError
        If contents are negative or lengths differ.

    References
    ----------
    Stanley, C.R. & Lawie, D. 2008. Thompson-Howarth error analysis: unbiased
    alternatives to the large-sample method for assessing non-normally distributed
    measurement error in geochemical samples. Geochemistry: Exploration, Environment,
    Analysis 8:173-182.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> content = np.exp(rng.normal(3, 1, 2000))
    >>> error = rng.laplace(scale=0.5**0.5, size=(2, 2000))  # variance 1
    >>> found = stanley_lawie(*(content + error * 0.1 * content))
    >>> print(f"{found.sd(20.0) / 20:.2f}")
    0.10
    """
    one, two, missing = checked_pairs(first, second)
    mean, variance = (one + two) / 2, (one - two) ** 2 / 2
    groups = pd.DataFrame({"mean": [], "sd": [], "n": []})
    names = ("intercept", "slope")
    line = dict.fromkeys(
        [name + end for name in names for end in ("", "_low", "_high")], np.nan
    )
    if mean.size >= 3 * group_size:
        parts = split_groups(mean, group_size)
        groups = pd.DataFrame(
            {
                "mean": [mean[part].mean() for part in parts],
                "sd": [np.sqrt(variance[part].mean()) for part in parts],
                "n": [part.size for part in parts],
            }
        )
        line = weighted_line(groups["mean"], groups["sd"], confidence, robust=False)
    constant, linear, quadratic = _variance_function(mean, variance)
    return StanleyLawie(
        n=mean.size,
        n_missing=missing,
        **line,
        practical_detection_limit=practical_limit(line["intercept"], line["slope"]),
        constant=constant,
        linear=linear,
        quadratic=quadratic,
        groups=groups,
    )


def _variance_function(mean: NDArray, variance: NDArray) -> tuple[float, float, float]:
    """Quadratic of the mean, without negative terms, by reweighted least squares."""
    if variance.max() == 0 or mean.max() == 0:
        return 0.0, 0.0, 0.0
    size = mean.max()  # scaled, so that the three columns are comparable
    design = np.column_stack([np.ones_like(mean), mean / size, (mean / size) ** 2])
    floor = 1e-9 * float(variance.mean())
    fitted = np.maximum(variance.mean() * (mean / mean.mean()) ** 2, floor)
    coefficients = np.zeros(3)
    for _ in range(200):
        new, _rest = nnls(design / fitted[:, None], variance / fitted)
        done = np.allclose(new, coefficients, rtol=1e-8, atol=0)
        coefficients = new
        if done:
            break
        fitted = np.maximum(design @ coefficients, floor)
    constant, linear, quadratic = coefficients / np.array([1, size, size**2])
    return float(constant), float(linear), float(quadratic)
