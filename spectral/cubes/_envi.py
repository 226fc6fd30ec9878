"""ENVI files: data and header, found, checked, described."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from ._geotiff import waves_in_names
from ._header import is_header, items, number, numbers, read_header, whole_number
from ._mapinfo import read_map
from ._raw import RawCube
from ._source import SLAB, CubeSource, stamp_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

# type code of the header -> type of the values
TYPES = {
    1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4", 14: "i8", 15: "u8",
}  # fmt: skip
INTERLEAVES = ("bsq", "bil", "bip")
# axes of (band, y, x) in the order in which the file nests them
_AXES = {"bsq": (0, 1, 2), "bil": (1, 0, 2), "bip": (1, 2, 0)}
DATA_SUFFIXES = (
    "", ".img", ".dat", ".bin", ".raw", ".bsq", ".bil", ".bip", ".rfl", ".envi",
    ".cube",
)  # fmt: skip
_NEVER_DATA = {
    ".hdr", ".xml", ".txt", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".enp", ".sta",
    ".csv", ".json", ".md", ".ovr", ".prj", ".glt", ".igm", ".toml", ".pdf", ".kml",
}  # fmt: skip
_KEPT = {"description": "description", "sensor type": "sensor",
         "acquisition time": "acquired"}  # fmt: skip


@dataclass(frozen=True)
class EnviSource(CubeSource):
    """Flat binary values; a block is a view of the file until it is converted."""

    interleave: str = "bsq"
    start: int = 0

    def read(self, bands: slice, rows: slice, columns: slice) -> NDArray:
        """Stored values of a window, bands first."""
        every, lines, samples = self.sides
        whole = columns == slice(0, samples) and rows.step in (None, 1)
        if whole and self.interleave == "bsq":
            return self._lines(bands, rows)
        if whole and (bands == slice(0, every) or lines == 1):
            count = rows.stop - rows.start
            sides = tuple(np.take((every, count, samples), file_axes(self.interleave)))
            raw = np.empty(sides, self.stored)
            with Path(self.path).open("rb", buffering=0) as file:
                self._fill(file, raw, rows.start * every * samples)
            return bands_first(raw, self.interleave)[bands]
        # scattered values: a view of the file reads the pages they lie in
        sides = tuple(np.take(self.sides, file_axes(self.interleave)))
        view = np.memmap(self.path, self.stored, "r", self.start, shape=sides)
        return bands_first(np.asarray(view), self.interleave)[bands, rows, columns]

    def expect(self, bands: NDArray, rows: NDArray) -> None:
        """Let the system read ahead, in long pieces: bands of lines, or whole lines."""
        every, lines, samples = self.sides
        if not hasattr(os, "posix_fadvise") or len(rows) != np.ptp(rows) + 1:
            return
        first, count, width = int(rows.min()), len(rows), samples
        starts = (bands * lines + first) * samples
        if self.interleave != "bsq":
            if len(bands) < every:
                return
            starts, width = [first * every * samples], every * samples
        size = np.dtype(self.stored).itemsize
        with Path(self.path).open("rb", buffering=0) as file:
            for start in starts:
                os.posix_fadvise(
                    file.fileno(),
                    self.start + int(start) * size,
                    count * width * size,
                    os.POSIX_FADV_WILLNEED,
                )

    def slabs(self, bands: int, rows: int, columns: int) -> list[tuple[slice, slice]]:
        """Along the axis that the file nests outermost, so that reads are long."""
        if self.interleave == "bsq":
            step = max(1, SLAB // (rows * columns))
            return [(slice(i, i + step), slice(None)) for i in range(0, bands, step)]
        step = max(1, SLAB // (bands * columns))
        return [(slice(None), slice(i, i + step)) for i in range(0, rows, step)]

    def _lines(self, bands: slice, rows: slice) -> NDArray:
        """Whole lines of bands that lie one behind the other."""
        _, lines, samples = self.sides
        picked = range(bands.start, bands.stop, bands.step or 1)
        raw = np.empty((len(picked), rows.stop - rows.start, samples), self.stored)
        with Path(self.path).open("rb", buffering=0) as file:
            for part, band in zip(raw, picked, strict=True):
                self._fill(file, part, (band * lines + rows.start) * samples)
        return raw

    def _fill(self, file: BinaryIO, part: NDArray, first: int) -> None:
        """Read values from the `first` of the file on; reads may come in pieces."""
        file.seek(self.start + first * part.itemsize)
        rest = memoryview(part.reshape(-1).view("u1"))
        while rest:
            count = file.readinto(rest)
            if not count:
                raise ValueError(
                    f"{self.path} ends {len(rest):,} bytes too early: it was changed "
                    "while it was read"
                )
            rest = rest[count:]


def file_axes(interleave: str) -> tuple[int, int, int]:
    """Axes of (band, y, x) in the order in which the file nests them."""
    return _AXES[interleave]


def bands_first(view: NDArray, interleave: str) -> NDArray:
    """View of the file's array as (band, y, x)."""
    return view.transpose(np.argsort(file_axes(interleave)))


