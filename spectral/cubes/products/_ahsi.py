"""GF-5 and ZY-1 AHSI level 1: two images and text files of bands and coefficients."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ._bandfiles import stack_files

if TYPE_CHECKING:
    from .._raw import RawCube

IMAGE = re.compile(
    r"^(?P<craft>GF5[AB]?|ZY1[EF]?)_AHSI_.*_(?P<part>VN|SW)\.(?:geo)?tiff?$",
    re.IGNORECASE,
)
PARTS = ("VNIR", "SWIR")
SHORT = {"VNIR": "VN", "SWIR": "SW"}


def sniff_ahsi(path: Path) -> bool:
    """Whether a path is an image of AHSI or a folder with some."""
    if path.is_dir():
        return any(IMAGE.match(file.name) for file in path.iterdir())
    return bool(IMAGE.match(path.name))


def open_ahsi(path: Path, part: str | None) -> RawCube:
    """
    Both images as one cube, or one of them; radiance where coefficients are beside.

    Raises
    ------
    ValueError
        If `part` is no image, it has no file, or a table does not fit its image.
    FileNotFoundError
        If the table of wavelengths is not there.
    """
    if part not in (None, *PARTS):
        raise ValueError(f"part= of AHSI is one of {PARTS}. Got {part!r}.")
    folder = path if path.is_dir() else path.parent
    found = _images(folder)
    if path.is_file():
        short = IMAGE.match(path.name)["part"].upper()
        part = part or next(key for key, value in SHORT.items() if value == short)
    wanted = [part] if part else [key for key in PARTS if SHORT[key] in found]
    absent = [key for key in wanted if SHORT[key] not in found]
    if absent:
        raise ValueError(f"{folder.name} has no image of {', '.join(absent)}")
    files = [found[SHORT[key]] for key in wanted]
    raw = stack_files(files, name=IMAGE.match(files[0].name)[0].rsplit("_", 1)[0])
    counts = [source.sides[0] for source in raw.source.parts]
    bands = [_table(folder, key, "spectralresponse", count, needed=True)
             for key, count in zip(wanted, counts, strict=True)]  # fmt: skip
    raw.wavelength, raw.fwhm = np.concatenate(bands).T[:2]
    raw.wavelength_units = "nm"
    scales = [_table(folder, key, "radcal", count, needed=False)
              for key, count in zip(wanted, counts, strict=True)]  # fmt: skip
    _scale(raw, scales)
    raw.codes = raw.codes or (0.0,)
    craft = IMAGE.match(files[0].name)["craft"].upper()
    raw.attrs["sensor"] = "gf5_ahsi" if craft.startswith("GF5") else "zy1_ahsi"
    return raw


def _images(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        hit = IMAGE.match(file.name)
        part = hit["part"].upper() if hit else ""
        if part in found:
            raise ValueError(
                f"{folder.name} holds several scenes ({found[part].name}, "
                f"{file.name}): keep one a folder"
            )
        if part:
            found[part] = file
    return found


def _table(
    folder: Path, part: str, what: str, count: int, *, needed: bool
) -> np.ndarray | None:
    """Two numbers a band: centre and width, or gain and offset."""
    files = [
        file
        for file in sorted(folder.iterdir())
        if what in file.name.lower().replace("_", "")
        and (
            part.lower() in file.name.lower()
            or f"_{SHORT[part].lower()}" in file.name.lower()
        )
        and file.suffix.lower() in {".raw", ".txt", ".csv"}
    ]
    if not files:
        if needed:
            raise FileNotFoundError(
                f"{folder.name} has no table of wavelengths of {part} "
                f"(…Spectralresponse_{part}.raw): put it beside the images, or give "
                "wavelength= and fwhm= to open_cube with one image as GeoTIFF"
            )
        return None
    rows = []
    for i, line in enumerate(files[0].read_text("utf-8", "replace").splitlines(), 1):
        numbers = re.findall(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?", line)
        if not numbers:
            continue
        if len(numbers) < 2:
            raise ValueError(f"{files[0].name}, line {i}: {line!r} has not two numbers")
        rows.append([float(number) for number in numbers[-2:]])
    if len(rows) != count:
        raise ValueError(
            f"{files[0].name} has {len(rows)} bands, the image of {part} {count}: the "
            "two are of different products"
        )
    return np.array(rows)


def _scale(raw: RawCube, scales: list[np.ndarray | None]) -> None:
    if any(table is None for table in scales):
        raw.quantity = "digital number"
        raw.gain = [1.0] * raw.source.sides[0]
        raw.offset = [0.0] * raw.source.sides[0]
        raw.notes.append(
            "no coefficients (…RadCal….raw) stand beside the images: values are counts"
        )
        return
    gain, offset = np.concatenate(scales).T
    raw.gain, raw.offset, raw.quantity = gain.tolist(), offset.tolist(), "radiance"
    raw.notes.append(
        "radiance by the gain and offset of each band; correct the atmosphere before "
        "comparing with library spectra"
    )
