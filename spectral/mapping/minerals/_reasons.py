"""What each part of a rule says of one spectrum, in plain numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._measure import membership
from ._rules import Bounds
from ._wording import sentences

if TYPE_CHECKING:
    from ._compile import Compiled, Judged
    from ._rules import Feature, NotFeature

FOR, AGAINST, VETO, SILENT, PASSED = "for", "against", "veto", "silent", "passed"


class Measured(NamedTuple):
    """A feature of one spectrum."""

    left: float
    right: float
    fit: float  # NaN where no absorption of the shape is there
    depth: float
    place: float


class Judgement(NamedTuple):
    """All that a rule says: rows of the table, its sums and whether it accepts."""

    rows: list[dict[str, Any]]
    fit: float
    depth: float
    product: float
    accepted: bool
    likeness: float  # fit without any constraint, to rank what was rejected


def measure(
    values: np.ndarray, wave: np.ndarray, compiled: Compiled, place: tuple[int, int]
) -> Measured:
    """Shoulders, fit, depth and position of a feature by its window and pair."""
    window, shape = compiled.windows[place[0]], compiled.shapes[place[1]]
    left, right = values[window.left].mean(), values[window.right].mean()
    nothing = Measured(left, right, np.nan, np.nan, np.nan)
    if not (left > 0 and right > 0):
        return nothing
    removed = values[window.bands] / (left + (right - left) * window.along)
    spread = float(((removed - removed.mean()) ** 2).sum())
    scale = float(shape.slope @ removed)
    where = _minimum(removed, wave[window.bands], compiled.reach[place[0]])
    if not (scale > 0 and spread > 0):
        return nothing._replace(place=where)
    fit = scale**2 * shape.square / spread
    return Measured(left, right, fit, shape.depth * scale, where)


def _minimum(removed: np.ndarray, wave: np.ndarray, reach: int) -> float:
    """Vertex of the parabola about the lowest band; NaN at an end or without reach."""
    lowest = int(removed.argmin())
    if not reach or lowest in (0, removed.size - 1):
        return np.nan
    near = slice(max(0, lowest - reach), lowest + reach + 1)
    middle = wave[lowest]
    bend, slope, _ = np.polyfit(wave[near] - middle, removed[near], 2)
    vertex = middle - slope / (2 * bend) if bend > 0 else np.nan
    return vertex if wave[near][0] <= vertex <= wave[near][-1] else np.nan


def judge_rule(
    values: np.ndarray, wave: np.ndarray, compiled: Compiled, number: int, lang: str
) -> Judgement:
    """Every part of one rule, for or against."""
    judged = compiled.judged[number]
    found = [measure(values, wave, compiled, place) for place in judged.places]
    rows, sums, alive, likeness = [], np.zeros(3), True, 0.0
    for i, (feature, one) in enumerate(zip(judged.rule.features, found, strict=True)):
        row, share = _feature(feature, one, lang)
        weight = judged.weights[i]
        rows.append(row | {"part": f"feature {i + 1}", "weight": weight})
        likeness += weight * np.nan_to_num(one.fit)
        if row["verdict"] == FOR:
            agreed = weight * share * one.fit
            sums += agreed, weight * one.depth, agreed * one.depth
        alive &= row["verdict"] != AGAINST
    for i, (part, place) in enumerate(
        zip(judged.rule.nots, judged.not_places, strict=True)
    ):
        row = _not(part, measure(values, wave, compiled, place), found[0].depth, lang)
        rows.append(row | {"part": f"not {i + 1}"})
        alive &= row["verdict"] != VETO
    for row in _ratios(judged, found, lang):
        rows.append(row)
        alive &= row["verdict"] != AGAINST
    total = _total(judged, sums, lang)
    rows.append(total)
    accepted = bool(alive and total["verdict"] == FOR and sums[0] > 0)
    return Judgement(rows, *map(float, sums), accepted, float(likeness))


def _feature(
    feature: Feature, one: Measured, lang: str
) -> tuple[dict[str, Any], float]:
    name = _name(feature, lang)
    row = _row(feature, one)
    share = 1.0
    wanted = feature.position
    if wanted != Bounds():
        ends = (*_open(wanted), feature.tolerance)
        share = float(membership(one.place, ends))
    checks = [
        ("shape", one.fit, Bounds(), np.isfinite(one.fit)),
        *_shoulders(feature, one),
        ("min_fit", one.fit, Bounds(feature.min_fit), None),
        ("depth", one.depth, feature.depth, None),
        ("position", one.place, wanted, share > 0),
    ]
    for key, value, bounds, passed in checks:
        good = _holds(value, bounds) if passed is None else passed
        if not good:
            lost = key == "position" and np.isnan(value)
            words = _say("no_position" if lost else key, lang, name, value, bounds)
            row |= {"criterion": key, "value": value, "reason": words}
            row |= {"low": bounds.low, "high": bounds.high}
            return row | {"verdict": AGAINST if feature.required else SILENT}, 0.0
    place = ""
    if np.isfinite(one.place) and wanted != Bounds():
        place = sentences()["place"][lang].format(position=one.place)
        if share < 1:
            part = sentences()["partial"][lang]
            place += part.format(share=share, bounds=_bounds(wanted))
    reason = sentences()["feature_for"][lang].format(
        name=name, fit=one.fit, depth=one.depth, place=place
    )
    row |= {"criterion": "fit", "value": one.fit, "low": feature.min_fit, "high": None}
    return row | {"verdict": FOR, "reason": reason}, share


def _shoulders(feature: Feature, one: Measured) -> list[tuple]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.float64(one.right) / one.left
    values = {
        "left": one.left,
        "mean": 0.5 * (one.left + one.right),
        "right": one.right,
        "ratio": ratio,
    }
    return [(key, value, getattr(feature, key), None) for key, value in values.items()]


def _not(part: NotFeature, one: Measured, first: float, lang: str) -> dict[str, Any]:
    if part.min_depth is not None:
        least = part.min_depth
    else:
        least = part.min_relative_depth * first
    present = one.fit >= part.min_fit and one.depth >= least
    present = present and _holds(one.place, part.position)
    bounds = Bounds(least if np.isfinite(least) else None)
    name = _name(part, lang)
    key = "not_veto" if present else "not_passed"
    reason = sentences()[key][lang].format(
        name=name, fit=one.fit, value=one.depth, bounds=_bounds(bounds)
    )
    verdict = VETO if present else PASSED
    row = _row(part, one) | {"criterion": "absent", "value": one.depth}
    return row | {"low": None, "high": least, "verdict": verdict, "reason": reason}


def _ratios(judged: Judged, found: list[Measured], lang: str) -> list[dict[str, Any]]:
    rows = []
    for ratio in judged.rule.ratios:
        upper, lower = found[ratio.upper].depth, found[ratio.lower].depth
        value = upper / lower
        low, high = _open(ratio.bounds)
        against = value < low or value >= high
        pair = [judged.rule.features[i] for i in (ratio.upper, ratio.lower)]
        name = " / ".join(_name(part, lang) for part in pair)
        key = "depths" if against else "depths_passed"
        rows.append(
            {
                "part": "ratio",
                "criterion": "depths",
                "value": value,
                "low": ratio.bounds.low,
                "high": ratio.bounds.high,
                "verdict": AGAINST if against else PASSED,
                "reason": _say(key, lang, name, value, ratio.bounds),
            }
        )
    return rows


def _total(judged: Judged, sums: np.ndarray, lang: str) -> dict[str, Any]:
    rule, (fit, depth, product) = judged.rule, sums
    checks = [
        ("total_fit", fit, Bounds(rule.min_fit), fit > 0),
        ("total_depth", depth, rule.depth, True),
        ("total_product", product, Bounds(rule.min_fit_depth), True),
    ]
    for key, value, bounds, also in checks:
        good = _holds(value, bounds) and also
        if key == "total_product" and bounds.low is not None:
            good = value > bounds.low
        if not good:
            shown = f"{bounds.low:g}" if key == "total_product" else None
            return {
                "part": "sum",
                "criterion": key,
                "value": value,
                "low": bounds.low,
                "high": bounds.high,
                "verdict": AGAINST,
                "reason": _say(key, lang, "", value, bounds, shown),
            }
    words = sentences()["total"][lang].format(fit=fit, depth=depth)
    return {
        "part": "sum",
        "criterion": "total_fit",
        "value": fit,
        "low": rule.min_fit,
        "high": None,
        "verdict": FOR,
        "reason": words,
    }


def _row(part: Feature | NotFeature, one: Measured) -> dict[str, Any]:
    return {
        "cause": part.cause,
        "from": part.window[0],
        "to": part.window[3],
        "position": one.place,
        "fit": one.fit,
        "depth": one.depth,
    }


def _name(part: Feature | NotFeature, lang: str) -> str:
    low, high = part.window[0], part.window[3]
    if hasattr(part, "weight"):
        cause = f"{part.cause} " if part.cause else ""
        return sentences()["name"][lang].format(cause=cause, low=low, high=high)
    what = part.reference or part.cause
    return sentences()["name_not"][lang].format(what=what, low=low, high=high)


def _holds(value: float, bounds: Bounds) -> bool:
    low, high = _open(bounds)
    return bounds == Bounds() or bool(low <= value <= high)


def _open(bounds: Bounds) -> tuple[float, float]:
    low, high = bounds
    return (-np.inf if low is None else low, np.inf if high is None else high)


def _bounds(bounds: Bounds) -> str:
    low, high = bounds
    if low is None:
        return "" if high is None else f"≤ {high:.4g}"
    return f"≥ {low:.4g}" if high is None else f"{low:.4g}-{high:.4g}"


def _say(
    key: str,
    lang: str,
    name: str,
    value: float,
    bounds: Bounds,
    shown: str | None = None,
) -> str:
    text = sentences()[key][lang]
    return text.format(name=name, value=value, bounds=shown or _bounds(bounds))
