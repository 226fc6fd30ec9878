"""Maps of one element in the standard's classes, of anomalies, and their sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.lines import Line2D

from ._canvas import (
    draw_frame,
    draw_north,
    draw_scale_bar,
    frame_of,
    gap_handle,
    image_of,
    shares_said,
)
from ._figure import INK, finish, new_figure
from ._fonts import figure_language, legible
from ._maps import HALO, _drawable, _legend, _on_crs, _size
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import xarray as xr
    from matplotlib.axes import Axes

    from ._canvas import Frame
    from ._figure import Picture

ZONE_NAMES = ("outer", "middle", "inner")
ZONE_LOOKS = ({"linewidth": 0.9}, {"linewidth": 1.3}, {"linewidth": 1.9})
MOST_SAMPLES = 4000
MOST_LABELS = 30


def figure_element_map(
    grid: xr.DataArray,
    *,
    limits: Sequence[float] | None = None,
    zones: gpd.GeoDataFrame | None = None,
    samples: gpd.GeoDataFrame | None = None,
    composites: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Map of one analyte in classes, with the zones of its anomalies.

    Parameters
    ----------
    grid : DataArray, dims ("y", "x")
        Contents, with a CRS. Lazy grids are read at no more than 1500 cells a side.
    limits : sequence of float, optional
        Class limits, such as those of `prospect.geochem.map_classes`; percentiles of
        the cells if left out.
    zones : GeoDataFrame, optional
        Zones of `prospect.geochem.delineate_anomalies`, outlined.
    samples : GeoDataFrame of points, optional
        Drawn as dots where there are no more than 4000.
    composites : GeoDataFrame, optional
        Composite anomalies, outlined and labelled by `rank` or `composite_id`.
    title : str, optional
        Title; none when not given.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        The share of samples below detection and of imputed ones stands below the map
        where the grid tells it.

    Raises
    ------
    ValueError
        If the grid has no CRS or holds no value at all.

    Examples
    --------
    >>> import xarray as xr
    >>> values = np.arange(1, 13.0).reshape(3, 4)
    >>> coords = {"y": [250.0, 150.0, 50.0], "x": [50.0, 150.0, 250.0, 350.0]}
    >>> grid = xr.DataArray(values, coords, dims=("y", "x"), name="Cu_ppm")
    >>> figure = figure_element_map(grid.rio.write_crs("EPSG:32654"), limits=[4, 8])
    >>> figure.axes[0].get_xlabel()
    'Easting (km)'
    """
    words = Words(figure_language(lang))
    small = _drawable(grid)
    frame = frame_of(small)
    figure = new_figure(*_size(frame))
    axes = figure.add_subplot()
    draw_frame(axes, frame, words)
    _classed(axes, small, limits, words)
    legend: list[Any] = []
    if samples is not None and len(samples):
        legend += _dots(axes, samples, grid, frame, words)
    if zones is not None and len(zones):
        legend += _zone_lines(axes, zones, grid, frame, words)
    if composites is not None and len(composites):
        legend.append(_composite_lines(axes, composites, grid, frame, words))
    if np.isnan(small.to_numpy()).any():
        legend.append(gap_handle(words))
    draw_scale_bar(axes, frame)
    draw_north(axes, words)
    if title:
        text = legible(title, str(grid.name or ""))
        axes.set_title(text, loc="left", fontsize=11.5, fontweight="bold", color=INK)
    said = shares_said(grid, words)
    if said:
        legend.append(Line2D([], [], linestyle="none", label=said))
    if legend:
        _legend(figure, legend)
    return finish(figure)


