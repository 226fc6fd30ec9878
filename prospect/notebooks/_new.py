"""A notebook to start from: it runs, and passes the check."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from string import Template

from survey import write_text

from ._build import built_notebook
from ._notebook import LANGUAGES
from ._source import read_source


def new_notebook(path: str | Path, *, title: str, lang: str = "en") -> Path:
    """
    Write a notebook from the template, which has every part of the anatomy.

    Parameters
    ----------
    path : path
        File to write: ``.py`` for a text that is reviewed and built, ``.ipynb`` for a
        notebook to open.
    title : str
        Title, one line.
    lang : {"en", "zh"}
        Language it is written in.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    FileExistsError
        If the file is there: it is not replaced.
    ValueError
        If the suffix is another, the title is empty or of several lines, or the
        language is unknown.

    See Also
    --------
    check_notebook : Tells what is missing.

    Examples
    --------
    >>> import tempfile
    >>> new_notebook(Path(tempfile.mkdtemp()) / "20_gold.ipynb", title="Gold").name
    '20_gold.ipynb'
    """
    path = Path(path)
    if path.suffix not in {".py", ".ipynb"}:
        raise ValueError(f"{path.name}: name it with .py or .ipynb")
    if lang not in LANGUAGES:
        raise ValueError(f"lang={lang!r} is unknown: use one of {LANGUAGES}")
    title = title.strip()
    if not title or "\n" in title:
        raise ValueError(f"title={title!r}: give one line that says what it is about")
    built = path.with_suffix(".ipynb")
    for there in (path, built):
        if there.exists():
            raise FileExistsError(f"{there} is there already: choose another name")
    template = files(__package__).joinpath(f"data/template_{lang}.txt")
    text = Template(template.read_text(encoding="utf-8")).substitute(title=title)
    if path.suffix == ".py":
        return write_text(path, text)
    source = write_text(path.with_suffix(".py"), text)
    try:
        notebook = built_notebook(read_source(source), lang=lang)
    finally:
        source.unlink()
    return write_text(path, json.dumps(notebook, ensure_ascii=False, indent=1) + "\n")
