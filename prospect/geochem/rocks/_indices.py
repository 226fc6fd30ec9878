"""Alteration and weathering indices, from a table with references."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import pandas as pd

from ._expressions import BASES, Reading, compute
from ._formula import read_formula
from ._species import load_table

if TYPE_CHECKING:
    from collections.abc import Mapping


def list_alteration_indices(*, domain: str | None = None) -> pd.DataFrame:
    """
    Table of the indices known by name.

    Parameters
    ----------
    domain : {"weathering", "alteration", "pearce_ratio", "igneous"}, optional
        Only those.

    Returns
    -------
    DataFrame, index name
        Columns title, title_zh, domain, basis ("molar" or "wt"), formula, needs
        (oxides and elements), low and high (what contents can give), units, primary
        (whether the formula was compared with the first paper), reference.

    Raises
    ------
    ValueError
        If there is no such domain.

    Examples
    --------
    >>> print(list_alteration_indices().loc[["cia", "ccpi"], ["basis", "needs"]])
          basis                         needs
    name
    cia   molar  [Al2O3, CaO_star, Na2O, K2O]
    ccpi     wt       [MgO, FeOT, Na2O, K2O]
    """
    rows = {}
    for name, entry in load_table("geochem_indices")["indices"].items():
        low, high = entry["range"]
        rows[name] = {
            "title": entry["title"]["en"],
            "title_zh": entry["title"]["zh"],
            "domain": entry["domain"],
            "basis": entry["basis"],
            "formula": entry["formula"],
            "needs": list(read_formula(entry["formula"]).names),
            "low": float(low),
            "high": float(high),
            "units": entry["units"],
            "primary": entry["primary"],
            "reference": entry["reference"],
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")
    domains = list(dict.fromkeys(table["domain"]))
    if domain is not None and domain not in domains:
        raise ValueError(f"domain must be one of {domains}. Got {domain!r} instead.")
    return table if domain is None else table[table["domain"] == domain]


def alteration_index(
    samples: pd.DataFrame,
    name: str,
    *,
    columns: Mapping[str, str] | None = None,
    calcium: str = "mclennan",
    censored: str = "missing",
    basis: str | None = None,
) -> pd.Series:
    """
    Index of alteration or weathering, or an element ratio, of each sample.

    Parameters
    ----------
    samples : DataFrame
        Columns such as ``Al2O3_pct``, ``K_ppm``. An element stands in for its oxide
        and the other way round; units are converted.
    name : str
        Name from `list_alteration_indices`; or a formula of oxides and elements, if
        `basis` is given.
    columns : mapping of str to str, optional
        Column of a species, where several hold it: ``{"Al2O3": "Al2O3_pct_XRF"}``.
    calcium : {"mclennan", "apatite", "carbonate", "sodium", "total"}
        What ``CaO_star``, calcium of silicates, is: CaO less 10/3 P2O5 (molar) and at
        most Na2O; CaO less 10/3 P2O5; that less CO2; CaO, at most Na2O; all CaO.
    censored : {"missing", "limit"}
        What becomes of samples with a needed value below detection that is not
        imputed: no index, or the index at the limit.
    basis : {"wt", "molar"}, optional
        For a formula: "wt" takes oxides in weight percent and elements in ppm,
        "molar" both in moles.

    Returns
    -------
    Series
        Named `name`, index kept; NaN where a content is missing or the divisor zero.
        ``attrs`` carry units, long_name, formula, basis, calcium, reference, columns
        (what was read), n_missing, n_censored, censored_share, imputed_share and notes.

    Raises
    ------
    KeyError
        If oxides are missing: with all that are needed.
    ValueError
        If the name is unknown, an option is none of those there are, several columns
        hold one species, or contents are negative.

    References
    ----------
    Nesbitt, H. W. & Young, G. M. (1982). Nature 299, 715-717. Each index names its own
    in `list_alteration_indices`.

    Examples
    --------
    >>> albite = {"Al2O3_pct": [19.44], "Na2O_pct": [11.82], "K2O_pct": [0.0]}
    >>> rock = pd.DataFrame(albite | {"CaO_pct": [0.0], "P2O5_pct": [0.0]})
    >>> print(alteration_index(rock, "cia").round(1))
    0    50.0
    Name: cia, dtype: float64
    """
    entry = _entry(name, basis)
    how = Reading(entry["basis"], calcium, censored, columns)
    found = compute(samples, entry["formula"], how)
    out = pd.Series(found.content, index=samples.index, name=entry["name"])
    total = max(len(samples), 1)
    out.attrs = {
        "units": entry["units"],
        "long_name": entry["title"]["en"],
        "formula": entry["formula"],
        "basis": entry["basis"],
        "reference": entry["reference"],
        "columns": found.columns,
        "n_missing": int(out.isna().sum()),
        "n_censored": found.n_censored,
        "censored_share": found.n_censored / total,
        "imputed_share": found.n_imputed / total,
        "notes": found.notes,
    }
    if "CaO_star" in entry["formula"]:
        out.attrs["calcium"] = calcium
    return out


def _entry(name: str, basis: str | None) -> dict[str, Any]:
    known = load_table("geochem_indices")["indices"]
    if name.strip().lower() in known:
        if basis is not None:
            raise ValueError(
                f"basis={basis!r} is for formulas: the index {name!r} has its own, "
                f"{known[name.strip().lower()]['basis']!r}. Leave it out."
            )
        return known[name.strip().lower()] | {"name": name.strip().lower()}
    if name.strip().isidentifier() or basis is None:
        near = difflib.get_close_matches(name.lower(), known, n=3)
        hint = f" Did you mean {near}?" if near else ""
        raise ValueError(
            f"no index {name!r}.{hint} See prospect.geochem.list_alteration_indices(), "
            f"or write a formula such as 'K2O / Na2O' with basis= one of {list(BASES)}."
        )
    return {
        "name": name,
        "formula": name,
        "basis": basis,
        "units": "1",
        "title": {"en": name},
        "reference": "",
    }
