"""Weights of evidence of one grid, counted cell by cell."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._weights import Direction, weigh_classes

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

MAX_CLASSES = 65_536
_ORDER = [
    "class",
    "class_area_km2",
    "area_km2",
    "area_units",
    "n_deposits",
    "w_plus",
    "s_w_plus",
    "w_minus",
    "s_w_minus",
    "contrast",
    "s_contrast",
    "studentized_contrast",
    "generalized_class",
    "weight",
    "s_weight",
]


def weights_table(
    grid: xr.DataArray,
    deposits: gpd.GeoDataFrame,
    *,
    direction: Direction = "unique",
    unit_cell_area: float = 1.0,
    confidence: float = 0.0,
) -> pd.DataFrame:
    """
    Weights of evidence of each class of a grid.

    Every cell and every deposit is counted, block by block: a lazy grid is read once
    and never held whole. Several deposits in one cell count each.

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        Classes as numbers, NaN where missing; with a projected CRS.
    deposits : GeoDataFrame
        Points, in the CRS of the grid. Those outside the grid or on missing cells are
        left out and counted in `.attrs["n_deposits_missing"]`.
    direction : {"unique", "categorical", "ascending", "descending"}
        How classes are joined. `ascending` adds classes from the lowest up (low values
        are favourable), `descending` from the highest down; both are cut in two where
        the contrast is largest. `categorical` joins the classes whose contrast falls
        short of `confidence` into class 99; `unique` joins nothing.
    unit_cell_area : float
        Area one deposit stands for, km². Not the area of a grid cell.
    confidence : float
        Smallest studentised contrast that counts.

    Returns
    -------
    DataFrame
        A row a class, in the order in which they are joined. `class_area_km2` is the
        class's own area; `area_km2`, `area_units` (unit cells) and `n_deposits` are
        cumulative where the direction is. `weight` and `s_weight` are those of
        `generalized_class`: in an ordered direction 2 is the favourable side.
        `.attrs` holds `n_deposits`, `n_deposits_missing`, `area_units` of the whole.

    Raises
    ------
    ValueError
        If the grid has no projected CRS or too many classes, deposits are not points,
        lie in another CRS or nowhere on the grid, or outnumber the unit cells.

    Notes
    -----
    With D deposits on T unit cells, n of them on a pattern of B unit cells:
    W+ = ln[(n / D) / ((B - n) / (T - D))], s²(W+) = 1/n + 1/(B - n); W- likewise for
    the ground outside. A class without deposits weighs 0. Where no deposit lies
    outside a pattern, 0.99 of a deposit is moved out; where no ground does, 0.99 of a
    unit cell: the practice of ArcSDM, which keeps weights finite.

    References
    ----------
    Bonham-Carter, G. F., Agterberg, F. P. & Wright, D. F. (1989). Weights of evidence
    modelling: a new approach to mapping mineral potential. GSC Paper 89-9, 171-183.

    Examples
    --------
    >>> import geopandas as gpd, rioxarray, xarray as xr
    >>> grid = xr.DataArray([[1.0, 1.0, 2.0, 2.0]] * 2, dims=("y", "x"), coords={
    ...     "y": [1500.0, 500.0], "x": [500.0, 1500, 2500, 3500]})
    >>> grid = grid.rio.write_crs("EPSG:32651")
    >>> deposits = gpd.GeoDataFrame(geometry=gpd.points_from_xy([500.0, 2500, 3500],
    ...                             [500.0, 500, 1500]), crs="EPSG:32651")
    >>> table = weights_table(grid, deposits)
    >>> table[["class", "area_km2", "n_deposits", "w_plus", "w_minus"]].round(3)
       class  area_km2  n_deposits  w_plus  w_minus
    0    1.0       4.0           1  -0.588    0.511
    1    2.0       4.0           2   0.511   -0.588
    """
    if not unit_cell_area > 0:
        raise ValueError(
            f"unit_cell_area must be positive, in km²; got {unit_cell_area}"
        )
    cell_km2 = cell_area_km2(grid)
    counts = _count(grid, *_cells_of(grid, deposits))
    inside = int(counts["n_deposits"].sum())
    missing = len(deposits) - inside
    if not inside:
        raise ValueError(
            f"none of the {len(deposits)} deposits lies on a cell of grid "
            f"{grid.name!r} that has a class: check the region and the CRS of both"
        )
    if missing:
        logger.warning("%d deposits lie outside %r or on missing", missing, grid.name)
    area = counts.pop("cells") * cell_km2
    counts["class_area_km2"] = area
    counts["area_units"] = area / unit_cell_area
    table = weigh_classes(counts, direction=direction, confidence=confidence)
    table["area_km2"] = table["area_units"] * unit_cell_area
    table = table[_ORDER]
    table.attrs = {
        "n_deposits": inside,
        "n_deposits_missing": missing,
        "area_units": float(area.sum() / unit_cell_area),
    }
    return table


def cell_area_km2(grid: xr.DataArray) -> float:
    """Area of one cell of a projected grid, km²."""
    import rioxarray  # noqa: F401

    crs = grid.rio.crs
    if crs is None or not crs.is_projected:
        raise ValueError(
            f"grid {grid.name!r} has CRS {crs}: areas need a projected one. State it "
            "with grid.rio.write_crs(...) or bring the grid to one with "
            "survey.match_grid."
        )
    transform = grid.rio.transform()
    metres = crs.linear_units_factor[1]
    return abs(transform.determinant) * metres**2 / 1e6


def _cells_of(
    grid: xr.DataArray, deposits: gpd.GeoDataFrame
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of the cells that hold deposits, those outside left out."""
    kinds = set(deposits.geom_type) - {"Point"}
    if kinds:
        raise ValueError(f"deposits must be points; got {sorted(map(str, kinds))}")
    _check_same_crs(grid, deposits)
    x, y = deposits.geometry.x.to_numpy(), deposits.geometry.y.to_numpy()
    inverse = ~grid.rio.transform()
    columns = np.floor(inverse.a * x + inverse.b * y + inverse.c)
    rows = np.floor(inverse.d * x + inverse.e * y + inverse.f)
    height, width = grid.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    return rows[inside].astype(np.int64), columns[inside].astype(np.int64)


