"""What a cluster on this machine may use, and wishes held against it."""

from __future__ import annotations

import contextlib
import math
import os
from dataclasses import dataclass
from pathlib import Path

from .._machine import usable_cores

LEAST = 512 * 2**20
CGROUP = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
# what the notebook itself goes on using while the workers compute
SPARE = 0.9


@dataclass(frozen=True)
class Budget:
    """Processors and bytes that are there for workers."""

    cores: int
    memory: int


@dataclass(frozen=True)
class Plan:
    """Number of workers and the bytes of each."""

    workers: int
    memory: int


def find_budget() -> Budget:
    """Return what is left of the person's limits and of the machine."""
    import psutil

    left = [float(psutil.virtual_memory().available), _left_in_groups()]
    if (limit := os.environ.get("MEM_LIMIT", "")).isdigit():
        left.append(float(limit) - psutil.Process().memory_info().rss)
    cores = usable_cores()
    with contextlib.suppress(ValueError):
        cores = min(cores, float(os.environ.get("CPU_LIMIT") or math.inf))
    return Budget(max(1, int(cores)), max(0, int(SPARE * min(left))))


def make_plan(workers: int | None, memory: str | float | None, budget: Budget) -> Plan:
    """
    Return how many workers of which size, or refuse the wish with the remedy.

    Examples
    --------
    >>> make_plan(None, None, Budget(cores=4, memory=8 * 2**30)).workers
    4
    """
    each = None if memory is None else parse_memory(memory)
    if workers is not None:
        check_workers(workers)
        if workers > budget.cores:
            raise ValueError(
                f"workers={workers}: {budget.cores} processors are yours here, one a "
                f"worker. Ask for {budget.cores} or fewer"
            )
    least = each or LEAST
    fit = budget.memory // least
    if fit < (workers or 1):
        count = workers or 1
        remedy = "Shut down other notebooks (menu Kernel), or ask for less"
        raise ValueError(
            f"workers={count} with {_size(least)} each: {_size(budget.memory)} of "
            f"memory are free for you here. {remedy}"
        )
    workers = workers or min(budget.cores, fit)
    return Plan(workers, each or budget.memory // workers)


def check_workers(workers: int) -> None:
    """Refuse what is no number of workers."""
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise ValueError(
            f"workers={workers!r}: give a whole number, 1 or more, or leave it out"
        )


def parse_memory(memory: str | float) -> int:
    """
    Return bytes of "2 GB", "1.5GiB" or a number of bytes, at least 512 MB.

    Examples
    --------
    >>> parse_memory("2 GiB")
    2147483648
    """
    from dask.utils import parse_bytes

    try:
        size = int(parse_bytes(memory))
    except (ValueError, TypeError, AttributeError):
        raise ValueError(
            f'memory={memory!r}: a size reads "2 GB", "1.5 GiB" or is a number of bytes'
        ) from None
    # decimal and binary megabytes are both meant by "512 MB"
    if size < 512e6:
        raise ValueError(
            f"memory={memory!r}: a worker needs 512 MB or more to load the workbench. "
            "It is the memory of one worker, not of all"
        )
    return size


def _left_in_groups(mount: Path = CGROUP, own: Path = OWN) -> float:
    """Bytes left in the control groups this process is in; inf where none limits."""
    try:
        lines = own.read_text("ascii").splitlines()
    except OSError:
        return math.inf
    left = math.inf
    for line in lines:
        number, controllers, path = line.split(":", 2)
        if number == "0" and not controllers:
            names = ("memory.max", "memory.current", "inactive_file")
            left = min(left, _left(mount / path.lstrip("/"), mount, names))
        elif "memory" in controllers.split(","):
            top = mount / "memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
            names = (*names, "total_inactive_file")
            left = min(left, _left(top / path.lstrip("/"), top, names))
    return left


def _left(folder: Path, top: Path, names: tuple[str, str, str]) -> float:
    """Bytes left in a group and in those above it."""
    limit, used, cache = names
    left = math.inf
    if not folder.is_dir():
        folder = top  # inside a container the path is that of the machine outside
    while folder == top or top in folder.parents:
        bound = _number(folder / limit)
        if bound < 2**60:
            statistics = _table(folder / "memory.stat")
            taken = _number(folder / used) - statistics.get(cache, 0)
            left = min(left, bound - max(taken, 0))
        folder = folder.parent
    return left


def _number(path: Path) -> float:
    try:
        return float(path.read_text("ascii"))
    except (OSError, ValueError):
        return math.inf


def _table(path: Path) -> dict[str, int]:
    try:
        pairs = (line.split() for line in path.read_text("ascii").splitlines())
        return {name: int(value) for name, value in pairs}
    except (OSError, ValueError):
        return {}


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB"
