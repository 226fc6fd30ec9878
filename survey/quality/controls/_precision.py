"""Precision of duplicates, by analyte and kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from ..._checks import check_columns
from . import _columns as columns
from ._anova import sampling_variance
from ._duplicates import pair_limits
from ._paired import paired_bias
from ._reference import as_rules
from ._stanley import stanley_lawie
from ._thompson import LONG, thompson_howarth

if TYPE_CHECKING:
    from pathlib import Path

    from ._rules import QualityRules, Rule

_NEEDED = (
    "analyte",
    "kind",
    "first",
    "second",
    "first_censored",
    "second_censored",
    "detection_limit",
    "mean",
    "hard_pct",
    "rpd_pct",
)


def duplicate_precision(
    pairs: pd.DataFrame,
    *,
    rules: str | Path | QualityRules = "default",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """
    Precision from pairs, by analyte and kind of duplicate.

    Parameters
    ----------
    pairs : DataFrame
        As `pair_duplicates` gives them.
    rules : str, path or QualityRules, default "default"
        See `read_quality_rules`: rules ``hard``, ``re`` and ``target_rsd``.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    DataFrame
        ``precision`` of `QualityAssessment`. Statistics are those of pairs without a
        censored member; the others are counted. ``n_near_limit`` pairs take part in
        the statistics but not in ``pass_pct``. CV(rms) = 100 √(2/n Σ ((a - b)/(a +
        b))²). ``between_pct`` to ``miesch_vm`` come from a one-way analysis of
        variance of decimal logarithms of positive pairs, ``within_rsd_pct`` being the
        relative standard deviation of one determination.

    Raises
    ------
    ValueError
        If a column is missing.

    References
    ----------
    Stanley, C.R. & Lawie, D. 2007. Average relative error in geochemical
    determinations: clarification, calculation, and a plea for consistency. Exploration
    and Mining Geology 16:267-275. Thompson, M. & Howarth, R.J. 1978. A new approach to
    the estimation of analytical precision. Journal of Geochemical Exploration 9:23-30.

    Examples
    --------
    >>> from survey.quality import pair_duplicates
    >>> assays = pd.DataFrame({"sample_id": list("abc"), "Cu_ppm": [2.0, 5.0, 10.0]})
    >>> controls = pd.DataFrame({
    ...     "sample_id": list("xyz"), "qc_type": "pulp duplicate", "lab_batch": "B1",
    ...     "original_id": list("abc"), "Cu_ppm": [2.2, 4.5, 11.0]})
    >>> found = duplicate_precision(pair_duplicates(assays, controls))
    >>> print(found[["n", "hard_median_pct", "cv_rms_pct"]])
       n  hard_median_pct  cv_rms_pct
    0  3          4.76190     6.97865
    """
    check_columns(pairs, list(_NEEDED))
    settled = as_rules(rules)
    rows = []
    for (analyte, kind), group in pairs.groupby(["analyte", "kind"], sort=True):
        row = {"analyte": analyte, "kind": kind, **_counts(group)}
        whole = group[group["mean"].gt(0)]
        if len(whole):
            row |= _sizes(whole, confidence)
            row |= _thompson(whole, settled["target_rsd"], kind, confidence)
            row |= _components(whole, confidence)
        rows.append(row | _passing(group, settled))
    return columns.as_table(rows, columns.PRECISION)


def _counts(group: pd.DataFrame) -> dict[str, int]:
    first, second = group["first_censored"], group["second_censored"]
    return {
        "n": len(group),
        "n_complete": int(group["mean"].notna().sum()),
        "n_censored_one": int((first ^ second).sum()),
        "n_censored_both": int((first & second).sum()),
    }


def _sizes(whole: pd.DataFrame, confidence: float) -> dict[str, float]:
    """Relative differences of complete pairs, and the bias between members."""
    hard = whole["hard_pct"].to_numpy(dtype=float)
    first = whole["first"].to_numpy(dtype=float)
    bias = paired_bias(first, whole["second"].to_numpy(dtype=float), confidence)
    return {
        "hard_median_pct": float(np.median(hard)),
        "hard_mean_pct": float(hard.mean()),
        "hard_p90_pct": float(np.quantile(hard, 0.9)),
        "cv_rms_pct": float(np.sqrt(2 * np.mean(hard**2))),
        "bias_pct": bias["bias_pct"],
        "bias_p": bias["p"],
    }


def _thompson(
    whole: pd.DataFrame, rule: Rule, kind: str, confidence: float
) -> dict[str, object]:
    """Line or counts of Thompson and Howarth, line of Stanley and Lawie."""
    target = rule.numbers[kind.replace(" ", "_")]
    first, second = whole["first"], whole["second"]
    if (first < 0).any() or (second < 0).any():
        return {}
    found = thompson_howarth(
        first, second, target_rsd=target or 1e-6, confidence=confidence
    )
    row: dict[str, object] = {"method": found.method, "target_rsd_pct": target}
    for line in found.lines.itertuples():
        share = round(100 * line.probability)
        row[f"n_outside_{share}"] = line.n_outside
        row[f"p_outside_{share}"] = line.p
    if len(whole) >= LONG:
        rms = stanley_lawie(first, second, confidence=confidence)
        row |= {
            "sd_intercept": found.intercept,
            "sd_slope": found.slope,
            "practical_detection_limit": found.practical_detection_limit,
            "rms_intercept": rms.intercept,
            "rms_slope": rms.slope,
        }
    return row


def _components(whole: pd.DataFrame, confidence: float) -> dict[str, float]:
    """One-way analysis of variance of logarithms, from three positive pairs on."""
    good = whole[whole["first"].gt(0) & whole["second"].gt(0)]
    if len(good) < 3:
        return {}
    stacked = pd.DataFrame(
        {
            "pair": np.tile(np.arange(len(good)), 2),
            "content": np.concatenate([good["first"], good["second"]]),
        }
    )
    found = sampling_variance(
        stacked, "content", levels=["pair"], log10=True, confidence=confidence
    )
    between, within = found.components.iloc[0], found.components.iloc[1]
    low, high = (
        100 * np.sqrt(np.expm1(np.log(10) ** 2 * within[end]))
        for end in ("low", "high")
    )
    return {
        "between_pct": between["percent"],
        "within_pct": within["percent"],
        "within_rsd_pct": within["rsd_pct"],
        "within_rsd_low_pct": float(low),
        "within_rsd_high_pct": float(high),
        "miesch_v": found.miesch_v,
        "miesch_vm": found.miesch_vm,
    }


def _passing(group: pd.DataFrame, rules: QualityRules) -> dict[str, object]:
    """Share of the pairs within the limit, and whether it is enough."""
    for code in ("hard", "re"):
        if rules[code].on:
            found = passing_table(group, rules[code], ["analyte", "kind"]).iloc[0]
            return found.drop("n").to_dict() | {"measure": code.upper()}
    return {"status": "untested"}


def passing_table(pairs: pd.DataFrame, rule: Rule, by: list[str]) -> pd.DataFrame:
    """
    Share of pairs that pass a rule, by group, with the verdict of the rule.

    With ``alpha`` the share fails if so few passing pairs are unlikely where the
    required share holds; otherwise if it is not above the required one.
    """
    size = pairs["hard_pct" if rule.code == "hard" else "rpd_pct"]
    limit = pair_limits(pairs, rule)
    near = pairs["mean"] < rule.numbers["near_times"] * pairs["detection_limit"]
    fit = size.notna() & ~near
    table = pairs[by].assign(
        n=fit,
        n_near_limit=size.notna() & near,
        passing=fit & (size <= limit + 1e-9),
        limit_pct=limit,
    )
    groups = table.groupby(by, sort=True)
    found = groups[["n", "n_near_limit", "passing"]].sum().astype(int)
    found["limit_pct"] = groups["limit_pct"].first()
    found["required_pct"] = required = rule.numbers["required"]
    n, passing = found["n"], found.pop("passing")
    found["pass_pct"] = 100 * passing / n.where(n > 0)
    if "alpha" in rule.numbers:
        enough = n > 0
        chance = stats.binom.cdf(passing, n, required / 100)
        bad = chance < rule.numbers["alpha"]
    else:
        enough = n >= rule.numbers["minimum_n"]
        bad = found["pass_pct"] <= required
    found["status"] = np.select([~enough, bad], ["untested", "fail"], "pass")
    return found
