"""A grid brought onto the cells of another."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ._blocks import (
    blocks_of,
    check_dims,
    dask_chunks,
    lazy_array,
    memory_of,
    source_of,
)
from ._geobox import as_grid, geobox_of
from ._gridfiles import MemorySource
from ._warp import AREAL, OWN, Plan, WarpSource, clip

if TYPE_CHECKING:
    import dask.array as da
    import xarray as xr
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from ._warp import Window

POINTWISE = ("nearest", "bilinear", "cubic", "cubic_spline", "lanczos")
FOR_CLASSES = ("nearest", "mode")
_COARSER = 2.0
_SAME = 1e-3
_STEPS = (32, 16, 8, 4, 2)


def match_grid(
    grid: xr.DataArray,
    *,
    like: GeoBox | xr.DataArray | xr.Dataset,
    resampling: str | None = None,
) -> xr.DataArray:
    """
    Grid on the cells of another: reprojected, resampled, cut or extended.

    Parameters
    ----------
    grid : DataArray, dims ("y", "x")
        With a CRS. `attrs["kind"]` decides how it may be resampled.
    like : GeoBox, DataArray or Dataset
        Where the cells of the result lie.
    resampling : str, optional
        For continuous grids bilinear, or average where the new cells are more than
        twice as large; for categorical ones nearest, or mode (the commonest class)
        where they are at least twice as large. May be any of nearest, bilinear, cubic,
        cubic_spline, lanczos, average, mode, min, max, med, q1, q3, rms.

    Returns
    -------
    DataArray, dims ("y", "x")
        Lazy; name, attrs and type of `grid`. A grid already on these cells comes back
        as it is.

    Raises
    ------
    ValueError
        If a categorical grid is to be interpolated, the grids do not overlap, one has
        no CRS, or the method is not known.

    Notes
    -----
    Missing never spreads and nothing is made up. Interpolated cells have a value where
    the source cell under their centre has one; missing neighbours are left out of the
    weights. Cells of the methods over areas have a value where at least half of their
    area is known. Positions of nearest and bilinear are exact to 1/1000 of a source
    cell, those of the other methods are GDAL's. The result does not depend on the
    blocks.

    Examples
    --------
    >>> import numpy as np
    >>> from odc.geo.xr import wrap_xr
    >>> from survey import make_geobox
    >>> fine = make_geobox((0, 400, 0, 200), crs="EPSG:32755", resolution=100)
    >>> grid = wrap_xr(np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]]), fine)
    >>> coarse = make_geobox((0, 400, 0, 200), crs="EPSG:32755", resolution=200)
    >>> match_grid(grid, like=coarse, resampling="average").values.tolist()
    [[3.5, 5.5]]
    >>> match_grid(grid.assign_attrs(kind="categorical"), like=coarse,
    ...            resampling="bilinear")
    Traceback (most recent call last):
    ...
    ValueError: a categorical grid cannot be resampled by 'bilinear': codes of classes
    have no values between them. Use one of ('nearest', 'mode').
    """
    check_dims(grid)
    here, there = geobox_of(grid), geobox_of(like)
    for box, what in ((here, "grid"), (there, "like")):
        if box.crs is None:
            raise ValueError(f"{what} has no CRS: declare it with rio.write_crs")
    kind = grid.attrs.get("kind", "continuous")
    if resampling is not None:
        _check_method(resampling, kind)
    if here == there:
        return grid
    plan = _plan(here, there, resampling, kind)
    if plan.method == "same" and here.shape == there.shape and plan.shift == (0, 0):
        data, wanted = grid.data, getattr(like, "chunks", None)
        if grid.chunks is not None and isinstance(wanted, tuple):
            data = data.rechunk(wanted)  # the blocks of `like`, as everywhere
        return as_grid(data, there, name=grid.name, attrs=grid.attrs)
    side = 2 ** int(math.log2(4096 / max(plan.ratio, 1e-6)))  # source cells in memory
    chunks = dask_chunks(like, there.shape.yx, max(64, min(1024, side)))
    return as_grid(_lazy(grid, plan, chunks), there, name=grid.name, attrs=grid.attrs)


def _check_method(resampling: str, kind: str) -> None:
    known = POINTWISE + AREAL
    if resampling not in known:
        raise ValueError(f"resampling must be one of {known}, not {resampling!r}")
    if kind == "categorical" and resampling not in FOR_CLASSES:
        raise ValueError(
            f"a categorical grid cannot be resampled by {resampling!r}: codes of "
            f"classes have no values between them. Use one of {FOR_CLASSES}."
        )


def _plan(here: GeoBox, there: GeoBox, resampling: str | None, kind: str) -> Plan:
    from ._crs import same_crs

    source_crs, target_crs = here.crs.to_wkt(), there.crs.to_wkt()
    if same_crs(source_crs, target_crs):
        source_crs = target_crs
    _check_overlap(here, there, source_crs, target_crs)
    plan = Plan(here.affine, there.affine, source_crs, target_crs, here.shape.yx)
    shift = _whole_shift(here, there) if source_crs == target_crs else None
    if shift is not None:
        return replace(plan, method="same", shift=shift)
    ratio = _ratio(plan, there)
    if resampling is None and kind == "categorical":
        resampling = "mode" if ratio >= _COARSER - _SAME else "nearest"
    elif resampling is None:
        resampling = "average" if ratio > _COARSER + _SAME else "bilinear"
    side = 512 if resampling in OWN else 256
    tile = max(4, min(side, 2 ** int(math.log2(4096 / max(ratio, 1e-6)))))
    step = _step(plan, there)
    return replace(plan, method=resampling, ratio=ratio, step=step, tile=tile)


def _step(plan: Plan, there: GeoBox) -> int:
    """Widest lattice between whose nodes positions are linear to 1/1000 of a cell."""
    if plan.source_crs == plan.target_crs:
        return _STEPS[0]
    rows, columns = (np.linspace(0, length, 17) for length in there.shape)
    for step in _STEPS:
        middle = plan.exact(columns, rows)
        corners = [
            plan.exact(columns + across, rows + down)
            for across in (-step / 2, step / 2)
            for down in (-step / 2, step / 2)
        ]
        worst = max(
            np.nanmax(
                np.abs(sum(corner[k] for corner in corners) / 4 - middle[k]),
                initial=0.0,
                where=np.isfinite(middle[k]),
            )
            for k in (0, 1)
        )
        if worst < _SAME:
            return step
    return 1


def _whole_shift(here: GeoBox, there: GeoBox) -> tuple[int, int] | None:
    """Rows and columns to move by where the cells lie on each other."""
    one, two = here.affine, there.affine
    far = max(*here.shape, *there.shape)
    if abs(one.a - two.a) * far > _SAME * abs(one.a):
        return None
    if abs(one.e - two.e) * far > _SAME * abs(one.e):
        return None
    across, down = (two.c - one.c) / one.a, (two.f - one.f) / one.e
    if max(abs(across - round(across)), abs(down - round(down))) > _SAME:
        return None
    return round(down), round(across)


def _ratio(plan: Plan, there: GeoBox) -> float:
    """Side of a target cell in source cells, in the middle of what both cover."""
    rows, columns = there.shape
    mesh = plan.exact(np.linspace(0, columns, 17), np.linspace(0, rows, 17))
    inside = (
        (mesh[0] >= 0)
        & (mesh[0] <= plan.shape[1])
        & (mesh[1] >= 0)
        & (mesh[1] <= plan.shape[0])
    )
    spots = np.flatnonzero(inside.ravel())
    spot = spots[len(spots) // 2] if len(spots) else 17 * 17 // 2
    column = (spot % 17) * columns / 16
    row = (spot // 17) * rows / 16
    x, y = plan.exact(
        np.array([column - 0.5, column + 0.5]), np.array([row - 0.5, row + 0.5])
    )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return 1.0
    x, y = x.ravel(), y.ravel()
    area = abs((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]))
    return math.sqrt(area)


def _check_overlap(here: GeoBox, there: GeoBox, source: str, target: str) -> None:
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds

    mine, wanted = here.boundingbox.bbox, there.boundingbox.bbox
    try:
        moved = mine if source == target else transform_bounds(source, target, *mine)
    except RasterioError:
        return
    if not np.isfinite(moved).all():
        return
    if (
        moved[0] >= wanted[2]
        or moved[2] <= wanted[0]
        or moved[1] >= wanted[3]
        or moved[3] <= wanted[1]
    ):
        raise ValueError(
            "the grids do not overlap: in the CRS of `like` the grid spans "
            f"{_extent(moved)}, like spans {_extent(wanted)} (west, east, south, "
            "north). Check the CRS and the order of axes of both."
        )


def _extent(bounds: tuple[float, ...]) -> str:
    west, south, east, north = bounds
    return f"({west:.10g}, {east:.10g}, {south:.10g}, {north:.10g})"


def _lazy(grid: xr.DataArray, plan: Plan, chunks: Any) -> da.Array:  # noqa: ANN401
    """Result as a Dask array; files are read by the tasks that resample."""
    shape = tuple(sum(lengths) for lengths in chunks)
    array = blocks_of(grid)
    source = source_of(array) or memory_of(grid)
    if source is not None:
        return lazy_array(WarpSource(shape, array.dtype, source, plan), chunks)
    return _from_blocks(array, plan, chunks)


def _from_blocks(array: da.Array, plan: Plan, chunks: Any) -> da.Array:  # noqa: ANN401
    """Result of a computed grid: each task gets the blocks it needs."""
    import dask.array as da
    from dask.base import tokenize
    from dask.highlevelgraph import HighLevelGraph

    name = f"match-grid-{tokenize(array.name, plan, chunks)}"
    own = [np.cumsum((0, *lengths)) for lengths in array.chunks]
    tops, lefts = (np.cumsum((0, *lengths)) for lengths in chunks)
    tasks = {}
    for i, (top, bottom) in enumerate(pairwise(tops)):
        for j, (left, right) in enumerate(pairwise(lefts)):
            window = tuple(int(n) for n in (top, bottom, left, right))
            needed = plan.needed(plan.widened(window), more=2)
            inside = needed and clip(needed, array.shape)
            rows = _touched(own[0], inside[:2]) if inside else range(0)
            columns = _touched(own[1], inside[2:]) if inside else range(0)
            pieces = [[(array.name, r, c) for c in columns] for r in rows]
            origin = (int(own[0][rows[0]]), int(own[1][columns[0]])) if inside else ()
            tasks[(name, i, j)] = (_join, pieces, plan, window, origin, array.dtype)
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=[array])
    return da.Array(graph, name, chunks, meta=np.empty((0, 0), array.dtype))


def _join(
    pieces: list[list[NDArray]],
    plan: Plan,
    window: Window,
    origin: tuple[int, int],
    dtype: np.dtype,
) -> NDArray:
    """Result in a window from the blocks around it, whose first cell is at `origin`."""
    top, bottom, left, right = window
    if not pieces:
        return np.full((bottom - top, right - left), np.nan, dtype)
    cells = np.block(pieces)
    source = MemorySource(cells.shape, cells.dtype, cells)
    down, across = origin

    def read(top: int, bottom: int, left: int, right: int) -> NDArray:
        return source.window(top - down, bottom - down, left - across, right - across)

    return plan.make(window, read, dtype)


def _touched(edges: NDArray, span: tuple[int, int]) -> range:
    """Blocks that a span of cells touches."""
    first = int(np.searchsorted(edges, span[0], side="right")) - 1
    last = int(np.searchsorted(edges, span[1], side="left"))
    return range(first, last)
