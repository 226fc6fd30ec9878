"""Text files of field spectrometers: SVC (.sig) and Spectral Evolution (.sed)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._clean import clean_spectrum
from ._text import columns_of, decode, header_of

if TYPE_CHECKING:
    from ._clean import Tally


def is_sig(head: bytes) -> bool:
    """Whether a file begins as SVC's do."""
    return "Spectra Vista SIG" in decode(head[:200])


def read_sig(
    content: bytes, name: str, tally: Tally, _: dict[str, Any]
) -> list[dict[str, Any]]:
    """Spectrum of an SVC file: reflectance, in percent, is the fourth column."""
    lines = decode(content).splitlines()
    start = _line(lines, "data=", name)
    fields = header_of(lines[:start], "=")
    table = columns_of(lines[start + 1 :], name, start=start + 2)
    if table.shape[0] < 4:
        raise ValueError(
            f"{name} has {table.shape[0]} columns of data; reflectance is the fourth. "
            "Save the measurement with its reference."
        )
    channels = clean_spectrum(
        {"wavelength": table[0], "reflectance": table[3]}, tally, unit="nm", scale=100
    )
    return [
        {
            "spectrum_id": name.rsplit(".", 1)[0],
            "name": fields.get("name") or name.rsplit(".", 1)[0],
            "instrument": f"SVC {fields.get('instrument', '')}".strip(),
            "locality": _place(fields.get("longitude"), fields.get("latitude")),
            "description": _told(fields, ("comm", "time", "units", "integration")),
            **channels,
        }
    ]


def is_sed(head: bytes) -> bool:
    """Whether a file begins as those of Spectral Evolution do."""
    text = decode(head)
    return "Columns [" in text and "Instrument:" in text


def read_sed(
    content: bytes, name: str, tally: Tally, _: dict[str, Any]
) -> list[dict[str, Any]]:
    """Spectrum of a Spectral Evolution file, from its column of reflectance."""
    lines = decode(content).splitlines()
    start = _line(lines, "data:", name)
    fields = header_of(lines[:start], ":")
    titles = [part.strip() for part in lines[start + 1].split("\t") if part.strip()]
    column, scale = _reflectance_column(titles, name)
    table = columns_of(lines[start + 2 :], name, start=start + 3)
    channels = clean_spectrum(
        {"wavelength": table[0], "reflectance": table[column]},
        tally,
        unit="nm",
        scale=scale,
    )
    return [
        {
            "spectrum_id": name.rsplit(".", 1)[0],
            "name": name.rsplit(".", 1)[0],
            "instrument": fields.get("instrument") or None,
            "measurement": fields.get("measurement") or None,
            "locality": _place(fields.get("longitude"), fields.get("latitude")),
            "description": _told(fields, ("comment", "date", "time", "units")),
            **channels,
        }
    ]


def _line(lines: list[str], mark: str, name: str) -> int:
    for i, line in enumerate(lines):
        if line.strip().lower() == mark:
            return i
    raise ValueError(f"{name} has no line '{mark}': the file is cut. Get it anew.")


def _reflectance_column(titles: list[str], name: str) -> tuple[int, float | None]:
    for i, title in enumerate(titles):
        if title.lower().startswith("reflect"):
            return i, 100.0 if "%" in title else None
    raise ValueError(
        f"{name} has the columns {titles}, none of reflectance. Save the measurement "
        "with its reference."
    )


def _told(fields: dict[str, str], keys: tuple[str, ...]) -> str | None:
    told = [f"{key}: {fields[key]}" for key in keys if fields.get(key)]
    return "; ".join(told) or None


def _place(longitude: str | None, latitude: str | None) -> str | None:
    """Place of the target: the second of two values, where an instrument gives both."""
    ends = [(text or "").split(",")[-1].strip() for text in (longitude, latitude)]
    wanted = [end for end in ends if end and end.lower() not in {"n/a", "nan"}]
    return " ".join(wanted) if len(wanted) == 2 and np.all(wanted) else None
