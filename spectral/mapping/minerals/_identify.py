"""Which mineral, how sure: rules over cubes and libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..._blocks import Output, map_spectra
from ..._check import check_cube, good_bands, same_wavelengths
from ..._reflectance import check_pixels, check_quantity
from ._compile import Compiled, compile_rules
from ._kernel import MISSING, judge
from ._read_rules import groups_table
from ._rules import MineralRules, centre_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

SHOWN = 5  # names in a sentence
LONG_NAMES = {
    "mineral": ("mineral", "矿物"),
    "fit": ("weighted fit of the mineral", "矿物加权拟合度"),
    "depth": ("weighted band depth of the mineral", "矿物加权吸收深度"),
    "fit_depth": ("fit times depth", "拟合度与深度之积"),
    "second": ("second mineral", "次选矿物"),
    "margin": ("fit ahead of the second mineral", "与次选矿物的拟合度之差"),
    "rule_fit": ("weighted fit of each rule", "各规则加权拟合度"),
    "rule_depth": ("weighted band depth of each rule", "各规则加权吸收深度"),
    "certainty": (
        "share of noisy repeats with the same answer",
        "加噪重复中结论不变的比例",
    ),
    "depth_error": ("standard deviation of the depth", "吸收深度标准差"),
}


def identify_minerals(
    cube: xr.DataArray,
    rules: MineralRules,
    *,
    library: xr.DataArray | None = None,
    scores: bool = False,
    noise: float | ArrayLike | None = None,
    draws: int = 32,
    random_state: int = 0,
) -> xr.Dataset:
    """
    Mineral of each spectrum by an expert system of weighted features.

    Every feature is the continuum-removed shape within a window, compared with its
    reference by a straight-line fit: r² is the fit, the slope times the reference's
    depth is the depth. A rule adds them with its weights and accepts where its
    constraints hold and nothing it must not show is present; of the accepting rules the
    best fit wins. See Notes for where this differs from the peer.

    Parameters
    ----------
    cube : DataArray
        Reflectance, cube, library or one spectrum; dimension ``wavelength`` in nm.
        Lazy cubes give lazy results.
    rules : MineralRules
        From `read_mineral_rules`, perhaps cut with ``rules.select([...])``.
    library : DataArray, dims ("spectrum", "wavelength"), optional
        Reference spectra on the cube's wavelengths; their ids or another coordinate
        along ``spectrum`` hold the names in ``rules.needed``. NaN where a reference has
        no value. Rules with modelled bands need none.
    scores : bool
        Whether fit and depth of every rule are given too.
    noise : float or array of shape (n_bands,), optional
        Standard deviation of the reflectance's noise. With it each spectrum is judged
        again `draws` times with noise added: the same draws for all spectra, so that
        blocks do not matter.
    draws : int
        Repeats with noise.
    random_state : int
        Seed of the noise.

    Returns
    -------
    Dataset
        ``mineral``: code, 0 where no rule accepts, NaN where the spectrum has a missing
        value or is zero throughout; attrs ``classes``, ``classes_zh``, ``rules``,
        ``groups`` by code. ``fit`` 0-1, ``depth``, ``fit_depth`` of the winner,
        ``second`` (code, 0 without one) and ``margin``, its fit behind the winner's
        (negative where the band's position decided within a family); NaN where
        unclassified. With `scores` ``rule_fit`` and ``rule_depth``, dimension
        ``rule``, NaN where a rule does not accept. With `noise` ``certainty``, share of
        the repeats with the same answer, and ``depth_error``.
        attrs ``not_covered``: rules that these bands cannot judge, with the reason;
        ``partly``: rules judged without one of their features or checks; ``notes``.

    Raises
    ------
    ValueError
        If the cube holds digital numbers or radiance, the library is missing or stands
        on other wavelengths, or no rule can be judged on these bands.
    KeyError
        If the library lacks a reference.

    Notes
    -----
    Fit, depth and winner equal those of cramm 1.5 to 1e-12 wherever it gives finite
    numbers. Differences on purpose: a window needs five bands and no wide gap, else its
    rule is told as not covered (two points fit any shape); a check for something else
    whose window is not covered is left out and told, instead of the whole rule; a
    window without any variation, or with a shoulder not above zero, is no feature
    instead of an infinite fit; a spectrum with a missing value is unknown instead of
    unclassified.

    References
    ----------
    Clark, R. N., et al. (2003). Imaging spectroscopy: Earth and planetary remote
    sensing with the USGS Tetracorder and expert systems. J. Geophys. Res. 108, 5131.
    Kokaly, R. F. (2011). PRISM. USGS Open-File Report 2011-1155.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> from spectral.mapping import read_mineral_rules
    >>> wave = np.arange(2000.0, 2500.0, 10.0)
    >>> dip = 1 - 0.25 * np.exp(-(((wave - 2325) / 24) ** 2))
    >>> dip *= 1 - 0.1 * np.exp(-(((wave - 2255) / 16) ** 2))
    >>> pixel = xr.DataArray(0.3 * dip, {"wavelength": wave}, dims="wavelength")
    >>> found = identify_minerals(pixel, read_mineral_rules())
    >>> found["mineral"].attrs["classes"][int(found["mineral"])]
    'chlorite, Mg'
    """
    compiled = prepare(cube, rules, library)
    if not compiled.rules:
        name, why = next(iter(compiled.not_covered.items()))
        raise ValueError(
            f"none of the {len(rules.rules)} rules can be judged on these bands; "
            f"{name}: {why.say()}. Use a cube with more bands, or rules for its range."
        )
    outputs = [Output(name) for name in ("mineral", "fit", "depth", "fit_depth")]
    outputs += [Output("second"), Output("margin")]
    if scores:
        names = [rule.name for rule in compiled.rules]
        outputs += [
            Output("rule_fit", "rule", names),
            Output("rule_depth", "rule", names),
        ]
    added = None
    if noise is not None:
        added = _noise(noise, cube, draws, random_state)
        outputs += [Output("certainty"), Output("depth_error")]
    grids = map_spectra(_judge(compiled, scores, added), cube, outputs=outputs)
    return _dataset(grids, compiled, rules)


def prepare(
    cube: xr.DataArray, rules: MineralRules, library: xr.DataArray | None
) -> Compiled:
    """Rules on the good bands of a cube."""
    if not isinstance(rules, MineralRules):
        raise TypeError(
            f"rules come from read_mineral_rules(path), not as {type(rules).__name__}"
        )
    check_cube(cube)
    check_quantity(cube, use="rules for reflectance")
    bands = good_bands(cube)
    fwhm = bands["fwhm"].values.astype(float) if "fwhm" in bands.coords else None
    references = _references(cube, rules, library)
    wavelength = bands["wavelength"].values.astype(float)
    return compile_rules(rules, wavelength, fwhm=fwhm, references=references)


def _references(
    cube: xr.DataArray, rules: MineralRules, library: xr.DataArray | None
) -> dict[str, np.ndarray]:
    """Reference spectra on the good bands, by name."""
    needed = rules.needed
    if not needed:
        return {}
    if library is None:
        raise ValueError(
            f"{rules.source or 'these rules'} compare with {len(needed)} reference "
            f"spectra ({', '.join(needed[:SHOWN])} …). Give them: library=..., on the "
            "cube's wavelengths"
        )
    check_cube(library)
    if not same_wavelengths(library, cube):
        raise ValueError(
            f"the library has {library.sizes['wavelength']} wavelengths, the cube "
            f"{cube.sizes['wavelength']}, and they differ. Bring it there first: "
            "spectral.resample(library, like=cube)"
        )
    names = _named(library, needed)
    lacking = sorted(set(needed) - set(names))
    if lacking:
        raise KeyError(
            f"the library lacks {len(lacking)} of {len(needed)} reference spectra: "
            f"{', '.join(lacking[:SHOWN])}. Name them as the rules do, or leave rules "
            "out: rules.select([...])"
        )
    values = library.transpose("spectrum", "wavelength").values.astype(float)
    if "bad_bands" in cube.coords:
        values = values[:, ~np.asarray(cube["bad_bands"].values, bool)]
    return {name: values[names.index(name)] for name in needed}


def _named(library: xr.DataArray, needed: list[str]) -> list[str]:
    """Names of the spectra: ids, or the coordinate with most of those needed."""
    texts = [
        [str(name) for name in coordinate.values]
        for coordinate in library.coords.values()
        if coordinate.dims == ("spectrum",)
    ]
    return max(texts, key=lambda names: len(set(names) & set(needed)), default=[])


def _noise(
    noise: float | ArrayLike, cube: xr.DataArray, draws: int, seed: int
) -> np.ndarray:
    """Draws of noise on the good bands, shape (draws, n_bands)."""
    if draws < 2:
        raise ValueError(f"draws={draws}: at least 2 repeats are needed")
    whole = cube.sizes["wavelength"]
    sigma = np.asarray(noise, float)
    if sigma.ndim > 1 or sigma.size not in (1, whole):
        raise ValueError(
            f"noise has shape {sigma.shape}: give one number, or one for each of the "
            f"{whole} bands"
        )
    if not (np.isfinite(sigma) & (sigma >= 0)).all():
        raise ValueError(
            "noise must be finite and not below 0, in reflectance; use bad_bands for "
            "bands that are of no use"
        )
    sigma = np.broadcast_to(sigma, whole)
    if "bad_bands" in cube.coords:
        sigma = sigma[~np.asarray(cube["bad_bands"].values, bool)]
    return sigma * np.random.default_rng(seed).standard_normal((draws, sigma.size))


def _judge(
    compiled: Compiled, scores: bool, added: np.ndarray | None
) -> Callable[[np.ndarray], tuple]:
    codes = np.concatenate([compiled.codes, [np.nan, 0.0]])  # -2 missing, -1 none

    def work(spectra: np.ndarray) -> tuple:
        # one band tells: the scale is the same in all
        one = spectra[len(spectra) // 2].astype(float) ** 2
        check_pixels(one, 1, 1.0, "rules are for reflectance: their spectra")
        found = judge(spectra, compiled.tables, every=scores)
        fit, depth, product, behind = found.numbers
        margin = fit - np.nan_to_num(behind)
        second = np.where(found.best < 0, np.nan, codes[found.second])
        given = [codes[found.best], fit, depth, product, second, margin]
        if scores:
            given += [found.every[0], found.every[1]]
        if added is not None:
            given += _repeat(spectra, compiled, added, found.best)
        return tuple(given)

    return work


def _repeat(
    spectra: np.ndarray, compiled: Compiled, added: np.ndarray, best: np.ndarray
) -> list[np.ndarray]:
    """Share of noisy repeats with the same answer; scatter of the depth in those."""
    same, total, square = (np.zeros(best.size) for _ in range(3))
    for draw in added:
        again = judge(spectra + draw[:, None], compiled.tables)
        agree = again.best == best
        depth = np.where(agree, again.numbers[1], 0.0)
        same += agree
        total += depth
        square += depth**2
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(np.maximum(square - total**2 / same, 0) / (same - 1))
    certainty = np.where(best == MISSING, np.nan, same / len(added))
    return [certainty, np.where((best < 0) | (same < 2), np.nan, spread)]


def _dataset(
    grids: tuple[xr.DataArray, ...], compiled: Compiled, rules: MineralRules
) -> xr.Dataset:
    result = xr.Dataset({str(grid.name): grid for grid in grids})
    for name, grid in result.data_vars.items():
        english, chinese = LONG_NAMES[str(name)]
        grid.attrs |= {"long_name": english, "long_name_zh": chinese, "units": "1"}
        grid.attrs["kind"] = "continuous"
    for name in ("mineral", "second"):
        result[name].attrs |= {"kind": "categorical", **class_attrs(rules)}
    result["depth"].attrs["reference_depths"] = dict(
        zip(compiled.codes.tolist(), compiled.depths.tolist(), strict=True)
    )
    result.attrs = {
        "rules": rules.source,
        **coverage(compiled),
        "notes": _notes(compiled, rules),
    }
    return result


def coverage(compiled: Compiled) -> dict[str, Any]:
    """Rules the bands cannot judge, or judge without a part, in words."""
    return {
        "not_covered": {name: why.say() for name, why in compiled.not_covered.items()},
        "partly": {
            name: [each.say() for each in parts]
            for name, parts in compiled.partly.items()
        },
    }


def class_attrs(rules: MineralRules) -> dict[str, Any]:
    """Names, groups and rules by code; code 0 is what no rule accepts."""
    coded = list(enumerate(rules.rules, 1))
    groups = groups_table()
    masked = {key for key, group in groups.items() if group.get("masker")}
    return {
        "classes": {0: "unclassified"} | {i: rule.label() for i, rule in coded},
        "classes_zh": {0: "未分类"} | {i: rule.label("zh") for i, rule in coded},
        "rules": {i: rule.name for i, rule in coded},
        "groups": {i: rule.group for i, rule in coded},
        "minerals": {i: list(rule.minerals) for i, rule in coded},
        "centres": {i: centre_of(rule.features[0]) for i, rule in coded},
        "maskers": [i for i, rule in coded if rule.group in masked],
    }


def _notes(compiled: Compiled, rules: MineralRules) -> list[str]:
    whole, notes = len(rules.rules), []
    if compiled.not_covered:
        told = _first(coverage(compiled)["not_covered"])
        notes.append(
            f"{len(compiled.not_covered)} of {whole} rules could not be judged on "
            f"these bands: {told}"
        )
    if compiled.partly:
        told = _first({name: why[0].say() for name, why in compiled.partly.items()})
        notes.append(
            f"{len(compiled.partly)} of {whole} rules were judged without a feature "
            f"or a check that these bands do not cover: {told}"
        )
    return notes


def _first(reasons: dict[str, str]) -> str:
    told = [f"{name} ({why})" for name, why in list(reasons.items())[:SHOWN]]
    return "; ".join(told) + (" …" if len(reasons) > SHOWN else "")
