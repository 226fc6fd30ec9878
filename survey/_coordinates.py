"""Coordinates looked at against the system they are said to be in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pyproj import CRS, Transformer

from ._crs import chinese_datum, gauss_kruger, resolve_crs
from ._problems import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 0.9
SHOWN = 5


class _Place(NamedTuple):
    """Coordinates with a value each, and where they stand in the input."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    row: NDArray[np.intp]
    crs: CRS
    file: str | None

    def problem(
        self,
        what: str,
        remedy: str,
        *,
        at: NDArray[np.bool_] | None = None,
        severity: str = "error",
    ) -> Problem:
        """Problem at the first place of the mask `at`."""
        first = 0 if at is None else int(np.flatnonzero(at)[0])
        value = f"({self.x[first]:.10g}, {self.y[first]:.10g})"
        row = int(self.row[first]) + 1
        return Problem(what, remedy, self.file, row=row, value=value, severity=severity)


def check_coordinates(
    points: Any,  # noqa: ANN401
    crs: Any,  # noqa: ANN401
    *,
    file: str | None = None,
) -> list[Problem]:
    """
    Explain coordinates that do not fit their coordinate system.

    Looks for longitude and latitude exchanged, degrees in a system of metres and the
    reverse, a zone number at the head of the easting that the system does not have (or
    lacks), easting and northing exchanged (X is the northing of Chinese surveyors) and
    places far outside the area the system is made for.

    Parameters
    ----------
    points : GeoDataFrame, GeoSeries or array-like, shape (n, 2)
        Geometries (the middle of their bounds is taken) or pairs of x (east) and
        y (north). Missing ones are left out.
    crs : any CRS input
        The system they are said to be in.
    file : str, optional
        Name of their file, for the messages.

    Returns
    -------
    list of Problem
        Empty when nothing is suspicious. Mistakes have severity ``"error"``, places
        outside the area of use ``"warning"``.

    Raises
    ------
    ValueError
        If `crs` is unknown or `points` are not pairs.

    Examples
    --------
    >>> check_coordinates([(116.4, 39.9)], "EPSG:4490")
    []
    >>> print(check_coordinates([(39.9, 116.4)], "EPSG:4490")[0])
    row 1, value '(39.9, 116.4)': latitude and longitude are exchanged: x must be the
    longitude. Remedy: name the columns the other way round, x= the longitude, y= the
    latitude
    """
    crs = resolve_crs(crs)
    x, y = _pairs(points)
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return []
    place = _Place(x[known], y[known], np.flatnonzero(known), crs, file)
    for look in _LOOKS:
        problem = look(place)
        if problem:
            return [problem]
    return []


def _pairs(points: Any) -> tuple[NDArray, NDArray]:  # noqa: ANN401
    """East and north of geometries or pairs."""
    bounds = getattr(points, "bounds", None)
    if bounds is not None:
        west, south, east, north = np.asarray(bounds, dtype=float).T
        return (west + east) / 2, (south + north) / 2
    pairs = np.asarray(points, dtype=float)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(
            f"points must be geometries or pairs, shape (n, 2); got {pairs.shape}"
        )
    return pairs[:, 0], pairs[:, 1]


def _degrees_expected(place: _Place) -> Problem | None:
    """Longitudes and latitudes that cannot be."""
    if not place.crs.is_geographic:
        return None
    x, y = place.x, place.y
    wrong = (np.abs(x) > 180) | (np.abs(y) > 90)
    if not wrong.any():
        return None
    if np.mean((np.abs(x) > 360) | (np.abs(y) > 360)) > MOST:
        return place.problem(
            f"metres where {place.crs.name} has degrees",
            f"state the projected system the numbers are in{_guess_zone(place)}",
            at=wrong,
        )
    if (np.abs(x) <= 90).all() and (np.abs(y) <= 180).all():
        return _exchanged_degrees(place, wrong)
    if ((x >= 0) & (x <= 360) & (np.abs(y) <= 90)).all():
        return place.problem(
            "longitudes run from 0 to 360", "subtract 360 where above 180", at=wrong
        )
    count = int(wrong.sum())
    rows = ", ".join(str(row + 1) for row in place.row[wrong][:SHOWN])
    return place.problem(
        f"{count} of {len(x)} places are not on the globe (rows {rows})",
        "mend these coordinates: longitude -180 to 180, latitude -90 to 90",
        at=wrong,
    )


def _exchanged_degrees(place: _Place, at: NDArray[np.bool_] | None = None) -> Problem:
    return place.problem(
        "latitude and longitude are exchanged: x must be the longitude",
        "name the columns the other way round, x= the longitude, y= the latitude",
        at=at,
    )


def _guess_zone(place: _Place) -> str:
    """Words on the zone that eastings or northings begin with."""
    for axis, values in (("x", place.x), ("y", place.y)):
        zone = _prefix(values)
        if zone:
            return f" ({axis} begins with {zone}, like zone {zone} of a Chinese system)"
    return ""


def _metres_expected(place: _Place) -> Problem | None:
    """Degrees in a projected system."""
    crs = place.crs
    if not crs.is_projected:
        return None
    degrees = (np.abs(place.x) <= 360) & (np.abs(place.y) <= 180)
    if np.mean(degrees) <= MOST or not _may_be_degrees(place):
        return None
    doubtful = (
        _inside(place, place.x, place.y, wider=False).any()
        if crs.area_of_use
        else not _has_false_origin(crs)
    )
    geographic = crs.geodetic_crs
    code = geographic.to_epsg() if geographic else None
    name = f"EPSG:{code} ({geographic.name})" if code else "a geographic system"
    return place.problem(
        f"what look like degrees where {crs.name} has {crs.axis_info[0].unit_name}s",
        f"state crs= the system of the degrees, such as {name}; project afterwards "
        "with .to_crs",
        severity="warning" if doubtful else "error",
    )


