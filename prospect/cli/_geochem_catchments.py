"""`prospect geochem`: catchments of stream samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._samples import (
    Crs,
    EastColumn,
    NorthColumn,
    SampleFile,
    features_from,
    samples_from,
)
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import pandas as pd

CELLS = 2  # a sample is moved by so many cells where nothing else is said

File = {"exists": True, "dir_okay": False, "readable": True}


def catchments(
    samples: SampleFile,
    dem: Annotated[
        Path, typer.Argument(**File, help="Elevation, projected (GeoTIFF).")
    ],
    out_file: Annotated[
        Path, typer.Option("--out", dir_okay=False, help="Basins to write (.gpkg).")
    ],
    analyte: Annotated[
        str | None, typer.Option(help="Analyte with unit: Cu_ppm. None: basins only.")
    ] = None,
    geology: Annotated[
        Path | None, typer.Option(**File, help="Geological map (polygons).")
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="Layer of the geological map.")
    ] = None,
    column: Annotated[
        str | None, typer.Option(help="Its column with the lithology.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="weighted_mean, robust or nonnegative.")
    ] = "weighted_mean",
    scale: Annotated[str, typer.Option(help="raw or log.")] = "raw",
    censored: Annotated[
        str, typer.Option(help="Values below detection: error, limit or leave_out.")
    ] = "error",
    anomalous_area: Annotated[
        float | None,
        typer.Option(help="Assumed area of a source, km²: corrects dilution."),
    ] = None,
    unmix: Annotated[
        bool, typer.Option("--unmix", help="Take nested catchments apart.")
    ] = False,
    snap_distance: Annotated[
        float | None, typer.Option(help="Farthest move to a stream, m [2 cells].")
    ] = None,
    min_area: Annotated[float, typer.Option(help="Smallest stream, km².")] = 0.25,
    max_area: Annotated[
        float | None, typer.Option(help="Largest stream, km² [no limit].")
    ] = None,
    rivers: Annotated[
        Path | None, typer.Option(**File, help="Lines to burn into the DEM.")
    ] = None,
    keep: Annotated[
        bool,
        typer.Option("--keep-unplaced", help="Keep samples without a catchment."),
    ] = False,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Catchment of each stream sample; background by rocks, dilution, unmixing."""
    with told(debug=debug, lang=lang):
        from survey import open_grid

        source = anomalous_area is not None
        if analyte is None and (geology or unmix or source):
            raise ValueError("--geology, --unmix and --anomalous-area need --analyte.")
        if geology is not None and column is None:
            raise ValueError("--geology needs --column with the name of the lithology.")
        if source and geology is None:
            raise ValueError("--anomalous-area needs --geology for the background.")
        table = samples_from(samples, crs=crs, x=x, y=y)
        ground = open_grid(dem)
        snapping = {"snap_distance": snap_distance, "min_area": min_area}
        basins = _basins(
            table, ground, snapping | {"max_area": max_area}, rivers, keep, lang
        )
        shown, tables = None, {}
        if analyte is not None:
            basins, shown = _joined(basins, table, analyte)
        if geology is not None:
            how = {"method": method, "scale": scale, "censored": censored}
            rocks = (geology, layer, column)
            basins, shown, tables = _background(
                basins, table, analyte, rocks, how, lang
            )
        if source:
            basins = _dilution(basins, analyte, anomalous_area, lang)
        if unmix:
            basins = _unmixed(basins, table, analyte, lang)
        figure = None
        if shown is not None:
            figure = _figure(basins, shown, ground, table, lang)
        written = _written(basins, tables, figure, out_file)
    for file in written:
        out.print(str(file), markup=False)


def _tell(notes: list[str], lang: Language) -> None:
    from .._note import say

    for note in notes:
        err.print(say(note, lang.value), markup=False)


