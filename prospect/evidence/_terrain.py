"""Derivatives of a digital elevation model."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from survey import map_windows

from ._focal import check_odd, window_mean
from ._frame import metric_frame

if TYPE_CHECKING:
    import xarray as xr

# derivative: (long name, units)
DERIVATIVES = {
    "slope": ("slope", "degree"),
    "northness": ("northness of the aspect", "1"),
    "eastness": ("eastness of the aspect", "1"),
    "profile_curvature": ("profile curvature, convex positive", "1/m"),
    "plan_curvature": ("plan curvature, divergent positive", "1/m"),
    "roughness": ("roughness", "m"),
    "ruggedness": ("terrain ruggedness index", "m"),
    "topographic_position": ("topographic position", "m"),
}
CODES = {name: code for code, name in enumerate(DERIVATIVES)}


def terrain(dem: xr.DataArray, derivative: str, *, window: int = 11) -> xr.DataArray:
    """
    Derivative of a digital elevation model, on its own grid.

    Parameters
    ----------
    dem : DataArray, dims (y, x)
        Heights in metres on a projected grid.
    derivative : str
        "slope": steepness in degrees, 0 to 90 (Horn 1981).
        "northness", "eastness": cosine and sine of the downslope direction, -1 to 1, 0
        on flat ground; an aspect in degrees cannot be averaged or compared.
        "profile_curvature", "plan_curvature": second derivative of the height along
        and across the steepest slope, 1/m (Zevenbergen & Thorne 1987), turned so that
        convex and divergent ground is positive; 0 on flat ground.
        "roughness": highest minus lowest of 3 × 3 cells, m (Wilson et al. 2007).
        "ruggedness": root of the summed squared differences to the eight neighbours, m
        (Riley et al. 1999).
        "topographic_position": height above the mean of the window, m (Weiss 2001).
    window : int
        Width in cells, odd, for "topographic_position".

    Returns
    -------
    DataArray, dims (y, x)
        float32, lazy. A missing neighbour is continued in a straight line from the one
        across (or left out of sums), so one missing cell costs only itself.

    Raises
    ------
    ValueError
        If the derivative is unknown, the grid is in degrees, or the window is even.

    References
    ----------
    Horn, B.K.P. (1981). Hill shading and the reflectance map. Proceedings of the IEEE
    69, 14-47.
    Zevenbergen, L.W., Thorne, C.R. (1987). Quantitative analysis of land surface
    topography. Earth Surface Processes and Landforms 12, 47-56.
    Riley, S.J., DeGloria, S.D., Elliot, R. (1999). A terrain ruggedness index that
    quantifies topographic heterogeneity. Intermountain Journal of Sciences 5, 23-27.
    Weiss, A. (2001). Topographic position and landforms analysis. ESRI User Conference.
    Wilson, M.F.J. et al. (2007). Multiscale terrain analysis of multibeam bathymetry
    data for habitat mapping on the continental slope. Marine Geodesy 30, 3-35.

    Examples
    --------
    >>> from odc.geo.xr import wrap_xr
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 30, 0, 30), crs="EPSG:32633", resolution=10)
    >>> ramp = wrap_xr(np.array([[0.0, 10, 20]] * 3), frame)
    >>> print(terrain(ramp, "slope").values[1])
    [45. 45. 45.]
    >>> print(terrain(ramp, "eastness").values[1])
    [-1. -1. -1.]
    """
    if derivative not in DERIVATIVES:
        hint = " An aspect comes as northness and eastness." * (derivative == "aspect")
        raise ValueError(
            f"derivative must be one of {tuple(DERIVATIVES)}. Got {derivative!r} "
            f"instead.{hint}"
        )
    check_odd(window, "window")
    geobox = metric_frame(dem, what="terrain")
    long_name, units = DERIVATIVES[derivative]
    attrs = {"long_name": long_name, "units": units, "kind": "continuous"}
    if derivative == "topographic_position":
        function, halo = partial(_position, window=window), window // 2
    else:
        step = (geobox.affine.a, geobox.affine.e)
        function, halo = partial(_derive, code=CODES[derivative], step=step), 1
    return map_windows(function, dem, halo=halo, name=derivative, attrs=attrs)


def _position(cells: np.ndarray, *, window: int) -> np.ndarray:
    return cells - window_mean(cells, size=window)


def _derive(cells: np.ndarray, *, code: int, step: tuple[float, float]) -> np.ndarray:
    out = np.empty(cells.shape, "float32")
    _sweep(cells, code, step[0], step[1], out)
    return out


@njit(nogil=True, cache=True, error_model="numpy")
def _sweep(cells, code, dx, dy, out):  # noqa: ANN001, ANN202
    """Fill `out` but its edge from the 3 × 3 cells around; dx to the right, dy down."""
    z = np.empty((3, 3))
    for i in range(1, out.shape[0] - 1):
        for j in range(1, out.shape[1] - 1):
            e = float(cells[i, j])
            if np.isnan(e):
                out[i, j] = np.nan
                continue
            for m in range(3):
                for n in range(3):
                    z[m, n] = cells[i + m - 1, j + n - 1]
            if code in (5, 6):
                out[i, j] = _spread(z, e, code)
                continue
            _continue_lines(z, e)
            if code <= 2:
                out[i, j] = _first(z, code, dx, dy)
            else:
                out[i, j] = _second(z, e, code, dx, dy)


@njit(nogil=True, cache=True)
def _continue_lines(z, e):  # noqa: ANN001, ANN202
    """Replace missing neighbours by the line from the one across, or by the plane."""
    for m, n in ((0, 1), (1, 0), (1, 2), (2, 1)):
        if np.isnan(z[m, n]):
            across = z[2 - m, 2 - n]
            z[m, n] = e if np.isnan(across) else 2 * e - across
    for m, n in ((0, 0), (0, 2), (2, 0), (2, 2)):
        if np.isnan(z[m, n]):
            across = z[2 - m, 2 - n]
            plane = z[m, 1] + z[1, n] - e
            z[m, n] = plane if np.isnan(across) else 2 * e - across


@njit(nogil=True, cache=True)
def _spread(z, e, code):  # noqa: ANN001, ANN202
    low, high, total, known = e, e, 0.0, 0
    for m in range(3):
        for n in range(3):
            v = z[m, n]
            if not np.isnan(v) and (m != 1 or n != 1):
                low, high = min(low, v), max(high, v)
                total += (v - e) ** 2
                known += 1
    if code == 5:
        return high - low
    return np.sqrt(total * 8 / known) if known else np.nan


@njit(nogil=True, cache=True, error_model="numpy")
def _first(z, code, dx, dy):  # noqa: ANN001, ANN202
    """Slope, northness or eastness from Horn's gradient."""
    east = (z[0, 2] + 2 * z[1, 2] + z[2, 2]) - (z[0, 0] + 2 * z[1, 0] + z[2, 0])
    down = (z[2, 0] + 2 * z[2, 1] + z[2, 2]) - (z[0, 0] + 2 * z[0, 1] + z[0, 2])
    p, q = east / (8 * dx), down / (8 * dy)
    steep = np.hypot(p, q)
    if code == 0:
        return np.degrees(np.arctan(steep))
    if steep == 0:
        return 0.0
    return -q / steep if code == 1 else -p / steep


@njit(nogil=True, cache=True, error_model="numpy")
def _second(z, e, code, dx, dy):  # noqa: ANN001, ANN202
    """Curvature along or across the steepest slope."""
    p = (z[1, 2] - z[1, 0]) / (2 * dx)
    q = (z[2, 1] - z[0, 1]) / (2 * dy)
    r = (z[1, 2] - 2 * e + z[1, 0]) / (dx * dx)
    t = (z[2, 1] - 2 * e + z[0, 1]) / (dy * dy)
    s = (z[0, 0] - z[0, 2] - z[2, 0] + z[2, 2]) / (4 * dx * dy)
    square = p * p + q * q
    if square == 0:
        return 0.0
    if code == 3:
        return -(p * p * r + 2 * p * q * s + q * q * t) / square
    return -(q * q * r - 2 * p * q * s + p * p * t) / square
