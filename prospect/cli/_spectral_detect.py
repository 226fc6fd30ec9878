"""`prospect spectral detect`: targets and anomalies at a stated false-alarm rate."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._cubes import (
    Crs,
    CubeFile,
    Part,
    Range,
    Scale,
    Sensor,
    Spectra,
    Waves,
    all_or_nothing,
    cube_from,
    mapped,
    within,
)
from ._shared import Debug, Lang, Language, err, out, told
from ._spectral_match import references_from

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr


class Detector(StrEnum):
    """Detectors."""

    ace = "ace"
    mf = "mf"
    mtmf = "mtmf"
    cem = "cem"
    tcimf = "tcimf"
    osp = "osp"
    glrt = "glrt"
    rx = "rx"


class Law(StrEnum):
    """What background does."""

    auto = "auto"
    normal = "normal"
    law = "law"
    tail = "tail"
    empirical = "empirical"


FUNCTIONS = {Detector.mf: "matched_filter"}
USUAL = {Detector.ace: Law.law, Detector.rx: Law.law, Detector.glrt: Law.tail}
OTHERS = {Detector.tcimf, Detector.osp}
TEXT = {
    Language.en: "{target}: {above} pixels above {threshold:.4g}, {expected:.3g} "
    "expected of background alone",
    Language.zh: "{target}：{above} 个像元高于阈值 {threshold:.4g}，"
    "仅由背景预期 {expected:.3g} 个",
}


def detect(
    file: CubeFile,
    out_folder: Annotated[
        Path, typer.Option("--out", file_okay=False, help="Folder to write to.")
    ],
    library: Annotated[
        Path | None,
        typer.Option(exists=True, help="Targets: a library's folder or a file."),
    ] = None,
    method: Annotated[Detector, typer.Option(help="Detector.")] = Detector.ace,
    rate: Annotated[
        float,
        typer.Option("--false-alarm-rate", help="Share of background above threshold."),
    ] = 1e-4,
    threshold: Annotated[
        Law,
        typer.Option(
            help="What background does; auto: law for ace and rx, else normal."
        ),
    ] = Law.auto,
    spectra: Spectra = "",
    others: Annotated[
        str,
        typer.Option(
            "--unwanted", help="Spectra that tcimf and osp must not answer to."
        ),
    ] = "",
    max_infeasibility: Annotated[
        float | None, typer.Option(min=0, help="Of mtmf: no target beyond.")
    ] = None,
    regularisation: Annotated[
        float, typer.Option(min=0, max=1, help="Share of mean variance mixed in.")
    ] = 0.0,
    window: Annotated[
        str, typer.Option(help="Of rx: guard and outer width, pixels: 5,21.")
    ] = "",
    wavelengths: Range = "",
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    sensor: Sensor = None,
    listed: Waves = "",
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Score maps, a table of what lies above each threshold, and the map of targets."""
    with told(debug=debug, lang=lang):
        from spectral.mapping import detection_threshold, target_table
        from survey import save_table

        if not 0 < rate < 0.5:
            raise ValueError(f"--false-alarm-rate {rate:g}: a share, such as 1e-4")
        _check_options(method, library, others, window, max_infeasibility)
        stated = {"sensor": sensor, "wavelengths": listed, "part": part}
        cube = mapped(cube_from(file, scale=scale, crs=crs, **stated), file)
        cube = within(cube, wavelengths)
        score, far = _scores(
            cube,
            method,
            {"library": library, "spectra": spectra, "others": others},
            {"regularisation": regularisation, "window": _window(window)},
            lang,
        )
        how = {"false_alarm_rate": rate, "method": _law(threshold, method, score)}
        with all_or_nothing(out_folder) as folder:
            kept, written = _saved(score, far, folder)
            if max_infeasibility is not None:
                kept["score"] = kept["score"].where(
                    kept["infeasibility"] <= max_infeasibility
                )
            found = detection_threshold(kept["score"], **how)
            table = target_table(kept["score"], **how)
            background = found.attrs["assumption"]
            table = table.assign(method=method.value, background=background)
            written.append(save_table(table, folder / "targets.csv"))
            written.append(_saved_classes(kept["score"], found["threshold"], folder))
    for row in table.to_dict("records"):
        err.print(
            TEXT[lang].format(
                target=row["target"] or method.value,
                above=row["above"],
                threshold=row["threshold"],
                expected=row["expected_false_alarms"],
            ),
            markup=False,
        )
    for path in written:
        out.print(str(out_folder / path.name), markup=False)


