"""What stands against the start of a hub, all at once and each with its remedy."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import ipaddress
import os
import shutil
import socket
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from survey import DataProblems

from ._folder import HubFolder
from ._preflight_files import check_certificate, check_database
from ._preflight_parts import check_hub_side, check_reach, check_user_side
from ._problem import problem
from ._record import read_record
from ._services import listening_ports
from ._settings import HubSettings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from survey import Problem

GB = 1e9
LEAST_FREE = 1.0 * GB
FULL = 90.0
FEW_FILES = 1000
# the clock was never before this day while this program existed
RELEASED = datetime(2026, 11, 1, tzinfo=UTC)
CLOCK_SLACK = 600.0
SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"


def check_hub(
    folder: str | Path, *, settings: HubSettings | None = None
) -> list[Problem]:
    """
    Return what stands against the start of the hub of a folder.

    Settings, ports, proxy, environments, disk, clock, certificate, database and
    permissions are looked at; nothing is changed. The hub may run meanwhile: its own
    ports are no obstacle.

    Parameters
    ----------
    folder : path-like
        The hub's folder; it need not be there yet.
    settings : HubSettings, optional
        Settings to check. If not given, those of the folder.

    Returns
    -------
    list of survey.Problem
        Empty when all is well. Those of severity "warning" do not hinder the start.

    Examples
    --------
    >>> import tempfile
    >>> wide = HubSettings(hub={"address": "0.0.0.0", "port": 52217})
    >>> found = check_hub(tempfile.mkdtemp(), settings=wide)
    >>> [str(each.value) for each in found if "encrypted" in each.what]
    ['0.0.0.0']
    """
    place = HubFolder(Path(folder))
    if settings is None:
        try:
            there = place.settings.exists()
            settings = read_settings(place.settings) if there else HubSettings()
        except DataProblems as error:
            return list(error.problems)
        except PermissionError:
            return [problem("hub_unreadable", file=place.settings)]
    steps = (
        _folder(place),
        _owner(place, settings),
        _mode(settings),
        _disk(place),
        _clock(place),
        _encryption(settings),
        check_certificate(settings),
        _ports(place, settings),
        check_hub_side(),
        check_user_side(settings),
        check_reach(place, settings),
        check_database(place),
    )
    return [each for step in steps for each in step]


def standing(path: Path) -> Path:
    """Return the nearest folder above that is there."""
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return path


# --- folder, disk, clock -----------------------------------------------------


def _folder(place: HubFolder) -> Iterator[Problem]:
    """Whether the folder can be written to and knows locks."""
    if place.root.exists() and not place.root.is_dir():
        yield problem("hub_no_directory", file=place.root)
        return
    target = standing(place.state)
    try:
        with tempfile.TemporaryFile(dir=target) as file:
            file.write(b"x" * 4096)
            file.flush()
            yield from _locks(file.fileno(), target)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            yield problem("hub_disk_full", file=target, free=0.0)
        else:
            yield problem("hub_not_writable", file=target, value=error.strerror)


def _locks(file: int, target: Path) -> Iterator[Problem]:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(file, fcntl.LOCK_UN)
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        yield problem("hub_no_locks", file=target, value=error.strerror)


def _owner(place: HubFolder, settings: HubSettings) -> Iterator[Problem]:
    """Whether folder, settings and secrets belong to us and to nobody else."""
    me = os.geteuid()
    for path in (place.root, place.settings, place.state, place.secrets):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found = path.stat()
            if me not in {found.st_uid, 0}:
                yield problem("hub_not_ours", file=path, value=found.st_uid)
            elif found.st_uid != me and settings.mode == "team":
                yield problem("hub_not_roots", file=path, value=found.st_uid)
            elif settings.mode == "team" and _open_to_others(found):
                yield problem("hub_open_to_others", file=path, value=_octal(found))
    with contextlib.suppress(OSError):
        for path in sorted(place.secrets.iterdir()):
            if (found := path.stat()).st_mode & 0o077:
                yield problem("hub_secret_open", file=path, value=_octal(found))


def _open_to_others(found: os.stat_result) -> bool:
    return bool(found.st_mode & (0o022 if found.st_gid else 0o002))


def _octal(found: os.stat_result) -> str:
    return f"{found.st_mode & 0o7777:04o}"


def _mode(settings: HubSettings) -> Iterator[Problem]:
    if settings.mode == "classroom":
        if os.geteuid() == 0:
            yield problem("hub_root_classroom", severity="warning", value="classroom")
        return
    if sys.platform != "linux":
        yield problem("hub_team_linux", value=sys.platform)
    elif os.geteuid() != 0:
        yield problem("hub_team_root", value=settings.hub.mode)
    elif not shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:{SYSTEM}"):
        yield problem("hub_no_useradd")


def _disk(place: HubFolder) -> Iterator[Problem]:
    where = standing(place.root)
    usage = psutil.disk_usage(str(where))
    if usage.free < LEAST_FREE:
        yield problem("hub_disk_full", file=where, free=usage.free / GB)
    elif usage.percent > FULL:
        fields = {"free": usage.free / GB, "percent": usage.percent}
        yield problem("hub_disk_short", severity="warning", file=where, **fields)
    files = os.statvfs(where)
    # file systems that make room for files as needed say 0 of 0
    if files.f_files and files.f_favail < FEW_FILES:
        yield problem("hub_no_inodes", file=where, value=files.f_favail)


def _clock(place: HubFolder, now: float | None = None) -> Iterator[Problem]:
    """Whether the clock is behind: sessions and records of activity live by it."""
    now = time.time() if now is None else now
    if now < RELEASED.timestamp():
        fields = {"released": f"{RELEASED:%Y-%m-%d}"}
        yield problem("hub_clock_old", value=_when(now), **fields)
        return
    files = [place.database, place.state / "keeper.json"]
    with contextlib.suppress(OSError):
        files += place.logs.glob("*.log")
    dated = [(path.stat().st_mtime, path) for path in files if path.exists()]
    if dated and max(dated)[0] > now + CLOCK_SLACK:
        newest, path = max(dated)
        yield problem("hub_clock_behind", file=path, value=_when(now), at=_when(newest))


def _when(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


# --- network -----------------------------------------------------------------


def _encryption(settings: HubSettings) -> Iterator[Problem]:
    protected = settings.tls.certificate or settings.tls.ends_before_us
    if not protected and not _is_loopback(settings.hub.address):
        yield problem("hub_not_encrypted", value=settings.hub.address or '""')


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _ports(place: HubFolder, settings: HubSettings) -> Iterator[Problem]:
    """Whether each port is free, or held by a part of this very hub."""
    own = {pid for pid, _ in read_record(place).orphans}
    for name, (address, port) in listening_ports(settings).items():
        fault = _bind_fault(address, port)
        if fault is None:
            continue
        fields = {"part": name, "port": port, "address": address or "*"}
        if fault == errno.EADDRINUSE:
            pids = _listeners(port)
            if not pids & own and not _parents(pids) & own:
                yield problem("hub_port_taken", value=port, who=_who(pids), **fields)
        elif fault == errno.EACCES:
            yield problem("hub_port_low", value=port, **fields)
        else:
            yield problem("hub_bad_address", value=address, **fields)


def _bind_fault(address: str, port: int) -> int | None:
    try:
        found = socket.getaddrinfo(
            address or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (OSError, UnicodeError):
        return errno.EADDRNOTAVAIL
    family, kind, _, _, where = found[0]
    try:
        with socket.socket(family, kind) as each:
            # what a closed connection leaves behind for a minute is no obstacle
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            each.bind(where)
            each.listen(1)
    except OSError as error:
        return error.errno
    return None


def _listeners(port: int) -> set[int]:
    try:
        found = psutil.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return set()
    return {
        each.pid
        for each in found
        if each.status == psutil.CONN_LISTEN and each.laddr.port == port and each.pid
    }


def _parents(pids: set[int]) -> set[int]:
    """Those that started them: the gateway's port belongs to a child of it."""
    above: set[int] = set()
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            above |= {each.pid for each in psutil.Process(pid).parents()}
    return above


def _who(pids: set[int]) -> str:
    """Name the processes; other people's cannot be seen by an ordinary user."""
    said = []
    for pid in sorted(pids):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            said.append(f"{process.name()} ({pid}, {process.username()})")
    return ", ".join(said) or "?"
