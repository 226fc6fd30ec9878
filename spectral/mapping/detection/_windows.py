"""Background of each pixel from a window around it, by running sums."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba as nb
import numpy as np
import xarray as xr

from ..._threads import one_blas_thread, workers
from ._products import empty

ROWS = 64  # of a strip that one thread works on
KNOWN = 0.1  # of the window's background pixels


def over_windows(
    cube: xr.DataArray,
    whiten: np.ndarray,
    mean: np.ndarray,
    window: tuple[int, int],
    local: bool,
    regularisation: float,
) -> xr.DataArray:
    """
    Squared distance of each pixel to the mean of the window around it.

    Parameters
    ----------
    cube : DataArray
        (wavelength, y, x), good bands only.
    whiten : ndarray, shape (n_components, n_bands)
        To the space distances are measured in.
    mean : ndarray, shape (n_bands,)
        Taken from the spectra first, to keep digits.
    window : tuple of two int
        Guard and outer width, odd.
    local : bool
        Whether the window's covariance is used, not the unit matrix.
    regularisation : float
        Share of the unit matrix mixed into a local covariance.
    """
    guard, outer = window
    halo = outer // 2

    def strip(values: np.ndarray) -> np.ndarray:
        """Distances for the inside of (n_bands, rows + 2 halo, columns + 2 halo)."""
        level = mean.astype(np.result_type(values, whiten))[:, None]
        flat = values.reshape(len(values), -1)
        with np.errstate(invalid="ignore"):  # infinities
            white = whiten @ (flat - level)
        white[:, empty(flat)] = np.nan
        white = white.reshape(len(whiten), *values.shape[1:])
        known = np.isfinite(white).all(0)
        white[:, ~known] = 0
        least = KNOWN * (outer**2 - guard**2)
        if local:
            return _own_distance(white, known, halo, guard // 2, least, regularisation)
        return _ring_distance(white, known, halo, guard // 2, least)

    if cube.chunks is None:
        data: Any = _in_strips(strip, cube.values, halo)
    else:
        data = _lazy(strip, cube.chunk({"wavelength": -1}).data, halo)
    keep = {
        name: coord
        for name, coord in cube.coords.items()
        if "wavelength" not in coord.dims
    }
    return xr.DataArray(data, keep, ("y", "x"))


def _in_strips(strip: Any, values: np.ndarray, halo: int) -> np.ndarray:  # noqa: ANN401
    bands, rows, columns = values.shape
    found = np.empty((rows, columns), "float32")

    def work(start: int) -> None:
        stop = min(start + ROWS, rows)
        top, bottom = max(start - halo, 0), min(stop + halo, rows)
        shape = (bands, stop - start + 2 * halo, columns + 2 * halo)
        part = np.full(shape, np.nan, values.dtype)
        first = top - (start - halo)
        inside = slice(first, first + bottom - top)
        part[:, inside, halo : halo + columns] = values[:, top:bottom]
        found[start:stop] = strip(part)

    with one_blas_thread(), ThreadPoolExecutor(workers()) as pool:
        list(pool.map(work, range(0, rows, ROWS)))
    return found


def _lazy(strip: Any, data: Any, halo: int) -> Any:  # noqa: ANN401
    import dask.array as da

    # an axis shorter than the halo is one block, padded where it is worked on
    short = [size <= halo for size in data.shape]
    data = data.rechunk({axis: -1 for axis in (1, 2) if short[axis]})
    depth = {0: 0} | {axis: 0 if short[axis] else halo for axis in (1, 2)}
    edge = {axis: np.nan for axis in (1, 2) if depth[axis]}
    padded = da.overlap.overlap(data, depth=depth, boundary=edge | {0: "none"})
    missing = [(0, 0), *[(halo, halo) if short[axis] else (0, 0) for axis in (1, 2)]]

    def work(values: np.ndarray) -> np.ndarray:
        if any(short[1:]):
            values = np.pad(values, missing, constant_values=np.nan)
        with one_blas_thread():
            return strip(values).astype("float32")

    chunks = tuple(
        tuple(size - 2 * depth[axis] for size in padded.chunks[axis]) for axis in (1, 2)
    )
    return padded.map_blocks(work, drop_axis=0, chunks=chunks, dtype="float32")


@nb.njit(nogil=True, cache=True)
def _ring_sum(plane, row, reach, columns, total):  # noqa: ANN001, ANN202
    """Sums over the rows around `row`, a value a column."""
    for column in range(columns):
        total[column] = 0.0
    for other in range(row - reach, row + reach + 1):
        for column in range(columns):
            total[column] += plane[other, column]


@nb.njit(nogil=True, cache=True)
def _boxes(plane, halo, reach, found):  # noqa: ANN001, ANN202
    """Sums over squares of 2 reach + 1 around each inside pixel, into `found`."""
    rows, columns = found.shape
    wide = plane.shape[1]
    total = np.empty(wide)
    _ring_sum(plane, halo, reach, wide, total)
    for row in range(rows):
        if row > 0:
            for column in range(wide):
                total[column] += np.float64(plane[row + halo + reach, column])
                total[column] -= np.float64(plane[row + halo - reach - 1, column])
        running = 0.0
        for column in range(halo - reach, halo + reach + 1):
            running += total[column]
        found[row, 0] = running
        for column in range(1, columns):
            running += total[column + halo + reach]
            running -= total[column + halo - reach - 1]
            found[row, column] = running


@nb.njit(nogil=True, cache=True)
def _counts(known, halo, guard):  # noqa: ANN001, ANN202
    plane = known.astype(np.float64)
    rows, columns = plane.shape[0] - 2 * halo, plane.shape[1] - 2 * halo
    outer, inner = np.empty((rows, columns)), np.empty((rows, columns))
    _boxes(plane, halo, halo, outer)
    _boxes(plane, halo, guard, inner)
    return np.rint(outer - inner)


@nb.njit(nogil=True, cache=True)
def _ring_distance(white, known, halo, guard, least):  # noqa: ANN001, ANN202
    """Squared distance to the mean of the ring, components summed."""
    count = _counts(known, halo, guard)
    rows, columns = count.shape
    outer, inner = np.empty((rows, columns)), np.empty((rows, columns))
    found = np.zeros((rows, columns))
    for component in range(white.shape[0]):
        plane = white[component]
        _boxes(plane, halo, halo, outer)
        _boxes(plane, halo, guard, inner)
        for row in range(rows):
            for column in range(columns):
                middle = (outer[row, column] - inner[row, column]) / max(
                    count[row, column], 1.0
                )
                gap = plane[row + halo, column + halo] - middle
                found[row, column] += gap * gap
    for row in range(rows):
        for column in range(columns):
            if not known[row + halo, column + halo] or count[row, column] < least:
                found[row, column] = np.nan
    return found


@nb.njit(nogil=True, cache=True)
def _add_row(white, row, sign, sums):  # noqa: ANN001, ANN202
    """Sums and products of the components of one row, added to each column's."""
    size, columns = white.shape[0], white.shape[2]
    place = 0
    for one in range(size):
        for column in range(columns):
            sums[place, column] += sign * white[one, row, column]
        place += 1
        for other in range(one + 1):
            for column in range(columns):
                sums[place, column] += (
                    sign
                    * np.float64(white[one, row, column])
                    * np.float64(white[other, row, column])
                )
            place += 1


