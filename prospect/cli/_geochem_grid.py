"""`prospect geochem`: variograms and gridding."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._samples import Crs, EastColumn, NorthColumn, SampleFile, samples_from
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd


class Transform(StrEnum):
    """What is done to values before they are gridded."""

    none = "none"
    log10 = "log10"
    normal_score = "normal_score"


class Drift(StrEnum):
    """What the mean is."""

    constant = "constant"
    linear = "linear"
    quadratic = "quadratic"


class Method(StrEnum):
    """Ways to spread samples over a grid."""

    krige = "krige"
    idw = "idw"
    natural = "natural"
    curvature = "curvature"


FUNCTIONS = {
    Method.idw: "inverse_distance",
    Method.natural: "natural_neighbour",
    Method.curvature: "minimum_curvature",
}
File = {"exists": True, "dir_okay": False, "readable": True}

Analyte = Annotated[str, typer.Option(help="Analyte with its unit: Cu_ppm.")]
Metric = Annotated[
    str | None,
    typer.Option("--project", help="Projected system to work in: EPSG:32650."),
]
How = Annotated[Transform, typer.Option(help="Applied to the values beforehand.")]
Mean = Annotated[Drift, typer.Option(help="What the mean is taken to be.")]
Model = Annotated[
    Path | None,
    typer.Option("--model", **File, help="Variogram (.json); fitted if left out."),
]
Resolution = Annotated[
    float | None, typer.Option(help="Side of a cell in metres, where no --like.")
]
Like = Annotated[
    Path | None, typer.Option(**File, help="Grid whose cells are to be used.")
]
Neighbours = Annotated[
    int | None,
    typer.Option(help="Nearest samples used [all up to 4000 samples, else 64]."),
]
Sectors = Annotated[int, typer.Option(help="1, 4 or 8 sectors of equal share.")]
Reach = Annotated[
    float | None, typer.Option("--max-distance", help="No sample beyond, metres.")
]
Table = Annotated[Path, typer.Option("--out", dir_okay=False, help="Table (.csv).")]
Map = Annotated[Path, typer.Option("--out", dir_okay=False, help="Grid (.tif).")]


def variogram(
    samples: SampleFile,
    analyte: Analyte,
    out_file: Annotated[
        Path, typer.Option("--out", dir_okay=False, help="Model to write (.json).")
    ],
    lag: Annotated[float | None, typer.Option(help="Width of a class, m.")] = None,
    n_lags: Annotated[int, typer.Option(help="Number of classes.")] = 15,
    azimuth: Annotated[
        str | None, typer.Option(help="Directions, degrees from north: 0,45,90,135.")
    ] = None,
    estimator: Annotated[
        str, typer.Option(help="matheron, cressie or dowd.")
    ] = "matheron",
    models: Annotated[
        str, typer.Option(help="Kinds to try, by comma; nested with a plus.")
    ] = "spherical,exponential",
    transform: How = Transform.none,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    metric: Metric = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Variogram with a model fitted to it: model, table of classes, picture."""
    with told(debug=debug, lang=lang):
        from survey import save_table, write_text

        from ..gridding import experimental_variogram, fit_variogram
        from ..report import figure_variogram, save_figure

        if out_file.suffix.lower() != ".json":
            raise ValueError(
                f"--out {out_file.name}: the model is written as .json, its table and "
                "picture beside it as .csv and .png"
            )
        table = _read(samples, crs=crs, x=x, y=y, metric=metric)
        found = experimental_variogram(
            table,
            analyte,
            lag=lag,
            n_lags=n_lags,
            azimuth=_numbers(azimuth),
            estimator=estimator,
            transform=_kind(transform),
        )
        _tell(found.attrs["notes"], lang)
        names = [name.strip() for name in models.split(",") if name.strip()]
        model = fit_variogram(found, models=names)
        _tell(model.notes, lang)
        figure = figure_variogram(found, model=model, lang=lang.value)
        files = [
            write_text(out_file, json.dumps(model.to_dict(), indent=1) + "\n"),
            save_table(found, out_file.with_suffix(".csv")),
            save_figure(figure, out_file.with_suffix(".png")),
        ]
    out.print(repr(model), markup=False)
    _list(files)