def figure_anomaly_sheet(
    composite: gpd.GeoDataFrame,
    grids: Mapping[str, xr.DataArray],
    *,
    zones: Mapping[str, gpd.GeoDataFrame] | None = None,
    samples: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Sheet of one composite anomaly (异常剖析图): each analyte around it, side by side.

    Parameters
    ----------
    composite : GeoDataFrame of one row
        The anomaly; its outline is dashed.
    grids : mapping of str to DataArray
        Map of each analyte that is drawn, on one CRS.
    zones : mapping of str to GeoDataFrame, optional
        Zones of the anomalies of each analyte.
    samples : GeoDataFrame of points, optional
        Drawn as dots.
    title : str, optional
        Title; none when not given.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If there is not one anomaly, no grid, or nothing of a grid around it.
    """
    if len(composite) != 1 or not grids:
        raise ValueError(
            f"a sheet shows one anomaly and at least one analyte; got {len(composite)} "
            f"and {len(grids)}"
        )
    words = Words(figure_language(lang))
    columns = min(len(grids), 3)
    rows = -(-len(grids) // columns)
    parts = {name: around(composite, grid) for name, grid in grids.items()}
    first = frame_of(next(iter(parts.values())))
    shape = (first.north - first.south) / (first.east - first.west)
    width = 10.5 / columns - 0.8
    figure = new_figure(10.5, rows * (min(width * shape, 5.5) + 0.5) + 0.5)
    for number, (name, part) in enumerate(parts.items(), 1):
        axes = figure.add_subplot(rows, columns, number)
        frame = frame_of(part)
        draw_frame(axes, frame, words, labels=False)
        _classed(axes, part, None, words, small=True)
        if samples is not None:
            _dots(axes, samples, part, frame, words, size=1.6)
        if zones and name in zones:
            _zone_lines(axes, zones[name], part, frame, words)
        _composite_lines(axes, composite, part, frame, words, named=False)
        axes.set_title(str(name), loc="left", fontsize=9, color=INK)
        if number == 1:
            draw_scale_bar(axes, frame)
    if title:
        figure.suptitle(
            legible(title, ""), x=0.01, ha="left", fontsize=11.5, fontweight="bold"
        )
    return finish(figure)


def around(composite: gpd.GeoDataFrame, grid: xr.DataArray) -> xr.DataArray:
    """Part of a grid around an anomaly, at most 400 cells a side, in memory."""
    west, south, east, north = _on_crs(composite, grid).total_bounds
    x, y = grid["x"].to_numpy(), grid["y"].to_numpy()
    # an anomaly of a single cell is shown with its neighbours too
    cells = [abs(float(axis[1] - axis[0])) for axis in (x, y) if len(axis) > 1]
    margin = max(0.35 * max(east - west, north - south), 3 * max(cells, default=0.0))
    columns = np.flatnonzero((x >= west - margin) & (x <= east + margin))
    rows = np.flatnonzero((y >= south - margin) & (y <= north + margin))
    if len(columns) < 2 or len(rows) < 2:
        raise ValueError(f"grid {grid.name!r} has no cells around the anomaly")
    step = max(1, max(len(columns), len(rows)) // 400)
    part = grid.isel(
        y=slice(rows[0], rows[-1] + 1, step), x=slice(columns[0], columns[-1] + 1, step)
    ).compute()
    return part.rio.write_crs(grid.rio.crs)


def _classed(
    axes: Axes,
    grid: xr.DataArray,
    limits: Sequence[float] | None,
    words: Words,
    *,
    small: bool = False,
) -> None:
    """Draw the values in classes, with a bar of their limits."""
    image = image_of(grid)
    values = image.compressed()
    if limits is None:
        limits = np.unique(np.percentile(values, [5, 25, 50, 75, 85, 95, 97.5, 99]))
    low, high = float(values.min()), float(values.max())
    inside = [float(v) for v in limits if low < v < high]
    edges = np.unique([low, *inside, high if high > low else low + 1])
    colours = colormaps["RdYlBu_r"](np.linspace(0.02, 0.98, max(len(edges) - 1, 2)))
    cmap = ListedColormap(colours[: len(edges) - 1])
    norm = BoundaryNorm(edges, cmap.N)
    frame = frame_of(grid)
    drawn = axes.imshow(
        image,
        cmap=cmap,
        norm=norm,
        extent=frame.extent,
        zorder=2,
        interpolation="nearest",
    )
    place = axes.inset_axes([1.03, 0.0 if small else 0.06, 0.045, 1 if small else 0.88])
    bar = axes.figure.colorbar(drawn, cax=place, spacing="uniform")
    bar.outline.set_linewidth(0.5)
    shown = edges[1:-1] if len(edges) > 2 else edges
    every = max(1, -(-len(shown) // (9 if small else 20)))
    bar.set_ticks(shown[::every], labels=[f"{v:.3g}" for v in shown[::every]])
    bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=6.5 if small else 8, length=2, width=0.5, colors=INK)
    if not small:
        unit = legible(str(grid.attrs.get("units") or ""), "")
        bar.set_label(words("element_classes_plain", unit=unit), fontsize=9, color=INK)


def _dots(
    axes: Axes,
    samples: gpd.GeoDataFrame,
    grid: xr.DataArray,
    frame: Frame,
    words: Words,
    *,
    size: float = 1.4,
) -> list[Line2D]:
    places = _on_crs(samples, grid).geometry
    x, y = places.x.to_numpy() * frame.scale, places.y.to_numpy() * frame.scale
    inside = (x >= frame.west) & (x <= frame.east)
    inside &= (y >= frame.south) & (y <= frame.north)
    if not inside.any() or inside.sum() > MOST_SAMPLES:
        return []
    look = {"linestyle": "none", "marker": "o", "markersize": size, "color": INK}
    axes.plot(x[inside], y[inside], zorder=3, markeredgewidth=0, **look)
    label = words("element_samples", n=int(inside.sum()))
    return [Line2D([], [], label=label, **(look | {"markersize": 3}))]


def _zone_lines(
    axes: Axes,
    zones: gpd.GeoDataFrame,
    grid: xr.DataArray,
    frame: Frame,
    words: Words,
) -> list[Line2D]:
    placed, handles = _on_crs(zones, grid), []
    for zone, level in sorted(set(zip(placed["zone"], placed["level"], strict=True))):
        look = ZONE_LOOKS[min(zone, len(ZONE_LOOKS)) - 1]
        for shape in placed.loc[placed["zone"] == zone].geometry:
            _outline(axes, shape, frame, color="black", zorder=4, **look)
        name = ZONE_NAMES[zone - 1] if zone <= len(ZONE_NAMES) else "inner"
        label = words(f"zone_{name}", level=f"{level:.3g}")
        handles.append(Line2D([], [], color="black", label=label, **look))
    return handles


def _composite_lines(
    axes: Axes,
    composites: gpd.GeoDataFrame,
    grid: xr.DataArray,
    frame: Frame,
    words: Words,
    *,
    named: bool = True,
) -> Line2D:
    placed = _on_crs(composites, grid)
    look = {"color": "#4b0055", "linewidth": 1.6, "linestyle": (0, (4, 2))}
    for shape in placed.geometry:
        _outline(axes, shape, frame, color="white", linewidth=3.0, zorder=5)
        _outline(axes, shape, frame, zorder=6, **look)
    key = "rank" if "rank" in placed else "composite_id"
    if named and key in placed:
        for label, shape in list(zip(placed[key], placed.geometry, strict=True))[
            :MOST_LABELS
        ]:
            at = shape.representative_point()
            axes.annotate(
                str(label),
                (at.x * frame.scale, at.y * frame.scale),
                ha="center",
                va="center",
                fontsize=9,
                fontweight="bold",
                path_effects=HALO,
                zorder=8,
                annotation_clip=True,
            )
    return Line2D([], [], label=words("element_composites", n=len(placed)), **look)


def _outline(axes: Axes, shape: Any, frame: Frame, **look: Any) -> None:  # noqa: ANN401
    for part in getattr(shape, "geoms", [shape]):
        for ring in (part.exterior, *part.interiors):
            x, y = (np.asarray(side) * frame.scale for side in ring.xy)
            axes.plot(x, y, **look)
