"""`prospect spectral info, quicklook, convert`: what a cube is, looks like, becomes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ._cubes import (
    Crs,
    CubeFile,
    Part,
    Scale,
    Sensor,
    Waves,
    cube_from,
    numbers_of,
)
from ._remedies import WRITING, said_as_options
from ._samples import names_in
from ._shared import Debug, Lang, Language, out, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import xarray as xr


class Interleave(StrEnum):
    """Orders of an ENVI file."""

    bil = "bil"
    bsq = "bsq"
    bip = "bip"


TEXT = {
    Language.en: {
        "size": "Size",
        "sides": "{bands} bands × {rows} rows × {columns} columns",
        "range": "Wavelengths",
        "widths": "Width of bands (FWHM)",
        "bad": "Bad bands",
        "quantity": "Values",
        "crs": "Coordinate system",
        "pixel": "Pixel",
        "none": "none",
        "note": "Note",
        "pixels": "Pixels",
        "missing_pixels": "Pixels lacking a good band",
        "empty_pixels": "Pixels without any value",
        "zero_pixels": "Pixels zero in every good band",
    },
    Language.zh: {
        "size": "大小",
        "sides": "{bands} 波段 × {rows} 行 × {columns} 列",
        "range": "波长范围",
        "widths": "波段宽度（FWHM）",
        "bad": "坏波段",
        "quantity": "数值类型",
        "crs": "坐标系",
        "pixel": "像元",
        "none": "无",
        "note": "说明（英文）",
        "pixels": "像元总数",
        "missing_pixels": "有效波段缺值的像元",
        "empty_pixels": "全部波段缺值的像元",
        "zero_pixels": "有效波段全为零的像元",
        "reflectance": "反射率",
        "radiance": "辐射亮度",
        "emissivity": "发射率",
        "digital number": "灰度值（DN）",
    },
}


def info(
    file: CubeFile,
    report: Annotated[
        bool, typer.Option("--report", help="Read all values: range, gaps, saturation.")
    ] = False,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Table of bands (.csv, .xlsx)."),
    ] = None,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    sensor: Sensor = None,
    wavelengths: Waves = "",
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """What a cube holds: bands, range, units, what was inferred; its values on wish."""
    with told(debug=debug, lang=lang):
        from survey import save_table

        said = {"sensor": sensor, "wavelengths": wavelengths, "part": part}
        cube = cube_from(file, scale=scale, crs=crs, quiet=True, **said)
        table = _bands(cube)
        counts: dict[str, int] = {}
        if report:
            from spectral import cube_report

            found = cube_report(cube)
            counts = dict(found.attrs)
            columns = ["min", "max", "mean", "missing", "negative", "saturated", "zero"]
            table = table.join(found[columns])
        for key, value in _facts(cube, TEXT[lang]):
            typer.echo(f"{key}\t{value}")
        for key, count in counts.items():
            typer.echo(f"{TEXT[lang][key]}\t{count:,}")
        if out_file is None:
            typer.echo("")
            shown = table.to_csv(sep="\t", index=False, float_format="%.5g")
            typer.echo(shown, nl=False)
            return
        out.print(str(save_table(table, out_file)), markup=False)


def quicklook(
    file: CubeFile,
    out_file: Annotated[
        Path, typer.Option("--out", dir_okay=False, help="Picture: .png, .svg, .pdf.")
    ],
    bands: Annotated[
        str,
        typer.Option(
            help="natural, infrared, geology, swir, thermal; or three wavelengths in "
            "nm or names of bands, by comma: 2200,1650,850."
        ),
    ] = "",
    stretch: Annotated[
        str, typer.Option(help="Percentiles shown darkest and brightest.")
    ] = "2,98",
    title: Annotated[str | None, typer.Option(help="Title of the picture.")] = None,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    sensor: Sensor = None,
    wavelengths: Waves = "",
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Picture of a cube in three of its bands."""
    with told(debug=debug, lang=lang):
        from ..report import figure_quicklook, save_figure

        said = {"sensor": sensor, "wavelengths": wavelengths, "part": part}
        cube = cube_from(file, scale=scale, crs=crs, **said)
        low, high = numbers_of(stretch, "--stretch", 2)
        figure = figure_quicklook(
            cube,
            bands=_wanted(bands),
            stretch=(low, high),
            title=title,
            lang=lang.value,
        )
        written = save_figure(figure, out_file)
    out.print(str(written), markup=False)


def convert(
    file: CubeFile,
    out_file: Annotated[
        Path,
        typer.Option(
            "--out", dir_okay=False, help="GeoTIFF (.tif), else ENVI with .hdr beside."
        ),
    ],
    interleave: Annotated[
        Interleave, typer.Option(help="Order of an ENVI file.")
    ] = Interleave.bil,
    dtype: Annotated[
        str | None, typer.Option(help="Type of the stored values: int16, float32.")
    ] = None,
    times: Annotated[
        float | None, typer.Option(help="Values are stored times this: 10000.")
    ] = None,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    sensor: Sensor = None,
    wavelengths: Waves = "",
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Cube to another file: wavelengths, widths, bad bands, gaps and place are kept."""
    with told(debug=debug, lang=lang):
        from spectral import save_cube

        said = {"sensor": sensor, "wavelengths": wavelengths, "part": part}
        cube = cube_from(file, scale=scale, crs=crs, **said)
        order = interleave.value
        with said_as_options(WRITING):
            written = save_cube(
                cube, out_file, interleave=order, dtype=dtype, scale=times
            )
    out.print(str(written), markup=False)


def _facts(cube: xr.DataArray, text: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What is true of the whole cube, a line each."""
    bands, rows, columns = (cube.sizes[dim] for dim in ("wavelength", "y", "x"))
    yield text["size"], text["sides"].format(bands=bands, rows=rows, columns=columns)
    waves = cube["wavelength"].to_numpy()
    yield text["range"], f"{waves[0]:.6g}–{waves[-1]:.6g} nm"
    if "fwhm" in cube.coords:
        widths = cube["fwhm"].to_numpy()
        yield text["widths"], f"{widths.min():.4g}–{widths.max():.4g} nm"
    bad = int(cube["bad_bands"].sum()) if "bad_bands" in cube.coords else 0
    yield text["bad"], str(bad)
    quantity = str(cube.attrs.get("quantity", ""))
    yield text["quantity"], text.get(quantity, quantity)
    system = cube.rio.crs if "spatial_ref" in cube.coords else None
    yield text["crs"], str(system) if system is not None else text["none"]
    if system is not None:
        size = " × ".join(f"{abs(step):g}" for step in cube.rio.resolution())
        yield text["pixel"], size
    for note in cube.attrs.get("notes", ()):
        yield text["note"], note


def _bands(cube: xr.DataArray) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    count = cube.sizes["wavelength"]
    table = pd.DataFrame({"band": np.arange(1, count + 1)})
    for name in ("band", "wavelength", "fwhm", "bad_bands"):
        if name in cube.coords:
            table[name] = cube[name].to_numpy()
    return table


def _wanted(text: str) -> str | list[str] | list[float] | None:
    """Composite, names or wavelengths out of an option."""
    names = names_in(text)
    if len(names) < 2:
        try:
            return [float(names[0])] if names else None
        except ValueError:
            return names[0]
    try:
        return [float(name) for name in names]
    except ValueError:
        return names


COMMANDS = {"info": info, "quicklook": quicklook, "convert": convert}
