"""Libraries as files of others: ENVI and CSV."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._atomic import whole
from ..cubes._header import written

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

FILL = -1.23e34  # what readers of spectral libraries know as missing
ERRORS = "error bars to preceding"  # the words of splib07, so that others know them


def save_spectra(library: xr.DataArray, path: str | Path) -> list[Path]:
    """Library (spectrum, wavelength) as .sli with .hdr, or .csv; files written."""
    path = Path(path)
    if path.suffix.lower() == ".csv":
        return _save_csv(library, path)
    if path.suffix.lower() == ".sli":
        return _save_envi(library, path)
    raise ValueError(
        f"{path.name}: spectra are written as .sli (ENVI, with .hdr) or .csv. Name one "
        "of them."
    )


def _save_envi(library: xr.DataArray, path: Path) -> list[Path]:
    """Spectra in their order, each followed by its error bars if it has some."""
    values = library.transpose("spectrum", "wavelength").to_numpy()
    errors = _errors(library)
    names, rows = [], []
    for name, spectrum, error in zip(
        library["spectrum"].to_numpy(), values, errors, strict=True
    ):
        names.append(str(name).translate(str.maketrans(",{}\n", ";() ")))
        rows.append(spectrum)
        if not np.isnan(error).all():
            names.append(ERRORS)
            rows.append(error)
    table = np.stack(rows)
    table = np.where(np.isnan(table), FILL, table).astype(table.dtype)
    entries = {
        "description": "{Spectral library}",
        "samples": table.shape[1],
        "lines": table.shape[0],
        "bands": 1,
        "header offset": 0,
        "file type": "ENVI Spectral Library",
        "data type": 5 if table.dtype == np.float64 else 4,
        "interleave": "bsq",
        "byte order": 0,
        "wavelength units": "Nanometers",
        "reflectance scale factor": "1.000000",
        "data ignore value": f"{FILL:.8e}",
        "spectra names": names,
        "wavelength": [repr(float(w)) for w in library["wavelength"].to_numpy()],
    }
    if "fwhm" in library.coords:
        entries["fwhm"] = [repr(float(w)) for w in library["fwhm"].to_numpy()]
    header = path.with_suffix(".hdr")
    with whole(path, header) as (data, text):
        table.astype(table.dtype.newbyteorder("<")).tofile(data)
        text.write_text(written(entries), encoding="utf-8")
    return [path, header]


def _save_csv(library: xr.DataArray, path: Path) -> list[Path]:
    """One spectrum a row: its coordinates, then a column a wavelength in nm."""
    columns = {
        str(name): coord.to_numpy()
        for name, coord in library.coords.items()
        if coord.dims == ("spectrum",) and name != "spectrum"
    }
    index = pd.Index(library["spectrum"].to_numpy(), name="spectrum_id")
    waves = [f"{w:.10g}" for w in library["wavelength"].to_numpy()]
    values = library.transpose("spectrum", "wavelength").to_numpy()
    cards = pd.DataFrame(columns, index=index)
    tables = {path: pd.DataFrame(values, index=index, columns=waves)}
    errors = _errors(library)
    if not np.isnan(errors).all():
        beside = path.with_name(f"{path.stem}_uncertainty.csv")
        tables[beside] = pd.DataFrame(errors, index=index, columns=waves)
    with whole(*tables) as parts:
        for part, table in zip(parts, tables.values(), strict=True):
            cards.join(table).to_csv(part, lineterminator="\n", encoding="utf-8")
    return list(tables)


def _errors(library: xr.DataArray) -> NDArray:
    if "uncertainty" not in library.coords:
        return np.full(library.shape, np.nan)
    return library["uncertainty"].transpose("spectrum", "wavelength").to_numpy()
