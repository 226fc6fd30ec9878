"""Angles and correlations between spectra."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._blocks import map_spectra
from ._references import blocks, directions, references, varies

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

CONSTANT = "are the same in all good bands: nothing correlates with them"


def spectral_angle(cube: xr.DataArray, library: xr.DataArray) -> xr.DataArray:
    """
    Spectral angle between each pixel and each reference spectrum (SAM).

    Blind to brightness: a spectrum times a positive number has the same angles, so that
    a cube times 10000 will do. Radiance will not: the sun differs from band to band.

    Parameters
    ----------
    cube : DataArray
        Cube, library or single spectrum, as in `spectral.check_cube`.
    library : DataArray, dims ("spectrum", "wavelength")
        Reference spectra on the cube's wavelengths.

    Returns
    -------
    DataArray, dims ("target", ...)
        Radians from 0 (same direction) to pi, float32, lazy where the cube is. Computed
        in float64, so that small angles are right too. NaN for pixels with a NaN in a
        good band and for all-zero pixels, which have no direction.

    Raises
    ------
    ValueError
        If the wavelengths differ or a reference is zero everywhere.

    See Also
    --------
    classify_angle : Best reference only, several times as fast, in little memory.

    References
    ----------
    Kruse, F.A., et al. (1993). The spectral image processing system (SIPS). Remote
    Sensing of Environment 44, 145-163.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0]}
    >>> pixel = xr.DataArray([0.3, 0.3], at, "wavelength")
    >>> library = xr.DataArray([[0.4, 0.4], [0.5, 0.0]], at | {"spectrum": ["a", "b"]},
    ...                        ("spectrum", "wavelength"))
    >>> print(spectral_angle(pixel, library).values)
    [0.    0.785]
    """
    found = references(library, cube)
    grid = _cosines(cube, found.spectra, found.output("spectral_angle"), angle_of)
    return found.dress(grid, long_name="spectral angle", units="rad")


def spectral_correlation(
    cube: xr.DataArray, library: xr.DataArray, *, as_angle: bool = False
) -> xr.DataArray:
    """
    Pearson correlation between each pixel and each reference spectrum (SCM).

    Blind to brightness and to an offset; unlike the spectral angle, it tells a spectrum
    from its mirror image.

    Parameters
    ----------
    cube : DataArray
        Cube, library or single spectrum.
    library : DataArray, dims ("spectrum", "wavelength")
        Reference spectra on the cube's wavelengths.
    as_angle : bool
        Whether to give the angle arccos((r + 1) / 2), radians, in place of r.

    Returns
    -------
    DataArray, dims ("target", ...)
        r from -1 to 1, or the angle from 0 (r = 1) to pi/2 (r = -1), float32. NaN for
        pixels with a NaN in a good band and for those the same in all bands.

    Raises
    ------
    ValueError
        If the wavelengths differ or a reference is the same in all bands.

    References
    ----------
    de Carvalho, O.A., Meneses, P.R. (2000). Spectral correlation mapper (SCM): an
    improvement on the spectral angle mapper (SAM). Ninth JPL Airborne Earth Science
    Workshop, JPL Publication 00-18.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0, 2300.0]}
    >>> pixel = xr.DataArray([0.3, 0.2, 0.3], at, "wavelength")
    >>> library = xr.DataArray([[0.9, 0.8, 0.9], [0.4, 0.5, 0.4]],
    ...                        at | {"spectrum": ["a", "b"]},
    ...                        ("spectrum", "wavelength"))
    >>> print(spectral_correlation(pixel, library).values)
    [ 1. -1.]
    """
    found = references(library, cube, need=varies, lacking=CONSTANT)
    convert = _halved if as_angle else _as_is
    out = found.output("spectral_correlation")
    grid = _cosines(cube, found.spectra, out, convert, centred=True)
    if as_angle:
        return found.dress(grid, long_name="spectral correlation angle", units="rad")
    return found.dress(grid, long_name="spectral correlation", units="1")


def modified_angle(cube: xr.DataArray, library: xr.DataArray) -> xr.DataArray:
    """
    Modified spectral angle score of each pixel and each reference spectrum (MSAM).

    One minus the angle between the two spectra about their means, in right angles:
    1 the same shape, 0 unrelated, -1 its mirror image. Made for continuum-removed
    spectra.

    Parameters
    ----------
    cube : DataArray
        Cube, library or single spectrum, best with its continuum removed.
    library : DataArray, dims ("spectrum", "wavelength")
        Reference spectra on the cube's wavelengths, treated as the cube was.

    Returns
    -------
    DataArray, dims ("target", ...)
        Score from -1 to 1, float32. NaN for pixels with a NaN in a good band and for
        those the same in all bands.

    Raises
    ------
    ValueError
        If the wavelengths differ or a reference is the same in all bands.

    Notes
    -----
    The paper's text was not at hand; the formula is the one that Spectral Python
    (``msam``) gives for it, and results equal its results.

    References
    ----------
    Oshigami, S., et al. (2013). Mineralogical mapping of southern Namibia by
    application of continuum-removal MSAM method to the HyMap data. International
    Journal of Remote Sensing 34, 5282-5295.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0, 2300.0]}
    >>> pixel = xr.DataArray([1.0, 0.8, 1.0], at, "wavelength", name="pixel")
    >>> print(modified_angle(pixel, pixel).values)
    [1.]
    """
    found = references(library, cube, need=varies, lacking=CONSTANT)
    out = found.output("modified_angle")
    grid = _cosines(cube, found.spectra, out, _score, centred=True)
    return found.dress(grid, long_name="modified spectral angle score", units="1")


def _cosines(
    cube: xr.DataArray,
    spectra: np.ndarray,
    out: object,
    convert: Callable[[np.ndarray], np.ndarray],
    *,
    centred: bool = False,
) -> xr.DataArray:
    units = directions(spectra, centred=centred)

    def compare(given: np.ndarray) -> np.ndarray:
        result = np.empty((units.shape[0], given.shape[1]), "float32")
        for part, block in blocks(given):
            result[:, part] = convert(cosines_with(units, block, centred=centred))
        return result

    (grid,) = map_spectra(compare, cube, outputs=[out])
    return grid


def cosines_with(
    units: np.ndarray, block: np.ndarray, *, centred: bool = False
) -> np.ndarray:
    """Cosines (n_units, n_pixels) in float64; NaN where a pixel has no direction."""
    values = block.astype("float64")
    floor = 0.0
    if centred:
        # what rounding leaves of a spectrum that is the same in all bands
        floor = 1e-12 * np.abs(values).max(0, initial=0)
        values -= values.mean(0)
    length = np.sqrt(np.einsum("ij,ij->j", values, values))
    length = np.where(np.isfinite(length) & (length > floor), length, np.nan)
    return np.clip((units @ values) / length, -1, 1)


def angle_of(cosine: np.ndarray) -> np.ndarray:
    """Angles, by way of the chord: arccos loses half the digits near 0 and pi."""
    chord = np.sqrt(np.maximum(2 - 2 * np.abs(cosine), 0)).astype("float32")
    angle = 2 * np.arcsin(chord / 2)
    return np.where(cosine < 0, np.float32(np.pi) - angle, angle)


def _as_is(cosine: np.ndarray) -> np.ndarray:
    return cosine


def _halved(cosine: np.ndarray) -> np.ndarray:
    return angle_of((cosine + 1) / 2)


def _score(cosine: np.ndarray) -> np.ndarray:
    return 1 - angle_of(cosine) / np.float32(np.pi / 2)
