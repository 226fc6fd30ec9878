"""Models of a run: fitted, validated, mapped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from survey import open_grid, save_grids, write_text

from ._training import load_training

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr

    from .._district import District, Model
    from ._steps import Steps

N_JOBS = 2


def prior_of(work: Path) -> float:
    """
    Prior probability of a deposit per unit cell of the region.

    Each training row carries the area it stands for in unit cells, so this is the
    number of deposits over the sum of weights.
    """
    training = load_training(work)
    return float(training.y.sum() / training.weight.sum())


def make_models(
    district: District, stack: xr.Dataset, directions: dict[str, str], *, steps: Steps
) -> None:
    """Fit, validate and map every model of the district, three steps each."""
    for model in district.model:
        _fit(district, model, stack, directions, steps)
        _validate(district, model, stack, directions, steps)
        _map(district, model, stack, steps)


def estimator(
    district: District, model: Model, stack: xr.Dataset, directions: dict[str, str]
) -> object:
    """Unfitted estimator of a model section."""
    import dask

    from ..models import make_model

    categorical = [
        str(name)
        for name, grid in stack.data_vars.items()
        if grid.attrs.get("kind") == "categorical"
    ]
    return make_model(
        model.kind,
        categorical=categorical,
        directions=directions,
        random_state=district.random_state,
        n_jobs=dask.config.get("num_workers", N_JOBS),
        params=model.params,
    )


def _forget_threads(fitted: object, model: Model) -> None:
    """
    Put the usual number of threads back: it does not belong to the result.

    Only where one was set. A preparing step that was given one would start processes,
    which outlive a killed job and hold on to its output.
    """
    given = fitted.get_params()
    names = [n for n in ("n_jobs", "model__n_jobs") if given.get(n) is not None]
    if "n_jobs" not in model.params:
        fitted.set_params(**dict.fromkeys(names, N_JOBS))


def model_folder(work: Path, key: str) -> Path:
    """Folder of a fitted model."""
    return work / "models" / key


def _fit(
    district: District,
    model: Model,
    stack: xr.Dataset,
    directions: dict[str, str],
    steps: Steps,
) -> None:
    folder = model_folder(steps.folder, model.key)

    def fit() -> None:
        from ..models import save_model

        training = load_training(steps.folder)
        unfitted = estimator(district, model, stack, directions)
        fitted = unfitted.fit(training.X, training.y, sample_weight=training.weight)
        _forget_threads(fitted, model)
        save_model(fitted, folder)

    needs = [steps.key("training"), model.model_dump(), directions]
    steps.do(f"fit:{model.key}", fit, needs=needs, outputs=[folder])


def _validate(
    district: District,
    model: Model,
    stack: xr.Dataset,
    directions: dict[str, str],
    steps: Steps,
) -> None:
    target = validation_path(steps.folder, model.key)
    plan = district.validation

    def check() -> None:
        from ..validation import validate

        result = validate(
            estimator(district, model, stack, directions),
            load_training(steps.folder),
            folds=plan.folds,
            block_size=plan.block_size,
            buffer=plan.buffer,
            stack=stack,
            random_state=district.random_state,
        )
        write_text(target, json.dumps(result.to_dict(), ensure_ascii=False))

    needs = [steps.key(f"fit:{model.key}"), plan.model_dump()]
    steps.do(f"validate:{model.key}", check, needs=needs, outputs=[target])


def _map(district: District, model: Model, stack: xr.Dataset, steps: Steps) -> None:
    score, uncertainty = map_paths(steps.folder, model.key)

    def draw() -> None:
        import dask

        from .._predict import predict_map
        from ..models import load_model
        from ..report import raster_style

        fitted = load_model(model_folder(steps.folder, model.key))
        result = predict_map(fitted, stack, prior=prior_of(steps.folder))
        save_grids({score: result["score"], uncertainty: result["uncertainty"]})
        for path, kind in ((score, "score"), (uncertainty, "uncertainty")):
            grid = open_grid(path)
            low, high = dask.compute(grid.min(), grid.max())
            style = raster_style(kind, minimum=float(low), maximum=float(high))
            write_text(path.with_suffix(".qml"), style)

    needs = [steps.key(f"fit:{model.key}"), district.unit_cell_area]
    outputs = [score, uncertainty]
    outputs += [path.with_suffix(".qml") for path in outputs]
    steps.do(f"map:{model.key}", draw, needs=needs, outputs=outputs)


def validation_path(work: Path, key: str) -> Path:
    """File with a model's validation."""
    return work / "validation" / f"{key}.json"


def map_paths(work: Path, key: str) -> tuple[Path, Path]:
    """Files of a model's score and uncertainty maps."""
    folder = work / "products" / "maps"
    return folder / f"score_{key}.tif", folder / f"uncertainty_{key}.tif"


def load_validation(work: Path, key: str) -> dict:
    """Validation of a model as a plain mapping."""
    return json.loads(validation_path(work, key).read_text(encoding="utf-8"))


def best_model(district: District, work: Path) -> str:
    """
    Key of the model whose held-out AUC on spatial blocks is highest.

    The district's own choice (`targets.model`) comes first.
    """
    if district.targets.model:
        return district.targets.model
    return max(
        (model.key for model in district.model),
        key=lambda key: spatial_auc(load_validation(work, key)),
    )


def spatial_auc(validation: dict) -> float:
    """Pooled AUC of the model on spatial blocks."""
    return next(
        row["pooled"]
        for row in validation["scores"]
        if (row["folds"], row["model"], row["score"]) == ("blocks", "model", "auc")
    )
