"""What commands on cubes share: options, reading, writing."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._remedies import READING, said_as_options
from ._samples import names_in
from ._shared import Language

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import xarray as xr

EMPTY = {
    Language.en: {
        "map": "{names}: no pixel has a value.",
        "cube": "No pixel of {cube} has values in all {bands} good bands: mark bands "
        "without values bad, or look at the cube with prospect spectral info.",
    },
    Language.zh: {
        "map": "{names}：没有任何像元有值。",
        "cube": "{cube} 中没有任何像元在全部 {bands} 个可用波段内都有值："
        "请将无数据的波段标记为坏波段，或用 prospect spectral info 查看该立方体。",
    },
}
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
Sensor = Annotated[
    str | None,
    typer.Option(help="Sensor whose bands a file without wavelengths has: landsat8."),
]
Waves = Annotated[
    str,
    typer.Option("--wavelengths", help="Wavelengths in nm, by comma, as in the file."),
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
    sensor: str | None = None,
    wavelengths: str = "",
    quiet: bool = False,
) -> xr.DataArray:
    """
    Cube of a file, with the bands of the file, of a sensor, or of a list.

    What was inferred or mended is told on stderr, unless it is to be quiet.
    """
    from spectral import open_cube, open_product

    if sum((part is not None, sensor is not None, bool(wavelengths))) > 1:
        raise ValueError("give one of --sensor, --wavelengths and --part")
    with said_as_options(READING):
        if part is not None:
            cube = open_product(path, part=part)
        else:
            stated = _stated_bands(sensor, wavelengths)
            cube = open_cube(path, scale=scale, crs=crs, **stated)
    if not quiet:
        tell_notes(path.name, cube)
    return cube


def _stated_bands(sensor: str | None, wavelengths: str) -> dict[str, Any]:
    """Wavelengths and widths as `open_cube` takes them."""
    if sensor is not None:
        from spectral import sensor_bands

        table = sensor_bands(sensor).set_index("band")
        return {"wavelength": table["wavelength"], "fwhm": table["fwhm"]}
    return (
        {"wavelength": numbers_of(wavelengths, "--wavelengths")} if wavelengths else {}
    )


def numbers_of(text: str, option: str, count: int | None = None) -> list[float]:
    """Numbers of an option, separated by commas."""
    try:
        values = [float(part) for part in names_in(text)]
    except ValueError:
        values = []
    if not values or (count is not None and len(values) != count):
        told_count = "numbers" if count is None else f"{count} numbers"
        raise ValueError(f"{option} {text!r}: write {told_count}, separated by commas")
    return values


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


@contextlib.contextmanager
def all_or_nothing(folder: Path) -> Iterator[Path]:
    """Folder to write to whose files go to `folder` once all is done, or nowhere."""
    there = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".maps-") as beside:
            yield Path(beside)
            for path in sorted(Path(beside).iterdir()):
                path.replace(folder / path.name)
    except BaseException:
        if not there:
            with contextlib.suppress(OSError):  # someone else wrote there
                folder.rmdir()
        raise


def tell_empty(
    paths: Iterable[Path], cube: xr.DataArray, file: Path, lang: Language
) -> None:
    """Say on stderr which maps hold no value, and whether the cube is why."""
    from survey import open_grid

    from ._shared import err

    grids = [path for path in paths if path.suffix.lower() in {".tif", ".tiff"}]
    empty = [path.name for path in grids if not open_grid(path).notnull().any()]
    if not empty:
        return
    said = [EMPTY[lang]["map"].format(names=", ".join(empty))]
    good = cube
    if "bad_bands" in cube.coords:
        good = cube.isel(wavelength=~cube["bad_bands"].to_numpy().astype(bool))
    if not bool(good.notnull().all("wavelength").any()):
        bands = good.sizes["wavelength"]
        said.append(EMPTY[lang]["cube"].format(cube=file.name, bands=bands))
    err.print(("" if lang is Language.zh else " ").join(said), markup=False)


def tell_notes(name: str, spectra: xr.DataArray) -> None:
    """Notes of a cube or library on stderr."""
    from ._shared import err

    for note in spectra.attrs.get("notes", ()):
        err.print(f"{name}: {note}", markup=False)
