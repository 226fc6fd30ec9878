"""How far a job is: a bar for people who watch, one line a step for log files."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from ._shared import err

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Report = Callable[[str, int, int], None]


@contextlib.contextmanager
def follow(*, quiet: bool) -> Iterator[Report | None]:
    """Callable `(step, done, total)` that shows progress on stderr; None when quiet."""
    if quiet:
        yield None
    elif err.is_terminal:
        yield from _bar()
    else:
        yield _lines()


def _bar() -> Iterator[Report]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step, done, total: bar.update(
            task, description=step, completed=done, total=total
        )


def _lines() -> Report:
    start = time.monotonic()

    def report(step: str, done: int, total: int) -> None:
        place = "" if done == total else f"{done + 1}/{total} "
        seconds = f"[{time.monotonic() - start:6.1f} s]"
        err.print(f"{seconds} {place}{step}", markup=False)

    return report
