"""Pages made from the code and the notebooks: the API and the gallery."""

from __future__ import annotations

import importlib
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from prospect.notebooks import Notebook

# one page each, in the order a job uses them
PACKAGES = (
    "survey",
    "survey.quality",
    "spectral",
    "spectral.library",
    "spectral.mapping",
    "spectral.indices",
    "prospect",
    "prospect.evidence",
    "prospect.geochem",
    "prospect.gridding",
    "prospect.imagery",
    "prospect.models",
    "prospect.validation",
    "prospect.targets",
    "prospect.report",
    "prospect.scene",
    "prospect.view",
    "prospect.compute",
    "prospect.notebooks",
    "prospect.lab",
    "prospect.hub",
)
WORDS = {
    "en": {
        "gallery": "Notebooks",
        "intro": "Each tells one story, runs from the first cell to the last, and says "
        "what it needs. Open your own copy from the gallery of the workbench.",
        "needs": "{minutes} min, {memory} GB",
    },
    "zh": {
        "gallery": "笔记本",
        "intro": "每个笔记本讲一件事，可从头运行到尾，并写明所需时间、内存与数据。"
        "请在工作台的图库中打开自己的副本。",
        "needs": "{minutes} 分钟，{memory} GB",
    },
}


def generate(docs: Path) -> None:
    """Write docs/api and docs/notebooks anew."""
    _write_api(docs / "api")
    _write_notebooks(docs / "notebooks")


def _write_api(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name in PACKAGES:
        module = importlib.import_module(name)
        summary = (module.__doc__ or name).strip().partition("\n\n")
        members = sorted(
            each
            for each in module.__all__
            if f"{name}.{each}" not in PACKAGES
            and callable(getattr(module, each, None))
        )
        lines = [f"# {name}", "", summary[0], "", summary[2], ""]
        if members:
            lines += ["```{eval-rst}", f".. currentmodule:: {name}", ""]
            lines += [".. autosummary::", "   :toctree: generated", "   :nosignatures:"]
            lines += ["", *(f"   {each}" for each in members), "```"]
        _write(folder / f"{name}.md", lines)
    entries = [f"{name} <{name}>" for name in PACKAGES]
    intro = "Every public name, by package. One import path a name."
    _write(folder / "index.md", ["# API", "", intro, "", *_toctree(entries, depth=1)])


def _write_notebooks(folder: Path) -> None:
    from prospect.notebooks import list_notebooks

    shutil.rmtree(folder, ignore_errors=True)
    books = list_notebooks()
    executed = folder.parents[1] / "build" / "notebooks"
    for lang in WORDS:
        place = folder / lang
        place.mkdir(parents=True)
        for book in books:
            _copy(book, lang, place, executed)
        words = WORDS[lang]
        lines = [f"# {words['gallery']}", "", words["intro"], ""]
        lines += ["::::{grid} 1 2 2 3", ":gutter: 3", ""]
        for book in books:
            lines += _card(book, lang)
        lines += ["::::", "", *_toctree([book.name for book in books], hidden=True)]
        _write(place / "index.md", lines)


def _copy(book: Notebook, lang: str, place: Path, executed: Path) -> None:
    source = book.files.get(lang) or next(iter(book.files.values()))
    run = executed / lang / source.name
    shutil.copy(run if run.exists() else source, place / f"{book.name}.ipynb")
    if book.thumbnail:
        shutil.copy(book.thumbnail, place / f"{book.name}.png")


def _card(book: Notebook, lang: str) -> list[str]:
    words = WORDS[lang]
    needs = words["needs"].format(minutes=book.minutes, memory=book.memory_gb)
    picture = [f":img-top: {book.name}.png"] if book.thumbnail else []
    return [
        f":::{{grid-item-card}} {_said(book.title, lang)}",
        f":link: {book.name}",
        ":link-type: doc",
        *picture,
        "",
        _said(book.summary, lang),
        "",
        f"**{needs}**",
        ":::",
        "",
    ]


def _said(texts: dict[str, str], lang: str) -> str:
    """Text in a language, or in the one there is."""
    return texts.get(lang) or next(iter(texts.values()), "")


def _toctree(entries: list[str], *, depth: int = 2, hidden: bool = False) -> list[str]:
    options = [":hidden:"] if hidden else []
    head = ["```{toctree}", f":maxdepth: {depth}", *options, ""]
    return [*head, *entries, "```"]


def _write(path: Path, lines: list[str]) -> None:
    """Write a page, but leave it alone when nothing changed: the build is faster."""
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, encoding="utf-8")
