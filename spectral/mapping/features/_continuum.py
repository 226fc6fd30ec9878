"""Continuum of spectra, and spectra without it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ..._blocks import Output, map_spectra
from ._hull import over_block
from ._windows import bands_of, read_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from ._windows import Bands


def remove_continuum(
    spectra: xr.DataArray,
    *,
    window: Sequence[float] | None = None,
    method: str = "hull",
) -> xr.DataArray:
    """
    Spectra divided by their continuum, so that absorption features stand alone.

    Parameters
    ----------
    spectra : DataArray
        Cube, library or one spectrum: reflectance, dimension wavelength in nm. Its
        ``bad_bands`` take no part.
    window : (low, high) or (left_low, left_high, right_low, right_high), optional
        Part of the spectrum in nm, ends included; the whole when not given. With four
        numbers, the ranges of the two shoulders (method "shoulders").
    method : {"hull", "shoulders"}
        "hull": the upper convex hull of each spectrum within the window, fixed at its
        first and last good band. "shoulders": the straight line through the mean of
        the left and the mean of the right shoulder, as Tetracorder and MICA draw it;
        with a window of two numbers, from its first to its last good band.

    Returns
    -------
    DataArray
        Dimensionless, dims, dtype and coordinates of `spectra` within the window;
        lazy if it was. Under the hull at most 1, and 1 where the spectrum touches it;
        above 1 is possible with shoulders. NaN in bad bands, in all bands of a spectrum
        with a missing value in a good band, and where the continuum is not above zero
        (all-zero pixels, or negative reflectance at the ends of the window). A negative
        reflectance under a positive continuum stays negative.

    Raises
    ------
    ValueError
        If the window holds fewer than three good bands or no band of a shoulder, or
        method or window cannot be read.

    See Also
    --------
    continuum : The curve divided by.
    feature_parameters : Position, depth, width and asymmetry of a feature.

    References
    ----------
    Clark, R. N. and Roush, T. L. (1984). Reflectance spectroscopy: quantitative
    analysis techniques for remote sensing applications. J. Geophys. Res. 89(B7),
    6329-6340.
    Kokaly, R. F. (2011). PRISM: Processing routines in IDL for spectroscopic
    measurements. USGS Open-File Report 2011-1155 (shoulders).

    Examples
    --------
    >>> import xarray as xr
    >>> spectrum = xr.DataArray(
    ...     [0.4, 0.5, 0.3, 0.5, 0.6],
    ...     {"wavelength": [2180.0, 2190.0, 2200.0, 2210.0, 2220.0]},
    ... )
    >>> print(remove_continuum(spectrum).values)
    [1.  1.  0.5625  0.882  1. ]
    >>> print(continuum(spectrum).values)
    [0.4  0.5  0.533  0.567  0.6 ]
    """
    return _over(spectra, window, method, quotient=True).assign_attrs(
        long_name="continuum-removed reflectance"
    )


def continuum(
    spectra: xr.DataArray,
    *,
    window: Sequence[float] | None = None,
    method: str = "hull",
) -> xr.DataArray:
    """
    Continuum of spectra: what they would be without absorption features.

    Parameters
    ----------
    spectra : DataArray
        Cube, library or one spectrum: reflectance, dimension wavelength in nm.
    window : (low, high) or (left_low, left_high, right_low, right_high), optional
        Part of the spectrum in nm, as in `remove_continuum`.
    method : {"hull", "shoulders"}
        Upper convex hull or straight line, as in `remove_continuum`.

    Returns
    -------
    DataArray
        Reflectance, dims, dtype and coordinates of `spectra` within the window; lazy if
        it was. NaN in bad bands and in all bands of a spectrum with a gap.

    Raises
    ------
    ValueError
        As `remove_continuum`.

    References
    ----------
    Clark, R. N. and Roush, T. L. (1984). Reflectance spectroscopy: quantitative
    analysis techniques for remote sensing applications. J. Geophys. Res. 89(B7),
    6329-6340.

    Examples
    --------
    >>> import xarray as xr
    >>> waves = {"wavelength": [2180.0, 2190.0, 2200.0]}
    >>> print(continuum(xr.DataArray([0.4, 0.2, 0.6], waves)).values)
    [0.4 0.5 0.6]
    """
    return _over(spectra, window, method, quotient=False).assign_attrs(
        long_name="continuum"
    )


def _over(
    spectra: xr.DataArray,
    window: Sequence[float] | None,
    method: str,
    *,
    quotient: bool,
) -> xr.DataArray:
    asked = read_window(window, method=method)
    bands = bands_of(spectra, asked, method=method, least=3 if method == "hull" else 2)
    part = spectra.isel(wavelength=bands.span)
    dtype = "float32" if spectra.dtype == np.float32 else "float64"
    waves = part["wavelength"].values
    (found,) = map_spectra(
        partial(_block, bands=bands, quotient=quotient, dtype=dtype),
        part,
        outputs=[
            Output(str(spectra.name or "reflectance"), "wavelength", waves, dtype)
        ],
        keep_bad=True,
    )
    found = found.transpose(*spectra.dims)
    along = {name: part[name] for name in part.coords if name not in found.coords}
    kept = {name: spectra.attrs[name] for name in ("notes",) if name in spectra.attrs}
    return found.assign_coords(along).assign_attrs(
        kept, units="1", kind="continuous", continuum=method
    )


def _block(
    block: np.ndarray, *, bands: Bands, quotient: bool, dtype: str
) -> np.ndarray:
    out = np.full(block.shape, np.nan, dtype)
    over_block(block, bands.good, bands.x, bands.left, bands.right, quotient, out)
    return out
