"""Maps of grids, with deposits and targets on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import patheffects
from matplotlib.colors import BoundaryNorm, LightSource, ListedColormap
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ._canvas import (
    draw_frame,
    draw_north,
    draw_scale_bar,
    frame_of,
    gap_handle,
    image_of,
    shares_said,
    thin,
)
from ._figure import INK, finish, new_figure
from ._fonts import figure_language, legible, shortened
from ._map_colours import MOST_CLASSES, ROLES, colours_of
from ._ramps import area_labels, role_of
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar

    from ._canvas import Frame
    from ._figure import Picture
    from ._map_colours import MapColours
    from ._ramps import Scale

MOST_NUMBERS = 25
HALO = [patheffects.withStroke(linewidth=2.4, foreground="white")]


def figure_map(
    grid: xr.DataArray,
    *,
    deposits: gpd.GeoDataFrame | None = None,
    targets: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    lang: str = "en",
    hillshade: xr.DataArray | None = None,
    role: str | None = None,
) -> Picture:
    """
    Map of one grid.

    Parameters
    ----------
    grid : DataArray, dims ("y", "x")
        Grid with a CRS. Lazy grids are read at no more than 1500 cells a side.
    deposits : GeoDataFrame, optional
        Points, drawn as circles.
    targets : GeoDataFrame, optional
        Polygons with a column `rank`, outlined and numbered.
    title : str, optional
        Title; none when not given.
    lang : {"en", "zh"}
        Language of the labels.
    hillshade : DataArray, optional
        Elevation whose shading lies under the colours, on the same CRS.
    role : {"score", "uncertainty", "evidence", "classes"}, optional
        What the values are; taken from the grid's name and `kind` when not given.
        Scores are coloured by share of area, the others by value.

    Returns
    -------
    Figure
        Gaps are hatched, axes are in kilometres (degrees for a geographic CRS).

    Raises
    ------
    ValueError
        If the grid has no CRS or holds no value at all, or `role` is another word.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> values = np.arange(12.0).reshape(3, 4)
    >>> coords = {"y": [250.0, 150.0, 50.0], "x": [50.0, 150.0, 250.0, 350.0]}
    >>> grid = xr.DataArray(values, coords, dims=("y", "x"), name="score")
    >>> figure = figure_map(grid.rio.write_crs("EPSG:32654"), title="Gold")
    >>> figure.axes[0].get_xlabel()
    'Easting (km)'
    """
    if role not in (None, *ROLES):
        raise ValueError(f"role must be one of {list(ROLES)}; got {role!r}")
    words = Words(figure_language(lang))
    small = _drawable(grid)
    frame = frame_of(small)
    figure = new_figure(*_size(frame))
    axes = figure.add_subplot()
    draw_frame(axes, frame, words)
    if hillshade is not None:
        _shade(axes, hillshade)
    legend = _colour(axes, small, frame, words, role or role_of(grid), hillshade)
    if deposits is not None and len(deposits):
        legend.append(_points(axes, deposits, grid, frame, words))
    if targets is not None and len(targets):
        legend.append(_outlines(axes, targets, grid, frame, words))
    if np.isnan(small.to_numpy()).any():
        legend.append(gap_handle(words))
    draw_scale_bar(axes, frame)
    draw_north(axes, words)
    if title:
        text = legible(title, str(grid.name or ""))
        axes.set_title(text, loc="left", fontsize=11.5, fontweight="bold", color=INK)
    if said := shares_said(grid, words):
        legend.append(Line2D([], [], linestyle="none", label=said))
    if legend:
        _legend(figure, legend)
    return finish(figure)


def figure_evidence(
    stack: xr.Dataset,
    *,
    deposits: gpd.GeoDataFrame | None = None,
    titles: Mapping[str, str] | None = None,
    lang: str = "en",
    n_columns: int | None = None,
) -> Picture:
    """
    Small maps of all layers of a stack, side by side.

    Parameters
    ----------
    stack : Dataset
        Grids on one pixel grid. Lazy layers are read at no more than 500 cells a side.
    deposits : GeoDataFrame, optional
        Points, drawn as dots.
    titles : mapping of str to str, optional
        Title of each layer; its `long_name` or name when not given.
    lang : {"en", "zh"}
        Language of the labels.
    n_columns : int, optional
        Maps side by side; chosen by number and shape when not given.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the stack holds no layer.
    """
    names = list(stack.data_vars)
    if not names:
        raise ValueError("the stack holds no layer: give at least one to draw")
    words = Words(figure_language(lang))
    frame = frame_of(thin(stack[names[0]], size=500))
    shape = (frame.north - frame.south) / (frame.east - frame.west)
    columns = n_columns or min(len(names), 4 if shape > 1.3 or len(names) > 9 else 3)
    rows = -(-len(names) // columns)
    width = 10.0 / columns - 0.75
    figure = new_figure(10.0, rows * (min(width * shape, 6.0) + 0.42))
    for number, name in enumerate(names, 1):
        axes = figure.add_subplot(rows, columns, number)
        small = thin(stack[name], size=500)
        draw_frame(axes, frame, words, labels=False)
        if small.notnull().any():
            _colour(axes, small, frame, words, role_of(stack[name]), None, small=True)
        if deposits is not None and len(deposits):
            _points(axes, deposits, stack[name], frame, words, size=3)
        title = (titles or {}).get(name) or small.attrs.get("long_name") or str(name)
        text = shortened(legible(title, str(name)), most=int(16 * (width + 0.75)))
        axes.set_title(text, loc="left", fontsize=8.5, color=INK)
    return finish(figure)


def _drawable(grid: xr.DataArray) -> xr.DataArray:
    if grid.rio.crs is None:
        raise ValueError(
            f"grid {grid.name!r} has no CRS: set one with grid.rio.write_crs(...)"
        )
    small = thin(grid)
    if not small.notnull().any():
        raise ValueError(
            f"grid {grid.name!r} holds no value at all: there is nothing to draw; "
            "check its file, band and nodata value"
        )
    return small


def _size(frame: Frame) -> tuple[float, float]:
    shape = (frame.north - frame.south) / (frame.east - frame.west)
    if shape > 1:
        return max(6.9 / shape, 2.2) + 2.4, 8.0
    return 7.4, max(5.2 * shape, 2.0) + 1.3


def _shade(axes: Axes, elevation: xr.DataArray) -> None:
    small = thin(elevation)
    frame = frame_of(small)
    heights = image_of(small).filled(np.nan)
    cell = 1000 * (frame.east - frame.west) / max(heights.shape[1], 1)
    relief = np.nanmax(heights) - np.nanmin(heights)
    factor = 0.04 * 1000 * (frame.east - frame.west) / relief if relief > 0 else 1.0
    light = LightSource(azdeg=315, altdeg=45)
    shade = light.hillshade(heights, vert_exag=factor, dx=cell, dy=cell)
    shade = np.ma.masked_invalid(np.where(np.isnan(heights), np.nan, shade))
    axes.imshow(shade, cmap="gray", extent=frame.extent, vmin=0, vmax=1, zorder=1)


def _colour(
    axes: Axes,
    grid: xr.DataArray,
    frame: Frame,
    words: Words,
    role: str,
    under: xr.DataArray | None,
    small: bool = False,
) -> list[Patch]:
    """Draw the values; return legend entries of classes."""
    image = image_of(grid)
    look = {
        "extent": frame.extent,
        "zorder": 2,
        "alpha": 0.72 if under is not None else 1,
    }
    colours = colours_of(grid, role, words, lambda text: legible(text, ""))
    if colours.scale is None:
        return _classes(axes, image, colours, words, look, small)
    scale = colours.scale
    drawn = axes.imshow(
        image, cmap=scale.cmap, norm=scale.norm, interpolation="nearest", **look
    )
    place = axes.inset_axes([1.03, 0.0 if small else 0.1, 0.045, 1 if small else 0.8])
    bar = axes.figure.colorbar(
        drawn, cax=place, extend=scale.extend, extendfrac=0.03, spacing="uniform"
    )
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=7 if small else 8, length=2, width=0.5, colors=INK)
    if scale.bounds is not None:
        _area_labels(bar, scale, words)
    bar.set_label(colours.title, fontsize=7.5 if small else 9, color=INK)
    return []


def _area_labels(bar: Colorbar, scale: Scale, words: Words) -> None:
    edges = scale.bounds
    bar.set_ticks((edges[:-1] + edges[1:]) / 2, labels=area_labels(scale, words))
    bar.ax.minorticks_off()


def _classes(
    axes: Axes,
    image: np.ma.MaskedArray,
    colours: MapColours,
    words: Words,
    look: dict,
    small: bool,
) -> list[Patch]:
    codes = colours.codes
    position = np.ma.array(
        np.searchsorted(codes, image.filled(codes[0])), mask=np.ma.getmaskarray(image)
    )
    axes.imshow(
        position,
        cmap=ListedColormap(list(colours.colours)),
        norm=BoundaryNorm(np.arange(len(codes) + 1) - 0.5, len(codes)),
        interpolation="nearest",
        **look,
    )
    if small:
        return []
    entries = [
        Patch(
            color=colours.colours[i],
            label=legible(colours.labels[i], "")[:32] or f"{codes[i]:g}",
        )
        for i in colours.order[:MOST_CLASSES]
    ]
    if len(codes) > MOST_CLASSES:
        more = words("map_other_classes", n=len(codes) - MOST_CLASSES)
        entries.append(Patch(facecolor="white", edgecolor="none", label=more))
    return entries


def _points(
    axes: Axes,
    deposits: gpd.GeoDataFrame,
    grid: xr.DataArray,
    frame: Frame,
    words: Words,
    size: float = 5.5,
) -> Line2D:
    places = _on_crs(deposits, grid).geometry.centroid
    look = {
        "linestyle": "none",
        "marker": "o",
        "markersize": size if len(places) < 400 else 0.7 * size,
        "markerfacecolor": "white",
        "markeredgecolor": "black",
        "markeredgewidth": 0.9 if size > 4 else 0.5,
    }
    x, y = places.x.to_numpy() * frame.scale, places.y.to_numpy() * frame.scale
    inside = (x >= frame.west) & (x <= frame.east)
    inside &= (y >= frame.south) & (y <= frame.north)
    axes.plot(x[inside], y[inside], zorder=6, **look)
    return Line2D([], [], label=words("map_deposits", n=int(inside.sum())), **look)


def _outlines(
    axes: Axes,
    targets: gpd.GeoDataFrame,
    grid: xr.DataArray,
    frame: Frame,
    words: Words,
) -> Line2D:
    placed = _on_crs(targets, grid)
    ranks = placed["rank"] if "rank" in placed else range(1, len(placed) + 1)
    ranked = sorted(zip(ranks, placed.geometry, strict=True), key=lambda pair: pair[0])
    for _, shape in ranked:
        for part in getattr(shape, "geoms", [shape]):
            x, y = (np.asarray(side) * frame.scale for side in part.exterior.xy)
            axes.plot(x, y, color="white", linewidth=2.2, zorder=4)
            axes.plot(x, y, color="black", linewidth=1.0, zorder=5)
    height = frame.north - frame.south
    for rank, shape in ranked[:MOST_NUMBERS]:
        east = shape.bounds[2] * frame.scale
        north = shape.bounds[3] * frame.scale
        axes.annotate(
            str(rank),
            (east, north),
            xytext=(2, 1) if north < frame.north - 0.03 * height else (2, -9),
            textcoords="offset points",
            fontsize=8.5,
            fontweight="bold",
            color="black",
            path_effects=HALO,
            zorder=7,
            annotation_clip=True,
        )
    return Line2D([], [], color="black", label=words("map_targets", n=len(placed)))


def _on_crs(features: gpd.GeoDataFrame, grid: xr.DataArray) -> gpd.GeoDataFrame:
    if features.crs is None:
        raise ValueError(
            "features without a CRS cannot be placed: set one with set_crs"
        )
    same = features.crs == grid.rio.crs
    return features if same else features.to_crs(grid.rio.crs)


def _legend(figure: Picture, entries: list) -> None:
    columns = min(len(entries), 4)
    figure.legend(
        handles=entries,
        loc="outside lower center",
        ncols=columns,
        fontsize=8.5,
        frameon=False,
        handlelength=1.4,
        labelcolor=INK,
    )
