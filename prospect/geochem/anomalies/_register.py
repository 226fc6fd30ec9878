"""The register of anomalies: one line each, with titles and units people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

# column -> significant figures, None for whole numbers and text
COLUMNS: dict[str, int | None] = {
    "rank": None,
    "composite_id": None,
    "anomaly_id": None,
    "class": None,
    "analyte": None,
    "analytes": None,
    "main_analyte": None,
    "n_analytes": None,
    "unit": None,
    "threshold": 4,
    "area_km2": 3,
    "n_cells": None,
    "n_samples": None,
    "n_anomalous": None,
    "n_unclear": None,
    "mean": 4,
    "mean_of": None,
    "max": 4,
    "contrast": 3,
    "nap": 4,
    "n_zones": None,
    "n_centres": None,
    "clarity": 2,
    "n_anomalies": None,
    "overlap_km2": 3,
    "max_overlap": None,
    "score": 3,
    "open": None,
    "easting": 7,
    "northing": 8,
    "class_reason": None,
    "class_person": None,
    "class_date": None,
    "members": None,
}


def anomaly_register(anomalies: gpd.GeoDataFrame, *, lang: str = "en") -> pd.DataFrame:
    """
    Register of anomalies (异常登记表), ready for a spreadsheet.

    Parameters
    ----------
    anomalies : GeoDataFrame
        Of `delineate_anomalies`, `combine_anomalies` or `rate_anomalies`.
    lang : {"en", "zh"}
        Language of the titles.

    Returns
    -------
    DataFrame
        The rows in their order, without geometry; columns that are known get a title
        with its unit and sensible figures, others follow as they are. Write it with
        `survey.save_table`.

    Raises
    ------
    ValueError
        If `lang` is another language.

    Examples
    --------
    >>> import geopandas as gpd
    >>> found = gpd.GeoDataFrame(
    ...     {"anomaly_id": ["Cu-1"], "nap": [33.33333], "open": [False]},
    ...     geometry=gpd.points_from_xy([0], [0]), crs="EPSG:32654")
    >>> print(anomaly_register(found).to_string(index=False))
    Anomaly  NAP (km²) Touches the edge
       Cu-1      33.33               no
    """
    from ...report import Words

    words = Words(lang)
    geometry = getattr(anomalies, "active_geometry_name", None)
    plain = pd.DataFrame(anomalies.drop(columns=[geometry] if geometry else []))
    known = [name for name in COLUMNS if name in plain]
    other = [name for name in plain if name not in COLUMNS]
    out = {}
    for name in known:
        column, figures = plain[name], COLUMNS[name]
        if name == "open":
            yes, no = words("register_yes"), words("register_no")
            column = column.map({True: yes, False: no})
        elif name == "mean_of":
            column = column.map(lambda what: words.name("register", what))
        elif figures:
            column = pd.Series(_rounded(column, figures), index=plain.index)
        out[words(f"register_{name}")] = column
    return pd.DataFrame(out | {name: plain[name] for name in other})


def _rounded(column: pd.Series, figures: int) -> np.ndarray:
    values = column.to_numpy(dtype=float, na_value=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        place = figures - 1 - np.floor(np.log10(np.abs(values)))
    place = np.where(np.isfinite(place), place, 0)
    factor = 10.0 ** np.clip(place, 0, 300)
    return np.round(values * factor) / factor
