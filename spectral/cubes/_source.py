"""Cubes on disk as arrays that are read block by block, in one pass through caches."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLAB = 1 << 18  # values converted at once: they stay in the cache
HUGE = 1e30  # beyond it floats are codes for missing, such as -1.23e34
_EXACT = {"uint8", "int8", "uint16", "int16", "float32"}  # as float32


@dataclass(frozen=True)
class Calibration:
    """
    From stored values to what they mean: value / divisor, or value * gain + offset.

    Parameters
    ----------
    divisor : float
        Such as 10000; 1 for none.
    gain, offset : tuple of float, optional
        One a band in the order of the file.
    codes : tuple of float
        Stored values that mean missing.
    """

    divisor: float = 1.0
    gain: tuple[float, ...] | None = None
    offset: tuple[float, ...] | None = None
    codes: tuple[float, ...] = ()


@dataclass(frozen=True)
class CubeSource:
    """
    Values of a file, to be read by Dask: a reader of products gives `read` alone.

    Parameters
    ----------
    path : str
        File that holds the values.
    stamp : tuple
        What `stamp_of` said when it was opened.
    stored : str
        Type of the stored values, with its byte order.
    sides : tuple of int
        Bands, rows, columns of the file.
    calibration : Calibration
        What stored values mean.
    order : tuple of int, optional
        Band of the file, from 0, for each band of the cube.
    flipped : bool
        Whether the file's rows run from south to north.
    """

    path: str
    stamp: tuple[int, int] | None
    stored: str
    sides: tuple[int, int, int]
    calibration: Calibration = Calibration()
    order: tuple[int, ...] | None = None
    flipped: bool = False

    ndim = 3

    @property
    def shape(self) -> tuple[int, int, int]:
        """Bands of the cube, rows, columns."""
        bands = self.sides[0] if self.order is None else len(self.order)
        return (bands, *self.sides[1:])

    @property
    def dtype(self) -> np.dtype:
        """Type of the values that are given: float32, float64 for stored float64."""
        return np.dtype("float64" if self.stored[-2:] == "f8" else "float32")

    def read(self, bands: slice, rows: slice, columns: slice) -> NDArray:
        """Stored values of a window in the order of the file, bands first."""
        raise NotImplementedError

    def expect(self, bands: NDArray, rows: NDArray) -> None:
        """Told before a window is read: a reader may ask the system for it ahead."""

    def slabs(self, bands: int, rows: int, columns: int) -> list[tuple[slice, slice]]:
        """Parts of a window (of bands, of rows) that are read one after another."""
        del columns
        return [(slice(0, bands), slice(0, rows))]

    def __getitem__(self, key: tuple[Any, ...]) -> NDArray:
        check_stamp(self.path, self.stamp)
        picks = [
            np.arange(side)[index] for index, side in zip(key, self.shape, strict=True)
        ]
        kept = tuple(slice(None) if np.ndim(pick) else 0 for pick in picks)
        bands, rows, columns = (np.atleast_1d(pick) for pick in picks)
        if self.order is not None:
            bands = np.asarray(self.order, int)[bands]
        if self.flipped:
            rows = self.sides[1] - 1 - rows
        return self._values(bands, rows, columns)[kept]

    def _values(self, bands: NDArray, rows: NDArray, columns: NDArray) -> NDArray:
        out = np.empty((len(bands), len(rows), len(columns)), self.dtype)
        if out.size == 0:
            return out
        self.expect(bands, rows)
        across, pick_across = _window(columns)
        for of_bands, of_rows in self.slabs(*out.shape):
            along, pick = _window(bands[of_bands])
            down, pick_down = _window(rows[of_rows])
            raw = self.read(along, down, across)
            if pick_down is not None:
                raw = raw[:, pick_down]
            if pick_across is not None:
                raw = raw[:, :, pick_across]
            target = out[of_bands, of_rows]
            convert(raw, target, self.calibration, bands=bands[of_bands], pick=pick)
        return out


def _window(pick: NDArray) -> tuple[slice, Any]:
    """Slice of the file that holds all that is picked, and what to pick from it."""
    if len(pick) == 1:
        return slice(int(pick[0]), int(pick[0]) + 1), None
    steps = np.diff(pick)
    low, high, step = int(pick.min()), int(pick.max()), int(steps[0])
    if step and (steps == step).all():
        across = slice(low, high + 1, None if abs(step) == 1 else abs(step))
        return across, None if step > 0 else slice(None, None, -1)
    return slice(low, high + 1), pick - low


def convert(
    raw: NDArray,
    out: NDArray,
    calibration: Calibration,
    *,
    bands: NDArray,
    pick: Any = None,  # noqa: ANN401
) -> None:
    """
    Stored values to values, slab by slab: type, order of axes, gaps and scale together.

    Parameters
    ----------
    raw : ndarray, shape (n, rows, columns)
        Of any strides and byte order.
    out : ndarray, shape (n_bands, rows, columns)
        Filled.
    calibration : Calibration
        Gains are by band of the file.
    bands : ndarray of int
        Band of the file of each band of `out`.
    pick : index, optional
        Bands to take from `raw`.
    """
    _, rows, columns = out.shape
    width = max(1, min(columns, SLAB // len(bands)))
    height = max(1, SLAB // (len(bands) * width)) if width == columns else 1
    for top in range(0, rows, height):
        for left in range(0, columns, width):
            window = (slice(None), slice(top, top + height), slice(left, left + width))
            part = raw[window] if pick is None else raw[window][pick]
            _convert_slab(part, out[window], calibration, bands)


def _convert_slab(
    part: NDArray, target: NDArray, calibration: Calibration, bands: NDArray
) -> None:
    np.copyto(target, part, casting="unsafe")
    gaps = _gaps(part, target, calibration.codes)
    if gaps is not None:  # before the scale, under which codes would overflow
        np.copyto(target, np.nan, where=gaps)
    if calibration.gain is not None:
        gain, offset = (
            np.asarray(values, float)[bands][:, None, None]
            for values in (calibration.gain, calibration.offset)
        )
        target[...] = target * gain + offset
    elif calibration.divisor != 1:
        np.divide(target, target.dtype.type(calibration.divisor), out=target)


def _gaps(part: NDArray, target: NDArray, codes: tuple[float, ...]) -> NDArray | None:
    found = None
    values = target if part.dtype.newbyteorder("=").name in _EXACT else part
    for code in codes:
        hit = values == values.dtype.type(code)
        found = hit if found is None else found | hit
    if part.dtype.kind == "f":
        high, low = np.fmax.reduce(target, axis=None), np.fmin.reduce(target, axis=None)
        if high > HUGE or low < -HUGE:
            hit = np.abs(target) > HUGE
            found = hit if found is None else found | hit
    return found if found is not None and found.any() else None


def stamp_of(path: str | os.PathLike) -> tuple[int, int] | None:
    """Size and time of a file, to see whether it is still the one that was opened."""
    try:
        told = os.stat(path)  # noqa: PTH116  a str when it comes from Dask
    except OSError:
        return None
    return told.st_size, told.st_mtime_ns


def check_stamp(path: str, stamp: tuple[int, int] | None) -> None:
    """
    Refuse a file that is not the one that was opened.

    Raises
    ------
    ValueError
        If its size or time differ, or it is gone.
    """
    if stamp is not None and stamp_of(path) != stamp:
        raise ValueError(
            f"{path} has changed since it was opened: open it again with "
            "spectral.open_cube"
        )
