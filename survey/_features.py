"""Vector features in and out of files."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from ._atomic import atomic_path, write_text
from ._points import as_frame, find_columns, read_places
from ._problems import DataProblems, Problem
from ._tables import DELIMITED, WORKBOOKS, read_table
from ._values import find_decimal, plain_column
from ._vectors import read_vector, settle_coordinates, settle_crs

if TYPE_CHECKING:
    from numpy.typing import NDArray

# When a GeoPackage is said to have been changed: fixed, so that equal input gives equal
# bytes.
STAMP = "2000-01-01T00:00:00.000Z"
_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
  f_table_catalog TEXT(256), f_table_schema TEXT(256), f_table_name TEXT(256),
  f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME
)
"""

logger = logging.getLogger(__name__)


def read_features(
    path: str | Path,
    *,
    crs: Any = None,  # noqa: ANN401
    layer: str | None = None,
    encoding: str | None = None,
    where: str | None = None,
    x: str | None = None,
    y: str | None = None,
    segment: tuple[str, str, str, str] | None = None,
) -> gpd.GeoDataFrame:
    r"""
    Vector features of a file, of any geometry.

    Parameters
    ----------
    path : path
        GeoPackage, shapefile (also without its .dbf), GeoJSON, GeoParquet and whatever
        else GDAL reads; or a table (CSV, TXT, Excel) with coordinates.
    crs : any CRS input, optional
        Needed where the file declares none; see `resolve_crs`.
    layer : str, optional
        Layer of the file or sheet of the workbook, where it has several.
    encoding : str, optional
        Encoding of the text, where it cannot be told.
    where : str, optional
        Rows to keep, in pandas query syntax: ``"Status == 'mine' and Au_t > 1"``.
    x, y : str, optional
        Columns of a table with the east and north coordinates of points.
    segment : tuple of str, optional
        Columns ``(x0, y0, x1, y1)`` of a table with straight segments.

    Returns
    -------
    GeoDataFrame
        CRS set, index 0 to n - 1. ``attrs["notes"]`` says in words what was repaired
        or assumed, ``attrs["dropped"]`` counts the rows left out by reason.

    Raises
    ------
    DataProblems
        If no CRS is known or two contradict each other, cells are not coordinates,
        the file is damaged or coordinates do not fit their CRS.
    ValueError
        If `where` is not a query on the columns, or keeps nothing.
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    read_samples : Tables of assays, with units and limits of detection.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "faults.csv"
    >>> _ = path.write_text("x0,y0,x1,y1\n500000,4400000,503000,4404000\n")
    >>> faults = read_features(path, crs="EPSG:32650", segment=("x0", "y0", "x1", "y1"))
    >>> float(faults.length[0])
    5000.0
    """
    path = existing(path)
    notes: list[str] = []
    dropped: dict[str, int] = {}
    if path.suffix.lower() in DELIMITED | WORKBOOKS:
        places = segment or (x, y)
        frame = _from_table(path, (crs, layer, encoding), places, notes, dropped)
    else:
        frame = _from_vector(path, (crs, layer, encoding), notes)
        if segment or x or y:
            raise ValueError(f"{path}: x=, y= and segment= are for tables")
    frame = _whole(frame, notes, dropped)
    if where:
        frame = _filter(frame, where, path, dropped)
    settle_coordinates(frame, path, notes)
    frame = frame.reset_index(drop=True)
    frame.attrs = {"notes": notes, "dropped": dropped, "source": path.name}
    for note in notes:
        logger.info("%s: %s", path.name, note)
    return frame


def existing(path: str | Path) -> Path:
    """Path of a file that is there."""
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}")
    return path


def _from_vector(
    path: Path, how: tuple[Any, str | None, str | None], notes: list[str]
) -> gpd.GeoDataFrame:
    crs, layer, encoding = how
    frame = read_vector(path, notes, layer=layer, encoding=encoding)
    if not isinstance(frame, gpd.GeoDataFrame):
        remedy = "give a layer with geometry, or save the table as CSV and state x=, y="
        raise DataProblems([Problem("there is no geometry", remedy, str(path), layer)])
    settled = settle_crs(frame.crs, crs, path)
    return frame.set_crs(settled, allow_override=True)


