"""Deposits, background and the training table of a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from survey import (
    DataProblems,
    Problem,
    atomic_path,
    geobox_of,
    save_features,
    write_text,
)

from .._labels import Training, draw_background, one_per_cell, sample_stack
from .._stream import cells_of, read_cells
from ._frame import read_table

if TYPE_CHECKING:
    from pathlib import Path

    import xarray as xr
    from odc.geo.geobox import GeoBox

    from .._district import District
    from ._steps import Steps


def read_deposits(district: District, geobox: GeoBox) -> gpd.GeoDataFrame:
    """
    Known deposits of a district, one per cell, in the district's CRS.

    `attrs["n_read"]` and `attrs["dropped"]` count what was read and what was left
    out, by reason.
    """
    plan = district.deposits
    table = read_table(district, plan, samples=False)
    if not (table.geom_type == "Point").all():
        kinds = ", ".join(sorted(set(table.geom_type)))
        problem = Problem(
            f"deposits must be points, found {kinds}",
            "give the points, or the centroids of the polygons",
            plan.file,
        )
        raise DataProblems([problem])
    table = table.to_crs(geobox.crs)
    known = {"id": plan.id, "type": plan.type, "year": plan.year, "size": plan.size}
    _require(table, {k: v for k, v in known.items() if v}, plan.file)
    if plan.size:
        sizes = pd.to_numeric(table[plan.size], errors="coerce")
        table = table.assign(**{plan.size: sizes})
    kept = one_per_cell(
        table,
        like=geobox,
        min_distance=plan.min_distance,
        id_column=plan.id,
        size_column=plan.size,
    )
    kept.attrs["n_read"] = len(table)
    return kept


def _require(table: gpd.GeoDataFrame, columns: dict[str, str], file: str) -> None:
    problems = [
        Problem(
            f"there is no such column for deposits.{key}",
            f"choose one of: {', '.join(map(str, table.columns))}",
            file,
            column=column,
        )
        for key, column in columns.items()
        if column not in table.columns
    ]
    if problems:
        raise DataProblems(problems)


def make_training(
    district: District, geobox: GeoBox, stack: xr.Dataset, *, steps: Steps
) -> None:
    """Draw the background, sample the stack, keep table, deposits and counts."""
    work = steps.folder
    plan, background = district.deposits, district.background
    sources = [plan, background.effort, background.others]
    steps.do(
        "training",
        lambda: _make(district, geobox, stack, work),
        needs=[
            plan.model_dump(),
            background.model_dump(),
            district.unit_cell_area,
            district.random_state,
            [steps.hashes.data_set(district.path(s)) for s in sources if s],
            [steps.key(f"evidence:{layer.name}") for layer in district.evidence],
        ],
        outputs=[
            work / "training.parquet",
            work / "deposits.gpkg",
            work / "training.json",
        ],
    )


def _make(district: District, geobox: GeoBox, stack: xr.Dataset, work: Path) -> None:
    deposits = _with_evidence(read_deposits(district, geobox), district, stack)
    plan = district.background
    others = plan.others and read_table(district, plan.others, samples=False)
    effort = plan.effort and read_table(district, plan.effort, samples=False)
    background = draw_background(
        stack,
        deposits,
        method=plan.method,
        n=plan.n,
        exclusion=plan.exclusion,
        random_state=district.random_state,
        strata=plan.strata,
        effort=effort,
        others=others,
    )
    training = sample_stack(
        stack, deposits, background, unit_cell_area=district.unit_cell_area
    )
    _save(training, deposits, background, work)


def _with_evidence(
    deposits: gpd.GeoDataFrame, district: District, stack: xr.Dataset
) -> gpd.GeoDataFrame:
    """Deposits where some layer has a value; others would teach that gaps are ore."""
    box = geobox_of(stack)
    x, y = deposits.geometry.x.to_numpy(), deposits.geometry.y.to_numpy()
    row, col, _ = cells_of(box.affine, tuple(box.shape), x, y)
    values = read_cells([stack[name] for name in stack], row, col)
    known = np.isfinite(values).any(axis=1)
    column = district.deposits.id
    ids = deposits[column] if column else deposits.index.to_series()
    kept = deposits[known].copy()
    gone = {"count": int((~known).sum()), "ids": ids[~known].tolist()}
    dropped = deposits.attrs["dropped"] | {"no_evidence": gone}
    kept.attrs = deposits.attrs | {"dropped": dropped}
    if len(kept) < district.validation.folds:
        problem = Problem(
            f"{len(kept)} of {len(deposits)} deposits in the region lie where a layer "
            f"has a value, fewer than the {district.validation.folds} folds",
            "check mask and extent of the layers, or use fewer folds",
            district.deposits.file,
        )
        raise DataProblems([problem])
    return kept


def _save(
    training: Training,
    deposits: gpd.GeoDataFrame,
    background: gpd.GeoDataFrame,
    work: Path,
) -> None:
    table = gpd.GeoDataFrame(
        training.X.assign(__y=training.y, __weight=training.weight),
        geometry=training.points.values,
        crs=training.points.crs,
    )
    with atomic_path(work / "training.parquet") as part:
        table.to_parquet(part)
    save_features(deposits, work / "deposits.gpkg")
    counts = {
        "n_read": int(deposits.attrs["n_read"]),
        "n_used": len(deposits),
        "dropped": {k: v["count"] for k, v in deposits.attrs["dropped"].items()},
        "dropped_ids": {k: v["ids"] for k, v in deposits.attrs["dropped"].items()},
        "background": {"n": len(background), **_plain(background.attrs)},
    }
    text = json.dumps(counts, ensure_ascii=False, indent=1, default=str)
    write_text(work / "training.json", text)


def _plain(attrs: dict) -> dict:
    return {k: v for k, v in attrs.items() if isinstance(v, str | int | float)}


def load_training(work: Path) -> Training:
    """Training table of a run, as `make_training` left it."""
    table = gpd.read_parquet(work / "training.parquet")
    X = pd.DataFrame(table.drop(columns=["__y", "__weight", "geometry"]))
    return Training(
        X, table["__y"].to_numpy(), table.geometry, table["__weight"].to_numpy()
    )


def load_deposits(work: Path) -> gpd.GeoDataFrame:
    """Deposits used in a run."""
    return gpd.read_file(work / "deposits.gpkg")


def load_counts(work: Path) -> dict:
    """Counts of deposits read, used and dropped, and how the background was drawn."""
    return json.loads((work / "training.json").read_text(encoding="utf-8"))
