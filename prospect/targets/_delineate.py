"""Ranked target polygons cut from a score map."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from survey import DataProblems, Problem, check_projected, check_same_grid, geobox_of

from .._patches import find_patches, outline_patches
from .._quantile import count_at_least, count_known, kth_largest, next_above
from .._stream import cells_of, centres_of
from ..validation import prediction_area

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

DEFAULT_SHARE = 0.05
log = logging.getLogger(__name__)


def delineate_targets(
    score: xr.DataArray,
    *,
    area_share: float | str = "auto",
    threshold: float | None = None,
    min_area_km2: float = 0,
    n_most: int = 100,
    deposits: gpd.GeoDataFrame | None = None,
    uncertainty: xr.DataArray | None = None,
) -> gpd.GeoDataFrame:
    """
    Ground with the highest scores as ranked polygons.

    A target is a patch of cells at or above the threshold that touch by an edge or a
    corner (8-connected). Targets are ranked by mean score times the square root of
    their area, so that neither one bright cell nor one vast faint patch comes first by
    itself. Reads the map block by block, several times (a global statistic); the result
    does not depend on the blocks.

    Parameters
    ----------
    score : DataArray
        Score, higher is better, NaN is no ground; projected CRS in metres. May be lazy.
    area_share : float or "auto", default "auto"
        Share of the ground (cells with a score) that becomes targets, 0 to 1. Cells
        with the same score stay together: the largest such share that does not exceed
        it, or the best cells where even these exceed it. "auto" is the area at the
        crossing of the prediction-area curves of `deposits`, or 0.05 without deposits.
    threshold : float, optional
        Lowest score of a target, instead of `area_share`.
    min_area_km2 : float, default 0
        Smaller patches are left out and counted.
    n_most : int, default 100
        Number of targets kept.
    deposits : GeoDataFrame of points, optional
        Known deposits.
    uncertainty : DataArray, optional
        On the grid of the score.

    Returns
    -------
    GeoDataFrame of polygons
        `rank` from 1, `score` (mean), `score_max`, `area_km2`, `n_deposits` known
        inside, `uncertainty` (mean; NaN without a map), `easting` and `northing` of the
        centre of the best cell. In `attrs`: `threshold`, `area_share` (of the cells at
        or above it), `n_found`, `n_small`, `n_beyond`, `connectivity`, and
        `prediction_area` (value, captured, area_share, density) if it set the share.

    Raises
    ------
    ValueError
        If both `threshold` and `area_share` are given, a share is not between 0 and 1,
        or the grids differ.
    DataProblems
        If no cell reaches the threshold.

    Examples
    --------
    >>> from odc.geo.geobox import GeoBox
    >>> from odc.geo.xr import wrap_xr
    >>> box = GeoBox.from_bbox((0, 0, 4000, 2000), "EPSG:32654", resolution=1000)
    >>> score = wrap_xr(np.array([[0.9, 0.8, 0.1, 0.7], [0.1, 0.1, 0.1, 0.1]]), box)
    >>> targets = delineate_targets(score, threshold=0.5)
    >>> targets[["rank", "score", "area_km2", "easting", "northing"]]
       rank  score  area_km2  easting  northing
    0     1   0.85       2.0    500.0    1500.0
    1     2   0.70       1.0   3500.0    1500.0
    """
    check_projected(score, what="delineate_targets")
    if uncertainty is not None:
        check_same_grid(score, uncertainty)
    box = geobox_of(score)
    rule = _threshold(score, area_share, threshold, deposits)
    grids = [score] if uncertainty is None else [score, uncertainty]
    table, homes = find_patches(grids, rule["threshold"], _cells(box, deposits))
    if table.empty:
        what = f"no cell of the map reaches the threshold {rule['threshold']}"
        remedy = "take a lower threshold or state area_share instead"
        raise DataProblems([Problem(what, remedy, value=str(rule["threshold"]))])
    cell_km2 = abs(box.affine.determinant) / 1e6
    kept = _ranked(table, cell_km2, min_area_km2).head(n_most)
    n_small = int((table["cells"] * cell_km2 < min_area_km2).sum())
    outlines = outline_patches(score, rule["threshold"], homes, kept.index.to_numpy())
    targets = _as_frame(kept, outlines, box)
    targets.attrs = rule | {
        "n_found": len(table),
        "n_small": n_small,
        "n_beyond": len(table) - n_small - len(kept),
        "min_area_km2": min_area_km2,
        "connectivity": 8,
    }
    log.info("%d targets kept of %d patches", len(kept), len(table))
    return targets


def _threshold(
    score: xr.DataArray,
    area_share: float | str,
    threshold: float | None,
    deposits: gpd.GeoDataFrame | None,
) -> dict:
    """Return the threshold and the share of the ground at or above it."""
    rule: dict = {}
    if threshold is not None and area_share != "auto":
        raise ValueError(
            f"threshold is {threshold} and area_share {area_share}: give one of them"
        )
    if threshold is None and area_share == "auto" and deposits is not None:
        found = prediction_area(score, deposits)
        area_share, threshold = found.area_share, found.value
        rule["prediction_area"] = dict(list(found._asdict().items())[1:])
    elif threshold is None:
        share = DEFAULT_SHARE if area_share == "auto" else area_share
        threshold = _share_threshold(score, share)
    counts, known = count_at_least(score, np.array([float(threshold)]))
    reached = float(counts[0] / known) if known else 0.0
    return {"threshold": float(threshold), "area_share": reached} | rule


def _share_threshold(score: xr.DataArray, share: float) -> float:
    if not 0 < share < 1:
        raise ValueError(
            f"area_share is {share}: give a share between 0 and 1, or auto"
        )
    known = count_known(score)
    if known == 0:
        what, remedy = "the score map has no value", "check the layers and the mask"
        raise DataProblems([Problem(what, remedy)])
    wanted = max(int(np.floor(share * known + 1e-9)), 1)
    value = kth_largest(score, wanted)
    reached = int(count_at_least(score, np.array([value]))[0][0])
    higher = next_above(score, value) if reached > wanted else value
    return higher if np.isfinite(higher) else value


def _cells(box: GeoBox, deposits: gpd.GeoDataFrame | None) -> NDArray[np.int64]:
    if deposits is None:
        return np.empty((0, 2), dtype=np.int64)
    at = deposits.geometry.to_crs(box.crs)
    row, col, inside = cells_of(box.affine, tuple(box.shape), at.x, at.y)
    return np.column_stack([row[inside], col[inside]])


def _ranked(table: pd.DataFrame, cell_km2: float, least: float) -> pd.DataFrame:
    table = table.assign(
        score=table["total"] / table["cells"],
        area_km2=table["cells"] * cell_km2,
        uncertainty=table["doubt"] / table["sure"].where(table["sure"] > 0),
    )
    table = table[table["area_km2"] >= least]
    worth = (table["score"] * np.sqrt(table["area_km2"])).round(12)
    return (
        table.assign(worth=worth)
        .sort_values(["worth", "row", "col"], ascending=[False, True, True])
        .drop(columns="worth")
    )


def _as_frame(
    table: pd.DataFrame, outlines: pd.Series, box: GeoBox
) -> gpd.GeoDataFrame:
    from shapely.affinity import affine_transform

    a = box.affine
    matrix = [a.a, a.b, a.d, a.e, a.c, a.f]
    shapes = [affine_transform(outlines[patch], matrix) for patch in table.index]
    easting, northing = centres_of(a, table["row"], table["col"])
    columns = {
        "rank": np.arange(1, len(table) + 1),
        "score": table["score"],
        "score_max": table["score_max"],
        "area_km2": table["area_km2"],
        "n_deposits": table["n_deposits"].astype(int),
        "uncertainty": table["uncertainty"],
        "easting": easting,
        "northing": northing,
    }
    columns = {name: np.asarray(column) for name, column in columns.items()}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=box.crs)
