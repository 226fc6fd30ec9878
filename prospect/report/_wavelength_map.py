"""Map of the wavelength of the minimum: place as hue, depth as brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import colormaps
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ._canvas import (
    draw_frame,
    draw_north,
    draw_pixels,
    draw_scale_bar,
    frame_of,
    gap_handle,
    image_of,
    thin,
)
from ._figure import INK, QUIET, finish, new_figure
from ._fonts import figure_language, legible
from ._words import Words

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ._figure import Picture

UNKNOWN = (0.13, 0.13, 0.13)
DIMMEST = 0.18  # brightness of the shallowest feature with a place


def figure_minimum_wavelength(
    minimum: xr.Dataset,
    *,
    limits: tuple[float, float] | None = None,
    depths: tuple[float, float] | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Map of the wavelength of an absorption, as bright as the absorption is deep.

    Parameters
    ----------
    minimum : Dataset
        ``position`` (nm) and ``depth``, dims ("y", "x"), as
        `spectral.mapping.minimum_wavelength` or ``feature_parameters`` gives them. Lazy
        ones are read at no more than 1500 cells a side. Without a CRS, the axes
        are rows and columns, the first row on top.
    limits : (low, high), optional
        Wavelengths at the ends of the colours, nm; the 2nd and 98th percentile when not
        given, in whole nm. What lies beyond takes the colour of the end.
    depths : (low, high), optional
        Depths drawn darkest and brightest; the least there is and the 95th percentile
        when not given.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        With a legend of two axes. Pixels whose position is unknown are near black,
        missing ones hatched.

    Raises
    ------
    KeyError
        If the dataset lacks position or depth.
    ValueError
        If no pixel has a position, or limits do not ascend.

    References
    ----------
    van Ruitenbeek, F. J. A. et al. (2014). Mapping the wavelength position of deepest
    absorption features to explore mineral diversity in hyperspectral images. Planetary
    and Space Science 101, 108-117.

    Examples
    --------
    >>> import xarray as xr
    >>> grid = {"y": [15.0, 5.0], "x": [5.0, 15.0]}
    >>> found = xr.Dataset(
    ...     {"position": (("y", "x"), [[2198.0, 2204.0], [2210.0, np.nan]]),
    ...      "depth": (("y", "x"), [[0.3, 0.1], [0.2, 0.0]])}, grid)
    >>> figure_minimum_wavelength(found).axes[0].child_axes[0].get_ylabel()
    'Depth'
    """
    missing = [name for name in ("position", "depth") if name not in minimum]
    if missing:
        raise KeyError(f"the dataset lacks {missing}: give minimum_wavelength's result")
    words = Words(figure_language(lang))
    small = thin(minimum[["position", "depth"]])
    place, depth = (image_of(small[name]).filled(np.nan) for name in small.data_vars)
    known = np.isfinite(place)
    if not known.any():
        raise ValueError(
            "no pixel has a position: lower min_depth, or look at the window"
        )
    span = limits or _whole(np.nanpercentile(place, [2, 98]))
    strength = depths or _depths(depth[known])
    for name, pair in (("limits", span), ("depths", strength)):
        if not pair[0] < pair[1]:
            raise ValueError(f"{name} ascend: (low, high). Got {pair!r}.")
    image = _colours(place, depth, span, strength)
    frame = frame_of(small["position"])
    shape = (frame.north - frame.south) / (frame.east - frame.west)
    width = 6.9 if shape <= 1 else max(6.9 / shape, 2.4)
    size = (width, max(width * min(shape, 1.6), 2.6))
    figure = new_figure(size[0] + 2.6, size[1] + 0.9)
    axes = figure.add_subplot()
    _draw(axes, image, small["position"], words)
    _legend(axes, size, (span, strength), words)
    entries = []
    if (np.isfinite(depth) & ~known).any():
        entries.append(Patch(color=UNKNOWN, label=words("wavelength_map_unknown")))
    if (~np.isfinite(depth)).any():
        entries.append(gap_handle(words))
    if entries:
        figure.legend(handles=entries, loc="outside lower center", ncols=2,
                      fontsize=8.5, frameon=False, labelcolor=INK)  # fmt: skip
    if title:
        text = legible(title, "")
        axes.set_title(text, loc="left", fontsize=11.5, fontweight="bold", color=INK)
    return finish(figure)


def _draw(axes: Axes, image: np.ndarray, grid: xr.DataArray, words: Words) -> None:
    import rioxarray  # noqa: F401  (gives grids their .rio)

    if grid.rio.crs is None:
        extent = draw_pixels(axes, grid, words)
        axes.imshow(image, extent=extent, zorder=2, interpolation="nearest")
        return
    frame = frame_of(grid)
    draw_frame(axes, frame, words)
    axes.imshow(image, extent=frame.extent, zorder=2, interpolation="nearest")
    draw_scale_bar(axes, frame)
    draw_north(axes, words)


def _whole(ends: np.ndarray) -> tuple[float, float]:
    low, high = np.floor(ends[0]), np.ceil(ends[1])
    return (low, high) if low < high else (low - 1, high + 1)


def _depths(known: np.ndarray) -> tuple[float, float]:
    low, high = float(known.min()), float(np.percentile(known, 95))
    return (low, high) if low < high else (0.0, float(known.max()) or 1.0)


def _colours(
    place: np.ndarray,
    depth: np.ndarray,
    span: tuple[float, float],
    strength: tuple[float, float],
) -> np.ndarray:
    """Red, green, blue and opacity of pixels."""
    share = np.clip((place - span[0]) / (span[1] - span[0]), 0, 1)
    light = np.clip((depth - strength[0]) / (strength[1] - strength[0]), 0, 1)
    colours = colormaps["turbo"](0.06 + 0.88 * np.nan_to_num(share))
    colours[..., :3] *= (DIMMEST + (1 - DIMMEST) * np.nan_to_num(light))[..., None]
    colours[np.isnan(place), :3] = UNKNOWN
    colours[..., 3] = np.isfinite(depth)
    return colours


def _legend(
    axes: Axes,
    size: tuple[float, float],
    ends: tuple[tuple[float, float], tuple[float, float]],
    words: Words,
) -> None:
    """Wavelength across, depth upwards, of the same size on every map."""
    span, strength = ends
    place, depth = np.meshgrid(np.linspace(*span, 128), np.linspace(*strength, 64))
    wide, high = 1.9 / size[0], min(0.6, 1.5 / size[1])
    box = axes.inset_axes([1 + 0.75 / size[0], 0.5 - high / 2, wide, high])
    box.imshow(
        _colours(place, depth, span, strength),
        extent=(*span, *strength),
        origin="lower",
        aspect="auto",
    )
    box.tick_params(labelsize=7.5, colors=INK, length=2, width=0.5)
    for side in box.spines.values():
        side.set(color=QUIET, linewidth=0.6)
    for axis in (box.xaxis, box.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
        axis.get_major_formatter().set_useOffset(False)
    box.set_xlabel(words("wavelength_map_position"), fontsize=8, color=INK)
    box.set_ylabel(words("wavelength_map_depth"), fontsize=8, color=INK)
