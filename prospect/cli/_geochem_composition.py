"""`prospect geochem`: censored and compositional data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._samples import (
    Analytes,
    Crs,
    EastColumn,
    NorthColumn,
    SampleFile,
    analytes_in,
    names_in,
    samples_from,
)
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

TableFile = Annotated[
    Path,
    typer.Option(
        "--out",
        dir_okay=False,
        help="File to write: .gpkg with the places, or .csv, .xlsx, .parquet.",
    ),
]
Limits = Annotated[
    str,
    typer.Option(
        help="Limits of detection the table does not tell: As_ppm=0.5,Au_ppb=1."
    ),
]


def statistics(
    samples: SampleFile,
    analytes: Analytes,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Table to write (.csv, .xlsx)."),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="km (Kaplan-Meier), ros (order statistics) or mle (likelihood)."
        ),
    ] = "km",
    limits: Limits = "",
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Statistics with values below detection: nothing is replaced by half its limit."""
    with told(debug=debug, lang=lang):
        from survey import save_table

        from ..geochem import censored_table

        table = samples_from(samples, crs=crs, x=x, y=y)
        found = censored_table(
            table,
            columns=analytes_in(table, analytes),
            method=method,
            limits=_limits(limits),
        )
        if out_file is None:
            typer.echo(found.to_csv(sep="\t", index=False), nl=False)
            return
        written = save_table(found, out_file)
    out.print(str(written), markup=False)


def impute(
    samples: SampleFile,
    analytes: Analytes,
    out_file: TableFile,
    method: Annotated[
        str, typer.Option(help="lr_em, lr_da, mult_lognormal or mult_repl.")
    ] = "lr_em",
    limits: Limits = "",
    max_censored: Annotated[
        float,
        typer.Option(min=0, max=1, help="Largest share below detection of a column."),
    ] = 0.8,
    missing: Annotated[
        bool, typer.Option("--missing", help="Impute missing values too.")
    ] = False,
    robust: Annotated[
        bool, typer.Option("--robust", help="Heavy tails, for tables with outliers.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of lr_da.")] = 0,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Impute values below detection, each below its own limit, flagged and counted."""
    with told(debug=debug, lang=lang):
        from ..geochem import impute_censored

        table = samples_from(samples, crs=crs, x=x, y=y)
        before = len(table.attrs.get("notes", ()))
        options: dict[str, Any] = {"robust": True} if robust else {}
        found = impute_censored(
            table,
            columns=analytes_in(table, analytes),
            method=method,
            limits=_limits(limits),
            missing="impute" if missing else "keep",
            max_censored=max_censored,
            random_state=seed,
            **options,
        )
        _tell(found.attrs["notes"][before:], lang)
        written = _save(found, out_file)
    out.print(str(written), markup=False)


def log_ratios(
    samples: SampleFile,
    analytes: Analytes,
    out_file: TableFile,
    ratios: Annotated[str, typer.Option(help="clr, alr or ilr.")] = "clr",
    denominator: Annotated[
        str | None, typer.Option(help="Analyte that alr divides by.")
    ] = None,
    basis: Annotated[str, typer.Option(help="Of ilr: helmert or pivot.")] = "helmert",
    missing: Annotated[
        bool,
        typer.Option("--missing", help="Rows with a missing part get no result."),
    ] = False,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Log-ratios of a composition; the units of its parts are made one first."""
    with told(debug=debug, lang=lang):
        from ..geochem import alr, clr, ilr

        if ratios not in {"clr", "alr", "ilr"}:
            raise ValueError(f"--ratios {ratios}: use clr, alr or ilr")
        if ratios == "alr" and denominator is None:
            raise ValueError("--ratios alr needs --denominator, such as Al_pct")
        if ratios != "alr" and denominator is not None:
            raise ValueError("--denominator is of use with --ratios alr only")
        table = samples_from(samples, crs=crs, x=x, y=y)
        before = len(table.attrs.get("notes", ()))
        how: dict[str, Any] = {"missing": "nan" if missing else "refuse"}
        how |= {"denominator": denominator} if ratios == "alr" else {}
        how |= {"basis": basis} if ratios == "ilr" else {}
        make = {"clr": clr, "alr": alr, "ilr": ilr}[ratios]
        found = make(table, columns=analytes_in(table, analytes), **how)
        _tell(found.attrs["notes"][before:], lang)
        written = _save(found, out_file)
    out.print(str(written), markup=False)


def _limits(text: str) -> dict[str, float] | None:
    """Limits by column, from "As_ppm=0.5,Au_ppb=1"."""
    found = {}
    for part in names_in(text):
        name, _, number = part.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            raise ValueError(f"--limits {part}: write it as As_ppm=0.5") from None
    return found or None


def _tell(notes: Iterable[str], lang: Language) -> None:
    from .._note import say

    for note in notes:
        err.print(say(note, lang.value), markup=False)


def _save(table: pd.DataFrame, path: Path) -> Path:
    from survey import save_features, save_table

    if path.suffix.lower() == ".gpkg":
        return save_features(table, path)
    return save_table(table, path)


COMMANDS: dict[str, Callable[..., None]] = {
    "statistics": statistics,
    "impute": impute,
    "clr": log_ratios,
}
