"""Spectra of any known format: one call, dispatched on what the file holds."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from .._schema import check_records
from ._asd import is_asd, read_asd
from ._clean import Tally, to_records
from ._ecostress import is_ecostress, read_ecostress
from ._field import is_sed, is_sig, read_sed, read_sig
from ._relab import is_relab, read_relab
from ._specpr import is_specpr, read_specpr
from ._splib import is_splib, read_splib
from ._tables import is_table, read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

HEAD = 65_536  # bytes looked at to tell a format
LARGEST = 1 << 28  # bytes of one file of a folder or an archive
DOCUMENTS = {".md", ".json", ".html", ".htm", ".xml", ".pdf", ".py", ".toml"}
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
        several, where what is no spectrum is passed over and counted. Text files of
        splib07 find their wavelengths, bandpass and error bars among the files beside
        them.
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
        file, sha256 (of a folder or archive that of the files read), format
        and date (of the file, or the newest one).

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
    if path.is_file() and not path.stat().st_size:
        raise ValueError(f"{path} is empty: fetch or export it again")
    tally = Tally()
    options = {"unit": unit, "scale": scale}
    spectra, formats, digest = _read_all(path, format, tally, options)
    if not spectra:
        raise ValueError(
            f"{path} holds no spectra of a known format. Known: envi, splib07, "
            f"{', '.join(FORMATS)}; text files of splib07 need the files of "
            "wavelengths beside them, tables a header with 4 wavelengths at least."
        )
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    when = datetime.fromtimestamp(max(p.stat().st_mtime for p in files), UTC)
    provenance = {
        "file": path.name,
        "sha256": digest,
        "format": formats,
        "date": when.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    named = path.name if path.is_dir() else path.stem
    spectra = [s | {"source": s.get("source") or named} for s in spectra]
    records = to_records(spectra, tally, provenance)
    check_records(records)
    return records


def _read_all(
    path: Path, wanted: str | None, tally: Tally, options: dict[str, Any]
) -> tuple[list[dict[str, Any]], str, str]:
    digest, formats = hashlib.sha256(), []
    spectra: list[dict[str, Any]] = []
    splib: dict[str, bytes] = {}
    single = path.is_file() and path.suffix.lower() != ".zip"
    files = dict(_files(path))
    pairs = {} if single else _envi_pairs(files)
    for name, file in files.items():
        if name in pairs.values():
            continue  # read with its header
        kind = "envi" if name in pairs else wanted or _kind(name, file.head())
        if kind is None:
            tally.add("skipped")
            continue
        content = file.whole()
        digest.update(content)
        if kind == "splib07":
            splib[name] = content
            continue
        formats.append(kind)
        if kind == "envi":
            data = files[pairs[name]].whole()
            digest.update(data)
            spectra += _envi_spectra({name: content, pairs[name]: data}, tally)
            continue
        spectra += FORMATS[kind][1](content, PurePosixPath(name).name, tally, options)
    if splib:
        formats.append("splib07")
        if single:
            splib |= _beside(path)
        found = read_splib(splib, tally)
        only = path.name.removesuffix(".txt")
        spectra += [s for s in found if not single or s["spectrum_id"] == only]
    return spectra, ", ".join(dict.fromkeys(formats)), digest.hexdigest()


class _File(NamedTuple):
    """A file of a folder or an archive, read when it is known to be wanted."""

    open: Callable[[], IO[bytes]]
    size: int
    where: str

    def head(self) -> bytes:
        """What tells the format."""
        with self.open() as stream:
            return stream.read(HEAD)

    def whole(self) -> bytes:
        """All of it, if it is not far larger than files of spectra are."""
        if self.size > LARGEST:
            raise ValueError(
                f"{self.where} is larger than {LARGEST >> 20} MiB: no file of spectra. "
                "Split it, or take it out of the folder or archive."
            )
        with self.open() as stream:
            return stream.read()


def _files(path: Path) -> Iterator[tuple[str, _File]]:
    """Name and file of each, in the order of their names."""
    if path.is_dir():
        for file in sorted(p for p in path.rglob("*") if p.is_file()):
            name = file.relative_to(path).as_posix()
            yield name, _File(partial(file.open, "rb"), file.stat().st_size, str(file))
    elif path.suffix.lower() == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                entries = sorted(archive.infolist(), key=lambda e: e.filename)
        except zipfile.BadZipFile as error:
            raise ValueError(f"{path} is no whole zip archive: get it anew.") from error
        for entry in entries:
            if not entry.is_dir():
                where = f"{path}: {entry.filename}"
                opened = partial(_unzipped, path, entry.filename)
                yield entry.filename, _File(opened, entry.file_size, where)
    else:
        size = path.stat().st_size
        yield path.name, _File(partial(path.open, "rb"), size, str(path))


def _unzipped(path: Path, name: str) -> IO[bytes]:
    with zipfile.ZipFile(path) as archive:
        return archive.open(name)


def _envi_pairs(files: dict[str, _File]) -> dict[str, str]:
    """Data of each header of an ENVI spectral library, by the header's name."""
    found = {}
    for name in files:
        if not name.lower().endswith(".hdr"):
            continue
        head = files[name].head()
        if head[:4] != b"ENVI" or b"spectral library" not in head.lower():
            continue
        stem = name[:-4]
        near = (stem, *(f"{stem}{end}" for end in (".sli", ".SLI", ".lib")))
        data = next((other for other in near if other in files), None)
        if data is not None:
            found[name] = data
    return found


def _envi_spectra(pair: dict[str, bytes], tally: Tally) -> list[dict[str, Any]]:
    """Spectra of a header and its data, wherever they were."""
    from .._sli import read_envi_library

    with tempfile.TemporaryDirectory() as folder:
        for name, content in pair.items():
            file = Path(folder) / PurePosixPath(name).name
            file.write_bytes(content)
            if name.lower().endswith(".hdr"):
                header = file
        records = read_envi_library(header)
    tally.told += [f"{header.name}: {note}" for note in records.attrs["notes"]]
    return records.astype(object).where(records.notna(), None).to_dict("records")


def _beside(path: Path) -> dict[str, bytes]:
    """Files of wavelengths, bandpass and error bars in the folders above a spectrum."""
    found = {}
    for folder in (path.parent, path.parent.parent):
        for pattern in ("*avelength*.txt", "*andpass*.txt", "*errorbar*.txt"):
            found |= {p.name: p.read_bytes() for p in sorted(folder.glob(pattern))}
    bars = (path.parent / "errorbars").glob(f"*{path.stem}*.txt")
    return found | {f"errorbars/{p.name}": p.read_bytes() for p in bars}


def _kind(name: str, head: bytes) -> str | None:
    if head[:4] == b"ENVI" or PurePosixPath(name).suffix.lower() in DOCUMENTS:
        return None
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