def _from_table(
    path: Path,
    how: tuple[Any, str | None, str | None],
    columns: tuple[str | None, ...],
    notes: list[str],
    dropped: dict[str, int],
) -> gpd.GeoDataFrame:
    crs, layer, encoding = how
    table = read_table(path, layer=layer, encoding=encoding)
    notes += table.notes
    dropped |= table.dropped
    names = list(table.cells.columns)
    if len(columns) == 2:
        columns = find_columns(names, path, x=columns[0], y=columns[1], crs=crs)
    cells = table.cells
    decimal = find_decimal([cells[c] for c in cells], delimiter=table.delimiter)
    places = read_places(cells, table.rows, path, decimal=decimal, columns=columns)
    if places.problems:
        raise DataProblems(places.problems)
    settled = settle_crs(None, crs, path)
    plain = {name: plain_column(cells[name], decimal=decimal) for name in names}
    text = list(columns) if len(columns) == 1 else []
    typed = pd.DataFrame(plain).drop(columns=text)
    return as_frame(typed.rename(columns={"geometry": "geometry_"}), places, settled)


def _whole(
    frame: gpd.GeoDataFrame, notes: list[str], dropped: dict[str, int]
) -> gpd.GeoDataFrame:
    """Repair invalid polygons, leave out empty geometries; count both."""
    frame = frame.set_geometry(frame.geometry.rename("geometry"))
    shapes = frame.geometry.to_numpy()
    broken = ~(shapely.is_valid(shapes) | shapely.is_missing(shapes))
    areal = shapely.get_dimensions(shapes) == 2
    if (broken & areal).any():
        frame = frame.set_geometry(_mended(shapes, broken & areal), crs=frame.crs)
        notes.append(f"{int((broken & areal).sum())} invalid polygons repaired")
    if (broken & ~areal).any():
        notes.append(f"{int((broken & ~areal).sum())} lines of no length kept")
    shapes = frame.geometry.to_numpy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if empty.any():
        dropped["empty geometries"] = int(empty.sum())
        notes.append(f"{int(empty.sum())} empty geometries dropped")
    return frame[~empty]


def _mended(shapes: NDArray, broken: NDArray[np.bool_]) -> NDArray:
    """Valid shapes of the same dimension."""
    shapes = shapes.copy()
    shapes[broken] = shapely.make_valid(
        shapes[broken], method="structure", keep_collapsed=False
    )
    return shapes


_QUERY_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NameError,
    NotImplementedError,
    SyntaxError,
    TypeError,
    ValueError,
)


def _filter(
    frame: gpd.GeoDataFrame, where: str, path: Path, dropped: dict[str, int]
) -> gpd.GeoDataFrame:
    table = pd.DataFrame(frame.drop(columns="geometry"))
    said = f"{path}: where={where!r}"
    names = ", ".join(map(str, table.columns)) or "none"
    try:
        keep = table.eval(where, engine="python")
    except _QUERY_ERRORS as error:
        message = str(error).strip().splitlines()[0] if str(error).strip() else "error"
        raise ValueError(
            f"{said} is not a query on this table ({message}). Write it like "
            f"\"Type == 'mine'\"; the columns are: {names}."
        ) from None
    if not isinstance(keep, pd.Series) or not _is_yes_no(keep):
        raise ValueError(
            f"{said} does not say yes or no for each row. Write a comparison such as "
            f"\"Type == 'mine'\"; the columns are: {names}."
        )
    keep = keep.fillna(False).astype(bool).to_numpy()
    if not keep.any():
        raise ValueError(
            f"{said} keeps none of {len(table)} rows. Check spelling and case of the "
            f"values; the columns are: {names}."
        )
    if not keep.all():
        dropped["rows not selected by where"] = int((~keep).sum())
    return frame[keep]


def _is_yes_no(keep: pd.Series) -> bool:
    return bool(
        keep.dropna().map(lambda value: isinstance(value, bool | np.bool_)).all()
    )


