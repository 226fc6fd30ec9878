"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """
    Temporary path beside `path`, renamed to it when the block ends well.

    The file (or folder) is flushed to disk before it gets its final name. When the
    block raises, the temporary file is removed and what stood under the final name
    before is still there.

    Parameters
    ----------
    path : path
        Final name. Its folder is made if it does not exist.

    Yields
    ------
    Path
        Name to write to: same folder, same suffix, hidden.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with atomic_path(target) as part:
    ...     _ = part.write_text("done")
    ...     target.exists()
    False
    >>> target.read_text()
    'done'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.stem}-{uuid.uuid4().hex[:8]}.part{path.suffix}")
    try:
        yield part
        _flush(part)
        if path.is_dir() and part.is_dir():
            shutil.rmtree(path)
        part.replace(path)
    finally:
        _discard(part)


def write_text(path: str | Path, text: str) -> Path:
    """
    Write `text` as UTF-8 under `path`, whole or not at all.

    Parameters
    ----------
    path : path
        Final name.
    text : str
        Content; line ends are kept as given.

    Returns
    -------
    Path
        `path`.
    """
    return write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | Path, content: bytes) -> Path:
    """
    Write `content` under `path`, whole or not at all.

    Parameters
    ----------
    path : path
        Final name.
    content : bytes
        Content of the file.

    Returns
    -------
    Path
        `path`.
    """
    with atomic_path(path) as part:
        part.write_bytes(content)
    return Path(path)


def _flush(path: Path) -> None:
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    for file in files:
        with file.open("rb") as handle:
            os.fsync(handle.fileno())


def _discard(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)
        for sidecar in part.parent.glob(f"{part.name}*"):
            sidecar.unlink(missing_ok=True)
