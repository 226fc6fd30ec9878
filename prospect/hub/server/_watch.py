"""
Watch the memory of people's servers and tell them what was stopped and why.

With control groups the system enforces the limits; the watch sees that it did. Without
them it adds up the memory of a person's processes and ends the largest one when the sum
passes the limit: never the server itself, never a process of somebody else.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from survey import write_text

from ._limits import Events, human_size
from ._words import say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._settings import Limits
    from ._limits import ControlGroups

NOTICES = 20
# the system ends processes with a higher value first: kernels before the server
SACRIFICE = 500
log = logging.getLogger("prospect.hub.watch")


@dataclass
class Watched:
    """One person whose server runs."""

    name: str
    pid: int
    notice: Path
    seen: Events | None = None
    ended: set[tuple[int, float]] = field(default_factory=set)


class Watch:
    """
    Looks at all running people every second or two.

    Parameters
    ----------
    limits : Limits
        What each may use.
    groups : ControlGroups or None
        What enforces them; None = the watch itself.
    every : float
        Seconds between two looks.
    """

    def __init__(
        self,
        limits: Limits,
        groups: ControlGroups | None,
        *,
        every: float = 1.5,
    ) -> None:
        self.limits, self.groups, self.every = limits, groups, every
        self._people: dict[str, Watched] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._owners: dict[tuple[int, float], str | None] = {}

    def add(self, name: str, pid: int, notice: Path) -> None:
        """Watch a person's server; the first one starts the watch."""
        with self._lock:
            known = self._people.get(name)
            if known and known.pid == pid:
                return
            self._people[name] = Watched(name, pid, notice, seen=self._events(name))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="prospect-watch", daemon=True
                )
                self._thread.start()

    def remove(self, name: str) -> None:
        """Watch a person no longer."""
        with self._lock:
            self._people.pop(name, None)

    def close(self) -> None:
        """End the watch."""
        self._ended.set()
        if self._thread:
            self._thread.join(timeout=10)

    def look(self) -> None:
        """Look once at everybody."""
        with self._lock:
            people = list(self._people.values())
        if not people:
            return
        if self.groups:
            for person in people:
                self._look_at_group(person)
        else:
            for person, processes in self._sort_processes(people):
                self._hold_to_limit(person, processes)

    def processes_of(self, name: str) -> list[psutil.Process]:
        """Return what a person's server has started, and the server."""
        with self._lock:
            people = [each for each in self._people.values() if each.name == name]
        return [each for _, found in self._sort_processes(people) for each in found]

    def _run(self) -> None:
        while not self._ended.wait(self.every):
            try:
                self.look()
            except Exception:
                log.exception("the watch over memory failed; it goes on")

    def _events(self, name: str) -> Events | None:
        return self.groups.events(name) if self.groups else None

    def _look_at_group(self, person: Watched) -> None:
        for pid in self.groups.processes(person.name):
            if pid != person.pid:
                _sacrifice(pid)
        events = self.groups.events(person.name)
        before = person.seen or Events()
        if events.memory > before.memory:
            self._tell_memory(person)
        if events.processes > before.processes:
            text = {"word": "processes", "limit": self.limits.processes}
            log.warning("%s reached the limit of processes", person.name)
            write_notice(person.notice, **text)
        person.seen = events

    def _tell_memory(self, person: Watched) -> None:
        limit = human_size(self.limits.memory)
        log.warning("%s reached the limit of memory, %s", person.name, limit)
        write_notice(person.notice, "memory", limit=limit)

    def _sort_processes(
        self, people: Iterable[Watched]
    ) -> list[tuple[Watched, list[psutil.Process]]]:
        """Return each person's processes: below his server, or marked as his."""
        marks = {str(person.notice): person.name for person in people}
        found: dict[str, dict[int, psutil.Process]] = {p.name: {} for p in people}
        for person in people:
            with contextlib.suppress(psutil.Error):
                server = psutil.Process(person.pid)
                for each in [server, *server.children(recursive=True)]:
                    found[person.name][each.pid] = each
        owners: dict[tuple[int, float], str | None] = {}
        for each in psutil.process_iter():
            key = (each.pid, _birth(each))
            mark = self._owners[key] if key in self._owners else _mark(each)
            owners[key] = mark
            if mark in marks:
                found[marks[mark]].setdefault(each.pid, each)
        self._owners = owners
        return [(person, list(found[person.name].values())) for person in people]

    def _hold_to_limit(self, person: Watched, processes: list[psutil.Process]) -> None:
        # what was ended a moment ago may still be giving its memory back
        sizes = {
            each: _resident(each)
            for each in processes
            if (each.pid, _birth(each)) not in person.ended
        }
        for each in sizes:
            if each.pid != person.pid:
                _sacrifice(each.pid)
        if sum(sizes.values()) <= self.limits.memory:
            return
        # shared pages counted once; dearer, so only when it may matter
        sizes = {each: _share(each, size) for each, size in sizes.items()}
        while sum(sizes.values()) > self.limits.memory:
            others = [each for each in sizes if each.pid != person.pid]
            if not others:
                return
            largest = max(others, key=sizes.__getitem__)
            sizes.pop(largest)
            with contextlib.suppress(psutil.Error):
                person.ended.add((largest.pid, _birth(largest)))
                # psutil compares the start time: never a later process of that number
                largest.send_signal(signal.SIGKILL)
                self._tell_memory(person)


def write_notice(
    path: Path, word: str, *, reader: int | None = None, **values: object
) -> None:
    """
    Add a notice that a person's workbench shows, in both languages.

    Parameters
    ----------
    path : Path
        List of notices (JSON): `time` (ISO 8601, UTC), `en`, `zh`.
    word : str
        What happened: a word of `_words`.
    reader : int, optional
        Group that may read the file; by default that of the folder.
    **values
        What the words have places for.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "notice.json"
    >>> write_notice(path, "processes", limit=500)
    >>> sorted(json.loads(path.read_text())[0])
    ['en', 'time', 'zh']
    """
    try:
        notices = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        notices = []
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    notice = {
        "time": moment,
        **{lang: say(word, lang, **values) for lang in ("en", "zh")},
    }
    try:
        write_text(path, json.dumps([*notices, notice][-NOTICES:], ensure_ascii=False))
        os.chown(path, -1, path.parent.stat().st_gid if reader is None else reader)
        path.chmod(0o640)
    except OSError as error:
        log.warning("the notice for %s could not be written: %s", path, error)


def _birth(process: psutil.Process) -> float:
    try:
        return process.create_time()
    except psutil.Error:
        return 0.0


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("PROSPECT_NOTICE_FILE")
    except (psutil.Error, OSError):
        return None


def _resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def _share(process: psutil.Process, otherwise: int) -> int:
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return otherwise
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return otherwise


def _sacrifice(pid: int) -> None:
    path = Path(f"/proc/{pid}/oom_score_adj")
    with contextlib.suppress(OSError, ValueError):
        if int(path.read_text()) < SACRIFICE:
            path.write_text(str(SACRIFICE))
