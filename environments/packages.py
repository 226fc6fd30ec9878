"""Python packages: installed by pip from a lock, with words a person can act on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from environment import Environment, SetupError, run_python

# published as source only, each pure Python; built by the locked setuptools
SOURCE_ONLY = ("onetimepass",)

# what pip or npm says -> what a person can do; the first that fits is shown
REMEDIES = {
    "No space left|Errno 28|ENOSPC": (
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
    "Permission denied|Errno 13|Read-only file system|EACCES|EROFS": (
        "this account may not write here: use a checkout in a folder of your own"
    ),
    "No matching distribution|Could not find a version": (
        "the package index has no ready-made file of that version for this machine: "
        "use 64-bit Linux or macOS with Python 3.11 to 3.13, or a complete index"
    ),
}


def install(environment: Environment) -> None:
    """Install the lock of an environment."""
    text = environment.lock.read_text("utf-8")
    count = len(re.findall(r"^\S+==", text, flags=re.MULTILINE))
    print(
        f"Installing '{environment.name}': up to {count} packages, "
        "each checked by hash ..."
    )
    discard_half_installed(environment)
    sources = requirements_of(text, SOURCE_ONLY)
    if not sources:
        pip(environment, environment.lock, total=count)
        return
    part = environment.folder / "requirements.part"
    part.write_text(text.replace(sources, ""), encoding="utf-8")
    pip(environment, part, "--no-deps", total=count)
    part.write_text(sources, encoding="utf-8")
    built = [f"--no-binary={name}" for name in SOURCE_ONLY]
    pip(environment, part, "--no-deps", "--no-build-isolation", *built, total=count)
    part.unlink()


def requirements_of(text: str, names: tuple[str, ...]) -> str:
    """Return what a lock says of some packages."""
    blocks = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    return "".join(
        each for each in blocks if each.startswith(tuple(f"{name}==" for name in names))
    )


def discard_half_installed(environment: Environment) -> None:
    """Remove what a cut-off installation left, so that pip installs it again."""
    for info in environment.folder.glob("lib/python*/site-packages/*.dist-info"):
        if not (info / "RECORD").exists():
            shutil.rmtree(info)
    for leftover in environment.folder.glob("lib/python*/site-packages/~*"):
        shutil.rmtree(leftover, ignore_errors=True)


def pip(environment: Environment, lock: Path, *options: str, total: int) -> None:
    """Install a lock quietly; on failure show pip's last words and the remedy."""
    command = [str(environment.python), "-m", "pip", "install", "--require-hashes"]
    command += ["--disable-pip-version-check", "--only-binary", ":all:"]
    variables = os.environ | {"PIP_NO_INPUT": "1", "PYTHONUTF8": "1"}
    variables.pop("PIP_REQUIRE_VIRTUALENV", None)
    variables.pop("PIP_USER", None)
    lines: list[str] = []
    with subprocess.Popen(
        [*command, *options, "-r", str(lock)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=variables,
        cwd=environment.root,
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            show_progress(lines, total)
    environment.log.write_text("\n".join(lines), encoding="utf-8")
    if sys.stdout.isatty():
        print(end="\r\033[K")
    if process.returncode:
        advice = remedy("\n".join(lines), environment.log)
        raise SetupError(complaint("pip", last_words(lines), advice))


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


def complaint(program: str, words: list[str], advice: str) -> str:
    """Return the words of a program that failed, and what to do about them."""
    told = "\n  ".join(dict.fromkeys(words)) or "nothing"
    return f"{program} says\n  {told}\nWhat to do: {advice}."


def last_words(lines: list[str]) -> list[str]:
    """Return the last of pip's errors, else of its warnings, else of all."""
    for sought in ("error", "warning", ""):
        told = [line for line in lines if sought in line.lower()]
        if told:
            return told[-6:]
    return []


def remedy(
    text: str, log: Path | None = None, remedies: dict[str, str] = REMEDIES
) -> str:
    """Return what a person can do about an error; the common ones are asked last."""
    for pattern, advice in (remedies | REMEDIES).items():
        if re.search(pattern, text):
            return advice
    if log is None:
        return "run the command again; it goes on where it stopped"
    return f"see {log.parent.name}/{log.name} for all that was said"


def site_packages(environment: Environment) -> Path:
    """Return the folder where the packages of an environment lie."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(run_python(environment, code).strip())
