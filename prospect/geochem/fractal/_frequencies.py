"""A grid made ready for the Fourier transform, and its power."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import fft, ndimage

from survey import geobox_of

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

LEAST_SIDE = 16
DETRENDS = ("plane", "mean")


class Plane(NamedTuple):
    """A grid on the plane of wave numbers."""

    transform: NDArray[np.complex128]  # of the padded field, half plane
    power: NDArray[np.float64]
    times: NDArray[np.float64]  # how often a column stands for, 1 or 2
    radius: NDArray[np.float64]  # wave number, cycles per length
    cell: float  # area of one wave number
    inner: tuple[slice, slice]  # the grid within the padded field
    shape: tuple[int, int]  # of the padded field
    known: NDArray[np.bool_]
    trend: NDArray[np.float64]

    @property
    def n_missing(self) -> int:
        """Cells that were filled."""
        return int((~self.known).sum())

    @property
    def oversampling(self) -> float:
        """Wave numbers a cell of the grid."""
        return self.shape[0] * self.shape[1] / self.known.size


def to_plane(grid: xr.DataArray, *, pad: float, detrend: str) -> Plane:
    """Fill gaps, take off the trend, pad with a taper, transform."""
    if not 0 <= pad <= 1:
        raise ValueError(f"pad must be a share of the sides from 0 to 1. Got {pad!r}.")
    if detrend not in DETRENDS:
        raise ValueError(f"detrend must be one of {DETRENDS}. Got {detrend!r} instead.")
    values, known = _values(grid)
    trend = _trend(values, known, detrend)
    field = fill_gaps(np.where(known, values - trend, np.nan))
    padded, inner = _pad(field, pad)
    if not np.abs(padded).max() > 1e-12 * max(1.0, np.abs(values[known]).max()):
        raise ValueError("the grid is constant (or a plane): it has no spectrum")
    down, across = _steps(grid)
    rows, columns = padded.shape
    transform = fft.rfft2(padded, workers=-1)
    power = np.abs(transform) ** 2 * (down * across / padded.size)
    times = np.full(transform.shape[1], 2.0)
    times[0] = 1.0
    if columns % 2 == 0:
        times[-1] = 1.0
    ky = fft.fftfreq(rows, down)[:, None]
    radius = np.hypot(ky, fft.rfftfreq(columns, across)[None, :])
    cell = 1 / (rows * down) / (columns * across)
    return Plane(
        transform, power, times, radius, cell, inner, padded.shape, known, trend
    )


def length_units(grid: xr.DataArray) -> str:
    """Unit in which wave numbers are counted: km for metres, else that of the CRS."""
    crs = geobox_of(grid).crs
    if crs is None:
        return "cell unit"
    return "°" if crs.geographic else "km"


def _steps(grid: xr.DataArray) -> tuple[float, float]:
    """Height and width of a cell, in km where the CRS is projected."""
    box = geobox_of(grid)
    factor = 1.0
    if box.crs is not None and not box.crs.geographic:
        factor = (box.crs.proj.axis_info[0].unit_conversion_factor or 1.0) / 1000
    return abs(box.affine.e) * factor, abs(box.affine.a) * factor


def _values(grid: xr.DataArray) -> tuple[NDArray, NDArray]:
    """Cells in memory, and which are known."""
    if grid.dims != ("y", "x") or min(grid.shape) < LEAST_SIDE:
        raise ValueError(
            f"a spectrum needs a grid with dims ('y', 'x') and {LEAST_SIDE} cells a "
            f"side at least. Got {dict(grid.sizes)}."
        )
    values = np.asarray(grid.to_numpy(), dtype=float)
    infinite = int(np.isinf(values).sum())
    if infinite:
        raise ValueError(
            f"{infinite} cells are infinite: make them missing or mend them "
            "(grid.where(np.isfinite(grid)))"
        )
    known = ~np.isnan(values)
    if not known.any():
        raise ValueError("the grid has no cell with a value")
    return values, known


def _trend(values: NDArray, known: NDArray, detrend: str) -> NDArray:
    """Mean or plane of least squares through the known cells."""
    mean = values[known].mean()
    if detrend == "mean":
        return np.full(values.shape, mean)
    y, x = (np.linspace(-1, 1, n) for n in values.shape)
    row, column = np.nonzero(known)
    terms = np.column_stack([np.ones(len(row)), y[row], x[column]])
    found, *_ = np.linalg.lstsq(terms, values[known] - mean, rcond=None)
    return mean + found[0] + found[1] * y[:, None] + found[2] * x[None, :]


def fill_gaps(field: NDArray[np.float64]) -> NDArray[np.float64]:
    """
    Field whose missing cells are filled from their surroundings, near ones first.

    Means of 2 × 2, 4 × 4 ... known cells, interpolated back where cells are missing.
    """
    known = ~np.isnan(field)
    if known.all():
        return field
    rows, columns = field.shape
    even = np.pad(field, ((0, rows % 2), (0, columns % 2)), constant_values=np.nan)
    four = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2)
    count = (~np.isnan(four)).sum(axis=(1, 3))
    total = np.nansum(four, axis=(1, 3))
    coarse = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    coarse = fill_gaps(coarse)
    fine = ndimage.zoom(coarse, 2, order=1, mode="nearest", grid_mode=True)
    return np.where(known, field, fine[:rows, :columns])


def _pad(field: NDArray, pad: float) -> tuple[NDArray, tuple[slice, slice]]:
    """Mirror the field outwards and let it fade to nothing; no seam is left."""
    if not pad:
        return field, (slice(0, field.shape[0]), slice(0, field.shape[1]))
    widths, inner = [], []
    for n in field.shape:
        margin = max(4, round(pad * n))
        length = fft.next_fast_len(n + 2 * margin, real=True)
        before = (length - n) // 2
        widths.append((before, length - n - before))
        inner.append(slice(before, before + n))
    padded = np.pad(field, widths, mode="symmetric")
    for axis, (before, after) in enumerate(widths):
        taper = np.ones(padded.shape[axis])
        taper[:before] = np.sin(np.pi / 2 * (np.arange(before) + 0.5) / before) ** 2
        taper[len(taper) - after :] = (
            np.cos(np.pi / 2 * (np.arange(after) + 0.5) / after) ** 2
        )
        padded *= np.expand_dims(taper, 1 - axis)
    return padded, (inner[0], inner[1])
