"""Which three bands to look at first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._check import check_cube

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

# red, green, blue in nm, and how far the nearest band may be
COMPOSITES = {
    "natural": ((640.0, 550.0, 470.0), 45.0),
    "infrared": ((850.0, 660.0, 560.0), 60.0),
    "geology": ((2200.0, 1650.0, 850.0), 80.0),
    "swir": ((2100.0, 2200.0, 2340.0), 30.0),
    "thermal": ((10650.0, 9100.0, 8300.0), 400.0),
}


class QuickBands(NamedTuple):
    """
    Three bands for red, green and blue.

    Parameters
    ----------
    name : str
        Of the composite: one of those of `quick_bands`, or "spread".
    wavelength : tuple of float
        Of the bands, nm; fewer than three where the cube has fewer good bands.
    """

    name: str
    wavelength: tuple[float, ...]


def quick_bands(cube: xr.DataArray, *, composite: str | None = None) -> QuickBands:
    """
    Good bands of a cube for a picture.

    Parameters
    ----------
    cube : DataArray
        With dimension wavelength.
    composite : {"natural", "infrared", "geology", "swir", "thermal"}, optional
        What to show: natural colours (640, 550, 470 nm); infrared (850, 660, 560 nm);
        geology (2200, 1650, 850 nm); swir (2100, 2200, 2340 nm: clay is magenta,
        carbonate yellow); thermal (10.65, 9.1, 8.3 µm: quartz is red). Left out, the
        first of them that the cube has bands for, else three spread over its range.

    Returns
    -------
    QuickBands
        Name of the composite and wavelengths for red, green, blue.

    Raises
    ------
    ValueError
        If the composite is unknown, or has no good bands in this cube.

    Examples
    --------
    >>> import xarray as xr
    >>> waves = [490.0, 560.0, 665.0, 842.0, 1610.0, 2190.0]
    >>> cube = xr.DataArray([0.1] * 6, {"wavelength": waves}, dims="wavelength")
    >>> quick_bands(cube)
    QuickBands(name='natural', wavelength=(665.0, 560.0, 490.0))
    >>> quick_bands(cube, composite="geology").wavelength
    (2190.0, 1610.0, 842.0)
    """
    check_cube(cube)
    waves = np.asarray(cube["wavelength"].values, float)
    if "bad_bands" in cube.coords:
        waves = waves[~np.asarray(cube["bad_bands"].values, bool)]
    if composite is not None:
        if composite not in COMPOSITES:
            raise ValueError(
                f"composite= is one of {list(COMPOSITES)}, not {composite!r}"
            )
        found = _nearest(waves, composite)
        if found is None:
            wanted = ", ".join(f"{wave:g}" for wave in COMPOSITES[composite][0])
            told = (
                f"{waves.min():.0f} to {waves.max():.0f} nm" if len(waves) else "none"
            )
            raise ValueError(
                f"the cube has no good bands near {wanted} nm (its bands: {told}). "
                "Choose another composite, or name three wavelengths"
            )
        return QuickBands(composite, found)
    for name in COMPOSITES:
        found = _nearest(waves, name)
        if found is not None:
            return QuickBands(name, found)
    if len(waves) < 3:
        return QuickBands("spread", tuple(waves[:1].tolist()))
    places = np.round((len(waves) - 1) * np.array([5, 3, 1]) / 6).astype(int)
    return QuickBands("spread", tuple(waves[places].tolist()))


def _nearest(waves: NDArray, composite: str) -> tuple[float, ...] | None:
    wanted, slack = COMPOSITES[composite]
    if not len(waves):
        return None
    found = [float(waves[np.abs(waves - wave).argmin()]) for wave in wanted]
    near = np.abs(np.subtract(found, wanted)).max() <= slack
    return tuple(found) if near and len(set(found)) == 3 else None
