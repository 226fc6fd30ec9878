"""Everything that is wrong with a district, listed at once, before any work is done."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from survey import DataProblems, Problem, check_coordinates, geobox_of, open_grid

from ._district import read_district
from ._note import Note
from .job._frame import district_geobox, is_grid, read_table
from .job._training import read_deposits

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    import xarray as xr
    from odc.geo.geobox import GeoBox

    from ._district import District, Evidence

NEEDS = {
    "density_of": ("radius",),
    "interpolated": ("column",),
    "terrain": ("derivative",),
    "index": ("index", "bands"),
}
LARGEST = 2_000_000_000
SAMPLE = 512


def check_district(path: str | Path) -> list[Problem]:
    """
    List all that is wrong with a district: file, layer, row, column, value, remedy.

    Looks at the district file, reads tables and vectors whole and grids in a thinned
    sample. Writes nothing.

    Parameters
    ----------
    path : path
        District file.

    Returns
    -------
    list of Problem
        Empty if the district can be run. Problems of severity "warning" do not stop
        a run.

    Examples
    --------
    >>> from prospect import check_district
    >>> check_district("district.toml")  # doctest: +SKIP
    []
    """
    problems: list[Problem] = []
    try:
        district = read_district(path)
    except DataProblems as error:
        return list(error.problems)
    except OSError as error:
        remedy = "check the name, or make one with: prospect new FOLDER"
        return [Problem(f"cannot be read ({error})", remedy, str(path))]
    problems += _check_plan(district, str(path))
    absent = _missing_files(district)
    problems += absent.values()
    geobox = None
    with _listing(problems, str(path)):
        geobox = district_geobox(district)
        problems += _check_frame(district, geobox, str(path))
    if geobox is None:
        return _unique(problems)
    for layer in district.evidence:
        if layer.file not in absent:
            with _listing(problems, str(district.path(layer)), layer.name):
                problems += _check_layer(district, layer, geobox)
    if district.deposits.file not in absent:
        with _listing(problems, str(district.path(district.deposits))):
            problems += _check_deposits(district, geobox)
    return _unique(problems)


@contextlib.contextmanager
def _listing(
    problems: list[Problem], file: str, layer: str | None = None
) -> Iterator[None]:
    """Turn what a reader raises into problems of the list."""
    try:
        yield
    except DataProblems as error:
        problems.extend(error.problems)
    except (ValueError, KeyError, OSError, TypeError) as error:
        what = error.args[0] if error.args else type(error).__name__
        remedy = "mend the input or the district file as the message says"
        problems.append(Problem(str(what).rstrip("."), remedy, file, layer))


def _unique(problems: list[Problem]) -> list[Problem]:
    return list(dict.fromkeys(problems))


def _missing_files(district: District) -> dict[str, Problem]:
    """Return the files that are not there, by their name in the district file."""
    problems = {}
    for name, source in {source.file: source for source in district.sources}.items():
        try:
            path = district.path(source)
        except (OSError, ValueError, KeyError) as error:
            what, remedy = str(error.args[0]), "see the message, or name another file"
            problems[name] = Problem(what, remedy, name)
            continue
        if not path.exists():
            remedy = "check the name; names in a district file start from its folder"
            problems[name] = Problem("there is no such file", remedy, str(path))
    return problems


def _check_plan(district: District, file: str) -> list[Problem]:
    problems = [
        Problem(
            f"treatment '{layer.treatment}' needs '{key}'",
            f"add {key} = … to this layer",
            file,
            layer.name,
        )
        for layer in district.evidence
        for key in NEEDS.get(layer.treatment, ())
        if getattr(layer, key) is None
    ]
    names = {layer.name for layer in district.evidence}
    background = district.background
    wanted = {"stratified": "strata", "bias_aware": "effort", "other_types": "others"}
    key = wanted.get(background.method)
    if key and getattr(background, key) is None:
        what = f"background method '{background.method}' needs '{key}'"
        problems.append(Problem(what, f"add {key} = … to [background]", file))
    if background.strata and background.strata not in names:
        remedy = f"name one of: {', '.join(sorted(names))}"
        problems.append(
            Problem("no such layer", remedy, file, "strata", value=background.strata)
        )
    models = {model.key for model in district.model}
    chosen = district.targets.model
    if chosen and chosen not in models:
        remedy = f"name one of: {', '.join(sorted(models))}"
        problems.append(
            Problem("no such model for targets", remedy, file, value=chosen)
        )
    return problems


def _check_frame(district: District, geobox: GeoBox, file: str) -> list[Problem]:
    problems = []
    if geobox.crs.geographic:
        west, south, east, north = geobox.boundingbox.bbox
        from pyproj.aoi import AreaOfInterest
        from pyproj.database import query_utm_crs_info

        utm = query_utm_crs_info("WGS 84", AreaOfInterest(west, south, east, north))
        advice = f", e.g. crs = 'EPSG:{utm[0].code}'" if utm else ""
        problems.append(
            Problem(
                f"the district's CRS is in degrees ({district.crs}): distances, areas "
                "and densities need metres",
                f"choose a projected CRS{advice} and give region and resolution in "
                "its metres",
                file,
            )
        )
    rows, columns = geobox.shape
    if rows * columns > LARGEST:
        remedy = "make the resolution coarser or the region smaller"
        what = f"the map would have {columns} × {rows} cells"
        problems.append(Problem(what, remedy, file, value=str(district.resolution)))
    return problems


def _check_layer(district: District, layer: Evidence, geobox: GeoBox) -> list[Problem]:
    path = district.path(layer)
    if is_grid(path):
        grid = open_grid(path, crs=layer.crs, band=layer.band, nodata=layer.nodata)
        return _check_grid(grid, layer, geobox, str(path))
    table = read_table(district, layer, samples=layer.treatment == "interpolated")
    problems = list(_suspicious(table, str(path), layer.name))
    if layer.column and layer.column not in table.columns:
        remedy = f"choose one of: {', '.join(map(str, table.columns))}"
        problems.append(
            Problem("no such column", remedy, str(path), layer.name, None, layer.column)
        )
    if not _meets(table, geobox):
        problems.append(_apart(path, layer.name))
    return problems


def _check_grid(
    grid: xr.DataArray, layer: Evidence, geobox: GeoBox, file: str
) -> list[Problem]:
    box = geobox_of(grid)
    here = box.extent.to_crs(geobox.crs) if box.crs != geobox.crs else box.extent
    if not here.intersects(geobox.extent):
        return [_apart(Path(file), layer.name)]
    step = max(1, max(grid.shape) // SAMPLE)
    thin = grid[step // 2 :: step, step // 2 :: step].to_numpy()
    known = thin[np.isfinite(thin)]
    if known.size == 0:
        what = "no value in a thinned sample of the grid: it seems to be all nodata"
        remedy = "check band and nodata, or leave the layer out"
        return [Problem(what, remedy, file, layer.name)]
    if known.min() == known.max():
        what = Note("grid_constant", constant=float(known.min()))
        remedy = Note("grid_constant_remedy")
        return [Problem(what, remedy, file, layer.name, severity="warning")]
    return []


def _check_deposits(district: District, geobox: GeoBox) -> list[Problem]:
    plan = district.deposits
    file = str(district.path(plan))
    table = read_table(district, plan, samples=False)
    problems = list(_suspicious(table, file, "deposits"))
    if plan.size and plan.size in table.columns:
        problems += _not_numbers(table[plan.size], file)
    kept = read_deposits(district, geobox)
    outside = kept.attrs["dropped"]["outside"]["count"]
    if outside:
        problems.append(
            Problem(
                Note("deposits_outside", n=outside, n_read=kept.attrs["n_read"]),
                Note("deposits_outside_remedy"),
                file,
                severity="warning",
            )
        )
    if len(kept) < district.validation.folds:
        problems.append(
            Problem(
                f"{len(kept)} deposits are left in the region, fewer than the "
                f"{district.validation.folds} folds of the validation",
                "check region, filter and CRS of the deposits, or use fewer folds",
                file,
            )
        )
    return problems


def _not_numbers(column: object, file: str) -> list[Problem]:
    import pandas as pd

    values = pd.Series(column)
    bad = values.notna() & pd.to_numeric(values, errors="coerce").isna()
    return [
        Problem(
            "text where a number is due",
            "write a number, or leave the cell empty",
            file,
            row=int(row) + 1 if isinstance(row, int | np.integer) else str(row),
            column=str(values.name),
            value=str(values[row]),
        )
        for row in values.index[bad]
    ]


def _suspicious(table: gpd.GeoDataFrame, file: str, layer: str) -> Iterator[Problem]:
    from dataclasses import replace

    if len(table) == 0:
        remedy = "check the file and the filter (where)"
        yield Problem("no record is left", remedy, file, layer)
        return
    points = table.geometry.representative_point()
    for problem in check_coordinates(points, table.crs):
        yield replace(problem, file=file, layer=layer)


def _meets(table: gpd.GeoDataFrame, geobox: GeoBox) -> bool:
    if len(table) == 0:
        return True
    west, south, east, north = table.to_crs(geobox.crs).total_bounds
    box = geobox.boundingbox
    return bool(
        west <= box.right
        and east >= box.left
        and south <= box.top
        and north >= box.bottom
    )


def _apart(path: Path, layer: str) -> Problem:
    return Problem(
        "the layer does not overlap the district's region",
        "check the CRS of the file (crs = …) and the region",
        str(path),
        layer,
    )
