"""Means and spreads that single wild results do not move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

ENOUGH = 8  # results from which a standard deviation may be taken


def robust_mean_sd(values: ArrayLike) -> tuple[float, float]:
    """
    Mean and standard deviation by Algorithm A of ISO 13528, starting from the median.

    Values farther than 1.5 sd are pulled in to that distance, and mean and sd taken
    anew until they stand. More than half equal values give an sd of 0; the ordinary sd
    stands in then.
    """
    data = np.asarray(values, dtype=float)
    if data.size < 2:
        return (float(data.mean()) if data.size else np.nan), np.nan
    centre = float(np.median(data))
    spread = 1.482602 * float(np.median(np.abs(data - centre)))
    if spread == 0:
        return centre, float(data.std(ddof=1))
    for _ in range(100):
        pulled = np.clip(data, centre - 1.5 * spread, centre + 1.5 * spread)
        new_centre, new_spread = pulled.mean(), 1.134 * pulled.std(ddof=1)
        done = max(abs(new_centre - centre), abs(new_spread - spread)) < 1e-9 * spread
        centre, spread = float(new_centre), float(new_spread)
        if done or spread == 0:
            break
    return centre, spread


def holm(p: ArrayLike) -> np.ndarray:
    """p-values adjusted for their number by Holm's step-down rule; NaN stay NaN."""
    p = np.asarray(p, dtype=float)
    out = np.full(p.shape, np.nan)
    there = np.flatnonzero(~np.isnan(p))
    order = there[np.argsort(p[there], kind="stable")]
    factors = np.arange(order.size, 0, -1)
    out[order] = np.minimum(1, np.maximum.accumulate(p[order] * factors))
    return out
