"""Cubes inside HDF5 and netCDF-4 files, in any order of their axes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._source import CubeSource

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MAGIC = b"\x89HDF\r\n\x1a\n"
HANDLES = 8
_local = threading.local()


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(8) == MAGIC


def handle(path: str, stamp: tuple[int, int] | None) -> Any:  # noqa: ANN401
    """Open file of this thread; the one unused for longest makes room."""
    import h5py

    handles = _local.__dict__.setdefault("hdf5", OrderedDict())
    key = (path, stamp)
    if key not in handles:
        for stale in [old for old in handles if old[0] == path]:
            handles.pop(stale).close()
        handles[key] = h5py.File(path, "r")
        while len(handles) > HANDLES:
            handles.popitem(last=False)[1].close()
    handles.move_to_end(key)
    return handles[key]


def text_of(value: Any) -> str:  # noqa: ANN401
    """Attribute of a file as text."""
    value = np.asarray(value).ravel()[0] if np.ndim(value) else value
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


@dataclass(frozen=True)
class Hdf5Source(CubeSource):
    """
    Data sets of one file, their bands one after the other.

    Parameters
    ----------
    data_sets : tuple of (str, int)
        Path inside the file and number of bands.
    axes : str
        Order of the axes in the file, such as "yxb" or "ybx".
    """

    data_sets: tuple[tuple[str, int], ...] = ()
    axes: str = "yxb"

    def read(self, bands: slice, rows: slice, columns: slice) -> NDArray:
        """Values of a window, bands first."""
        found, first = [], 0
        wanted = range(bands.start, bands.stop, bands.step or 1)
        for name, count in self.data_sets:
            here = [band - first for band in wanted if first <= band < first + count]
            first += count
            if not here:
                continue
            window = {
                "b": slice(here[0], here[-1] + 1, bands.step or 1),
                "y": rows,
                "x": columns,
            }
            data = handle(self.path, self.stamp)[name]
            part = data[tuple(window[axis] for axis in self.axes)]
            found.append(part.transpose([self.axes.index(axis) for axis in "byx"]))
        return np.concatenate(found) if len(found) > 1 else found[0]


@dataclass(frozen=True)
class LookupSource(Hdf5Source):
    """
    A swath on a map: each map cell takes the swath pixel its look-up table names.

    Parameters
    ----------
    lookup : tuple of str
        Data sets with the column and the row of the swath, from 1; 0 for none.
    swath : tuple of int
        Rows and columns of the swath.
    missing : float
        Value of cells without a pixel.
    """

    lookup: tuple[str, str] = ("", "")
    swath: tuple[int, int] = (0, 0)
    missing: float = -9999.0

    def read(self, bands: slice, rows: slice, columns: slice) -> NDArray:
        """Values of a window of the map, bands first."""
        file = handle(self.path, self.stamp)
        across, along = (file[name][rows, columns].astype(int) for name in self.lookup)
        known = (across > 0) & (along > 0)
        count = len(range(bands.start, bands.stop, bands.step or 1))
        out = np.full((count, *across.shape), self.missing, np.dtype(self.stored))
        if not known.any():
            return out
        x, y = across[known] - 1, along[known] - 1
        top, left = int(y.min()), int(x.min())
        part = super().read(
            bands, slice(top, int(y.max()) + 1), slice(left, int(x.max()) + 1)
        )
        out[:, known] = part[:, y - top, x - left]
        return out
