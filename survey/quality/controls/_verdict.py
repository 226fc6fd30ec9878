"""Verdict per batch and analyte, with its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from . import _columns as columns
from ._batches import KEYS, batch_bias
from ._evidence import (
    Key,
    Reasons,
    blank_reasons,
    duplicate_reasons,
    reference_reasons,
)
from ._reasons import reason, reason_text

if TYPE_CHECKING:
    from ._rules import QualityRules

_TESTED = ("pass", "warn", "fail")
_RANK = {"note": 0, "warn": 1, "reassay": 2, "reject": 3}


class Tables(NamedTuple):
    """What verdicts are drawn from."""

    references: pd.DataFrame
    summary: pd.DataFrame
    blanks: pd.DataFrame
    pairs: pd.DataFrame
    laboratories: pd.DataFrame


def give_verdicts(
    samples: pd.DataFrame, tables: Tables, rules: QualityRules, confidence: float
) -> pd.DataFrame:
    """
    Verdicts of `QualityAssessment`.

    `samples` counts the samples of each batch, laboratory and analyte; those with
    controls but no samples are judged too.
    """
    found = _counts(samples, tables)
    found = found.join(batch_bias(tables.references, rules, confidence))
    against = (
        reference_reasons(tables.references, rules),
        _bias_reasons(found, rules),
        blank_reasons(tables.blanks, rules),
        duplicate_reasons(tables.pairs, rules),
    )
    general = _general_reasons(tables, rules)
    places = tables.references.groupby(KEYS).indices
    rows = []
    for key, row in zip(found.index, found.to_dict("records"), strict=True):
        reasons = [each for by_key in against for each in by_key.get(key, [])]
        reasons += general.get(key[1:], [])
        here = tables.references.iloc[places.get(key, [])]
        row["verdict"], said = _decide(reasons, _missing(key, row, here, rules))
        if row["verdict"] in {"accept", "untested"}:
            said = said + _power(row, rules)
        row["reasons"], row["reason"] = said, reason_text(said)
        rows.append(dict(zip(KEYS, key, strict=True)) | row)
    return columns.as_table(rows, columns.VERDICTS)


def _counts(samples: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """Samples and controls of each batch: all, judged, failed."""
    parts = {"n_samples": samples.set_index(KEYS)["n_samples"].astype(int)}
    kinds = (
        ("reference", tables.references),
        ("blank", tables.blanks),
        ("duplicate", tables.pairs),
    )
    for name, part in kinds:
        keys = [part[key] for key in KEYS]
        parts[f"n_{name}"] = part.groupby(KEYS).size()
        for ending, status in (("fail", ["fail"]), ("judged", _TESTED)):
            hit = part["status"].isin(status)
            parts[f"n_{name}_{ending}"] = hit.groupby(keys).sum()
    sure = tables.references["status"].isin(_TESTED)
    sure &= tables.references["certified_value"].notna()
    parts["n_certified"] = sure.groupby([tables.references[key] for key in KEYS]).sum()
    found = pd.DataFrame(parts).fillna(0).astype(int)
    return found.rename_axis(KEYS).sort_index()


def _bias_reasons(found: pd.DataFrame, rules: QualityRules) -> Reasons:
    """Batches whose reference materials are off beyond chance."""
    rule = rules["batch_bias"]
    bad = found["bias_p_adjusted"] < rule.numbers["alpha"]
    bad &= found["bias_pct"].abs() >= rule.numbers["limit"]
    tests = int(found["bias_p"].notna().sum())
    return {
        key: [
            reason(
                "batch_bias",
                rule.action,
                bias=row["bias_pct"],
                low=row["bias_low_pct"],
                high=row["bias_high_pct"],
                p=row["bias_p_adjusted"],
                n=int(row["n_bias"]),
                tests=tests,
            )
        ]
        for key, row in found[bad & rule.on].iterrows()
    }


def _power(row: dict[str, Any], rules: QualityRules) -> list[dict[str, Any]]:
    """What so few reference results could not have shown."""
    rule = rules["batch_bias"]
    if not rule.on or not row["detectable_bias_pct"] > 2 * rule.numbers["limit"]:
        return []
    n, detectable = int(row["n_bias"]), row["detectable_bias_pct"]
    return [reason("few_controls", "note", n=n, detectable=detectable)]


def _missing(
    key: Key, row: dict[str, Any], references: pd.DataFrame, rules: QualityRules
) -> list[dict[str, Any]]:
    """What could not be tested; "untested" is the action where it is required."""
    if not key[0]:
        return [reason("no_batch", "untested")]
    if not row["n_reference"] + row["n_blank"] + row["n_duplicate"]:
        return [reason("no_control", "untested")]
    lacking = _lacking_references(row, references)
    if not row["n_blank_judged"]:
        lacking["blank"] = reason("no_blank", "note")
    if not row["n_duplicate_judged"]:
        lacking["precision"] = reason("no_duplicate", "note")
    told: list[dict[str, Any]] = []
    for name, each in lacking.items():
        if name in rules.required:
            each["action"] = "untested"
        if each not in told:
            told.append(each)
    return told


def _lacking_references(
    row: dict[str, Any], references: pd.DataFrame
) -> dict[str, dict[str, Any]]:
    if row["n_certified"]:
        return {}
    if not row["n_reference"]:
        said = reason("no_reference", "note")
    elif not row["n_reference_judged"]:
        why = ", ".join(sorted(set(references["rule"])))
        said = reason("reference_untested", "note", of=len(references), why=why)
    else:
        judged = references[references["status"].isin(_TESTED)]
        names = ", ".join(sorted(set(judged["material"])))
        return {"accuracy": reason("no_certificate", "note", materials=names)}
    return {"accuracy": said, "stability": said}


def _decide(
    reasons: list[dict[str, Any]], missing: list[dict[str, Any]]
) -> tuple[str, list[dict[str, Any]]]:
    """The gravest action decides; without one, what is untested."""
    worst = max((_RANK[each["action"]] for each in reasons), default=0)
    ordered = sorted(reasons, key=lambda each: -_RANK[each["action"]])
    if worst >= _RANK["reassay"]:
        verdict = "reject" if worst == _RANK["reject"] else "reassay"
        return verdict, ordered + missing
    if any(each["action"] == "untested" for each in missing):
        return "untested", missing + ordered
    return "accept", ordered + missing


def _general_reasons(
    tables: Tables, rules: QualityRules
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Findings about a laboratory and analyte as a whole, over all batches."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in tables.summary.itertuples():
        here = found.setdefault((row.laboratory, row.analyte), [])
        rule = rules["bias"]
        if (
            rule.on
            and row.bias_p_adjusted < rule.numbers["alpha"]
            and abs(row.bias_pct) >= rule.numbers["limit"]
        ):
            here.append(
                reason("bias", rule.action, bias=row.bias_pct, material=row.material,
                       p=row.bias_p_adjusted)
            )  # fmt: skip
        rule = rules["drift"]
        if rule.on and row.drift_p_adjusted < rule.numbers["alpha"]:
            here.append(
                reason("drift", rule.action, drift=row.drift, material=row.material,
                       p=row.drift_p_adjusted)
            )  # fmt: skip
        rule = rules["rsd"]
        enough = row.n - row.n_censored >= rule.numbers["minimum_n"]
        if rule.on and enough and row.rsd_pct > row.rsd_limit_pct:
            here.append(
                reason("rsd", rule.action, rsd=row.rsd_pct, limit=row.rsd_limit_pct,
                       material=row.material)
            )  # fmt: skip
    _add_laboratories(found, tables.laboratories, rules)
    return found


def _add_laboratories(
    found: dict[tuple[str, str], list[dict[str, Any]]],
    laboratories: pd.DataFrame,
    rules: QualityRules,
) -> None:
    """A bias between two laboratories speaks of both."""
    rule = rules["laboratory_bias"]
    if not rule.on:
        return
    for row in laboratories.itertuples():
        known = row.wilcoxon_p_adjusted < rule.numbers["alpha"]
        if not (known and abs(row.bias_pct) >= rule.numbers["limit"]):
            continue
        said = reason(
            "laboratory_bias",
            rule.action,
            laboratory=row.laboratory,
            other=row.original_laboratory,
            bias=row.bias_pct,
            n=row.n_complete,
            p=row.wilcoxon_p_adjusted,
        )
        for laboratory in (row.laboratory, row.original_laboratory):
            found.setdefault((laboratory, row.analyte), []).append(said)
