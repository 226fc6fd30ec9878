"""`prospect spectral`: from cubes to minerals and alteration, a command a step."""

from __future__ import annotations

import typer

from . import (
    _spectral_cube,
    _spectral_detect,
    _spectral_features,
    _spectral_index,
    _spectral_match,
    _spectral_minerals,
    _spectral_reduce,
    _spectral_resample,
    _spectral_unmix,
)

app = typer.Typer(
    help="Images: cubes, minerals, alteration, targets, shares.",
    no_args_is_help=True,
    name="spectral",
)
PARTS = (  # in the order of the work
    _spectral_cube,
    _spectral_resample,
    _spectral_index,
    _spectral_features,
    _spectral_match,
    _spectral_detect,
    _spectral_reduce,
    _spectral_unmix,
    _spectral_minerals,
)
for part in PARTS:
    for name, command in part.COMMANDS.items():
        app.command(name)(command)
