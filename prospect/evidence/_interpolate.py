"""Samples spread over a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import QhullError, cKDTree

from survey import check_columns

from ._frame import lazy_grid, metric_frame, placed
from ._scale import rescale, scaled_units

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from affine import Affine
    from odc.geo.geobox import GeoBox

METHODS = ("idw", "nearest", "linear")
UNITS = ("ppm", "ppb", "ppt", "pct", "wt_pct", "g_t", "nT", "mGal", "m", "mm", "degC")
SLICE = 1 << 16


class Places(NamedTuple):
    """Places with a value: x, y (n, 2) from `origin`, one value each."""

    origin: np.ndarray
    xy: np.ndarray
    values: np.ndarray


def interpolate(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    like: GeoBox | xr.DataArray,
    method: str = "idw",
    power: float = 2.0,
    neighbours: int = 12,
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
        value of a censored row is a detection limit and half of it is used.
    like : GeoBox or grid
        Pixel grid of the result, projected. A lazy grid gives its chunks as well.
    method : {"idw", "nearest", "linear"}
        Inverse distance weighting, the nearest sample, or linear within the triangles
        of Delaunay (missing outside their hull).
    power : float
        Exponent of the distance for "idw".
    neighbours : int
        How many of the nearest places "idw" uses; all, if there are fewer.
    max_distance : float, optional
        Metres beyond which a sample is not used; cells with none nearer are missing
        (NaN), whatever the method.
    transform : {"log10", "sqrt"}, optional
        Applied to the samples beforehand; those it is not defined for are left out and
        counted. The result stays in transformed units.

    Returns
    -------
    DataArray, dims (y, x)
        float32, lazy, in the units of the column. ``attrs["censored_share"]`` is the
        share of samples below the detection limit; ``attrs["notes"]`` counts what was
        left out, and the samples at one place whose values were averaged.

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
    values, notes, share = _values_of(samples, column)
    values, dropped = rescale(values, transform)
    notes += [f"{dropped} of {len(values)} samples have no {transform}"] * (dropped > 0)
    if not values.notna().any():
        raise ValueError(
            f"none of the {len(values)} samples has a {transform} in column "
            f"'{column}'. Leave the transform out."
        )
    places, merged = _places(placed(samples[values.notna()], geobox), values.dropna())
    notes += [f"{merged} samples share a place with another: averaged"] * (merged > 0)
    if method == "linear":
        _check_triangles(places)
    units = samples.attrs.get("units", {}).get(column) or next(
        (unit for unit in UNITS if column.endswith(f"_{unit}")), ""
    )
    attrs: dict[str, Any] = {
        "long_name": column,
        "units": scaled_units(units, transform),
        "kind": "continuous",
        "censored_share": share,
        "notes": notes,
    }
    options = (power, min(neighbours, len(places.values)), max_distance or np.inf)
    return lazy_grid(
        _block, places, geobox.affine, method, options,
        like=like, name=column, attrs=attrs,
    )  # fmt: skip


def _check_options(method: str, neighbours: int, max_distance: float | None) -> None:
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}. Got {method!r} instead.")
    if neighbours < 1:
        raise ValueError(f"neighbours must be at least 1. Got {neighbours!r} instead.")
    if max_distance is not None and not max_distance > 0:
        raise ValueError(
            f"max_distance must be positive metres. Got {max_distance!r} instead."
        )


def _values_of(
    samples: gpd.GeoDataFrame, column: str
) -> tuple[pd.Series, list[str], float]:
    """Values (half the limit if censored), what was left out, share censored."""
    check_columns(samples, column)
    kind = samples[column].dtype
    if not is_numeric_dtype(kind) or is_bool_dtype(kind):
        first = samples[column].dropna().head(1).tolist()
        raise ValueError(
            f"column '{column}' is not numeric; it begins with {first}. Read the table "
            "with survey.read_samples, which turns '<0.5' into censored numbers."
        )
    known = samples[column].notna() & ~samples.geometry.isna()
    if not known.any():
        raise ValueError(
            f"none of the {len(samples)} samples has a value in column '{column}'. "
            "Choose another column or check how the file was read."
        )
    values = samples[column].astype("float64").where(known)
    notes = [f"{(~known).sum()} of {len(known)} samples have no value"]
    flag = f"{column}_censored"
    if flag not in samples:
        return values, notes * (not known.all()), 0.0
    censored = samples[flag].fillna(value=False).astype(bool) & known
    values = values.where(~censored, values / 2)
    return values, notes * (not known.all()), float(censored.sum() / known.sum())


def _places(samples: gpd.GeoDataFrame, values: pd.Series) -> tuple[Places, int]:
    """One value a place, and how many samples were averaged away."""
    points = samples.geometry
    if not (points.geom_type == "Point").all():
        raise ValueError(
            f"samples must be points. Got {sorted(set(points.geom_type))}: take "
            "samples.representative_point() or use distance_to or density_of."
        )
    table = pd.DataFrame({"x": points.x, "y": points.y, "value": values})
    mean = table.groupby(["x", "y"], sort=True)["value"].mean().reset_index()
    xy = mean[["x", "y"]].to_numpy()
    origin = xy.mean(axis=0).round()
    places = Places(origin, xy - origin, mean["value"].to_numpy())
    return places, len(table) - len(mean)


def _check_triangles(places: Places) -> None:
    try:
        LinearNDInterpolator(places.xy, places.values)
    except (QhullError, ValueError) as error:
        raise ValueError(
            f"linear interpolation needs at least three places not on one line; there "
            f"are {len(places.values)}. Use method='idw' or 'nearest'."
        ) from error


def _block(
    window: tuple[int, int, int, int],
    places: Places,
    affine: Affine,
    method: str,
    options: tuple[float, int, float],
) -> np.ndarray:
    """Values within one window, some rows at a time to bound the memory."""
    row0, row1, col0, col1 = window
    x = affine.c + (np.arange(col0, col1) + 0.5) * affine.a - places.origin[0]
    y = affine.f + (np.arange(row0, row1) + 0.5) * affine.e - places.origin[1]
    tree = cKDTree(places.xy)
    known = places.values  # noqa: PD011
    power, count, farthest = options
    linear = None
    if method == "linear":
        linear = LinearNDInterpolator(places.xy, places.values)
    out = np.empty((len(y), len(x)), "float32")
    step = max(1, SLICE // max(len(x), 1))
    for i in range(0, len(y), step):
        rows = y[i : i + step]
        cells = np.column_stack([np.tile(x, len(rows)), np.repeat(rows, len(x))])
        ranks = np.arange(1, count + 1) if method == "idw" else [1]
        distance, index = tree.query(cells, k=ranks)
        distance[distance > farthest] = np.inf
        if linear is None:
            found = _weighted(distance, known[index], power)
        else:
            found = np.where(distance[:, 0] < np.inf, linear(cells), np.nan)
        out[i : i + step] = found.reshape(len(rows), len(x))
    return out


def _weighted(distance: np.ndarray, values: np.ndarray, power: float) -> np.ndarray:
    """Mean weighted by inverse distance, the nearest first; NaN if none is finite."""
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = (distance[:, :1] / distance) ** power
    weight[distance == 0] = 1
    weight[np.isinf(distance)] = 0
    with np.errstate(invalid="ignore"):
        return (weight * values).sum(axis=1) / weight.sum(axis=1)
