"""Scores of deposits against area, and their intervals over independent deposits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

N_RESAMPLES = 2000


class Difference(NamedTuple):
    """Model minus null model, with its 95 % interval; NaN where there is none."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Ranking:
    """
    Where deposits stand in the area, which all scores are made of.

    Parameters
    ----------
    value : array, shape (n_deposits,)
        Score of each deposit.
    above, level : array, shape (n_deposits,)
        Share of the area with a higher score, and with the same.
    area : float
        The area, in unit cells.
    """

    value: NDArray[np.float64]
    above: NDArray[np.float64]
    level: NDArray[np.float64]
    area: float

    @classmethod
    def of(cls, deposits: ArrayLike, area: ArrayLike, weight: ArrayLike) -> Ranking:
        """Return the ranking of deposits' scores among weighted scores of the area."""
        value, area = np.asarray(deposits, float), np.asarray(area, float)
        order = np.argsort(area)
        weight = np.asarray(weight, float)[order]
        below = np.concatenate([[0.0], np.cumsum(weight)])
        total = below[-1]
        first = below[np.searchsorted(area[order], value, side="left")]
        last = below[np.searchsorted(area[order], value, side="right")]
        share = max(total, np.finfo(float).tiny)
        return cls(value, (total - last) / share, (last - first) / share, float(total))


def check_scores(scores: Sequence[str]) -> None:
    """Raise if a score is not known."""
    for name in scores:
        if name not in ("auc", "average_precision") and not _capture_share(name):
            raise ValueError(
                f"score '{name}' is not known: take auc, average_precision or "
                "capture_<percent of the area>, e.g. capture_10"
            )


def score_of(name: str, ranking: Ranking, counts: NDArray | None = None) -> NDArray:
    """
    Return a score, once per row of `counts`: how often each deposit is counted.

    `auc` is the chance that a deposit scores higher than a random place of the area
    (ties half); `capture_10` the share of deposits in the 10 % of the area with the
    highest scores (ties in proportion); `average_precision` the mean, over deposits, of
    the share of deposits among the unit cells that score at least as high.
    """
    if counts is None:
        counts = np.ones((1, len(ranking.value)))
    if name == "average_precision":
        return _average_precision(ranking, counts)
    if name == "auc":
        single = 1 - ranking.above - ranking.level / 2
    else:
        left = _capture_share(name) - ranking.above
        inside = np.divide(
            left, ranking.level, out=np.sign(left), where=ranking.level > 0
        )
        single = np.clip(inside, 0, 1)
    return counts @ single / counts.sum(axis=1)


def cluster_counts(cluster: NDArray[np.intp], *, random_state: int) -> NDArray:
    """
    Return how often each deposit is counted, in resamples of whole clusters.

    Shape (n_resamples, n_deposits); empty with fewer than two clusters, of which
    nothing can be learnt about the spread.
    """
    n = int(cluster.max()) + 1 if len(cluster) else 0
    if n < 2:
        return np.empty((0, len(cluster)))
    rng = np.random.default_rng(random_state)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES)
    return drawn[:, cluster].astype(float)


def interval(values: NDArray) -> tuple[float, float]:
    """Return the limits that hold the middle 95 % of resampled values."""
    if len(values) == 0:
        return np.nan, np.nan
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)


def _capture_share(name: str) -> float:
    found = re.fullmatch(r"capture_(\d+(?:\.\d+)?)", name)
    share = float(found.group(1)) / 100 if found else 0.0
    return share if 0 < share < 1 else 0.0


def _average_precision(ranking: Ranking, counts: NDArray) -> NDArray:
    order = np.argsort(-ranking.value, kind="stable")
    value, counts = ranking.value[order], counts[:, order]
    false = (ranking.area * (ranking.above + ranking.level))[order]
    last_of_tie = np.searchsorted(-value, -value, side="right") - 1
    true = np.cumsum(counts, axis=1)[:, last_of_tie]
    precision = np.divide(true, true + false, out=np.zeros_like(true), where=true > 0)
    return (counts * precision).sum(axis=1) / counts.sum(axis=1)
