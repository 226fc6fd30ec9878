"""Features as vertical runs of cells: exact, compact, without a raster of the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely
from numba import njit

from ._frame import to_cells

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

Window = tuple[int, int, int, int]


class Runs(NamedTuple):
    """
    Cells covered, column by column.

    Column `columns[j]` holds the runs `starts[j]` to `starts[j + 1]`; run k covers the
    rows `first[k]` to `last[k]`, both included. Runs of a column are in order and do
    not touch.
    """

    columns: np.ndarray
    starts: np.ndarray
    first: np.ndarray
    last: np.ndarray


def simple_parts(geometries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points, lines and polygons that make up the geometries, and whose they are."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    while (shapely.get_type_id(parts) > 3).any():
        parts, index = shapely.get_parts(parts, return_index=True)
        owner = owner[index]
    return parts, owner


def touched_cells(parts: np.ndarray, geobox: GeoBox, *, window: Window) -> np.ndarray:
    """Column, first and last row (n, 3) of all cells touched, within the window."""
    areas = shapely.get_dimensions(parts) == 2
    edges = np.concatenate([parts[~areas], shapely.get_rings(parts[areas])])
    xy, starts = _strings(edges, geobox)
    cells = np.empty((_trace(xy, starts, window, np.empty((0, 3), "i4")), 3), "i4")
    _trace(xy, starts, window, cells)
    inside, _ = inside_cells(parts[areas], geobox, window=window)
    return np.concatenate([cells, inside])


def inside_cells(
    polygons: np.ndarray, geobox: GeoBox, *, window: Window
) -> tuple[np.ndarray, np.ndarray]:
    """Runs (n, 3) of the cells with their centre in a polygon, and which polygon."""
    rings, owner = shapely.get_rings(polygons, return_index=True)
    xy, starts = _strings(rings, geobox)
    count = _cross(xy, starts, owner, window, np.empty((0, 3)))
    cuts = np.empty((count, 3))
    _cross(xy, starts, owner, window, cuts)
    cuts = cuts[np.lexsort((cuts[:, 2], cuts[:, 1], cuts[:, 0]))]
    top, bottom = np.ceil(cuts[0::2, 2] - 0.5), np.ceil(cuts[1::2, 2] - 0.5) - 1
    top, bottom = np.maximum(top, window[0]), np.minimum(bottom, window[1] - 1)
    kept = top <= bottom
    cells = np.column_stack([cuts[0::2, 1], top, bottom])[kept].astype("i4")
    return cells, cuts[0::2, 0][kept].astype("i8")


def join_runs(cells: np.ndarray) -> Runs:
    """Runs of cells (n, 3) in order, overlapping and adjacent ones joined."""
    column, first, last = cells.T
    order = np.argsort((column.astype("i8") << 32) + first)
    column, first, last = (
        np.ascontiguousarray(a[order]) for a in (column, first, last)
    )
    count = _join(column, first, last)
    columns, starts = np.unique(column[:count], return_index=True)
    return Runs(columns, np.append(starts, count), first[:count], last[:count])


def _strings(edges: np.ndarray, geobox: GeoBox) -> tuple[np.ndarray, np.ndarray]:
    xy, index = shapely.get_coordinates(edges, return_index=True)
    starts = np.searchsorted(index, np.arange(len(edges) + 1))
    return to_cells(geobox, xy), starts


@njit(nogil=True, cache=True)
def _trace(xy, starts, window, out):  # noqa: ANN001, ANN202
    """Write the cells each string passes through; return how many runs they make."""
    row0, row1, col0, col1 = window
    n = 0
    for part in range(len(starts) - 1):
        a, b = starts[part], starts[part + 1]
        for i in range(a, max(b - 1, a + 1)):
            k = min(i + 1, b - 1)
            x0, y0, x1, y1 = xy[i, 0], xy[i, 1], xy[k, 0], xy[k, 1]
            if x1 < x0:
                x0, y0, x1, y1 = x1, y1, x0, y0
            if max(y0, y1) < row0 or min(y0, y1) >= row1 or x1 < col0 or x0 >= col1:
                continue
            slope = (y1 - y0) / (x1 - x0) if x1 > x0 else 0.0
            begin = max(int(np.floor(x0)), col0)
            for c in range(begin, min(int(np.floor(x1)), col1 - 1) + 1):
                ya = y0 if c <= x0 else y0 + (c - x0) * slope
                yb = y1 if c + 1 >= x1 else y0 + (c + 1 - x0) * slope
                top = max(np.floor(min(ya, yb)), row0)
                bottom = min(np.floor(max(ya, yb)), row1 - 1)
                if top <= bottom:
                    if len(out):
                        out[n, 0], out[n, 1], out[n, 2] = c, top, bottom
                    n += 1
    return n


@njit(nogil=True, cache=True)
def _cross(xy, starts, owner, window, out):  # noqa: ANN001, ANN202
    """Write where the rings cross the centre lines of columns; return how often."""
    n = 0
    for part in range(len(starts) - 1):
        for i in range(starts[part], starts[part + 1] - 1):
            x0, y0, x1, y1 = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
            if x1 < x0:
                x0, y0, x1, y1 = x1, y1, x0, y0
            begin, end = int(np.ceil(x0 - 0.5)), int(np.ceil(x1 - 0.5))
            for c in range(max(begin, window[2]), min(end, window[3])):
                if len(out):
                    out[n, 0], out[n, 1] = owner[part], c
                    out[n, 2] = y0 + (c + 0.5 - x0) * ((y1 - y0) / (x1 - x0))
                n += 1
    return n


@njit(nogil=True, cache=True)
def _join(column, first, last):  # noqa: ANN001, ANN202
    """Join sorted runs in place; return how many are left."""
    n = 0
    for i in range(len(column)):
        if n and column[n - 1] == column[i] and first[i] <= last[n - 1] + 1:
            last[n - 1] = max(last[n - 1], last[i])
        else:
            column[n], first[n], last[n] = column[i], first[i], last[i]
            n += 1
    return n
