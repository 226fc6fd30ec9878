"""Samples of an evidence section: read, filtered, spread over the district's grid."""

from __future__ import annotations

from tokenize import TokenError
from typing import TYPE_CHECKING, Any

from survey import DataProblems, Problem, read_samples

from ._interpolate import interpolate

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    import xarray as xr

    from .._district import Evidence

QUERY_ERRORS = (ValueError, KeyError, TypeError, SyntaxError, NameError, TokenError)


def read_points(evidence: Evidence, path: Path) -> gpd.GeoDataFrame:
    """Samples of the section's file that its filter keeps."""
    keys = ("layer", "crs", "encoding", "x", "y")
    samples = read_samples(path, **{key: getattr(evidence, key) for key in keys})
    if not evidence.where:
        return samples
    try:
        kept = samples.query(evidence.where)
    except QUERY_ERRORS as error:
        raise DataProblems([_problem(evidence, f"where: {error}", path)]) from error
    if kept.empty:
        what = "the filter leaves no row"
        raise DataProblems([_problem(evidence, what, path)])
    return kept


def column_named(samples: gpd.GeoDataFrame, name: str) -> str:
    """Column by its name, or by the header it had in the file."""
    if name in samples:
        return name
    columns = reversed(samples.attrs.get("columns", {}).items())
    return {str(old): new for new, old in columns}.get(name, name)


def columns_named(samples: gpd.GeoDataFrame, evidence: Evidence) -> list[str]:
    """Analytes of the section by their names in the table."""
    return [column_named(samples, name) for name in evidence.columns]


def spread(
    samples: gpd.GeoDataFrame,
    column: str,
    evidence: Evidence,
    like: Any,  # noqa: ANN401
) -> xr.DataArray:
    """Column of samples on the district's grid, by the section's method."""
    keys = ("power", "neighbours", "transform")
    return interpolate(
        samples,
        column,
        like=like,
        method=evidence.method or "idw",
        max_distance=evidence.max_distance or evidence.radius,
        **{key: getattr(evidence, key) for key in keys},
    )


def _problem(evidence: Evidence, what: str, path: Path) -> Problem:
    remedy = "mend where= ; pandas query syntax, such as \"medium == 'till'\""
    return Problem(
        what, remedy, file=str(path), layer=evidence.name, value=evidence.where
    )
