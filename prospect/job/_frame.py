"""The pixel grid of a district, and the part of it that is mapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from survey import (
    DataProblems,
    Problem,
    geobox_of,
    make_geobox,
    open_grid,
    read_features,
    read_samples,
    resolve_crs,
)

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import xarray as xr
    from odc.geo.geobox import GeoBox

    from .._district import District, Source

GRIDS = {
    ".tif",
    ".tiff",
    ".asc",
    ".adf",
    ".img",
    ".dat",
    ".bil",
    ".bsq",
    ".nc",
    ".zarr",
}


def is_grid(path: Path) -> bool:
    """Whether a file is a grid by its suffix."""
    return path.suffix.lower() in GRIDS or path.suffix == ""


def read_table(
    district: District, source: Source, *, samples: bool
) -> gpd.GeoDataFrame:
    """
    Read the table or vector file of a source with the options the source gives.

    Parameters
    ----------
    district : District
        Gives the folder.
    source : Source
        File, CRS, columns, filter.
    samples : bool
        Whether assay headers and limits of detection are to be understood.
    """
    path = district.path(source)
    common = {"crs": source.crs, "layer": source.layer, "encoding": source.encoding}
    points = {"x": source.x, "y": source.y}
    if samples:
        table = read_samples(path, **common, **points)
        return table if source.where is None else filter_rows(table, source.where, path)
    return read_features(
        path, **common, **points, where=source.where, segment=source.segment
    )


def filter_rows(table: gpd.GeoDataFrame, where: str, path: Path) -> gpd.GeoDataFrame:
    """Rows of `table` for which the pandas query `where` holds."""
    try:
        return table.query(where)
    except Exception as error:  # noqa: BLE001 - pandas raises many kinds
        columns = ", ".join(map(str, table.columns[:40]))
        problem = Problem(
            f"the filter cannot be applied ({error})",
            f"use the columns of the file: {columns}",
            str(path),
            value=where,
        )
        raise DataProblems([problem]) from None


def district_geobox(district: District) -> GeoBox:
    """
    Pixel grid of a district: its region, CRS and resolution.

    Without `region`, the extent of the layer or file that `region_from` names is
    taken, or that of the first evidence layer.

    Parameters
    ----------
    district : District
        Read by `read_district`.

    Returns
    -------
    GeoBox
        In the district's CRS, cells of its resolution.

    Raises
    ------
    DataProblems
        If no extent can be found or it cannot be put into the district's CRS.
    """
    crs = resolve_crs(district.crs, where="district.crs")
    region = district.region or _extent(district, crs)
    return make_geobox(region, crs=crs, resolution=district.resolution)


def _extent(district: District, crs: object) -> tuple[float, float, float, float]:
    source = region_source(district)
    path = district.path(source)
    if is_grid(path):
        box = geobox_of(open_grid(path, crs=source.crs))
        bounds = box.to_crs(crs).boundingbox if box.crs != crs else box.boundingbox
        return bounds.left, bounds.right, bounds.bottom, bounds.top
    features = read_table(district, source, samples=False).to_crs(crs)
    west, south, east, north = features.total_bounds
    return west, east, south, north


def region_source(district: District) -> Source:
    """Source whose extent is the region, where the district states none."""
    name = district.region_from
    if name is None:
        return district.mask or district.evidence[0]
    for layer in district.evidence:
        if layer.name == name:
            return layer
    from .._district import Source

    return Source(file=name)


def inside_mask(district: District, geobox: GeoBox) -> xr.DataArray | None:
    """
    Lazy grid that is true for cells whose centre lies in the mask's polygons.

    None where the district has no mask: the whole region is mapped.
    """
    if district.mask is None:
        return None
    from ..evidence import categorise

    polygons = read_table(district, district.mask, samples=False)
    return categorise(polygons.assign(inside="1"), "inside", like=geobox).notnull()
