"""How a person's server is started: with an account of its own, or as a class."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import psutil
from jupyterhub.spawner import LocalProcessSpawner, set_user_setuid

from ._homes import Runtime, link_home, runtime_root
from ._limits import process_limits
from ._linux import account_of, make_account, projects_of_process, sync_projects
from ._watch import write_notice
from ._words import say

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .._folder import HubFolder
    from .._settings import HubSettings
    from ._limits import ControlGroups
    from ._watch import Watch


@dataclass(frozen=True)
class Place:
    """The hub a spawner works for."""

    settings: HubSettings
    folder: HubFolder
    watch: Watch
    groups: ControlGroups | None


class PersonalSpawner(LocalProcessSpawner):
    """A server in a home of its own, with limits, watched; see the two kinds below."""

    place: ClassVar[Place]
    team: ClassVar[bool] = False
    umask: ClassVar[int] = 0o077
    birth = 0.0
    _held = False
    _resumed = False

    @property
    def person(self) -> str:
        """Name of the person, fit for a folder."""
        return self.user.name

    @property
    def home(self) -> Path:
        """The person's home."""
        return self.place.folder.home(self.person)

    @property
    def runtime(self) -> Runtime:
        """The person's runtime folder."""
        return Runtime(runtime_root(self.place.folder, team=self.team) / self.person)

    @property
    def projects(self) -> list[str]:
        """Projects the person belongs to by the settings."""
        projects = self.place.settings.projects
        return [name for name, members in projects.items() if self.person in members]

    def user_env(self, env: dict[str, str]) -> dict[str, str]:
        """Add what belongs to this person."""
        runtime = self.runtime
        return env | {
            "HOME": str(self.home),
            "USER": self.login,
            "LOGNAME": self.login,
            "XDG_RUNTIME_DIR": str(runtime.jupyter),
            "JUPYTER_RUNTIME_DIR": str(runtime.jupyter),
            "PROSPECT_NOTICE_FILE": str(runtime.notice),
            "PROSPECT_PROJECTS_DIR": str(runtime.projects),
        }

    def get_args(self) -> list[str]:
        """Let kernels listen in the person's own folder, not on ports all can reach."""
        own = ["--KernelManager.transport=ipc"] if self.runtime.takes_sockets else []
        return [*super().get_args(), *own]

    @property
    def login(self) -> str:
        """Name the person has on this machine."""
        return self.person

    def prepare(self) -> None:
        """Make everything a start needs; runs outside the hub's own thread."""
        raise NotImplementedError

    def make_preexec_fn(self, name: str) -> Callable[[], None]:  # noqa: ARG002
        """Return what the new process does before it becomes the server."""
        groups, become = self.place.groups, self.become()
        entrances = groups.entrances(self.person) if groups else []
        ceilings = process_limits(
            self.place.settings.limits,
            grouped=groups is not None,
            own_account=self.team,
        )
        home, umask = str(self.home), self.umask
        links = {
            "shared": str(self.place.folder.shared),
            "projects": str(self.runtime.projects),
        }

        def enter() -> None:
            for entrance in entrances:
                descriptor = os.open(entrance, os.O_WRONLY)
                os.write(descriptor, b"0")
                os.close(descriptor)
            for number, value in ceilings.items():
                hard = resource.getrlimit(number)[1]
                most = value if hard == resource.RLIM_INFINITY else min(value, hard)
                resource.setrlimit(number, (most, most))
            os.umask(umask)
            become()
            link_home(home, links)

        return enter

    def become(self) -> Callable[[], None]:
        """Return what makes the new process the person's own."""
        raise NotImplementedError

    async def start(self) -> tuple[str, int]:
        """Start the server within its limits."""
        try:
            await asyncio.to_thread(self._make_ready)
            found = await super().start()
        except (OSError, ValueError) as error:
            language = self.place.settings.hub.language
            # what the person reads on the page that waits for the server
            error.jupyterhub_message = say("start", language, reason=error)
            raise
        self.birth = psutil.Process(self.pid).create_time()
        self._hold()
        return found

    def _make_ready(self) -> None:
        if self.place.groups:
            # nothing of an earlier server may live on in the new one's group
            self.place.groups.release(self.person)
            self.place.groups.make(self.person, self.place.settings.limits)
        self.prepare()

    def _hold(self) -> None:
        self._held = True
        self.place.watch.add(self.person, self.pid, self.runtime.notice)

    def get_state(self) -> dict[str, Any]:
        """Remember the process and when it was born: numbers are used again."""
        state = super().get_state()
        return state | {"birth": self.birth} if "pid" in state else state

    def load_state(self, state: dict[str, Any]) -> None:
        """Find the server of before the hub's restart again."""
        super().load_state(state)
        self.birth = state.get("birth", 0.0)
        if self.pid and _is_same(self.pid, self.birth):
            self._resumed = True
            self._hold()
        else:
            self.pid = 0

    async def poll(self) -> int | None:
        """Return None while the server runs."""
        if self.proc is None and self.pid and not _is_same(self.pid, self.birth):
            self.clear_state()
        status = await super().poll()
        if status is None and self._resumed:
            self._resumed = False
            if gone := self.revoked():
                await super().stop(now=True)
                write_notice(self.runtime.notice, "membership", limit=", ".join(gone))
                status = 0
        if status is not None:
            await self._let_go()
        return status

    async def stop(self, now: bool = False) -> None:
        """Stop the server and whatever it has left behind."""
        await super().stop(now=now)
        await self._let_go()

    def revoked(self) -> list[str]:
        """Return projects that the running server can read and should not."""
        return []

    async def _let_go(self) -> None:
        if self._held:
            self._held = False
            await asyncio.to_thread(self._end_the_rest)

    def _end_the_rest(self) -> None:
        watch, groups = self.place.watch, self.place.groups
        left = [] if groups else watch.processes_of(self.person)
        watch.remove(self.person)
        if groups and not groups.release(self.person):
            self.log.warning("The control group of %s is not empty", self.person)
        for process in left:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)


