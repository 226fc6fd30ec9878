"""Filters times spectra less a mean, in single precision where that is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..matching._references import PIXELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..reduction._statistics import SceneStatistics

LOSS = 1e-3  # of a score's own spread in the background, what rounding may cost


def precision(filters: np.ndarray, statistics: SceneStatistics) -> str:
    """
    Float type in which the filters' products keep three digits of their spread.

    A filter that takes small differences of large numbers loses digits: rounding adds
    about eps times the root of sum (w s)², s the spread of each band, to a score whose
    own spread in the background is the root of wᵀ C w.
    """
    covariance = statistics.covariance
    spread = np.sqrt(np.maximum(np.diag(covariance), 0))
    rounding = np.finfo("float32").eps * np.sqrt(((filters * spread) ** 2).sum(1))
    own = np.sqrt(np.maximum(((filters @ covariance) * filters).sum(1), 0))
    return "float32" if (rounding <= LOSS * own).all() else "float64"


def centred(
    spectra: np.ndarray, mean: np.ndarray, kind: str
) -> Iterator[tuple[slice, np.ndarray]]:
    """
    Blocks of pixels less the mean, contiguous.

    The mean goes first: products of the spectra as they are would lose the digits in
    which pixels differ. Pixels without measurement, zero in all bands, become NaN.
    """
    wide = kind == "float64" or spectra.dtype.itemsize > 4
    level = mean[:, None].astype("float64" if wide else "float32")
    for start in range(0, spectra.shape[1], PIXELS):
        part = slice(start, start + PIXELS)
        given = spectra[:, part]
        block = (given - level).astype(kind, copy=False)
        zero = empty(given)
        if zero.any():
            block[:, zero] = np.nan
        yield part, block


def empty(spectra: np.ndarray) -> np.ndarray:
    """Which pixels are zero in all bands: nothing was measured there."""
    zero = spectra[0] == 0
    if zero.any():
        zero[zero] = ~spectra[:, zero].any(0)
    return zero


def linear(
    filters: np.ndarray,
    statistics: SceneStatistics,
    *,
    offset: np.ndarray | float = 0.0,
) -> Callable[[np.ndarray], np.ndarray]:
    """
    Function that gives filters · (spectra - mean) + offset, all filters in one pass.

    Parameters
    ----------
    filters : ndarray, shape (n_filters, n_bands)
        float64.
    statistics : SceneStatistics
        Mean and covariance of the scene.
    offset : ndarray, shape (n_filters,), or float
        Added to the products.
    """
    kind, mean = precision(filters, statistics), statistics.mean
    weights = np.ascontiguousarray(filters, kind)
    # the part of the mean that its rounding to the block's precision leaves
    left = filters @ (mean - mean.astype("float32" if kind == "float32" else "float64"))
    plus = np.broadcast_to(np.asarray(offset, float), left.shape)[:, None]

    def apply(spectra: np.ndarray) -> np.ndarray:
        single = kind == "float32" and spectra.dtype.itemsize <= 4
        shift = (plus - left[:, None] if single else plus).astype("float32")
        scores = np.empty((len(weights), spectra.shape[1]), "float32")
        for part, block in centred(spectra, mean, kind):
            with np.errstate(invalid="ignore"):  # infinities
                scores[:, part] = weights @ block
                scores[:, part] += shift
        scores[~np.isfinite(scores)] = np.nan
        return scores

    return apply
