"""`prospect geochem qc`: assays and their quality."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._shared import Debug, Lang, Language, err, out, plain, told

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from survey.quality import QualityAssessment

TABLES = (
    "references",
    "reference_summary",
    "blanks",
    "blank_summary",
    "duplicates",
    "precision",
    "laboratories",
)
SampleFiles = Annotated[
    list[Path],
    typer.Argument(
        exists=True,
        dir_okay=False,
        readable=True,
        help="Tables of assays (CSV, Excel …); several batches or campaigns at once.",
    ),
]
Controls = Annotated[
    list[Path],
    typer.Option(
        "--controls",
        exists=True,
        dir_okay=False,
        readable=True,
        help="Table of control samples: qc_type, material, original_id, batch and "
        "results; may be repeated.",
    ),
]
Certified = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        readable=True,
        help="Table of certified values, and their standard deviations if known.",
    ),
]
Rules = Annotated[
    str,
    typer.Option(help="default, international, china_1_50k, or a TOML file of rules."),
]


def qc(
    samples: SampleFiles,
    controls: Controls,
    out_folder: Annotated[
        Path, typer.Option("--out", file_okay=False, help="Folder to write.")
    ],
    certified: Certified = None,
    rules: Rules = "default",
    name: Annotated[str, typer.Option(help="Name of the survey, for the title.")] = "",
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """
    Judge assays by their control samples: report.html, verdicts.csv and tables.

    The exit code is 0 whatever the verdicts: they are advice, in verdicts.csv. It is 3
    when the tables cannot be read or contradict themselves.
    """
    with told(debug=debug, lang=lang):
        assays, checks, certificates, remarks = _read(samples, controls, certified)
        for remark in remarks:
            err.print(remark, markup=False)
        found = _assess(assays, checks, certificates, rules)
        for line in _problems(found):
            err.print(line, markup=False)
        sources = [*samples, *controls, *([certified] if certified else [])]
        told_of = {"name": name, "rules": rules, "lang": lang.value}
        told_of |= {"sources": [path.name for path in sources], "remarks": remarks}
        files = _write(found, out_folder, told_of)
    _summary(found, lang)
    for file in files:
        out.print(str(file), markup=False)


def _read(
    samples: list[Path], controls: list[Path], certified: Path | None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None, list[str]]:
    """Tables with the limits that the controls tell of their batches, and remarks."""
    from survey.quality import check_assays, join_assays, read_assays, read_certified

    for paths in (samples, controls):
        twice = [str(path) for path in set(paths) if paths.count(path) > 1]
        if twice:
            raise ValueError(f"{', '.join(sorted(twice))} is given twice: once will do")
    told_apart = [read_assays(path, limits="from_values") for path in controls]
    _check_rows(told_apart, controls)
    checks = join_assays(*told_apart)
    limits = _limits(checks)
    read = [read_assays(path, limits=limits) for path in samples]
    _check_rows(read, samples)
    assays = join_assays(*read)
    told_apart += read
    certificates = read_certified(certified) if certified else None
    tables = [*told_apart, *([] if certificates is None else [certificates])]
    remarks = [
        f"{table.attrs['source']}: {note}"
        for table in tables
        for note in table.attrs["notes"]
    ]
    remarks += [str(problem) for problem in check_assays(assays)]
    repeated = assays.attrs.get("repeated", 0)
    if repeated:
        remarks.append(f"{repeated} results stand in more than one table of assays")
    return assays, checks, certificates, remarks


def _check_rows(tables: list[pd.DataFrame], paths: list[Path]) -> None:
    """Raise with all tables that hold no result."""
    from survey import DataProblems, Problem

    remedy = "give a table with at least one result, or leave the file out"
    empty = [path for table, path in zip(tables, paths, strict=True) if not len(table)]
    if empty:
        what = "the table has no rows"
        raise DataProblems([Problem(what, remedy, str(path)) for path in empty])


def _problems(found: QualityAssessment) -> list[str]:
    """What the assessment could not judge, such as materials without certificate."""
    from survey import Problem

    rows = found.problems.astype(object)
    rows = rows.where(rows.notna() & rows.ne(""), None).to_dict("records")
    return [str(Problem(**row)) for row in rows]


def _limits(checks: pd.DataFrame) -> pd.DataFrame | None:
    """Limits of detection by analyte and batch, as far as controls tell one."""
    names = ["analyte", "lab_batch", "detection_limit"]
    known = checks.loc[checks["detection_limit"].notna(), names].drop_duplicates()
    alone = known[~known.duplicated(names[:2], keep=False)]
    return alone if len(alone) else None


def _assess(
    assays: pd.DataFrame,
    checks: pd.DataFrame,
    certificates: pd.DataFrame | None,
    rules: str,
) -> QualityAssessment:
    from survey.quality import assess_quality

    return assess_quality(assays, checks, certified=certificates, rules=rules)


def _write(
    found: QualityAssessment, folder: Path, told_of: dict[str, Any]
) -> list[Path]:
    import json

    from survey import save_table

    from ..report import write_quality_report

    verdicts = found.verdicts.assign(
        reasons=[
            json.dumps(each, ensure_ascii=False) for each in found.verdicts["reasons"]
        ]
    )
    files = [
        write_quality_report(found, folder / "report.html", **told_of),
        save_table(verdicts, folder / "verdicts.csv"),
    ]
    for name in TABLES:
        table = getattr(found, name)
        files.append(save_table(table, folder / "tables" / f"{name}.csv"))
    return files


def _summary(found: QualityAssessment, lang: Language) -> None:
    """Print what is to be done, one line a batch and verdict."""
    from ..report import Words

    words = Words(lang.value)
    keys = {
        "reject": "qc_reject",
        "reassay": "qc_reassay",
        "untested": "qc_verdict_untested",
    }
    for verdict, key in keys.items():
        some = found.verdicts[found.verdicts["verdict"] == verdict]
        for batch, part in some.groupby("lab_batch", sort=True):
            analytes = words("comma").join(part["analyte"])
            line = f"{batch or '–'}{words('colon')}{words(key)} {analytes}"
            out.print(plain(line))


COMMANDS: dict[str, Callable[..., None]] = {"qc": qc}
