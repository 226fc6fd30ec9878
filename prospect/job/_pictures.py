"""Figures and scene of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from survey import match_grid, open_grid

from .._note import Note, read_notes, write_notes
from ._models import load_validation, map_paths
from ._training import load_deposits

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

    from ._products import Job

FIGURES = (
    "score_map",
    "uncertainty_map",
    "evidence",
    "deposits",
    "curves",
    "prediction_area",
)


def draw_figures(job: Job) -> None:
    """Draw the report's figures as PNG."""
    folder = job.products / "figures"
    best = job.best
    keys = [f"validate:{model.key}" for model in job.district.model]
    job.steps.do(
        "figures",
        lambda: _draw(job),
        needs=[
            job.lang,
            best,
            [job.steps.key(name) for name in (*keys, "targets", f"map:{best}")],
            [job.district.name, job.district.name_zh],
        ],
        outputs=[folder / f"{name}.png" for name in FIGURES],
    )


def _draw(job: Job) -> None:
    from ..report import (
        figure_curves,
        figure_evidence,
        figure_map,
        figure_prediction_area,
        save_figure,
    )

    score, uncertainty = (open_grid(p) for p in map_paths(job.work, job.best))
    deposits, targets = load_deposits(job.work), read_targets(job)
    validation = load_validation(job.work, job.best)
    title = "title_zh" if job.lang == "zh" else "long_name"
    titles = {str(n): grid.attrs.get(title, "") for n, grid in job.stack.items()}
    curves = pd.DataFrame(validation["curves"])
    shade = elevation(job, like=score)
    figures = {
        "score_map": figure_map(
            score, deposits=deposits, targets=targets, hillshade=shade, lang=job.lang
        ),
        "uncertainty_map": figure_map(uncertainty, hillshade=shade, lang=job.lang),
        "deposits": figure_map(
            shade if shade is not None else score, deposits=deposits, lang=job.lang
        ),
        "evidence": figure_evidence(
            job.stack, deposits=deposits, titles=titles, lang=job.lang
        ),
        "curves": figure_curves(curves, lang=job.lang),
        "prediction_area": figure_prediction_area(
            validation["prediction_area"],
            crossing=validation["prediction_area"]["crossing"],
            lang=job.lang,
        ),
    }
    for name, figure in figures.items():
        save_figure(figure, job.products / "figures" / f"{name}.png")


def elevation(job: Job, *, like: xr.DataArray) -> xr.DataArray | None:
    """Elevation grid of the scene on the district's grid, or None."""
    source = job.district.scene.elevation
    if source is None:
        return None
    return match_grid(open_grid(job.district.path(source), crs=source.crs), like=like)


def read_targets(job: Job) -> gpd.GeoDataFrame:
    """Targets of this run."""
    import geopandas as gpd

    return gpd.read_file(job.products / "targets.gpkg", layer="targets")


def leave_out_scene(job: Job) -> list[str]:
    """Remove the scene of an earlier run; say that none was asked for."""
    for name in ("scene.png", "scene.html"):
        (job.products / name).unlink(missing_ok=True)
    return [Note("scene_unasked")]


def draw_scene(job: Job) -> list[str]:
    """Draw the 3D scene; return what was skipped and why."""
    picture, page = job.products / "scene.png", job.products / "scene.html"
    said = job.work / "scene.json"
    best = job.best
    score = map_paths(job.work, best)[0]

    def draw() -> None:
        from ..scene import render_scene

        grid = open_grid(score)
        files = render_scene(
            grid,
            elevation=elevation(job, like=grid),
            deposits=load_deposits(job.work),
            targets=read_targets(job),
            png=picture,
            html=page,
            exaggeration=job.district.scene.exaggeration,
            lang=job.lang,
        )
        write_notes(said, [files.message] if files.message else [])

    source = job.district.scene.elevation
    job.steps.do(
        "scene",
        draw,
        needs=[
            job.lang,
            job.steps.key(f"map:{best}"),
            job.steps.key("targets"),
            job.district.scene.model_dump(),
            source and job.steps.hashes.data_set(job.district.path(source)),
        ],
        outputs=[said],
        optional=[picture, page],
    )
    return read_notes(said)
