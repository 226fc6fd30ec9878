"""Map of catchments: the basin in the colour of its sample."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from survey import check_columns, check_projected, geobox_of, make_geobox

from ._canvas import GAP, draw_frame, draw_north, draw_scale_bar, frame_of, image_of
from ._figure import INK, finish, new_figure
from ._fonts import figure_language, legible
from ._maps import _area_labels, _shade, _size
from ._ramps import area_scale
from ._words import Words

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from matplotlib.axes import Axes
    from odc.geo.geobox import GeoBox

    from ._canvas import Frame
    from ._figure import Picture

MOST_CELLS = 1000
MARGIN = 0.02
OUTLINE = {"color": "#3a3a3a", "linewidth": 0.35, "zorder": 3}
CUT = {"color": "#111111", "linewidth": 0.8, "linestyle": (0, (3, 1.6)), "zorder": 4}
DOT = {"linestyle": "none", "marker": "o", "markeredgecolor": "black"}
LOST = {"linestyle": "none", "marker": "x", "color": "#111111", "markeredgewidth": 1.1}


def figure_catchments(
    catchments: gpd.GeoDataFrame,
    column: str,
    *,
    dem: xr.DataArray | None = None,
    samples: gpd.GeoDataFrame | None = None,
    name: str | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Basins in the colours of their samples, over the relief.

    Parameters
    ----------
    catchments : GeoDataFrame
        Table of `prospect.geochem.delineate_catchments` joined with values.
    column : str
        Values to show. Nested catchments show the own area of each sample.
    dem : DataArray, optional
        Elevation; its shading lies under the colours, and the map has its extent.
    samples : GeoDataFrame, optional
        Points with `sample_id`; those without a catchment are crosses.
    name : str, optional
        Name of the values; made from the column when not given.
    title : str, optional
        Title; none when not given.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Classes hold the same share of the ground drained on every map. Catchments cut
        by the border of the DEM are outlined with dashes.

    Raises
    ------
    ValueError
        If the column is not there or holds no value for any catchment, or the
        catchments are not in metres.

    Examples
    --------
    >>> import geopandas as gpd
    >>> shapes = [shapely.box(0, 0, 3000, 3000), shapely.box(0, 1000, 2000, 3000)]
    >>> values = {"outlet_cell": [1, 2], "Cu_ppm": [20.0, 80.0]}
    >>> values["touches_border"] = [True, False]
    >>> basins = gpd.GeoDataFrame(values, geometry=shapes, crs="EPSG:32650")
    >>> figure_catchments(basins, "Cu_ppm", title="Copper").axes[0].get_title("left")
    'Copper'
    """
    check_columns(catchments, [column, "touches_border"], where="catchments")
    check_projected(catchments, what="figure_catchments")
    words = Words(figure_language(lang))
    box = _frame_box(catchments, dem)
    image, frame = _painted(catchments, column, box)
    figure = new_figure(*_size(frame))
    axes = figure.add_subplot()
    draw_frame(axes, frame, words)
    if dem is not None:
        _shade(axes, dem)
    label = legible(name or _name(column, words), column)
    _colours(axes, image, frame, words, label, dem is not None)
    legend = _outlines(axes, catchments, box, frame, words)
    if samples is not None and samples.crs is None:
        raise ValueError("samples without a CRS cannot be placed: state it (set_crs)")
    if samples is not None:
        legend += _dots(axes, catchments, samples.to_crs(box.crs.proj), frame, words)
    if image.mask.any():
        look = GAP if dem is None else {"facecolor": "#b4b4b4", "linewidth": 0}
        legend.append(Patch(label=words("catchment_none"), **look))
    draw_scale_bar(axes, frame)
    draw_north(axes, words)
    if title:
        text = legible(title, column)
        axes.set_title(text, loc="left", fontsize=11.5, fontweight="bold", color=INK)
    figure.legend(
        handles=legend,
        loc="outside lower center",
        ncols=2,
        fontsize=8.5,
        frameon=False,
        handlelength=1.8,
        labelcolor=INK,
    )
    return finish(figure)


def _name(column: str, words: Words) -> str:
    """Name of a column of values, or of what stands above their background."""
    for ending, key in (
        ("_log_residual", "catchment_log_residual"),
        ("_residual", "catchment_residual"),
    ):
        if column.endswith(ending):
            return words(key, name=column.removesuffix(ending))
    return column