def _check_same_crs(grid: xr.DataArray, deposits: gpd.GeoDataFrame) -> None:
    """Raise unless both CRS put the deposits at the same place."""
    if deposits.crs is None:
        raise ValueError("deposits have no CRS: state it with deposits.set_crs(...)")
    if deposits.crs == grid.rio.crs or deposits.empty:
        return
    moved = deposits.geometry.to_crs(grid.rio.crs)
    offset = np.hypot(moved.x - deposits.geometry.x, moved.y - deposits.geometry.y)
    if not (offset <= 0.01 * abs(grid.rio.transform().a)).all():
        raise ValueError(
            f"deposits are in {deposits.crs.name}, the grid in {grid.rio.crs}: call "
            "deposits.to_crs(grid.rio.crs) first"
        )


def _count(grid: xr.DataArray, rows: NDArray, columns: NDArray) -> pd.DataFrame:
    """Cells and deposits of each class, in one pass over the blocks."""
    data = grid.data
    if not hasattr(data, "dask"):
        parts = [_count_block(data, rows, columns)]
    else:
        parts = _count_blocks(data, rows, columns)
    counts = pd.concat(parts).groupby("class", as_index=False).sum()
    if len(counts) > MAX_CLASSES:
        raise ValueError(
            f"grid {grid.name!r} has {len(counts)} different values: join them into "
            "classes first, with prospect.evidence.classify"
        )
    return counts


def _count_blocks(data: Any, rows: NDArray, columns: NDArray) -> list[pd.DataFrame]:  # noqa: ANN401
    import dask

    tasks = []
    tops = np.cumsum((0, *data.chunks[0]))
    lefts = np.cumsum((0, *data.chunks[1]))
    for i, line in enumerate(data.to_delayed()):
        for j, block in enumerate(line):
            here = (rows >= tops[i]) & (rows < tops[i + 1])
            here &= (columns >= lefts[j]) & (columns < lefts[j + 1])
            place = rows[here] - tops[i], columns[here] - lefts[j]
            tasks.append(dask.delayed(_count_block, pure=False)(block, *place))
    return list(dask.compute(*tasks))


def _count_block(block: NDArray, rows: NDArray, columns: NDArray) -> pd.DataFrame:
    values = np.asarray(block)
    known = values[np.isfinite(values)]
    classes, cells = _tally(known)
    found = values[rows, columns]
    found = found[np.isfinite(found)]
    deposits = np.bincount(np.searchsorted(classes, found), minlength=classes.size)
    columns_ = {"class": classes.astype(float), "cells": cells, "n_deposits": deposits}
    return pd.DataFrame(columns_)


def _tally(values: NDArray) -> tuple[NDArray, NDArray[np.int64]]:
    """Different values in rising order and how often each occurs."""
    if not values.size:
        return values, np.zeros(0, dtype=np.int64)
    low, high = values.min(), values.max()
    if high - low < MAX_CLASSES * 16:
        codes = (values - low).astype(np.int64)
        if values.dtype.kind in "iu" or (codes + low == values).all():
            cells = np.bincount(codes)
            present = np.flatnonzero(cells)
            return (present + low).astype(values.dtype), cells[present]
    return np.unique(values, return_counts=True)
