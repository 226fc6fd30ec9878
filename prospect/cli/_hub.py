"""`prospect hub`: the shared workbench on one machine."""

from __future__ import annotations

import typer

from . import _hub_people

app = typer.Typer(
    help="The shared workbench: start, stop, look after.",
    no_args_is_help=True,
    name="hub",
)
app.add_typer(_hub_people.user, name="user")
for _name, _function in _hub_people.COMMANDS.items():
    app.command(_name)(_function)
