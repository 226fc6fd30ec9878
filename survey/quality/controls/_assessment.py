"""What a quality assessment found: tables, one for each kind of control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class QualityAssessment:
    """
    Quality of assays: each control result, statistics, and a verdict per batch.

    Made by `assess_quality`. ``status`` is "pass", "warn", "fail" or "untested"
    throughout; ``rule`` names the rules that were broken, or why nothing could be
    said, separated by ", ". A limit of detection is never used as a number.

    Parameters
    ----------
    references : DataFrame
        A row each result of a reference material, in order of analysis: ``analyte,
        material, lab_batch, laboratory, sample_id, sequence`` (of the control table,
        from 1)``, value, censored, over_range, detection_limit, certified_value,
        certified_sd, centre, sd`` (the two that control limits are drawn from)``,
        sd_n`` (results the sd was taken from, 0 for a certificate)``, basis``
        ("certificate"; "certified value, sd of results"; "certified value"; "results";
        "")``, z, bias_pct, delta_log, moving_average`` (of z)``, status, rule``.
    reference_summary : DataFrame
        A row each analyte × material × laboratory: ``n, n_censored, mean, sd, rsd_pct,
        rsd_limit_pct, median, robust_sd, certified_value, certified_sd, basis,
        bias_pct, bias_low_pct, bias_high_pct, bias_p, bias_p_adjusted, drift`` (change
        a result, in units of the analyte)``, drift_low, drift_high, drift_p,
        drift_p_adjusted, n_warn, n_fail, n_untested, expected_false_fail`` (failures to
        be expected by chance from a laboratory without fault).
    blanks : DataFrame
        A row each blank: ``…, value, censored, detection_limit, limit`` (highest
        content that passes)``, ratio`` (value / detection limit)``, preceding_id,
        preceding_type, preceding_value, preceding_censored, status, rule``.
    blank_summary : DataFrame
        A row each analyte × laboratory: counts, ``carry_over_rho, carry_over_p`` (rank
        correlation with the preceding content) and ``carry_over_pct`` (slope).
    duplicates : DataFrame
        A row each pair: ``analyte, kind, sample_id`` (of the duplicate)``, original_id,
        …, first`` (the original)``, second, first_censored, second_censored, mean,
        difference`` (second - first)``, hard_pct, rpd_pct, limit_pct, status, rule``.
        The numbers of a pair with a censored member are NaN.
    precision : DataFrame
        A row each analyte × kind of duplicate: counts, HARD, CV(rms), share within the
        limit, Thompson-Howarth line (``method`` "long") or count outside control lines
        (``method`` "short"), components of variance.
    laboratories : DataFrame
        A row each analyte × pair of laboratories.
    verdicts : DataFrame
        A row each lab_batch × analyte: ``verdict`` ("accept", "reassay", "reject",
        "untested"), ``reason`` in English, ``reasons`` (a list of dicts ``code``,
        ``action``, ``values``), counts, bias of the batch over all materials with its
        confidence interval, and ``detectable_bias_pct``, the bias that so few results
        would reveal four times out of five.
    rules : DataFrame
        A row each rule applied: ``code, check, on, action, values, unit, reference,
        primary_read``.
    notes : DataFrame
        What was assumed and counted: ``code, values`` (dict)``, text`` (English).
    problems : DataFrame
        What is wrong with the input and did not stop the assessment: ``severity, what,
        remedy, file, row, column, value``.

    Examples
    --------
    >>> import pandas as pd
    >>> from survey.quality import assess_quality
    >>> controls = pd.DataFrame({
    ...     "sample_id": ["Q1", "Q2"], "qc_type": "reference material",
    ...     "material": "RM-1", "lab_batch": ["B1", "B2"], "analyte": "Cu_ppm",
    ...     "value": [21.3, 27.0]})
    >>> certified = pd.DataFrame({"material": ["RM-1"], "analyte": ["Cu_ppm"],
    ...     "certified_value": [21.0], "certified_sd": [1.0]})
    >>> found = assess_quality(None, controls, certified=certified)
    >>> print(found.verdicts[["lab_batch", "analyte", "verdict"]])
      lab_batch analyte  verdict
    0        B1  Cu_ppm   accept
    1        B2  Cu_ppm  reassay
    """

    references: pd.DataFrame
    reference_summary: pd.DataFrame
    blanks: pd.DataFrame
    blank_summary: pd.DataFrame
    duplicates: pd.DataFrame
    precision: pd.DataFrame
    laboratories: pd.DataFrame
    verdicts: pd.DataFrame
    rules: pd.DataFrame
    notes: pd.DataFrame
    problems: pd.DataFrame
