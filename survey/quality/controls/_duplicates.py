"""Duplicates: each result beside that of its original."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from . import _columns as columns
from ._controls import CHECK, PAIRED, as_results, read_controls, refuse, tell_methods
from ._reference import as_rules

if TYPE_CHECKING:
    from pathlib import Path

    from ._rules import QualityRules

_ORIGINAL = {
    "sample_id": "original_id",
    "lab_batch": "original_lab_batch",
    "laboratory": "original_laboratory",
    "value": "first",
    "censored": "first_censored",
    "over_range": "first_over",
    "detection_limit": "first_limit",
    "method": "first_method",
}


def pair_duplicates(
    assays: pd.DataFrame | None,
    controls: pd.DataFrame,
    *,
    rules: str | Path | QualityRules = "default",
) -> pd.DataFrame:
    """
    Duplicates beside their originals, with the measures of their difference.

    Parameters
    ----------
    assays : DataFrame or None
        Samples, long or wide (see `check_reference_materials`). None if the originals
        are among the controls.
    controls : DataFrame
        Control samples with ``qc_type`` and ``original_id``. The original of a
        duplicate may be a control itself (a pulp duplicate of a field duplicate).
    rules : str, path or QualityRules, default "default"
        See `read_quality_rules`; limits by kind of duplicate.

    Returns
    -------
    DataFrame
        ``duplicates`` of `QualityAssessment`. HARD = abs(a - b) / (a + b) × 100, RPD
        (in China RE) = 2 HARD, both in per cent. Of several results of an original that
        of the same batch is taken, otherwise the first. Pairs with a censored or
        over-range member have neither mean nor difference and are "untested".

    Raises
    ------
    DataProblems
        If the controls have faults; see `assess_quality`.

    References
    ----------
    Stanley, C.R. & Lawie, D. 2007. Average relative error in geochemical
    determinations: clarification, calculation, and a plea for consistency. Exploration
    and Mining Geology 16:267-275.

    Examples
    --------
    >>> assays = pd.DataFrame({"sample_id": ["S1"], "Cu_ppm": [2.0]})
    >>> controls = pd.DataFrame({
    ...     "sample_id": ["D1"], "qc_type": ["pulp duplicate"], "original_id": ["S1"],
    ...     "lab_batch": ["B1"], "Cu_ppm": [2.2]})
    >>> pairs = pair_duplicates(assays, controls)
    >>> print(pairs[["original_id", "first", "second", "hard_pct", "rpd_pct"]])
      original_id  first  second  hard_pct  rpd_pct
    0          S1    2.0     2.2    4.7619   9.5238
    """
    others = None if assays is None else as_results(assays, what="assays")
    table, problems = read_controls(controls)
    refuse(problems)
    tell_methods(table, others)
    return judge_pairs(others, table, as_rules(rules))


def judge_pairs(
    assays: pd.DataFrame | None, results: pd.DataFrame, rules: QualityRules
) -> pd.DataFrame:
    """Pairs of tables that have been checked."""
    seconds = results[results["qc_type"].isin(PAIRED)].copy()
    seconds["kind"], seconds["sequence"] = seconds["qc_type"], seconds["order"]
    seconds["pair"] = np.arange(len(seconds))
    pairs = seconds.merge(
        _originals(assays, results), on=["original_id", "base"], how="inner"
    )
    # only a check in another laboratory may be by another method
    differs = pairs["method"].ne(pairs["first_method"])
    told = pairs["method"].ne("") & pairs["first_method"].ne("")
    pairs["by"] = differs
    pairs = pairs[~(differs & told) | pairs["kind"].eq(CHECK)]
    # an original with several results: that of the same batch, else the first
    pairs = pairs.assign(other=pairs["lab_batch"].ne(pairs["original_lab_batch"]))
    pairs = pairs.sort_values(["pair", "by", "other"], kind="stable")
    pairs = pairs.drop_duplicates("pair").reset_index(drop=True)
    pairs["second"], pairs["second_censored"] = pairs["value"], pairs["censored"]
    limits = pairs[["detection_limit", "first_limit"]]
    pairs["detection_limit"] = limits.max(axis=1)
    over = pairs["over_range"] | pairs["first_over"]
    hidden = pairs["first_censored"] | pairs["second_censored"] | over
    first, second = pairs["first"].where(~hidden), pairs["second"].where(~hidden)
    pairs["mean"], pairs["difference"] = (first + second) / 2, second - first
    pairs["rpd_pct"] = 100 * pairs["difference"].abs() / pairs["mean"]
    pairs["hard_pct"] = pairs["rpd_pct"] / 2
    _judge(pairs, rules)
    pairs.loc[over, "rule"] = "over_range"
    found = columns.as_table(pairs, columns.DUPLICATES)
    order = ["analyte", "kind", "sequence"]
    return found.sort_values(order, kind="stable", ignore_index=True)


def _originals(assays: pd.DataFrame | None, results: pd.DataFrame) -> pd.DataFrame:
    """First results that duplicates may refer to: samples, then controls."""
    needed = [*_ORIGINAL, "base"]
    tables = [results[needed]] if assays is None else [assays[needed], results[needed]]
    return pd.concat(tables, ignore_index=True).rename(columns=_ORIGINAL)


def _judge(pairs: pd.DataFrame, rules: QualityRules) -> None:
    """Status and rule of each pair, by HARD and by RE as far as they are on."""
    judged = pd.Series(data=False, index=pairs.index)
    bad = pd.Series("", index=pairs.index)
    pairs["limit_pct"] = np.nan
    for code, measure in (("re", "rpd_pct"), ("hard", "hard_pct")):
        rule = rules[code]
        if not rule.on or pairs.empty:
            continue
        limit = pair_limits(pairs, rule)
        near = pairs["mean"] < rule.numbers["near_times"] * pairs["detection_limit"]
        fit = pairs[measure].notna() & ~near
        beyond = fit & (pairs[measure] > limit + 1e-9)
        judged |= fit
        bad = bad.mask(beyond, bad.where(bad.eq(""), bad + ", ") + code)
        pairs["limit_pct"] = limit
    pairs["status"] = np.where(judged, np.where(bad.ne(""), "fail", "pass"), "untested")
    pairs["rule"] = bad.where(judged, _why(pairs))


def pair_limits(pairs: pd.DataFrame, rule: object) -> pd.Series:
    """Limit of a rule for each pair, by kind or by analyte."""
    if rule.code == "re":
        by = {name: rule.limit(name) for name in pairs["analyte"].unique()}
        return pairs["analyte"].map(by).astype(float)
    by = {kind: rule.numbers[kind.replace(" ", "_")] for kind in PAIRED}
    return pairs["kind"].map(by).astype(float)


def _why(pairs: pd.DataFrame) -> pd.Series:
    """Why a pair cannot be judged."""
    both = pairs["first_censored"] & pairs["second_censored"]
    one = pairs["first_censored"] | pairs["second_censored"]
    absent = pairs["first"].isna() | pairs["second"].isna()
    why = np.select(
        [both, one, absent, pairs["mean"].le(0)],
        ["censored_both", "censored_one", "no_value", "not_positive"],
        "near_limit",
    )
    return pd.Series(why, index=pairs.index)
