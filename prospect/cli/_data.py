"""`prospect data`: registered data sets and the sample district."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ._shared import Debug, Lang, Language, out, plain, told

app = typer.Typer(
    help="List and fetch registered data sets.", no_args_is_help=True, name="data"
)


@app.command("list")
def list_(
    topic: Annotated[str | None, typer.Option(help="Only this topic.")] = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """List the registered data sets; all columns where the output is not a terminal."""
    with told(debug=debug):
        from .. import list_data

        table = list_data(topic=topic)
    if not out.is_terminal:
        typer.echo(table.to_csv(sep="\t", index=False), nl=False)
        return
    title = "title_zh" if lang is Language.zh else "title"
    columns = ["name", title, "size_MB", "licence", "download"]
    shown = Table(*columns)
    for row in table[columns].astype(str).itertuples(index=False):
        shown.add_row(*(plain(cell) for cell in row))
    out.print(shown, soft_wrap=False)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="Name, as `prospect data list` has it.")],
    folder: Annotated[
        Path | None, typer.Option(file_okay=False, help="Where to put it.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Download a data set, or find it in PROSPECT_DATA_DIR; check its hash."""
    with told(debug=debug):
        from .. import fetch_data

        where = fetch_data(name, folder=folder)
    out.print(str(where), markup=False)


@app.command()
def sample(
    folder: Annotated[
        Path, typer.Argument(file_okay=False, help="Folder to make; must not exist.")
    ],
    debug: Debug = False,
) -> None:
    """Put the synthetic sample district into a folder of your own."""
    with told(debug=debug):
        from .. import sample_district

        where = sample_district(folder)
    command = shlex.join(["prospect", "run", str(Path(where) / "district.toml")])
    out.print(command, markup=False)
