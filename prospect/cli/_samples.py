"""What commands on tables of samples share: options, reading, writing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import geopandas as gpd

SampleFile = Annotated[
    Path,
    typer.Argument(
        exists=True,
        dir_okay=False,
        readable=True,
        help="Table or point layer of samples (CSV, Excel, GeoPackage, shapefile …).",
    ),
]
Crs = Annotated[
    str | None,
    typer.Option(help="Coordinate system where the file states none: EPSG:4547."),
]
EastColumn = Annotated[
    str | None, typer.Option("--x", help="Column of the east coordinate.")
]
NorthColumn = Annotated[
    str | None, typer.Option("--y", help="Column of the north coordinate.")
]
Analytes = Annotated[
    str,
    typer.Option("--analytes", help="Analytes with units, by comma: Cu_ppm,Au_ppb."),
]
Out = Annotated[Path, typer.Option("--out", help="File or folder to write.")]


def samples_from(
    path: Path, *, crs: str | None, x: str | None, y: str | None
) -> gpd.GeoDataFrame:
    """Samples of a file; what was assumed on the way is told on stderr."""
    from survey import read_samples

    from ._shared import err

    samples = read_samples(path, crs=crs, x=x, y=y)
    for note in samples.attrs.get("notes", ()):
        err.print(f"{path.name}: {note}", markup=False)
    return samples


def names_in(text: str) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]
