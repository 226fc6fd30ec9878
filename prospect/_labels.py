"""From points to a training table: the only bridge between table and map."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from survey import DataProblems, Problem, check_projected, geobox_of

from ._background import draw_background
from ._stream import cells_of, read_cells

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

__all__ = ["Training", "draw_background", "one_per_cell", "sample_stack"]

log = logging.getLogger(__name__)


class Training(NamedTuple):
    """
    Table a model learns from.

    Parameters
    ----------
    X : DataFrame, shape (n_rows, n_layers)
        Evidence, float64, NaN is missing. `attrs["kinds"]` has the kind of each layer.
    y : array of int, shape (n_rows,)
        1 for deposits, 0 for background.
    points : GeoSeries
        Where each row lies, in the CRS of the stack.
    weight : array, shape (n_rows,)
        Unit cells each row stands for: 1 for a deposit; the background rows share the
        area they were drawn from.
    """

    X: pd.DataFrame
    y: NDArray[np.int64]
    points: gpd.GeoSeries
    weight: NDArray[np.float64]


def one_per_cell(
    deposits: gpd.GeoDataFrame,
    *,
    like: xr.DataArray | xr.Dataset | GeoBox,
    min_distance: float | None = None,
    id_column: str | None = None,
    size_column: str | None = None,
) -> gpd.GeoDataFrame:
    """
    Deposits inside a grid, at most one a cell, none closer than a distance.

    Of those that compete the largest is kept, then the one with the smallest id, then
    the one that comes first in the table.

    Parameters
    ----------
    deposits : GeoDataFrame of points
        Known deposits; CRS set.
    like : GeoBox, DataArray or Dataset
        Grid whose cells count.
    min_distance : float, optional
        Deposits closer than this to one that is kept are dropped; metres (units of the
        grid's CRS).
    id_column : str, optional
        Column with a unique id. Without it the index names the deposits.
    size_column : str, optional
        Column with the size; missing sizes come last.

    Returns
    -------
    GeoDataFrame
        In the CRS of the grid, rows in their first order. `attrs["dropped"]` has, for
        each of "outside", "same_cell" and "too_close", `count` and `ids`.

    Raises
    ------
    DataProblems
        If ids repeat, a geometry is missing or no point, the CRS is missing, a column
        is not there, or no deposit is left.

    Examples
    --------
    >>> from odc.geo.geobox import GeoBox
    >>> box = GeoBox.from_bbox((0, 0, 200, 200), "EPSG:32654", resolution=100)
    >>> at = gpd.points_from_xy([10, 20, 150, 900], [10, 20, 150, 900])
    >>> deposits = gpd.GeoDataFrame({"Au_t": [1, 5, 2, 9]}, geometry=at, crs=box.crs)
    >>> kept = one_per_cell(deposits, like=box, size_column="Au_t")
    >>> kept.index.tolist(), kept.attrs["dropped"]["same_cell"]
    ([1, 2], {'count': 1, 'ids': [0]})
    """
    box = geobox_of(like)
    _check_deposits(deposits, id_column, size_column)
    ids = pd.Series(
        deposits.index if id_column is None else deposits[id_column].to_numpy()
    )
    moved = deposits.to_crs(box.crs)
    x, y = moved.geometry.x.to_numpy(), moved.geometry.y.to_numpy()
    row, col, inside = cells_of(box.affine, tuple(box.shape), x, y)
    order = _by_importance(deposits, ids, id_column, size_column)
    order = order[inside[order]]
    _, first = np.unique(row[order] * box.shape.x + col[order], return_index=True)
    alone = order[np.sort(first)]
    if min_distance is not None:
        check_projected(box, what="min_distance")
    kept = alone if min_distance is None else _thin(x, y, alone, min_distance)
    gone = {
        "outside": np.flatnonzero(~inside),
        "same_cell": np.setdiff1d(order, alone),
        "too_close": np.setdiff1d(alone, kept),
    }
    result = moved.iloc[np.sort(kept)].copy()
    result.attrs["dropped"] = {
        why: {"count": len(which), "ids": ids.iloc[which].tolist()}
        for why, which in gone.items()
    }
    _report_dropped(result, len(deposits), box)
    return result


def sample_stack(
    stack: xr.Dataset,
    deposits: gpd.GeoDataFrame,
    background: gpd.GeoDataFrame,
    *,
    unit_cell_area: float = 1.0,
) -> Training:
    """
    Evidence at deposits and background cells, as a table to learn from.

    Reads only the blocks that hold a point.

    Parameters
    ----------
    stack : Dataset
        Evidence layers on one grid.
    deposits : GeoDataFrame of points
        Deposits, one per cell (see `one_per_cell`).
    background : GeoDataFrame of points
        Result of `draw_background`; without its `attrs["area_km2"]` the background is
        taken to stand for the whole grid.
    unit_cell_area : float, default 1.0
        Area one deposit stands for, km².

    Returns
    -------
    Training
        Deposits first, then background, in their order.

    Raises
    ------
    DataProblems
        If a point lies outside the grid or one of the two tables is empty.
    ValueError
        If `unit_cell_area` is not positive.

    Examples
    --------
    >>> from odc.geo.geobox import GeoBox
    >>> from odc.geo.xr import wrap_xr
    >>> box = GeoBox.from_bbox((0, 0, 2000, 2000), "EPSG:32654", resolution=1000)
    >>> stack = wrap_xr(np.array([[1.0, 2.0], [3.0, np.nan]]), box).to_dataset(name="a")
    >>> at = gpd.points_from_xy([500, 1500, 500], [1500, 1500, 500], crs=box.crs)
    >>> deposits = gpd.GeoDataFrame(geometry=at[:1])
    >>> background = gpd.GeoDataFrame(geometry=at[1:])
    >>> background.attrs["area_km2"] = 3.0
    >>> training = sample_stack(stack, deposits, background)
    >>> training.X["a"].tolist(), training.y.tolist(), training.weight.tolist()
    ([1.0, 2.0, 3.0], [1, 0, 0], [1.0, 1.5, 1.5])
    """
    if not unit_cell_area > 0:
        raise ValueError(
            f"unit_cell_area is {unit_cell_area}: give the area one deposit stands for "
            "in km², larger than 0"
        )
    box = geobox_of(stack)
    check_projected(box, what="sample_stack")
    tables = {"deposits": deposits, "background": background}
    points = [_points_on(box, name, table) for name, table in tables.items()]
    both = gpd.GeoSeries(np.concatenate(points), crs=box.crs)
    row, col, _ = cells_of(box.affine, tuple(box.shape), both.x, both.y)
    grids = [stack[name] for name in stack]
    X = pd.DataFrame(read_cells(grids, row, col), columns=list(stack.data_vars))
    X = X.where(np.isfinite(X))
    X.attrs["kinds"] = {g.name: g.attrs.get("kind", "continuous") for g in grids}
    n_deposits, n_background = (len(p) for p in points)
    y = np.repeat([1, 0], [n_deposits, n_background])
    area = background.attrs.get("area_km2", _area_km2(box))
    share = area / unit_cell_area / n_background
    empty = int(X[y == 1].isna().all(axis=1).sum())
    if empty:
        log.warning("%d of %d deposits have no evidence at all", empty, n_deposits)
    return Training(X, y, both, np.where(y == 1, 1.0, share))


def _check_deposits(
    deposits: gpd.GeoDataFrame, id_column: str | None, size_column: str | None
) -> None:
    problems = []
    if deposits.crs is None:
        remedy = "state it with deposits.set_crs('EPSG:...')"
        problems.append(Problem("the deposits have no CRS", remedy))
    for column in (id_column, size_column):
        if column is not None and column not in deposits:
            there = ", ".join(map(str, deposits.columns))
            what = "there is no such column among the deposits"
            problems.append(Problem(what, f"name one of: {there}", column=column))
    geometry = deposits.geometry
    bad = geometry.isna() | geometry.is_empty | (geometry.geom_type != "Point")
    for at in np.flatnonzero(bad):
        kind = geometry.iloc[at]
        value = "none" if kind is None else f"{kind.geom_type}"
        remedy = "give one point per deposit, e.g. geometry.representative_point()"
        problems.append(Problem("not a point", remedy, row=int(at) + 1, value=value))
    ids = deposits[id_column] if id_column in deposits else deposits.index.to_series()
    twice = ids[ids.duplicated(keep=False)] if id_column in deposits else ids[:0]
    if id_column is None and not deposits.index.is_unique:
        twice = ids[ids.duplicated(keep=False)]
    for value, rows in twice.groupby(twice, dropna=False).groups.items():
        where = np.flatnonzero(ids.eq(value) | (ids.isna() & pd.isna(value))) + 1
        shown = ", ".join(map(str, where[:8])) + (", …" if len(where) > 8 else "")
        what = f"the id occurs {len(rows)} times, in rows {shown}"
        remedy = "give every deposit its own id, or name no id column"
        problems.append(Problem(what, remedy, column=id_column, value=str(value)))
    if problems:
        raise DataProblems(problems)


def _by_importance(
    deposits: gpd.GeoDataFrame,
    ids: pd.Series,
    id_column: str | None,
    size_column: str | None,
) -> NDArray[np.intp]:
    """Return row numbers: largest first, then smallest id, then as they come."""
    keys = pd.DataFrame({"row": np.arange(len(deposits))})
    keys["size"] = (
        0.0
        if size_column is None
        else pd.to_numeric(deposits[size_column], errors="coerce").to_numpy()
    )
    keys["id"] = 0 if id_column is None else ids.rank(method="first").to_numpy()
    ordered = keys.sort_values(
        ["size", "id", "row"], ascending=[False, True, True], na_position="last"
    )
    return ordered["row"].to_numpy()


def _thin(
    x: NDArray, y: NDArray, order: NDArray[np.intp], min_distance: float
) -> NDArray[np.intp]:
    """Go through `order`, keep what is `min_distance` or more from all kept."""
    from scipy.spatial import cKDTree

    if not min_distance > 0:
        raise ValueError(
            f"min_distance is {min_distance}: give metres above 0, or None"
        )
    places = np.column_stack([x[order], y[order]])
    near = cKDTree(places).query_ball_point(places, np.nextafter(min_distance, 0))
    kept = np.ones(len(order), dtype=bool)
    for k, neighbours in enumerate(near):
        if kept[k]:
            kept[[other for other in neighbours if other > k]] = False
    return order[kept]


def _report_dropped(kept: gpd.GeoDataFrame, n_given: int, box: GeoBox) -> None:
    counts = {why: found["count"] for why, found in kept.attrs["dropped"].items()}
    if kept.empty:
        what = (
            f"none of the {n_given} deposits lies in the region {box.boundingbox.bbox}"
        )
        remedy = "check the CRS of the deposits and the region"
        raise DataProblems([Problem(what, remedy)])
    if len(kept) < n_given:
        log.info("%d of %d deposits kept; dropped: %s", len(kept), n_given, counts)


def _points_on(box: GeoBox, name: str, table: gpd.GeoDataFrame) -> NDArray:
    """Return the points of a table in the CRS of the grid; all have to lie on it."""
    if len(table) == 0:
        raise DataProblems([Problem(f"there are no {name}", "check the filter", name)])
    if table.crs is None:
        remedy = "state it with set_crs('EPSG:...')"
        raise DataProblems([Problem("the table has no CRS", remedy, file=name)])
    points = table.geometry.to_crs(box.crs)
    *_, inside = cells_of(box.affine, tuple(box.shape), points.x, points.y)
    if not inside.all():
        remedy = "take them out with one_per_cell(deposits, like=stack)"
        first = table.index[~inside][0]
        what = f"{(~inside).sum()} of {len(table)} points lie outside the stack"
        raise DataProblems([Problem(what, remedy, file=name, row=str(first))])
    return points.to_numpy()


def _area_km2(box: GeoBox) -> float:
    return abs(box.affine.determinant) * box.shape.y * box.shape.x / 1e6
