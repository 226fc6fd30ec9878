"""Landsat Collection 2: a file a band and one of metadata."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...sensors._table import sensor_bands
from ._bandfiles import one_file, stack_files

if TYPE_CHECKING:
    from .._raw import RawCube

META = re.compile(r"^L[COTEM]0[4-9]_.*_MTL\.txt$")
FIELD = re.compile(r"^\s*(\w+)\s*=\s*\"?(.*?)\"?\s*$", re.MULTILINE)


def sniff_landsat(path: Path) -> bool:
    """Whether a path is the metadata or the folder of a scene."""
    if path.is_dir():
        return any(META.match(file.name) for file in path.iterdir())
    return bool(META.match(path.name))


def open_landsat(path: Path, _part: str | None) -> RawCube:
    """
    Reflective bands of a scene: surface reflectance of level 2, else of the top.

    Raises
    ------
    ValueError
        If the metadata lack the scale of a band, or the sun is below the horizon.
    """
    folder = path if path.is_dir() else path.parent
    meta = path if path.is_file() else one_file(folder, "L*_MTL.txt", what="metadata")
    fields = dict(FIELD.findall(meta.read_text("utf-8", "replace")))
    stem = meta.name.removesuffix("_MTL.txt")
    craft = fields.get("SPACECRAFT_ID", "").replace("_", "").lower()
    table = sensor_bands(craft).set_index("band")
    surface = sorted(folder.glob(f"{stem}_SR_B*.[Tt][Ii][Ff]"))
    mark = "_SR_B" if surface else "_B"
    files = {}
    for file in surface or sorted(folder.glob(f"{stem}_B*.[Tt][Ii][Ff]")):
        number = file.stem.rpartition(mark)[2]
        if f"B{number}" in table.index and not _left_out(craft, number):
            files[f"B{number}"] = file
    if not files:
        raise ValueError(
            f"{folder.name} has no reflective band ({stem}{mark}1.TIF …): fetch the "
            "scene whole"
        )
    raw = stack_files(list(files.values()), name=stem, names=list(files))
    _scale(raw, fields, meta.name, at_surface=bool(surface))
    raw.wavelength = table.loc[list(files), "wavelength"].tolist()
    raw.fwhm = table.loc[list(files), "fwhm"].tolist()
    raw.wavelength_units, raw.quantity, raw.codes = "nm", "reflectance", (0.0,)
    raw.attrs["sensor"] = craft
    return raw


def _left_out(craft: str, number: str) -> bool:
    """Thermal bands hold no reflectance, panchromatic ones have smaller pixels."""
    if craft in {"landsat4", "landsat5"}:
        return number == "6"
    if craft == "landsat7":
        return number.startswith("6") or number == "8"
    return number in {"8", "10", "11"}


def _scale(
    raw: RawCube, fields: dict[str, str], name: str, *, at_surface: bool
) -> None:
    gain, offset = [], []
    for band in raw.band or ():
        keys = [f"REFLECTANCE_{word}_BAND_{band[1:]}" for word in ("MULT", "ADD")]
        try:
            one, other = (float(fields[key]) for key in keys)
        except (KeyError, ValueError):
            raise ValueError(
                f"{name} lacks {keys[0]} or {keys[1]}: it is cut or of another "
                "collection; this reader takes Collection 2"
            ) from None
        gain.append(one)
        offset.append(other)
    if not at_surface:
        height = float(fields.get("SUN_ELEVATION", "nan"))
        if not height > 0:
            raise ValueError(
                f"{name} has a sun elevation of {height:g}: no reflectance at night"
            )
        sine = math.sin(math.radians(height))
        gain, offset = ([value / sine for value in each] for each in (gain, offset))
        raw.notes.append(
            f"reflectance at the top of the atmosphere, for a sun {height:.1f} degrees "
            "high; level 2 has that of the surface"
        )
    raw.gain, raw.offset = gain, offset
