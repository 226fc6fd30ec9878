"""Model cards: what a model is, what it was made from, how far it can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._note import read_note
from ._hashes import code_revision, library_versions
from ._models import load_validation, model_folder, prior_of
from ._training import load_counts

if TYPE_CHECKING:
    from pathlib import Path

    from .._district import Model
    from ._products import Job

LIMITS = (
    "The score is a probability per unit cell of {area:g} km², valid only inside the "
    "region and for the deposit type of the training deposits.",
    "Background cells are cells without a *known* deposit, not proof of absence.",
    "Held-out scores on spatial blocks are the ones to quote; those on random folds "
    "flatter, because neighbours of a training deposit are easy to guess.",
)


def write_cards(job: Job, inputs: list[dict]) -> None:
    """Copy each fitted model into the products and put its card beside it."""
    for model in job.district.model:
        target = job.products / "models" / model.key

        def write(model: Model = model, target: Path = target) -> None:
            import shutil

            from survey import atomic_path

            with atomic_path(target) as part:
                shutil.copytree(model_folder(job.work, model.key), part)
                (part / "card.md").write_text(card(job, model, inputs), "utf-8")

        job.steps.do(
            f"card:{model.key}",
            write,
            needs=[job.steps.key(f"validate:{model.key}"), inputs, code_revision()],
            outputs=[target],
        )


def card(job: Job, model: Model, inputs: list[dict]) -> str:
    """Text of a model card, in Markdown."""
    validation = load_validation(job.work, model.key)
    counts, prior = load_counts(job.work), prior_of(job.work)
    layers = [
        f"| {name} | {grid.attrs.get('kind', '')} | {grid.attrs.get('units', '')} | "
        f"{grid.attrs.get('treatment', '')} | {grid.attrs.get('source', '')} |"
        for name, grid in job.stack.data_vars.items()
    ]
    scores = [
        f"| {r['folds']} | {r['model']} | {r['score']} | {_n(r['pooled'])} | "
        f"{_n(r['mean_of_folds'])} | {_n(r['low'])} – {_n(r['high'])} |"
        for r in validation["scores"]
    ]
    area = job.district.unit_cell_area
    lines = [
        f"# {model.key}",
        "",
        f"District: {job.district.name}. Kind: {model.kind}. "
        f"Parameters: {model.params or 'defaults'}. Seed: {job.district.random_state}.",
        "",
        f"Fitted on {counts['n_used']} deposits "
        f"({validation['n_independent']} independent) and "
        f"{counts['background']['n']} background cells; prior {prior:.3g} per "
        f"unit cell of {area:g} km².",
        "",
        "## Input layers, in order",
        "",
        "| layer | kind | units | treatment | source |",
        "|---|---|---|---|---|",
        *layers,
        "",
        "## Held-out scores",
        "",
        "| folds | of | score | pooled | mean of folds | 95 % interval |",
        "|---|---|---|---|---|---|",
        *scores,
        "",
        *[f"- {read_note(note)}" for note in validation["notes"]],
        "",
        "## Limits",
        "",
        *[f"- {limit.format(area=area)}" for limit in LIMITS],
        "",
        "## Provenance",
        "",
        f"Code: {code_revision()}.",
        "",
        *[f"- {i['file']}: sha256 {i['sha256']}" for i in inputs],
        "",
        "Versions: " + ", ".join(f"{k} {v}" for k, v in library_versions().items()),
        "",
    ]
    return "\n".join(lines)


def _n(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
