"""Reference materials, summed up: bias, drift, spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from ..._checks import check_columns
from ..._headers import parse_header
from . import _columns as columns
from ._reference import as_rules
from ._robust import holm, robust_mean_sd
from ._westgard import expected_false, log_limits

if TYPE_CHECKING:
    from pathlib import Path

    from ._rules import QualityRules

_SHARE = {"pct": 0.01, "permil": 1e-3, "ppm": 1e-6, "ppb": 1e-9, "ppt": 1e-12}


def reference_summary(
    references: pd.DataFrame,
    *,
    rules: str | Path | QualityRules = "default",
    confidence: float = 0.95,
) -> pd.DataFrame:
    """
    Statistics of reference materials: mean, spread, bias, drift.

    Bias is tested with Student's t against the certified value; drift is the Theil-Sen
    slope over the results in sequence, tested with Kendall's tau. Both take the results
    for independent: batches with a bias of their own make p too small. Adjusted p are
    Holm's over all rows whose results suffice for the rule.

    Parameters
    ----------
    references : DataFrame
        As `check_reference_materials` gives them.
    rules : str, path or QualityRules, default "default"
        See `read_quality_rules`: rules ``bias``, ``drift`` and ``rsd``.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    DataFrame
        ``reference_summary`` of `QualityAssessment`. Censored and over-range results
        are counted and left out of the statistics.

    Raises
    ------
    ValueError
        If a column is missing.

    References
    ----------
    Sen, P.K. 1968. Estimates of the regression coefficient based on Kendall's tau.
    Journal of the American Statistical Association 63:1379-1389.

    Examples
    --------
    >>> controls = pd.DataFrame({
    ...     "sample_id": list("abcd"), "qc_type": "CRM", "material": "RM-1",
    ...     "lab_batch": "B1", "Cu_ppm": [10.0, 11.0, 12.0, 13.0]})
    >>> certified = pd.DataFrame({"material": ["RM-1"], "Cu_ppm": [10.0]})
    >>> from survey.quality import check_reference_materials
    >>> found = check_reference_materials(controls, certified=certified)
    >>> print(reference_summary(found)[["n", "mean", "bias_pct", "drift"]])
       n  mean  bias_pct  drift
    0  4  11.5      15.0    1.0
    """
    check_columns(references, list(columns.REFERENCES))
    settled = as_rules(rules)
    keys = ["analyte", "material", "laboratory"]
    rows = []
    for key, group in references.groupby(keys, sort=True):
        row = dict(zip(keys, key, strict=True))
        rows.append(row | _summed(group.sort_values("sequence"), settled, confidence))
    found = columns.as_table(rows, columns.REFERENCE_SUMMARY)
    for name in ("bias", "drift"):
        enough = found["n"] - found["n_censored"] >= settled[name].numbers["minimum_n"]
        found[f"{name}_p_adjusted"] = holm(found[f"{name}_p"].where(enough))
    return found


def _summed(
    group: pd.DataFrame, rules: QualityRules, confidence: float
) -> dict[str, object]:
    """Statistics of one material and analyte in one laboratory."""
    hidden = group["censored"] | group["over_range"]
    x = group.loc[~hidden, "value"].dropna().to_numpy(dtype=float)
    first, status = group.iloc[0], group["status"]
    robust = robust_mean_sd(x) if x.size > 1 else (np.nan, np.nan)
    judged = int(group["z"].notna().sum())
    freedom = max(1, first["sd_n"] - 1) if first["sd_n"] else np.inf
    row = {
        "n": len(group),
        "n_censored": int(hidden.sum()),
        "mean": x.mean() if x.size else np.nan,
        "sd": x.std(ddof=1) if x.size > 1 else np.nan,
        "median": np.median(x) if x.size else np.nan,
        "robust_sd": robust[1],
        "certified_value": first["certified_value"],
        "certified_sd": first["certified_sd"],
        "basis": first["basis"],
        "n_warn": int(status.eq("warn").sum()),
        "n_fail": int(status.eq("fail").sum()),
        "n_untested": int(status.eq("untested").sum()),
        "expected_false_fail": expected_false(
            judged,
            rules,
            degrees=freedom,
            relative_sd=first["sd"] / first["certified_value"],
            log_limit=float(np.median(log_limits(group, rules))),
        ),
    }
    row["rsd_pct"] = 100 * row["sd"] / row["mean"] if x.size else np.nan
    row["rsd_limit_pct"] = _rsd_limit(group, row["mean"], rules)
    row |= _bias(x, float(first["certified_value"]), confidence)
    return row | _drift(x, confidence)


def _bias(x: np.ndarray, certified: float, confidence: float) -> dict[str, float]:
    if x.size == 0 or np.isnan(certified):
        return {}
    bias = x.mean() - certified
    found = {"bias_pct": 100 * bias / certified}
    if x.size > 1 and x.std() > 0:
        error = x.std(ddof=1) / np.sqrt(x.size)
        reach = stats.t.ppf((1 + confidence) / 2, x.size - 1) * error
        found["bias_low_pct"] = 100 * (bias - reach) / certified
        found["bias_high_pct"] = 100 * (bias + reach) / certified
        found["bias_p"] = float(2 * stats.t.sf(abs(bias) / error, x.size - 1))
    return found


def _drift(x: np.ndarray, confidence: float) -> dict[str, float]:
    """Slope a result, in units of the analyte, from the fourth result on."""
    if x.size < 4 or np.ptp(x) == 0:
        return {}
    number = np.arange(x.size)
    slope = stats.theilslopes(x, number, confidence)
    return {
        "drift": float(slope.slope),
        "drift_low": float(slope.low_slope),
        "drift_high": float(slope.high_slope),
        "drift_p": float(stats.kendalltau(number, x).pvalue),
    }


def _rsd_limit(group: pd.DataFrame, mean: float, rules: QualityRules) -> float:
    """Limit of the relative standard deviation by level of content, NaN if off."""
    rule = rules["rsd"]
    if not rule.on or np.isnan(mean):
        return float("nan")
    header = parse_header(str(group["analyte"].iloc[0]))
    share = mean * _SHARE.get(header.unit if header else None, np.nan)
    for percent in (5, 1):
        if share >= percent / 100:
            return rule.numbers[f"from_{percent}_pct"]
    limit = group["detection_limit"].max()
    near = mean <= rule.numbers["near_times"] * limit
    return rule.numbers["near" if near else "limit"]
