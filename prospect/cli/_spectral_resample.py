"""`prospect spectral`: sensors, and spectra as they see them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._cubes import Crs, Part, Scale, cube_from, tell_notes
from ._shared import Debug, Lang, Language, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import xarray as xr

IMAGES = {".img", ".hdr", ".dat", ".bil", ".bsq", ".bip", ".tif", ".tiff"}


def resample(
    spectra: Annotated[
        Path,
        typer.Argument(
            exists=True,
            readable=True,
            help="Cube, or spectra: .sli, CSV, splib07, ASD …",
        ),
    ],
    out_file: Annotated[
        Path,
        typer.Option(
            "--out",
            dir_okay=False,
            help="Cube to write (.img with .hdr, .tif), or table of spectra (.csv).",
        ),
    ],
    sensor: Annotated[
        str | None, typer.Option(help="To this sensor: emit, aster, sentinel2a …")
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(exists=True, readable=True, help="To the bands of this cube."),
    ] = None,
    responses: Annotated[
        Path | None,
        typer.Option(
            exists=True, readable=True, help="To these response curves: file or folder."
        ),
    ] = None,
    min_coverage: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Least share of a band's response for a value."
        ),
    ] = 0.9,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Spectra as another instrument would see them, with what was left out told."""
    with told(debug=debug, lang=lang):
        from spectral import open_cube, read_responses, save_cube
        from survey import save_table

        target: dict[str, Any] = {
            "sensor": sensor,
            "like": None if like is None else open_cube(like),
            "responses": None if responses is None else read_responses(responses),
            "min_coverage": min_coverage,
        }
        if out_file.suffix.lower() in IMAGES:
            cube = cube_from(spectra, scale=scale, part=part, crs=crs)
            found = _resampled(cube, target)
            tell_notes(out_file.name, _news(found, cube))
            written = save_cube(found, out_file)
        elif out_file.suffix.lower() == ".csv":
            if part is not None or crs is not None:
                raise ValueError("--part and --crs are of use for cubes only")
            written = save_table(_table(spectra, scale, target), out_file)
        else:
            raise ValueError(
                f"--out {out_file}: name a cube (.img, .tif) or a table (.csv)"
            )
    out.print(str(written), markup=False)


def sensors(
    sensor: Annotated[
        str | None, typer.Argument(help="Sensor whose bands are wanted.")
    ] = None,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Table to write (.csv, .xlsx)."),
    ] = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Sensors known by name, or the bands of one of them."""
    with told(debug=debug, lang=lang):
        from spectral import list_sensors, sensor_bands
        from survey import save_table

        if sensor is not None:
            table = sensor_bands(sensor)
        else:
            table = list_sensors().reset_index()
            table["aliases"] = table["aliases"].map(", ".join)
        if out_file is None:
            typer.echo(table.to_csv(sep="\t", index=False), nl=False)
            return
        written = save_table(table, out_file)
    out.print(str(written), markup=False)


def _resampled(spectra: xr.DataArray, target: dict[str, Any]) -> xr.DataArray:
    from spectral import resample as to_bands

    return to_bands(spectra, **target)


def _news(found: xr.DataArray, source: xr.DataArray) -> xr.DataArray:
    """Notes that came with resampling; those of the source have been told."""
    old = len(source.attrs.get("notes", ()))
    return found.assign_attrs(notes=list(found.attrs.get("notes", ()))[old:])


def _table(path: Path, scale: float | None, target: dict[str, Any]) -> pd.DataFrame:
    """A row a spectrum: its names, then a column a band (nm)."""
    import pandas as pd

    from spectral.library import read_spectra, stack_spectra

    records = read_spectra(path, scale=scale)
    grids = records["wavelength"].map(lambda waves: tuple(map(float, waves)))
    parts = []
    for number, (_, rows) in enumerate(records.groupby(grids.map(hash), sort=False)):
        library = stack_spectra(rows)
        found = _resampled(library.assign_attrs(notes=[]), target)
        tell_notes(f"grid {number + 1}, {len(rows)} spectra", found)
        names = [f"{nm:.10g}" for nm in found["wavelength"].to_numpy()]
        values = pd.DataFrame(found.to_numpy(), index=rows.index, columns=names)
        cards = rows.drop(columns=[c for c in rows if rows[c].map(_is_array).any()])
        parts.append(cards.join(values))
    return pd.concat(parts).loc[records.index]


def _is_array(value: object) -> bool:
    return getattr(value, "ndim", 0) > 0 or isinstance(value, (list, tuple))


COMMANDS: dict[str, Callable[..., None]] = {"resample": resample, "sensors": sensors}
