"""What an assessment assumed and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._batches import KEYS
from ._reasons import note
from ._reference import MIXED, RESULTS, VALUE_ONLY
from ._robust import ENOUGH

if TYPE_CHECKING:
    from ._rules import QualityRules
    from ._verdict import Tables


def gather_notes(
    tables: Tables, rules: QualityRules, *, lost: int, apart: bool
) -> list[dict[str, Any]]:
    """
    Notes of `QualityAssessment`.

    `lost` counts results of duplicates without a pair; `apart` says that the place of
    the samples in the sequence of the controls is not known.
    """
    notes = [*_reference_notes(tables, rules), *_pair_notes(tables)]
    if lost:
        notes.append(note("pairs_lost", n=lost))
    unknown = int(tables.blanks["rule"].eq("no_detection_limit").sum())
    if unknown:
        notes.append(note("limits_unknown", n=unknown))
    if apart and len(tables.blanks):
        notes.append(note("preceding_controls"))
    on = [rule for rule in rules.rules.values() if rule.on]
    unread = sum(not rule.primary_read for rule in on)
    if unread:
        notes.append(note("rules_unread", n=unread, of=len(on)))
    return notes


def _reference_notes(tables: Tables, rules: QualityRules) -> list[dict[str, Any]]:
    references, notes = tables.references, []
    once = references.drop_duplicates(["analyte", "material"])
    for code, basis in (("sd_of_results", MIXED), ("centre_of_results", RESULTS)):
        n = int(once["basis"].eq(basis).sum())
        if n:
            notes.append(note(code, n=n, of=len(once)))
    n = int(once["basis"].eq(VALUE_ONLY).sum())
    if n:
        notes.append(note("no_sd", n=n, of=len(once), enough=ENOUGH))
    hidden = int((references["censored"] | references["over_range"]).sum())
    if hidden:
        notes.append(note("censored_references", n=hidden))
    tested = int(references["z"].notna().sum())
    if tested:
        expected = float(tables.summary["expected_false_fail"].sum())
        observed = int(references["status"].eq("fail").sum())
        notes.append(
            note("expected_false", observed=observed, tested=tested, expected=expected)
        )
    rule = rules["batch_bias"]
    seen = references[references["bias_pct"].notna() & references["sd"].gt(0)]
    tests = len(seen.drop_duplicates(KEYS))
    if tests and rule.on:
        notes.append(note("batch_tests", tests=tests, alpha=rule.numbers["alpha"]))
    return notes


def _pair_notes(tables: Tables) -> list[dict[str, Any]]:
    pairs, notes = tables.pairs, []
    hidden = int((pairs["first_censored"] | pairs["second_censored"]).sum())
    if hidden:
        notes.append(note("censored_pairs", n=hidden, of=len(pairs)))
    near = int(pairs["rule"].eq("near_limit").sum())
    if near:
        notes.append(note("near_limit_pairs", n=near))
    return notes
