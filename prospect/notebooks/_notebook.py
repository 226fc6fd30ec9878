"""A curated notebook as the gallery sees it, read from its header alone."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survey import DataProblems, Problem

from .._note import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LANGUAGES = ("en", "zh")
FORMAT = 1
NBFORMAT = 4
KINDS = {"markdown", "code", "raw"}
LISTS = ("tasks", "minerals", "sensors", "data")
NUMBERS = ("minutes", "memory_gb")
TITLE = re.compile(r"^# +(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Notebook:
    """
    One curated notebook: what it is about, what it needs, where its files are.

    Parameters
    ----------
    name : str
        Name of its files without suffix, such as ``"01_prospecting_end_to_end"``.
    title, summary : dict of str to str
        Title and question answered, by language.
    tasks, minerals, sensors, data : tuple of str
        What it is found by; `data` are names of registered data sets.
    minutes, memory_gb : float
        What a whole run needs on two cores.
    language : {"en", "zh"}
        Language it was written in.
    thumbnail : Path or None
        Picture for the gallery.
    files : dict of str to Path
        The notebook to open, by language.
    problem : Problem or None
        Why it cannot be opened, such as a notebook from a newer version.

    See Also
    --------
    list_notebooks : Notebooks of a folder.

    Examples
    --------
    >>> book = Notebook("01_start", title={"en": "Start"}, language="en")
    >>> book.say_title("zh")
    'Start'
    """

    name: str
    title: dict[str, str] = field(default_factory=dict)
    summary: dict[str, str] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    minerals: tuple[str, ...] = ()
    sensors: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    minutes: float = 0.0
    memory_gb: float = 0.0
    language: str = "en"
    thumbnail: Path | None = None
    files: dict[str, Path] = field(default_factory=dict)
    problem: Problem | None = None

    def say_title(self, lang: str) -> str:
        """Return the title in a language, or in the one it was written in."""
        return self.title.get(lang) or self.title.get(self.language, self.name)

    def say_summary(self, lang: str) -> str:
        """Return the question answered in a language, or as it was written."""
        return self.summary.get(lang) or self.summary.get(self.language, "")

    def file(self, lang: str) -> Path:
        """Return the file in a language, or in the one it was written in."""
        return self.files.get(lang) or self.files[self.language]


def read_notebook(path: Path) -> dict[str, Any]:
    """Read a notebook file; refuse what is no notebook, or from a newer version."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version, form = content["nbformat"], header_of(content).get("format", FORMAT)
        kinds = [cell["cell_type"] for cell in content["cells"]]
        newer = version > NBFORMAT or form > FORMAT
        older = version < NBFORMAT or form < FORMAT
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what = Note("notebook_unreadable", error=f"{type(error).__name__}: {error}")
        raise refused(what, "notebook_unreadable_remedy", path) from None
    if newer:
        found = form if version == NBFORMAT else version
        raise refused(
            Note("notebook_newer", found=found), "notebook_newer_remedy", path
        )
    if older or not set(kinds) <= KINDS:
        what = Note("notebook_unreadable", error=f"nbformat {version}, cells {kinds}")
        raise refused(what, "notebook_unreadable_remedy", path)
    return content


def refused(what: Note, remedy: str, path: Path) -> DataProblems:
    """Build the error of one notebook that cannot be used."""
    return DataProblems([Problem(what, Note(remedy), file=path.name)])


def header_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the header says under `workbench`; nothing where it has none."""
    return dict(content.get("metadata", {}).get("workbench") or {})


def source_of(cell: Mapping[str, Any]) -> str:
    """Return the text of a cell, which a file may hold as lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def fingerprint(cells: Iterable[Mapping[str, Any]]) -> str:
    """Hash of what a person wrote: kinds and texts of the cells, without outputs."""
    parts = [[cell.get("cell_type"), source_of(cell).rstrip()] for cell in cells]
    text = json.dumps([part for part in parts if part[1]], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def title_and_summary(content: Mapping[str, Any]) -> tuple[str, str]:
    """Return title and question answered: first heading, first paragraph after it."""
    cells = content["cells"]
    text = source_of(cells[0]) if cells else ""
    found = TITLE.search(text)
    if found is None:
        return "", ""
    rest = text[found.end() :].strip().split("\n\n", 1)[0]
    plain = re.sub(r"[*`]", "", " ".join(rest.split()))
    return found[1], "" if plain.startswith("|") else plain
