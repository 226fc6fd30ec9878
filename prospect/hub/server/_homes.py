"""Folders of the hub and of people: who may enter which, what a home shows."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .._trees import remove_tree
from ._limits import hub_tag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._folder import HubFolder

RUN = Path("/run")
# "/kernel-<36 letters>-ipc-5", and what Linux takes as address of a socket
SOCKET_NAME, LONGEST_SOCKET = 51, 107


def prepare_folders(folder: HubFolder, *, team: bool) -> None:
    """
    Make the hub's folders with the rights they need.

    In team mode people pass through `users` and `projects` but cannot list them;
    what the hub knows stays closed in both modes.
    """
    for path in (folder.state, folder.secrets, folder.logs, folder.backups):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    passable = 0o711 if team else 0o700
    for path in (folder.users, folder.projects):
        path.mkdir(exist_ok=True)
        path.chmod(passable)
    for path in (folder.shared, folder.data, folder.notebooks):
        path.mkdir(exist_ok=True)
        path.chmod(path.stat().st_mode | 0o555 if team else path.stat().st_mode)
    if team:
        folder.root.chmod(folder.root.stat().st_mode | 0o011)
    if folder.settings.exists():
        # may hold the secret of a directory service or of an identity provider
        folder.settings.chmod(0o600)


@dataclass(frozen=True)
class Runtime:
    """
    What a person's server writes while it runs; outside the home, which may be full.

    Parameters
    ----------
    root : Path
        Folder of this person; in team mode the hub's, readable by the person.
    """

    root: Path

    @property
    def notice(self) -> Path:
        """Notices the workbench shows to the person."""
        return self.root / "prospect-notice.json"

    @property
    def jupyter(self) -> Path:
        """Connection files and sockets of kernels; the person's, 0700."""
        return self.root / "j"

    @property
    def projects(self) -> Path:
        """Links to the projects the person belongs to."""
        return self.root / "projects"

    @property
    def takes_sockets(self) -> bool:
        """Whether the system takes a path as long as that of a kernel's socket."""
        return len(os.fsencode(self.jupyter)) + SOCKET_NAME <= LONGEST_SOCKET

    def prepare(
        self, projects: Iterable[Path], *, uid: int = -1, gid: int = -1
    ) -> None:
        """Make the folders anew for a server that is about to start."""
        self.root.mkdir(mode=0o750, parents=True, exist_ok=True)
        os.chown(self.root, -1, gid)
        self.root.chmod(0o750)
        for path in (self.jupyter, self.projects):
            remove_tree(path)
            path.mkdir(mode=0o700)
        for place in projects:
            (self.projects / place.name).symlink_to(place)
        self.projects.chmod(0o755)
        os.chown(self.jupyter, uid, gid)


def runtime_root(folder: HubFolder, *, team: bool) -> Path:
    """
    Return where people's runtime folders lie.

    Sockets of kernels have room for about a hundred letters, so it is a short path.

    Examples
    --------
    >>> from prospect.hub import HubFolder
    >>> runtime_root(HubFolder("/srv/workbench"), team=True).as_posix()
    '/run/prospect-dcddeda8'
    """
    return RUN / hub_tag(folder.root) if team else folder.state / "run"


def make_runtime_root(path: Path, *, team: bool) -> None:
    """Make the folder of all runtime folders; nobody can list it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.geteuid():
        raise PermissionError(f"{path} belongs to somebody else; remove it")
    path.chmod(0o711 if team else 0o700)


def link_home(home: str, links: dict[str, str]) -> None:
    """
    Let a home show folders that lie elsewhere; run with the rights of its owner.

    A home that is full, or holds something of that name, stays as it is.
    """
    for name, target in links.items():
        path = os.path.join(home, name)  # noqa: PTH118  (called between fork and exec)
        with contextlib.suppress(OSError):
            if os.path.islink(path) and os.readlink(path) != target:  # noqa: PTH114, PTH115
                os.unlink(path)  # noqa: PTH108
        with contextlib.suppress(OSError):
            os.symlink(target, path)  # noqa: PTH211
