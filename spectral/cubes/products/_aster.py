"""ASTER as GeoTIFF files, a band each: surface reflectance or counts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...sensors._table import sensor_bands
from ._bandfiles import stack_files

if TYPE_CHECKING:
    from .._raw import RawCube

IMAGE = re.compile(
    r"^AST_(?P<kind>\w+?)_.*_(?P<part>VNIR|SWIR|TIR)_(?:B|Band)(?P<band>\d{1,2}[NB]?)"
    r"\.tiff?$",
    re.IGNORECASE,
)
PARTS = ("VNIR", "SWIR", "TIR")
HDF4 = b"\x0e\x03\x13\x01"


def sniff_aster(path: Path) -> bool:
    """Whether a path is an image of ASTER, a folder of them, or HDF4 of that name."""
    if path.is_dir():
        return any(IMAGE.match(file.name) for file in path.iterdir())
    if IMAGE.match(path.name):
        return True
    if not path.name.startswith("AST_") or path.suffix.lower() != ".hdf":
        return False
    with path.open("rb") as file:
        return file.read(4) == HDF4


def open_aster(path: Path, part: str | None) -> RawCube:
    """
    Bands of one telescope: SWIR where nothing is said and it is there.

    Raises
    ------
    ValueError
        If `part` is no telescope, it has no file, or the file is HDF4.
    """
    if path.is_file() and not IMAGE.match(path.name):
        raise ValueError(
            f"{path.name} is HDF4, which this reader cannot open. Fetch the product as "
            "GeoTIFF files (they come with version 4), or convert it with "
            "gdal_translate, a band each."
        )
    if part not in (None, *PARTS):
        raise ValueError(f"part= of ASTER is one of {PARTS}. Got {part!r}.")
    folder = path if path.is_dir() else path.parent
    found = _images(folder)
    if path.is_file():
        chosen = IMAGE.match(path.name)["part"].upper()
    else:
        chosen = part or next(p for p in ("SWIR", "VNIR", "TIR") if p in found)
    if part not in (None, chosen) or chosen not in found:
        raise ValueError(f"{folder.name} has no {part} band: it has {sorted(found)}")
    kind, files = found[chosen]
    raw = stack_files(list(files.values()), name=folder.name, names=list(files))
    table = sensor_bands("aster").set_index("band")
    raw.wavelength = table.loc[list(files), "wavelength"].tolist()
    raw.fwhm = table.loc[list(files), "fwhm"].tolist()
    raw.wavelength_units = "nm"
    _scale(raw, kind, chosen)
    raw.attrs["sensor"] = "aster"
    if part is None and path.is_dir() and len(found) > 1:
        others = " or ".join(f"part='{p}'" for p in sorted(set(found) - {chosen}))
        raw.notes.append(
            f"the bands of {chosen} were opened; open_product with {others} gives "
            "others"
        )
    return raw


def _images(folder: Path) -> dict[str, tuple[str, dict[str, Path]]]:
    found: dict[str, tuple[str, dict[str, Path]]] = {}
    for file in sorted(folder.iterdir()):
        hit = IMAGE.match(file.name)
        if not hit or hit["band"].upper() == "3B":  # the view backward has other places
            continue
        number = hit["band"].upper()
        band = f"B{number}" if number.endswith("N") else f"B{int(number):02d}"
        found.setdefault(hit["part"].upper(), (hit["kind"].upper(), {}))[1][band] = file
    return found


def _scale(raw: RawCube, kind: str, part: str) -> None:
    """Products 07 are reflectance times 1000, 05 emissivity times 1000."""
    raw.codes = raw.codes or (0.0,)
    count = len(raw.band or ())
    if kind.startswith("07"):
        raw.quantity, raw.divisor = "reflectance", 1000.0
    elif kind.startswith("05"):
        raw.quantity, raw.divisor = "emissivity", 1000.0
    else:
        raw.quantity, raw.gain, raw.offset = (
            "digital number",
            [1.0] * count,
            [0.0] * count,
        )
        raw.notes.append(
            f"{part} of {kind} holds counts at the sensor, no reflectance: ratios of "
            "bands can be mapped, library spectra cannot be compared"
        )
