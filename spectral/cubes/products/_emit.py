"""EMIT level 1B and 2A: netCDF-4 in the geometry of the swath, with a look-up table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._raw import RawCube
from .._source import stamp_of
from ._hdf5 import Hdf5Source, LookupSource, is_hdf5, text_of

if TYPE_CHECKING:
    from pathlib import Path

PARTS = ("map", "swath")
QUANTITIES = ("reflectance", "radiance")


def sniff_emit(path: Path) -> bool:
    """Whether a file is netCDF-4 with EMIT's groups."""
    if not is_hdf5(path):
        return False
    import h5py

    with h5py.File(path, "r") as file:
        return "sensor_band_parameters" in file and any(q in file for q in QUANTITIES)


def open_emit(path: Path, part: str | None) -> RawCube:
    """
    Reflectance or radiance, on the map ("map") or as it was seen ("swath").

    Raises
    ------
    ValueError
        If `part` is another.
    """
    if part not in (None, *PARTS):
        raise ValueError(f"part= of an EMIT file is one of {PARTS}. Got {part!r}.")
    import h5py

    with h5py.File(path, "r") as file:
        quantity = next(q for q in QUANTITIES if q in file)
        data = file[quantity]
        bands = file["sensor_band_parameters"]
        codes = _fill(data)
        raw = RawCube(
            _source(path, file, quantity, part, codes),
            path.stem,
            wavelength=bands["wavelengths"][()].astype(float),
            wavelength_units="nm",
            fwhm=bands["fwhm"][()].astype(float) if "fwhm" in bands else None,
            codes=codes,
            quantity=quantity,
            attrs={"sensor": "emit"},
        )
        if "good_wavelengths" in bands:
            raw.good = bands["good_wavelengths"][()].astype(float)
        if isinstance(raw.source, LookupSource):
            _place(raw, file)
        else:
            raw.notes.append(
                "the cube is in the geometry of the swath: rows and columns are no map "
                "coordinates"
            )
    return raw


def _fill(data: Any) -> tuple[float, ...]:  # noqa: ANN401
    value = data.attrs.get("_FillValue", -9999.0)
    return (float(np.ravel(value)[0]),)


def _source(
    path: Path,
    file: Any,  # noqa: ANN401
    quantity: str,
    part: str | None,
    codes: tuple[float, ...],
) -> Hdf5Source:
    rows, columns, count = file[quantity].shape
    common = {
        "path": str(path),
        "stamp": stamp_of(path),
        "stored": file[quantity].dtype.newbyteorder("<").str,
        "data_sets": ((quantity, count),),
        "axes": "yxb",
    }
    lookup = ("location/glt_x", "location/glt_y")
    mapped = all(name in file for name in lookup) and "geotransform" in file.attrs
    if part == "map" and not mapped:
        raise ValueError(
            f"{path.name} has no look-up table to the map (location/glt_x, glt_y): "
            "open it with part='swath'"
        )
    if part == "swath" or not mapped:
        return Hdf5Source(sides=(count, rows, columns), **common)
    return LookupSource(
        sides=(count, *file[lookup[0]].shape),
        lookup=lookup,
        swath=(rows, columns),
        missing=codes[0],
        **common,
    )


def _place(raw: RawCube, file: Any) -> None:  # noqa: ANN401
    from affine import Affine

    numbers = np.asarray(file.attrs["geotransform"], float)
    raw.affine = Affine.from_gdal(*numbers)
    raw.crs = text_of(file.attrs.get("spatial_ref", "EPSG:4326"))
    raw.notes.append(
        "cells of the map take the nearest pixel of the swath, by the look-up table of "
        "the file"
    )
