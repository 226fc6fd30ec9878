"""Composition of white mica and chlorite from the position of their bands."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..features._position import minimum_wavelength
from ._identify import identify_minerals
from ._read_rules import read_mineral_rules
from ._rules import MineralRules, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping

STATES = {0: "no band deep enough", 1: "determined", 2: "another mineral disturbs"}
STATES_ZH = {0: "吸收太浅", 1: "可判定", 2: "受其他矿物干扰"}


@functools.cache
def _table() -> Mapping[str, Any]:
    data = resources.files(__package__.partition(".")[0]) / "data"
    text = (data / "mineral_compositions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def white_mica_composition(
    cube: xr.DataArray, *, min_depth: float = 0.03, method: str = "gaussian"
) -> xr.Dataset:
    """
    Al-OH position of white mica, and what it says of its composition.

    Parameters
    ----------
    cube : DataArray
        Reflectance, cube, library or one spectrum, with bands over 2110-2285 nm; lazy
        cubes give lazy results.
    min_depth : float
        Shallower bands have no position: noise of 0.002 at a reflectance of 0.3 moves
        a band 0.03 deep by some nanometres.
    method : {"gaussian", "parabola", "polynomial"}
        Curve between the bands, as in `minimum_wavelength`.

    Returns
    -------
    Dataset
        ``position`` in nm, NaN where not determined; ``depth``; ``composition``, codes
        from 1 by rising wavelength with attrs ``classes``, ``meaning`` and ``limits``
        (0 not determined, NaN missing); ``state``: 0 no Al-OH band of `min_depth`, 1
        determined, 2 another mineral with a band here (kaolin, alunite, pyrophyllite
        …) fits better, NaN missing. attrs ``references``.

    Raises
    ------
    ValueError
        If the cube has too few bands there.

    Notes
    -----
    Smectite has its band where muscovite has: only bands near 1910 nm tell them apart;
    without these a smectite is read as white mica.

    References
    ----------
    Duke, E. F. (1994). Near infrared spectra of muscovite, Tschermak substitution, and
    metamorphic reaction progress. Geology 22, 621-624.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> wave = np.arange(2000.0, 2500.0, 10.0)
    >>> dip = 1 - 0.25 * np.exp(-(((wave - 2216) / 28) ** 2))
    >>> pixel = xr.DataArray(0.4 * dip, {"wavelength": wave}, dims="wavelength")
    >>> found = white_mica_composition(pixel)
    >>> found["composition"].attrs["classes"][int(found["composition"])]
    'phengitic'
    """
    table = _table()["white_mica"]
    found = _position(cube, table, min_depth, method)
    state = _state(cube, table, found["depth"] >= min_depth)
    return _dataset(found, state, table, "white mica", "白云母")


def chlorite_composition(
    cube: xr.DataArray, *, min_depth: float = 0.015, method: str = "gaussian"
) -> xr.Dataset:
    """
    Positions of the two bands of chlorite, and what they say of Fe and Mg.

    Parameters
    ----------
    cube : DataArray
        Reflectance, cube, library or one spectrum, with bands over 2180-2430 nm.
    min_depth : float
        Least depth of the band near 2250 nm.
    method : {"gaussian", "parabola", "polynomial"}
        Curve between the bands, as in `minimum_wavelength`.

    Returns
    -------
    Dataset
        ``position`` and ``depth`` of the band at 2238-2270 nm, ``position_2350`` and
        ``depth_2350`` of that at 2310-2368 nm (nm, NaN where not determined),
        ``composition`` from the former, ``state`` as in `white_mica_composition`.
        Carbonate, epidote or amphibole move the second band sooner than the first.

    Raises
    ------
    ValueError
        If the cube has too few bands there.

    References
    ----------
    King, T. V. V. and Clark, R. N. (1989). Spectral characteristics of chlorites and
    Mg-serpentines using high-resolution reflectance spectroscopy. J. Geophys. Res. 94,
    13997-14008.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> wave = np.arange(2000.0, 2500.0, 10.0)
    >>> dip = 1 - 0.25 * np.exp(-(((wave - 2326) / 50) ** 2))
    >>> dip *= 1 - 0.12 * np.exp(-(((wave - 2247) / 17) ** 2))
    >>> pixel = xr.DataArray(0.3 * dip, {"wavelength": wave}, dims="wavelength")
    >>> found = chlorite_composition(pixel)
    >>> found["composition"].attrs["classes"][int(found["composition"])]
    'Mg chlorite'
    """
    table = _table()["chlorite"]
    found = _position(cube, table, min_depth, method)
    other = _position(cube, table["second"], min_depth, method)
    state = _state(cube, table, found["depth"] >= min_depth)
    result = _dataset(found, state, table, "chlorite", "绿泥石")
    sure = result["state"] == 1
    for name in ("position", "depth"):
        grid = other[name].where(sure) if name == "position" else other[name]
        result[f"{name}_2350"] = grid.assign_attrs(other[name].attrs)
    return result


def _position(
    cube: xr.DataArray, table: Mapping[str, Any], min_depth: float, method: str
) -> xr.Dataset:
    return minimum_wavelength(
        cube,
        tuple(table["window"]),
        method=method,
        min_depth=min_depth,
        within=tuple(table["within"]),
        continuum="shoulders",
    )


def _state(
    cube: xr.DataArray, table: Mapping[str, Any], deep: xr.DataArray
) -> xr.DataArray:
    """0 too shallow, 1 the mineral's own shape fits best, 2 another's; NaN missing."""
    ours = read_mineral_rules()
    cut = tuple(
        _first_only(rule) if rule.name in table["own"] and table["first_only"] else rule
        for rule in ours.select([*table["own"], *table["others"]]).rules
    )
    rules = MineralRules(cut, ours.source, ours.literature)
    winner = identify_minerals(cube, rules)["mineral"]
    own = winner.isin([i for i, rule in enumerate(cut, 1) if rule.name in table["own"]])
    state = xr.where(own & deep, 1.0, xr.where((winner > 0) & ~own, 2.0, 0.0))
    return state.where(winner.notnull())


def _first_only(rule: Rule) -> Rule:
    """Rule of its first feature alone."""
    first = replace(rule.features[0], weight=1.0)
    return replace(rule, features=(first,), ratios=(), family=None)


def _dataset(
    found: xr.Dataset,
    state: xr.DataArray,
    table: Mapping[str, Any],
    name: str,
    chinese: str,
) -> xr.Dataset:
    place = found["position"]
    state = xr.where((state == 1) & place.isnull(), 0.0, state)
    sure = state == 1
    classes = table["classes"]
    code = sum((place >= each["low"]).astype(float) for each in classes)
    code = xr.where(sure, code, xr.where(state.isnull(), np.nan, 0.0))
    result = xr.Dataset(
        {
            "position": place.where(sure).assign_attrs(place.attrs),
            "depth": found["depth"],
            "composition": code.astype("float32"),
            "state": state.astype("float32"),
        }
    )
    result["position"].attrs["long_name"] = f"band position of {name}"
    result["position"].attrs["long_name_zh"] = f"{chinese}吸收位置"
    numbered = list(enumerate(classes, 1))
    result["composition"].attrs = {
        "long_name": f"composition of {name}",
        "long_name_zh": f"{chinese}成分",
        "units": "1",
        "kind": "categorical",
        "classes": {0: "not determined"} | {i: each["en"] for i, each in numbered},
        "classes_zh": {0: "未判定"} | {i: each["zh"] for i, each in numbered},
        "meaning": {i: each["meaning"] for i, each in numbered},
        "meaning_zh": {i: each["meaning_zh"] for i, each in numbered},
        "limits": {i: (each["low"], each["high"]) for i, each in numbered},
    }
    result["state"].attrs = {
        "long_name": f"whether the band of {name} can be read",
        "long_name_zh": f"{chinese}吸收可否判读",
        "units": "1",
        "kind": "categorical",
        "classes": STATES,
        "classes_zh": STATES_ZH,
    }
    result.attrs = {"references": list(table["references"])}
    return result