def krige(
    samples: SampleFile,
    analyte: Analyte,
    out_file: Map,
    resolution: Resolution = None,
    like: Like = None,
    model: Model = None,
    drift: Mean = Drift.constant,
    transform: How = Transform.none,
    neighbours: Neighbours = None,
    sectors: Sectors = 1,
    max_distance: Reach = None,
    block: Annotated[
        int | None, typer.Option(help="Mean of cells, so many points a side.")
    ] = None,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    metric: Metric = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Kriged map and its variance, as two GeoTIFFs."""
    with told(debug=debug, lang=lang):
        from survey import save_grids

        from ..gridding import Neighbourhood
        from ..gridding import krige as run

        table = _read(samples, crs=crs, x=x, y=y, metric=metric)
        found = run(
            table,
            analyte,
            like=_frame(table, resolution, like),
            variogram=_model(model),
            drift=None if drift is Drift.constant else drift.value,
            neighbourhood=Neighbourhood(
                neighbours=neighbours, sectors=sectors, max_distance=max_distance
            ),
            block=block,
            transform=_kind(transform),
        )
        _tell(found.attrs["notes"], lang)
        beside = out_file.with_name(f"{out_file.stem}_variance{out_file.suffix}")
        files = save_grids({out_file: found["estimate"], beside: found["variance"]})
    _list(files)


def grid(
    samples: SampleFile,
    analyte: Analyte,
    out_file: Map,
    method: Annotated[Method, typer.Option(help="How values are spread.")],
    resolution: Resolution = None,
    like: Like = None,
    transform: How = Transform.none,
    max_distance: Reach = None,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    metric: Metric = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Map of an analyte by a method with its defaults, as GeoTIFF."""
    with told(debug=debug, lang=lang):
        from survey import save_grid

        from .. import gridding

        table = _read(samples, crs=crs, x=x, y=y, metric=metric)
        options = {"like": _frame(table, resolution, like)}
        options["transform"] = _kind(transform)
        if method is Method.krige:
            hood = gridding.Neighbourhood(max_distance=max_distance)
            options["neighbourhood"] = hood
            made = gridding.krige(table, analyte, **options)["estimate"]
        else:
            options["max_distance"] = max_distance
            made = getattr(gridding, FUNCTIONS[method])(table, analyte, **options)
        _tell(made.attrs.get("notes", ()), lang)
        file = save_grid(made, out_file)
    _list([file])


def cross_validate(
    samples: SampleFile,
    analyte: Analyte,
    out_file: Table,
    model: Model = None,
    drift: Mean = Drift.constant,
    transform: How = Transform.none,
    neighbours: Annotated[
        int | None, typer.Option(help="Nearest samples used [128].")
    ] = None,
    block_size: Annotated[
        float | None, typer.Option(help="Side of the blocks held back, m [range].")
    ] = None,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    metric: Metric = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Krige each sample from the others, and from those outside its block."""
    with told(debug=debug, lang=lang):
        from survey import save_table

        from ..gridding import Neighbourhood
        from ..gridding import cross_validate as run

        hood = None
        if neighbours is not None:
            hood = Neighbourhood(neighbours=neighbours)
        table = _read(samples, crs=crs, x=x, y=y, metric=metric)
        found = run(
            table,
            analyte,
            variogram=_model(model),
            drift=None if drift is Drift.constant else drift.value,
            neighbourhood=hood,
            transform=_kind(transform),
            block_size=block_size,
        )
        _tell(found.table.attrs["notes"], lang)
        file = save_table(found.table, out_file)
    shown = found.scores.rename_axis("held_back").reset_index()
    typer.echo(shown.to_csv(sep="\t", index=False, float_format="%.6g"), nl=False)
    _list([file])


def _read(
    path: Path, *, crs: str | None, x: str | None, y: str | None, metric: str | None
) -> gpd.GeoDataFrame:
    """Samples of a file, in the system to work in."""
    table = samples_from(path, crs=crs, x=x, y=y)
    if metric is None:
        return table
    from survey import resolve_crs

    return table.to_crs(resolve_crs(metric))


def _frame(table: gpd.GeoDataFrame, resolution: float | None, like: Path | None) -> Any:  # noqa: ANN401
    """Pixel grid of a file, or one that holds all samples."""
    from survey import check_projected, make_geobox, open_grid

    if (resolution is None) == (like is None):
        raise ValueError("state either --resolution (metres) or --like (a grid).")
    if like is not None:
        return open_grid(like)
    check_projected(table, what="a grid of samples")
    west, south, east, north = table.total_bounds
    region = (west, east + 1e-6, south, north + 1e-6)
    return make_geobox(region, crs=table.crs, resolution=resolution)


def _model(path: Path | None) -> Any:  # noqa: ANN401
    if path is None:
        return "auto"
    from ..gridding import VariogramModel

    try:
        return VariogramModel.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, AttributeError, TypeError) as error:
        raise ValueError(f"{path.name} is no variogram: {error}") from error


def _kind(transform: Transform) -> str | None:
    return None if transform is Transform.none else transform.value


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(
            f"--azimuth takes degrees separated by commas. Got {text!r} instead."
        ) from None


def _tell(notes: Any, lang: Language) -> None:  # noqa: ANN401
    from .._note import say

    for note in notes:
        err.print(say(note, lang.value), markup=False)


def _list(files: list[Path]) -> None:
    for file in files:
        out.print(str(file), markup=False)


COMMANDS: dict[str, Callable[..., None]] = {
    "variogram": variogram,
    "krige": krige,
    "grid": grid,
    "cross-validate": cross_validate,
}
