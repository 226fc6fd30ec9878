"""Everything that is wrong with a district, listed at once, before any work is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from survey import DataProblems, Problem

from ._check_data import (
    NEEDS,
    check_deposits,
    check_elevation,
    check_layer,
    check_mask,
    check_points,
)
from ._district import read_district
from ._listing import listing
from .job._frame import district_geobox

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

    from ._district import District, Model

LARGEST = 2_000_000_000


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
    for model in district.model:
        with listing(problems, str(path), model.key):
            _try_model(model)
    absent = _missing_files(district)
    problems += absent.values()
    geobox = None
    if not _region_is_absent(district, absent):
        with listing(problems, str(path)):
            found = district_geobox(district)
            wrong = _check_frame(district, found, str(path))
            geobox = None if wrong else found
            problems += wrong
    _check_sources(district, geobox, absent, problems)
    named = {replace(problem, layer=None) for problem in problems if problem.layer}
    once = dict.fromkeys(problems)
    return [problem for problem in once if problem.layer or problem not in named]


def _check_sources(
    district: District,
    geobox: GeoBox | None,
    absent: dict[str, Problem],
    problems: list[Problem],
) -> None:
    """Look into every file; without a geobox, at what can be said without one."""
    background = district.background
    others = (
        (district.deposits, None, check_deposits),
        (district.mask, "mask", check_mask),
        (background.effort, "background.effort", check_points),
        (background.others, "background.others", check_points),
        (district.scene.elevation, "scene.elevation", check_elevation),
    )
    plan = [(layer, layer.name, check_layer) for layer in district.evidence]
    for source, name, look in [*plan, *others]:
        if source and source.file not in absent:
            file = str(district.path(source))
            with listing(problems, file, name):
                for found in look(district, source, geobox):  # kept if a later raises
                    at = {"file": found.file or file, "layer": found.layer or name}
                    problems.append(replace(found, **at))


def _region_is_absent(district: District, absent: dict[str, Problem]) -> bool:
    """Whether the region is to be taken from a file that is not there."""
    from .job._frame import region_source

    return district.region is None and region_source(district).file in absent


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


def _try_model(model: Model) -> None:
    if not model.params:
        return
    from .models import make_model

    make_model(model.kind, params=model.params)


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
        remedy = (
            "make the resolution coarser or the region smaller; region is west, east, "
            "south, north"
        )
        what = f"the map would have {columns} × {rows} cells"
        problems.append(Problem(what, remedy, file, value=str(district.resolution)))
    return problems
