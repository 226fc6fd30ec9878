"""What the gallery answers, in both languages."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from survey import DataProblems

from .._note import say

if TYPE_CHECKING:
    from ..notebooks import NotebookCopy

LANGUAGES = ("en", "zh")


def say_done(made: NotebookCopy) -> dict[str, str]:
    """Say what became of a copy."""
    values = {"file": made.path.name, "beside": made.beside and made.beside.name}
    return _filled(f"done_{made.state}", values)


def say_refused(kind: str, why: object) -> dict[str, str]:
    """Say why nothing was copied or nothing can be shown."""
    if isinstance(why, DataProblems):
        return {
            lang: " ".join(
                f"{say(each.what, lang)}: {say(each.remedy, lang)}"
                for each in why.problems
            )
            for lang in LANGUAGES
        }
    return _filled(f"refused_{kind}", {"why": str(why)})


def _filled(key: str, values: dict[str, object]) -> dict[str, str]:
    return {lang: texts()[lang][key].format(**values) for lang in LANGUAGES}


@cache
def texts() -> dict[str, dict[str, str]]:
    """Return the texts of the gallery by language and key."""
    content = files(__package__).joinpath("data/texts.toml").read_text(encoding="utf-8")
    table = tomllib.loads(content)
    return {
        lang: {key: entry[lang] for key, entry in table.items()} for lang in LANGUAGES
    }
