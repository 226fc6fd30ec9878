"""Variance of sampling, preparation and analysis: nested analysis of variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from ..._checks import check_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True)
class SamplingVariance:
    """
    What `sampling_variance` found.

    Parameters
    ----------
    components : DataFrame
        A row each level, outermost first, "within" last: ``level, df, ms`` (mean
        square)``, f, f_df, p`` (against the synthesised mean square of what lies below
        it, with Satterthwaite's degrees of freedom)``, estimate`` (component of
        variance, may be negative)``, variance`` (the same, at least 0)``, low, high``
        (confidence interval, at least 0)``, sd, percent`` (of the sum)``, rsd_pct``
        (relative standard deviation; NaN for data that are not logarithms).
    n, n_missing, n_censored : int
        Determinations used, and rows left out without a value or with a censored one.
    miesch_v : float
        Variance between the outermost groups over all variance within them.
    miesch_vm : float
        The same for means of the determinations of a group.
    log10 : bool
        Whether decimal logarithms were analysed.

    Examples
    --------
    >>> table = pd.DataFrame({"site": [1, 1, 2, 2], "Cu_ppm": [10.0, 11.0, 30.0, 33.0]})
    >>> sampling_variance(table, "Cu_ppm", levels=["site"]).n
    4
    """

    components: pd.DataFrame
    n: int
    n_missing: int
    n_censored: int
    miesch_v: float
    miesch_vm: float
    log10: bool


def sampling_variance(
    table: pd.DataFrame,
    value: str,
    *,
    levels: Sequence[str],
    log10: bool = False,
    confidence: float = 0.95,
) -> SamplingVariance:
    """
    Components of variance of a nested design, balanced or not.

    Random effects throughout. With ``levels=["site"]`` and two determinations a site
    this is the one-way analysis of duplicates; with ``["site", "sample"]`` sampling is
    told from analysis, with ``["site", "sample", "split"]`` preparation as well.
    Staggered designs (two samples a site, one of them analysed twice) are
    unbalanced nested ones.

    Parameters
    ----------
    table : DataFrame
        A determination a row.
    value : str
        Column of the contents. Rows with NaN are left out and counted; so are rows
        marked in ``<value>_censored`` or, for ``value``, ``censored``.
    levels : sequence of str
        Columns that name the groups, outermost first. Labels need to be unique only
        within the level above.
    log10 : bool, default False
        Analyse decimal logarithms: right where errors grow with the content.
    confidence : float, default 0.95
        Of the intervals: exact for "within", modified large-sample ones above.

    Returns
    -------
    SamplingVariance

    Raises
    ------
    ValueError
        If a column is missing, a label is, a content is not positive with `log10`, or
        nothing is repeated.

    References
    ----------
    Garrett, R.G. & Goss, T.I. 1980. UANOVA: a Fortran IV program for unbalanced nested
    analysis of variance. Computers & Geosciences 6:35-60. Miesch, A.T. 1976.
    Geochemical survey of Missouri: methods of sampling, laboratory analysis, and
    statistical reduction of data. U.S. Geological Survey Professional Paper 954-A.
    Ting, N., Burdick, R.K., Graybill, F.A., Jeyaratnam, S. & Lu, T.-F.C. 1990.
    Confidence intervals on linear combinations of variance components that are
    unrestricted in sign. Journal of Statistical Computation and Simulation 35:135-143.

    Examples
    --------
    >>> table = pd.DataFrame({"site": [1, 1, 2, 2, 3, 3],
    ...                       "Cu_ppm": [10.0, 11.0, 30.0, 33.0, 19.0, 21.0]})
    >>> found = sampling_variance(table, "Cu_ppm", levels=["site"], log10=True)
    >>> print(found.components[["level", "df", "percent"]].round(2))
        level  df  percent
    0    site   2    98.47
    1  within   3     1.53
    """
    levels = list(levels)
    check_columns(table, [value, *levels])
    data, missing, censored = _complete(table, value, levels)
    x = data[value].to_numpy(dtype=float)
    if log10 and (x <= 0).any():
        raise ValueError(
            f"{int((x <= 0).sum())} contents are 0 or negative and have no logarithm: "
            "mark values below detection as censored, or use log10=False"
        )
    x = np.log10(x) if log10 else x
    groups = [np.zeros(x.size, dtype=int)]
    groups += [
        data.groupby(levels[: k + 1], sort=False).ngroup().to_numpy()
        for k in range(len(levels))
    ]
    groups.append(np.arange(x.size))
    ms, df = _mean_squares(x, groups)
    empty = [
        name for name, count in zip([*levels, "within"], df, strict=True) if not count
    ]
    if empty:
        raise ValueError(
            f"level {', '.join(map(repr, empty))} has nothing to compare: no group "
            "above it holds two members"
        )
    expected = _expected(groups, df)
    components = _components(ms, df, expected, confidence)
    components.insert(0, "level", [*levels, "within"])
    components["rsd_pct"] = _relative(components["variance"]) if log10 else np.nan
    variance = components["variance"].to_numpy()
    below = float(expected[0, 1:] @ variance[1:])
    return SamplingVariance(
        components=components,
        n=x.size,
        n_missing=missing,
        n_censored=censored,
        miesch_v=_ratio(variance[0], variance[1:].sum()),
        miesch_vm=_ratio(expected[0, 0] * variance[0], below),
        log10=log10,
    )


def _complete(
    table: pd.DataFrame, value: str, levels: list[str]
) -> tuple[pd.DataFrame, int, int]:
    """Rows with a value, and how many were left out."""
    mark = "censored" if value == "value" else f"{value}_censored"
    hidden = table[mark].eq(True) if mark in table else table[value].isna() & False
    missing = table[value].isna() & ~hidden
    data = table[~hidden & ~missing]
    unlabelled = data[levels].isna().any(axis=1)
    if unlabelled.any():
        raise ValueError(
            f"{int(unlabelled.sum())} rows do not name their group in {levels}, the "
            f"first is row {data.index[unlabelled][0]}: fill in the labels, or leave "
            "these rows out"
        )
    if data.empty:
        raise ValueError(f"no row has a value of {value!r} above detection")
    return data, int(missing.sum()), int(hidden.sum())


def _mean_squares(
    x: NDArray, groups: list[NDArray[np.intp]]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Mean squares and degrees of freedom, level by level."""
    squares, counts = [], []
    means = [np.full(x.size, x.mean())]
    for labels in groups[1:]:
        size = np.bincount(labels)
        mean = (np.bincount(labels, x) / size)[labels]
        squares.append(float(np.sum((mean - means[-1]) ** 2)))
        counts.append(size.size)
        means.append(mean)
    df = np.diff([1, *counts])
    return np.divide(squares, df, where=df > 0, out=np.full(df.size, np.nan)), df