def sniff_envi(path: Path) -> bool:
    """Whether a path is an ENVI header, or data with one beside it."""
    return path.is_file() and (is_header(path) or find_header(path) is not None)


def open_envi(path: Path) -> RawCube:
    """
    What an ENVI file says.

    Raises
    ------
    ValueError
        If the header lacks what is needed or contradicts itself (all of it at once), or
        the data file is shorter than it says.
    FileNotFoundError
        If the data file is not beside the header.
    """
    header = path if is_header(path) else find_header(path)
    entries = read_header(header)
    _check_kind(entries, header.name)
    shape, layout = _layout(entries, header.name)
    stored, interleave, start, notes = layout
    needed = start + int(np.prod(shape)) * np.dtype(stored).itemsize
    data = path if path != header else find_data(header, needed)
    _check_size(data, needed, (shape, stored, start), notes)
    affine, crs, attrs = read_map(entries, notes, header.name)
    for key, name in _KEPT.items():
        if entries.get(key):
            attrs[name] = " ".join(entries[key].split())
    source = EnviSource(
        path=str(data),
        stamp=stamp_of(data),
        stored=stored,
        sides=shape,
        interleave=interleave,
        start=start,
    )
    raw = RawCube(
        source, data.stem, affine=affine, crs=crs, attrs=attrs, notes=notes,
        blocks=(0, 0 if interleave == "bil" else 1),
    )  # fmt: skip
    _describe_bands(raw, entries, shape[0])
    _describe_values(raw, entries, shape[0])
    return raw


def find_header(data: Path) -> Path | None:
    """Header beside a data file: x.hdr or x.img.hdr, in any case."""
    found = [other for other in _named_headers(data) if is_header(other)]
    # x.img.hdr belongs to x.img alone, x.hdr perhaps to x.dat
    return max(found, key=lambda other: len(other.name)) if found else None


def why_no_header(path: Path) -> str:
    """Why a header, or what is named as one beside data, is none; "" without one."""
    own = path.suffix.lower() == ".hdr"
    for header in [path] if own else _named_headers(path):
        try:
            with header.open("rb") as file:
                start = file.read(64)
        except OSError as error:
            return f"the header {header.name} cannot be read ({error.strerror})"
        if not start.strip():
            return f"the header {header.name} cannot be read: it is empty"
        shown = start.splitlines()[0][:24].decode("ascii", "replace")
        return (
            f"the header {header.name} cannot be read: it begins with {shown!r}, an "
            "ENVI header with 'ENVI'"
        )
    return ""


def _named_headers(data: Path) -> list[Path]:
    names = {f"{data.name}.hdr".lower(), f"{data.stem}.hdr".lower()}
    if not data.parent.is_dir() or data.suffix.lower() in _NEVER_DATA:
        return []
    beside = data.parent.iterdir()
    return [other for other in beside if other.name.lower() in names]


def find_data(header: Path, needed: int) -> Path:
    """Data file of a header: of its names the first that exists, else one that fits."""
    stem = header.with_suffix("")
    if stem.is_file():
        return stem
    beside = [
        other
        for other in header.parent.iterdir()
        if other.is_file()
        and other.stem.lower() == header.stem.lower()
        and other.suffix.lower() not in _NEVER_DATA
    ]
    known = {other.suffix.lower(): other for other in beside}
    for suffix in DATA_SUFFIXES:
        if suffix in known:
            return known[suffix]
    fit = [other for other in beside if other.stat().st_size >= needed]
    if len(fit) == 1:
        return fit[0]
    told = f"{[other.name for other in fit]} all fit" if fit else "none is beside it"
    raise FileNotFoundError(
        f"the data of {header.name} cannot be told: {told}. Give the data file itself, "
        f"or name it {stem.name}.img"
    )


def _check_kind(entries: dict[str, str], name: str) -> None:
    kind = entries.get("file type", "").lower()
    if "spectral library" in kind:
        raise ValueError(
            f"{name} is a spectral library, no image: read it with "
            "spectral.library.read_envi_library(path)"
        )
    if "classification" in kind:
        raise ValueError(
            f"{name} is a map of classes, no cube: open it with survey.open_grid(path)"
        )
    if entries.get("file compression", "0").strip() not in ("", "0"):
        raise ValueError(
            f"{name}: the data are compressed (file compression = "
            f"{entries['file compression']}). Unpack them and remove that line."
        )
    frames = [entries.get(f"{side} frame offsets", "") for side in ("major", "minor")]
    if any(
        value for text in frames if text for value in numbers(text, key="frame offsets")
    ):
        raise ValueError(
            f"{name}: the lines have frame offsets ({frames}), which are not read. "
            "Export the image without them."
        )


