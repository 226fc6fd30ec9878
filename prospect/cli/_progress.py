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

from ._shared import Language, err

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Report = Callable[[str, int, int], None]


STEPS = {
    "evidence": "证据图层",
    "layers": "图层统计",
    "training": "训练样本",
    "fit": "拟合",
    "validate": "验证",
    "map": "制图",
    "leakage": "泄露检查",
    "tables": "证据权表",
    "targets": "靶区",
    "figures": "图件",
    "scene": "三维场景",
    "card": "模型说明",
    "report": "报告",
    "done": "完成",
}


@contextlib.contextmanager
def follow(*, quiet: bool, lang: Language = Language.en) -> Iterator[Report | None]:
    """Callable `(step, done, total)` that shows progress on stderr; None when quiet."""
    if quiet:
        yield None
    elif err.is_terminal:
        yield from _bar(lang)
    else:
        yield _lines(lang)


def named(step: str, lang: Language) -> str:
    """Step in words of the language; what follows the colon is a name of the user's."""
    kind, colon, name = step.partition(":")
    if lang is Language.en or kind not in STEPS:
        return step
    return f"{STEPS[kind]}{'：' if colon else ''}{name}"


def _bar(lang: Language) -> Iterator[Report]:
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
            task, description=named(step, lang), completed=done, total=total
        )


def _lines(lang: Language) -> Report:
    start = time.monotonic()

    def report(step: str, done: int, total: int) -> None:
        place = "" if done == total else f"{done + 1}/{total} "
        seconds = f"[{time.monotonic() - start:6.1f} s]"
        err.print(f"{seconds} {place}{named(step, lang)}", markup=False)

    return report
