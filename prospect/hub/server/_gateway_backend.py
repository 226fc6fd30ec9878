"""
Clusters as processes of the person who asked for them.

What the gateway's own local backend lacks is added: limits a person, working folders
that the person cannot turn against the gateway, processes told apart from later ones of
the same number, and dashboards that only their owner can address.
"""

from __future__ import annotations

import asyncio
import contextlib
import grp
import hashlib
import hmac
import os
import pwd
import resource
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dask_gateway_server import models
from dask_gateway_server.backends.base import PublicException
from dask_gateway_server.backends.db_base import JobStatus
from dask_gateway_server.backends.local import LocalBackend
from traitlets import Unicode

from .._folder import HubFolder
from .._processes import birth_of, is_alive, send
from .._services import user_environment
from .._settings import read_settings
from .._trees import remove_tree
from ._gateway_limits import limits_of_clusters
from ._limits import find_groups, process_limits
from ._linux import account_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from dask_gateway_server.backends.db_base import Cluster, Worker
    from dask_gateway_server.models import User

STOPPING = ((signal.SIGINT, 5.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0))
THREADS = ("OMP", "MKL", "OPENBLAS", "NUMBA", "GDAL", "VECLIB", "NUMEXPR")


@dataclass(frozen=True)
class Account:
    """As whom the processes of a cluster run; `uid` None = as the gateway."""

    name: str
    home: Path
    uid: int | None = None
    gid: int = -1
    groups: tuple[int, ...] = ()


def dashboard_secret(token: str) -> str:
    """
    Return the part of a dashboard's address that only its owner gets to know.

    Examples
    --------
    >>> len(dashboard_secret("token of a cluster"))
    32
    """
    digest = hmac.new(token.encode(), b"dashboard", hashlib.sha256)
    return digest.hexdigest()[:32]


class OwnedCluster(models.Cluster):
    """A cluster whose dashboard is reached through the owner's own server."""

    def to_dict(self, *, full: bool = True) -> dict[str, Any]:
        """Return what the owner is told, the dashboard's port and secret included."""
        told = super().to_dict(full=full)
        if told["dashboard_route"]:
            port = urlsplit(self.dashboard_address).port
            told["dashboard_route"] = f"/{port}/{dashboard_secret(self.token)}/status"
        return told


