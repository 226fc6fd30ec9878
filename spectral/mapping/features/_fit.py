"""
One window fitted: continuum-removed spectra as a line of continuum-removed references.

For each reference r and spectrum s, both continuum-removed over the bands of a window:
least squares of s = offset + scale * r (Clark et al. 1990). All references of a window
are fitted by one matrix product.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from ._hull import over_block

if TYPE_CHECKING:
    from ._windows import Bands

TILE = 256


class WindowModel(NamedTuple):
    """
    References of one window, ready to be fitted.

    Parameters
    ----------
    bands : Bands
        Of the window, from `bands_of`.
    removed : ndarray, shape (n_references, n_bands)
        Continuum-removed references.
    centred : ndarray, shape (n_references, n_bands)
        The same less their means.
    spread : ndarray, shape (n_references,)
        Sum of squares of `centred`; 0 for a reference without a feature.
    depth : ndarray, shape (n_references,)
        1 less the lowest value; for a feature above the continuum, the highest less 1.
    area : ndarray, shape (n_references,)
        Between continuum and spectrum, nm.
    """

    bands: Bands
    removed: np.ndarray
    centred: np.ndarray
    spread: np.ndarray
    depth: np.ndarray
    area: np.ndarray


class WindowFit(NamedTuple):
    """
    Fit of every reference to every pixel.

    Parameters
    ----------
    fit : ndarray, shape (n_references, n_pixels)
        Coefficient of determination, 0 to 1; 0 where the scale is not positive.
    scale, offset : ndarray, shape (n_references, n_pixels)
        Of the line; a scale of 1 is a feature as deep as the reference's.
    depth : ndarray, shape (n_references, n_pixels)
        Scale times the depth of the reference.
    rms : ndarray, shape (n_references, n_pixels)
        Root mean square of the residual, continuum-removed reflectance.
    left, right : ndarray, shape (n_pixels,)
        Continuum at the two shoulders, reflectance.
    """

    fit: np.ndarray
    scale: np.ndarray
    offset: np.ndarray
    depth: np.ndarray
    rms: np.ndarray
    left: np.ndarray
    right: np.ndarray


def model_window(references: np.ndarray, bands: Bands) -> WindowModel:
    """
    Prepare the references of a window.

    Parameters
    ----------
    references : ndarray, shape (n_references, n_bands)
        Reflectance in the good bands of the window, without gaps.
    bands : Bands
        Of the window.

    Returns
    -------
    WindowModel
    """
    references = np.atleast_2d(np.asarray(references, float))
    n = bands.good.size
    removed = np.full((n, len(references)), np.nan)
    columns = np.ascontiguousarray(references.T)
    over_block(columns, np.arange(n), bands.x, bands.left, bands.right, True, removed)
    removed = np.ascontiguousarray(removed.T)
    centred = removed - removed.mean(1, keepdims=True)
    low, high = removed.min(1), removed.max(1)
    depth = np.where(removed.mean(1) < 1, 1 - low, high - 1)
    area = np.abs(np.trapezoid(1 - removed, bands.x, axis=1))
    spread = (centred**2).sum(1)
    flat = spread <= n * 1e-14
    return WindowModel(
        bands,
        removed,
        np.where(flat[:, None], 0.0, centred),
        np.where(flat, 0.0, spread),
        np.where(flat, 0.0, depth),
        np.where(flat, 0.0, area),
    )


def fit_window(block: np.ndarray, model: WindowModel) -> WindowFit:
    """
    Fit the references of a window to every pixel of a block.

    Parameters
    ----------
    block : ndarray, shape (n_bands_of_span, n_pixels)
        Rows ``model.bands.span`` of the spectra, bad bands among them; float.
    model : WindowModel
        From `model_window`.

    Returns
    -------
    WindowFit
        In the precision of the block. NaN for pixels with a gap in a good band of the
        window, or whose continuum is not above zero.
    """
    dtype = np.float32 if block.dtype == np.float32 else np.float64
    bands, (n, pixels) = model.bands, (model.bands.good.size, block.shape[1])
    rest = np.empty((n, pixels), dtype)
    mean, power, left, right = np.empty((4, pixels))
    if bands.left.size:
        _line_removed(block, bands.good, bands.x, bands.left, bands.right, rest,
                      left, right)  # fmt: skip
    else:
        whole = np.empty(block.shape, dtype)
        over_block(block, bands.good, bands.x, bands.left, bands.right, True, whole)
        rest[:] = whole[bands.good]
        rest -= 1
        left[:], right[:] = block[bands.good[0]], block[bands.good[-1]]
    _centre(rest, mean, power)
    product = model.centred.astype(dtype) @ rest
    found = np.empty((5, *product.shape), dtype)
    about = np.stack([model.spread, model.removed.mean(1), model.depth])
    _finish(product, mean, power, about, n, found)
    return WindowFit(*found, left, right)


@njit(nogil=True, cache=True)
def _line_removed(
    block: np.ndarray,
    good: np.ndarray,
    x: np.ndarray,
    at_left: np.ndarray,
    at_right: np.ndarray,
    rest: np.ndarray,
    left: np.ndarray,
    right: np.ndarray,
) -> None:
    """Spectrum over the line through its shoulders, less 1; NaN if that is not > 0."""
    n = good.size
    xl = x[at_left].mean()
    step = x[at_right].mean() - xl
    first = (x[0] - xl) / step
    last = (x[n - 1] - xl) / step
    for start in range(0, block.shape[1], TILE):
        stop = min(start + TILE, block.shape[1])
        left[start:stop] = 0.0
        right[start:stop] = 0.0
        for i in at_left:
            for j in range(start, stop):
                left[j] += block[good[i], j]
        for i in at_right:
            for j in range(start, stop):
                right[j] += block[good[i], j]
        for j in range(start, stop):
            left[j] /= at_left.size
            right[j] /= at_right.size
            rise = right[j] - left[j]
            if not (left[j] + first * rise > 0 and left[j] + last * rise > 0):
                left[j] = np.nan
        for i in range(n):
            share = (x[i] - xl) / step
            row = block[good[i]]
            for j in range(start, stop):
                line = left[j] + share * (right[j] - left[j])
                rest[i, j] = (row[j] - line) / line


@njit(nogil=True, cache=True)
def _centre(rest: np.ndarray, mean: np.ndarray, power: np.ndarray) -> None:
    """Take the mean of each column from it; means and sums of squares left over."""
    n = rest.shape[0]
    for start in range(0, rest.shape[1], TILE):
        stop = min(start + TILE, rest.shape[1])
        mean[start:stop] = 0.0
        power[start:stop] = 0.0
        for i in range(n):
            for j in range(start, stop):
                mean[j] += rest[i, j]
        for j in range(start, stop):
            mean[j] /= n
        for i in range(n):
            for j in range(start, stop):
                rest[i, j] -= mean[j]
                power[j] += rest[i, j] * rest[i, j]


@njit(nogil=True, cache=True)
def _finish(
    product: np.ndarray,
    mean: np.ndarray,
    power: np.ndarray,
    about: np.ndarray,
    n: int,
    found: np.ndarray,
) -> None:
    """Fit, scale, offset, depth and rms from products of centred spectra."""
    for i in range(product.shape[0]):
        spread, middle, depth = about[0, i], about[1, i], about[2, i]
        inverse = 1.0 / spread if spread > 0.0 else 0.0
        for j in range(product.shape[1]):
            scale = product[i, j] * inverse
            explained = scale * product[i, j]
            fit = explained / power[j] if power[j] > 0.0 else 0.0 * power[j]
            fit = min(fit, 1.0) if scale > 0.0 else 0.0 * fit
            rest = power[j] - explained
            found[0, i, j] = fit
            found[1, i, j] = scale + 0.0 * power[j]
            found[2, i, j] = 1.0 + mean[j] - scale * middle
            found[3, i, j] = scale * depth + 0.0 * power[j]
            found[4, i, j] = np.sqrt((rest if rest > 0.0 else 0.0 * rest) / n)
