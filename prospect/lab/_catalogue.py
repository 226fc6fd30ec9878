"""The curated notebooks as the gallery shows them, in both languages."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .._note import say
from .._registry import _registry as registered_data
from ..notebooks import list_notebooks
from ._space import state_of_copy

if TYPE_CHECKING:
    from pathlib import Path

    from survey import Problem

    from ..notebooks import Notebook

LANGUAGES = ("en", "zh")
KINDS = ("tasks", "minerals", "sensors")


def describe_notebooks(space: Path, *, base_url: str) -> list[dict[str, Any]]:
    """Return every curated notebook with the state of the person's own copies."""
    return [
        _described(notebook, space, base_url=base_url) for notebook in list_notebooks()
    ]


def find_notebook(name: object) -> Notebook | None:
    """Return the notebook of that name; what is not in the catalogue is None."""
    return next((each for each in list_notebooks() if each.name == name), None)


def _described(notebook: Notebook, space: Path, *, base_url: str) -> dict[str, Any]:
    picture = None
    if notebook.thumbnail is not None:
        # the time of the last change keeps browsers from showing an old picture
        changed = int(notebook.thumbnail.stat().st_mtime)
        picture = f"{base_url}workbench/thumbnail/{notebook.name}?v={changed}"
    return {
        "name": notebook.name,
        "title": {lang: notebook.say_title(lang) for lang in LANGUAGES},
        "summary": {lang: notebook.say_summary(lang) for lang in LANGUAGES},
        **{
            kind: [_word(kind, each) for each in getattr(notebook, kind)]
            for kind in KINDS
        },
        "data": [_data(each) for each in notebook.data],
        "minutes": notebook.minutes,
        "memory_gb": notebook.memory_gb,
        "languages": sorted(notebook.files),
        "picture": picture,
        "problem": _told(notebook.problem),
        "mine": {}
        if notebook.problem
        else {lang: state_of_copy(notebook, space, lang=lang) for lang in LANGUAGES},
    }


def _told(problem: Problem | None) -> dict[str, str] | None:
    if problem is None:
        return None
    between = {"en": ": ", "zh": "："}
    return {
        lang: f"{say(problem.what, lang)}{between[lang]}{say(problem.remedy, lang)}"
        for lang in LANGUAGES
    }


def _word(kind: str, written: str) -> dict[str, Any]:
    """Return a word of a header in both languages, with what else it is called."""
    key = "-".join(written.casefold().replace("_", "-").split())
    found = _words()[kind].get(key)
    if found is None and kind == "minerals":
        found = _minerals().get(key)
    found = found or {}
    return {
        "key": key,
        "en": found.get("en", written),
        "zh": found.get("zh", found.get("en", written)),
        "also": found.get("also", []),
    }


def _data(name: str) -> dict[str, Any]:
    """Return title and licence of a registered data set, or what is known of it."""
    entry = registered_data().get(name)
    if entry is None:
        synthetic = name.replace("-", "_").startswith("synthetic")
        title = {"en": "synthetic sample district", "zh": "合成示例矿区"}
        return {
            "name": name,
            "title": title if synthetic else dict.fromkeys(LANGUAGES, name),
            "licence": "Apache-2.0" if synthetic else "",
        }
    title = {"en": entry["title"], "zh": entry.get("title_zh", entry["title"])}
    return {"name": name, "title": title, "licence": entry.get("licence", "")}


@cache
def _words() -> dict[str, dict[str, Any]]:
    text = files(__package__).joinpath("data/words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _minerals() -> dict[str, dict[str, Any]]:
    """Minerals and groups of the taxonomy by their names as keys."""
    text = files("spectral").joinpath("data/minerals.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return {
        key.casefold().replace("_", "-"): {
            "en": entry.get("en", key.replace("_", " ")),
            "zh": entry.get("zh", key),
            "also": list(entry.get("also", [])),
        }
        for part in ("groups", "minerals")
        for key, entry in table.get(part, {}).items()
    }