def save_features(
    features: gpd.GeoDataFrame,
    path: str | Path,
    *,
    layer: str | None = None,
    style: str | None = None,
) -> Path:
    """
    Write features to a file, whole or not at all.

    Equal features give equal bytes.

    Parameters
    ----------
    features : GeoDataFrame
        CRS set. The index is not written.
    path : path
        Ends in .gpkg, .geojson or .parquet (GeoParquet). An existing file is replaced.
    layer : str, optional
        Name of the layer of a GeoPackage; the name of the file if left out.
    style : str, optional
        Style as QGIS writes it (QML). Stored in the GeoPackage as the default style of
        the layer, beside other formats as a .qml file, so that QGIS opens it styled.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ValueError
        If the ending is another one, the CRS is missing or two columns differ in case
        only (GeoPackage).

    References
    ----------
    OGC 12-128r19, GeoPackage Encoding Standard 1.4.

    Examples
    --------
    >>> import tempfile
    >>> place = gpd.points_from_xy([118.5], [-34.2], crs="EPSG:7844")
    >>> points = gpd.GeoDataFrame({"rank": [1]}, geometry=place)
    >>> path = save_features(points, Path(tempfile.mkdtemp()) / "targets.gpkg")
    >>> read_features(path)["rank"].tolist()
    [1]
    """
    path = Path(path)
    writers = {
        ".gpkg": _write_geopackage,
        ".geojson": _write_geojson,
        ".parquet": _write_parquet,
        ".geoparquet": _write_parquet,
    }
    write = writers.get(path.suffix.lower())
    if write is None:
        endings = ", ".join(writers)
        raise ValueError(f"features are written to {endings}, not to '{path.name}'")
    if features.crs is None:
        raise ValueError(
            f"{path}: the features have no CRS. Set it with .set_crs before saving."
        )
    with atomic_path(path) as part:
        write(features, part, layer or path.stem, style)
    if style and path.suffix.lower() != ".gpkg":
        write_text(path.with_suffix(".qml"), style)
    return path


def _write_geopackage(
    features: gpd.GeoDataFrame, part: Path, layer: str, style: str | None
) -> None:
    names = [str(name).lower() for name in features.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"columns {twice} repeat: a GeoPackage does not tell upper from lower "
            "case. Rename them."
        )
    _write_with_gdal(features, part, driver="GPKG", layer=layer)
    with contextlib.closing(sqlite3.connect(part)) as base, base:
        if style is not None:
            _store_style(base, layer, style)
        base.execute("UPDATE gpkg_contents SET last_change = ?", [STAMP])
    _settle_counter(part)


def _settle_counter(part: Path) -> None:
    """
    Set SQLite's count of changes: GDAL needs one more when a millisecond passes.

    It stands twice in the header, at bytes 24 and 92 (sqlite.org/fileformat.html).
    """
    with part.open("r+b") as file:
        for place in (24, 92):
            file.seek(place)
            file.write((1).to_bytes(4, "big"))


def _store_style(base: sqlite3.Connection, layer: str, style: str) -> None:
    """Add a style as QGIS looks for it."""
    (column,) = base.execute(
        "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", [layer]
    ).fetchone()
    base.execute(_STYLES)
    base.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, "
        "last_change, srs_id) VALUES (?, ?, ?, ?, ?, ?)",
        ["layer_styles", "attributes", "layer_styles", "", STAMP, 0],
    )
    base.execute(
        "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, "
        "f_geometry_column, styleName, styleQML, styleSLD, useAsDefault, description, "
        "owner, ui, update_time) VALUES ('', '', ?, ?, ?, ?, '', 1, '', '', NULL, ?)",
        [layer, column, layer[:30], style, STAMP],
    )


def _write_geojson(
    features: gpd.GeoDataFrame, part: Path, layer: str, style: str | None
) -> None:
    del style
    _write_with_gdal(features, part, driver="GeoJSON", layer=layer)


def _write_parquet(
    features: gpd.GeoDataFrame, part: Path, layer: str, style: str | None
) -> None:
    del layer, style
    features.to_parquet(part, index=False)


def _write_with_gdal(
    features: gpd.GeoDataFrame, part: Path, *, driver: str, layer: str
) -> None:
    kinds = set(features.geom_type.dropna())
    mixed = any(f"Multi{kind}" in kinds for kind in kinds)
    pyogrio.write_dataframe(
        features.reset_index(drop=True),
        part,
        driver=driver,
        layer=layer,
        promote_to_multi=mixed or None,
    )
