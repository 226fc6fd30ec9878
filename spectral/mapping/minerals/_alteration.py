"""Alteration zones as evidence from 0 to 1, from the minerals of a map."""

from __future__ import annotations

import difflib
import tomllib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ._findings import MISSING, Findings
from ._products import _mineral

if TYPE_CHECKING:
    from collections.abc import Mapping

ZONE_KEYS = ("en", "zh", "references", "minerals", "full_depth")
FILE_KEYS = ("zones", "references", "full_depth", "spread")
BREAK = 1300.0  # nm: iron below, hydroxyl and carbonate above, judged apart


def alteration_zones(
    minerals: xr.Dataset, *, rules: str | Path = "alteration.toml"
) -> xr.Dataset:
    """
    Evidence for each zone of alteration, from the minerals found.

    A mineral is present to the degree of its fit times its depth over ``full_depth``
    (at most 1) times how close its fit comes to the best of its spectral range (1 for
    the best, 0 from ``spread`` behind it). A zone's evidence is the largest of its
    minerals' memberships times their presence.

    Parameters
    ----------
    minerals : Dataset
        Of `identify_minerals`, best with ``scores=True``; without, winners only count.
    rules : path
        TOML file of zones; "alteration.toml" is the one that comes with the package.

    Returns
    -------
    Dataset
        A grid of 0-1 a zone, 0 where no mineral of it is found. NaN where the spectrum
        is missing, where leaves, water or snow hide the ground, and everywhere if the
        bands cannot judge any mineral of the zone. attrs of each: ``long_name``,
        ``long_name_zh``, ``references``, ``minerals`` (rule and membership),
        ``not_judged`` (rules of the zone that the bands do not cover).

    Raises
    ------
    ValueError
        If the file has problems (all at once) or none of its minerals is in the rules.

    References
    ----------
    Meyer, C. and Hemley, J. J. (1967). Wall rock alteration. In: Geochemistry of
    Hydrothermal Ore Deposits, 166-235.
    Thompson, A. J. B. and Thompson, J. F. H. (1996). Atlas of Alteration. Geological
    Association of Canada.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from spectral.mapping import identify_minerals, read_mineral_rules
    >>> wave = np.arange(2000.0, 2500.0, 10.0)
    >>> dip = 1 - 0.4 * np.exp(-(((wave - 2167) / 16) ** 2))
    >>> pixel = xr.DataArray(0.5 * dip, {"wavelength": wave}, dims="wavelength")
    >>> found = identify_minerals(pixel, read_mineral_rules(), scores=True)
    >>> zones = alteration_zones(found)
    >>> print(f"{float(zones.advanced_argillic):.2f} {float(zones.propylitic):.2f}")
    0.83 0.00
    """
    mineral = _mineral(minerals)
    table = _read_zones(rules)
    members = {
        name: _members(zone, mineral.attrs) for name, zone in table["zones"].items()
    }
    if not any(members.values()):
        raise ValueError(
            "no mineral of the zones is among the rules. Rules name their minerals by "
            "'minerals = [...]'; zones use the same names."
        )
    judged = _judged(minerals, mineral)
    weight = np.array(
        [[members[zone].get(code, 0.0) for code in judged] for zone in members]
    )
    depths = [
        zone.get("full_depth", table["full_depth"]) for zone in table["zones"].values()
    ]
    evidence = _evidence(minerals, mineral, judged, weight, np.array(depths), table)
    result = xr.Dataset({name: evidence.isel(zone=i) for i, name in enumerate(members)})
    lost = {code: None for code in mineral.attrs["rules"] if code not in judged}
    notes = []
    for i, (name, zone) in enumerate(table["zones"].items()):
        absent = [mineral.attrs["rules"][c] for c in members[name] if c in lost]
        if members[name] and not weight[i].any():
            result[name] = result[name] * np.nan
            notes.append(f"{name}: none of its minerals can be judged on these bands")
        result[name].attrs = _attrs(zone, members[name], mineral.attrs, table, absent)
    result.attrs = {"rules": str(rules), "notes": notes}
    return result


def _judged(minerals: xr.Dataset, mineral: xr.DataArray) -> list[int]:
    """Codes of the rules the bands could judge."""
    lost = minerals.attrs.get("not_covered", {})
    return [code for code, name in mineral.attrs["rules"].items() if name not in lost]


def _members(zone: Mapping[str, Any], attrs: Mapping[str, Any]) -> dict[int, float]:
    """Membership by code: the largest of a rule's minerals."""
    found = {
        code: max((zone["minerals"].get(each, 0.0) for each in names), default=0.0)
        for code, names in attrs["minerals"].items()
    }
    return {code: share for code, share in found.items() if share > 0}


