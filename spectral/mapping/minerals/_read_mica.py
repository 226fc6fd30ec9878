"""MICA rules in JSON: wavelengths in µm, shapes by the name of a reference spectrum."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

from ._findings import MISSING
from ._rules import Bounds, DepthRatio, Feature, MineralRules, NotFeature, Rule

if TYPE_CHECKING:
    from ._findings import Findings

NM = 1000.0
RULE_KEYS = (
    "output_name", "reference", "diagnostic_features", "not_absolute_features",
    "not_relative_features", "weighted_constraints", "max_depth_ratio_feat1_over_feat0",
)  # fmt: skip
FEATURE_KEYS = (
    "feature_weight", "continuum_endpoints", "continuum_constraints", "fit_constraint",
    "depth_constraints", "absorption_center_range",
)  # fmt: skip
SIDES = ("left", "mean", "right", "ratio")
SIDE_KEYS = tuple(f"{side}_{end}" for side in SIDES for end in ("min", "max"))
TOTAL_KEYS = (
    "min_weighted_fit", "min_weighted_depth", "max_weighted_depth",
    "min_fit_depth_product",
)  # fmt: skip
DEPTH_OF = {
    "not_absolute_features": "absolute_depth_constraint",
    "not_relative_features": "relative_depth_threshold",
}
SOURCE = "kokaly2011"
LITERATURE = {
    SOURCE: "Kokaly, R. F. (2011). PRISM: Processing routines in IDL for spectroscopic "
    "measurements. USGS Open-File Report 2011-1155."
}


@functools.cache
def _names() -> dict[str, dict[str, Any]]:
    data = resources.files(__package__.partition(".")[0]) / "data"
    text = (data / "mineral_groups.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["names"]


def read_mica(content: object, found: Findings) -> MineralRules:
    """Rules of a parsed file; raises with all its problems."""
    given = found.table(content, "the file", ("rf",))
    rules = given.get("rf")
    if not isinstance(rules, dict) or not rules:
        found.add("rf", MISSING, "is missing", 'Rules stand under the key "rf"')
        found.raise_all()
    read = [_rule(name, table, found) for name, table in rules.items()]
    found.raise_all()
    return MineralRules(tuple(read), found.file, LITERATURE)


def _rule(name: str, value: object, found: Findings) -> Rule:
    given = found.table(value, name, RULE_KEYS)
    spectrum = _reference(given, name, found)
    features, centres = [], []
    for i, each in enumerate(
        found.tables(given.get("diagnostic_features"), f"{name}.diagnostic_features")
    ):
        place = f"{name}.diagnostic_features[{i}]"
        features.append(_feature(each, place, spectrum, found))
        centres.append(_centre(each, place, found))
    if not features:
        found.add(f"{name}.diagnostic_features", MISSING, "is missing", "Give one")
    nots = [
        _not(each, f"{name}.{kind}[{i}]", DEPTH_OF[kind], found)
        for kind in DEPTH_OF
        for i, each in enumerate(found.tables(given.get(kind), f"{name}.{kind}"))
    ]
    known = _names().get(name, {})
    arbiter = centres[0] if centres else Bounds()
    return Rule(
        name=name,
        features=tuple(each for each in features if each),
        nots=tuple(each for each in nots if each),
        ratios=_ratios(given, name, len(features), found),
        **_totals(given.get("weighted_constraints", {}), name, found),
        family=known.get("family") if arbiter != Bounds() else None,
        arbiter=arbiter,
        en=known.get("en", ""),
        zh=known.get("zh", ""),
        group=known.get("group", ""),
        minerals=tuple(known.get("minerals", ())),
        references=(SOURCE,),
    )


def _reference(given: dict, name: str, found: Findings) -> str:
    """Name of the spectrum: the output name, as the peer's engine looks it up."""
    table = given.get("reference")
    spectrum = table.get("reflectance_record") if isinstance(table, dict) else None
    chosen = given.get("output_name") or spectrum
    if not isinstance(chosen, str):
        found.add(
            f"{name}.output_name", chosen, "names no reference spectrum",
            "Give the spectrum's name as text",
        )  # fmt: skip
        return name
    return chosen


