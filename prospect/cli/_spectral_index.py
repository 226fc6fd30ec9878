"""`prospect spectral`: spectral indices of cubes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._cubes import Crs, CubeFile, Part, Scale, cube_from, mapped, tell_empty
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

SensorName = Annotated[
    str | None,
    typer.Option(help="Sensor, where the file does not name it: sentinel2a, aster …"),
]


def index(
    file: CubeFile,
    names: Annotated[
        list[str],
        typer.Argument(
            help="Indices (see `prospect spectral indices`) or formulas: 'B11 / B12', "
            "'r2180 / r2165' (channels, nm).",
        ),
    ],
    folder: Annotated[
        Path,
        typer.Option("--out", file_okay=False, help="Folder: a GeoTIFF an index."),
    ],
    sensor: SensorName = None,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Spectral indices of a cube: bands chosen by name or wavelength, and told."""
    with told(debug=debug, lang=lang):
        from spectral.indices import spectral_index
        from survey import save_grids

        cube = mapped(cube_from(file, scale=scale, part=part, crs=crs), file)
        grids = {}
        for number, name in enumerate(names, 1):
            grid = spectral_index(name, cube, sensor=sensor)
            err.print(f"{name}: {grid.attrs['bands_used']}", markup=False)
            stem = grid.name if grid.name != "index" else f"index_{number}"
            grids[folder / f"{stem}.tif"] = grid
        if len(grids) < len(names):
            raise ValueError(f"an index stands twice among {names}: name each once")
        written = save_grids(grids)
        tell_empty(written, cube, file, lang)
    for path in written:
        out.print(str(path), markup=False)


def indices(
    domain: Annotated[
        str | None,
        typer.Option(
            help="geology, aster, worldview3, hyperspectral, vegetation, water, snow, "
            "soil or burn."
        ),
    ] = None,
    sensor: Annotated[
        str | None, typer.Option(help="Only what this sensor has bands for.")
    ] = None,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Table to write (.csv, .xlsx)."),
    ] = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Indices known by name, their formulas and references."""
    with told(debug=debug, lang=lang):
        from spectral.indices import list_indices
        from survey import save_table

        table = list_indices(domain=domain, sensor=sensor).reset_index()
        if out_file is None:
            title = "zh" if lang is Language.zh else "title"
            columns = ["name", "domain", title, "formula"]
            typer.echo(table[columns].to_csv(sep="\t", index=False), nl=False)
            return
        table["bands"] = table["bands"].map(", ".join)
        written = save_table(table, out_file)
    out.print(str(written), markup=False)


COMMANDS: dict[str, Callable[..., None]] = {"index": index, "indices": indices}
