"""Mean and scatter of spectra: summed in blocks, merged without loss."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Moments(NamedTuple):
    """
    Count, mean and scatter about the mean, all float64.

    Parameters
    ----------
    n : int
        Spectra.
    mean : ndarray, shape (bands,)
    scatter : ndarray, shape (bands, bands)
        Sum of outer products about the mean; divided by n - 1 the covariance.
    """

    n: int
    mean: np.ndarray
    scatter: np.ndarray


def no_moments(bands: int) -> Moments:
    """Of no spectra at all."""
    return Moments(0, np.zeros(bands), np.zeros((bands, bands)))


def merge_moments(one: Moments, other: Moments) -> Moments:
    """Moments of both together (Chan, Golub and LeVeque 1983)."""
    if one.n == 0 or other.n == 0:
        return other if one.n == 0 else one
    n = one.n + other.n
    apart = other.mean - one.mean
    scatter = one.scatter + other.scatter
    scatter += np.outer(apart, apart) * (one.n * (other.n / n))
    return Moments(n, one.mean + apart * (other.n / n), scatter)


class Sums:
    """
    Running sums of spectra about a fixed centre.

    Parameters
    ----------
    centre : ndarray, shape (bands,)
        Somewhere near the mean, so that nothing cancels.
    """

    def __init__(self, centre: np.ndarray) -> None:
        bands = centre.size
        self.centre = centre
        self.n = 0
        self.total = np.zeros(bands)
        self.square = np.zeros((bands, bands))

    def add(self, centred: np.ndarray, total: np.ndarray | None = None) -> None:
        """Add spectra (bands, n), the centre already taken off."""
        self.n += centred.shape[1]
        self.total += centred.sum(1, dtype="float64") if total is None else total
        self.square += centred @ centred.T

    def moments(self) -> Moments:
        """What was summed, about its own mean."""
        if self.n == 0:
            return no_moments(self.total.size)
        away = self.total / self.n
        scatter = self.square - np.outer(away, self.total)
        return Moments(self.n, self.centre + away, (scatter + scatter.T) / 2)
