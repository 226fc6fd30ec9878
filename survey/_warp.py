"""Cells of one grid made from those of another, window by window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ._gridfiles import GridSource

if TYPE_CHECKING:
    from affine import Affine
    from numpy.typing import NDArray

AREAL = ("average", "mode", "min", "max", "med", "q1", "q3", "rms")
_SAMPLES = 33

Window = tuple[int, int, int, int]


@dataclass(frozen=True)
class Plan:
    """How cells of the result come from cells of the source."""

    source: Affine
    target: Affine
    source_crs: str
    target_crs: str
    method: str
    ratio: float = 1.0
    shift: tuple[int, int] = (0, 0)

    def needed(self, window: Window) -> Window | None:
        """Source rows and columns that a window of the result depends on."""
        top, bottom, left, right = window
        if self.method == "same":
            down, across = self.shift
            return top + down, bottom + down, left + across, right + across
        columns, rows = self.positions(
            np.linspace(left, right, _SAMPLES), np.linspace(top, bottom, _SAMPLES)
        )
        known = np.isfinite(columns) & np.isfinite(rows)
        if not known.any():
            return None
        pad = 3 + math.ceil(2 * self.ratio)
        return (
            math.floor(rows[known].min()) - pad,
            math.ceil(rows[known].max()) + pad,
            math.floor(columns[known].min()) - pad,
            math.ceil(columns[known].max()) + pad,
        )

    def within(self, window: Window, shape: tuple[int, int]) -> Window | None:
        """What is needed, cut to the source and a margin that stays missing."""
        needed = self.needed(window)
        inside = needed and clip(needed, shape)
        if not inside or self.method == "same":
            return inside and needed
        margin = 8 + math.ceil(2 * self.ratio)
        return (
            max(needed[0], inside[0] - margin),
            min(needed[1], inside[1] + margin),
            max(needed[2], inside[2] - margin),
            min(needed[3], inside[3] + margin),
        )

    def positions(self, columns: NDArray, rows: NDArray) -> tuple[NDArray, NDArray]:
        """Source column and row (fractional) of a mesh of target columns and rows."""
        from rasterio.warp import transform

        across, down = (part.ravel() for part in np.meshgrid(columns, rows))
        x, y = place(self.target, across, down)
        if self.source_crs != self.target_crs:
            x, y = transform(self.target_crs, self.source_crs, x, y)
        return place(~self.source, np.asarray(x), np.asarray(y))

    def resample(self, cells: NDArray, origin: tuple[int, int], to: Window) -> NDArray:
        """Result in a window from source cells whose first is at `origin`."""
        if self.method == "same":
            return cells
        top, bottom, left, right = to
        shape = (bottom - top, right - left)
        if np.isnan(cells).all():
            return np.full(shape, np.nan, cells.dtype)
        source = _moved(self.source, origin[1], origin[0])
        target = _moved(self.target, left, top)
        out = self._warp(cells, source, shape, target, self.method)
        if self.method in AREAL:
            known = np.isfinite(cells)
            if not known.all():
                share = self._warp(
                    known.astype("float32"), source, shape, target, "average"
                )
                out[~(share >= 0.5 - 1e-6)] = np.nan
        return out

    def _warp(
        self,
        cells: NDArray,
        source: Affine,
        shape: tuple[int, int],
        target: Affine,
        method: str,
    ) -> NDArray:
        from rasterio.enums import Resampling
        from rasterio.warp import reproject

        out = np.full(shape, np.nan, cells.dtype)
        reproject(
            np.ascontiguousarray(cells),
            out,
            src_transform=source,
            src_crs=self.source_crs,
            src_nodata=math.nan,
            dst_transform=target,
            dst_crs=self.target_crs,
            dst_nodata=math.nan,
            resampling=Resampling[method],
            tolerance=0,
            num_threads=1,
        )
        return out


@dataclass(frozen=True)
class WarpSource(GridSource):
    """A file seen through a plan."""

    source: GridSource
    plan: Plan

    def read(self, top: int, bottom: int, left: int, right: int) -> NDArray:
        """Values of a window."""
        window = (top, bottom, left, right)
        needed = self.plan.within(window, self.source.shape)
        if not needed:
            return np.full((bottom - top, right - left), np.nan, self.dtype)
        cells = self.source.window(*needed)
        return self.plan.resample(cells, (needed[0], needed[2]), window)


def clip(window: Window, shape: tuple[int, int]) -> Window | None:
    """Part of a window inside a grid, None if there is none."""
    top, bottom, left, right = window
    top, bottom = max(top, 0), min(bottom, shape[0])
    left, right = max(left, 0), min(right, shape[1])
    return (top, bottom, left, right) if top < bottom and left < right else None


def place(affine: Affine, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    """Points after an affine transformation."""
    return (
        affine.a * x + affine.b * y + affine.c,
        affine.d * x + affine.e * y + affine.f,
    )


def _moved(affine: Affine, columns: int, rows: int) -> Affine:
    """Transform of the same cells counted from another one."""
    from affine import Affine as Transform

    x, y = place(affine, columns, rows)
    return Transform(affine.a, affine.b, x, affine.d, affine.e, y)
