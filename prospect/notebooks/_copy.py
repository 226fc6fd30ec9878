"""A copy of a curated notebook in a person's own space; edits are never overwritten."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import NamedTuple

from survey import DataProblems, atomic_path

from ._notebook import Notebook, fingerprint, header_of, read_notebook

# what Python's kernel says of itself: without it, JupyterLab would write it into the
# copy and show it as changed as soon as it is opened
LANGUAGE_INFO = {
    "codemirror_mode": {"name": "ipython", "version": sys.version_info[0]},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": sys.version.split()[0],
}


class NotebookCopy(NamedTuple):
    """
    What became of a copy.

    Attributes
    ----------
    path : Path
        The file to open.
    state : {"new", "yours", "updated", "beside", "reset"}
        A new copy; the copy that was there, as it is; a newer version in place of a
        copy that was neither edited nor run; the edited copy, with a newer version
        beside it; the original again.
    beside : Path or None
        The newer version (of "beside"), or the file that was kept (of "reset").
    """

    path: Path
    state: str
    beside: Path | None = None


def copy_notebook(
    notebook: Notebook, folder: str | Path, *, lang: str = "en", reset: bool = False
) -> NotebookCopy:
    """
    Copy a curated notebook into a folder of one's own, losing nothing that is there.

    A copy that was edited or run stays as it is. If the original has changed since, the
    new version is put beside it under a dated name.

    Parameters
    ----------
    notebook : Notebook
        From `list_notebooks`.
    folder : path
        Folder to copy to; it is made if it does not exist.
    lang : {"en", "zh"}
        Language; the one it was written in where there is no translation. Copies in
        another language than it was written in end in ``_zh`` or ``_en``.
    reset : bool
        Get the original again; the file that was there is kept under a dated name.

    Returns
    -------
    NotebookCopy

    Raises
    ------
    DataProblems
        If the notebook is from a newer version of the workbench, or unreadable.
    FileExistsError
        If a folder, or something that is no notebook, has the name of the copy.

    Examples
    --------
    >>> import tempfile
    >>> from prospect.notebooks import list_notebooks
    >>> mine = Path(tempfile.mkdtemp())
    >>> book = list_notebooks()[0]
    >>> copy_notebook(book, mine).state, copy_notebook(book, mine).state
    ('new', 'yours')
    """
    if notebook.problem is not None:
        raise DataProblems([notebook.problem])
    source = notebook.file(lang)
    original = fingerprint(read_notebook(source)["cells"])
    suffix = "" if source == notebook.files[notebook.language] else f"_{lang}"
    target = Path(folder) / f"{notebook.name}{suffix}.ipynb"
    if not target.exists() and not target.is_symlink():
        return NotebookCopy(_put(source, target), "new")
    if not target.is_file():
        raise FileExistsError(
            f"{target} is there and is no file: rename it, then copy again"
        )
    if reset:
        kept = _dated(target)
        target.rename(kept)
        try:
            return NotebookCopy(_put(source, target), "reset", kept)
        except OSError:
            kept.rename(target)
            raise
    return _keep(source, target, original)


def _keep(source: Path, target: Path, original: str) -> NotebookCopy:
    """Decide about a copy that is there already."""
    state = _state(target, original)
    if state == "yours":
        return NotebookCopy(target, "yours")
    if state == "updated":
        return NotebookCopy(_put(source, target), "updated")
    for path in sorted(target.parent.glob(f"{target.stem}_????-??-??*.ipynb")):
        if _state(path, original) == "yours":
            return NotebookCopy(target, "beside", path)
    return NotebookCopy(target, "beside", _put(source, _dated(target)))


def _state(path: Path, original: str) -> str:
    """Tell a copy of the present original, an untouched old one, an edited one."""
    try:
        content = read_notebook(path)
    except DataProblems:
        return "beside"  # whatever it is, it is not ours to replace
    now = fingerprint(content["cells"])
    given = header_of(content).get("given")
    if original in (now, given):
        return "yours"
    run = any(cell.get("outputs") for cell in content["cells"])
    return "updated" if now == given and not run else "beside"


def _put(source: Path, target: Path) -> Path:
    """Copy, with the hash of what was given, so that edits can be told later."""
    content = read_notebook(source)
    header = header_of(content)
    header["given"] = fingerprint(content["cells"])
    metadata = content.setdefault("metadata", {})
    metadata |= {"workbench": header, "language_info": LANGUAGE_INFO}
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    with atomic_path(target) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return target


def _dated(path: Path) -> Path:
    """Name with today's date that is not taken."""
    stem = f"{path.stem}_{date.today().isoformat()}"
    names = [stem, *(f"{stem}_{number}" for number in range(2, 1000))]
    candidates = (path.with_name(f"{name}{path.suffix}") for name in names)
    return next(each for each in candidates if not each.exists())
