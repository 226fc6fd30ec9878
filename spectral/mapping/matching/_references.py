"""What all matchers share: reference spectra checked, results dressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..._blocks import Output
from ..._check import check_cube, spectra_on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import xarray as xr

PIXELS = 1024  # of a block that stays in the cache while several steps use it


class References(NamedTuple):
    """
    Reference spectra on the good bands of a cube.

    Parameters
    ----------
    names : list of str
        One a spectrum.
    spectra : ndarray, shape (n_spectra, n_bands)
        float64.
    coords : dict
        What the library says of each spectrum, along the dimension "target".
    """

    names: list[str]
    spectra: np.ndarray
    coords: dict[str, tuple[str, np.ndarray]]

    def output(self, name: str) -> Output:
        """One value a pixel and reference."""
        return Output(name, "target", self.names)

    def dress(self, grid: xr.DataArray, **attrs: object) -> xr.DataArray:
        """Result with the library's columns along "target" and its attrs."""
        return grid.assign_coords(self.coords).assign_attrs(kind="continuous", **attrs)


def references(
    library: xr.DataArray,
    cube: xr.DataArray,
    *,
    role: str = "library",
    need: Callable[[np.ndarray], np.ndarray] | None = None,
    lacking: str = "are zero in all good bands: they have no direction",
) -> References:
    """
    Reference spectra on a cube's good bands, refused where a matcher cannot use them.

    Parameters
    ----------
    library : DataArray
        (spectrum, wavelength) or (wavelength,).
    cube : DataArray
        What they are compared with.
    role : str
        What messages call them.
    need : callable, optional
        Which spectra (n_spectra, n_bands) can be used; those not zero by default.
    lacking : str
        What is wrong with the others.
    """
    check_cube(cube)
    names, spectra = spectra_on(library, cube, role=role)
    usable = (need or (lambda values: values.any(1)))(spectra)
    if not usable.all():
        left = [name for name, good in zip(names, usable, strict=True) if not good]
        raise ValueError(f"{role} {left} {lacking}. Leave them out.")
    coords = {
        str(name): ("target", coord.values)
        for name, coord in library.coords.items()
        if coord.dims == ("spectrum",) and name != "spectrum"
    }
    return References(names, spectra, coords)


def blocks(spectra: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Some pixels after the other, contiguous, of (n_bands, n_pixels)."""
    for start in range(0, spectra.shape[1], PIXELS):
        part = slice(start, start + PIXELS)
        yield part, np.ascontiguousarray(spectra[:, part])


def directions(spectra: np.ndarray, *, centred: bool = False) -> np.ndarray:
    """Rows of length one, about their mean where `centred`."""
    rows = spectra - spectra.mean(1, keepdims=True) if centred else spectra
    return rows / np.sqrt((rows**2).sum(1, keepdims=True))


def varies(spectra: np.ndarray) -> np.ndarray:
    """Which rows are not the same in all bands."""
    spread = np.sqrt(((spectra - spectra.mean(1, keepdims=True)) ** 2).sum(1))
    return spread > 1e-10 * np.sqrt((spectra**2).sum(1))
