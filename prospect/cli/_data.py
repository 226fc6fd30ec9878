"""`prospect data`: registered data sets and the sample district."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ._shared import Debug, out, told

app = typer.Typer(
    help="List and fetch registered data sets.", no_args_is_help=True, name="data"
)


@app.command("list")
def list_(debug: Debug = False) -> None:
    """List the registered data sets: name, licence, size, what they are."""
    with told(debug=debug):
        from .. import list_data

        table = list_data()
    if not out.is_terminal:
        typer.echo(table.to_csv(sep="\t", index=False), nl=False)
        return
    shown = Table(*map(str, table.columns))
    for row in table.astype(str).itertuples(index=False):
        shown.add_row(*(cell.replace("[", r"\[") for cell in row))
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
    out.print(f"prospect run {Path(where) / 'district.toml'}", markup=False)
