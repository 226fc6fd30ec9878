"""What becomes of a home when its owner leaves."""

from __future__ import annotations

import contextlib
import os
import pwd
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from ._trees import own_tree, remove_tree

if TYPE_CHECKING:
    from ._folder import HubFolder
    from ._settings import HubSettings


def put_aside(
    folder: HubFolder, name: str, *, settings: HubSettings, keep: bool
) -> Path | None:
    """
    Rename a home so that the name is free again, or delete it.

    "~" stands in no person's name, so nobody can ever be given the kept home. In team
    mode it becomes root's: the number of the account may go to somebody else later.
    """
    if settings.mode == "team" and os.geteuid() == 0:
        end_processes(folder, name)
    home = folder.home(name)
    if not home.is_dir() or home.is_symlink():
        return None
    if not keep:
        remove_tree(home)
        return None
    kept = _free(folder.users / f"{name}~removed-{date.today().isoformat()}")
    home.rename(kept)
    if settings.mode == "team" and os.geteuid() == 0:
        kept.chmod(0o700)
        own_tree(kept, 0, 0)
    return kept


def end_processes(folder: HubFolder, name: str) -> None:
    """
    End whatever still runs under the account of a person: clusters, strays.

    The next person of that name would share the account with it.
    """
    try:
        entry = pwd.getpwnam(f"wbu-{name}")
    except KeyError:
        return
    if Path(entry.pw_dir) != folder.home(name):
        return
    for _ in range(20):
        left = [
            process
            for process in psutil.process_iter(["uids", "status"])
            if (uids := process.info["uids"])
            and entry.pw_uid in {uids.real, uids.effective}
            and process.info["status"] != psutil.STATUS_ZOMBIE
            and _of_this_system(process.pid)
        ]
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        if not left:
            return
        time.sleep(0.1)


def _of_this_system(pid: int) -> bool:
    """Whether a process knows accounts as we do: containers use numbers again."""
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink("/proc/self/ns/mnt")  # noqa: PTH115
    except OSError:
        return False


def _free(path: Path) -> Path:
    number, chosen = 1, path
    while chosen.exists():
        number += 1
        chosen = path.with_name(f"{path.name}-{number}")
    return chosen
