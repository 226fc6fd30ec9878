"""`prospect doctor`: whether this machine is fit for the job."""

from __future__ import annotations

import typer

from ._shared import Code, Debug, Lang, Language, out, told

COLOURS = {"ok": "green", "advice": "yellow", "mend": "red"}
LEVELS = {
    Language.en: {"ok": "ok", "advice": "advice", "mend": "mend"},
    Language.zh: {"ok": "正常", "advice": "建议", "mend": "须修复"},
}


def doctor(lang: Lang = Language.en, debug: Debug = False) -> None:
    """Look at versions, libraries, memory, disk and names; give plain advice."""
    with told(debug=debug):
        from .. import diagnose

        findings = diagnose(lang=lang.value)
    for finding in findings:
        level = LEVELS[lang][finding.level]
        out.print(f"[{COLOURS[finding.level]}]{level:<7}[/]", end="")
        out.print(f"{finding.title}: {finding.message}", markup=False)
        if finding.advice:
            out.print(f"       -> {finding.advice}", markup=False)
    if any(finding.level == "mend" for finding in findings):
        raise typer.Exit(Code.FAILED)
