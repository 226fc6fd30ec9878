"""
Limits of one person: a control group where the system lets us, else limits a process.

A control group holds everything a person starts, however it was started; the kernel of
the system ends the biggest process when the memory of all of them reaches the limit.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._settings import Limits

CGROUPS = Path("/sys/fs/cgroup")
CONTROLLERS = ("memory", "pids", "cpu")
PERIOD = 100_000
# libraries reserve address space they never touch; the watch looks at what is used
ADDRESS_SPACE = 3 * 2**30


@dataclass(frozen=True)
class Events:
    """How often a limit has been hit since the group was made."""

    memory: int = 0
    processes: int = 0


def hub_tag(root: Path) -> str:
    """
    Return a short name of one hub, the same at every start.

    Examples
    --------
    >>> hub_tag(Path("/srv/workbench"))
    'prospect-dcddeda8'
    """
    digest = hashlib.sha256(str(root).encode()).hexdigest()
    return f"prospect-{digest[:8]}"


class ControlGroups:
    """
    One control group a person below one group of the hub.

    Parameters
    ----------
    folders : dict of str to Path
        The hub's group by controller; in version 2 the same folder for all.
    unified : bool
        Whether this is version 2.
    """

    def __init__(self, folders: dict[str, Path], *, unified: bool) -> None:
        self.folders, self.unified = folders, unified

    @property
    def kind(self) -> str:
        """What enforces the limits, for people."""
        return "control groups, version " + ("2" if self.unified else "1")

    def make(self, name: str, limits: Limits) -> None:
        """Make the group of a person, or give an existing one today's limits."""
        for folder in self.places(name):
            folder.mkdir(parents=True, exist_ok=True)
        for (controller, key), value in self._values(limits).items():
            path = self.folders[controller] / name / key
            if path.exists():
                _write(path, value)

    def entrances(self, name: str) -> list[str]:
        """Return the files into which a process writes `0` to join."""
        return [str(folder / "cgroup.procs") for folder in self.places(name)]

    def processes(self, name: str) -> list[int]:
        """Return the process numbers in a person's group."""
        found: set[int] = set()
        for folder in self.places(name):
            with contextlib.suppress(OSError):
                found.update(map(int, (folder / "cgroup.procs").read_text().split()))
        return sorted(found)

    def events(self, name: str) -> Events:
        """Return how often a person's limits have been hit."""
        memory = self.folders["memory"] / name
        key = "memory.events" if self.unified else "memory.oom_control"
        pids = _table(self.folders["pids"] / name / "pids.events")
        return Events(_table(memory / key).get("oom_kill", 0), pids.get("max", 0))

    def used(self, name: str) -> int:
        """Return the bytes of memory a person uses."""
        key = "memory.current" if self.unified else "memory.usage_in_bytes"
        try:
            return int((self.folders["memory"] / name / key).read_text())
        except (OSError, ValueError):
            return 0

    def release(self, name: str, *, seconds: float = 5.0) -> bool:
        """End what is left in a person's group and remove it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            left = self.processes(name)
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not left and _remove(self.places(name)):
                return True
            time.sleep(0.05)
        return False

    def remove(self) -> None:
        """Remove the hub's own groups; groups of running people stay."""
        _remove(dict.fromkeys(self.folders.values()))

    def places(self, name: str) -> list[Path]:
        """Return the folders of a person's group."""
        return [folder / name for folder in dict.fromkeys(self.folders.values())]

    def _values(self, limits: Limits) -> dict[tuple[str, str], str]:
        share = max(int(limits.cpu * PERIOD), 1000)
        memory, pids = str(limits.memory), str(limits.processes)
        if self.unified:
            return {
                ("memory", "memory.max"): memory,
                ("memory", "memory.swap.max"): "0",
                ("memory", "memory.oom.group"): "0",
                ("pids", "pids.max"): pids,
                ("cpu", "cpu.max"): f"{share} {PERIOD}",
            }
        return {
            ("memory", "memory.limit_in_bytes"): memory,
            ("memory", "memory.memsw.limit_in_bytes"): memory,
            ("pids", "pids.max"): pids,
            ("cpu", "cpu.cfs_period_us"): str(PERIOD),
            ("cpu", "cpu.cfs_quota_us"): str(share),
        }


