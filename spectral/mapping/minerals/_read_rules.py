"""Rule files: our own TOML and the JSON of the USGS MICA rules."""

from __future__ import annotations

import functools
import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from ._findings import MISSING, Findings
from ._read_mica import read_mica
from ._rules import Bounds, DepthRatio, Feature, MineralRules, NotFeature, Rule

RULE_KEYS = (
    "en", "zh", "group", "minerals", "references", "note", "features", "nots",
    "ratios", "min_fit", "depth", "min_fit_depth", "family", "arbiter",
)  # fmt: skip
SHAPE_KEYS = ("window", "reference", "bands", "position", "cause", "min_fit")
FEATURE_KEYS = (
    *SHAPE_KEYS, "weight", "left", "mean", "right", "ratio", "depth", "tolerance",
    "required",
)  # fmt: skip
NOT_KEYS = (*SHAPE_KEYS, "min_depth", "min_relative_depth")


def read_mineral_rules(*paths: str | Path) -> MineralRules:
    """
    Rules by which minerals are recognised.

    Parameters
    ----------
    *paths : path
        ``.json`` files of MICA rules (wavelengths in µm, shapes by the name of a
        reference spectrum) or ``.toml`` files of ours (wavelengths in nm, shapes by
        reference or by modelled bands); several are joined in their order. None: the
        rules that come with the package, written from published positions, which need
        no reference spectra.

    Returns
    -------
    MineralRules
        With names, ``select``, ``within``, ``table`` and the reference spectra
        ``needed``.

    Raises
    ------
    ValueError
        If a file cannot be read as rules: every problem with rule, key, value and
        remedy, at once; or if two files name a rule alike.

    References
    ----------
    Kokaly, R. F. (2011). PRISM: Processing routines in IDL for spectroscopic
    measurements. USGS Open-File Report 2011-1155.

    Examples
    --------
    >>> rules = read_mineral_rules()
    >>> rules.rules[rules.names.index("dickite")].label("zh")
    '迪开石'
    """
    if not paths:
        data = resources.files(__package__.partition(".")[0]) / "data"
        text = (data / "mineral_rules.toml").read_text(encoding="utf-8")
        return _read_ours(tomllib.loads(text), Findings("mineral_rules.toml"))
    sets = [_read(Path(path)) for path in paths]
    joined = tuple(rule for each in sets for rule in each.rules)
    names = [rule.name for rule in joined]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"{', '.join(each.source for each in sets)} name rules alike: {twice[:5]}. "
            "Rename them in one of the files."
        )
    literature = {key: text for each in sets for key, text in each.literature.items()}
    return MineralRules(joined, ", ".join(each.source for each in sets), literature)


