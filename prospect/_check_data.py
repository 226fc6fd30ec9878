"""What is wrong with the files a district names: one look a kind of source."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from survey import Problem, check_coordinates, geobox_of, open_grid

from ._note import Note
from .job._frame import is_grid, read_table
from .job._training import read_deposits

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    import pandas as pd
    import xarray as xr
    from odc.geo.geobox import GeoBox

    from ._district import Deposits, District, Evidence, Source

NEEDS = {
    "density_of": ("radius",),
    "interpolated": ("column",),
    "terrain": ("derivative",),
    "index": ("index",),
    "log_ratio": ("column", "columns"),
    "component": ("columns",),
    "outlier_distance": ("columns",),
    "alteration_index": ("index",),
    "background_contrast": ("column",),
    "catchment": ("column", "dem", "snap_distance"),
    "target": ("library", "spectrum"),
    "abundance": ("library", "spectrum"),
    "absorption": ("window",),
    "mineral": ("mineral",),
    "alteration": ("zone",),
}
IMAGERY = {"target", "abundance", "absorption", "mineral", "alteration"}
SPREAD = {
    "interpolated", "log_ratio", "component", "outlier_distance", "alteration_index",
    "background_contrast", "singularity", "spectrum_anomaly", "catchment",
}  # fmt: skip
COSTLY = {
    "component", "outlier_distance", "catchment", "spectrum_anomaly", "target",
    "alteration",
}  # fmt: skip
SAMPLE = 512
SHOWN = 20
HAIR = 1e-6  # of a cell: edges that meet are no overlap


def check_layer(
    district: District, layer: Evidence, geobox: GeoBox | None
) -> Iterator[Problem]:
    """
    Problems of an evidence layer: its file, its place, its treatment.

    Parameters
    ----------
    district : District
        Gives the folder.
    layer : Evidence
        The layer.
    geobox : GeoBox or None
        Grid of the district; without it place and treatment are not looked at.
    """
    found = list(_look_at(district, layer, geobox))
    yield from found
    wrong = any(problem.severity == "error" for problem in found)
    lacks = [key for key in NEEDS.get(layer.treatment, ()) if not getattr(layer, key)]
    if geobox is None or wrong or lacks or layer.treatment in COSTLY:
        return
    from .evidence import build_layer

    # what needs a statistic of the whole layer is left out: nothing is computed here
    changes: dict = {"min_share": 0.0}
    if layer.treatment not in {"interpolated", "categorical"}:
        changes["transform"] = None
    plain = layer.model_copy(update=changes)
    build_layer(plain, folder=district.folder, like=geobox)


def _look_at(
    district: District, layer: Evidence, geobox: GeoBox | None
) -> Iterator[Problem]:
    path = district.path(layer)
    if layer.treatment in IMAGERY or (layer.treatment == "index" and not layer.bands):
        from .evidence._imagery import open_evidence_cube

        cube = open_evidence_cube(layer, path)
        middle = cube.isel(wavelength=cube.sizes["wavelength"] // 2, drop=True)
        yield from _check_grid(middle, geobox)
        return
    if is_grid(path):
        grid = open_grid(path, crs=layer.crs, band=layer.band, nodata=layer.nodata)
        yield from _check_grid(grid, geobox)
        return
    spread = layer.treatment in SPREAD
    table = read_table(district, layer, samples=spread)
    afar = spread or layer.treatment in {"distance_to", "density_of"}
    yield from _suspicious(table, geobox, from_afar=afar)
    headers = table.attrs.get("columns", {})
    for column in dict.fromkeys([layer.column, *(layer.columns or ())]):
        if column and column not in {*table.columns, *headers.values()}:
            remedy = f"choose one of: {', '.join(map(str, table.columns))}"
            yield Problem("no such column", remedy, column=column)


def _check_grid(grid: xr.DataArray, geobox: GeoBox | None) -> Iterator[Problem]:
    import dask

    part = grid if geobox is None else _inside(grid, geobox)
    if part is None:
        yield _apart()
        return
    step = max(1, max(part.shape) // SAMPLE)
    thin = part[step // 2 :: step, step // 2 :: step]
    low, high = dask.compute(thin.min(), thin.max())
    if step > 1 and not low < high:  # few cells may differ: look at them all
        low, high = dask.compute(part.min(), part.max())
    if np.isnan(low):
        what = "the grid has no value in the region: all is nodata"
        yield Problem(what, "check band, nodata and region, or leave the layer out")
    elif low == high:
        what = Note("grid_constant", constant=float(low))
        yield Problem(what, Note("grid_constant_remedy"), severity="warning")


def _inside(grid: xr.DataArray, geobox: GeoBox) -> xr.DataArray | None:
    """Part of a grid that lies in the region; None where they do not meet."""
    box = geobox_of(grid)
    there = geobox.extent if box.crs == geobox.crs else geobox.extent.to_crs(box.crs)
    if not box.extent.intersects(there):
        return None
    west, south, east, north = there.boundingbox.bbox
    corners = [~box.affine * (x, y) for x in (west, east) for y in (south, north)]
    columns, rows = zip(*corners, strict=True)
    top, left = (max(0, math.floor(min(each) + HAIR)) for each in (rows, columns))
    bottom, right = (max(0, math.ceil(max(each) - HAIR)) for each in (rows, columns))
    part = grid[top:bottom, left:right]
    return part if part.size else None


def check_deposits(
    district: District, plan: Deposits, geobox: GeoBox | None
) -> Iterator[Problem]:
    """
    Problems of the known deposits: values, place, number.

    Parameters
    ----------
    district : District
        Gives folder, folds, area of a unit cell.
    plan : Deposits
        Section of the district.
    geobox : GeoBox or None
        Grid of the district; without it the place is not looked at.
    """
    table = read_table(district, plan, samples=False)
    yield from _suspicious(table, None)
    if plan.size and plan.size in table.columns:
        yield from _not_numbers(table[plan.size])
    if geobox is None or len(table) == 0:
        return
    kept = read_deposits(district, geobox)
    outside = kept.attrs["dropped"]["outside"]["count"]
    if outside:
        what = Note("deposits_outside", n=outside, n_read=kept.attrs["n_read"])
        yield Problem(what, Note("deposits_outside_remedy"), severity="warning")
    if len(kept) < district.validation.folds:
        yield Problem(
            f"{len(kept)} deposits are left in the region, fewer than the "
            f"{district.validation.folds} folds of the validation",
            "check region, filter and CRS of the deposits, or use fewer folds",
        )
    yield from _crowded(len(kept), district, geobox)


def _crowded(n: int, district: District, geobox: GeoBox) -> Iterator[Problem]:
    """Say when deposits fill the region: their prior would be no probability."""
    rows, columns = geobox.shape
    area = rows * columns * abs(geobox.resolution.x * geobox.resolution.y) / 1e6
    cells = area / district.unit_cell_area
    if geobox.crs.projected and n >= cells:
        yield Problem(
            f"the region of {area:.6g} km² holds {cells:.4g} unit cells, not more than "
            f"its {n} deposits",
            "make unit_cell_area smaller: each deposit needs a unit cell of its own",
            value=f"unit_cell_area = {district.unit_cell_area:g}",
        )


def check_mask(
    district: District, mask: Source, geobox: GeoBox | None
) -> Iterator[Problem]:
    """Problems of the mask: it has to hold polygons that meet the region."""
    table = read_table(district, mask, samples=False)
    yield from _suspicious(table, geobox)
    kinds = sorted(set(table.geom_type) - {"Polygon", "MultiPolygon"})
    if kinds:
        what = f"the mask must be polygons, found {', '.join(kinds)}"
        yield Problem(what, "name a layer of polygons, or leave the mask out")
    elif geobox is not None and len(table) and _meets(table, geobox):
        inside = table.to_crs(geobox.crs).clip(geobox.boundingbox.bbox).area.sum()
        if inside < abs(geobox.resolution.x * geobox.resolution.y):
            what = "the mask leaves less than one cell of the region"
            yield Problem(what, "check the CRS of the mask and the region")


def check_points(
    district: District, points: Source, geobox: GeoBox | None
) -> Iterator[Problem]:
    """Problems of the points that steer the background."""
    yield from _suspicious(read_table(district, points, samples=False), geobox)


def check_elevation(
    district: District, elevation: Source, geobox: GeoBox | None
) -> Iterator[Problem]:
    """Problems of the grid the scene is draped on."""
    grid = open_grid(district.path(elevation), crs=elevation.crs)
    yield from _check_grid(grid, geobox)


def _not_numbers(values: pd.Series) -> Iterator[Problem]:
    import pandas as pd

    bad = values.notna() & pd.to_numeric(values, errors="coerce").isna()
    rows = np.flatnonzero(bad)
    for row in rows[:SHOWN]:
        yield Problem(
            "text where a number is due",
            "write a number, or leave the cell empty",
            row=int(row) + 1,
            column=str(values.name),
            value=str(values.iloc[row]),
        )
    if len(rows) > SHOWN:
        what = f"{len(rows) - SHOWN} more rows have text where a number is due"
        yield Problem(what, "mend the column", column=str(values.name))


def _suspicious(
    table: gpd.GeoDataFrame, geobox: GeoBox | None, *, from_afar: bool = False
) -> Iterator[Problem]:
    if len(table) == 0:
        yield Problem("no record is left", "check the file and the filter (where)")
        return
    empty = table.attrs.get("dropped", {}).get("empty geometries")
    if empty:
        what, remedy = Note("no_geometry", n=empty), Note("no_geometry_remedy")
        yield Problem(what, remedy, severity="warning")
    places = list(check_coordinates(table.geometry.representative_point(), table.crs))
    yield from (replace(problem, file=None) for problem in places)
    wrong = any(problem.severity == "error" for problem in places)
    if geobox is not None and not wrong and not _meets(table, geobox, from_afar):
        yield _apart()


def _meets(table: gpd.GeoDataFrame, geobox: GeoBox, from_afar: bool = False) -> bool:
    """Whether features meet the region, or what lies as far as it is wide around it."""
    west, south, east, north = table.to_crs(geobox.crs).total_bounds
    box = geobox.boundingbox
    reach = max(box.span_x, box.span_y) if from_afar else 0.0
    return bool(
        west <= box.right + reach
        and east >= box.left - reach
        and south <= box.top + reach
        and north >= box.bottom - reach
    )


def _apart() -> Problem:
    return Problem(
        "the layer does not overlap the district's region",
        "check the CRS of the file (crs = …) and the region",
    )
