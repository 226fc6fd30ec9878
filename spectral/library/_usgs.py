"""Names of splib07: mineral, sample, spectrometer, purity, kind of calibration."""

from __future__ import annotations

import re

from ._taxonomy import class_of, find_mineral, mineral_group

_USGS = re.compile(
    r"(?P<head>\S.*?)[\s_]+(?P<instrument>BECK|ASD[FHN][RG]|NIC4|AVIRIS)"
    r"(?P<purity>[A-Za-z?]*)[\s_]+(?P<measurement>AREF|RREF|RTGC|TRAN)"
)


def parse_usgs_name(name: str) -> dict[str, str | None]:
    """Parts of a splib07 name; without them where it is built differently."""
    found = _USGS.fullmatch(" ".join(name.split()))
    head = _parted(found["head"]) if found and " " not in name else name
    head = found["head"] if found and " " in name else head
    mineral = find_mineral(head)
    words = head.split()
    sample = next((word for word in words[1:] if any(c.isdigit() for c in word)), None)
    group = mineral_group(mineral) if mineral else None
    parts: dict[str, str | None] = {
        "mineral": mineral,
        "group": group,
        "mineral_class": class_of(group) if group else None,
        "sample_id": f"{words[0]} {sample}" if found and sample else None,
        "instrument": found["instrument"] if found else None,
        "purity": (found["purity"] or None) if found else None,
        "measurement": found["measurement"] if found else None,
    }
    if found and found["measurement"] == "TRAN":
        parts["quantity"] = "transmittance"
    return parts


def _parted(head: str) -> str:
    """Name as the ENVI files write it: blanks around the sample, "Kaolin_Smect H89"."""
    words = head.split("_")
    coded = (i for i, word in enumerate(words) if i and any(c.isdigit() for c in word))
    at = next(coded, len(words))
    return " ".join(["_".join(words[:at]), *words[at:]])
