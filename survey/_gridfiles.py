"""Grids on disk as arrays that are read window by window."""

from __future__ import annotations

import functools
import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._memory import keep_freed_memory
from ._problems import DataProblems, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

HANDLES = 64
CACHE_BYTES = 48 * 2**20
_HUGE = 1e30
_local = threading.local()


@dataclass(frozen=True)
class GridSource:
    """
    Anything that gives the values of a window: rows and columns from the top left.

    Stands in for an array in Dask (`dask.array.from_array`), and can be read with a
    halo by `window`, which is why it is more than an array.
    """

    shape: tuple[int, int]
    dtype: Any

    ndim = 2

    def read(self, top: int, bottom: int, left: int, right: int) -> NDArray:
        """Values of a window that lies inside the grid, NaN where missing."""
        raise NotImplementedError

    def window(self, top: int, bottom: int, left: int, right: int) -> NDArray:
        """Values of any window; NaN outside the grid."""
        rows, columns = self.shape
        a, b = min(max(top, 0), rows), max(min(bottom, rows), 0)
        c, d = min(max(left, 0), columns), max(min(right, columns), 0)
        if (a, b, c, d) == (top, bottom, left, right):
            return self.read(top, bottom, left, right)
        out = np.full((bottom - top, right - left), np.nan, dtype=self.dtype)
        if a < b and c < d:
            out[a - top : b - top, c - left : d - left] = self.read(a, b, c, d)
        return out

    def __getitem__(self, key: tuple[Any, ...]) -> NDArray:
        spans = [
            _span(index, length) for index, length in zip(key, self.shape, strict=True)
        ]
        (top, bottom, rows), (left, right, columns) = spans
        if top >= bottom or left >= right:
            return np.empty((0, 0), self.dtype)[
                rows if bottom > top else slice(0, 0), slice(0, 0)
            ]
        return self.read(top, bottom, left, right)[rows, columns]


@dataclass(frozen=True)
class RasterSource(GridSource):
    """One band of a file that GDAL reads."""

    path: str
    stamp: tuple[int, int] | None
    band: int
    nodata: tuple[float, ...] = ()
    masked: bool = False
    scale: float = 1.0
    offset: float = 0.0
    flipped: bool = False

    def read(self, top: int, bottom: int, left: int, right: int) -> NDArray:
        """Values of a window, turned north-up, NaN where missing."""
        from rasterio.errors import RasterioError
        from rasterio.windows import Window

        rows = self.shape[0]
        first = rows - bottom if self.flipped else top
        window = Window(left, first, right - left, bottom - top)
        broken = None
        try:
            dataset = self._dataset()
            raw = dataset.read(self.band, window=window)
            gaps = _is_nodata(raw, self.nodata)
            if self.masked:
                hidden = dataset.read_masks(self.band, window=window) == 0
                gaps = hidden if gaps is None else gaps | hidden
        except RasterioError as error:
            broken = self._broken(error, top, bottom, left, right)
        if broken is not None:  # out here, since GDAL's errors cannot be pickled
            raise broken
        out = raw.astype(self.dtype, copy=False)
        if (self.scale, self.offset) != (1.0, 0.0):
            out = (out * self.scale + self.offset).astype(self.dtype, copy=False)
        if gaps is not None and gaps.any():
            out[gaps] = np.nan
        return out[::-1] if self.flipped else out

    def _dataset(self) -> Any:  # noqa: ANN401
        """Handle of this thread; the one unused for longest makes room."""
        handles = _local.__dict__.setdefault("handles", OrderedDict())
        key = (self.path, self.stamp)
        if key in handles:
            handles.move_to_end(key)
            return handles[key]
        if stamp_of(self.path) != self.stamp:
            raise DataProblems(
                [
                    Problem(
                        "the file has changed since the grid was opened",
                        "open it again with survey.open_grid",
                        self.path,
                    )
                ]
            )
        keep_freed_memory()
        for stale in [old for old in handles if old[0] == self.path]:
            handles.pop(stale).close()
        handles[key] = open_dataset(self.path)
        while len(handles) > HANDLES:
            handles.popitem(last=False)[1].close()
        return handles[key]

    def _broken(self, error: Exception, *window: int) -> DataProblems:
        top, bottom, left, right = window
        return DataProblems(
            [
                Problem(
                    f"rows {top} to {bottom - 1}, columns {left} to {right - 1} of "
                    f"band {self.band} cannot be read ({_reason(error)}): the file is "
                    "cut short or damaged",
                    "fetch or export the file again",
                    self.path,
                )
            ]
        )


