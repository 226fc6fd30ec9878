"""`prospect spectral match`: the reference spectrum that each pixel is most like."""

from __future__ import annotations

import difflib
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._samples import names_in
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
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
    Language.en: {
        "left": "{count} of {total} spectra lack values in the cube's good bands and "
        "are left out: {names}",
        "used": "{count} spectra compared in {bands} bands",
    },
    Language.zh: {
        "left": "{total} 条光谱中有 {count} 条在影像有效波段内缺值，已略去：{names}",
        "used": "在 {bands} 个波段内比较 {count} 条光谱",
    },
}

CubeFile = Annotated[
    Path,
    typer.Argument(exists=True, help="Cube: ENVI, GeoTIFF or a product's folder."),
]
Library = Annotated[
    Path,
    typer.Option(
        exists=True, help="Spectra: a library's folder or a file (.sli, .csv, …)."
    ),
]
Spectra = Annotated[
    str, typer.Option(help="Only spectra whose name holds one of: kaolinite,calcite.")
]
Range = Annotated[
    str, typer.Option("--range", help="Only these wavelengths, nm: 2000-2450.")
]
Scale = Annotated[
    float | None, typer.Option(help="Stored values are divided by it: 10000.")
]
CubeCrs = Annotated[
    str | None, typer.Option(help="System of a cube that names none: EPSG:32650.")
]


def match(
    file: CubeFile,
    library: Library,
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
    crs: CubeCrs = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Map of the most alike spectrum: classes, score, margin and a table of counts."""
    with told(debug=debug, lang=lang):
        from spectral.mapping import class_table
        from survey import open_grid, save_grid, save_table

        if out_file.suffix.lower() not in {".tif", ".tiff"}:
            raise ValueError(f"--out {out_file.name}: the map is written as .tif")
        cube = cube_from(file, scale=scale, crs=crs, wavelengths=wavelengths)
        targets = references_from(library, cube, spectra, lang)
        found = _classified(cube, targets, method, limit)
        written = []
        for name, grid in found.data_vars.items():
            beside = out_file.with_name(f"{out_file.stem}_{name}{out_file.suffix}")
            path = out_file if name == "class" else beside
            written.append(save_grid(grid, path))
        table = class_table(open_grid(out_file).assign_attrs(found["class"].attrs))
        written.append(save_table(table, out_file.with_suffix(".csv")))
    for path in written:
        out.print(str(path), markup=False)


def cube_from(
    file: Path, *, scale: float | None, crs: str | None, wavelengths: str
) -> xr.DataArray:
    """Cube of a file that has a place on the map, other wavelengths marked bad."""
    import numpy as np

    from spectral import open_cube

    cube = open_cube(file, scale=scale, crs=crs)
    if cube.rio.crs is None:
        raise ValueError(
            f"{file.name} names no coordinate system, which its maps need. Say it: "
            "--crs EPSG:32650"
        )
    if not wavelengths:
        return cube
    try:
        low, high = (float(part) for part in wavelengths.split("-"))
    except ValueError:
        raise ValueError(f"--range {wavelengths}: write it as 2000-2450") from None
    wave = np.asarray(cube["wavelength"], float)
    bad = (wave < low) | (wave > high)
    if bad.all():
        raise ValueError(
            f"--range {wavelengths}: the cube has no band there, it covers "
            f"{wave.min():.0f}-{wave.max():.0f} nm"
        )
    if "bad_bands" in cube.coords:
        bad |= np.asarray(cube["bad_bands"], bool)
    return cube.assign_coords(bad_bands=("wavelength", bad))


def references_from(
    path: Path, cube: xr.DataArray, words: str, lang: Language
) -> xr.DataArray:
    """Library on the cube's bands, of the spectra asked for that cover them."""
    import numpy as np

    from spectral.library import open_library, read_spectra, stack_spectra

    records = open_library(path).records() if path.is_dir() else read_spectra(path)
    chosen = _chosen(records, names_in(words), path)
    library = stack_spectra(chosen, like=cube)
    good = library
    if "bad_bands" in cube.coords:
        good = library.isel(wavelength=~np.asarray(cube["bad_bands"], bool))
    whole = ~np.isnan(good.transpose("spectrum", "wavelength").to_numpy()).any(1)
    names = library["spectrum"].to_numpy()
    if not whole.any():
        raise ValueError(
            f"none of the {whole.size} spectra of {path.name} covers the cube's good "
            "bands. Narrow them with --range, or take other spectra."
        )
    if not whole.all():
        told_names = [str(name) for name in names[~whole]]
        more = f" … +{len(told_names) - 10}" if len(told_names) > 10 else ""
        err.print(
            TEXT[lang]["left"].format(
                count=len(told_names),
                total=whole.size,
                names=", ".join(told_names[:10]) + more,
            ),
            markup=False,
        )
    bands = good.sizes["wavelength"]
    err.print(
        TEXT[lang]["used"].format(count=int(whole.sum()), bands=bands), markup=False
    )
    return library.isel(spectrum=whole)


def _chosen(records: pd.DataFrame, words: list[str], path: Path) -> pd.DataFrame:
    if not words:
        return records
    columns = [name for name in ("spectrum_id", "name", "mineral") if name in records]
    text = records[columns].astype("string").fillna("").agg(" ".join, axis=1)
    text = text.str.lower()
    wanted = {word: text.str.contains(word.lower(), regex=False) for word in words}
    for word, hit in wanted.items():
        if not hit.any():
            known = sorted(set(records.get("mineral", records["spectrum_id"]).dropna()))
            near = difflib.get_close_matches(word.lower(), [str(k) for k in known], 3)
            hint = f" Did you mean {near}?" if near else ""
            raise ValueError(
                f"--spectra {word}: no spectrum of {path.name} is called so.{hint}"
            )
    keep = sum(hit.astype(int) for hit in wanted.values()) > 0
    return records[keep]


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
