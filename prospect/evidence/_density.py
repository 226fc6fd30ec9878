"""How much of the features lies around each cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from affine import Affine
from dask import delayed
from numba import njit
from odc.geo.geobox import GeoBox

from ._burn import Runs, inside_cells, join_runs, simple_parts
from ._frame import cell_size, lazy_grid, metric_frame, placed, to_cells

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

FINENESS = 8
MOST_CELLS = 1 << 24
MICRO = 1e6
KINDS = {
    0: ("density of points", "1/km²"),
    1: ("density of lines", "km/km²"),
    2: ("share of area covered", "1"),
}


def density_of(
    features: gpd.GeoDataFrame, *, like: GeoBox | xr.DataArray, radius: float
) -> xr.DataArray:
    """
    Amount of features within a circle around each cell centre, per area of the circle.

    Parameters
    ----------
    features : GeoDataFrame
        Points, lines or polygons (one kind), in any CRS; those outside the map count.
    like : GeoBox or grid
        Pixel grid of the result, projected. A lazy grid gives its chunks as well.
    radius : float
        Radius of the circle in metres, at least half a cell.

    Returns
    -------
    DataArray, dims (y, x)
        float32, lazy. Points: count per km². Lines: length per area, km/km². Polygons:
        share of the area covered, 0 to 1, where polygons overlap counted once.

    Raises
    ------
    ValueError
        If there are no features, they are of several kinds or have no CRS, `like` is
        in degrees, or the radius is smaller than half a cell.

    See Also
    --------
    distance_to : How far the nearest feature is.

    Notes
    -----
    Points and lengths are exact. Areas are counted in cells, or in parts of cells so
    small that the radius holds at least eight. The divisor is always the whole circle:
    at the edge of the map the features beyond it count, so the edge is not biased as
    long as the features go on for one radius. Where they were mapped only up to the
    edge, the density falls off towards it.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import LineString
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 3000, 0, 1000), crs="EPSG:32633", resolution=1000)
    >>> fault = gpd.GeoDataFrame(
    ...     geometry=[LineString([(0, 500), (2000, 500)])], crs="EPSG:32633")
    >>> print(density_of(fault, like=frame, radius=1000).values.round(3))
    [[0.477 0.477 0.159]]
    """
    geobox = metric_frame(like, what="density_of")
    size = cell_size(geobox)
    if not radius >= max(size) / 2:
        raise ValueError(
            f"radius must be at least {max(size) / 2:g} m, half a cell. Got {radius!r} "
            "instead: take several cells, as wide as a structure is felt."
        )
    parts, _ = simple_parts(placed(features, geobox).geometry.to_numpy())
    kinds = np.unique(shapely.get_dimensions(parts)).tolist()
    if len(kinds) > 1:
        raise ValueError(
            "density_of takes points, lines or polygons, one kind at a time. Got "
            f"{sorted(set(shapely.get_type_id(parts).tolist()))} (geometry types): "
            "select rows by features.geom_type first."
        )
    long_name, units = KINDS[kinds[0]]
    attrs = {"long_name": long_name, "units": units, "kind": "continuous"}
    if kinds[0] == 2:
        fine = max(1, int(np.ceil(FINENESS * max(size) / radius)))
        payload = (delayed(_cover, pure=False)(parts, geobox, radius, fine), fine)
        block = _cover_block
    else:
        payload = (delayed(_segments, pure=False)(parts, geobox, kinds[0]), kinds[0])
        block = _amount_block
    return lazy_grid(
        block, *payload, size, radius, like=like, name="density", attrs=attrs
    )


def _segments(parts: np.ndarray, geobox: GeoBox, kind: int) -> np.ndarray:
    """Ends x0, y0, x1, y1 (n, 4) in cells; points are segments of no length."""
    xy, index = shapely.get_coordinates(parts, return_index=True)
    xy = to_cells(geobox, xy)
    if kind == 0:
        return np.hstack([xy, xy])
    same = index[1:] == index[:-1]
    return np.hstack([xy[:-1][same], xy[1:][same]])


def _amount_block(
    window: tuple[int, int, int, int],
    segments: np.ndarray,
    kind: int,
    size: tuple[float, float],
    radius: float,
) -> np.ndarray:
    """Points or length per area within one window, in metres and from its corner."""
    row0, row1, col0, col1 = window
    height, width = size
    shape = (row1 - row0, col1 - col0)
    ends = (segments - np.tile([col0, row0], 2)) * np.tile([width, height], 2)
    low = np.minimum(ends[:, :2], ends[:, 2:]) - radius
    high = np.maximum(ends[:, :2], ends[:, 2:]) + radius
    near = (high > 0).all(1) & (low < [shape[1] * width, shape[0] * height]).all(1)
    total = np.zeros(shape, "int64")
    _spread(ends[near], kind == 0, radius, height, width, total)
    per_km = (1e6 if kind == 0 else 1e3) / MICRO
    return (total * (per_km / (np.pi * radius**2))).astype("float32")


@njit(nogil=True, cache=True)
def _spread(ends, points, radius, height, width, total):  # noqa: ANN001, ANN202
    """
    Add what each circle holds of each segment.

    Sums are whole micrometres (or millionths of a point), so that adding and taking
    away is exact.
    """
    rows, cols = total.shape
    delta = np.zeros((rows, cols + 1), np.int64)
    for s in range(len(ends)):
        x0, y0, x1, y1 = ends[s]
        length = np.hypot(x1 - x0, y1 - y0)
        ux, uy, amount = 0.0, 0.0, int(MICRO)
        if not points:
            if length == 0:
                continue
            ux, uy = (x1 - x0) / length, (y1 - y0) / length
            amount = int(np.round(MICRO * length))
        begin = max(int(np.ceil((min(y0, y1) - radius) / height - 0.5)), 0)
        end = min(int(np.floor((max(y0, y1) + radius) / height - 0.5)), rows - 1)
        segment = (x0, y0, ux, uy, length)
        for r in range(begin, end + 1):
            y = (r + 0.5) * height
            _add_to_row(segment, amount, y, radius, width, delta[r], total[r])
    for r in range(rows):
        running = 0
        for c in range(cols):
            running += delta[r, c]
            total[r, c] += running


@njit(nogil=True, cache=True)
def _add_to_row(segment, amount, y, radius, width, delta, total):  # noqa: ANN001, ANN202
    """
    Add a segment to the circles centred on one row.

    Cells whose circle holds the whole segment get its length through a difference
    array; only the rest of the cells it reaches need the chord.
    """
    west, east, west_all, east_all = _reach(segment, y, radius)
    a = max(int(np.ceil(west / width - 0.5)), 0)
    b = min(int(np.floor(east / width - 0.5)), len(total) - 1)
    if a > b:
        return
    whole_a = max(int(np.ceil(max(west_all, west) / width - 0.5)), a)
    whole_b = min(int(np.floor(min(east_all, east) / width - 0.5)), b)
    if whole_a <= whole_b and west_all <= east_all:
        delta[whole_a] += amount
        delta[whole_b + 1] -= amount
    else:
        whole_a, whole_b = b + 1, b
    for c in range(a, whole_a):
        total[c] += int(np.round(MICRO * _chord(segment, (c + 0.5) * width, y, radius)))
    for c in range(whole_b + 1, b + 1):
        total[c] += int(np.round(MICRO * _chord(segment, (c + 0.5) * width, y, radius)))


@njit(nogil=True, cache=True)
def _reach(segment, y, radius):  # noqa: ANN001, ANN202
    """On the line at y: span within `radius` of the segment, and of both its ends."""
    x0, y0, ux, uy, length = segment
    west, east, west_all, east_all = np.inf, -np.inf, -np.inf, np.inf
    for end in (0.0, length):
        x, dy = x0 + end * ux, y - y0 - end * uy
        if abs(dy) <= radius:
            half = np.sqrt(radius * radius - dy * dy)
            west, east = min(west, x - half), max(east, x + half)
            west_all, east_all = max(west_all, x - half), min(east_all, x + half)
        else:
            west_all, east_all = np.inf, -np.inf
    if uy != 0.0:
        for side in (-radius, radius):
            along = (y - y0 - side * ux) / uy
            if 0.0 <= along <= length:
                x = x0 + along * ux - side * uy
                west, east = min(west, x), max(east, x)
    return west, east, west_all, east_all


@njit(nogil=True, cache=True)
def _chord(segment, x, y, radius):  # noqa: ANN001, ANN202
    """Length of the segment within the circle around (x, y)."""
    x0, y0, ux, uy, length = segment
    along = (x - x0) * ux + (y - y0) * uy
    across = (x - x0) * uy - (y - y0) * ux
    square = radius * radius - across * across
    if square <= 0.0:
        return 0.0
    half = np.sqrt(square)
    return max(min(length, along + half) - max(0.0, along - half), 0.0)


def _cover(parts: np.ndarray, geobox: GeoBox, radius: float, fine: int) -> Runs:
    """Cells, refined `fine` times, with their centre in a polygon."""
    height, width = cell_size(geobox)
    down, right = (int(np.ceil(radius / side * fine)) + 1 for side in (height, width))
    rows, cols = (n * fine for n in geobox.shape)
    window = (-down, rows + down, -right, cols + right)
    a = geobox.affine
    affine = Affine(a.a / fine, 0, a.c, 0, a.e / fine, a.f)
    cells, _ = inside_cells(
        parts, GeoBox((rows, cols), affine, geobox.crs), window=window
    )
    return join_runs(cells)


def _cover_block(
    window: tuple[int, int, int, int],
    runs: Runs,
    fine: int,
    size: tuple[float, float],
    radius: float,
) -> np.ndarray:
    """Share of the circle's cells that are covered, within one window."""
    row0, row1, col0, col1 = window
    middle = (row0 + row1) // 2
    if (row1 - row0) * (col1 - col0) * fine**2 > MOST_CELLS and row0 < middle:
        halves = ((row0, middle, col0, col1), (middle, row1, col0, col1))
        return np.vstack([_cover_block(w, runs, fine, size, radius) for w in halves])
    height, width = size[0] / fine, size[1] / fine
    chords = _disc(radius / height, radius / width, fine)
    down, right = np.abs(chords).max(axis=0)[:2] + 1
    corner = (row0 * fine - down, col0 * fine - right)
    sums = np.zeros(
        ((row1 - row0) * fine + 2 * down, (col1 - col0) * fine + 2 * right + 1), "int32"
    )
    first, last = np.searchsorted(runs.columns, [corner[1], col1 * fine + right])
    starts = runs.starts[first : last + 1]
    _paint(runs.columns[first:last], starts, runs.first, runs.last, corner, sums)
    np.cumsum(sums, axis=1, out=sums)
    out = np.empty((row1 - row0, col1 - col0), "float32")
    _share(sums, chords, fine, down, right, out)
    return out


