"""A curated notebook as the gallery sees it, read from its header alone."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from importlib.metadata import version
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
        made = content["nbformat"]
        kinds = {cell["cell_type"] for cell in content["cells"]}
        older = made < NBFORMAT
        header_of(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable(f"{type(error).__name__}: {error}", path) from None
    refuse_newer(content, path)
    if older or not kinds <= KINDS:
        raise unreadable(f"nbformat {made}, cells {sorted(kinds)}", path)
    return content


def refuse_newer(content: Mapping[str, Any], path: Path) -> None:
    """Refuse a notebook that this version of the workbench may not understand."""
    header, remedy = header_of(content), Note("notebook_newer_remedy")
    try:
        form, needs = header.get("format", FORMAT), header.get("needs_version")
        newer = content["nbformat"] > NBFORMAT or form > FORMAT
        late = needs is not None and _numbers(str(needs)) > _numbers(_version())
    except TypeError:
        raise unreadable(f"format {form!r}", path) from None
    if newer:
        found = form if form > FORMAT else content["nbformat"]
        what = Note("notebook_newer", found=found)
    elif late:
        what = Note("notebook_needs", needs=str(needs), here=_version())
    else:
        return
    raise DataProblems([Problem(what, remedy, file=path.name)])


def unreadable(error: str, path: Path) -> DataProblems:
    """Build the error of a file that is no notebook."""
    what = Note("notebook_unreadable", error=error)
    remedy = Note("notebook_unreadable_remedy")
    return DataProblems([Problem(what, remedy, file=path.name)])


def _version() -> str:
    return version("prospect-workbench")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", text)))


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
