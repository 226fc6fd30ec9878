"""Maps of the wavelength at which a feature is deepest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from ..._blocks import Output, map_spectra
from ._curves import GAUSSIAN, minima
from ._windows import Bands, bands_of, read_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._windows import Window


class Curve(NamedTuple):
    """Bands and degree of the curve drawn through a minimum."""

    bands: int
    degree: int


CURVES = {
    "minimum": Curve(3, 0),
    "parabola": Curve(3, 2),
    "polynomial": Curve(7, 4),
    "gaussian": Curve(5, GAUSSIAN),
}


def minimum_wavelength(
    cube: xr.DataArray,
    window: Sequence[float],
    *,
    method: str = "parabola",
    min_depth: float = 0.01,
    within: Sequence[float] | None = None,
    n_bands: int | None = None,
    continuum: str = "hull",
) -> xr.Dataset:
    """
    Wavelength of the deepest absorption feature in a window, between the bands.

    Parameters
    ----------
    cube : DataArray
        Cube, library or one spectrum: reflectance, dimension wavelength in nm.
    window : (low, high) or (left_low, left_high, right_low, right_high)
        Where the continuum is drawn, nm, as in `remove_continuum`.
    method : {"parabola", "polynomial", "gaussian", "minimum"}
        Curve through the continuum-removed bands around the deepest one: a parabola
        (3 bands, exactly), a polynomial of degree 4 (7 bands, least squares), a
        Gaussian (5 bands, weighted least squares of the logarithm of the depth); or no
        curve, the deepest band itself.
    min_depth : float
        Features less deep than this have no position: NaN, "unknown".
    within : (low, high), optional
        Where the position is of interest, nm: a deepest minimum outside has none
        either.
    n_bands : int, optional
        Bands of the curve, if not the number above; odd, so that as many lie on either
        side of the deepest band. Near the ends of the window they lie to one side.
    continuum : {"hull", "shoulders"}
        Upper hull of the window, or the line through its shoulders.

    Returns
    -------
    Dataset
        Grids of the dims of `cube` without wavelength, lazy if it was:

        - ``position``, nm: lowest point of the curve. NaN where unknown: less deep than
          `min_depth`, outside `within`, or the curve has no lowest point among its
          bands (noise).
        - ``depth``: 1 less the lowest value of the curve (of the deepest band where the
          curve has none); 0 where nothing is absorbed. Kept where the position is
          unknown.
        - ``residual``: root mean square of bands less curve, continuum-removed
          reflectance: how well the curve meets the bands; 0 for three bands, which a
          parabola meets exactly. NaN where the position is unknown.

        All NaN for a spectrum with a gap in a good band of the window.

    Raises
    ------
    ValueError
        If the window holds too few good bands for the curve or cannot be read, or
        `method`, `min_depth`, `within` or `n_bands` make no sense.

    See Also
    --------
    feature_parameters : Width, area and asymmetry too.

    Notes
    -----
    Root mean square errors of the position, made features 40 nm wide and 0.3 deep at a
    reflectance of 0.5, without noise and with noise of 0.002: bands every 10 nm,
    parabola 0.12 and 0.45 nm, polynomial 0.18 and 0.31, gaussian 0.00 and 0.22; bands
    every 5 nm, parabola 0.02 and 0.80, polynomial 0.01 and 0.46, gaussian 0.00 and
    0.32. Three narrow bands hear the noise: with ``n_bands=5`` the parabola is down to
    0.33. Hull ends on the tails of the feature itself add to all of them.

    Features with a longer tail draw the curve towards it, the more the wider the bands:
    made of half Gaussians 25 and 60 nm wide, the position came out too far right by
    1.7 nm (parabola), 2.4 (polynomial) and 3.4 (gaussian) for bands every 5 nm, by 3.4,
    5.3 and 6.4 for bands every 10 nm. Compare positions of one method and one sensor
    only. On a flat bottom 40 nm wide, bands every 5 nm, a polynomial wanders by 7 nm
    between two shallow minima, parabola and gaussian by 1.

    References
    ----------
    Rodger, A., Laukamp, C., Haest, M. and Cudahy, T. (2012). A simple quadratic method
    of absorption feature wavelength estimation in continuum removed spectra. Remote
    Sensing of Environment 118, 273-283.
    van Ruitenbeek, F. J. A. et al. (2014). Mapping the wavelength position of deepest
    absorption features to explore mineral diversity in hyperspectral images. Planetary
    and Space Science 101, 108-117.
    Hecker, C. et al. (2019). Mapping the wavelength position of mineral features in
    hyperspectral thermal infrared data. Int. J. Applied Earth Observation and
    Geoinformation 79, 133-140.
    Guo, H. (2011). A simple algorithm for fitting a Gaussian function. IEEE Signal
    Processing Magazine 28(5), 134-137.

    Examples
    --------
    >>> waves = np.arange(2100.0, 2301, 10)
    >>> dip = 0.3 * np.exp(-4 * np.log(2) * ((waves - 2203) / 40) ** 2)
    >>> spectrum = xr.DataArray(0.5 * (1 - dip), {"wavelength": waves})
    >>> for method in ("minimum", "parabola", "gaussian"):
    ...     found = minimum_wavelength(spectrum, (2100, 2300), method=method)
    ...     print(f"{method} {float(found.position):.2f} nm")
    minimum 2200.00 nm
    parabola 2202.83 nm
    gaussian 2203.00 nm
    """
    asked = read_window(window, method=continuum)
    curve = _curve(method, n_bands)
    low, high = _within(within, asked)
    if not 0 <= min_depth < 1:
        raise ValueError(f"min_depth lies between 0 and 1. Got {min_depth}.")
    bands = bands_of(cube, asked, method=continuum, least=curve.bands)
    dtype = "float32" if cube.dtype == np.float32 else "float64"
    grids = map_spectra(
        partial(_block, bands=bands, curves=_curves(bands.x, curve), dtype=dtype),
        cube.isel(wavelength=bands.span),
        outputs=[Output(name, dtype=dtype) for name in NAMES],
        keep_bad=True,
    )
    found = dict(zip(NAMES, grids, strict=True))
    known = (found["depth"] >= min_depth) & (found["depth"] > 0)
    known &= (found["position"] >= low) & (found["position"] <= high)
    for name in ("position", "residual"):
        found[name] = found[name].where(known)
    told = {"window": list(window), "method": method, "min_depth": min_depth}
    return xr.Dataset(
        {
            name: grid.assign_attrs(
                long_name=f"{NAMES[name][0]}, {asked.text}",
                units=NAMES[name][1],
                kind="continuous",
            )
            for name, grid in found.items()
        },
        attrs=told,
    )


NAMES = {
    "position": ("wavelength of the minimum", "nm"),
    "depth": ("band depth", "1"),
    "residual": ("residual of the curve", "1"),
}


def _block(
    block: np.ndarray, *, bands: Bands, curves: tuple, dtype: str
) -> tuple[np.ndarray, ...]:
    out = np.empty((3, block.shape[1]), dtype)
    minima(block, bands.good, bands.x, bands.left, bands.right, curves, out)
    return tuple(out)


def _curves(
    x: np.ndarray, curve: Curve
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Bands, places and solving matrix of the curve for each band as the deepest."""
    n, degree = curve
    first = np.clip(np.arange(x.size) - n // 2, 0, x.size - n)
    around = x[first[:, None] + np.arange(n)]
    places = (around - x[:, None]) / (around[:, -1:] - around[:, :1])
    solve = np.zeros((1, 1, 1))
    if degree > 0:
        powers = places[:, :, None] ** np.arange(degree + 1)
        solve = np.ascontiguousarray(np.linalg.pinv(powers))
    return first, np.ascontiguousarray(places), solve, degree


def _curve(method: str, n_bands: int | None) -> Curve:
    if method not in CURVES:
        raise ValueError(f"method must be one of {list(CURVES)}. Got {method!r}.")
    curve = CURVES[method]
    if n_bands is None:
        return curve
    least = max(3, curve.degree + 1)
    if int(n_bands) != n_bands or n_bands % 2 == 0 or n_bands < least:
        raise ValueError(
            f"n_bands of a {method} is an odd number from {least + 1 - least % 2}. "
            f"Got {n_bands}."
        )
    return curve._replace(bands=int(n_bands))


def _within(within: Sequence[float] | None, window: Window) -> tuple[float, float]:
    if within is None:
        return -np.inf, np.inf
    part = read_window(within)
    if part.left is not None or part.low >= window.high or part.high <= window.low:
        raise ValueError(
            f"within is (low, high) inside the window, {window.text}. Got {within!r}."
        )
    return part.low, part.high
