"""The table of indices, roles of bands, and sensors' own names for them."""

from __future__ import annotations

import difflib
import functools
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

from ._formula import Formula

if TYPE_CHECKING:
    import pandas as pd

DOMAINS = (
    "geology",
    "aster",
    "worldview3",
    "hyperspectral",
    "vegetation",
    "water",
    "snow",
    "soil",
    "burn",
)


@functools.cache
def _file(name: str) -> dict[str, Any]:
    file = resources.files(__package__.partition(".")[0]) / "data" / name
    return tomllib.loads(file.read_text(encoding="utf-8"))


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """Entries by name, with their domain and the full text of their reference."""
    references = _file("indices_references.toml")
    found = {}
    for domain in DOMAINS:
        part = _file(f"indices_{domain}.toml")
        for name, entry in part["indices"].items():
            found[name] = {"primary": False, "direction": "high", "note": ""} | entry
            found[name]["name"] = name
            found[name]["domain"] = part["domain"]
            found[name]["reference"] = references[entry["reference"]]
    return found


def roles() -> dict[str, dict[str, Any]]:
    """Roles of bands: nm, within, width, label."""
    return _file("indices_roles.toml")["roles"]


def sensors() -> dict[str, dict[str, Any]]:
    """Families of sensors: which they are (`of`), their `bands` by role."""
    return _file("indices_roles.toml")["sensors"]


def bands_of_sensor(sensor: str) -> dict[str, str]:
    """Own bands by role of a sensor in `list_sensors`; empty for imaging ones."""
    for family in sensors().values():
        if sensor in family["of"]:
            return family["bands"]
    return {}


def entry_of(name_or_formula: str) -> dict[str, Any]:
    """Entry of an index, or one made up for a formula; ValueError if neither."""
    known, name = table(), name_or_formula.strip()
    if name.lower() in known:
        return known[name.lower()]
    if name.isidentifier() and name not in roles():
        near = difflib.get_close_matches(name.lower(), known, n=3)
        hint = f" Did you mean {near}?" if near else ""
        raise ValueError(
            f"no index {name!r}.{hint} See spectral.indices.list_indices(), or write a "
            "formula such as 'swir1 / swir2'."
        )
    return {"formula": name, "title": name, "name": "index"}


def list_indices(
    *, domain: str | None = None, sensor: str | None = None
) -> pd.DataFrame:
    """
    Table of the spectral indices known by name.

    Parameters
    ----------
    domain : str, optional
        Only those: "geology" (rocks by broad bands), "aster" and "worldview3"
        (minerals by their narrow bands), "hyperspectral" (minerals by channels),
        "vegetation", "water", "snow", "soil", "burn".
    sensor : str, optional
        Only those that this sensor of `spectral.list_sensors` has bands for.

    Returns
    -------
    DataFrame, index name
        Columns title, zh, domain, formula, bands (roles), low and high (what
        reflectances can give), direction ("low" where low values mean the title), note,
        reference, primary (whether the formula was checked in that text) and, without
        `sensor`, one column a family of sensors with the formula in their own bands,
        missing where they lack one; with it ``bands_used``, as `spectral_index` tells
        them.

    Raises
    ------
    ValueError
        If there is no such domain or sensor.

    Examples
    --------
    >>> found = list_indices(domain="water")
    >>> print(found[["formula", "sentinel2"]].head(2))
                                     formula                    sentinel2
    name
    ndwi       (green - nir) / (green + nir)  (B03 - B08) / (B03 + B08)
    mndwi  (green - swir1) / (green + swir1)  (B03 - B11) / (B03 + B11)
    >>> print(list_indices(domain="hyperspectral", sensor="emit").index[:3].tolist())
    ['depth_900', 'depth_hematite', 'depth_goethite']
    """
    import pandas as pd

    if domain is not None and domain not in DOMAINS:
        raise ValueError(
            f"domain must be one of {list(DOMAINS)}. Got {domain!r} instead."
        )
    used = None if sensor is None else _bands_used(sensor)
    rows = {}
    for name, entry in table().items():
        outside = domain is not None and entry["domain"] != domain
        if outside or (used is not None and name not in used):
            continue
        formula = Formula(entry["formula"])
        low, high = entry["range"]
        rows[name] = {
            "title": entry["title"],
            "zh": entry["zh"],
            "domain": entry["domain"],
            "formula": entry["formula"],
            "bands": list(formula.names),
            "low": float(low),
            "high": float(high),
            "direction": entry["direction"],
            "note": entry["note"],
            "reference": entry["reference"],
            "primary": entry["primary"],
        }
        if used is not None:
            rows[name]["bands_used"] = used[name]
            continue
        for family, each in sensors().items():
            own = set(formula.names) <= set(each["bands"])
            rows[name][family] = formula.renamed(each["bands"]) if own else None
    columns = [] if rows else ["title", "zh", "domain", "formula"]
    found = pd.DataFrame.from_dict(rows, orient="index", columns=columns or None)
    return found.rename_axis("name")


def _bands_used(sensor: str) -> dict[str, str]:
    """Indices that a sensor can make, with the bands they take."""
    from ..sensors._table import sensor_bands, sensor_name
    from ._pick import Bands, pick, told

    name = sensor_name(sensor)
    frame = sensor_bands(name).sort_values("wavelength")
    bands = Bands(
        frame["wavelength"].to_numpy(),
        frame["band"].tolist(),
        bands_of_sensor(name),
    )
    found = {}
    for index, entry in table().items():
        picks, missing = pick(Formula(entry["formula"]).names, bands)
        if not missing:
            found[index] = told(picks)
    return found
