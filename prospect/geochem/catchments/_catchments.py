"""The catchment of each stream sample, from a DEM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Proj

from ..._note import Note
from ._arcs import whole_catchments
from ._flow import drain, flow_frame, label_upstream
from ._snap import (
    FAR,
    NO_HEIGHT,
    OUTSIDE,
    PLACED,
    Reach,
    check_placed,
    placed_samples,
    snap,
)
from ._tree import Tree, pass_down, topological

if TYPE_CHECKING:
    import xarray as xr

    from ._flow import Drainage
    from ._snap import Snapped

SCALE_ERROR = 0.01
TRUNK = 10  # times the median catchment


def delineate_catchments(
    samples: gpd.GeoDataFrame,
    dem: xr.DataArray,
    *,
    snap_distance: float,
    min_area: float = 0.25,
    max_area: float = np.inf,
    rivers: gpd.GeoDataFrame | None = None,
    burn_depth: float = 20.0,
    unplaced: str = "error",
) -> gpd.GeoDataFrame:
    """
    Catchment of each stream sample, and how the catchments are nested.

    Parameters
    ----------
    samples : GeoDataFrame of points
        With unique `sample_id`.
    dem : DataArray, dims ("y", "x")
        Elevation in a projected CRS in metres, upright. It is held in memory as a
        whole, since water knows no blocks: about 35 bytes a cell at the peak, 1.7 GB
        for 50 million cells.
    snap_distance : float
        How far a sample may be moved to a stream, in metres: as far as coordinates and
        DEM may disagree. A sample whose own cell is a stream stays there.
    min_area : float, default 0.25
        Area in km² from which on a cell is a stream; 0 takes every sample where it is.
    max_area : float, default inf
        Area in km² up to which: what drains more is no stream to this survey. Keeps
        samples of tributaries off the river they were taken beside.
    rivers : GeoDataFrame, optional
        Lines (or polygons) to burn into the DEM.
    burn_depth : float, default 20
        By how many metres the cells of `rivers` are lowered.
    unplaced : {"error", "keep"}
        What to do with samples outside the DEM, on a gap or too far from a stream:
        list them all, or keep their rows without a catchment and count them.

    Returns
    -------
    GeoDataFrame
        Polygons in the CRS of the DEM, a row a sample in the order of `samples`:

        - `sample_id`; `status`: delineated, outside, gap or far
        - `area_km2`: the catchment; `own_area_km2`: without the catchments of samples
          upstream
        - `downstream_id`: next sample downstream; `upstream_ids`: the next ones
          upstream, separated by ``"; "``; `upstream_count`: all upstream
        - `snapped_m`: metres from the sample to the middle of its outlet cell
        - `outlet_x`, `outlet_y`, `outlet_cell`: the outlet
        - `touches_border`: the catchment reaches the border of the DEM or a gap in it;
          its area is a minimum then. A catchment whose divide follows the border is
          flagged too.
        - `notes`: the same in words

        Samples of one outlet cell share catchment and own area; the first of them is
        the `downstream_id` of others. ``attrs["notes"]`` says what was counted.

    Raises
    ------
    DataProblems
        Listing all samples without a place, with the same id, or (`unplaced="error"`)
        without a stream.
    ValueError
        If the DEM is in degrees, rotated, empty or infinite, or an option is unknown.

    Notes
    -----
    Depressions are filled to their outlet (Wang and Liu 2006, by pyflwdir); each cell
    drains to the neighbour of steepest descent (D8, O'Callaghan and Mark 1984), on
    flats and filled ground to the neighbour over which it drains. Water leaves at the
    border of the DEM and at gaps. Filling removes real closed basins (karst, salt
    lakes) too.

    References
    ----------
    Bonham-Carter, G. F. and Goodfellow, W. D. (1986). Background corrections to stream
    geochemical data using digitized drainage and geological maps. Journal of
    Geochemical Exploration 25, 139-155.

    O'Callaghan, J. F. and Mark, D. M. (1984). The extraction of drainage networks from
    digital elevation data. Computer Vision, Graphics, and Image Processing 28, 323-344.

    Wang, L. and Liu, H. (2006). An efficient method for identifying and filling surface
    depressions in digital elevation models. International Journal of Geographical
    Information Science 20, 193-213.

    Examples
    --------
    >>> import xarray as xr
    >>> slope = np.add.outer(np.arange(5.0, 0, -1), np.abs(np.arange(-2.0, 3)))
    >>> places = {"y": 450 - 100.0 * np.arange(5), "x": 50 + 100.0 * np.arange(5)}
    >>> dem = xr.DataArray(slope, places, ("y", "x")).rio.write_crs("EPSG:32650")
    >>> at = gpd.points_from_xy([250, 250], [250, 50])
    >>> samples = gpd.GeoDataFrame({"sample_id": ["A", "B"]}, geometry=at, crs=32650)
    >>> found = delineate_catchments(samples, dem, snap_distance=50, min_area=0.03)
    >>> found[["sample_id", "area_km2", "own_area_km2", "downstream_id"]]
      sample_id  area_km2  own_area_km2 downstream_id
    0         A      0.09          0.09             B
    1         B      0.25          0.16           NaN
    """
    reach = _reach(snap_distance, min_area, max_area, unplaced)
    frame = placed_samples(samples, flow_frame(dem))
    drainage = drain(dem, rivers=rivers, burn_depth=burn_depth)
    snapped = snap(frame.geometry, drainage, reach)
    if unplaced == "error":
        check_placed(snapped, frame, drainage, reach)
    return _table(frame, snapped, drainage)


def _reach(
    snap_distance: float, min_area: float, max_area: float, unplaced: str
) -> Reach:
    if unplaced not in ("error", "keep"):
        raise ValueError(f"unplaced={unplaced!r} is unknown: use 'error' or 'keep'")
    for name, value in (("snap_distance", snap_distance), ("min_area", min_area)):
        if not (np.isfinite(value) and value >= 0):
            raise ValueError(f"{name}={value} is not a number of at least 0")
    if not max_area > min_area:
        raise ValueError(f"max_area={max_area} is not above min_area={min_area}")
    return Reach(snap_distance, min_area, max_area)


def _table(
    frame: gpd.GeoDataFrame, snapped: Snapped, drainage: Drainage
) -> gpd.GeoDataFrame:
    has = snapped.status == PLACED
    outlets, first, node = np.unique(
        snapped.cell[has], return_index=True, return_inverse=True
    )
    first = np.flatnonzero(has)[first]
    labels = label_upstream(drainage, outlets)
    tree = _tree(outlets, first, labels, drainage)
    touched = np.zeros(len(outlets))
    edges = np.unique(labels[drainage.edge])
    touched[edges[edges > 0] - 1] = 1
    touched = pass_down(touched, tree) > 0
    whole = whole_catchments(labels, tree, drainage.geobox.affine)
    ids = frame["sample_id"].astype(str).to_numpy(dtype=object)
    columns = {"sample_id": frame["sample_id"], "status": snapped.status.astype(str)}
    per_node = {
        "area_km2": tree.area_km2,
        "own_area_km2": tree.own_km2,
        "downstream_id": _downstream(ids, tree),
        **_upstream(ids, tree, node),
    }
    middle_x, middle_y = _middles(outlets, drainage)
    per_node |= {"outlet_x": middle_x, "outlet_y": middle_y, "outlet_cell": outlets}
    for name, values in per_node.items():
        columns[name] = _spread(values, node, has)
    columns["snapped_m"] = np.round(snapped.metres, 2)
    border = np.zeros(len(frame), bool)
    border[has] = touched[node]
    columns["touches_border"] = border
    columns["notes"] = _notes(ids, snapped, node, has, border)
    shapes = np.full(len(frame), shapely.Polygon(), dtype=object)
    shapes[has] = whole[node]
    table = gpd.GeoDataFrame(columns, geometry=shapes, crs=drainage.geobox.crs.proj)
    table.attrs["notes"] = [
        *_counts(snapped, border, node, drainage),
        *_jumped(table, snapped),
    ]
    return table


def _tree(
    outlets: np.ndarray, first: np.ndarray, labels: np.ndarray, drainage: Drainage
) -> Tree:
    next_cell = drainage.downstream[outlets]
    below = labels.ravel()[next_cell].astype(np.int64) - 1
    below[next_cell == outlets] = -1
    counts = np.bincount(labels.ravel(), minlength=len(outlets) + 1)[1:]
    own = counts * drainage.cell_km2
    area = drainage.cells[outlets] * drainage.cell_km2
    return Tree(np.empty(0), first, below, topological(below), own, area)


def _downstream(ids: np.ndarray, tree: Tree) -> np.ndarray:
    named = np.where(tree.below >= 0, ids[tree.first][tree.below], None)
    return named.astype(object)


def _upstream(ids: np.ndarray, tree: Tree, node: np.ndarray) -> dict[str, np.ndarray]:
    """Names of the samples next upstream, and the number of all upstream."""
    rows = np.bincount(node, minlength=len(tree.below)).astype(float)
    count = (pass_down(rows, tree) - rows).astype(int)
    return {"upstream_ids": _next_up(ids, tree), "upstream_count": count}


def _next_up(ids: np.ndarray, tree: Tree) -> np.ndarray:
    named: list[list[str]] = [[] for _ in tree.below]
    for here in range(len(tree.below)):
        if tree.below[here] >= 0:
            named[tree.below[here]].append(ids[tree.first[here]])
    return np.array(["; ".join(names) for names in named], dtype=object)


def _middles(outlets: np.ndarray, drainage: Drainage) -> tuple[np.ndarray, np.ndarray]:
    row, column = np.divmod(outlets, drainage.edge.shape[1])
    affine = drainage.geobox.affine
    return (
        affine.c + affine.a * (column + 0.5),
        affine.f + affine.e * (row + 0.5),
    )


def _spread(values: np.ndarray, node: np.ndarray, has: np.ndarray) -> pd.Series:
    """Values of the outlets on the rows of the table, missing where there is none."""
    kinds = {"i": "Int64", "f": "float64", "O": "str"}
    spread = pd.Series(np.nan, range(len(has))).astype(kinds[values.dtype.kind])
    spread[has] = values[node]
    return spread


def _notes(
    ids: np.ndarray,
    snapped: Snapped,
    node: np.ndarray,
    has: np.ndarray,
    border: np.ndarray,
) -> list[str]:
    """What is particular to each sample, in English."""
    said: list[list[str]] = [[] for _ in ids]
    reasons = {
        OUTSIDE: Note("catchment_outside"),
        NO_HEIGHT: Note("catchment_gap"),
        FAR: Note("catchment_no_stream"),
    }
    for row in np.flatnonzero(~has):
        said[row].append(reasons[snapped.status[row]])
    for row in np.flatnonzero(border):
        said[row].append(Note("catchment_border"))
    rows = np.flatnonzero(has)
    for group in pd.Series(rows).groupby(node).groups.values():
        members = rows[np.asarray(group)]
        for row in members if len(members) > 1 else ():
            others = [ids[other] for other in members if other != row]
            said[row].append(Note("catchment_shared", ids=others))
    return ["; ".join(map(str, notes)) for notes in said]


def _counts(
    snapped: Snapped, border: np.ndarray, node: np.ndarray, drainage: Drainage
) -> list[Note]:
    total, has = len(snapped.status), snapped.status == PLACED
    notes = []
    if not has.all():
        each = {
            name: int((snapped.status == status).sum())
            for name, status in (("outside", OUTSIDE), ("gap", NO_HEIGHT), ("far", FAR))
        }
        missing = int((~has).sum())
        notes.append(Note("catchments_unplaced", n=missing, total=total, **each))
    if border.any():
        notes.append(
            Note("catchments_border", n=int(border.sum()), total=int(has.sum()))
        )
    rows = np.bincount(node) if len(node) else np.empty(0, int)
    if (rows > 1).any():
        notes.append(Note("catchments_shared", n=int(rows[rows > 1].sum())))
    percent = 100 * (_areal_scale(drainage) - 1)
    if abs(percent) > 100 * SCALE_ERROR:
        notes.append(Note("catchments_scale", percent=percent))
    return notes


def _jumped(table: gpd.GeoDataFrame, snapped: Snapped) -> list[Note]:
    """Samples moved onto a stream far larger than those of the survey."""
    area = table["area_km2"].to_numpy()
    if not snapped.moved.any():
        return []
    large = snapped.moved & (area > TRUNK * np.nanmedian(area))
    if not large.any():
        return []
    ids = table["sample_id"][large].astype(str).tolist()
    return [Note("catchments_jumped", n=len(ids), times=TRUNK, ids=ids[:10])]


def _areal_scale(drainage: Drainage) -> float:
    """Area on the map over area on the ground, in the middle of the DEM."""
    box = drainage.geobox
    projection = Proj(box.crs.proj)
    height, width = box.shape
    x = box.affine.c + box.affine.a * width / 2
    y = box.affine.f + box.affine.e * height / 2
    return float(projection.get_factors(*projection(x, y, inverse=True)).areal_scale)
