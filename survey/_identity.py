"""Names of samples: found, made, and held to be unique."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely

from ._checks import check_columns
from ._headers import even_header, load_words
from ._problems import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ._points import Places

_SHOWN = 10
_REMEDY = (
    "give each sample its own id; or state sample_id= another column, several columns "
    "that tell them apart together, or False to number the rows"
)


class Identity(NamedTuple):
    """Ids of the rows, the rows to keep, and the column the ids came from."""

    ids: pd.Series
    keep: NDArray[np.bool_]
    named: dict[str, str]
    used: list[str]
    notes: list[str]
    dropped: dict[str, int]
    problems: list[Problem]


def settle_identity(
    table: pd.DataFrame,
    places: Places,
    path: Path,
    rows: Sequence[int],
    stated: str | Sequence[str] | bool | None,
) -> Identity:
    """
    Ids of the samples of a table.

    Parameters
    ----------
    table : DataFrame
        Columns without coordinates.
    places : Places
        Where the rows are.
    path : Path
        The file, for messages.
    rows : sequence of int
        Row numbers, for messages.
    stated : str, sequence of str, False or None
        As `sample_id` of `read_samples`.

    Returns
    -------
    Identity
        Rows that repeat another one in every cell are not kept; a problem for each id
        that stands for different rows.
    """
    notes: list[str] = []
    columns = _columns(table, path, stated, notes)
    if not columns:
        ids = pd.Series([str(row) for row in rows], index=table.index, dtype="str")
        notes.append("no column names the samples: they are numbered by row")
        keep = np.ones(len(table), bool)
        used = ["sample_id"] if "sample_id" in table else []
        return Identity(ids, keep, {}, used, notes, {}, [])
    ids = _ids(table, columns, rows, notes)
    # rows named by their number have no id of their own: they may repeat another row
    twice = (ids.duplicated(keep=False) | ids.str.startswith("row-")).to_numpy()
    place = shapely.to_wkb(places.geometry[twice], hex=True)
    same = table[twice].assign(_place=place).astype("str")
    keep = np.ones(len(table), bool)
    keep[twice] = ~same.duplicated().to_numpy()
    dropped = {}
    if not keep.all():
        dropped["identical rows"] = int((~keep).sum())
        notes.append(f"{int((~keep).sum())} rows repeat another one in every cell")
    problems = _repeated(ids, same, keep, rows, path)
    named = {"sample_id": " + ".join(columns)}
    used = columns if len(columns) == 1 else []
    return Identity(ids, keep, named, used, notes, dropped, problems)


def _columns(
    table: pd.DataFrame,
    path: Path,
    stated: str | Sequence[str] | bool | None,
    notes: list[str],
) -> list[str]:
    """Columns that name the samples, none to number them."""
    if stated is False:
        return []
    if stated is not None and stated is not True:
        columns = [stated] if isinstance(stated, str) else list(stated)
        check_columns(table, columns, where=str(path))
        return columns
    plain = {even_header(name).lower(): str(name) for name in table.columns[::-1]}
    for word in load_words("words")["identity"]["sample"]:
        name = plain.get(word)
        if name is None:
            continue
        distinct = table[name].nunique()
        if distinct >= 0.5 * len(table):
            return [name]
        notes.append(
            f"column '{name}' has {distinct} different values in {len(table)} rows: "
            "not taken as the id"
        )
    return []


def _ids(
    table: pd.DataFrame, columns: list[str], rows: Sequence[int], notes: list[str]
) -> pd.Series:
    """Ids as text; rows without one are named by their number."""
    parts = [_as_text(table[name]) for name in columns]
    ids = parts[0]
    for part in parts[1:]:
        ids = ids + "-" + part
    blank = (ids.str.strip("- ") == "").to_numpy()
    if blank.any():
        made = pd.Series([f"row-{row}" for row in rows], index=table.index, dtype="str")
        notes.append(f"{int(blank.sum())} samples have no id and are named by row")
        ids = ids.mask(blank, made)
    return ids


def _as_text(column: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(column):
        whole = column.dropna()
        if (whole == whole.round()).all():
            column = column.astype("Int64")
    return column.astype("str").str.strip().fillna("").replace({"<NA>": "", "nan": ""})


def _repeated(
    ids: pd.Series,
    same: pd.DataFrame,
    keep: NDArray[np.bool_],
    rows: Sequence[int],
    path: Path,
) -> list[Problem]:
    """One problem for each id that different rows have."""
    kept = ids[keep]
    problems = []
    for value, places in kept[kept.duplicated(keep=False)].groupby(kept, sort=False):
        at = [ids.index.get_loc(label) for label in places.index]
        one, two = same.loc[places.index[0]], same.loc[places.index[1]]
        other = next(name for name in same.columns if one[name] != two[name])
        where = "their places" if other == "_place" else f"column '{other}'"
        told = ", ".join(str(rows[i]) for i in at[:_SHOWN])
        told += " …" if len(at) > _SHOWN else ""
        what = f"the id stands for different rows ({told}); they differ in {where}"
        problems.append(
            Problem(what, _REMEDY, str(path), row=rows[at[0]], value=str(value))
        )
    return problems
