"""Sentences for users as data: a code and its values, said in English or Chinese."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survey import write_text

from ._wording import read_wording

if TYPE_CHECKING:
    from survey import Problem

FOLDER = Path(__file__).with_name("data")
LANGUAGES = ("en", "zh")
BETWEEN_WORDS = {"en": ", ", "zh": "、"}
BETWEEN_NOTES = {"en": ", ", "zh": "，"}
PLACES = ("file", "layer", "row", "column", "value")
MAY_BE_VOID = ("row", "value")


class Note(str):
    """
    A sentence in English that can be said in Chinese too.

    Parameters
    ----------
    code : str
        Entry of the table of notes.
    **values : str, int, float, list, Note
        What is filled in; ready for JSON. Names of layers go under `layer` or
        `layers`.

    Examples
    --------
    >>> note = Note("few_clusters", n=8)
    >>> note
    'intervals rest on 8 clusters only and are too narrow'
    >>> note.say("zh")
    '区间仅依据 8 个丛集，实际范围应更宽'
    >>> note.to_dict()
    {'code': 'few_clusters', 'values': {'n': 8}}
    """

    code: str
    values: dict[str, Any]

    def __new__(cls, code: str, /, **values: Any) -> Note:  # noqa: ANN401
        """Make the note; its text is English."""
        note = super().__new__(cls, _said(code, values, "en", {}))
        note.code, note.values = code, values
        return note

    def __reduce__(self) -> tuple:
        """Rebuild from code and values, for copies and other processes."""
        return _rebuilt, (self.code, self.values)

    def say(self, lang: str = "en", *, titles: Mapping[str, str] | None = None) -> str:
        """
        Return the sentence in a language.

        Parameters
        ----------
        lang : {"en", "zh"}
            Language.
        titles : mapping of str to str, optional
            Titles that stand for the names of layers.

        Returns
        -------
        str

        Raises
        ------
        ValueError
            If `lang` is another language.
        """
        if lang not in LANGUAGES:
            raise ValueError(f"lang={lang!r} is unknown: use one of {LANGUAGES}")
        return _said(self.code, self.values, lang, titles or {})

    def to_dict(self) -> dict[str, Any]:
        """Return code and values, ready for JSON; `read_note` reads them back."""
        return {"code": self.code, "values": coded(self.values)}


def read_note(value: Any) -> Any:  # noqa: ANN401
    """
    Note from its code and values; anything else as it is.

    Examples
    --------
    >>> read_note({"code": "few_clusters", "values": {"n": 3}}).say("en")
    'intervals rest on 3 clusters only and are too narrow'
    >>> read_note("as it is")
    'as it is'
    """
    if isinstance(value, Mapping) and "code" in value:
        return Note(value["code"], **_revived(value.get("values") or {}))
    return value


def coded(value: Any) -> Any:  # noqa: ANN401
    """Copy of a value in which notes are codes and values, ready for JSON."""
    if isinstance(value, Note):
        return value.to_dict()
    if isinstance(value, dict):
        return {name: coded(part) for name, part in value.items()}
    return [coded(part) for part in value] if isinstance(value, list) else value


def write_notes(path: Path, notes: Iterable[str]) -> None:
    """Write notes as JSON."""
    write_text(path, json.dumps(coded(list(notes)), ensure_ascii=False))


def read_notes(path: Path) -> list[str]:
    """Read notes that `write_notes` has written."""
    return [read_note(item) for item in json.loads(path.read_text(encoding="utf-8"))]


def say(note: str, lang: str, *, titles: Mapping[str, str] | None = None) -> str:
    """Return a note in a language; text that is no note as it is."""
    return note.say(lang, titles=titles) if isinstance(note, Note) else str(note)


def note_of(problem: Problem) -> str:
    """
    Problem as a note; as plain text where it is known in English only.

    Examples
    --------
    >>> from survey import Problem
    >>> what, remedy = Note("layer_constant"), Note("layer_constant_remedy")
    >>> found = note_of(Problem(what, remedy, layer="mag", value="2.0"))
    >>> print(found)
    layer 'mag', value '2.0': the layer has one value everywhere. Remedy: leave the \
layer out: it cannot tell deposits from background
    >>> found.say("zh", titles={"mag": "磁异常"})
    '图层“磁异常”，值“2.0”：该图层处处取同一值。处理办法：剔除该图层：它无法区分矿床与背景'
    """
    if not isinstance(problem.what, Note):
        return str(problem)
    place = place_of(problem)
    told = {"what": problem.what, "remedy": problem.remedy}
    return Note("problem_at", place=place, **told) if place else Note("problem", **told)


def place_of(problem: Problem) -> list[Note]:
    """Where a problem is, a note for each part that is known."""
    found = {name: getattr(problem, name) for name in PLACES}
    known = {
        name: part
        for name, part in found.items()
        if part or (part is not None and name in MAY_BE_VOID)
    }
    return [Note(f"place_{name}", **{name: part}) for name, part in known.items()]


def where_of(problem: Problem, lang: str) -> str:
    """Say where a problem is: file, layer, row, column and value, as far as known."""
    return BETWEEN_NOTES[lang].join(note.say(lang) for note in place_of(problem))


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """Wording of the notes by code and language, of all files `notes*.toml`."""
    return read_wording(FOLDER, "notes")


def _rebuilt(code: str, values: dict[str, Any]) -> Note:
    return Note(code, **values)


def _said(
    code: str, values: Mapping[str, Any], lang: str, titles: Mapping[str, str]
) -> str:
    filled = {name: _part(name, v, lang, titles) for name, v in values.items()}
    return table()[code][lang].format(**filled)


def _part(name: str, value: Any, lang: str, titles: Mapping[str, str]) -> Any:  # noqa: ANN401
    if isinstance(value, Note):
        return value.say(lang, titles=titles)
    if isinstance(value, list | tuple):
        notes = any(isinstance(each, Note) for each in value)
        between = (BETWEEN_NOTES if notes else BETWEEN_WORDS)[lang]
        return between.join(str(_part(name, each, lang, titles)) for each in value)
    if name in ("layer", "layers"):
        return titles.get(value, value)
    return value


def _revived(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        if "code" in value:
            return read_note(value)
        return {name: _revived(part) for name, part in value.items()}
    return [_revived(part) for part in value] if isinstance(value, list) else value
