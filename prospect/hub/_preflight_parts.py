"""The programs a hub is made of, and who reaches them."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess, TimeoutExpired, run
from typing import TYPE_CHECKING

from ._problem import problem
from ._services import CHECKOUT, PROXY, find_node, hub_environment, user_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from survey import Problem

    from ._folder import HubFolder
    from ._settings import HubSettings

OLDEST_NODE = 20
NEEDED_BY_HUB = ("jupyterhub", "nativeauthenticator", "jupyterhub_idle_culler")
NEEDED_BY_USERS = ("jupyterhub", "jupyterlab", "prospect")
# where an environment finds its modules, without importing them
PROBE = """
import importlib.metadata, importlib.util, json, sys
names = sys.argv[1:]
specs = {name: importlib.util.find_spec(name) for name in names}
print(json.dumps({
    "missing": [name for name in names if specs[name] is None],
    "origins": [spec.origin for spec in specs.values() if spec and spec.origin],
    "base": sys.base_prefix,
    "version": importlib.metadata.version("jupyterhub") if specs["jupyterhub"] else "",
}))
"""
NOBODY = 65534


def run_python(
    environment: Path, code: str, *arguments: str, user: int | None = None
) -> CompletedProcess[str]:
    """Run a few lines in an environment; code 127 when its Python cannot be run."""
    command = [str(environment / "bin" / "python"), "-c", code, *arguments]
    around = {
        key: value for key, value in os.environ.items() if not key.startswith("PYTHON")
    }
    who = {} if user is None else {"user": user, "group": user, "extra_groups": []}
    try:
        return run(
            command,
            stdin=DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd="/",
            env=around | {"PYTHONDONTWRITEBYTECODE": "1"},
            **who,
        )
    except (OSError, TimeoutExpired) as error:
        return CompletedProcess(command, 127, "", str(error))


# --- the hub's side ----------------------------------------------------------


def check_hub_side() -> Iterator[Problem]:
    """Whether the hub's environment, the proxy and Node.js are there and fit."""
    folder = hub_environment()
    found = _probe(folder, NEEDED_BY_HUB)
    if isinstance(found, str):
        yield problem("hub_no_environment", file=folder, value=found or None)
        return
    if found["missing"]:
        fields = {"missing": found["missing"]}
        yield problem("hub_environment_incomplete", file=folder, **fields)
    yield from _proxy(folder / PROXY)
    yield from _node()


def _proxy(path: Path) -> Iterator[Problem]:
    try:
        with path.open("rb") as file:
            first = file.readline(200).decode("utf-8", "replace").strip()
    except OSError:
        yield problem("hub_no_proxy", file=path)
        return
    if "node" not in first:
        yield problem("hub_other_proxy", file=path, value=first)


def _node() -> Iterator[Problem]:
    program = find_node()
    if program is None:
        yield problem("hub_no_node", oldest=OLDEST_NODE)
        return
    try:
        done = run(
            [program, "--version"],
            stdin=DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        said = done.stdout.strip() or done.stderr.strip()[-200:]
    except (OSError, TimeoutExpired) as error:
        said = str(error)
    version = re.fullmatch(r"v(\d+)\..*", said)
    if not version:
        yield problem("hub_bad_node", file=program, value=said)
    elif int(version[1]) < OLDEST_NODE:
        yield problem("hub_old_node", file=program, value=said, oldest=OLDEST_NODE)


# --- the users' side ---------------------------------------------------------


def check_user_side(settings: HubSettings) -> Iterator[Problem]:
    """Whether the environment that people's servers run in is there and fits."""
    folder = user_environment(settings)
    found = _probe(folder, NEEDED_BY_USERS)
    if isinstance(found, str):
        yield problem("hub_no_user_environment", file=folder, value=found or None)
        return
    program = folder / "bin" / "jupyterhub-singleuser"
    missing = found["missing"] + ([] if program.exists() else [program.name])
    if missing:
        fields = {"missing": sorted(set(missing))}
        yield problem("hub_user_environment_incomplete", file=folder, **fields)
        return
    hub = _probe(hub_environment(), NEEDED_BY_HUB)
    if isinstance(hub, dict) and _major(hub["version"]) != _major(found["version"]):
        fields = {"hub": hub["version"], "user": found["version"]}
        yield problem("hub_versions_differ", file=folder, **fields)


def _probe(folder: Path, names: tuple[str, ...]) -> dict | str:
    """What an environment holds, or why it cannot be asked (empty: it is not there)."""
    if not (folder / "bin" / "python").exists():
        return ""
    done = run_python(folder, PROBE, *names)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["?"])[-1]
    return json.loads(done.stdout)


def _major(version: str) -> str:
    return version.partition(".")[0]


# --- who reaches what --------------------------------------------------------


def check_reach(place: HubFolder, settings: HubSettings) -> Iterator[Problem]:
    """Whether other accounts come as far as their homes and their Python."""
    if settings.mode != "team" or os.geteuid() != 0:
        return
    if closed := closed_above(place.root):
        yield problem("hub_homes_unreachable", file=place.root, value=closed[0])
    folder = user_environment(settings)
    found = _probe(folder, NEEDED_BY_USERS)
    if isinstance(found, str) or found["missing"]:
        return
    tried = run_python(folder, PROBE, *NEEDED_BY_USERS, user=NOBODY)
    if tried.returncode == 0 and not json.loads(tried.stdout)["missing"]:
        return
    needed = [folder, Path(found["base"]), (folder / "bin" / "python").resolve()]
    needed += map(Path, found["origins"])
    closed = sorted({each for path in needed for each in closed_above(path)})
    if closed:
        fields = {"closed": [str(each) for each in closed], "checkout": str(CHECKOUT)}
        yield problem("hub_python_unreachable", file=folder, **fields)
    else:
        last = (tried.stderr.strip().splitlines() or [tried.stdout.strip()])[-1]
        yield problem("hub_python_fails", file=folder, value=last)


def closed_above(path: Path) -> list[Path]:
    """Return the folders above a path that other accounts may not pass through."""
    return [each for each in reversed(path.parents) if not _passable(each)]


def _passable(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return bool(folder.stat().st_mode & 0o001)
    return True
