"""Anomalies of several analytes joined where they overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from survey import check_columns, check_projected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NEEDED = ["anomaly_id", "analyte", "area_km2", "contrast", "nap"]


def combine_anomalies(
    anomalies: Sequence[gpd.GeoDataFrame],
    *,
    min_overlap_km2: float = 0.0,
    prefix: str = "C",
) -> gpd.GeoDataFrame:
    """
    Composite anomalies (综合异常): single-element anomalies that overlap.

    Anomalies of different analytes whose polygons share more than `min_overlap_km2` are
    joined, and so are those linked through a third one. An anomaly that overlaps no
    other stays as a composite of one.

    Parameters
    ----------
    anomalies : sequence of GeoDataFrame
        Tables of `delineate_anomalies`, one an analyte, on one projected CRS.
    min_overlap_km2 : float, default 0
        Overlaps up to this area do not join.
    prefix : str, default "C"
        Begins the names of the composites, as in C-1, C-2.

    Returns
    -------
    GeoDataFrame of polygons
        By falling NAP: `composite_id`, `analytes` (by falling NAP, joined by "-"),
        `main_analyte`, `n_analytes`, `n_anomalies`, `members` (their ids), `area_km2`
        (of the union), `overlap_km2` (ground where at least two analytes are
        anomalous), `max_overlap` (most analytes at one place), `nap` (Σ of the members'
        NAP), `contrast` (highest of the members); where the members tell,
        `n_samples` and `n_anomalous` (results of all analytes added up), `n_zones` and
        `clarity` (highest) and `open`.

    Raises
    ------
    ValueError
        If there is no table, a table lacks columns, or their CRS differ.

    Examples
    --------
    >>> box = shapely.box
    >>> common = {"contrast": [2.0], "nap": [8.0], "area_km2": [4.0]}
    >>> cu = gpd.GeoDataFrame({"anomaly_id": ["Cu-1"], "analyte": "Cu_ppm", **common},
    ...     geometry=[box(0, 0, 2000, 2000)], crs="EPSG:32654")
    >>> au = gpd.GeoDataFrame({"anomaly_id": ["Au-1"], "analyte": "Au_ppb", **common},
    ...     geometry=[box(1000, 0, 3000, 2000)], crs="EPSG:32654")
    >>> composite = combine_anomalies([cu, au])
    >>> composite[["composite_id", "analytes", "area_km2", "overlap_km2", "nap"]]
      composite_id analytes  area_km2  overlap_km2   nap
    0          C-1    Au-Cu       6.0          2.0  16.0
    """
    table = _together(anomalies)
    label = _linked(table, min_overlap_km2)
    rows = [_composite(table[label == k]) for k in range(label.max() + 1)]
    found = gpd.GeoDataFrame(rows, geometry="geometry", crs=table.crs)
    keys = found.assign(
        nap=found["nap"].round(9), north=found.centroid.y, east=found.centroid.x
    )
    order = keys.sort_values(["nap", "north", "east"], ascending=[False, False, True])
    found = found.loc[order.index].reset_index(drop=True)
    found.insert(0, "composite_id", [f"{prefix}-{k}" for k in range(1, len(found) + 1)])
    found.attrs = {"min_overlap_km2": float(min_overlap_km2)}
    return found


def _together(anomalies: Sequence[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    tables = [table for table in anomalies if len(table)]
    if not tables:
        raise ValueError(
            "there is no anomaly to combine: give the tables of delineate_anomalies, "
            "one an analyte"
        )
    for number, table in enumerate(tables, 1):
        check_columns(table, NEEDED, where=f"table {number} of anomalies")
        check_projected(table, what="combine_anomalies")
        if table.crs != tables[0].crs:
            raise ValueError(
                f"table {number} of anomalies has the CRS {table.crs.name}, the first "
                f"{tables[0].crs.name}. Bring them together: table.to_crs(…)."
            )
    joined = pd.concat([each.assign() for each in map(_bare, tables)])
    if joined["anomaly_id"].duplicated().any():
        twice = sorted(joined.loc[joined["anomaly_id"].duplicated(), "anomaly_id"])
        raise ValueError(f"anomaly_id must be unique; twice: {twice[:5]}")
    return gpd.GeoDataFrame(joined, crs=tables[0].crs).reset_index(drop=True)


def _bare(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Copy without attrs, which would be compared when tables are joined."""
    copy = table.copy()
    copy.attrs = {}
    return copy


def _linked(table: gpd.GeoDataFrame, least_km2: float) -> NDArray[np.int64]:
    """Number of the composite of each anomaly."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    shapes = table.geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    analyte = table["analyte"].to_numpy()
    differ = (one < other) & (analyte[one] != analyte[other])
    one, other = one[differ], other[differ]
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other])) / 1e6
    linked = shared > least_km2
    pairs = one[linked], other[linked]
    n = len(table)
    graph = coo_array((np.ones(linked.sum()), pairs), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _composite(members: gpd.GeoDataFrame) -> dict:
    by_nap = members.groupby("analyte")["nap"].sum().round(9)
    ranked = sorted(by_nap.index, key=lambda name: (-by_nap[name], name))
    symbols = [name.split("_", maxsplit=1)[0] for name in ranked]
    union = shapely.union_all(members.geometry.to_numpy())
    shared, most = _overlap(members)
    row = {
        "analytes": "-".join(symbols),
        "main_analyte": ranked[0],
        "n_analytes": len(ranked),
        "n_anomalies": len(members),
        "members": ", ".join(members.sort_values("nap", ascending=False)["anomaly_id"]),
        "area_km2": union.area / 1e6,
        "overlap_km2": shared,
        "max_overlap": most,
        "nap": float(members["nap"].sum()),
        "contrast": float(members["contrast"].max()),
    }
    if "n_zones" in members:
        row["n_zones"] = int(members["n_zones"].max())
    for name in ("n_samples", "n_anomalous"):
        if name in members:
            row[name] = int(members[name].sum())
    if "clarity" in members:
        row["clarity"] = float(members["clarity"].max())
    if "open" in members:
        row["open"] = bool(members["open"].any())
    return row | {"geometry": union}


def _overlap(members: gpd.GeoDataFrame) -> tuple[float, int]:
    """Area in km² where two analytes or more are anomalous, and the most at a place."""
    if members["analyte"].nunique() < 2:
        return 0.0, 1
    shapes = [
        shapely.union_all(group.geometry.to_numpy())
        for _, group in members.groupby("analyte", sort=True)
    ]
    lines = shapely.union_all([shapely.boundary(shape) for shape in shapes])
    faces = shapely.get_parts(shapely.polygonize([lines]))
    inside = shapely.point_on_surface(faces)
    depth = sum(shapely.covers(shape, inside).astype(int) for shape in shapes)
    area = shapely.area(faces)[depth >= 2].sum() / 1e6
    return float(area), int(depth.max())
