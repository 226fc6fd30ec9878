"""Groups of samples: a column, or the polygons that samples lie in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from survey import check_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

By = "str | tuple[gpd.GeoDataFrame, str]"


def group_labels(
    samples: pd.DataFrame, by: str | tuple[gpd.GeoDataFrame, str] | None
) -> pd.Series:
    """
    Group of each sample, as text; missing where it has none.

    Parameters
    ----------
    samples : DataFrame
        Samples; points where `by` is a layer of polygons.
    by : str, (GeoDataFrame, str) or None
        A column of the samples, or polygons and their column. A point in several
        polygons takes the first of them.
    """
    if by is None:
        return pd.Series("", index=samples.index, dtype=object)
    if isinstance(by, str):
        check_columns(samples, by)
        return _as_text(samples[by])
    layer, column = _checked(by)
    check_columns(layer, column, where="the layer of `by`")
    if not isinstance(samples, gpd.GeoDataFrame):
        raise TypeError(
            "groups from polygons need points: give the samples as a GeoDataFrame."
        )
    if samples.crs is None or layer.crs is None:
        raise ValueError(
            "groups from polygons need a CRS on both samples and layer: state it when "
            "they are read (crs=)."
        )
    names = layer[column].to_numpy(dtype=object)
    points, areas = layer.to_crs(samples.crs).sindex.query(
        samples.geometry, predicate="intersects"
    )
    first = np.full(len(samples), len(layer))
    np.minimum.at(first, points, areas)
    found = np.append(names, None)[first]
    return _as_text(pd.Series(found, index=samples.index, dtype=object))


def each_group(labels: pd.Series) -> Iterator[tuple[str | None, NDArray[np.bool_]]]:
    """Yield name and rows of each group, sorted by name; samples without one last."""
    told = labels.to_numpy(dtype=object)
    missing = labels.isna().to_numpy()
    for name in sorted(set(told[~missing])):
        yield name, (told == name) & ~missing
    if missing.any():
        yield None, missing


def _as_text(column: pd.Series) -> pd.Series:
    """Labels as text, whole numbers without a point."""
    told = column.astype(object)
    return told.map(_text, na_action="ignore").where(told.notna(), None).astype(object)


def _text(value: object) -> str:
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _checked(by: object) -> tuple[gpd.GeoDataFrame, str]:
    if (
        isinstance(by, tuple)
        and len(by) == 2
        and isinstance(by[0], gpd.GeoDataFrame)
        and isinstance(by[1], str)
    ):
        return by
    raise TypeError(
        "by must be a column of the samples, or (polygons, column of the polygons); "
        f"got {type(by).__name__}."
    )
