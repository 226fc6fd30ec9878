"""Measured response curves of sensors, from the files they are handed out in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from ._weights import centre_and_width

MICROMETRES_BELOW = 100.0  # no sensor of reflectance or heat has bands at 100 nm
SUFFIXES = {".csv", ".txt", ".tsv", ".dat", ".rsr", ".srf", ""}
SHEETS = {".xlsx", ".xlsm"}
WAVELENGTH = re.compile(r"wave|lambda|^wl$|sr_wl|^nm$|波长", re.IGNORECASE)
SPREAD = re.compile(r"std|deviation|uncert|error", re.IGNORECASE)
BAND = re.compile(r"(?:band|b)[\s_-]*0*(\d+\w{0,2})$", re.IGNORECASE)
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


class Curve(NamedTuple):
    """Response of one band, where it comes from, and its unit as far as stated."""

    band: str
    wavelength: np.ndarray
    response: np.ndarray
    source: str
    unit: str | None


def read_responses(path: str | Path) -> xr.DataArray:
    r"""
    Response curves of a sensor's bands.

    Parameters
    ----------
    path : str or Path
        A file of one band (two columns, wavelength and response, under any header), a
        table with one column a band (CSV, other text, or the sheets of an Excel file),
        or a folder of files.

    Returns
    -------
    DataArray, dims ("band", "wavelength")
        Responses as in the files, negative ones set to zero; NaN where a band was not
        measured. All bands stand on the union of their wavelengths (nm), on the
        straight lines between their own points, so nothing is lost. Coordinates along
        band: ``centre`` (of gravity) and ``width`` (full, at half of the maximum), nm.
        ``attrs["notes"]`` tell units inferred, rows turned round and values replaced,
        with counts.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ValueError
        If nothing in it can be read as a curve, a wavelength stands twice, or the unit
        stated contradicts the values.

    See Also
    --------
    resample : Spectra as the sensor would see them.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> file = folder / "responses.csv"
    >>> _ = file.write_text("wavelength,B1,B2\n0.50,0,0\n0.51,1,0\n0.52,0,1\n")
    >>> found = read_responses(file)
    >>> print(found["band"].values, found["centre"].values)
    ['B1' 'B2'] [510. 516.67]
    >>> print(found.attrs["notes"])
    ['wavelengths up to 0.52 were taken as micrometres: responses.csv']
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no file or folder '{path}' with response curves.")
    files = _files(path)
    curves = [curve for file in files for curve in _curves(file)]
    if not curves:
        raise ValueError(
            f"no response curve in '{path}'. Expected two columns, wavelength and "
            "response, or a wavelength column and one column a band."
        )
    notes: list[str] = []
    curves = [_clean(curve, notes) for curve in _in_nanometres(curves, notes)]
    return _joined(_named(curves), notes, str(path))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    found = [
        file
        for file in path.iterdir()
        if file.is_file()
        and not file.name.startswith(".")
        and file.suffix.lower() in SUFFIXES | SHEETS
        and any(char.isdigit() for char in file.stem)
    ]
    if not found:
        raise ValueError(
            f"no response file in the folder '{path}': names need the number of their "
            "band, such as band_1 or B1.csv."
        )
    return sorted(found, key=_natural)


