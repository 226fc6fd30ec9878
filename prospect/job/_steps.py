"""Steps of a run that are done once and reused while nothing they need has changed."""

from __future__ import annotations

import json
import logging
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survey import write_text

from ._hashes import (
    FileHashes,
    code_fingerprint,
    hash_file,
    hash_value,
    library_versions,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StepRecord:
    """What a step needed, what it left, how long it took."""

    name: str
    key: str
    outputs: dict[str, str]
    seconds: float
    reused: bool = False


@dataclass
class Steps:
    """
    Runner of named steps in a work folder.

    A step's key is the hash of its inputs and parameters, of our code and of the
    library versions. Where the recorded key is the same and the recorded outputs are
    unchanged on disk, the step is not run again.

    Parameters
    ----------
    folder : path
        Work folder of the run.
    total : int
        Number of steps announced to `progress`.
    fresh : bool
        Run every step again.
    progress : callable, optional
        Called as `progress(name, done, total)` before each step, and once at the end.
    """

    folder: Path
    total: int = 0
    fresh: bool = False
    progress: Callable[[str, int, int], None] | None = None
    records: list[StepRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hashes = FileHashes(self.folder / "hashes.json")
        self._base = hash_value([code_fingerprint(), library_versions()])

    def do(
        self,
        name: str,
        function: Callable[[], None],
        *,
        needs: Any,  # noqa: ANN401
        outputs: Sequence[Path],
        optional: Sequence[Path] = (),
    ) -> StepRecord:
        """
        Run `function` unless its outputs are already there for the same needs.

        Parameters
        ----------
        name : str
            Name of the step, unique in the run.
        function : callable
            Called without arguments; writes `outputs` atomically.
        needs : JSON-ready value
            Everything the outputs depend on: hashes of inputs, keys of earlier steps,
            parameters.
        outputs : sequence of path
            Files or folders the step writes, inside the work folder.
        optional : sequence of path
            Files it may write; those of an earlier run are removed first.

        Returns
        -------
        StepRecord
        """
        if self.progress:
            self.progress(name, len(self.records), self.total)
        key = hash_value([name, needs, self._base])
        done = None if self.fresh else self._recall(name, key)
        if done is None:
            for path in optional:
                path.unlink(missing_ok=True)
            done = self._run(name, key, function, outputs, optional)
        self.records.append(done)
        return done

    def key(self, name: str) -> str:
        """Key of a step that has been done in this run."""
        return next(record.key for record in self.records if record.name == name)

    def finish(self) -> None:
        """Announce the end of the run."""
        if self.progress:
            self.progress("done", len(self.records), len(self.records))

    def _run(
        self,
        name: str,
        key: str,
        function: Callable[[], None],
        outputs: Sequence[Path],
        optional: Sequence[Path],
    ) -> StepRecord:
        start = time.perf_counter()
        function()
        seconds = time.perf_counter() - start
        left = {
            file.relative_to(self.folder).as_posix(): self._stamp(file)
            for output in [*outputs, *(path for path in optional if path.exists())]
            for file in _files(output)
        }
        record = {"key": key, "seconds": round(seconds, 3), "outputs": left}
        write_text(self._path(name), json.dumps(record, indent=1, ensure_ascii=False))
        log.info("%s: %.1f s", name, seconds)
        hashes = {file: stamp[2] for file, stamp in left.items()}
        return StepRecord(name, key, hashes, seconds)

    def _recall(self, name: str, key: str) -> StepRecord | None:
        try:
            record = json.loads(self._path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if record["key"] != key or not self._unchanged(record["outputs"]):
            return None
        hashes = {file: stamp[2] for file, stamp in record["outputs"].items()}
        return StepRecord(name, key, hashes, record["seconds"], reused=True)

    def _unchanged(self, outputs: dict[str, list]) -> bool:
        for name, (size, changed, digest) in outputs.items():
            file = self.folder / name
            if not file.exists() or file.stat().st_size != size:
                return False
            if file.stat().st_mtime_ns != changed and hash_file(file) != digest:
                return False
        return True

    @staticmethod
    def _stamp(file: Path) -> list:
        stat = file.stat()
        return [stat.st_size, stat.st_mtime_ns, hash_file(file)]

    def _path(self, name: str) -> Path:
        return self.folder / "steps" / f"{name.replace(':', '-')}.json"


def _files(output: Path) -> list[Path]:
    if output.is_dir():
        return sorted(p for p in output.rglob("*") if p.is_file())
    return [output]


def remove_leftovers(folder: Path) -> int:
    """
    Remove what a killed run left half-written in `folder`; return how many.

    Half-written files carry `.part` in a hidden name, so nothing finished is touched.
    """
    count = 0
    for part in [p for p in folder.rglob(".*.part*") if p.exists()]:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)
        count += 1
    return count
