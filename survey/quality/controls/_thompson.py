"""Precision as a function of content, from duplicates: Thompson and Howarth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LONG = 50  # pairs from which the long form can be used
_FACTOR = 1 / (np.sqrt(2) * stats.norm.ppf(0.75))  # sd from a median |difference|
_PROBABILITIES = (0.90, 0.95, 0.99)


@dataclass(frozen=True)
class ThompsonHowarth:
    """
    What `thompson_howarth` found.

    Parameters
    ----------
    method : {"long", "short"}
        Form that was used.
    n, n_missing : int
        Pairs used, and pairs left out because a member is missing.
    intercept, slope : float
        Standard deviation of one determination, sd = intercept + slope × content; in
        units of the analyte and as a share. NaN in the short form.
    intercept_low, intercept_high, slope_low, slope_high : float
        Their confidence intervals.
    practical_detection_limit : float
        Content at which the precision, 2 sd / content, is 100 %; NaN where the line
        has no such place (intercept not above 0, or slope of 0.5 and more).
    groups : DataFrame
        ``mean, median_difference, sd, n`` of the groups; empty in the short form.
    lines : DataFrame
        A row for each of 90, 95 and 99 %: ``probability, slope`` (of the control line,
        difference = slope × mean), ``n_outside, expected, p``, the chance of so many
        pairs above the line or more if the target is met.
    target_rsd_pct : float
        Relative standard deviation the control lines stand for.

    Examples
    --------
    >>> found = thompson_howarth([10, 20, 30], [11, 20, 31], target_rsd=5)
    >>> found.method, found.n
    ('short', 3)
    """

    method: str
    n: int
    n_missing: int
    intercept: float
    slope: float
    intercept_low: float
    intercept_high: float
    slope_low: float
    slope_high: float
    practical_detection_limit: float
    groups: pd.DataFrame
    lines: pd.DataFrame
    target_rsd_pct: float

    def sd(self, content: ArrayLike) -> NDArray[np.float64]:
        """Return the standard deviation of one determination at contents."""
        return self.intercept + self.slope * np.asarray(content, dtype=float)

    def precision(self, content: ArrayLike) -> NDArray[np.float64]:
        """Return the precision, 200 sd / content in per cent, at contents."""
        return 200 * self.sd(content) / np.asarray(content, dtype=float)


def thompson_howarth(
    first: ArrayLike,
    second: ArrayLike,
    *,
    target_rsd: float = 5.0,
    method: str = "auto",
    group_size: int = 11,
    confidence: float = 0.95,
) -> ThompsonHowarth:
    """
    Precision against content from pairs of determinations.

    Long form (50 pairs and more): pairs are sorted by their mean and put into groups;
    1.048 × the median absolute difference of a group is the standard deviation at its
    mean content, if errors are normal; a robust line through the groups, weighted by
    the inverse of its own height since the scatter grows with it, gives sd =
    intercept + slope × content. What is left over after full groups makes a group of
    its own if it is at least half of one, and otherwise joins the last.

    Short form: absolute differences are held against the lines below which 90, 95 and
    99 % of them lie if the relative standard deviation is `target_rsd`; the pairs above
    are counted and tested against the binomial law. The lines are given in both forms.

    Parameters
    ----------
    first, second : array-like, shape (n_pairs,)
        Contents in one unit, not negative. Pairs with NaN are left out and counted;
        leave out pairs with a censored member.
    target_rsd : float, default 5.0
        Relative standard deviation of one determination in per cent that is required.
    method : {"auto", "long", "short"}, default "auto"
        "auto" takes the long form from 50 pairs on.
    group_size : int, default 11
        Pairs in a group.
    confidence : float, default 0.95
        Of the intervals of intercept and slope.

    Returns
    -------
    ThompsonHowarth

    Raises
    ------
    ValueError
        If contents are negative, lengths differ, or pairs do not suffice for the form
        asked for.

    References
    ----------
    Thompson, M. & Howarth, R.J. 1976. Duplicate analysis in geochemical practice.
    Analyst 101:690-709. Thompson, M. & Howarth, R.J. 1978. A new approach to the
    estimation of analytical precision. Journal of Geochemical Exploration 9:23-30.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> content = np.exp(rng.normal(3, 1, 600))
    >>> pairs = content + rng.normal(size=(2, 600)) * (0.5 + 0.05 * content)
    >>> found = thompson_howarth(*pairs)
    >>> found.method
    'long'
    >>> print(f"{found.intercept:.1f} {found.slope:.2f}")
    0.5 0.05
    """
    if method not in {"auto", "long", "short"}:
        raise ValueError(f"method must be 'auto', 'long' or 'short'; got {method!r}")
    if not 0 < target_rsd <= 100:
        raise ValueError(f"target_rsd must be in per cent, 0 to 100; got {target_rsd}")
    one, two, missing = checked_pairs(first, second)
    mean, difference = (one + two) / 2, np.abs(one - two)
    long = method == "long" or (method == "auto" and mean.size >= LONG)
    fit = _NO_LINE
    groups = pd.DataFrame({"mean": [], "median_difference": [], "sd": [], "n": []})
    if long:
        groups = _median_groups(mean, difference, group_size)
        fit = weighted_line(groups["mean"], groups["sd"], confidence, robust=True)
    return ThompsonHowarth(
        method="long" if long else "short",
        n=mean.size,
        n_missing=missing,
        **fit,
        practical_detection_limit=practical_limit(fit["intercept"], fit["slope"]),
        groups=groups,
        lines=_control_lines(mean, difference, target_rsd),
        target_rsd_pct=float(target_rsd),
    )


_NO_LINE = dict.fromkeys(
    (
        "intercept",
        "slope",
        "intercept_low",
        "intercept_high",
        "slope_low",
        "slope_high",
    ),
    np.nan,
)


def checked_pairs(
    first: ArrayLike, second: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Complete pairs as two arrays, and how many are not complete."""
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != two.shape or one.ndim != 1:
        raise ValueError(
            f"first and second must be of one length; got {one.shape} and {two.shape}"
        )
    whole = ~(np.isnan(one) | np.isnan(two))
    one, two = one[whole], two[whole]
    if one.size == 0:
        raise ValueError("no pair has both values: there is nothing to compare")
    bad = (one < 0) | (two < 0) | np.isinf(one) | np.isinf(two)
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"{int(bad.sum())} pairs have a negative or infinite content, the first "
            f"({one[i]:g}, {two[i]:g}): mark values below detection as censored and "
            "leave those pairs out"
        )
    return one, two, int((~whole).sum())


