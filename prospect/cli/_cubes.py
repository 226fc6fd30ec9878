"""What commands on cubes share: options, reading, writing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import xarray as xr

CubeFile = Annotated[
    Path,
    typer.Argument(
        exists=True,
        readable=True,
        help="Cube: ENVI data or header, GeoTIFF stack, or a product (file or folder).",
    ),
]
LibraryFile = Annotated[
    Path,
    typer.Option(
        "--library",
        exists=True,
        readable=True,
        help="Spectra: a library folder, .sli, CSV or another format of spectra.",
    ),
]
Spectra = Annotated[
    str,
    typer.Option(
        "--spectra", help="Names or minerals wanted, by comma; all where left out."
    ),
]
Scale = Annotated[
    float | None,
    typer.Option(help="Divisor that makes reflectance 0 to 1: 10000."),
]
Part = Annotated[
    str | None,
    typer.Option(help="Part of a product: 20m (Sentinel-2), SWIR (ASTER, PRISMA) …"),
]
Crs = Annotated[
    str | None,
    typer.Option(help="Coordinate system where the file states none: EPSG:4547."),
]
Range = Annotated[
    str, typer.Option("--range", help="Only these wavelengths, nm: 2000-2450.")
]


def cube_from(
    path: Path,
    *,
    scale: float | None = None,
    part: str | None = None,
    crs: str | None = None,
) -> xr.DataArray:
    """Cube of a file; what was inferred or mended is told on stderr."""
    from spectral import open_cube, open_product

    if part is not None:
        cube = open_product(path, part=part)
    else:
        cube = open_cube(path, scale=scale, crs=crs)
    tell_notes(path.name, cube)
    return cube


def mapped(cube: xr.DataArray, path: Path) -> xr.DataArray:
    """The cube, refused where its maps would have no place."""
    if cube.rio.crs is None and not _placed(cube):
        raise ValueError(
            f"{path.name} has no georeference (no corner, no size of a pixel), which "
            "its maps need. Georeference it first."
        )
    if cube.rio.crs is None:
        raise ValueError(
            f"{path.name} names no coordinate system, which its maps need. Say it: "
            "--crs EPSG:32650"
        )
    return cube


def _placed(cube: xr.DataArray) -> bool:
    """Whether x and y are more than numbers of columns and rows."""
    return any(
        name in cube.coords and float(cube[name][0]) not in (0.0, 0.5) for name in "xy"
    )


def within(cube: xr.DataArray, wavelengths: str) -> xr.DataArray:
    """Cube whose bands outside a range such as 2000-2450 are marked bad."""
    import numpy as np

    if not wavelengths:
        return cube
    try:
        low, high = (float(part) for part in wavelengths.split("-"))
    except ValueError:
        raise ValueError(f"--range {wavelengths}: write it as 2000-2450") from None
    if low >= high:
        raise ValueError(
            f"--range {wavelengths}: the lower end first, {high:g}-{low:g}"
        )
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


def library_from(
    path: Path, *, like: xr.DataArray | None = None, spectra: str = ""
) -> xr.DataArray:
    """Library on the bands of a cube; what was left out is told on stderr."""
    from spectral.library import load_library

    wanted = [name.strip() for name in spectra.split(",") if name.strip()] or None
    library = load_library(path, like=like, spectra=wanted)
    tell_notes(path.name, library)
    return library


def tell_notes(name: str, spectra: xr.DataArray) -> None:
    """Notes of a cube or library on stderr."""
    from ._shared import err

    for note in spectra.attrs.get("notes", ()):
        err.print(f"{name}: {note}", markup=False)
