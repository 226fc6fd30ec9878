"""PRISMA level 2: HDF5 with one cube of the VNIR and one of the SWIR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._raw import RawCube
from .._source import stamp_of
from ._hdf5 import Hdf5Source, is_hdf5

if TYPE_CHECKING:
    from pathlib import Path

PARTS = ("VNIR", "SWIR")
FULL = 65535.0  # largest stored value


def sniff_prisma(path: Path) -> bool:
    """Whether a file is HDF5 with PRISMA's swaths."""
    if not is_hdf5(path):
        return False
    import h5py

    with h5py.File(path, "r") as file:
        return "List_Cw_Vnir" in file.attrs and "HDFEOS/SWATHS" in file


def open_prisma(path: Path, part: str | None) -> RawCube:
    """
    Both cubes as one, or one of them.

    Raises
    ------
    ValueError
        If `part` is no cube of the file, or the file is not level 2.
    """
    if part not in (None, *PARTS):
        raise ValueError(f"part= of a PRISMA file is one of {PARTS}. Got {part!r}.")
    import h5py

    with h5py.File(path, "r") as file:
        swath = _swath(file, path.name)
        wanted = PARTS if part is None else (part,)
        names = [f"{swath}/Data Fields/{each}_Cube" for each in wanted]
        absent = [name for name in names if name not in file]
        if absent:
            raise ValueError(f"{path.name} has no {', '.join(absent)}")
        attrs = file.attrs
        shapes = [file[name].shape for name in names]
        source = Hdf5Source(
            path=str(path),
            stamp=stamp_of(path),
            stored=file[names[0]].dtype.newbyteorder("<").str,
            sides=(sum(s[1] for s in shapes), shapes[0][0], shapes[0][2]),
            data_sets=tuple((n, s[1]) for n, s in zip(names, shapes, strict=True)),
            axes="ybx",
        )
        raw = RawCube(source, path.stem, wavelength_units="nm", quantity="reflectance")
        _describe(raw, attrs, wanted, [shape[1] for shape in shapes])
        _place(raw, attrs)
    raw.attrs["sensor"] = "prisma"
    return raw


def _swath(file: Any, name: str) -> str:  # noqa: ANN401
    swaths = [key for key in file["HDFEOS/SWATHS"] if key.endswith("HCO")]
    level = next((key for key in swaths if "L2D" in key or "L2C" in key), None)
    if level is None:
        raise ValueError(
            f"{name} holds {swaths or 'no swath'}: this reader takes reflectance, "
            "level 2C or 2D"
        )
    return f"HDFEOS/SWATHS/{level}"


def _describe(
    raw: RawCube,
    attrs: Any,  # noqa: ANN401
    wanted: tuple[str, ...],
    counts: list[int],
) -> None:
    waves, widths, gain, offset = [], [], [], []
    for part, count in zip(wanted, counts, strict=True):
        word = part.capitalize()
        low, high = (float(attrs[f"L2Scale{word}{end}"]) for end in ("Min", "Max"))
        waves += [float(value) for value in attrs[f"List_Cw_{word}"]][:count]
        widths += [float(value) for value in attrs[f"List_Fwhm_{word}"]][:count]
        gain += [(high - low) / FULL] * count
        offset += [low] * count
    waves, widths = np.array(waves), np.array(widths)
    unused = waves <= 0
    raw.good = (~unused).astype(float)
    if unused.any():  # they need a wavelength of their own to be a band at all
        raw.notes.append(
            f"{unused.sum()} bands without wavelength (switched off) are marked bad; "
            "their wavelengths are stand-ins below 300 nm"
        )
        waves[unused] = 210 + np.arange(unused.sum())
        widths[unused] = 1.0
    raw.wavelength, raw.fwhm, raw.gain, raw.offset = waves, widths, gain, offset
    raw.codes = (0.0,)
    raw.notes.append("stored zeros, outside the swath, are missing")


def _place(raw: RawCube, attrs: Any) -> None:  # noqa: ANN401
    """Map coordinates; whether corners are of pixels or their centres, by the count."""
    from affine import Affine

    keys = [f"Product_{corner}corner_{axis}ing" for corner in ("UL", "LR")
            for axis in ("east", "north")]  # fmt: skip
    if not all(key in attrs for key in (*keys, "Epsg_Code")):
        raw.notes.append("the file has no map coordinates: rows and columns only")
        return
    west, north, east, south = (float(attrs[key]) for key in keys)
    _, rows, columns = raw.source.sides
    size = 30.0
    centres = abs((east - west) / size - (columns - 1)) < 0.5
    half = size / 2 if centres else 0.0
    raw.affine = Affine(size, 0, west - half, 0, -size, north + half)
    raw.crs = f"EPSG:{int(attrs['Epsg_Code'])}"
    told = "centres of corner pixels" if centres else "outer corners"
    raw.notes.append(f"corner coordinates are {told}, as {columns} columns show")
    span = (east - west, north - south)
    expected = ((columns - centres) * size, (rows - centres) * size)
    if not np.allclose(span, expected, atol=size / 2):
        raw.affine, raw.crs = None, None
        raw.notes[-1] = (
            f"corners span {span[0]:g} x {span[1]:g} m, {columns} x {rows} pixels of "
            f"30 m {expected[0]:g} x {expected[1]:g} m: the cube is left without map "
            "coordinates"
        )
