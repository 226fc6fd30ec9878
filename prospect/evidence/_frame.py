"""The pixel grid a treatment works on, and lazy grids made block by block on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import rioxarray  # noqa: F401
import xarray as xr

from survey import check_projected, geobox_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    from odc.geo.geobox import GeoBox

BLOCK = 1024


def metric_frame(like: GeoBox | xr.DataArray, *, what: str) -> GeoBox:
    """Pixel grid of `like`; refused unless it is in metres and upright."""
    geobox = upright_frame(like)
    check_projected(geobox, what=what)
    return geobox


def upright_frame(like: GeoBox | xr.DataArray) -> GeoBox:
    """Pixel grid of `like`; refused if it is rotated."""
    geobox = geobox_of(like)
    if geobox.affine.b or geobox.affine.d:
        raise ValueError(
            "The grid given as like= is rotated. Bring it onto an upright grid first: "
            "survey.match_grid(grid, like=survey.make_geobox(...))."
        )
    return geobox


def cell_size(geobox: GeoBox) -> tuple[float, float]:
    """Height and width of a cell, in units of the CRS."""
    return abs(geobox.affine.e), abs(geobox.affine.a)


def placed(features: gpd.GeoDataFrame, geobox: GeoBox) -> gpd.GeoDataFrame:
    """Features that have a geometry, in the CRS of the grid."""
    if features.crs is None:
        raise ValueError(
            "The features have no CRS. State it: features.set_crs('EPSG:…')."
        )
    kept = features[~(features.geometry.isna() | features.geometry.is_empty)]
    if kept.empty:
        raise ValueError(
            f"None of the {len(features)} features has a geometry. Check the file and "
            "the filter that gave them."
        )
    return kept.to_crs(geobox.crs.proj)


def to_cells(geobox: GeoBox, xy: np.ndarray) -> np.ndarray:
    """Coordinates (n, 2) as fractional columns and rows; cell i spans [i, i + 1)."""
    a = geobox.affine
    return (xy - (a.c, a.f)) / (a.a, a.e)


def lazy_grid(
    block: Callable[..., np.ndarray],
    *payload: object,
    like: GeoBox | xr.DataArray,
    name: str,
    attrs: dict[str, Any],
) -> xr.DataArray:
    """
    Grid whose blocks are `block((row0, row1, col0, col1), *payload)`, float32.

    The chunks are those of `like` where it is lazy. `payload` may hold delayed
    objects: they are computed once.
    """
    geobox = geobox_of(like)
    chunks = getattr(like, "chunks", None) or (BLOCK, BLOCK)
    chunks = da.core.normalize_chunks(chunks, geobox.shape, dtype="float32")
    names = [f"p{i}" for i in range(len(payload))]

    def compute(block_info: dict | None = None, **parts: object) -> np.ndarray:
        (row0, row1), (col0, col1) = block_info[None]["array-location"]
        window = (row0, row1, col0, col1)
        return block(window, *(parts[key] for key in names))

    data = da.map_blocks(
        compute,
        chunks=chunks,
        dtype="float32",
        meta=np.empty((0, 0), "float32"),
        name=f"{name}-{da.core.tokenize(object())}",
        **dict(zip(names, payload, strict=True)),
    )
    a, (rows, cols) = geobox.affine, geobox.shape
    coords = {
        "y": a.f + a.e * (np.arange(rows) + 0.5),
        "x": a.c + a.a * (np.arange(cols) + 0.5),
    }
    grid = xr.DataArray(data, coords, ("y", "x"), name=name, attrs=attrs)
    if geobox.crs is not None:
        grid = grid.rio.write_crs(geobox.crs.to_wkt())
    return grid.rio.write_transform(a)
