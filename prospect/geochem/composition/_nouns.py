"""One calculation on parts for tables, arrays and grids alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import xarray as xr

from ..._note import Note
from ._logratio import log_ratios, parts_of, row_ratios
from ._partgrids import (
    dataset_parts,
    dataset_ratios,
    stack_dim,
    stack_parts,
    stack_ratios,
)
from ._parts import (
    WHOLE,
    Parts,
    Plan,
    check_settled,
    chosen_columns,
    find_parts,
    join_name,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Data = np.ndarray | pd.DataFrame | xr.Dataset | xr.DataArray

MISSING = ("refuse", "nan")


def to_ratios(
    data: Data,
    plan: Callable[[Parts], Plan],
    *,
    columns: Iterable[str] | None,
    missing: str = "refuse",
    dim: str | None = None,
) -> Data:
    """Log-ratios of a table, array, dataset of grids or stack."""
    if missing not in MISSING:
        raise ValueError(f"missing must be one of {MISSING}; got {missing!r}")
    if isinstance(data, xr.Dataset):
        return dataset_ratios(data, plan, columns)
    if _is_stack(data):
        return stack_ratios(data, plan, columns, dim)
    if isinstance(data, pd.DataFrame):
        return _table_ratios(data, plan, columns, missing)
    values = as_matrix(data, columns)
    parts = numbered(values.shape[1])
    what = plan(parts)
    found, fine = row_ratios(values, what.matrix)
    if not fine:
        index = pd.RangeIndex(len(values))
        refuse(values.T, parts.columns, index, missing, found.T)
    return found if np.ndim(data) == 2 else found[0]


def from_ratios(
    data: Data,
    columns: Sequence[str],
    plan: Callable[[int], Plan],
    *,
    total: float,
    dim: str | None = None,
) -> Data:
    """Parts, closed to `total`, of log-ratios in the named columns."""
    if isinstance(data, xr.Dataset):
        return dataset_parts(data[list(columns)], plan(len(columns)), total)
    if isinstance(data, xr.DataArray):
        dim = stack_dim(data, dim)
        stack = data.sel({dim: list(columns)})
        return stack_parts(stack, dim, plan(len(columns)), total)
    if isinstance(data, pd.DataFrame):
        what = plan(len(columns))
        values = [data[name].to_numpy(float) for name in columns]
        found = parts_of(values, what.matrix, total=total)
        made = with_columns(data, columns, what.names, found)
        units = {k: v for k, v in data.attrs.get("units", {}).items() if k in made}
        made.attrs["units"] = units | dict.fromkeys(
            what.names, what.said["unit"] or "1"
        )
        return made
    values = as_matrix(data, None)
    found = parts_of(list(values.T), plan(values.shape[1]).matrix, total=total)
    return found.T if np.ndim(data) == 2 else found.T[0]


def ratio_columns(
    data: Data, columns: Iterable[str] | None, ending: str, dim: str | None
) -> list[str]:
    """Names of log-ratios: those asked for, else those with the ending."""
    if not isinstance(data, pd.DataFrame | xr.Dataset | xr.DataArray):
        return []
    holder = data[stack_dim(data, dim)].to_numpy() if _is_stack(data) else data
    there = [str(name) for name in holder]
    if columns is not None:
        names = [columns] if isinstance(columns, str) else list(columns)
        if unknown := [name for name in names if name not in there]:
            raise ValueError(f"no columns {unknown}. There are: {there}.")
        return names
    names = [name for name in there if re.search(ending, name)]
    if not names:
        raise ValueError("no name tells a log-ratio: name them with columns=")
    return names


def _is_stack(data: Data) -> bool:
    return isinstance(data, xr.DataArray)


def part_names(labels: Sequence[str], unit: str | None) -> list[str]:
    """Names of parts by symbol and unit."""
    return [join_name(label, unit) for label in labels]


def total_of(unit: str | None, total: float | None) -> float:
    """What the parts of a sample sum to."""
    if unit is not None and unit not in WHOLE:
        raise ValueError(f"unit={unit!r}: use one of {list(WHOLE)}")
    if total is None:
        return WHOLE[unit] if unit else 1.0
    if not (np.isfinite(total) and total > 0):
        raise ValueError(f"total={total!r}: parts sum to a positive number")
    return float(total)


def numbered(count: int) -> Parts:
    """Parts of an array: they have numbers only."""
    return find_parts([str(i) for i in range(count)], {})


def as_matrix(data: Any, columns: Any) -> NDArray[np.float64]:  # noqa: ANN401
    """Array with a sample a row."""
    values = np.asarray(data, dtype=float)
    if columns is not None:
        raise ValueError("columns= is for tables and grids: choose columns of an array")
    if values.ndim not in {1, 2} or values.shape[-1] == 0:
        raise ValueError(
            f"an array of parts is (n_samples, n_parts); got shape {values.shape}"
        )
    return np.atleast_2d(values)


def table_parts(
    table: pd.DataFrame, columns: Iterable[str] | None, *, unit: str | None = None
) -> Parts:
    """Parts of a table, none of them below detection unless imputed."""
    names = chosen_columns(table, columns)
    parts = find_parts(names, table.attrs.get("units", {}), unit=unit)
    check_settled(table, names)
    return parts


def with_columns(
    table: pd.DataFrame, old: Sequence[str], names: list[str], values: NDArray
) -> pd.DataFrame:
    """Table with its old columns replaced by new ones, at the end."""
    rest = table.drop(columns=list(old))
    clash = sorted(set(names) & set(rest.columns))
    if clash:
        raise ValueError(f"there are columns {clash} already: drop or rename them")
    new = pd.DataFrame(values.T, index=table.index, columns=names, copy=False)
    if not len(rest.columns):
        new.attrs = dict(table.attrs)
        return new
    found = pd.concat([rest, new], axis=1)
    found.attrs = dict(table.attrs)
    return found


def numbers_of(
    table: pd.DataFrame, columns: Sequence[str]
) -> list[NDArray[np.float64]]:
    """Columns as arrays of numbers, without a copy where they are such."""
    found = []
    for name in columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise ValueError(
                f"column {name!r} holds {table[name].dtype}, not numbers: read the "
                "table with survey.read_samples"
            )
        found.append(table[name].to_numpy(float, na_value=np.nan))
    return found


def account(
    table: pd.DataFrame, parts: Parts, names: Sequence[str], lost: int = 0
) -> dict[str, Any]:
    """Entries of attrs: parts, units, notes, share imputed."""
    notes = list(parts.notes)
    if lost:
        notes.append(Note("parts_rows_missing", n=lost, total=len(table)))
    flags = [f"{c}_imputed" for c in parts.columns if f"{c}_imputed" in table]
    shares = {flag[:-8]: float(table[flag].mean()) for flag in flags}
    if any(shares.values()):
        share = sum(shares.values()) / len(parts.parts)
        notes.append(Note("parts_imputed", share=share))
    over = [f"{c}_over_range" for c in parts.columns if f"{c}_over_range" in table]
    count = sum(int(table[flag].sum()) for flag in over)
    if count:
        notes.append(Note("parts_over_range", n=count))
    units = {k: v for k, v in table.attrs.get("units", {}).items() if k in table}
    return {
        "composition": parts.attrs,
        "units": units | dict.fromkeys(names, "1"),
        "notes": [*table.attrs.get("notes", ()), *notes],
        "imputed_share": {**table.attrs.get("imputed_share", {}), **shares},
    }


def _table_ratios(
    table: pd.DataFrame,
    plan: Callable[[Parts], Plan],
    columns: Iterable[str] | None,
    missing: str,
) -> pd.DataFrame:
    parts = table_parts(table, columns)
    what = plan(parts)
    values = numbers_of(table, parts.columns)
    found, fine = log_ratios(values, shifts=parts.shifts, matrix=what.matrix)
    lost = 0
    if not fine:
        lost = refuse(values, parts.columns, table.index, missing, found)
    result = with_columns(table, parts.columns, what.names, found)
    result.attrs |= account(table, parts, what.names, lost)
    result.attrs["composition"] |= what.said
    return result
