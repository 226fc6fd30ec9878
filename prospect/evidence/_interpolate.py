"""Samples spread over a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import QhullError, cKDTree

from ..gridding._places import read_places
from ._frame import lazy_grid, metric_frame

if TYPE_CHECKING:
    import xarray as xr
    from affine import Affine
    from odc.geo.geobox import GeoBox

    from ..gridding._places import Places

METHODS = (
    "idw", "nearest", "linear", "natural_neighbour", "minimum_curvature", "kriging",
)  # fmt: skip
IDW_NEIGHBOURS = 12
SLICE = 1 << 16


def interpolate(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    like: GeoBox | xr.DataArray,
    method: str = "idw",
    power: float = 2.0,
    neighbours: int | None = None,
    max_distance: float | None = None,
    transform: str | None = None,
) -> xr.DataArray:
    """
    Values of samples at the cell centres of a grid.

    Parameters
    ----------
    samples : GeoDataFrame
        Points with the column; those outside the map count. Rows without a value are
        left out and counted.
    column : str
        Numeric column. Where the boolean column ``<column>_censored`` is there, the
        value of a censored row is a detection limit and half of it is used, unless it
        was imputed; ``attrs["notes"]`` counts them.
    like : GeoBox or grid
        Pixel grid of the result, projected. A lazy grid gives its chunks as well.
    method : {"idw", "nearest", "linear", "natural_neighbour", "minimum_curvature", \
"kriging"}
        Inverse distance weighting, the nearest sample, linear within the triangles of
        Delaunay (missing outside their hull), or a method of `prospect.gridding`;
        "kriging" is ordinary kriging with a variogram fitted by itself.
    power : float
        Exponent of the distance for "idw".
    neighbours : int, optional
        How many of the nearest places "idw" (12 if left out) and "kriging" use; all, if
        there are fewer.
    max_distance : float, optional
        Metres beyond which a sample is not used; cells with none nearer are missing
        (NaN), whatever the method.
    transform : {"log10", "sqrt"}, optional
        Applied to the samples beforehand; those it is not defined for are left out and
        counted. The result stays in transformed units.

    Returns
    -------
    DataArray, dims (y, x)
        float32, lazy, in the units of the column. ``attrs`` tells the `method`, the
        `censored_share` and `imputed_share` of the samples, and in `notes` what was
        left out, halved and averaged.

    Raises
    ------
    ValueError
        If the column is not there or not numeric, no sample has a value, an option is
        unknown, or "linear" has no triangle to stand on.

    References
    ----------
    Shepard, D. (1968). A two-dimensional interpolation function for irregularly-spaced
    data. Proceedings of the 23rd ACM National Conference, 517-524.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 30, 0, 10), crs="EPSG:32633", resolution=10)
    >>> soil = gpd.GeoDataFrame(
    ...     {"Cu_ppm": [10.0, 40.0]},
    ...     geometry=gpd.points_from_xy([5, 25], [5, 5]), crs="EPSG:32633")
    >>> print(interpolate(soil, "Cu_ppm", like=frame).values)
    [[10. 25. 40.]]
    """
    geobox = metric_frame(like, what="interpolate")
    _check_options(method, neighbours, max_distance)
    common = {"like": like, "max_distance": max_distance, "transform": transform}
    if method not in ("nearest", "linear"):
        return _gridded(samples, column, method, common, (power, neighbours))
    places, attrs = read_places(samples, column, geobox, transform=transform)
    attrs["method"] = method
    if method == "linear":
        _check_triangles(places)
    return lazy_grid(
        _block, places, geobox.affine, method, float(max_distance or np.inf),
        like=like, name=column, attrs=attrs,
    )  # fmt: skip


def _gridded(
    samples: gpd.GeoDataFrame,
    column: str,
    method: str,
    common: dict[str, Any],
    options: tuple[float, int | None],
) -> xr.DataArray:
    """Grid of a method of `prospect.gridding`."""
    from .. import gridding

    power, neighbours = options
    if method == "natural_neighbour":
        return gridding.natural_neighbour(samples, column, **common)
    if method == "minimum_curvature":
        return gridding.minimum_curvature(samples, column, **common)
    if method == "kriging":
        return _kriged(samples, column, common, neighbours)
    return gridding.inverse_distance(
        samples, column, power=power, neighbours=neighbours or IDW_NEIGHBOURS, **common
    )


def _kriged(
    samples: gpd.GeoDataFrame,
    column: str,
    common: dict[str, Any],
    neighbours: int | None,
) -> xr.DataArray:
    """Ordinary kriging of the samples as they are transformed."""
    from ..gridding import Neighbourhood, krige

    geobox = metric_frame(common["like"], what="interpolate")
    places, attrs = read_places(samples, column, geobox, transform=common["transform"])
    x, y = (places.xy + places.origin).T
    table = gpd.GeoDataFrame(
        {column: places.value},
        geometry=gpd.points_from_xy(x, y),
        crs=geobox.crs.proj,
    )
    asked = {"neighbours": neighbours, "max_distance": common["max_distance"]}
    asked = {name: value for name, value in asked.items() if value is not None}
    hood = Neighbourhood(**asked) if asked else None
    found = krige(table, column, like=common["like"], neighbourhood=hood)["estimate"]
    told = {k: v for k, v in found.attrs.items() if k not in attrs}
    notes = [*attrs["notes"], *found.attrs.get("notes", [])]
    said = {"method": "kriging", "notes": notes}
    return found.rename(column).assign_attrs(told | attrs | said)


def _check_options(
    method: str, neighbours: int | None, max_distance: float | None
) -> None:
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}. Got {method!r} instead.")
    if neighbours is not None and neighbours < 1:
        raise ValueError(f"neighbours must be at least 1. Got {neighbours!r} instead.")
    if max_distance is not None and not max_distance > 0:
        raise ValueError(
            f"max_distance must be positive metres. Got {max_distance!r} instead."
        )


def _check_triangles(places: Places) -> None:
    try:
        LinearNDInterpolator(places.xy, places.value)
    except (QhullError, ValueError) as error:
        raise ValueError(
            f"linear interpolation needs at least three places not on one line; there "
            f"are {len(places.value)}. Use method='idw' or 'nearest'."
        ) from error


def _block(
    window: tuple[int, int, int, int],
    places: Places,
    affine: Affine,
    method: str,
    farthest: float,
) -> np.ndarray:
    """Values within one window, some rows at a time to bound the memory."""
    from ..gridding._inverse_distance import cell_centres

    x, y = cell_centres(window, places, affine)
    tree, known = cKDTree(places.xy), places.value
    linear = None
    if method == "linear":
        linear = LinearNDInterpolator(places.xy, places.value)
    out = np.empty((len(y), len(x)), "float32")
    step = max(1, SLICE // max(len(x), 1))
    for i in range(0, len(y), step):
        rows = y[i : i + step]
        cells = np.column_stack([np.tile(x, len(rows)), np.repeat(rows, len(x))])
        distance, index = tree.query(cells)
        found = known[index] if linear is None else linear(cells)
        found = np.where(distance <= farthest, found, np.nan)
        out[i : i + step] = found.reshape(len(rows), len(x))
    return out
