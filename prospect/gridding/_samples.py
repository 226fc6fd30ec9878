"""Samples made ready: one value a place, its noise, what was counted on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from survey import DataProblems, Problem, check_columns, check_projected

from .._note import Note
from ._transforms import LN_10, Transform, check_transform, normal_scores

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from pyproj import CRS

UNITS = ("ppm", "ppb", "ppt", "pct", "wt_pct", "g_t", "nT", "mGal", "m", "mm", "degC")
MILLIMETRES = 1000.0
CENSORED = {
    None: "gridding_censored",
    "log10": "gridding_censored_log10",
    "normal_score": "gridding_censored_normal_score",
}
NOTES = {
    "missing": "gridding_missing",
    "censored": "gridding_censored",
    "over_range": "gridding_over_range",
    "error": "gridding_error",
    "merged": "gridding_merged",
}


@dataclass(frozen=True)
class Places:
    """
    One value a place: coordinates from `origin` (metres), value, variance of its error.

    `row` is the position of the first sample of the place in the table. `shares` are
    those of censored and imputed samples among all that are used.
    """

    origin: NDArray
    x: NDArray
    y: NDArray
    value: NDArray
    noise: NDArray
    row: NDArray
    transform: Transform
    units: str
    shares: dict[str, float]
    notes: list[str]

    def pick(self, kept: NDArray) -> Places:
        """Return some of the places."""
        names = ("x", "y", "value", "noise", "row")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})


class _Column(NamedTuple):
    """Values of a column as they are kriged, with noise; NaN where there is none."""

    value: NDArray
    noise: NDArray
    censored: NDArray
    imputed: NDArray
    counts: dict[str, int]


def metric_samples(samples: gpd.GeoDataFrame, *, what: str) -> gpd.GeoDataFrame:
    """Samples, refused unless they are points in metres."""
    check_projected(samples, what=what)
    return samples


def make_places(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    crs: CRS | None = None,
    transform: str | None = None,
) -> Places:
    """Places of the samples that have a value, in `crs` where one is given."""
    check_transform(transform)
    points = _points(samples, crs)
    read = _read(samples, column, transform)
    known = np.isfinite(read.value) & ~np.isnan(points).any(axis=1)
    if not known.any():
        raise ValueError(
            f"none of the {len(samples)} samples has a value in column '{column}'. "
            "Choose another column or check how the file was read."
        )
    table = pd.DataFrame(
        {
            "x": points[known, 0],
            "y": points[known, 1],
            "value": read.value[known],
            "noise": read.noise[known],
            "row": np.nonzero(known)[0],
        }
    )
    origin = table[["x", "y"]].mean().round().to_numpy()
    table[["x", "y"]] -= origin
    merged = _merge(table)
    made, values = Transform(transform), merged["value"].to_numpy()
    if transform == "normal_score":
        made, values = normal_scores(values)
    counts = read.counts | {
        "missing": int((~known).sum()),
        "merged": len(table) - len(merged),
    }
    shares = {
        "censored_share": float(read.censored[known].mean()),
        "imputed_share": float(read.imputed[known].mean()),
    }
    return Places(
        origin,
        *(merged[name].to_numpy(float) for name in ("x", "y")),
        np.ascontiguousarray(values, dtype=float),
        merged["noise"].to_numpy(float),
        merged["row"].to_numpy(),
        made,
        units_of(samples, column),
        shares,
        _notes(counts, len(samples), transform),
    )


def kurtosis_of(values: NDArray) -> float:
    """Fourth moment over the squared variance, 3 for a normal distribution."""
    apart = values - values.mean()
    square = np.mean(apart**2)
    return float(np.mean(apart**4) / square**2) if square > 0 else 3.0


def units_of(samples: pd.DataFrame, column: str) -> str:
    """Units of a column, as the table or its name tells."""
    told = samples.attrs.get("units", {}).get(column)
    return told or next((u for u in UNITS if column.endswith(f"_{u}")), "")


def numeric(samples: pd.DataFrame, column: str) -> NDArray:
    """Column as numbers; refused if it is not numeric or has infinite values."""
    check_columns(samples, column)
    kind = samples[column].dtype
    if not is_numeric_dtype(kind) or is_bool_dtype(kind):
        first = samples[column].dropna().head(1).tolist()
        raise ValueError(
            f"column '{column}' is not numeric; it begins with {first}. Read the table "
            "with survey.read_samples, which turns '<0.5' into censored numbers."
        )
    values = samples[column].to_numpy(dtype=float, na_value=np.nan)
    _refuse(
        samples, column, np.isinf(values), "an infinite number is no measurement",
        "correct it, or leave the cell empty",
    )  # fmt: skip
    return values


def flags(samples: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    """Boolean companion of a column, False where there is none."""
    if column not in samples:
        return np.zeros(len(samples), bool)
    return samples[column].fillna(value=False).to_numpy(dtype=bool)


def _points(samples: gpd.GeoDataFrame, crs: CRS | None) -> NDArray:
    """Coordinates (n, 2), NaN where a sample has no geometry."""
    if crs is not None:
        if samples.crs is None:
            raise ValueError(
                "The samples have no CRS. State it: samples.set_crs('EPSG:…')."
            )
        samples = samples.to_crs(crs)
    there = ~(samples.geometry.isna() | samples.geometry.is_empty)
    kinds = set(samples.geometry[there].geom_type)
    if kinds - {"Point"}:
        raise ValueError(
            f"samples must be points. Got {sorted(kinds)}: take "
            "samples.representative_point()."
        )
    out = np.full((len(samples), 2), np.nan)
    out[there.to_numpy()] = np.column_stack(
        [samples.geometry[there].x, samples.geometry[there].y]
    )
    return out


def _read(samples: pd.DataFrame, column: str, transform: str | None) -> _Column:
    values = numeric(samples, column)
    imputed = flags(samples, f"{column}_imputed")
    censored = flags(samples, f"{column}_censored") & np.isfinite(values)
    open_ended = censored & ~imputed
    noise, n_errors = _errors(samples, column, transform)
    if transform == "log10":
        _refuse(
            samples, column, values <= 0, "a value of zero or less has no logarithm",
            "mark it as below its detection limit (read '<0.5'), or leave the "
            "transform out",
        )  # fmt: skip
        with np.errstate(divide="ignore", invalid="ignore"):
            noise = noise / (LN_10 * values) ** 2
        values = np.log10(values)
        # the logarithm of a number between zero and the limit, all equally likely
        values = np.where(open_ended, values - 1 / LN_10, values)
        noise = np.where(open_ended, 1 / LN_10**2, noise)
    else:
        noise = np.where(open_ended, values**2 / 12, noise)
        values = np.where(open_ended, values / 2, values)
        if transform == "normal_score":
            noise = np.zeros(len(noise))
    counts = {
        "censored": int(open_ended.sum()),
        "over_range": int(flags(samples, f"{column}_over_range").sum()),
        "error": n_errors,
    }
    return _Column(values, noise, censored, imputed, counts)


def _errors(
    samples: pd.DataFrame, column: str, transform: str | None
) -> tuple[NDArray, int]:
    """Variance of the measurement error of each sample, and how many have one."""
    name = f"{column}_error"
    if name not in samples:
        return np.zeros(len(samples)), 0
    errors = numeric(samples, name)
    if transform == "normal_score":
        raise ValueError(
            f"normal scores cannot carry the measurement errors of '{name}': drop that "
            "column, or use transform='log10' or None."
        )
    _refuse(
        samples, name, ~(errors >= 0), "a standard deviation is zero or more",
        "state the standard deviation of the measurement, 0 where it has none",
    )  # fmt: skip
    return errors**2, int((errors > 0).sum())


def _refuse(
    samples: pd.DataFrame, column: str, wrong: NDArray, what: str, remedy: str
) -> None:
    if not wrong.any():
        return
    ids = samples.get("sample_id", pd.Series(samples.index, samples.index))
    raise DataProblems(
        Problem(
            what,
            remedy,
            row=str(ids.iloc[i]),
            column=column,
            value=str(samples[column].iloc[i]),
        )
        for i in np.nonzero(wrong)[0]
    )


def _merge(table: pd.DataFrame) -> pd.DataFrame:
    """One row a place, in the order of x and y: means, and the noise of the mean."""
    keys = [(MILLIMETRES * table[name]).round() for name in ("x", "y")]
    groups = table.groupby(keys, sort=True)
    merged = groups[["x", "y", "value", "noise"]].mean()
    merged["noise"] /= groups.size()
    merged["row"] = groups["row"].first()
    return merged.reset_index(drop=True)


def _notes(counts: dict[str, int], n: int, transform: str | None) -> list[str]:
    codes = NOTES | {"censored": CENSORED[transform]}
    return [
        Note(code, n=counts[name], total=n)
        for name, code in codes.items()
        if counts[name]
    ]
