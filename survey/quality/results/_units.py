"""Units of contents: from one to another, from element to oxide and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..._checks import check_columns
from ..._formulas import atoms_in, molar_mass
from ..._headers import Analyte, parse_header, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# What one unit is as a mass fraction.
FRACTIONS: Mapping[str, float] = {
    "pct": 1e-2,
    "permil": 1e-3,
    "ppm": 1e-6,
    "ppb": 1e-9,
    "ppt": 1e-12,
}
_NUMERIC = ("", "_detection_limit")
_ENDINGS = (
    "",
    "_censored",
    "_over_range",
    "_detection_limit",
    "_method",
    "_lab_batch",
    "_laboratory",
    "_imputed",
)


def convert_unit(table: pd.DataFrame, column: str, to: str) -> pd.DataFrame:
    """
    Contents of an analyte in another unit, or as an oxide or element.

    Parameters
    ----------
    table : DataFrame
        Samples with a column an analyte, or results with one a row.
    column : str
        Analyte, such as "Cu_ppm" or "Fe_pct".
    to : str
        Unit ("ppb", "%", "g/t", in any spelling), or analyte with unit: "Fe2O3_pct"
        from "Fe_pct" goes by molar mass.

    Returns
    -------
    DataFrame
        Copy: the analyte has its new name and place-holding columns (limit, flags,
        method, batch) go with it; limits are converted as well, flags do not change.
        ``attrs["units"]`` and the counts by analyte follow. ``attrs["converted"]``
        holds the factor by new name.

    Raises
    ------
    ValueError
        If there is no such analyte, the unit is not known or not a mass fraction, the
        two formulas have no element in common, or the new analyte is there already.

    References
    ----------
    Prohaska, T. et al. (2022). Standard atomic weights of the elements 2021 (IUPAC
    Technical Report). Pure and Applied Chemistry 94, 573-600.

    Examples
    --------
    >>> samples = pd.DataFrame({"sample_id": ["S1"], "Fe_ppm": [34972.0]})
    >>> convert_unit(samples, "Fe_ppm", "pct")
      sample_id  Fe_pct
    0        S1  3.4972
    >>> print(convert_unit(samples, "Fe_ppm", "Fe2O3_pct").round(3))
      sample_id  Fe2O3_pct
    0        S1      5.000
    """
    long = {"analyte", "value"} <= set(table.columns)
    if long:
        every = pd.unique(table["analyte"])
        check_columns(pd.DataFrame(columns=pd.Index(map(str, every))), column)
    else:
        check_columns(table, column)
    old, new = _parse(column), _target(to, column)
    factor = conversion_factor(old, new)
    name = new.name
    there = set(map(str, every)) if long else set(table.columns)
    if name == column:
        return table.copy()
    if name in there and not long:
        raise ValueError(
            f"there is a column {name!r} already: rename or remove it first"
        )
    done = _convert_long if long else _convert_wide
    out = done(table, column, new, factor)
    out.attrs = _renamed(table.attrs, column, name, new.unit)
    out.attrs["converted"] = {**table.attrs.get("converted", {}), name: factor}
    return out


def conversion_factor(old: Analyte, new: Analyte) -> float:
    """
    Number that contents are multiplied with.

    Examples
    --------
    >>> round(conversion_factor(Analyte("Fe", "pct"), Analyte("Fe2O3", "pct")), 4)
    1.4297
    """
    for analyte in (old, new):
        if analyte.unit not in FRACTIONS:
            raise ValueError(
                f"{analyte.name}: {analyte.unit or 'no unit'} is not a mass fraction; "
                f"units that convert are {', '.join(FRACTIONS)}"
            )
    scale = FRACTIONS[old.unit] / FRACTIONS[new.unit]
    exponent = round(np.log10(scale))
    scale = 10.0**exponent
    if old.symbol == new.symbol:
        return scale
    one, two = atoms_in(old.symbol), atoms_in(new.symbol)
    common = [element for element in one if element in two and element != "O"]
    if len(common) != 1:
        raise ValueError(
            f"{old.symbol} does not become {new.symbol}: they need one element other "
            "than oxygen in common"
        )
    atoms = one[common[0]] / two[common[0]]
    return scale * atoms * molar_mass(new.symbol) / molar_mass(old.symbol)


def _parse(column: str) -> Analyte:
    found = parse_header(column)
    if found is None or found.unit is None:
        raise ValueError(f"{column!r} tells no element and unit, as Cu_ppm does")
    return found


def _target(to: str, column: str) -> Analyte:
    unit = unit_of(to)
    old = _parse(column)
    if unit:
        return old._replace(unit=unit)
    new = parse_header(to)
    if new is None or new.unit is None:
        raise ValueError(
            f"to={to!r} is neither a unit (ppm, ppb, %, g/t) nor an analyte (Fe2O3_pct)"
        )
    return new._replace(method=new.method or old.method)


def _convert_wide(
    table: pd.DataFrame, column: str, new: Analyte, factor: float
) -> pd.DataFrame:
    out = table.copy()
    for ending in _NUMERIC:
        if f"{column}{ending}" in out:
            out[f"{column}{ending}"] = _scaled(out[f"{column}{ending}"], factor)
    names = {f"{column}{ending}": f"{new.name}{ending}" for ending in _ENDINGS}
    return out.rename(columns=names)


def _convert_long(
    table: pd.DataFrame, column: str, new: Analyte, factor: float
) -> pd.DataFrame:
    out = table.copy()
    mine = (table["analyte"] == column).to_numpy()
    for name in ("value", "detection_limit"):
        if name in out:
            given = out[name].astype(float)
            out[name] = given.where(~mine, _scaled(given, factor))
    texts = {"analyte": f"{new.symbol}_{new.unit}", "unit": new.unit}
    for name, text in texts.items():
        if name not in out:
            continue
        dtype = out[name].dtype
        plain = out[name].astype("str").where(~mine, text)
        out[name] = (
            pd.Categorical(plain, categories=pd.unique(plain))
            if isinstance(dtype, pd.CategoricalDtype)
            else plain
        )
    return out


def _scaled(values: pd.Series, factor: float) -> pd.Series:
    """Values times a factor; divided by its inverse where that is a power of ten."""
    inverse = 1 / factor
    if factor < 1 and round(inverse) == inverse:
        return values / inverse
    return values * factor


def _renamed(attrs: dict, old: str, new: str, unit: str) -> dict:
    out = {}
    for key, value in attrs.items():
        if isinstance(value, dict) and old in value:
            said = {new if name == old else name: v for name, v in value.items()}
            out[key] = {**said, new: unit} if key == "units" else said
        else:
            out[key] = value
    return out
