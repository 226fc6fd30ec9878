"""EnMAP and DESIS: an image of all bands, its description in XML beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .._geotiff import open_raster
from ._bandfiles import one_file
from ._xml import find_all, number_of, read_xml

if TYPE_CHECKING:
    from pathlib import Path

    from .._raw import RawCube

META = re.compile(r"^(ENMAP|DESIS).*METADATA\.XML$", re.IGNORECASE)
IMAGE = re.compile(r"^(ENMAP|DESIS).*SPECTRAL_IMAGE.*\.TIFF?$", re.IGNORECASE)
# (band element, centre, width, gain, offset)
TAGS = {
    "enmap": ("bandID", "wavelengthCenterOfBand", "FWHMOfBand", "GainOfBand",
              "OffsetOfBand"),
    "desis": ("band", "wavelengthCenterOfBand", "wavelengthWidthOfBand", "gainOfBand",
              "offsetOfBand"),
}  # fmt: skip


def sniff_enmap(path: Path) -> bool:
    """Whether a path is the metadata, the image or the folder of a product."""
    if path.is_dir():
        return any(META.match(file.name) for file in path.iterdir())
    if META.match(path.name):
        return True
    return bool(IMAGE.match(path.name)) and sniff_enmap(path.parent)


def open_enmap(path: Path, _part: str | None) -> RawCube:
    """Bands of a product with its wavelengths, widths and scale."""
    folder = path if path.is_dir() else path.parent
    stem = re.split(r"-?METADATA|-?SPECTRAL", path.name, flags=re.IGNORECASE)[0]
    start = "" if path.is_dir() else stem
    meta = one_file(folder, f"{start}*[Mm][Ee][Tt][Aa]*.[Xx][Mm][Ll]", what="metadata")
    image = one_file(folder, f"{start}*SPECTRAL_IMAGE*.[Tt][Ii][Ff]*", what="image")
    sensor = meta.name[:5].lower()
    root = read_xml(meta)
    tag, *names = TAGS[sensor]
    bands = [
        node
        for node in find_all(root, tag)
        if any(find_all(node, n) for n in names[:1])
    ]
    raw = open_raster(image)
    if len(bands) != raw.source.sides[0]:
        raise ValueError(
            f"{meta.name} describes {len(bands)} bands, {image.name} has "
            f"{raw.source.sides[0]}: the two are of different products"
        )
    centre, width, gain, offset = (
        [number_of(node, name, file=meta.name) for node in bands] for name in names
    )
    raw.wavelength, raw.fwhm, raw.wavelength_units = centre, width, "nm"
    raw.gain, raw.offset = gain, offset
    raw.name = stem or meta.name
    raw.quantity = "reflectance" if "L2A" in meta.name.upper() else "radiance"
    raw.attrs["sensor"] = sensor
    raw.band = None
    raw.codes = raw.codes or (-32768.0,)
    return raw
