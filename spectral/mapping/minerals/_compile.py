"""Rules made ready for the bands of one sensor: arrays the kernel walks through."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._rules import Bounds, Feature, MineralRules, NotFeature, Rule
from ._shapes import (
    Shape,
    Window,
    band_window,
    make_shape,
    model_spectrum,
    reference_curve,
)
from ._wording import Lack, Without

if TYPE_CHECKING:
    from collections.abc import Mapping

INF = np.inf
LEAST_SHARE = 0.5  # of a rule's weight that covered features must carry


class Tables(NamedTuple):
    """What the kernel needs, flat; ``x_start[i]:x_start[i + 1]`` are the parts of i."""

    band_start: np.ndarray  # per window, into band, along and wave
    band: np.ndarray
    along: np.ndarray
    wave: np.ndarray
    left_start: np.ndarray
    left: np.ndarray
    right_start: np.ndarray
    right: np.ndarray
    reach: np.ndarray  # bands on each side of the minimum; 0: no position wanted
    pair_start: np.ndarray  # per window: pairs of window and shape
    slope_start: np.ndarray
    slope: np.ndarray
    pair_square: np.ndarray
    pair_depth: np.ndarray
    feature_start: np.ndarray  # per rule
    feature_window: np.ndarray
    feature_pair: np.ndarray
    feature_weight: np.ndarray
    feature_bounds: np.ndarray  # left, mean, right, ratio: low, high; fit; depth
    feature_position: np.ndarray  # low, high, tolerance
    feature_required: np.ndarray
    not_start: np.ndarray  # per rule
    not_window: np.ndarray
    not_pair: np.ndarray
    not_bounds: np.ndarray  # fit, depth, relative depth, position low, high
    ratio_start: np.ndarray  # per rule
    ratio_of: np.ndarray  # upper, lower: features counted over all rules
    ratio_bounds: np.ndarray
    total: np.ndarray  # per rule: fit, depth low, high, fit times depth
    family: np.ndarray
    arbiter: np.ndarray


@dataclass
class Compiled:
    """Rules of a sensor: tables, and what its bands do not tell."""

    tables: Tables
    judged: list[Judged]
    codes: np.ndarray  # of each in the whole set, from 1
    windows: list[Window]
    shapes: list[Shape]
    reach: list[int]  # per window
    depths: np.ndarray  # weighted depth of the pure reference, per rule
    not_covered: dict[str, Lack] = field(default_factory=dict)
    partly: dict[str, list[Without]] = field(default_factory=dict)

    @property
    def rules(self) -> list[Rule]:
        """Rules that can be judged, features cut to the covered ones."""
        return [each.rule for each in self.judged]


class Judged(NamedTuple):
    """A rule on a sensor: window and pair of each feature, weights made up for gaps."""

    rule: Rule
    places: list[tuple[int, int]]
    weights: list[float]
    not_places: list[tuple[int, int]]


class _Collector:
    """Distinct windows and distinct pairs of a window and a shape."""

    def __init__(
        self,
        wavelength: np.ndarray,
        fwhm: np.ndarray | None,
        references: Mapping[str, np.ndarray],
    ) -> None:
        self.wavelength, self.fwhm, self.references = wavelength, fwhm, references
        self.windows: dict[tuple, tuple[int, Window]] = {}
        self.reach: list[int] = []
        self.pairs: dict[tuple, tuple[int, int, Shape]] = {}

    def add(
        self, part: Feature | NotFeature, *, centre: bool
    ) -> tuple[int, int] | Lack:
        """Numbers of window and pair, or why the sensor does not cover the feature."""
        usable, whole = None, None
        if part.reference is not None:
            whole = self.references[part.reference]
            usable = np.isfinite(whole)
        window = band_window(part.window, self.wavelength, usable)
        if isinstance(window, Lack):
            return window
        reach = self._reach(part, window) if centre else 0
        key = (part.window, window.bands.tobytes(), reach)
        shape_key = (key, part.reference or part.model)
        if shape_key not in self.pairs:
            if whole is None:
                whole = model_spectrum(part.model, self.wavelength, self.fwhm)
            shape = make_shape(reference_curve(window, whole))
            if shape is None:
                return Lack("flat", part.window[0], part.window[3])
            number = self.windows.setdefault(key, (len(self.windows), window))[0]
            if number == len(self.reach):
                self.reach.append(reach)
            self.pairs[shape_key] = (len(self.pairs), number, shape)
        pair, number, _ = self.pairs[shape_key]
        return number, pair

    def _reach(self, part: Feature | NotFeature, window: Window) -> int:
        """Bands on each side through which the parabola of the minimum goes."""
        if not part.model:
            return 1
        band = max(part.model, key=lambda each: each.depth)
        spacing = float(np.median(np.diff(self.wavelength[window.bands])))
        wide = 0.2 * (band.left + band.right) / 2
        return max(1, min(round(wide / spacing), (window.bands.size - 3) // 2))


def compile_rules(
    rules: MineralRules,
    wavelength: np.ndarray,
    *,
    fwhm: np.ndarray | None = None,
    references: Mapping[str, np.ndarray] | None = None,
) -> Compiled:
    """
    Rules on the good bands of a sensor.

    Parameters
    ----------
    rules : MineralRules
        Rules.
    wavelength : ndarray, shape (n_bands,)
        Good bands, nm.
    fwhm : ndarray, shape (n_bands,), optional
        Their widths: modelled bands are seen through them.
    references : mapping of str to ndarray, shape (n_bands,)
        Reference spectra on the same bands, NaN where they have no value.

    Returns
    -------
    Compiled
        A rule of which a required feature has no bands is not judged; what is not
        required, or would only speak against, is left out and told.
    """
    collector = _Collector(wavelength, fwhm, references or {})
    judged, codes, not_covered, partly = [], [], {}, {}
    for code, rule in enumerate(rules.rules, 1):
        told: list[Without] = []
        found = _covered(rule, collector, told)
        if isinstance(found, Lack):
            not_covered[rule.name] = found
            continue
        judged.append(found)
        codes.append(code)
        if told:
            partly[rule.name] = told
    shapes = [shape for _, _, shape in collector.pairs.values()]
    tables = _tables(collector, judged, wavelength)
    depths = [
        sum(
            weight * shapes[pair].depth
            for (_, pair), weight in zip(each.places, each.weights, strict=True)
        )
        for each in judged
    ]
    return Compiled(
        tables,
        judged,
        np.array(codes, int),
        [window for _, window in collector.windows.values()],
        shapes,
        collector.reach,
        np.array(depths, float),
        not_covered,
        partly,
    )


def _covered(rule: Rule, collector: _Collector, told: list[Without]) -> Judged | Lack:
    """Rule cut down to what the bands cover, or why it cannot be judged."""
    kept, places, moved = [], [], {}
    for number, feature in enumerate(rule.features):
        wanted = feature.position != Bounds()
        wanted |= number == 0 and rule.family is not None
        place = collector.add(feature, centre=wanted)
        if isinstance(place, Lack):
            if feature.required:
                return place
            told.append(Without("feature", place))
            continue
        moved[number] = len(kept)
        kept.append(feature)
        places.append(place)
    whole = sum(feature.weight for feature in rule.features)
    seen = sum(feature.weight for feature in kept)
    if not kept or seen < LEAST_SHARE * whole:
        return Lack("little_weight", number=seen / whole)
    nots, not_places = [], []
    for each in rule.nots:
        place = collector.add(each, centre=each.position != Bounds())
        if isinstance(place, Lack):
            told.append(Without("check", place))
            continue
        nots.append(each)
        not_places.append(place)
    ratios = [
        ratio._replace(upper=moved[ratio.upper], lower=moved[ratio.lower])
        for ratio in rule.ratios
        if ratio.upper in moved and ratio.lower in moved
    ]
    if len(ratios) < len(rule.ratios):
        told.append(Without("ratio"))
    cut = replace(rule, features=tuple(kept), nots=tuple(nots), ratios=tuple(ratios))
    weights = [feature.weight * whole / seen for feature in kept] if seen else []
    return Judged(cut, places, weights or [0.0] * len(kept), not_places)


def _tables(
    collector: _Collector, judged: list[Judged], wavelength: np.ndarray
) -> Tables:
    windows = [window for _, window in collector.windows.values()]
    order, pair_start, slope_start, slope, square, depth = _pairs(collector)
    families: dict[str, int] = {}
    features = [
        (feature, place, weight)
        for each in judged
        for feature, place, weight in zip(
            each.rule.features, each.places, each.weights, strict=True
        )
    ]
    nots = [
        (part, place)
        for each in judged
        for part, place in zip(each.rule.nots, each.not_places, strict=True)
    ]
    first = _starts([len(each.rule.features) for each in judged])
    ratios = [
        (first[i] + ratio.upper, first[i] + ratio.lower, *_ends(ratio.bounds))
        for i, each in enumerate(judged)
        for ratio in each.rule.ratios
    ]
    return Tables(
        band_start=_starts([window.bands.size for window in windows]),
        band=_joined([window.bands for window in windows], int),
        along=_joined([window.along for window in windows], float),
        wave=_joined([wavelength[window.bands] for window in windows], float),
        left_start=_starts([window.left.size for window in windows]),
        left=_joined([window.left for window in windows], int),
        right_start=_starts([window.right.size for window in windows]),
        right=_joined([window.right for window in windows], int),
        reach=np.array(collector.reach, int),
        pair_start=pair_start,
        slope_start=slope_start,
        slope=slope,
        pair_square=square,
        pair_depth=depth,
        feature_start=first,
        feature_window=np.array([place[0] for _, place, _ in features], int),
        feature_pair=np.array([order[place[1]] for _, place, _ in features], int),
        feature_weight=np.array([weight for *_, weight in features], float),
        feature_bounds=_rows([_feature_bounds(part) for part, *_ in features], 11),
        feature_position=_rows(
            [(*_ends(part.position), part.tolerance) for part, *_ in features], 3
        ),
        feature_required=np.array([part.required for part, *_ in features], bool),
        not_start=_starts([len(each.rule.nots) for each in judged]),
        not_window=np.array([place[0] for _, place in nots], int),
        not_pair=np.array([order[place[1]] for _, place in nots], int),
        not_bounds=_rows([_not_bounds(part) for part, _ in nots], 5),
        ratio_start=_starts([len(each.rule.ratios) for each in judged]),
        ratio_of=_rows([row[:2] for row in ratios], 2).astype(int),
        ratio_bounds=_rows([row[2:] for row in ratios], 2),
        total=_rows([_totals(each.rule) for each in judged], 4),
        family=np.array(
            [
                -1
                if each.rule.family is None
                else families.setdefault(each.rule.family, len(families))
                for each in judged
            ],
            int,
        ),
        arbiter=_rows([_ends(each.rule.arbiter) for each in judged], 2),
    )


def _pairs(collector: _Collector) -> tuple[np.ndarray, ...]:
    """Pairs sorted by window, and where each went."""
    pairs = list(collector.pairs.values())
    by_window = sorted(range(len(pairs)), key=lambda i: pairs[i][1])
    order = np.empty(len(pairs), int)
    order[by_window] = np.arange(len(pairs))
    shapes = [pairs[i][2] for i in by_window]
    counts = np.bincount(
        [pairs[i][1] for i in by_window], minlength=len(collector.windows)
    )
    return (
        order,
        _starts(counts),
        _starts([shape.slope.size for shape in shapes]),
        _joined([shape.slope for shape in shapes], float),
        np.array([shape.square for shape in shapes], float),
        np.array([shape.depth for shape in shapes], float),
    )


def _ends(bounds: Bounds) -> tuple[float, float]:
    low, high = bounds
    return (-INF if low is None else low, INF if high is None else high)


def _feature_bounds(part: Feature) -> tuple[float, ...]:
    sides = (part.left, part.mean, part.right, part.ratio)
    least = -INF if part.min_fit is None else part.min_fit
    return (*(end for side in sides for end in _ends(side)), least, *_ends(part.depth))


def _not_bounds(part: NotFeature) -> tuple[float, ...]:
    """Fit, depth, depth over the rule's first, position; -inf where not asked."""
    depth = -INF if part.min_depth is None else part.min_depth
    relative = -INF if part.min_relative_depth is None else part.min_relative_depth
    return (part.min_fit, depth, relative, *_ends(part.position))


def _totals(rule: Rule) -> tuple[float, ...]:
    least = -INF if rule.min_fit is None else rule.min_fit
    product = -INF if rule.min_fit_depth is None else rule.min_fit_depth
    return (least, *_ends(rule.depth), product)


def _starts(counts: list[int] | np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(np.asarray(counts, int))]).astype(int)


def _joined(parts: list[np.ndarray], dtype: type) -> np.ndarray:
    whole = np.concatenate(parts) if parts else np.empty(0)
    return np.ascontiguousarray(whole, dtype)


def _rows(rows: list, width: int) -> np.ndarray:
    return np.array(rows, float).reshape(len(rows), width)
