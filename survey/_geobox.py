"""The pixel grid: made from a region, or taken from what is there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import xarray as xr
    from odc.geo.geobox import GeoBox

LONGEST_SIDE = 2_000_000
_SNAP = 1e-6


def make_geobox(region: Sequence[float], *, crs: Any, resolution: float) -> GeoBox:  # noqa: ANN401
    """
    Pixel grid that covers a region.

    The edges are moved outward to whole multiples of the resolution, so that grids of
    one resolution fit each other whatever their regions.

    Parameters
    ----------
    region : tuple = (west, east, south, north)
        Edges of the region, in units of `crs`.
    crs : any CRS input
        As for `survey.resolve_crs`.
    resolution : float
        Side of a cell, in units of `crs`.

    Returns
    -------
    odc.geo.geobox.GeoBox
        North-up, square cells.

    Raises
    ------
    ValueError
        If the edges are in the wrong order or not finite, the resolution is not
        positive, degrees and metres seem to be mixed up, or a side would have more than
        2 000 000 cells.

    Examples
    --------
    >>> box = make_geobox((500_030, 500_410, 6_200_000, 6_200_300), crs="EPSG:32755",
    ...                   resolution=100)
    >>> box.shape.yx, box.boundingbox.bbox
    ((3, 5), (500000.0, 6200000.0, 500500.0, 6200300.0))
    >>> make_geobox((141.2, 140.0, -33, -32), crs="EPSG:4326", resolution=0.01)
    Traceback (most recent call last):
    ...
    ValueError: region (141.2, 140.0, -33.0, -32.0): west 141.2 is not less than east
    140.0. The order is (west, east, south, north).
    """
    from affine import Affine
    from odc.geo.geobox import GeoBox

    from ._crs import resolve_crs

    system = resolve_crs(crs, where="make_geobox")
    west, east, south, north = check_region(region)
    if not (math.isfinite(resolution) and resolution > 0):
        raise ValueError(f"resolution must be a positive number, not {resolution!r}")
    doubt = unit_doubt((west, east, south, north), system, resolution)
    if doubt:
        raise ValueError(f"region {(west, east, south, north)}: {doubt}")
    left, right = _snap(west, east, resolution)
    bottom, top = _snap(south, north, resolution)
    shape = (top - bottom, right - left)
    if max(shape) > LONGEST_SIDE:
        raise ValueError(
            f"region {(west, east, south, north)} with cells of {resolution:g} has "
            f"{shape[0]} × {shape[1]} cells (rows × columns). Check the units of the "
            "resolution and the order (west, east, south, north)."
        )
    corner = Affine(
        *(resolution, 0.0, left * resolution),
        *(0.0, -resolution, top * resolution),
    )
    return GeoBox(shape, corner, system)


def geobox_of(like: GeoBox | xr.DataArray | xr.Dataset) -> GeoBox:
    """
    Pixel grid of a grid, a stack or itself.

    Parameters
    ----------
    like : GeoBox, DataArray or Dataset
        Anything that says where its cells lie; grids have coordinates `y` and `x` of
        the cells' centres.

    Returns
    -------
    odc.geo.geobox.GeoBox

    Raises
    ------
    TypeError
        If `like` is nothing of this kind.
    ValueError
        If the coordinates are missing, not evenly spaced, or a single row or column
        leaves the size of a cell unknown.

    Examples
    --------
    >>> box = make_geobox((0, 300, 0, 200), crs="EPSG:32755", resolution=100)
    >>> geobox_of(box) is box
    True
    """
    import rioxarray  # noqa: F401  (gives grids their .rio)
    from odc.geo.geobox import GeoBox

    if isinstance(like, GeoBox):
        return like
    if not (hasattr(like, "coords") and hasattr(like, "rio")):
        raise TypeError(
            f"like must be a GeoBox, a grid or a stack, not {type(like).__name__}. "
            "Make a pixel grid with survey.make_geobox."
        )
    missing = [dim for dim in ("y", "x") if dim not in like.coords]
    if missing:
        raise ValueError(
            f"a grid needs coordinates 'y' and 'x'; missing: {missing}, there are: "
            f"{[str(name) for name in like.coords]}. Rename the dimensions."
        )
    return GeoBox((like.sizes["y"], like.sizes["x"]), _affine(like), like.rio.crs)


def as_grid(
    data: Any,  # noqa: ANN401
    geobox: GeoBox,
    *,
    name: str | None = None,
    attrs: Mapping[str, Any] | None = None,
) -> xr.DataArray:
    """Array (rows × columns) as a grid: coordinates, CRS and transform set."""
    import rioxarray  # noqa: F401
    import xarray as xr

    rows, columns = geobox.shape
    affine = geobox.affine
    grid = xr.DataArray(
        data,
        dims=("y", "x"),
        coords={
            "y": affine.f + affine.e * (np.arange(rows) + 0.5),
            "x": affine.c + affine.a * (np.arange(columns) + 0.5),
        },
        name=name,
        attrs=dict(attrs or {}),
    )
    if geobox.crs is not None:
        grid = grid.rio.write_crs(geobox.crs.to_wkt())
    return grid.rio.write_transform(affine)


def check_region(region: Sequence[float]) -> tuple[float, float, float, float]:
    """Region as four floats in the right order, or an error."""
    try:
        west, east, south, north = (float(edge) for edge in region)
    except (TypeError, ValueError):
        raise ValueError(
            f"region must be four numbers (west, east, south, north), not {region!r}"
        ) from None
    edges = (west, east, south, north)
    if not np.isfinite(edges).all():
        raise ValueError(f"region {edges}: the edges must be finite")
    for low, high, a, b in (
        (west, east, "west", "east"),
        (south, north, "south", "north"),
    ):
        if low >= high:
            raise ValueError(
                f"region {edges}: {a} {low} is not less than {b} {high}. The order is "
                "(west, east, south, north)."
            )
    return edges


def unit_doubt(
    region: tuple[float, float, float, float],
    crs: Any,  # noqa: ANN401
    resolution: float,
) -> str | None:
    """What looks like degrees taken for metres or the other way round, or None."""
    west, east, south, north = region
    across = max(abs(west), abs(east))
    along = max(abs(south), abs(north))
    small = resolution > max(east - west, north - south)
    if crs.is_geographic:
        if along > 90.5 and across <= 90.5 and along <= 360.5:
            return (
                f"{crs.name} is in degrees and latitudes end at 90, but y reaches "
                f"{along:g}: longitude and latitude seem to be swapped."
            )
        if across > 360.5 or along > 90.5:
            return (
                f"{crs.name} is in degrees, but the coordinates reach "
                f"{max(across, along):g}: they look like metres. State the projected "
                "CRS they are in."
            )
        if small:
            return (
                f"a cell of {resolution:g} degrees is larger than the region: the "
                f"resolution looks like metres, {crs.name} needs degrees."
            )
        return None
    near_origin = across <= 360.5 and along <= 90.5
    if crs.is_projected and near_origin and (resolution < 0.5 or small):
        return (
            f"{crs.name} is in {crs.axis_info[0].unit_name}s, but the coordinates "
            "look like degrees. State the geographic CRS they are in (such as "
            "EPSG:4326), then bring them to the grid you want."
        )
    return None


def _snap(low: float, high: float, step: float) -> tuple[int, int]:
    """Outermost multiples of step; edges already on one (nearly) stay there."""
    return math.floor(low / step + _SNAP), math.ceil(high / step - _SNAP)


def _affine(like: xr.DataArray | xr.Dataset) -> Any:  # noqa: ANN401
    from affine import Affine

    noted = _noted(like)
    x_edge, x_step = _axis(like, "x", noted and (noted.c, noted.a))
    y_edge, y_step = _axis(like, "y", noted and (noted.f, noted.e))
    return Affine(x_step, 0.0, x_edge, 0.0, y_step, y_edge)


def _noted(like: xr.DataArray | xr.Dataset) -> Any:  # noqa: ANN401
    """Transform written down in the spatial reference, exact to the last bit."""
    from affine import Affine

    text = like.coords.get("spatial_ref", np.array(0))
    text = getattr(text, "attrs", {}).get("GeoTransform")
    if not text:
        return None
    values = [float(value) for value in str(text).split()]
    return Affine.from_gdal(*values) if len(values) == 6 else None


def _axis(
    like: xr.DataArray | xr.Dataset, dim: str, noted: tuple[float, float] | None
) -> tuple[float, float]:
    """First edge and step of an axis; from the noted transform where it agrees."""
    centres = np.asarray(like.coords[dim].values, dtype=float)
    if centres.ndim != 1 or centres.size == 0 or not np.isfinite(centres).all():
        raise ValueError(f"coordinate '{dim}' must be a finite, one-dimensional axis")
    if centres.size == 1 and noted is None:
        raise ValueError(
            f"one cell along '{dim}' does not tell its size. Keep the transform "
            "(grid.rio.write_transform) or take a larger grid."
        )
    step = (centres[-1] - centres[0]) / (centres.size - 1) if centres.size > 1 else 0.0
    if centres.size > 1:
        expected = centres[0] + step * np.arange(centres.size)
        if step == 0 or np.abs(centres - expected).max() > 1e-3 * abs(step):
            raise ValueError(
                f"coordinate '{dim}' is not evenly spaced (first step "
                f"{centres[1] - centres[0]:g}, mean step {step:g}). Interpolate the "
                "grid to even cells first."
            )
    if noted is not None:
        edge, exact = noted
        moved = (centres[0] - edge) / exact - 0.5
        same = abs(step - exact) * centres.size <= 1e-3 * abs(exact)
        if (same or centres.size == 1) and abs(moved - round(moved)) < 1e-3:
            return edge + round(moved) * exact, exact
        if centres.size == 1:
            return centres[0] - exact / 2, exact
    return centres[0] - step / 2, step