def _scores(
    cube: xr.DataArray,
    method: Detector,
    asked: dict[str, Any],
    options: dict[str, Any],
    lang: Language,
) -> tuple[xr.DataArray, xr.DataArray | None]:
    """Scores and, of mtmf, infeasibilities."""
    from spectral import mapping

    window, ridge = options["window"], options["regularisation"]
    if method is Detector.rx:
        return mapping.rx(cube, window=window, regularisation=ridge), None
    targets = references_from(asked["library"], cube, asked["spectra"], lang)
    if method is Detector.mtmf:
        both = mapping.mtmf(cube, targets)
        return both["score"], both["infeasibility"]
    function = getattr(mapping, FUNCTIONS.get(method, method.value))
    if method in OTHERS:
        others = references_from(asked["library"], cube, asked["others"], lang)
        alone = ~targets["spectrum"].isin(others["spectrum"])
        if not alone.any():
            raise ValueError(
                "all targets are among the unwanted spectra. Name targets: --spectra"
            )
        targets = targets.isel(spectrum=alone.values)
        extra = {} if method is Detector.osp else {"regularisation": ridge}
        return function(cube, targets, others, **extra), None
    return function(cube, targets, regularisation=ridge), None


def _saved(
    score: xr.DataArray, far: xr.DataArray | None, folder: Path
) -> tuple[dict[str, xr.DataArray], list[Path]]:
    """Grids written in one pass, and opened again: scores are computed once."""
    import xarray as xr

    from survey import open_grid, save_grids

    names = [str(n) for n in score["target"].data] if "target" in score.dims else [""]
    layers = {"score": score} if far is None else {"score": score, "infeasibility": far}
    paths: dict[str, list[Path]] = {kind: [] for kind in layers}
    grids: dict[Path, xr.DataArray] = {}
    for kind, layer in layers.items():
        for place, name in enumerate(names):
            grid = layer.isel(target=place, drop=True) if name else layer
            stem = re.sub(r"[^\w.\-]+", "_", name) or str(layer.name)
            if any(path.stem == f"{stem}_{kind}" for path in grids):
                stem = f"{stem}_{place + 1}"
            path = folder / f"{stem}_{kind}.tif"
            title = f"{layer.attrs['long_name']} {name}".strip()
            grids[path] = _plain(grid, title).rename(path.stem)
            paths[kind].append(path)
    written = save_grids(grids)
    kept = {}
    for kind, layer in layers.items():
        opened = [open_grid(path) for path in paths[kind]]
        kept[kind] = opened[0]
        if "target" in score.dims:
            whole = xr.concat(opened, "target", coords="minimal", compat="override")
            kept[kind] = whole.assign_coords(target=names)
        kept[kind] = kept[kind].rename(kind).assign_attrs(layer.attrs)
    return kept, written


def _plain(grid: xr.DataArray, title: str) -> xr.DataArray:
    """Grid whose attrs are texts and numbers, as tags of a file are."""
    attrs = {
        name: value if isinstance(value, str | int | float) else json.dumps(value)
        for name, value in grid.attrs.items()
        if name != "spread"
    }
    odd = [n for n in grid.coords if n not in {"y", "x", "spatial_ref"}]
    return (
        grid.drop_vars(odd)
        .drop_attrs(deep=False)
        .assign_attrs(attrs | {"long_name": title})
    )


def _saved_classes(score: xr.DataArray, limits: xr.DataArray, folder: Path) -> Path:
    from spectral.mapping import classify_best
    from survey import save_grid

    if "target" not in score.dims:
        score = score.expand_dims(target=[str(score.attrs["long_name"])])
        limits = limits.expand_dims(target=score["target"].data)
    found = classify_best(score, threshold=limits)["class"]
    return save_grid(found.drop_vars("target", errors="ignore"), folder / "targets.tif")


def _law(threshold: Law, method: Detector, score: xr.DataArray) -> str:
    if threshold is not Law.auto:
        return threshold.value
    usual = USUAL.get(method, Law.normal)
    if usual is Law.law and "background_law" not in score.attrs:
        usual = Law.tail
    return usual.value


def _check_options(
    method: Detector,
    library: Path | None,
    others: str,
    window: str,
    max_infeasibility: float | None,
) -> None:
    if method is not Detector.rx and library is None:
        raise ValueError(f"--method {method.value} needs targets: --library")
    if method in OTHERS and not others:
        raise ValueError(
            f"--method {method.value} needs spectra it must not answer to: --unwanted"
        )
    if others and method not in OTHERS:
        raise ValueError("--unwanted is of use with --method tcimf and osp only")
    if window and method is not Detector.rx:
        raise ValueError("--window is of use with --method rx only")
    if max_infeasibility is not None and method is not Detector.mtmf:
        raise ValueError("--max-infeasibility is of use with --method mtmf only")


def _window(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    try:
        guard, outer = (int(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"--window {text}: write it as 5,21") from None
    return guard, outer


COMMANDS: dict[str, Callable[..., None]] = {"detect": detect}
