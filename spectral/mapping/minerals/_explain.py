"""Why a spectrum is one mineral and not another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._check import check_cube, good_bands
from ._identify import coverage, prepare
from ._kernel import judge
from ._reasons import FOR, Judgement, judge_rule
from ._wording import sentences

if TYPE_CHECKING:
    import xarray as xr

    from ._compile import Compiled
    from ._rules import MineralRules

COLUMNS = [
    "rank", "rule", "mineral", "group", "outcome", "rule_fit", "rule_depth", "part",
    "cause", "from", "to", "weight", "position", "fit", "depth", "criterion", "value",
    "low", "high", "verdict", "reason",
]  # fmt: skip
LANGUAGES = ("en", "zh")


def explain_spectrum(
    spectrum: xr.DataArray,
    rules: MineralRules,
    *,
    library: xr.DataArray | None = None,
    candidates: int = 3,
    lang: str = "en",
) -> pd.DataFrame:
    """
    Features for and against the best minerals of one spectrum.

    Parameters
    ----------
    spectrum : DataArray, dims ("wavelength",)
        Reflectance; of a cube: ``cube.sel(x=..., y=..., method="nearest")``.
    rules : MineralRules
        As for `identify_minerals`.
    library : DataArray, dims ("spectrum", "wavelength"), optional
        As for `identify_minerals`.
    candidates : int
        How many rules are told: first those that accept, by fit, then the rejected
        ones whose shapes come closest.
    lang : {"en", "zh"}
        Language of ``mineral`` and ``reason``.

    Returns
    -------
    DataFrame
        One row a part of a rule: ``rank`` from 1, ``rule``, ``mineral``, ``group``,
        ``outcome`` ("winner", "accepted", "rejected"), ``rule_fit`` and ``rule_depth``
        (weighted); ``part`` ("feature 1", "not 1", "ratio", "sum", "arbiter"), its
        window ``from`` and ``to`` (nm), ``weight``, ``position`` (nm), ``fit``,
        ``depth``; the deciding ``criterion`` with ``value`` and its bounds ``low`` and
        ``high``; ``verdict`` ("for", "against", "silent": an optional feature that is
        not there, "passed": a check that found nothing, "veto"); ``reason``: a
        sentence. attrs as of `identify_minerals`.

    Raises
    ------
    ValueError
        If it is more than one spectrum, has missing values in good bands, is zero
        throughout, or `lang` or `candidates` cannot be.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from spectral.mapping import read_mineral_rules
    >>> wave = np.arange(2000.0, 2500.0, 10.0)
    >>> dip = 1 - 0.4 * np.exp(-(((wave - 2167) / 16) ** 2))
    >>> pixel = xr.DataArray(0.5 * dip, {"wavelength": wave}, dims="wavelength")
    >>> table = explain_spectrum(pixel, read_mineral_rules(), candidates=1)
    >>> print(table["reason"][0])
    Al-OH 2090-2245 nm: the shape fits by 0.98, depth 0.380, minimum at 2167.4 nm
    """
    values, wave = _one(spectrum, candidates, lang)
    compiled = prepare(spectrum, rules, library)
    best = int(judge(values[:, None], compiled.tables).best[0])
    told = [
        judge_rule(values, wave, compiled, number, lang)
        for number in range(len(compiled.judged))
    ]
    order = sorted(range(len(told)), key=lambda i: _rank(i, best, told[i]))
    rows: list[dict[str, Any]] = []
    for rank, number in enumerate(order[:candidates], 1):
        rows += _rows(rank, number, best, told, compiled, lang)
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.attrs = {
        **coverage(compiled),
        "literature": rules.literature,
    }
    return table


def _one(
    spectrum: xr.DataArray, candidates: int, lang: str
) -> tuple[np.ndarray, np.ndarray]:
    """Values and wavelengths of the good bands of one spectrum."""
    check_cube(spectrum)
    if lang not in LANGUAGES:
        raise ValueError(f"lang={lang!r}: use one of {LANGUAGES}")
    if candidates < 1:
        raise ValueError(f"candidates={candidates}: at least 1 is told")
    spectrum = spectrum.squeeze(drop=True)
    if spectrum.ndim != 1:
        raise ValueError(
            f"one spectrum is explained at a time; dimensions are {spectrum.dims}. "
            'Take one: cube.sel(x=..., y=..., method="nearest")'
        )
    bands = good_bands(spectrum)
    values = bands.to_numpy().astype(float)
    wave = bands["wavelength"].to_numpy().astype(float)
    gaps = int((~np.isfinite(values)).sum())
    if gaps:
        first = float(wave[~np.isfinite(values)][0])
        raise ValueError(
            f"{gaps} of {values.size} good bands have no value, the first at "
            f"{first:g} nm. Mark them bad, or take another spectrum."
        )
    if not values.any():
        raise ValueError("the spectrum is zero throughout: it holds no feature")
    return values, wave


def _rank(number: int, best: int, told: Judgement) -> tuple:
    return (
        number != best,
        not told.accepted,
        -(told.fit if told.accepted else told.likeness),
    )


def _rows(
    rank: int,
    number: int,
    best: int,
    told: list[Judgement],
    compiled: Compiled,
    lang: str,
) -> list[dict[str, Any]]:
    rule, judgement = compiled.judged[number].rule, told[number]
    outcome = "accepted" if judgement.accepted else "rejected"
    head = {
        "rank": rank,
        "rule": rule.name,
        "mineral": rule.label(lang),
        "group": rule.group,
        "outcome": "winner" if number == best else outcome,
        "rule_fit": judgement.fit if judgement.accepted else np.nan,
        "rule_depth": judgement.depth if judgement.accepted else np.nan,
    }
    rows = list(judgement.rows)
    if number == best:
        rows += _arbiter(number, told, compiled, lang)
    if rule.name in compiled.partly:
        text = sentences()["partly"][lang]
        left_out = "; ".join(each.say(lang) for each in compiled.partly[rule.name])
        rows.append(
            {
                "part": "coverage",
                "verdict": "silent",
                "reason": text.format(bounds=left_out),
            }
        )
    return [head | row for row in rows]


def _arbiter(
    number: int, told: list[Judgement], compiled: Compiled, lang: str
) -> list[dict[str, Any]]:
    """Row that says the position decided, where another member fits better."""
    rule = compiled.judged[number].rule
    better = [each for each in told if each.accepted and each.fit > told[number].fit]
    if rule.family is None or not better:
        return []
    place = told[number].rows[0]["position"]
    text = sentences()["arbiter"][lang].format(value=place, bounds=rule.label(lang))
    return [
        {
            "part": "arbiter",
            "criterion": "position",
            "value": place,
            "low": rule.arbiter.low,
            "high": rule.arbiter.high,
            "verdict": FOR,
            "reason": text,
        }
    ]
