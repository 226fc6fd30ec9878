"""Names of minerals in two languages, and the tree mineral -> group -> class."""

from __future__ import annotations

import difflib
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# what libraries append to a mineral's name and what does not make it another one
_QUALIFIER = re.compile(
    r"(ree|ree bearing|(syn )?(k|na|ca|mg|fe|mn|nh4|al|k na|na k|na ca)( syn)?"
    r"|(low|med|medlow|medhi|medhigh|hi|high) ?(al|fe|mg)|fe rich|mg rich|wxl|pxl"
    r"|fine|coarse|medium|powder|crystal)"
)


def mineral_table() -> pd.DataFrame:
    """
    Minerals with their names, groups and classes.

    Returns
    -------
    DataFrame
        Indexed by the English name: ``zh``, ``formula``, ``also`` (synonyms, varieties,
        abbreviations, comma-separated), ``group``, ``group_en``, ``group_zh``,
        ``mineral_class``, ``class_en``, ``class_zh``, ``strunz``.

    References
    ----------
    Strunz, H., Nickel, E. H. (2001). Strunz Mineralogical Tables, 9th ed. Stuttgart.

    Examples
    --------
    >>> print(mineral_table().loc["kaolinite", ["zh", "group", "mineral_class"]].tolist())
    ['高岭石', 'kaolin', 'phyllosilicates']
    """  # noqa: E501
    import pandas as pd

    tables = _tables()
    rows = {}
    for name, entry in tables["minerals"].items():
        group = tables["groups"][entry["group"]]
        above = tables["classes"][group["class"]]
        rows[name] = {
            "zh": entry["zh"],
            "formula": entry.get("formula", ""),
            "also": ", ".join(entry.get("also", ())),
            "group": entry["group"],
            "group_en": group["en"],
            "group_zh": group["zh"],
            "mineral_class": group["class"],
            "class_en": above["en"],
            "class_zh": above["zh"],
            "strunz": above["strunz"],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("mineral")


def find_mineral(text: str) -> str | None:
    """
    Mineral meant by a name of a spectral library, None if it is not one mineral.

    Parameters
    ----------
    text : str
        An English or Chinese name, a synonym, or a name such as "Allanite_REE" or
        "Prehnite Ca_2Al_2Si_3O_10(OH)_2": the whole counts, then its first word, with
        or without what only qualifies it. Mixtures and rocks are no mineral.

    Returns
    -------
    str or None
        The English name of the taxonomy, in lower case.

    Examples
    --------
    >>> print(find_mineral("Sphene"), find_mineral("高岭石"), find_mineral("Alunite_K"))
    titanite kaolinite alunite
    >>> print(find_mineral("Calcite.5+Dolomite.5"))
    None
    """
    names = _names()
    whole = plain_name(text)
    parts = text.split()
    for candidate in (whole, *(plain_name(" ".join(parts[:n])) for n in (1, 2))):
        if candidate in names:
            return names[candidate]
        words = candidate.split(" ")
        for end in range(len(words) - 1, 0, -1):
            head, tail = " ".join(words[:end]), " ".join(words[end:])
            if head in names and _QUALIFIER.fullmatch(tail):
                return names[head]
    return None


def mineral_group(mineral: str) -> str:
    """
    Group of a mineral.

    Parameters
    ----------
    mineral : str
        Any name `find_mineral` knows.

    Returns
    -------
    str
        Key of the group, such as "white_mica".

    Raises
    ------
    KeyError
        If the taxonomy does not have it: with the nearest names.

    Examples
    --------
    >>> mineral_group("sericite")
    'white_mica'
    """
    found = find_mineral(mineral)
    if found is None:
        near = nearest(plain_name(mineral), _names())
        raise KeyError(f"the taxonomy has no mineral '{mineral}'.{near}")
    return str(_tables()["minerals"][found]["group"])


def group_keys(text: str) -> list[str]:
    """Groups meant by a key, an English or Chinese name, of a group or a class."""
    tables = _tables()
    wanted = plain_name(text)
    found = [key for key, entry in tables["groups"].items() if _is(entry, key, wanted)]
    classes = [k for k, entry in tables["classes"].items() if _is(entry, k, wanted)]
    found += [k for k, e in tables["groups"].items() if e["class"] in classes]
    if not found:
        known = [
            plain_name(name)
            for part in ("groups", "classes")
            for key, entry in tables[part].items()
            for name in (key, entry["en"], entry["zh"])
        ]
        raise KeyError(f"the taxonomy has no group '{text}'.{nearest(wanted, known)}")
    return list(dict.fromkeys(found))


def class_of(group: str) -> str | None:
    """Class of a group; None if the group is not of the taxonomy."""
    entry = _tables()["groups"].get(group)
    return str(entry["class"]) if entry else None


def words_of(mineral: str) -> str:
    """Everything a mineral can be asked for by: all names of it, group and class."""
    return _words().get(mineral, "")


def nearest(text: str, names: Any) -> str:  # noqa: ANN401
    """Sentence " Did you mean …?", or nothing."""
    near = difflib.get_close_matches(text, list(names), n=3, cutoff=0.6)
    return f" Did you mean {', '.join(near)}?" if near else ""


def plain_name(text: str) -> str:
    """Lower case, blanks instead of underscores, hyphens and parentheses."""
    return re.sub(r"[\s_\-()]+", " ", text).strip().casefold()


def _is(entry: dict[str, str], key: str, wanted: str) -> bool:
    return wanted in {plain_name(key), plain_name(entry["en"]), entry["zh"]}


@cache
def _tables() -> dict[str, dict[str, Any]]:
    text = files("spectral").joinpath("data/minerals.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = {}
    for key, entry in _tables()["minerals"].items():
        for name in (key, entry["zh"], *entry.get("also", ())):
            names[plain_name(name)] = key
    return names


@cache
def _words() -> dict[str, str]:
    found = {}
    for key, row in mineral_table().to_dict("index").items():
        words = (key, *(str(row[name]) for name in row if name != "strunz"))
        found[key] = " ".join(words).casefold()
    return found
