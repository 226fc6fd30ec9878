"""Endmembers on the bands of a cube, and whether shares of them can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..._check import good_bands, spectra_on
from ..._reflectance import check_quantity

if TYPE_CHECKING:
    import xarray as xr

COLLINEAR = 1e6  # condition number at which single precision tells nothing
HIGHEST = 10.0  # reflectance


class Endmembers(NamedTuple):
    """Spectra to unmix with: names, (q, bands) values, their wavelengths in nm."""

    names: list[str]
    spectra: np.ndarray
    wavelength: np.ndarray
    condition: float


def endmembers_on(
    library: xr.DataArray,
    cube: xr.DataArray,
    *,
    sum_to_one: bool,
    collinear: str = "refuse",
) -> Endmembers:
    """Endmembers on the good bands of a cube; those without an answer are refused."""
    if collinear not in ("refuse", "allow"):
        raise ValueError(
            f"collinear must be 'refuse' or 'allow', not {collinear!r}: 'allow' takes "
            "any one of the equally good answers"
        )
    names, spectra = spectra_on(library, cube, role="endmembers")
    wavelength = np.asarray(good_bands(cube)["wavelength"].values, float)
    check_quantity(cube, library=library, use="reflectance of the endmembers")
    check_scale(names, spectra, wavelength, cube)
    condition = condition_of(spectra, sum_to_one=sum_to_one)
    if collinear == "refuse":
        _check_number(names, spectra, sum_to_one)
        _check_collinear(names, spectra, condition, sum_to_one)
    return Endmembers(names, spectra, wavelength, condition)


def check_scale(
    names: list[str], spectra: np.ndarray, wavelength: np.ndarray, cube: xr.DataArray
) -> None:
    """Refuse endmembers in other units and bands in which nothing was measured."""
    if not np.isfinite(spectra).all():
        bad = [n for n, row in zip(names, spectra, strict=True) if np.isinf(row).any()]
        raise ValueError(f"endmembers hold infinite values: {bad}. Leave them out.")
    reflectance = cube.attrs.get("quantity", "reflectance") == "reflectance"
    highest = spectra.max(1)
    if reflectance and (highest > HIGHEST).any():
        told = ", ".join(
            f"{name} {value:g}"
            for name, value in zip(names, highest, strict=True)
            if value > HIGHEST
        )
        raise ValueError(
            f"endmembers are no reflectance from 0 to 1; largest values: {told}. "
            "Divide by their scale, often 10000: endmembers / 10000"
        )
    empty = (spectra == 0).all(0)
    if len(names) > 1 and empty.any() and not empty.all():
        raise ValueError(
            f"all {len(names)} endmembers are 0 in {int(empty.sum())} bands, at "
            f"{', '.join(f'{at:g}' for at in wavelength[empty][:8])} nm: nothing was "
            "measured there. Mark these bands bad in the cube: "
            "cube.assign_coords(bad_bands=('wavelength', [...]))"
        )


def condition_of(spectra: np.ndarray, *, sum_to_one: bool) -> float:
    """Largest over smallest stretch of shares; with a sum, of their differences."""
    values = singular_values(spectra, sum_to_one=sum_to_one)[0]
    if values.size == 0:
        return 1.0
    return float(values[0] / values[-1]) if values[-1] > 0 else float("inf")


def singular_values(
    spectra: np.ndarray, *, sum_to_one: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Singular values of the free shares, and their least certain combination."""
    q = len(spectra)
    if sum_to_one:
        if q == 1:
            return np.empty(0), np.zeros(1)
        # orthonormal base of the combinations that sum to nothing
        base = np.linalg.qr(np.column_stack([np.ones(q), np.eye(q)[:, 1:]]))[0][:, 1:]
    else:
        base = np.eye(q)
    free = base.T @ spectra
    vectors, values, _ = np.linalg.svd(free, full_matrices=True)
    whole = np.zeros(free.shape[0])
    whole[: values.size] = values
    return whole, base @ vectors[:, -1]


def _check_number(names: list[str], spectra: np.ndarray, sum_to_one: bool) -> None:
    most = spectra.shape[1] + sum_to_one
    if len(names) > most:
        raise ValueError(
            f"{len(names)} endmembers for {spectra.shape[1]} good bands: their shares "
            f"have no single answer, at most {most} do. Take fewer; or let "
            "mesma choose a few for each pixel, or sparse_unmix keep few of many."
        )


def _check_collinear(
    names: list[str], spectra: np.ndarray, condition: float, sum_to_one: bool
) -> None:
    zero = [n for n, row in zip(names, spectra, strict=True) if not row.any()]
    if zero and not sum_to_one:
        raise ValueError(
            f"endmember {zero[0]!r} is zero in every band: shade has a share only "
            "where shares sum to one, method='fcls' or 'scls'. Leave it out or change "
            "the method."
        )
    if condition < COLLINEAR:
        return
    blame = np.abs(singular_values(spectra, sum_to_one=sum_to_one)[1])
    guilty = [n for n, b in zip(names, blame, strict=True) if b > 0.1 * blame.max()]
    raise ValueError(
        f"endmembers {guilty} cannot be told apart: each is a mixture of the others "
        f"(condition number {condition:.1e}). Leave one out; or collinear='allow' for "
        "any one of the equally good answers."
    )
