"""Logs of a hub: one file a part, cut by size."""

from __future__ import annotations

import logging
import os
import re
import shutil
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

    from ._folder import HubFolder

LARGEST = 10 * 2**20
KEPT = 4
# the proxy colours its words for a terminal
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def log_path(folder: HubFolder, name: str) -> Path:
    """Return the log of a part."""
    return folder.logs / f"{name}.log"


def open_log(folder: HubFolder, name: str) -> BinaryIO:
    """Open a log for a process to add to; nobody else may read it."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    return os.fdopen(os.open(log_path(folder, name), flags, 0o600), "ab")


def rotate_logs(folder: HubFolder, *, largest: int = LARGEST, kept: int = KEPT) -> None:
    """
    Move logs that have grown large to `name.log.1`, and older ones up to `kept`.

    The processes go on writing to the file they have open, so its content is copied
    and the file emptied.
    """
    for path in folder.logs.glob("*.log"):
        try:
            if path.stat().st_size > largest:
                _rotate(path, kept)
        except OSError as error:
            logging.getLogger("prospect.hub").warning(
                "%s was not cut: %s", path.name, error
            )


def _rotate(path: Path, kept: int) -> None:
    older = [path.with_name(f"{path.name}.{n}") for n in range(1, kept + 1)]
    for old, new in zip(older[-2::-1], older[:0:-1], strict=True):
        if old.exists():
            old.replace(new)
    part = path.with_name(f".{path.name}.part")
    try:
        shutil.copyfile(path, part)
        part.chmod(0o600)
        part.replace(older[0])
    finally:
        part.unlink(missing_ok=True)
    os.truncate(path, 0)


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of a file; none where there is none."""
    block = 2**16
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            text = b""
            while size and text.count(b"\n") <= lines:
                step = min(block, size)
                size -= step
                file.seek(size)
                text = file.read(step) + text
    except FileNotFoundError:
        return []
    plain = COLOUR.sub("", text.decode("utf-8", "replace"))
    return plain.splitlines()[-lines:]
