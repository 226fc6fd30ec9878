"""Minimum curvature surfaces, with tension."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

import dask
import numpy as np

from ..evidence._frame import lazy_grid, metric_frame
from ._places import read_places
from ._plate import coarser, descend, finer

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from affine import Affine
    from odc.geo.geobox import GeoBox

    from ._places import Places

COARSEST = 8
log = logging.getLogger(__name__)


class Surface(NamedTuple):
    """A solved surface and how well it was solved."""

    heights: np.ndarray
    error: float
    iterations: int


def minimum_curvature(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    like: GeoBox | xr.DataArray,
    tension: float = 0.0,
    tolerance: float = 1e-4,
    max_iterations: int = 200,
    max_distance: float | None = None,
    transform: str | None = None,
) -> xr.DataArray:
    """
    Smoothest surface through the samples.

    A thin plate bent as little as its samples allow: the sum over the cells of (1 − t)
    (z_xx² + 2 z_xy² + z_yy²) + t (z_x² + z_y²) is made least, with free edges, so that
    a plane is left as it is. Each cell that holds samples has their mean. The grid is
    solved by conjugate gradients with a multigrid cycle before each step.

    Parameters
    ----------
    samples : GeoDataFrame
        Points with the column; those outside the grid are left out and counted, as are
        rows without a value.
    column : str
        Numeric column. Censored values that were not imputed enter as half of their
        limit; ``attrs["notes"]`` counts them.
    like : GeoBox or grid
        Pixel grid of the result, projected, with square cells.
    tension : float, default 0
        From 0 (minimum curvature, may overshoot between samples) to below 1 (nearly
        harmonic, no overshoot); t above. 0.25 suits potential fields, 0.35 steep
        ground.
    tolerance : float, default 1e-4
        Iterations end when the estimated distance from the solution is nowhere more
        than this share of the span of the samples.
    max_iterations : int, default 200
        Most iterations at each level; the log says where they did not suffice.
    max_distance : float, optional
        Metres beyond which a cell is missing if no sample is nearer.
    transform : {"log10", "sqrt"}, optional
        Applied to the samples beforehand; the result stays in transformed units.

    Returns
    -------
    DataArray, dims (y, x)
        float32. The surface is one whole: it is solved when the first block is asked
        for and needs about 70 bytes a cell while it is. ``attrs``: `method`, `tension`,
        `censored_share`, `imputed_share`, `notes`.

    Raises
    ------
    ValueError
        If the column is not there or not numeric, no sample lies on the grid, the cells
        are not square, or an option is not possible.

    References
    ----------
    Briggs, I. C. (1974). Machine contouring using minimum curvature. Geophysics 39,
    39-48.

    Smith, W. H. F. and Wessel, P. (1990). Gridding with continuous curvature splines in
    tension. Geophysics 55, 293-305.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 40, 0, 30), crs="EPSG:32633", resolution=10)
    >>> soil = gpd.GeoDataFrame(
    ...     {"Cu_ppm": [10.0, 40.0, 10.0]},
    ...     geometry=gpd.points_from_xy([5, 35, 5], [5, 5, 25]), crs="EPSG:32633")
    >>> print(minimum_curvature(soil, "Cu_ppm", like=frame).values.round(1))
    [[10. 20. 30. 40.]
     [10. 20. 30. 40.]
     [10. 20. 30. 40.]]
    """
    geobox = metric_frame(like, what="minimum_curvature")
    _check_options(geobox, tension, tolerance, max_iterations, max_distance)
    places, attrs = read_places(samples, column, geobox, transform=transform)
    fixed, outside = _fixed_cells(places, geobox)
    count = len(places.value)
    if outside:
        attrs["notes"] += [f"{outside} of {count} places lie outside the grid"]
    if outside == count:
        raise ValueError(
            f"none of the {count} places lies on the grid. Take a grid around them."
        )
    attrs |= {"method": "minimum_curvature", "tension": float(tension)}
    solved = dask.delayed(_solve, pure=False)(fixed, tension, tolerance, max_iterations)
    return lazy_grid(
        _block, solved, places, geobox.affine, max_distance,
        like=like, name=column, attrs=attrs,
    )  # fmt: skip


def _check_options(
    geobox: GeoBox,
    tension: float,
    tolerance: float,
    max_iterations: int,
    max_distance: float | None,
) -> None:
    if abs(abs(geobox.affine.a) - abs(geobox.affine.e)) > 1e-6 * abs(geobox.affine.a):
        raise ValueError(
            f"the cells must be square. Got {abs(geobox.affine.a):g} × "
            f"{abs(geobox.affine.e):g} m: choose one resolution."
        )
    if not 0 <= tension < 1:
        raise ValueError(f"tension must be from 0 to below 1. Got {tension!r}.")
    if not tolerance > 0 or max_iterations < 1:
        raise ValueError(
            "tolerance must be positive and max_iterations at least 1. Got "
            f"{tolerance!r} and {max_iterations!r}."
        )
    if max_distance is not None and not max_distance > 0:
        raise ValueError(
            f"max_distance must be positive metres. Got {max_distance!r} instead."
        )


def _fixed_cells(places: Places, geobox: GeoBox) -> tuple[np.ndarray, int]:
    """Mean of the samples in each cell, NaN elsewhere; how many are off the grid."""
    rows, cols = geobox.shape
    a = geobox.affine
    x, y = (places.xy + places.origin).T
    col = np.floor((x - a.c) / a.a).astype(np.int64)
    row = np.floor((y - a.f) / a.e).astype(np.int64)
    inside = (col >= 0) & (col < cols) & (row >= 0) & (row < rows)
    flat = row[inside] * cols + col[inside]
    cells, place = np.unique(flat, return_inverse=True)
    total = np.bincount(place, places.value[inside])
    fixed = np.full(rows * cols, np.nan)
    fixed[cells] = total / np.bincount(place)
    return fixed.reshape(rows, cols), int((~inside).sum())


def _solve(fixed: np.ndarray, tension: float, tolerance: float, most: int) -> Surface:
    """Solve from the coarsest level to the grid itself, each from the one before."""
    known = fixed[np.isfinite(fixed)]
    span, shift = float(np.ptp(known)) or 1.0, float(known.mean())
    levels = [fixed - shift]
    while min(levels[-1].shape) > COARSEST:
        levels.append(coarser(levels[-1]))
    held = [np.isfinite(level) for level in levels]
    surface, error, iterations = np.zeros(levels[-1].shape), 0.0, 0
    for depth in range(len(levels) - 1, -1, -1):
        if depth < len(levels) - 1:
            surface = finer(surface, levels[depth].shape)
        surface[held[depth]] = levels[depth][held[depth]]
        error, iterations = descend(
            surface, held[depth:], tension, (tolerance * span, most)
        )
    if error > tolerance * span:
        log.warning(
            "minimum curvature stopped after %d iterations, an estimated %.1e of the "
            "span from the solution: raise max_iterations or tension",
            iterations,
            error / span,
        )
    return Surface((surface + shift).astype("float32"), error / span, iterations)


def _block(
    window: tuple[int, int, int, int],
    solved: Surface,
    places: Places,
    affine: Affine,
    farthest: float | None,
) -> np.ndarray:
    """Part of the surface, missing far from the samples."""
    row0, row1, col0, col1 = window
    out = solved.heights[row0:row1, col0:col1].copy()
    if farthest is None:
        return out
    from scipy.spatial import cKDTree

    from ._inverse_distance import cell_centres

    x, y = cell_centres(window, places, affine)
    tree = cKDTree(places.xy)
    for i in range(len(y)):
        cells = np.column_stack([x, np.full(len(x), y[i])])
        apart, _ = tree.query(cells, distance_upper_bound=farthest * (1 + 1e-12))
        out[i, ~(apart <= farthest)] = np.nan
    return out
