"""Tables of samples: places, analytes with units, values below detection."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ._analytes import Reading, read_analytes
from ._features import existing
from ._identity import settle_identity
from ._points import Places, as_frame, find_columns, read_places
from ._problems import DataProblems, Problem
from ._tables import DELIMITED, WORKBOOKS, read_table
from ._values import find_decimal
from ._vectors import read_vector, settle_coordinates, settle_crs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ._tables import ReadHeader

logger = logging.getLogger(__name__)


class Source(NamedTuple):
    """A file as read, before its cells are understood."""

    path: Path
    cells: pd.DataFrame
    rows: Sequence[int]
    decimal: str
    notes: list[str]
    dropped: dict[str, int]
    typed: bool


def read_samples(
    path: str | Path,
    *,
    crs: Any = None,  # noqa: ANN401
    x: str | None = None,
    y: str | None = None,
    layer: str | None = None,
    encoding: str | None = None,
    sample_id: str | Sequence[str] | bool | None = None,
    negative: str = "censored",
) -> gpd.GeoDataFrame:
    r"""
    Samples of a table or a point layer, with units and limits of detection.

    Parameters
    ----------
    path : path
        CSV, TSV, TXT, Excel (.xlsx), GeoPackage, shapefile, GeoJSON or (Geo)Parquet.
    crs : any CRS input, optional
        Needed where the file declares none; see `resolve_crs`.
    x, y : str, optional
        Columns with the east (longitude) and north (latitude) coordinate, where their
        names do not tell. For a point layer they take the place of its geometry; `crs`
        must then be stated.
    layer : str, optional
        Layer of the file or sheet of the workbook, where it has several.
    encoding : str, optional
        Encoding of the text, where it cannot be told.
    sample_id : str, sequence of str or False, optional
        Column that names the samples, or several that do so together; False numbers
        the rows. Recognised by name if left out, numbered if there is none.
    negative : {"censored", "error", "keep"}, default "censored"
        What a negative content is: a value below the limit of its size, a mistake, or
        a number. Codes such as -9999 are missing values in any case.

    Returns
    -------
    GeoDataFrame
        Points with CRS, index 0 to n - 1, unique ``sample_id`` (str) first. Analytes
        are called by symbol and unit, ``Cu_ppm``, ``Au_ppb``, ``SiO2_pct``; other
        columns keep their names. Where an analyte has values below detection, the
        boolean column ``Cu_ppm_censored`` marks them and ``Cu_ppm`` holds the limit
        (NaN where no limit is told); ``Cu_ppm_over_range`` likewise for ``>1000``.
        In ``attrs``: ``columns`` (original header of each), ``units``; counts of cells
        by column ``censored``, ``censored_without_limit``, ``over_range``, ``missing``
        (codes such as -9999) and ``zero``; ``dropped`` (rows left out by reason),
        ``notes`` (what was assumed, in words), ``source``.

    Raises
    ------
    DataProblems
        All at once: cells that are not numbers, rows without coordinates, ids that
        stand for different rows, two columns of one analyte, an unknown or
        contradicted CRS, coordinates that do not fit it.
    ValueError
        If an argument is not one of those allowed or names no column.
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    read_features : Vector layers of any geometry.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "soil.csv"
    >>> _ = path.write_text(
    ...     "样号,经度,纬度,Cu(μg/g)\nS1,118.5,34,<0.5\nS2,118.6,34,9\n"
    ... )
    >>> samples = read_samples(path, crs="EPSG:4490")
    >>> print(samples.drop(columns="geometry"))
      sample_id   经度  纬度  Cu_ppm  Cu_ppm_censored
    0        S1  118.5  34.0     0.5             True
    1        S2  118.6  34.0     9.0            False
    """
    if negative not in {"censored", "error", "keep"}:
        raise ValueError(
            f"negative must be 'censored', 'error' or 'keep'; got {negative!r}"
        )
    source = load_source(existing(path), layer, encoding)
    places, settled, problems = _place(source, crs, x, y)
    how = Reading(str(source.path), source.rows, source.decimal, negative, source.typed)
    table = source.cells.drop(columns=[*places.columns, "geometry"], errors="ignore")
    identity = settle_identity(table, places, source.path, source.rows, sample_id)
    found = read_analytes(table.drop(columns=identity.used), how)
    problems += [*places.problems, *identity.problems, *found.problems]
    if problems:
        raise DataProblems(problems)
    columns = {"sample_id": identity.ids, **_coordinates(source, places)}
    columns |= found.columns
    frame = as_frame(pd.DataFrame(columns), places, settled)[identity.keep]
    frame = frame.reset_index(drop=True)
    notes = [*source.notes, *identity.notes, *found.notes]
    settle_coordinates(frame, source.path, notes)
    notes += _shared_places(frame)
    frame.attrs = {
        "columns": identity.named | found.names,
        "units": found.units,
        **found.counts,
        "dropped": source.dropped | identity.dropped,
        "notes": notes,
        "source": source.path.name,
    }
    for note in notes:
        logger.info("%s: %s", source.path.name, note)
    return frame


def load_source(
    path: Path,
    layer: str | None,
    encoding: str | None,
    *,
    header: ReadHeader | None = None,
) -> Source:
    """Cells of a table or a layer, with the rows they came from."""
    if path.suffix.lower() in DELIMITED | WORKBOOKS:
        table = read_table(path, layer=layer, encoding=encoding, header=header)
        cells = table.cells
        decimal = find_decimal([cells[c] for c in cells], delimiter=table.delimiter)
        if decimal in {"comma", "mixed"}:
            table.notes.append("numbers with decimal commas")
        rows, notes, dropped = table.rows, table.notes, table.dropped
        return Source(path, cells, rows, decimal, notes, dropped, typed=False)
    notes = []
    cells = read_vector(path, notes, layer=layer, encoding=encoding)
    if isinstance(cells, gpd.GeoDataFrame):
        cells = cells.set_geometry(cells.geometry.rename("geometry"))
    cells = cells.reset_index(drop=True)
    texts = [
        cells[name].astype("str")
        for name in cells
        if name != "geometry" and pd.api.types.is_string_dtype(cells[name])
    ]
    decimal = find_decimal(texts, delimiter=None)
    rows = range(1, len(cells) + 1)
    return Source(path, cells, rows, decimal, notes, {}, typed=True)


def _place(
    source: Source,
    crs: Any,  # noqa: ANN401
    x: str | None,
    y: str | None,
) -> tuple[Places, Any, list[Problem]]:
    """Places of the rows, their coordinate system, and problems with the latter."""
    problems: list[Problem] = []
    declared = None
    if isinstance(source.cells, gpd.GeoDataFrame) and x is None and y is None:
        places = _from_geometry(source)
        declared = source.cells.crs
    else:
        names = [name for name in source.cells if name != "geometry"]
        columns = find_columns(names, source.path, x=x, y=y, crs=crs)
        places = read_places(
            source.cells,
            source.rows,
            source.path,
            decimal=source.decimal,
            columns=columns,
        )
    try:
        settled = settle_crs(declared, crs, source.path)
    except DataProblems as error:
        settled = None
        problems += error.problems
    return places, settled, problems


def _from_geometry(source: Source) -> Places:
    """Points of a layer; multipoints of one point become points."""
    shapes = source.cells.geometry.to_numpy().copy()
    single = (shapely.get_type_id(shapes) == 4) & (
        shapely.get_num_geometries(shapes) == 1
    )
    shapes[single] = shapely.get_geometry(shapes[single], 0)
    gone = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    other = ~gone & (shapely.get_type_id(shapes) != 0)
    problems = [
        Problem(
            "the row has no place",
            "give it a point, or remove the row",
            str(source.path),
            row=source.rows[i],
        )
        for i in np.flatnonzero(gone)
    ]
    if other.any():
        first = int(np.flatnonzero(other)[0])
        what = f"{int(other.sum())} of {len(shapes)} geometries are not points"
        remedy = "samples are points; read other layers with survey.read_features"
        where = {"row": source.rows[first], "value": shapes[first].geom_type}
        problems.append(Problem(what, remedy, str(source.path), **where))
    return Places(shapes, (), problems)


def _coordinates(source: Source, places: Places) -> dict[str, pd.Series]:
    """Coordinate columns as numbers, kept as they were named."""
    if len(places.columns) != 2:
        return {}
    values = shapely.get_x(places.geometry), shapely.get_y(places.geometry)
    index = source.cells.index
    return {
        name: pd.Series(value, index=index)
        for name, value in zip(places.columns, values, strict=True)
    }


def _shared_places(frame: gpd.GeoDataFrame) -> list[str]:
    count = int(frame.geometry.to_wkb().duplicated(keep=False).sum())
    return [f"{count} samples share their place with another one"] if count else []