@dataclass(frozen=True)
class ArraySource(GridSource):
    """One two-dimensional slice of a variable in a NetCDF file or a Zarr store."""

    path: str
    stamp: tuple[int, int] | None
    variable: str
    dims: tuple[str, str]
    at: tuple[tuple[str, int], ...] = ()
    nodata: tuple[float, ...] = ()
    flipped: bool = False

    def read(self, top: int, bottom: int, left: int, right: int) -> NDArray:
        """Values of a window, turned north-up, NaN where missing."""
        rows = self.shape[0]
        first, last = (rows - bottom, rows - top) if self.flipped else (top, bottom)
        y, x = self.dims
        part = open_arrays(self.path, self.stamp)[self.variable].isel(
            {y: slice(first, last), x: slice(left, right)} | dict(self.at)
        )
        raw = part.transpose(y, x).to_numpy()
        gaps = _is_nodata(raw, self.nodata)
        out = raw.astype(self.dtype)
        if gaps is not None:
            out[gaps] = np.nan
        return out[::-1] if self.flipped else out


@dataclass(frozen=True, eq=False)
class MemorySource(GridSource):
    """An array in memory, for what works on windows."""

    values: Any = None

    def read(self, top: int, bottom: int, left: int, right: int) -> NDArray:
        """Values of a window."""
        return self.values[top:bottom, left:right]


def open_dataset(path: str) -> Any:  # noqa: ANN401
    """
    Dataset of rasterio, read once so that GDAL's block cache takes our size.

    GDAL fixes the size of its cache at the first read of the process; left alone it is
    5 % of the machine's memory.
    """
    import rasterio

    options = {} if "GDAL_CACHEMAX" in os.environ else {"GDAL_CACHEMAX": CACHE_BYTES}
    with rasterio.Env(**options):
        dataset = rasterio.open(path, sharing=False)
        _settle_cache()
    return dataset


@functools.cache
def _settle_cache() -> None:
    from rasterio.io import MemoryFile
    from rasterio.transform import from_origin

    profile = {"driver": "GTiff", "width": 1, "height": 1, "count": 1, "dtype": "uint8"}
    profile["transform"] = from_origin(0, 0, 2, 2)
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(np.zeros((1, 1, 1), "uint8"))
        with memory.open() as dataset:
            dataset.read(1)


@functools.lru_cache(maxsize=HANDLES)
def open_arrays(path: str, stamp: tuple[int, int] | None) -> Any:  # noqa: ANN401, ARG001
    """Dataset of xarray, shared by the threads of a process."""
    import xarray as xr

    engine = "zarr" if Path(path).suffix.lower() == ".zarr" else None
    return xr.open_dataset(
        path,
        engine=engine,
        chunks=None,
        cache=False,
        decode_times=False,
        decode_coords="all",
    )


def place_of(path: str) -> str:
    """Name of a local file that holds in every folder, others as they are."""
    file = Path(path)
    return str(file.absolute()) if file.exists() else path


def stamp_of(path: str) -> tuple[int, int] | None:
    """Time of change and size of a file, None for what is no local file."""
    file = Path(path)
    if not file.exists():
        return None
    status = file.stat()
    return status.st_mtime_ns, status.st_size


def _is_nodata(raw: NDArray, nodata: tuple[float, ...]) -> NDArray | None:
    """Cells that hold one of the codes for missing, None if none can."""
    gaps = None
    for code in nodata:
        if abs(code) > _HUGE:  # written as -3.4e38 with few digits
            hit = np.abs(raw - raw.dtype.type(code)) <= 0.01 * abs(code)
        else:
            hit = raw == raw.dtype.type(code)
        gaps = hit if gaps is None else gaps | hit
    return gaps


def _span(index: Any, length: int) -> tuple[int, int, Any]:  # noqa: ANN401
    """First and last+1 cell an index touches, and the index within them."""
    if not isinstance(index, slice):
        cell = int(index) % length
        return cell, cell + 1, 0
    cells = range(length)[index]
    if not cells:
        return 0, 0, slice(0, 0)
    low, high = min(cells[0], cells[-1]), max(cells[0], cells[-1])
    return low, high + 1, slice(None, None, cells.step)


def _reason(error: Exception) -> str:
    cause = error.__cause__ or error
    return (
        str(cause).strip().splitlines()[-1][:160] if str(cause).strip() else "unknown"
    )
