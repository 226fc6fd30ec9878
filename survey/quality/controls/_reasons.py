"""Why a batch got its verdict, and what was assumed: codes and values into English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_REFERENCE = (
    "{n} of {of} reference results {what} ({rule}), the worst {sample_id} of "
    "{material} with z = {worst:+.1f}"
)
_BEYOND = "beyond {limit:g} standard deviations"

# every code a verdict may give, with the values it comes with
_REASONS = {
    "1-2s": _REFERENCE.replace("{what}", _BEYOND),
    "1-3s": _REFERENCE.replace("{what}", _BEYOND)
    + "; by chance alone one of all {tested} results would be as far out with a "
    "probability of {chance:.2g}",
    "1-3s_hidden": "{n} of {of} reference results below detection or above range are "
    "beyond {limit:g} standard deviations whatever their value, the first {sample_id} "
    "of {material}",
    "2-2s": _REFERENCE.replace(
        "{what}", "complete two in a row " + _BEYOND + " on one side"
    ),
    "R-4s": _REFERENCE.replace(
        "{what}", "lie " + _BEYOND + ", opposite to the one before"
    ),
    "4-1s": _REFERENCE.replace(
        "{what}", "complete four in a row " + _BEYOND + " on one side"
    ),
    "10x": _REFERENCE.replace("{what}", "complete ten in a row on one side"),
    "moving_average": _REFERENCE.replace(
        "{what}", "end a window whose mean is more than {limit:g} standard errors off"
    ),
    "delta_log": "{n} of {of} reference results differ by more than the rule allows in "
    "lg C, the worst {sample_id} of {material} with Δlg C = {worst:+.3f}",
    "batch_bias": "the reference materials of the batch are {bias:+.1f} % off "
    "({low:+.1f} to {high:+.1f} %, {n} results; p = {p:.2g}, adjusted for {tests} "
    "tests)",
    "most_fail": "{n} of {of} reference results fail",
    "bias": "the laboratory is {bias:+.1f} % off on {material} over all batches "
    "(adjusted p = {p:.2g})",
    "drift": "{material} drifts by {drift:+.3g} a result over all batches (adjusted p "
    "= {p:.2g})",
    "rsd": "{material} scatters by {rsd:.1f} % over all batches, more than {limit:g} %",
    "blank": "{n} of {of} blanks hold more than {limit:g} detection limits, the most "
    "{sample_id} with {worst:.3g}",
    "carry_over": "carry-over from the sample before would explain {n} of them, as in "
    "{sample_id} after {preceding_id} with {preceding:.3g}",
    "hard": "{share:.0f} % of {n} pairs ({kind}) within HARD {limit:g} %, at least "
    "{required:g} % required",
    "re": "{share:.0f} % of {n} pairs ({kind}) within RE {limit:g} %, more than "
    "{required:g} % required",
    "target_rsd": "{outside} of {n} pairs ({kind}) above the 95 % line of a relative "
    "standard deviation of {target:g} % (p = {p:.2g})",
    "laboratory_bias": "laboratory {laboratory} is {bias:+.1f} % off against {other} "
    "({n} samples, adjusted p = {p:.2g})",
    "no_batch": "the samples name no batch",
    "no_control": "no control sample in the batch",
    "no_reference": "no reference material in the batch",
    "no_certificate": "no reference material of the batch has a certified value "
    "({materials}): accuracy is not tested",
    "reference_untested": "none of {of} reference results could be judged ({why})",
    "no_blank": "no blank in the batch",
    "no_duplicate": "no pair of duplicates in the batch that could be judged",
    "few_controls": "{n} reference results would reveal a bias of {detectable:.0f} % "
    "and more (four times out of five), not a smaller one",
}

# every code a note may give
_NOTES = {
    "sd_of_results": "{n} of {of} combinations of analyte and material have no "
    "certified standard deviation: a robust one over their results stands in",
    "centre_of_results": "{n} of {of} combinations of analyte and material have no "
    "certified value: their results are compared with each other only",
    "no_sd": "{n} of {of} combinations of analyte and material have a certified value, "
    "but neither a certified standard deviation nor {enough} results to take one from",
    "expected_false": "{observed} of {tested} reference results fail; with this "
    "scatter and no bias {expected:.1f} would by chance (normal, independent errors)",
    "batch_tests": "the bias of {tests} batches and analytes was tested; the chance of "
    "any false alarm among them is {alpha:g}",
    "censored_references": "{n} reference results are below detection or above range; "
    "they have no z",
    "censored_pairs": "{n} of {of} pairs have a member below detection; they are "
    "counted, not compared",
    "near_limit_pairs": "{n} pairs are too near the detection limit to be judged",
    "pairs_lost": "{n} results of duplicates have no counterpart: their original is "
    "missing or lacks the analyte",
    "limits_unknown": "the detection limits of {n} blanks are not known",
    "preceding_controls": "what was analysed before a blank is known only as far as it "
    "is a control sample: the assays do not tell their place in the sequence",
    "rules_unread": "the text of the source was not read for {n} of {of} rules that "
    "are on; compare them with it before relying on them",
}


def reason_text(reasons: Iterable[Mapping[str, Any]]) -> str:
    """
    English sentence of the reasons of a verdict.

    Parameters
    ----------
    reasons : iterable of mapping
        Each with ``code`` and ``values``.

    Returns
    -------
    str
        Empty without reasons.
    """
    said = [_REASONS[each["code"]].format(**each["values"]) for each in reasons]
    return "; ".join(said)


def reason(code: str, action: str, **values: object) -> dict[str, Any]:
    """One reason: its code, what it does to the verdict, and its values."""
    return {"code": code, "action": action, "values": values}


def note(code: str, **values: object) -> dict[str, Any]:
    """One note: its code, values and text."""
    return {"code": code, "values": values, "text": _NOTES[code].format(**values)}
