"""Columns of a table as analytes: values, limits of detection, flags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ._companions import below_limits, read_limits, unread_flags, wrong_limits
from ._headers import Analyte, load_words, parse_header
from ._problems import Problem
from ._values import (
    ABOVE,
    BAD,
    BELOW,
    MISSING,
    NUMBER,
    Numbers,
    is_sentinel,
    plain_column,
    read_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

_MANY = 100
_MOST_NAMED = 6
_FLAG_ENDINGS = r"[_ .]?(?:censored|cens?|flag|qual|qualifier|remark|rmk)"
_TRUE = {"true", "t", "1", "1.0", "yes", "y", "是"}
_BEYOND = {">", ">="}


class Reading(NamedTuple):
    """How a table is to be read: what `read_samples` was told and found out."""

    path: str
    rows: Sequence[int]
    decimal: str
    negative: str
    typed: bool


class Analytes(NamedTuple):
    """
    Columns as they come out, and what happened on the way.

    `columns` holds values and flags in order, `names` the original header of each,
    `counts` how many cells were below a limit, without a told limit, above range, a
    code for a missing value, or exactly zero.
    """

    columns: dict[str, pd.Series]
    names: dict[str, str]
    units: dict[str, str]
    counts: dict[str, dict[str, int]]
    notes: list[str]
    problems: list[Problem]


def read_analytes(table: pd.DataFrame, how: Reading) -> Analytes:
    """
    Analytes of a table with the flags of their values; other columns as they are.

    Parameters
    ----------
    table : DataFrame
        Columns without coordinates and geometry, text or typed.
    how : Reading
        File, row numbers, decimal sign and the rule for negative values.

    Returns
    -------
    Analytes
    """
    kinds = ("censored", "censored_without_limit", "over_range", "missing", "zero")
    counts: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
    out = Analytes({}, {}, {}, counts, [], [])
    found = dict(_recognised(table, how))
    flags = flag_columns(table, found)
    own = {name for every in flags.values() for name, mine in every if mine}
    for original in table.columns:
        if original in own:
            continue
        if original not in found:
            column = table[original]
            out.columns[original] = (
                column
                if how.typed
                else plain_column(column.astype("str"), decimal=how.decimal)
            )
            out.names[original] = str(original)
            continue
        _add(out, table, original, found[original], flags.get(original, []), how)
    _check_limits(out, how)
    out.notes.extend(_summary(counts))
    return out


def _check_limits(out: Analytes, how: Reading) -> None:
    """Limits of detection that are no limits are problems; values below, a note."""
    for name in out.units:
        limits = read_limits(out.columns, name, decimal=how.decimal)
        if limits is None:
            continue
        cells = out.columns[f"{name}_detection_limit"]
        cells = cells.rename(f"{name}_detection_limit")
        wrong = wrong_limits(limits, cells, how.path, how.rows)
        out.problems.extend(wrong)
        told = None if wrong else below_limits(out.columns, name, limits, how.rows)
        if told:
            out.notes.append(told)


def _summary(counts: dict[str, dict[str, int]]) -> Iterator[str]:
    """Words on values that were taken for something else, or may be."""
    texts = {
        "missing": "cells with a code such as -9999 are taken as missing",
        "zero": "contents are exactly 0 and kept as numbers",
        "censored_without_limit": "contents below an untold limit are NaN and censored",
    }
    for kind, text in texts.items():
        if counts[kind]:
            number, names = sum(counts[kind].values()), list(counts[kind])
            listed = ", ".join(names[:_MOST_NAMED])
            more = len(names) - _MOST_NAMED
            listed += f" and {more} more" if more > 0 else ""
            yield f"{number} {text} ({listed}; see attrs['{kind}'])"


def _recognised(
    table: pd.DataFrame, how: Reading
) -> Iterator[tuple[str, tuple[Analyte, Numbers]]]:
    """Analytes by header, with their cells read."""
    for original in table.columns:
        analyte = parse_header(str(original))
        column = table[original]
        if (
            analyte is None
            or is_coordinate(analyte, table)
            or pd.api.types.is_bool_dtype(column)
        ):
            continue
        if not is_text(column):
            values = column.to_numpy(dtype=float, na_value=np.nan).copy()
            state = np.where(np.isnan(values), MISSING, NUMBER).astype(np.int8)
            state[np.isinf(values)] = BAD
            yield original, (analyte, Numbers(values, state))
            continue
        numbers = read_numbers(column.astype("str"), decimal=how.decimal)
        told = numbers.state != MISSING
        good = told & (numbers.state != BAD)
        is_assay = (numbers.state == NUMBER).any() and good.sum() >= 0.5 * told.sum()
        if analyte.unit is not None or is_assay:
            yield original, (analyte, numbers)


def is_coordinate(analyte: Analyte, table: pd.DataFrame) -> bool:
    """Whether Y stands beside X, or N beside E: no yttrium, no nitrogen."""
    beside = {"Y": "X", "N": "E"}.get(analyte.name)
    return beside is not None and beside in table.columns


def is_text(column: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(column) or column.dtype == object


def _add(
    out: Analytes,
    table: pd.DataFrame,
    original: str,
    found: tuple[Analyte, Numbers],
    flags: list[tuple[str, bool]],
    how: Reading,
) -> None:
    """Add one analyte with its flags to `out`."""
    analyte, numbers = found
    name = analyte.name if analyte.unit else str(original)
    if name in out.columns:
        out.problems.append(_twice(out.names[name], original, name, how))
        return
    value, state = numbers.value.copy(), numbers.state.copy()
    missing = (state == NUMBER) & is_sentinel(value)
    state[missing], value[missing] = MISSING, np.nan
    marks = apply_flags(table, flags, value, state)
    for flag, mine in flags:
        if mine:
            known = _TRUE | _BEYOND | _below_words()
            told = unread_flags(table[flag], known, how.path, how.rows)
            out.problems.extend(told)
    out.problems.extend(apply_negative(original, value, state, how, out.notes))
    out.problems.extend(bad_cells(table[original], state, how))
    out.columns[name] = pd.Series(value, index=table.index, name=name)
    out.names[name] = str(original)
    if analyte.unit:
        out.units[name] = analyte.unit
    for mark, ending in ((state == BELOW, "censored"), (state == ABOVE, "over_range")):
        if mark.any() or ending in marks:
            out.columns[f"{name}_{ending}"] = pd.Series(mark, index=table.index)
            out.names[f"{name}_{ending}"] = marks.get(ending, str(original))
    for kind, mark in (
        ("censored", state == BELOW),
        ("censored_without_limit", (state == BELOW) & np.isnan(value)),
        ("over_range", state == ABOVE),
        ("missing", missing),
        ("zero", (state == NUMBER) & (value == 0)),
    ):
        if mark.any():
            out.counts[kind][name] = int(mark.sum())


def _twice(first: str, second: str, name: str, how: Reading) -> Problem:
    return Problem(
        f"columns '{first}' and '{second}' are both {name}",
        f"name the method of one, such as {name}_ICP, or remove one",
        how.path,
        column=str(second),
    )


def apply_negative(
    column: str, value: NDArray, state: NDArray, how: Reading, notes: list
) -> list[Problem]:
    """Negative values become limits, errors, or stay, as `how` says."""
    below = (state == NUMBER) & (value < 0)
    count = int(below.sum())
    if not count:
        return []
    if how.negative == "keep":
        notes.append(f"{column}: {count} negative values kept as numbers")
        return []
    place = {"file": how.path, "column": str(column)}
    if how.negative == "error":
        state[below] = MISSING
        remedy = "write '<0.5' for below 0.5, or state negative='censored'"
        return [
            Problem(
                "a negative content", remedy, row=how.rows[i], value=f"{v:g}", **place
            )
            for i, v in zip(np.flatnonzero(below), value[below], strict=True)
        ]
    known = int(np.isin(state, (NUMBER, BELOW, ABOVE)).sum())
    distinct = len(np.unique(value[below]))
    if count > 0.5 * known and distinct > 20:
        what = f"{count} of {known} values are negative, {distinct} different ones"
        remedy = "if these are not contents (log-ratios?), state negative='keep'"
        return [Problem(what, remedy, **place)]
    state[below], value[below] = BELOW, -value[below]
    notes.append(
        f"{column}: {count} negative contents are taken as below detection, -5 as <5"
    )
    return []


def bad_cells(column: pd.Series, state: NDArray, how: Reading) -> list[Problem]:
    """Every cell that is not a number; one line for a column that is mostly text."""
    at = np.flatnonzero(state == BAD)
    told = int((state != MISSING).sum())
    if len(at) > _MANY and len(at) > 0.5 * told:
        what = f"text in {len(at)} of {told} cells of a column of contents"
        remedy = "rename the column if it holds no contents, or mend the cells"
        first = {"row": how.rows[at[0]], "value": str(column.iloc[at[0]])[:60]}
        return [Problem(what, remedy, how.path, column=str(column.name), **first)]
    remedy = "write a number such as 12.5, <0.5 below the limit of detection, or nd"
    return [
        Problem(
            "not a number",
            remedy,
            how.path,
            row=how.rows[i],
            column=str(column.name),
            value=str(column.iloc[i])[:60],
        )
        for i in at
    ]


def flag_columns(
    table: pd.DataFrame, found: dict[str, tuple[Analyte, Numbers]]
) -> dict[str, list[tuple[str, bool]]]:
    """Columns that flag the values of each analyte, and whether they are our own."""
    others = [name for name in table.columns if name not in found]
    symbols = [analyte.symbol for analyte, _ in found.values()]
    flags: dict[str, list[tuple[str, bool]]] = {}
    for original, (analyte, _) in found.items():
        stems = "|".join(re.escape(each) for each in (str(original), analyte.name))
        ours = re.compile(rf"(?:{stems})_(?:censored|over_range)")
        named = re.compile(rf"(?:{stems}){_FLAG_ENDINGS}", re.IGNORECASE)
        signed = re.compile(rf"{re.escape(analyte.symbol)}[_ .].*")
        flags[original] = [
            (name, bool(ours.fullmatch(name)))
            for name in map(str, others)
            if named.fullmatch(name)
            or ours.fullmatch(name)
            or (
                symbols.count(analyte.symbol) == 1
                and signed.fullmatch(name)
                and _holds_signs(table[name])
            )
        ]
    return flags


def _holds_signs(column: pd.Series) -> bool:
    """Whether a column holds < or > and no numbers."""
    if not is_text(column):
        return False
    texts = {str(text).strip() for text in column.dropna().unique()}
    return bool(texts & {"<", ">"}) and not any(re.search(r"\d", t) for t in texts)


def _below_words() -> set[str]:
    return {word.lower() for word in load_words("words")["below"]} | {"<="}


def apply_flags(
    table: pd.DataFrame, flags: list[tuple[str, bool]], value: NDArray, state: NDArray
) -> dict[str, str]:
    """Mark flagged values; returns the column each kind of flag came from."""
    marks: dict[str, str] = {}
    below_words = _below_words()
    for name, _ in flags:
        text = table[name].astype("str").str.strip().str.lower()
        over = name.lower().endswith("over_range")
        says_yes = re.search(r"(censored|cens?|over_range)$", name, re.IGNORECASE)
        yes = text.isin(_TRUE) if says_yes else pd.Series(False, index=text.index)
        below = (text.isin(below_words) | (yes & (not over))).to_numpy()
        above = (text.isin(_BEYOND) | (yes & over)).to_numpy()
        state[below & (state != BAD)] = BELOW
        state[above & (state == NUMBER)] = ABOVE
        marks["over_range" if over else "censored"] = name
    low = state == BELOW
    value[low] = np.where(value[low] == 0, np.nan, np.abs(value[low]))
    return marks
