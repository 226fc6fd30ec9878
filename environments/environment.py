"""An environment: its folder, what it is made from, and what is done of it already."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass, replace
from pathlib import Path

import system


class SetupError(Exception):
    """A failed set-up, with the remedy."""


@dataclass(frozen=True)
class Environment:
    """
    A virtual environment made from one lock.

    `space` is what it takes on disk in bytes, `sources` are further files that decide
    what it holds, `within` names environments of the same folder that hold all of it.
    """

    name: str
    root: Path
    folder: Path
    space: float
    sources: tuple[Path, ...] = ()
    within: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def lock(self) -> Path:
        """The hashed requirements."""
        return self.root / "environments" / "locks" / f"{self.name}.txt"

    @property
    def log(self) -> Path:
        """All that pip said last."""
        return self.folder / "setup.log"

    def renamed(self, name: str) -> Environment:
        """Return the environment `name` of the same folder."""
        return replace(self, name=name, within=())


def known(root: Path) -> dict[str, Environment]:
    """Return the environments of the checkout `root` by name."""
    project = (root / "pyproject.toml",)
    proxy = tuple(
        root / "environments" / "hub" / name
        for name in ("package.json", "package-lock.json", "node.txt")
    )
    users, hub = root / ".venv", root / ".hub-env"
    return {
        "core": Environment("core", root, users, 2.5e9, project, ("lab", "dev")),
        "lab": Environment("lab", root, users, 3e9, project, ("dev",)),
        "dev": Environment("dev", root, users, 3e9, project),
        "hub": Environment("hub", root, hub, 0.5e9, proxy),
    }


# --- the folder -------------------------------------------------------------


def make(environment: Environment) -> None:
    """Make the folder; anew where it is broken, moved or of another Python."""
    reason = fault(environment)
    if reason is None:
        return
    folder = environment.folder
    if folder.exists():
        print(f"Making {folder.name} anew: {reason}.")
        shutil.rmtree(folder)
    check_space(environment)
    print(f"Making {folder.name} with Python {sys.version.split()[0]} ...")
    if not has_ensurepip() and not system.install_venv():
        raise SetupError(
            "this Python has no venv module. On Debian and Ubuntu type\n"
            f"  sudo apt-get install -y {system.venv_package()}\n"
            "and run the command again"
        )
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(folder)
    done = run([environment.python, "-m", "ensurepip", "--upgrade", "--default-pip"])
    if done.returncode:
        shutil.rmtree(folder)
        raise SetupError(f"pip could not be set up: {done.stdout[-500:]}")


def fault(environment: Environment) -> str | None:
    """Return why the folder cannot be used, or None when it can."""
    if not environment.folder.exists():
        return "there is none"
    probe = "import sys, pip, encodings; print(*sys.version_info[:2])"
    python = environment.python
    done = run([python, "-c", probe]) if python.exists() else None
    if done is None or done.returncode:
        return "it is not complete"
    found = tuple(int(part) for part in done.stdout.split()[-2:])
    if not (3, 11) <= found < (3, 14):
        return f"its Python is {found[0]}.{found[1]}"
    if os.environ.get("PYTHON") and found != sys.version_info[:2]:
        return f"its Python is {found[0]}.{found[1]}, another one was asked for"
    if any(stamp.get("root") != str(environment.root) for stamp in stamps(environment)):
        return "the checkout was moved"
    return None


def has_ensurepip() -> bool:
    """Return whether this Python can put pip into an environment."""
    return run([sys.executable, "-c", "import ensurepip, venv"]).returncode == 0


def check_space(environment: Environment) -> None:
    """Refuse to start where the environment will not fit."""
    free = shutil.disk_usage(environment.root).free
    if free < environment.space:
        raise SetupError(
            f"{free / 1e9:.1f} GB are free here, the environment "
            f"'{environment.name}' needs about {environment.space / 1e9:.1f} GB. "
            "Free some space and run the command again"
        )


# --- what is done already ---------------------------------------------------


def key(environment: Environment, version: str) -> str:
    """Return the hash of all that decides what the environment holds."""
    files = (environment.lock, *environment.sources)
    parts = [version.encode(), str(environment.root).encode()]
    parts += [file.read_bytes() for file in files]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_ready(environment: Environment, version: str) -> bool:
    """Return whether an earlier set-up still holds, be it of a larger environment."""
    return any(
        stamp.get("done") == key(environment.renamed(name), version)
        for name in (environment.name, *environment.within)
        for stamp in stamps(environment, name)
    )


def stamps(environment: Environment, name: str = "*") -> list[dict[str, str]]:
    """Return what earlier set-ups wrote down; a torn note counts as none."""
    found = []
    for file in environment.folder.glob(f"ready-{name}.json"):
        try:
            found.append(json.loads(file.read_text("utf-8")))
        except ValueError:
            file.unlink()
    return found


def record(environment: Environment, version: str) -> None:
    """Write down that the environment is complete."""
    forget(environment)
    content = {
        "done": key(environment, version),
        "root": str(environment.root),
        "python": version,
    }
    part = environment.folder / "ready.part"
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.replace(environment.folder / f"ready-{environment.name}.json")


def forget(environment: Environment) -> None:
    """Drop the notes of earlier set-ups."""
    for file in environment.folder.glob("ready-*.json"):
        file.unlink()


# --- child processes --------------------------------------------------------


def run(
    command: list[str | Path], **options: object
) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it says."""
    settings = {"env": os.environ | {"PYTHONUTF8": "1"}} | options
    return subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
        **settings,
    )


def run_python(environment: Environment, code: str) -> str:
    """Return what a line of Python prints in the environment."""
    return run([environment.python, "-c", code]).stdout
