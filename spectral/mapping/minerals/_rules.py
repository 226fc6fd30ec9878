"""What a mineral rule is made of: features, what speaks against, thresholds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

MASKERS = "masker"  # group of what hides the ground: leaves, water, snow


class Bounds(NamedTuple):
    """Least and largest value allowed; None where there is no bound."""

    low: float | None = None
    high: float | None = None


OPEN = Bounds()


class Band(NamedTuple):
    """One absorption of a modelled feature: centre and widths in nm, depth 0-1."""

    position: float
    depth: float
    left: float  # full widths at half depth as each flank alone would give them
    right: float


@dataclass(frozen=True)
class Feature:
    """
    One absorption feature and what it must look like.

    The shape it is compared with is a reference spectrum or a model of bands; the rest
    are bounds: of the shoulders (reflectance), of the fit (0-1), of the depth (0-1) and
    of the position of the minimum (nm).
    """

    window: tuple[float, float, float, float]  # left from, to, right from, to; nm
    weight: float = 1.0
    reference: str | None = None
    model: tuple[Band, ...] = ()
    left: Bounds = OPEN
    mean: Bounds = OPEN
    right: Bounds = OPEN
    ratio: Bounds = OPEN  # right shoulder over left shoulder
    min_fit: float | None = None
    depth: Bounds = OPEN
    position: Bounds = OPEN
    tolerance: float = 0.0  # nm beyond `position` over which agreement falls to 0
    required: bool = True
    cause: str = ""


@dataclass(frozen=True)
class NotFeature:
    """
    A feature of something else: its presence vetoes the rule.

    It is present where its fit reaches `min_fit`, its minimum lies within `position`
    and its depth reaches `min_depth` (0-1) or, for a relative one, `min_relative_depth`
    times the depth of the rule's first feature.
    """

    window: tuple[float, float, float, float]
    reference: str | None = None
    model: tuple[Band, ...] = ()
    min_fit: float = 0.0
    min_depth: float | None = None
    min_relative_depth: float | None = None
    position: Bounds = OPEN
    cause: str = ""


class DepthRatio(NamedTuple):
    """Depth of feature `upper` over depth of feature `lower`, both counted from 0."""

    upper: int
    lower: int
    bounds: Bounds


@dataclass(frozen=True)
class Rule:
    """One mineral, mixture or cover, and how it is recognised."""

    name: str
    features: tuple[Feature, ...]
    nots: tuple[NotFeature, ...] = ()
    ratios: tuple[DepthRatio, ...] = ()
    min_fit: float | None = None
    depth: Bounds = OPEN
    min_fit_depth: float | None = None
    family: str | None = None  # whose members the band position tells apart
    arbiter: Bounds = OPEN  # position of the first feature that is this member's
    en: str = ""
    zh: str = ""
    group: str = ""
    minerals: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    note: str = ""

    def label(self, lang: str = "en") -> str:
        """Name people read, in English or Chinese."""
        return {"en": self.en, "zh": self.zh}[lang] or self.name.replace("_", " ")


@dataclass(frozen=True)
class MineralRules:
    """
    Rules in the order in which they win ties.

    Parameters
    ----------
    rules : tuple of Rule
        At least one, names unique.
    source : str
        File they come from.
    literature : dict of str to str
        Full reference by the key that rules name.

    Examples
    --------
    >>> from spectral.mapping import read_mineral_rules
    >>> rules = read_mineral_rules()
    >>> rules.select(["kaolinite", "alunite_k"]).names
    ['kaolinite', 'alunite_k']
    """

    rules: tuple[Rule, ...]
    source: str = ""
    literature: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of the rules, in order."""
        return [rule.name for rule in self.rules]

    @property
    def needed(self) -> list[str]:
        """Names of the reference spectra the rules compare with."""
        found = {
            part.reference
            for rule in self.rules
            for part in (*rule.features, *rule.nots)
            if part.reference is not None
        }
        return sorted(found)

    def select(self, names: Iterable[str]) -> MineralRules:
        """Only the rules named, in their own order."""
        wanted = list(names)
        unknown = [name for name in wanted if name not in self.names]
        if unknown:
            raise KeyError(
                f"no such rules: {unknown}. {self.source or 'These rules'} have: "
                f"{', '.join(self.names)}"
            )
        kept = tuple(rule for rule in self.rules if rule.name in set(wanted))
        return replace(self, rules=kept)

    def within(self, low: float, high: float) -> MineralRules:
        """
        Only the rules whose first feature lies within two wavelengths, nm.

        Iron oxides (below 1300 nm) and hydroxyl-bearing minerals (above) often share a
        pixel: judged apart, each says its best.
        """
        names = [
            rule.name
            for rule in self.rules
            if low <= centre_of(rule.features[0]) <= high
        ]
        if not names:
            raise ValueError(f"no rule has its first feature within {low}-{high} nm")
        return self.select(names)

    def table(self, *, lang: str = "en") -> pd.DataFrame:
        """One row a feature: rule, mineral, group, window, position, weight, cause."""
        import pandas as pd

        rows = [
            {
                "rule": rule.name,
                "mineral": rule.label(lang),
                "group": rule.group,
                "kind": "not" if isinstance(part, NotFeature) else "feature",
                "from": part.window[0],
                "to": part.window[3],
                "position": centre_of(part),
                "weight": getattr(part, "weight", None),
                "cause": part.cause,
                "references": "; ".join(
                    self.literature.get(key, key) for key in rule.references
                ),
            }
            for rule in self.rules
            for part in (*rule.features, *rule.nots)
        ]
        return pd.DataFrame(rows)


def centre_of(part: Feature | NotFeature) -> float:
    """Wavelength people would call a feature by, nm."""
    if part.model:
        return max(part.model, key=lambda band: band.depth).position
    low, high = part.position
    if low is not None and high is not None:
        return (low + high) / 2
    return (part.window[1] + part.window[2]) / 2