def find_groups(root: Path, *, mount: Path = CGROUPS) -> ControlGroups | None:
    """
    Return control groups for the hub in folder `root`, tried out with a real process.

    Returns
    -------
    ControlGroups or None
        None where the system has none that we may write.

    Examples
    --------
    >>> find_groups(Path("hub"), mount=Path("/nowhere")) is None
    True
    """
    tag = hub_tag(root)
    for folders, unified in _candidates(tag, mount):
        groups = ControlGroups(folders, unified=unified)
        if _works(groups):
            return groups
    return None


def _candidates(tag: str, mount: Path) -> Iterable[tuple[dict[str, Path], bool]]:
    if (mount / "cgroup.controllers").exists():
        # root has the whole tree; others what the service manager gave to them
        places = [mount] if os.geteuid() == 0 else _delegated(mount)
        for place in places:
            if _delegate(place) and _delegate(place / tag):
                yield dict.fromkeys(CONTROLLERS, place / tag), True
    else:
        folders = {name: mount / name / tag for name in CONTROLLERS}
        if all(os.access(folder.parent, os.W_OK) for folder in folders.values()):
            yield folders, False


def _delegated(mount: Path) -> list[Path]:
    try:
        own = Path("/proc/self/cgroup").read_text().splitlines()[-1].split("::")[-1]
    except OSError:
        return []
    place = mount / own.lstrip("/")
    return [each for each in (place.parent, place) if os.access(each, os.W_OK)]


def _delegate(place: Path) -> bool:
    """Hand the controllers of a version 2 group down to the groups below it."""
    try:
        place.mkdir(exist_ok=True)
        there = set((place / "cgroup.controllers").read_text().split())
        if not there.issuperset(CONTROLLERS):
            return False
        _write(place / "cgroup.subtree_control", " ".join(f"+{c}" for c in CONTROLLERS))
    except OSError:
        return False
    return True


def _works(groups: ControlGroups, *, name: str = "_trial") -> bool:
    """Whether a process can be moved into a group and out of the world with it."""
    try:
        for folder in groups.places(name):
            folder.mkdir(parents=True, exist_ok=True)
        pid = os.posix_spawn("/bin/sleep", ["sleep", "30"], {})
    except OSError:
        return False
    try:
        for entrance in groups.entrances(name):
            _write(Path(entrance), str(pid))
    except OSError:
        return False
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        groups.release(name, seconds=2)
    return True


def process_limits(
    limits: Limits, *, grouped: bool, own_account: bool
) -> dict[int, int]:
    """
    Return limits of each process, by their number in module `resource`.

    Without a control group the address space is limited: an array that is too large
    then raises MemoryError in its cell. The number of processes is counted by the
    system per account, so it is limited only where a person has one.

    Examples
    --------
    >>> from prospect.hub import HubSettings
    >>> found = process_limits(HubSettings().limits, grouped=True, own_account=False)
    >>> found == {resource.RLIMIT_CORE: 0}
    True
    """
    found = {resource.RLIMIT_CORE: 0}
    if not grouped:
        found[resource.RLIMIT_AS] = limits.memory + ADDRESS_SPACE
    if own_account and not grouped:
        found[resource.RLIMIT_NPROC] = limits.processes
    return found


def human_size(size: float) -> str:
    """
    Return a number of bytes for people.

    Examples
    --------
    >>> human_size(4 * 2**30), human_size(300 * 2**20)
    ('4.0 GiB', '300 MiB')
    """
    if size >= 2**30:
        return f"{size / 2**30:.1f} GiB"
    return f"{size / 2**20:.0f} MiB"


def _write(path: Path, value: str) -> None:
    # unbuffered: an error of the system shows here and not when the file is closed
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def _table(path: Path) -> dict[str, int]:
    try:
        pairs = (line.split() for line in path.read_text().splitlines())
        return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}
    except (OSError, ValueError):
        return {}


def _remove(folders: Iterable[Path]) -> bool:
    gone = True
    for folder in folders:
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            gone = False
    return gone