def _feature(
    value: object, place: str, spectrum: str, found: Findings
) -> Feature | None:
    given = found.table(value, place, FEATURE_KEYS)
    window = found.window(
        given.get("continuum_endpoints"), f"{place}.continuum_endpoints", scale=NM
    )
    weight = found.number(
        given.get("feature_weight"), f"{place}.feature_weight", low=0, high=100,
        needed=True,
    )  # fmt: skip
    least = found.number(
        given.get("fit_constraint"), f"{place}.fit_constraint", low=0, high=1
    )
    depth = found.bounds(
        given.get("depth_constraints"), f"{place}.depth_constraints", low=0, high=100
    )
    sides = _sides(given.get("continuum_constraints") or {}, place, found)
    if window is None or weight is None:
        return None
    return Feature(window, weight, spectrum, min_fit=least, depth=depth, **sides)


def _sides(value: object, place: str, found: Findings) -> dict[str, Bounds]:
    place = f"{place}.continuum_constraints"
    given = found.table(value, place, SIDE_KEYS)
    return {
        side: found.bounds(
            [given.get(f"{side}_min"), given.get(f"{side}_max")],
            f"{place}.{side}", low=-10, high=1000,
        )
        for side in SIDES
    }  # fmt: skip


def _centre(value: object, place: str, found: Findings) -> Bounds:
    ends = value.get("absorption_center_range") if isinstance(value, dict) else None
    place = f"{place}.absorption_center_range"
    low, high = found.bounds(ends, place, low=0.1, high=1000)
    return Bounds(
        None if low is None else NM * low, None if high is None else NM * high
    )


def _not(value: object, place: str, key: str, found: Findings) -> NotFeature | None:
    keys = ("reflectance_record", "continuum_endpoints", "fit_constraint", key)
    given = found.table(value, place, keys)
    window = found.window(
        given.get("continuum_endpoints"), f"{place}.continuum_endpoints", scale=NM
    )
    spectrum = given.get("reflectance_record")
    if not isinstance(spectrum, str):
        found.add(
            f"{place}.reflectance_record", spectrum, "names no reference spectrum",
            "Give the spectrum's name as text: record numbers of splib06 are not read",
        )  # fmt: skip
    least = found.number(
        given.get("fit_constraint"), f"{place}.fit_constraint", low=0, high=1,
        needed=True,
    )  # fmt: skip
    depth = found.number(given.get(key), f"{place}.{key}", low=0, high=100, needed=True)
    if window is None or least is None or depth is None:
        return None
    how = "min_depth" if key.startswith("absolute") else "min_relative_depth"
    return NotFeature(window, str(spectrum), min_fit=least, **{how: depth})


def _ratios(
    given: dict, name: str, features: int, found: Findings
) -> tuple[DepthRatio, ...]:
    key = "max_depth_ratio_feat1_over_feat0"
    most = found.number(given.get(key), f"{name}.{key}", low=0, high=1000)
    if most is None:
        return ()
    if features < 2:
        found.add(
            f"{name}.{key}", most, "needs two features", "Add one or leave the key out"
        )
        return ()
    return (DepthRatio(1, 0, Bounds(None, most)),)


def _totals(value: object, name: str, found: Findings) -> dict[str, Any]:
    place = f"{name}.weighted_constraints"
    given = found.table(value, place, TOTAL_KEYS)
    numbers = {
        key: found.number(given.get(key), f"{place}.{key}", low=0, high=100)
        for key in TOTAL_KEYS
    }
    return {
        "min_fit": numbers["min_weighted_fit"],
        "depth": Bounds(numbers["min_weighted_depth"], numbers["max_weighted_depth"]),
        "min_fit_depth": numbers["min_fit_depth_product"],
    }
