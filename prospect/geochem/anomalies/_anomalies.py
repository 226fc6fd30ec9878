"""Anomalies of one analyte as polygons, with their zones."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.affinity import affine_transform

from survey import DataProblems, Problem, check_columns, check_projected, geobox_of

from ..._patches import find_patches, outline_patches
from ..._stream import centres_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from odc.geo.geobox import GeoBox

ZONES = (1.0, 2.0, 4.0)
NOWHERE = np.empty((0, 2), dtype=np.int64)
log = logging.getLogger(__name__)


class AnomalyMap(NamedTuple):
    """
    Anomalies of one analyte and their zones.

    Parameters
    ----------
    anomalies : GeoDataFrame of polygons
        One a row, see `delineate_anomalies`.
    zones : GeoDataFrame of polygons
        `anomaly_id`, `zone` (1 outer, 2 middle, 3 inner ...), `level` (the lowest value
        of the zone) and `area_km2`; each polygon is all ground at or above its level,
        so that inner zones lie on outer ones.
    """

    anomalies: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame


def delineate_anomalies(
    grid: xr.DataArray,
    *,
    threshold: float,
    zones: Sequence[float] = ZONES,
    min_area_km2: float = 0.0,
    samples: gpd.GeoDataFrame | None = None,
    column: str | None = None,
) -> AnomalyMap:
    """
    Ground at or above the threshold as polygons, with zones, contrast and NAP.

    An anomaly is a patch of cells at or above the threshold T that touch by an edge or
    a corner. Its zones are the ground at or above multiples of T: 外带, 中带 and 内带
    for 1, 2 and 4 T. Contrast is the mean of the anomaly over T; the normalised areal
    productivity (规格化面金属量, NAP) is contrast × area. Reads the map block by block,
    once or twice a zone (a global statistic); the result does not depend on the blocks.

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        Contents on a projected grid in metres, NaN is no ground; may be lazy. Where the
        threshold differs from place to place, give contents ÷ threshold and 1.
    threshold : float
        T, the upper limit of the background, in units of the grid; positive.
    zones : sequence of float, default (1, 2, 4)
        Multiples of T at which zones begin, ascending from 1.
    min_area_km2 : float, default 0
        Smaller patches are left out and counted.
    samples : GeoDataFrame of points, optional
        Samples behind the map, in units of the grid. With them the mean is that of the
        samples in the polygon which reach the threshold; without, or where an anomaly
        holds none, it is the mean of the cells, and `mean_of` says which.
    column : str, optional
        Analyte; the name of the grid if left out.

    Returns
    -------
    AnomalyMap
        `anomalies` by falling NAP: `anomaly_id` (Cu-1 …), `analyte`, `unit`,
        `threshold`, `area_km2`, `n_cells`, `mean`, `mean_of` ("samples" or "cells"),
        `max` with `easting` and `northing` of its cell, `n_samples` inside,
        `n_anomalous` of them at or above T, `n_unclear` (below a detection limit that
        is itself above T), `contrast`, `nap` (km²), `n_zones` developed, `n_centres`
        (patches of the innermost zone), `clarity` (1 − mean of the outer zone ÷ mean of
        the innermost one; T where the outer has no cell of its own; 0 with one zone)
        and `open` (it touches the edge of the map, so that area and NAP are lower
        bounds); and `zones`. The anomalies' ``attrs`` hold `threshold`, `zones`,
        `n_found`, `n_small`, `min_area_km2`, `censored_share` and `imputed_share` of
        the grid.

    Raises
    ------
    ValueError
        If the threshold is not positive, zones do not ascend from 1, the grid is not in
        metres, or the column is not in the samples.
    DataProblems
        If no cell reaches the threshold.

    References
    ----------
    DB63/T 1936-2021, regional geochemical survey: zones at one, two and four times T.

    Xie, X., Mu, X. and Ren, T. (1997). Geochemical mapping in China. Journal of
    Geochemical Exploration 60, 99-113.

    Examples
    --------
    >>> from odc.geo.geobox import GeoBox
    >>> from odc.geo.xr import wrap_xr
    >>> box = GeoBox.from_bbox((0, 0, 4000, 2000), "EPSG:32654", resolution=1000)
    >>> copper = wrap_xr(np.array([[30.0, 60, 10, 20], [20, 10, 10, 10]]), box)
    >>> found = delineate_anomalies(copper, threshold=20, column="Cu_ppm")
    >>> found.anomalies[["anomaly_id", "area_km2", "contrast", "nap", "n_zones"]]
      anomaly_id  area_km2  contrast  nap  n_zones
    0       Cu-1       3.0  1.833333  5.5        2
    1       Cu-2       1.0  1.000000  1.0        1
    """
    _check(grid, threshold, zones, samples, column)
    name = str(column or grid.name or "anomaly")
    box = geobox_of(grid)
    levels = [threshold * zone for zone in zones]
    found = [_patches(grid, level, box) for level in levels]
    outer = found[0]
    if outer.empty:
        what = f"no cell of the map reaches the threshold {threshold:g}"
        remedy = (
            "take a lower threshold, check the units of map and threshold, or grid by "
            "inverse distance: kriging smooths peaks away"
        )
        raise DataProblems([Problem(what, remedy, column=name, value=f"{threshold:g}")])
    small = outer["area_km2"] < min_area_km2
    kept = outer[~small].reset_index(drop=True)
    inner = [_owned(patches, kept) for patches in found[1:]]
    whole = kept.assign(owner=np.arange(len(kept)))
    table = _measured(kept, [whole, *inner], levels, name)
    table["unit"] = str(grid.attrs.get("units") or "")
    table["mean_of"], table["n_samples"] = "cells", 0
    table["n_anomalous"], table["n_unclear"] = 0, 0
    if samples is not None:
        _from_samples(table, kept, samples, name, threshold)
    table["contrast"] = table["mean"] / threshold
    table["nap"] = table["contrast"] * table["area_km2"]
    order = _order(table)
    table["anomaly_id"] = ""
    table.loc[order, "anomaly_id"] = _numbered(name, len(order))
    anomalies = gpd.GeoDataFrame(
        table.loc[order, COLUMNS], geometry=kept.geometry.loc[order], crs=box.crs.proj
    ).reset_index(drop=True)
    anomalies.attrs = {
        "threshold": float(threshold),
        "zones": [float(zone) for zone in zones],
        "n_found": len(outer),
        "n_small": int(small.sum()),
        "min_area_km2": float(min_area_km2),
        "censored_share": grid.attrs.get("censored_share"),
        "imputed_share": grid.attrs.get("imputed_share"),
    }
    drawn = _zones([whole, *inner], levels, table["anomaly_id"], box)
    log.info("%s: %d anomalies, %d too small", name, len(anomalies), small.sum())
    return AnomalyMap(anomalies, drawn)


COLUMNS = [
    "anomaly_id", "analyte", "unit", "threshold", "area_km2", "n_cells", "mean",
    "mean_of", "max", "easting", "northing", "n_samples", "n_anomalous", "n_unclear",
    "contrast", "nap", "n_zones", "n_centres", "clarity", "open",
]  # fmt: skip


def _check(
    grid: xr.DataArray,
    threshold: float,
    zones: Sequence[float],
    samples: gpd.GeoDataFrame | None,
    column: str | None,
) -> None:
    check_projected(grid, what="delineate_anomalies")
    if not (np.isfinite(threshold) and threshold > 0):
        raise ValueError(
            f"threshold must be a positive content. Got {threshold!r}. For maps of "
            "logarithms or scores, bring them back to contents first."
        )
    ascending = all(a < b for a, b in itertools.pairwise(zones))
    if not len(zones) or zones[0] != 1 or not ascending:
        raise ValueError(
            f"zones must ascend from 1, such as (1, 2, 4). Got {tuple(zones)!r}."
        )
    if samples is not None:
        check_columns(samples, str(column or grid.name), where="samples")
        if samples.crs is None:
            raise ValueError("the samples have no CRS. State it: samples.set_crs(…).")


def _patches(grid: xr.DataArray, level: float, box: GeoBox) -> gpd.GeoDataFrame:
    """All patches at or above a level: cells, total, peak, outline, on the ground."""
    table, homes = find_patches([grid], level, NOWHERE)
    a = box.affine
    matrix = [a.a, a.b, a.d, a.e, a.c, a.f]
    keys = table.index.to_numpy()
    outlines = outline_patches(grid, level, homes, keys) if len(keys) else {}
    rows, cols = box.shape
    edges = [outlines[k].bounds for k in keys]
    edge = [w <= 0 or n <= 0 or e >= cols or s >= rows for w, n, e, s in edges]
    easting, northing = centres_of(a, table["row"], table["col"])
    return gpd.GeoDataFrame(
        {
            "cells": table["cells"].to_numpy(dtype=np.int64),
            "total": table["total"].to_numpy(dtype=float),
            "max": table["score_max"].to_numpy(dtype=float),
            "easting": np.asarray(easting, dtype=float),
            "northing": np.asarray(northing, dtype=float),
            "area_km2": table["cells"].to_numpy(dtype=float) * abs(a.determinant) / 1e6,
            "open": np.asarray(edge, dtype=bool),
        },
        geometry=[affine_transform(outlines[k], matrix) for k in keys],
        crs=box.crs.proj,
    )


def _owned(patches: gpd.GeoDataFrame, kept: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Patches of a higher level with the row of the anomaly they lie in."""
    peaks = shapely.points(patches["easting"], patches["northing"])
    tree = shapely.STRtree(kept.geometry.to_numpy())
    inside, owner = tree.query(peaks, predicate="within")
    return patches.iloc[inside].assign(owner=owner)


