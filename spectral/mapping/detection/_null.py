"""What scores do where there is no target: fitted to the map, or known by law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import stats

from ._order import order_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

QUARTILES = 2 * stats.norm.ppf(0.75)  # standard deviations between them


class SignedBeta:
    """A beta law whose sign is either with the same chance."""

    def __init__(self, a: float, b: float) -> None:
        self.half = stats.beta(a, b)

    def sf(self, values: np.ndarray) -> np.ndarray:
        """Chance of more."""
        half = self.half.sf(np.abs(values)) / 2
        return np.where(np.asarray(values) < 0, 1 - half, half)

    def isf(self, shares: np.ndarray) -> np.ndarray:
        """Value with this chance of more."""
        shares = np.asarray(shares)
        size = self.half.isf(2 * np.minimum(shares, 1 - shares))
        return np.where(shares > 0.5, -size, size)


LAWS = {
    "chi2": stats.chi2,
    "f": stats.f,
    "beta": stats.beta,
    "signed_beta": SignedBeta,
}


class Core(NamedTuple):
    """
    Normal law of the middle half of each target's scores.

    Parameters
    ----------
    middle, spread : ndarray, shape (n_targets,)
        Median, and quartile range over that of the unit normal.
    counts : ndarray, shape (n_targets,)
        Known scores.
    """

    middle: np.ndarray
    spread: np.ndarray
    counts: np.ndarray


def core_of(score: xr.DataArray, names: Sequence[str]) -> Core:
    """Normal law of the middle half of the scores, which rare targets do not move."""
    found, counts = order_statistics(score, quartile_ranks)
    low, middle, high = found.T
    spread = (high - low) / QUARTILES
    flat = [
        name or "the map"
        for name, wide, count in zip(names, spread, counts, strict=True)
        if not wide > 0 or count < 20
    ]
    if flat:
        raise ValueError(
            f"scores of {flat} have fewer than 20 known pixels, or no spread in their "
            "middle half: no background law can be fitted to them."
        )
    return Core(middle, spread, counts)


def quartile_ranks(count: int) -> list[int]:
    """Ranks of the quartiles and the median."""
    return [round(share * (count - 1)) for share in (0.25, 0.5, 0.75)]


def check_unsquared(score: xr.DataArray, remedy: str) -> None:
    """Refuse scores that are squares where a normal law is meant to fit them."""
    if score.attrs.get("squared"):
        raise ValueError(
            f"'{score.name}' is a square: no normal law fits its background, and most "
            f"of what it detected would be false. {remedy}"
        )


def law_of(score: xr.DataArray) -> tuple[Any, str]:
    """Law that a score says it follows over normal background, and its name."""
    given = score.attrs.get("background_law")
    if given is None:
        raise ValueError(
            f"'{score.name}' does not say what law it follows over background "
            "(attrs['background_law']), as rx, ace and amsd do. Use method='normal', "
            "'tail' or 'empirical'."
        )
    name, *values = given
    told = f"{name}({', '.join(f'{value:g}' for value in values)})"
    return LAWS[name](*[float(value) for value in values]), told
