"""Headers of analytes: symbol and unit from the ways people write them."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from importlib.resources import files
from typing import Any, NamedTuple

# What follows the unit when a column is about an analyte without being its content.
_DERIVED = re.compile(
    r"censored|cen|over|range|flag|qual(?:ifier)?|dl|lod|mdl|lld|loq|limit|detection"
    r"|err(?:or)?|std|sd|unc|rsd|log(?:10)?|ln|clr|alr|ilr|rank|zscore|residual|anomaly"
    r"|method|batch|laboratory|imputed|检出限",
    re.IGNORECASE,
)
_OXIDES = ("{}O", "{}2O", "{}O2", "{}2O3", "{}O3", "{}2O5", "{}3O4", "{}3O8", "{}4O7")
_FILLERS = re.compile(
    r"含量|品位|浓度|质量分数|元素|content|concentration|conc\b\.?|grade", re.IGNORECASE
)
_HAN = re.compile(r"[\u4e00-\u9fff]+")
_GLUED = re.compile(
    r"^(.{1,10}?)(ppm|ppb|ppt|pct|wt%|%|‰|[×x]\s?10\^?-\d{1,2})$", re.IGNORECASE
)


class Analyte(NamedTuple):
    """
    What a header says: symbol, unit (None if it is not told) and what else follows.

    Examples
    --------
    >>> parse_header("Cu（μg/g）").name
    'Cu_ppm'
    """

    symbol: str
    unit: str | None
    method: str = ""

    @property
    def name(self) -> str:
        """Name of the column: symbol, unit and method."""
        return "_".join(part for part in (self.symbol, self.unit, self.method) if part)


def parse_header(text: str) -> Analyte | None:
    """
    Analyte that a header names.

    Parameters
    ----------
    text : str
        Header of a column, such as ``Cu(ppm)``, ``Au/10-9``, ``Ag_ug_g``,
        ``w(Cu)/10-6`` or ``铜（mg/kg）``.

    Returns
    -------
    Analyte or None
        None if the header does not name an element, oxide or sum known here. Without
        a unit only symbols in their proper case are taken.

    Examples
    --------
    >>> [parse_header(text).name for text in ("Au/10-9", "AG_UG_G", "铜(mg/kg)")]
    ['Au_ppb', 'Ag_ppm', 'Cu_ppm']
    >>> parse_header("Cu").unit is None
    True
    >>> parse_header("Depth (%)") is None
    True
    """
    plain = even_header(text)
    for read in (_weight_share, _bracket, _slash, _tokens, _glued):
        found = read(plain)
        if found:
            return found
    stem, *rest = re.split(r"[_\s]", plain, maxsplit=1)
    symbol = _symbol(stem, exact=True)
    simple = all(re.fullmatch(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)?", r) for r in rest)
    if symbol and simple and not _derived(*rest):
        return Analyte(symbol, None, *rest)
    return None


def unit_of(text: str) -> str | None:
    """
    Name of a unit from its spelling, None if it is not known.

    Parameters
    ----------
    text : str
        Such as ``mg/kg``, ``µg/g``, ``10-9`` or ``wt%``.

    Returns
    -------
    str or None
        Such as ``ppm``, ``ppb`` or ``pct``.

    Examples
    --------
    >>> unit_of("mg·kg-1"), unit_of("×10⁻⁹"), unit_of("wt.%"), unit_of("nT")
    ('ppm', 'ppb', 'pct', None)
    """
    return _units().get(_unit_key(text))


@functools.cache
def load_words(name: str) -> dict[str, Any]:
    """Content of a TOML table of this package's data folder."""
    text = files(__package__).joinpath("data", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def even_header(text: str) -> str:
    """Full-width and typographic variants of a header made alike."""
    plain = unicodedata.normalize("NFKC", str(text))
    plain = re.sub("[\u2212\u2010-\u2015]", "-", plain).replace("⋅", "·")
    return re.sub(r"\s+", " ", plain).strip()


def _unit_key(text: str) -> str:
    key = even_header(text).lower().replace("μ", "u").replace("µ", "u")
    key = re.sub(r"[\s·.^*×]", "", key).removeprefix("x")
    key = re.sub(r"^\((.*)\)$", r"\1", key)
    return re.sub(r"^(mg|ug|ng|pg|g|bq)[/_]?(kg|g|t|l)(?:-1)$", r"\1/\2", key)


@functools.cache
def _units() -> dict[str, str]:
    table = load_words("units")["spellings"]
    return {_unit_key(each): name for name, every in table.items() for each in every}


@functools.cache
def _symbols() -> dict[str, str]:
    """Proper spelling of each symbol by its spelling in lower case."""
    words = load_words("elements")
    oxides = [form.format(el) for form in _OXIDES for el in words["elements"]]
    return {
        each.lower(): each for each in [*oxides, *words["others"], *words["elements"]]
    }


def _symbol(stem: str, *, exact: bool = False) -> str | None:
    """Symbol of an analyte from the part of a header that names it."""
    stem = _FILLERS.sub("", stem).strip(" _-/.:()[]")
    han = "".join(_HAN.findall(stem))
    if han:
        rest = _HAN.sub("", stem).strip(" _-/.:()[]")
        named = load_words("elements")["chinese"].get(han)
        return named if not rest or rest == named else None
    if re.fullmatch(r"[Hh]2[Oo][+-]?", stem) and stem[-1] in "+-":
        return "H2Opos" if stem[-1] == "+" else "H2Oneg"
    plain = re.sub(r"[()\[\]]", "", stem)
    proper = _symbols().get(plain.lower())
    if proper and (not exact or proper == plain):
        return proper
    return plain if not exact and _is_formula(plain) else None


def _is_formula(text: str) -> bool:
    elements = load_words("elements")["elements"]
    parts = re.findall(r"([A-Z][a-z]?)\d*", text)
    whole = re.fullmatch(r"(?:[A-Z][a-z]?\d*){2,}", text)
    return bool(whole) and all(part in elements for part in parts)


def _derived(*words: str) -> bool:
    """Whether words after a unit say that the column holds something else."""
    parts = [part for word in words for part in re.split(r"\W|_", word)]
    return any(_DERIVED.fullmatch(part) for part in parts)


def _make(stem: str, unit: str, method: str = "") -> Analyte | None:
    symbol, name = _symbol(stem), unit_of(unit)
    method = re.sub(r"\W+", "_", method).strip("_")
    if not symbol or not name or _derived(method):
        return None
    return Analyte(symbol, name, method)


def _weight_share(text: str) -> Analyte | None:
    """``w(Cu)/10-6`` and ``ω(Cu)/%``."""
    match = re.fullmatch(r"[wWωΩ][Bb]?\s?\(([^()]+)\)\s?/\s?(.+)", text)
    return _make(match[1], match[2]) if match else None


def _bracket(text: str) -> Analyte | None:
    """``Cu(ppm)``, ``Cu [mg/kg] ICP``, ``Cu/(ug/g)``."""
    match = re.fullmatch(r"(.+?)[(\[{]([^()\[\]{}]+)[)\]}]([^()\[\]{}]*)", text)
    return _make(match[1], match[2], match[3]) if match else None


def _slash(text: str) -> Analyte | None:
    """``Au/10-9``, ``Cu/mg/kg``."""
    stem, slash, unit = text.partition("/")
    return _make(stem, unit) if slash else None


def _tokens(text: str) -> Analyte | None:
    """``Cu_ppm``, ``Ag_ug_g``, ``Au ppb FA``, ``Cu_ICP_ppm``."""
    parts = [part for part in re.split(r"[_\s.]+|-(?=[A-Za-z])", text) if part]
    for at in range(1, len(parts)):
        pair = parts[at : at + 2]
        if len(pair) == 2 and (unit_of("/".join(pair)) or unit_of("_".join(pair))):
            spelled = "/".join(pair) if unit_of("/".join(pair)) else "_".join(pair)
            return _make(parts[0], spelled, "_".join(parts[1:at] + parts[at + 2 :]))
        if unit_of(parts[at]):
            rest = "_".join(parts[1:at] + parts[at + 1 :])
            return _make(parts[0], parts[at], rest)
    return None


def _glued(text: str) -> Analyte | None:
    """``Cuppm``, ``SiO2%``."""
    match = _GLUED.match(text)
    return _make(match[1], match[2]) if match else None
