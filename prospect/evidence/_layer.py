"""One evidence layer of a district file, from its source to the district's grid."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from survey import (
    DataProblems,
    Problem,
    geobox_of,
    match_grid,
    open_grid,
    read_features,
)

from .._district import District, Evidence
from ._categories import categorise, merge_rare
from ._density import density_of
from ._distance import distance_to
from ._geochemistry import GEOCHEMICAL
from ._imagery import IMAGERY, open_evidence_cube
from ._points import column_named, read_points, spread
from ._scale import rescale_grid, scaled_units
from ._terrain import terrain

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd
    import xarray as xr
    from odc.geo.geobox import GeoBox


# samples are transformed before they are spread
SPREAD_AS_TOLD = {"interpolated", "background_contrast"}


def build_layer(
    evidence: Evidence, *, folder: str | Path, like: GeoBox | xr.DataArray
) -> xr.DataArray:
    """
    Evidence layer as its section of the district file describes it.

    Parameters
    ----------
    evidence : Evidence
        Section ``[[evidence]]``: source, treatment and its options.
    folder : path
        Folder that relative file names start from.
    like : GeoBox or grid
        Pixel grid of the district.

    Returns
    -------
    DataArray, dims (y, x)
        Named as the section, lazy. ``attrs``: long_name, units, kind, source,
        treatment, direction where it is stated, classes for categories, notes on what
        was left out or changed. `min_share` and, for grids, `transform` need a
        statistic of the whole layer, which is computed once.

    Raises
    ------
    DataProblems
        If an option the treatment needs is missing, or the filter cannot be read.
    ValueError, FileNotFoundError
        From reading and treating: each with its remedy.

    See Also
    --------
    TREATMENTS : The treatments by name; one function and one entry add another.
    """
    _check_options(evidence)
    treat, _ = TREATMENTS[evidence.treatment]
    home = District.model_construct(folder=Path(folder))
    path = home.path(evidence)
    further = {
        name: source.model_copy(update={"file": str(home.path(source))})
        for name in ("geology", "dem", "library", "rules")
        if (source := getattr(evidence, name))
    }
    grid = treat(evidence.model_copy(update=further), path, like)
    units, transform = evidence.units or grid.attrs.get("units", ""), evidence.transform
    if transform and evidence.treatment not in SPREAD_AS_TOLD:
        grid = rescale_grid(grid, transform)
    if evidence.min_share and grid.attrs.get("kind") == "categorical":
        grid = merge_rare(grid, min_share=evidence.min_share)
        merged = grid.attrs["merged"]
        grid.attrs["notes"] = [
            *grid.attrs.get("notes", []),
            *[f"{len(merged)} rare classes joined: {', '.join(merged)}"] * bool(merged),
        ]
    if evidence.units and transform:
        units = scaled_units(evidence.units, transform)
    elif transform:
        units = grid.attrs["units"]
    said = {
        "long_name": evidence.title or grid.attrs.get("long_name") or evidence.name,
        "units": units,
        "kind": grid.attrs.get("kind", "continuous"),
        "source": evidence.file,
        "treatment": evidence.treatment,
    }
    if evidence.direction:
        said["direction"] = evidence.direction
    return grid.assign_attrs(said).rename(evidence.name)


def _as_is(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    grid = _open(evidence, path, kind="continuous")
    return match_grid(grid, like=like, resampling=evidence.resampling)


def _categorical(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    if evidence.column:
        return categorise(_features(evidence, path), evidence.column, like=like)
    return match_grid(_open(evidence, path, kind="categorical"), like=like)


def _distance_to(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    features = _features(evidence, path)
    return distance_to(features, like=like, max_distance=evidence.max_distance)


def _density_of(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    return density_of(_features(evidence, path), like=like, radius=evidence.radius)


def _interpolated(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    samples = read_points(evidence, path)
    column = column_named(samples, evidence.column)
    return spread(samples, column, evidence, like)


def _terrain(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    dem, notes = _open(evidence, path), []
    if geobox_of(dem).crs.geographic:
        dem = match_grid(dem, like=like, resampling=evidence.resampling)
        notes = ["heights in degrees: brought to the district's grid before deriving"]
    window = {}
    if evidence.radius:
        cell = abs(geobox_of(dem).affine.a)
        window = {"window": 2 * max(1, round(evidence.radius / cell)) + 1}
    grid = terrain(dem, evidence.derivative, **window)
    grid.attrs["notes"] = notes
    return match_grid(grid, like=like, resampling=evidence.resampling)


def _index(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    from spectral.indices import spectral_index

    if not evidence.bands:  # the cube knows its wavelengths
        cube = open_evidence_cube(evidence, path)
        grid = spectral_index(evidence.index, cube, sensor=evidence.sensor)
        return match_grid(grid, like=like, resampling=evidence.resampling)
    bands = {
        role: open_grid(path, crs=evidence.crs, band=number, nodata=evidence.nodata)
        for role, number in evidence.bands.items()
    }
    grid = spectral_index(evidence.index, bands)
    return match_grid(grid, like=like, resampling=evidence.resampling)


def _open(evidence: Evidence, path: Path, *, kind: str | None = None) -> xr.DataArray:
    options = {"crs": evidence.crs, "band": evidence.band, "nodata": evidence.nodata}
    return open_grid(path, kind=kind, **options)


def _features(evidence: Evidence, path: Path) -> gpd.GeoDataFrame:
    keys = ("crs", "layer", "encoding", "where", "x", "y", "segment")
    return read_features(path, **{key: getattr(evidence, key) for key in keys})


def _check_options(evidence: Evidence) -> None:
    _, needed = TREATMENTS[evidence.treatment]
    problems = [
        Problem(
            f"treatment '{evidence.treatment}' needs '{key}'",
            f"add {key} = … to this [[evidence]] section",
            file=evidence.file,
            layer=evidence.name,
        )
        for key in needed
        if not getattr(evidence, key)
    ]
    if evidence.transform and evidence.treatment == "categorical":
        problems.append(
            Problem(
                "classes have no transform",
                "remove transform, or treat the layer as_is",
                file=evidence.file,
                layer=evidence.name,
                value=evidence.transform,
            )
        )
    if problems:
        raise DataProblems(problems)


# treatment: (function of section, path and grid; options it cannot do without)
TREATMENTS: dict[str, tuple[Callable[..., xr.DataArray], tuple[str, ...]]] = {
    "as_is": (_as_is, ()),
    "categorical": (_categorical, ()),
    "density_of": (_density_of, ("radius",)),
    "distance_to": (_distance_to, ()),
    "index": (_index, ("index",)),
    "interpolated": (_interpolated, ("column",)),
    "terrain": (_terrain, ("derivative",)),
    **GEOCHEMICAL,
    **IMAGERY,
}
