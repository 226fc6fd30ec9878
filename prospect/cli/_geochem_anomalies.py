"""`prospect geochem`: anomalies rated and listed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._samples import (
    Analytes,
    Crs,
    EastColumn,
    NorthColumn,
    Out,
    SampleFile,
    analytes_in,
    samples_from,
)
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

Scale = Annotated[str, typer.Option(help="Point plan: 1:50000 or 1:200000.")]


def anomalies(
    samples: SampleFile,
    analytes: Analytes,
    out_folder: Annotated[
        Path, typer.Option("--out", file_okay=False, help="Folder to write.")
    ],
    resolution: Annotated[
        float, typer.Option(min=0, help="Cell size of the maps, metres.")
    ],
    k: Annotated[
        float, typer.Option("-k", help="T = background + k standard deviations (lg).")
    ] = 2.0,
    threshold: Annotated[
        list[str] | None,
        typer.Option(help="Stated threshold, such as Cu_ppm=40; may be repeated."),
    ] = None,
    min_area: Annotated[
        float, typer.Option(min=0, help="Smallest anomaly, km².")
    ] = 0.0,
    rules: Annotated[str, typer.Option(help="Rating rules: default or a file.")] = (
        "default"
    ),
    method: Annotated[
        str,
        typer.Option(help="idw, kriging, natural_neighbour or minimum_curvature."),
    ] = "idw",
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Cut, combine and rate anomalies of several analytes, with a report."""
    with told(debug=debug, lang=lang):
        from .._note import say

        table = samples_from(samples, crs=crs, x=x, y=y)
        found, files = _survey(
            table,
            out_folder,
            {
                "columns": analytes_in(table, analytes),
                "thresholds": _stated(threshold or []),
                "k": k,
                "min_area_km2": min_area,
                "rules": rules,
                "gridding": {"method": method},
            },
            resolution,
        )
        files.extend(_report(found, table, out_folder, samples.stem, lang))
        for note in found.notes:
            err.print(say(note, lang), markup=False)
    for file in files:
        out.print(str(file), markup=False)


def _survey(table, folder, options, resolution):  # noqa: ANN001, ANN202
    """Anomalies of the samples, and the files they were written to."""
    from survey import save_features, save_grids, save_table

    from ..geochem import map_anomalies

    found = map_anomalies(table, like=_frame(table, resolution), **options)
    layers = {
        "composites": found.composites,
        "anomalies": _joined({n: each.anomalies for n, each in found.maps.items()}),
        "zones": _joined({n: each.zones for n, each in found.maps.items()}),
    }
    files = [
        save_features(layer, folder / f"{name}.gpkg") for name, layer in layers.items()
    ]
    grids = {folder / "maps" / f"{name}.tif": g for name, g in found.grids.items()}
    save_grids(grids)
    background = save_table(found.background, folder / "background.csv")
    return found, [*files, *grids, background]


def _joined(tables):  # noqa: ANN001, ANN202
    """One layer of the tables of all analytes."""
    import pandas as pd

    bare = []
    for name, table in tables.items():
        copy = table.assign(analyte=name)
        copy.attrs = {}
        bare.append(copy)
    return pd.concat(bare, ignore_index=True)


def _report(found, table, folder, name, lang):  # noqa: ANN001, ANN202
    from survey import save_table

    from ..geochem import anomaly_register
    from ..report import write_anomaly_report

    register = anomaly_register(found.composites, lang=lang)
    listed = save_table(register, folder / "register.xlsx")
    page = write_anomaly_report(
        found, folder / "report.html", samples=table, name=name, lang=lang
    )
    return [listed, page]


def _frame(table, resolution):  # noqa: ANN001, ANN202
    """Pixel grid of whole cells that holds all samples."""
    from survey import check_projected, make_geobox

    if not resolution > 0:
        raise ValueError("--resolution must be above 0 metres")
    check_projected(table, what="a map")
    west, south, east, north = table.total_bounds
    whole = [
        (west // resolution) * resolution,
        (east // resolution + 1) * resolution,
        (south // resolution) * resolution,
        (north // resolution + 1) * resolution,
    ]
    return make_geobox(whole, crs=table.crs, resolution=resolution)


def _stated(texts: list[str]) -> dict[str, float]:
    stated = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            stated[name.strip()] = float(value)
        except ValueError:
            raise ValueError(
                f"--threshold {text!r} is not a threshold: write Cu_ppm=40"
            ) from None
    return stated


def cells(
    samples: SampleFile,
    out_file: Out,
    scale: Scale = "1:50000",
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    debug: Debug = False,
) -> None:
    """Number samples by cell and say which cells hold too few."""
    with told(debug=debug):
        from survey import save_features

        from ..geochem import number_samples, sampling_density

        table = samples_from(samples, crs=crs, x=x, y=y)
        numbered = number_samples(table, scale=scale)
        density = sampling_density(table, scale=scale)
        save_features(density, out_file)
        listed = out_file.with_name(f"{out_file.stem}_samples{out_file.suffix}")
        save_features(numbered, listed)
    counts = ("empty", "sparse", "ok", "dense")
    said = ", ".join(f"{name} {density.attrs[f'n_{name}']}" for name in counts)
    out.print(f"{said}; {density.attrs['density']:.3g} samples a km²", markup=False)
    out.print(f"{out_file}\n{listed}", markup=False)


def rgnr(
    samples: SampleFile,
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Table to write (CSV or Excel).")
    ] = None,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    debug: Debug = False,
) -> None:
    """Which of the 39 RGNR analytes a table holds, and how many were reported."""
    with told(debug=debug):
        from survey import save_table

        from ..geochem import check_rgnr

        found = check_rgnr(samples_from(samples, crs=crs, x=x, y=y))
        if out_file is not None:
            save_table(found, out_file)
    absent = found.loc[found["column"].isna(), "analyte"].tolist()
    out.print(found[found["column"].notna()].to_string(index=False), markup=False)
    out.print(f"{len(absent)} of 39 missing: {', '.join(absent)}", markup=False)


COMMANDS: dict[str, Callable[..., None]] = {
    "anomalies": anomalies,
    "cells": cells,
    "rgnr": rgnr,
}