def _natural(file: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", file.name)
    return [(int(part) if part.isdigit() else -1, part) for part in parts]


def _curves(file: Path) -> list[Curve]:
    if file.suffix.lower() in SHEETS:
        found = []
        for name, sheet in pd.read_excel(file, sheet_name=None).items():
            found += _table(sheet, file.name, name)
        return found
    text = file.read_bytes().decode("utf-8-sig", errors="replace")
    rows, header = _rows(text, file)
    if rows.shape[0] < 2 or rows.shape[1] < 2:
        return []
    if rows.shape[1] == 2:
        unit = _unit(header[0]) if len(header) == 2 else None
        # names of files are surer: copies of files keep the heading of another band
        stated = len(header) == 2 and not BAND.search(file.stem)
        band = header[1] if stated and BAND.search(header[1]) else file.stem
        return [Curve(band, rows[:, 0], rows[:, 1], file.name, unit)]
    names = header if len(header) == rows.shape[1] else []
    names = names or ["wavelength", *[f"B{i}" for i in range(1, rows.shape[1])]]
    return _table(pd.DataFrame(rows, columns=names), file.name, file.stem)


def _rows(text: str, file: Path) -> tuple[np.ndarray, list[str]]:
    """Numbers of a text file, and the cells of the line above them."""
    separator = next((sep for sep in ("\t", ";", ",") if text.count(sep) > 2), None)
    if separator == ";":
        text = text.replace(",", ".")  # decimal commas
    lines = [line.strip() for line in text.splitlines()]
    header, rows = [], []
    for number, line in enumerate(lines, 1):
        cells = [cell.strip().strip('"') for cell in line.split(separator)]
        cells = [cell for cell in cells if cell] if separator is None else cells
        if not line or line.startswith("#"):
            continue
        filled = [cell for cell in cells if cell]
        plain = all(NUMBER.fullmatch(cell) for cell in filled)
        if plain and len(filled) >= 2:
            rows.append((number, [float(cell) if cell else np.nan for cell in cells]))
        elif rows:
            raise ValueError(
                f"{file.name}, row {number}: {line[:60]!r} is no row of numbers. "
                "Remove it, or mark it as a comment with '#'."
            )
        else:
            header = cells
    width = {len(cells) for _, cells in rows}
    if len(width) > 1:
        first = len(rows[0][1])
        at = next(number for number, cells in rows if len(cells) != first)
        raise ValueError(
            f"{file.name}, row {at}: {sorted(width)} columns where all rows need as "
            "many. Mend that row."
        )
    table = np.array([cells for _, cells in rows]) if rows else np.empty((0, 0))
    return table, header


def _table(sheet: pd.DataFrame, source: str, name: str) -> list[Curve]:
    """Curves of a table whose first column of wavelengths serves the others."""
    sheet = sheet.dropna(axis=1, how="all")
    columns = [str(column) for column in sheet.columns]
    first = next((i for i, each in enumerate(columns) if WAVELENGTH.search(each)), None)
    if first is None:
        return []
    x = pd.to_numeric(sheet.iloc[:, first], errors="coerce").to_numpy(float)
    others = [
        i
        for i, column in enumerate(columns)
        if i > first and not SPREAD.search(column) and not WAVELENGTH.search(column)
    ]
    found = []
    for i in others:
        y = pd.to_numeric(sheet.iloc[:, i], errors="coerce").to_numpy(float)
        known = np.isfinite(x) & np.isfinite(y)
        if known.sum() < 2 or not (y[known] > 0).any():
            continue
        band = columns[i] if len(others) > 1 else name
        found.append(Curve(band, x[known], y[known], source, _unit(columns[first])))
    return found


def _unit(text: str) -> str | None:
    """Unit a heading states, None if it states none."""
    if re.search(r"µm|μm|\bum\b|micro?m|微米", text, re.IGNORECASE):
        return "um"
    return "nm" if re.search(r"\bnm\b|nanom|纳米", text, re.IGNORECASE) else None


def _in_nanometres(curves: list[Curve], notes: list[str]) -> list[Curve]:
    found, inferred = [], {}
    for curve in curves:
        top = float(np.nanmax(np.abs(curve.wavelength)))
        likely = "um" if top < MICROMETRES_BELOW else "nm"
        if curve.unit is not None and curve.unit != likely:
            raise ValueError(
                f"{curve.source}, band {curve.band}: the heading says {curve.unit}, "
                f"but wavelengths go up to {top:g}. Mend the heading."
            )
        if curve.unit is None and likely == "um":
            inferred.setdefault(curve.source, top)
        factor = 1000.0 if likely == "um" else 1.0
        found.append(curve._replace(wavelength=np.round(curve.wavelength * factor, 6)))
    if inferred:
        told = ", ".join(list(inferred)[:5]) + (" …" if len(inferred) > 5 else "")
        notes.append(
            f"wavelengths up to {max(inferred.values()):g} were taken as micrometres: "
            f"{told}"
        )
    return found


def _clean(curve: Curve, notes: list[str]) -> Curve:
    x, y = curve.wavelength, curve.response
    name = curve.source if curve.band == Path(curve.source).stem else curve.band
    if (np.diff(x) < 0).all():
        notes.append(f"{name}: {x.size} rows turned round")
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    twice = np.flatnonzero(np.diff(x) == 0)
    if twice.size:
        raise ValueError(
            f"{curve.source}, band {curve.band}: {x[twice[0]]:g} nm stands twice. Keep "
            "one of the rows."
        )
    below = y < 0
    if below.any():
        notes.append(
            f"{name}: {int(below.sum())} responses below zero, "
            f"down to {y.min():.2g}, were set to zero"
        )
        y = np.where(below, 0.0, y)
    return curve._replace(wavelength=x, response=y)


def _named(curves: list[Curve]) -> list[Curve]:
    """Short names, such as B8A for S2A_SR_AV_B8A, where they stay apart."""
    short = [BAND.search(curve.band) for curve in curves]
    names = [f"B{match[1]}" if match else "" for match in short]
    if "" in names or len(set(names)) < len(names):
        names = [curve.band for curve in curves]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"bands need names of their own; {twice[:5]} stand more than once. Rename "
            "their files or columns."
        )
    return [
        curve._replace(band=name) for curve, name in zip(curves, names, strict=True)
    ]


def _joined(curves: list[Curve], notes: list[str], source: str) -> xr.DataArray:
    grid = np.unique(np.concatenate([curve.wavelength for curve in curves]))
    values = np.array(
        [
            np.interp(grid, each.wavelength, each.response, left=np.nan, right=np.nan)
            for each in curves
        ]
    )
    where = [centre_and_width(each.wavelength, each.response) for each in curves]
    return xr.DataArray(
        values,
        dims=("band", "wavelength"),
        coords={
            "band": [curve.band for curve in curves],
            "wavelength": grid,
            "centre": ("band", [centre for centre, _ in where]),
            "width": ("band", [width for _, width in where]),
        },
        name="response",
        attrs={
            "long_name": "relative spectral response",
            "units": "1",
            "source": source,
            "notes": notes,
        },
    )
