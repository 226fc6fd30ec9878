"""`prospect spectral features`, `continuum`, `fit`: absorption features of images."""

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
    Scale,
    Spectra,
    cube_from,
    library_from,
    mapped,
    tell_empty,
)
from ._samples import names_in
from ._shared import Debug, Lang, Language, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

TABLES = {".csv", ".xlsx", ".parquet"}
SHAPE = ("position", "depth", "width", "area", "asymmetry")


class Method(StrEnum):
    """Curves through a minimum."""

    parabola = "parabola"
    polynomial = "polynomial"
    gaussian = "gaussian"
    minimum = "minimum"


class Continuum(StrEnum):
    """Continua."""

    hull = "hull"
    shoulders = "shoulders"


Window = Annotated[
    str,
    typer.Option(
        "--window",
        help="Wavelengths in nm: 2100,2300, or the ends of the shoulders: "
        "2140,2178,2255,2287.",
    ),
]


def features(
    file: CubeFile,
    out_path: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Folder for the maps of a cube, or table of a library (.csv, .xlsx).",
        ),
    ],
    window: Window = "",
    method: Annotated[
        Method, typer.Option(help="Curve through the deepest bands.")
    ] = Method.parabola,
    shape: Annotated[
        bool, typer.Option("--shape", help="Width, area and asymmetry too.")
    ] = False,
    min_depth: Annotated[
        float, typer.Option(help="Shallower features have no position.")
    ] = 0.01,
    within: Annotated[
        str, typer.Option(help="Where the position is of interest, nm: 2185,2225.")
    ] = "",
    continuum: Annotated[
        Continuum, typer.Option(help="Hull, or line through the shoulders.")
    ] = Continuum.hull,
    spectra: Spectra = "",
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Position and depth of an absorption: maps of a cube, or a library's table."""
    with told(debug=debug, lang=lang):
        if out_path.suffix.lower() in TABLES:
            written = [_feature_table(file, out_path, window, min_depth, spectra)]
        else:
            if not window:
                raise ValueError("maps need --window, such as --window 2100,2300")
            options = {
                "window": _numbers(window, "--window"),
                "method": method.value,
                "min_depth": min_depth,
                "within": _numbers(within, "--within") if within else None,
                "continuum": continuum.value,
            }
            cube = mapped(cube_from(file, scale=scale, part=part, crs=crs), file)
            written = _feature_maps(cube, out_path, options, shape=shape, lang=lang)
            tell_empty(written, cube, file, lang)
    for path in written:
        out.print(str(path), markup=False)


