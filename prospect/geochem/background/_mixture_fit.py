"""Mixtures of normal populations by EM, on values of which some are only bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import log_ndtr, ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

HALF_LOG_TAU = 0.5 * np.log(2 * np.pi)
FLOOR = 0.05  # least deviation of a population, of the deviation of all values
FEWEST = 5  # least expected number of values of a population
N_RANDOM = 5
MOST_PLACES = 4096
N_COARSE = 256  # classes in which starts are compared


class Points(NamedTuple):
    """Distinct values with their counts: known, below a bound, above a bound."""

    value: NDArray[np.float64]
    count: NDArray[np.float64]
    below: NDArray[np.float64]
    below_count: NDArray[np.float64]
    above: NDArray[np.float64]
    above_count: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        value: NDArray[np.float64],
        censored: NDArray[np.bool_],
        over_range: NDArray[np.bool_],
    ) -> Points:
        """Count values, limits and upper limits."""
        known = ~censored & ~over_range
        parts = []
        for chosen in (known, censored, over_range & ~censored):
            parts += _counted(value[chosen], None, MOST_PLACES)
        return cls(*parts)

    @property
    def places(self) -> NDArray[np.float64]:
        """Values and bounds, one after the other."""
        return np.concatenate([self.value, self.below, self.above])

    @property
    def counts(self) -> NDArray[np.float64]:
        """Number of samples at each place."""
        return np.concatenate([self.count, self.below_count, self.above_count])

    def joined(self, most: int) -> Points:
        """Return the same with no more than so many classes of known values."""
        value, count = _counted(self.value, self.count, most)
        return self._replace(value=value, count=count)

    def with_counts(self, counts: NDArray[np.float64]) -> Points:
        """Return the same places with other counts."""
        at = np.cumsum([len(self.value), len(self.below)])
        one, two, three = np.split(counts, at)
        return Points(self.value, one, self.below, two, self.above, three)


class Populations(NamedTuple):
    """Shares, means and standard deviations by rising mean, and how well they fit."""

    share: NDArray[np.float64]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]
    log_likelihood: float
    converged: bool

    def bic(self, n: float) -> float:
        """Bayesian information criterion, smaller is better."""
        return -2 * self.log_likelihood + (3 * len(self.share) - 1) * float(np.log(n))

    def log_densities(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log of share times density, shape (n, n_populations)."""
        z = (x[:, None] - self.mean) / self.sd
        return np.log(self.share) - np.log(self.sd) - HALF_LOG_TAU - 0.5 * z * z

    def cumulative(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Share times distribution function, shape (n, n_populations)."""
        return self.share * ndtr((x[:, None] - self.mean) / self.sd)

    def sorted(self) -> Populations:
        """Return the populations by rising mean."""
        order = np.argsort(self.mean, kind="stable")
        return Populations(*(part[order] for part in self[:3]), *self[3:])


def fit_populations(
    points: Points,
    n_populations: int,
    *,
    random_state: int | np.random.Generator,
    tolerance: float = 1e-7,
) -> Populations | None:
    """
    Best of several starts of EM; None where no start gives populations worth the name.

    A population must hold five values and 5 % of the deviation of all values at least:
    a spike at one rounded value has an infinite likelihood and no meaning.
    """
    rng = np.random.default_rng(random_state)
    floor = least_sd(points)
    total = points.counts.sum()
    if not floor > 0 or total < FEWEST * n_populations:
        return None
    best: Populations | None = None
    coarse = points.joined(N_COARSE)
    for start in _starts(coarse, n_populations, rng):
        rough = improve(coarse, start, floor=floor, tolerance=1e-5, most=60)
        if best is None or rough.log_likelihood > best.log_likelihood:
            if not _sound(rough, total, floor):
                continue
            best = rough
    if best is None:
        return None
    found = improve(points, best, floor=floor, tolerance=tolerance, most=5000)
    return found.sorted() if _sound(found, total, floor) else None


def improve(
    points: Points,
    start: Populations,
    *,
    floor: float,
    tolerance: float = 1e-9,
    most: int = 2000,
) -> Populations:
    """EM from a start until the log-likelihood rises by less than tolerance × n."""
    counts = points.counts
    n, now, before = counts.sum(), start, -np.inf
    for _ in range(most):
        level, weight, centre, spread = _expect(points, now)
        log_likelihood = float(counts @ level)
        if log_likelihood - before < tolerance * n:
            return now._replace(log_likelihood=log_likelihood, converged=True)
        before = log_likelihood
        mass = weight * counts[:, None]
        total = np.maximum(mass.sum(axis=0), 1e-300)
        mean = (mass * centre).sum(axis=0) / total
        variance = (mass * (spread + (centre - mean) ** 2)).sum(axis=0) / total
        sd = np.maximum(np.sqrt(variance), floor)
        now = Populations(total / total.sum(), mean, sd, log_likelihood, False)
    return now


def _expect(points: Points, now: Populations) -> tuple[NDArray[np.float64], ...]:
    """Log-likelihood a place, membership, conditional mean and variance."""
    known = now.log_densities(points.value)
    n_known, g = known.shape
    zeros = np.zeros((n_known, g))
    parts = [(known, np.broadcast_to(points.value[:, None], (n_known, g)), zeros)]
    for bound, sign in ((points.below, 1.0), (points.above, -1.0)):
        if not len(bound):
            continue
        z = sign * (bound[:, None] - now.mean) / now.sd
        log_tail = log_ndtr(z)
        hazard = np.exp(-0.5 * z * z - HALF_LOG_TAU - log_tail)
        centre = now.mean - sign * now.sd * hazard
        variance = now.sd**2 * np.clip(1 - z * hazard - hazard**2, 0, 1)
        parts.append((np.log(now.share) + log_tail, centre, variance))
    joint, centre, variance = (
        np.concatenate(each) for each in zip(*parts, strict=True)
    )
    most = joint.max(axis=1, keepdims=True)  # logsumexp by hand: a third of the time
    share = np.exp(joint - most)
    total = share.sum(axis=1, keepdims=True)
    return (most + np.log(total)).ravel(), share / total, centre, variance


def _sound(found: Populations, total: float, floor: float) -> bool:
    small = found.share * total < FEWEST
    return not (small.any() or (found.sd <= floor * 1.0001).any())


def _counted(
    value: NDArray[np.float64], weight: NDArray[np.float64] | None, most: int
) -> tuple[NDArray, NDArray]:
    """Distinct values and their counts; means of classes where they are too many."""
    if weight is None:
        distinct, count = np.unique(value, return_counts=True)
    else:
        distinct, count = value, weight
    if len(distinct) <= most:
        return distinct, count.astype(float)
    step = (distinct[-1] - distinct[0]) / most
    place = np.minimum((distinct - distinct[0]) // step, most - 1).astype(int)
    total = np.bincount(place, count, minlength=most)
    mean = np.bincount(place, count * distinct, minlength=most)
    filled = total > 0
    return mean[filled] / total[filled], total[filled]


def least_sd(points: Points) -> float:
    """Least standard deviation a population may have."""
    return FLOOR * _spread(points)


def _spread(points: Points) -> float:
    places, counts = points.places, points.counts
    mean = np.average(places, weights=counts)
    return float(np.sqrt(np.average((places - mean) ** 2, weights=counts)))


def _starts(
    points: Points, n_populations: int, rng: np.random.Generator
) -> list[Populations]:
    """Populations from cutting the sorted values: evenly, in the tails, at random."""
    if n_populations == 1:
        cuts = [np.array([])]
    else:
        parts = np.arange(1, n_populations)
        cuts = [parts / n_populations, 1 - 0.3**parts, 0.3 ** parts[::-1]]
        cuts += [1 - 0.1**parts, 0.1 ** parts[::-1]]
        cuts += [
            np.sort(rng.uniform(0.02, 0.98, n_populations - 1)) for _ in range(N_RANDOM)
        ]
    return [_from_cuts(points, cut) for cut in cuts]


def _from_cuts(points: Points, cuts: NDArray[np.float64]) -> Populations:
    order = np.argsort(points.places, kind="stable")
    places, counts = points.places[order], points.counts[order]
    rank = (np.cumsum(counts) - 0.5 * counts) / counts.sum()
    label = np.searchsorted(cuts, rank)
    everything = _spread(points)
    floor = FLOOR * everything
    shares, means, sds = [], [], []
    for j in range(len(cuts) + 1):
        mine, weight = places[label == j], counts[label == j]
        if not len(mine):
            mine, weight = places[-1:], np.ones(1)
        mean = np.average(mine, weights=weight)
        sd = np.sqrt(np.average((mine - mean) ** 2, weights=weight))
        shares.append(weight.sum())
        means.append(mean)
        sds.append(max(sd, 4 * floor) if len(cuts) else everything)
    share = np.array(shares) / sum(shares)
    return Populations(share, np.array(means), np.array(sds), -np.inf, False)
