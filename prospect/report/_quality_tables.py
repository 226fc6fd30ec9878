"""Tables of the report on the quality of assays, ready for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from survey import Problem

from ._control_words import (
    ACTIONS,
    CHECKS,
    KINDS,
    STATUSES,
    VERDICTS,
    reason_said,
    said,
)
from ._numbers import number, score

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._words import Words

    Cell = Callable[[pd.Series], object]

# what is told of an accepted batch on the first page
_WARNINGS = ("warn",)
# rows that a line on several like problems names
MOST_ROWS = 5


def batch_name(batch: str, laboratory: str, words: Words) -> str:
    """Name of a batch with its laboratory."""
    if not batch:
        return words("qc_batch_unnamed")
    if not laboratory:
        return words("qc_batch_alone", batch=batch)
    told = words("qc_laboratory_word", laboratory=laboratory)
    return words("qc_batch_line", batch=batch, laboratory=told)


def matrix(verdicts: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Verdicts, a row each batch and a column each analyte."""
    analytes = list(dict.fromkeys(verdicts["analyte"]))
    rows = []
    for (batch, laboratory), part in _batches(verdicts):
        found = part.set_index("analyte")
        cells = []
        for analyte in analytes:
            if analyte in found.index:
                one = found.loc[analyte]
                told = _sentences(one, words)
                word = said(VERDICTS, one["verdict"], words)
                cells.append({"kind": one["verdict"], "word": word, "told": told})
            else:
                cells.append({"kind": "none", "word": "–", "told": ""})
        rows.append({"name": batch_name(batch, laboratory, words), "cells": cells})
    return {"analytes": analytes, "rows": rows}


def reasons(
    verdicts: pd.DataFrame, kinds: Iterable[str], words: Words
) -> list[dict[str, Any]]:
    """Batches with one of the verdicts, the gravest first, and their reasons."""
    out = []
    for kind in kinds:
        some = verdicts[verdicts["verdict"] == kind]
        for (batch, laboratory), part in _batches(some):
            lines = _merged(part, words)
            out.append(
                {
                    "name": batch_name(batch, laboratory, words),
                    "kind": kind,
                    "word": said(VERDICTS, kind, words),
                    "lines": lines,
                }
            )
    return out


def warnings(verdicts: pd.DataFrame, words: Words) -> list[dict[str, Any]]:
    """Accepted batches with a warning, each sentence once for all that share it."""
    shared: dict[str, list[str]] = {}
    for one in verdicts[verdicts["verdict"] == "accept"].itertuples():
        for each in one.reasons:
            if each["action"] in _WARNINGS:
                text = f"{one.analyte}{words('colon')}{reason_said(each, words)}"
                shared.setdefault(text, []).append(str(one.lab_batch) or "–")
    return [
        {"batches": words("comma").join(batches), "text": text}
        for text, batches in shared.items()
    ]


def references(summary: pd.DataFrame, words: Words) -> dict[str, Any] | None:
    """Statistics of reference materials."""
    return _table(
        summary,
        [
            (words("qc_analyte"), "", lambda r: r["analyte"]),
            (words("qc_material"), "", lambda r: r["material"]),
            (words("qc_laboratory"), "", lambda r: r["laboratory"] or "–"),
            (words("qc_n"), "n", lambda r: number(int(r["n"]))),
            (words("qc_n_below"), "n", lambda r: number(int(r["n_censored"]))),
            (words("qc_certified"), "n", lambda r: number(r["certified_value"])),
            (words("qc_mean"), "n", lambda r: number(r["mean"])),
            (words("qc_bias_pct"), "n", lambda r: _signed(r["bias_pct"])),
            (words("qc_interval"), "n", lambda r: _interval(r, "bias")),
            (words("qc_rsd_pct"), "n", lambda r: number(r["rsd_pct"], digits=2)),
            (words("qc_n_warn"), "n", lambda r: number(int(r["n_warn"]))),
            (words("qc_n_fail"), "n", lambda r: number(int(r["n_fail"]))),
            (
                words("qc_expected"),
                "n",
                lambda r: number(r["expected_false_fail"], digits=2),
            ),
        ],
        strong=lambda r: r["n_fail"] > 0,
    )