def _frame_box(catchments: gpd.GeoDataFrame, dem: xr.DataArray | None) -> GeoBox:
    """Cells to paint: no more than needed for the picture."""
    if dem is not None:
        west, south, east, north = geobox_of(dem).boundingbox.bbox
    else:
        west, south, east, north = catchments.total_bounds
        edge = MARGIN * max(east - west, north - south)
        west, south, east, north = west - edge, south - edge, east + edge, north + edge
    cell = max(east - west, north - south) / MOST_CELLS
    crs = geobox_of(dem).crs.proj if dem is not None else catchments.crs
    columns, rows = (math.ceil(span / cell) for span in (east - west, north - south))
    region = (west, west + columns * cell, north - rows * cell, north)
    return make_geobox(region, crs=crs, resolution=cell)


def _painted(
    catchments: gpd.GeoDataFrame, column: str, box: GeoBox
) -> tuple[np.ma.MaskedArray, Frame]:
    from ..geochem import catchment_grid

    grid = catchment_grid(catchments, column, like=box).compute()
    image = image_of(grid)
    if not image.count():
        raise ValueError(
            f"column {column!r} holds no value for any catchment: join the values of "
            "the samples with the table of catchments first"
        )
    return image, frame_of(grid)


def _colours(
    axes: Axes,
    image: np.ma.MaskedArray,
    frame: Frame,
    words: Words,
    name: str,
    shaded: bool,
) -> None:
    scale = area_scale(image.compressed())
    drawn = axes.imshow(
        image,
        cmap=scale.cmap,
        norm=scale.norm,
        interpolation="nearest",
        extent=frame.extent,
        alpha=0.7 if shaded else 1,
        zorder=2,
    )
    place = axes.inset_axes([1.03, 0.1, 0.045, 0.8])
    bar = axes.figure.colorbar(drawn, cax=place, extend=scale.extend, spacing="uniform")
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=8, length=2, width=0.5, colors=INK)
    if scale.bounds is not None:
        _area_labels(bar, scale, words)
        name = words("catchment_value", name=name)
    bar.set_label(name, fontsize=9, color=INK)


def _outlines(
    axes: Axes,
    catchments: gpd.GeoDataFrame,
    box: GeoBox,
    frame: Frame,
    words: Words,
) -> list[Line2D]:
    """Draw each own area once; name those that the border of the DEM cuts."""
    from rasterio.features import shapes

    from ..geochem import catchment_grid

    there = catchments[~(catchments.geometry.isna() | catchments.geometry.is_empty)]
    there = there.drop_duplicates("outlet_cell")
    numbered = there.assign(_number=np.arange(len(there), dtype=float))
    numbers = catchment_grid(numbered, "_number", like=box).to_numpy()
    cut = there["touches_border"].to_numpy(bool)
    lines: tuple[list, list] = ([], [])
    found = shapes(numbers, mask=np.isfinite(numbers), transform=box.affine)
    for shape, number in found:
        for ring in shape["coordinates"]:
            line = shapely.simplify(shapely.LineString(ring), 0.75 * box.resolution.x)
            xy = shapely.get_coordinates(line) * frame.scale
            lines[int(cut[int(number)])].append(xy)
    for each, look in zip(lines, (OUTLINE, CUT), strict=True):
        axes.add_collection(LineCollection(each, **look), autolim=False)
    if not cut.any():
        return []
    look = {key: value for key, value in CUT.items() if key != "zorder"}
    return [Line2D([], [], label=words("catchment_cut", n=int(cut.sum())), **look)]


def _dots(
    axes: Axes,
    catchments: gpd.GeoDataFrame,
    samples: gpd.GeoDataFrame,
    frame: Frame,
    words: Words,
) -> list[Line2D]:
    check_columns(samples, "sample_id", where="samples")
    check_columns(catchments, "sample_id", where="catchments")
    there = ~(catchments.geometry.isna() | catchments.geometry.is_empty)
    have = set(catchments.loc[there, "sample_id"].astype(str))
    x, y = samples.geometry.x * frame.scale, samples.geometry.y * frame.scale
    found = samples["sample_id"].astype(str).isin(have).to_numpy()
    many = len(samples) > 150
    dot = DOT | {"markersize": 2.4 if many else 4.0, "markeredgewidth": 0.5}
    dot |= {"markerfacecolor": "white"}
    lost = LOST | {"markersize": 6}
    legend = []
    for which, look, key in (
        (found, dot, "catchment_samples"),
        (~found, lost, "catchment_without"),
    ):
        if which.any():
            axes.plot(x[which], y[which], zorder=6, **look)
            label = words(key, n=int(which.sum()))
            legend.append(Line2D([], [], label=label, **look))
    return legend