def _read(path: Path) -> MineralRules:
    readers = {".json": (json.loads, read_mica), ".toml": (tomllib.loads, _read_ours)}
    if path.suffix.lower() not in readers:
        raise ValueError(
            f"{path.name}: rules are read from .json (MICA) or .toml files. Rename it "
            "if it is one of them."
        )
    parse, read = readers[path.suffix.lower()]
    try:
        content = parse(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        kind = path.suffix[1:].upper()
        raise ValueError(f"{path.name} is no {kind} file: {error}") from None
    return read(content, Findings(path.name))


@functools.cache
def groups_table() -> dict[str, dict[str, Any]]:
    """Groups of minerals by key: en, zh, colour, masker."""
    data = resources.files(__package__.partition(".")[0]) / "data"
    text = (data / "mineral_groups.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["groups"]


def _read_ours(content: object, found: Findings) -> MineralRules:
    given = found.table(content, "the file", ("rules", "literature", "about"))
    rules = given.get("rules")
    if not isinstance(rules, dict) or not rules:
        found.add(
            "rules", MISSING, "is missing", "Write a table [rules.NAME] a mineral"
        )
        found.raise_all()
    literature = found.table(
        given.get("literature", {}), "literature", given.get("literature", {})
    )
    read = [_rule(name, table, literature, found) for name, table in rules.items()]
    found.raise_all()
    return MineralRules(tuple(read), found.file, dict(literature))


def _rule(name: str, value: object, literature: dict, found: Findings) -> Rule:
    given = found.table(value, name, RULE_KEYS)
    _check_names(name, given, literature, found)
    features = [
        _feature(each, f"{name}.features[{i}]", found)
        for i, each in enumerate(
            found.tables(given.get("features"), f"{name}.features")
        )
    ]
    if not features:
        found.add(
            f"{name}.features", MISSING, "is missing", "Give at least one feature"
        )
    nots = [
        _not(each, f"{name}.nots[{i}]", found)
        for i, each in enumerate(found.tables(given.get("nots"), f"{name}.nots"))
    ]
    ratios = [
        _ratio(each, f"{name}.ratios[{i}]", len(features), found)
        for i, each in enumerate(found.tables(given.get("ratios"), f"{name}.ratios"))
    ]
    family = given.get("family")
    return Rule(
        name=name,
        features=tuple(each for each in features if each),
        nots=tuple(each for each in nots if each),
        ratios=tuple(each for each in ratios if each),
        min_fit=found.number(given.get("min_fit"), f"{name}.min_fit", low=0, high=1),
        depth=found.bounds(given.get("depth"), f"{name}.depth", low=0, high=10),
        min_fit_depth=found.number(
            given.get("min_fit_depth"), f"{name}.min_fit_depth", low=0, high=10
        ),
        family=None if family is None else found.text(family, f"{name}.family"),
        arbiter=found.bounds(
            given.get("arbiter"), f"{name}.arbiter", low=100, high=1e6
        ),
        en=found.text(given.get("en"), f"{name}.en"),
        zh=found.text(given.get("zh"), f"{name}.zh"),
        group=found.text(given.get("group"), f"{name}.group"),
        minerals=found.texts(given.get("minerals"), f"{name}.minerals"),
        references=found.texts(given.get("references"), f"{name}.references"),
        note=found.text(given.get("note"), f"{name}.note"),
    )


def _check_names(name: str, given: dict, literature: dict, found: Findings) -> None:
    group = given.get("group")
    if group is not None and group not in groups_table():
        known = ", ".join(groups_table())
        found.add(f"{name}.group", group, "is no group", f"Use one of {known}")
    for key in given.get("references") or ():
        if isinstance(key, str) and key not in literature:
            found.add(
                f"{name}.references", key, "is no key of [literature]",
                "Add the full reference there",
            )  # fmt: skip


def _shape(given: dict, place: str, found: Findings) -> dict[str, Any] | None:
    """What features and their opposites have in common."""
    window = found.window(given.get("window"), f"{place}.window")
    reference = given.get("reference")
    bands = found.tables(given.get("bands"), f"{place}.bands")
    if (reference is None) == (not bands):
        found.add(
            place, MISSING, "needs a shape",
            "Give either reference = a spectrum's name or bands = [{position, depth, "
            "width}]",
        )  # fmt: skip
    model = [found.band(each, f"{place}.bands[{i}]") for i, each in enumerate(bands)]
    if window is None or None in model:
        return None
    for band in model:
        if not window[0] - 300 <= band.position <= window[3] + 300:
            found.add(
                f"{place}.bands", band.position, "lies far from the window",
                "Leave the band out or move the window",
            )  # fmt: skip
    return {
        "window": window,
        "reference": None
        if reference is None
        else found.text(reference, f"{place}.reference"),
        "model": tuple(model),
        "cause": found.text(given.get("cause"), f"{place}.cause"),
        "position": _position(given, place, window, found),
    }


def _position(
    given: dict, place: str, window: tuple[float, ...], found: Findings
) -> Bounds:
    low, high = window[0], window[3]
    return found.bounds(given.get("position"), f"{place}.position", low=low, high=high)


def _feature(value: object, place: str, found: Findings) -> Feature | None:
    given = found.table(value, place, FEATURE_KEYS)
    shape = _shape(given, place, found)
    share = {"low": 0.0, "high": 1.0}
    required = given.get("required", True)
    if not isinstance(required, bool):
        found.add(f"{place}.required", required, "is not true or false", "Use one")
        required = True
    weight = found.number(given.get("weight", 1), f"{place}.weight", low=0, high=100)
    sides = {
        key: found.bounds(given.get(key), f"{place}.{key}", low=0, high=100)
        for key in ("left", "mean", "right", "ratio")
    }
    least = found.number(given.get("min_fit"), f"{place}.min_fit", **share)
    depth = found.bounds(given.get("depth"), f"{place}.depth", low=0, high=10)
    tolerance = found.number(
        given.get("tolerance", 0), f"{place}.tolerance", low=0, high=500
    )
    if shape is None or weight is None or tolerance is None:
        return None
    return Feature(
        **shape, **sides, weight=weight, min_fit=least, depth=depth,
        tolerance=tolerance, required=required,
    )  # fmt: skip


def _not(value: object, place: str, found: Findings) -> NotFeature | None:
    given = found.table(value, place, NOT_KEYS)
    shape = _shape(given, place, found)
    least = found.number(given.get("min_fit", 0), f"{place}.min_fit", low=0, high=1)
    depths = {
        key: found.number(given.get(key), f"{place}.{key}", low=0, high=100)
        for key in ("min_depth", "min_relative_depth")
    }
    if sum(key in given for key in depths) != 1:
        found.add(
            place, MISSING, "needs one depth",
            "Give either min_depth or min_relative_depth (times the first feature's)",
        )  # fmt: skip
    if shape is None or least is None:
        return None
    return NotFeature(**shape, **depths, min_fit=least)


def _ratio(
    value: object, place: str, features: int, found: Findings
) -> DepthRatio | None:
    given = found.table(value, place, ("upper", "lower", "min", "max"))
    ends = []
    for key in ("upper", "lower"):
        number = given.get(key)
        if type(number) is not int or not 0 <= number < features:
            found.add(
                f"{place}.{key}", number, "is no feature of this rule",
                f"Count them from 0 to {features - 1}",
            )  # fmt: skip
        ends.append(number)
    pair = [given.get("min"), given.get("max")]
    bounds = found.bounds(pair, place, low=0, high=1000)
    if bounds == Bounds():
        found.add(place, MISSING, "has no bound", "Give min, max or both")
        return None
    return DepthRatio(*ends, bounds)
