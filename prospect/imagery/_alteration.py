"""Alteration zones of an image as evidence, by its minerals or by band ratios."""

from __future__ import annotations

import difflib
import functools
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from .._note import Note
from .._quantile import count_known, kth_largest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from spectral.mapping import MineralRules

FINE = 15  # good bands within 2000-2500 nm from which absorption shapes can be judged


def list_zones() -> pd.DataFrame:
    """
    Zones of alteration by name, and what shows them.

    Returns
    -------
    DataFrame, index zone
        ``minerals``: whether an imaging spectrometer is asked for its minerals;
        ``indices``: of broad bands, the first whose bands a cube has is taken.

    Examples
    --------
    >>> print(list_zones().loc["hydroxyl", "indices"])
    clay_hydroxyl
    """
    import pandas as pd

    rows = {
        zone: {
            "minerals": zone in _mineral_zones(),
            "indices": ", ".join(_table()["zones"].get(zone, {}).get("indices", ())),
        }
        for zone in _zones()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("zone")


def alteration_evidence(
    cube: xr.DataArray,
    zone: str,
    *,
    rules: MineralRules | None = None,
    library: xr.DataArray | None = None,
    sensor: str | None = None,
) -> xr.DataArray:
    """
    Evidence for a zone of alteration, from 0 to 1.

    With 15 good bands or more within 2000-2500 nm by the minerals found there
    (`spectral.mapping.alteration_zones`); else by a band ratio of the sensor, scaled
    over the scene.

    Parameters
    ----------
    cube : DataArray, dims (wavelength, y, x)
        Reflectance, as `spectral.open_cube` gives it.
    zone : str
        Name from `list_zones`.
    rules, library : optional
        As in `mineral_evidence`, of an imaging spectrometer.
    sensor : str, optional
        Name from `spectral.list_sensors`, of broad bands, where the cube's attrs do not
        say it.

    Returns
    -------
    DataArray, dims (y, x)
        0 to 1, NaN where unknown: missing, or hidden by leaves, water or snow. Of broad
        bands the quantiles of the whole scene are computed, once; ``attrs["notes"]``
        say what they are, what was hidden and what could not be masked.

    Raises
    ------
    KeyError
        If there is no such zone.
    ValueError
        If the bands cannot show the zone: with the zones they can.

    References
    ----------
    Mars, J.C. and Rowan, L.C. (2006). Regional mapping of phyllic- and
    argillic-altered rocks in the Zagros magmatic arc, Iran, using ASTER data.
    Geosphere 2, 161-186.
    Sabins, F.F. (1999). Remote sensing for mineral exploration. Ore Geology Reviews 14,
    157-183.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> wave = np.arange(2000.0, 2500.0, 10.0)
    >>> dip = 1 - 0.4 * np.exp(-(((wave - 2167) / 16) ** 2))
    >>> plain = np.ones(wave.size)
    >>> cube = xr.DataArray(
    ...     0.5 * np.stack([dip, plain], axis=1)[:, None, :],
    ...     {"wavelength": wave}, ("wavelength", "y", "x"))
    >>> zone = alteration_evidence(cube, "advanced_argillic")
    >>> print((zone.values > 0.5).tolist(), zone.attrs["long_name_zh"])
    [[True, False]] 高级泥化蚀变
    """
    if zone not in _zones():
        near = difflib.get_close_matches(zone, _zones(), n=2, cutoff=0.4)
        hint = f" Did you mean {near}?" if near else ""
        raise KeyError(f"there is no zone '{zone}'.{hint} Known: {_zones()}")
    if _is_fine(cube) and zone in _mineral_zones():
        return _by_minerals(cube, zone, rules, library)
    return _by_index(cube, zone, sensor)


def _by_minerals(
    cube: xr.DataArray,
    zone: str,
    rules: MineralRules | None,
    library: xr.DataArray | None,
) -> xr.DataArray:
    from spectral.mapping import (
        alteration_zones,
        identify_minerals,
        read_mineral_rules,
    )

    rules = read_mineral_rules() if rules is None else rules
    minerals = identify_minerals(cube, rules, library=library, scores=True)
    grid = alteration_zones(minerals)[zone]
    lost = minerals.attrs.get("not_covered", {})
    judged = [name for name in grid.attrs["minerals"] if name not in lost]
    if not judged:
        raise ValueError(
            f"the bands of the cube ({_range(cube)}) can judge no mineral of the zone "
            f"'{zone}'. Take a cube that covers them."
        )
    notes = [
        Note("imagery_rule_not_judged", rule=name, why=lost[name])
        for name in grid.attrs["minerals"]
        if name in lost
    ]
    return grid.rename(zone).assign_attrs(units="1", kind="continuous", notes=notes)


def _by_index(cube: xr.DataArray, zone: str, sensor: str | None) -> xr.DataArray:
    table = _table()
    entry = table["zones"].get(zone, {"indices": []})
    index = next(
        (i for i in entry["indices"] if _index(i, cube, sensor) is not None), ""
    )
    if not index:
        able = [
            name
            for name, other in table["zones"].items()
            if any(_index(i, cube, sensor) is not None for i in other["indices"])
        ]
        raise ValueError(
            f"the bands of the cube ({_range(cube)}) cannot show the zone '{zone}'. "
            + (f"They can show: {', '.join(able)}." if able else "")
            + " ASTER, WorldView-3 and imaging spectrometers tell more zones apart."
        )
    ratio = _index(index, cube, sensor)
    ratio, notes = _unhidden(ratio, cube, sensor)
    low, high = _quantiles(ratio, (table["low"], table["high"]), index)
    grid = ((ratio - low) / (high - low)).clip(0, 1)
    told = {"index": index, "low": table["low"], "high": table["high"]}
    return grid.rename(zone).assign_attrs(
        long_name=entry.get("en", f"{zone.replace('_', ' ')} alteration, by {index}"),
        units="1",
        kind="continuous",
        index=index,
        index_range=[low, high],
        references=[table["references"][key] for key in entry["references"]],
        notes=[Note("imagery_relative", **told), *notes],
    )


def _index(index: str, cube: xr.DataArray, sensor: str | None) -> xr.DataArray | None:
    """Index of a cube; None where it lacks the bands."""
    from spectral.indices import spectral_index

    try:
        return spectral_index(index, cube, sensor=sensor)
    except KeyError:
        return None


def _unhidden(
    ratio: xr.DataArray, cube: xr.DataArray, sensor: str | None
) -> tuple[xr.DataArray, list[Note]]:
    notes = []
    for mask in _table()["hidden"]:
        cover = _index(mask["index"], cube, sensor)
        if cover is None:
            notes.append(Note("imagery_not_masked", index=mask["index"]))
            continue
        before = count_known(ratio)
        ratio = ratio.where(~(cover > mask["above"]))
        share = 1 - count_known(ratio) / before if before else 0.0
        told = {"index": mask["index"], "limit": mask["above"], "share": share}
        notes.append(Note("imagery_hidden", **told))
    return ratio, notes


def _quantiles(
    grid: xr.DataArray, shares: tuple[float, float], index: str
) -> tuple[float, float]:
    known = count_known(grid)
    if not known:
        raise ValueError(
            f"no pixel is left to scale {index} over: all are missing or hidden by "
            "leaves and water"
        )
    ranks = [max(1, min(known, round((1 - share) * known))) for share in shares]
    low, high = (kth_largest(grid, rank) for rank in ranks)
    if not high > low:
        raise ValueError(
            f"{index} is {low:g} over the whole scene: it shows no zone. Check the "
            "bands of the cube."
        )
    return low, high


def _is_fine(cube: xr.DataArray) -> bool:
    waves = np.asarray(cube["wavelength"].data, float)
    good = (waves >= 2000) & (waves <= 2500)
    if "bad_bands" in cube.coords:
        good &= ~np.asarray(cube["bad_bands"].data, bool)
    return int(good.sum()) >= FINE


def _range(cube: xr.DataArray) -> str:
    waves = np.asarray(cube["wavelength"].data, float)
    return f"{waves.size} of {waves[0]:.0f}-{waves[-1]:.0f} nm"


@functools.cache
def _table() -> dict[str, Any]:
    file = resources.files(__package__.partition(".")[0]) / "data"
    text = (file / "imagery_alteration.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@functools.cache
def _mineral_zones() -> tuple[str, ...]:
    text = (resources.files("spectral") / "data" / "alteration.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["zones"])


def _zones() -> list[str]:
    return list(dict.fromkeys([*_mineral_zones(), *_table()["zones"]]))
