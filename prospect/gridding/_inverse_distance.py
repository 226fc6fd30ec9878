"""Inverse distance weighting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit
from scipy.spatial import cKDTree

from ..evidence._frame import lazy_grid, metric_frame
from ._places import read_places

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from affine import Affine
    from odc.geo.geobox import GeoBox

    from ._places import Places

SLICE = 1 << 16
REORDER = {"reassoc", "contract", "arcp", "nsz"}


def inverse_distance(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    like: GeoBox | xr.DataArray,
    power: float = 2.0,
    neighbours: int | None = 12,
    max_distance: float | None = None,
    transform: str | None = None,
) -> xr.DataArray:
    """
    Mean of the samples around each cell centre, weighted by inverse distance.

    Parameters
    ----------
    samples : GeoDataFrame
        Points with the column; those outside the map count. Rows without a value are
        left out and counted.
    column : str
        Numeric column. Censored values that were not imputed enter as half of their
        limit; ``attrs["notes"]`` counts them.
    like : GeoBox or grid
        Pixel grid of the result, projected. A lazy grid gives its chunks as well.
    power : float, default 2
        Exponent of the distance.
    neighbours : int or None, default 12
        How many of the nearest places are used; None uses all of them everywhere.
    max_distance : float, optional
        Metres beyond which a sample is not used; cells with none nearer are missing.
    transform : {"log10", "sqrt"}, optional
        Applied to the samples beforehand; the result stays in transformed units.

    Returns
    -------
    DataArray, dims (y, x)
        float32, lazy, in the units of the column; exact at a sample on a cell centre.
        ``attrs``: `method`, `censored_share`, `imputed_share`, `notes`.

    Raises
    ------
    ValueError
        If the column is not there or not numeric, no sample has a value, or an option
        is not possible.

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
    >>> print(inverse_distance(soil, "Cu_ppm", like=frame, neighbours=None).values)
    [[10. 25. 40.]]
    """
    geobox = metric_frame(like, what="inverse_distance")
    if neighbours is not None and neighbours < 1:
        raise ValueError(
            f"neighbours must be at least 1, or None for all. Got {neighbours!r}."
        )
    if not (np.isfinite(power) and power > 0):
        raise ValueError(f"power must be positive. Got {power!r}.")
    if max_distance is not None and not max_distance > 0:
        raise ValueError(
            f"max_distance must be positive metres. Got {max_distance!r} instead."
        )
    places, attrs = read_places(samples, column, geobox, transform=transform)
    attrs["method"] = "idw"
    far = max_distance or np.inf
    if neighbours is None or neighbours >= len(places.value):
        options = (float(power), float(far))
        return lazy_grid(
            all_block, places, geobox.affine, options,
            like=like, name=column, attrs=attrs,
        )  # fmt: skip
    options = (float(power), int(neighbours), float(far))
    return lazy_grid(
        near_block, places, geobox.affine, options,
        like=like, name=column, attrs=attrs,
    )  # fmt: skip


def cell_centres(
    window: tuple[int, int, int, int], places: Places, affine: Affine
) -> tuple[np.ndarray, np.ndarray]:
    """X of the columns and y of the rows of a window, from the places' origin."""
    row0, row1, col0, col1 = window
    x = affine.c + (np.arange(col0, col1) + 0.5) * affine.a - places.origin[0]
    y = affine.f + (np.arange(row0, row1) + 0.5) * affine.e - places.origin[1]
    return x, y


