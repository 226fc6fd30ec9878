"""The .ipynb of both languages, from text and catalogue."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from survey import DataProblems, Problem, write_text

from .._note import Note
from ._catalogue import catalogue_path, read_catalogue
from ._messages import messages_of, translate_cell
from ._notebook import LANGUAGES, header_of
from ._source import clean_notebook, language_of, other_language, read_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from babel.messages import Catalog

KEPT = re.compile(r"`[^`]+`|\]\([^)]+\)|https?://[^\s)>]+")


class Built(NamedTuple):
    """
    What was built.

    Attributes
    ----------
    files : tuple of Path
        The notebooks, those that were up to date already included.
    problems : tuple of Problem
        What is not translated, and translations that lost code or links.
    """

    files: tuple[Path, ...]
    problems: tuple[Problem, ...]


def build_notebooks(folder: str | Path) -> Built:
    """
    Write the .ipynb of every notebook of a folder, in both languages.

    What has no translation stays in the language it was written in, and is counted.
    Code is the same in both languages; comments that fill a line, titles of figures
    and the parameter `lang` are translated.

    Parameters
    ----------
    folder : path
        Folder with ``NN_name.py``, and catalogues in folders named by language.

    Returns
    -------
    Built
        Files that would not change are left as they are.

    Raises
    ------
    FileNotFoundError
        If there is no notebook in the folder.
    DataProblems
        If texts or catalogues cannot be read: all of them.

    Examples
    --------
    >>> from prospect.notebooks import new_notebook
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = new_notebook(folder / "20_gold.py", title="Gold")
    >>> built = build_notebooks(folder)
    >>> [path.relative_to(folder).as_posix() for path in built.files]
    ['20_gold.ipynb', 'zh/20_gold.ipynb']
    """
    folder = Path(folder)
    texts = sorted(folder.glob("[0-9]*.py"))
    if not texts:
        raise FileNotFoundError(f"{folder} has no notebook: name one with NN_name.py")
    contents, problems = _read_all(texts)
    files: list[Path] = []
    warnings: list[Problem] = _without_text(folder, texts)
    made: dict[Path, dict[str, Any]] = {}
    for path, content in contents.items():
        own, other = language_of(content), other_language(content)
        made[path.with_suffix(".ipynb")] = built_notebook(content, lang=own)
        try:
            translated, found = translate_notebook(path, content)
        except DataProblems as error:
            problems += error.problems
            continue
        made[path.parent / other / f"{path.stem}.ipynb"] = translated
        warnings += found
    if problems:
        raise DataProblems(problems)
    for path, notebook in made.items():
        _write(path, notebook)
        files.append(path)
    return Built(tuple(files), tuple(warnings))


def built_notebook(content: Mapping[str, Any], *, lang: str) -> dict[str, Any]:
    """Return the notebook in the language it was written in."""
    header = {**header_of(content), "lang": lang}
    cells = [translate_cell(cell, _nothing, lang=lang) for cell in content["cells"]]
    return clean_notebook(cells, header)


def translate_notebook(
    path: Path, content: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the notebook in the other language, and what is not translated."""
    lang = other_language(content)
    catalogue = catalogue_path(path, content)
    catalog = read_catalogue(catalogue, lang=lang)
    known = {
        message.id: message.string
        for message in catalog
        if message.id and message.string and not message.fuzzy
    }
    header = {**header_of(content), "lang": lang}
    cells = [translate_cell(cell, known.get, lang=lang) for cell in content["cells"]]
    said = dict.fromkeys(
        piece.message for cell in content["cells"] for piece in messages_of(cell)
    )
    problems = _untranslated(catalogue, list(said), catalog, known)
    problems += [
        _lost(catalogue, message, known[message])
        for message in said
        if message in known and _kept(message) != _kept(known[message])
    ]
    return clean_notebook(cells, header), problems


def _read_all(texts: list[Path]) -> tuple[dict[Path, dict], list[Problem]]:
    contents, problems = {}, []
    for path in texts:
        try:
            contents[path] = read_source(path)
        except DataProblems as error:
            problems += error.problems
            continue
        if "language" not in header_of(contents[path]):
            what = Note("header_missing", keys=["language"])
            remedy = Note("header_missing_remedy")
            problems.append(Problem(what, remedy, file=path.name))
    return contents, problems


def _untranslated(
    path: Path,
    said: list[str],
    catalog: Catalog,
    known: Mapping[str, str],
) -> list[Problem]:
    """Count what is missing, of an earlier wording, or not in the catalogue at all."""
    stale = sum(message not in catalog for message in said)
    fuzzy = sum(
        message in catalog and bool(catalog[message].string) and catalog[message].fuzzy
        for message in said
    )
    missing = sum(message not in known for message in said) - stale - fuzzy
    if not (stale or fuzzy or missing):
        return []
    what = Note(
        "untranslated", missing=missing, fuzzy=fuzzy, stale=stale, all=len(said)
    )
    remedy = Note("untranslated_remedy" if not stale else "untranslated_stale_remedy")
    return [Problem(what, remedy, file=_short(path), severity="warning")]


def _lost(path: Path, message: str, said: str) -> Problem:
    differ = sorted(_kept(message) ^ _kept(said))
    return Problem(
        Note("translation_lost", parts=differ),
        Note("translation_lost_remedy"),
        file=_short(path),
        value=f"{message[:60]}…" if len(message) > 60 else message,
        severity="warning",
    )


def _kept(text: str) -> set[str]:
    """Return what a translation must say letter by letter: code and links."""
    return set(KEPT.findall(text))


def _without_text(folder: Path, texts: list[Path]) -> list[Problem]:
    """Built notebooks and catalogues whose text is gone."""
    names = {path.stem for path in texts}
    there = [p for each in LANGUAGES for p in sorted((folder / each).glob("[0-9]*"))]
    there += sorted(folder.glob("[0-9]*.ipynb"))
    return [
        Problem(
            Note("without_text"),
            Note("without_text_remedy"),
            file=path.relative_to(folder).as_posix(),
            severity="warning",
        )
        for path in there
        if path.suffix in {".ipynb", ".po"} and path.stem not in names
    ]


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _nothing(message: str) -> str | None:  # noqa: ARG001
    return None


def _write(path: Path, notebook: dict[str, Any]) -> None:
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