def _basins(
    table: gpd.GeoDataFrame,
    ground: Any,  # noqa: ANN401
    snapping: dict[str, float | None],
    rivers: Path | None,
    keep: bool,
    lang: Language,
) -> gpd.GeoDataFrame:
    from survey import geobox_of

    from ..geochem import delineate_catchments

    if snapping["snap_distance"] is None:
        cell = geobox_of(ground).resolution
        snapping["snap_distance"] = CELLS * max(abs(cell.x), abs(cell.y))
    options = {name: value for name, value in snapping.items() if value is not None}
    if rivers is not None:
        options["rivers"] = features_from(rivers)
    basins = delineate_catchments(
        table, ground, unplaced="keep" if keep else "error", **options
    )
    _tell(basins.attrs["notes"], lang)
    return basins


def _joined(
    basins: gpd.GeoDataFrame, table: gpd.GeoDataFrame, analyte: str
) -> tuple[gpd.GeoDataFrame, str]:
    """Basins with the analyte and all that is known about it."""
    from survey import check_columns

    check_columns(table, analyte)
    names = [n for n in table if n == analyte or str(n).startswith(f"{analyte}_")]
    return _beside(basins, table[names]), analyte


def _beside(basins: gpd.GeoDataFrame, columns: pd.DataFrame) -> gpd.GeoDataFrame:
    """Basins with more columns in front of the shape, row by row."""
    wide = basins.assign(**{name: columns[name].to_numpy() for name in columns})
    shape = wide.geometry.name
    return wide[[*(name for name in wide if name != shape), shape]]


def _background(
    basins: gpd.GeoDataFrame,
    table: gpd.GeoDataFrame,
    analyte: str,
    rocks: tuple[Path, str | None, str],
    how: dict[str, str],
    lang: Language,
) -> tuple[gpd.GeoDataFrame, str, dict[str, pd.DataFrame]]:
    """Basins with background and residual, the column to show, tables of the rocks."""
    from ..geochem import catchment_background, catchment_composition

    path, layer, column = rocks
    shares = catchment_composition(basins, features_from(path, layer=layer), column)
    found = catchment_background(table, basins, shares, analyte, **how)
    _tell(found.notes, lang)
    basins = _beside(basins, found.samples.drop(columns="sample_id"))
    tables = {"lithologies": found.lithologies, "shares": shares.reset_index()}
    return basins, str(found.samples.columns[-1]), tables


def _dilution(
    basins: gpd.GeoDataFrame, analyte: str, source: float, lang: Language
) -> gpd.GeoDataFrame:
    from ..geochem import correct_dilution

    found = correct_dilution(
        basins[analyte],
        basins[f"{analyte}_background"],
        basins["area_km2"],
        anomalous_area_km2=source,
    )
    _tell(found.attrs["notes"], lang)
    kept = found[["productivity", "source_content"]].add_prefix(f"{analyte}_")
    return _beside(basins, kept.assign(**{f"{analyte}_source_km2": source}))


def _unmixed(
    basins: gpd.GeoDataFrame, table: gpd.GeoDataFrame, analyte: str, lang: Language
) -> gpd.GeoDataFrame:
    from ..geochem import unmix_catchments

    found = unmix_catchments(table, basins, analyte, random_state=0)
    _tell(found.notes, lang)
    names = ["source", "source_low", "source_high", "resolution", "predicted"]
    kept = found.samples[names].add_prefix(f"{analyte}_unmixed_")
    return _beside(basins, kept.assign(**{f"{analyte}_smoothing": found.smoothing}))


def _figure(
    basins: gpd.GeoDataFrame,
    column: str,
    ground: Any,  # noqa: ANN401
    table: gpd.GeoDataFrame,
    lang: Language,
) -> Any:  # noqa: ANN401
    from ..report import figure_catchments

    return figure_catchments(basins, column, dem=ground, samples=table, lang=lang.value)


def _written(
    basins: gpd.GeoDataFrame,
    tables: dict[str, pd.DataFrame],
    figure: Any,  # noqa: ANN401
    out_file: Path,
) -> list[Path]:
    """Files that were written, once all is computed."""
    from survey import save_features, save_table

    from ..report import save_figure

    files = [save_features(basins, out_file)]
    stem = out_file.with_suffix("")
    for name, each in tables.items():
        files.append(save_table(each, Path(f"{stem}_{name}.csv")))
    if figure is not None:
        files.append(save_figure(figure, out_file.with_suffix(".png")))
    return files


COMMANDS: dict[str, Callable[..., None]] = {"catchments": catchments}
