"""
System libraries: probed in a child process, installed where this machine allows.

VTK without an OpenGL library ends Python by a segmentation fault, hence the child.
Nothing here fails the set-up: without OpenGL the job runs, without pictures.

    .venv/bin/python environments/system.py [browser]
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

RENDER = (
    "import vtkmodules.vtkRenderingOpenGL2, vtkmodules.vtkRenderingCore as core;"
    "window = core.vtkRenderWindow(); window.SetOffScreenRendering(1);"
    "window.SetSize(8, 8); window.Render()"
)
OLDEST_NODE = 20  # what the proxy runs on
LOAD_OPENMP = "import ctypes; ctypes.CDLL('libgomp.so.1')"


@dataclass(frozen=True)
class Library:
    """A system library: how it is probed, which Debian packages bring it, what for."""

    name: str
    purpose: str
    probe: str
    packages: tuple[tuple[str, ...], ...]
    elsewhere: str


LIBRARIES = (
    Library(
        "OpenMP",
        "LightGBM models",
        LOAD_OPENMP,
        (("libgomp1",),),
        "install the GNU OpenMP library (Fedora: libgomp; Alpine: libgomp)",
    ),
    Library(
        "off-screen OpenGL",
        "pictures of the 3D scene",
        RENDER,
        # EGL first: on Debian 13 VTK does not come as far as OSMesa by itself
        (("libegl1", "libegl-mesa0", "libgl1"), ("libosmesa6",)),
        "install Mesa's off-screen or EGL library (Fedora: mesa-libEGL mesa-libGL)",
    ),
)


def provide(python: Path, folder: Path) -> bool:
    """
    Probe the libraries, install what is missing; return whether all are there.

    What was found is remembered in `folder`, so that a later call costs nothing.
    """
    memory = folder / "system-libraries-ok"
    if memory.exists() or sys.platform != "linux":
        return True
    missing = [each.name for each in LIBRARIES if not _provide_one(each, python)]
    if not missing:
        memory.touch()
    return not missing


def _provide_one(library: Library, python: Path) -> bool:
    if works(library, python):
        return True
    for packages in library.packages:
        if _apt_install(packages, library.name) and works(library, python):
            return True
    print(
        f"Note: {library.name} is missing; without it there are no {library.purpose}."
    )
    if shutil.which("apt-get"):
        print(f"  sudo apt-get install -y {' '.join(library.packages[0])}")
    else:
        print(f"  {library.elsewhere}")
    return False


def works(library: Library, python: Path) -> bool:
    """Return whether a child process can use the library."""
    try:
        done = subprocess.run(
            [str(python), "-c", library.probe],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def venv_package() -> str:
    """Return the Debian package that brings venv and pip for this Python."""
    return f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"


def install_venv() -> bool:
    """Install Debian's venv package for this Python; return whether that worked."""
    if not sys.executable.startswith("/usr/bin/"):
        return False
    return _apt_install((venv_package(),), "venv") or _apt_install(
        ("python3-venv",), "venv"
    )


def provide_browser() -> bool:
    """Return whether there is a browser for the system tests, installed if need be."""
    names = ("chromium", "chromium-browser", "google-chrome")
    if any(shutil.which(name) for name in names):
        return True
    if _apt_install(("chromium",), "a browser"):
        return True
    print("Note: no browser; the tests of the report and the 3D view need one:")
    print("  sudo apt-get install -y chromium")
    return False


def install_node() -> bool:
    """Install Debian's Node.js and npm where they are new enough for the proxy."""
    apt_cache = shutil.which("apt-cache")
    if not apt_cache:
        return False
    said = subprocess.run(
        [apt_cache, "policy", "nodejs"], capture_output=True, text=True, check=False
    ).stdout
    candidate = re.search(r"Candidate: (?:\d+:)?(\d+)", said)
    if not candidate or int(candidate[1]) < OLDEST_NODE:
        return False
    # some archives pack npm with Node.js and conflict with a package of that name
    purpose = "for the hub's proxy"
    return _apt_install(("nodejs", "npm"), purpose) or _apt_install(
        ("nodejs",), purpose
    )


def _apt_install(packages: tuple[str, ...], purpose: str) -> bool:
    """Install Debian packages where we are root; say so first."""
    apt = shutil.which("apt-get")
    if not apt or os.geteuid() != 0 or os.environ.get("PROSPECT_NO_SYSTEM"):
        return False
    print(f"Installing {' '.join(packages)} ({purpose}) with apt-get ...", flush=True)
    install = [apt, "install", "-y", "--no-install-recommends", *packages]
    return _quiet(install) or (_quiet([apt, "update"]) and _quiet(install))


def _quiet(command: list[str]) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        check=False,
    )
    return done.returncode == 0


if __name__ == "__main__":
    ROOT = Path(__file__).resolve().parents[1]
    (ROOT / ".venv" / "system-libraries-ok").unlink(missing_ok=True)
    provide(Path(sys.executable), ROOT / ".venv")
    if "browser" in sys.argv[1:]:
        provide_browser()
