"""A person's own space: where copies of curated notebooks go, and how they stand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from survey import DataProblems

from ..notebooks import notebooks_folder
from ..notebooks._notebook import fingerprint, header_of, read_notebook

if TYPE_CHECKING:
    from ..notebooks import Notebook

NAME = "notebooks"


def own_space(root: str | Path) -> Path:
    """
    Return the folder for copies: below the home under a hub, below `root` otherwise.

    The folder of the originals is never taken: copies would be originals.
    """
    root = Path(root).resolve()
    home = Path.home().resolve()
    under_hub = "JUPYTERHUB_USER" in os.environ
    base = home if under_hub and home.is_relative_to(root) else root
    space = base / NAME
    try:
        originals = notebooks_folder().resolve()
    except FileNotFoundError:
        return space
    taken = space == originals or originals in space.parents
    return base / f"my-{NAME}" if taken else space


def copy_path(notebook: Notebook, space: Path, *, lang: str) -> Path:
    """Return where the copy of a notebook in a language lies, or would lie."""
    other = notebook.file(lang) != notebook.files[notebook.language]
    suffix = f"_{lang}" if other else ""
    return space / f"{notebook.name}{suffix}.ipynb"


def state_of_copy(notebook: Notebook, space: Path, *, lang: str) -> str:
    """
    Tell how the person's copy stands to the present original.

    Returns
    -------
    {"none", "same", "edited", "old", "edited_old"}
        No copy; as the original; edited; of an older original, without or with edits.
    """
    path = copy_path(notebook, space, lang=lang)
    if not path.is_file():
        return "none"
    try:
        content = read_notebook(path)
        original = fingerprint(read_notebook(notebook.file(lang))["cells"])
    except (DataProblems, OSError):
        return "edited"  # whatever is there is the person's
    now = fingerprint(content["cells"])
    given = header_of(content).get("given")
    if now == original:
        return "same"
    if given == original:
        return "edited"
    return "old" if now == given else "edited_old"
