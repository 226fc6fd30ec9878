"""Shapes a feature is compared with, on the bands of a sensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._wording import Lack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._rules import Band

EDGE = 1e-6  # nm: ends of windows are printed with few digits
FEWEST = 5  # bands of a window: two shoulders and three between them
WIDEST_GAP = 0.35  # of the window that no band may leave open


class Window(NamedTuple):
    """Bands of one continuum window."""

    bands: np.ndarray  # indices, the shoulders included
    left: np.ndarray
    right: np.ndarray
    along: np.ndarray  # 0 at the left shoulder's mean wavelength, 1 at the right's


class Shape(NamedTuple):
    """Continuum-removed reference, prepared for the least squares of a pixel."""

    slope: np.ndarray  # dot product with a continuum-removed pixel gives the scale
    square: float  # sum of squares of the shape about its mean
    depth: float  # of the shape itself


def band_window(
    ends: Sequence[float], wavelength: np.ndarray, usable: np.ndarray | None = None
) -> Window | Lack:
    """
    Bands within four ends, or why they do not suffice.

    Parameters
    ----------
    ends : sequence of float
        Left shoulder from, to, right shoulder from, to; nm.
    wavelength : ndarray
        Good bands of the cube, ascending, nm.
    usable : ndarray of bool, optional
        Bands at which the reference has a value.

    Returns
    -------
    Window or Lack
        The latter where the bands do not cover the window.
    """
    inside = (wavelength >= ends[0] - EDGE) & (wavelength <= ends[3] + EDGE)
    left = np.flatnonzero(inside & (wavelength <= ends[1] + EDGE))
    right = np.flatnonzero(inside & (wavelength >= ends[2] - EDGE))
    if wavelength.size == 0 or not inside.any():
        return Lack("no_band", ends[0], ends[3])
    for side, bands, pair in (("left", left, ends[:2]), ("right", right, ends[2:])):
        if not bands.size:
            return Lack(f"no_{side}", *pair)
    if usable is not None:
        inside &= usable
        if not usable[left].any() or not usable[right].any():
            return Lack("no_reference", ends[0], ends[3])
    bands = np.flatnonzero(inside)
    if bands.size < FEWEST:
        return Lack("few_bands", ends[0], ends[3], bands.size)
    gap = float(np.diff(wavelength[bands]).max())
    if gap > WIDEST_GAP * (ends[3] - ends[0]):
        return Lack("gap", ends[0], ends[3], gap)
    first, last = wavelength[left].mean(), wavelength[right].mean()
    along = (wavelength[bands] - first) / (last - first)
    return Window(bands, left, right, along)


def reference_curve(window: Window, reference: np.ndarray) -> np.ndarray:
    """Reference over its own continuum, on the window's bands."""
    left, right = (np.nanmean(reference[side]) for side in (window.left, window.right))
    return reference[window.bands] / (left + (right - left) * window.along)


def model_spectrum(
    bands: Sequence[Band], wavelength: np.ndarray, fwhm: np.ndarray | None
) -> np.ndarray:
    """
    Product of two-sided Gaussian absorptions, as a sensor sees them.

    A band of full width w seen through a response of full width f is wider,
    sqrt(w² + f²), and shallower by w over that: its area stays.
    """
    spectrum = np.ones(wavelength.size)
    seen = np.zeros(wavelength.size) if fwhm is None else np.asarray(fwhm, float)
    for band in bands:
        flank = np.where(wavelength < band.position, band.left, band.right)
        wide = np.hypot(flank, seen)
        offset = (wavelength - band.position) / wide
        spectrum *= 1 - band.depth * flank / wide * np.exp(-4 * np.log(2) * offset**2)
    return spectrum


def make_shape(curve: np.ndarray) -> Shape | None:
    """Least-squares form of a continuum-removed curve; None if it is flat."""
    about = curve - curve.mean()
    square = float(about @ about)
    if not np.isfinite(square) or square < 1e-12:
        return None
    depth = 1 - curve.min() if curve.mean() < 1 else curve.max() - 1
    return Shape(about / square, square, float(depth))
