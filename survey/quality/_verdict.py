"""Verdict per batch and analyte, with its reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from . import _columns as columns
from ._batches import KEYS, batch_bias
from ._evidence import blank_reasons, duplicate_reasons, reference_reasons
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


class _Batch(NamedTuple):
    """Tables cut down to one batch, laboratory and analyte."""

    references: pd.DataFrame
    blanks: pd.DataFrame
    pairs: pd.DataFrame


def give_verdicts(
    samples: pd.DataFrame, tables: Tables, rules: QualityRules, confidence: float
) -> pd.DataFrame:
    """
    Verdicts of `QualityAssessment`.

    `samples` counts the samples of each batch, laboratory and analyte; those with
    controls but no samples are judged too.
    """
    bias = batch_bias(tables.references, rules, confidence).set_index(KEYS)
    general = _general_reasons(tables, rules)
    parts = [dict(list(each.groupby(KEYS))) for each in
             (tables.references, tables.blanks, tables.pairs)]  # fmt: skip
    counted = samples.set_index(KEYS)["n_samples"].to_dict()
    keys = sorted({*counted, *(key for part in parts for key in part)})
    nothing = [each.iloc[:0] for each in
               (tables.references, tables.blanks, tables.pairs)]  # fmt: skip
    tested = int(tables.references["z"].notna().sum())
    rows = []
    for key in keys:
        found = [
            part.get(key, empty) for part, empty in zip(parts, nothing, strict=True)
        ]
        batch = _Batch(*found)
        measured = bias.loc[key].to_dict() if key in bias.index else {}
        row = dict(zip(KEYS, key, strict=True)) | {"n_samples": counted.get(key, 0)}
        row |= {name: measured.get(name, np.nan) for name in
                ("bias_pct", "bias_low_pct", "bias_high_pct", "bias_p",
                 "bias_p_adjusted", "detectable_bias_pct")}  # fmt: skip
        row |= _counts(batch)
        reasons = reference_reasons(batch.references, rules, tested)
        reasons += _bias_reason(measured, len(bias), rules, batch)
        reasons += blank_reasons(batch.blanks, rules)
        reasons += duplicate_reasons(batch.pairs, rules)
        reasons += general.get(key[1:], [])
        missing = _missing(batch, key[0], rules)
        row["verdict"], row["reasons"] = _decide(reasons, missing)
        if row["verdict"] in {"accept", "untested"}:
            row["reasons"] += _power(batch, measured, rules)
        row["reason"] = reason_text(row["reasons"])
        rows.append(row)
    return columns.as_table(rows, columns.VERDICTS)


def _counts(batch: _Batch) -> dict[str, int]:
    found = {}
    parts = (("reference", batch.references), ("blank", batch.blanks),
             ("duplicate", batch.pairs))  # fmt: skip
    for name, part in parts:
        found[f"n_{name}"] = len(part)
        found[f"n_{name}_fail"] = int(part["status"].eq("fail").sum())
    return found


def _bias_reason(
    measured: dict[str, float], tests: int, rules: QualityRules, batch: _Batch
) -> list[dict[str, Any]]:
    rule = rules["batch_bias"]
    if not measured or not rule.on:
        return []
    beyond = abs(measured["bias_pct"]) >= rule.numbers["limit"]
    if not (beyond and measured["bias_p_adjusted"] < rule.numbers["alpha"]):
        return []
    return [
        reason(
            "batch_bias",
            rule.action,
            bias=measured["bias_pct"],
            low=measured["bias_low_pct"],
            high=measured["bias_high_pct"],
            p=measured["bias_p_adjusted"],
            n=int(batch.references["bias_pct"].notna().sum()),
            tests=tests,
        )
    ]


def _power(
    batch: _Batch, measured: dict[str, float], rules: QualityRules
) -> list[dict[str, Any]]:
    """What so few reference results could not have shown."""
    if not measured or not rules["batch_bias"].on:
        return []
    detectable = measured["detectable_bias_pct"]
    if detectable <= 2 * rules["batch_bias"].numbers["limit"]:
        return []
    n = int(batch.references["bias_pct"].notna().sum())
    return [reason("few_controls", "note", n=n, detectable=detectable)]


def _missing(
    batch: _Batch, lab_batch: str, rules: QualityRules
) -> list[dict[str, Any]]:
    """What could not be tested; "untested" is the action where it is required."""
    if not lab_batch:
        return [reason("no_batch", "untested")]
    if all(part.empty for part in batch):
        return [reason("no_control", "untested")]
    lacking = _lacking_references(batch.references)
    if batch.blanks["status"].isin(_TESTED).sum() == 0:
        lacking["blank"] = reason("no_blank", "note")
    if batch.pairs["status"].isin(_TESTED).sum() == 0:
        lacking["precision"] = reason("no_duplicate", "note")
    told: list[dict[str, Any]] = []
    for name, each in lacking.items():
        if name in rules.required:
            each["action"] = "untested"
        if each not in told:
            told.append(each)
    return told


def _lacking_references(references: pd.DataFrame) -> dict[str, dict[str, Any]]:
    judged = references[references["status"].isin(_TESTED)]
    if references.empty:
        said = reason("no_reference", "note")
    elif judged.empty:
        why = ", ".join(sorted(set(references["rule"])))
        said = reason("reference_untested", "note", of=len(references), why=why)
    elif judged["certified_value"].isna().all():
        names = ", ".join(sorted(set(judged["material"])))
        return {"accuracy": reason("no_certificate", "note", materials=names)}
    else:
        return {}
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
