"""Places in tables: which columns hold coordinates, and their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ._checks import check_columns
from ._crs import resolve_crs
from ._headers import even_header, load_words
from ._problems import DataProblems, Problem
from ._values import BAD, MISSING, read_angles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_REMEDY = "write a number such as 118.5 or 512345.6"


class Places(NamedTuple):
    """Where the rows of a table are: geometries, and the columns they came from."""

    geometry: NDArray[np.object_]
    columns: tuple[str, ...]
    problems: list[Problem]


def read_places(
    cells: pd.DataFrame,
    rows: Sequence[int],
    path: Path,
    *,
    decimal: str,
    columns: tuple[str, ...],
) -> Places:
    """
    Points or segments from two or four columns of a table.

    Parameters
    ----------
    cells : DataFrame of str
        The table.
    rows : sequence of int
        Row numbers, for messages.
    path : Path
        The file, for messages.
    decimal : str
        From `find_decimal`.
    columns : tuple of str
        (x, y) for points, (x0, y0, x1, y1) for straight segments, or one column of
        well-known text.

    Returns
    -------
    Places
        A problem for every cell that is not a coordinate.
    """
    check_columns(cells, columns, where=str(path))
    if len(columns) == 1:
        return _read_text(cells[columns[0]], rows, path)
    problems: list[Problem] = []
    values = []
    for name in columns:
        column = cells[name].astype("str") if _is_text(cells[name]) else cells[name]
        value, bad = _coordinate(column, decimal)
        values.append(value)
        problems += _bad_cells(cells[name], bad, rows, path)
    table = np.column_stack(values)
    if len(columns) == 2:
        geometry = np.full(len(table), None, dtype=object)
        known = np.isfinite(table).all(axis=1)
        geometry[known] = shapely.points(table[known])
        return Places(geometry, columns, problems)
    ends = table.reshape(-1, 2, 2)
    known = np.isfinite(table).all(axis=1)
    geometry = np.full(len(table), None, dtype=object)
    geometry[known] = shapely.linestrings(ends[known])
    return Places(geometry, columns, problems)


def find_columns(
    names: Sequence[str],
    path: Path,
    *,
    x: str | None,
    y: str | None,
    crs: Any,  # noqa: ANN401
) -> tuple[str, ...]:
    """
    Columns that hold the coordinates of a table.

    Parameters
    ----------
    names : sequence of str
        Columns of the table.
    path : Path
        The file, for messages.
    x, y : str or None
        Columns stated by the caller.
    crs : any CRS input or None
        Decides between degrees and plane coordinates where a table has both.

    Returns
    -------
    tuple of str
        (x, y), or the name of a column of well-known text.

    Raises
    ------
    DataProblems
        If they cannot be told from the names; all columns are listed.
    """
    if (x is None) != (y is None):
        raise ValueError(f"state both x= and y=, or neither; got x={x!r}, y={y!r}")
    if x is not None and y is not None:
        return (x, y)
    plain = {even_header(name).lower().replace(" ", ""): name for name in names}
    found = _pairs(plain, crs)
    if len(found) == 1:
        return found[0]
    words = load_words("words")["identity"]["geometry"]
    texts = [plain[word] for word in words if word in plain]
    if not found and len(texts) == 1:
        return (texts[0],)
    if found:
        told = "; ".join(f"{one} and {two}" for one, two in found)
        what = f"several pairs of coordinate columns: {told}"
    else:
        what = "no coordinate columns are recognised"
    remedy = (
        "state x= (east, longitude) and y= (north, latitude), or for straight lines "
        f"read_features(segment=), from the columns: {', '.join(map(str, names))}"
    )
    raise DataProblems([Problem(what, remedy, str(path))])


def _pairs(plain: dict[str, str], crs: Any) -> list[tuple[str, str]]:  # noqa: ANN401
    """Pairs of columns that are named like coordinates and suit the CRS."""
    known = load_words("words")["coordinates"]
    by_kind = {
        kind: [(plain[e], plain[n]) for e, n in pairs if e in plain and n in plain]
        for kind, pairs in known.items()
    }
    degrees, plane = by_kind["degrees"], by_kind["plane"]
    if degrees and plane and crs is not None:
        return degrees if resolve_crs(crs).is_geographic else plane
    if degrees or plane:
        return degrees + plane
    return by_kind["either"]


def _is_text(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column)


def _coordinate(column: pd.Series, decimal: str) -> tuple[NDArray, NDArray]:
    if not _is_text(column):
        value = column.to_numpy(dtype=float, na_value=np.nan)
        return value, np.where(np.isfinite(value), 0, MISSING)
    numbers = read_angles(column, decimal=decimal)
    return numbers.value, numbers.state


def _bad_cells(
    column: pd.Series, state: NDArray, rows: Sequence[int], path: Path
) -> list[Problem]:
    found = []
    for at in np.flatnonzero((state == BAD) | (state == MISSING)):
        text = column.iloc[at]
        missing = state[at] == MISSING
        found.append(
            Problem(
                "a coordinate is missing" if missing else "not a coordinate",
                _REMEDY if not missing else "fill it in, or remove the row",
                str(path),
                row=rows[at],
                column=str(column.name),
                value="" if pd.isna(text) else str(text),
            )
        )
    return found


def _read_text(column: pd.Series, rows: Sequence[int], path: Path) -> Places:
    """Geometries from well-known text."""
    text = column.astype("str").str.strip().to_numpy(dtype=object)
    blank = np.array([not each or pd.isna(each) for each in text], dtype=bool)
    text[blank] = None
    geometry = shapely.from_wkt(text, on_invalid="ignore")
    problems = [
        Problem(
            "not a geometry",
            "write well-known text such as POINT (118.5 -34.2)",
            str(path),
            row=rows[at],
            column=str(column.name),
            value="" if blank[at] else str(text[at])[:60],
        )
        for at in np.flatnonzero(pd.isna(geometry))
    ]
    return Places(geometry, (str(column.name),), problems)


def as_frame(cells: pd.DataFrame, places: Places, crs: Any) -> gpd.GeoDataFrame:  # noqa: ANN401
    """Table with its places as geometry."""
    return gpd.GeoDataFrame(cells, geometry=places.geometry, crs=crs)
