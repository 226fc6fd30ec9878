"""`prospect run`, `prospect check`, `prospect new`: the main job."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .._note import Note, say
from ._progress import follow
from ._shared import (
    TEXT,
    Code,
    Debug,
    DistrictFile,
    Lang,
    Language,
    out,
    show_problems,
    told,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def run(
    district: DistrictFile,
    to: Annotated[
        Path | None,
        typer.Option(
            "--out",
            file_okay=False,
            help="Result folder; without it, `result` beside the district file.",
        ),
    ] = None,
    lang: Lang = Language.en,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Compute every step anew.")
    ] = False,
    no_scene: Annotated[
        bool, typer.Option("--no-scene", help="Leave the 3D view out.")
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Threads at work.")] = 2,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")
    ] = False,
    debug: Debug = False,
) -> None:
    """
    Run a prospecting job: from a district file to maps, ranked targets and a report.

    Finished steps are reused, an interrupted job goes on where it stopped.
    """
    with told(debug=debug, lang=lang), follow(quiet=quiet, lang=lang) as progress:
        from .. import run_district

        result = run_district(
            district,
            out=to or district.parent / "result",
            lang=lang.value,
            fresh=fresh,
            scene=not no_scene,
            n_jobs=jobs,
            progress=progress,
        )
    if not quiet:
        for title, where in _places(result, lang):
            out.print(f"{title}{TEXT[lang]['colon']}{where}", markup=False)


def check(
    district: DistrictFile, lang: Lang = Language.en, debug: Debug = False
) -> None:
    """List all problems of a district file and of the data it names, at once."""
    with told(debug=debug, lang=lang):
        from .. import check_district

        problems = check_district(district)
    if problems:
        show_problems(problems, console=out, lang=lang)
    else:
        out.print(TEXT[lang]["no_problems"])
    if any(problem.severity == "error" for problem in problems):
        raise typer.Exit(Code.INPUT)


def new(
    folder: Annotated[
        Path,
        typer.Argument(
            exists=True, file_okay=False, help="Folder with maps and tables."
        ),
    ],
    to: Annotated[
        Path | None,
        typer.Option("--out", help="File to write; without it, FOLDER/district.toml."),
    ] = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Write a first district file for a folder of data, saying what was guessed."""
    with told(debug=debug, lang=lang):
        from .. import new_district

        made = new_district(folder, out=to, lang=lang.value)
    phrases = TEXT[lang]
    colon = phrases["colon"]
    out.print(f"{phrases['written']}{colon}{made.path}", markup=False)
    for title, notes in (("guessed", made.guesses), ("decide", made.decisions)):
        if notes:
            out.print(f"\n{phrases[title]}", markup=False)
        for note in notes:
            out.print(f"  - {say(note, lang)}", markup=False)
    command = shlex.join(["prospect", "check", str(made.path)])
    out.print(f"\n{phrases['then']}{colon}{command}", markup=False)


def _places(result: Any, lang: Language) -> Iterator[tuple[str, object]]:  # noqa: ANN401
    phrases = TEXT[lang]
    for name, path in result.maps.items():
        yield f"{phrases['map']} ({name})", path
    yield phrases["targets"], result.targets
    yield phrases["report"], result.report
    yield phrases["scene"], result.scene or phrases["no_scene"]
    page = result.folder / "scene.html"
    if page.exists():
        yield phrases["page"], page
    yield phrases["folder"], result.folder
    for note in result.notes:
        told_in_english = lang is Language.zh and not isinstance(note, Note)
        yield phrases["note_english" if told_in_english else "note"], say(note, lang)
