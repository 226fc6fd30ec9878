"""What becomes of a home when its owner leaves."""

from __future__ import annotations

import contextlib
import os
import shutil
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

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
    home = folder.home(name)
    if not home.is_dir() or home.is_symlink():
        return None
    if not keep:
        shutil.rmtree(home)
        return None
    kept = _free(folder.users / f"{name}~removed-{date.today().isoformat()}")
    home.rename(kept)
    if settings.mode == "team" and os.geteuid() == 0:
        kept.chmod(0o700)
        own(kept, 0, 0)
    return kept


def own(top: Path, uid: int, gid: int) -> None:
    """Give a tree to an account; links are given, never followed."""
    os.lchown(top, uid, gid)
    for folder, names, files, here in os.fwalk(top, follow_symlinks=False):
        del folder
        for name in (*names, *files):
            with contextlib.suppress(FileNotFoundError):
                os.chown(name, uid, gid, dir_fd=here, follow_symlinks=False)


def _free(path: Path) -> Path:
    number, chosen = 1, path
    while chosen.exists():
        number += 1
        chosen = path.with_name(f"{path.name}-{number}")
    return chosen
