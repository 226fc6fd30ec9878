"""`prospect spectral minerals`, `explain`, `alteration`: which mineral, and why."""

from __future__ import annotations

import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._cubes import (
    Crs,
    CubeFile,
    Part,
    Scale,
    Sensor,
    Waves,
    cube_from,
    library_from,
    mapped,
    tell_empty,
)
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr

    from spectral.mapping import MineralRules

MAPS = ("mineral", "fit", "depth", "second", "margin", "certainty", "depth_error")
RANGES = {"vnir": (300.0, 1300.0), "swir": (1300.0, 2600.0)}


class Range(StrEnum):
    """Spectral ranges rules are taken from."""

    all = "all"
    vnir = "vnir"
    swir = "swir"


SAID = {
    Language.en: {
        "winner": "chosen", "accepted": "possible too", "rejected": "rejected",
        "for": "for    ", "against": "against", "passed": "passed ",
        "veto": "veto   ", "silent": "unknown",
    },
    Language.zh: {
        "winner": "判定结果", "accepted": "也可能", "rejected": "否决",
        "for": "支持", "against": "不符", "passed": "通过", "veto": "排除",
        "silent": "未知",
    },
}  # fmt: skip
RuleFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--rules",
        exists=True,
        dir_okay=False,
        help="Rule file: MICA's .json or our .toml, as often as needed; ours if left "
        "out.",
    ),
]
Library = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        help="Spectra the rules compare with: a library's folder or a file. Rules of "
        "ours need none.",
    ),
]
RuleRange = Annotated[
    Range,
    typer.Option(
        "--range",
        help="Rules of iron (vnir, below 1300 nm), of clays and carbonates (swir), or "
        "all.",
    ),
]
Folder = Annotated[
    Path, typer.Option("--out", file_okay=False, help="Folder for maps and table.")
]


