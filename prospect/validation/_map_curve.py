"""What a prediction-area curve needs of a map, counted block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from survey import geobox_of

from .._quantile import count_at_least, kth_largest, next_above
from .._stream import cells_of, read_cells

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray


def deposit_scores(
    score: xr.DataArray, deposits: gpd.GeoDataFrame | ArrayLike
) -> NDArray[np.float64]:
    """Return the score at each deposit on the map; NaN where there is none."""
    if not hasattr(deposits, "geometry"):
        return np.asarray(deposits, dtype=float)
    box = geobox_of(score)
    at = deposits.geometry.to_crs(box.crs)
    row, col, inside = cells_of(box.affine, tuple(box.shape), at.x, at.y)
    values = np.full(len(at), np.nan)
    values[inside] = read_cells([score], row[inside], col[inside])[:, 0]
    return values


def map_counts(score: xr.DataArray, at: NDArray) -> tuple[NDArray, NDArray]:
    """
    Return rising thresholds and the share of the map at or above each.

    The thresholds are the deposits' scores and the two scores of the map between which
    captured + area passes 1.
    """
    thresholds = np.unique(at)
    area, known = _shares(score, thresholds)
    captured = 1 - np.searchsorted(np.sort(at), thresholds, side="left") / len(at)
    passed = np.flatnonzero(captured + area >= 1)
    low = thresholds[passed[-1]] if len(passed) else -np.inf
    above = np.count_nonzero(at > low)
    wanted = int(np.ceil((1 - above / len(at)) * known - 1e-9))
    last = low
    if wanted > 0:
        last = max(low, kth_largest(score, min(wanted, known)))
    both = [last, next_above(score, last)]
    more = [value for value in both if np.isfinite(value)]
    thresholds = np.unique(np.concatenate([thresholds, more]))
    return thresholds, _shares(score, thresholds)[0]


def _shares(score: xr.DataArray, thresholds: NDArray) -> tuple[NDArray, int]:
    counts, known = count_at_least(score, thresholds)
    if known == 0:
        raise ValueError("no cell of the map has a score: there is no area")
    return counts / known, known
