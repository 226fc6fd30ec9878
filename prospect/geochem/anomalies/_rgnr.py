"""The 39 analytes of regional geochemistry, and which of them a table holds."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

FILE = Path(__file__).parents[2] / "data" / "rgnr.toml"


@cache
def _plan() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def rgnr_units() -> dict[str, str]:
    """Usual unit of each of the 39 analytes, elements first."""
    return {name: unit for unit in ("ppm", "ppb", "pct") for name in _plan()[unit]}


RGNR_39 = tuple(sorted(rgnr_units(), key=lambda name: ("O" in name, name)))


def check_rgnr(samples: gpd.GeoDataFrame | pd.DataFrame) -> pd.DataFrame:
    """
    Which of the 39 RGNR analytes a table holds, and how many results were reported.

    Parameters
    ----------
    samples : DataFrame
        Analytes called by symbol and unit (``Cu_ppm``), ``Cu_ppm_censored`` where
        values are below detection.

    Returns
    -------
    DataFrame, 39 rows
        `analyte`, `column` (None where the table has none), `n` results, `n_missing`,
        `n_censored`, `reported_share` (报出率: results at or above the detection limit
        over results; NaN without results).

    References
    ----------
    Xie, X., Mu, X. and Ren, T. (1997). Geochemical mapping in China. Journal of
    Geochemical Exploration 60, 99-113.

    Examples
    --------
    >>> table = pd.DataFrame({"Cu_ppm": [1.0, 9.0], "Cu_ppm_censored": [True, False]})
    >>> found = check_rgnr(table)
    >>> found[found["column"].notna()][["analyte", "n", "reported_share"]]
       analyte  n  reported_share
    10      Cu  2             0.5
    """
    rows = [_row(samples, name) for name in RGNR_39]
    return pd.DataFrame(rows)


def _row(samples: pd.DataFrame, analyte: str) -> dict[str, Any]:
    names = [analyte, *_plan().get("also", {}).get(analyte, [])]
    units = [rgnr_units()[analyte], "ppm", "ppb", "pct", "g_t"]
    columns = [f"{name}_{unit}" for name in names for unit in units]
    column = next((name for name in columns if name in samples), None)
    if column is None:
        gap = {"n": 0, "n_missing": len(samples), "n_censored": 0}
        return {"analyte": analyte, "column": None, **gap, "reported_share": np.nan}
    flag = f"{column}_censored"
    none = np.zeros(len(samples), dtype=bool)
    censored = samples[flag].to_numpy(dtype=bool) if flag in samples else none
    known = samples[column].notna().to_numpy() | censored
    n, below = int(known.sum()), int((censored & known).sum())
    return {
        "analyte": analyte,
        "column": column,
        "n": n,
        "n_missing": len(samples) - n,
        "n_censored": below,
        "reported_share": (n - below) / n if n else np.nan,
    }
