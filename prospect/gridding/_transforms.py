"""From values to what is kriged, and back without bias."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRANSFORMS = (None, "log10", "normal_score")
LN_10 = np.log(10.0)
N_NODES = 32


@dataclass(frozen=True)
class Transform:
    """
    A transform with its inverse; `values` and `scores` belong to normal scores.

    Beyond the smallest and the largest sample normal scores know no value: estimates
    and simulations stay between the two.
    """

    kind: str | None
    values: NDArray | None = None
    scores: NDArray | None = None

    def units(self, units: str) -> str:
        """Units of what is kriged."""
        if self.kind == "normal_score":
            return "1"
        return f"log10({units})" if self.kind == "log10" else units

    def invert(self, y: NDArray) -> NDArray:
        """Values of what is kriged, one by one."""
        if self.kind == "log10":
            return 10.0 ** np.asarray(y)
        if self.kind == "normal_score":
            return np.where(np.isnan(y), np.nan, np.interp(y, self.scores, self.values))
        return y

    def expect(
        self, y: NDArray, variance: NDArray, lost: NDArray
    ) -> tuple[NDArray, NDArray]:
        """
        Mean and variance of the value where `y` is kriged with a variance.

        For log10 the mean is exp of the kriged natural logarithm plus half the
        variance that the estimator lost, which makes the result unbiased; for normal
        scores both are those of the back-transformed normal distribution.
        """
        if self.kind == "log10":
            mean = np.exp(LN_10 * y + 0.5 * LN_10**2 * lost)
            return mean, mean**2 * np.expm1(LN_10**2 * variance)
        if self.kind == "normal_score":
            return self._moments(y, np.sqrt(variance))
        return y, variance

    def _moments(self, y: NDArray, sd: NDArray) -> tuple[NDArray, NDArray]:
        nodes, weights = np.polynomial.hermite_e.hermegauss(N_NODES)
        weights = weights / weights.sum()
        mean, square = np.zeros(y.shape), np.zeros(y.shape)
        for node, weight in zip(nodes, weights, strict=True):
            value = self.invert(y + node * sd)
            mean += weight * value
            square += weight * value**2
        return mean, np.maximum(square - mean**2, 0.0)


def check_transform(transform: str | None) -> None:
    """Raise unless the transform is known."""
    if transform not in TRANSFORMS:
        raise ValueError(
            f"transform must be one of {TRANSFORMS}. Got {transform!r} instead."
        )


def normal_scores(values: NDArray) -> tuple[Transform, NDArray]:
    """Transform to normal scores, ties alike, and the scores of the values."""
    ranks = pd.Series(values).rank(method="average").to_numpy()
    scores = ndtri((ranks - 0.5) / len(values))
    known, first = np.unique(values, return_index=True)
    return Transform("normal_score", known, scores[first]), scores