@nb.njit(nogil=True, cache=True)
def _own_distance(white, known, halo, guard, least, share):  # noqa: ANN001, ANN202
    """
    Squared distance in the ring's own covariance.

    Sums and products run along: a row enters and one leaves at each step down, a
    column at each step to the right. Each pixel then costs one Cholesky factor.
    """
    count = _counts(known, halo, guard)
    rows, columns = count.shape
    size, wide = white.shape[0], white.shape[2]
    places = size * (size + 1) // 2 + size
    outer, inner = np.zeros((places, wide)), np.zeros((places, wide))
    for row in range(2 * halo):
        _add_row(white, row, 1.0, outer)
    for row in range(halo - guard, halo + guard):
        _add_row(white, row, 1.0, inner)
    found = np.full((rows, columns), np.nan)
    total, lower, gap = np.empty(places), np.empty((size, size)), np.empty(size)
    ring_out, ring_in = np.empty((columns, places)), np.empty((columns, places))
    for row in range(rows):
        _add_row(white, row + 2 * halo, 1.0, outer)
        _add_row(white, row + halo + guard, 1.0, inner)
        _along(outer, halo, halo, ring_out)
        _along(inner, halo, guard, ring_in)
        for column in range(columns):
            pixels = count[row, column]
            enough = pixels >= least and pixels > size + 1
            if known[row + halo, column + halo] and enough:
                for place in range(places):
                    total[place] = ring_out[column, place] - ring_in[column, place]
                for one in range(size):
                    gap[one] = white[one, row + halo, column + halo]
                found[row, column] = _mahalanobis(total, pixels, gap, lower, share)
        _add_row(white, row, -1.0, outer)
        _add_row(white, row + halo - guard, -1.0, inner)
    return found


@nb.njit(nogil=True, cache=True)
def _along(sums, halo, reach, found):  # noqa: ANN001, ANN202
    """Running sums over the columns around each pixel of a row."""
    for place in range(sums.shape[0]):
        running = 0.0
        for column in range(halo - reach, halo + reach + 1):
            running += sums[place, column]
        found[0, place] = running
        for column in range(1, found.shape[0]):
            running += sums[place, column + halo + reach]
            running -= sums[place, column + halo - reach - 1]
            found[column, place] = running


@nb.njit(nogil=True, cache=True)
def _mahalanobis(total, pixels, gap, lower, share):  # noqa: ANN001, ANN202
    """Distance from sums and products; NaN where their covariance has no factor."""
    size = gap.size
    place = 0
    for one in range(size):
        middle = total[place] / pixels
        gap[one] -= middle
        place += 1
        back = 0
        for other in range(one + 1):
            value = total[place] - middle * total[back]
            value = (1 - share) * value / (pixels - 1)
            lower[one, other] = value + (share if one == other else 0.0)
            place += 1
            back += other + 2
    distance = 0.0
    for one in range(size):
        for other in range(one + 1):
            value = lower[one, other]
            for k in range(other):
                value -= lower[one, k] * lower[other, k]
            if one == other:
                if value <= 1e-12:
                    return np.nan
                lower[one, one] = np.sqrt(value)
            else:
                lower[one, other] = value / lower[other, other]
        value = gap[one]
        for k in range(one):
            value -= lower[one, k] * gap[k]
        gap[one] = value / lower[one, one]
        distance += gap[one] * gap[one]
    return distance
