"""The basin on the map, not the dot: values painted on the own area of each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from affine import Affine

from survey import check_columns

from ..._note import Note
from ...evidence._frame import lazy_grid, placed, upright_frame

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr
    from odc.geo.geobox import GeoBox

UNITS = {"ppm": "ppm", "ppb": "ppb", "ppt": "ppt", "pct": "%"}


def catchment_grid(
    catchments: gpd.GeoDataFrame, column: str, *, like: GeoBox | xr.DataArray
) -> xr.DataArray:
    """
    Grid that shows the value of each sample on the ground it speaks for.

    Parameters
    ----------
    catchments : GeoDataFrame
        Table of `delineate_catchments` joined with values, or a part of it.
    column : str
        Numbers to paint.
    like : GeoBox or DataArray
        Pixel grid, upright, in any CRS.

    Returns
    -------
    DataArray, dims ("y", "x")
        float32, lazy. A cell takes the value of the smallest catchment that holds its
        centre, so that nested samples each paint their own area; NaN outside all
        catchments and where the sample of the own area has no value. Samples of one
        outlet paint their mean, which ``attrs["notes"]`` counts.
        ``attrs["censored_share"]`` and ``attrs["imputed_share"]`` are the shares of
        the painted samples that are flagged so in the columns of the analyte.

    Raises
    ------
    ValueError
        If the column is not there or not numeric, no catchment has a shape, or the
        grid is rotated.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from survey import make_geobox
    >>> shapes = [shapely.box(0, 0, 300, 300), shapely.box(0, 100, 200, 300)]
    >>> values = {"outlet_cell": [1, 2], "Cu_ppm": [20.0, 80.0]}
    >>> basins = gpd.GeoDataFrame(values, geometry=shapes, crs="EPSG:32650")
    >>> like = make_geobox((0, 400, 0, 300), crs="EPSG:32650", resolution=100)
    >>> catchment_grid(basins, "Cu_ppm", like=like).to_numpy()
    array([[80., 80., 20., nan],
           [80., 80., 20., nan],
           [20., 20., 20., nan]], dtype=float32)
    """
    check_columns(catchments, [column, "outlet_cell"], where="catchments")
    geobox = upright_frame(like)
    there = placed(catchments, geobox)
    if there[column].dtype.kind not in "fiub":
        raise ValueError(
            f"column {column!r} holds {there[column].dtype}, not numbers: there is "
            "nothing to paint"
        )
    first, values, shared = _one_per_outlet(there, column)
    shapes = there.geometry.to_numpy()[first]
    order = np.argsort(-shapely.area(shapes), kind="stable")
    attrs = {
        "kind": "continuous",
        "long_name": column,
        "units": _units(catchments, column),
        **_shares(there, column),
    }
    if shared:
        attrs["notes"] = [Note("catchments_shared", n=shared)]
    tree = shapely.STRtree(shapes[order])
    return lazy_grid(
        lambda window: _paint(window, tree, values[order], geobox),
        like=like,
        name=column,
        attrs=attrs,
    )


def _one_per_outlet(
    table: gpd.GeoDataFrame, column: str
) -> tuple[np.ndarray, np.ndarray, int]:
    """Row and mean value of each outlet, and how many samples share one."""
    cell = table["outlet_cell"].to_numpy("float64", na_value=np.nan)
    _, first, node = np.unique(cell, return_index=True, return_inverse=True)
    value = table[column].to_numpy("float64", na_value=np.nan)
    known = np.isfinite(value)
    total = np.bincount(node[known], value[known], len(first))
    count = np.bincount(node[known], minlength=len(first))
    with np.errstate(invalid="ignore"):
        mean = np.where(count > 0, total / count, np.nan)
    rows = np.bincount(node)
    return first, mean, int(rows[rows > 1].sum())


def _paint(
    window: tuple[int, int, int, int],
    tree: shapely.STRtree,
    values: np.ndarray,
    geobox: GeoBox,
) -> np.ndarray:
    """Block of the grid: catchments from the largest to the smallest."""
    from rasterio.features import rasterize

    row0, row1, column0, column1 = window
    shape = (row1 - row0, column1 - column0)
    here = geobox.affine @ Affine.translation(column0, row0)
    west, north = here.c, here.f
    east, south = west + here.a * shape[1], north + here.e * shape[0]
    met = np.sort(tree.query(shapely.box(west, south, east, north)))
    block = np.full(shape, np.nan, dtype="float32")
    if met.size:
        pairs = zip(tree.geometries[met], values[met], strict=True)
        rasterize(pairs, out=block, transform=here)
    return block


def _base(table: pd.DataFrame, column: str) -> str:
    """Analyte that a column was made from: the longest one with flags, or itself."""
    names = [
        str(name).rpartition("_")[0]
        for name in table.columns
        if str(name).endswith(("_censored", "_imputed"))
    ]
    fitting = [name for name in names if name and column.startswith(name)]
    return max(fitting, key=len, default=column)


def _shares(table: pd.DataFrame, column: str) -> dict[str, float]:
    base = _base(table, column)
    used = table[table[column].notna()]
    shares = {}
    for flag in ("censored", "imputed"):
        name = f"{base}_{flag}"
        flagged = used[name].fillna(False).astype(bool) if name in used else None
        known = flagged is not None and len(flagged)
        shares[f"{flag}_share"] = float(flagged.mean()) if known else 0.0
    return shares


def _units(table: pd.DataFrame, column: str) -> Any:  # noqa: ANN401
    stated = (table.attrs.get("units") or {}).get(column)
    if stated:
        return stated
    if column.endswith("_log_residual"):
        return "lg"
    parts = column.split("_")
    return next((UNITS[part] for part in parts[1:] if part in UNITS), "")