def _evidence(
    minerals: xr.Dataset,
    mineral: xr.DataArray,
    judged: list[int],
    weight: np.ndarray,
    depths: np.ndarray,
    table: Mapping[str, Any],
) -> xr.DataArray:
    """Largest membership times presence, dims (zone, ...)."""
    hidden = mineral.attrs["maskers"]
    centres = np.array([mineral.attrs["centres"][code] for code in judged])
    low = centres < BREAK

    def combine(code: np.ndarray, fit: np.ndarray, depth: np.ndarray) -> np.ndarray:
        fit, depth = np.nan_to_num(fit), np.nan_to_num(depth)
        close = np.zeros(fit.shape)
        for part in (low, ~low):
            if part.any():
                best = fit[..., part].max(-1, keepdims=True)
                behind = (best - fit[..., part]) / table["spread"]
                close[..., part] = np.clip(1 - behind, 0, 1)
        strong = fit * close
        found = np.zeros((*code.shape, len(weight)), "float32")
        for i, (share, full) in enumerate(zip(weight, depths, strict=True)):
            present = share * strong * np.minimum(depth / full, 1)
            found[..., i] = np.clip(present.max(-1, initial=0), 0, 1)
        found[np.isnan(code) | np.isin(code, hidden)] = np.nan
        return found

    fit, depth = _scores(minerals, mineral, judged)
    zones = xr.apply_ufunc(
        combine,
        mineral,
        fit,
        depth,
        input_core_dims=[[], ["rule"], ["rule"]],
        output_core_dims=[["zone"]],
        dask="parallelized",
        output_dtypes=["float32"],
        dask_gufunc_kwargs={
            "output_sizes": {"zone": len(weight)},
            "allow_rechunk": True,
        },
    )
    return zones.transpose("zone", *mineral.dims)


def _scores(
    minerals: xr.Dataset, mineral: xr.DataArray, judged: list[int]
) -> tuple[xr.DataArray, xr.DataArray]:
    """Fit and depth of the judged rules; from the winner alone where that is all."""
    if "rule_fit" in minerals:
        return minerals["rule_fit"], minerals["rule_depth"]
    codes = xr.DataArray(judged, dims="rule")
    wins = mineral == codes
    return minerals["fit"].where(wins), minerals["depth"].where(wins)


def _attrs(
    zone: Mapping[str, Any],
    members: Mapping[int, float],
    attrs: Mapping[str, Any],
    table: Mapping[str, Any],
    absent: list[str],
) -> dict[str, Any]:
    keys = zone.get("references", [])
    return {
        "long_name": zone["en"],
        "long_name_zh": zone["zh"],
        "units": "1",
        "kind": "continuous",
        "minerals": {attrs["rules"][code]: share for code, share in members.items()},
        "not_judged": absent,
        "references": [table["references"].get(key, key) for key in keys],
    }


def _read_zones(path: str | Path) -> Mapping[str, Any]:
    """Zones of a file, checked as a whole."""
    if str(path) == "alteration.toml" and not Path(path).exists():
        data = resources.files(__package__.partition(".")[0]) / "data"
        text, name = (
            (data / "alteration.toml").read_text(encoding="utf-8"),
            "alteration.toml",
        )
    else:
        text, name = Path(path).read_text(encoding="utf-8"), Path(path).name
    found = Findings(name)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name} is no TOML file: {error}") from None
    given = found.table(content, "the file", FILE_KEYS)
    numbers = {
        key: found.number(given.get(key, default), key, low=0.001, high=10)
        for key, default in (("full_depth", 0.1), ("spread", 0.15))
    }
    zones = given.get("zones")
    if not isinstance(zones, dict) or not zones:
        found.add("zones", MISSING, "is missing", "Write a table [zones.NAME] a zone")
        found.raise_all()
    references = given.get("references", {})
    for zone, value in zones.items():
        _check_zone(zone, value, references, found)
    found.raise_all()
    return {"zones": zones, "references": references, **numbers}


def _check_zone(zone: str, value: object, references: dict, found: Findings) -> None:
    given = found.table(value, zone, ZONE_KEYS)
    for key in ("en", "zh"):
        if not found.text(given.get(key), f"{zone}.{key}"):
            found.add(f"{zone}.{key}", MISSING, "is missing", "Name the zone")
    shares = given.get("minerals")
    if not isinstance(shares, dict) or not shares:
        found.add(
            f"{zone}.minerals", MISSING, "is missing", "Write { mineral = 0-1, … }"
        )
        shares = {}
    for mineral, share in shares.items():
        found.number(share, f"{zone}.minerals.{mineral}", low=0, high=1)
    found.number(given.get("full_depth"), f"{zone}.full_depth", low=0.001, high=10)
    for key in found.texts(given.get("references"), f"{zone}.references"):
        if key not in references:
            near = difflib.get_close_matches(key, references, 1)
            hint = f"Did you mean {near[0]!r}?" if near else "Add it to [references]"
            found.add(f"{zone}.references", key, "is no reference", hint)
