"""`prospect notebook`: curated notebooks, from the template to the gallery."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Curated notebooks: list, copy, write, check.",
    no_args_is_help=True,
    name="notebook",
)