def _measured(
    kept: gpd.GeoDataFrame,
    levels: list[gpd.GeoDataFrame],
    limits: list[float],
    name: str,
) -> pd.DataFrame:
    """What cells tell of each anomaly."""
    index = kept.index
    groups = [level.groupby("owner") for level in levels]
    sums = [each[["cells", "total"]].sum() for each in groups]
    sums = [each.reindex(index, fill_value=0) for each in sums]
    counts = [each.size().reindex(index, fill_value=0) for each in groups]
    developed = sum((each["cells"] > 0).astype(int) for each in sums)
    innermost = pd.DataFrame({"cells": 0, "total": 0.0}, index=index)
    centres = pd.Series(0, index=index)
    for each, count in zip(sums, counts, strict=True):
        there = each["cells"] > 0
        innermost = innermost.mask(there, each)
        centres = centres.mask(there, count)
    above = sums[1] if len(sums) > 1 else sums[0] * 0
    ring = kept[["cells", "total"]] - above
    outer = ring["total"] / ring["cells"].where(ring["cells"] > 0)
    outer = outer.fillna(limits[0])
    clarity = 1 - outer / (innermost["total"] / innermost["cells"])
    return pd.DataFrame(
        {
            "analyte": name,
            "threshold": limits[0],
            "area_km2": kept["area_km2"],
            "n_cells": kept["cells"],
            "mean": kept["total"] / kept["cells"],
            "max": kept["max"],
            "easting": kept["easting"],
            "northing": kept["northing"],
            "n_zones": developed.astype(int),
            "n_centres": centres.astype(int),
            "clarity": clarity.where(developed > 1, 0.0),
            "open": kept["open"],
        }
    )


