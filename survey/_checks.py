"""Checks of tables, systems and grids: each raises with a remedy."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_crs_info
from pyproj.enums import PJType

from ._crs import chinese_datum, gauss_kruger, resolve_crs, same_crs

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from odc.geo.geobox import GeoBox
    from pyproj import CRS


def check_columns(
    table: pd.DataFrame, columns: str | Iterable[str], *, where: str = ""
) -> None:
    """
    Raise if a column is not in the table.

    Parameters
    ----------
    table : DataFrame
        Any table.
    columns : str or iterable of str
        Columns that must be there.
    where : str, default ""
        Name of the file or layer, put in front of the message.

    Raises
    ------
    ValueError
        Naming the missing columns, those that look like them, and all that there are.

    Examples
    --------
    >>> import pandas as pd
    >>> check_columns(pd.DataFrame({"Cu_ppm": [1], "Zn_ppm": [2]}), "Cu_ppb")
    Traceback (most recent call last):
    ...
    ValueError: no column 'Cu_ppb' (did you mean 'Cu_ppm'?). The columns are: Cu_ppm,
    Zn_ppm.
    """
    wanted = [columns] if isinstance(columns, str) else list(columns)
    there = [str(name) for name in table.columns]
    missing = [str(name) for name in wanted if str(name) not in there]
    if not missing:
        return
    said = []
    for name in missing:
        near = difflib.get_close_matches(name, there, n=1)
        said.append(f"'{name}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
    place = f"{where}: " if where else ""
    raise ValueError(
        f"{place}no column {', '.join(said)}. The columns are: {', '.join(there)}."
    )


def check_projected(data: Any, *, what: str = "distance") -> CRS:  # noqa: ANN401
    """
    Raise if coordinates are not metres.

    Parameters
    ----------
    data : GeoDataFrame, GeoSeries, DataArray, Dataset, GeoBox or any CRS input
        What is to be measured.
    what : str, default "distance"
        What needs metres, for the message.

    Returns
    -------
    pyproj.CRS
        The coordinate system of `data`.

    Raises
    ------
    ValueError
        If `data` has no coordinate system, or one whose unit is not the metre. The
        message names a system that suits the place.

    Examples
    --------
    >>> check_projected("EPSG:32650").name
    'WGS 84 / UTM zone 50N'
    >>> check_projected("EPSG:4326", what="density_of")
    Traceback (most recent call last):
    ...
    ValueError: density_of needs metres, but the coordinates are in degrees (WGS 84).
    Project the data first, for example to a UTM zone.
    """
    crs = _crs_of(data)
    if crs is None:
        raise ValueError(
            f"{what} needs metres, but no CRS is declared: state it when the data "
            "are read (crs=)."
        )
    unit = crs.axis_info[0].unit_name if crs.axis_info else "unknown units"
    if not crs.is_geographic and unit in {"metre", "meter", "m"}:
        return crs
    unit = "degrees" if unit == "degree" else unit
    raise ValueError(
        f"{what} needs metres, but the coordinates are in {unit} ({crs.name}). "
        f"Project the data first, for example to {_suitable(data, crs)}."
    )


def check_same_grid(*grids: Any) -> None:  # noqa: ANN401
    """
    Raise unless all grids have the same cells.

    Parameters
    ----------
    *grids : DataArray, Dataset or GeoBox
        Compared with the first: coordinate system, shape, size and place of the cells.

    Raises
    ------
    ValueError
        Saying what differs and by how much.

    Examples
    --------
    >>> from survey import make_geobox
    >>> fine = make_geobox((0, 400, 0, 400), crs="EPSG:32650", resolution=100)
    >>> coarse = make_geobox((0, 400, 0, 400), crs="EPSG:32650", resolution=200)
    >>> check_same_grid(fine, fine)
    >>> check_same_grid(fine, coarse)
    Traceback (most recent call last):
    ...
    ValueError: grid 2 is not on the cells of grid 1: cells of 200 × 200 instead of
    100 × 100; 2 × 2 cells (rows × columns) instead of 4 × 4. Bring it there with
    survey.match_grid(grid, like=...).
    """
    from ._geobox import geobox_of

    if not grids:
        return
    first, *others = [geobox_of(grid) for grid in grids]
    names = [getattr(grid, "name", None) for grid in grids]
    for number, other in enumerate(others, 2):
        differences = _differences(first, other)
        if differences:
            one, two = (
                f"grid {n}" + (f" ('{names[n - 1]}')" if names[n - 1] else "")
                for n in (1, number)
            )
            raise ValueError(
                f"{two} is not on the cells of {one}: {'; '.join(differences)}. "
                "Bring it there with survey.match_grid(grid, like=...)."
            )


def _differences(first: GeoBox, other: GeoBox) -> list[str]:
    """Words on how two pixel grids differ, none if they are the same."""
    if (first.crs is None) != (other.crs is None):
        return ["one has a coordinate system, the other has none"]
    if first.crs is not None and not same_crs(first.crs.to_wkt(), other.crs.to_wkt()):
        return [f"coordinate system {_name(other)} instead of {_name(first)}"]
    said = []
    one, two = first.affine, other.affine
    cell = np.array([one.a, one.e, one.b, one.d])
    step = np.array([two.a, two.e, two.b, two.d])
    size = float(np.hypot(one.a, one.d))
    if np.abs(cell - step).max() * max(first.shape) > 1e-3 * size:
        said.append(
            f"cells of {abs(step[0]):g} × {abs(step[1]):g} instead of "
            f"{abs(cell[0]):g} × {abs(cell[1]):g}"
        )
    if first.shape != other.shape:
        (rows, columns), (wanted_rows, wanted_columns) = other.shape, first.shape
        said.append(
            f"{rows} × {columns} cells (rows × columns) instead of "
            f"{wanted_rows} × {wanted_columns}"
        )
    east, north = two.c - one.c, two.f - one.f
    if max(abs(east), abs(north)) > 1e-3 * size:
        said.append(f"corner moved by ({east:g}, {north:g})")
    return said


def _name(box: GeoBox) -> str:
    code = box.crs.epsg
    return f"EPSG:{code}" if code else box.crs.proj.name


def _crs_of(data: Any) -> CRS | None:  # noqa: ANN401
    """Coordinate system of data, or the system that `data` itself states."""
    if type(data).__module__.startswith("xarray."):
        import rioxarray  # noqa: F401  registers .rio, whoever made the grid

        data = data.rio.crs
    elif hasattr(data, "crs"):
        data = data.crs
    if data is None:
        return None
    proj = getattr(data, "proj", None)
    if proj is not None:
        return resolve_crs(proj)
    return resolve_crs(data.to_wkt() if hasattr(data, "to_wkt") else data)


def _suitable(data: Any, crs: CRS) -> str:  # noqa: ANN401
    """Name of a projected system for the middle of `data`."""
    region = _degrees(data, crs)
    if region is None:
        return "a UTM zone"
    west, south, east, north = region
    if east - west > 12:
        return (
            f"a national conic or equal-area system (the data span {east - west:.0f} "
            "degrees of longitude)"
        )
    middle = (west + east) / 2
    datum = chinese_datum(crs)
    if datum and 73.5 <= middle <= 136.5:
        found = gauss_kruger(datum, round(middle / 3), prefixed=False, width=3)
        return f"EPSG:{found.to_epsg()} ({found.name})"
    return _utm_zone(crs, middle, (south + north) / 2)


def _utm_zone(crs: CRS, longitude: float, latitude: float) -> str:
    """UTM zone of a place, on the datum of `crs` where there is one."""
    place = AreaOfInterest(longitude, latitude, longitude, latitude)
    found = query_crs_info(
        auth_name="EPSG",
        pj_types=PJType.PROJECTED_CRS,
        area_of_interest=place,
        contains=True,
    )
    datum = crs.geodetic_crs.name if crs.geodetic_crs else ""
    for name in (datum, "WGS 84"):
        wanted = re.compile(rf"{re.escape(name)} / (?:UTM|MGA) zone \d+[NS]?")
        for each in found:
            if wanted.fullmatch(each.name):
                return f"EPSG:{each.code} ({each.name})"
    return "a UTM zone"


def _degrees(data: Any, crs: CRS) -> tuple[float, ...] | None:  # noqa: ANN401
    """West, south, east, north of `data` in degrees, None if they cannot be known."""
    if hasattr(data, "total_bounds"):
        bounds = tuple(float(value) for value in data.total_bounds)
    elif hasattr(data, "rio") and hasattr(data, "dims"):
        bounds = tuple(data.rio.bounds())
    elif hasattr(data, "boundingbox"):
        bounds = tuple(data.boundingbox.bbox)
    else:
        return None
    if not np.isfinite(bounds).all():
        return None
    if crs.is_geographic:
        return bounds
    change = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    found = change.transform_bounds(*bounds)
    return found if np.isfinite(found).all() else None
