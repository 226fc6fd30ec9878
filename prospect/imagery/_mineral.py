"""One mineral of an image as evidence."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from .._note import Note

if TYPE_CHECKING:
    import xarray as xr

    from spectral.mapping import MineralRules


def mineral_evidence(
    cube: xr.DataArray,
    mineral: str,
    *,
    rules: MineralRules | None = None,
    library: xr.DataArray | None = None,
) -> xr.DataArray:
    """
    How strongly a mineral shows in each pixel of a cube.

    Parameters
    ----------
    cube : DataArray, dims (wavelength, y, x)
        Reflectance of an imaging spectrometer, as `spectral.open_cube` gives it.
    mineral : str
        A mineral ("muscovite"), a rule ("white_mica_low_al") or a group ("carbonate")
        of the rules; of several rules the strongest counts.
    rules : MineralRules, optional
        From `spectral.mapping.read_mineral_rules`; those of the package where nothing
        is said.
    library : DataArray, dims (spectrum, wavelength), optional
        Reference spectra on the cube's bands, where the rules need them.

    Returns
    -------
    DataArray, dims (y, x)
        Fit (0-1) times band depth of the rule, 0 where none accepts the pixel, NaN
        where the spectrum is missing. Lazy where the cube is. Not a share of the
        ground: grain size and mixtures change band depths. ``attrs["notes"]``:
        rules that these bands cannot judge.

    Raises
    ------
    KeyError
        If no rule is of that mineral: with the nearest names.
    ValueError
        If the bands of the cube can judge none of its rules.

    References
    ----------
    Clark, R.N. et al. (2003). Imaging spectroscopy: Earth and planetary remote sensing
    with the USGS Tetracorder and expert systems. Journal of Geophysical Research 108,
    5131.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> wave = np.arange(2000.0, 2500.0, 10.0)
    >>> dip = 1 - 0.4 * np.exp(-(((wave - 2167) / 16) ** 2))
    >>> plain = np.ones(wave.size)
    >>> cube = xr.DataArray(
    ...     0.5 * np.stack([dip, plain], axis=1)[:, None, :],
    ...     {"wavelength": wave}, ("wavelength", "y", "x"))
    >>> strength = mineral_evidence(cube, "pyrophyllite")
    >>> print((strength.values > 0).tolist())
    [[True, False]]
    """
    from spectral.mapping import identify_minerals, read_mineral_rules

    rules = read_mineral_rules() if rules is None else rules
    found = identify_minerals(cube, rules, library=library, scores=True)
    wanted = rules_of(found["mineral"].attrs, mineral)
    lost = found.attrs.get("not_covered", {})
    judged = [name for name in wanted if name not in lost]
    if not judged:
        told = "; ".join(f"{name}: {lost[name]}" for name in wanted)
        raise ValueError(
            f"the bands of the cube cannot show {mineral}: {told}. Take a cube of that "
            "range, or another mineral."
        )
    part = found.sel(rule=judged)
    strength = (part["rule_fit"] * part["rule_depth"]).fillna(0).max("rule")
    grid = strength.where(found["mineral"].notnull())
    notes = [
        Note("imagery_rule_not_judged", rule=name, why=lost[name])
        for name in wanted
        if name in lost
    ]
    return grid.rename(mineral).assign_attrs(
        long_name=mineral,
        units="1",
        kind="continuous",
        rules=judged,
        notes=notes,
    )


def rules_of(attrs: dict, mineral: str) -> list[str]:
    """
    Names of the rules of a mineral, a group, or of that very name.

    Parameters
    ----------
    attrs : dict
        Of the map of minerals.
    mineral : str
        In any case; blanks and underscores are alike.

    Raises
    ------
    KeyError
        If there is none.
    """
    wanted = _plain(mineral)
    names, known = [], set()
    for code, name in attrs["rules"].items():
        minerals = [str(each) for each in attrs["minerals"].get(code, ())]
        group = str(attrs["groups"].get(code, ""))
        alike = {_plain(text) for text in (name, group, *minerals)}
        known |= alike
        if wanted in alike:
            names.append(name)
    if not names:
        near = difflib.get_close_matches(wanted, sorted(known), n=3, cutoff=0.5)
        hint = f" Near it: {', '.join(near)}." if near else ""
        raise KeyError(
            f"no rule is of '{mineral}'.{hint} See "
            "spectral.mapping.read_mineral_rules().table()."
        )
    return sorted(set(names))


def _plain(text: str) -> str:
    return text.strip().casefold().replace(" ", "_")
