"""How many segments an exceedance curve has: likelihood of the steps between points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def segment_bic(
    u: NDArray, counts: NDArray, *, most: int, least: int, inflation: float = 1.0
) -> dict[int, float]:
    """
    Bayesian information criterion by number of segments of a falling curve of counts.

    The steps of a curve N(>= exp(u)) do not depend on each other as its points do:
    a power law is a constant rate of loss, slope = losses / exposure, as in survival
    analysis. The best segments are found by dynamic programming. `inflation` says how
    much more the counts scatter than those of independent samples.
    """
    loss = counts[:-1] - counts[1:]
    step = np.diff(u)
    smooth = (loss > 0) & (counts[1:] > 0)
    mean = (counts[:-1] + counts[1:]) / 2
    mean[smooth] = loss[smooth] / np.log(counts[:-1][smooth] / counts[1:][smooth])
    total = np.concatenate([[0], np.cumsum(loss)])
    exposure = np.concatenate([[0], np.cumsum(mean * step)])
    cost = _costs(total, exposure)
    n = max(float(total[-1]) / inflation, np.e)
    found, best = {}, cost[0].copy()
    best[:least] = np.inf
    for number in range(1, most + 1):
        if number > 1:
            best = _next(best, cost, least)
        if not np.isfinite(best[-1]):
            break
        found[number] = 2 * best[-1] / inflation + (2 * number - 1) * np.log(n)
    return found


def _costs(total: NDArray, exposure: NDArray) -> NDArray:
    """Negative log-likelihood of one rate from point i to point j, i < j."""
    loss = total[None, :] - total[:, None]
    under = exposure[None, :] - exposure[:, None]
    good = (loss > 0) & (under > 0)
    rate = np.divide(loss, under, out=np.ones_like(loss), where=good)
    return np.where(good, loss - loss * np.log(rate), 0.0)


def _next(best: NDArray, cost: NDArray, least: int) -> NDArray:
    """Least cost of one more segment, for every last point."""
    n = len(best)
    gap = np.arange(n)[None, :] - np.arange(n)[:, None]
    return np.where(gap >= least, best[:, None] + cost, np.inf).min(axis=0)
