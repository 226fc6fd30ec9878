"""Start, stop, restart and look at the hub of a folder."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen
from typing import TYPE_CHECKING

import psutil

from survey import DataProblems, Problem, write_text

from .._note import Note
from ._ask import is_healthy, stop_servers
from ._folder import HubFolder
from ._lock import HubLock, holder
from ._logs import log_path, open_log, tail
from ._preflight import check_hub
from ._processes import birth_of, end, send
from ._record import KeeperRecord, PartRecord, kept_record, read_record, write_record
from ._secrets import make_secrets
from ._services import hub_environment, list_services
from ._settings import HubSettings, Site, new_settings, read_settings
from ._status import HubStatus, hub_status

if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE = ("state", "secrets", "logs", "backups")
# people pass through to their own folder and see nobody else's
OPEN = {"users": 0o711, "projects": 0o711, "shared": 0o755}
# without these nobody can work; the others may fail and are named
VITAL = ("proxy", "hub")
CONFIG = """\
from prospect.hub.server import configure
configure(get_config(), {root!r})
"""


def start_hub(
    folder: str | Path,
    *,
    wait: bool = True,
    timeout: float = 150.0,
    port: int | None = None,
) -> HubStatus:
    """
    Start the hub of a folder, after everything it needs was checked.

    At the first start the folder, its settings file and its secrets are made. A
    keeper process stays behind and starts again what ends. Parts of a hub whose keeper
    was killed are taken over, so that people work on.

    Parameters
    ----------
    folder : path-like
        The hub's folder.
    wait : bool
        Return only when people can log in.
    timeout : float
        Longest wait in seconds.
    port : int, optional
        Public port, written into the settings file when that file is made.

    Returns
    -------
    HubStatus

    Raises
    ------
    survey.DataProblems
        All that stands against the start.
    RuntimeError
        When a part ended or did not answer in time; with the last lines of its log.

    Examples
    --------
    >>> start_hub("/srv/workbench").url  # doctest: +SKIP
    'http://127.0.0.1:8000/'
    """
    place = HubFolder(Path(folder))
    settings, warnings = prepare_start(place, port=port)
    command = keeper_command(place)
    with open_log(place, "keeper") as file:
        keeper = Popen(
            command,
            stdin=DEVNULL,
            stdout=file,
            stderr=STDOUT,
            cwd="/",
            start_new_session=True,
        )
    if wait:
        _await_health(place, settings, keeper, timeout)
    # it outlives us; nobody waits for it here
    keeper.returncode = keeper.returncode or 0
    return replace(hub_status(place.root), warnings=tuple(warnings))


def prepare_start(
    place: HubFolder, *, port: int | None = None
) -> tuple[HubSettings, list[Problem]]:
    """Make what is missing of a hub's folder, or raise all that is wrong; warnings."""
    _refuse_second(place)
    first = not place.settings.exists()
    settings = _first(port) if first else read_settings(place.settings)
    if port is not None and port != settings.hub.port:
        what = Note("hub_other_port", given=port, port=settings.hub.port)
        remedy = Note("hub_other_port_remedy", port=port)
        raise DataProblems([Problem(what, remedy, file=str(place.settings))])
    warnings = _raise(check_hub(place.root, settings=settings))
    _make_folders(place)
    if first:
        _write_settings(place, port)
    make_secrets(place)
    write_text(place.state / "hub_config.py", CONFIG.format(root=str(place.root)))
    return settings, warnings


def keeper_command(place: HubFolder) -> list[str]:
    """Return the command that keeps a hub in the foreground."""
    python = hub_environment() / "bin" / "python"
    return [str(python), "-m", "prospect.hub._keeper", str(place.root)]


def stop_hub(
    folder: str | Path, *, servers: bool = True, timeout: float = 180.0
) -> HubStatus:
    """
    Stop the hub of a folder.

    Parameters
    ----------
    folder : path-like
        The hub's folder.
    servers : bool
        Stop people's servers too. Without, kernels run on unreachable until the hub
        is started again.
    timeout : float
        Longest wait in seconds before the keeper is ended by force.

    Returns
    -------
    HubStatus

    Raises
    ------
    FileNotFoundError
        When there is no hub in this folder.

    Examples
    --------
    >>> stop_hub("/srv/workbench").state  # doctest: +SKIP
    'stopped'
    """
    place, settings = _known(folder)
    record = kept_record(place)
    if record.alive:
        wish = signal.SIGTERM if servers else signal.SIGUSR1
        send(record.pid, record.birth, wish)
        _wait_for(lambda: not record.alive, timeout)
        end([(record.pid, record.birth)], grace=0)
        record = read_record(place)
    with HubLock(place):
        if record.orphans:
            if servers and is_healthy(settings):
                stop_servers(settings, make_secrets(place)["control"])
            end(reversed(record.orphans))
        if servers:
            end(people_servers(settings), grace=10.0)
        record.pid = record.birth = None
        for part in record.parts.values():
            part.pid, part.ready = None, False
        write_record(place, record)
    return hub_status(place.root)


