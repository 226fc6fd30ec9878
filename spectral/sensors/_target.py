"""What spectra are resampled to: another cube, a sensor, widths, response curves."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from .._check import check_cube
from ._table import sensor_bands, sensor_name, shapes_of
from ._weights import Profiles, centre_and_width, spacing_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

CHOICES = "like=, sensor=, wavelength= with fwhm=, responses="


class Target(NamedTuple):
    """
    Bands to resample to, ascending.

    Parameters
    ----------
    profiles : Profiles
        Their responses.
    names : list of str or None
        Of the bands, for the coordinate ``band``.
    bad : ndarray of bool or None
        Bands marked bad in the target.
    notes : tuple of str
        What was assumed.
    sensor : str, optional
        Whose bands they are.
    """

    profiles: Profiles
    names: list[str] | None = None
    bad: NDArray | None = None
    notes: tuple[str, ...] = ()
    sensor: str | None = None


def resolve_target(
    *,
    like: xr.DataArray | None,
    sensor: str | None,
    wavelength: ArrayLike | None,
    fwhm: ArrayLike | None,
    responses: xr.DataArray | None,
) -> Target:
    """Bands meant by the options of `resample`; ValueError unless they are one."""
    given = [
        name
        for name, value in (
            ("like", like),
            ("sensor", sensor),
            ("wavelength", wavelength),
            ("responses", responses),
        )
        if value is not None
    ]
    if len(given) != 1:
        told = f"got {', '.join(given)}" if given else "none is given"
        raise ValueError(f"state one target, {CHOICES}; {told}.")
    if fwhm is not None and wavelength is None:
        raise ValueError(
            f"fwhm= goes with wavelength=; {given[0]}= has widths of its own. Leave "
            "fwhm out, or give wavelength= too instead."
        )
    if like is not None:
        return _like(like)
    if sensor is not None:
        return _sensor(sensor_bands(sensor), shapes_of(sensor), sensor)
    if responses is not None:
        return _responses(responses)
    return _widths(wavelength, fwhm)


def _like(like: xr.DataArray) -> Target:
    check_cube(like)
    centre = np.asarray(like["wavelength"].values, float)
    names = None
    if "band" in like.coords and like["band"].dims == ("wavelength",):
        names = [str(name) for name in like["band"].to_numpy()]
    bad = (
        np.asarray(like["bad_bands"].values, bool)
        if "bad_bands" in like.coords
        else None
    )
    if "fwhm" in like.coords:
        fwhm, notes = np.asarray(like["fwhm"].values, float), ()
    else:
        fwhm = spacing_of(centre)
        notes = (
            f"the target states no fwhm: the spacing of its {centre.size} bands was "
            "taken for it",
        )
    sensor = like.attrs.get("sensor")
    return Target(_gaussian(centre, fwhm), names, bad, notes, sensor)


def _sensor(table: pd.DataFrame, box: pd.Series, name: str) -> Target:
    order = np.argsort(table["wavelength"].to_numpy(), kind="stable")
    table, flat = table.iloc[order], box.to_numpy()[order]
    profiles = Profiles(
        table["wavelength"].to_numpy(float), table["fwhm"].to_numpy(float), flat
    )
    return Target(
        profiles,
        table["band"].tolist(),
        notes=(
            f"bands of {name} by their nominal centres and widths; its measured "
            "curves, or the centres a file carries, are exacter",
        ),
        sensor=sensor_name(name),
    )


def _widths(wavelength: ArrayLike, fwhm: ArrayLike | None) -> Target:
    centre = np.atleast_1d(np.asarray(wavelength, float))
    if fwhm is None:
        raise ValueError(
            f"the {centre.size} wavelengths have no fwhm. Give fwhm= in nm, one number "
            "or one a band; for about one band spacing: fwhm=np.gradient(wavelength)"
        )
    try:
        width = np.broadcast_to(np.asarray(fwhm, float), centre.shape)
    except ValueError:
        raise ValueError(
            f"fwhm has {np.size(fwhm)} values for {centre.size} wavelengths. Give one "
            "number, or one a band."
        ) from None
    check_cube(
        xr.DataArray(
            np.zeros(centre.size),
            dims="wavelength",
            coords={"wavelength": centre, "fwhm": ("wavelength", width)},
            name="the target",
        )
    )
    return Target(_gaussian(centre, width))


def _responses(responses: xr.DataArray) -> Target:
    if not isinstance(responses, xr.DataArray) or responses.dims != (
        "band",
        "wavelength",
    ):
        found = getattr(responses, "dims", type(responses).__name__)
        raise ValueError(
            "responses are a DataArray with dimensions ('band', 'wavelength'), as "
            f"spectral.read_responses(path) gives. Got {found}."
        )
    check_cube(responses)
    x = np.asarray(responses["wavelength"].values, float)
    names = [str(name) for name in responses["band"].to_numpy()]
    curves = [
        _curve(x, row, name)
        for row, name in zip(np.asarray(responses.values, float), names, strict=True)
    ]
    where = np.array([centre_and_width(*curve) for curve in curves])
    order = np.argsort(where[:, 0], kind="stable")
    centre = where[order, 0]
    for first, second in pairwise(order):
        if where[first, 0] == where[second, 0]:
            raise ValueError(
                f"the bands '{names[first]}' and '{names[second]}' respond alike, at "
                f"{where[first, 0]:.1f} nm. Leave one out: "
                f"responses.drop_sel(band='{names[second]}')"
            )
    profiles = Profiles(
        centre,
        where[order, 1],
        np.zeros(centre.size, bool),
        tuple(curves[i] for i in order),
    )
    return Target(profiles, [names[i] for i in order])


def _curve(x: NDArray, response: NDArray, name: str) -> tuple[NDArray, NDArray]:
    known = np.isfinite(response)
    if not known.any() or not (response[known] > 0).any():
        raise ValueError(
            f"the response of band '{name}' is nowhere above zero. Leave it out: "
            f"responses.drop_sel(band='{name}')"
        )
    if known.sum() < 2:
        raise ValueError(
            f"the response of band '{name}' has one point: a curve needs two. Give its "
            "centre and width instead: wavelength=, fwhm="
        )
    return x[known], response[known]


def _gaussian(centre: NDArray, fwhm: NDArray) -> Profiles:
    return Profiles(centre, np.array(fwhm, float), np.zeros(centre.size, bool))
