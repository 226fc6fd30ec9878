"""Concentration-area, concentration-number and concentration-volume models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._amounts import cell_amounts, grid_amounts, grid_notes, sample_amounts
from ._areas import sample_areas
from ._fractal import FractalModel, Naming, Plan, check_plan, make_model

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    Random = int | np.random.Generator | None


def concentration_area(
    data: xr.DataArray | gpd.GeoDataFrame,
    *,
    column: str | None = None,
    n_thresholds: int = 64,
    direction: str = "above",
    n_segments: int | str = "auto",
    weights: str = "equal",
    n_bootstrap: int = 200,
    random_state: Random = None,
) -> FractalModel:
    """
    Area at or above each concentration, as power laws with break-points.

    Parameters
    ----------
    data : DataArray, dims (y, x), or GeoDataFrame
        Grid, lazy or not; it is read once, block by block. Or samples: polygons
        (catchments) stand for their area, points for their Voronoi cell within the
        convex hull of all of them.
    column : str, optional
        Analyte of the samples.
    n_thresholds : int, default 64
        Thresholds at equal steps of the logarithm, from the least value to the largest.
        For grids they are moved to the next lower class edge (at most 0.05 % away), so
        that the areas are exact.
    direction : {"above", "below"}, default "above"
        The curve that is fitted. The table holds both.
    n_segments : int or "auto", default "auto"
        Number of segments, 1 to 6; "auto" takes 1 to 4 by BIC.
    weights : {"equal", "counts"}, default "equal"
        How thresholds weigh: alike, as is the custom, or as the amount behind them,
        which is less moved by the few largest values.
    n_bootstrap : int, default 200
        Resampled curves for the 95 % intervals.
    random_state : int or Generator, optional
        For the resampling.

    Returns
    -------
    FractalModel
        Areas in km² where the CRS is in metres or degrees (exact on the ellipsoid for
        degrees), else in square units of the CRS.

    Raises
    ------
    ValueError
        If values are infinite, none is positive, or they are too few for a curve.
    DataProblems
        If samples have infinite values or are censored without a limit.

    Notes
    -----
    Resampled are tiles of the grid (about 144), which keeps the dependence of
    neighbouring cells, or the samples. Zero and negative values lie below every
    threshold and are counted in a note. Censored samples are placed by the
    Kaplan-Meier estimate, see `concentration_number`.

    The number of segments is chosen by the likelihood of the steps of the curve, which
    are independent of each other where its points are not: a power law is a constant
    rate of loss per step of ln v, as in survival analysis. BIC counts the cells or
    samples, divided by how much more the tiles scatter than independent cells.

    References
    ----------
    Cheng, Q., Agterberg, F. P. and Ballantyne, S. B. (1994). The separation of
    geochemical anomalies from background by fractal methods. Journal of Geochemical
    Exploration 51, 109-130.

    Examples
    --------
    >>> from odc.geo.xr import wrap_xr
    >>> from survey import make_geobox
    >>> box = make_geobox((0, 20_000, 0, 20_000), crs="EPSG:32650", resolution=100)
    >>> share = (np.arange(40_000) + 0.5) / 40_000
    >>> cu = np.where(share > 0.1, share**-1.0, 10 * (share / 0.1) ** (-1 / 3))
    >>> grid = wrap_xr(cu.reshape(200, 200), box)
    >>> model = concentration_area(grid, weights="counts", n_bootstrap=0)
    >>> model.breaks.round(0), model.slopes.round(1)
    (array([10.]), array([-1., -3.]))
    """
    plan = Plan(direction, n_segments, weights, n_bootstrap, random_state)
    check_plan(plan, n_thresholds)
    if hasattr(data, "geometry"):
        return _of_samples(data, column, n_thresholds, plan)
    if column is not None:
        raise ValueError("column= names an analyte of samples: leave it out for a grid")
    rows, units = cell_amounts(data)
    amounts, notes = grid_amounts(data.data, rows, n_thresholds)
    naming = Naming("concentration_area", *_called(data), units)
    return make_model(amounts, naming, plan, notes=notes + grid_notes(data))


def concentration_number(
    samples: pd.DataFrame,
    column: str,
    *,
    n_thresholds: int = 64,
    direction: str = "above",
    n_segments: int | str = "auto",
    weights: str = "equal",
    n_bootstrap: int = 200,
    random_state: Random = None,
) -> FractalModel:
    """
    Number of samples at or above each concentration, as power laws with break-points.

    Parameters
    ----------
    samples : DataFrame
        Table of samples; `Cu_ppm_censored` and `Cu_ppm_over_range` are heeded.
    column : str
        Analyte.
    n_thresholds : int, default 64
        Thresholds at equal steps of the logarithm.
    direction : {"above", "below"}, default "above"
        The curve that is fitted. The table holds both.
    n_segments : int or "auto", default "auto"
        As in `concentration_area`.
    weights : {"equal", "counts"}, default "equal"
        As in `concentration_area`.
    n_bootstrap : int, default 200
        Resampled curves for the 95 % intervals.
    random_state : int or Generator, optional
        For the resampling.

    Returns
    -------
    FractalModel

    Raises
    ------
    ValueError
        If the column is missing, none of its values is positive, or they are too few.
    DataProblems
        If values are infinite or censored without a limit.

    Notes
    -----
    Censored samples are counted, not replaced: their share above a threshold is the
    Kaplan-Meier estimate for values below limits (Helsel 2012), which equals the plain
    count above the highest limit. The curve starts at the lowest measured value: what
    lies below is unknown, and the note says so. Values above the range of the method
    count as at or above it; the curve ends at the lowest such value. Resampled are the
    samples.

    References
    ----------
    Hassanpour, S. and Afzal, P. (2013). Application of concentration-number (C-N)
    multifractal modeling for geochemical anomaly separation in Haftcheshmeh porphyry
    system, NW Iran. Arabian Journal of Geosciences 6, 957-970.

    Helsel, D. R. (2012). Statistics for Censored Environmental Data Using Minitab and
    R, 2nd edition. Wiley.

    Examples
    --------
    >>> import pandas as pd
    >>> share = (np.arange(1000) + 0.5) / 1000
    >>> table = pd.DataFrame({"Cu_ppm": 10 * share ** (-1 / 1.5)})
    >>> model = concentration_number(table, "Cu_ppm", weights="counts", n_bootstrap=0)
    >>> model.slopes.round(2), int(model.table["above"].iloc[0])
    (array([-1.5]), 1000)
    """
    plan = Plan(direction, n_segments, weights, n_bootstrap, random_state)
    check_plan(plan, n_thresholds)
    amounts, notes = sample_amounts(samples, column, n_thresholds, area=None)
    naming = Naming("concentration_number", *_column(samples, column), "samples")
    return make_model(amounts, naming, plan, notes=notes)


def concentration_volume(
    volume: xr.DataArray | NDArray,
    *,
    cell_volume: float | None = None,
    n_thresholds: int = 64,
    direction: str = "above",
    n_segments: int | str = "auto",
    weights: str = "equal",
    n_bootstrap: int = 200,
    random_state: Random = None,
) -> FractalModel:
    """
    Volume at or above each concentration, as power laws with break-points.

    Parameters
    ----------
    volume : array or DataArray, 3 dimensions
        Grades of equal cells, NaN where there is none; read once, block by block.
    cell_volume : float, optional
        Volume of a cell in m³; from the coordinates of the DataArray if left out.
    n_thresholds : int, default 64
        Thresholds at equal steps of the logarithm.
    direction : {"above", "below"}, default "above"
        The curve that is fitted. The table holds both.
    n_segments : int or "auto", default "auto"
        As in `concentration_area`.
    weights : {"equal", "counts"}, default "equal"
        As in `concentration_area`.
    n_bootstrap : int, default 200
        Resampled curves for the 95 % intervals.
    random_state : int or Generator, optional
        For the resampling.

    Returns
    -------
    FractalModel
        Volumes in m³.

    Raises
    ------
    ValueError
        If there are not 3 dimensions, the volume of a cell is unknown, values are
        infinite, none is positive, or they are too few for a curve.

    Notes
    -----
    Resampled are about 144 boxes of the volume.

    References
    ----------
    Afzal, P., Fadakar Alghalandis, Y., Khakzad, A., Moarefvand, P. and Rashidnejad
    Omran, N. (2011). Delineation of mineralization zones in porphyry Cu deposits by
    fractal concentration-volume modeling. Journal of Geochemical Exploration 108,
    220-232.

    Examples
    --------
    >>> grade = np.arange(1, 27_001).reshape(30, 30, 30) ** -0.5
    >>> model = concentration_volume(grade, cell_volume=1000.0, n_bootstrap=0)
    >>> float(model.table["above"].iloc[0]), model.slopes.round(1)
    (27000000.0, array([-2.]))
    """
    plan = Plan(direction, n_segments, weights, n_bootstrap, random_state)
    check_plan(plan, n_thresholds)
    if np.ndim(volume) != 3:
        raise ValueError(
            f"a volume has 3 dimensions, this has {np.ndim(volume)}. Use "
            "concentration_area for a grid."
        )
    size = _cell_volume(volume) if cell_volume is None else float(cell_volume)
    if not (np.isfinite(size) and size > 0):
        raise ValueError(f"cell_volume must be a positive number. Got {cell_volume!r}.")
    array = getattr(volume, "data", volume) if hasattr(volume, "dims") else volume
    amounts, notes = grid_amounts(array, size, n_thresholds)
    naming = Naming("concentration_volume", *_called(volume), "m³")
    return make_model(amounts, naming, plan, notes=notes + grid_notes(volume))


def _of_samples(
    samples: gpd.GeoDataFrame, column: str | None, n_thresholds: int, plan: Plan
) -> FractalModel:
    """Concentration-area model of points or catchments."""
    if column is None:
        raise ValueError("samples have many analytes: name one with column='Cu_ppm'")
    area, said = sample_areas(samples)
    amounts, notes = sample_amounts(samples, column, n_thresholds, area=area)
    naming = Naming("concentration_area", *_column(samples, column), "km²")
    return make_model(amounts, naming, plan, notes=said + notes)


def _called(data: Any) -> tuple[str, str]:  # noqa: ANN401
    """Name and units of a grid."""
    attrs = getattr(data, "attrs", {})
    name = attrs.get("long_name") or getattr(data, "name", None) or ""
    return str(name), str(attrs.get("units", ""))


def _column(samples: pd.DataFrame, column: str) -> tuple[str, str]:
    """Name and units of an analyte."""
    units = samples.attrs.get("units", {})
    return column, str(units.get(column, "")) if isinstance(units, dict) else ""


def _cell_volume(volume: Any) -> float:  # noqa: ANN401
    """Product of the steps of the three axes."""
    size = 1.0
    for dim in getattr(volume, "dims", ()):
        if dim not in volume.coords or volume.sizes[dim] < 2:
            size = np.nan
            break
        steps = np.diff(volume[dim].to_numpy().astype(float))
        if np.ptp(steps) > 1e-3 * abs(steps[0]):
            raise ValueError(
                f"coordinate '{dim}' is not evenly spaced: state cell_volume= only if "
                "all cells are equal, else bring the volume onto even cells"
            )
        size *= abs(float(steps.mean()))
    if not hasattr(volume, "dims") or np.isnan(size):
        raise ValueError(
            "the volume of a cell is not known: state cell_volume= in m³, or give a "
            "DataArray with coordinates"
        )
    return size