def _from_samples(
    table: pd.DataFrame,
    kept: gpd.GeoDataFrame,
    samples: gpd.GeoDataFrame,
    name: str,
    threshold: float,
) -> None:
    """Counts and means of the samples in each anomaly, into the table."""
    values = samples[name].to_numpy(dtype=float)
    flag = f"{name}_censored"
    none = np.zeros(len(values), dtype=bool)
    censored = samples[flag].to_numpy(dtype=bool) if flag in samples else none
    points = samples.geometry.to_crs(kept.crs).to_numpy()
    tree = shapely.STRtree(kept.geometry.to_numpy())
    at, owner = tree.query(points, predicate="intersects")
    known = np.isfinite(values[at]) | censored[at]
    at, owner = at[known], owner[known]
    reached = values[at] >= threshold
    sure = reached & ~censored[at]
    n = len(table)
    table["n_samples"] = np.bincount(owner, minlength=n)
    table["n_anomalous"] = np.bincount(owner[sure], minlength=n)
    table["n_unclear"] = np.bincount(owner[reached & censored[at]], minlength=n)
    total = np.bincount(owner[sure], values[at][sure], minlength=n)
    some = table["n_anomalous"].to_numpy() > 0
    table.loc[some, "mean"] = total[some] / table["n_anomalous"].to_numpy()[some]
    table.loc[some, "mean_of"] = "samples"


def _order(table: pd.DataFrame) -> pd.Index:
    """Rows by falling NAP; ties from north to south, west to east."""
    keys = table.assign(nap=table["nap"].round(9))
    by, up = ["nap", "northing", "easting"], [False, False, True]
    return keys.sort_values(by, ascending=up, kind="stable").index


def _numbered(name: str, n: int) -> list[str]:
    symbol = name.split("_", maxsplit=1)[0]
    return [f"{symbol}-{k}" for k in range(1, n + 1)]


def _zones(
    levels: list[gpd.GeoDataFrame], limits: list[float], ids: pd.Series, box: GeoBox
) -> gpd.GeoDataFrame:
    """One polygon for each zone of each anomaly, the anomalies in their order."""
    parts = [
        level.dissolve("owner", aggfunc={"area_km2": "sum"})
        .reset_index()
        .assign(zone=zone, level=limit)
        for zone, (level, limit) in enumerate(zip(levels, limits, strict=True), 1)
        if len(level)
    ]
    columns = ["anomaly_id", "zone", "level", "area_km2", "geometry"]
    if not parts:
        return gpd.GeoDataFrame({name: [] for name in columns}, crs=box.crs.proj)
    found = pd.concat(parts, ignore_index=True)
    found["anomaly_id"] = found["owner"].map(ids)
    number = found["anomaly_id"].str.rsplit("-", n=1).str[-1].astype(int)
    order = found.assign(number=number).sort_values(["number", "zone"]).index
    found = found.loc[order].reset_index(drop=True)
    return gpd.GeoDataFrame(found[columns], crs=box.crs.proj)
