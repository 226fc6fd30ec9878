"""Local singularity: how the mean around a cell changes with the window."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from survey import geobox_of, map_windows

from ..._note import Note
from ..._stream import stream_blocks
from ._amounts import grid_notes
from ._singularity_kernel import DTYPE, shaped_windows, square_windows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LABELS = {
    "alpha": ("singularity index", "1"),
    "delta_alpha": ("singularity, 2 - alpha", "1"),
    "coefficient": ("fitted density in a window of one cell", None),
    "standard_error": ("standard error of the singularity index", "1"),
    "r2": ("share of the variance of ln density explained", "1"),
    "known_share": ("least share of a window that is known", "1"),
}
MOST_SIZES = 40


def singularity_index(
    grid: xr.DataArray,
    *,
    sizes: Sequence[int] = (3, 5, 7, 9, 11, 13),
    anisotropy: tuple[float, float] | None = None,
    min_share: float = 0.5,
) -> xr.Dataset:
    """
    Singularity index of each cell from the means of windows of several sizes.

    The mean rho in a window of side e follows c e^(alpha - 2); alpha - 2 is the slope
    of ln rho on ln e, by least squares.

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        Positive density: concentration, count or energy per area. Lazy or not. It is
        read once, to refuse what has no logarithm.
    sizes : sequence of int, default (3, 5, 7, 9, 11, 13)
        Sides of the square windows in cells, odd, at least three.
    anisotropy : tuple = (ratio, azimuth), optional
        Ellipses of the same area instead of squares: long axis over short axis, and
        azimuth of the long axis in degrees clockwise from grid north.
    min_share : float, default 0.5
        Share of a window that must be known, 0 to 1. The mean is that of the known
        cells; at the edge of the map windows are cut off.

    Returns
    -------
    Dataset, dims (y, x)
        Lazy, float32: `alpha`, below 2 where the field is enriched towards the cell;
        `delta_alpha` = 2 - alpha; `coefficient` c, in units of the grid, the fitted
        density at a window of one cell; `standard_error` of alpha and `r2` of the line;
        `known_share`, the least share over the windows. All but the last are missing
        where the cell is missing or a window is known to less than `min_share`.
        Save the layers together (`survey.save_grids`): they share their computation.

    Raises
    ------
    ValueError
        If cells are zero, negative or infinite (with their numbers), the sizes are not
        at least three different odd numbers, or an option is out of its range.

    Notes
    -----
    The cost of a square window grows with the logarithm of its width, that of an
    ellipse with its number of rows.

    References
    ----------
    Cheng, Q. (2007). Mapping singularities with stream sediment geochemical data for
    prediction of undiscovered mineral deposits in Gejiu, Yunnan Province, China. Ore
    Geology Reviews 32, 314-324.

    Examples
    --------
    A density that grows towards the middle as 1 / r has the index 1 there.

    >>> from odc.geo.xr import wrap_xr
    >>> from survey import make_geobox
    >>> box = make_geobox((0, 61, 0, 61), crs="EPSG:32650", resolution=1)
    >>> y, x = np.mgrid[-30:31, -30:31]
    >>> grid = wrap_xr(1 / np.maximum(np.hypot(y, x), 0.25), box)
    >>> found = singularity_index(grid, sizes=(5, 9, 15, 21, 31, 41))
    >>> round(float(found.alpha[30, 30]), 1)
    1.0
    """
    sizes = _check_sizes(sizes)
    if not 0 < min_share <= 1:
        raise ValueError(f"min_share must be above 0, at most 1. Got {min_share!r}.")
    runs = (
        None if anisotropy is None else elliptic_runs(grid, sizes, *_axes(anisotropy))
    )
    _refuse(grid)
    if runs is None:
        halo = int(sizes[-1] // 2)
        scale = np.array([np.log(sizes), sizes.astype(float) ** 2])
        work = partial(
            square_windows, halves=sizes // 2, scale=scale, min_share=min_share
        )
    else:
        halo = int(max(np.abs(runs[:, 1]).max(), -runs[:, 2].min()))
        area = np.bincount(runs[:, 0], runs[:, 3]).astype(float)
        scale = np.array([np.log(area) / 2, area])
        work = partial(
            shaped_windows, runs=runs, halo=halo, scale=scale, min_share=min_share
        )
    records = map_windows(work, grid, halo=halo, dtype=DTYPE, name="singularity")
    return _layers(records, grid, sizes, anisotropy)


def _layers(
    records: xr.DataArray,
    grid: xr.DataArray,
    sizes: NDArray,
    anisotropy: tuple[float, float] | None,
) -> xr.Dataset:
    """One layer a field of the records."""
    said = {"source": grid.attrs.get("source", grid.name or "")}
    said["sizes"] = ", ".join(str(size) for size in sizes)
    if anisotropy is not None:
        said["anisotropy"] = "ratio {:g}, azimuth {:g}".format(*anisotropy)
    shares = ("censored_share", "imputed_share")
    said |= {name: grid.attrs[name] for name in shares if name in grid.attrs}
    notes: list[Note] = grid_notes(grid)
    layers = {}
    for name, (title, units) in LABELS.items():
        wanted = "alpha" if name == "delta_alpha" else name
        data = records.data.map_blocks(
            _pick, wanted, dtype="f4", meta=np.empty((0, 0), "f4")
        )
        layer = records.copy(data=2 - data if name == "delta_alpha" else data)
        unit = grid.attrs.get("units", "") if units is None else units
        layer.attrs = {"long_name": title, "units": unit, "kind": "continuous", **said}
        layers[name] = layer.rename(name)
    return xr.Dataset(layers, attrs=said | ({"notes": notes} if notes else {}))


def _pick(records: NDArray, name: str) -> NDArray:
    return np.ascontiguousarray(records[name])


def _refuse(grid: xr.DataArray) -> None:
    """Raise with the number of cells that have no logarithm."""

    def count(blocks: list[NDArray], _: tuple[int, int]) -> NDArray:
        block = blocks[0]
        least = np.nanmin(block, initial=1.0)
        if least > 0 and np.nanmax(block, initial=0.0) < np.inf:
            return np.zeros(3, dtype=np.int64)
        infinite = np.isinf(block)
        return np.array(
            [infinite.sum(), (block == 0).sum(), ((block < 0) & ~infinite).sum()]
        )

    infinite, zero, negative = sum(stream_blocks(count, [grid]))
    if infinite or zero or negative:
        raise ValueError(
            f"the singularity index needs positive values: {zero} cells are zero, "
            f"{negative} negative, {infinite} infinite. Make them missing "
            "(grid.where(grid > 0)) if that is what they mean, or shift the field."
        )


def _check_sizes(sizes: Sequence[int]) -> NDArray[np.int64]:
    """Sizes in order, or an error."""
    wanted = np.unique(np.asarray(sizes))
    whole = wanted.astype(np.int64)
    bad = (wanted != whole) | (whole < 1) | (whole % 2 == 0)
    if len(wanted) < 3 or len(wanted) > MOST_SIZES or bad.any():
        raise ValueError(
            f"sizes must be 3 to {MOST_SIZES} different odd numbers of cells. Got "
            f"{tuple(sizes)} instead."
        )
    return whole


def _axes(anisotropy: Any) -> tuple[float, float]:  # noqa: ANN401
    try:
        ratio, azimuth = (float(part) for part in anisotropy)
    except (TypeError, ValueError):
        raise ValueError(
            f"anisotropy must be (ratio, azimuth), not {anisotropy!r}"
        ) from None
    if not (1 <= ratio <= 20 and np.isfinite(azimuth)):
        raise ValueError(
            "anisotropy must be (ratio from 1 to 20, azimuth in degrees). Got "
            f"({ratio:g}, {azimuth:g}) instead."
        )
    return ratio, azimuth


def elliptic_runs(
    grid: xr.DataArray, sizes: NDArray, ratio: float, azimuth: float
) -> NDArray[np.int64]:
    """
    Rows of cells of elliptic windows: window, row offset, first column, length.

    An ellipse has the area of a square of its size; a cell is in it if its centre is.
    """
    affine = geobox_of(grid).affine
    side = np.sqrt(abs(affine.a * affine.e))
    reach = int(
        np.ceil(
            sizes[-1] * np.sqrt(ratio) * max(side / abs(affine.a), side / abs(affine.e))
        )
    )
    down, right = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    east, north = right * affine.a / side, down * affine.e / side
    angle = np.radians(azimuth)
    along = east * np.sin(angle) + north * np.cos(angle)
    across = east * np.cos(angle) - north * np.sin(angle)
    distance = np.sqrt(np.pi * (along**2 / ratio + across**2 * ratio))
    runs = []
    for window, size in enumerate(sizes):
        inside = distance <= size
        for row in np.flatnonzero(inside.any(axis=1)):
            columns = np.flatnonzero(inside[row])
            runs.append((window, row - reach, columns[0] - reach, len(columns)))
    return np.array(runs, dtype=np.int64)
