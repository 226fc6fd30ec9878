"""The still picture of a map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from ..report import (
    Words,
    area_labels,
    figure_language,
    finish,
    new_figure,
    thin,
)
from ._layers import MOST, MOST_ENTRIES, upright

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ._layers import Layer
    from ._place import Place

INK = "#222222"
GAP = "#ececec"


def figure_view(
    layer: Layer, place: Place, overlays: Sequence[dict[str, Any]], picks: list[dict]
) -> Figure:
    """Picture of a layer, what lies over it and the places picked."""
    words = Words(figure_language(layer.words.lang))
    unit = 0.001 if place.crs is not None and place.crs.is_projected else 1.0
    west, east, bottom, top = (unit * edge for edge in place.edges)
    tall = abs(top - bottom) / (east - west) * place.aspect
    figure = new_figure(8.2, min(max(6.4 * tall, 2.4), 9.0) + 0.9)
    axes = figure.add_subplot(facecolor=GAP)
    handles = _values(axes, layer, unit, words)
    axes.set(xlim=(west, east), ylim=(bottom, top), aspect=place.aspect)
    for overlay in overlays:
        _features(axes, overlay, unit)
    for number, pick in enumerate(picks, 1):
        at = unit * pick["x"], unit * pick["y"]
        axes.plot(*at, "o", mfc="none", mec=pick["colour"], mew=2, ms=9, zorder=9)
        axes.annotate(str(number), at, xytext=(6, 6), textcoords="offset points")
    _dress(axes, place, words)
    axes.set_title(layer.title, loc="left", fontsize=11, fontweight="bold", color=INK)
    handles += axes.get_legend_handles_labels()[0]
    if handles:
        look = {"loc": "outside lower center", "ncols": 3, "frameon": False}
        figure.legend(handles=handles, fontsize=8.5, labelcolor=INK, **look)
    return finish(figure)


def _values(axes: Axes, layer: Layer, unit: float, words: Words) -> list[Patch]:
    """Draw the values; entries of the legend."""
    colours = layer.colours
    if colours is None:
        return [Patch(color=GAP, label=words("view_empty"))]
    part = thin(layer.small, size=MOST)
    west, east, low, high = (unit * edge for edge in layer.picture["edges"])
    picture = upright(colours.paint(part.to_numpy()), part, layer)
    look = {"interpolation": "nearest", "origin": "upper", "zorder": 2}
    axes.imshow(picture, extent=(west, east, low, high), **look)
    gaps = [Patch(color=GAP, label=words("map_no_data"))]
    gaps = gaps if layer.legend()["gaps"] else []
    if colours.scale is None:
        return [
            *(Patch(color=c, label=t) for t, c in colours.entries()[:MOST_ENTRIES]),
            *gaps,
        ]
    scale = colours.scale
    bar = axes.figure.colorbar(
        ScalarMappable(scale.norm, scale.cmap), ax=axes, shrink=0.8, aspect=28,
        extend=scale.extend, extendfrac=0.03, spacing="uniform",
    )  # fmt: skip
    if scale.bounds is not None:
        edges = scale.bounds
        bar.set_ticks((edges[:-1] + edges[1:]) / 2, labels=area_labels(scale, words))
        bar.ax.minorticks_off()
    bar.ax.tick_params(labelsize=8)
    bar.set_label(colours.title, fontsize=9)
    return gaps


def _features(axes: Axes, overlay: dict[str, Any], unit: float) -> None:
    name = overlay["label"]
    if overlay["x"]:
        x, y = unit * np.array(overlay["x"]), unit * np.array(overlay["y"])
        look = {"mfc": overlay["colour"], "mec": "black", "mew": 0.8}
        size = 5 if len(x) < 400 else 2.5
        axes.plot(x, y, "o", ms=size, label=name, zorder=6, **look)
    for number, path in enumerate(overlay["paths"]):
        x, y = unit * np.array(path["at"], dtype=float).T
        axes.plot(x, y, color="white", linewidth=2.4, zorder=4)
        label = name if not number and not overlay["x"] else "_"
        axes.plot(x, y, color=overlay["colour"], linewidth=1.1, zorder=5, label=label)
        if path["number"]:
            axes.annotate(
                path["number"], (x.max(), y.max()), fontsize=8, fontweight="bold",
                annotation_clip=True, zorder=7,
            )  # fmt: skip


def _dress(axes: Axes, place: Place, words: Words) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
        axis.get_major_formatter().set_useOffset(False)
        axis.get_major_formatter().set_scientific(False)
    axes.tick_params(labelsize=8, colors=INK, length=3, width=0.6)
    names = {
        "projected": ("map_easting", "map_northing"),
        "geographic": ("map_longitude", "map_latitude"),
        "counted": ("quicklook_column", "quicklook_row"),
    }.get(place.kind, ())
    for side, name in zip((axes.set_xlabel, axes.set_ylabel), names, strict=False):
        side(words(name), fontsize=9, color=INK)
