"""
Set up the project's own environment in .venv; a moment's work when nothing changed.

    python3 environments/setup.py core|dev|lab

Needs the standard library only. What is installed is what environments/locks says,
every file checked against its hash by pip; the project itself is linked, not copied.
A set-up that was interrupted is taken up where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

import system
from link import link

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCKS = ROOT / "environments" / "locks"
SPACE = {"core": 2.5e9, "lab": 3e9, "dev": 3e9}

# what pip says -> what a person can do; the first that fits is shown
REMEDIES = {
    "No space left|Errno 28": (
        "the disk is full: free about 4 GB and run the command again; it goes on "
        "where it stopped"
    ),
    "DO NOT MATCH THE HASHES|HashMismatch": (
        "a downloaded file is not the one that was locked. Run `python3 -m pip cache "
        "purge` and try again; if it happens twice, the mirror or proxy alters files: "
        "do not use it"
    ),
    "CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerification": (
        "the certificate of the package index is not trusted here: name your "
        "organisation's certificate file, PIP_CERT=/path/to/ca.pem"
    ),
    "NewConnectionError|NameResolutionError|name resolution|ConnectTimeout|Max retries|"
    "Connection (refused|reset|broken)|timed out|ProxyError|from versions: none": (
        "the package index was not reached: check the network, or tell pip which index "
        "or proxy to use (`python3 -m pip config set global.index-url ADDRESS`, "
        "HTTPS_PROXY=...), and run the command again; what was downloaded is kept"
    ),
    "Permission denied|Errno 13|Read-only file system": (
        "this account may not write here: use a checkout in a folder of your own"
    ),
    "No matching distribution|Could not find a version": (
        "the package index has no ready-made file of that version for this machine: "
        "use 64-bit Linux or macOS with Python 3.11 to 3.13, or a complete index"
    ),
}


class SetupError(Exception):
    """A failed set-up, with the remedy."""


def main() -> int:
    """Set up the environment named on the command line; return the exit code."""
    name = sys.argv[1] if len(sys.argv) > 1 else "core"
    if name not in SPACE:
        print(f"environments are {', '.join(SPACE)}; not {name!r}", file=sys.stderr)
        return 2
    try:
        prepare(name)
    except SetupError as error:
        print(f"\nThe set-up stopped: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"\nThe set-up stopped: {error}. {remedy(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def prepare(name: str) -> None:
    """Make what is missing: environment, packages, link to this checkout, libraries."""
    make_venv()
    version = run_python("import platform; print(platform.python_version())").strip()
    if not is_ready(name, version):
        start = time.monotonic()
        install(name)
        record(name, version)
        print(f"Environment '{name}' is ready ({time.monotonic() - start:.0f} s).")
    system.provide(PYTHON, VENV)


# --- the environment --------------------------------------------------------


def make_venv() -> None:
    """Make .venv, or make it anew where it is broken, moved or of another Python."""
    fault = venv_fault()
    if fault is None:
        return
    if VENV.exists():
        print(f"Making .venv anew: {fault}.")
        shutil.rmtree(VENV)
    check_space()
    print(f"Making .venv with Python {sys.version.split()[0]} ...")
    if not has_ensurepip() and not system.install_venv():
        raise SetupError(
            "this Python has no venv module. On Debian and Ubuntu type\n"
            f"  sudo apt-get install -y {system.venv_package()}\n"
            "and run the command again"
        )
    venv.EnvBuilder(with_pip=False, symlinks=os.name != "nt").create(VENV)
    done = run([str(PYTHON), "-m", "ensurepip", "--upgrade", "--default-pip"])
    if done.returncode:
        shutil.rmtree(VENV)
        raise SetupError(f"pip could not be set up: {done.stdout[-500:]}")


def venv_fault() -> str | None:
    """Return why .venv cannot be used, or None when it can."""
    if not VENV.exists():
        return "there is none"
    probe = "import sys, pip, encodings; print(*sys.version_info[:2])"
    done = run([str(PYTHON), "-c", probe]) if PYTHON.exists() else None
    if done is None or done.returncode:
        return "it is not complete"
    found = tuple(int(part) for part in done.stdout.split()[-2:])
    if not (3, 11) <= found < (3, 14):
        return f"its Python is {found[0]}.{found[1]}"
    if os.environ.get("PYTHON") and found != sys.version_info[:2]:
        return f"its Python is {found[0]}.{found[1]}, another one was asked for"
    if any(stamp.get("root") != str(ROOT) for stamp in stamps()):
        return "the checkout was moved"
    return None


def has_ensurepip() -> bool:
    """Return whether this Python can put pip into an environment."""
    return run([sys.executable, "-c", "import ensurepip, venv"]).returncode == 0


def check_space() -> None:
    """Refuse to start where the environment will not fit."""
    free = shutil.disk_usage(ROOT).free
    if free < SPACE["core"]:
        raise SetupError(
            f"{free / 1e9:.1f} GB are free here, the environment needs about "
            f"{SPACE['core'] / 1e9:.1f} GB. Free some space and run the command again"
        )


# --- packages ---------------------------------------------------------------


def install(name: str) -> None:
    """Install the lock of environment `name`, then link this checkout."""
    lock = LOCKS / f"{name}.txt"
    count = len(re.findall(r"^\S+==", lock.read_text("utf-8"), flags=re.MULTILINE))
    print(f"Installing '{name}': up to {count} packages, each checked by hash ...")
    discard_half_installed()
    pip(["--require-hashes", "--only-binary", ":all:", "-r", str(lock)], total=count)
    site_packages = run_python("import sysconfig; print(sysconfig.get_path('purelib'))")
    link(ROOT, Path(site_packages.strip()), PYTHON)


def discard_half_installed() -> None:
    """Remove what a cut-off installation left, so that pip installs it again."""
    for record_folder in VENV.glob("lib/python*/site-packages/*.dist-info"):
        if not (record_folder / "RECORD").exists():
            shutil.rmtree(record_folder)
    for leftover in VENV.glob("lib/python*/site-packages/~*"):
        shutil.rmtree(leftover, ignore_errors=True)


def pip(arguments: list[str], *, total: int) -> None:
    """Run `pip install` quietly; on failure show its last words and the remedy."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
    environment = os.environ | {"PIP_NO_INPUT": "1", "PYTHONUTF8": "1"}
    environment.pop("PIP_REQUIRE_VIRTUALENV", None)
    environment.pop("PIP_USER", None)
    lines: list[str] = []
    with subprocess.Popen(
        [*command, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=environment,
        cwd=ROOT,
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            show_progress(lines, total)
    (VENV / "setup.log").write_text("\n".join(lines), encoding="utf-8")
    if sys.stdout.isatty():
        print(end="\r\033[K")
    if process.returncode:
        text = "\n".join(lines)
        told = [line for line in lines if re.search("error|warning", line, re.I)]
        last = "\n  ".join(dict.fromkeys((told or lines)[-6:]))
        raise SetupError(f"pip says\n  {last}\nWhat to do: {remedy(text)}.")


def show_progress(lines: list[str], total: int) -> None:
    """Draw how far pip is, where a person watches."""
    if not sys.stdout.isatty():
        return
    seen = sum(line.startswith(("Collecting", "Requirement already")) for line in lines)
    phase = (
        "unpacking ..."
        if lines[-1].startswith("Installing")
        else f"{seen} of {total} looked up"
    )
    print(f"\r\033[K  {phase}", end="", flush=True)


def remedy(text: str) -> str:
    """Return what a person can do about an error of pip or of the system."""
    for pattern, advice in REMEDIES.items():
        if re.search(pattern, text):
            return advice
    return f"see {VENV.name}/setup.log for all that pip said"


# --- what is done already ---------------------------------------------------


def key(name: str, version: str) -> str:
    """Return the hash of all that decides what the environment holds."""
    files = [LOCKS / f"{name}.txt", ROOT / "pyproject.toml"]
    parts = [
        version.encode(),
        str(ROOT).encode(),
        *(file.read_bytes() for file in files),
    ]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_ready(name: str, version: str) -> bool:
    """Return whether an earlier set-up still holds; dev includes core and lab."""
    return any(
        stamp.get("done") == key(each, version)
        for each in {name, "dev"}
        for stamp in stamps(each)
    )


def stamps(name: str = "*") -> list[dict[str, str]]:
    """Return what earlier set-ups wrote down; a torn note counts as none."""
    found = []
    for file in VENV.glob(f"ready-{name}.json"):
        try:
            found.append(json.loads(file.read_text("utf-8")))
        except ValueError:
            file.unlink()
    return found


def record(name: str, version: str) -> None:
    """Write down that the environment is complete."""
    for file in VENV.glob("ready-*.json"):
        file.unlink()
    content = {"done": key(name, version), "root": str(ROOT), "python": version}
    part = VENV / "ready.part"
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.replace(VENV / f"ready-{name}.json")


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command and keep what it says."""
    return subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=os.environ | {"PYTHONUTF8": "1"},
        check=False,
    )


def run_python(code: str) -> str:
    """Return what a line of Python prints in the environment."""
    return run([str(PYTHON), "-c", code]).stdout


if __name__ == "__main__":
    sys.exit(main())
