"""Kernels of one's own: further packages on top of the workbench's, in the home."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survey import DataProblems, Problem, atomic_path

from .._note import Note
from ._start import missing_library

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
MARK = "prospect_workbench"
# settings of pip that would put packages elsewhere
ELSEWHERE = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONPATH", "PYTHONHOME")
LAST_LINES = 3


@dataclass(frozen=True)
class Kernel:
    """
    One kernel of a person's own.

    Parameters
    ----------
    name : str
        Its name, in the launcher too.
    folder : Path
        Its environment, in the home: it outlives server and hub.
    packages : tuple of str
        What was asked for when it was made.
    differing : tuple of Note
        Packages whose version differs from the workbench's.
    problem : Problem or None
        Why it cannot start any more.
    """

    name: str
    folder: Path
    packages: tuple[str, ...] = ()
    differing: tuple[Note, ...] = ()
    problem: Problem | None = None


def new_kernel(name: str, *, packages: Iterable[str] = ()) -> Kernel:
    """
    Make a kernel that sees all the workbench has, and packages of one's own.

    The workbench's own environment stays as it is. The kernel lies in the home, so it
    survives restarts; `%pip install` in a notebook with it adds to it.

    Parameters
    ----------
    name : str
        Small letters, digits, "-" and "_".
    packages : iterable of str
        Requirements as pip takes them.

    Returns
    -------
    Kernel

    Raises
    ------
    survey.DataProblems
        A bad or taken name, what is no package, what pip could not install. Nothing
        is left behind.

    Examples
    --------
    >>> new_kernel("field-2026", packages=["lasio"]).name  # doctest: +SKIP
    'field-2026'
    """
    packages = tuple(packages)
    _check(name, packages)
    folder = _environments() / name
    if folder.exists():  # the rest of one whose making was cut off
        shutil.rmtree(folder)
    try:
        python = _make_environment(folder)
        if packages:
            _install(python, packages)
        _write_spec(name, python, packages)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return _kernel(name, _spec_folder(name))


def list_kernels() -> list[Kernel]:
    """
    Kernels that `new_kernel` made, by name.

    Returns
    -------
    list of Kernel
        One that cannot start any more says why in `problem`.

    Examples
    --------
    >>> isinstance(list_kernels(), list)
    True
    """
    specs = sorted(_specs().glob("*/kernel.json"))
    return [_kernel(each.parent.name, each.parent) for each in specs if _mark(each)]


def remove_kernel(name: str) -> Path:
    """
    Remove a kernel of one's own with its packages; notebooks stay.

    Parameters
    ----------
    name : str
        Name of the kernel.

    Returns
    -------
    Path
        The folder that is gone.

    Raises
    ------
    survey.DataProblems
        If there is none of that name, or it is not one that `new_kernel` made.

    Examples
    --------
    >>> remove_kernel("none-of-mine")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    survey._problems.DataProblems: 1 problem...
    """
    spec = _spec_folder(name) / "kernel.json" if NAME.fullmatch(name) else None
    if spec is None or not spec.is_file() or not _mark(spec):
        known = spec is not None and name in _taken()
        what = Note("kernel_not_yours" if known else "kernel_unknown")
        raise DataProblems([Problem(what, Note("kernel_list_remedy"), value=name)])
    folder = _environments() / name
    shutil.rmtree(spec.parent)  # first, so that nobody starts what is half gone
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def _check(name: str, packages: tuple[str, ...]) -> None:
    missing = missing_library()
    if missing is not None:
        raise DataProblems([missing])
    problems = []
    if not NAME.fullmatch(name):
        what, remedy = Note("kernel_name"), Note("kernel_name_remedy")
        problems.append(Problem(what, remedy, value=name))
    elif name in _taken():
        what, remedy = Note("kernel_exists"), Note("kernel_exists_remedy", name=name)
        problems.append(Problem(what, remedy, value=name))
    problems += [
        Problem(Note("kernel_package"), Note("kernel_package_remedy"), value=each)
        for each in packages
        if not each.strip() or each.lstrip().startswith("-")
    ]
    if problems:
        raise DataProblems(problems)


def _make_environment(folder: Path) -> Path:
    """Make the environment on top of the one that is running; return its Python."""
    builder = venv.EnvBuilder(symlinks=os.name == "posix", with_pip=False)
    builder.create(folder)
    scheme = {"base": str(folder), "platbase": str(folder)}
    site = Path(sysconfig.get_path("purelib", "venv", scheme))
    # not a plain line: the folder's own .pth files count as well (a checkout's link)
    lines = [f"import site; site.addsitedir({each!r})\n" for each in _base_sites()]
    (site / "prospect_workbench_base.pth").write_text("".join(lines), encoding="utf-8")
    scripts = Path(sysconfig.get_path("scripts", "venv", scheme))
    return scripts / ("python.exe" if os.name == "nt" else "python")


def _base_sites() -> list[str]:
    paths = (sysconfig.get_path(name) for name in ("purelib", "platlib"))
    return list(dict.fromkeys(paths))


def _install(python: Path, packages: tuple[str, ...]) -> None:
    environment = {
        name: value for name, value in os.environ.items() if name not in ELSEWHERE
    }
    command = [str(python), "-m", "pip", "install", "--no-input", "--quiet"]
    command += ["--disable-pip-version-check", "--", *packages]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        said = " ".join((lines or done.stderr.splitlines())[-LAST_LINES:])
        what = Note("kernel_pip", error=said.replace("ERROR: ", ""))
        raise DataProblems([Problem(what, Note("kernel_pip_remedy"))])


def _write_spec(name: str, python: Path, packages: tuple[str, ...]) -> None:
    from ipykernel.kernelspec import RESOURCES

    arguments = ["-Xfrozen_modules=off", "-m", "ipykernel_launcher"]
    spec = {
        "argv": [str(python), *arguments, "-f", "{connection_file}"],
        "display_name": name,
        "language": "python",
        "metadata": {
            "debugger": True,
            MARK: {"base": _base_sites(), "packages": list(packages)},
        },
    }
    _specs().mkdir(parents=True, exist_ok=True)
    with atomic_path(_spec_folder(name)) as part:
        part.mkdir()
        for picture in Path(RESOURCES).glob("logo-*"):
            shutil.copyfile(picture, part / picture.name)
        (part / "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")


def _kernel(name: str, spec: Path) -> Kernel:
    content = json.loads((spec / "kernel.json").read_text(encoding="utf-8"))
    mark = content["metadata"][MARK]
    packages = tuple(map(str, mark.get("packages", ())))
    folder = _environments() / name
    why = _broken(Path(content["argv"][0]), mark)
    if why:
        parts = (part for each in packages for part in ("--packages", each))
        again = shlex.join(["prospect", "kernel", "new", name, *parts])
        remedy = Note("kernel_broken_remedy", name=name, again=again)
        problem = Problem(Note("kernel_broken", why=why), remedy)
        return Kernel(name, folder, packages, problem=problem)
    return Kernel(name, folder, packages, _differing(folder, mark["base"]))


def _broken(python: Path, mark: dict[str, Any]) -> str:
    gone = [each for each in (python, *map(Path, mark["base"])) if not each.exists()]
    return f"{gone[0]}" if gone else ""


def _differing(folder: Path, base: list[str]) -> tuple[Note, ...]:
    """Return packages of the kernel that hide another version of the workbench's."""
    own = _versions(str(each) for each in folder.glob("[Ll]ib*/**/site-packages"))
    ours = _versions(base)
    return tuple(
        Note("kernel_shadowed", name=name, theirs=own[name], ours=ours[name])
        for name in sorted(own)
        if ours.get(name, own[name]) != own[name]
    )


def _versions(sites: Iterable[str]) -> dict[str, str]:
    """Versions by the name that all spellings of a package share."""
    return {
        re.sub(r"[-_.]+", "-", each.name).lower(): each.version
        for each in distributions(path=list(sites))
    }


def _mark(spec: Path) -> bool:
    try:
        return MARK in json.loads(spec.read_text(encoding="utf-8"))["metadata"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _taken() -> set[str]:
    from jupyter_client.kernelspec import (
        KernelSpecManager,
    )

    return {"python", "python3", *KernelSpecManager().find_kernel_specs()}


def _specs() -> Path:
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir(), "kernels")


def _spec_folder(name: str) -> Path:
    return _specs() / name


def _environments() -> Path:
    """Return the folder of the kernels' environments, in the home."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data, "prospect-workbench", "kernels")
