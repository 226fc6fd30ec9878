"""Cells of one grid made from those of another, window by window."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ._gridfiles import GridSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from affine import Affine
    from numpy.typing import NDArray

AREAL = ("average", "mode", "min", "max", "med", "q1", "q3", "rms")
OWN = ("nearest", "bilinear")
_SAMPLES = 33
_TIE = 1e-6

Window = tuple[int, int, int, int]


@dataclass(frozen=True)
class Plan:
    """
    How cells of a target grid come from cells of a source grid.

    Targets are made tile by tile; the tiles start at the grid's corner, so that a cell
    is the same whatever window asks for it. `ratio` is the side of a target cell in
    source cells, `shift` the rows and columns between grids whose cells coincide,
    `step` the distance of the lattice on which positions are projected.
    """

    source: Affine
    target: Affine
    source_crs: str
    target_crs: str
    shape: tuple[int, int]
    method: str = "nearest"
    ratio: float = 1.0
    shift: tuple[int, int] = (0, 0)
    step: int = 16
    tile: int = 256

    def make(
        self, window: Window, read: Callable[..., NDArray], dtype: np.dtype
    ) -> NDArray:
        """Cells of a window; `read` gives those of a window of the source."""
        top, bottom, left, right = window
        if self.method == "same":
            down, across = self.shift
            return read(top + down, bottom + down, left + across, right + across)
        out = np.full((bottom - top, right - left), np.nan, dtype)
        for tile in self._tiles(window):
            part = _cut(tile, window)
            a, b, c, d = part if self.method in OWN else tile
            needed = self.needed((a, b, c, d))
            if needed is None:
                continue
            cells = read(*needed)
            if np.isnan(cells).all():
                continue
            if self.method in OWN:
                made = self._interpolate(cells, needed, part)
            else:
                made = self._aggregate(cells, needed, tile)
            out[part[0] - top : part[1] - top, part[2] - left : part[3] - left] = made[
                part[0] - a : part[1] - a, part[2] - c : part[3] - c
            ]
        return out

    def needed(self, window: Window, *, more: int = 0) -> Window | None:
        """Source rows and columns a window depends on, cut to the source and a rim."""
        top, bottom, left, right = window
        if self.method == "same":
            found = tuple(np.add(window, np.repeat(self.shift, 2)).tolist())
            return found if clip(found, self.shape) else None
        columns, rows = self.exact(
            np.linspace(left, right, _SAMPLES), np.linspace(top, bottom, _SAMPLES)
        )
        known = np.isfinite(columns) & np.isfinite(rows)
        if not known.any():
            return None
        pad = 3 + math.ceil(2 * self.ratio) + more
        found = (
            math.floor(rows[known].min()) - pad,
            math.ceil(rows[known].max()) + pad,
            math.floor(columns[known].min()) - pad,
            math.ceil(columns[known].max()) + pad,
        )
        inside = clip(found, self.shape)
        if inside is None:
            return None
        rim = 8 + math.ceil(2 * self.ratio)  # stays missing, counts in shares
        return _cut(
            found,
            (inside[0] - rim, inside[1] + rim, inside[2] - rim, inside[3] + rim),
        )

    def widened(self, window: Window) -> Window:
        """Window that holds every tile the window touches."""
        if self.method in (*OWN, "same"):
            return window
        top, bottom, left, right = window
        t = self.tile
        return top - top % t, bottom + -bottom % t, left - left % t, right + -right % t

    def exact(self, columns: NDArray, rows: NDArray) -> tuple[NDArray, NDArray]:
        """Source column and row (fractional) of a mesh of target columns and rows."""
        from rasterio.warp import transform

        across, down = np.meshgrid(columns, rows)
        x, y = _place(self.target, across.ravel(), down.ravel())
        if self.source_crs != self.target_crs:
            x, y = transform(self.target_crs, self.source_crs, x, y)
        column, row = _place(~self.source, np.asarray(x), np.asarray(y))
        return column.reshape(across.shape), row.reshape(across.shape)

    def _tiles(self, window: Window) -> Iterator[Window]:
        top, bottom, left, right = window
        t = self.tile
        for first in range(top - top % t, bottom, t):
            for start in range(left - left % t, right, t):
                yield first, first + t, start, start + t

    def _centres(self, window: Window) -> tuple[NDArray, NDArray]:
        """Source column and row of the cells' centres, linear between lattice nodes."""
        top, bottom, left, right = window
        s = self.step
        down = np.arange(top // s, (bottom - 1) // s + 2)
        across = np.arange(left // s, (right - 1) // s + 2)
        nodes = self.exact(across * s + 0.5, down * s + 0.5)
        rows, columns = np.arange(top, bottom), np.arange(left, right)
        i, v = rows // s - down[0], (rows % s / s)[:, None]
        j, u = columns // s - across[0], columns % s / s
        found = []
        for node in nodes:
            lines = node[i] * (1 - v) + node[i + 1] * v
            found.append(lines[:, j] * (1 - u) + lines[:, j + 1] * u)
        return found[0], found[1]

    def _interpolate(self, cells: NDArray, at: Window, window: Window) -> NDArray:
        columns, rows = self._centres(window)
        function = _nearest if self.method == "nearest" else _bilinear
        return function(cells, columns, rows, (at[0], at[2]))

    def _aggregate(self, cells: NDArray, at: Window, tile: Window) -> NDArray:
        """One tile by GDAL."""
        source = _moved(self.source, at[2], at[0])
        target = _moved(self.target, tile[2], tile[0])
        out = self._warp(cells, source, target, self.method)
        known = np.isfinite(cells)
        if self.method in AREAL and not known.all():
            share = self._warp(known.astype("float32"), source, target, "average")
            out[~(share >= 0.5 - 1e-6)] = np.nan
        return out

    def _warp(
        self, cells: NDArray, source: Affine, target: Affine, method: str
    ) -> NDArray:
        from rasterio.enums import Resampling
        from rasterio.warp import reproject

        out = np.full((self.tile, self.tile), np.nan, cells.dtype)
        scale = 1.0 if self.ratio <= 2 else 1 / self.ratio
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
            num_threads=1,
            XSCALE=scale,  # left alone, GDAL derives it from the windows
            YSCALE=scale,
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
        return self.plan.make(window, self.source.window, self.dtype)


def clip(window: Window, shape: tuple[int, int]) -> Window | None:
    """Part of a window inside a grid, None if there is none."""
    top, bottom, left, right = _cut(window, (0, shape[0], 0, shape[1]))
    return (top, bottom, left, right) if top < bottom and left < right else None


def _cut(window: Window, frame: Window) -> Window:
    return (
        max(window[0], frame[0]),
        min(window[1], frame[1]),
        max(window[2], frame[2]),
        min(window[3], frame[3]),
    )


def _place(affine: Affine, x: NDArray, y: NDArray) -> tuple[NDArray, NDArray]:
    """Points after an affine transformation."""
    return (
        affine.a * x + affine.b * y + affine.c,
        affine.d * x + affine.e * y + affine.f,
    )


def _moved(affine: Affine, columns: int, rows: int) -> Affine:
    """Transform of the same cells counted from another one."""
    from affine import Affine as Transform

    x, y = _place(affine, columns, rows)
    return Transform(affine.a, affine.b, x, affine.d, affine.e, y)


def _nearest(
    cells: NDArray, columns: NDArray, rows: NDArray, origin: tuple[int, int]
) -> NDArray:
    """Source cell under each position."""
    known = np.isfinite(columns) & np.isfinite(rows)
    i = np.floor(np.where(known, rows, -1e9) + _TIE)
    j = np.floor(np.where(known, columns, -1e9) + _TIE)
    value, inside = _take(cells, i, j, origin)
    return np.where(inside, value, np.array(np.nan, cells.dtype))


def _bilinear(
    cells: NDArray, columns: NDArray, rows: NDArray, origin: tuple[int, int]
) -> NDArray:
    """Mean of the four cells around, by nearness; missing ones are left out."""
    out = _nearest(cells, columns, rows, origin)
    known = np.isfinite(out)
    x, y = np.where(known, columns, 0.5) - 0.5, np.where(known, rows, 0.5) - 0.5
    left, top = np.floor(x), np.floor(y)
    u, v = x - left, y - top
    total, weights = np.zeros(out.shape), np.zeros(out.shape)
    for down, high in ((0, 1 - v), (1, v)):
        for across, wide in ((0, 1 - u), (1, u)):
            value, inside = _take(cells, top + down, left + across, origin)
            weight = np.where(inside & np.isfinite(value), high * wide, 0.0)
            total += np.where(weight > 0, value, 0.0) * weight
            weights += weight
    np.divide(total, weights, out=total, where=weights > 0)
    return np.where(known & (weights > 0), total, out).astype(cells.dtype)


def _take(
    cells: NDArray, rows: NDArray, columns: NDArray, origin: tuple[int, int]
) -> tuple[NDArray, NDArray]:
    """Cells by whole row and column, and whether there is one."""
    i, j = rows.astype(np.intp) - origin[0], columns.astype(np.intp) - origin[1]
    inside = (i >= 0) & (i < cells.shape[0]) & (j >= 0) & (j < cells.shape[1])
    return cells[np.where(inside, i, 0), np.where(inside, j, 0)], inside
