"""One import = one folder of Parquet files that appears whole and never changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._atomic import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCHEMA = 1
MARK = "store.json"
FILES = ("spectra.parquet", "grids.parquet", "values.parquet")


class Batch(NamedTuple):
    """
    One import, removal or replacement.

    Parameters
    ----------
    folder : Path
        Where it lies.
    layer : int
        Which of the folders opened together, from 0.
    number : int
        Version of its store that it made.
    manifest : dict
        What was said of it.
    damage : str or None
        What is wrong with it; such a batch is not read.
    """

    folder: Path
    layer: int
    number: int
    manifest: dict[str, Any]
    damage: str | None

    @property
    def adds(self) -> bool:
        """Whether it holds spectra."""
        return self.damage is None and self.manifest["kind"] == "add"

    @property
    def key(self) -> str:
        """Name of what is derived from it: follows its content."""
        digest = self.manifest["files"]["values.parquet"]["sha256"][:12]
        return f"{self.number:06d}-{digest}"


def make_store(folder: Path, *, create: bool) -> None:
    """Refuse a folder that is no library of this schema; make it one if wanted."""
    mark = folder / MARK
    if mark.is_file():
        try:
            schema = int(json.loads(mark.read_text(encoding="utf-8"))["schema"])
        except (ValueError, KeyError, TypeError):
            raise ValueError(
                f"{mark} is damaged. It should read: {_mark_text().strip()}"
            ) from None
        if schema > SCHEMA:
            raise ValueError(newer(mark, schema))
        return
    if not create:
        raise FileNotFoundError(
            f"{folder} is no spectral library (no {MARK} in it). Make one there: "
            "open_library(folder, create=True)"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(
            f"{folder} holds other things. A library needs a folder of its own: name "
            "an empty or a new one."
        )
    with whole(mark) as (part,):
        part.write_text(_mark_text(), encoding="utf-8")


def check_version(folder: Path, version: int | None) -> None:
    """Refuse a version that a library never had."""
    latest = max(batch_numbers(folder), default=0)
    if version is not None and version > latest:
        raise ValueError(
            f"{folder} has no version {version}: the latest is {latest}. Its history "
            "lists them."
        )


def _mark_text() -> str:
    return json.dumps({"format": "spectral library", "schema": SCHEMA}) + "\n"


def list_batches(store: Path, layer: int, upto: int | None) -> list[Batch]:
    """Batches of a store in their order, damaged ones marked."""
    numbers = batch_numbers(store)
    return [
        _read_batch(store / "batches" / f"{number:06d}", layer, number)
        for number in numbers
        if upto is None or number <= upto
    ]


def batch_numbers(store: Path) -> list[int]:
    """Versions there are."""
    with contextlib.suppress(FileNotFoundError):
        names = os.listdir(store / "batches")  # noqa: PTH208 - asked for at every call
        return sorted(int(name) for name in names if name.isdigit())
    return []


def write_batch(
    store: Path,
    manifest: dict[str, Any],
    tables: Callable[[Path], None] | None,
    check: Callable[[], None],
) -> int:
    """
    New batch, whole or not at all.

    Parameters
    ----------
    store : Path
        The folder.
    manifest : dict
        What is said of it; ``files`` is added.
    tables : callable, optional
        Writes the Parquet files into the folder it is given.
    check : callable
        Raises if another writer's batches do not go with this one; called before each
        attempt to take the next number.

    Returns
    -------
    int
        Its number.
    """
    part = store / "batches" / f".{uuid.uuid4().hex}.part"
    try:
        part.mkdir(parents=True)
        if tables:
            tables(part)
        files = {name: _seal(part / name) for name in FILES if (part / name).exists()}
        text = json.dumps(manifest | {"files": files}, ensure_ascii=False, indent=1)
        (part / "batch.json").write_text(text + "\n", encoding="utf-8")
        _seal(part / "batch.json")
        return _take_number(store, part, check)
    except OSError as error:
        told = f"nothing was added to {store}: {error.strerror or error}"
        raise OSError(error.errno or 0, told) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _take_number(store: Path, part: Path, check: Callable[[], None]) -> int:
    """Rename to the next free number: of two writers one gets it, the other goes on."""
    while True:
        check()
        number = max(batch_numbers(store), default=0) + 1
        try:
            part.rename(store / "batches" / f"{number:06d}")
        except OSError:
            if not (store / "batches" / f"{number:06d}").exists():
                raise
        else:
            return number


def _seal(path: Path) -> dict[str, Any]:
    """Size and hash of a file, once it is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": digest}


def _read_batch(folder: Path, layer: int, number: int) -> Batch:
    manifest, damage = _manifest(folder)
    for name, file in manifest.get("files", {}).items():
        path = folder / name
        size = path.stat().st_size if path.is_file() else None
        if size != file["size"]:
            state = "is missing" if size is None else f"has {size} bytes"
            damage = f"{path} {state} instead of {file['size']} bytes"
    return Batch(folder, layer, number, manifest, damage)


@lru_cache(maxsize=4096)
def _manifest_text(path: Path, stamp: int) -> str:  # noqa: ARG001 - a changed file is new
    return path.read_text(encoding="utf-8")


def _manifest(folder: Path) -> tuple[dict[str, Any], str | None]:
    path = folder / "batch.json"
    try:
        manifest = json.loads(_manifest_text(path, path.stat().st_mtime_ns))
        schema = int(manifest["schema"])
    except OSError as error:
        return {}, f"{path} cannot be read: {error.strerror}"
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
        return {}, f"{path} is cut off or changed"
    if schema > SCHEMA:
        raise ValueError(newer(path, schema))
    return manifest, None


def newer(path: Path, schema: object) -> str:
    """Message about a store of a later release."""
    return (
        f"{path} was written with schema {schema} of the library store, this release "
        f"reads up to {SCHEMA}. Update prospect-workbench."
    )


def verify_batch(batch: Batch) -> list[str]:
    """Files of a batch that are not what was written."""
    found = [] if batch.damage is None else [batch.damage]
    for name, file in batch.manifest.get("files", {}).items():
        path = batch.folder / name
        if path.is_file() and path.stat().st_size == file["size"]:
            with path.open("rb") as handle:
                digest = hashlib.file_digest(handle, "sha256").hexdigest()
            if digest != file["sha256"]:
                found.append(f"{path} has been changed since it was written")
    return found


def versions_of(as_of: int | Sequence[int] | None, count: int) -> list[int | None]:
    """Version of each folder to see, None for the latest."""
    if as_of is None:
        return [None] * count
    given = [as_of] if isinstance(as_of, (int, np.integer)) else list(as_of)
    if len(given) != count or any(int(number) < 0 for number in given):
        raise ValueError(
            f"as_of is one version a folder, 0 or more: {count} here. Got {as_of!r}."
        )
    return [int(number) for number in given]
