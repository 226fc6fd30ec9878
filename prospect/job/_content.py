"""Content of the report: everything it says, as plain values."""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from survey import geobox_of

from .._note import Note
from ._hashes import code_revision, library_versions
from ._layers import load_summary
from ._models import load_validation
from ._training import load_counts

if TYPE_CHECKING:
    from pathlib import Path

    from ._products import Job


def report_content(
    job: Job, *, inputs: list[dict], notes: list[str], skipped: list[str]
) -> dict[str, Any]:
    """
    Gather what the report says: district, layers, labels, models, targets, provenance.

    Times are left out, so that the same inputs give the same report. Notes are codes
    and values, so that it can be written again in the other language.
    """
    counts = load_counts(job.work)
    models = [_model(job, model.key, model.kind) for model in job.district.model]
    best = job.best
    background = counts["background"]
    content = {
        "district": _district(job),
        "layers": _layers(job),
        "deposits": {
            "n_read": counts["n_read"],
            "n_used": counts["n_used"],
            "dropped": counts["dropped"],
            "n_independent": next(
                m["n_independent"] for m in models if m["key"] == best
            ),
        },
        "background": {
            "method": job.district.background.method,
            "n": background["n"],
            "exclusion": job.district.background.exclusion,
        },
        "leakage": json.loads((job.work / "leakage.json").read_text("utf-8")),
        "notes": notes,
        "models": models,
        "best_model": best,
        "targets": _targets(job),
        "target_rule": _target_rule(job),
        "figures": _figures(job),
        "versions": library_versions(),
        "random_state": job.district.random_state,
        "code_revision": code_revision(),
        "inputs": inputs,
        "skipped": skipped,
    }
    return plain(content)


def plain(value: Any) -> Any:  # noqa: ANN401
    """JSON-ready copy of a value: NumPy scalars unpacked, NaN as None, notes coded."""
    if isinstance(value, Note):
        return value.to_dict()
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _district(job: Job) -> dict:
    district, geobox = job.district, geobox_of(job.stack)
    box = geobox.boundingbox
    rows, columns = geobox.shape
    cell_km2 = abs(geobox.resolution.x * geobox.resolution.y) / 1e6
    known_share = 1 - load_summary(job.work)["empty_share"]
    return {
        "name": district.name,
        "name_zh": district.name_zh,
        "description": district.description,
        "description_zh": district.description_zh,
        "crs": district.crs,
        "crs_name": geobox.crs.proj.name,
        "resolution": district.resolution,
        "region": [box.left, box.right, box.bottom, box.top],
        "area_km2": rows * columns * cell_km2 * known_share,
        "unit_cell_area": district.unit_cell_area,
    }


def _layers(job: Job) -> list[dict]:
    table = load_summary(job.work)["layers"]
    rows = []
    for layer in job.district.evidence:
        attrs = job.stack[layer.name].attrs
        found = table[layer.name]
        rows.append(
            {
                "name": layer.name,
                "title": layer.title or layer.name,
                "title_zh": layer.title_zh or layer.title or layer.name,
                "treatment": layer.treatment,
                "kind": attrs.get("kind", "continuous"),
                "units": attrs.get("units", ""),
                "missing_share": found["missing_share"],
                "minimum": found["minimum"],
                "maximum": found["maximum"],
                "source": layer.file,
                "censored_share": attrs.get("censored_share"),
                "imputed_share": attrs.get("imputed_share"),
            }
        )
    return rows


def _model(job: Job, key: str, kind: str) -> dict:
    validation = load_validation(job.work, key)
    kept = "scores block_size buffer n_deposits n_independent difference notes"
    content = {name: validation.get(name) for name in kept.split()}
    content |= {"key": key, "kind": kind}
    content["prediction_area"] = validation["prediction_area"]["crossing"]
    if kind == "weights_of_evidence":
        folder = job.products / "tables"
        content["weights"] = {
            name: _weights(folder / f"weights_{name}.csv")
            for name in map(str, job.stack.data_vars)
        }
    return content


def _weights(path: Path) -> list[dict]:
    """Rows of a table of weights, labels without their guard against spreadsheets."""
    rows = pd.read_csv(path).to_dict("records")
    for row in rows:
        if isinstance(row.get("label"), str):
            row["label"] = re.sub(r"^'(?=[=+\-@\t\r])", "", row["label"])
    return rows


def _targets(job: Job) -> list[dict]:
    import geopandas as gpd

    table = gpd.read_file(job.products / "targets.gpkg", layer="targets")
    return table.drop(columns="geometry").to_dict("records")


def _target_rule(job: Job) -> list[Note]:
    """How the targets were cut, as notes that make one sentence."""
    cut = json.loads((job.work / "targets.json").read_text("utf-8"))
    plan, least = job.district.targets, cut["min_area_km2"]
    threshold, share = cut["threshold"], 100 * cut["area_share"]
    rule = [Note("target_cut", percent=share, threshold=threshold)]
    crossing = cut.get("prediction_area")
    if crossing:
        rule.append(Note("target_crossing", captured=100 * crossing["captured"]))
    elif plan.area_share != "auto":
        rule.append(Note("target_share", percent=100 * plan.area_share))
    if least:
        rule.append(Note("target_smallest", area_km2=least, n=cut["n_small"]))
    if cut["n_beyond"]:
        rule.append(Note("target_most", most=plan.n_most, n=cut["n_beyond"]))
    return [*rule, Note("target_order")]


def _figures(job: Job) -> dict[str, str | None]:
    folder = job.products / "figures"
    figures: dict[str, str | None] = {
        path.stem: str(path.relative_to(job.products))
        for path in sorted(folder.glob("*.png"))
    }
    scene = job.products / "scene.png"
    figures["scene"] = "scene.png" if scene.exists() else None
    page = job.products / "scene.html"
    figures["scene_html"] = "scene.html" if page.exists() else None
    return figures
