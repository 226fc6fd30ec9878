"""Cells of a survey's point plan: numbers of samples, density, gaps."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from survey import DataProblems, Problem, check_columns, check_projected

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = Path(__file__).parents[2] / "data" / "survey_scales.toml"
Region = tuple[float, float, float, float]
_MOST_CELLS = 500_000  # two million square kilometres at 1:50000


class _Plan(NamedTuple):
    """Cells over a region: origin is the north-west corner, sizes in metres."""

    west: float
    north: float
    columns: int
    rows: int
    scale: dict[str, Any]


@cache
def survey_scales() -> dict[str, dict[str, Any]]:
    """Point plans by scale."""
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def number_samples(
    samples: gpd.GeoDataFrame,
    *,
    scale: str = "1:50000",
    region: Region | None = None,
    order: str | None = None,
) -> gpd.GeoDataFrame:
    """
    Samples with their cell, sub-cell and number in the survey's point plan.

    Cells start from whole multiples of their size; they are numbered from left to right
    and top to bottom over the region, their four sub-cells lettered A-D alike, the
    samples of a sub-cell 1, 2, 3 … in order of sampling: 12A1.

    Parameters
    ----------
    samples : GeoDataFrame of points
        Projected CRS in metres.
    scale : {"1:50000", "1:200000"}
        Point plan: cells of 2 or 4 km.
    region : (west, east, south, north), optional
        Ground that is numbered, grown to whole cells; that of the samples if left out.
        State it, or later samples change the numbers.
    order : str, optional
        Column by which samples were taken (a date, a number); their order in the table
        if left out.

    Returns
    -------
    GeoDataFrame
        The samples with `cell` (int), `sub_cell` (A-D) and `plan_number` (12A1).

    Raises
    ------
    ValueError
        If the scale is unknown or the CRS is not in metres.
    DataProblems
        Samples outside the region, each with its row.

    Examples
    --------
    >>> points = gpd.points_from_xy([500, 1500, 2500, 700], [3900, 2100, 500, 3500])
    >>> samples = gpd.GeoDataFrame(geometry=points, crs="EPSG:32654")
    >>> number_samples(samples)["plan_number"].tolist()
    ['1A1', '1D1', '4C1', '1A2']
    """
    plan = _plan(samples, scale, region)
    cell, sub_cell = _cells(samples, plan)
    keys = pd.DataFrame({"cell": cell, "sub_cell": sub_cell})
    ranked = keys
    if order is not None:
        check_columns(samples, order, where="samples")
        by = np.argsort(samples[order].to_numpy(), kind="stable")
        ranked = keys.iloc[by]
    number = ranked.groupby(["cell", "sub_cell"]).cumcount().sort_index() + 1
    out = samples.copy()
    out["cell"], out["sub_cell"] = cell, sub_cell
    joined = zip(cell, sub_cell, number, strict=True)
    out["plan_number"] = [f"{c}{s}{n}" for c, s, n in joined]
    return out


def sampling_density(
    samples: gpd.GeoDataFrame,
    *,
    scale: str = "1:50000",
    region: Region | None = None,
    ground: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """
    Sub-cells of the point plan with their number of samples and what is amiss.

    Parameters
    ----------
    samples : GeoDataFrame of points
        Projected CRS in metres.
    scale : {"1:50000", "1:200000"}
        Point plan.
    region : (west, east, south, north), optional
        As for `number_samples`.
    ground : GeoDataFrame of polygons, optional
        Ground that can be sampled; a sub-cell counts with the part inside it, and one
        without any is left out.

    Returns
    -------
    GeoDataFrame of polygons
        `cell`, `sub_cell`, `area_km2` (on the ground), `n_samples`, `density` (samples
        a km²) and `status`: "empty", "sparse", "ok", "dense". ``attrs`` counts each
        status and gives the overall density, and the limits used.

    Raises
    ------
    ValueError
        If the scale is unknown or the CRS is not in metres.
    DataProblems
        Samples outside the region, each with its row.

    Examples
    --------
    >>> points = gpd.points_from_xy([500, 600, 700, 800, 1500], [500] * 5)
    >>> samples = gpd.GeoDataFrame(geometry=points, crs="EPSG:32654")
    >>> found = sampling_density(samples)
    >>> found[["cell", "sub_cell", "n_samples", "status"]]
       cell sub_cell  n_samples  status
    0     1        A          0   empty
    1     1        B          0   empty
    2     1        C          4      ok
    3     1        D          1  sparse
    """
    plan = _plan(samples, scale, region)
    _check_extent(plan)
    frame = _frame(plan, samples.crs)
    cell, sub_cell = _cells(samples, plan)
    counts = pd.DataFrame({"cell": cell, "sub_cell": sub_cell}).value_counts()
    keys = pd.MultiIndex.from_frame(frame[["cell", "sub_cell"]])
    frame["area_km2"] = frame.area / 1e6
    if ground is not None:
        whole = shapely.union_all(ground.to_crs(samples.crs).geometry.to_numpy())
        inside = shapely.intersection(frame.geometry.to_numpy(), whole)
        frame["area_km2"] = shapely.area(inside) / 1e6
    frame["n_samples"] = counts.reindex(keys, fill_value=0).to_numpy()
    frame = frame[(frame["area_km2"] > 0) | (frame["n_samples"] > 0)]
    frame = frame.reset_index(drop=True)
    area = frame["area_km2"].where(frame["area_km2"] > 0)
    frame["density"] = frame["n_samples"] / area
    low, high = plan.scale["density_min"], plan.scale["density_max"]
    conditions = [frame["n_samples"] == 0, frame["density"] < low]
    conditions.append(frame["density"] > high)
    frame["status"] = np.select(conditions, ["empty", "sparse", "dense"], "ok")
    columns = ["cell", "sub_cell", "area_km2", "n_samples", "density", "status"]
    frame = frame[[*columns, "geometry"]]
    statuses = ("empty", "sparse", "ok", "dense")
    frame.attrs = {f"n_{s}": int((frame["status"] == s).sum()) for s in statuses} | {
        "density": float(len(samples) / frame["area_km2"].sum()),
        "density_min": low,
        "density_max": high,
    }
    return frame


def _plan(samples: gpd.GeoDataFrame, scale: str, region: Region | None) -> _Plan:
    known = survey_scales()
    if scale not in known:
        raise ValueError(f"scale must be one of {sorted(known)}. Got {scale!r}.")
    check_projected(samples, what="the point plan")
    if samples.geometry.isna().any() or samples.geometry.is_empty.any():
        raise ValueError("some samples have no place: leave them out first")
    size = known[scale]["cell_m"]
    if region is None:
        west, south, east, north = samples.total_bounds
    else:
        west, east, south, north = region
    first = np.floor(west / size) * size, np.ceil(north / size) * size
    columns = max(1, int(np.ceil((east - first[0]) / size)))
    rows = max(1, int(np.ceil((first[1] - south) / size)))
    return _Plan(float(first[0]), float(first[1]), columns, rows, known[scale])


def _check_extent(plan: _Plan) -> None:
    """A stray coordinate makes a plan of millions of cells: refuse it."""
    n = plan.rows * plan.columns
    if n > _MOST_CELLS:
        size = plan.scale["cell_m"] / 1000
        raise ValueError(
            f"the point plan would have {plan.rows} × {plan.columns} cells (rows × "
            f"columns) of {size:g} km, more than {_MOST_CELLS}. Correct the samples "
            "that lie far from the others, or state region=."
        )


def _cells(
    samples: gpd.GeoDataFrame, plan: _Plan
) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
    """Cell number and letter of each sample; a point on a line belongs east, south."""
    size, half = plan.scale["cell_m"], plan.scale["sub_cell_m"]
    x = samples.geometry.x.to_numpy() - plan.west
    y = plan.north - samples.geometry.y.to_numpy()
    column, row = _whole(x, size, plan.columns), _whole(y, size, plan.rows)
    width, height = plan.columns * size, plan.rows * size
    outside = (x < 0) | (y < 0) | (x > width) | (y > height)
    if outside.any():
        raise DataProblems(
            Problem(
                "the sample lies outside the region",
                "state a region that holds all samples, or leave it out",
                row=int(i) + 1,
                value=f"{samples.geometry.x.iloc[i]:g}, {samples.geometry.y.iloc[i]:g}",
            )
            for i in np.flatnonzero(outside)
        )
    per_side = size // half
    sub_column = _whole(x - column * size, half, per_side)
    sub_row = _whole(y - row * size, half, per_side)
    letters = np.array(list(plan.scale["letters"]))
    return row * plan.columns + column + 1, letters[sub_row * per_side + sub_column]


def _whole(distance: NDArray, size: float, n: int) -> NDArray[np.int64]:
    """Index of the cell; the far edge of the last one belongs to it."""
    return np.clip(np.floor(distance / size).astype(np.int64), 0, n - 1)


def _frame(plan: _Plan, crs: Any) -> gpd.GeoDataFrame:  # noqa: ANN401
    """Every sub-cell of the plan, in the order of its numbers."""
    size, half = plan.scale["cell_m"], plan.scale["sub_cell_m"]
    per_side = size // half
    row, column, i, j = np.meshgrid(
        *(np.arange(n) for n in (plan.rows, plan.columns, per_side, per_side)),
        indexing="ij",
    )
    row, column, i, j = (each.ravel() for each in (row, column, i, j))
    west = plan.west + column * size + j * half
    north = plan.north - row * size - i * half
    letters = np.array(list(plan.scale["letters"]))
    return gpd.GeoDataFrame(
        {
            "cell": row * plan.columns + column + 1,
            "sub_cell": letters[i * per_side + j],
        },
        geometry=shapely.box(west, north - half, west + half, north),
        crs=crs,
    )
