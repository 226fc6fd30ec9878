"""ASD FieldSpec binary files, versions 1 to 8."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from ._clean import clean_spectrum
from ._text import decode

if TYPE_CHECKING:
    from ._clean import Tally

HEADER = 484  # bytes
FORMATS = {0: "<f4", 1: "<i4", 2: "<f8"}
KINDS = {
    0: "raw", 1: "reflectance", 2: "radiance", 3: "no units", 4: "irradiance",
    5: "quality index", 6: "transmittance", 7: "unknown", 8: "absorbance",
}  # fmt: skip
INSTRUMENTS = {
    1: "PSII", 2: "LSVNIR", 3: "FSVNIR", 4: "FSFR", 5: "FSNIR", 6: "CHEM",
    7: "LAB", 10: "HandHeld",
}  # fmt: skip


def is_asd(head: bytes) -> bool:
    """Whether a file begins as ASD's do: 'asd', or 'as2' to 'as8'."""
    return head[:3] in {b"asd", *(b"as%d" % i for i in range(2, 9))}


def read_asd(
    content: bytes, name: str, tally: Tally, _: dict[str, Any]
) -> list[dict[str, Any]]:
    """Spectrum of a file; where it holds target and white reference, their ratio."""
    if len(content) < HEADER:
        raise ValueError(f"{name} has {len(content)} bytes, no ASD file has so few.")
    kind, start, step, data_format = struct.unpack_from("<B4xffB", content, 186)
    (count,) = struct.unpack_from("<H", content, 204)
    dtype = FORMATS.get(data_format)
    if dtype is None or not count or not step > 0:
        raise ValueError(
            f"{name} has format {data_format}, {count} channels, a step of {step} nm: "
            "no ASD file this reader knows. Export it as text with the maker's program."
        )
    size = np.dtype(dtype).itemsize * count
    if len(content) < HEADER + size:
        raise ValueError(
            f"{name} announces {count} channels and ends after "
            f"{len(content) - HEADER} of their {size} bytes: it is cut. Get it anew."
        )
    values = np.frombuffer(content, dtype, count, HEADER).astype("float64")
    reference = _reference(content, HEADER + size, dtype, count)
    if kind in (0, 1) and reference is not None and values.max() > 2:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(reference > 0, values / reference, np.nan)
        tally.add("reference")
    elif kind not in (1, 6) or np.nanmax(np.abs(values)) > 2:
        raise ValueError(
            f"{name} holds {KINDS.get(kind, f'type {kind}')} without a white "
            "reference: no reflectance. Save it as reflectance first."
        )
    comment = decode(content[3:160].split(b"\0")[0]).strip()
    channels = clean_spectrum(
        {"wavelength": start + step * np.arange(count), "reflectance": values},
        tally,
        unit="nm",
    )
    serial = struct.unpack_from("<H", content, 400)[0]
    model = INSTRUMENTS.get(content[431], "")
    stem = name.rsplit(".", 1)[0]
    return [
        {
            "spectrum_id": stem,
            "name": stem,
            "instrument": f"ASD {model} {serial or ''}".strip().replace("  ", " "),
            "quantity": "transmittance" if kind == 6 else None,
            "description": comment or None,
            **channels,
        }
    ]


def _reference(content: bytes, at: int, dtype: str, count: int) -> np.ndarray | None:
    """White reference that versions 2 and later keep behind the spectrum."""
    if content[:3] == b"asd" or len(content) < at + 20:
        return None
    (held,) = struct.unpack_from("<H", content, at)
    (length,) = struct.unpack_from("<H", content, at + 18)
    start = at + 20 + length
    size = np.dtype(dtype).itemsize * count
    if not held or len(content) < start + size:
        return None
    return np.frombuffer(content, dtype, count, start).astype("float64")
