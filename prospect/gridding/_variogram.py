"""Experimental variograms, variogram maps and cross-variograms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from ._lags import N_LAGS, make_lags, make_table, pair_sums
from ._samples import Places, kurtosis_of, make_places, metric_samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

ESTIMATORS = ("matheron", "cressie", "dowd", "madogram")
FEWEST = 2


def experimental_variogram(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    lag: float | None = None,
    n_lags: int = N_LAGS,
    azimuth: float | Sequence[float] | None = None,
    tolerance: float = 22.5,
    estimator: str = "matheron",
    transform: str | None = None,
) -> pd.DataFrame:
    """
    Half the mean squared difference of samples, by their distance.

    Parameters
    ----------
    samples : GeoDataFrame
        Points in a projected CRS in metres.
    column : str
        Numeric column. Samples below detection (``<column>_censored``) count with half
        their limit, unless they are imputed; the notes say how many.
    lag : float, optional
        Width of a class of distances in metres. If left out, a third of the diagonal of
        the region is divided into `n_lags` classes.
    n_lags : int, default 15
        Number of classes.
    azimuth : float or sequence of float, optional
        Directions of the separation in degrees clockwise from grid north; all
        directions together if left out.
    tolerance : float, default 22.5
        Degrees to either side of an azimuth.
    estimator : {"matheron", "cressie", "dowd", "madogram"}
        Mean of squares; mean of square roots (resists outliers); median (resists them
        more); half the mean absolute difference, which shows ranges but no sill.
    transform : {"log10", "normal_score"}, optional
        Applied to the samples beforehand.

    Returns
    -------
    DataFrame
        One row a class that has a pair: `lag` (mean distance of its pairs, metres),
        `gamma` (squared units of the data; units for the madogram), `n_pairs` and
        `azimuth` (NaN for all directions). In ``attrs``: `column`, `units`,
        `transform`, `estimator`, `variance` and `kurtosis` of the samples, `n_samples`,
        `lag_width`,
        `pairs_share` (below 1 where the samples have more than 500 million pairs: a
        fixed pseudo-random part of them is then used), `censored_share`,
        `imputed_share`, `notes`.

    Raises
    ------
    ValueError
        If the CRS is not projected, the column is not there or not numeric, fewer than
        two places have a value, or an option is not possible.
    DataProblems
        If values are infinite, or zero or negative with ``transform="log10"``.

    References
    ----------
    Matheron, G. (1962). Traité de géostatistique appliquée. Technip.

    Cressie, N. and Hawkins, D. M. (1980). Robust estimation of the variogram: I.
    Mathematical Geology 12, 115-125.

    Dowd, P. A. (1984). The variogram and kriging: robust and resistant estimators. In:
    Geostatistics for Natural Resources Characterization 1, 91-106.

    Examples
    --------
    >>> import geopandas as gpd
    >>> line = gpd.GeoDataFrame(
    ...     {"Cu_ppm": [1.0, 2.0, 4.0]},
    ...     geometry=gpd.points_from_xy([0, 10, 20], [0, 0, 0]), crs="EPSG:32633")
    >>> experimental_variogram(line, "Cu_ppm", lag=12, n_lags=2)
        lag  gamma  n_pairs  azimuth
    0  10.0   1.25        2      NaN
    1  20.0   4.50        1      NaN
    """
    metric_samples(samples, what="experimental_variogram")
    if estimator not in ESTIMATORS:
        raise ValueError(
            f"estimator must be one of {ESTIMATORS}. Got {estimator!r} instead."
        )
    places = make_places(samples, column, transform=transform)
    check_places(places, column)
    lags = make_lags(places, lag, n_lags, azimuth=azimuth, tolerance=tolerance)
    table, share = make_table(places, places.value, places.value, lags, estimator)
    table.attrs = {
        "column": column,
        "units": places.transform.units(places.units),
        "transform": transform,
        "estimator": estimator,
        "variance": float(places.value.var()),
        "kurtosis": kurtosis_of(places.value),
        "n_samples": len(places.value),
        "lag_width": lags.width,
        "pairs_share": share,
        **places.shares,
        "notes": places.notes,
    }
    return table


def cross_variogram(
    samples: gpd.GeoDataFrame,
    columns: Sequence[str],
    *,
    lag: float | None = None,
    n_lags: int = N_LAGS,
    azimuth: float | Sequence[float] | None = None,
    tolerance: float = 22.5,
    transform: str | None = None,
) -> pd.DataFrame:
    """
    Half the mean product of the differences of two variables, by distance.

    Parameters
    ----------
    samples : GeoDataFrame
        Points in a projected CRS in metres; those with both values count.
    columns : sequence of str
        Two numeric columns.
    lag : float, optional
        Width of a class in metres, as for `experimental_variogram`.
    n_lags : int, default 15
        Number of classes.
    azimuth : float or sequence of float, optional
        Directions in degrees clockwise from grid north.
    tolerance : float, default 22.5
        Degrees to either side of an azimuth.
    transform : {"log10", "normal_score"}, optional
        Applied to both beforehand.

    Returns
    -------
    DataFrame
        As `experimental_variogram`; `gamma` is in the product of the units and may be
        negative. ``attrs["correlation"]`` is that of the samples.

    Raises
    ------
    ValueError
        If there are not two columns, or as for `experimental_variogram`.

    References
    ----------
    Wackernagel, H. (2003). Multivariate Geostatistics. 3rd ed., Springer.

    Examples
    --------
    >>> import geopandas as gpd
    >>> line = gpd.GeoDataFrame(
    ...     {"Cu_ppm": [1.0, 2.0, 4.0], "Zn_ppm": [3.0, 2.0, 0.0]},
    ...     geometry=gpd.points_from_xy([0, 10, 20], [0, 0, 0]), crs="EPSG:32633")
    >>> cross_variogram(line, ["Cu_ppm", "Zn_ppm"], lag=12, n_lags=2)["gamma"].tolist()
    [-1.25, -4.5]
    """
    metric_samples(samples, what="cross_variogram")
    one, two = both_places(samples, columns, transform)
    lags = make_lags(one, lag, n_lags, azimuth=azimuth, tolerance=tolerance)
    table, share = make_table(one, one.value, two.value, lags, "matheron")
    units = [places.transform.units(places.units) for places in (one, two)]
    table.attrs = {
        "column": list(columns),
        "units": " ".join(filter(None, units)),
        "transform": transform,
        "estimator": "matheron",
        "correlation": pd.Series(one.value).corr(pd.Series(two.value)),
        "n_samples": len(one.value),
        "lag_width": lags.width,
        "pairs_share": share,
        "notes": [*one.notes, *two.notes],
    }
    return table


def variogram_map(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    lag: float | None = None,
    n_lags: int = 8,
    transform: str | None = None,
) -> xr.DataArray:
    """
    Semivariance by separation east and north: a picture of anisotropy.

    Parameters
    ----------
    samples : GeoDataFrame
        Points in a projected CRS in metres.
    column : str
        Numeric column.
    lag : float, optional
        Side of a cell in metres; by default a third of the region's diagonal divided by
        `n_lags`.
    n_lags : int, default 8
        Cells from the middle to each edge.
    transform : {"log10", "normal_score"}, optional
        Applied to the samples beforehand.

    Returns
    -------
    DataArray, dims (north, east)
        Semivariance, NaN where no pair falls; coordinates are separations in metres.
        The map is the same turned by 180 degrees. ``attrs["n_pairs"]`` counts the
        pairs of each cell.

    Raises
    ------
    ValueError
        As `experimental_variogram`.

    References
    ----------
    Isaaks, E. H. and Srivastava, R. M. (1989). An Introduction to Applied
    Geostatistics. Oxford University Press, 149-154.

    Examples
    --------
    >>> import geopandas as gpd
    >>> line = gpd.GeoDataFrame(
    ...     {"Cu_ppm": [1.0, 2.0, 4.0]},
    ...     geometry=gpd.points_from_xy([0, 10, 20], [0, 0, 0]), crs="EPSG:32633")
    >>> variogram_map(line, "Cu_ppm", lag=10, n_lags=2).sel(north=0).values
    array([4.5 , 1.25,  nan, 1.25, 4.5 ])
    """
    metric_samples(samples, what="variogram_map")
    places = make_places(samples, column, transform=transform)
    check_places(places, column)
    lags = make_lags(places, lag, n_lags, azimuth=None, tolerance=22.5)
    side = 2 * lags.number + 1
    kind = np.array([lags.width, lags.number])
    sums, share = pair_sums(places, places.value, places.value, kind)
    total, count = (sums[:, i].reshape(side, side) for i in (0, 1))
    total, count = total + total[::-1, ::-1], count + count[::-1, ::-1]
    with np.errstate(invalid="ignore"):
        gamma = np.where(count > 0, total / count / 2, np.nan)
    offset = lags.width * np.arange(-lags.number, lags.number + 1.0)
    units = places.transform.units(places.units)
    attrs = {
        "long_name": f"semivariance of {column}",
        "units": f"({units})^2" if units else "",
        "n_pairs": count.astype(np.int64),
        "pairs_share": share,
        "notes": places.notes,
    }
    coords = {"north": offset[::-1], "east": offset}
    return xr.DataArray(gamma[::-1], coords, ("north", "east"), attrs=attrs)


def check_places(places: Places, column: str) -> None:
    """Raise unless two places differ."""
    if len(places.value) < FEWEST:
        raise ValueError(
            f"column '{column}' has values at {len(places.value)} place only: a "
            "variogram needs two, and fifty to be of use."
        )


def both_places(
    samples: gpd.GeoDataFrame, columns: Sequence[str], transform: str | None
) -> tuple[Places, Places]:
    """Places of two columns where both have a value."""
    columns = [columns] if isinstance(columns, str) else list(columns)
    if len(columns) != 2:
        raise ValueError(
            f"columns must be two. Got {columns} instead: a cross-variogram is that of "
            "a pair of variables."
        )
    one, two = (make_places(samples, c, transform=transform) for c in columns)
    shared = np.intersect1d(one.row, two.row)
    one, two = (p.pick(np.isin(p.row, shared)) for p in (one, two))
    check_places(one, f"{columns[0]}' and '{columns[1]}")
    return one, two
