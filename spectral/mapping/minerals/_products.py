"""Groups of minerals and how much of them there may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ._read_rules import groups_table

if TYPE_CHECKING:
    from collections.abc import Mapping

CAVEAT = (
    "band depth over that of the pure reference: a proxy of abundance in the upper "
    "micrometres, not a volume or mass share; grain size, opaque grains, moisture and "
    "intimate mixing change it"
)


def mineral_groups(minerals: xr.Dataset | xr.DataArray) -> xr.DataArray:
    """
    Group of each pixel's mineral.

    Parameters
    ----------
    minerals : Dataset or DataArray
        Of `identify_minerals`, or its ``mineral`` with attrs.

    Returns
    -------
    DataArray
        Codes in the order of the table of groups, whatever the rules were; 0
        unclassified, NaN missing. attrs ``classes`` and ``classes_zh``, ``groups``
        (keys), ``colours`` and ``maskers`` (codes of leaves, water, snow).

    Raises
    ------
    ValueError
        If the attrs of `identify_minerals` are lost.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from spectral.mapping import identify_minerals, read_mineral_rules
    >>> wave = np.arange(2000.0, 2500.0, 10.0)
    >>> dip = 1 - 0.4 * np.exp(-(((wave - 2167) / 16) ** 2))
    >>> pixel = xr.DataArray(0.5 * dip, {"wavelength": wave}, dims="wavelength")
    >>> group = mineral_groups(identify_minerals(pixel, read_mineral_rules()))
    >>> group.attrs["classes"][int(group)]
    'pyrophyllite'
    """
    mineral = _mineral(minerals)
    table = groups_table()
    number = {key: i for i, key in enumerate(table, 1)}
    found = mineral.attrs["groups"]
    unknown = sorted(set(found.values()) - set(number) - {""})
    if unknown:
        raise ValueError(
            f"no such groups: {unknown}. Groups are {', '.join(table)}: name one of "
            "them in the rule file."
        )
    codes = np.zeros(max(found, default=0) + 1)
    for code, key in found.items():
        codes[code] = number.get(key, 0)
    grid = _looked_up(mineral, codes).rename("mineral_group")
    labels = {number[key]: group for key, group in table.items()}
    grid.attrs = {
        "long_name": "mineral group",
        "long_name_zh": "矿物族",
        "units": "1",
        "kind": "categorical",
        "classes": {0: "unclassified"} | {i: g["en"] for i, g in labels.items()},
        "classes_zh": {0: "未分类"} | {i: g["zh"] for i, g in labels.items()},
        "groups": {i: key for key, i in number.items()},
        "colours": {i: g["colour"] for i, g in labels.items()},
        "maskers": [i for i, g in labels.items() if g.get("masker")],
    }
    return grid


def mineral_abundance(
    minerals: xr.Dataset,
    *,
    mineral: str | None = None,
    purity: float | Mapping[str, float] = 1.0,
) -> xr.DataArray:
    """
    Proxy of abundance: band depth over that of the pure reference, times its purity.

    Parameters
    ----------
    minerals : Dataset
        Of `identify_minerals`.
    mineral : str, optional
        Rule name: where that rule accepts, if `minerals` was made with ``scores=True``,
        else where it wins; 0 where it does not. Left out: of each pixel's winner, NaN
        where none is or where leaves, water or snow hide the ground.
    purity : float or mapping of str to float
        Share of the mineral in the reference sample, 0-1, for instance from X-ray
        diffraction; by rule name, 1 for those not named. A product that leaves it out
        is band depth, not abundance.

    Returns
    -------
    DataArray
        0 to about 1: more where the band is deeper than in the reference. NaN where
        missing. attrs ``caveat`` says what it is not.

    Raises
    ------
    ValueError
        If `purity` lies outside 0-1.
    KeyError
        If `mineral` or a key of `purity` is no rule of `minerals`.

    References
    ----------
    Clark, R. N. and Roush, T. L. (1984). Reflectance spectroscopy: quantitative
    analysis techniques for remote sensing applications. J. Geophys. Res. 89, 6329-6340.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from spectral.mapping import identify_minerals, read_mineral_rules
    >>> wave = np.arange(2000.0, 2500.0, 10.0)
    >>> dip = 1 - 0.4 * np.exp(-(((wave - 2167) / 16) ** 2))
    >>> pixel = xr.DataArray(0.5 * dip, {"wavelength": wave}, dims="wavelength")
    >>> found = identify_minerals(pixel, read_mineral_rules())
    >>> round(float(mineral_abundance(found, purity={"pyrophyllite": 0.5})), 2)
    0.41
    """
    winner = _mineral(minerals)
    names = {name: code for code, name in winner.attrs["rules"].items()}
    shares = _shares(purity, names)
    pure = minerals["depth"].attrs["reference_depths"]
    if mineral is None:
        hidden = set(winner.attrs["maskers"])
        factors = np.full(len(names) + 1, np.nan)
        for code, depth in pure.items():
            if code not in hidden:
                factors[code] = shares[code] / depth
        abundance = minerals["depth"] * _looked_up(winner, factors)
    else:
        if mineral not in names:
            raise KeyError(f"no rule {mineral!r}; there are: {', '.join(names)}")
        code = names[mineral]
        depth = _depth_of(minerals, mineral, code)
        abundance = depth.fillna(0.0) * (shares[code] / pure.get(code, np.nan))
        abundance = abundance.where(winner.notnull())
    told = f"abundance proxy{f' of {mineral}' if mineral else ''}"
    return abundance.rename("abundance").assign_attrs(
        long_name=told, units="1", kind="continuous", caveat=CAVEAT
    )


def _depth_of(minerals: xr.Dataset, mineral: str, code: int) -> xr.DataArray:
    if "rule_depth" not in minerals:
        return minerals["depth"].where(minerals["mineral"] == code)
    if mineral not in minerals["rule"].values:
        why = minerals.attrs.get("not_covered", {}).get(mineral, "not judged")
        raise KeyError(f"rule {mineral!r} could not be judged on these bands: {why}")
    return minerals["rule_depth"].sel(rule=mineral, drop=True)


def _shares(
    purity: float | Mapping[str, float], names: Mapping[str, int]
) -> dict[int, float]:
    given = dict.fromkeys(names, purity) if isinstance(purity, int | float) else purity
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise KeyError(
            f"purity names {unknown}, no rules; there are: {', '.join(names)}"
        )
    wrong = {name: share for name, share in given.items() if not 0 < share <= 1}
    if wrong:
        raise ValueError(f"purity lies above 0 and up to 1, as a share. Got {wrong}.")
    return {code: float(given.get(name, 1.0)) for name, code in names.items()}


def _mineral(minerals: xr.Dataset | xr.DataArray) -> xr.DataArray:
    """Map of codes with the attrs that explain them."""
    if isinstance(minerals, xr.Dataset) and "mineral" not in minerals:
        raise ValueError(
            f"the dataset has {list(minerals.data_vars)}, no 'mineral'. Give the "
            "result of identify_minerals."
        )
    grid = minerals["mineral"] if isinstance(minerals, xr.Dataset) else minerals
    lacking = [key for key in ("rules", "groups", "maskers") if key not in grid.attrs]
    if lacking:
        raise ValueError(
            f"{grid.name!r} has lost its attrs {lacking}. Give the result of "
            "identify_minerals as it came."
        )
    return grid


def _looked_up(grid: xr.DataArray, table: np.ndarray) -> xr.DataArray:
    """Values of a table by code; NaN stays."""

    def look(codes: np.ndarray) -> np.ndarray:
        known = np.isfinite(codes)
        found = table[np.where(known, codes, 0).astype(int)]
        return np.where(known, found, np.nan).astype("float32")

    return xr.apply_ufunc(look, grid, dask="parallelized", output_dtypes=["float32"])
