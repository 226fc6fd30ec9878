"""Sentinel-2 level 1C and 2A in the SAFE layout, with the offset of its baseline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...sensors._table import sensor_bands
from ._bandfiles import stack_files
from ._xml import find_all, number_of, read_xml, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from .._raw import RawCube

META = re.compile(r"^MTD_MSIL(1C|2A)\.xml$")
IMAGE = re.compile(r"_(B(?:\d\d|8A))(?:_(\d\d)m)?\.(?:jp2|tiff?)$", re.IGNORECASE)
PARTS = ("10m", "20m", "60m")
# bands of each pixel size as they were measured; finer files are thinned copies
MEASURED = {
    "10m": ("B02", "B03", "B04", "B08"),
    "20m": ("B05", "B06", "B07", "B8A", "B11", "B12"),
    "60m": ("B01", "B09", "B10"),
}


def sniff_sentinel2(path: Path) -> bool:
    """Whether a path is a SAFE folder or its metadata."""
    if path.is_dir():
        return any(META.match(file.name) for file in path.iterdir())
    return bool(META.match(path.name))


def open_sentinel2(path: Path, part: str | None) -> RawCube:
    """
    Bands of one pixel size: 20 m where nothing is said.

    Raises
    ------
    ValueError
        If `part` is no pixel size, or the product has no band of it.
    """
    if part not in (None, *PARTS):
        raise ValueError(f"part= of Sentinel-2 is one of {PARTS}. Got {part!r}.")
    folder = path if path.is_dir() else path.parent
    meta = next(file for file in folder.iterdir() if META.match(file.name))
    size, root = part or "20m", read_xml(meta)
    files = _images(folder, size, has_sizes="2A" in meta.name)
    if not files:
        raise ValueError(
            f"{folder.name} has no image of {size}: choose another part= of {PARTS}, "
            "or fetch the product whole"
        )
    raw = stack_files(list(files.values()), name=folder.stem, names=list(files))
    _scale(raw, root, meta.name)
    craft = (text_of(root, "SPACECRAFT_NAME") or "Sentinel-2A").lower()
    _wavelengths(raw, list(files), "sentinel" + craft.replace("-", "")[-2:])
    raw.quantity, raw.codes = "reflectance", (0.0,)
    if part is None:
        raw.notes.append(
            "bands of 20 m pixels were opened; spectral.open_product with "
            "part='10m' or part='60m' gives others"
        )
    return raw


def _images(folder: Path, size: str, *, has_sizes: bool) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in sorted(folder.rglob("*")):
        hit = IMAGE.search(file.name)
        if not hit or "IMG_DATA" not in file.as_posix():
            continue
        band = hit[1].upper()
        if (hit[2] == size[:2]) if has_sizes else (band in MEASURED[size]):
            found[band] = file
    order = [band for bands in MEASURED.values() for band in bands]
    return {band: found[band] for band in sorted(order) if band in found}


def _scale(raw: RawCube, root: Element, name: str) -> None:
    """Value = (stored + offset) / quantification; offsets came with baseline 04.00."""
    surface = "2A" in name
    key = "BOA_QUANTIFICATION_VALUE" if surface else "QUANTIFICATION_VALUE"
    quantity = number_of(root, key, file=name)
    tag = "BOA_ADD_OFFSET" if surface else "RADIO_ADD_OFFSET"
    nodes = find_all(root, tag)
    by_band = {int(node.get("band_id", -1)): float(node.text or 0) for node in nodes}
    physical = {
        _padded(node.get("physicalBand", "")): int(node.get("bandId", -1))
        for node in find_all(root, "Spectral_Information")
    }
    if by_band and len(set(by_band.values())) > 1 and not physical:
        raise ValueError(
            f"{name} has different offsets but does not say of which bands: fetch the "
            "product again"
        )
    one = next(iter(by_band.values()), 0.0)
    offsets = [by_band.get(physical.get(band, -1), one) for band in raw.band or ()]
    raw.gain = [1 / quantity] * len(offsets)
    raw.offset = [offset / quantity for offset in offsets]
    raw.notes.append(
        f"reflectance is (stored {one:+g}) / {quantity:g}, as the metadata say"
        if by_band
        else f"reflectance is stored / {quantity:g}: the product has no offset (before "
        "baseline 04.00)"
    )


def _padded(band: str) -> str:
    """Name of a band as in file names: B1 becomes B01."""
    return re.sub(r"^B(\d)$", r"B0\1", band)


def _wavelengths(raw: RawCube, names: list[str], sensor: str) -> None:
    table = sensor_bands(sensor).set_index("band")
    if not set(names) <= set(table.index):  # 2C lacks the 60 m bands
        table = sensor_bands("sentinel2a").set_index("band")
    raw.wavelength = table.loc[names, "wavelength"].tolist()
    raw.fwhm = table.loc[names, "fwhm"].tolist()
    raw.wavelength_units = "nm"
    raw.attrs["sensor"] = sensor
