"""Where an ENVI image lies: map info and coordinate system, read and written."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from ._header import items

if TYPE_CHECKING:
    from affine import Affine

# datum of a UTM map info -> EPSG code of zone 0, north and south
_UTM = {
    "wgs-84": (32600, 32700), "wgs84": (32600, 32700), "wgs 84": (32600, 32700),
    "wgs-72": (32200, 32300),
    "north america 1983": (26900, None), "nad83": (26900, None),
    "nad-83": (26900, None),
    "north america 1927": (26700, None), "nad27": (26700, None),
    "nad-27": (26700, None),
    "european 1950": (23000, None),
}  # fmt: skip
_GEOGRAPHIC = {
    "wgs-84": 4326, "wgs84": 4326, "wgs 84": 4326, "north america 1983": 4269,
    "nad83": 4269, "north america 1927": 4267, "nad27": 4267,
}  # fmt: skip


def read_map(
    entries: dict[str, str], notes: list[str], name: str
) -> tuple[Affine | None, Any, dict[str, Any]]:
    """
    Transform, CRS and attributes of a header.

    A rotated image has no coordinates along rows and columns: it gets none, a note says
    so, and the transform is kept as `attrs["map_transform"]`.
    """
    from affine import Affine

    wkt = entries.get("coordinate system string", "").strip()
    info = entries.get("map info", "")
    if not info:
        return None, None, {}
    fields, named = _fields(info)
    try:
        column, row, x, y, dx, dy = (float(part) for part in fields[1:7])
    except ValueError:
        raise ValueError(
            f"{name}: 'map info' needs a projection, the reference pixel (column, "
            f"row), its x and y and the size of a pixel. Got {{{info}}}. Correct the "
            "header."
        ) from None
    crs = _crs_of(wkt, name) if wkt else _from_fields(fields, notes)
    turn = float(named.get("rotation", 0.0) or 0.0)
    affine = (
        Affine.translation(x, y)
        @ Affine.rotation(turn)
        @ Affine.scale(dx, -dy)
        @ Affine.translation(1 - column, 1 - row)
    )
    if turn % 360:
        notes.append(
            f"the image is rotated by {turn:g} degrees: its pixels have rows and "
            "columns only, no map coordinates. To place it on a map turn it north-up "
            "first, gdalwarp input output.tif, and open that."
        )
        kept = {"map_transform": [float(part) for part in affine[:6]]}
        return None, None, kept | ({"map_crs": str(crs)} if crs is not None else {})
    return Affine(dx, 0.0, x - (column - 1) * dx, 0.0, -dy, y + (row - 1) * dy), crs, {}


def write_map(affine: Affine, crs: Any) -> dict[str, str]:  # noqa: ANN401
    """Entries of a header for a transform and its CRS (or None)."""
    system, tail, entries = "Arbitrary", "", {}
    if crs is not None:
        entries["coordinate system string"] = f"{{{_esri(crs)}}}"
        system, tail = _named_fields(crs)
    place = ", ".join(repr(float(part)) for part in (affine.c, affine.f))
    wide, high = affine.a, -affine.e
    if affine.b or affine.d:
        wide, high = (math.hypot(*axis) for axis in (affine[0:6:3], affine[1:6:3]))
        tail += f", rotation={math.degrees(math.atan2(affine.d, affine.a))!r}"
    size = ", ".join(repr(float(part)) for part in (wide, high))
    return {"map info": f"{{{system}, 1, 1, {place}, {size}{tail}}}"} | entries


def _named_fields(crs: Any) -> tuple[str, str]:  # noqa: ANN401
    """First field of map info for a CRS, and what follows the size of a pixel."""
    from pyproj import CRS

    code = crs.to_epsg() or 0
    if crs.is_geographic:
        return "Geographic Lat/Lon", f"{', WGS-84' * (code == 4326)}, units=Degrees"
    for datum, bases in _UTM.items():
        for base, side in zip(bases, ("North", "South"), strict=True):
            if base and 1 <= code - base <= 60:
                told = {"wgs-84": "WGS-84", "wgs-72": "WGS-72"}.get(
                    datum, datum.title()
                )
                return "UTM", f", {code - base}, {side}, {told}, units=Meters"
    name = CRS.from_wkt(crs.to_wkt()).name.replace(",", " ")
    metres = crs.linear_units_factor[1] == 1
    return name, f", units={'Meters' if metres else crs.linear_units}"


def _esri(crs: Any) -> str:  # noqa: ANN401
    """ESRI's text where it means the same, which older programs read."""
    from pyproj import CRS

    system = CRS.from_user_input(crs.to_wkt())
    text = (
        system.to_wkt("WKT1_ESRI")
        if system.is_projected or system.is_geographic
        else ""
    )
    return text or crs.to_wkt()


def _fields(info: str) -> tuple[list[str], dict[str, str]]:
    """Fields of map info by place, and those written as name=value."""
    fields, named = [], {}
    for item in items(info):
        key, equals, value = item.partition("=")
        if equals:
            named[key.strip().lower()] = value.strip()
        else:
            fields.append(item)
    return fields, named


def _crs_of(wkt: str, name: str) -> Any:  # noqa: ANN401
    from rasterio.crs import CRS
    from rasterio.errors import CRSError

    try:
        crs = CRS.from_wkt(wkt, morph_from_esri_dialect="GEOGCS" in wkt)
    except CRSError:
        try:
            crs = CRS.from_user_input(wkt)
        except CRSError as error:
            raise ValueError(
                f"{name}: 'coordinate system string' cannot be read ({error}). Correct "
                "it, or remove it and give crs="
            ) from None
    known = _named(wkt, crs)
    return CRS.from_epsg(known) if known else crs


def _named(wkt: str, crs: Any) -> int | None:  # noqa: ANN401
    """EPSG code of a system that is the same in all its numbers."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    # by ESRI's names first; else only what is equal in every respect
    for text, sure in ((wkt, 70), (crs.to_wkt(), 25)):
        try:
            system = CRS.from_user_input(text)
        except CRSError:
            continue
        code = system.to_epsg(min_confidence=sure)
        if code is None:
            continue
        known = CRS.from_epsg(code)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what PROJ strings leave out
            same = known.to_proj4() == system.to_proj4()
        if same and (sure == 70 or known.equals(system, ignore_axis_order=True)):
            return code
    return None


def _from_fields(
    fields: list[str],
    notes: list[str],
) -> Any:  # noqa: ANN401
    from rasterio.crs import CRS

    system = fields[0].strip().lower()
    rest = [field.strip().lower() for field in fields[7:]]
    code = None
    if system == "utm" and len(rest) >= 2:
        north, south = _UTM.get(rest[2] if len(rest) > 2 else "wgs-84", (None, None))
        base = south if rest[1].startswith("s") else north
        zone = float(rest[0])
        code = base + int(zone) if base and 1 <= zone <= 60 else None
    elif system.startswith("geographic"):
        code = _GEOGRAPHIC.get(rest[0] if rest else "wgs-84")
    elif system in ("arbitrary", ""):
        return None
    if code is None:
        notes.append(
            f"the coordinate system {fields[0]!r} ({', '.join(rest) or 'no details'}) "
            "cannot be told from 'map info' alone: give crs="
        )
        return None
    return CRS.from_epsg(code)
