"""Facts about the machine: memory, processors, disk, installed versions."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def memory_limit() -> tuple[float, float]:
    """Memory limit of this container and use of it, in bytes; inf, 0 if none."""
    for limit, used in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        text = _read(CGROUP / limit)
        if text.isdigit() and int(text) < 2**60:
            return float(text), float(_read(CGROUP / used) or 0)
    return math.inf, 0.0


def usable_cores() -> float:
    """Processors this process may use: affinity and the container's quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = float(len(affinity(0)) if affinity else os.cpu_count() or 1)
    quota, _, period = _read(CGROUP / "cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        return min(cores, int(quota) / int(period))
    return cores


def disk_speed(folder: Path, *, size: int = 64_000_000) -> float:
    """Speed of writing `size` bytes to `folder`, flushed, in MB/s."""
    block = os.urandom(1_000_000)
    with tempfile.TemporaryFile(dir=folder) as handle:
        start = time.perf_counter()
        for _ in range(max(1, size // len(block))):
            handle.write(block)
        handle.flush()
        os.fsync(handle.fileno())
        return size / 1e6 / (time.perf_counter() - start)


def runs(code: str, *, timeout: float = 120) -> tuple[bool, str]:
    """Whether a line of Python runs in a fresh process, and the last line it said."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, str(error)
    lines = done.stderr.strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else f"exit code {done.returncode}"


def parse_lock(text: str) -> dict[str, str]:
    """Versions by package in a hashed requirements file, those that hold here."""
    from packaging.requirements import Requirement

    pins = {}
    for line in re.findall(r"^[A-Za-z0-9].*?(?=\s*\\?$)", text, flags=re.MULTILINE):
        need = Requirement(line)
        if need.marker is None or need.marker.evaluate():
            pins[need.name] = str(need.specifier).removeprefix("==")
    return pins


def unmet(requirements: list[str]) -> list[str]:
    """Return those requirements that the installed packages do not meet."""
    from packaging.requirements import Requirement

    missing = []
    for text in requirements:
        need = Requirement(text)
        if need.marker and not need.marker.evaluate({"extra": ""}):
            continue
        try:
            found = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            missing.append(text)
            continue
        if not need.specifier.contains(found, prereleases=True):
            missing.append(f"{need.name} {found} (needs {need.specifier})")
    return missing


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
