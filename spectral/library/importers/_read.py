"""Spectra of any known format: one call, dispatched on what the file holds."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ._asd import is_asd, read_asd
from ._clean import Tally, to_records
from ._ecostress import is_ecostress, read_ecostress
from ._field import is_sed, is_sig, read_sed, read_sig
from ._relab import is_relab, read_relab
from ._specpr import is_specpr, read_specpr
from ._splib import is_splib, read_splib
from ._tables import is_table, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

HEAD = 65_536  # bytes looked at to tell a format
LARGEST = 1 << 28  # bytes of one file inside an archive
FORMATS = {
    "specpr": (is_specpr, read_specpr),
    "asd": (is_asd, read_asd),
    "svc": (is_sig, read_sig),
    "sed": (is_sed, read_sed),
    "ecostress": (is_ecostress, read_ecostress),
    "relab": (is_relab, read_relab),
    "csv": (is_table, read_table),
}


def read_spectra(
    path: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the word of the field
    unit: str | None = None,
    scale: float | None = None,
) -> pd.DataFrame:
    r"""
    Spectra of a file, a folder or a zip archive, as records.

    Parameters
    ----------
    path : path
        A file of a known format; a folder or a ``.zip`` with many, of one format or
        several. Text files of splib07 find their wavelengths, bandpass and error bars
        among the files beside them.
    format : str, optional
        "envi" (.sli), "splib07" (text), "specpr", "ecostress" (and ASTER), "relab",
        "asd" (binary), "svc" (.sig), "sed" (Spectral Evolution), "csv" (EcoSIS, TSG
        and HyLogger exports, plain tables with a spectrum a row or a column). Told
        from the content where it is not given.
    unit : {"nm", "um"}, optional
        Of wavelengths in tables that do not state it.
    scale : float, optional
        Divisor that makes reflectance 0 to 1 in tables: 100 for percent, 10000.

    Returns
    -------
    DataFrame
        Records as `check_records` describes them: one spectrum a row, wavelengths in
        nm, ascending, reflectance 0 to 1, NaN where missing. ``attrs["notes"]`` says,
        with counts, what was cleaned, dropped or guessed; ``attrs["provenance"]`` has
        file, sha256 and format.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If no format fits, a file is cut, or values are no reflectance (see
        `check_records`): with file, row and remedy.

    References
    ----------
    Kokaly, R.F. et al. (2017). USGS Spectral Library Version 7. USGS Data Series 1035.
    Clark, R.N. (1993). SPECtrum Processing Routines user's manual. USGS Open-File
    Report 93-595. ASD Inc. (2012). Indico version 8 file format.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "field.csv"
    >>> _ = file.write_text("name,2150,2200,2250,2300\nkaolin 1,0.5,0.4,0.5,0.5\n")
    >>> records = read_spectra(file)
    >>> print(records.loc[0, "name"], records.loc[0, "wavelength"])
    kaolin 1 [2150. 2200. 2250. 2300.]
    >>> print(records.attrs["notes"][0])
    1 spectra state no unit of wavelength: read as nm, from their range
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}")
    if format == "envi" or (format is None and _is_envi(path)):
        from .._sli import read_envi_library

        return read_envi_library(path)
    _check_choice(format)
    tally = Tally()
    options = {"unit": unit, "scale": scale}
    spectra, formats, digest = _read_all(path, format, tally, options)
    if not spectra:
        raise ValueError(
            f"{path} holds no spectra of a known format. Known: envi, splib07, "
            f"{', '.join(FORMATS)}; text files of splib07 need the files of "
            "wavelengths beside them."
        )
    provenance = {"file": path.name, "sha256": digest, "format": formats}
    records = to_records(spectra, tally, provenance)
    from .._schema import check_records

    check_records(records)
    return records


def _read_all(
    path: Path, wanted: str | None, tally: Tally, options: dict[str, Any]
) -> tuple[list[dict[str, Any]], str, str]:
    digest, formats = hashlib.sha256(), []
    spectra: list[dict[str, Any]] = []
    splib: dict[str, bytes] = {}
    single = path.is_file() and path.suffix.lower() != ".zip"
    for name, content in _files(path):
        digest.update(content)
        kind = wanted or _kind(content[:HEAD])
        if kind == "splib07":
            splib[name] = content
            continue
        if kind is None:
            tally.add("skipped")
            continue
        formats.append(kind)
        spectra += FORMATS[kind][1](content, PurePosixPath(name).name, tally, options)
    if splib:
        formats.append("splib07")
        if single:
            splib |= _beside(path)
        found = read_splib(splib, tally)
        only = path.name.removesuffix(".txt")
        spectra += [s for s in found if not single or s["spectrum_id"] == only]
    return spectra, ", ".join(dict.fromkeys(formats)), digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file, in the order of their names."""
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            yield file.relative_to(path).as_posix(), file.read_bytes()
    elif path.suffix.lower() == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                for entry in sorted(archive.infolist(), key=lambda e: e.filename):
                    if entry.is_dir():
                        continue
                    if entry.file_size > LARGEST:
                        raise ValueError(
                            f"{path}: {entry.filename} is larger than "
                            f"{LARGEST >> 20} MiB: no file of spectra. Unpack it first."
                        )
                    yield entry.filename, archive.read(entry)
        except zipfile.BadZipFile as error:
            raise ValueError(f"{path} is no whole zip archive: get it anew.") from error
    else:
        yield path.name, path.read_bytes()


def _beside(path: Path) -> dict[str, bytes]:
    """Files of wavelengths, bandpass and error bars in the folders above a spectrum."""
    found = {}
    for folder in (path.parent, path.parent.parent):
        for pattern in ("*avelength*.txt", "*andpass*.txt", "*errorbar*.txt"):
            found |= {p.name: p.read_bytes() for p in sorted(folder.glob(pattern))}
    bars = (path.parent / "errorbars").glob(f"*{path.stem}*.txt")
    return found | {f"errorbars/{p.name}": p.read_bytes() for p in bars}


def _kind(head: bytes) -> str | None:
    if is_splib(head):
        return "splib07"
    if b"\0" in head[:2000] and not (is_specpr(head) or is_asd(head)):
        return None
    return next((name for name, (fits, _) in FORMATS.items() if fits(head)), None)


def _is_envi(path: Path) -> bool:
    if path.suffix.lower() == ".sli":
        return True
    return path.suffix.lower() == ".hdr" and path.read_bytes()[:4] == b"ENVI"


def _check_choice(wanted: str | None) -> None:
    known = ["envi", "splib07", *FORMATS]
    if wanted is not None and wanted not in known:
        raise ValueError(f"format must be one of {known}. Got {wanted!r} instead.")
