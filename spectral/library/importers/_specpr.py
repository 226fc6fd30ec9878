"""SPECPR: records of 1536 bytes; texts, spectra and the wavelengths they point to."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._clean import FILL, clean_spectrum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._clean import Tally

RECORD = 1536
MAGIC = b"SPECPR"
FIRST, MORE = 256, 383  # values in a first record and in one that goes on
GOES_ON, TEXT, ERRORS = 1, 2, 4  # bits of the flag


class _Entry(NamedTuple):
    record: int
    title: str
    wavelengths: int  # record of its wavelengths
    values: np.ndarray
    errors: bool
    history: str


def is_specpr(head: bytes) -> bool:
    """Whether a file begins with SPECPR's label."""
    return head.startswith(MAGIC)


def read_specpr(
    content: bytes, name: str, tally: Tally, _: dict[str, Any]
) -> list[dict[str, Any]]:
    """Spectra of a file, with the error bars that follow them."""
    if len(content) % RECORD:
        raise ValueError(
            f"{name} has {len(content)} bytes, not a multiple of {RECORD}: it is cut "
            "or was changed by a text transfer. Get it anew, in binary mode."
        )
    entries = list(_entries(content, name))
    by_record = {entry.record: entry for entry in entries}
    grids = {entry.wavelengths for entry in entries if entry.wavelengths}
    found: list[dict[str, Any]] = []
    for entry in entries:
        if entry.record in grids or _is_grid(entry.title):
            continue
        if entry.errors or entry.title.lower().startswith("error"):
            _give_errors(found, entry, tally)
            continue
        grid = by_record.get(entry.wavelengths)
        if grid is None or grid.values.size != entry.values.size:
            tally.add("no_grid")
            continue
        found.append(_told(entry, grid, name))
    return [_cleaned(spectrum, tally) for spectrum in found]


def _entries(content: bytes, name: str) -> Iterator[_Entry]:
    record, count = 1, len(content) // RECORD
    while record < count:
        at = record * RECORD
        (flag,) = struct.unpack_from(">i", content, at)
        if flag & TEXT or flag & GOES_ON:
            record += 1
            continue
        title = _words(content[at + 4 : at + 44])
        (channels,) = struct.unpack_from(">i", content, at + 80)
        (pointer,) = struct.unpack_from(">i", content, at + 100)
        further = max(0, -(-(channels - FIRST) // MORE))
        if channels < 1 or record + further >= count:
            raise ValueError(
                f"{name}, record {record} ('{title}') announces {channels} channels, "
                "more than the file holds: it is cut. Get it anew."
            )
        parts = [np.frombuffer(content, ">f4", FIRST, at + 512)]
        parts += [
            np.frombuffer(content, ">f4", MORE, at + i * RECORD + 4)
            for i in range(1, further + 1)
        ]
        values = np.concatenate(parts)[:channels].astype("float64")
        history = _words(content[at + 116 : at + 176])
        yield _Entry(record, title, pointer, values, bool(flag & ERRORS), history)
        record += 1 + further


def _words(content: bytes) -> str:
    return " ".join(content.decode("latin-1").replace("\0", " ").split())


def _is_grid(title: str) -> bool:
    return bool(re.search(r"wavelength|resolution|bandpass|microns", title, re.I))


def _told(entry: _Entry, grid: _Entry, name: str) -> dict[str, Any]:
    stem = name.rsplit(".", 1)[0]
    return {
        "spectrum_id": f"{stem} {entry.record}",
        "name": entry.title or f"record {entry.record}",
        "sample_id": entry.title or None,
        "description": entry.history or None,
        "source": stem,
        "wavelength": grid.values,
        "reflectance": entry.values,
        "uncertainty": None,
    }


def _give_errors(found: list[dict[str, Any]], entry: _Entry, tally: Tally) -> None:
    """Error bars stand behind their spectrum."""
    if found and found[-1]["reflectance"].size == entry.values.size:
        found[-1]["uncertainty"] = entry.values
        tally.add("error_bars")
    else:
        tally.add("lone_errors")


def _cleaned(spectrum: dict[str, Any], tally: Tally) -> dict[str, Any]:
    waves = spectrum["wavelength"]
    longest = float(np.max(waves[np.abs(waves) < FILL], initial=0.0))
    unit = "um" if longest < 250 else "nm"
    return {**spectrum, **clean_spectrum(spectrum, tally, unit=unit)}
