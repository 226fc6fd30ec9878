"""Endmembers as a library: spectra, where they stand, how they were found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..._check import good_bands
from ._search import simplex_volume

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._space import Space


def pixels_as_library(
    cube: xr.DataArray,
    space: Space,
    chosen: Sequence[int] | np.ndarray,
    *,
    told: Mapping[str, Any],
    along: Mapping[str, np.ndarray] | None = None,
) -> xr.DataArray:
    """Spectra of pixels of `space`, all bands, with their places and `told` of them."""
    flat = np.asarray(chosen, int)
    flat = flat if space.pixel is None else space.pixel[flat]
    others = [dim for dim in cube.dims if dim != "wavelength"]
    others = ["y", "x"] if set(others) == {"y", "x"} else others
    places = np.unravel_index(flat, [cube.sizes[dim] for dim in others])
    at = {
        dim: xr.DataArray(place, dims="spectrum")
        for dim, place in zip(others, places, strict=True)
    }
    # the cube's own names of spectra become "source"
    given = cube.rename(spectrum="source") if "spectrum" in cube.dims else cube
    at = {"source" if dim == "spectrum" else dim: place for dim, place in at.items()}
    picked = given.isel(at).transpose("spectrum", "wavelength").compute()
    picked = picked.drop_vars(
        [name for name in ("spatial_ref",) if name in picked.coords]
    )
    where = (
        dict(zip(("row", "column"), places, strict=False)) if len(places) == 2 else {}
    )
    columns = {**where, **(along or {})}
    picked = picked.assign_coords(
        spectrum=_names(len(flat)),
        **{name: ("spectrum", np.asarray(values)) for name, values in columns.items()},
    )
    return _described(picked, cube, space, told)


def spectra_as_library(
    cube: xr.DataArray, space: Space, vertices: np.ndarray, *, told: Mapping[str, Any]
) -> xr.DataArray:
    """Spectra of points (dimensions, n) of `space`; NaN in bad bands."""
    spectra = space.centre + (space.back @ vertices).T
    good = np.ones(cube.sizes["wavelength"], bool)
    if "bad_bands" in cube.coords:
        good = ~np.asarray(cube["bad_bands"].values, bool)
    values = np.full((len(spectra), good.size), np.nan)
    values[:, good] = spectra
    names = [name for name in cube.coords if cube[name].dims == ("wavelength",)]
    library = xr.DataArray(
        values,
        dims=("spectrum", "wavelength"),
        coords={
            "spectrum": _names(len(spectra)),
            **{name: cube[name] for name in names},
        },
    )
    return _described(library, cube, space, told)


def _names(n: int) -> list[str]:
    return [f"endmember {number}" for number in range(1, n + 1)]


def _described(
    library: xr.DataArray, cube: xr.DataArray, space: Space, told: Mapping[str, Any]
) -> xr.DataArray:
    kept = {key: cube.attrs[key] for key in ("units", "quantity") if key in cube.attrs}
    notes = [*space.notes, *told.get("notes", [])]
    volume = simplex_volume(good_bands(library).values.T)
    library.attrs = {**kept, "volume": volume, **told, "notes": notes}
    return library.rename("endmembers")