def blanks(summary: pd.DataFrame, words: Words) -> dict[str, Any] | None:
    """Counts of blanks."""
    return _table(
        summary,
        [
            (words("qc_analyte"), "", lambda r: r["analyte"]),
            (words("qc_laboratory"), "", lambda r: r["laboratory"] or "–"),
            (words("qc_n"), "n", lambda r: number(int(r["n"]))),
            (words("qc_n_below"), "n", lambda r: number(int(r["n_censored"]))),
            (words("qc_maximum"), "n", lambda r: number(r["maximum"])),
            (words("qc_n_fail"), "n", lambda r: number(int(r["n_fail"]))),
            (words("qc_untested"), "n", lambda r: number(int(r["n_untested"]))),
        ],
        strong=lambda r: r["n_fail"] > 0,
    )


def precision(table: pd.DataFrame, words: Words) -> dict[str, Any] | None:
    """Precision by analyte and kind of duplicate."""

    def limit(row: pd.Series) -> str:
        if not np.isfinite(row["limit_pct"]):
            return "–"
        return f"{row['measure']} {number(row['limit_pct'])} %"

    def passing(row: pd.Series) -> str:
        required = number(row["required_pct"])
        return f"{number(row['pass_pct'])} ({required})"

    return _table(
        table,
        [
            (words("qc_analyte"), "", lambda r: r["analyte"]),
            (words("qc_control_kind"), "word", lambda r: said(KINDS, r["kind"], words)),
            (words("qc_n_pairs"), "n", lambda r: number(int(r["n"]))),
            (words("qc_n_compared"), "n", lambda r: number(int(r["n_complete"]))),
            (
                words("qc_median_hard"),
                "n",
                lambda r: number(r["hard_median_pct"], digits=2),
            ),
            (words("qc_cv_rms"), "n", lambda r: number(r["cv_rms_pct"], digits=2)),
            (words("qc_limit"), "n", limit),
            (words("qc_passing"), "n", passing),
            (words("qc_within"), "n", lambda r: number(r["within_pct"], digits=2)),
            (words("qc_status"), "word", lambda r: said(STATUSES, r["status"], words)),
        ],
        strong=lambda r: r["status"] == "fail",
    )


def laboratories(table: pd.DataFrame, words: Words) -> dict[str, Any] | None:
    """Laboratories against each other."""
    return _table(
        table,
        [
            (words("qc_analyte"), "", lambda r: r["analyte"]),
            (words("qc_laboratory"), "", lambda r: r["laboratory"] or "–"),
            (
                words("qc_other_laboratory"),
                "",
                lambda r: r["original_laboratory"] or "–",
            ),
            (words("qc_n_compared"), "n", lambda r: number(int(r["n_complete"]))),
            (words("qc_bias_pct"), "n", lambda r: _signed(r["bias_pct"])),
            (words("qc_interval"), "n", lambda r: _interval(r, "bias")),
            (words("qc_p_adjusted"), "n", lambda r: score(r["wilcoxon_p_adjusted"])),
            (words("qc_status"), "word", lambda r: said(STATUSES, r["status"], words)),
        ],
        strong=lambda r: r["status"] == "fail",
    )


def detectable(verdicts: pd.DataFrame) -> dict[str, Any] | None:
    """Smallest bias that would be noticed, by batch and analyte."""
    known = verdicts[verdicts["detectable_bias_pct"].notna()]
    if known.empty:
        return None
    analytes = list(dict.fromkeys(verdicts["analyte"]))
    rows = []
    for (batch, _), part in _batches(verdicts):
        found = part.set_index("analyte")["detectable_bias_pct"]
        cells = [number(found.get(a, np.nan), digits=2) for a in analytes]
        rows.append({"cells": [batch or "–", *cells], "strong": False})
    return {
        "heads": ["", *analytes],
        "kinds": ["", *["n"] * len(analytes)],
        "rows": rows,
    }