def restart_hub(folder: str | Path, *, timeout: float = 150.0) -> HubStatus:
    """
    Start hub, pages and culler anew with the settings as they are now.

    Proxy and people's servers run on: who works in a notebook notices nothing.

    Parameters
    ----------
    folder : path-like
        The hub's folder.
    timeout : float
        Longest wait in seconds.

    Returns
    -------
    HubStatus

    Raises
    ------
    FileNotFoundError
        When there is no hub in this folder.
    survey.DataProblems
        When the settings or the machine do not allow it; the hub runs on as it was.
    RuntimeError
        When the hub does not run, or does not answer in time.

    Examples
    --------
    >>> restart_hub("/srv/workbench").state  # doctest: +SKIP
    'running'
    """
    place, settings = _known(folder)
    record = kept_record(place)
    if not record.alive:
        raise RuntimeError(Note("hub_not_running", folder=str(place.root)))
    _refuse_moved_ports(place, settings, record)
    warnings = _raise(check_hub(place.root, settings=settings))
    old = record.parts["hub"].pid if "hub" in record.parts else None
    send(record.pid, record.birth, signal.SIGHUP)

    def renewed() -> bool:
        hub = read_record(place).parts.get("hub", PartRecord())
        return hub.ready and hub.pid != old and _is_up(place, settings)

    if not _wait_for(renewed, timeout):
        _raise_slow(place, timeout)
    return replace(hub_status(place.root), warnings=tuple(warnings))


def people_servers(settings: HubSettings) -> list[tuple[int, str]]:
    """People's servers that outlived their hub: number and birth of each."""
    port = settings.inner_ports["hub"]
    api = f"http://127.0.0.1:{port}{settings.hub.base_url}hub/api"
    start = f"{settings.hub.base_url}user/"
    found = []
    for process in psutil.process_iter(["environ", "pid"]):
        around = process.info["environ"] or {}
        ours = around.get("JUPYTERHUB_API_URL") == api
        if ours and around.get("JUPYTERHUB_SERVICE_PREFIX", "").startswith(start):
            found.append((process.info["pid"], birth_of(process.info["pid"]) or ""))
    return found


# --- inside ------------------------------------------------------------------


def _first(port: int | None) -> HubSettings:
    return HubSettings(hub=Site() if port is None else Site(port=port))


def _write_settings(place: HubFolder, port: int | None) -> None:
    new_settings(place.settings)
    if port is not None:
        text = place.settings.read_text("utf-8")
        write_text(place.settings, text.replace("# port = 8000", f"port = {port}", 1))


def _known(folder: str | Path) -> tuple[HubFolder, HubSettings]:
    place = HubFolder(Path(folder))
    if not place.settings.exists():
        raise FileNotFoundError(Note("hub_no_folder", folder=str(place.root)))
    return place, read_settings(place.settings)


def _raise(problems: list[Problem]) -> list[Problem]:
    if any(problem.severity == "error" for problem in problems):
        raise DataProblems(problems)
    return problems


def _refuse_second(place: HubFolder) -> None:
    if pid := holder(place):
        what = Note("hub_second", folder=str(place.root), pid=pid)
        raise DataProblems([Problem(what, Note("hub_second_remedy"))])


def _refuse_moved_ports(
    place: HubFolder, settings: HubSettings, record: KeeperRecord
) -> None:
    """Running servers know the hub by its port: it cannot move below them."""
    services = list_services(settings, place, dict.fromkeys(make_secrets(place), ""))
    ports = {service.name: service.port for service in services}
    moved = [
        f"{name} {part.port} -> {ports[name]}"
        for name, part in record.parts.items()
        if name in ports and part.alive and part.port != ports[name]
    ]
    if moved:
        what = Note("hub_ports_moved", moved=moved)
        remedy = Note("hub_ports_moved_remedy")
        raise DataProblems([Problem(what, remedy, file=str(place.settings))])


def _make_folders(place: HubFolder) -> None:
    place.root.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name in PRIVATE:
        path = place.root / name
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
    for name, mode in OPEN.items():
        path = place.root / name
        if not path.exists():
            path.mkdir()
            path.chmod(mode)
    for path in (place.data, place.notebooks):
        if not path.exists():
            path.mkdir()
            path.chmod(0o755)


def _wait_for(condition: Callable[[], bool], timeout: float) -> bool:
    stop = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > stop:
            return False
        time.sleep(0.1)
    return True


def _await_health(
    place: HubFolder, settings: HubSettings, keeper: Popen[bytes], timeout: float
) -> None:
    """Wait until people can log in; say at once when they never will."""
    stop = time.monotonic() + timeout
    while time.monotonic() < stop:
        if keeper.poll() is not None:
            _refuse_second(place)
            raise RuntimeError(_with_log(place, "keeper", Note("hub_keeper_ended")))
        record = read_record(place)
        if record.pid == keeper.pid:
            for name in VITAL:
                part = record.parts.get(name, PartRecord())
                if part.failed or part.restarts > 2:
                    said = Note("hub_part_ended", part=name, why=part.last)
                    stop_hub(place.root, servers=False)
                    raise RuntimeError(_with_log(place, name, said))
            if _is_up(place, settings):
                return
        time.sleep(0.1)
    _raise_slow(place, timeout)


def _is_up(place: HubFolder, settings: HubSettings) -> bool:
    """Whether people can log in and every part runs or has had its chance."""
    parts = read_record(place).parts.values()
    settled = all(part.ready or part.restarts or part.later for part in parts)
    return bool(parts) and settled and is_healthy(settings, through_proxy=True)


def _raise_slow(place: HubFolder, timeout: float) -> None:
    said = Note("hub_slow", seconds=f"{timeout:.0f}")
    raise RuntimeError(_with_log(place, "hub", said))


def _with_log(place: HubFolder, name: str, note: Note) -> str:
    return Note(
        "hub_with_log",
        said=note,
        log=str(log_path(place, name)),
        lines="\n".join(tail(log_path(place, name), 12)),
    )
