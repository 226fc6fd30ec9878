"""Columns that stand beside an analyte: flags and limits of detection, checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._problems import Problem
from ._values import MISSING, NUMBER, read_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_EMPTY = {"", "nan", "none", "null", "<na>"}
_FALSE = {"false", "f", "0", "0.0", "no", "n", "否"}
_SHOWN = 5


def unread_flags(
    flags: pd.Series, known: set[str], path: str, rows: Sequence[int]
) -> list[Problem]:
    """Cells of a column of flags that say neither yes nor no."""
    text = flags.astype("str").str.strip()
    at = np.flatnonzero(~text.str.lower().isin(known | _FALSE | _EMPTY))
    return [
        Problem(
            "a flag that is neither True nor False",
            "write True where the value is flagged, else False",
            path,
            row=rows[i],
            column=str(flags.name),
            value=text.iloc[i][:60],
        )
        for i in at
    ]


def read_limits(
    columns: Mapping[str, pd.Series], name: str, *, decimal: str
) -> NDArray[np.float64] | None:
    """Limits of detection of an analyte as numbers; infinite where there is text."""
    found = columns.get(f"{name}_detection_limit")
    if found is None:
        return None
    if pd.api.types.is_numeric_dtype(found) and not pd.api.types.is_bool_dtype(found):
        return found.to_numpy(dtype=float, na_value=np.nan)
    numbers = read_numbers(found.astype("str"), decimal=decimal)
    good = np.isin(numbers.state, (NUMBER, MISSING))
    return np.where(good, numbers.value, np.inf)


def wrong_limits(
    limits: NDArray[np.float64], cells: pd.Series, path: str, rows: Sequence[int]
) -> list[Problem]:
    """Limits of detection that are no positive numbers."""
    at = np.flatnonzero(~np.isnan(limits) & ~(np.isfinite(limits) & (limits > 0)))
    return [
        Problem(
            "a limit of detection that is no positive number",
            "write the limit in the unit of its analyte, or leave the cell empty",
            path,
            row=rows[i],
            column=str(cells.name),
            value=str(cells.iloc[i])[:60],
        )
        for i in at
    ]


def below_limits(
    columns: Mapping[str, pd.Series],
    name: str,
    limits: NDArray[np.float64],
    rows: Sequence[int],
) -> str | None:
    """Words on values that are not flagged, yet lie below their limit of detection."""
    value = columns[name].to_numpy(dtype=float, na_value=np.nan)
    at = value < limits
    for ending in ("censored", "over_range"):
        if f"{name}_{ending}" in columns:
            at &= ~columns[f"{name}_{ending}"].to_numpy(dtype=bool)
    where = np.flatnonzero(at)
    if not len(where):
        return None
    shown = ", ".join(
        f"row {rows[i]}: {value[i]:g} < {limits[i]:g}" for i in where[:_SHOWN]
    )
    more = ", …" if len(where) > _SHOWN else ""
    return (
        f"{name}: {len(where)} values that count as detected lie below their limit of "
        f"detection ({shown}{more}): mend the limits, or write the values as '<limit'"
    )
