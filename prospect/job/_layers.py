"""Evidence layers of a run: each treated once, kept on the district's grid."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from survey import DataProblems, Problem, open_grid, save_grid, write_text

from .._district import layer_sources
from .._note import coded, note_of, read_note
from .._stack import missing_table
from ._frame import inside_mask

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

    from .._district import District, Evidence
    from ._steps import Steps

KEPT = (
    "long_name",
    "units",
    "kind",
    "classes",
    "treatment",
    "direction",
    "source",
    "censored_share",
    "imputed_share",
    "notes",
)


def layer_path(work: Path, name: str) -> Path:
    """File of a treated evidence layer."""
    return work / "layers" / f"{name}.tif"


def make_layers(district: District, geobox: GeoBox, *, steps: Steps) -> None:
    """Treat every evidence layer and keep it in the work folder, one step a layer."""
    frame = [str(geobox.crs), list(geobox.affine), list(geobox.shape)]
    mask = district.mask
    mask_needs = mask and [
        mask.model_dump(),
        steps.hashes.data_set(district.path(mask)),
    ]
    for layer in district.evidence:
        target = layer_path(steps.folder, layer.name)
        steps.do(
            f"evidence:{layer.name}",
            lambda layer=layer, target=target: _make(district, layer, geobox, target),
            needs=[
                layer.model_dump(),
                [
                    steps.hashes.data_set(district.path(source))
                    for source in layer_sources(layer)
                ],
                frame,
                mask_needs,
            ],
            outputs=[target, target.with_suffix(".json")],
        )


def _make(district: District, layer: Evidence, geobox: GeoBox, target: Path) -> None:
    from ..evidence import build_layer

    grid = build_layer(layer, folder=district.folder, like=geobox)
    attrs = dict(grid.attrs)
    inside = inside_mask(district, geobox)
    if inside is not None:
        grid = grid.where(inside).assign_attrs(attrs)
    save_grid(grid, target, cog=False)
    kept = {key: attrs[key] for key in KEPT if key in attrs}
    kept["source"] = layer.file
    kept["classes"] = {str(k): v for k, v in kept.get("classes", {}).items()}
    text = json.dumps(kept, ensure_ascii=False, indent=1, default=str)
    write_text(target.with_suffix(".json"), text)


def open_layers(district: District, work: Path) -> dict[str, xr.DataArray]:
    """
    Open the treated layers, lazily, by name.

    Titles are the district's own (English); `title_zh` is kept beside them.
    """
    layers = {}
    for layer in district.evidence:
        path = layer_path(work, layer.name)
        attrs = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        attrs["classes"] = {float(k): v for k, v in attrs["classes"].items()}
        if not attrs["classes"]:
            del attrs["classes"]
        grid = open_grid(path, kind=attrs.get("kind"))
        attrs["long_name"] = layer.title or attrs.get("long_name") or layer.name
        attrs["title_zh"] = layer.title_zh or attrs["long_name"]
        layers[layer.name] = grid.assign_attrs(attrs).rename(layer.name)
    return layers


def summarise_layers(stack: xr.Dataset, *, steps: Steps) -> list[str]:
    """
    Count what is missing in each layer; return warnings as notes.

    Raises
    ------
    DataProblems
        If a layer holds no value at all.
    """
    target = steps.folder / "layers.json"

    def count() -> None:
        table = missing_table(stack)
        summary = {
            "layers": table.to_dict("index"),
            "empty_share": table.attrs["empty_share"],
            "complete_share": table.attrs["complete_share"],
            "problems": [coded(asdict(p)) for p in table.attrs["problems"]],
        }
        write_text(target, json.dumps(summary, ensure_ascii=False, indent=1))

    needs = [steps.key(f"evidence:{name}") for name in stack.data_vars]
    steps.do("layers", count, needs=needs, outputs=[target])
    summary = load_summary(steps.folder)
    problems = [
        Problem(**{name: read_note(part) for name, part in fields.items()})
        for fields in summary["problems"]
    ]
    empty = {n for n, row in summary["layers"].items() if row["known_cells"] == 0}
    fatal = [problem for problem in problems if problem.layer in empty]
    if fatal:
        raise DataProblems(fatal)
    return [note_of(problem) for problem in problems]


def without_infinite(stack: xr.Dataset, work: Path) -> xr.Dataset:
    """Stack with infinite cells missing, in the layers that were found to have any."""
    flagged = {
        problem["layer"]
        for problem in load_summary(work)["problems"]
        if getattr(read_note(problem["what"]), "code", "") == "layer_infinite"
    }
    with xr.set_options(keep_attrs=True):
        return stack.assign(
            {n: stack[n].where(np.isfinite(stack[n])) for n in sorted(flagged)}
        )


def load_summary(work: Path) -> dict:
    """Counts of missing and known cells, as `summarise_layers` left them."""
    return json.loads((work / "layers.json").read_text(encoding="utf-8"))


def directions(district: District, layers: dict[str, xr.DataArray]) -> dict[str, str]:
    """
    Order in which weights of evidence join the classes of each layer.

    What the district states, else categorical for classes, else ascending for
    distances (near is favourable) and descending for the rest.
    """
    chosen = {}
    for layer in district.evidence:
        if layer.direction:
            chosen[layer.name] = layer.direction
        elif layers[layer.name].attrs.get("kind") == "categorical":
            chosen[layer.name] = "categorical"
        elif layer.treatment == "distance_to":
            chosen[layer.name] = "ascending"
        else:
            chosen[layer.name] = "descending"
    return chosen
