"""Results of several tables put together."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from ..._checks import check_columns
from ..._headers import parse_header
from ..._problems import DataProblems, Problem
from ._pile import COLUMNS, TEXT, as_categories, no_text
from ._units import convert_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

_NEEDED = ("sample_id", "analyte", "value")
_COUNTS = ("censored", "censored_without_limit", "over_range", "missing", "zero")


def join_assays(*tables: pd.DataFrame, units: str = "error") -> pd.DataFrame:
    """
    Results of several tables as one table, nothing left out.

    Parameters
    ----------
    *tables : DataFrame
        Results as `read_assays` gives them; in the order they are to stand in.
    units : {"error", "first", "keep"}, default "error"
        What becomes of an element that the tables give in different units: an error,
        all in the unit it has first, or analytes of their own.

    Returns
    -------
    DataFrame
        All rows, index 0 to n - 1; texts that one table lacks are "". In ``attrs`` the
        counts are added up, the notes joined, ``sources`` lists the files, and
        ``repeated`` counts results whose sample, analyte and method stand in more than
        one table (`spread_assays` settles those).

    Raises
    ------
    DataProblems
        If an element has several units and `units` is "error".
    ValueError
        If there is no table, `units` is another word, or a column is missing.

    Examples
    --------
    >>> one = pd.DataFrame({"sample_id": ["S1"], "analyte": "Cu_ppm", "value": 21.0})
    >>> two = pd.DataFrame({"sample_id": ["S2"], "analyte": "Cu_pct", "value": 0.01})
    >>> join_assays(one, two, units="first")[["sample_id", "analyte", "value"]]
      sample_id analyte  value
    0        S1  Cu_ppm   21.0
    1        S2  Cu_ppm  100.0
    """
    if not tables:
        raise ValueError("no table: give at least one")
    if units not in {"error", "first", "keep"}:
        raise ValueError(f"units must be 'error', 'first' or 'keep'; got {units!r}")
    parts = [complete(table) for table in tables]
    mixed = mixed_units(parts)
    if mixed and units == "error":
        raise DataProblems([_mixed(symbol, every) for symbol, every in mixed.items()])
    notes = list(
        itertools.chain.from_iterable(t.attrs.get("notes", ()) for t in tables)
    )
    if units == "first":
        for every in mixed.values():
            parts = [_to_first(part, every, notes) for part in parts]
    joined = _concatenate(parts)
    joined.attrs = _attrs(tables, notes)
    joined.attrs["repeated"] = _repeated(joined, [len(part) for part in parts])
    return joined


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """
    Table of results with all columns and their types; a copy.

    Raises
    ------
    ValueError
        If sample_id, analyte or value is missing.
    """
    check_columns(table, _NEEDED, where="assays")
    out: dict[str, Any] = {}
    n = len(table)
    for name in (*COLUMNS, *(c for c in table if c not in COLUMNS)):
        given = table[name].reset_index(drop=True) if name in table else None
        if name in ("value", "detection_limit"):
            out[name] = np.full(n, np.nan) if given is None else given.astype(float)
        elif name in ("censored", "over_range", "imputed"):
            none = np.zeros(n, bool)
            out[name] = (
                none if given is None else given.fillna(value=False).astype(bool)
            )
        elif name == "row":
            out[name] = np.arange(1, n + 1) if given is None else given
        elif name == "sample_id":
            out[name] = given.astype("str")
        elif (
            name in TEXT
            or name == "analyte"
            or isinstance(given.dtype, pd.CategoricalDtype)
        ):
            out[name] = no_text(n) if given is None else as_categories(given)
        else:
            out[name] = given
    found = pd.DataFrame(out)
    if "unit" not in table:
        found["unit"] = _units_of(found["analyte"])
    return found


def mixed_units(tables: Sequence[pd.DataFrame]) -> dict[str, list[str]]:
    """Analytes of each symbol that has several units, in order of appearance."""
    found: dict[str, list[str]] = {}
    for table in tables:
        for name in pd.unique(table["analyte"]):
            analyte = parse_header(str(name))
            symbol = analyte.symbol if analyte else str(name)
            every = found.setdefault(symbol, [])
            if str(name) not in every:
                every.append(str(name))
    return {symbol: every for symbol, every in found.items() if len(every) > 1}


def _units_of(analytes: pd.Series) -> pd.Categorical:
    names = [str(name) for name in analytes.cat.categories]
    units = [(found and found.unit) or "" for found in map(parse_header, names)]
    return as_categories(
        pd.Series(np.array(units, dtype=object)[analytes.cat.codes], dtype="str")
    )


def _mixed(symbol: str, every: list[str]) -> Problem:
    return Problem(
        f"{symbol} stands in several units: {', '.join(every)}",
        "state units='first' to convert to the first one, or units='keep'",
        column=symbol,
    )


def _to_first(table: pd.DataFrame, every: list[str], notes: list[str]) -> pd.DataFrame:
    """Convert a table to the unit that the first of the analytes has."""
    first = parse_header(every[0])
    for name in every[1:]:
        count = int((table["analyte"] == name).sum())
        if count and first is not None and first.unit:
            table = convert_unit(table, name, first.unit)
            notes.append(f"{count} results of {name} converted to {every[0]}")
    return table


def _concatenate(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    names = list(dict.fromkeys(name for part in parts for name in part))
    columns: dict[str, Any] = {}
    for name in names:
        given = [_column(part, name) for part in parts]
        if all(isinstance(g.dtype, pd.CategoricalDtype) for g in given):
            columns[name] = union_categoricals(given)
        else:
            columns[name] = pd.concat(given, ignore_index=True)
    return pd.DataFrame(columns)


def _column(part: pd.DataFrame, name: str) -> pd.Series:
    if name in part:
        return part[name]
    if name == "imputed":
        return pd.Series(np.zeros(len(part), bool))
    return pd.Series(no_text(len(part)))


def _attrs(tables: Sequence[pd.DataFrame], notes: list[str]) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    for kind in (*_COUNTS, "dropped"):
        counts: dict[str, int] = {}
        for table in tables:
            for name, n in table.attrs.get(kind, {}).items():
                counts[name] = counts.get(name, 0) + n
        attrs[kind] = counts
    for kind in ("without_results", "left_out"):
        every = (table.attrs.get(kind, ()) for table in tables)
        attrs[kind] = list(dict.fromkeys(itertools.chain.from_iterable(every)))
    sources = [table.attrs.get("source") for table in tables]
    attrs["sources"] = [source for source in sources if source]
    attrs["notes"] = list(dict.fromkeys(notes))
    return attrs


def _repeated(joined: pd.DataFrame, lengths: list[int]) -> int:
    """Results whose sample, analyte and method stand in more than one table."""
    table = np.repeat(np.arange(len(lengths)), lengths)
    keys = joined[["sample_id", "analyte", "method"]].assign(table=table)
    first = keys.drop_duplicates()
    again = first[first.duplicated(["sample_id", "analyte", "method"])]
    return len(again)
