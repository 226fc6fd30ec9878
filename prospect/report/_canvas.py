"""The frame of a map: thinning, axes in kilometres, scale bar, north arrow, gaps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import rioxarray  # noqa: F401  registers the accessor .rio
from matplotlib.patches import Patch, Polygon, Rectangle
from matplotlib.ticker import MaxNLocator

from ._figure import INK, QUIET

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ._words import Words

GAP = {"facecolor": "#ececec", "edgecolor": "#b9b9b9", "hatch": "////", "linewidth": 0}


class Frame(NamedTuple):
    """Outer edges of a map in display units, and how to get there from its CRS."""

    west: float
    east: float
    south: float
    north: float
    scale: float
    projected: bool

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, east, south, north."""
        return self[:4]


def thin(grid: xr.DataArray, *, size: int = 1500) -> xr.DataArray:
    """
    Every n-th cell of a grid, so that neither side is longer than `size`.

    Only the kept cells stay in memory: a lazy grid is read block by block.

    Parameters
    ----------
    grid : DataArray, dims ("y", "x")
        Grid, lazy or not.
    size : int
        Most cells along a side.

    Returns
    -------
    DataArray
        In memory, with the coordinates of the cells kept.
    """
    step = max(1, math.ceil(max(grid.sizes["y"], grid.sizes["x"]) / size))
    first = step // 2 if step < min(grid.sizes["y"], grid.sizes["x"]) else 0
    kept = slice(first, None, step)
    return grid.isel(y=kept, x=kept).compute()


def frame_of(grid: xr.DataArray) -> Frame:
    """Frame of a grid: kilometres where its CRS is projected, else its own units."""
    crs = grid.rio.crs
    projected = bool(crs is not None and crs.is_projected)
    scale = crs.linear_units_factor[1] / 1000 if projected else 1.0
    x, y = grid["x"].to_numpy(), grid["y"].to_numpy()
    dx = abs(x[1] - x[0]) if len(x) > 1 else 1.0
    dy = abs(y[1] - y[0]) if len(y) > 1 else 1.0
    edges = (x.min() - dx / 2, x.max() + dx / 2, y.min() - dy / 2, y.max() + dy / 2)
    return Frame(*(float(edge) * scale for edge in edges), scale, projected)


def image_of(grid: xr.DataArray) -> np.ma.MaskedArray:
    """Values with gaps masked; the first row in the north, or as it is without CRS."""
    ordered = grid.transpose("y", "x")
    if grid.rio.crs is not None:
        ordered = ordered.sortby("x").sortby("y", ascending=False)
    return np.ma.masked_invalid(ordered.to_numpy().astype(float))


def draw_pixels(axes: Axes, grid: xr.DataArray, words: Words) -> tuple[float, ...]:
    """Axes of an image without a place, the first row on top: its extent."""
    x, y = (
        grid[dim].to_numpy().astype(float) if dim in grid.coords
        else np.arange(float(grid.sizes[dim]))
        for dim in ("x", "y")
    )  # fmt: skip
    dx, dy = (axis[1] - axis[0] if len(axis) > 1 else 1.0 for axis in (x, y))
    axes.set_facecolor(GAP["facecolor"])
    axes.tick_params(labelsize=8, colors=INK, length=3, width=0.6)
    axes.set_xlabel(words("quicklook_column"), fontsize=9, color=INK)
    axes.set_ylabel(words("quicklook_row"), fontsize=9, color=INK)
    return x[0] - dx / 2, x[-1] + dx / 2, y[-1] + dy / 2, y[0] - dy / 2


