"""Distributions fitted to values below limits: maximum likelihood, order statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import log_ndtr, ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

_STEPS = 100
_LOG_ROOT_2PI = 0.5 * np.log(2 * np.pi)


class NormalFit(NamedTuple):
    """Mean and standard deviation of a normal, their covariance, log-likelihood."""

    mean: float
    sd: float
    covariance: NDArray[np.float64]
    log_likelihood: float


def hazard(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Density over distribution function of the standard normal, for any z."""
    return np.exp(-0.5 * np.square(z) - _LOG_ROOT_2PI - log_ndtr(z))


def truncated_moments(
    mean: NDArray[np.float64], sd: NDArray[np.float64], limit: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """
    Mean and variance of a normal known to be below a limit.

    Examples
    --------
    >>> [float(each) for each in truncated_moments(0.0, 1.0, 0.0)]
    [-0.798, 0.363]
    """
    z = (limit - mean) / sd
    h = hazard(z)
    share = 1 - h * (z + h)
    # far below the mean the terms cancel; there the variance tends to (sd / z) squared
    share = np.where(z < -1e4, np.square(1 / np.minimum(z, -1.0)), share)
    return mean - sd * h, np.square(sd) * np.clip(share, 1e-12, 1.0)


def fit_normal(values: NDArray[np.float64], censored: NDArray[np.bool_]) -> NormalFit:
    """
    Maximum likelihood of a normal; `values` hold the limit where `censored`.

    In mean/sd and 1/sd the likelihood has one maximum (Olsen 1978), and Newton's method
    finds it.
    """
    seen, limits = values[~censored], values[censored]
    if np.unique(seen).size < 2:
        raise ValueError(
            f"{len(np.unique(seen))} different values are detected: a distribution "
            "needs two or more"
        )
    centre, scale = seen.mean(), seen.std()
    y, c = (seen - centre) / scale, (limits - centre) / scale
    a, b = 0.0, 1.0
    value = _likelihood(a, b, y, c)
    information = np.eye(2)
    for _ in range(_STEPS):
        gradient, information = _derivatives(a, b, y, c)
        step = np.linalg.solve(information, gradient)
        size = 1.0
        while True:
            new = a + size * step[0], b + size * step[1]
            likelihood = _likelihood(*new, y, c) if new[1] > 0 else -np.inf
            if likelihood >= value or size < 1e-10:
                break
            size /= 2
        (a, b), value = new, max(likelihood, value)
        if np.abs(size * step).max() < 1e-12 * max(1.0, b):
            break
    _, information = _derivatives(a, b, y, c)
    turn = np.array([[1 / b, -a / b**2], [0, -1 / b**2]]) * scale
    covariance = turn @ np.linalg.inv(information) @ turn.T
    mean, sd = a / b * scale + centre, scale / b
    return NormalFit(mean, sd, covariance, value - len(seen) * np.log(scale))


def _likelihood(a: float, b: float, y: NDArray, c: NDArray) -> float:
    seen = len(y) * (np.log(b) - _LOG_ROOT_2PI) - 0.5 * np.square(b * y - a).sum()
    return float(seen + log_ndtr(b * c - a).sum())


def _derivatives(
    a: float, b: float, y: NDArray, c: NDArray
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gradient and information (negative second derivatives)."""
    rest, z = b * y - a, b * c - a
    h = hazard(z)
    bend = h * (z + h)
    gradient = np.array(
        [rest.sum() - h.sum(), len(y) / b - (rest * y).sum() + (h * c).sum()]
    )
    cross = -y.sum() - (bend * c).sum()
    information = [
        [len(y) + bend.sum(), cross],
        [cross, len(y) / b**2 + np.square(y).sum() + (bend * np.square(c)).sum()],
    ]
    return gradient, np.array(information)


def plotting_positions(
    values: NDArray[np.float64], censored: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """
    Positions of Hirsch and Stedinger for several limits, as Helsel and Cohn use them.

    Values share the probability between limits by rank; censored ones that below
    their limit.
    """
    limits = np.unique(values[censored])
    if not limits.size or values[~censored].min() < limits[0]:
        limits = np.append(-np.inf, limits)
    edges = np.append(limits, np.inf)
    position = np.empty(len(values))
    above = 0.0
    for low, high in zip(edges[-2::-1], edges[:0:-1], strict=True):
        inside = ~censored & (values >= low) & (values < high)
        under = (~censored & (values < low)).sum() + (censored & (values <= low)).sum()
        count = inside.sum()
        exceed = above + (count / (count + under) * (1 - above) if count else 0.0)
        rank = np.arange(1, count + 1) / (count + 1)
        position[_ordered(values, inside)] = 1 - exceed + (exceed - above) * rank
        hidden = censored & (values == low)
        rank = np.arange(1, hidden.sum() + 1) / (hidden.sum() + 1)
        position[hidden] = (1 - exceed) * rank
        above = exceed
    return position


def _ordered(values: NDArray, chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    at = np.flatnonzero(chosen)
    return at[np.argsort(values[at], kind="stable")]


def order_statistics(
    values: NDArray[np.float64], censored: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Values with censored ones on the line through the others' logarithms."""
    if np.unique(values[~censored]).size < 2:
        raise ValueError(
            f"{np.unique(values[~censored]).size} different values are detected: a "
            "distribution needs two or more"
        )
    score = ndtri(plotting_positions(values, censored))
    slope, start = np.polyfit(score[~censored], np.log(values[~censored]), 1)
    return np.where(censored, np.exp(start + slope * score), values)
