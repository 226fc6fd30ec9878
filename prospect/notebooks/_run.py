"""Run a notebook from the first cell to the last, and measure what it takes."""

from __future__ import annotations

import difflib
import json
import os
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from survey import Problem, write_text

from .._note import Note
from ._anatomy_code import parameters_of
from ._build import built_notebook, translate_notebook
from ._notebook import LANGUAGES, NUMBERS, header_of
from ._source import language_of, read_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psutil

INTERVAL = 0.25
# one machine is half as fast as another, and memory is measured in steps
SLACK = 1.5


class NotebookRun(NamedTuple):
    """
    One run of a notebook.

    Attributes
    ----------
    minutes : float
        From the start of its kernel to the last cell.
    memory_gb : float
        Highest memory of the kernel and of everything it started, in GB (1e9 bytes).
    path : Path
        The notebook with its results.
    html : Path
        The same as a page to read.
    problems : tuple of Problem
        What took more than the header says; nothing where parameters were changed.
    """

    minutes: float
    memory_gb: float
    path: Path
    html: Path
    problems: tuple[Problem, ...] = ()


def run_notebook(
    path: str | Path,
    *,
    out: str | Path,
    parameters: Mapping[str, Any] | None = None,
    lang: str | None = None,
) -> NotebookRun:
    """
    Run a notebook and measure the time and memory it takes.

    Parameters
    ----------
    path : path
        Percent text or ``.ipynb``. It is not changed.
    out : path
        Folder for the notebook with its results and its page; what an earlier run left
        there under the same names is replaced.
    parameters : mapping of str to object, optional
        Values for the parameters cell.
    lang : {"en", "zh"}, optional
        Language: of a text its translation is run, of an ``.ipynb`` the parameter
        `lang` is set.

    Returns
    -------
    NotebookRun

    Raises
    ------
    ValueError
        If a parameter is not in the parameters cell; near names are told.
    RuntimeError
        If a cell fails; the results so far are kept as ``NN_name.failed.ipynb``.
    DataProblems
        If the notebook or its catalogue cannot be read.

    Examples
    --------
    >>> from prospect.notebooks import new_notebook
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> text = new_notebook(folder / "20_gold.py", title="Gold")
    >>> done = run_notebook(text, out=folder / "done")  # doctest: +SKIP
    >>> done.path.name, done.html.name  # doctest: +SKIP
    ('20_gold.ipynb', '20_gold.html')
    """
    path, out = Path(path), Path(out)
    notebook = _in_language(path, lang)
    given = dict(parameters or {})
    known = parameters_of(notebook["cells"])
    _check_parameters(given, known)
    if lang and "lang" in known:
        given.setdefault("lang", lang)
    target = out / f"{path.stem}.ipynb"
    minutes, memory_gb = _execute(notebook, target, given, cwd=path.parent.absolute())
    html = _export(target)
    changed = {name for name in given if name != "lang"}
    claims = {} if changed else header_of(notebook)
    found = {"minutes": minutes, "memory_gb": memory_gb}
    problems = [
        Problem(
            Note("run_more", key=key, claim=claims[key], found=round(found[key], 2)),
            Note("run_more_remedy"),
            file=path.name,
            severity="warning",
        )
        for key in NUMBERS
        if isinstance(claims.get(key), int | float) and found[key] > SLACK * claims[key]
    ]
    return NotebookRun(minutes, memory_gb, target, html, tuple(problems))


def _in_language(path: Path, lang: str | None) -> dict[str, Any]:
    if lang is not None and lang not in LANGUAGES:
        raise ValueError(f"lang={lang!r} is unknown: use one of {LANGUAGES}")
    content = read_source(path)
    if path.suffix == ".ipynb":
        return content
    if lang is None or lang == language_of(content):
        return built_notebook(content, lang=language_of(content))
    return translate_notebook(path, content)[0]


def _check_parameters(given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    unknown = [name for name in given if name not in known]
    if not unknown:
        return
    near = difflib.get_close_matches(unknown[0], known, n=2)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    raise ValueError(
        f"no parameter {', '.join(unknown)}; {hint}the parameters cell has: "
        f"{', '.join(known) or 'none'}"
    )


def _execute(
    notebook: dict[str, Any], target: Path, given: dict[str, Any], *, cwd: Path
) -> tuple[float, float]:
    """Run into a part beside `target`; minutes and GB."""
    import nbformat
    import papermill
    from papermill.exceptions import PapermillException

    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.stem}.part.ipynb")
    failed = target.with_name(f"{target.stem}.failed.ipynb")
    start = time.monotonic()
    with _environment(), _watched() as peak:
        try:
            papermill.execute_notebook(
                nbformat.from_dict(notebook),
                str(part),
                given,
                progress_bar=False,
                cwd=str(cwd),
                request_save_on_cell_execute=False,
                extra_arguments=["--log-level=ERROR"],
            )
        except PapermillException as error:
            part.replace(failed)
            raise RuntimeError(_failure(target.stem, error, failed)) from error
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    minutes = (time.monotonic() - start) / 60
    measured = {"minutes": round(minutes, 3), "memory_gb": round(peak[0] / 1e9, 3)}
    content = json.loads(part.read_text(encoding="utf-8"))
    content["metadata"].setdefault("workbench", {})["run"] = measured
    # where and when it ran is nobody's business but the log's
    content["metadata"].pop("papermill", None)
    write_text(target, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
    part.unlink()
    failed.unlink(missing_ok=True)
    return minutes, peak[0] / 1e9


def _failure(name: str, error: Exception, failed: Path) -> str:
    cell = getattr(error, "exec_count", None)
    said = f"{getattr(error, 'ename', type(error).__name__)}: "
    said += str(getattr(error, "evalue", error))
    place = f"cell [{cell}] of {name}" if cell else name
    return f"{place} failed with {said}. The results so far are in {failed}"


@contextmanager
def _environment() -> Iterator[None]:
    """Settings for a kernel that nobody watches, put back afterwards."""
    settings = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    settings["JUPYTER_PLATFORM_DIRS"] = "1"
    settings["PROSPECT_VIEW"] = "still"  # pictures: nobody is there to click
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _watched() -> Iterator[list[float]]:
    """Highest memory of the processes that this one starts meanwhile, in bytes."""
    import psutil

    own = psutil.Process()
    before = {child.pid for child in own.children(recursive=True)}
    peak, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(INTERVAL):
            started = [c for c in own.children(recursive=True) if c.pid not in before]
            peak[0] = max(peak[0], sum(map(_memory, started)))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


def _memory(process: psutil.Process) -> float:
    """Memory of a process in bytes, shared pages by their share where that is told."""
    import psutil

    try:
        told = process.memory_full_info()
        return float(getattr(told, "pss", 0) or told.rss)
    except psutil.NoSuchProcess:
        return 0.0
    except psutil.AccessDenied:
        return float(process.memory_info().rss)


def _export(path: Path) -> Path:
    from nbconvert import HTMLExporter

    text, _ = HTMLExporter().from_filename(str(path))
    return write_text(path.with_suffix(".html"), text)
