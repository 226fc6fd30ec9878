"""Codes of a quality assessment in words of the report's language."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any

from ._words import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ._words import Words

STATUSES = {
    "pass": "qc_pass",
    "warn": "qc_warn",
    "fail": "qc_fail",
    "untested": "qc_untested",
}
KINDS = {
    "field duplicate": "qc_field_duplicate",
    "coarse duplicate": "qc_coarse_duplicate",
    "pulp duplicate": "qc_pulp_duplicate",
    "laboratory check": "qc_laboratory_check",
}
VERDICTS = {
    "accept": "qc_accept",
    "reassay": "qc_reassay",
    "reject": "qc_reject",
    "untested": "qc_verdict_untested",
}
ACTIONS = {
    "note": "qc_action_note",
    "warn": "qc_action_warn",
    "reassay": "qc_reassay",
    "reject": "qc_reject",
}
CHECKS = {
    "reference material": "qc_check_reference",
    "blank": "qc_check_blank",
    "duplicate": "qc_check_duplicates",
    "laboratory check": "qc_check_laboratories",
}
WHYS = {
    "censored": "qc_why_censored",
    "over_range": "qc_why_over_range",
    "no_value": "qc_why_no_value",
    "no_sd": "qc_why_no_sd",
    "no_certificate": "qc_why_no_certificate",
}
# rules as they are written on a chart
SIGNS = {"delta_log": "ΔlgC", "moving_average": "x̄"}
REASONS = {
    "1-2s": "qc_reason_1_2s",
    "1-3s": "qc_reason_1_3s",
    "1-3s_hidden": "qc_reason_hidden",
    "2-2s": "qc_reason_2_2s",
    "R-4s": "qc_reason_r_4s",
    "4-1s": "qc_reason_4_1s",
    "10x": "qc_reason_10x",
    "moving_average": "qc_reason_moving_average",
    "delta_log": "qc_reason_delta_log",
    "batch_bias": "qc_reason_batch_bias",
    "most_fail": "qc_reason_most_fail",
    "bias": "qc_reason_bias",
    "drift": "qc_reason_drift",
    "rsd": "qc_reason_rsd",
    "blank": "qc_reason_blank",
    "carry_over": "qc_reason_carry_over",
    "hard": "qc_reason_hard",
    "re": "qc_reason_re",
    "target_rsd": "qc_reason_target_rsd",
    "laboratory_bias": "qc_reason_laboratory_bias",
    "no_batch": "qc_reason_no_batch",
    "no_control": "qc_reason_no_control",
    "no_reference": "qc_reason_no_reference",
    "no_certificate": "qc_reason_no_certificate",
    "reference_untested": "qc_reason_reference_untested",
    "no_blank": "qc_reason_no_blank",
    "no_duplicate": "qc_reason_no_duplicate",
    "few_controls": "qc_reason_few_controls",
}
NOTES = {
    "sd_of_results": "qc_note_sd_of_results",
    "centre_of_results": "qc_note_centre_of_results",
    "no_sd": "qc_note_no_sd",
    "expected_false": "qc_note_expected_false",
    "batch_tests": "qc_note_batch_tests",
    "censored_references": "qc_note_censored_references",
    "censored_pairs": "qc_note_censored_pairs",
    "near_limit_pairs": "qc_note_near_limit_pairs",
    "pairs_lost": "qc_note_pairs_lost",
    "limits_unknown": "qc_note_limits_unknown",
    "preceding_controls": "qc_note_preceding_controls",
    "rules_unread": "qc_note_rules_unread",
}


def said(kind: Mapping[str, str], code: object, words: Words) -> str:
    """Word for a code; the code itself where it has none."""
    key = kind.get(str(code))
    return words(key) if key else str(code).replace("_", " ")


def reason_said(reason: Mapping[str, Any], words: Words, *, text: str = "") -> str:
    """
    Reason of a verdict as a sentence without its stop.

    Parameters
    ----------
    reason : mapping
        ``code`` and ``values``, as in ``QualityAssessment.verdicts["reasons"]``.
    words : Words
        Language.
    text : str
        English sentence to fall back on for a code that is not known here.

    Returns
    -------
    str
    """
    key = REASONS.get(reason["code"])
    values = dict(reason.get("values") or {})
    if key is None or not _names(key) <= set(values):
        return words("qc_reason_other", text=text or reason["code"])
    if "kind" in values:
        values["kind"] = said(KINDS, values["kind"], words)
    if "why" in values:
        codes = str(values["why"]).split(", ")
        values["why"] = words("comma").join(_why(code, words) for code in codes)
    return _minus(words(key, **values))


def notes_said(notes: Iterable[Mapping[str, Any]], words: Words) -> list[str]:
    """Notes of an assessment as sentences."""
    lines = []
    for note in notes:
        key, values = NOTES.get(note["code"]), dict(note["values"] or {})
        if key is None or not _names(key) <= set(values):
            lines.append(words("qc_reason_other", text=note["text"]))
        else:
            lines.append(_minus(words(key, **values)))
    return lines


def _minus(text: str) -> str:
    """Write negative numbers with a minus sign; ids and exponents keep their hyphen."""
    return re.sub(r"(?<![\w.])-(?=\d)", "−", text)


def _why(code: str, words: Words) -> str:
    return words(WHYS.get(code, "qc_why_other"))


def _names(key: str) -> set[str]:
    """Names that a wording fills in."""
    parsed = string.Formatter().parse(table()[key]["en"])
    return {name for _, name, _, _ in parsed if name}
