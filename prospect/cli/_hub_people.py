"""`prospect hub user`, `backup`, `restore`: people and what they made."""

from __future__ import annotations

import typer

user = typer.Typer(help="People of the hub.", no_args_is_help=True, name="user")
COMMANDS = {}
