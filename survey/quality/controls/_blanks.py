"""Blanks: contamination, and what it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from . import _columns as columns
from ._controls import (
    BLANK,
    as_results,
    on_one_scale,
    read_controls,
    refuse,
    tell_methods,
)
from ._reference import as_rules

if TYPE_CHECKING:
    from pathlib import Path

    from ._rules import QualityRules

_BEFORE = ("sample_id", "qc_type", "value", "censored")


def check_blanks(
    controls: pd.DataFrame,
    *,
    assays: pd.DataFrame | None = None,
    rules: str | Path | QualityRules = "default",
) -> pd.DataFrame:
    """
    Blanks against detection limits, with the sample analysed before each.

    A blank fails above a multiple of its detection limit (rule ``blank``). If so much
    of the preceding sample as rule ``carry_over`` allows would explain it, it is marked
    ``carry_over`` too. The detection limit is that of the result, otherwise the largest
    told for the analyte in the batch, otherwise in the laboratory.

    Parameters
    ----------
    controls : DataFrame
        Control samples; see `check_reference_materials`.
    assays : DataFrame, optional
        The samples between the controls. They are known to precede a blank if both
        tables have a column ``sequence``, or ``source`` and ``row`` of one file;
        otherwise the preceding control of the batch is taken.
    rules : str, path or QualityRules, default "default"
        See `read_quality_rules`.

    Returns
    -------
    DataFrame
        ``blanks`` of `QualityAssessment`.

    Raises
    ------
    DataProblems
        If the controls have faults; see `assess_quality`.

    References
    ----------
    Abzalov, M. 2008. Quality control of assay data: a review of procedures for
    measuring and monitoring precision and accuracy. Exploration and Mining Geology
    17:131-144.

    Examples
    --------
    >>> controls = pd.DataFrame({
    ...     "sample_id": ["Q1", "Q2", "Q3"], "qc_type": ["CRM", "blank", "blank"],
    ...     "material": ["RM-1", "quartz", "quartz"], "lab_batch": "B1",
    ...     "Cu_ppm": [900.0, 12.0, 2.0], "Cu_ppm_detection_limit": 2.0,
    ...     "Cu_ppm_censored": [False, False, True]})
    >>> found = check_blanks(controls)
    >>> print(found[["sample_id", "limit", "ratio", "preceding_value", "rule"]])
      sample_id  limit  ratio  preceding_value               rule
    0        Q2   10.0    6.0            900.0  blank, carry_over
    1        Q3   10.0    NaN             12.0
    """
    table, problems = read_controls(controls)
    refuse(problems)
    others = None if assays is None else as_results(assays, what="assays")
    tell_methods(table, others)
    return judge_blanks(table, others, as_rules(rules))


def judge_blanks(
    results: pd.DataFrame, assays: pd.DataFrame | None, rules: QualityRules
) -> pd.DataFrame:
    """Blanks of tables that have been checked."""
    table = with_preceding(results, assays)
    table = table[table["qc_type"].eq(BLANK)].copy()
    table["sequence"] = table["order"]
    everything = results if assays is None else pd.concat([results, assays])
    limit = table["detection_limit"]
    for keys in (["analyte", "lab_batch"], ["analyte", "laboratory"]):
        told = everything.groupby(keys)["detection_limit"].max()
        index = pd.MultiIndex.from_frame(table[keys])
        limit = limit.fillna(
            pd.Series(told.reindex(index).to_numpy(), index=table.index)
        )
    table["detection_limit"] = limit
    table["limit"] = rules["blank"].numbers["limit"] * limit
    value = table["value"].where(~table["censored"])
    table["ratio"] = value / limit
    found = columns.as_table(table, columns.BLANKS)
    found["status"], found["rule"] = _verdict(found, rules)
    order = ["analyte", "laboratory", "sequence"]
    return found.sort_values(order, kind="stable", ignore_index=True)


def _verdict(found: pd.DataFrame, rules: QualityRules) -> tuple[pd.Series, pd.Series]:
    """Status and rule of blanks."""
    dirty = ~found["censored"] & (found["value"] > found["limit"])
    share = rules["carry_over"].numbers["limit"] / 100
    before = found["preceding_value"].where(~found["preceding_censored"])
    carried = dirty & (found["value"] <= share * before)
    status = pd.Series("pass", index=found.index)
    rule = pd.Series("", index=found.index)
    # a censored blank passes even if nobody told its limit, unless the limit is high
    unknown = found["limit"].isna() & ~found["censored"]
    status[unknown] = "untested"
    rule[unknown] = np.where(
        found.loc[unknown, "value"].isna(), "no_value", "no_detection_limit"
    )
    if rules["blank"].on:
        bad = rules["blank"].action in {"reassay", "reject"}
        status[dirty] = "fail" if bad else "warn"
        rule[dirty] = "blank"
        if rules["carry_over"].on:
            rule[carried] = "blank, carry_over"
    return status, rule


def with_preceding(results: pd.DataFrame, assays: pd.DataFrame | None) -> pd.DataFrame:
    """Controls with the result analysed before each, in the batch of the laboratory."""
    place = _places(results, assays)
    everything = results.assign(place=place[0])
    if assays is not None and place[1] is not None:
        others = assays.assign(place=place[1], qc_type="sample")
        everything = pd.concat([everything, others], keys=["control", "assay"])
    else:
        everything = pd.concat([everything], keys=["control"])
    everything = everything.sort_values("place", kind="stable")
    series = everything.groupby(["analyte", "laboratory", "lab_batch"], sort=False)
    before = series[list(_BEFORE)].shift()
    before = before.loc["control"].reindex(results.index)
    return results.assign(
        preceding_id=before["sample_id"],
        preceding_type=before["qc_type"],
        preceding_value=before["value"],
        preceding_censored=before["censored"].eq(True),
    )


def _places(
    results: pd.DataFrame, assays: pd.DataFrame | None
) -> tuple[pd.Series, pd.Series | None]:
    """Places of controls, and of assays if they are on the same scale."""
    if assays is None or not on_one_scale(results, assays):
        return results["order"], None
    name = "sequence" if "sequence" in results and "sequence" in assays else "row"
    return results[name], assays[name]


def summarise_blanks(blanks: pd.DataFrame) -> pd.DataFrame:
    """Blank_summary of `QualityAssessment`: counts, and whether blanks follow."""
    rows = []
    for (analyte, laboratory), group in blanks.groupby(["analyte", "laboratory"]):
        status = group["status"]
        seen = group[~group["censored"] & ~group["preceding_censored"]]
        seen = seen[["preceding_value", "value"]].dropna()
        row = {
            "analyte": analyte,
            "laboratory": laboratory,
            "n": len(group),
            "n_censored": int(group["censored"].sum()),
            "n_fail": int(status.isin(["fail", "warn"]).sum()),
            "n_untested": int(status.eq("untested").sum()),
            "maximum": group.loc[~group["censored"], "value"].max(),
            "n_preceded": len(seen),
        }
        rows.append(row | _carry_over(seen))
    return columns.as_table(rows, columns.BLANK_SUMMARY)


def _carry_over(seen: pd.DataFrame) -> dict[str, float]:
    """Rank correlation and slope of blanks on what came before, from 8 on."""
    before, value = seen["preceding_value"], seen["value"]
    few = len(seen) < 8 or before.min() == before.max() or value.min() == value.max()
    if few:
        return {}
    rho = stats.spearmanr(before, value, alternative="greater")
    slope = stats.theilslopes(value, before).slope
    return {
        "carry_over_rho": float(rho.statistic),
        "carry_over_p": float(rho.pvalue),
        "carry_over_pct": 100 * float(slope),
    }
