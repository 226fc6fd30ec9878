"""Rank tests of groups with values below detection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import chdtrc

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

TESTS = ("peto", "gehan", "logrank")


def compare_censored(
    values: ArrayLike,
    censored: ArrayLike,
    groups: ArrayLike,
    *,
    test: str = "peto",
) -> pd.DataFrame:
    """
    Rank test of groups with values below detection, at any number of limits.

    Parameters
    ----------
    values : array_like, shape (n,)
        Contents; the limit of detection where `censored`.
    censored : array_like of bool, shape (n,)
        True where the content is below `values`.
    groups : array_like, shape (n,)
        Label of the group of each value, such as rock or campaign.
    test : {"peto", "gehan", "logrank"}, default "peto"
        Weight of a value in the comparison: the share of the distribution below it
        (Peto and Peto), the number of samples at or below it (Gehan; sensitive to
        unequal limits), or the same everywhere.

    Returns
    -------
    DataFrame
        Indexed by group: `n`, `n_censored`, weighted numbers of detected values
        `observed` and `expected` if the groups did not differ (above the expected: high
        contents; the ranks run from the highest content down). attrs: `statistic` (chi
        squared), `degrees_of_freedom`, `p_value`, `n_missing`.

    Raises
    ------
    ValueError
        If lengths differ, there is one group only, or nothing is detected.

    See Also
    --------
    censored_statistics : Each group by itself.

    References
    ----------
    Peto, R. and Peto, J. (1972). Asymptotically efficient rank invariant test
    procedures. Journal of the Royal Statistical Society A 135, 185-207.
    Helsel, D. R. (2012). Statistics for Censored Environmental Data using Minitab and
    R. Wiley.

    Examples
    --------
    >>> found = compare_censored([1, 1, 2, 3, 4, 5, 9, 8], [1, 1, 0, 0, 0, 0, 0, 0],
    ...                          list("aaaabbbb"))
    >>> round(found.attrs["p_value"], 3)
    0.011
    """
    if test not in TESTS:
        raise ValueError(f"test must be one of {TESTS}; got {test!r}")
    data, hidden = np.asarray(values, float), np.asarray(censored).astype(bool)
    labels = np.asarray(groups)
    if not data.shape == hidden.shape == labels.shape or data.ndim != 1:
        raise ValueError(
            "values, censored and groups are rows of the same length; got shapes "
            f"{data.shape}, {hidden.shape} and {labels.shape}"
        )
    used = ~np.isnan(data) & ~pd.isna(labels)
    data, hidden, labels = data[used], hidden[used], labels[used]
    names, member = np.unique(labels, return_inverse=True)
    if len(names) < 2 or hidden.all():
        raise ValueError(
            f"there are {len(names)} groups and {int((~hidden).sum())} detected values:"
            " a comparison needs two groups and detected values"
        )
    observed, expected, spread = _tally(data, hidden, member, test)
    rest = (observed - expected)[:-1]
    statistic = float(rest @ np.linalg.pinv(spread[:-1, :-1]) @ rest)
    table = pd.DataFrame(
        {
            "n": np.bincount(member),
            "n_censored": np.bincount(member, hidden).astype(int),
            "observed": observed,
            "expected": expected,
        },
        index=pd.Index(names, name="group"),
    )
    table.attrs = {
        "statistic": statistic,
        "degrees_of_freedom": len(names) - 1,
        "p_value": float(chdtrc(len(names) - 1, statistic)),
        "n_missing": int((~used).sum()),
    }
    return table


def _tally(
    data: NDArray, hidden: NDArray[np.bool_], member: NDArray[np.intp], test: str
) -> tuple[NDArray, NDArray, NDArray]:
    """Weighted observed and expected numbers by group, and their covariance."""
    count = member.max() + 1
    levels = np.unique(data[~hidden])[::-1]
    own = [np.sort(data[member == g]) for g in range(count)]
    seen = [np.sort(data[(member == g) & ~hidden]) for g in range(count)]
    risk = np.column_stack([np.searchsorted(x, levels, side="right") for x in own])
    events = np.column_stack(
        [
            np.searchsorted(x, levels, side="right") - np.searchsorted(x, levels)
            for x in seen
        ]
    )
    n, d = risk.sum(axis=1), events.sum(axis=1)
    share = np.append(1.0, np.cumprod(1 - d / n)[:-1])
    weight = {"peto": share, "gehan": n.astype(float), "logrank": np.ones(len(n))}[test]
    part = risk / n[:, None]
    observed, expected = weight @ events, (weight * d) @ part
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(n > 1, weight**2 * d * (n - d) / (n - 1), 0)
    spread = np.diag(scale @ part) - np.einsum("k,kg,kh->gh", scale, part, part)
    return observed, expected, spread
