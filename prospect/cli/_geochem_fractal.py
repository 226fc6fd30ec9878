"""`prospect geochem`: fractal thresholds, singularity, spectra."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._samples import (
    Crs,
    EastColumn,
    NorthColumn,
    Out,
    analytes_in,
    names_in,
    samples_from,
)
from ._shared import TEXT, Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from ..geochem import FractalModel

TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".gpkg", ".shp", ".geojson", ".json"}
TABLES |= {".parquet", ".geoparquet"}


class Model(StrEnum):
    """Fractal models by the names the field uses."""

    ca = "ca"
    cn = "cn"
    sa = "sa"


class Side(StrEnum):
    """Which curve is fitted."""

    above = "above"
    below = "below"


Source = Annotated[
    Path,
    typer.Argument(
        exists=True,
        readable=True,
        metavar="SAMPLES_OR_GRID",
        help="Table or layer of samples, or a grid.",
    ),
]
GridFile = Annotated[Path, typer.Argument(exists=True, readable=True, help="A grid.")]


def fractal(
    source: Source,
    out_folder: Out,
    model: Annotated[Model, typer.Option(help="C-A, C-N or S-A.")] = Model.ca,
    analyte: Annotated[
        str | None, typer.Option(help="Analyte of the samples: Cu_ppm.")
    ] = None,
    direction: Annotated[Side, typer.Option(help="Curve to fit.")] = Side.above,
    segments: Annotated[
        int | None, typer.Option(min=1, max=6, help="Segments; chosen if left out.")
    ] = None,
    draws: Annotated[int, typer.Option(min=0, help="Resampled curves.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the resampling.")] = 0,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """
    Fit a fractal model: thresholds with intervals, chart, tables.

    S-A also writes the map in parts: anomaly, background and, with more than one
    break, noise.
    """
    chosen = {"n_segments": segments or "auto", "n_bootstrap": draws}
    chosen |= {"random_state": seed}
    with told(debug=debug, lang=lang):
        from .._note import say

        if source.suffix.lower() in TABLES:
            samples = samples_from(source, crs=crs, x=x, y=y)
            found, parts = _of_samples(samples, model, analyte, direction, chosen), {}
        else:
            from survey import open_grid

            _no_table_options(analyte, x, y)
            grid = open_grid(source, crs=crs)
            found, parts = _of_grid(grid, model, direction, chosen)
        written = _write(found, parts, out_folder, lang)
        phrases = TEXT[lang]
        for note in found.notes:
            err.print(
                phrases["note"] + phrases["colon"] + say(note, lang), markup=False
            )
    shown = found.intervals.to_csv(sep="\t", index_label="name", float_format="%.4g")
    typer.echo(shown, nl=False)
    for path in written:
        out.print(phrases["written"] + phrases["colon"] + str(path), markup=False)


def singularity(
    grid: GridFile,
    out_file: Annotated[Path, typer.Option("--out", help="GeoTIFF of the index.")],
    sizes: Annotated[
        str, typer.Option(help="Windows in cells, odd, by comma.")
    ] = "3,5,7,9,11,13",
    ratio: Annotated[float, typer.Option(help="Long axis over short axis.")] = 1.0,
    azimuth: Annotated[
        float, typer.Option(help="Of the long axis, degrees from north.")
    ] = 0.0,
    also: Annotated[
        str,
        typer.Option(
            help="Further layers, by comma: delta_alpha, coefficient, "
            "standard_error, r2, known_share. Written beside."
        ),
    ] = "",
    crs: Crs = None,
    debug: Debug = False,
) -> None:
    """Map the local singularity index of a positive grid."""
    with told(debug=debug):
        from survey import open_grid, save_grids

        from ..geochem import singularity_index

        shape = {} if ratio == 1 else {"anisotropy": (ratio, azimuth)}
        widths = [_whole(size) for size in names_in(sizes)]
        found = singularity_index(open_grid(grid, crs=crs), sizes=widths, **shape)
        wanted = {out_file: "alpha"}
        for name in names_in(also):
            if name not in found:
                raise ValueError(f"no layer '{name}': there are {', '.join(found)}")
            wanted[out_file.with_stem(f"{out_file.stem}_{name}")] = name
        written = save_grids({path: found[name] for path, name in wanted.items()})
    for path in written:
        out.print(f"Written: {path}", markup=False)


def _of_samples(
    samples: object, model: Model, analyte: str | None, direction: Side, chosen: dict
) -> FractalModel:
    """Model of an analyte of samples."""
    from ..geochem import concentration_area, concentration_number

    if model is Model.sa:
        raise ValueError("a spectrum needs a grid: grid the samples first")
    if analyte is None:
        raise ValueError("samples have many analytes: name one with --analyte Cu_ppm")
    analytes_in(samples, analyte)
    if model is Model.cn:
        return concentration_number(
            samples, analyte, direction=direction.value, **chosen
        )
    return concentration_area(
        samples, column=analyte, direction=direction.value, **chosen
    )


def _of_grid(
    grid: xr.DataArray, model: Model, direction: Side, chosen: dict
) -> tuple[FractalModel, dict[str, xr.DataArray]]:
    """Model of a grid, and its parts by power."""
    from ..geochem import concentration_area, filter_spectrum, spectrum_area

    if model is Model.cn:
        raise ValueError("C-N counts samples: give a table, or take --model ca")
    if model is Model.ca:
        return concentration_area(grid, direction=direction.value, **chosen), {}
    if direction is Side.below:
        raise ValueError("S-A is fitted above: leave --direction out")
    grid = grid.compute()
    found = spectrum_area(grid, **chosen)
    cuts = found.breaks[[0, -1]] if len(found.breaks) > 1 else found.breaks
    if not len(cuts):
        return found, {}
    return found, dict(filter_spectrum(grid, cuts).items())


def _write(
    found: FractalModel, parts: dict[str, xr.DataArray], folder: Path, lang: Language
) -> list[Path]:
    """Tables, chart and maps of a model."""
    from survey import save_grid, write_text

    from ..report import figure_fractal, save_figure

    chart = figure_fractal(found, lang=lang.value)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "curve": found.table.set_index("threshold"),
        "intervals": found.intervals.rename_axis("name"),
        "populations": found.populations,
        "choice": found.choice.set_index("n_segments"),
    }
    written = []
    for name, table in tables.items():
        written.append(folder / f"{name}.csv")
        write_text(written[-1], table.to_csv(lineterminator="\n"))
    written.append(save_figure(chart, folder / f"{found.kind}.png"))
    written += [save_grid(part, folder / f"{name}.tif") for name, part in parts.items()]
    return written


def _no_table_options(*options: str | None) -> None:
    if any(option is not None for option in options):
        raise ValueError("--analyte, --x and --y are for samples: leave them out")


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"--sizes: '{text}' is not a whole number") from None


COMMANDS: dict[str, Callable[..., None]] = {
    "fractal": fractal,
    "singularity": singularity,
}
