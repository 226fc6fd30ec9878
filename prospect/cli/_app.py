"""The command tree and the way in."""

from __future__ import annotations

from typing import Annotated

import typer

from . import (
    _data,
    _geochem,
    _hub,
    _job,
    _lab,
    _library,
    _machine,
    _notebook,
    _spectral,
)
from ._shared import err

EPILOG = (
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 problems in the input, "
    "130 interrupted (the same command goes on)."
)

app = typer.Typer(
    name="prospect",
    help="From a folder of maps and samples to ranked, honestly validated targets.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(_job.run)
app.command()(_job.check)
app.command()(_job.new)
app.command()(_machine.doctor)
app.command()(_lab.lab)
app.add_typer(_data.app, name="data")
app.add_typer(_geochem.app, name="geochem")
app.add_typer(_hub.app, name="hub")
app.add_typer(_lab.kernel, name="kernel")
app.add_typer(_library.app, name="library")
app.add_typer(_notebook.app, name="notebook")
app.add_typer(_spectral.app, name="spectral")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"prospect-workbench {version('prospect-workbench')}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the `prospect` command with the arguments of the process."""
    try:
        app()
    except Exception:
        err.print(
            "This is a fault of the program, not of your data. Please report the "
            "lines below with the output of: prospect doctor"
        )
        raise
