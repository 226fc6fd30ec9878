"""How the hub of a folder is, and what its logs say."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from .._note import Note
from ._ask import is_healthy, running_servers
from ._folder import HubFolder
from ._logs import log_path, tail
from ._record import KeeperRecord, PartRecord, kept_record
from ._settings import HubSettings, read_settings

if TYPE_CHECKING:
    from survey import Problem


@dataclass(frozen=True)
class PartStatus:
    """
    One process of a hub.

    Parameters
    ----------
    name : str
        One of proxy, hub, pages, culler and gateway.
    state : {"running", "starting", "later", "waiting", "failed", "stopped"}
        `later`: not due yet. `waiting`: ended and soon to be started again. `failed`:
        ended too often.
    pid, port : int, optional
        Process number; port it listens on.
    uptime : float
        Seconds since its start.
    restarts : int
        How often the keeper has had to start it again.
    memory : int
        Bytes in use.
    healthy : bool, optional
        What it says of itself; None where it says nothing.
    message : str
        Why it failed.

    Examples
    --------
    >>> PartStatus("culler", "running", pid=7, uptime=60.0).state
    'running'
    """

    name: str
    state: str
    pid: int | None = None
    port: int | None = None
    uptime: float = 0.0
    restarts: int = 0
    memory: int = 0
    healthy: bool | None = None
    message: str = ""


@dataclass(frozen=True)
class HubStatus:
    """
    How the hub of a folder is.

    Parameters
    ----------
    folder : Path
        Its folder.
    state : {"running", "starting", "failing", "unkept", "stopped"}
        `failing`: a part does not run. `unkept`: parts run, but the keeper that would
        start them again was ended; `start_hub` takes them over.
    url, mode : str
        Where it is reached; `"team"` or `"classroom"`.
    pid : int, optional
        Process number of the keeper.
    uptime : float
        Seconds since the start of the keeper.
    parts : tuple of PartStatus
        Its processes.
    servers : int, optional
        People's servers that run; None where the hub cannot be asked.
    limits : str, optional
        What holds people to their limits; empty where nothing but a limit on each
        process does, None where the hub has not said so yet.
    warnings : tuple of survey.Problem
        What should be mended though the hub was started; told at start and restart.

    Examples
    --------
    >>> import tempfile
    >>> hub_status(tempfile.mkdtemp()).state
    'stopped'
    """

    folder: Path
    state: str
    url: str
    mode: str
    pid: int | None
    uptime: float
    parts: tuple[PartStatus, ...]
    servers: int | None = None
    limits: str | None = None
    warnings: tuple[Problem, ...] = ()


def hub_status(folder: str | Path) -> HubStatus:
    """
    Return how the hub of a folder is: its processes, ports, health, servers.

    Parameters
    ----------
    folder : path-like
        The hub's folder.

    Returns
    -------
    HubStatus

    Examples
    --------
    >>> import tempfile
    >>> status = hub_status(tempfile.mkdtemp())
    >>> status.state, status.servers
    ('stopped', None)
    """
    place = HubFolder(Path(folder))
    there = place.settings.exists()
    settings = read_settings(place.settings) if there else HubSettings()
    record = kept_record(place)
    healthy = record.parts.get("hub", PartRecord()).alive and is_healthy(settings)
    parts = tuple(
        _part(name, part, kept=record.alive, healthy=healthy if name == "hub" else None)
        for name, part in record.parts.items()
    )
    return HubStatus(
        folder=place.root,
        state=_state(record, parts, healthy=healthy),
        url=settings.url,
        mode=settings.mode,
        pid=record.pid if record.alive else None,
        uptime=time.time() - record.since if record.alive else 0.0,
        parts=parts,
        servers=_count_servers(place, settings) if healthy else None,
        limits=_limits(place) if healthy else None,
    )


def read_logs(
    folder: str | Path, *, parts: tuple[str, ...] = (), lines: int = 50
) -> dict[str, list[str]]:
    """
    Return the last lines of a hub's logs.

    Parameters
    ----------
    folder : path-like
        The hub's folder.
    parts : tuple of str
        Some of keeper, proxy, hub, pages, culler and gateway; empty = all that have a
        log.
    lines : int
        How many lines of each.

    Returns
    -------
    dict of str to list of str

    Raises
    ------
    ValueError
        When a part has no log.

    Examples
    --------
    >>> import tempfile
    >>> read_logs(tempfile.mkdtemp())
    {}
    """
    place = HubFolder(Path(folder))
    there = sorted(path.stem for path in place.logs.glob("*.log"))
    if unknown := [name for name in parts if name not in there]:
        names = there or ["-"]
        raise ValueError(Note("hub_no_log", names=unknown, there=names))
    return {name: tail(log_path(place, name), lines) for name in parts or there}


def _part(
    name: str, part: PartRecord, *, kept: bool, healthy: bool | None
) -> PartStatus:
    alive = part.alive
    if alive:
        # without its keeper nobody notes any more who has become ready
        ready = (part.ready or not kept) and healthy is not False
        state = "running" if ready else "starting"
    elif not kept:
        state = "stopped"
    elif part.later:
        state = "later"
    else:
        state = "failed" if part.failed else "waiting"
    memory = 0
    if alive:
        try:
            memory = psutil.Process(part.pid).memory_info().rss
        except psutil.Error:
            alive = False
    return PartStatus(
        name=name,
        state=state,
        pid=part.pid if alive else None,
        port=part.port,
        uptime=time.time() - part.since if alive else 0.0,
        restarts=part.restarts,
        memory=memory,
        healthy=healthy,
        message=part.failed,
    )


def _state(
    record: KeeperRecord, parts: tuple[PartStatus, ...], *, healthy: bool
) -> str:
    states = {part.state for part in parts}
    if not record.alive:
        return "unkept" if states & {"running", "starting"} else "stopped"
    if states & {"failed", "waiting"}:
        return "failing"
    return "running" if healthy and states <= {"running", "later"} else "starting"


def _count_servers(place: HubFolder, settings: HubSettings) -> int | None:
    try:
        token = (place.secrets / "control").read_text().strip()
        return len(running_servers(settings, token))
    except OSError:
        return None


def _limits(place: HubFolder) -> str | None:
    """What the hub wrote down when it looked for control groups."""
    try:
        return (place.state / "limits.txt").read_text("utf-8").strip()
    except OSError:
        return None
