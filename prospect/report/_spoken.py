"""Notes, rules and reasons of a job, said in the language of the report."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from .._note import read_note, say

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ._words import Words

REASON = re.compile(r"(\w[\w.-]*) \(([+-]\d+(?:\.\d+)?)\)")


class Lines(NamedTuple):
    """Lines in the language of the report, and those there are in English only."""

    own: list[str]
    technical: list[str]


def said(item: object, words: Words, titles: Mapping[str, str]) -> str:
    """Say a note, given as code and values or as plain text."""
    return say(read_note(item), words.lang, titles=titles)


def lines(items: Iterable[Any], words: Words, titles: Mapping[str, str]) -> Lines:
    """Lines of notes, each once."""
    return sorted_out((said(item, words, titles) for item in items), words)


def sorted_out(texts: Iterable[str], words: Words) -> Lines:
    """Tell apart what is in the language of the report and what is not."""
    texts = list(dict.fromkeys(texts))
    foreign = [words.lang == "zh" and not is_chinese(text) for text in texts]
    pairs = list(zip(texts, foreign, strict=True))
    return Lines([t for t, other in pairs if not other], [t for t, o in pairs if o])


def is_chinese(text: str) -> bool:
    """Whether a text holds a Chinese character."""
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def rule(value: object, words: Words, titles: Mapping[str, str]) -> str:
    """Say the target rule: one text, or several notes that make one sentence."""
    if isinstance(value, str) or not value:
        return str(value or "")
    parts = [said(part, words, titles) for part in value]
    return words("semicolon").join(parts) + words("stop")


def reasons(value: object, words: Words, titles: Mapping[str, str]) -> str:
    """Name layers by their titles in reasons such as "faults (+1.3), iron (+0.4)"."""
    parts = value.split(", ") if isinstance(value, str) else list(value or [])
    return words("comma").join(_reason(str(part), words, titles) for part in parts)


def _reason(text: str, words: Words, titles: Mapping[str, str]) -> str:
    found = REASON.fullmatch(text)
    if found is None:
        return text
    name, contribution = found.groups()
    return words(
        "reason_layer",
        layer=titles.get(name, name),
        contribution=contribution.replace("-", "−"),
    )
