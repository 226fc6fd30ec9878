"""USGS splib07 as ASCII: a value a line, wavelengths and bandpass in files beside."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from .._usgs import parse_usgs_name
from ._clean import clean_spectrum
from ._text import decode, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ._clean import Tally

TITLE = re.compile(
    r"^\s*(\S*splib\S*|s07\S*)\s+Record\s*=\s*(\d+)\s*:\s*(.*?)\s*$", re.I
)
SPECTROMETERS = ("BECK", "ASDFR", "ASDHR", "ASDNG", "ASD", "NIC4", "AVIRIS")
CHAPTERS = {
    "M": "mineral", "S": "soil or mixture", "C": "coating", "L": "liquid",
    "O": "organic", "A": "artificial", "V": "vegetation",
}  # fmt: skip


def is_splib(head: bytes) -> bool:
    """Whether a file begins with a title of splib07."""
    return bool(TITLE.match(decode(head).partition("\n")[0]))


def read_splib(files: Mapping[str, bytes], tally: Tally) -> list[dict[str, Any]]:
    """
    Spectra of the text files of splib07, each on its spectrometer's wavelengths.

    Parameters
    ----------
    files : mapping of str to bytes
        Content by name (with folders), from a folder, a zip file, or a spectrum with
        the files of wavelengths beside it.
    tally : Tally
        Counts what is left out.
    """
    grids: dict[str, dict[int, np.ndarray]] = {"wavelength": {}, "fwhm": {}}
    spectra, errors = [], {}
    for name, title, values in _parsed(files, tally):
        lower = title.lower()
        kind = _grid_kind(f"{PurePosixPath(name).name} {lower}".lower())
        if kind:
            for key in _keys(name, title, values.size):
                grids[kind].setdefault(key, values)
        elif "errorbar" in name.lower() or lower.startswith("error"):
            errors[_plain(name)] = values
        else:
            spectra.append((name, title, values))
    found = []
    for name, title, values in spectra:
        parts = parse_usgs_name(title)
        instrument = (parts["instrument"] or "").upper()
        waves = _grid(grids["wavelength"], instrument, values.size)
        if waves is None:
            tally.add("no_grid")
            continue
        error = errors.pop(_plain(name), None)
        tally.add("error_bars", error is not None)
        given = {
            "wavelength": waves,
            "reflectance": values,
            "fwhm": _grid(grids["fwhm"], instrument, values.size),
            "uncertainty": error if np.size(error) == values.size else None,
        }
        unit = "um" if np.nanmax(waves) < 250 else "nm"
        told = _told(name, " ".join(title.split()), parts)
        found.append({**told, **clean_spectrum(given, tally, unit=unit)})
    tally.add("lone_errors", len(errors))
    return found


def _parsed(
    files: Mapping[str, bytes], tally: Tally
) -> Iterator[tuple[str, str, np.ndarray]]:
    for name, content in files.items():
        lines = decode(content).splitlines()
        title = TITLE.match(lines[0]) if lines else None
        rows = [numbers(line) for line in lines[1:] if line.strip()]
        if title is None or not rows or any(r is None or len(r) != 1 for r in rows):
            tally.add("skipped")
            continue
        values = np.array(rows)[:, 0]
        yield name, title.group(3), values


def _grid_kind(text: str) -> str | None:
    if "wavelength" in text or "wavenumber" in text:
        return None if "wavenumber" in text else "wavelength"
    return "fwhm" if "bandpass" in text or "resolution" in text else None


def _keys(name: str, title: str, size: int) -> list[tuple[str, int]]:
    text = f"{PurePosixPath(name).name} {title}".upper()
    found = [
        (code, size) for code in (*SPECTROMETERS, "BECKMAN", "NICOLET") if code in text
    ]
    return [*found, ("", size)]


def _grid(
    grids: Mapping[Any, np.ndarray], instrument: str, size: int
) -> np.ndarray | None:
    """Grid of the spectrometer named, or the one of that length."""
    for key in (instrument, instrument[:4], instrument[:3]):
        if key and (key, size) in grids:
            return grids[key, size]
    return grids.get(("", size))


def _plain(name: str) -> str:
    """File name without what marks it as error bars, to pair the two."""
    stem = PurePosixPath(name).name.lower().removesuffix(".txt")
    return re.sub(r"^error_?bars?_(for_)?", "", stem)


def _told(name: str, title: str, parts: dict[str, str | None]) -> dict[str, Any]:
    chapter = re.search(r"chapter_?([A-Z])_", name, re.IGNORECASE)
    kind = CHAPTERS.get(chapter[1].upper()) if chapter else None
    return {
        "spectrum_id": PurePosixPath(name).name.removesuffix(".txt"),
        "name": title,
        **parts,
        "description": f"chapter: {kind}" if kind else None,
        "source": "splib07",
    }
