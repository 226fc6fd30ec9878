"""Tables of spectra: exports of EcoSIS, TSG and HyLogger, plain CSV either way."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from .._usgs import parse_usgs_name
from ._clean import clean_spectrum
from ._text import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._clean import Tally

NUMBER = re.compile(
    r"^\s*(?:x|w|wvl|wl|wavelength|r|ref)?[ _.]?(\d+(?:\.\d+)?)\s*(nm|um|µm|μm)?\s*$",
    re.I,
)
WAVES = re.compile(r"^\s*(wavelength|wavelengths|wvl|wave|lambda|nm|波长)\b", re.I)
NAMES = (
    "spectrum_id", "name", "sample", "sample_id", "id", "spectrum", "class", "label",
    "rule",
    "title", "index", "样品编号", "名称",
)  # fmt: skip
LEAST = 4  # columns of wavelengths that make a table of spectra
TEXTS = {
    "name": ("name", "title", "common name", "label", "class", "rule", "名称"),
    "mineral": ("mineral", "min1 tsas", "min1 utsas", "矿物"),
    "sample_id": ("sample_id", "sample", "sample id", "样品编号", "hole id"),
    "instrument": ("instrument", "instrument name", "instrument model"),
    "locality": ("locality", "location", "location name", "地点"),
    "description": ("description", "comment", "notes", "备注"),
}


def is_table(head: bytes) -> bool:
    """Whether a text is a table whose header or first column holds wavelengths."""
    lines = decode(head).splitlines()
    return len(lines) > 1 and _shape(_rows("\n".join(lines[:80]))) is not None


def read_table(
    content: bytes, name: str, tally: Tally, options: dict[str, Any]
) -> list[dict[str, Any]]:
    """Spectra of a table: a row each (wavelengths in the header), or a column each."""
    rows = _rows(decode(content))
    found = _shape(rows)
    if found is None:
        raise ValueError(
            f"{name} has neither wavelengths in a header line nor a first column "
            "called wavelength. Name the columns by their wavelength (350, 351 … or "
            "2200nm), or the first column 'wavelength'."
        )
    shape, header = found
    spectra = _wide if shape == "wide" else _long
    return list(spectra(rows, header, name, tally, options))


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    sample = "\n".join(lines[:20])
    mark = max(",\t;", key=sample.count)
    return [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark)]


def _shape(rows: list[list[str]]) -> tuple[str, int] | None:
    """Which way a table runs, and its header line."""
    for i, row in enumerate(rows[:60]):
        if sum(NUMBER.match(cell) is not None for cell in row) >= LEAST and i + 1 < len(
            rows
        ):
            values = _floats([c for c in row if NUMBER.match(c)])
            if (np.abs(values) >= 0.2).all() and _runs(values):
                return "wide", i
        if row and WAVES.match(row[0]) and len(row) > 1:
            return "long", i
    return None


def _runs(values: np.ndarray) -> bool:
    """Whether values climb as wavelengths do; a detector's overlap may step back."""
    return bool((np.diff(values) > 0).mean() > 0.9)


def _floats(cells: list[str]) -> np.ndarray:
    return np.array([_number(cell) for cell in cells])


def _number(cell: str) -> float:
    match = NUMBER.match(cell)
    if match:
        return float(match[1])
    try:
        return float(cell)
    except ValueError:
        return np.nan


def _unit(cells: list[str], options: dict[str, Any]) -> str | None:
    if options.get("unit"):
        return options["unit"]
    text = " ".join(cells).lower()
    if re.search(r"\d\s*(um|µm|μm)\b|micro|\((um|µm|μm)\)", text):
        return "um"
    return "nm" if re.search(r"\d\s*nm\b|nano|\(nm\)", text) else None


