"""Where water runs on a DEM: filled, one direction a cell, area upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from survey import check_projected

from ...evidence._frame import cell_size, placed, upright_frame

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from odc.geo.geobox import GeoBox

NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
CODES = (1, 2, 4, 8, 16, 32, 64, 128)
GAP = 247


class Drainage(NamedTuple):
    """
    Flow on the cells of a DEM.

    `downstream` is the cell each one drains to (itself at an outlet, -1 in a gap),
    `order` all cells with a value from the divides down, `cells` how many drain
    through each, itself included (0 in a gap); `edge` marks cells with a value that
    touch the border or a gap, where an unknown area may drain in.
    """

    geobox: GeoBox
    downstream: np.ndarray
    order: np.ndarray
    cells: np.ndarray
    edge: np.ndarray

    @property
    def cell_km2(self) -> float:
        """Area of one cell."""
        height, width = cell_size(self.geobox)
        return height * width / 1e6


def flow_frame(dem: xr.DataArray) -> GeoBox:
    """Pixel grid of a DEM; refused unless it is upright and in metres."""
    geobox = upright_frame(dem)
    try:
        check_projected(geobox, what="delineate_catchments")
    except ValueError as error:
        raise ValueError(
            f"{error} A DEM is projected by survey.match_grid(dem, "
            "like=survey.make_geobox(region, crs=..., resolution=...))."
        ) from None
    return geobox


def drain(
    dem: xr.DataArray, *, rivers: gpd.GeoDataFrame | None, burn_depth: float
) -> Drainage:
    """
    Fill a DEM and follow the water.

    Depressions are filled to their lowest outlet (Wang & Liu 2006, by pyflwdir). A cell
    drains to the neighbour of steepest descent on the filled surface (D8, O'Callaghan &
    Mark 1984), on flats and filled ground to the neighbour the flood came from.
    """
    from pyflwdir import fill_depressions

    geobox = flow_frame(dem)
    heights = _heights(dem)
    if rivers is not None:
        _burn(heights, rivers, geobox, burn_depth)
    filled, codes = fill_depressions(heights, nodata=np.nan)
    edge = _edges(codes != GAP)
    # cells closer in height than the rounding of float32 count as level
    level = 4 * np.spacing(np.nanmax(np.abs(heights)).astype("float32"))
    del heights
    downstream = _directions(filled, codes, np.array(cell_size(geobox)), level)
    del filled
    order, cells = _accumulate(downstream)
    if order.size < np.count_nonzero(downstream >= 0):
        raise RuntimeError("the flow directions run in a circle: report this DEM")
    return Drainage(geobox, downstream, order, cells, edge)


def label_upstream(drainage: Drainage, outlets: np.ndarray) -> np.ndarray:
    """Number (from 1) of the first of the outlets below each cell, 0 for none."""
    labels = np.zeros(drainage.downstream.size, "int32")
    labels[outlets] = np.arange(1, len(outlets) + 1)
    _pass_up(drainage.downstream, drainage.order, labels)
    return labels.reshape(drainage.edge.shape)


def _heights(dem: xr.DataArray) -> np.ndarray:
    heights = np.array(dem.transpose("y", "x").to_numpy(), dtype="float32")
    endless = np.isinf(heights)
    if endless.any():
        row, column = np.argwhere(endless)[0]
        raise ValueError(
            f"{endless.sum()} cells of the DEM are infinite, the first in row "
            f"{row + 1}, column {column + 1}. Declare that value as nodata."
        )
    if min(heights.shape) < 2 or np.isnan(heights).all():
        raise ValueError(
            f"the DEM has {heights.shape[0]} × {heights.shape[1]} cells, "
            f"{int((~np.isnan(heights)).sum())} with a value: nothing can flow on it. "
            "Check its file, band and nodata value."
        )
    return heights


def _burn(
    heights: np.ndarray, rivers: gpd.GeoDataFrame, geobox: GeoBox, depth: float
) -> None:
    """Lower the cells that rivers pass through, in place."""
    from rasterio.features import rasterize

    if not depth > 0:
        raise ValueError(f"burn_depth={depth}: give how deep to burn, in metres, > 0")
    lines = placed(rivers, geobox).geometry
    wet = rasterize(
        lines, out_shape=geobox.shape, transform=geobox.affine, all_touched=True
    ).astype(bool)
    if not wet.any():
        raise ValueError(
            f"none of the {len(rivers)} rivers lies on the DEM: check the CRS of both"
        )
    heights[wet] -= depth


def _edges(valid: np.ndarray) -> np.ndarray:
    from scipy.ndimage import binary_erosion

    return valid & ~binary_erosion(valid, np.ones((3, 3), bool))


@njit(cache=True, nogil=True)
def _directions(filled, codes, size, level):  # noqa: ANN001, ANN202
    """Cell each one drains to: steepest descent, else where the flood came from."""
    rows, columns = codes.shape
    downstream = np.full(rows * columns, -1, np.int32)
    for row in range(rows):
        for column in range(columns):
            code = codes[row, column]
            if code == GAP:
                continue
            here = row * columns + column
            downstream[here] = here
            steepest = 0.0
            for k in range(8):
                down, right = NEIGHBOURS[k]
                y, x = row + down, column + right
                if y < 0 or y >= rows or x < 0 or x >= columns or codes[y, x] == GAP:
                    continue
                if code == CODES[k] and steepest == 0.0:
                    downstream[here] = y * columns + x
                drop = float(filled[row, column]) - float(filled[y, x])
                if drop > level:
                    slope = drop / np.hypot(down * size[0], right * size[1])
                    if slope > steepest:
                        steepest = slope
                        downstream[here] = y * columns + x
    return downstream


@njit(cache=True, nogil=True)
def _accumulate(downstream):  # noqa: ANN001, ANN202
    """Order of the cells from the divides down, and how many drain through each."""
    size = downstream.size
    inflows = np.zeros(size, np.uint8)
    cells = np.zeros(size, np.int32)
    valid = 0
    for here in range(size):
        if downstream[here] >= 0:
            valid += 1
            cells[here] = 1
            if downstream[here] != here:
                inflows[downstream[here]] += 1
    order = np.empty(valid, np.int32)
    end = 0
    for here in range(size):
        if downstream[here] >= 0 and inflows[here] == 0:
            order[end] = here
            end += 1
    start = 0
    while start < end:
        here = order[start]
        start += 1
        below = downstream[here]
        if below != here:
            cells[below] += cells[here]
            inflows[below] -= 1
            if inflows[below] == 0:
                order[end] = below
                end += 1
    return order[:end], cells


@njit(cache=True, nogil=True)
def _pass_up(downstream, order, labels):  # noqa: ANN001, ANN202
    """Give each cell without a label that of the cell it drains to, in place."""
    for i in range(order.size - 1, -1, -1):
        here = order[i]
        if labels[here] == 0:
            labels[here] = labels[downstream[here]]
