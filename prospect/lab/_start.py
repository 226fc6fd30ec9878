"""JupyterLab with the gallery for one person, on this machine only."""

from __future__ import annotations

import importlib.util
import os
import secrets
import socket
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from survey import DataProblems, Problem

from .._note import Note
from ..notebooks import notebooks_folder
from ._environment import lab_environment

LOOPBACK = "127.0.0.1"
PORTS = range(8888, 8989)
NEEDED = ("jupyterlab", "jupyter_server", "ipykernel")


@dataclass(frozen=True)
class LabServer:
    """
    A JupyterLab ready to be started.

    Parameters
    ----------
    command : tuple of str
        What to run; it holds no secret.
    environment : dict of str to str
        Its environment; the token is here.
    folder : Path
        Where it works; copies of notebooks go into `notebooks` below.
    url : str
        What to open in a browser, with the token.
    """

    command: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    folder: Path
    url: str = field(repr=False)


def prepare_lab(
    *,
    folder: str | Path | None = None,
    port: int | None = None,
    browser: bool = True,
    lang: str | None = None,
) -> LabServer:
    """
    Check what JupyterLab with the gallery needs, and say how to start it.

    It listens on this machine only, and asks for a token that is new each time.

    Parameters
    ----------
    folder : path, optional
        Folder to work in, made if it is not there; `prospect-lab` in the home.
    port : int, optional
        Port; the first free one from 8888 if it is not given.
    browser : bool
        Whether it opens the browser.
    lang : {"en", "zh"}, optional
        Language of the gallery until the person chooses; the browser's if not given.

    Returns
    -------
    LabServer

    Raises
    ------
    survey.DataProblems
        All that is in the way: no JupyterLab, folder, port, notebooks.

    Examples
    --------
    >>> server = prepare_lab(folder="work", browser=False)  # doctest: +SKIP
    >>> subprocess.run(server.command, env=server.environment)  # doctest: +SKIP
    """
    folder = Path.home() / "prospect-lab" if folder is None else Path(folder)
    folder = folder.expanduser().absolute()
    found: list[Problem | None] = [missing_library(), _folder(folder), _notebooks()]
    port, problem = _port(port)
    problems = [each for each in (*found, problem) if each is not None]
    if problems:
        raise DataProblems(problems)
    token = secrets.token_urlsafe(24)
    return LabServer(
        command=_command(port, browser=browser),
        environment=_environment(token, lang),
        folder=folder,
        url=f"http://{LOOPBACK}:{port}/workbench?token={token}",
    )


def _command(port: int, *, browser: bool) -> tuple[str, ...]:
    command = [sys.executable, "-m", "jupyterlab", f"--ip={LOOPBACK}"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", "--log-level=WARN"]
    command += ["--LabApp.default_url=/workbench", "--ServerApp.answer_yes=True"]
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return tuple(command)


def _environment(token: str, lang: str | None) -> dict[str, str]:
    environment = dict(os.environ)
    for name, path in lab_environment().items():
        before = environment.get(name)
        environment[name] = f"{path}{os.pathsep}{before}" if before else path
    if lang:
        environment["PROSPECT_LANG"] = lang
    return environment | {"JUPYTER_TOKEN": token}


def missing_library() -> Problem | None:
    """Return the problem of an environment without JupyterLab."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if not missing:
        return None
    return Problem(Note("lab_missing", name=missing[0]), Note("lab_missing_remedy"))


def _folder(folder: Path) -> Problem | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        what = Note("lab_folder", error=error.strerror or str(error))
        return Problem(what, Note("lab_folder_remedy"), file=str(folder))
    return None


def _notebooks() -> Problem | None:
    try:
        notebooks_folder()
    except FileNotFoundError as error:
        what = Note("lab_no_notebooks", error=str(error))
        return Problem(what, Note("lab_no_notebooks_remedy"))
    return None


def _port(wished: int | None) -> tuple[int, Problem | None]:
    if wished is not None:
        if _free(wished):
            return wished, None
        what = Note("lab_port_taken", port=wished)
        return wished, Problem(what, Note("lab_port_taken_remedy"), value=wished)
    for port in PORTS:
        if _free(port):
            return port, None
    what = Note("lab_no_port", first=PORTS[0], last=PORTS[-1])
    return 0, Problem(what, Note("lab_no_port_remedy"))


def _free(port: int) -> bool:
    with socket.socket() as trial:
        # as the server itself does: a port that was just left is free
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
        try:
            trial.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
