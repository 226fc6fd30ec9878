"""Replacement of values below limits part by part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._censored_models import fit_normal, truncated_moments

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fraction_of_limit(
    limits: NDArray[np.float64], *, fraction: float
) -> NDArray[np.float64]:
    """Logarithm of a fraction of the limit."""
    return limits + np.log(fraction)


def lognormal_below(
    logs: NDArray[np.float64], limits: NDArray[np.float64], names: list[str]
) -> NDArray[np.float64]:
    """Mean logarithm below the limit, of the lognormal fitted to each part."""
    found = np.full(logs.shape, np.nan)
    for part, name in enumerate(names):
        hidden = np.isfinite(limits[:, part])
        used = hidden | ~np.isnan(logs[:, part])
        if not hidden.any():
            continue
        data = np.where(hidden, limits[:, part], logs[:, part])[used]
        try:
            fit = fit_normal(data, hidden[used])
        except ValueError as error:
            raise ValueError(f"{name}: {error}; use method='mult_repl'") from None
        at = limits[hidden, part]
        found[hidden, part] = truncated_moments(fit.mean, fit.sd, at)[0]
    return found
