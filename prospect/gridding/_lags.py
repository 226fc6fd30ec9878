"""Classes of separation, and sums over the pairs of places in them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ._pairs import bin_pairs, collect_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ._samples import Places

MOST_PAIRS = 500_000_000
MOST_KEPT = 20_000_000
N_LAGS = 15


class Lags(NamedTuple):
    """Classes of separation: width, number, directions, cosine of the tolerance."""

    width: float
    number: int
    azimuths: NDArray
    cosine: float


def make_lags(
    places: Places,
    lag: float | None,
    n_lags: int,
    *,
    azimuth: float | Sequence[float] | None,
    tolerance: float,
) -> Lags:
    """Classes of separation; the longest default is a third of the diagonal."""
    if n_lags != int(n_lags) or n_lags < 1:
        raise ValueError(f"n_lags must be a whole number of classes. Got {n_lags!r}.")
    diagonal = float(np.hypot(np.ptp(places.x), np.ptp(places.y)))
    if lag is None and not diagonal > 0:
        raise ValueError(
            "all samples share one place: a variogram needs two places, and fifty to "
            "be of use. Check the coordinates, or state the variogram yourself."
        )
    lag = diagonal / 3 / n_lags if lag is None else float(lag)
    if not (np.isfinite(lag) and lag > 0):
        raise ValueError(f"lag must be positive metres. Got {lag!r} instead.")
    if not 0 < tolerance <= 90:
        raise ValueError(
            f"tolerance must be degrees above 0 and up to 90. Got {tolerance!r}."
        )
    if azimuth is None:
        return Lags(lag, int(n_lags), np.array([np.nan]), -1.0)
    azimuths = np.atleast_1d(np.asarray(azimuth, dtype=float))
    if not np.isfinite(azimuths).all():
        raise ValueError(f"azimuth must be degrees clockwise from north. Got {azimuth}")
    return Lags(lag, int(n_lags), azimuths, float(np.cos(np.radians(tolerance))))


def make_table(
    places: Places, one: NDArray, two: NDArray, lags: Lags, estimator: str
) -> tuple[pd.DataFrame, float]:
    tables, share = [], 1.0
    for azimuth in lags.azimuths:
        angle = np.radians(0.0 if np.isnan(azimuth) else azimuth)
        kind = np.array([lags.width, lags.number, np.sin(angle), np.cos(angle)])
        kind = np.append(kind, lags.cosine - 1e-12)
        sums, share = pair_sums(places, one, two, kind)
        squares, count, length, roots, absolute = sums.T
        with np.errstate(invalid="ignore", divide="ignore"):
            if estimator == "matheron":
                gamma = squares / count / 2
            elif estimator == "cressie":
                gamma = (roots / count) ** 4 / (0.457 + 0.494 / count) / 2
            elif estimator == "madogram":
                gamma = absolute / count / 2
            else:
                gamma = _dowd(places, kind, count)
            table = {"lag": length / count, "gamma": gamma}
        table = pd.DataFrame(table | {"n_pairs": count.astype(np.int64)})
        tables.append(table[count > 0].assign(azimuth=azimuth))
    return pd.concat(tables, ignore_index=True), share


def _dowd(places: Places, kind: NDArray, count: NDArray) -> NDArray:
    """Half of 2.198 times the squared median of the absolute differences."""
    room = int(min(count.sum(), MOST_KEPT))
    every = int(-(-count.sum() // MOST_KEPT)) if room else 1
    x, y, values, shifts = _order(places, places.value, places.value)
    lag, apart = np.empty(room + 1, np.int64), np.empty(room + 1)
    n = collect_pairs(x, y, values[0], shifts, kind, every, lag, apart)
    medians = pd.Series(apart[:n]).groupby(lag[:n]).median()
    return 2.198 / 2 * medians.reindex(range(len(count))).to_numpy() ** 2


def pair_sums(
    places: Places, one: NDArray, two: NDArray, kind: NDArray
) -> tuple[NDArray, float]:
    """Sums of all classes, and the share of the pairs that was looked at."""
    x, y, values, shifts = _order(places, one, two)
    parts = np.array_split(shifts, min(len(shifts), 64))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        sums = list(pool.map(lambda s: bin_pairs(x, y, *values, s, kind), parts))
    n = len(x)
    return np.sum(sums, axis=0), min(1.0, len(shifts) / max(n // 2, 1))


def _order(
    places: Places, one: NDArray, two: NDArray
) -> tuple[NDArray, NDArray, tuple[NDArray, NDArray], NDArray]:
    """
    Places in a fixed random order and the steps between partners.

    Partner of place i at step s is place i + s, round the circle: n // 2 steps see each
    pair once, fewer see a random part of them.
    """
    n = len(places.x)
    order = np.random.default_rng(0).permutation(n)
    steps = np.arange(1, n // 2 + 1)
    steps = steps[: max(1, MOST_PAIRS // n)]
    x, y, one, two = (v[order] for v in (places.x, places.y, one, two))
    return x, y, (one, two), steps
