"""`prospect geochem`: from assays to rated anomalies, a command a step."""

from __future__ import annotations

import typer

from . import (
    _geochem_anomalies,
    _geochem_background,
    _geochem_catchments,
    _geochem_composition,
    _geochem_factors,
    _geochem_fractal,
    _geochem_grid,
    _geochem_quality,
)

app = typer.Typer(
    help="Exploration geochemistry: quality, background, gridding, anomalies.",
    no_args_is_help=True,
    name="geochem",
)
for part in (
    _geochem_quality,
    _geochem_composition,
    _geochem_factors,
    _geochem_background,
    _geochem_fractal,
    _geochem_grid,
    _geochem_catchments,
    _geochem_anomalies,
):
    for name, command in part.COMMANDS.items():
        app.command(name)(command)
