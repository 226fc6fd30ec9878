"""Mean of a moving window."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from survey import map_windows

if TYPE_CHECKING:
    import xarray as xr


def focal_mean(grid: xr.DataArray, *, size: int) -> xr.DataArray:
    """
    Mean of the square window around each cell.

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        Continuous grid.
    size : int
        Width of the window in cells, odd.

    Returns
    -------
    DataArray, dims (y, x)
        float32, lazy: the mean of the cells of the window that have a value; missing
        only where none has. At the edge of the map the window is cut off.

    Raises
    ------
    ValueError
        If `size` is not a positive odd number.

    Examples
    --------
    >>> import xarray as xr
    >>> from odc.geo.xr import wrap_xr
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 4, 0, 1), crs="EPSG:32633", resolution=1)
    >>> grid = wrap_xr(np.array([[1.0, 2.0, np.nan, 4.0]]), frame)
    >>> print(focal_mean(grid, size=3).values)
    [[1.5 1.5 3.  4. ]]
    """
    check_odd(size, "size")
    attrs = grid.attrs | {"kind": "continuous"}
    return map_windows(
        partial(window_mean, size=size), grid, halo=size // 2,
        name="focal_mean", attrs=attrs,
    )  # fmt: skip


def check_odd(size: int, name: str) -> None:
    """Raise unless `size` is a positive odd whole number."""
    if size != int(size) or size < 1 or size % 2 == 0:
        raise ValueError(
            f"{name} must be a positive odd number of cells. Got {size!r} instead."
        )


def window_mean(cells: np.ndarray, *, size: int) -> np.ndarray:
    """Means of the windows that fit into an array; its edge is left undefined."""
    out = np.empty(cells.shape, "float32")
    _mean(cells, size, out)
    return out


@njit(nogil=True, cache=True)
def _mean(cells, size, out):  # noqa: ANN001, ANN202
    """Sum columns, then along the row; count only where a row misses values."""
    whole = np.empty(cells.shape[0], np.bool_)
    for r in range(cells.shape[0]):
        total = 0
        for c in range(cells.shape[1]):
            total += np.isnan(cells[r, c])
        whole[r] = total == 0
    halo = size // 2
    columns = np.empty(cells.shape[1])
    sums, counts = np.empty(len(columns) - 2 * halo), np.empty(len(columns) - 2 * halo)
    for i in range(cells.shape[0] - 2 * halo):
        line = out[i + halo]
        columns[:] = 0
        for r in range(i, i + size):
            _add_row(cells[r], whole[r], columns)
        _slide(columns, size, sums)
        if whole[i : i + size].all():
            for c in range(len(sums)):
                line[c + halo] = sums[c] * (1.0 / (size * size))
            continue
        columns[:] = 0
        for r in range(i, i + size):
            for c in range(len(columns)):
                columns[c] += 0.0 if np.isnan(cells[r, c]) else 1.0
        _slide(columns, size, counts)
        for c in range(len(sums)):
            line[c + halo] = sums[c] / counts[c] if counts[c] > 0 else np.nan


@njit(nogil=True, cache=True)
def _add_row(row, whole, columns):  # noqa: ANN001, ANN202
    if whole:
        for c in range(len(row)):
            columns[c] += row[c]
    else:
        for c in range(len(row)):
            columns[c] += 0.0 if np.isnan(row[c]) else row[c]


@njit(nogil=True, cache=True)
def _slide(columns, size, sums):  # noqa: ANN001, ANN202
    sums[:] = 0
    for k in range(size):
        for c in range(len(sums)):
            sums[c] += columns[c + k]