def near_block(
    window: tuple[int, int, int, int],
    places: Places,
    affine: Affine,
    options: tuple[float, int, float],
) -> np.ndarray:
    """Values within one window from the nearest places, some rows at a time."""
    x, y = cell_centres(window, places, affine)
    power, count, farthest = options
    tree, known = cKDTree(places.xy), places.value
    out = np.empty((len(y), len(x)), "float32")
    step = max(1, SLICE // max(len(x), 1))
    for i in range(0, len(y), step):
        rows = y[i : i + step]
        cells = np.column_stack([np.tile(x, len(rows)), np.repeat(rows, len(x))])
        distance, index = tree.query(cells, k=np.arange(1, count + 1))
        distance[distance > farthest] = np.inf
        found = weighted(distance, known[index], power)
        out[i : i + step] = found.reshape(len(rows), len(x))
    return out


def weighted(distance: np.ndarray, values: np.ndarray, power: float) -> np.ndarray:
    """Mean weighted by inverse distance, the nearest first; NaN if none is finite."""
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = (distance[:, :1] / distance) ** power
    weight[distance == 0] = 1
    weight[np.isinf(distance)] = 0
    with np.errstate(invalid="ignore"):
        return (weight * values).sum(axis=1) / weight.sum(axis=1)


def all_block(
    window: tuple[int, int, int, int],
    places: Places,
    affine: Affine,
    options: tuple[float, float],
) -> np.ndarray:
    """Values within one window from all places."""
    x, y = cell_centres(window, places, affine)
    power, farthest = options
    px, py = np.ascontiguousarray(places.xy.T)
    out = np.empty((len(y), len(x)), "float32")
    _weigh_all(x, y, px, py, places.value, power, farthest**2, out)
    return out


# Four fractions on one denominator: a division costs as much as ten products. Sums may
# be reordered, which lets the compiler take several such groups at a time.
@njit(nogil=True, cache=True, error_model="numpy", fastmath=REORDER)
def _inverse_squares(x, y, px, py, values):  # noqa: ANN001, ANN202
    total, weights = 0.0, 0.0
    m = len(px) // 4
    for k in range(m):
        k1, k2, k3 = k + m, k + 2 * m, k + 3 * m
        a = (px[k] - x) ** 2 + (py[k] - y) ** 2
        b = (px[k1] - x) ** 2 + (py[k1] - y) ** 2
        c = (px[k2] - x) ** 2 + (py[k2] - y) ** 2
        d = (px[k3] - x) ** 2 + (py[k3] - y) ** 2
        ab, cd = a * b, c * d
        inverse = 1.0 / (ab * cd)
        weights += ((a + b) * cd + (c + d) * ab) * inverse
        one = (values[k] * b + values[k1] * a) * cd
        total += (one + (values[k2] * d + values[k3] * c) * ab) * inverse
    for k in range(4 * m, len(px)):
        weight = 1.0 / ((px[k] - x) ** 2 + (py[k] - y) ** 2)
        total += weight * values[k]
        weights += weight
    return total, weights


# sums may be reordered, which lets the compiler take several samples at a time
@njit(nogil=True, cache=True, error_model="numpy", fastmath=REORDER)
def _weigh_all(x, y, px, py, values, power, reach, out):  # noqa: ANN001, ANN202
    n = len(px)
    for i in range(len(y)):
        for j in range(len(x)):
            total, weights = 0.0, 0.0
            if power == 2.0 and reach == np.inf:
                total, weights = _inverse_squares(x[j], y[i], px, py, values)
            else:
                for k in range(n):
                    dx, dy = px[k] - x[j], py[k] - y[i]
                    apart = dx * dx + dy * dy
                    if apart <= reach:
                        weight = apart ** (-0.5 * power)
                        total += weight * values[k]
                        weights += weight
            if weights == 0.0:
                out[i, j] = np.nan
            elif np.isfinite(total) and np.isfinite(weights):
                out[i, j] = total / weights
            else:
                out[i, j] = values[_nearest(x[j], y[i], px, py)]


@njit(nogil=True, cache=True)
def _nearest(x, y, px, py):  # noqa: ANN001, ANN202
    best, at = np.inf, 0
    for k in range(len(px)):
        apart = (px[k] - x) ** 2 + (py[k] - y) ** 2
        if apart < best:
            best, at = apart, k
    return at
