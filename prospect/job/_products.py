"""Products of a run: targets, tables, figures, scene, cards, report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from survey import open_grid, save_features, save_table, write_text

from .._note import note_of, read_notes, write_notes
from ._card import write_cards
from ._content import report_content
from ._models import best_model, map_paths, model_folder
from ._pictures import draw_figures, draw_scene, leave_out_scene
from ._training import load_deposits, load_training

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd
    import xarray as xr

    from .._district import District
    from ._steps import Steps


N_CLASSES = 10


class Job(NamedTuple):
    """What every product of a run is made from."""

    district: District
    stack: xr.Dataset
    steps: Steps
    directions: dict[str, str]
    lang: str

    @property
    def work(self) -> Path:
        """Work folder of the run."""
        return self.steps.folder

    @property
    def products(self) -> Path:
        """Folder in which the products are gathered before they are published."""
        return self.steps.folder / "products"

    @property
    def best(self) -> str:
        """Key of the model whose score map the targets are cut from."""
        return best_model(self.district, self.work)


def make_products(
    job: Job, *, inputs: list[dict], scene: bool, notes: list[str]
) -> list[str]:
    """
    Make all products of a run; return what a user should be told.

    Parameters
    ----------
    job : Job
        District, stack, steps, language.
    inputs : list of dict
        Name, bytes and hash of every input file.
    scene : bool
        Whether to draw in 3D.
    notes : list of str
        Warnings of the check and of the layers, put first.

    Returns
    -------
    list of str
        Notes for the user: warnings, parts that were skipped and why.
    """
    leaks = find_leaks(job)
    make_tables(job)
    make_targets(job)
    draw_figures(job)
    skipped = draw_scene(job) if scene else leave_out_scene(job)
    write_cards(job, inputs)
    content = report_content(job, inputs=inputs, notes=notes, skipped=skipped)
    make_report(job, content)
    return notes + leaks + skipped


def find_leaks(job: Job) -> list[str]:
    """Layers that give the answer away, as notes."""
    from ..validation import find_leakage

    target = job.work / "leakage.json"

    def look() -> None:
        found = find_leakage(load_training(job.work), stack=job.stack)
        write_notes(target, [note_of(problem) for problem in found])

    job.steps.do("leakage", look, needs=[job.steps.key("training")], outputs=[target])
    return read_notes(target)


def make_tables(job: Job) -> None:
    """Write one table of weights of evidence a layer, from exact counts on the map."""
    folder = job.products / "tables"

    def write() -> None:
        deposits = load_deposits(job.work)
        for name in job.stack.data_vars:
            table = _weigh(job, str(name), deposits)
            save_table(table, folder / f"weights_{name}.csv")

    names = list(job.stack.data_vars)
    job.steps.do(
        "tables",
        write,
        needs=[
            job.steps.key("training"),
            job.district.unit_cell_area,
            job.directions,
        ],
        outputs=[folder / f"weights_{name}.csv" for name in names],
    )


def _weigh(job: Job, name: str, deposits: gpd.GeoDataFrame) -> pd.DataFrame:
    """Weights of a layer's classes; a continuous layer is cut into classes of area."""
    from ..evidence import classify
    from ..models import weights_table

    grid = job.stack[name]
    if grid.attrs.get("kind") != "categorical":
        grid = classify(grid, method="quantile", n_classes=N_CLASSES)
    table = weights_table(
        grid,
        deposits,
        direction=job.directions[name],
        unit_cell_area=job.district.unit_cell_area,
    )
    labels = {float(k): v for k, v in grid.attrs.get("classes", {}).items()}
    table.insert(1, "label", table["class"].map(labels))
    return table


def make_targets(job: Job) -> None:
    """Cut ranked targets from the best model's score map, with the reasons for each."""
    target = job.products / "targets.gpkg"
    reasons = job.products / "tables" / "target_reasons.csv"
    best, plan = job.best, job.district.targets
    score, uncertainty = map_paths(job.work, best)

    def cut() -> None:
        from ..models import load_model
        from ..report import target_style
        from ..targets import delineate_targets, explain_targets

        deposits = load_deposits(job.work)
        targets = delineate_targets(
            open_grid(score),
            area_share=plan.area_share,
            min_area_km2=plan.min_area_km2,
            n_most=plan.n_most,
            deposits=deposits,
            uncertainty=open_grid(uncertainty),
        )
        model = load_model(model_folder(job.work, best))
        training = load_training(job.work)
        rule = dict(targets.attrs)
        targets, long_table = explain_targets(
            targets,
            model,
            job.stack,
            training.X[training.y == 0],
            random_state=job.district.random_state,
        )
        text = json.dumps(rule, ensure_ascii=False, default=str)
        write_text(job.work / "targets.json", text)
        save_features(targets, target, layer="targets", style=target_style())
        save_table(long_table, reasons)

    job.steps.do(
        "targets",
        cut,
        needs=[
            plan.model_dump(),
            best,
            job.steps.key(f"map:{best}"),
            job.steps.key("training"),
        ],
        outputs=[target, reasons, job.work / "targets.json"],
    )


def make_report(job: Job, content: dict) -> None:
    """Write the report and the content it was made from."""
    from ..report import write_report

    target = job.products / "report.html"
    summary = job.products / "summary.json"

    def write() -> None:
        text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
        write_text(summary, text + "\n")
        write_report(content, target, lang=job.lang)

    job.steps.do("report", write, needs=[content, job.lang], outputs=[target, summary])