class WorkbenchBackend(LocalBackend):
    """What classroom and team have in common."""

    hub_folder = Unicode(help="Folder of the hub.", config=True)
    own_accounts = False

    async def do_setup(self) -> None:
        """Read the hub's settings and find what can hold people to their limits."""
        self.folder = HubFolder(self.hub_folder)
        self.settings = read_settings(self.folder.settings)
        self.groups = find_groups(self.folder.root)
        self.limits = limits_of_clusters(self.settings)
        self.folder.clusters.mkdir(mode=0o711, exist_ok=True)
        self.folder.clusters.chmod(0o711)
        kept = {cluster.name for cluster in self.db.active_clusters()}
        for left in self.folder.clusters.iterdir():
            if left.name not in kept:
                self.cleanup_working_directory(str(left))

    def account(self, name: str) -> Account:
        """Return as whom a person's clusters run."""
        return Account(name, self.folder.home(name))

    # who may have what

    async def start_cluster(self, user: User, cluster_options: dict[str, Any]) -> str:
        """Start a cluster unless the person has as many as allowed."""
        options, config = await self.process_cluster_options(user, cluster_options)
        # from here to the entry in the list nothing waits: no two slip through
        self._check_owner(user.name)
        cluster = self.db.create_cluster(user.name, options, config.to_dict())
        self.log.info("Created cluster %s for user %s", cluster.name, user.name)
        self.queue.put(cluster)
        return cluster.name

    def _check_owner(self, name: str) -> None:
        if ":" in name:
            raise PublicException(f"{name} is no person: clusters belong to people")
        self.account(name)
        allowed = self.settings.dask.clusters_per_user
        running = self.db.list_clusters(username=name)
        if len(running) >= allowed:
            names = ", ".join(cluster.name for cluster in running)
            raise PublicException(
                f"you have {len(running)} running ({names}) and {allowed} is the limit "
                "here. Stop it first: prospect.compute.stop_clusters(), or close the "
                "notebook that started it"
            )

    async def list_clusters(self, username: Any = None, statuses: Any = None) -> list:  # noqa: ANN401
        """Return clusters with the addresses their owner may use."""
        found = await super().list_clusters(username=username, statuses=statuses)
        return [OwnedCluster(**vars(each)) for each in found]

    async def get_cluster(self, cluster_name: str, *, wait: bool = False) -> Any:  # noqa: ANN401
        """Return a cluster with the addresses its owner may use."""
        found = await super().get_cluster(cluster_name, wait=wait)
        return found and OwnedCluster(**vars(found))

    # folders: the outer one is the gateway's, so that nobody bends it elsewhere

    def setup_working_directory(self, cluster: Cluster) -> str:
        """Make the folder of a cluster: certificate, logs and room to work."""
        account = self.account(cluster.username)
        place = self.folder.clusters / cluster.name
        place.mkdir(mode=0o711)
        for name in (".certs", "logs"):
            (place / name).mkdir(mode=0o711)
        work = place / "work"
        work.mkdir(mode=0o700)
        if account.uid is not None:
            os.chown(work, account.uid, account.gid)
        pairs = zip(
            self._get_tls_paths(str(place)),
            (cluster.tls_cert, cluster.tls_key),
            strict=True,
        )
        for path, content in pairs:
            with os.fdopen(_new_file(Path(path), account), "wb") as file:
                file.write(content)
        return str(place)

    def cleanup_working_directory(self, workdir: str) -> None:
        """Remove the folder of a cluster, whatever its owner has built in it."""
        try:
            remove_tree(Path(workdir))
        except OSError as error:
            self.log.warning("%s", error)

    def get_env(self, cluster: Cluster) -> dict[str, str]:
        """Return the environment of scheduler and workers: nothing of the gateway's."""
        account = self.account(cluster.username)
        work = str(Path(cluster.state["workdir"]) / "work")
        binaries = user_environment(self.settings) / "bin"
        threads = str(self.settings.dask.worker_cores)
        shared = {
            "PROSPECT_DATA_DIR": self.folder.data,
            "PROSPECT_NOTEBOOKS_DIR": self.folder.notebooks,
            "PROSPECT_PROJECTS_DIR": self.folder.projects,
        }
        kept = ("LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")
        return {
            **{key: os.environ[key] for key in kept if key in os.environ},
            **super(LocalBackend, self).get_env(cluster),
            **{f"{name}_NUM_THREADS": threads for name in THREADS},
            **{key: str(path) for key, path in shared.items() if path.exists()},
            "PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(account.home),
            "USER": account.name,
            "LOGNAME": account.name,
            "TMPDIR": work,
            "DASK_TEMPORARY_DIRECTORY": work,
            "DASK_DISTRIBUTED__LOGGING__DISTRIBUTED": "warning",
            "PROSPECT_DASHBOARD_SECRET": dashboard_secret(cluster.token),
        }

    def get_scheduler_env(self, cluster: Cluster) -> dict[str, str]:
        """Add the end of a scheduler whose gateway is gone for good."""
        env = super().get_scheduler_env(cluster)
        if idle := self.settings.dask.idle:
            env["DASK_DISTRIBUTED__SCHEDULER__IDLE_TIMEOUT"] = f"{2 * idle:.0f} s"
        return env

    # processes

    def get_worker_command(
        self, cluster: Cluster, worker_name: str, scheduler_address: str | None = None
    ) -> list[str]:
        """Let workers listen on this machine alone, like the scheduler."""
        command = super().get_worker_command(cluster, worker_name, scheduler_address)
        return [*command, "--host", self.default_host]

    async def start_process(
        self, cluster: Cluster, cmd: list[str], env: dict[str, str], name: str
    ) -> int:
        """Start a process of a cluster as its owner, within his limits."""
        account = self.account(cluster.username)
        place = Path(cluster.state["workdir"])
        log = _new_file(place / "logs" / f"{name}.log", account)
        try:
            process = await asyncio.create_subprocess_exec(
                *cmd,
                preexec_fn=self._entering(cluster, account),
                start_new_session=True,
                env=env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
            )
        finally:
            os.close(log)
        return process.pid

    def _entering(self, cluster: Cluster, account: Account) -> Callable[[], None]:
        """Return what a new process does before it becomes the program."""
        entrances: list[str] = []
        if self.groups:
            self.groups.make(_group(cluster.username), self.limits)
            entrances = self.groups.entrances(_group(cluster.username))
        each = self.settings.limits.model_copy(
            update={"memory": cluster.config["worker_memory"]}
        )
        bounds = process_limits(
            each, grouped=bool(self.groups), own_account=self.own_accounts
        )
        work = str(Path(cluster.state["workdir"]) / "work")

        def enter() -> None:
            for entrance in entrances:
                descriptor = os.open(entrance, os.O_WRONLY)
                os.write(descriptor, b"0")
                os.close(descriptor)
            for kind, value in bounds.items():
                resource.setrlimit(kind, (value, value))
            os.umask(0o027)
            if account.uid is not None:
                os.setgid(account.gid)
                os.setgroups(account.groups)
                os.setuid(account.uid)
            os.chdir(work)

        return enter

    async def do_start_cluster(self, cluster: Cluster) -> AsyncIterator[dict[str, Any]]:
        """Start the scheduler."""
        place = self.setup_working_directory(cluster)
        yield {"workdir": place}
        pid = await self.start_process(
            cluster,
            self.get_scheduler_command(cluster),
            self.get_scheduler_env(cluster),
            "scheduler",
        )
        yield {"workdir": place, "pid": pid, "birth": birth_of(pid)}

    async def do_start_worker(self, worker: Worker) -> AsyncIterator[dict[str, Any]]:
        """Start a worker."""
        cluster = worker.cluster
        pid = await self.start_process(
            cluster,
            self.get_worker_command(cluster, worker.name),
            self.get_worker_env(cluster),
            f"worker-{worker.name}",
        )
        yield {"pid": pid, "birth": birth_of(pid)}

    async def do_stop_cluster(self, cluster: Cluster) -> None:
        """Stop the scheduler and leave nothing of the cluster behind."""
        await _end(cluster.state)
        place = cluster.state.get("workdir")
        if place is None:
            return
        if cluster.target == JobStatus.FAILED:
            self._tell_last_words(cluster, Path(place))
        self.cleanup_working_directory(place)
        others = self.db.list_clusters(username=cluster.username)
        if self.groups and not others:
            name = _group(cluster.username)
            await asyncio.to_thread(self.groups.release, name)

    async def do_stop_worker(self, worker: Worker) -> None:
        """Stop a worker."""
        await _end(worker.state)

    def _check_status(self, o: Cluster | Worker) -> bool:
        return is_alive(o.state.get("pid"), o.state.get("birth"))

    def _tell_last_words(self, cluster: Cluster, place: Path) -> None:
        """Write into the gateway's log why a cluster may have failed."""
        for path in sorted((place / "logs").glob("*.log")):
            lines = path.read_text("utf-8", "replace").splitlines()[-8:]
            self.log.warning(
                "%s of %s, last lines of %s:\n%s",
                cluster.name,
                cluster.username,
                path.name,
                "\n".join(lines),
            )