def _disc(down: float, right: float, fine: int) -> np.ndarray:
    """Rows of the circle: offset, first and last column, from a cell's first part."""
    centre = fine / 2
    reach = int(down) + fine
    rows = np.arange(-reach, reach + 1)
    height = (rows + 0.5 - centre) / down
    half = right * np.sqrt(np.maximum(1 - height**2, 0))
    west = np.ceil(centre - half - 0.5 - 1e-9)
    east = np.floor(centre + half - 0.5 + 1e-9)
    kept = (np.abs(height) <= 1 + 1e-9) & (west <= east)
    return np.column_stack([rows, west, east])[kept].astype(np.int64)


@njit(nogil=True, cache=True)
def _paint(columns, starts, first, last, corner, out):  # noqa: ANN001, ANN202
    """Set the cells of the runs to 1, one column to the right."""
    for j in range(len(columns)):
        c = columns[j] - corner[1] + 1
        if 1 <= c < out.shape[1]:
            for k in range(starts[j], starts[j + 1]):
                begin = max(first[k] - corner[0], 0)
                for r in range(begin, min(last[k] - corner[0] + 1, out.shape[0])):
                    out[r, c] = 1


@njit(nogil=True, cache=True)
def _share(sums, chords, fine, down, right, out):  # noqa: ANN001, ANN202
    """Mean of the circle from row sums."""
    count = 0
    for k in range(len(chords)):
        count += chords[k, 2] - chords[k, 1] + 1
    line = np.empty(out.shape[1], np.int64)
    for i in range(out.shape[0]):
        line[:] = 0
        for k in range(len(chords)):
            row = sums[i * fine + down + chords[k, 0]]
            a, b = right + chords[k, 1], right + chords[k, 2] + 1
            for c in range(len(line)):
                line[c] += row[c * fine + b] - row[c * fine + a]
        for c in range(len(line)):
            out[i, c] = line[c] / count
