"""
Link this checkout into the environment: importable, listed by pip, with its command.

Written by hand instead of `pip install -e`: nothing has to be built or downloaded, and
the path file holds a relative path in plain ASCII. (Python reads path files in the
locale's encoding; an absolute path with Chinese characters in it stops Python itself
from starting under LC_ALL=C.)

    python environments/link.py    # into the Python that runs this: conda, Binder
"""

from __future__ import annotations

import json
import os
import shutil
import sysconfig
import tomllib
from pathlib import Path

COMMAND = """\
#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys
from {module} import {function}
sys.exit({function}())
"""


def link(root: Path, site_packages: Path, python: Path) -> None:
    """Make the project of `root` importable and its commands callable in .venv."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    stem = _stem(project)
    for old in site_packages.glob(f"*{stem}*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    path_file = link_path(root, site_packages)
    commands = [_command(*each, python) for each in project["scripts"].items()]
    info = site_packages / f"{stem}-{project['version']}.dist-info"
    info.mkdir()
    files = {
        "METADATA": _metadata(project),
        "INSTALLER": "environments/setup.py\n",
        "direct_url.json": json.dumps(
            {"url": root.as_uri(), "dir_info": {"editable": True}}
        ),
        "entry_points.txt": "[console_scripts]\n"
        + "".join(f"{name} = {call}\n" for name, call in project["scripts"].items()),
    }
    for name, text in files.items():
        (info / name).write_text(text, encoding="utf-8")
    owned = [path_file, *commands, *(info / name for name in files)]
    lines = [f"{os.path.relpath(file, site_packages)},,\n" for file in owned]
    (info / "RECORD").write_text("".join([*lines, f"{info.name}/RECORD,,\n"]), "utf-8")


def link_path(root: Path, site_packages: Path) -> Path:
    """
    Make the project of `root` importable and no more; return the path file.

    Enough where its requirements are not installed, as in the hub's environment.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    path_file = site_packages / f"{_stem(project)}.pth"
    path_file.write_text(os.path.relpath(root, site_packages) + "\n", encoding="ascii")
    return path_file


def _stem(project: dict) -> str:
    return project["name"].replace("-", "_")


def _command(name: str, call: str, python: Path) -> Path:
    module, function = call.split(":")
    path = python.with_name(name)
    quoted = str(python).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
    text = COMMAND.format(python=quoted, module=module, function=function)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def _metadata(project: dict) -> str:
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        f"Summary: {project['description']}",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {need}" for need in project["dependencies"]),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    link(
        Path(__file__).resolve().parents[1],
        Path(sysconfig.get_path("purelib")),
        Path(sysconfig.get_path("scripts")) / "python",
    )