def draw_frame(axes: Axes, frame: Frame, words: Words, *, labels: bool = True) -> None:
    """Set limits, gap hatching, ticks and the axis labels."""
    west, east, south, north = frame.extent
    axes.add_patch(
        Rectangle((west, south), east - west, north - south, zorder=0, **GAP)
    )
    aspect = 1.0
    if not frame.projected:
        middle = math.cos(math.radians(np.clip((south + north) / 2, -85, 85)))
        aspect = 1 / middle
    axes.set(xlim=(west, east), ylim=(south, north), aspect=aspect)
    for side in axes.spines.values():
        side.set(color=QUIET, linewidth=0.7)
    axes.tick_params(labelsize=8, colors=INK, length=3, width=0.6)
    if not labels:
        axes.set(xticks=[], yticks=[])
        return
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
        axis.get_major_formatter().set_useOffset(False)
        axis.get_major_formatter().set_scientific(False)
    axes.tick_params(axis="y", rotation=90)
    corner = south + 0.04 * (north - south)  # there it would run into the x axis
    for tick, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        label.set_verticalalignment("bottom" if tick < corner else "center")
    pair = ("easting", "northing") if frame.projected else ("longitude", "latitude")
    axes.set_xlabel(words(f"map_{pair[0]}"), fontsize=9, color=INK)
    axes.set_ylabel(words(f"map_{pair[1]}"), fontsize=9, color=INK)


def draw_scale_bar(axes: Axes, frame: Frame) -> None:
    """Bar of a round length in the lower left corner; none for degrees."""
    if not frame.projected:
        return
    width, height = frame.east - frame.west, frame.north - frame.south
    length = round_length(width / 5)
    x, y = frame.west + 0.04 * width, frame.south + 0.035 * height
    thick = 0.009 * max(height, 0.5 * width)
    back = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "zorder": 8}
    pad = 0.018 * width
    axes.add_patch(
        Rectangle((x - pad, y - 1.2 * thick), length + 2 * pad, 6.2 * thick, **back)
    )
    for i, colour in enumerate((INK, "white")):
        axes.add_patch(
            Rectangle(
                (x + i * length / 2, y),
                length / 2,
                thick,
                facecolor=colour,
                edgecolor=INK,
                linewidth=0.7,
                zorder=9,
            )
        )
    text = f"{length:g} km" if length >= 1 else f"{1000 * length:g} m"
    axes.text(
        x + length / 2,
        y + 1.6 * thick,
        text,
        ha="center",
        va="bottom",
        fontsize=8,
        color=INK,
        zorder=9,
    )


def draw_north(axes: Axes, words: Words) -> None:
    """Arrow to grid north in the upper right corner."""
    place = axes.transAxes
    for half, colour in ((-1, INK), (1, "white")):
        tip = [(0.955, 0.965), (0.955, 0.918), (0.955 + half * 0.014, 0.905)]
        axes.add_patch(
            Polygon(
                tip,
                transform=place,
                facecolor=colour,
                edgecolor=INK,
                linewidth=0.7,
                zorder=9,
            )
        )
    axes.text(
        0.955,
        0.895,
        words("map_north"),
        transform=place,
        ha="center",
        va="top",
        fontsize=9,
        color=INK,
        zorder=9,
        bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1},
    )


def gap_handle(words: Words) -> Patch:
    """Entry of the legend for cells without data."""
    return Patch(label=words("map_no_data"), **GAP)


def round_length(length: float) -> float:
    """
    Largest of 1, 2, 5 × 10ⁿ that is not above `length`.

    Examples
    --------
    >>> [round_length(value) for value in (0.7, 24, 99, 100)]
    [0.5, 20.0, 50.0, 100.0]
    """
    power = 10.0 ** math.floor(math.log10(length) + 1e-9)
    return max(
        step * power for step in (1, 2, 5) if step * power <= length * (1 + 1e-9)
    )


def shares_said(grid: xr.DataArray, words: Words) -> str:
    """Shares of samples below detection and imputed, said; empty if none is known."""
    said = []
    for name, key in (("censored", "element_below"), ("imputed", "element_imputed")):
        share = grid.attrs.get(f"{name}_share")
        if share:
            said.append(words(key, share=f"{100 * share:.2g}"))
    return words("semicolon").join(said)
