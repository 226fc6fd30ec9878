"""
The keeper: one process that starts the parts of a hub and keeps them running.

`python -m prospect.hub._keeper FOLDER`. Signals: SIGTERM and SIGINT stop everything,
people's servers too; SIGUSR1 stops the parts and leaves the servers; SIGHUP reads the
settings again and starts hub and pages anew. A part that runs already, left by a keeper
that was killed, is adopted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import select
import signal
import sys
import time
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen
from typing import TYPE_CHECKING

from survey import DataProblems

from ._ask import ask_hub, stop_servers
from ._folder import HubFolder
from ._lock import HubLock
from ._logs import open_log, rotate_logs
from ._processes import answers, birth_of, end
from ._record import KeeperRecord, PartRecord, read_record, write_record
from ._secrets import make_secrets
from ._services import Service, list_services
from ._settings import HubSettings, read_settings

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger("prospect.hub")
BUSY = 75
# so many ends within so many seconds, then a pause
MOST_ENDS, WINDOW, PAUSE = 5, 600.0, 600.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
SLOWEST_PORT = 90.0
LOG_CHECK = 15.0
# servers report what people do every five minutes; before they have, all look idle
REPORTING = 360.0
CLOCK_JUMP = 60.0
# what another hub or notebook around us has set must not reach our parts
FOREIGN = ("JUPYTER", "CONFIGPROXY", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV")
ALWAYS_ANEW = ("hub", "pages", "culler")
WISHES = {
    signal.SIGTERM: "stop",
    signal.SIGINT: "stop",
    signal.SIGUSR1: "leave",
    signal.SIGHUP: "restart",
}


def fingerprint(service: Service, settings: HubSettings) -> str:
    """Hash of all that a process was started with; another hash: start it anew."""
    parts = [*service.command, json.dumps(service.environment, sort_keys=True)]
    if service.name == "proxy":
        for file in filter(None, (settings.tls.certificate, settings.tls.key)):
            with contextlib.suppress(OSError):
                parts.append(hashlib.sha256(Path(file).read_bytes()).hexdigest())
    elif service.name == "gateway":
        parts += [settings.mode, str(settings.dask), str(settings.limits)]
    else:
        parts.append(settings.model_dump_json())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class Part:
    """One process: started, watched, started again."""

    def __init__(self, service: Service, record: PartRecord, *, address: str) -> None:
        self.service, self.record, self.address = service, record, address
        self.ends: list[float] = []
        self.next_try = 0.0
        self.started = time.monotonic()

    @property
    def settled(self) -> bool:
        """Whether later parts may start: it answers, or took too long to wait for."""
        late = time.monotonic() - self.started > SLOWEST_PORT
        return self.record.ready or (self.record.pid is not None and late)

    def start(self, folder: HubFolder) -> int:
        """Start the process; its output goes to a log of its own."""
        inherited = {
            key: value for key, value in os.environ.items() if not _foreign(key)
        }
        with open_log(folder, self.service.name) as file:
            process = Popen(
                self.service.command,
                stdin=DEVNULL,
                stdout=file,
                stderr=STDOUT,
                cwd=folder.state,
                env=inherited | self.service.environment,
                start_new_session=True,
            )
        # waited for by number in `Keeper.fetch_dead`, together with strays
        process.returncode = 0
        self.started = time.monotonic()
        record = self.record
        record.pid, record.birth = process.pid, birth_of(process.pid)
        record.since, record.ready, record.later = time.time(), False, False
        record.port = self.service.port
        return process.pid

    def look(self) -> bool:
        """Note whether it answers by now; return whether that is news."""
        port = self.service.port
        if not self.record.pid or self.record.ready:
            return False
        public = self.service.name == "proxy"
        address = self.address if public else "127.0.0.1"
        if port is None or answers(port, address=address):
            self.record.ready, self.record.failed = True, ""
            return True
        return False

    def ended(self, how: str) -> None:
        """Note the end of the process and when to try again."""
        now = time.monotonic()
        self.record.restarts += 1
        self.record.last = how
        self.ends = [at for at in self.ends if now - at < WINDOW] + [now]
        self.record.pid = self.record.birth = None
        self.record.ready = False
        n = len(self.ends)
        if n >= MOST_ENDS:
            self.next_try, self.ends = now + PAUSE, []
            self.record.failed = (
                f"ended {n} times within {WINDOW / 60:.0f} minutes ({how}); "
                f"tried again after {PAUSE / 60:.0f} minutes or at a restart"
            )
            log.error("%s %s", self.service.name, self.record.failed)
            return
        wait = min(FIRST_WAIT * 2 ** (n - 1), LONGEST_WAIT)
        self.next_try = now + wait
        log.warning("%s %s; again in %.1f s", self.service.name, how, wait)


def _foreign(key: str) -> bool:
    return key.startswith(FOREIGN)


class Keeper:
    """The loop: start in order, watch, start again, stop in order."""

    def __init__(self, folder: HubFolder) -> None:
        self.folder = folder
        self.wishes: list[str] = []
        self.awake, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self.parts: dict[str, Part] = {}
        self.codes: dict[int, int] = {}
        self.offset = time.time() - time.monotonic()
        pid = os.getpid()
        self.record = KeeperRecord(pid, birth_of(pid), time.time())
        self.settings, self.secrets = self._read()

    def _read(self) -> tuple[HubSettings, dict[str, str]]:
        return read_settings(self.folder.settings), make_secrets(self.folder)

    def run(self) -> None:
        """Keep the hub until a signal ends it."""
        for number in (*WISHES, signal.SIGCHLD):
            signal.signal(number, self._heard)
        before = read_record(self.folder)
        self._plan(before.parts)
        self._spare_idle()
        self._save()
        looked_at_logs = 0.0
        while True:
            if self._tick():
                self._save()
            if time.monotonic() - looked_at_logs > LOG_CHECK:
                rotate_logs(self.folder)
                looked_at_logs = time.monotonic()
            self._sleep()
            while self.wishes:
                wish = self.wishes.pop(0)
                if wish != "restart":
                    self._stop(servers=wish == "stop")
                    return
                self._restart()

    def _heard(self, number: int, _frame: FrameType | None) -> None:
        if wish := WISHES.get(signal.Signals(number)):
            self.wishes.append(wish)
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake, b".")

    def _sleep(self) -> None:
        records = [part.record for part in self.parts.values()]
        busy = any(not (record.ready or record.later) for record in records)
        if select.select([self.awake], [], [], 0.2 if busy else 1.0)[0]:
            os.read(self.awake, 4096)

    def _plan(self, running: dict[str, PartRecord]) -> None:
        """Adopt what runs as it would be started today; end what does not."""
        self.parts = {}
        services = list_services(self.settings, self.folder, self.secrets)
        wanted = {each.name: fingerprint(each, self.settings) for each in services}
        kept = {
            name: part
            for name, part in running.items()
            if part.alive and wanted.get(name) == part.print
        }
        end(
            (part.pid, part.birth)
            for name, part in running.items()
            if part.alive and name not in kept
        )
        for service in services:
            record = kept.get(service.name, PartRecord(port=service.port))
            record.print = wanted[service.name]
            if record.pid:
                log.info("%s runs already: process %d", service.name, record.pid)
            self.parts[service.name] = Part(
                service, record, address=self.settings.hub.address
            )
        self.record.parts = {name: part.record for name, part in self.parts.items()}

    def _spare_idle(self) -> None:
        """
        Start the culler later: it takes what the hub heard last for the truth.

        After a pause of the hub or a leap of the clock everybody seems to have been
        away for long, also who is at work.
        """
        if culler := self.parts.get("culler"):
            wait = min(self.settings.idle.check_every, REPORTING)
            end([(culler.record.pid or 0, culler.record.birth or "")])
            self.fetch_dead()
            culler.record.pid = culler.record.birth = None
            culler.record.ready, culler.record.later = False, True
            culler.next_try = time.monotonic() + wait

    def _watch_clock(self) -> bool:
        offset = time.time() - time.monotonic()
        leap, self.offset = offset - self.offset, offset
        if abs(leap) < CLOCK_JUMP:
            return False
        log.warning("the clock of this machine leapt by %+.0f s", leap)
        self._spare_idle()
        return True

    def _tick(self) -> bool:
        """Look at every part once; return whether something changed."""
        self.fetch_dead()
        news = self._watch_clock()
        for name, part in self.parts.items():
            record = part.record
            if record.pid and not record.alive:
                code = self.codes.pop(record.pid, None)
                part.ended(_how(code))
                news = True
            if not record.pid and time.monotonic() >= part.next_try:
                news = self._start(part) or news
            if part.look():
                log.info("%s is up: process %d", name, record.pid)
                news = True
                self._tell_hub(name)
            # the hub needs the proxy, the others need the hub
            if name in {"proxy", "hub"} and not part.settled:
                break
        return news

    def _start(self, part: Part) -> bool:
        try:
            pid = part.start(self.folder)
        except OSError as error:
            part.ended(f"cannot be started ({error})")
            return True
        log.info("%s started: process %d", part.service.name, pid)
        return True

    def _tell_hub(self, name: str) -> None:
        """A proxy that was started again knows no way to anybody's server."""
        if name == "proxy" and self.parts["hub"].record.ready:
            try:
                ask_hub(self.settings, "/proxy", self.secrets["control"], method="POST")
            except OSError as error:
                log.warning("the hub could not tell the new proxy its ways: %s", error)

    def fetch_dead(self) -> None:
        """Fetch what has ended: parts, and strays where we are the first process."""
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                if any(part.record.pid == pid for part in self.parts.values()):
                    self.codes[pid] = os.waitstatus_to_exitcode(status)

    def _restart(self) -> None:
        try:
            self.settings, self.secrets = self._read()
        except (DataProblems, OSError) as error:
            log.error("settings are left as they were: %s", error)  # noqa: TRY400
        log.info("hub, pages and culler start anew; people's servers run on")
        self._end_parts(ALWAYS_ANEW)
        self._plan(self.record.parts)
        self._save()

    def _stop(self, *, servers: bool) -> None:
        hub = self.parts.get("hub")
        if servers and hub and hub.record.ready:
            try:
                stopped = stop_servers(self.settings, self.secrets["control"])
                log.info("stopped %d servers of people", len(stopped))
            except OSError as error:
                log.warning("people's servers could not be stopped: %s", error)
        for names in (set(self.parts) - {"proxy", "hub"}, {"hub"}, {"proxy"}):
            self._end_parts(names)
        self.record.pid = self.record.birth = None
        self._save()
        log.info("stopped")

    def _end_parts(self, names: object) -> None:
        chosen = [part for name, part in self.parts.items() if name in names]
        end((part.record.pid, part.record.birth) for part in chosen)
        self.fetch_dead()
        for part in chosen:
            part.record.pid = part.record.birth = None
            part.record.ready = False

    def _save(self) -> None:
        try:
            write_record(self.folder, self.record)
        except OSError as error:
            log.error("state/keeper.json was not written: %s", error)  # noqa: TRY400


def _how(code: int | None) -> str:
    if code is None:
        return "ended"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def main(root: str) -> int:
    """Keep the hub of a folder; return the exit code."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    folder = HubFolder(Path(root))
    os.umask(0o022)
    try:
        lock = HubLock(folder)
    except BlockingIOError as error:
        log.error("%s", error)  # noqa: TRY400
        return BUSY
    with lock:
        try:
            Keeper(folder).run()
        except (DataProblems, OSError) as error:
            log.error("the hub was not started: %s", error)  # noqa: TRY400
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
