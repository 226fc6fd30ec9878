"""Random fields with the covariance of a model, as sums of waves."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ._models import Structure

N_WAVES = 1000
TILE = 32
SLICE = 1 << 22


class Waves:
    """
    Waves of one realisation: frequencies (n, 2) in radians a metre, phases, amplitudes.

    A wave's frequency is drawn from the spectrum of the structure's covariance, so that
    the mean over realisations has exactly that covariance; with 1000 waves a structure
    each realisation is close to a normal field.
    """

    def __init__(self, structures: Sequence[Structure], seed: Sequence[int]) -> None:
        rng = np.random.default_rng([*seed, 0])
        frequency, amplitude = [np.zeros((0, 2))], [np.zeros(0)]
        for each in structures:
            matrix = np.array(each.matrix()).reshape(2, 2)
            frequency.append(_draw(each, rng) @ matrix)
            amplitude.append(np.full(N_WAVES, np.sqrt(2 * each.sill / N_WAVES)))
        self.frequency = np.concatenate(frequency)
        self.amplitude = np.concatenate(amplitude)
        self.phase = rng.uniform(0, 2 * np.pi, len(self.frequency))

    def at(self, x: NDArray, y: NDArray) -> NDArray:
        """Field at places."""
        out = np.empty(len(x))
        step = max(1, SLICE // max(len(self.phase), 1))
        for i in range(0, len(x), step):
            part = slice(i, i + step)
            angle = np.outer(x[part], self.frequency[:, 0]) + self.phase
            angle += np.outer(y[part], self.frequency[:, 1])
            out[part] = np.cos(angle) @ self.amplitude
        return out

    def on(self, x: NDArray, y: NDArray) -> NDArray:
        """
        Field on a grid (y, x).

        The cosine of a sum is a sum of products of a column's and a row's part: a
        product of matrices, made in squares of `TILE` cells so that the result does not
        depend on the window.
        """
        east = np.outer(self.frequency[:, 0], x)
        north = np.outer(y, self.frequency[:, 1]) + self.phase
        rows = np.hstack([np.cos(north), -np.sin(north)])
        rows *= np.tile(self.amplitude, 2)
        cols = np.vstack([np.cos(east), np.sin(east)])
        out = np.empty((len(y), len(x)))
        for i in range(0, len(y), TILE):
            left = np.ascontiguousarray(rows[i : i + TILE])
            for j in range(0, len(x), TILE):
                right = np.ascontiguousarray(cols[:, j : j + TILE])
                out[i : i + TILE, j : j + TILE] = left @ right
        return out


def _draw(structure: Structure, rng: np.random.Generator) -> NDArray:
    """Frequencies (n, 2) for a structure of range 1."""
    scale = structure.shape()
    if structure.kind == "gaussian":
        return rng.normal(0, np.sqrt(2 * scale[3]), (N_WAVES, 2))
    if structure.kind in ("exponential", "matern"):
        smoothness = structure.smoothness or 0.5
        normal = rng.normal(0, scale[2], (N_WAVES, 2))
        # a Matérn spectrum is Student's t: normal over the root of a gamma variable
        return normal / np.sqrt(2 * rng.gamma(smoothness, 1.0, N_WAVES))[:, None]
    radius, share = _radial(structure.kind)
    length = np.interp(rng.uniform(0, 1, N_WAVES), share, radius)
    # the model holds in space: a plane sees the frequencies' projection
    direction = rng.normal(size=(N_WAVES, 3))
    direction /= np.linalg.norm(direction, axis=1)[:, None]
    return length[:, None] * direction[:, :2]


@cache
def _radial(kind: str) -> tuple[NDArray, NDArray]:
    """
    Distribution of the length of a frequency for a model that ends at range 1.

    The density in space is w times the integral of r C(r) sin(w r).
    """
    from ._models import POLYNOMIALS

    radius = np.concatenate([np.arange(0, 200, 0.05), np.geomspace(200, 2e5, 4000)])
    nodes, weights = np.polynomial.legendre.leggauss(400)
    r, weights = (nodes + 1) / 2, weights / 2
    covariance = np.polynomial.polynomial.polyval(r, POLYNOMIALS[kind][:8])
    inner = radius[radius <= 200]
    density = inner * (np.sin(np.outer(inner, r)) @ (weights * r * covariance))
    density = np.maximum(density, 0.0)
    # beyond, the waves of the integral average to a power law
    power = 2 if kind == "spherical" else 4
    near = density[inner > 150].mean() / np.mean(inner[inner > 150] ** -float(power))
    density = np.concatenate([density, near * radius[radius > 200] ** -float(power)])
    share = np.concatenate(
        [[0], np.cumsum(np.diff(radius) * (density[1:] + density[:-1]) / 2)]
    )
    return radius, share / share[-1]
