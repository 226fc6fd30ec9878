"""Tables of control samples and assays, long or wide, made alike and checked."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from ..._headers import load_words, parse_header
from ..._problems import DataProblems, Problem
from ..results._melt import melt_samples
from ..results._roles import find_roles

if TYPE_CHECKING:
    from collections.abc import Iterable

REFERENCE, BLANK = "reference material", "blank"
DUPLICATES = ("field duplicate", "coarse duplicate", "pulp duplicate")
CHECK = "laboratory check"
PAIRED = (*DUPLICATES, CHECK)
_FLAGS = ("censored", "over_range")
_TEXTS = ("sample_id", "analyte", "lab_batch", "laboratory", "method", "unit", "source")
_LABELS = ("qc_type", "material", "original_id")


class Controls(NamedTuple):
    """Results of control samples, one a row, and what is wrong with the table."""

    results: pd.DataFrame
    problems: list[Problem]


def as_results(table: pd.DataFrame, *, what: str) -> pd.DataFrame:
    """
    Results one a row, from a long table or a wide one with companion columns.

    Always with sample_id, analyte, value, censored, over_range, detection_limit,
    method, lab_batch, laboratory, source, row and order (of the samples in the table,
    from 1).
    """
    table = pd.DataFrame(table.drop(columns="geometry", errors="ignore"))
    table = table.reset_index(drop=True)
    roles = find_roles(table.columns, where=what)
    table = table.rename(columns={name: role for role, name in roles.items()})
    if "sample_id" not in table:
        raise ValueError(
            f"{what}: no column 'sample_id'. The columns are: "
            f"{', '.join(map(str, table.columns))}. Rename the one that names the "
            "samples."
        )
    if not {"analyte", "value"} <= set(table.columns):
        kept = {name: name for name in ("sequence", "source") if name in table}
        for name in table:
            _refuse_text(table, name, what)
        rows = table.get("row")
        table = melt_samples(table, columns=kept, missing="drop")
        if rows is not None:
            table["row"] = rows.to_numpy()[table["row"].to_numpy() - 1]
    table.attrs = {}  # pandas copies them with every step
    results = _completed(table, what)
    results["order"] = _order(results)
    return results


def tell_methods(*tables: pd.DataFrame | None) -> None:
    """
    Give analytes that were determined by several methods the method in their name.

    Each method has its own precision and bias. Changes the tables, which are ours;
    ``base`` keeps the name without the method.
    """
    there = [table for table in tables if table is not None]
    both = pd.concat([table[["analyte", "method"]] for table in there])
    both = both[both["method"].ne("")].drop_duplicates()
    several = both["analyte"].value_counts().loc[lambda count: count > 1].index
    for table in there:
        table["base"] = table["analyte"]
        named = table["analyte"].isin(several) & table["method"].ne("")
        table.loc[named, "analyte"] += "_" + table.loc[named, "method"]


def on_one_scale(controls: pd.DataFrame, assays: pd.DataFrame) -> bool:
    """Whether two tables tell the place of their results in one sequence."""
    if "sequence" in controls and "sequence" in assays:
        return True
    sources = set(controls["source"])
    return "" not in sources and sources <= set(assays["source"])


def _refuse_text(table: pd.DataFrame, name: str, what: str) -> None:
    """Raise if a column of an analyte holds text such as <0.5."""
    header = parse_header(str(name))
    if header is None or header.unit is None or header.name != name:
        return
    numbers = pd.to_numeric(table[name], errors="coerce")
    bad = numbers.isna() & table[name].notna()
    if bad.any():
        raise DataProblems(
            _not_a_number(table.loc[i, name], i + 1, name, what)
            for i in table.index[bad]
        )


def _not_a_number(cell: object, row: object, column: str, what: str) -> Problem:
    return Problem(
        "not a number",
        "read the table with survey.quality.read_assays, which understands values "
        "below detection",
        what,
        row=row,
        column=column,
        value=str(cell),
    )


def _completed(results: pd.DataFrame, what: str) -> pd.DataFrame:
    """All columns there, of their types; cells that are not numbers are refused."""
    if "row" not in results:
        results["row"] = np.arange(1, len(results) + 1)
    problems = []
    for name in ("value", "detection_limit"):
        cells = results.get(name, pd.Series(np.nan, index=results.index))
        numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
        bad = numbers.isna() & cells.notna() | np.isinf(numbers)
        problems += [
            _not_a_number(cells.loc[i], results.loc[i, "row"], name, what)
            for i in results.index[bad]
        ]
        results[name] = numbers
    if problems:
        raise DataProblems(problems)
    for name in _FLAGS:
        results[name] = _flag(results, name)
    for name in (*_TEXTS, *(label for label in _LABELS if label in results)):
        cells = results.get(name, pd.Series("", index=results.index))
        results[name] = cells.astype(object).where(cells.notna(), "").astype("str")
        results[name] = results[name].str.strip()
    results = results.reset_index(drop=True)
    # the limit itself stands where a value is below it
    told = results["detection_limit"].isna() & results["censored"]
    results.loc[told, "detection_limit"] = results.loc[told, "value"]
    return results


def _flag(table: pd.DataFrame, name: str) -> pd.Series:
    if name not in table:
        return pd.Series(data=False, index=table.index)
    return table[name].astype(object).eq(True) | table[name].astype(str).eq("True")


def _order(results: pd.DataFrame) -> pd.Series:
    """Number of the sample in order of appearance; an id may come again."""
    if "sequence" in results:
        return pd.to_numeric(results["sequence"], errors="coerce").rank(method="dense")
    again = results.groupby(["sample_id", "analyte", "lab_batch"]).cumcount()
    keys = list(zip(results["sample_id"], results["lab_batch"], again, strict=True))
    order = pd.Series(keys, index=results.index)
    return pd.Series(pd.factorize(order)[0] + 1, index=results.index)


def read_controls(
    controls: pd.DataFrame, *, known: Iterable[str] | None = None
) -> Controls:
    """
    Results of control samples with qc_type in our words, and all problems.

    `known` are the ids of the samples that duplicates may refer to; None if unknown.
    """
    results = as_results(controls, what="controls")
    roles = find_roles(controls.columns)
    problems = [
        Problem(
            f"no column {name!r}: controls cannot be judged without it",
            remedy,
            "controls",
            column=name,
        )
        for name, remedy in (
            ("qc_type", "add it: reference material, blank, field duplicate, …"),
            ("lab_batch", "add the laboratory's batch (job, certificate) of each row"),
        )
        if name not in roles and (name not in results or results[name].eq("").all())
    ]
    if problems:
        raise DataProblems(problems)
    for name in _LABELS:
        if name not in results:
            results[name] = ""
    said = results["qc_type"]
    results["qc_type"] = [_kind(text) for text in said]
    problems = [*_bad_kinds(results, said), *_bad_rows(results)]
    problems += _bad_originals(results, known)
    return Controls(results, problems)


@functools.cache
def _kinds() -> dict[str, str]:
    words = load_words("quality_words")
    return {word: kind for kind, spellings in words.items() for word in spellings}


def _kind(text: str) -> str:
    """Kind of control in our words, "" if it is not known."""
    return _kinds().get(re.sub(r"[\s_-]+", " ", text).strip().lower(), "")


def _bad_kinds(results: pd.DataFrame, said: pd.Series) -> list[Problem]:
    kinds = ", ".join((REFERENCE, BLANK, *PAIRED))
    first = results[results["qc_type"].eq("")].drop_duplicates(["sample_id", "row"])
    return [
        Problem(
            "unknown kind of control sample",
            f"write one of: {kinds}",
            "controls",
            row=_row(row),
            column="qc_type",
            value=said.loc[row.Index],
        )
        for row in first.itertuples()
    ]


def _bad_rows(results: pd.DataFrame) -> list[Problem]:
    """Batches that are missing, limits above values."""
    checks = [
        (
            results["lab_batch"].eq(""),
            "lab_batch",
            "the control belongs to no batch",
            "write the laboratory's batch of the row",
        ),
        (
            results["qc_type"].eq(REFERENCE) & results["material"].eq(""),
            "material",
            "the reference material has no name",
            "write the name under which its certificate is listed",
        ),
        (
            results["qc_type"].isin(PAIRED) & results["original_id"].eq(""),
            "original_id",
            "the duplicate does not name its original",
            "write the sample_id of the sample it repeats",
        ),
        (
            results["qc_type"].isin(PAIRED)
            & results["original_id"].ne("")
            & results["original_id"].eq(results["sample_id"]),
            "original_id",
            "the duplicate is its own original",
            "write the sample_id of the sample it repeats",
        ),
    ]
    problems = []
    for bad, column, what, remedy in checks:
        once = results[bad].drop_duplicates(["sample_id", "row"])
        problems += [
            Problem(what, remedy, "controls", row=_row(row), column=column,
                    value=row.sample_id)
            for row in once.itertuples()
        ]  # fmt: skip
    return problems + limits_above(results, "controls")


def limits_above(results: pd.DataFrame, what: str) -> list[Problem]:
    """Values that the laboratory reports although they are below its limit."""
    bad = ~results["censored"] & (results["detection_limit"] > results["value"])
    return [
        Problem(
            f"the detection limit {row.detection_limit:g} is above the value",
            "mark the value as censored, or correct the limit or its unit",
            what,
            row=_row(row),
            column=row.analyte,
            value=f"{row.value:g}",
        )
        for row in results[bad].itertuples()
    ]


def _bad_originals(results: pd.DataFrame, known: Iterable[str] | None) -> list[Problem]:
    """Duplicates whose original is nowhere; listed, the rest is judged."""
    if known is None:
        return []
    there = set(known) | set(results["sample_id"])
    paired = results[results["qc_type"].isin(PAIRED)]
    missing = ~paired["original_id"].isin(there) & paired["original_id"].ne("")
    once = paired[missing].drop_duplicates(["sample_id", "row"])
    return [
        Problem(
            "the original of the duplicate is not among the samples",
            "correct original_id, or hand over the assays that hold it",
            "controls",
            row=_row(row),
            column="original_id",
            value=row.original_id,
            severity="warning",
        )
        for row in once.itertuples()
    ]


def _row(row: Any) -> int | str:  # noqa: ANN401
    return int(row.row) if pd.notna(row.row) else row.sample_id


def refuse(problems: list[Problem]) -> list[Problem]:
    """Raise if any problem is an error; otherwise give the warnings back."""
    if any(problem.severity == "error" for problem in problems):
        raise DataProblems(problems)
    return problems
