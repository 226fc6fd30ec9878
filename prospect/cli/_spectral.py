"""`prospect spectral`: from cubes to minerals and alteration, a command a step."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Images: cubes, minerals, alteration, targets, shares.",
    no_args_is_help=True,
    name="spectral",
)
PARTS = ()
for part in PARTS:
    for name, command in part.COMMANDS.items():
        app.command(name)(command)
