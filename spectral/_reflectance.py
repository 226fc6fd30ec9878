"""Whether a cube is in the unit of what it is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

WHOLE = 1.5  # reflectance seldom exceeds it
APART = 20  # times as large: another unit, not a bright scene
RAW = {
    "digital number": "Calibrate it, or open it with its scale, "
    "spectral.open_cube(path, scale=10000)",
    "radiance": "Correct it for atmosphere and sun first",
}


def check_quantity(
    cube: xr.DataArray, *, use: str, library: xr.DataArray | None = None
) -> None:
    """
    Refuse digital numbers and radiance where reflectance is needed.

    Parameters
    ----------
    cube : DataArray
        What is judged, by ``attrs["quantity"]`` alone: lazy cubes stay so.
    use : str
        What it is compared with, for the message: "reflectance of the endmembers".
    library : DataArray, optional
        Spectra it is compared with. Those of the same quantity, such as endmembers of
        the cube itself, are welcome.

    Raises
    ------
    ValueError
        If the quantities differ, with the remedy.
    """
    quantity = str(cube.attrs.get("quantity", "reflectance"))
    if quantity not in RAW:
        return
    same = ""
    if library is not None:
        stated = library.attrs.get("quantity")
        large = stated is None and float(np.abs(library).max()) > WHOLE
        if large or stated == quantity:
            return
        same = f", or give spectra of the same {quantity}s with that in attrs"
    name = f"'{cube.name}'" if cube.name is not None else "the cube"
    raise ValueError(
        f"{name} holds {quantity}, which cannot be compared with {use}. "
        f"{RAW[quantity]}{same}: attrs['quantity'] says what values are."
    )


def check_level(level: float, spectra: float, *, role: str) -> None:
    """Refuse spectra from 0 to 1 beside pixels many times as large."""
    if spectra <= WHOLE < level / APART:
        raise ValueError(
            f"{role} reach {spectra:.3g}, the cube's pixels {level:.3g} on average: "
            "one of them is not reflectance from 0 to 1. Divide the cube by its scale, "
            "cube / 10000, or open it with spectral.open_cube(path, scale=10000)."
        )


def check_pixels(squares: np.ndarray, n_bands: int, spectra: float, role: str) -> None:
    """Refuse a block most of whose pixels are in another unit, by sums of squares."""
    known = squares[np.isfinite(squares) & (squares > 0)]
    if spectra <= WHOLE and known.size:
        # a few broken pixels do not move the middle one
        middle = float(np.sqrt(np.median(known) / n_bands))
        check_level(middle, spectra, role=role)
