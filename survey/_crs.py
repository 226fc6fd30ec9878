"""Coordinate reference systems: what people write, and whether two are the same."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from pyproj import CRS
from pyproj.exceptions import CRSError

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES = (
    "'EPSG:4326' (longitude, latitude), 'EPSG:32650' (UTM zone 50N), "
    "'CGCS2000 3-degree zone 39' (x from 39 000 000), "
    "'CGCS2000 3-degree CM 117E' (x from 0 to 1 000 000)"
)


class _Datum(NamedTuple):
    """First EPSG codes of a Chinese datum's Gauss-Kruger systems."""

    name: str
    pattern: str
    geographic: int
    zone6: int
    meridian6: int
    zone3: int
    meridian3: int


_DATUMS = (
    _Datum(
        "CGCS2000",
        r"cgcs\s*2000|china\s*2000|china geodetic coordinate system 2000"
        r"|(?:中国|国家|大地)\s*2000|2000\s*国家大地(?:坐标系?)?"
        r"|国家大地坐标系\s*2000|2000\s*(?:国家|大地|坐标系)",
        *(4490, 4491, 4502, 4513, 4534),
    ),
    _Datum(
        "Xian 1980",
        r"xi'?an\s*(?:19)?80|西安\s*(?:19)?80|(?:19)?80\s*西安(?:坐标系)?",
        *(4610, 2327, 2338, 2349, 2370),
    ),
    _Datum(
        "Beijing 1954",
        r"(?:beijing|peking)\s*(?:19)?54|北京\s*(?:19)?54|(?:19)?54\s*(?:年)?北京(?:坐标系)?",
        *(4214, 21413, 21453, 2401, 2422),
    ),
)
_ZONES6, _ZONES3 = range(13, 24), range(25, 46)
_ZONE = re.compile(
    r"(?:zone|带号|第|n[°o]\.?)\s*(\d{1,2})(?!\d)\s*(n?)|(?<!\d)(\d{2})\s*(?:带|号带)"
)
_MERIDIAN = re.compile(
    r"(?:\bcm|central meridian|中央(?:经线|子午线)|l0\s*=?)\D{0,6}?(\d+(?:\.\d+)?)"
)
_WIDTH = re.compile(r"(?<!\d)([36])\s*(?:-?\s*deg(?:ree)?s?\b|°|度)(?!\s*\d)")
_NO_PREFIX = re.compile(
    r"no (?:zone )?prefix|without (?:zone )?prefix|无带号|不[加带]带号|去带号"
)


def resolve_crs(crs: Any, *, where: str = "") -> CRS:  # noqa: ANN401
    """
    Coordinate reference system from any usual spelling.

    Parameters
    ----------
    crs : pyproj.CRS, int, str or dict
        Anything pyproj reads (EPSG code, WKT, PROJ string), and the Chinese systems as
        people write them: datum (CGCS2000, 国家2000, Xian 1980, 西安80, Beijing 1954,
        北京54), width (3-degree, 3度带) and either a zone (zone 39, 39带) or a central
        meridian (CM 117E, 中央经线117). A zone means eastings that begin with its
        number (39 500 000 on the central meridian), a central meridian means eastings
        without it (500 000); "39带 无带号" is zone 39 without the number.
    where : str, default ""
        Name of the file or key, put in front of the message of an error.

    Returns
    -------
    pyproj.CRS

    Raises
    ------
    ValueError
        If `crs` is missing, unknown or contradicts itself.

    References
    ----------
    GB/T 22021-2008, Basic geodetic specifications. EPSG codes 4491-4554, 2327-2390,
    21413-21463, 2401-2442.

    Examples
    --------
    >>> resolve_crs("CGCS2000 3度带 39带").to_epsg()
    4527
    >>> resolve_crs("CGCS2000 中央经线117").to_epsg()
    4548
    >>> resolve_crs("EPSG:32650").name
    'WGS 84 / UTM zone 50N'
    """
    place = f"{where}: " if where else ""
    if crs is None or (isinstance(crs, str) and not crs.strip()):
        raise ValueError(f"{place}no CRS is given. State one, for example {EXAMPLES}.")
    text = _plain(crs) if isinstance(crs, str) else ""
    try:
        found = _chinese(text) or _utm(text) if text else None
        return found or CRS.from_user_input(text or crs)
    except CRSError:
        known = f"{crs!r} is not a CRS that is known here"
    except ValueError as error:
        known = f"{crs!r}: {error}"
    raise ValueError(f"{place}{known}. Write one of: {EXAMPLES}.")


