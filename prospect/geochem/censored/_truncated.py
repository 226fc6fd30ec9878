"""Moments of many normals, each truncated from above in several coordinates at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._censored_models import truncated_moments

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Sites(NamedTuple):
    """What each limit adds to the precision and the precision-weighted mean."""

    precision: NDArray[np.float64]
    shift: NDArray[np.float64]


def no_sites(rows: int, size: int) -> Sites:
    """Sites before anything is known."""
    return Sites(np.zeros((rows, size)), np.zeros((rows, size)))


def orthant_moments(
    precision: NDArray[np.float64],
    shift: NDArray[np.float64],
    limits: NDArray[np.float64],
    sites: Sites,
    *,
    sweeps: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], Sites]:
    """
    Mean and covariance of normals known to be below limits, row by row.

    The normals are given by `precision` (rows, size, size) and precision times mean
    (`shift`, rows, size); `limits` are infinite where there is none. Expectation
    propagation: each limit in turn becomes a normal factor with the moments of the
    truncation; exact for one limit, close to exact for several (Cunningham, Hennig and
    Lacoste-Julien 2011). `sites` of an earlier call are a good start. The mean is below
    the limits.
    """
    size = limits.shape[1]
    bound = np.isfinite(limits)
    diagonal = np.arange(size)
    # one after the other would be safer, all together is faster; half steps suffice
    step = 1.0 if size == 1 else 0.7
    for _ in range(1 if size == 1 else sweeps):
        mean, covariance = _posterior(precision, shift, sites)
        variance = covariance[:, diagonal, diagonal]
        rest = np.maximum(1 / variance - sites.precision, 1e-12)
        centre = (mean / variance - sites.shift) / rest
        inside, spread = _below(centre, rest, limits, bound)
        new = np.maximum(1 / spread - rest, 0)
        moved = inside / spread - centre * rest
        sites = Sites(
            sites.precision + step * (np.where(bound, new, 0) - sites.precision),
            sites.shift + step * (np.where(bound, moved, 0) - sites.shift),
        )
    mean, covariance = _posterior(precision, shift, sites)
    variance = covariance[:, diagonal, diagonal]
    rest = np.maximum(1 / variance - sites.precision, 1e-12)
    centre = (mean / variance - sites.shift) / rest
    inside, _ = _below(centre, rest, limits, bound)
    return np.where(bound, inside, mean), covariance, sites


def _posterior(
    precision: NDArray, shift: NDArray, sites: Sites
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    size = shift.shape[1]
    total = precision + sites.precision[:, :, None] * np.eye(size)
    covariance = np.linalg.inv(total)
    return (covariance @ (shift + sites.shift)[:, :, None])[:, :, 0], covariance


def _below(
    centre: NDArray, precision: NDArray, limits: NDArray, bound: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Moments of single truncations, those of the normal where there is no limit."""
    inside, spread = centre.copy(), 1 / precision
    inside[bound], spread[bound] = truncated_moments(
        centre[bound], 1 / np.sqrt(precision[bound]), limits[bound]
    )
    return inside, spread
