"""Samples as places with one value each, ready to be spread over a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from survey import check_columns

from .._note import Note
from ..evidence._frame import placed
from ..evidence._scale import rescale, scaled_units

if TYPE_CHECKING:
    import geopandas as gpd
    from odc.geo.geobox import GeoBox

UNITS = ("ppm", "ppb", "ppt", "pct", "wt_pct", "g_t", "nT", "mGal", "m", "mm", "degC")


class Places(NamedTuple):
    """Places with a value: x, y (n, 2) from `origin`, one value each."""

    origin: np.ndarray
    xy: np.ndarray
    value: np.ndarray


def read_places(
    samples: gpd.GeoDataFrame, column: str, geobox: GeoBox, *, transform: str | None
) -> tuple[Places, dict[str, Any]]:
    """
    Places of the samples that have a value, and attributes of the grid to come.

    Censored values enter as half of their limit unless they were imputed; several
    samples at one place as their mean. What was left out, halved and averaged is
    counted in ``notes``.
    """
    values, notes, shares = _values_of(samples, column)
    values, dropped = rescale(values, transform)
    if dropped:
        told = {"n": int(dropped), "total": len(values), "transform": str(transform)}
        notes.append(Note("gridding_no_transform", **told))
    if not values.notna().any():
        raise ValueError(
            f"none of the {len(values)} samples has a {transform} in column "
            f"'{column}'. Leave the transform out."
        )
    places, merged = _merged(placed(samples[values.notna()], geobox), values.dropna())
    if merged:
        notes.append(Note("gridding_averaged", n=int(merged)))
    units = samples.attrs.get("units", {}).get(column) or next(
        (unit for unit in UNITS if column.endswith(f"_{unit}")), ""
    )
    said = {"long_name": column, "units": scaled_units(units, transform)}
    return places, said | {"kind": "continuous", **shares, "notes": notes}


def _values_of(
    samples: gpd.GeoDataFrame, column: str
) -> tuple[pd.Series, list[str], dict[str, float]]:
    """Values (half the limit if censored), what was left out, shares of samples."""
    check_columns(samples, column)
    kind = samples[column].dtype
    if not is_numeric_dtype(kind) or is_bool_dtype(kind):
        first = samples[column].dropna().head(1).tolist()
        raise ValueError(
            f"column '{column}' is not numeric; it begins with {first}. Read the table "
            "with survey.read_samples, which turns '<0.5' into censored numbers."
        )
    known = samples[column].notna() & ~samples.geometry.isna()
    if not known.any():
        raise ValueError(
            f"none of the {len(samples)} samples has a value in column '{column}'. "
            "Choose another column or check how the file was read."
        )
    values = samples[column].astype("float64").where(known)
    notes: list[str] = []
    if not known.all():
        n = int((~known).sum())
        notes.append(Note("gridding_no_value", n=n, total=len(known)))
    imputed = _flag(samples, f"{column}_imputed") & known
    censored = _flag(samples, f"{column}_censored") & known
    halved = censored & ~imputed
    if halved.any():
        values = values.where(~halved, values / 2)
        notes.append(Note("gridding_halved", n=int(halved.sum())))
    over = _flag(samples, f"{column}_over_range") & known
    if over.any():
        notes.append(Note("gridding_at_upper_limit", n=int(over.sum())))
    count = known.sum()
    shares = {
        "censored_share": float(censored.sum() / count),
        "imputed_share": float(imputed.sum() / count),
    }
    return values, notes, shares


def _flag(samples: gpd.GeoDataFrame, name: str) -> pd.Series:
    if name not in samples:
        return pd.Series(data=False, index=samples.index)
    return samples[name].fillna(value=False).astype(bool)


def _merged(samples: gpd.GeoDataFrame, values: pd.Series) -> tuple[Places, int]:
    """One value a place, and how many samples were averaged away."""
    points = samples.geometry
    if not (points.geom_type == "Point").all():
        raise ValueError(
            f"samples must be points. Got {sorted(set(points.geom_type))}: take "
            "samples.representative_point() or use distance_to or density_of."
        )
    table = pd.DataFrame({"x": points.x, "y": points.y, "value": values})
    mean = table.groupby(["x", "y"], sort=True)["value"].mean().reset_index()
    xy = mean[["x", "y"]].to_numpy()
    origin = xy.mean(axis=0).round()
    places = Places(origin, xy - origin, mean["value"].to_numpy())
    return places, len(table) - len(mean)