def split_groups(mean: NDArray, group_size: int) -> list[NDArray[np.intp]]:
    """Positions of the pairs in each group, by increasing mean."""
    if group_size < 3:
        raise ValueError(f"group_size must be 3 or more; got {group_size}")
    order = np.argsort(mean, kind="stable")
    count, rest = divmod(order.size, group_size)
    edges = [group_size * i for i in range(1, count + 1)]
    if rest and rest < group_size / 2 and edges:
        edges.pop()
    groups = [part for part in np.split(order, edges) if part.size]
    if len(groups) < 3:
        raise ValueError(
            f"{order.size} pairs make {len(groups)} groups of {group_size}: a line "
            "needs three; use the short form or smaller groups"
        )
    return groups


def _median_groups(mean: NDArray, difference: NDArray, group_size: int) -> pd.DataFrame:
    rows = []
    for part in split_groups(mean, group_size):
        median = float(np.median(difference[part]))
        row = {"mean": mean[part].mean(), "median_difference": median}
        rows.append(row | {"sd": _FACTOR * median, "n": part.size})
    return pd.DataFrame(rows)


def weighted_line(
    x: ArrayLike, y: ArrayLike, confidence: float, *, robust: bool
) -> dict[str, float]:
    """
    Line through heights whose scatter is proportional to the height itself.

    Weights are 1 / fitted height²; with `robust`, Huber's on top of it. The intervals
    are Student's with n - 2 degrees of freedom.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    floor = max(1e-6 * float(np.mean(y)), np.finfo(float).tiny)
    slope, intercept, *_ = stats.theilslopes(y, x)
    design = np.column_stack([np.ones_like(x), x])
    for _ in range(200):
        height = np.maximum(intercept + slope * x, floor)
        weight = 1 / height**2
        if robust:
            relative = (y - intercept - slope * x) / height
            scale = 1.4826 * np.median(np.abs(relative - np.median(relative)))
            size = np.abs(relative) / max(scale, 1e-9)
            weight *= np.minimum(1, 1.345 / np.maximum(size, 1e-9))
        gram = design.T @ (weight[:, None] * design)
        new = np.linalg.solve(gram, design.T @ (weight * y))
        done = np.allclose(new, [intercept, slope], rtol=1e-9, atol=1e-12 * floor)
        intercept, slope = map(float, new)
        if done:
            break
    rest = y - intercept - slope * x
    variance = float(np.sum(weight * rest**2) / max(x.size - 2, 1))
    errors = np.sqrt(np.diag(np.linalg.inv(gram)) * variance)
    reach = stats.t.ppf((1 + confidence) / 2, max(x.size - 2, 1)) * errors
    return {
        "intercept": intercept,
        "slope": slope,
        "intercept_low": intercept - float(reach[0]),
        "intercept_high": intercept + float(reach[0]),
        "slope_low": slope - float(reach[1]),
        "slope_high": slope + float(reach[1]),
    }


def practical_limit(intercept: float, slope: float) -> float:
    """Content at which twice the sd is the content itself."""
    if not (intercept > 0 and slope < 0.5):
        return float("nan")
    return 2 * intercept / (1 - 2 * slope)


def _control_lines(
    mean: NDArray, difference: NDArray, target_rsd: float
) -> pd.DataFrame:
    """Counts above the lines of a target, and their binomial chance."""
    rows = []
    for probability in _PROBABILITIES:
        factor = stats.norm.ppf((1 + probability) / 2) * np.sqrt(2) * target_rsd / 100
        outside = int(np.sum(difference > factor * mean))
        chance = stats.binom.sf(outside - 1, mean.size, 1 - probability)
        rows.append(
            {
                "probability": probability,
                "slope": float(factor),
                "n_outside": outside,
                "expected": mean.size * (1 - probability),
                "p": float(chance),
            }
        )
    return pd.DataFrame(rows)
