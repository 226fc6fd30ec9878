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
def whole(*paths: Path) -> Iterator[tuple[Path, ...]]:
    """Temporary names beside `paths`, renamed to them together at the end."""
    mark = uuid.uuid4().hex[:8]
    parts = [path.with_name(f".{path.stem}-{mark}.part{path.suffix}") for path in paths]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield tuple(parts)
        for part in parts:
            _flush(part)
        for part, path in zip(parts, paths, strict=True):
            if path.is_dir():
                shutil.rmtree(path)
            part.replace(path)
    finally:
        for part in parts:
            shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)


def _flush(part: Path) -> None:
    for file in [part] if part.is_file() else part.rglob("*"):
        if file.is_file():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
