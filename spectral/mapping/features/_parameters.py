"""Position, depth, width, area and asymmetry of an absorption feature."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..._blocks import Output, map_spectra
from ._shape import VALUES, parameters
from ._windows import Bands, bands_of, read_window

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = {
    "position": ("wavelength of the minimum", "nm"),
    "depth": ("band depth", "1"),
    "width": ("full width at half depth", "nm"),
    "area": ("area between continuum and spectrum", "nm"),
    "asymmetry": ("asymmetry, log10 of right over left area", "1"),
    "left": ("left shoulder", "nm"),
    "right": ("right shoulder", "nm"),
}


def feature_parameters(
    spectra: xr.DataArray, window: Sequence[float], *, continuum: str = "hull"
) -> xr.Dataset:
    """
    Shape of the deepest absorption feature in a window.

    Parameters
    ----------
    spectra : DataArray
        Cube, library or one spectrum: reflectance, dimension wavelength in nm.
    window : (low, high) or (left_low, left_high, right_low, right_high)
        Part of the spectrum in nm, or the ranges of its shoulders, as in
        `remove_continuum`.
    continuum : {"hull", "shoulders"}
        Upper hull of the window, or the line through its shoulders.

    Returns
    -------
    Dataset
        Grids of the dims of `spectra` without wavelength, lazy if it was:

        - ``position``, nm: lowest point of the parabola through the deepest band and
          the two beside it, continuum-removed.
        - ``depth``: 1 less that lowest value, so 0 to 1 (above 1 for negative
          reflectance).
        - ``width``, nm: between the two places where the feature reaches half its
          depth, interpolated linearly.
        - ``area``, nm: between continuum and spectrum, shoulder to shoulder.
        - ``asymmetry``: log10 of the area right of the position over the area left of
          it: 0 for a symmetric feature, above 0 for a long tail to longer wavelengths.
        - ``left``, ``right``, nm: shoulders, where the feature leaves the continuum.

        Where there is no absorption, depth and area are 0 and the others NaN. All are
        NaN for a spectrum with a gap in a good band of the window, or without a
        continuum above zero.

    Raises
    ------
    ValueError
        If the window holds fewer than three good bands or cannot be read.

    See Also
    --------
    minimum_wavelength : Only position and depth, with more ways to find them.
    find_features : All features of a library.

    References
    ----------
    Clark, R. N., King, T. V. V. and Gorelick, N. S. (1987). Automatic continuum
    analysis of reflectance spectra. Proc. 3rd Airborne Imaging Spectrometer Data
    Analysis Workshop, JPL Publication 87-30, 138-142.
    Kruse, F. A. and Lefkoff, A. B. (1993). Knowledge-based geologic mapping with
    imaging spectrometers. Remote Sensing Reviews 8, 3-28 (asymmetry as a logarithm).
    van der Meer, F. (2004). Analysis of spectral absorption features in hyperspectral
    imagery. Int. J. Applied Earth Observation and Geoinformation 5, 55-68.

    Examples
    --------
    >>> waves = np.arange(2100.0, 2301, 10)
    >>> dip = 0.3 * np.exp(-4 * np.log(2) * ((waves - 2203) / 40) ** 2)
    >>> spectrum = xr.DataArray(0.5 * (1 - dip), {"wavelength": waves})
    >>> found = feature_parameters(spectrum, (2100, 2300))
    >>> print(*(f"{name} {found[name]:.2f}" for name in ("position", "depth", "width")))
    position 2202.83 depth 0.30 width 40.49
    """
    asked = read_window(window, method=continuum)
    bands = bands_of(spectra, asked, method=continuum)
    dtype = "float32" if spectra.dtype == np.float32 else "float64"
    grids = map_spectra(
        partial(_seven, bands=bands, dtype=dtype),
        spectra.isel(wavelength=bands.span),
        outputs=[Output(name, dtype=dtype) for name in VALUES],
        keep_bad=True,
    )
    return xr.Dataset(
        {
            grid.name: grid.assign_attrs(
                long_name=f"{NAMES[grid.name][0]}, {asked.text}",
                units=NAMES[grid.name][1],
                kind="continuous",
            )
            for grid in grids
        },
        attrs={"window": list(window), "continuum": continuum},
    )


def band_depth(
    spectra: xr.DataArray,
    centre: float | Sequence[float],
    shoulders: Sequence[float],
) -> xr.DataArray:
    """
    Depth of a feature below the straight line through its shoulders.

    Parameters
    ----------
    spectra : DataArray
        Cube, library or one spectrum: reflectance, dimension wavelength in nm.
        Multispectral images are welcome.
    centre : float or (low, high)
        Wavelength in nm, of which the nearest good band is taken, or a range whose
        good bands are averaged.
    shoulders : (left, right) or (left_low, left_high, right_low, right_high)
        In nm: two wavelengths, each for its nearest good band, or two ranges.

    Returns
    -------
    DataArray
        1 - reflectance / continuum at the centre, dimensionless; negative where the
        spectrum rises above the line. Dims of `spectra` without wavelength, lazy if it
        was. NaN for a spectrum with a gap in a band used, or without a continuum above
        zero.

    Raises
    ------
    ValueError
        If a range holds no good band, or the centre does not lie between the shoulders.

    References
    ----------
    Clark, R. N. and Roush, T. L. (1984). Reflectance spectroscopy: quantitative
    analysis techniques for remote sensing applications. J. Geophys. Res. 89(B7),
    6329-6340.

    Examples
    --------
    >>> waves = {"wavelength": [2120.0, 2200.0, 2280.0]}
    >>> spectrum = xr.DataArray([0.40, 0.35, 0.60], waves)
    >>> round(float(band_depth(spectrum, 2200, (2120, 2280))), 3)
    0.3
    """
    good = bands_of(spectra, None, method="hull")
    ends = np.asarray(shoulders, float).ravel()
    if ends.size not in (2, 4):
        raise ValueError(
            "shoulders are (left, right) or (left_low, left_high, right_low, "
            f"right_high) in nm. Got {shoulders!r}."
        )
    parts = (
        ends[: ends.size // 2],
        np.atleast_1d(np.asarray(centre, float)),
        ends[ends.size // 2 :],
    )
    names = ("left shoulder", "centre", "right shoulder")
    bands = [_near(good, part, name) for part, name in zip(parts, names, strict=True)]
    x = [good.x[band].mean() for band in bands]
    if not x[0] < x[1] < x[2]:
        raise ValueError(
            f"the centre must lie between the shoulders. The bands found are at "
            f"{x[0]:g}, {x[1]:g} and {x[2]:g} nm: the bands are too wide for this "
            "feature, or the wavelengths are not in order."
        )
    share = (x[1] - x[0]) / (x[2] - x[0])
    rows = [good.good[band] for band in bands]

    def depth(block: np.ndarray) -> np.ndarray:
        left, middle, right = (block[row].mean(0, dtype="float64") for row in rows)
        line = left + share * (right - left)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where((line > 0) & np.isfinite(line), 1 - middle / line, np.nan)

    kept = np.unique(np.concatenate(rows))
    span = slice(int(kept[0]), int(kept[-1]) + 1)
    rows = [row - kept[0] for row in rows]
    dtype = "float32" if spectra.dtype == np.float32 else "float64"
    (found,) = map_spectra(
        depth,
        spectra.isel(wavelength=span),
        outputs=[Output("depth", dtype=dtype)],
        keep_bad=True,
    )
    return found.assign_attrs(
        long_name=f"band depth at {x[1]:g} nm", units="1", kind="continuous"
    )


def _seven(block: np.ndarray, *, bands: Bands, dtype: str) -> tuple[np.ndarray, ...]:
    out = np.empty((len(VALUES), block.shape[1]), dtype)
    parameters(block, bands.good, bands.x, bands.left, bands.right, out)
    return tuple(out)


def _near(bands: Bands, part: np.ndarray, name: str) -> np.ndarray:
    """Good bands of a range, or the one nearest to a wavelength."""
    if part.size == 2:
        found = np.flatnonzero((bands.x >= part.min()) & (bands.x <= part.max()))
        if not found.size:
            raise ValueError(
                f"no good band lies in the {name}, {part[0]:g}-{part[1]:g} nm. Give "
                "one wavelength for the nearest band."
            )
        return found
    if part.size != 1 or not bands.x[0] - 50 <= part[0] <= bands.x[-1] + 50:
        raise ValueError(
            f"{name} {part.tolist()} nm is outside the spectra, {bands.x[0]:g} to "
            f"{bands.x[-1]:g} nm."
        )
    return np.abs(bands.x - part[0]).argmin(keepdims=True)
