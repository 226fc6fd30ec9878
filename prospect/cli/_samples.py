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
    """Samples of a file, one at least; what was assumed is told on stderr."""
    from survey import DataProblems, Problem, read_samples

    from ._shared import err

    samples = read_samples(path, crs=crs, x=x, y=y)
    if samples.empty:
        remedy = "give a table with at least one sample"
        raise DataProblems([Problem("the table has no rows", remedy, str(path))])
    for note in samples.attrs.get("notes", ()):
        err.print(f"{path.name}: {note}", markup=False)
    return samples


def features_from(path: Path, *, layer: str | None = None) -> gpd.GeoDataFrame:
    """Features of a file; what was mended or left out is told on stderr."""
    from survey import read_features

    from ._shared import err

    features = read_features(path, layer=layer)
    for note in features.attrs.get("notes", ()):
        err.print(f"{path.name}: {note}", markup=False)
    return features


def analytes_in(table: gpd.GeoDataFrame, text: str) -> list[str]:
    """Analytes separated by commas: one at least, each once, columns of numbers."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    from survey import check_columns

    names = names_in(text)
    if not names:
        raise ValueError("--analytes names no analyte: write Cu_ppm,Au_ppb")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"--analytes names {', '.join(twice)} twice: once will do")
    check_columns(table, names)
    for name in names:
        if is_bool_dtype(table[name]) or not is_numeric_dtype(table[name]):
            known = table[name].dropna()
            first = f" such as {known.iloc[0]!r}" if len(known) else ""
            raise ValueError(
                f"column {name!r} holds no contents but {table[name].dtype}{first}: "
                "name an analyte with its unit, such as Cu_ppm"
            )
    return names


def names_in(text: str) -> list[str]:
    """Names separated by commas."""
    return [name.strip() for name in text.split(",") if name.strip()]
