"""
Trees of files that belong to people, handled by whoever has more rights than they.

Their owners may change them meanwhile: put a link where a folder was, nest folders by
the thousand, give names that are no text. Nothing here follows a link or a path twice.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# a descriptor stays open for each folder on the way down
DEEPEST = 200
# longer ones could not be written anew below another folder
LONGEST = 3000


@dataclass(frozen=True)
class Found:
    """
    What lies in a tree.

    Parameters
    ----------
    name : str
        Path below the top, with "/".
    base : str
        Name in its folder.
    here : int
        Descriptor of the folder; open until the next one is asked for.
    info : os.stat_result, optional
        What it is; None where `error` says why it could not be looked at or entered.
    error : OSError, optional
        The reason.
    """

    name: str
    base: str
    here: int
    info: os.stat_result | None = None
    error: OSError | None = None


def look_through(top: Path) -> Iterator[Found]:
    """Go through a tree, folders before what they hold; no link is followed."""
    waiting: list[tuple[int, str, list[str]]] = []
    try:
        waiting.append(_enter(str(top), "", None))
        while waiting:
            here, above, names = waiting[-1]
            if not names:
                waiting.pop()
                os.close(here)
                continue
            base = names.pop()
            name = above + base
            if len(waiting) > DEEPEST or len(os.fsencode(name)) > LONGEST:
                error = OSError(f"lies deeper than {DEEPEST} folders")
                yield Found(name, base, here, error=error)
                continue
            try:
                info = os.stat(base, dir_fd=here, follow_symlinks=False)
                yield Found(name, base, here, info)
                if stat.S_ISDIR(info.st_mode):
                    waiting.append(_enter(base, f"{name}/", here))
            except OSError as error:
                yield Found(name, base, here, error=error)
    finally:
        for here, _, _ in waiting:
            os.close(here)


def remove_tree(top: Path) -> None:
    """Remove a tree however deep it is; one that is not there is no error."""
    # the system's command: Python's own gives up below a thousand folders
    _run("rm", "-rf", "--", str(top))


def own_tree(top: Path, uid: int, gid: int) -> None:
    """Give what an owner has in a tree to another one; never what others have there."""
    # links to files of others may lie among them, hard ones too
    before = str(top.lstat().st_uid)
    _run("chown", "-R", "-h", f"--from={before}", f"{uid}:{gid}", str(top))


def _enter(base: str, above: str, here: int | None) -> tuple[int, str, list[str]]:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(base, flags, dir_fd=here)
    try:
        return descriptor, above, sorted(os.listdir(descriptor), reverse=True)  # noqa: PTH208
    except OSError:
        os.close(descriptor)
        raise


def _run(command: str, *arguments: str) -> None:
    program = shutil.which(command, path="/usr/sbin:/usr/bin:/sbin:/bin") or command
    done = subprocess.run(
        [program, *arguments],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"code {done.returncode}"])[-1]
        raise OSError(f"{command} {arguments[-1]} failed: {last}")
