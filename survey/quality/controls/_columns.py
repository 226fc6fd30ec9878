"""Columns of the tables that a quality assessment holds, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

CERTIFIED = {
    "material": "str",
    "analyte": "str",
    "certified_value": "float64",
    "certified_sd": "float64",
    "row": "int64",
}
REFERENCES = {
    "analyte": "str",
    "material": "str",
    "lab_batch": "str",
    "laboratory": "str",
    "sample_id": "str",
    "sequence": "int64",
    "value": "float64",
    "censored": "bool",
    "over_range": "bool",
    "detection_limit": "float64",
    "certified_value": "float64",
    "certified_sd": "float64",
    "centre": "float64",
    "sd": "float64",
    "sd_n": "int64",
    "basis": "str",
    "z": "float64",
    "bias_pct": "float64",
    "delta_log": "float64",
    "moving_average": "float64",
    "status": "str",
    "rule": "str",
}
REFERENCE_SUMMARY = {
    "analyte": "str",
    "material": "str",
    "laboratory": "str",
    "n": "int64",
    "n_censored": "int64",
    "mean": "float64",
    "sd": "float64",
    "rsd_pct": "float64",
    "rsd_limit_pct": "float64",
    "median": "float64",
    "robust_sd": "float64",
    "certified_value": "float64",
    "certified_sd": "float64",
    "basis": "str",
    "bias_pct": "float64",
    "bias_low_pct": "float64",
    "bias_high_pct": "float64",
    "bias_p": "float64",
    "bias_p_adjusted": "float64",
    "drift": "float64",
    "drift_low": "float64",
    "drift_high": "float64",
    "drift_p": "float64",
    "drift_p_adjusted": "float64",
    "n_warn": "int64",
    "n_fail": "int64",
    "n_untested": "int64",
    "expected_false_fail": "float64",
}
BLANKS = {
    "analyte": "str",
    "material": "str",
    "lab_batch": "str",
    "laboratory": "str",
    "sample_id": "str",
    "sequence": "int64",
    "value": "float64",
    "censored": "bool",
    "detection_limit": "float64",
    "limit": "float64",
    "ratio": "float64",
    "preceding_id": "str",
    "preceding_type": "str",
    "preceding_value": "float64",
    "preceding_censored": "bool",
    "status": "str",
    "rule": "str",
}
BLANK_SUMMARY = {
    "analyte": "str",
    "laboratory": "str",
    "n": "int64",
    "n_censored": "int64",
    "n_fail": "int64",
    "n_untested": "int64",
    "maximum": "float64",
    "n_preceded": "int64",
    "carry_over_rho": "float64",
    "carry_over_p": "float64",
    "carry_over_pct": "float64",
}
DUPLICATES = {
    "analyte": "str",
    "kind": "str",
    "sample_id": "str",
    "original_id": "str",
    "lab_batch": "str",
    "laboratory": "str",
    "original_lab_batch": "str",
    "original_laboratory": "str",
    "sequence": "int64",
    "first": "float64",
    "second": "float64",
    "first_censored": "bool",
    "second_censored": "bool",
    "detection_limit": "float64",
    "mean": "float64",
    "difference": "float64",
    "hard_pct": "float64",
    "rpd_pct": "float64",
    "limit_pct": "float64",
    "status": "str",
    "rule": "str",
}
PRECISION = {
    "analyte": "str",
    "kind": "str",
    "n": "int64",
    "n_complete": "int64",
    "n_censored_one": "int64",
    "n_censored_both": "int64",
    "n_near_limit": "int64",
    "hard_median_pct": "float64",
    "hard_mean_pct": "float64",
    "hard_p90_pct": "float64",
    "cv_rms_pct": "float64",
    "bias_pct": "float64",
    "bias_p": "float64",
    "measure": "str",
    "limit_pct": "float64",
    "pass_pct": "float64",
    "required_pct": "float64",
    "status": "str",
    "method": "str",
    "sd_intercept": "float64",
    "sd_slope": "float64",
    "practical_detection_limit": "float64",
    "rms_intercept": "float64",
    "rms_slope": "float64",
    "target_rsd_pct": "float64",
    "n_outside_90": "int64",
    "p_outside_90": "float64",
    "n_outside_95": "int64",
    "p_outside_95": "float64",
    "n_outside_99": "int64",
    "p_outside_99": "float64",
    "between_pct": "float64",
    "within_pct": "float64",
    "within_rsd_pct": "float64",
    "within_rsd_low_pct": "float64",
    "within_rsd_high_pct": "float64",
    "miesch_v": "float64",
    "miesch_vm": "float64",
}
LABORATORIES = {
    "analyte": "str",
    "laboratory": "str",
    "original_laboratory": "str",
    "n": "int64",
    "n_complete": "int64",
    "n_censored_one": "int64",
    "n_censored_both": "int64",
    "bias_pct": "float64",
    "bias_low_pct": "float64",
    "bias_high_pct": "float64",
    "method": "str",
    "slope": "float64",
    "slope_low": "float64",
    "slope_high": "float64",
    "intercept": "float64",
    "intercept_low": "float64",
    "intercept_high": "float64",
    "wilcoxon_p": "float64",
    "wilcoxon_p_adjusted": "float64",
    "re_limit_pct": "float64",
    "re_pass_pct": "float64",
    "re_required_pct": "float64",
    "status": "str",
}
VERDICTS = {
    "lab_batch": "str",
    "laboratory": "str",
    "analyte": "str",
    "verdict": "str",
    "reason": "str",
    "reasons": "object",
    "n_samples": "int64",
    "n_reference": "int64",
    "n_reference_fail": "int64",
    "n_blank": "int64",
    "n_blank_fail": "int64",
    "n_duplicate": "int64",
    "n_duplicate_fail": "int64",
    "bias_pct": "float64",
    "bias_low_pct": "float64",
    "bias_high_pct": "float64",
    "bias_p": "float64",
    "bias_p_adjusted": "float64",
    "detectable_bias_pct": "float64",
}
NOTES = {"code": "str", "values": "object", "text": "str"}
PROBLEMS = {
    "severity": "str",
    "what": "str",
    "remedy": "str",
    "file": "str",
    "row": "object",
    "column": "str",
    "value": "str",
}


def as_table(
    rows: Iterable[Mapping[str, Any]] | pd.DataFrame, columns: Mapping[str, str]
) -> pd.DataFrame:
    """Rows as a table with just these columns, in order and of these types."""
    table = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    table = table.reindex(columns=list(columns)).reset_index(drop=True)
    for name, kind in columns.items():
        if kind == "str":
            table[name] = table[name].astype(object).where(table[name].notna(), "")
            table[name] = table[name].astype("str")
        elif kind == "bool":
            table[name] = table[name].eq(True)
        elif kind == "int64":
            table[name] = table[name].fillna(0).astype("int64")
        else:
            table[name] = table[name].astype(kind)
    return table
