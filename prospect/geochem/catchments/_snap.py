"""Samples onto the streams of a DEM: the nearest channel cell within reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np

from survey import DataProblems, Problem, check_columns

from ..._note import Note
from ...evidence._frame import to_cells

if TYPE_CHECKING:
    import shapely
    from odc.geo.geobox import GeoBox

    from ._flow import Drainage

PLACED, OUTSIDE, NO_HEIGHT, FAR = "delineated", "outside", "gap", "far"
LOOK = 10  # times the snapping distance, to tell how far the nearest stream is


class Reach(NamedTuple):
    """How far to look (m), and for streams of which area (km²)."""

    distance: float
    min_area: float
    max_area: float

    @property
    def areas(self) -> str:
        """Range of areas for a message."""
        ends = [f"{self.min_area:g}", f"{self.max_area:g}"]
        return " – ".join(ends) if np.isfinite(self.max_area) else f"≥ {ends[0]}"


class Snapped(NamedTuple):
    """Cell of each sample (-1 for none), metres to it, status, if in another cell."""

    cell: np.ndarray
    metres: np.ndarray
    status: np.ndarray
    moved: np.ndarray


def placed_samples(samples: gpd.GeoDataFrame, geobox: GeoBox) -> gpd.GeoDataFrame:
    """Ids and points in the CRS of the DEM; all rows that cannot be used are listed."""
    check_columns(samples, "sample_id")
    if samples.crs is None:
        raise ValueError("the samples have no CRS: state it with set_crs('EPSG:…')")
    if samples.empty:
        raise ValueError("the table holds no sample: check the file and its filter")
    ids, points = samples["sample_id"], samples.geometry
    empty = (points.isna() | points.is_empty).to_numpy()
    kinds = (points.geom_type != "Point").to_numpy() & ~empty
    twice = (ids.duplicated(keep=False) | ids.isna()).to_numpy()
    problems = [
        Problem(what, remedy, row=row + 1, column=column, value=str(ids.iloc[row]))
        for rows, column, what, remedy in (
            (empty, "geometry", "no place", "give coordinates or leave the row out"),
            (kinds, "geometry", "not a point", "give one point a sample"),
            (twice, "sample_id", "sample_id is missing or stands more than once",
             "give every sample an id of its own"),
        )
        for row in np.flatnonzero(rows)
    ]  # fmt: skip
    if problems:
        raise DataProblems(problems)
    places = points.to_crs(geobox.crs.proj).array
    return gpd.GeoDataFrame({"sample_id": ids.to_numpy()}, geometry=places)


def snap(points: gpd.GeoSeries, drainage: Drainage, reach: Reach) -> Snapped:
    """Nearest cell that is a stream; of equally near ones the larger."""
    xy = np.column_stack([points.x, points.y])
    at = to_cells(drainage.geobox, xy)
    columns, rows = np.floor(at).astype("int64").T
    height, width = drainage.edge.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    cell = np.full(len(xy), -1, "int64")
    metres = np.full(len(xy), np.nan)
    status = np.full(len(xy), FAR, dtype=object)
    moved = np.zeros(len(xy), bool)
    status[~inside] = OUTSIDE
    for i in np.flatnonzero(inside):
        own = rows[i] * width + columns[i]
        if drainage.cells[own] == 0:
            status[i] = NO_HEIGHT
            continue
        found = _nearest_stream(drainage, at[i], reach)
        if found is not None:
            (cell[i], metres[i]), status[i] = found, PLACED
            moved[i] = cell[i] != own
    return Snapped(cell, metres, status, moved)


def check_placed(
    snapped: Snapped, frame: gpd.GeoDataFrame, drainage: Drainage, reach: Reach
) -> None:
    """Raise with every sample that has no cell, why, and what to do."""
    problems = []
    for row in np.flatnonzero(snapped.status != PLACED):
        sample = frame.iloc[row]
        if snapped.status[row] == OUTSIDE:
            what, remedy = Note("catchment_outside"), Note("catchment_outside_remedy")
        elif snapped.status[row] == NO_HEIGHT:
            what, remedy = Note("catchment_gap"), Note("catchment_gap_remedy")
        else:
            near = _how_far(sample.geometry, drainage, reach)
            given = {"area": reach.areas, "distance": reach.distance}
            what = Note("catchment_far", **given, nearest=near)
            remedy = Note("catchment_far_remedy")
        value = (
            f"{sample['sample_id']} ({sample.geometry.x:.1f}, {sample.geometry.y:.1f})"
        )
        problems.append(
            Problem(what, remedy, row=int(row) + 1, column="sample_id", value=value)
        )
    if problems:
        raise DataProblems(problems)


def _nearest_stream(
    drainage: Drainage, at: np.ndarray, reach: Reach
) -> tuple[int, float] | None:
    """Cell and distance of the nearest stream, its own cell counting as reached."""
    affine, shape = drainage.geobox.affine, drainage.edge.shape
    size = np.abs([affine.e, affine.a])
    own = np.floor(at[::-1]).astype(int)
    span = np.ceil(reach.distance / size).astype(int)
    low = np.maximum(own - span, 0)
    high = np.minimum(own + span + 1, shape)
    cells = drainage.cells.reshape(shape)[low[0] : high[0], low[1] : high[1]]
    least = max(1, np.ceil(reach.min_area / drainage.cell_km2 - 1e-9))
    most = reach.max_area / drainage.cell_km2 + 1e-9
    row, column = np.nonzero((cells >= least) & (cells <= most))
    if not row.size:
        return None
    count = cells[row, column]
    row, column = row + low[0], column + low[1]
    away = np.hypot((row + 0.5 - at[1]) * size[0], (column + 0.5 - at[0]) * size[1])
    by_foot = np.where((row == own[0]) & (column == own[1]), 0.0, away)
    best = np.lexsort((-count, by_foot))[0]
    if by_foot[best] > reach.distance:
        return None
    return int(row[best] * shape[1] + column[best]), float(away[best])


def _how_far(point: shapely.Point, drainage: Drainage, reach: Reach) -> Note:
    at = to_cells(drainage.geobox, np.array([[point.x, point.y]]))[0]
    height, width = np.abs([drainage.geobox.affine.e, drainage.geobox.affine.a])
    beyond = LOOK * max(reach.distance, height, width)
    found = _nearest_stream(drainage, at, reach._replace(distance=beyond))
    if found is None:
        return Note("catchment_far_beyond", metres=beyond)
    return Note("catchment_far_metres", metres=found[1])
