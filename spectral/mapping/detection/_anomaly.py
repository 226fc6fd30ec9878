"""Anomalies: pixels far from their background, the whole scene's or their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..._blocks import Output, map_spectra
from ..._check import check_cube, good_bands
from ..reduction._algebra import eigenvectors
from ..reduction._statistics import scene_statistics, statistics_on
from ._background import background_of
from ._products import centred, precision
from ._windows import KNOWN, over_windows

if TYPE_CHECKING:
    from ..reduction._statistics import SceneStatistics

MOST = 64  # components of a local covariance: more take too much memory and time
USUAL = 10


def rx(
    cube: xr.DataArray,
    *,
    window: tuple[int, int] | None = None,
    covariance: str = "global",
    n_components: int | None = None,
    statistics: SceneStatistics | None = None,
    regularisation: float = 0.0,
) -> xr.DataArray:
    """
    RX anomaly detector: squared Mahalanobis distance of each pixel to its background.

    Parameters
    ----------
    cube : DataArray
        Scene, lazy or not; with a window its dimensions are (wavelength, y, x).
    window : tuple of two int, optional
        Widths of guard and outer window, odd, in pixels: the background of a pixel is
        the outer window around it without the guard window. Where the scene ends the
        windows are cut. None: the background is the whole scene.
    covariance : {"global", "local"}
        With a window, what the distance is measured in: the covariance of the scene
        about local means (fast, all bands), or that of each window itself.
    n_components : int, optional
        Components that are used: those with the most signal over noise, or with the
        most variance where the statistics tell no noise. All by default, 10 for local
        covariances, which hold at most 64. Anomalies in the other components are not
        seen.
    statistics : SceneStatistics, optional
        Of the scene, computed here if not given.
    regularisation : float
        As in `matched_filter`, of the scene's covariance; mixed into local ones too.

    Returns
    -------
    DataArray
        Dimensionless, float32, in the cube's dimensions but the spectral one, lazy
        where the cube is. For a normal background, the whole scene and no
        regularisation it follows the chi-square distribution with
        ``attrs["degrees_of_freedom"]``, ``attrs["background_law"]``; with fewer than
        ten pixels a band behind the statistics, pixels of another scene are farther
        away than that. NaN for pixels
        that are NaN in a good band or zero in all, where less than a tenth of the
        window is known, or where a local covariance has not more pixels than
        components.

    Raises
    ------
    ValueError
        If the covariance has no inverse (with the bands), the windows are not odd, not
        one within the other or larger than the scene, or too many components
        are asked for.

    References
    ----------
    Reed, I.S., Yu, X. (1990). Adaptive multiple-band CFAR detection of an optical
    pattern with unknown spectral distribution. IEEE Transactions on Acoustics, Speech,
    and Signal Processing 38, 1760-1770.

    Examples
    --------
    >>> at = {"wavelength": [2100.0, 2200.0]}
    >>> values = [[[0.2, 0.4, 0.3, 0.3]], [[0.3, 0.3, 0.2, 0.4]]]
    >>> cube = xr.DataArray(values, at, ("wavelength", "y", "x"))
    >>> print(rx(cube).values)
    [[1.5 1.5 1.5 1.5]]
    """
    check_cube(cube)
    _check_options(cube, window, covariance, n_components)
    local = covariance == "local"
    if statistics is None:
        plane = {"y", "x"} <= set(cube.dims) and n_components is not None
        noise = "difference" if plane and cube.sizes["x"] > 1 else None
        statistics = scene_statistics(cube, noise=noise)
    statistics = statistics_on(statistics, cube)
    whitener, told = _whitener(
        cube, statistics, regularisation, _count(cube, n_components, local)
    )
    kind = precision(whitener, statistics)
    if window is None:
        grid = _whole(cube, whitener, statistics.mean, kind)
        if regularisation == 0:  # it shortens distances: no law is known then
            told["degrees_of_freedom"] = len(whitener)
            told["background_law"] = ["chi2", len(whitener)]
    else:
        plane = good_bands(cube).transpose("wavelength", "y", "x")
        grid = over_windows(
            plane, whitener.astype(kind), statistics.mean, window, local, regularisation
        )
        told |= {"window": tuple(window), "covariance": covariance}
    told |= {"long_name": "RX anomaly", "units": "1", "kind": "continuous"}
    told["squared"] = True
    return grid.rename("rx").assign_attrs(told)


def _whole(
    cube: xr.DataArray, whitener: np.ndarray, mean: np.ndarray, kind: str
) -> xr.DataArray:
    whiten = whitener.astype(kind)

    def distance(spectra: np.ndarray) -> np.ndarray:
        found = np.empty(spectra.shape[1], "float32")
        for part, block in centred(spectra, mean, kind):
            with np.errstate(invalid="ignore"):  # infinities
                white = whiten @ block
                found[part] = np.einsum("ij,ij->j", white, white)
        found[~np.isfinite(found)] = np.nan
        return found

    return map_spectra(distance, cube, outputs=[Output("rx")])[0]


def _whitener(
    cube: xr.DataArray,
    statistics: SceneStatistics,
    regularisation: float,
    count: int | None,
) -> tuple[np.ndarray, dict[str, Any]]:
    """Rows that give the scene, or its leading components, unit covariance."""
    back = background_of(cube, statistics, regularisation)
    told = {"components": count or len(back.mean), **back.attrs}
    if count is None:
        return back.whitener(), told
    values, vectors = eigenvectors(back.matrix, statistics.noise_covariance)
    told["ordered_by"] = (
        "variance" if statistics.noise_covariance is None else "signal over noise"
    )
    return vectors[:count] / np.sqrt(values[:count, None]), told


def _count(cube: xr.DataArray, count: int | None, local: bool) -> int | None:
    bands = good_bands(cube).sizes["wavelength"]
    if count is None:
        return min(USUAL, bands) if local else None
    most = min(MOST, bands) if local else bands
    if not 1 <= count <= most:
        why = "local covariances" if local and most == MOST else f"{bands} good bands"
        raise ValueError(
            f"n_components must be from 1 to {most} for {why}. Got {count}."
        )
    return count


def _check_options(
    cube: xr.DataArray,
    window: tuple[int, int] | None,
    covariance: str,
    count: int | None,
) -> None:
    if covariance not in {"global", "local"}:
        raise ValueError(
            f"covariance must be 'global' or 'local'. Got {covariance!r} instead."
        )
    if window is None:
        if covariance == "local":
            raise ValueError(
                "a local covariance needs a window=(guard, outer), such as (5, 21)."
            )
        return
    guard, outer = window
    odd = all(isinstance(size, int | np.integer) and size % 2 for size in window)
    if not odd or not 0 < guard < outer:
        raise ValueError(
            f"window must be two odd widths in pixels, guard below outer, such as "
            f"(5, 21). Got {tuple(window)}."
        )
    if set(cube.dims) != {"wavelength", "y", "x"}:
        raise ValueError(
            f"windows need the dimensions ('wavelength', 'y', 'x'). Got {cube.dims}."
        )
    _check_reach(cube, guard, outer)
    pixels = outer**2 - guard**2
    if covariance == "local" and pixels <= 2 * (count or USUAL):
        raise ValueError(
            f"window={tuple(window)} has {pixels} background pixels for "
            f"{count or USUAL} components: take a wider one, or fewer components."
        )


def _check_reach(cube: xr.DataArray, guard: int, outer: int) -> None:
    """Refuse windows that no pixel of the scene could fill to the share needed."""
    rows, columns = cube.sizes["y"], cube.sizes["x"]
    most = min(outer, rows) * min(outer, columns) - guard**2
    if outer > max(rows, columns) or most < KNOWN * (outer**2 - guard**2):
        raise ValueError(
            f"window=({guard}, {outer}) is larger than the scene of {rows} x {columns} "
            "pixels. Take a smaller outer width, or window=None: the background is the "
            "whole scene then."
        )
