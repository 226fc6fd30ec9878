"""Distance to the nearest feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from dask import delayed
from numba import njit

from ._burn import Runs, join_runs, simple_parts, touched_cells
from ._frame import cell_size, lazy_grid, metric_frame, placed

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from odc.geo.geobox import GeoBox

LATTICE = 17
FAR = 1 << 30


def distance_to(
    features: gpd.GeoDataFrame,
    *,
    like: GeoBox | xr.DataArray,
    max_distance: float | None = None,
) -> xr.DataArray:
    """
    Distance to the nearest feature.

    Parameters
    ----------
    features : GeoDataFrame
        Points, lines, polygons or a mixture, in any CRS; those outside the map count.
    like : GeoBox or grid
        Pixel grid of the result, projected. A lazy grid gives its chunks as well.
    max_distance : float, optional
        Metres beyond which the distance is not resolved: farther cells get this value.

    Returns
    -------
    DataArray, dims (y, x)
        Metres, float32, lazy: from the centre of each cell to the centre of the
        nearest cell that a feature touches; 0 in touched cells and inside polygons.
        It differs from the distance to the geometry itself by at most half the
        diagonal of a cell.

    Raises
    ------
    ValueError
        If there are no features, they have no CRS, or `like` is in degrees.

    See Also
    --------
    density_of : How much of the features lies around each cell.

    Notes
    -----
    The features are turned into runs of cells once. Each block then finds the vertical
    distance in every column it needs and the lower envelope of one parabola a column
    along each row, so the result is exact, the same for any chunks, and nothing the
    size of the map is held.

    References
    ----------
    Felzenszwalb, P.F., Huttenlocher, D.P. (2012). Distance transforms of sampled
    functions. Theory of Computing 8, 415-428.
    Meijster, A., Roerdink, J.B.T.M., Hesselink, W.H. (2000). A general algorithm for
    computing distance transforms in linear time. Mathematical Morphology, 331-340.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import Point
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 500, 0, 300), crs="EPSG:32633", resolution=100)
    >>> fault = gpd.GeoDataFrame(geometry=[Point(50, 150)], crs="EPSG:32633")
    >>> print(distance_to(fault, like=frame).values.round())
    [[100. 141. 224. 316. 412.]
     [  0. 100. 200. 300. 400.]
     [100. 141. 224. 316. 412.]]
    """
    geobox = metric_frame(like, what="distance_to")
    if max_distance is not None and not max_distance > 0:
        raise ValueError(
            f"max_distance must be positive metres. Got {max_distance!r} instead."
        )
    parts, _ = simple_parts(placed(features, geobox).geometry.to_numpy())
    runs = delayed(_runs_near, pure=False)(parts, geobox, max_distance)
    attrs = {"long_name": "distance to features", "units": "m", "kind": "continuous"}
    return lazy_grid(
        _block, runs, cell_size(geobox), max_distance, like=like,
        name="distance", attrs=attrs,
    )  # fmt: skip


def _runs_near(parts: np.ndarray, geobox: GeoBox, max_distance: float | None) -> Runs:
    """Touched cells that can be nearest to a cell of the map."""
    shapely.prepare(parts)
    tree = shapely.STRtree(parts)
    rows, cols = geobox.shape
    height, width = cell_size(geobox)
    reach = _farthest(tree, geobox)
    if max_distance is not None:
        reach = min(reach, max_distance)
    reach += 2 * np.hypot(height, width)
    near = tree.query(geobox.extent.geom, predicate="dwithin", distance=reach)
    down, right = int(reach / height) + 2, int(reach / width) + 2
    window = (-down, rows + down, -right, cols + right)
    return join_runs(touched_cells(parts[np.sort(near)], geobox, window=window))


def _farthest(tree: shapely.STRtree, geobox: GeoBox) -> float:
    """Upper bound of the distance to the features anywhere on the map, CRS units."""
    west, south, east, north = geobox.extent.boundingbox.bbox
    x, y = np.meshgrid(
        np.linspace(west, east, LATTICE), np.linspace(south, north, LATTICE)
    )
    points = shapely.points(x.ravel(), y.ravel())
    _, distance = tree.query_nearest(points, return_distance=True, all_matches=False)
    step = np.hypot((east - west), (north - south)) / (LATTICE - 1)
    return float(distance.max() + step / 2)


def _block(
    window: tuple[int, int, int, int],
    runs: Runs,
    size: tuple[float, float],
    max_distance: float | None,
) -> np.ndarray:
    """Distance in metres within one window of the map."""
    row0, row1, col0, col1 = window
    height, width = size
    aspect = height / width
    cap = np.inf if max_distance is None else max_distance / width
    out = np.full((row1 - row0, col1 - col0), max_distance or np.inf, "float32")
    rows = np.unique(np.linspace(row0, row1 - 1, 9).astype(int))
    cols = np.unique(np.linspace(col0, col1 - 1, 9).astype(int))
    bound = _bound(*runs, rows, cols, aspect)
    gaps = (np.diff(rows).max(initial=0) * aspect, np.diff(cols).max(initial=0))
    bound = min(bound + np.hypot(*gaps) / 2, cap) + 1e-6
    bound = min(bound, FAR)
    first, last = np.searchsorted(
        runs.columns, [np.floor(col0 - bound), np.ceil(col1 - 1 + bound) + 1]
    )
    columns, starts = runs.columns[first:last], runs.starts[first : last + 1]
    scale = (aspect, bound**2, width)
    _sweep(columns, starts, runs.first, runs.last, (row0, col0), scale, out)
    return out


@njit(nogil=True, cache=True)
def _bound(columns, starts, first, last, rows, cols, aspect):  # noqa: ANN001, ANN202
    """Greatest distance, in cell widths, among the cells of a lattice."""
    worst = 0.0
    for r in rows:
        for c in cols:
            best = np.inf
            here = np.searchsorted(columns, c)
            for way in (1, -1):
                j = here if way == 1 else here - 1
                while 0 <= j < len(columns) and (columns[j] - c) ** 2 < best:
                    a, b = starts[j], starts[j + 1]
                    k = a + np.searchsorted(last[a:b], r)
                    gap = np.inf
                    if k < b:
                        gap = max(first[k] - r, 0)
                    if k > a:
                        gap = min(gap, r - last[k - 1])
                    best = min(best, (columns[j] - c) ** 2 + (gap * aspect) ** 2)
                    j += way
            worst = max(worst, best)
    return np.sqrt(worst)


@njit(nogil=True, cache=True)
def _sweep(columns, starts, first, last, corner, scale, out):  # noqa: ANN001, ANN202
    """
    Fill a block row by row.

    `corner` is its first row and column; `scale` the aspect of a cell, the bound of the
    squared distance within the block (in cell widths) and the width.
    """
    row0, col0 = corner
    aspect, limit, width = scale
    n = len(columns)
    state = np.empty((4, n), np.int64)
    for j in range(n):
        k = starts[j]
        state[0, j], state[1, j] = k, -FAR
        state[2, j], state[3, j] = first[k], last[k]
    hull = np.empty((3, n))
    for i in range(out.shape[0]):
        m = 0
        for j in range(n):
            if row0 + i > state[3, j]:
                _advance(state, j, row0 + i, starts[j + 1], first, last)
            gap = max(min(state[2, j] - row0 - i, row0 + i - state[1, j]), 0) * aspect
            if gap * gap <= limit:
                m = _push(hull, m, float(columns[j] - col0), gap * gap)
        if m:
            _read(hull, m, limit, width, out[i])


@njit(nogil=True, cache=True)
def _advance(state, j, row, end, first, last):  # noqa: ANN001, ANN202
    """Move column j on to the first run that does not end above the row."""
    while row > state[3, j]:
        state[0, j] += 1
        state[1, j] = state[3, j]
        k = state[0, j]
        state[2, j] = first[k] if k < end else FAR
        state[3, j] = last[k] if k < end else FAR


@njit(nogil=True, cache=True)
def _push(hull, m, x, f):  # noqa: ANN001, ANN202
    """
    Add the parabola (c - x)² + f to the lower envelope of m others.

    The envelope is the lower hull of the points (x, f + x²): no division.
    """
    y = f + x * x
    while m >= 2 and (hull[1, m - 1] - hull[1, m - 2]) * (x - hull[0, m - 1]) >= (
        y - hull[1, m - 1]
    ) * (hull[0, m - 1] - hull[0, m - 2]):
        m -= 1
    hull[0, m], hull[1, m], hull[2, m] = x, y, f
    return m + 1


@njit(nogil=True, cache=True)
def _read(hull, m, limit, width, line):  # noqa: ANN001, ANN202
    """Write the envelope's root along a row."""
    k = 0
    for c in range(len(line)):
        best = (c - hull[0, k]) ** 2 + hull[2, k]
        while k + 1 < m:
            other = (c - hull[0, k + 1]) ** 2 + hull[2, k + 1]
            if other > best:
                break
            best = other
            k += 1
        if best <= limit:
            line[c] = np.sqrt(best) * width
