"""`prospect lab` and `prospect kernel`: the workbench of one person."""

from __future__ import annotations

import typer

kernel = typer.Typer(
    help="Kernels of your own, with packages of your own.",
    no_args_is_help=True,
    name="kernel",
)
