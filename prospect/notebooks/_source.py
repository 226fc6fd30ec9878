"""A notebook as it is written: percent text or .ipynb, read into cells."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._notebook import (
    LANGUAGES,
    fingerprint,
    header_of,
    read_notebook,
    refuse_newer,
    source_of,
    unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KERNEL = {
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "name": "python3",
}


def read_source(path: str | Path) -> dict[str, Any]:
    """
    Read a notebook from its percent text, or from an .ipynb.

    Parameters
    ----------
    path : path
        ``.py`` in percent form, with the header of the workbench, or ``.ipynb``.

    Returns
    -------
    dict
        The notebook as nbformat 4.5 has it: `cells`, `metadata` and its version. Each
        cell of a text gets an id that depends on what it says, so that building twice
        gives the same file.

    Raises
    ------
    FileNotFoundError
        If the file is not there.
    DataProblems
        If it is no notebook, or one from a newer version of the workbench.

    Examples
    --------
    >>> from prospect.notebooks import notebooks_folder
    >>> folder = notebooks_folder()
    >>> content = read_source(folder / "01_prospecting_end_to_end.ipynb")
    >>> content["cells"][0]["source"].splitlines()[0]
    '# Prospecting, end to end'
    """
    path = Path(path)
    if path.suffix == ".ipynb":
        content = read_notebook(path)
        cells = [cell | {"source": source_of(cell)} for cell in content["cells"]]
        return content | {"cells": cells}
    content = _read_text(path)
    refuse_newer(content, path)
    return content


def language_of(content: Mapping[str, Any]) -> str:
    """Return the language a notebook was written in; English where none is stated."""
    language = header_of(content).get("language")
    return language if language in LANGUAGES else "en"


def other_language(content: Mapping[str, Any]) -> str:
    """Return the language a notebook is translated to."""
    return next(each for each in LANGUAGES if each != language_of(content))


def tags_of(cell: Mapping[str, Any]) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.get("metadata", {}).get("tags") or ())


def clean_notebook(cells: list[dict[str, Any]], header: dict[str, Any]) -> dict:
    """Notebook of cells and header, with nothing that changes from build to build."""
    metadata = {
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
        "workbench": header,
    }
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _read_text(path: Path) -> dict[str, Any]:
    import jupytext
    from yaml import YAMLError

    text = path.read_text(encoding="utf-8")
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
        metadata = dict(notebook.metadata)
        header = header_of({"metadata": metadata})
    except (ValueError, TypeError, YAMLError) as error:
        raise unreadable(f"{type(error).__name__}: {error}", path) from None
    cells = [_cell(cell) for cell in notebook.cells]
    for cell, name in zip(cells, _names(cells), strict=True):
        cell["id"] = name
    kernel = metadata.get("kernelspec")
    content = clean_notebook(cells, header)
    content["metadata"]["kernelspec"] = dict(kernel or {})
    return content


def _cell(cell: Mapping[str, Any]) -> dict[str, Any]:
    made = {
        "cell_type": cell["cell_type"],
        "id": "",
        "metadata": dict(cell.get("metadata", {})),
        "source": source_of(cell),
    }
    if made["cell_type"] == "code":
        made |= {"execution_count": None, "outputs": []}
    return made


def _names(cells: Iterable[Mapping[str, Any]]) -> list[str]:
    """Ids of cells: from what they say, with a number where two say the same."""
    names: list[str] = []
    for cell in cells:
        stem = hashlib.sha256(fingerprint([cell]).encode()).hexdigest()[:10]
        same = sum(name.startswith(stem) for name in names)
        names.append(f"{stem}-{same + 1}" if same else stem)
    return names
