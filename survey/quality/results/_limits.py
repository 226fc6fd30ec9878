"""Limits of detection told apart from the results: for each analyte, batch, method."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._headers import parse_header, unit_of
from ..._problems import DataProblems, Problem
from ..._tables import read_table
from ..._values import BELOW, NUMBER, find_decimal, read_numbers
from ._roles import find_roles

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEYS = ("lab_batch", "method", "laboratory")
_WANTED = ("analyte", "unit", "detection_limit", *_KEYS)
FROM_VALUES = "from_values"

Limits = dict[tuple[str, str, str, str], float]


def read_limits(
    limits: str | Path | Mapping[str, Any] | pd.DataFrame,
) -> Limits:
    """
    Limits by analyte, lab_batch, method and laboratory; an empty text stands for any.

    Parameters
    ----------
    limits : path, mapping or DataFrame
        ``{"Cu_ppm": 0.5}``, ``{batch: {"Cu_ppm": 0.5}}``, or a table: one limit a row
        (analyte, detection_limit and perhaps lab_batch, method, laboratory, unit) or
        one column an analyte.

    Returns
    -------
    dict

    Raises
    ------
    DataProblems
        All limits that are not positive numbers, or stand twice with different values.
    """
    if isinstance(limits, Mapping):
        where, found = "limits", list(_of_mapping(limits))
    else:
        table, where = _as_text(limits)
        found = list(_of_table(table, where))
    problems, out = [], {}
    for row, key, text, value in found:
        place = {"file": where, "row": row, "column": key[0], "value": text}
        if not np.isfinite(value) or value <= 0:
            remedy = "write a positive number in the unit of the analyte"
            problems.append(Problem("the limit is not positive", remedy, **place))
        elif out.setdefault(key, value) != value:
            what = f"another limit of the same analyte and batch is {out[key]:g}"
            remedy = "keep one, or tell them apart by lab_batch, method or laboratory"
            problems.append(Problem(what, remedy, **place))
    if problems:
        raise DataProblems(problems)
    return out


def apply_limits(assays: pd.DataFrame, limits: Limits) -> list[str]:
    """Fill in limits where a result tells none, in place; returns what was done."""
    analyte = assays["analyte"].cat
    keys = [assays[name].cat for name in _KEYS]
    code = analyte.codes.to_numpy().astype(np.int64)
    for key in keys:
        code = code * len(key.categories) + key.codes.to_numpy()
    combos, every = pd.factorize(code)
    found = np.full(len(every), np.nan)
    for i, number in enumerate(every):
        found[i] = _most_specific(int(number), analyte.categories, keys, limits)
    new = found[combos] if len(every) else np.empty(0)
    limit = assays["detection_limit"].to_numpy()
    filled = np.isnan(limit) & ~np.isnan(new)
    assays["detection_limit"] = np.where(filled, new, limit)
    return _settle_censored(assays)


def limits_from_values(assays: pd.DataFrame) -> list[str]:
    """
    Take the limit of a batch's censored results for its other results, in place.

    Only where analyte, batch, laboratory and method have a single limit.
    """
    keys = ["analyte", *_KEYS]
    told = assays[assays["censored"] & assays["detection_limit"].notna()]
    each = told.groupby(keys, observed=True)["detection_limit"].agg(["nunique", "min"])
    single = each[each["nunique"] == 1]
    limits = {
        tuple(map(str, key)): float(value) for key, value in single["min"].items()
    }
    before = int(assays["detection_limit"].isna().sum())
    notes = apply_limits(assays, limits)
    after = int(assays["detection_limit"].isna().sum())
    if before > after:
        notes.append(
            f"{before - after} results take the limit of detection of the censored "
            "results of their batch"
        )
    if len(single) < len(each):
        notes.append(
            f"{len(each) - len(single)} times a batch has several limits of one "
            "analyte: none is taken for its other results"
        )
    return notes


def _settle_censored(assays: pd.DataFrame) -> list[str]:
    """Censored results whose limit is known by now hold it as their value."""
    value, limit = assays["value"].to_numpy(), assays["detection_limit"].to_numpy()
    late = assays["censored"].to_numpy() & np.isnan(value) & ~np.isnan(limit)
    assays["value"] = np.where(late, limit, value)
    count = int(late.sum())
    return [f"{count} censored results without a limit take the one stated"] * bool(
        count
    )


def _most_specific(
    number: int, analytes: pd.Index, keys: list[Any], limits: Limits
) -> float:
    """Limit that names most of batch, method and laboratory of a combination."""
    parts = []
    for key in reversed(keys):
        number, code = divmod(number, len(key.categories))
        parts.append(str(key.categories[code]))
    laboratory, method, batch = parts
    name = str(analytes[number])
    for given in (
        (batch, method, laboratory),
        (batch, method, ""),
        (batch, "", laboratory),
        (batch, "", ""),
        ("", method, laboratory),
        ("", method, ""),
        ("", "", laboratory),
        ("", "", ""),
    ):
        if (name, *given) in limits:
            return limits[name, *given]
    return np.nan


def _of_mapping(limits: Mapping[str, Any]) -> Iterator[tuple]:
    for name, value in limits.items():
        if isinstance(value, Mapping):
            for analyte, limit in value.items():
                yield (
                    None,
                    (_name(analyte), str(name), "", ""),
                    str(limit),
                    float(limit),
                )
        else:
            yield None, (_name(name), "", "", ""), str(value), float(value)


def _as_text(limits: str | Path | pd.DataFrame) -> tuple[pd.DataFrame, str]:
    if isinstance(limits, pd.DataFrame):
        return limits.astype("str").reset_index(drop=True), "limits"
    path = Path(limits)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file of limits")
    return read_table(path).cells, str(path)


def _of_table(table: pd.DataFrame, where: str) -> Iterator[tuple]:
    roles = find_roles(table.columns, where=where, wanted=_WANTED)
    decimal = find_decimal([table[c].fillna("") for c in table], delimiter=",")
    blank = pd.Series([""] * len(table), dtype="str")
    keys = [
        table[roles[k]].fillna("").str.strip() if k in roles else blank for k in _KEYS
    ]
    if "analyte" in roles and "detection_limit" in roles:
        units = table[roles["unit"]].fillna("") if "unit" in roles else blank
        names = [
            _name(a, u) for a, u in zip(table[roles["analyte"]], units, strict=True)
        ]
        columns = [(names, roles["detection_limit"])]
    else:
        others = [c for c in table if c not in roles.values() and parse_header(str(c))]
        columns = [([_name(c)] * len(table), c) for c in others]
    if not columns:
        remedy = "give columns analyte and detection_limit, or a column each analyte"
        raise DataProblems([Problem("the table tells no limits", remedy, where)])
    for names, column in columns:
        read = read_numbers(table[column].astype("str").fillna(""), decimal=decimal)
        good = np.isin(read.state, (NUMBER, BELOW))
        for i in range(len(table)):
            text = str(table[column].iloc[i])
            if text.strip() or good[i]:
                key = (names[i], *(str(k.iloc[i]) for k in keys))
                yield i + 1, key, text, read.value[i] if good[i] else np.nan


def _name(text: object, unit: object = "") -> str:
    """Name of an analyte as the results have it."""
    found = parse_header(str(text))
    said = unit_of(str(unit)) if str(unit).strip() else None
    if found is None:
        return f"{text}_{said}" if said else str(text)
    settled = found.unit or said
    return f"{found.symbol}_{settled}" if settled else found.symbol
