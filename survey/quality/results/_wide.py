"""Tables with a sample a row and an analyte a column, into results."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..._analytes import (
    Reading,
    apply_flags,
    apply_negative,
    bad_cells,
    flag_columns,
    is_coordinate,
    is_text,
)
from ..._headers import Analyte, parse_header, unit_of
from ..._problems import Problem
from ..._values import (
    ABOVE,
    BAD,
    BELOW,
    MISSING,
    NUMBER,
    Numbers,
    is_sentinel,
    read_numbers,
)
from ._pile import Column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from ._certificate import Told

COMPANIONS = ("method", "lab_batch", "laboratory", "detection_limit", "imputed")
_YES = {"true", "t", "1", "1.0", "yes", "y", "是"}


class Wide(NamedTuple):
    """Results by column, columns used, counts by kind and analyte, notes, problems."""

    columns: list[Column]
    used: list[str]
    counts: dict[str, dict[str, int]]
    notes: list[str]
    problems: list[Problem]


class _Found(NamedTuple):
    """A column of contents: what it is called, its analyte and its cells."""

    original: str
    analyte: Analyte
    method: str
    numbers: Numbers


def read_wide(
    table: pd.DataFrame,
    how: Reading,
    *,
    told: Mapping[str, Told],
    unit: str = "",
) -> Wide:
    """
    Results of a table with a sample a row.

    Parameters
    ----------
    table : DataFrame
        Columns without ids, coordinates and geometry, text or typed.
    how : Reading
        File, row numbers, decimal sign and the rule for negative values.
    told : mapping of str to Told
        What a header of several rows says on a column.
    unit : str
        Unit of the columns that tell none.

    Returns
    -------
    Wide
    """
    kinds = ("censored", "censored_without_limit", "over_range", "missing", "zero")
    out = Wide([], [], {kind: {} for kind in kinds}, [], [])
    found = {
        each.original: each
        for each in _recognised(table, how, told, unit, out.problems)
    }
    flags = flag_columns(
        table, {k: (each.analyte, each.numbers) for k, each in found.items()}
    )
    for original, each in found.items():
        marks = [(name, mine) for name, mine in flags[original] if name not in found]
        _add(out, table, each, marks, how, told.get(original))
        out.used.extend([original, *(name for name, _ in marks)])
    return out


def count(out: Mapping[str, dict[str, int]], name: str, **marks: NDArray) -> None:
    """Add to the counts of an analyte the number of cells of each kind."""
    for kind, mark in marks.items():
        n = int(np.count_nonzero(mark))
        if n:
            out[kind][name] = out[kind].get(name, 0) + n


def _recognised(
    table: pd.DataFrame,
    how: Reading,
    told: Mapping[str, Told],
    unit: str,
    problems: list[Problem],
) -> Iterator[_Found]:
    for original in map(str, table.columns):
        column = table[original]
        if pd.api.types.is_bool_dtype(column):
            continue
        analyte = _analyte(original, told.get(original), how.path, problems)
        if analyte is None or is_coordinate(analyte, table):
            continue
        numbers = _numbers(column, how)
        told_cells = numbers.state != MISSING
        good = told_cells & (numbers.state != BAD)
        is_assay = (numbers.state == NUMBER).any() and (
            good.sum() >= 0.5 * told_cells.sum()
        )
        if analyte.unit is None and not is_assay:
            continue
        if analyte.unit is None and unit:
            analyte = analyte._replace(unit=unit)
        method = told[original].method if original in told else ""
        yield _Found(original, analyte, method or analyte.method, numbers)


def _analyte(
    original: str, told: Told | None, path: str, problems: list[Problem]
) -> Analyte | None:
    """Analyte that a column holds; with a unit from the rows of the header."""
    if told is None:
        return parse_header(original)
    analyte = parse_header(told.name)
    if not told.unit:
        return analyte
    unit = unit_of(told.unit)
    if unit is None:
        what = f"the unit of '{told.name}' is not known"
        remedy = "write a unit such as ppm, ppb, %, g/t or mg/kg"
        problems.append(Problem(what, remedy, path, column=original, value=told.unit))
        return None
    if analyte is None:
        return Analyte(told.name, unit)
    if analyte.unit not in (None, unit):
        what = f"the header says {analyte.unit}, the row of units says {told.unit}"
        remedy = "correct one of the two"
        problems.append(Problem(what, remedy, path, column=original, value=told.unit))
    return analyte._replace(unit=unit)


def _numbers(column: pd.Series, how: Reading) -> Numbers:
    if is_text(column):
        return read_numbers(column.astype("str"), decimal=how.decimal)
    values = column.to_numpy(dtype=float, na_value=np.nan).copy()
    state = np.where(np.isnan(values), MISSING, NUMBER).astype(np.int8)
    state[np.isinf(values)] = BAD
    return Numbers(values, state)


def _add(
    out: Wide,
    table: pd.DataFrame,
    found: _Found,
    marks: list[tuple[str, bool]],
    how: Reading,
    told: Told | None,
) -> None:
    """Add the results of one column to `out`."""
    value, state = found.numbers.value.copy(), found.numbers.state.copy()
    missing = (state == NUMBER) & is_sentinel(value)
    state[missing], value[missing] = MISSING, np.nan
    apply_flags(table, marks, value, state)
    out.problems.extend(apply_negative(found.original, value, state, how, out.notes))
    out.problems.extend(bad_cells(table[found.original], state, how))
    analyte = found.analyte
    name = f"{analyte.symbol}_{analyte.unit}" if analyte.unit else analyte.symbol
    below = state == BELOW
    limit = np.where(below, value, np.nan)
    texts, imputed = _companions(out, table, found.original, how, limit)
    limit = np.where(np.isnan(limit), _header_limit(told, how, out), limit)
    value = np.where(below & np.isnan(value), limit, value)
    count(
        out.counts,
        name,
        censored=below,
        censored_without_limit=below & np.isnan(value),
        over_range=state == ABOVE,
        missing=missing,
        zero=(state == NUMBER) & (value == 0),
    )
    out.columns.append(
        Column(
            name,
            analyte.unit or "",
            value,
            below,
            state == ABOVE,
            limit,
            found.method,
            texts,
            imputed,
        )
    )


def _companions(
    out: Wide,
    table: pd.DataFrame,
    original: str,
    how: Reading,
    limit: NDArray[np.float64],
) -> tuple[dict[str, pd.Series], NDArray[np.bool_] | None]:
    """Texts and marks of each result in columns of their own; limits go to `limit`."""
    texts, imputed = {}, None
    for ending in COMPANIONS:
        name = f"{original}_{ending}"
        if name not in table:
            continue
        out.used.append(name)
        column = table[name]
        if ending == "detection_limit":
            numbers = _numbers(column, how)
            out.problems.extend(bad_cells(column, numbers.state, how))
            empty = np.isnan(limit)
            limit[empty] = np.abs(numbers.value[empty])
        elif ending == "imputed":
            imputed = column.astype("str").str.lower().isin(_YES).to_numpy()
        else:
            texts[ending] = column.astype("str")
    return texts, imputed


def _header_limit(told: Told | None, how: Reading, out: Wide) -> float:
    if told is None or not told.detection_limit:
        return np.nan
    numbers = read_numbers(
        pd.Series([told.detection_limit], dtype="str"), decimal=how.decimal
    )
    if numbers.state[0] not in (NUMBER, BELOW, MISSING):
        what = f"the detection limit of '{told.name}' is not a number"
        place = {"column": told.name, "value": told.detection_limit}
        remedy = "write a number such as 0.5"
        out.problems.append(Problem(what, remedy, how.path, **place))
    return float(numbers.value[0])