def same_crs(a: Any, b: Any) -> bool:  # noqa: ANN401
    """
    Whether two systems give the same coordinates, whatever their names.

    Datum, ellipsoid, prime meridian, projection with its parameters and units are
    compared; names, codes and the order of axes are not (coordinates here are always
    easting, northing or longitude, latitude). Heights are ignored.

    Parameters
    ----------
    a, b : any CRS input
        As for `resolve_crs`.

    Returns
    -------
    bool

    Examples
    --------
    >>> same_crs("EPSG:25835", "EPSG:3067")
    True
    >>> same_crs("EPSG:4283", "EPSG:7844")
    False
    """
    first, second = (_horizontal(resolve_crs(crs)) for crs in (a, b))
    if first.equals(second, ignore_axis_order=True):
        return True
    one, two = _definition(first), _definition(second)
    return one is not None and two is not None and _agree(one, two)


def gauss_kruger(datum: str, zone: int, *, prefixed: bool, width: int) -> CRS:
    """EPSG system of a Chinese datum for a zone of 3 or 6 degrees."""
    family = next(each for each in _DATUMS if each.name == datum)
    zones = _ZONES3 if width == 3 else _ZONES6
    if zone not in zones:
        raise ValueError(
            f"{width}-degree zones of China run from {zones[0]} to {zones[-1]}, "
            f"not {zone}"
        )
    first = {
        (3, True): family.zone3,
        (3, False): family.meridian3,
        (6, True): family.zone6,
        (6, False): family.meridian6,
    }[width, prefixed]
    return CRS.from_epsg(first + zone - zones[0])


def chinese_datum(crs: CRS) -> str | None:
    """Name of the Chinese datum of a system, or None."""
    geographic = crs.geodetic_crs
    if geographic is None:
        return None
    for datum in _DATUMS:
        if same_crs(geographic, CRS.from_epsg(datum.geographic)):
            return datum.name
    return None