def rules(table: pd.DataFrame, words: Words) -> dict[str, Any] | None:
    """Rules with their numbers and sources."""

    def numbers(row: pd.Series) -> str:
        return words("comma").join(
            f"{name} {_plain(value)}" for name, value in dict(row["values"]).items()
        )

    def source(row: pd.Series) -> str:
        mark = "" if row["primary_read"] else f" ({words('qc_not_read')})"
        return f"{row['reference']}{mark}"

    def action(row: pd.Series) -> str:
        return (
            said(ACTIONS, row["action"], words) if row["on"] else words("qc_rule_off")
        )

    if table.empty:
        return None
    ordered = table.sort_values("on", ascending=False, kind="stable")
    return _table(
        ordered,
        [
            (words("qc_rule"), "", lambda r: r["code"]),
            (
                words("qc_control_kind"),
                "word",
                lambda r: said(CHECKS, r["check"], words),
            ),
            (words("qc_action"), "word", action),
            (words("qc_numbers"), "", numbers),
            (words("qc_unit_words"), "", lambda r: r["unit"]),
            (words("qc_source"), "", source),
        ],
    )


def problems(table: pd.DataFrame) -> list[str]:
    """Problems of the input; those alike but for row and value share a line."""
    alike: dict[tuple[Any, ...], list[Problem]] = {}
    for row in table.to_dict("records"):
        known = {
            name: None if value == "" or pd.isna(value) else value
            for name, value in row.items()
        }
        each = Problem(known.pop("what"), known.pop("remedy"), **known)
        key = (each.file, each.layer, each.column, each.what, each.remedy)
        alike.setdefault(key, []).append(each)
    return [_one_line(group) for group in alike.values()]


def _one_line(group: list[Problem]) -> str:
    """One problem as it is; several with their number, rows and first values."""
    first = group[0]
    if len(group) == 1:
        return str(first)
    bare = Problem(
        first.what, first.remedy, file=first.file, layer=first.layer,
        column=first.column,
    )  # fmt: skip
    named = [f"row {p.row} ({p.value})" if p.value else f"row {p.row}" for p in group]
    more = len(group) - MOST_ROWS
    listed = ", ".join(named[:MOST_ROWS]) + (f" and {more} more" if more > 0 else "")
    return f"{bare} – {len(group)} times: {listed}"


def _batches(verdicts: pd.DataFrame) -> Iterable[tuple[tuple[str, str], pd.DataFrame]]:
    return verdicts.groupby(["lab_batch", "laboratory"], sort=True)


def _sentences(one: pd.Series, words: Words) -> str:
    """Reasons of a verdict in one line, for the pointer over its cell."""
    found = [reason_said(each, words) for each in one["reasons"]]
    return words("semicolon").join(found)


def _merged(part: pd.DataFrame, words: Words) -> list[dict[str, str]]:
    """Reasons of a batch by analyte; one line for analytes with the same reasons."""
    shared: dict[str, list[str]] = {}
    for one in part.itertuples():
        texts = [reason_said(each, words, text=one.reason) for each in one.reasons]
        shared.setdefault(words("semicolon").join(texts), []).append(str(one.analyte))
    return [
        {"analytes": words("comma").join(names), "text": text}
        for text, names in shared.items()
    ]


def _table(
    table: pd.DataFrame,
    columns: list[tuple[str, str, Cell]],
    *,
    strong: Callable[[pd.Series], bool] | None = None,
) -> dict[str, Any] | None:
    """Heads, classes and cells of a table; None if it has no rows."""
    if table.empty:
        return None
    rows = [
        {
            "cells": [cell(row) for _, _, cell in columns],
            "strong": bool(strong and strong(row)),
        }
        for _, row in table.iterrows()
    ]
    heads, kinds, _ = zip(*columns, strict=True)
    return {"heads": list(heads), "kinds": list(kinds), "rows": rows}


def _signed(value: float) -> str:
    return number(value, digits=2) if not value > 0 else f"+{number(value, digits=2)}"


def _interval(row: pd.Series, name: str) -> str:
    low, high = row[f"{name}_low_pct"], row[f"{name}_high_pct"]
    if not (np.isfinite(low) and np.isfinite(high)):
        return "–"
    return f"{_signed(low)} … {_signed(high)}"


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {_plain(part)}" for name, part in value.items())
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return f"{value:g}" if isinstance(value, float) else str(value)
