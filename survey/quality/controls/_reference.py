"""Reference materials: each result against its certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from . import _columns as columns
from ._controls import REFERENCE, read_controls, refuse, tell_methods
from ._materials import as_certified
from ._robust import ENOUGH, robust_mean_sd
from ._rules import QualityRules, read_quality_rules
from ._westgard import broken_rules

if TYPE_CHECKING:
    from pathlib import Path

CERTIFICATE = "certificate"
MIXED = "certified value, sd of results"
VALUE_ONLY = "certified value"
RESULTS = "results"
_MOST_CENSORED = 0.2  # share of censored results up to which the others give an sd


class _Limits(NamedTuple):
    """What the results of a material are held against."""

    certified_value: float
    certified_sd: float
    centre: float
    sd: float
    sd_n: int
    basis: str


def check_reference_materials(
    controls: pd.DataFrame,
    *,
    certified: pd.DataFrame | None = None,
    rules: str | Path | QualityRules = "default",
) -> pd.DataFrame:
    """
    Results of reference materials against their certificates.

    z = (value - centre) / sd. The centre is the certified value; the sd is that of the
    certificate, or, where it gives none, a robust one (Algorithm A of ISO 13528) over
    the results of the material in the laboratory, if there are eight, otherwise in all
    laboratories. A material without certificate is compared with its own results.
    ``basis`` says which. Rules about several results mark the one that completes the
    pattern, among the results of one material, analyte and laboratory in sequence.

    Parameters
    ----------
    controls : DataFrame
        Control samples, a result a row (``sample_id, analyte, value, censored,
        lab_batch, laboratory, qc_type, material``) or wide (``Cu_ppm`` and its
        companions). Order of rows is order of analysis, unless there is a column
        ``sequence``.
    certified : DataFrame, optional
        Long: ``material, analyte, certified_value, certified_sd``; or wide:
        ``material`` and a column an analyte, ``Cu_ppm``, with ``Cu_ppm_sd`` if there
        is one. In the units of the assays.
    rules : str, path or QualityRules, default "default"
        See `read_quality_rules`.

    Returns
    -------
    DataFrame
        ``references`` of `QualityAssessment`. A result below detection has no z: it
        fails if the limit itself is too low, otherwise it is untested.

    Raises
    ------
    DataProblems
        If controls or certificates have faults; see `assess_quality`.
    ValueError
        If a table lacks a column.

    References
    ----------
    Westgard, J.O., Barry, P.L., Hunt, M.R. & Groth, T. 1981. A multi-rule Shewhart
    chart for quality control in clinical chemistry. Clinical Chemistry 27:493-501.

    Examples
    --------
    >>> controls = pd.DataFrame({
    ...     "sample_id": ["Q1", "Q2", "Q3"], "qc_type": "CRM", "material": "RM-1",
    ...     "lab_batch": "B1", "Cu_ppm": [23.1, 23.4, 20.0]})
    >>> certified = pd.DataFrame(
    ...     {"material": ["RM-1"], "Cu_ppm": [21.0], "Cu_ppm_sd": [1.0]})
    >>> found = check_reference_materials(controls, certified=certified)
    >>> print(found[["sample_id", "z", "bias_pct", "status", "rule"]])
      sample_id    z  bias_pct status        rule
    0        Q1  2.1  10.000    warn        1-2s
    1        Q2  2.4  11.429    fail  1-2s, 2-2s
    2        Q3 -1.0  -4.762    pass
    """
    table, problems = read_controls(controls)
    certificates, more = as_certified(certified)
    refuse([*problems, *more])
    tell_methods(table)
    return judge_references(table, certificates, as_rules(rules))


def as_rules(rules: str | Path | QualityRules) -> QualityRules:
    """Rules, read if they are only named."""
    return rules if isinstance(rules, QualityRules) else read_quality_rules(rules)


def judge_references(
    results: pd.DataFrame, certified: pd.DataFrame, rules: QualityRules
) -> pd.DataFrame:
    """References of tables that have been checked."""
    table = results[results["qc_type"].eq(REFERENCE)].copy()
    table["sequence"] = table["order"]
    known = certified.set_index(["material", "analyte"])
    parts = []
    for _, group in table.groupby(["analyte", "material"], sort=True):
        for _, part in group.groupby("laboratory", sort=True):
            limits = _limits(part, group, known)
            parts.append(_judged(part.sort_values("sequence"), limits, rules))
    joined = pd.concat(parts) if parts else table
    found = columns.as_table(joined, columns.REFERENCES)
    order = ["analyte", "material", "laboratory", "sequence"]
    return found.sort_values(order, kind="stable", ignore_index=True)


def _limits(part: pd.DataFrame, group: pd.DataFrame, known: pd.DataFrame) -> _Limits:
    """Centre and sd for the results of one material in one laboratory."""
    value = sd = np.nan
    row = part.iloc[0]
    for analyte in (row["analyte"], row["base"]):
        key = (row["material"], analyte)
        if key in known.index:
            value, sd = known.loc[key, ["certified_value", "certified_sd"]]
            break
    if not np.isnan(value) and not np.isnan(sd):
        return _Limits(value, sd, value, sd, 0, CERTIFICATE)
    centre, spread, n = _of_results(part)
    if np.isnan(spread):
        centre, spread, n = _of_results(group)
    if not np.isnan(value):
        basis = VALUE_ONLY if np.isnan(spread) else MIXED
        return _Limits(value, sd, value, spread, n, basis)
    if np.isnan(spread):
        return _Limits(value, sd, np.nan, np.nan, 0, "")
    return _Limits(value, sd, centre, spread, n, RESULTS)


def _of_results(table: pd.DataFrame) -> tuple[float, float, int]:
    """Robust mean and sd of enough results, NaN otherwise, and their number."""
    hidden = table["censored"] | table["over_range"]
    values = table.loc[~hidden, "value"].dropna()
    if len(values) < ENOUGH or hidden.mean() > _MOST_CENSORED:
        return np.nan, np.nan, 0
    centre, spread = robust_mean_sd(values)
    if spread <= 0:
        return np.nan, np.nan, 0
    return centre, spread, len(values)


def _judged(part: pd.DataFrame, limits: _Limits, rules: QualityRules) -> pd.DataFrame:
    """Results of one material and analyte in one laboratory, in sequence."""
    part = part.assign(**limits._asdict())
    hidden = part["censored"] | part["over_range"]
    value = part["value"].where(~hidden)
    part["z"] = (value - limits.centre) / limits.sd
    part["bias_pct"] = 100 * (value / limits.certified_value - 1)
    ratio = (value / limits.certified_value).where(lambda each: each > 0)
    part["delta_log"] = np.log10(ratio)
    window = int(rules["moving_average"].numbers["window"])
    seen = part["z"].dropna()
    part["moving_average"] = seen.rolling(window).mean().reindex(part.index)
    codes = broken_rules(part, rules)
    part["status"], part["rule"] = zip(
        *(_status(found, rules) for found in codes), strict=True
    )
    untested = part["status"].eq("pass") & part["z"].isna()
    judged = part["delta_log"].notna() & rules["delta_log"].on
    untested &= ~judged
    if untested.any():
        part.loc[untested, "status"] = "untested"
        part.loc[untested, "rule"] = _why(part[untested], limits)
    return part


def _status(codes: list[str], rules: QualityRules) -> tuple[str, str]:
    actions = {rules[code].action for code in codes}
    if actions & {"reassay", "reject"}:
        status = "fail"
    else:
        status = "warn" if "warn" in actions else "pass"
    return status, ", ".join(codes)


def _why(part: pd.DataFrame, limits: _Limits) -> list[str]:
    """Why nothing could be said of results."""
    reasons = []
    for row in part.itertuples():
        if row.censored or row.over_range:
            reasons.append("censored" if row.censored else "over_range")
        elif np.isnan(row.value):
            reasons.append("no_value")
        else:
            told = not np.isnan(limits.certified_value)
            reasons.append("no_sd" if told else "no_certificate")
    return reasons
