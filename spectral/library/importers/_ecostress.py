"""ECOSTRESS and ASTER spectral libraries: a header of fields, then two columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ._clean import clean_spectrum
from ._text import columns_of, decode, header_of, numbers

if TYPE_CHECKING:
    from ._clean import Tally

LAST = re.compile(r"^\s*additional information\s*:", re.IGNORECASE | re.MULTILINE)


def is_ecostress(head: bytes) -> bool:
    """Whether a file begins as the library's text files do."""
    text = decode(head).lstrip().lower()
    return text.startswith("name:") and "\ntype:" in text


def read_ecostress(
    content: bytes, name: str, tally: Tally, _: dict[str, Any]
) -> list[dict[str, Any]]:
    """Spectrum of a file: wavelengths in micrometres, values mostly in percent."""
    lines = decode(content).splitlines()
    start = next(
        (
            i
            for i, line in enumerate(lines)
            if (row := numbers(line)) is not None and len(row) == 2
        ),
        None,
    )
    if start is None:
        raise ValueError(f"{name} has no two columns of numbers: it is cut.")
    fields = header_of(lines[:start], ":")
    table = columns_of(lines[start:], name, start=start + 1)
    x_units, y_units = (fields.get(f"{axis} units", "").lower() for axis in "xy")
    unit = "um" if "micro" in x_units or "um" in x_units.split("(")[-1] else None
    unit = "nm" if "nano" in x_units else unit
    channels = clean_spectrum(
        {"wavelength": table[0], "reflectance": table[1]},
        tally,
        unit=unit,
        scale=100 if "percent" in y_units or "%" in y_units else None,
    )
    expected = _count(fields.get("number of x values", ""))
    if expected is not None and expected != table.shape[1]:
        raise ValueError(
            f"{name} announces {expected} values and holds {table.shape[1]}: it is cut "
            "or edited. Get it anew from its origin."
        )
    kind = fields.get("type", "").lower()
    title = fields.get("name", "") or name
    number = fields.get("sample no.", "")
    return [
        {
            "spectrum_id": name.removesuffix(".txt").removesuffix(".spectrum"),
            "name": title,
            "mineral": title if kind == "mineral" else None,
            "sample_id": number or None,
            "instrument": _instrument(name),
            "measurement": fields.get("measurement") or None,
            "quantity": "emissivity" if "emissi" in y_units else None,
            "grain_size": fields.get("particle size") or None,
            "locality": fields.get("origin") or None,
            "description": _described(fields),
            "source": "ECOSTRESS",
            **channels,
        }
    ]


def _described(fields: dict[str, str]) -> str | None:
    keys = ("type", "class", "subclass", "genus", "species", "description", "owner")
    told = [f"{key}: {fields[key]}" for key in keys if fields.get(key)]
    return "; ".join(told) or None


def _count(text: str) -> int | None:
    return int(text) if text.strip().isdigit() else None


def _instrument(name: str) -> str | None:
    """Second part of the library's file names, such as becknic."""
    parts = name.split(".")
    return parts[1] if len(parts) > 5 else None
