"""`prospect spectral match`: the reference spectrum that each pixel is most like."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._cubes import (
    Crs,
    CubeFile,
    LibraryFile,
    Part,
    Range,
    Scale,
    Sensor,
    Spectra,
    Waves,
    cube_from,
    library_from,
    mapped,
    tell_empty,
    within,
)
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr


class Matcher(StrEnum):
    """Measures of likeness."""

    angle = "angle"
    correlation = "correlation"
    msam = "msam"
    divergence = "divergence"


# function, what a pixel must reach by default, which end is best
MEASURES = {
    Matcher.correlation: ("spectral_correlation", 0.9, "largest"),
    Matcher.msam: ("modified_angle", 0.7, "largest"),
    Matcher.divergence: ("spectral_divergence", 0.05, "smallest"),
}
TEXT = {
    Language.en: "{count} spectra compared in {bands} bands",
    Language.zh: "在 {bands} 个波段内比较 {count} 条光谱",
}


def match(
    file: CubeFile,
    library: LibraryFile,
    out_file: Annotated[
        Path, typer.Option("--out", dir_okay=False, help="Class map to write (.tif).")
    ],
    method: Annotated[
        Matcher, typer.Option(help="How likeness is measured.")
    ] = Matcher.angle,
    limit: Annotated[
        float | None,
        typer.Option(
            help="Largest angle [0.1 rad] or divergence [0.05 nat], least correlation "
            "[0.9] or msam [0.7], of a pixel that is classified."
        ),
    ] = None,
    spectra: Spectra = "",
    wavelengths: Range = "",
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    sensor: Sensor = None,
    listed: Waves = "",
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Map of the most alike spectrum: classes, score, margin and a table of counts."""
    with told(debug=debug, lang=lang):
        from spectral.mapping import class_table
        from survey import open_grid, save_grid, save_table

        if out_file.suffix.lower() not in {".tif", ".tiff"}:
            raise ValueError(f"--out {out_file.name}: the map is written as .tif")
        stated = {"sensor": sensor, "wavelengths": listed, "part": part}
        cube = mapped(cube_from(file, scale=scale, crs=crs, **stated), file)
        cube = within(cube, wavelengths)
        targets = references_from(library, cube, spectra, lang)
        found = _classified(cube, targets, method, limit)
        written = []
        for name, grid in found.data_vars.items():
            beside = out_file.with_name(f"{out_file.stem}_{name}{out_file.suffix}")
            path = out_file if name == "class" else beside
            written.append(save_grid(grid, path))
        tell_empty(written[:1], cube, file, lang)
        table = class_table(open_grid(out_file).assign_attrs(found["class"].attrs))
        written.append(save_table(table, out_file.with_suffix(".csv")))
    for path in written:
        out.print(str(path), markup=False)


def references_from(
    path: Path, cube: xr.DataArray, spectra: str, lang: Language
) -> xr.DataArray:
    """Library on the cube's bands, of the spectra asked for that cover them."""
    library = library_from(path, like=cube, spectra=spectra)
    bad = cube["bad_bands"].to_numpy().sum() if "bad_bands" in cube.coords else 0
    told = {"count": library.sizes["spectrum"], "bands": cube.sizes["wavelength"] - bad}
    err.print(TEXT[lang].format(**told), markup=False)
    return library


def _classified(
    cube: xr.DataArray, library: xr.DataArray, method: Matcher, limit: float | None
) -> xr.Dataset:
    from spectral import mapping

    if method is Matcher.angle:
        chosen = 0.1 if limit is None else limit
        return mapping.classify_angle(cube, library, max_angle=chosen)
    function, usual, best = MEASURES[method]
    scores: Any = getattr(mapping, function)(cube, library)
    scores = scores.drop_vars("bands_raised", errors="ignore")
    chosen = usual if limit is None else limit
    return mapping.classify_best(scores, threshold=chosen, best=best)


COMMANDS: dict[str, Callable[..., None]] = {"match": match}