def _expected(
    groups: list[NDArray[np.intp]], df: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Coefficients of the components (columns) in the expected mean squares (rows)."""
    count = len(groups) - 1
    table = np.zeros((count + 1, count))
    for j in range(count):
        inner = groups[j + 1]
        size = np.bincount(inner)
        for k, labels in enumerate(groups):
            if k > j:
                table[k, j] = inner.size
                continue
            outer = np.bincount(labels)
            where = np.zeros(size.size, dtype=int)
            where[inner] = labels
            table[k, j] = np.sum(size**2 / outer[where])
    return np.diff(table, axis=0) / df[:, None]


def _components(
    ms: NDArray, df: NDArray, expected: NDArray, confidence: float
) -> pd.DataFrame:
    """Components of variance with tests and intervals."""
    combination = np.linalg.inv(expected)
    estimate = combination @ ms
    variance = np.maximum(estimate, 0)
    rows = []
    for k in range(ms.size):
        row = {"df": int(df[k]), "ms": ms[k]}
        row |= _test(k, ms, df, expected, combination)
        low, high = _interval(combination[k], ms, df, confidence)
        rows.append(
            row
            | {
                "estimate": estimate[k],
                "variance": variance[k],
                "low": max(0.0, low),
                "high": max(0.0, high),
                "sd": np.sqrt(variance[k]),
                "percent": 100 * _ratio(variance[k], variance.sum()),
            }
        )
    return pd.DataFrame(rows)


def _test(
    k: int, ms: NDArray, df: NDArray, expected: NDArray, combination: NDArray
) -> dict[str, float]:
    """F test of a level against the synthesised mean square of those below."""
    if k == ms.size - 1:
        return {"f": np.nan, "f_df": np.nan, "p": np.nan}
    # mean squares below, combined so that only the level itself is missing
    weights = expected[k, k + 1 :] @ combination[k + 1 :]
    parts = weights * ms
    under = float(parts.sum())
    if under <= 0:
        return {"f": np.nan, "f_df": np.nan, "p": np.nan}
    freedom = under**2 / float(np.sum(parts**2 / df))
    f = ms[k] / under
    return {"f": f, "f_df": freedom, "p": float(stats.f.sf(f, df[k], freedom))}


def _interval(
    weights: NDArray, ms: NDArray, df: NDArray, confidence: float
) -> tuple[float, float]:
    """Interval of a combination of mean squares (Ting et al. 1990)."""
    alpha = (1 - confidence) / 2
    parts = weights * ms
    shrink = 1 - df / stats.chi2.isf(alpha, df)
    grow = df / stats.chi2.ppf(alpha, df) - 1
    up, down = parts > 0, parts < 0
    low = np.sum((shrink * parts)[up] ** 2) + np.sum((grow * parts)[down] ** 2)
    high = np.sum((grow * parts)[up] ** 2) + np.sum((shrink * parts)[down] ** 2)
    for i in np.flatnonzero(up):
        for j in np.flatnonzero(down):
            product = parts[i] * -parts[j]
            f = stats.f.isf(alpha, df[i], df[j])
            low += product * ((f - 1) ** 2 - (shrink[i] * f) ** 2 - grow[j] ** 2) / f
            f = stats.f.ppf(alpha, df[i], df[j])
            high += product * ((1 - f) ** 2 - (grow[i] * f) ** 2 - shrink[j] ** 2) / f
    total = float(parts.sum())
    return total - np.sqrt(max(low, 0)), total + np.sqrt(max(high, 0))


def _relative(variance: pd.Series) -> pd.Series:
    """Relative standard deviation, in per cent, of a variance of decimal logarithms."""
    return 100 * np.sqrt(np.expm1(np.log(10) ** 2 * variance))


def _ratio(one: float, two: float) -> float:
    if two > 0:
        return float(one / two)
    return float("inf") if one > 0 else float("nan")