def _wide(
    rows: list[list[str]], header: int, name: str, tally: Tally, options: dict[str, Any]
) -> Any:  # noqa: ANN401
    titles = rows[header]
    spectral = [i for i, cell in enumerate(titles) if NUMBER.match(cell)]
    waves = _floats([titles[i] for i in spectral])
    unit = _unit([titles[i] for i in spectral], options)
    texts = [i for i in range(len(titles)) if i not in set(spectral) and titles[i]]
    key = _key_column(rows[header + 1 :], titles, texts)
    stem = name.rsplit(".", 1)[0]
    for number, row in enumerate(rows[header + 1 :], 1):
        cells = row + [""] * (len(titles) - len(row))
        values = _values([cells[i] for i in spectral], name, header + 1 + number)
        if len(row) > len(titles):
            raise ValueError(
                f"{name}, row {number}: {len(row)} cells under {len(titles)} columns. "
                "Put texts with commas into quotation marks."
            )
        told = {titles[i]: cells[i] for i in texts if cells[i]}
        otherwise = f"{stem} {number}" if key is None else cells[key]
        yield _record(told, otherwise, waves, values, unit, tally, options)


def _key_column(
    rows: list[list[str]], titles: list[str], texts: list[int]
) -> int | None:
    """First column that names each row differently, where none is called a name."""
    if {titles[i].lower() for i in texts} & set(NAMES):
        return None
    for i in texts:
        cells = [row[i] if i < len(row) else "" for row in rows]
        if (
            all(cells)
            and len(set(cells)) == len(cells)
            and np.isnan(_floats(cells)).all()
        ):
            return i
    return None


def _long(
    rows: list[list[str]], header: int, name: str, tally: Tally, options: dict[str, Any]
) -> Any:  # noqa: ANN401
    titles = rows[header]
    table = [row + [""] * (len(titles) - len(row)) for row in rows[header + 1 :]]
    waves = _values([row[0] for row in table], name, header + 2)
    known = np.isfinite(waves)
    unit = _unit([titles[0]], options)
    for column, title in enumerate(titles[1:], 1):
        values = _values([row[column] for row in table], name, header + 2)
        label = title or f"{name.rsplit('.', 1)[0]} {column}"
        yield _record(
            {"name": label}, label, waves[known], values[known], unit, tally, options
        )


def _usgs(texts: Iterable[str], tally: Tally) -> dict[str, str | None] | None:
    """What a name of the USGS library among the texts of a row tells."""
    for text in texts:
        parts = parse_usgs_name(text)
        if parts["measurement"]:
            tally.add("usgs")
            return parts
    return None


def _values(cells: list[str], name: str, row: int) -> np.ndarray:
    found = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        if not cell or cell.lower() in {"na", "nan", "null", "n/a", "-"}:
            continue
        try:
            found[i] = float(cell)
        except ValueError:
            raise ValueError(
                f"{name}, row {row}: {cell!r} stands where a value should. Empty the "
                "cell if the channel was not measured."
            ) from None
    return found


def _record(
    told: dict[str, str],
    otherwise: str,
    waves: np.ndarray,
    values: np.ndarray,
    unit: str | None,
    tally: Tally,
    options: dict[str, Any],
) -> dict[str, Any]:
    lower = {key.lower(): value for key, value in told.items()}
    texts = {
        field: next((lower[key] for key in keys if lower.get(key)), None)
        for field, keys in TEXTS.items()
    }
    identity = next((lower[key] for key in NAMES if lower.get(key)), otherwise)
    usgs = None if texts["mineral"] else _usgs(told.values(), tally)
    if usgs is not None:
        texts = {**texts, **{key: value for key, value in usgs.items() if value}}
    used = {key for keys in TEXTS.values() for key in keys}
    rest = {key: value for key, value in told.items() if key.lower() not in used}
    more = "; ".join(f"{key}: {value}" for key, value in rest.items())
    texts["description"] = "; ".join(filter(None, (texts["description"], more))) or None
    channels = clean_spectrum(
        {"wavelength": waves, "reflectance": values},
        tally,
        unit=unit,
        scale=options.get("scale"),
    )
    return {
        "spectrum_id": identity,
        **texts,
        "name": texts["name"] or identity,
        **channels,
    }
