"""Which curated notebooks there are; headers are read, nothing heavy is imported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from survey import DataProblems, Problem

from .._note import Note
from ._notebook import (
    LANGUAGES,
    LISTS,
    NUMBERS,
    Notebook,
    header_of,
    read_notebook,
    title_and_summary,
)

VARIABLE = "PROSPECT_NOTEBOOKS_DIR"
THUMBNAILS = "thumbnails"
PACKAGE = Path(__file__).resolve().parents[1]


def notebooks_folder() -> Path:
    """
    Folder of the curated notebooks.

    The folder that the environment variable `PROSPECT_NOTEBOOKS_DIR` names, or the
    copy that was installed with the workbench, or that of the checkout.

    Returns
    -------
    Path

    Raises
    ------
    FileNotFoundError
        If the folder named is not there, or this installation has no notebooks.

    Examples
    --------
    >>> (notebooks_folder() / "01_prospecting_end_to_end.ipynb").exists()
    True
    """
    named = os.environ.get(VARIABLE)
    if named:
        if Path(named).is_dir():
            return Path(named)
        raise FileNotFoundError(
            f"{VARIABLE} is {named!r}, which is no folder: name the folder of the "
            "notebooks, or unset it to use those that came with the workbench"
        )
    for place in (PACKAGE / "data" / "notebooks", PACKAGE.parent / "notebooks"):
        if place.is_dir():
            return place
    raise FileNotFoundError(
        f"this installation has no notebooks: set {VARIABLE} to a folder with them, or "
        "install prospect-workbench again"
    )


def list_notebooks(*, folder: str | Path | None = None) -> list[Notebook]:
    """
    Curated notebooks of a folder, by name.

    Parameters
    ----------
    folder : path, optional
        Folder with ``NN_name.ipynb``, translations in folders named by language, and
        ``thumbnails``; `notebooks_folder` if it is not given.

    Returns
    -------
    list of Notebook
        One that cannot be opened is listed too, and says why in `problem`.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.

    Examples
    --------
    >>> books = list_notebooks()
    >>> books[0].name, books[0].title["en"]
    ('01_prospecting_end_to_end', 'Prospecting, end to end')
    """
    folder = notebooks_folder() if folder is None else Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is no folder: name one with notebooks")
    return [_notebook(path) for path in sorted(folder.glob("[0-9]*.ipynb"))]


def _notebook(path: Path) -> Notebook:
    try:
        content = read_notebook(path)
        header = header_of(content)
        described = _described(header)
    except (DataProblems, OSError) as error:
        name = path.stem
        return Notebook(
            name, title={"en": name}, files={"en": path}, problem=_why(error, path)
        )
    language = described["language"]
    title, summary = title_and_summary(content)
    titles, summaries = {language: title}, {language: summary}
    files = {language: path}
    for other in (each for each in LANGUAGES if each != language):
        translated = path.parent / other / path.name
        try:
            title, summary = title_and_summary(read_notebook(translated))
        except (DataProblems, OSError):
            continue  # the reader gets the language it was written in
        titles[other], summaries[other] = title, summary
        files[other] = translated
    thumbnail = path.parent / THUMBNAILS / f"{path.stem}.png"
    return Notebook(
        path.stem,
        title=titles,
        summary=summaries,
        thumbnail=thumbnail if thumbnail.is_file() else None,
        files=files,
        **described,
    )


def _described(header: dict[str, Any]) -> dict[str, Any]:
    """Return what the header says, in the types of `Notebook`, faults left out."""
    language = header.get("language")
    found: dict[str, Any] = {"language": language if language in LANGUAGES else "en"}
    for name in LISTS:
        value = header.get(name)
        found[name] = tuple(map(str, value)) if isinstance(value, list | tuple) else ()
    for name in NUMBERS:
        value = header.get(name)
        found[name] = float(value) if isinstance(value, int | float) else 0.0
    return found


def _why(error: Exception, path: Path) -> Problem:
    if isinstance(error, DataProblems):
        return error.problems[0]
    what = Note("notebook_unreadable", error=str(error))
    return Problem(what, Note("notebook_unreadable_remedy"), file=path.name)