def continuum(
    file: CubeFile,
    out_file: Annotated[
        Path,
        typer.Option(
            "--out", dir_okay=False, help="Cube to write: .tif, or ENVI's .img."
        ),
    ],
    window: Window = "",
    method: Annotated[
        Continuum, typer.Option(help="Hull, or line through the shoulders.")
    ] = Continuum.hull,
    keep: Annotated[
        bool, typer.Option("--keep", help="The continuum itself, not its removal.")
    ] = False,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Cube without its continuum: absorption features alone."""
    with told(debug=debug, lang=lang):
        from spectral import mapping, save_cube

        cube = cube_from(file, scale=scale, part=part, crs=crs)
        make = mapping.continuum if keep else mapping.remove_continuum
        ends = _numbers(window, "--window") if window else None
        found = make(cube, window=ends, method=method.value)
        written = save_cube(found, out_file)
    out.print(str(written), markup=False)


def fit(
    file: CubeFile,
    library: LibraryFile,
    out_folder: Annotated[
        Path, typer.Option("--out", file_okay=False, help="Folder for the maps.")
    ],
    window: Annotated[
        list[str],
        typer.Option(
            "--window", help="Feature in nm, as in features; as often as needed."
        ),
    ],
    spectra: Spectra = "",
    every: Annotated[
        bool, typer.Option("--every", help="Fit and depth of every reference.")
    ] = False,
    min_fit: Annotated[
        float, typer.Option(min=0, max=1, help="Least fit of a match.")
    ] = 0.5,
    min_depth: Annotated[
        float, typer.Option(min=0, max=1, help="Least depth of a match.")
    ] = 0.01,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Fit the absorption features of a library: best match, its fit and its depth."""
    with told(debug=debug, lang=lang):
        from spectral.mapping import fit_features
        from survey import save_grid, save_grids

        cube = mapped(cube_from(file, scale=scale, part=part, crs=crs), file)
        references = library_from(library, like=cube, spectra=spectra)
        windows = [_numbers(text, "--window") for text in window]
        found = fit_features(
            cube,
            references,
            windows,
            keep="all" if every else "best",
            min_fit=min_fit,
            min_depth=min_depth,
        )
        grids = _by_reference(found) if every else dict(found.data_vars)
        classes = grids.pop("class", None)
        written = save_grids(
            {out_folder / f"{name}.tif": grid for name, grid in grids.items()}
        )
        if classes is not None:
            written.insert(0, save_grid(classes, out_folder / "class.tif"))
        tell_empty(written[:1], cube, file, lang)
    for path in written:
        out.print(str(path), markup=False)


def _feature_table(
    file: Path, path: Path, window: str, min_depth: float, spectra: str
) -> Path:
    from spectral.mapping import find_features
    from survey import save_table

    from ._shared import err

    library = library_from(file, spectra=spectra)
    table = find_features(
        library,
        min_depth=min_depth,
        window=_numbers(window, "--window") if window else None,
    )
    for note in table.attrs["notes"]:
        err.print(f"{file.name}: {note}", markup=False)
    return save_table(table, path)


def _feature_maps(
    cube: xr.DataArray,
    folder: Path,
    options: dict[str, Any],
    *,
    shape: bool,
    lang: Language,
) -> list[Path]:
    from spectral.mapping import feature_parameters, minimum_wavelength
    from survey import open_grid, save_grids

    from ..report import figure_minimum_wavelength, save_figure

    window = options.pop("window")
    found = minimum_wavelength(cube, window, **options)
    grids = dict(found.data_vars)
    if shape:
        more = feature_parameters(cube, window, continuum=options["continuum"])
        known = found["position"].notnull()
        grids |= {
            name: more[name].where(known).assign_attrs(more[name].attrs)
            for name in SHAPE
            if name not in grids
        }
    written = save_grids({folder / f"{name}.tif": grid for name, grid in grids.items()})
    saved = {name: open_grid(folder / f"{name}.tif") for name in ("position", "depth")}
    if saved["position"].notnull().any():
        import xarray as xr

        ends = f"{window[0]:g}-{window[-1]:g} nm"
        figure = figure_minimum_wavelength(xr.Dataset(saved), title=ends, lang=lang)
        written.append(save_figure(figure, folder / "position.png"))
    return written


def _by_reference(found: xr.Dataset) -> dict[str, xr.DataArray]:
    """Fit and depth of every reference by a name that files can have."""
    names = [str(name) for name in found["target"].to_numpy()]
    files = ["".join(c if c.isalnum() or c in "-_." else "_" for c in n) for n in names]
    if len(set(files)) < len(files):
        files = [f"{i}_{name}" for i, name in enumerate(files, 1)]
    return {
        f"{kind}_{file}": found[kind]
        .sel(target=name)
        .drop_vars("target")
        .assign_attrs(long_name=f"{found[kind].attrs['long_name']}, {name}")
        for kind in ("fit", "depth")
        for name, file in zip(names, files, strict=True)
    }


def _numbers(text: str, option: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in names_in(text))
    except ValueError:
        raise ValueError(f"{option} {text}: write it as 2100,2300") from None


COMMANDS: dict[str, Callable[..., None]] = {
    "continuum": continuum,
    "features": features,
    "fit": fit,
}
