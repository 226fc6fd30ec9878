"""ENVI spectral libraries, with what the USGS puts into them besides spectra."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from ..cubes._header import is_header, items, number, numbers, read_header, whole_number
from ._order import Order, order_channels
from ._schema import check_records
from ._usgs import parse_usgs_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

TYPES = {1: "u1", 2: "i2", 3: "i4", 4: "f4", 5: "f8", 12: "u2", 13: "u4"}
TO_NM = {
    "nanometers": 1.0,
    "nm": 1.0,
    "nanometres": 1.0,
    "micrometers": 1000.0,
    "micrometres": 1000.0,
    "microns": 1000.0,
    "um": 1000.0,
    "µm": 1000.0,
}
ABSURD = 1e6  # fill values mixed with data by a convolution are far above this
_ERROR = re.compile(r"\s*error\s+bars?\b|\s*errors?\s+(to|of|for)\b", re.I)
_WAVES = re.compile(
    r"\s*wavelengths?\b.*\b(microns?|micrometers?|um|nm|nano\w+)\b", re.I
)
_WIDTHS = re.compile(
    r"\s*(resolution|bandpass|fwhm)\b.*\b(microns?|um|nm|nano\w+)\b", re.I
)


class _Kinds(NamedTuple):
    """Which records are spectra, error bars (by their spectrum), or grids."""

    spectra: list[int]
    errors: dict[int, int]
    unmatched: list[int]
    waves: list[int]
    widths: list[int]


def read_envi_library(path: str | Path) -> pd.DataFrame:
    """
    Records of an ENVI spectral library (.sli with its .hdr).

    What the USGS keeps between the spectra goes where it belongs, and is counted in
    ``attrs["notes"]``: a record named "error bars …" is the ``uncertainty`` of the
    record right before it, if that is a spectrum (the rule the file states: "error
    bars to preceding"; others are left out and counted); records named "Wavelengths
    in …" and "Resolution in …" are the grid, wanted only where the header lacks it,
    else checked against it; the header's ignore value (-1.23e34), and what a
    convolution has made of it (beyond 1e6), are NaN; an uncertainty below zero is NaN.
    Channels are put in order of wavelength; where detectors overlap, each is kept up to
    the middle of the overlap (`spectral.open_cube` marks the same bands bad); of
    channels at exactly one wavelength the first stays.

    Parameters
    ----------
    path : path
        The .sli or its header.

    Returns
    -------
    DataFrame
        As `check_records` wants them. ``spectrum_id`` is the name with its padding
        removed and underscores for blanks; equal ones are numbered. USGS names such as
        "Albite HS66.3B Plagioclase    BECKc AREF" give ``mineral`` (None unless the
        taxonomy has it), ``sample_id`` (replicates of one sample share it),
        ``instrument``, ``purity`` and ``measurement``. ``attrs["provenance"]`` names
        the file, its sha256 and its date.

    Raises
    ------
    FileNotFoundError
        If one of the two files is not there.
    ValueError
        If the header is none of a library, lacks wavelengths or their unit, or the size
        of the file does not fit; if values are no reflectance (`RecordProblems`).

    References
    ----------
    Kokaly, R. F. et al. (2017). USGS Spectral Library Version 7. USGS Data Series 1035.
    https://doi.org/10.3133/ds1035

    Examples
    --------
    >>> import tempfile
    >>> data = Path(tempfile.mkdtemp()) / "two.sli"
    >>> np.array([[0.5, 0.4, 0.5], [0.3, -1.23e34, 0.3]], "float32").tofile(data)
    >>> _ = data.with_suffix(".hdr").write_text('''ENVI
    ... samples = 3
    ... lines = 2
    ... bands = 1
    ... data type = 4
    ... file type = ENVI Spectral Library
    ... byte order = 0
    ... wavelength units = Micrometers
    ... wavelength = {2.16, 2.20, 2.24}
    ... spectra names = {Kaolinite CM9, Muscovite GDS113}
    ... ''')
    >>> records = read_envi_library(data)
    >>> print(records["mineral"].tolist(), records.loc[1, "reflectance"])
    ['kaolinite', 'muscovite'] [0.3 nan 0.3]
    """
    data, header = _pair(Path(path))
    entries = read_header(header)
    values, names = _values(data, entries)
    kinds = _kinds(names)
    waves, fwhm, notes = _grid(entries, values, kinds, data.name)
    values, told = _cleaned(values, entries, kinds)
    notes += told
    order = order_channels(waves)
    notes += _told_order(order)
    waves, fwhm = waves[order.take], None if fwhm is None else fwhm[order.take]
    records = _records(names, values[:, order.take], kinds, waves, fwhm)
    empty = [np.isnan(row).all() for row in records["reflectance"]]
    if any(empty):
        notes.append(f"{sum(empty)} spectra without a single value were left out")
        records = records[~np.array(empty)].reset_index(drop=True)
    records["source"] = data.stem
    records.attrs = {"notes": notes, "provenance": _provenance(data)}
    check_records(records)
    return records


def _pair(path: Path) -> tuple[Path, Path]:
    """Data and header, from either."""
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there")
    if path.suffix.lower() == ".hdr":
        near = [
            path.with_suffix(""),
            *(path.with_suffix(s) for s in (".sli", ".SLI", ".lib")),
        ]
        data, header = next((p for p in near if p.is_file()), None), path
    else:
        near = [path.with_suffix(".hdr"), path.with_name(f"{path.name}.hdr")]
        near.append(path.with_suffix(".HDR"))
        data, header = path, next((p for p in near if p.is_file()), None)
    if data is None or header is None:
        told = ", ".join(p.name for p in near)
        raise FileNotFoundError(
            f"{path.name} has no companion beside it (looked for {told}). An ENVI "
            "library is two files: put both into one folder."
        )
    if not is_header(header):
        raise ValueError(f"{header.name} is no ENVI header: it must begin with 'ENVI'")
    return data, header


def _values(data: Path, entries: dict[str, str]) -> tuple[NDArray, list[str]]:
    kind = entries.get("file type", "")
    if "librar" not in kind.lower():
        raise ValueError(
            f"{data.name} is '{kind or 'of no stated type'}', no ENVI Spectral "
            "Library. Open images with spectral.open_cube(path)."
        )
    channels, count = (whole_number(entries, key) for key in ("samples", "lines"))
    code = whole_number(entries, "data type")
    if code not in TYPES:
        raise ValueError(f"{data.name}: data type {code} is no real number")
    order = ">" if whole_number(entries, "byte order", 0) == 1 else "<"
    dtype = np.dtype(order + TYPES[code])
    offset = whole_number(entries, "header offset", 0)
    wanted, size = offset + channels * count * dtype.itemsize, data.stat().st_size
    if size < wanted:
        raise ValueError(
            f"{data.name} has {size} bytes, its header states {count} spectra of "
            f"{channels} channels, {wanted} bytes: the file is cut off. Copy it again."
        )
    raw = np.fromfile(data, dtype, count=channels * count, offset=offset)
    values = raw.reshape(count, channels).astype("f8" if code == 5 else "f4")
    names = [" ".join(name.split()) for name in items(entries.get("spectra names", ""))]
    if names and len(names) != count:
        raise ValueError(
            f"{data.name}: {len(names)} spectra names for {count} spectra. A comma "
            "within a name splits it: correct 'spectra names' in the header."
        )
    return values, names or [f"spectrum {i}" for i in range(1, count + 1)]


def _kinds(names: list[str]) -> _Kinds:
    kinds = _Kinds([], {}, [], [], [])
    for row, name in enumerate(names):
        if _ERROR.match(name):
            if kinds.spectra and kinds.spectra[-1] == row - 1:
                kinds.errors[row - 1] = row
            else:
                kinds.unmatched.append(row)
        elif _WAVES.match(name):
            kinds.waves.append(row)
        elif _WIDTHS.match(name):
            kinds.widths.append(row)
        else:
            kinds.spectra.append(row)
    return kinds


def _grid(
    entries: dict[str, str], values: NDArray, kinds: _Kinds, name: str
) -> tuple[NDArray, NDArray | None, list[str]]:
    """Wavelengths and widths in nm as they stand in the file."""
    channels, notes = values.shape[1], []
    stated = {
        key: np.array(numbers(entries[key], key=key))
        for key in ("wavelength", "fwhm")
        if entries.get(key)
    }
    for key, rows in (("wavelength", kinds.waves), ("fwhm", kinds.widths)):
        if key in stated and stated[key].size != channels:
            raise ValueError(
                f"{name}: {stated[key].size} values of '{key}' for {channels} "
                "channels: correct the header"
            )
        differ = [
            r for r in rows if key in stated and not _close(values[r], stated[key])
        ]
        if rows and key not in stated:
            stated[key] = values[rows[0]].astype(float)
            notes.append(f"{key} was taken from record {rows[0] + 1}")
        if rows:
            notes.append(f"{len(rows)} record(s) of {key} are the grid, not a spectrum")
        if differ:
            notes.append(
                f"{len(differ)} of them differ from the header, which was taken"
            )
    if "wavelength" not in stated:
        raise ValueError(
            f"{name} states no wavelengths. Add 'wavelength = {{…}}' and 'wavelength "
            "units' to its header."
        )
    factor, told = _factor(entries.get("wavelength units", ""), stated["wavelength"])
    waves = _round(stated["wavelength"] * factor)
    fwhm = _round(stated["fwhm"] * factor) if "fwhm" in stated else None
    if fwhm is not None and not (fwhm > 0).all():
        notes.append(f"fwhm was left out: {(~(fwhm > 0)).sum()} are not above zero")
        fwhm = None
    return waves, fwhm, notes + told


def _factor(units: str, waves: NDArray) -> tuple[float, list[str]]:
    known = units.strip().lower()
    if known in TO_NM:
        return TO_NM[known], []
    if known in {"", "unknown", "index"} and waves.min() > 0:
        factor = 1000.0 if waves.max() < 100 else 1.0
        unit = "micrometres" if factor > 1 else "nm"
        return factor, [f"the wavelengths have no unit; {unit} by their size"]
    raise ValueError(
        f"wavelength units '{units}' are not known. Write Nanometers or Micrometers "
        "into the header."
    )


def _cleaned(
    values: NDArray, entries: dict[str, str], kinds: _Kinds
) -> tuple[NDArray, list[str]]:
    values, notes = values.copy(), []
    values[kinds.waves + kinds.widths] = 0
    if entries.get("data ignore value"):
        fill = number(entries["data ignore value"], key="data ignore value")
        gone = np.isclose(values, fill, rtol=1e-5, atol=0)
        values[gone] = np.nan
        if gone.any():
            told = f"{gone.sum()} values of {fill:.4g} in {gone.any(1).sum()} records"
            notes.append(f"{told} are missing (NaN)")
    with np.errstate(invalid="ignore"):
        mixed = np.abs(values) > ABSURD
    if mixed.any():
        told = f"{mixed.sum()} values beyond 1e6 in {mixed.any(1).sum()} records"
        notes.append(f"{told}, fill values mixed in by resampling, are missing (NaN)")
        values[mixed] = np.nan
    if entries.get("reflectance scale factor"):
        scale = number(
            entries["reflectance scale factor"], key="reflectance scale factor"
        )
        if scale > 0 and scale != 1:
            values /= scale
            notes.append(f"values were divided by {scale:g}, the stated scale")
    rows = list(kinds.errors.values())
    with np.errstate(invalid="ignore"):
        below = values[rows] < 0
    values[rows] = np.where(below, np.nan, values[rows])
    if rows:
        notes.append(f"{len(rows)} records of error bars became uncertainty")
    if below.any():
        told = f"{below.sum()} uncertainties below zero in {below.any(1).sum()} spectra"
        notes.append(f"{told} are missing (NaN)")
    if kinds.unmatched:
        rows = ", ".join(str(row + 1) for row in kinds.unmatched[:10])
        told = f"{len(kinds.unmatched)} records of error bars follow no spectrum"
        notes.append(f"{told} and were left out (record {rows})")
    return values, notes


def _told_order(order: Order) -> list[str]:
    """What was done to bring the channels into order."""
    notes = []
    if order.turned:
        notes.append("the channels stood from long to short and were turned round")
    if order.sorted:
        notes.append(
            f"the channels step back in {order.sorted} place(s): they were sorted"
        )
    if order.overlap:
        told = ", ".join(f"{low:g}-{high:g} nm" for low, high in order.ranges)
        notes.append(
            f"{order.overlap} channels measured twice by overlapping detectors "
            f"({told}) were left out: each detector is kept up to the middle"
        )
    if order.equal:
        notes.append(
            f"{order.equal} channels at the wavelength of another were left out"
        )
    return notes


def _records(
    names: list[str],
    values: NDArray,
    kinds: _Kinds,
    waves: NDArray,
    fwhm: NDArray | None,
) -> pd.DataFrame:
    rows, taken = [], {}
    for row in kinds.spectra:
        identity = names[row].replace(" ", "_") or f"spectrum_{row + 1}"
        taken[identity] = taken.get(identity, 0) + 1
        number_ = f"_{taken[identity]}" if taken[identity] > 1 else ""
        error = values[kinds.errors[row]] if row in kinds.errors else None
        if error is not None and np.isnan(error).all():
            error = None
        rows.append(
            {
                "spectrum_id": identity + number_,
                "name": names[row] or identity,
                "wavelength": waves,
                "reflectance": values[row],
                "fwhm": fwhm,
                "uncertainty": error,
                **parse_usgs_name(names[row]),
            }
        )
    return pd.DataFrame(rows)


def _provenance(data: Path) -> dict[str, Any]:
    with data.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    when = datetime.fromtimestamp(data.stat().st_mtime, UTC)
    return {
        "file": data.name,
        "sha256": digest,
        "format": "ENVI spectral library",
        "date": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _close(values: NDArray, stated: NDArray) -> bool:
    return bool(np.allclose(values, stated, rtol=1e-4))


def _round(waves: NDArray) -> NDArray:
    """Micrometres times 1000 without the dust of binary numbers."""
    return np.round(waves, 6)
