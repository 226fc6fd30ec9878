"""What all commands share: options, exit codes, messages instead of tracebacks."""

from __future__ import annotations

import contextlib
import errno
import traceback
import warnings
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from survey import DataProblems, Problem

from .._note import Note, say, where_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


class Code(IntEnum):
    """Exit codes a script can rely on."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INPUT = 3
    INTERRUPTED = 130


class Language(StrEnum):
    """Languages of the report and of what is printed."""

    en = "en"
    zh = "zh"


DistrictFile = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, readable=True, help="The district file (TOML)."
    ),
]
Lang = Annotated[Language, typer.Option(help="Language of report and messages.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

TEXT = {
    Language.en: {
        "colon": ": ",
        "map": "Map",
        "uncertainty": "Uncertainty",
        "targets": "Targets",
        "report": "Report",
        "scene": "3D view",
        "page": "3D view to turn",
        "manifest": "Manifest",
        "folder": "All results",
        "no_scene": "not made",
        "no_problems": "No problems found.",
        "written": "Written",
        "guessed": "Guessed:",
        "decide": "To be decided by you, in that file:",
        "then": "Then",
        "note": "Note",
        "note_english": "Note",
        "where": "Where",
        "what": "What is wrong",
        "remedy": "Remedy",
        "interrupted": "Interrupted. The same command goes on with the step that was "
        "cut off.",
        "memory": "Memory ran out: run with --jobs 1 or map more coarsely.",
        "disk": "The disk is full: free some space and run the same command.",
    },
    Language.zh: {
        "colon": "：",
        "map": "成矿概率图",
        "uncertainty": "不确定性图",
        "targets": "靶区",
        "report": "报告",
        "scene": "三维视图",
        "page": "可旋转三维视图",
        "manifest": "运行清单",
        "folder": "全部结果",
        "no_scene": "未生成",
        "no_problems": "未发现问题。",
        "written": "已写入",
        "guessed": "以下为推测：",
        "decide": "以下须由您在该文件中决定：",
        "then": "然后运行",
        "note": "注意",
        "note_english": "注意（英文）",
        "where": "位置",
        "what": "问题",
        "remedy": "处理办法",
        "interrupted": "已中断。再次运行同一命令，将从中断的步骤继续。",
        "memory": "内存不足：请加 --jobs 1 运行，或降低制图分辨率。",
        "disk": "磁盘已满：请腾出空间后再次运行同一命令。",
    },
}


INTRODUCTION = (
    "发现错误 {errors} 个（须改正）、警告 {warnings} 个，逐条列出如下；"
    "尚无译文的说明为英文："
)


@contextlib.contextmanager
def told(*, debug: bool, lang: Language = Language.en) -> Iterator[None]:
    """Turn errors into a plain message on stderr and an exit code."""
    if not debug:
        # warnings of other libraries are for developers; ours stand in the notes
        warnings.filterwarnings("ignore", module=r"(?!survey|spectral|prospect)")
    try:
        yield
    except DataProblems as error:
        _trace(debug)
        show_problems(error.problems, console=err, lang=lang)
        raise typer.Exit(Code.INPUT) from None
    except KeyboardInterrupt:
        err.print(TEXT[lang]["interrupted"])
        raise typer.Exit(Code.INTERRUPTED) from None
    except (ValueError, KeyError, OSError, RuntimeError, MemoryError) as error:
        _trace(debug)
        if isinstance(error, (BrokenPipeError, typer.Exit)):
            raise
        err.print(_message(error, lang), markup=False)
        raise typer.Exit(Code.FAILED) from None


def _message(error: Exception, lang: Language) -> str:
    phrases = TEXT[lang]
    first = error.args[0] if error.args else ""
    if isinstance(first, Note):
        return first.say(lang)
    text = str(first if isinstance(error, KeyError) and error.args else error)
    if isinstance(error, MemoryError):
        return f"{phrases['memory']} {text}".strip()
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"{text}. {phrases['disk']}"
    return text or type(error).__name__


def _trace(debug: bool) -> None:
    if debug:
        traceback.print_exc()


def show_problems(
    problems: Iterable[Problem], *, console: Console, lang: Language = Language.en
) -> None:
    """
    Print problems: a table for people, tab-separated lines for scripts.

    Scripts find the same English columns in every language; what is said in Chinese
    goes to stderr there.
    """
    problems = list(problems)
    if lang is Language.zh:
        errors = sum(problem.severity == "error" for problem in problems)
        counts = {"errors": errors, "warnings": len(problems) - errors}
        err.print(INTRODUCTION.format(**counts), markup=False)
    if not console.is_terminal:
        names = (
            "severity",
            "file",
            "layer",
            "row",
            "column",
            "value",
            "what",
            "remedy",
        )
        print(*names, sep="\t", file=console.file)
        for problem in problems:
            cells = (getattr(problem, name) for name in names)
            line = [
                "" if cell is None else " ".join(str(cell).split()) for cell in cells
            ]
            print(*line, sep="\t", file=console.file)
        return
    phrases = TEXT[lang]
    table = Table("", show_lines=True)
    for name in ("where", "what", "remedy"):
        table.add_column(phrases[name], overflow="fold")
    for number, problem in enumerate(problems, 1):
        colour = "red" if problem.severity == "error" else "yellow"
        table.add_row(
            f"[{colour}]{number}[/]",
            plain(where_of(problem, lang)),
            *(plain(say(text, lang)) for text in (problem.what, problem.remedy)),
        )
    console.print(table, soft_wrap=False)


def plain(text: str) -> str:
    """Text that rich prints as it stands."""
    return text.replace("[", r"\[")
