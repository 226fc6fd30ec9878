"""
Set up an environment of the project; a moment's work when nothing changed.

    python3 environments/setup.py core|lab|dev|hub

core, lab and dev are made in .venv: to run jobs, to work in notebooks, to develop. hub
is the administrator's, in .hub-env: the shared workbench without the users' packages.

Needs the standard library only. What is installed is what environments/locks says,
every file checked against its hash by pip; the project itself is linked, not copied.
A set-up that was interrupted is taken up where it stopped.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import packages
import proxy
import system
from environment import (
    Environment,
    SetupError,
    is_ready,
    known,
    make,
    record,
    run_python,
)
from link import link, link_path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Set up the environment named on the command line; return the exit code."""
    environments = known(ROOT)
    name = sys.argv[1] if len(sys.argv) > 1 else "core"
    if name not in environments:
        print(
            f"environments are {', '.join(environments)}; not {name!r}", file=sys.stderr
        )
        return 2
    try:
        prepare(environments[name])
    except SetupError as error:
        print(f"\nThe set-up stopped: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        advice = packages.remedy(str(error))
        print(f"\nThe set-up stopped: {error}. {advice}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def prepare(environment: Environment) -> None:
    """Make what is missing: folder, packages, link to this checkout, the rest."""
    make(environment)
    code = "import platform; print(platform.python_version())"
    version = run_python(environment, code).strip()
    of_hub = environment.name == "hub"
    if not is_ready(environment, version) or (of_hub and proxy.fault(environment)):
        start = time.monotonic()
        fill(environment)
        record(environment, version)
        seconds = time.monotonic() - start
        print(f"Environment '{environment.name}' is ready ({seconds:.0f} s).")
    if not of_hub:
        system.provide(environment.python, environment.folder)


def fill(environment: Environment) -> None:
    """Install the packages of an environment and link this checkout."""
    packages.install(environment)
    site_packages = packages.site_packages(environment)
    if environment.name == "hub":
        link_path(environment.root, site_packages)
        proxy.install(environment)
    else:
        link(environment.root, site_packages, environment.python)


if __name__ == "__main__":
    sys.exit(main())
