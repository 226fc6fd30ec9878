"""Which bands of a cube an index takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._table import bands_of_sensor, roles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import xarray as xr
    from numpy.typing import NDArray

CHANNEL = re.compile(r"r(\d{3,5})$")  # r2200: the channel at 2200 nm
WITHIN = 10.0  # nm between a channel asked for and the nearest there is
MEAN_OF = 3  # channels within a broad role from which on they are averaged


class Bands(NamedTuple):
    """
    Bands there are.

    Parameters
    ----------
    wavelength : ndarray
        nm, ascending.
    names : sequence of str or None
        Their names.
    by_role : mapping of str to str
        Names by role, where the sensor is known.
    bad : ndarray of bool or None
        Not to be used.
    """

    wavelength: NDArray
    names: list[str] | None = None
    by_role: Mapping[str, str] = {}
    bad: NDArray | None = None


class Pick(NamedTuple):
    """Bands taken for one name: their positions, and how they are told."""

    at: NDArray
    told: str


def bands_of_cube(cube: xr.DataArray, sensor: str | None) -> Bands:
    """Bands of a cube, by the sensor stated or written in its attrs."""
    names = None
    if "band" in cube.coords and cube["band"].dims == ("wavelength",):
        names = [str(name) for name in cube["band"].values]
    bad = None
    if "bad_bands" in cube.coords:
        bad = np.asarray(cube["bad_bands"].values, bool)
    x = np.asarray(cube["wavelength"].values, float)
    return Bands(x, names, _by_role(cube, sensor), bad)


def _by_role(cube: xr.DataArray, sensor: str | None) -> Mapping[str, str]:
    from ..sensors._table import sensor_name

    if sensor is not None:
        return bands_of_sensor(sensor_name(sensor))
    try:
        return bands_of_sensor(sensor_name(cube.attrs.get("sensor", "")))
    except ValueError:  # a sensor that the file names and the table does not know
        return {}


def pick(names: Iterable[str], bands: Bands) -> tuple[dict[str, Pick], list[str]]:
    """
    Bands for the names in a formula.

    Parameters
    ----------
    names : iterable of str
        Roles, channels such as r2200, or names of bands.
    bands : Bands
        What there is.

    Returns
    -------
    picks : dict of str to Pick
        By name.
    missing : list of str
        What is not there, told with what is nearest.
    """
    picks, missing = {}, []
    for name in names:
        found = _one(name, bands)
        if isinstance(found, str):
            missing.append(found)
        else:
            picks[name] = found
    return picks, missing


def told(picks: Mapping[str, Pick]) -> str:
    """Bands taken, in one line."""
    return ", ".join(f"{name} = {each.told}" for name, each in picks.items())


def _one(name: str, bands: Bands) -> Pick | str:
    own = bands.by_role.get(name, name)
    if bands.names is not None:
        plain = [plain_name(each) for each in bands.names]
        if plain_name(own) in plain:
            at = plain.index(plain_name(own))
            if bands.bad is not None and bands.bad[at]:
                return f"{name}: band {bands.names[at]} is marked bad"
            return Pick(np.array([at]), _told(at, bands))
    match = CHANNEL.match(name)
    if match:
        return _nearest(name, float(match[1]), WITHIN, bands)
    if name not in roles():
        return f"{name} (no role, no channel such as r2200" + (
            ", no band of the cube)" if bands.names is not None else ")"
        )
    role = roles()[name]
    half = role["width"] / 2
    inside = np.abs(bands.wavelength - role["nm"]) <= half
    if bands.bad is not None:
        inside &= ~bands.bad
    at = np.flatnonzero(inside)
    if at.size >= MEAN_OF:
        low, high = bands.wavelength[at[[0, -1]]]
        return Pick(at, f"mean of {at.size} channels, {low:.0f}-{high:.0f} nm")
    return _nearest(name, role["nm"], role["within"], bands)


def _nearest(name: str, nm: float, within: float, bands: Bands) -> Pick | str:
    good = np.arange(bands.wavelength.size)
    if bands.bad is not None:
        good = good[~bands.bad]
    distance = np.abs(bands.wavelength[good] - nm)
    if distance.size and distance.min() <= within:
        at = int(good[distance.argmin()])
        return Pick(np.array([at]), _told(at, bands))
    near = (
        f"nearest good band {bands.wavelength[good[distance.argmin()]]:.0f} nm"
        if distance.size
        else "no good band"
    )
    return f"{name} ({nm - within:.0f}-{nm + within:.0f} nm; {near})"


def _told(at: int, bands: Bands) -> str:
    nm = f"{bands.wavelength[at]:.1f} nm"
    return nm if bands.names is None else f"{bands.names[at]} ({nm})"


def plain_name(name: str) -> str:
    """Name of a band without what readers write differently: B08, B8 and Band 8."""
    short = re.sub(r"[\s_.-]", "", str(name).lower())
    short = re.sub(r"^(band|b)(?=\d)", "", short)
    return short.lstrip("0")
