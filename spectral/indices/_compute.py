"""Spectral indices by name or formula."""

from __future__ import annotations

import ast
import difflib
import functools
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ._formula import bands_of, evaluate, parse_formula

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd


@functools.cache
def _table() -> dict[str, Any]:
    file = resources.files(__package__.partition(".")[0]) / "data" / "indices.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def list_indices(*, domain: str | None = None) -> pd.DataFrame:
    """
    Table of the spectral indices known by name.

    Parameters
    ----------
    domain : {"geology", "aster", "vegetation", "water"}, optional
        Only those; "aster" are mineral indices that need ASTER's narrow bands.

    Returns
    -------
    DataFrame, index name
        Columns title, domain, formula, bands (roles), low and high (what reflectances
        can give), reference, and one column a sensor with its formula in the sensor's
        own bands, missing where the sensor lacks a band.

    Raises
    ------
    ValueError
        If there is no such domain.

    Examples
    --------
    >>> table = list_indices(domain="water")
    >>> print(table[["formula", "sentinel2"]])
                                     formula                    sentinel2
    name
    ndwi       (green - nir) / (green + nir)  (B03 - B08) / (B03 + B08)
    mndwi  (green - swir1) / (green + swir1)  (B03 - B11) / (B03 + B11)
    """
    import pandas as pd

    rows = {}
    for name, entry in _table()["indices"].items():
        tree = parse_formula(entry["formula"])
        low, high = entry["range"]
        rows[name] = {
            "title": entry["title"],
            "domain": entry["domain"],
            "formula": entry["formula"],
            "bands": bands_of(tree),
            "low": float(low),
            "high": float(high),
            "reference": entry["reference"],
        } | {
            sensor: _with_bands(entry["formula"], numbers)
            for sensor, numbers in _table()["sensors"].items()
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")
    domains = sorted(set(table["domain"]))
    if domain is not None and domain not in domains:
        raise ValueError(f"domain must be one of {domains}. Got {domain!r} instead.")
    return table if domain is None else table[table["domain"] == domain]


def spectral_index(
    name_or_formula: str, bands: Mapping[str, xr.DataArray]
) -> xr.DataArray:
    """
    Spectral index or band ratio of an image.

    Parameters
    ----------
    name_or_formula : str
        Name from `list_indices`, or arithmetic on band roles such as
        ``"(nir - red) / (nir + red)"``: names, numbers, + - * / ** and brackets.
    bands : mapping of str to DataArray
        Bands by role ("red", "nir", "swir1", …), all on one grid. Reflectance: 0 to 1;
        ratios also take scaled integers, as long as no offset is in them.

    Returns
    -------
    DataArray
        Dimensionless, float32 (float64 where a band is), lazy where a band is; NaN
        where a band is missing or a divisor is zero. ``attrs`` carry the formula, the
        reference and the range.

    Raises
    ------
    ValueError
        If the name is unknown, the formula is not plain arithmetic, or the bands are
        not on one grid.
    KeyError
        If a band is missing: with the roles needed and, by sensor, the bands they are.

    Examples
    --------
    >>> red = xr.DataArray([[0.1, 0.0]], dims=("y", "x"))
    >>> nir = xr.DataArray([[0.5, 0.0]], dims=("y", "x"))
    >>> print(spectral_index("ndvi", {"red": red, "nir": nir}).values)
    [[0.667   nan]]
    >>> print(spectral_index("nir / red", {"red": red, "nir": nir}).values)
    [[ 5. nan]]
    """
    entry = _entry(name_or_formula)
    tree = parse_formula(entry["formula"])
    needed = bands_of(tree)
    if not needed:
        raise ValueError(
            f"the formula {entry['formula']!r} names no band. Write band roles in it, "
            "such as 'swir1 / swir2'."
        )
    _check_bands(needed, bands, name_or_formula)
    grids = [_as_float(bands[role]) for role in needed]
    try:
        xr.align(*grids, join="exact", copy=False)
    except ValueError as error:
        raise ValueError(
            f"the bands {needed} are not on one grid: bring them there first with "
            "survey.match_grid(band, like=...)."
        ) from error
    out = xr.apply_ufunc(
        lambda *arrays: _apply(tree, needed, arrays),
        *grids,
        dask="parallelized",
        output_dtypes=[np.result_type(*[grid.dtype for grid in grids])],
    )
    low, high = entry.get("range", (-np.inf, np.inf))
    return out.rename(entry["name"]).assign_attrs(
        long_name=entry["title"],
        units="1",
        kind="continuous",
        formula=entry["formula"],
        reference=entry.get("reference", ""),
        valid_range=[float(low), float(high)],
    )


def _apply(
    tree: ast.expr, names: list[str], arrays: tuple[np.ndarray, ...]
) -> np.ndarray:
    found = evaluate(tree, dict(zip(names, arrays, strict=True)))
    return np.asarray(found, np.result_type(*arrays))


def _as_float(band: xr.DataArray) -> xr.DataArray:
    if np.issubdtype(band.dtype, np.floating):
        return band
    return band.astype("float32")


def _entry(name_or_formula: str) -> dict[str, Any]:
    known = _table()["indices"]
    name = name_or_formula.strip()
    if name.lower() in known:
        return known[name.lower()] | {"name": name.lower()}
    if name.isidentifier() and name not in _table()["roles"]:
        near = difflib.get_close_matches(name.lower(), known, n=3)
        hint = f" Did you mean {near}?" if near else ""
        raise ValueError(
            f"no index {name!r}.{hint} See spectral.indices.list_indices(), or write a "
            "formula such as 'swir1 / swir2'."
        )
    return {"formula": name, "title": name, "name": "index"}


def _check_bands(
    needed: list[str], bands: Mapping[str, xr.DataArray], name: str
) -> None:
    missing = [role for role in needed if role not in bands]
    if not missing:
        return
    sensors = [
        f"{sensor}: " + ", ".join(f"{role} = {numbers[role]}" for role in missing)
        for sensor, numbers in _table()["sensors"].items()
        if all(role in numbers for role in missing)
    ]
    raise KeyError(
        f"{name!r} needs the bands {needed}; {missing} not given (given: "
        f"{sorted(bands)}). Add them by role. " + "; ".join(sensors)
    )


def _with_bands(formula: str, numbers: Mapping[str, str]) -> str | None:
    """Formula in a sensor's own bands, None if it lacks one."""
    tree = parse_formula(formula)
    if not set(bands_of(tree)) <= set(numbers):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = numbers[node.id]
    return ast.unparse(tree)
