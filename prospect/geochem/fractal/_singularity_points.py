"""Local singularity of points: what lies in circles around each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from survey import DataProblems, Problem, check_columns, check_projected

from ..._note import Note

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

MEASURES = ("density", "mean")
PAIRS = 2_000_000


def singularity_points(
    samples: gpd.GeoDataFrame,
    *,
    radii: Sequence[float],
    column: str | None = None,
    measure: str = "density",
    min_samples: int = 3,
) -> gpd.GeoDataFrame:
    """
    Singularity index at each sample from circles of several radii.

    Parameters
    ----------
    samples : GeoDataFrame
        Points, in a CRS in metres.
    radii : sequence of float
        Radii of the circles in metres, at least three.
    column : str, optional
        Analyte whose values weigh the samples; each counts one if left out. Values must
        be positive. Censored ones enter with their limit, which a note counts, imputed
        ones as they are; samples without a value are no part of it, which is noted.
    measure : {"density", "mean"}, default "density"
        Sum over the area of the circle, which follows the density of the sampling as
        well; or the mean of the samples in the circle, which does not.
    min_samples : int, default 3
        Samples the largest circle holds at least, else the index is missing.

    Returns
    -------
    GeoDataFrame
        Index, `sample_id` where there is one, and geometry of `samples`; `alpha` (below
        2: enriched towards the sample), `delta_alpha` = 2 - alpha, `coefficient` (the
        fitted density in a circle of 1 km radius, per km² or in units of the analyte),
        `standard_error`, `r2`, `n_samples` in the largest circle and `inside`, the
        share of that circle within the convex hull of the samples. `attrs["notes"]`.

    Raises
    ------
    ValueError
        If the CRS is not in metres, there are no points, or an option is wrong.
    DataProblems
        If values are zero, negative or infinite: every row is named.

    Notes
    -----
    Circles that reach beyond the survey hold less for that reason alone, so that the
    density falls and alpha with it: heed `inside`, or take the mean.

    References
    ----------
    Cheng, Q. (2007). Mapping singularities with stream sediment geochemical data for
    prediction of undiscovered mineral deposits in Gejiu, Yunnan Province, China. Ore
    Geology Reviews 32, 314-324.

    Examples
    --------
    Samples on an even grid have the index 2 within.

    >>> import geopandas as gpd
    >>> y, x = np.mgrid[0:4000:100, 0:4000:100]
    >>> points = gpd.points_from_xy(x.ravel(), y.ravel())
    >>> samples = gpd.GeoDataFrame(geometry=points, crs="EPSG:32650")
    >>> found = singularity_points(samples, radii=(400, 600, 900, 1300))
    >>> round(float(found["alpha"].iloc[820]), 1)
    2.0
    """
    check_projected(samples, what="singularity_points")
    circles = _check_radii(radii)
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {MEASURES}. Got {measure!r} instead.")
    if min_samples < 1:
        raise ValueError(f"min_samples must be at least 1. Got {min_samples}.")
    known = _known(samples, column)
    places = shapely.get_coordinates(known.points)
    sums, counts = _in_circles(places, known.value, circles)
    density = sums / (np.pi * (circles / 1000) ** 2)
    if measure == "mean":
        density = sums / counts
    fitted = _lines(np.log(circles / 1000), np.log(density))
    fitted.loc[counts[:, -1] < min_samples] = np.nan
    fitted["n_samples"] = counts[:, -1].astype(int)
    hull = shapely.MultiPoint(places).convex_hull
    discs = shapely.buffer(known.points, circles[-1], quad_segs=16)
    shapely.prepare(hull)
    fitted["inside"] = shapely.area(shapely.intersection(discs, hull)) / shapely.area(
        discs
    )
    return _as_samples(samples, fitted, known)


class _Known(NamedTuple):
    """Samples that take part."""

    value: NDArray[np.float64]
    points: NDArray
    where: NDArray[np.bool_]
    notes: list[Note]


def _known(samples: gpd.GeoDataFrame, column: str | None) -> _Known:
    """Samples with a place and a value; bad values are refused, all of them."""
    shapes = samples.geometry.to_numpy()
    if len(shapes) < 3 or (shapely.get_type_id(shapes) != 0).any():
        raise ValueError(
            "samples must be at least three points, all with a geometry: leave out "
            "rows without coordinates, take centroids of polygons"
        )
    if column is None:
        where = np.ones(len(shapes), dtype=bool)
        return _Known(np.ones(len(shapes)), shapes, where, [])
    check_columns(samples, column)
    value = samples[column].to_numpy(dtype=float)
    bad = np.flatnonzero((value <= 0) | np.isinf(value))
    if len(bad):
        ids = samples.get("sample_id", pd.Series(samples.index)).to_numpy()
        raise DataProblems(
            Problem(
                "a density needs positive, finite values",
                "make the value missing, or flag it as censored with its limit",
                row=str(ids[i]),
                column=column,
                value=f"{value[i]:g}",
            )
            for i in bad
        )
    where = ~np.isnan(value)
    notes = []
    if not where.all():
        notes.append(Note("curve_missing", n=int((~where).sum()), total=len(value)))
    for kind in ("censored", "imputed"):
        flag = samples.get(f"{column}_{kind}")
        n = 0 if flag is None else int((flag.fillna(False).astype(bool) & where).sum())
        if n and kind == "censored":
            notes.append(Note("points_censored", n=n, total=int(where.sum())))
        elif n:
            notes.append(Note("curve_imputed", n=n, total=int(where.sum())))
    if where.sum() < 3:
        raise ValueError(f"{column}: fewer than three samples have a value")
    return _Known(value[where], shapes[where], where, notes)


def _in_circles(
    places: NDArray, value: NDArray, radii: NDArray
) -> tuple[NDArray, NDArray]:
    """Sums and counts within each radius of each place, some places at a time."""
    tree = cKDTree(places)
    reach = radii[-1] * (1 + 1e-12)
    sums, counts = np.zeros((2, len(places), len(radii)))
    for first, last in _batches(tree, places, reach):
        found = tree.query_ball_point(places[first:last], reach)
        length = np.array([len(each) for each in found])
        owner = np.repeat(np.arange(last - first), length)
        other = np.concatenate(found).astype(np.int64)
        distance = np.hypot(*(places[other] - places[first + owner]).T)
        ring = np.searchsorted(radii * (1 + 1e-12), distance)
        flat = owner * len(radii) + np.minimum(ring, len(radii) - 1)
        size = (last - first) * len(radii)
        for out, weight in ((sums, value[other]), (counts, None)):
            rings = np.bincount(flat, weight, size).reshape(last - first, -1)
            out[first:last] = np.cumsum(rings, axis=1)
    return sums, counts


def _batches(tree: cKDTree, places: NDArray, reach: float) -> Iterator[tuple[int, int]]:
    """Runs of places that have at most some millions of neighbours together."""
    pairs = np.cumsum(tree.query_ball_point(places, reach, return_length=True))
    first = 0
    while first < len(places):
        before = pairs[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(pairs, before + PAIRS, "right")))
        yield first, last
        first = last


def _lines(x: NDArray, logs: NDArray) -> pd.DataFrame:
    """Least squares of each row of logarithms on x."""
    dx = x - x.mean()
    spread = dx @ dx
    level = logs.mean(axis=1)
    slope = logs @ dx / spread
    rest = ((logs - level[:, None] - slope[:, None] * dx) ** 2).sum(axis=1)
    told = slope**2 * spread
    whole = told + rest
    r2 = np.divide(told, whole, out=np.ones_like(whole), where=whole > 1e-24)
    return pd.DataFrame(
        {
            "alpha": 2 + slope,
            "delta_alpha": -slope,
            "coefficient": np.exp(level - slope * x.mean()),
            "standard_error": np.sqrt(rest / (len(x) - 2) / spread),
            "r2": r2,
        }
    )


def _as_samples(
    samples: gpd.GeoDataFrame, fitted: pd.DataFrame, known: _Known
) -> gpd.GeoDataFrame:
    """Results on the rows of the samples; missing where a sample took no part."""
    kept = [name for name in ("sample_id",) if name in samples]
    out = samples[[*kept, samples.geometry.name]].copy()
    for number, name in enumerate(fitted):
        column = np.full(len(samples), np.nan)
        column[known.where] = fitted[name]
        values = pd.Series(column, index=samples.index)
        if name == "n_samples":
            values = values.astype("Int64")
        out.insert(len(kept) + number, name, values)
    out.attrs = {"notes": known.notes}
    return out


def _check_radii(radii: Sequence[float]) -> NDArray[np.float64]:
    circles = np.unique(np.asarray(radii, dtype=float))
    if len(circles) < 3 or not np.isfinite(circles).all() or circles[0] <= 0:
        raise ValueError(
            f"radii must be at least three different positive lengths in metres. Got "
            f"{tuple(radii)} instead."
        )
    return circles