class ClassroomBackend(WorkbenchBackend):
    """All clusters run under the gateway's own account, like the servers."""


class TeamBackend(WorkbenchBackend):
    """Each cluster runs under the Linux account of its owner."""

    own_accounts = True

    def account(self, name: str) -> Account:
        """Return the Linux account of a person; asked anew, it may have changed."""
        try:
            entry = pwd.getpwnam(account_of(name))
        except KeyError:
            raise PublicException(
                f"{name} has no account on this machine yet: start your server once "
                "(Hub Control Panel), then ask again"
            ) from None
        groups = [
            group.gr_gid for group in grp.getgrall() if entry.pw_name in group.gr_mem
        ]
        return Account(
            entry.pw_name,
            Path(entry.pw_dir),
            entry.pw_uid,
            entry.pw_gid,
            (entry.pw_gid, *groups),
        )


def _group(name: str) -> str:
    # "@" is in no person's name: the group of his server stays another one
    return f"{name}@clusters"


def _new_file(path: Path, account: Account) -> int:
    """Descriptor of a file that was not there, readable by its owner alone."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    if account.uid is not None:
        os.fchown(descriptor, account.uid, account.gid)
    return descriptor


async def _end(state: dict[str, Any]) -> None:
    """End a process, gently first; never another one that got its number."""
    pid, birth = state.get("pid"), state.get("birth")
    for number, seconds in STOPPING:
        if not is_alive(pid, birth):
            return
        if number == signal.SIGKILL:
            # with what it started: it leads a group of its own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)
        send(pid, birth, number)
        waited = 0.0
        while waited < seconds and is_alive(pid, birth):
            await asyncio.sleep(0.1)
            waited += 0.1
