"""Tables with one result a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..._analytes import Reading, apply_negative, bad_cells
from ..._headers import parse_header, unit_of
from ..._problems import Problem
from ..._values import (
    ABOVE,
    BAD,
    BELOW,
    MISSING,
    NUMBER,
    is_sentinel,
    read_numbers,
)
from ._pile import as_categories
from ._wide import count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

_BELOW = {"<", "<=", "≤", "b", "l", "u", "bdl", "nd", "低于", "小于"}
_ABOVE = {">", ">=", "≥", "g", "a", "over", "高于", "大于"}


class Long(NamedTuple):
    """Results, the rows of the table that hold them, counts, notes and problems."""

    frame: pd.DataFrame
    there: NDArray[np.bool_]
    counts: dict[str, dict[str, int]]
    notes: list[str]
    problems: list[Problem]


def read_long(
    cells: pd.DataFrame, roles: Mapping[str, str], how: Reading, *, unit: str = ""
) -> Long:
    """
    Results of a table with one a row.

    Parameters
    ----------
    cells : DataFrame
        The table.
    roles : mapping of str to str
        Column of each role: analyte and value, perhaps qualifier, unit and
        detection_limit, method.
    how : Reading
        File, row numbers, decimal sign and the rule for negative values.
    unit : str
        Unit of the results that tell none.

    Returns
    -------
    Long
        A row each result: analyte, value, censored, over_range, detection_limit, unit,
        method as the name of the analyte tells it.
    """
    kinds = ("censored", "censored_without_limit", "over_range", "missing", "zero")
    counts: dict[str, dict[str, int]] = {kind: {} for kind in kinds}
    notes, problems = [], []
    column = cells[roles["value"]].astype("str")
    numbers = read_numbers(column, decimal=how.decimal)
    value, state = numbers.value.copy(), numbers.state.copy()
    missing = (state == NUMBER) & is_sentinel(value)
    state[missing], value[missing] = MISSING, np.nan
    if "qualifier" in roles:
        _qualify(cells[roles["qualifier"]], value, state)
    problems += apply_negative(roles["value"], value, state, how, notes)
    problems += bad_cells(column, state, how)
    names = _names(cells, roles, how, unit, problems)
    limit = np.where(state == BELOW, value, np.nan)
    if "detection_limit" in roles:
        told = cells[roles["detection_limit"]].astype("str")
        read = read_numbers(told, decimal=how.decimal)
        wrong = np.where(np.isin(read.state, (BAD, ABOVE)), BAD, read.state)
        problems += bad_cells(told, wrong.astype(np.int8), how)
        limit = np.where(np.isnan(limit), np.abs(read.value), limit)
    below = state == BELOW
    value = np.where(below & np.isnan(value), limit, value)
    there = np.isin(state, (NUMBER, BELOW, ABOVE))
    marks = {
        "censored": below,
        "censored_without_limit": below & np.isnan(value),
        "over_range": state == ABOVE,
        "missing": missing,
        "zero": (state == NUMBER) & (value == 0),
    }
    _count(counts, names["analyte"], marks)
    frame = pd.DataFrame(
        {
            "analyte": names["analyte"],
            "value": value,
            "censored": below,
            "over_range": state == ABOVE,
            "detection_limit": limit,
            "unit": names["unit"],
            "method": names["method"],
        }
    )
    return Long(frame, there, counts, notes, problems)


def _qualify(
    column: pd.Series, value: NDArray[np.float64], state: NDArray[np.int8]
) -> None:
    """Apply a column of signs."""
    sign = column.astype("str").fillna("").str.strip().str.lower()
    sign = sign.str.normalize("NFKC")
    below, above = sign.isin(_BELOW).to_numpy(), sign.isin(_ABOVE).to_numpy()
    number = state == NUMBER
    state[below & (number | (state == MISSING))] = BELOW
    state[above & number] = ABOVE
    low = below & number
    value[low] = np.where(value[low] == 0, np.nan, np.abs(value[low]))


def _count(
    counts: dict[str, dict[str, int]], analyte: pd.Categorical, marks: Mapping
) -> None:
    for kind, mark in marks.items():
        sums = np.bincount(analyte.codes[mark], minlength=len(analyte.categories))
        for name, n in zip(analyte.categories, sums, strict=True):
            if n:
                count(counts, name, **{kind: np.ones(n, bool)})


def _names(
    cells: pd.DataFrame,
    roles: Mapping[str, str],
    how: Reading,
    unit: str,
    problems: list[Problem],
) -> dict[str, pd.Categorical]:
    """Analyte, unit and method of each row, read once for each different text."""
    texts = as_categories(cells[roles["analyte"]])
    units = as_categories(
        cells[roles["unit"]]
        if "unit" in roles
        else pd.Series([""] * len(cells), dtype="str")
    )
    pair = texts.codes.astype(np.int64) * len(units.categories) + units.codes
    codes, pairs = pd.factorize(pair)
    first = np.unique(codes, return_index=True)[1]
    out: dict[str, list[str]] = {"analyte": [], "unit": [], "method": []}
    for number, at in zip(pairs, first, strict=True):
        a, u = divmod(int(number), len(units.categories))
        text, spelled = texts.categories[a], units.categories[u]
        found = _one(text, spelled, unit)
        if isinstance(found, str):
            name = roles["unit"] if spelled and "unit" in roles else roles["analyte"]
            remedy = "write the element (Cu) and a unit such as ppm, ppb, % or g/t"
            shown = spelled if spelled and text else text
            where = {"row": how.rows[at], "column": name, "value": shown}
            problems.append(Problem(found, remedy, how.path, **where))
            found = (text, "", "")
        for part, said in zip(out, found, strict=True):
            out[part].append(said)
    made = {}
    for part, said in out.items():
        inner, every = pd.factorize(np.array(said, dtype=object))
        index = pd.Index(every, dtype="str")
        made[part] = pd.Categorical.from_codes(
            inner[codes] if len(said) else codes, index
        )
    return made


def _one(text: str, spelled: str, unit: str) -> tuple[str, str, str] | str:
    """Analyte, unit and method of a text and a unit; what is wrong with them."""
    if not text:
        return "the row names no analyte"
    said = unit_of(spelled) if spelled else None
    if spelled and said is None:
        return f"the unit of '{text}' is not known"
    analyte = parse_header(text)
    symbol = analyte.symbol if analyte else text
    own = analyte.unit if analyte else None
    if own and said and own != said:
        return f"'{text}' says {own}, its unit says {spelled}"
    settled = said or own or unit
    method = analyte.method if analyte else ""
    return (f"{symbol}_{settled}" if settled else symbol, settled, method)
