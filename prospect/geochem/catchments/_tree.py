"""Catchments as a tree: outlets, what lies upstream of what, sums along it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely
from numba import njit

from survey import DataProblems, Problem, check_columns

if TYPE_CHECKING:
    import geopandas as gpd

COLUMNS = ("sample_id", "area_km2", "own_area_km2", "downstream_id", "outlet_cell")


class Tree(NamedTuple):
    """
    Outlets and their order.

    `node` is the outlet of each row of the table (-1 for a sample without catchment),
    `first` the first row at each outlet, `below` the next outlet downstream (-1 at a
    root), `order` the outlets from the headwaters down, `own_km2` and `area_km2` the
    area they add and the whole area.
    """

    node: np.ndarray
    first: np.ndarray
    below: np.ndarray
    order: np.ndarray
    own_km2: np.ndarray
    area_km2: np.ndarray


def tree_of(catchments: pd.DataFrame) -> Tree:
    """Tree of a table of catchments; a table with rows taken out is refused."""
    check_columns(catchments, COLUMNS, where="catchments")
    cell = catchments["outlet_cell"].to_numpy("float64", na_value=np.nan)
    has = np.isfinite(cell)
    if not has.any():
        raise ValueError(
            f"none of the {len(catchments)} samples has a catchment: delineate them "
            "with a larger snap_distance or a DEM that covers them"
        )
    _, first, inverse = np.unique(cell[has], return_index=True, return_inverse=True)
    node = np.full(len(cell), -1)
    node[has] = inverse
    first = np.flatnonzero(has)[first]
    below = _below(catchments, node, first)
    own = catchments["own_area_km2"].to_numpy(float)[first]
    area = catchments["area_km2"].to_numpy(float)[first]
    return Tree(node, first, below, topological(below), own, area)


def _below(table: pd.DataFrame, node: np.ndarray, first: np.ndarray) -> np.ndarray:
    where = pd.Series(node, index=table["sample_id"].astype(str))
    wanted = table["downstream_id"].iloc[first]
    there = (wanted.notna() & (wanted.astype(str) != "")).to_numpy()
    names = wanted[there].astype(str)
    lost = ~names.isin(where.index).to_numpy()
    if lost.any():
        rows = np.flatnonzero(there)[lost]
        raise DataProblems(
            Problem(
                "the sample downstream is not in the table",
                "give the whole table of delineate_catchments, not a part of it",
                row=int(first[i]) + 1,
                column="downstream_id",
                value=str(wanted.iloc[i]),
            )
            for i in rows
        )
    below = np.full(len(first), -1)
    below[there] = where.loc[names.tolist()].to_numpy()
    return below


def topological(below: np.ndarray) -> np.ndarray:
    """Outlets from the headwaters down; a loop is refused."""
    waiting = np.bincount(below[below >= 0], minlength=len(below))
    order = list(np.flatnonzero(waiting == 0))
    for here in order:
        if below[here] >= 0:
            waiting[below[here]] -= 1
            if waiting[below[here]] == 0:
                order.append(below[here])
    if len(order) < len(below):
        raise ValueError(
            f"{len(below) - len(order)} catchments lie downstream of themselves: "
            "column downstream_id was changed; delineate the catchments again"
        )
    return np.array(order, dtype=np.intp)


def pass_down(values: np.ndarray, tree: Tree) -> np.ndarray:
    """Sum over each outlet and all upstream of it; `values` is (n,) or (n, k)."""
    total = np.array(values, dtype=float)
    flat = total.reshape(len(total), int(np.prod(total.shape[1:])))
    sum_down(flat, tree.below, tree.order)
    return total


def own_polygons(catchments: gpd.GeoDataFrame, tree: Tree) -> np.ndarray:
    """Own area of each outlet: its catchment without those next upstream."""
    whole = catchments.geometry.to_numpy()[tree.first]
    own = whole.copy()
    upstream = pd.Series(np.arange(len(own))).groupby(tree.below).groups
    for here, above in upstream.items():
        if here >= 0:
            inner = shapely.union_all(whole[np.asarray(above)])
            own[here] = shapely.difference(whole[here], inner)
    return own


@njit(cache=True, nogil=True)
def sum_down(values, below, order):  # noqa: ANN001, ANN202
    """Add what leaves each outlet to the next one downstream, in place; (n, k)."""
    for i in range(order.size):
        here = order[i]
        if below[here] >= 0:
            for k in range(values.shape[1]):
                values[below[here], k] += values[here, k]
