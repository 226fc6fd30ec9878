"""What each person uses of the machine, as the pages show it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psutil

from ._linux import PERSON

if TYPE_CHECKING:
    from pathlib import Path

    from .._folder import HubFolder

MEASURE_EVERY = 600.0
LOOK_EVERY = 15.0
# at most so long for one home; a larger one keeps the figure of the time before
MEASURE_FOR = 120.0
STOPPED = 5


@dataclass
class Used:
    """What one person uses at a moment."""

    memory: int = 0
    cpu: float = 0.0
    processes: int = 0
    _times: dict[tuple[int, float], float] = field(default_factory=dict, repr=False)


class Meter:
    """
    Measures people's processes; shares of CPU are those since the look before.

    Parameters
    ----------
    api : str
        Address of the hub's API: tells people of this hub from those of another.
    """

    def __init__(self, api: str) -> None:
        self.api = api
        self.at = 0.0
        self.people: dict[str, Used] = {}
        self._owners: dict[tuple[int, float], str] = {}

    def look(self) -> dict[str, Used]:
        """Measure everybody once."""
        now = time.monotonic()
        passed, found = now - self.at, defaultdict(Used)
        owners: dict[tuple[int, float], str] = {}
        for process in psutil.process_iter(["create_time"]):
            with contextlib.suppress(psutil.Error, OSError):
                key = (process.pid, process.info["create_time"])
                name = self._owners.get(key) or self._owner(process)
                if not name:
                    continue
                owners[key] = name
                self._add(found[name], process, key)
        for name, used in found.items():
            before = self.people.get(name, Used())._times
            gained = sum(
                spent - before[key]
                for key, spent in used._times.items()
                if key in before
            )
            used.cpu = max(0.0, gained / passed) if before and passed else 0.0
        self.people, self.at, self._owners = dict(found), now, owners
        return self.people

    def _owner(self, process: psutil.Process) -> str:
        """Return whose process it is: by its account, or what its server was told."""
        account = process.username()
        if account.startswith(PERSON):
            return account.removeprefix(PERSON)
        environment = process.environ()
        if environment.get("JUPYTERHUB_API_URL") != self.api:
            return ""
        return environment.get("JUPYTERHUB_USER", "")

    @staticmethod
    def _add(used: Used, process: psutil.Process, key: tuple[int, float]) -> None:
        with process.oneshot():
            times = process.cpu_times()
            try:
                # what processes share is shared out among them, as the limits count it
                used.memory += process.memory_full_info().pss
            except (psutil.AccessDenied, AttributeError):
                used.memory += process.memory_info().rss
        used.processes += 1
        used._times[key] = times.user + times.system


class Homes:
    """Sizes of homes, measured one after the other, with the least priority."""

    def __init__(self, folder: HubFolder) -> None:
        self.folder = folder
        self.sizes: dict[str, int] = {}
        self._at: dict[str, float] = {}

    async def go_on(self) -> None:
        """Measure all homes again and again."""
        while True:
            with contextlib.suppress(OSError):
                names = [entry.name for entry in os.scandir(self.folder.users)]
                for name in names:
                    if time.monotonic() - self._at.get(name, -MEASURE_EVERY) < (
                        MEASURE_EVERY
                    ):
                        continue
                    size = await measure(self.folder.users / name)
                    self._at[name] = time.monotonic()
                    if size is not None:
                        self.sizes[name] = size
                self.sizes = {n: s for n, s in self.sizes.items() if n in names}
            # a new home is found soon, an old one measured now and then
            await asyncio.sleep(LOOK_EVERY)


async def measure(home: Path) -> int | None:
    """Return the bytes a folder takes up on the disk; None where it takes too long."""
    process = await asyncio.create_subprocess_exec(
        "nice",
        "-n",
        "19",
        "du",
        "-skx",
        "--",
        str(home),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), MEASURE_FOR)
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    first = out.split(maxsplit=1)
    return int(first[0]) * 1024 if first else None


def count_clusters(folder: HubFolder) -> dict[str, int] | None:
    """Return running clusters by person; None where the gateway does not tell."""
    path = folder.state / "gateway.sqlite"
    if not path.exists():
        return None
    uri = f"file:{quote(str(path))}?mode=ro"
    asked = "SELECT username, count(*) FROM clusters WHERE status < ? GROUP BY username"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=1)) as base:
            return dict(base.execute(asked, (STOPPED - 1,)))
    except sqlite3.Error:
        return None


def machine(folder: HubFolder) -> dict[str, Any]:
    """Return what the whole machine has and uses."""
    memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(folder.root))
    return {
        "memory": memory.total - memory.available,
        "memory_total": memory.total,
        "cpu": psutil.cpu_percent() / 100 * (psutil.cpu_count() or 1),
        "cores": psutil.cpu_count() or 1,
        "disk_free": disk.free,
        "disk_total": disk.total,
    }