def _may_be_degrees(place: _Place) -> bool:
    """Whether the numbers, as degrees in either order, lie in the area of use."""
    area = place.crs.area_of_use
    if area is None or area.west > area.east:
        return True
    box = (area.west, area.south, area.east, area.north)
    return any(
        _within(one, two, box, 3.0, 3.0).mean() > MOST
        for one, two in ((place.x, place.y), (place.y, place.x))
    )


def _has_false_origin(crs: CRS) -> bool:
    operation = crs.coordinate_operation
    names = ("False easting", "False northing")
    return operation is not None and any(
        each.value for each in operation.params if each.name in names
    )


def _zone_number(place: _Place) -> Problem | None:
    """Easting with a zone number the system does not have, or without."""
    east = _false_easting(place.crs)
    if east is None:
        return None
    own = int(east // 1e6)
    zone, zone_of_y = _prefix(place.x), _prefix(place.y)
    if zone_of_y and not zone:
        return place.problem(
            f"y begins with zone number {zone_of_y}: easting and northing are exchanged"
            " (X is the northing of Chinese surveyors)",
            "name the columns the other way round, x= the column with the zone number"
            + ("" if own == zone_of_y else f"; then {_stated(place.crs, zone_of_y)}"),
        )
    if zone == own or (zone is None and own == 0):
        return None
    if zone is None:
        if not ((place.x > 0) & (place.x < 1e6)).mean() > MOST:
            return None
        return place.problem(
            f"x has no zone number, eastings of {place.crs.name} begin with {own}",
            f"state the system by its central meridian{_sibling(place.crs)}",
        )
    had = f"have {own}" if own else "have none"
    return place.problem(
        f"x begins with zone number {zone}, eastings of {place.crs.name} {had}",
        _stated(place.crs, zone),
    )


def _stated(crs: CRS, zone: int) -> str:
    """Advice to state the system of a zone, on the same datum where it is known."""
    datum, width = chinese_datum(crs), 6 if zone < 24 else 3
    if datum is None or zone == 24:
        return f"state the system of zone {zone} with the zone number in x"
    found = gauss_kruger(datum, zone, prefixed=True, width=width)
    return f"state crs='EPSG:{found.to_epsg()}' ({found.name})"


def _sibling(crs: CRS) -> str:
    """Name the same Chinese zone without its number."""
    datum, east = chinese_datum(crs), _false_easting(crs)
    if datum is None or east is None:
        return ""
    zone = int(east // 1e6)
    width = 6 if zone < 24 else 3
    found = gauss_kruger(datum, zone, prefixed=False, width=width)
    return f", crs='EPSG:{found.to_epsg()}' ({found.name})"


def _prefix(values: NDArray) -> int | None:
    """Zone number 13 to 45 that most values begin with."""
    zones = values // 1e6
    zone = float(np.median(zones))
    return int(zone) if 13 <= zone <= 45 and np.mean(zones == zone) > MOST else None


def _false_easting(crs: CRS) -> float | None:
    """Return the false easting of a transverse Mercator system in metres."""
    operation = crs.coordinate_operation
    if not crs.is_projected or operation is None:
        return None
    if "Transverse Mercator" not in operation.method_name:
        return None
    return next(
        (each.value for each in operation.params if each.name == "False easting"), None
    )


def _area(place: _Place) -> Problem | None:
    """Exchanged axes that only the area of use betrays, and places outside it."""
    inside = _inside(place, place.x, place.y)
    if inside.all():
        return None
    if inside.mean() < 0.5 and _inside(place, place.y, place.x).mean() > MOST:
        if place.crs.is_geographic:
            return _exchanged_degrees(place)
        return place.problem(
            "easting and northing are exchanged (X is the northing of Chinese "
            "surveyors)",
            "name the columns the other way round, x= the easting, y= the northing",
        )
    area = place.crs.area_of_use
    named = area.name.split(":")[0].split(". ")[0].rstrip(".") if area else "the globe"
    return place.problem(
        f"{int((~inside).sum())} of {inside.size} places lie far outside the area of "
        f"{place.crs.name} ({named})",
        "check the coordinate system and these coordinates",
        at=~inside,
        severity="warning",
    )


def _inside(
    place: _Place, x: NDArray, y: NDArray, *, wider: bool = True
) -> NDArray[np.bool_]:
    """Places within the area of use, widened by its size up to six degrees."""
    area = place.crs.area_of_use
    if area is None or area.west > area.east:
        return np.ones(x.shape, bool)
    geographic = place.crs.geodetic_crs
    if place.crs.is_projected and geographic is not None:
        change = Transformer.from_crs(place.crs, geographic, always_xy=True)
        with np.errstate(all="ignore"):
            x, y = change.transform(x, y)
    wide = tall = 3.0 if wider else 0.0
    if place.crs.is_projected and wider:
        wide = min(6.0, max(3.0, area.east - area.west))
    box = (area.west, area.south, area.east, area.north)
    return _within(x, y, box, wide, tall)


def _within(
    x: NDArray, y: NDArray, box: tuple[float, ...], wide: float, tall: float
) -> NDArray[np.bool_]:
    """Places in a box of degrees widened on each side."""
    west, south, east, north = box
    across = (x >= west - wide) & (x <= east + wide)
    return across & (y >= south - tall) & (y <= north + tall)


_LOOKS = (_degrees_expected, _metres_expected, _zone_number, _area)
