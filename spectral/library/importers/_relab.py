"""RELAB: columns of wavelength, reflectance and its deviation, in several dresses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ._clean import clean_spectrum
from ._text import columns_of, decode, numbers

if TYPE_CHECKING:
    from ._clean import Tally

HEAD = re.compile(r"wavelength.*reflectance", re.I)


def is_relab(head: bytes) -> bool:
    """Whether a text has RELAB's columns, under their names or under a bare count."""
    lines = [line for line in decode(head).splitlines()[:40] if line.strip()]
    if any("relab" in line.lower() for line in lines):
        return True
    first = numbers(lines[0]) if lines else None
    if first is None or len(first) != 1 or first[0] != int(first[0]) or first[0] < 2:
        return False
    rows = [numbers(line) for line in lines[1:4]]
    return bool(rows) and all(row is not None and len(row) in (2, 3) for row in rows)


def read_relab(
    content: bytes, name: str, tally: Tally, _: dict[str, Any]
) -> list[dict[str, Any]]:
    """Spectrum of a file; a third column is the standard deviation."""
    lines = decode(content).splitlines()
    start = next(
        (
            i
            for i, line in enumerate(lines)
            if (row := numbers(line)) is not None and len(row) in (2, 3)
        ),
        None,
    )
    if start is None:
        raise ValueError(f"{name} has no columns of wavelength and reflectance.")
    table = columns_of(lines[start:], name, start=start + 1)
    count = numbers(lines[0]) if lines else None
    if count and len(count) == 1 and int(count[0]) != table.shape[1]:
        raise ValueError(
            f"{name} announces {int(count[0])} values and holds {table.shape[1]}: it "
            "is cut or edited. Get it anew from its origin."
        )
    channels = clean_spectrum(
        {
            "wavelength": table[0],
            "reflectance": table[1],
            "uncertainty": table[2] if table.shape[0] == 3 else None,
        },
        tally,
        unit=_unit(lines[:start]),
    )
    stem = name.rsplit(".", 1)[0]
    told = "; ".join(line.strip() for line in lines[:start] if numbers(line) is None)
    return [
        {
            "spectrum_id": stem,
            "name": stem,
            "instrument": "RELAB",
            "description": told or None,
            "source": "RELAB",
            **channels,
        }
    ]


def _unit(lines: list[str]) -> str | None:
    text = " ".join(lines).lower()
    if "micron" in text or "um" in text.split():
        return "um"
    return "nm" if "nm" in text or "nanomet" in text else None
