"""From the work folder to the result folder, whole or not at all."""

from __future__ import annotations

import contextlib
import filecmp
import json
import os
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from survey import atomic_path, write_text

from ._hashes import code_fingerprint, code_revision, hash_file, library_versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._district import District
    from ._steps import Steps

MANIFEST = "manifest.json"


@contextlib.contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """
    Keep a result folder to one run at a time.

    Raises
    ------
    RuntimeError
        If another run is working in it.
    """
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RuntimeError(
                f"another run is working in {folder}: wait for it, stop it, or choose "
                "another result folder with --out"
            ) from None
        yield


def input_files(district: District, district_file: Path, steps: Steps) -> list[dict]:
    """
    Name, bytes and SHA-256 of every file a district reads, each once.

    Names are those of the district file, so that they are the same wherever the
    district lies.
    """
    from ._hashes import companions

    files = {district_file.name: district_file}
    for source in district.sources:
        path, beside = district.path(source), PurePosixPath(source.file).parent
        for file in companions(path):
            place = file.relative_to(path.parent).as_posix()
            files[(beside / place).as_posix()] = file
    return [
        {"file": name, "bytes": file.stat().st_size, "sha256": steps.hashes(file)}
        for name, file in sorted(files.items())
    ]


def drop_strays(products: Path, steps: Steps) -> None:
    """Remove products of earlier runs that no step of this run has made or reused."""
    made = {name for record in steps.records for name in record.outputs}
    for file in [p for p in products.rglob("*") if p.is_file()]:
        if file.relative_to(steps.folder).as_posix() not in made:
            file.unlink()


def write_manifest(
    district: District, inputs: list[dict], *, steps: Steps, products: Path
) -> None:
    """
    Record what made the result: inputs, parameters, versions, seed, code, outputs.

    Nothing in it depends on when or how often the job was run, so that the same
    inputs give the same bytes; times are in `timings.json`.
    """
    outputs = {
        file.relative_to(products).as_posix(): hash_file(file)
        for file in sorted(products.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }
    manifest = {
        "format": "prospect-workbench result 1",
        "district": district.name,
        "parameters": district.model_dump(mode="json", exclude={"folder"}),
        "random_state": district.random_state,
        "code_revision": code_revision(),
        "code_sha256": code_fingerprint(),
        "versions": library_versions(),
        "inputs": inputs,
        "steps": {record.name: record.key for record in steps.records},
        "outputs": outputs,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    write_text(products / MANIFEST, text + "\n")


def publish(products: Path, folder: Path) -> None:
    """
    Put the products under their final names, the manifest last.

    All are copied first and renamed when every copy stands, so that a full disk
    leaves the earlier result whole; what has not changed is left alone. Grids are
    linked where the file system allows, so that the map does not lie on the disk
    twice. Products of an earlier run that this one no longer makes are removed after
    the new ones stand.
    """
    before = _published(folder)
    files = [p for p in sorted(products.rglob("*")) if p.is_file()]
    files.sort(key=lambda file: file.name != MANIFEST)
    with contextlib.ExitStack() as renames:  # unwinds backwards: the manifest is last
        for file in files:
            target = folder / file.relative_to(products)
            if not _same(file, target):
                _copy(file, renames.enter_context(atomic_path(target)))
    now = {file.relative_to(products).as_posix() for file in files}
    for name in before - now:
        (folder / name).unlink(missing_ok=True)


def _published(folder: Path) -> set[str]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    inside = (folder / name for name in manifest["outputs"])
    return {
        path.relative_to(folder).as_posix()
        for path in inside
        if path.is_relative_to(folder) and ".." not in path.parts
    }


def _same(source: Path, target: Path) -> bool:
    if not target.is_file():
        return False
    return target.samefile(source) or filecmp.cmp(source, target, shallow=False)


def _copy(source: Path, part: Path) -> None:
    if source.suffix == ".tif":
        with contextlib.suppress(OSError):
            os.link(source, part)
            return
    shutil.copyfile(source, part)
    with part.open("rb") as handle:
        os.fsync(handle.fileno())


def write_timings(steps: Steps, folder: Path) -> None:
    """Seconds of every step, and whether its result was reused."""
    rows = [
        {"step": r.name, "seconds": round(r.seconds, 3), "reused": r.reused}
        for r in steps.records
    ]
    write_text(folder / "timings.json", json.dumps(rows, indent=1) + "\n")