def _plain(text: str) -> str:
    """Full-width signs made half-width, spaces single."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


def _chinese(text: str) -> CRS | None:
    """Chinese system named in `text`, None where pyproj should read it."""
    if re.match(r"[A-Za-z]+\s*\[|\+proj|\{|EPSG|ESRI|urn:|OGC", text, re.IGNORECASE):
        return None
    words = text.lower().replace("_", " ").replace("三度", "3度").replace("六度", "6度")
    for datum in _DATUMS:
        rest, count = re.subn(datum.pattern, " ", words, count=1)
        if count:
            return _chinese_projection(datum, rest)
    return None


def _chinese_projection(datum: _Datum, rest: str) -> CRS:
    """Projection of `datum` that the words after its name describe."""
    width = _WIDTH.search(rest)
    rest = _WIDTH.sub(" ", rest)
    meridian, zone = _MERIDIAN.search(rest), _ZONE.search(rest)
    degrees = int(width[1]) if width else None
    if meridian:
        if not degrees and re.search(r"gauss|\bgk\b", rest):  # EPSG leaves 6 out
            degrees = 6 if (float(meridian[1]) + 3) % 6 == 0 else 3
        return _by_meridian(datum, float(meridian[1]), degrees, zone)
    if zone:
        number = int(zone[1] or zone[3])
        degrees = degrees or (6 if number in _ZONES6 else 3)
        prefixed = not (zone[2] or _NO_PREFIX.search(rest))
        return gauss_kruger(datum.name, number, prefixed=prefixed, width=degrees)
    if degrees or re.search(r"gauss|高斯|\bgk\b|投影", rest):
        raise ValueError("a projection is named without its zone or central meridian")
    return CRS.from_epsg(datum.geographic)


def _by_meridian(
    datum: _Datum, meridian: float, width: int | None, zone: re.Match[str] | None
) -> CRS:
    """Gauss-Kruger system on a central meridian, eastings without zone number."""
    degrees = width or 3
    number = (meridian / 3) if degrees == 3 else (meridian + 3) / 6
    if number != int(number):
        raise ValueError(
            f"{meridian:g} is not the central meridian of a {degrees}-degree zone; "
            "give a PROJ string for a local one, such as '+proj=tmerc "
            f"+lon_0={meridian:g} +k=1 +x_0=500000 +ellps=GRS80 +units=m'"
        )
    if zone and int(zone[1] or zone[3]) != number:
        raise ValueError(
            f"zone {zone[1] or zone[3]} and central meridian {meridian:g} contradict "
            f"each other ({degrees}-degree zone {number:g} has it)"
        )
    prefixed = zone is not None and not zone[2]
    return gauss_kruger(datum.name, int(number), prefixed=prefixed, width=degrees)


def _utm(text: str) -> CRS | None:
    """WGS 84 / UTM zone written in the usual loose ways."""
    plain = text.lower().replace("_", " ")
    match = re.fullmatch(
        r"(?:wgs\s*(?:19)?84)?[\s/,]*utm\s*(?:zone)?\s*(\d{1,2})\s*([ns])", plain
    )
    if not match or not 1 <= int(match[1]) <= 60:
        return None
    return CRS.from_epsg((32600 if match[2] == "n" else 32700) + int(match[1]))


def _horizontal(crs: CRS) -> CRS:
    """Two-dimensional part of a system, without a transformation bound to it."""
    while crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs
    if crs.is_compound:
        crs = _horizontal(crs.sub_crs_list[0])
    return crs.to_2d() if crs.is_geographic or crs.is_projected else crs


def _definition(crs: CRS) -> Mapping[str, object] | None:
    """Parts of a definition that move coordinates, under their ESRI names."""
    try:
        wkt = crs.to_wkt("WKT1_ESRI")
    except CRSError:
        return None
    datum = re.search(r'DATUM\["([^"]*)",SPHEROID\["[^"]*",([-\d.]+),([-\d.]+)', wkt)
    prime = re.search(r'PRIMEM\["[^"]*",([-\d.]+)', wkt)
    if not datum or not prime or "unknown" in datum[1].lower():
        return None
    projection = re.search(r'PROJECTION\["([^"]*)"', wkt)
    units = re.findall(r'UNIT\["[^"]*",([-\d.]+)', wkt)
    neutral = {"scale_factor": 1.0}
    parameters = {
        f"parameter {name.lower()}": float(value)
        for name, value in re.findall(r'PARAMETER\["([^"]*)",([-\d.eE+]+)', wkt)
        if float(value) != neutral.get(name.lower(), 0.0)
    }
    return parameters | {
        "datum": datum[1].lower(),
        "a": float(datum[2]),
        "rf": float(datum[3]),
        "prime": float(prime[1]),
        "projection": projection[1] if projection else "",
        "units": tuple(round(float(unit), 12) for unit in units),
    }


def _agree(one: Mapping[str, object], two: Mapping[str, object]) -> bool:
    """Equal keys, equal words, numbers equal to nine digits."""
    return one.keys() == two.keys() and all(
        abs(value - two[key]) <= 1e-9 * max(1.0, abs(value))
        if isinstance(value, float)
        else value == two[key]
        for key, value in one.items()
    )