def minerals(
    file: CubeFile,
    out_folder: Folder,
    rules: RuleFiles = None,
    library: Library = None,
    rule_range: RuleRange = Range.all,
    noise: Annotated[
        float | None,
        typer.Option(
            min=0, help="Noise of the reflectance: adds how sure the answers are."
        ),
    ] = None,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    sensor: Sensor = None,
    listed: Waves = "",
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Map minerals by rules: mineral, group, fit, depth, second mineral and margin."""
    with told(debug=debug, lang=lang):
        from spectral.mapping import (
            identify_minerals,
            mineral_abundance,
            mineral_groups,
        )
        from survey import save_table

        stated = {"sensor": sensor, "wavelengths": listed, "part": part}
        cube = mapped(cube_from(file, scale=scale, crs=crs, **stated), file)
        asked = _rules(rules, rule_range)
        found = identify_minerals(
            cube, asked, library=_library(library, asked, cube), noise=noise
        )
        _tell(found.attrs["notes"])
        group = mineral_groups(found)
        grids = {name: found[name] for name in MAPS if name in found}
        grids |= {"group": group, "abundance": mineral_abundance(found)}
        written = _save(grids, out_folder, lang)
        tell_empty([out_folder / "mineral.tif"], cube, file, lang)
        attrs = {"mineral": found["mineral"].attrs, "group": group.attrs}
        written += _figures(out_folder, attrs, lang)
        written.append(save_table(_areas(out_folder), out_folder / "minerals.csv"))
    for path in written:
        out.print(str(path), markup=False)


def explain(
    file: CubeFile,
    at: Annotated[str, typer.Option(help="Place in the cube's coordinates: X,Y.")],
    rules: RuleFiles = None,
    library: Library = None,
    rule_range: RuleRange = Range.all,
    candidates: Annotated[
        int, typer.Option(min=1, help="Rules told, the best first.")
    ] = 3,
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out", dir_okay=False, help="Figure (.png, .svg, .pdf) or table (.csv)."
        ),
    ] = None,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    sensor: Sensor = None,
    listed: Waves = "",
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Say why one pixel is one mineral and not another, feature by feature."""
    with told(debug=debug, lang=lang):
        from spectral.mapping import explain_spectrum

        said = SAID[lang]
        stated = {"sensor": sensor, "wavelengths": listed, "part": part}
        cube = cube_from(file, scale=scale, crs=crs, **stated)
        asked = _rules(rules, rule_range)
        pixel = _pixel(cube, at)
        table = explain_spectrum(
            pixel.compute(),
            asked,
            library=_library(library, asked, cube),
            candidates=candidates,
            lang=lang.value,
        )
        for _, rows in table.groupby("rank", sort=True):
            head = rows.iloc[0]
            out.print(f"{head['mineral']} [{said[head['outcome']]}]", markup=False)
            for verdict, reason in zip(rows["verdict"], rows["reason"], strict=True):
                out.print(f"  {said[verdict]}  {reason}", markup=False)
        if out_file is not None:
            out.print(str(_save_reasons(table, out_file, lang)), markup=False)


def alteration(
    file: CubeFile,
    out_folder: Folder,
    rules: RuleFiles = None,
    library: Library = None,
    zones: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Zones and minerals (.toml)."),
    ] = None,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    sensor: Sensor = None,
    listed: Waves = "",
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Evidence from 0 to 1 for each zone of alteration, a map a zone."""
    with told(debug=debug, lang=lang):
        from spectral.mapping import alteration_zones, identify_minerals
        from survey import save_grids

        stated = {"sensor": sensor, "wavelengths": listed, "part": part}
        cube = mapped(cube_from(file, scale=scale, crs=crs, **stated), file)
        asked = _rules(rules, Range.all)
        found = identify_minerals(
            cube, asked, library=_library(library, asked, cube), scores=True
        )
        evidence = alteration_zones(found, rules=zones or "alteration.toml")
        _tell([*found.attrs["notes"], *evidence.attrs["notes"]])
        known = {
            str(name): grid
            for name, grid in evidence.data_vars.items()
            if len(grid.attrs["not_judged"]) < len(grid.attrs["minerals"])
        }
        written = save_grids(
            {
                out_folder / f"{name}.tif": _in_language(grid, lang)
                for name, grid in known.items()
            }
        )
    for path in written:
        out.print(str(path), markup=False)


def _rules(paths: list[Path] | None, chosen: Range) -> MineralRules:
    from spectral.mapping import read_mineral_rules

    rules = read_mineral_rules(*(paths or []))
    return rules if chosen is Range.all else rules.within(*RANGES[chosen.value])


def _library(
    path: Path | None, rules: MineralRules, cube: xr.DataArray
) -> xr.DataArray | None:
    """Reference spectra the rules need, on the cube's bands."""
    if path is None or not rules.needed:
        return None
    from spectral import resample

    # not by library_from(like=...): a reference may lack bands its rule does not use
    return resample(library_from(path), like=cube)


def _pixel(cube: xr.DataArray, at: str) -> xr.DataArray:
    """Spectrum nearest to "X,Y", which must lie in the cube."""
    try:
        x, y = (float(part) for part in at.split(","))
    except ValueError:
        raise ValueError(f"--at {at}: write it as 531050,3406900") from None
    for name, value in (("x", x), ("y", y)):
        places = cube[name].to_numpy()
        half = abs(places[1] - places[0]) / 2 if places.size > 1 else 0.5
        low, high = places.min() - half, places.max() + half
        if not low <= value <= high:
            raise ValueError(
                f"--at {at}: {name} = {value:g} lies outside the cube, whose {name} "
                f"runs from {low:g} to {high:g}"
            )
    return cube.sel(x=x, y=y, method="nearest").drop_vars(["x", "y"])


def _in_language(grid: xr.DataArray, lang: Language) -> xr.DataArray:
    """Grid with names of classes and its own name in one language, for the file."""
    kept = ("long_name", "units", "kind", "classes")
    attrs = {key: grid.attrs[key] for key in kept if key in grid.attrs}
    if lang is Language.zh:
        attrs |= {
            key: grid.attrs[f"{key}_zh"] for key in kept if f"{key}_zh" in grid.attrs
        }
    return _with(grid, attrs)


def _save(
    grids: Mapping[str, xr.DataArray], folder: Path, lang: Language
) -> list[Path]:
    """All maps in one pass over the cube; class maps take their form from there."""
    from survey import open_grid, save_grid, save_grids

    told_grids = {name: _in_language(grid, lang) for name, grid in grids.items()}
    paths = {name: folder / f"{name}.tif" for name in grids}
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".maps-") as beside:
        codes = {
            name: Path(beside) / f"{name}.tif"
            for name, grid in told_grids.items()
            if grid.attrs["kind"] == "categorical"
        }
        save_grids(
            {
                codes.get(name, paths[name]): _with(grid, {"kind": "continuous"})
                if name in codes
                else grid
                for name, grid in told_grids.items()
            }
        )
        for name, path in codes.items():
            save_grid(_with(open_grid(path), told_grids[name].attrs), paths[name])
    return list(paths.values())


def _with(grid: xr.DataArray, attrs: Mapping[str, Any]) -> xr.DataArray:
    """Grid with these attrs and no others; coordinates keep theirs."""
    grid = grid.copy(deep=False)
    grid.attrs = dict(attrs)
    return grid


def _figures(folder: Path, attrs: Mapping[str, dict], lang: Language) -> list[Path]:
    from survey import open_grid

    from ..report import figure_mineral_map, save_figure

    written = []
    for name, told_attrs in attrs.items():
        grid = _with(open_grid(folder / f"{name}.tif"), told_attrs)
        if grid.notnull().any():
            figure = figure_mineral_map(grid, lang=lang.value)
            written.append(save_figure(figure, folder / f"{name}.png"))
    return written


def _areas(folder: Path):  # noqa: ANN202
    """Pixels and share of each mineral that is present."""
    from spectral.mapping import class_table
    from survey import open_grid

    table = class_table(open_grid(folder / "mineral.tif"))
    return table[table["pixels"] > 0].sort_values("pixels", ascending=False)


def _save_reasons(table, path: Path, lang: Language) -> Path:  # noqa: ANN001
    from survey import save_table

    from ..report import figure_reasons, save_figure

    if path.suffix.lower() in {".csv", ".xlsx", ".parquet"}:
        return save_table(table, path)
    return save_figure(figure_reasons(table, lang=lang.value), path)


def _tell(notes: list[str]) -> None:
    for note in notes:
        err.print(note, markup=False)


COMMANDS: dict[str, Callable[..., None]] = {
    "alteration": alteration,
    "explain": explain,
    "minerals": minerals,
}
