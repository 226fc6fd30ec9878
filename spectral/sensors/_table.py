"""Sensors known by name: centres and widths of their bands."""

from __future__ import annotations

import difflib
import functools
import tomllib
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd


@functools.cache
def _table() -> dict[str, Any]:
    folder = resources.files(__package__.partition(".")[0]) / "data"
    table = {}
    for name in ("sensors.toml", "sensors_hyperspectral.toml"):
        table |= tomllib.loads((folder / name).read_text(encoding="utf-8"))
    return table


def list_sensors() -> pd.DataFrame:
    """
    Sensors whose bands are known by name.

    Returns
    -------
    DataFrame, index sensor
        Columns title, kind ("multispectral", "hyperspectral"), bands (how many), low
        and high (the outer centres, nm), aliases, note and reference.

    See Also
    --------
    sensor_bands : The bands of one of them.

    Examples
    --------
    >>> print(list_sensors().loc[["aster", "emit"], ["kind", "bands", "low"]])
                     kind  bands    low
    sensor
    aster   multispectral     14  556.0
    emit    hyperspectral    285  381.0
    """
    rows = {}
    for name, entry in _table().items():
        centre = sensor_bands(name)["wavelength"]
        rows[name] = {
            "title": entry["title"],
            "kind": entry["kind"],
            "bands": centre.size,
            "low": float(centre.min()),
            "high": float(centre.max()),
            "aliases": entry.get("aliases", []),
            "note": entry.get("note", ""),
            "reference": entry["reference"],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("sensor")


def sensor_bands(sensor: str) -> pd.DataFrame:
    """
    Bands of a sensor: nominal centres and widths.

    Parameters
    ----------
    sensor : str
        Name or alias from `list_sensors`; case, spaces and hyphens do not matter.

    Returns
    -------
    DataFrame
        One band a row, in the order of the sensor's numbering: band (str), wavelength
        (centre of gravity, nm), fwhm (nm). Files of hyperspectral sensors carry the
        centres of their own calibration; those go before these.

    Raises
    ------
    ValueError
        If there is no such sensor: with the names that are near.

    Examples
    --------
    >>> print(sensor_bands("Sentinel-2A").query("band == 'B8A'"))
      band  wavelength  fwhm
    8  B8A       864.7  20.5
    """
    entry = _table()[sensor_name(sensor)]
    if "bands" in entry:
        table = pd.DataFrame(
            [row[:3] for row in entry["bands"]],
            columns=["band", "wavelength", "fwhm"],
        )
    elif "detectors" in entry:
        parts = [
            pd.DataFrame(
                {
                    "wavelength": np.linspace(part["first"], part["last"], part["n"]),
                    "fwhm": np.full(part["n"], float(part["fwhm"])),
                }
            )
            for part in entry["detectors"]
        ]
        table = _numbered(pd.concat(parts, ignore_index=True))
    else:
        table = _numbered(
            pd.DataFrame({"wavelength": entry["wavelength"], "fwhm": entry["fwhm"]})
        )
    return table.astype({"wavelength": float, "fwhm": float})


def shapes_of(sensor: str) -> pd.Series:
    """Whether each band of `sensor_bands` is flat from end to end, not a Gaussian."""
    entry = _table()[sensor_name(sensor)]
    if "bands" not in entry:
        return pd.Series(np.zeros(len(sensor_bands(sensor)), bool))
    return pd.Series([(row[3:] or ["box"])[0] == "box" for row in entry["bands"]])


def sensor_name(sensor: str) -> str:
    """Key of the table for a name or an alias; ValueError with what is near."""
    known = {}
    for name, entry in _table().items():
        for each in (name, entry["title"], *entry.get("aliases", ())):
            known[_plain(each)] = name
    found = known.get(_plain(str(sensor)))
    if found is None:
        near = difflib.get_close_matches(_plain(str(sensor)), known, n=3)
        names = list(dict.fromkeys(known[each] for each in near))
        hint = f" Did you mean {names}?" if names else f" Known: {list(_table())}."
        raise ValueError(
            f"no sensor {sensor!r}.{hint} See spectral.list_sensors(), or give "
            "wavelength= and fwhm=."
        )
    return found


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    width = len(str(len(table)))
    names = [f"B{number:0{width}d}" for number in range(1, len(table) + 1)]
    table.insert(0, "band", names)
    return table