class ClassroomSpawner(PersonalSpawner):
    """All people are one account of the system: homes of their own, no walls."""

    def prepare(self) -> None:
        """Make home and runtime folder."""
        folder = self.place.folder
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        places = [folder.project(name) for name in self.projects]
        for place in places:
            place.mkdir(parents=True, exist_ok=True)
        self.runtime.prepare(places)

    def become(self) -> Callable[[], None]:
        """Go to the home."""
        home = str(self.home)

        def go() -> None:
            os.chdir(home)

        return go


class AccountSpawner(PersonalSpawner):
    """Each person is an account of the system, made at the first start."""

    team = True
    # files of a project are for all its members to change; a home is closed by itself
    umask = 0o007

    @property
    def login(self) -> str:
        """The person's account."""
        return account_of(self.person)

    def prepare(self) -> None:
        """Make account, home, groups and runtime folder."""
        folder = self.place.folder
        entry = make_account(self.person, self.home)
        sync_projects(self.place.settings.projects, folder)
        self.runtime.prepare(
            [folder.project(name) for name in self.projects],
            uid=entry.pw_uid,
            gid=entry.pw_gid,
        )

    def become(self) -> Callable[[], None]:
        """Change to the person's account, with its groups, in its home."""
        return set_user_setuid(self.login)

    def revoked(self) -> list[str]:
        """Groups of a running process are fixed: find those taken away since."""
        try:
            return sorted(projects_of_process(self.pid) - set(self.projects))
        except OSError:
            return []


def _is_same(pid: int, birth: float) -> bool:
    """Whether the process is the one we started and no corpse."""
    try:
        process = psutil.Process(pid)
        ours = abs(process.create_time() - birth) < 1.0
        return ours and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
