"""Spectral information divergence, alone and with the angle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._blocks import Output, map_spectra
from ._angle import cosines_with
from ._references import References, blocks, directions, references

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

FLOOR = 1e-4


def spectral_divergence(
    cube: xr.DataArray, library: xr.DataArray, *, floor: float = FLOOR
) -> xr.DataArray:
    """
    Spectral information divergence of each pixel and each reference spectrum (SID).

    Both spectra are read as distributions over the bands, each divided by its sum; the
    divergence is the relative entropy of the one to the other and back. It is blind to
    brightness.

    Parameters
    ----------
    cube : DataArray
        Cube, library or single spectrum, as in `spectral.check_cube`.
    library : DataArray, dims ("spectrum", "wavelength")
        Reference spectra on the cube's wavelengths.
    floor : float
        Reflectance that smaller values are raised to, in cube and library, since the
        logarithm knows neither zero nor negative values. They are counted.

    Returns
    -------
    DataArray, dims ("target", ...)
        Nats, 0 for the same shape, float32, right to about 1e-7 nat; lazy where the
        cube is. The coordinate
        ``bands_raised`` counts the bands of each pixel that were below the floor: a
        pixel with many is better masked. NaN for pixels with a NaN in a good band and
        for pixels below the floor in all bands.

    Raises
    ------
    ValueError
        If the wavelengths differ, a reference is nowhere above the floor, or the floor
        is not positive.

    References
    ----------
    Chang, C.-I. (2000). An information-theoretic approach to spectral variability,
    similarity, and discrimination for hyperspectral image analysis. IEEE Transactions
    on Information Theory 46, 1927-1932.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0]}
    >>> pixel = xr.DataArray([0.5, -0.1], at, "wavelength")
    >>> library = xr.DataArray([[0.4, 0.4]], at | {"spectrum": ["flat"]},
    ...                        ("spectrum", "wavelength"))
    >>> found = spectral_divergence(pixel, library, floor=0.5 / 3)
    >>> print(found.values, int(found.bands_raised))
    [0.275] 1
    """
    found = _checked(cube, library, floor)
    compare = _divergences(found.spectra, floor)
    grid = _mapped(cube, found, "spectral_divergence", compare, floor)
    told = {"long_name": "spectral information divergence", "units": "nat"}
    return found.dress(grid, floor=float(floor), **told)


def divergence_angle(
    cube: xr.DataArray, library: xr.DataArray, *, floor: float = FLOOR
) -> xr.DataArray:
    """
    Spectral information divergence times the tangent of the spectral angle.

    Sharper than either: the ratio of the measures of like and unlike spectra grows.

    Parameters
    ----------
    cube : DataArray
        Cube, library or single spectrum.
    library : DataArray, dims ("spectrum", "wavelength")
        Reference spectra on the cube's wavelengths.
    floor : float
        As in `spectral_divergence`; the angle is taken of the values as they are.

    Returns
    -------
    DataArray, dims ("target", ...)
        Nats, 0 for the same shape, float32; ``bands_raised`` as in
        `spectral_divergence`. NaN where either measure is, and for angles of a right
        angle or more, where the tangent means nothing.

    Raises
    ------
    ValueError
        As in `spectral_divergence`.

    References
    ----------
    Du, Y., et al. (2004). New hyperspectral discrimination measure for spectral
    characterization. Optical Engineering 43, 1777-1786.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0]}
    >>> pixel = xr.DataArray([0.75, 0.25], at, "wavelength")
    >>> library = xr.DataArray([[0.4, 0.4]], at | {"spectrum": ["flat"]},
    ...                        ("spectrum", "wavelength"))
    >>> print(divergence_angle(pixel, library).values)
    [0.137]
    """
    found = _checked(cube, library, floor)
    divergence, units = _divergences(found.spectra, floor), directions(found.spectra)

    def compare(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nats, raised = divergence(block)
        cosine = cosines_with(units, block)
        acute = np.where(cosine > 0, cosine, np.nan)
        return nats * np.sqrt(1 - acute**2) / acute, raised

    grid = _mapped(cube, found, "divergence_angle", compare, floor)
    told = {"long_name": "divergence times tangent of angle", "units": "nat"}
    return found.dress(grid, floor=float(floor), **told)


def _checked(cube: xr.DataArray, library: xr.DataArray, floor: float) -> References:
    if not floor > 0:
        raise ValueError(
            f"floor must be above zero, in the cube's units. Got {floor}. A ten-"
            "thousandth is usual for reflectance."
        )
    return references(
        library,
        cube,
        need=lambda values: (values > floor).any(1),
        lacking=f"are nowhere above the floor of {floor:g}",
    )


def _mapped(
    cube: xr.DataArray,
    found: References,
    name: str,
    compare: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    floor: float,
) -> xr.DataArray:
    def over(spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        grid = np.empty((len(found.names), spectra.shape[1]), "float32")
        raised = np.empty(spectra.shape[1], "float32")
        for part, block in blocks(spectra):
            grid[:, part], raised[part] = compare(block)
        return grid, raised

    outputs = [found.output(name), Output("bands_raised")]
    grid, raised = map_spectra(over, cube, outputs=outputs)
    title = f"bands raised to the floor of {floor:g}"
    raised = raised.assign_attrs(long_name=title, units="1", kind="continuous")
    return grid.assign_coords(bands_raised=raised)


def _divergences(
    spectra: np.ndarray, floor: float
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """
    Function from (n_bands, n_pixels) to divergences and bands raised.

    sum (p - q)(log p - log q) does not change when the same is taken from p and q, and
    from their logarithms, band by band. Taking the library's means away leaves two
    products of small numbers, in which float32 keeps its digits.
    """
    shares = np.maximum(spectra, floor)
    shares /= shares.sum(1, keepdims=True)
    middle, middle_log = shares.mean(0), np.log(shares).mean(0)
    q, log_q = shares - middle, np.log(shares) - middle_log
    own = (q * log_q).sum(1)
    q, log_q, own = (part.astype("float32") for part in (q, log_q, own))
    middle, middle_log = middle[:, None], middle_log[:, None]

    def compare(block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        low = block < floor
        share = np.where(low, block.dtype.type(floor), block)
        total = share.sum(0, dtype="float64")
        total[low.all(0) | ~np.isfinite(total)] = np.nan
        share = share / total
        log_p = (np.log(share) - middle_log).astype("float32")
        p = (share - middle).astype("float32")
        mixed = log_q @ p + q @ log_p
        nats = np.einsum("ij,ij->j", p, log_p) - mixed + own[:, None]
        return np.maximum(nats, 0), np.where(np.isnan(total), np.nan, low.sum(0))

    return compare
