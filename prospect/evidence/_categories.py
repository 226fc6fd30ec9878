"""Classes on a grid: from polygons, and the rare ones together."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from dask import compute, delayed
from numba import njit

from survey import check_columns

from ._burn import inside_cells, join_runs, simple_parts
from ._frame import lazy_grid, placed, upright_frame

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from odc.geo.geobox import GeoBox

logger = logging.getLogger(__name__)

OTHER = "other"


def categorise(
    features: gpd.GeoDataFrame, column: str, *, like: GeoBox | xr.DataArray
) -> xr.DataArray:
    """
    Class of the polygon each cell centre lies in.

    Parameters
    ----------
    features : GeoDataFrame
        Polygons in any CRS. Where they overlap, the later row lies on top.
    column : str
        Column with the labels. A polygon without a label is drawn as missing.
    like : GeoBox or grid
        Pixel grid of the result. A lazy grid gives its chunks as well.

    Returns
    -------
    DataArray, dims (y, x)
        Codes 1, 2, … as float32, lazy; NaN outside the polygons and where the label is
        missing. ``attrs["classes"]`` is {code: label}, sorted, numbers by value;
        ``attrs["overlapping_cells"]`` counts the cells that polygons of different
        labels claim.

    Raises
    ------
    ValueError
        If the column is not there, holds no label, or the features are not polygons.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from shapely import box
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 40, 0, 10), crs="EPSG:32633", resolution=10)
    >>> rocks = gpd.GeoDataFrame(
    ...     {"rock": ["slate", "granite"]},
    ...     geometry=[box(0, 0, 20, 10), box(20, 0, 30, 10)], crs="EPSG:32633")
    >>> units = categorise(rocks, "rock", like=frame)
    >>> print(units.values, units.attrs["classes"])
    [[ 2.  2.  1. nan]] {1: 'granite', 2: 'slate'}
    """
    geobox = upright_frame(like)
    check_columns(features, column)
    shown = placed(features, geobox)
    wrong = sorted(set(shown.geom_type) - {"Polygon", "MultiPolygon"})
    if wrong:
        raise ValueError(
            f"categorise takes polygons. Got {wrong}: leave these rows out, or use "
            "distance_to or density_of for points and lines."
        )
    labels = _labels(shown[column])
    classes = dict(enumerate(sorted(labels.dropna().unique(), key=_rank), 1))
    if not classes:
        raise ValueError(
            f"column '{column}' holds no label in any of the {len(shown)} polygons. "
            "Choose another column."
        )
    codes = labels.map({label: code for code, label in classes.items()}).to_numpy()
    runs = _drawn_runs(shown, codes.astype("float32"), geobox)
    doubled = _claimed_twice(*runs)
    if doubled:
        logger.warning("%s: %d cells lie in polygons of two classes", column, doubled)
    attrs = {
        "long_name": column,
        "units": "",
        "kind": "categorical",
        "classes": classes,
        "overlapping_cells": doubled,
        "notes": [f"{doubled} cells lie in polygons of two classes: the later counts"]
        * (doubled > 0),
    }
    payload = delayed(runs, pure=False, traverse=False)
    return lazy_grid(_block, payload, like=like, name=column, attrs=attrs)


def merge_rare(grid: xr.DataArray, *, min_share: float) -> xr.DataArray:
    """
    Grid with the classes that cover too little joined into one, "other".

    The shares are a statistic of the whole grid: it is computed once.

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        Categorical grid; ``attrs["classes"]`` names its codes.
    min_share : float
        Smallest share of the cells with a class, 0 to 1, that a class keeps its own
        code with.

    Returns
    -------
    DataArray, dims (y, x)
        Lazy. The new class has the code after the highest; ``attrs["classes"]`` is
        brought up to date and ``attrs["merged"]`` lists the labels joined.

    Raises
    ------
    ValueError
        If `min_share` is not within 0 and 1 or the grid is not categorical.

    Examples
    --------
    >>> import xarray as xr
    >>> names = {1: "slate", 2: "tuff", 3: "gneiss"}
    >>> rocks = xr.DataArray([[1.0, 1, 1, 1, 1, 1, 2, 3]], dims=("y", "x"),
    ...                      attrs={"kind": "categorical", "classes": names})
    >>> fewer = merge_rare(rocks, min_share=0.2)
    >>> print(fewer.values, fewer.attrs["classes"], fewer.attrs["merged"])
    [[1. 1. 1. 1. 1. 1. 4. 4.]] {1: 'slate', 4: 'other'} ['tuff', 'gneiss']
    """
    if not 0 <= min_share <= 1:
        raise ValueError(
            f"min_share must lie within 0 and 1. Got {min_share!r} instead."
        )
    kind = grid.attrs.get("kind")
    if kind != "categorical":
        raise ValueError(
            f"merge_rare takes a categorical grid; attrs['kind'] is {kind!r}: "
            "classify it first or set attrs['kind'] = 'categorical'."
        )
    counts = count_classes(grid)
    known = {
        float(code): label for code, label in grid.attrs.get("classes", {}).items()
    }
    least = min_share * sum(counts.values())
    rare = [code for code in sorted(counts) if counts[code] < least]
    if not rare:
        return grid.assign_attrs(merged=[])
    other = int(max([*known, *counts])) + 1
    classes = {
        int(code): known.get(code, f"{code:g}")
        for code in sorted(counts)
        if code not in rare
    } | {other: OTHER}
    merged = [known.get(code, f"{code:g}") for code in rare]
    out = grid.where(~grid.isin(rare), other)
    return out.assign_attrs(grid.attrs | {"classes": classes, "merged": merged})


def count_classes(grid: xr.DataArray) -> Counter[float]:
    """Count the cells of each code, block by block."""
    if grid.chunks is None:
        blocks = [grid.data]
    else:
        blocks = grid.data.to_delayed().ravel().tolist()
    return sum(compute(*[delayed(_count)(block) for block in blocks]), Counter())


def _count(block: np.ndarray) -> Counter[float]:
    codes, counts = np.unique(block[~np.isnan(block)], return_counts=True)
    return Counter(dict(zip(codes.tolist(), counts.tolist(), strict=True)))


def _labels(column: pd.Series) -> pd.Series:
    """Labels as text without outer blanks; blank and missing ones missing."""
    text = column.astype(object).map(
        lambda v: f"{v:g}" if isinstance(v, float) else str(v).strip()
    )
    return text.where(column.notna() & (text != ""))


def _rank(label: str) -> tuple[int, float, str]:
    try:
        return 0, float(label), label
    except ValueError:
        return 1, 0.0, label


def _drawn_runs(
    polygons: gpd.GeoDataFrame, codes: np.ndarray, geobox: GeoBox
) -> tuple[np.ndarray, np.ndarray]:
    """Cells (n, 3) column, first and last row, and their codes, in order of drawing."""
    rows, cols = geobox.shape
    parts, owner = simple_parts(polygons.geometry.to_numpy())
    cells, part = inside_cells(parts, geobox, window=(0, rows, 0, cols))
    order = np.argsort(cells[:, 0], kind="stable")
    return cells[order], codes[owner[part[order]]]


def _claimed_twice(cells: np.ndarray, codes: np.ndarray) -> int:
    def covered(chosen: np.ndarray) -> int:
        runs = join_runs(chosen)
        return int((runs.last - runs.first + 1).sum())

    known = codes[~np.isnan(codes)]
    one_by_one = sum(covered(cells[codes == code]) for code in np.unique(known))
    return one_by_one - covered(cells[~np.isnan(codes)])


def _block(
    window: tuple[int, int, int, int], runs: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """Codes within one window."""
    row0, row1, col0, col1 = window
    cells, codes = runs
    first, last = np.searchsorted(cells[:, 0], [col0, col1])
    out = np.full((row1 - row0, col1 - col0), np.nan, "float32")
    _draw(cells[first:last], codes[first:last], row0, col0, out)
    return out


@njit(nogil=True, cache=True)
def _draw(cells, codes, row0, col0, out):  # noqa: ANN001, ANN202
    for k in range(len(cells)):
        begin = max(cells[k, 1] - row0, 0)
        for r in range(begin, min(cells[k, 2] - row0 + 1, out.shape[0])):
            out[r, cells[k, 0] - col0] = codes[k]
