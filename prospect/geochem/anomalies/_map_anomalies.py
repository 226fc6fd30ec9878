"""From samples to rated anomalies in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from survey import DataProblems, check_columns

from ..._note import Note
from ._anomalies import AnomalyMap, delineate_anomalies
from ._combine import combine_anomalies
from ._rating import rate_anomalies

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd
    import xarray as xr
    from odc.geo.geobox import GeoBox


class AnomalySurvey(NamedTuple):
    """
    Rated anomalies of a survey and what they were made from.

    Parameters
    ----------
    composites : GeoDataFrame
        Composite anomalies by rank, see `combine_anomalies` and `rate_anomalies`.
    maps : dict of str to AnomalyMap
        Single-element anomalies and their zones, by analyte.
    grids : dict of str to DataArray
        Map of each analyte, lazy.
    background : DataFrame
        Background and threshold of each analyte, see `background_table`.
    notes : list of str
        Analytes without an anomaly and what else is to be known, in English; each is a
        note that also speaks Chinese.
    """

    composites: gpd.GeoDataFrame
    maps: dict[str, AnomalyMap]
    grids: dict[str, xr.DataArray]
    background: pd.DataFrame
    notes: list[str]


def map_anomalies(
    samples: gpd.GeoDataFrame,
    columns: Sequence[str],
    *,
    like: GeoBox | xr.DataArray,
    thresholds: Mapping[str, float] | None = None,
    k: float = 2.0,
    min_area_km2: float = 0.0,
    rules: str | Path = "default",
    gridding: Mapping[str, Any] | None = None,
) -> AnomalySurvey:
    """
    Background, map, anomalies, composites and their rank, for several analytes.

    The threshold of an analyte is that of the iterated background in lg space, T = X̄ +
    k S, unless it is stated; the map is interpolated; anomalies are cut at T, with
    zones at 1, 2 and 4 T; those that overlap are joined and ranked. Each step is a
    public function of its own.

    Parameters
    ----------
    samples : GeoDataFrame of points
        As `survey.read_samples` gives them.
    columns : sequence of str
        Analytes, such as ``Cu_ppm``.
    like : GeoBox or grid
        Pixel grid of the maps, projected in metres.
    thresholds : mapping of str to float, optional
        Thresholds that are stated rather than computed.
    k : float, default 2
        Standard deviations above the background.
    min_area_km2 : float, default 0
        Smaller anomalies are left out and counted.
    rules : path or "default"
        See `read_rating_rules`.
    gridding : mapping, optional
        Options of `prospect.evidence.interpolate`, such as method or max_distance.

    Returns
    -------
    AnomalySurvey
        Composites, anomalies, grids, background, notes.

    Raises
    ------
    ValueError
        If a column is not in the table or no analyte has an anomaly.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from survey import make_geobox
    >>> x, y = [500, 1500, 2500, 3500] * 3, [500] * 4 + [1500] * 4 + [2500] * 4
    >>> copper = [20.0, 22, 19, 21, 20, 90, 23, 20, 21, 19, 20, 22]
    >>> soil = gpd.GeoDataFrame({"Cu_ppm": copper}, crs="EPSG:32654",
    ...     geometry=gpd.points_from_xy(x, y))
    >>> frame = make_geobox((0, 4000, 0, 3000), crs="EPSG:32654", resolution=1000)
    >>> found = map_anomalies(soil, ["Cu_ppm"], like=frame, thresholds={"Cu_ppm": 40})
    >>> found.composites[["rank", "composite_id", "analytes", "n_zones"]]
       rank composite_id analytes  n_zones
    0     1          C-1       Cu        2
    """
    from ...evidence import interpolate

    names = list(dict.fromkeys(columns))
    check_columns(samples, names, where="samples")
    unknown = sorted(set(thresholds or ()) - set(names))
    if unknown:
        raise ValueError(f"thresholds for {unknown}, which are not among {names}")
    background = _background(samples, names, thresholds or {}, k)
    limits = background.set_index("analyte")["threshold"]
    maps, grids, notes = {}, {}, _rests_on(background)
    for name in names:
        grid = interpolate(samples, name, like=like, **(gridding or {}))
        grids[name] = grid
        told = grid.attrs.get("notes", ())
        notes += [Note("anomaly_of", analyte=name, note=note) for note in told]
        try:
            maps[name] = delineate_anomalies(
                grid,
                threshold=float(limits[name]),
                samples=samples,
                column=name,
                min_area_km2=min_area_km2,
            )
        except DataProblems:
            level = f"{limits[name]:.3g}"
            notes.append(Note("no_anomaly", analyte=name, threshold=level))
            continue
        small = maps[name].anomalies.attrs["n_small"]
        if small:
            area = f"{min_area_km2:g}"
            notes.append(Note("anomalies_small", analyte=name, n=small, area=area))
    tables = [found.anomalies for found in maps.values() if len(found.anomalies)]
    if not tables:
        raise ValueError(
            f"none of {names} has an anomaly: no cell reaches its threshold, or all "
            f"anomalies are below {min_area_km2:g} km². State lower thresholds, a "
            "smaller k or a smaller min_area_km2; kriged maps smooth peaks away, those "
            "by inverse distance keep them."
        )
    composites = rate_anomalies(combine_anomalies(tables), rules=rules)
    return AnomalySurvey(composites, maps, grids, background, notes)


def _rests_on(background: pd.DataFrame) -> list[Note]:
    """What the backgrounds say of themselves; a threshold must be known."""
    unknown = background.loc[background["threshold"].isna(), "analyte"].tolist()
    if unknown:
        raise ValueError(
            f"{', '.join(unknown)}: too few values, or too many below detection, for a "
            "threshold. State it with thresholds=, or leave the analyte out."
        )
    own = background[background["method"] != "stated"]
    told = zip(own["analyte"], own["note"], strict=True)
    return [Note("anomaly_of", analyte=name, note=note) for name, note in told if note]


def _background(
    samples: gpd.GeoDataFrame, names: list[str], stated: Mapping[str, float], k: float
) -> pd.DataFrame:
    """Background of each analyte, with the thresholds that are stated."""
    from ..background._background import background_table

    table = background_table(samples, names, methods="iterative", k=k)
    found = table.set_index("analyte", drop=False)
    for name, value in stated.items():
        found.loc[name, ["threshold", "method"]] = [float(value), "stated"]
    return found.loc[names].reset_index(drop=True)