def _layout(
    entries: dict[str, str], name: str
) -> tuple[tuple[int, int, int], tuple[str, str, int, list[str]]]:
    problems, notes = [], []
    sides = {}
    for key in ("bands", "lines", "samples"):
        try:
            sides[key] = whole_number(entries, key)
            if sides[key] == 0:
                problems.append(f"'{key}' is 0: correct the header")
        except ValueError as error:
            problems.append(str(error))
    stored = _type(entries, problems, notes)
    interleave = entries.get("interleave", "").strip().strip("{}").lower()
    if interleave not in INTERLEAVES:
        told = f"is {interleave!r}" if interleave else "is missing"
        problems.append(f"'interleave' {told}: write one of {', '.join(INTERLEAVES)}")
    start = 0
    try:
        start = whole_number(entries, "header offset", 0)
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise ValueError(f"{name} cannot be read. " + "; ".join(problems))
    return tuple(sides.values()), (stored, interleave, start, notes)


def _type(entries: dict[str, str], problems: list[str], notes: list[str]) -> str:
    try:
        code = whole_number(entries, "data type")
        order = whole_number(entries, "byte order", 0)
    except ValueError as error:
        problems.append(str(error))
        return "u1"
    if code in (6, 9):
        problems.append("complex values are no spectra: export the real part")
    elif code not in TYPES:
        problems.append(f"'data type = {code}' is unknown: write one of {list(TYPES)}")
    if order not in (0, 1):
        problems.append(f"'byte order = {order}' is unknown: write 0 or 1")
    if "byte order" not in entries and code != 1:
        notes.append("the header states no byte order: little-endian was assumed")
    return f"{'<>'[order == 1]}{TYPES.get(code, 'u1')}"


def _check_size(data: Path, needed: int, layout: Any, notes: list[str]) -> None:  # noqa: ANN401
    size = data.stat().st_size
    (bands, lines, samples), stored, start = layout
    if size < needed:
        raise ValueError(
            f"{data.name} is cut short: {size:,} bytes, but {start:,} + {bands} bands "
            f"× {lines} lines × {samples} samples × {np.dtype(stored).itemsize} bytes "
            f"= {needed:,} are needed ({needed - size:,} missing). Fetch the file "
            "again, or correct the header."
        )
    if size > needed:
        notes.append(f"{size - needed:,} bytes after the last value were not read")


def _describe_bands(raw: RawCube, entries: dict[str, str], bands: int) -> None:
    for key in ("wavelength", "fwhm"):
        if entries.get(key):
            setattr(raw, key, numbers(entries[key], key=key))
    raw.wavelength_units = entries.get("wavelength units", "").strip("{} ")
    if entries.get("bbl"):
        raw.good = numbers(entries["bbl"], key="bbl")
    names = items(entries.get("band names", ""))
    if len(names) == bands:
        raw.band = names
        if raw.wavelength is None:
            raw.wavelength, raw.wavelength_units = waves_in_names(names)
    elif names:
        raw.notes.append(
            f"{len(names)} band names for {bands} bands: the names were left out"
        )


def _describe_values(raw: RawCube, entries: dict[str, str], bands: int) -> None:
    ignored = entries.get("data ignore value", "").strip()
    if ignored:
        raw.codes = (number(ignored, key="data ignore value"),)
    if entries.get("reflectance scale factor", "").strip():
        key = "reflectance scale factor"
        raw.divisor = number(entries[key], key=key)
    for prefix, quantity in (("data reflectance", "reflectance"), ("data", None)):
        gain = _by_band(entries, f"{prefix} gain values", bands, 1.0)
        offset = _by_band(entries, f"{prefix} offset values", bands, 0.0)
        if any(value != 1 for value in gain) or any(offset):
            raw.gain, raw.offset = gain, offset
            raw.quantity = quantity
            break
    stated = entries.get("quantity") or entries.get("data units", "")
    text = f"{stated} {entries.get('description', '')}".lower()
    raw.quantity = raw.quantity or next(
        (word for word in ("radiance", "reflectance", "emissivity") if word in text),
        None,
    )


def _by_band(
    entries: dict[str, str], key: str, bands: int, default: float
) -> list[float]:
    if not entries.get(key):
        return [default] * bands
    values = numbers(entries[key], key=key)
    if len(values) != bands:
        raise ValueError(
            f"'{key}' has {len(values)} items for {bands} bands: correct the header"
        )
    return values
