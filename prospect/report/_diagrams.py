"""Diagrams of rocks: fields and samples, panels, normalised patterns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from matplotlib import patheffects

from ..geochem import diagram_positions, read_diagram
from ._figure import INK, QUIET, dress, finish, new_figure
from ._fonts import figure_language, legible
from ._points import add_legend, groups_of
from ._triangle import draw_samples, draw_triangle, tell, unfold
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ._figure import Picture

HALO = [patheffects.withStroke(linewidth=2.2, foreground="white")]
BORDER = {"color": "#3c3c3c", "linewidth": 0.9, "zorder": 2}


def figure_discrimination(
    samples: pd.DataFrame,
    name: str,
    *,
    groups: str | None = None,
    normalise: bool = True,
    columns: Mapping[str, str] | None = None,
    calcium: str = "mclennan",
    censored: str = "missing",
    lang: str = "en",
) -> Picture:
    """
    Samples on a diagram that classifies rocks.

    Parameters
    ----------
    samples : DataFrame
        Columns such as ``SiO2_pct``, ``Rb_ppm``; an element stands in for its oxide
        and the other way round.
    name : str
        Name from `prospect.geochem.list_diagrams`.
    groups : str, optional
        Column whose values set the colours.
    normalise : bool
        For diagrams that are defined so, bring the ten major oxides to 100 % without
        volatiles.
    columns : mapping of str to str, optional
        Column of a species, where several hold it.
    calcium : str
        What calcium of silicates is, as in `prospect.geochem.alteration_index`.
    censored : {"missing", "limit"}
        What becomes of samples below detection that are not imputed.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Samples that cannot be plotted, or plot beyond the frame, are counted.

    Raises
    ------
    KeyError
        If oxides are missing.
    ValueError
        If there is no such diagram.

    Examples
    --------
    >>> rock = {"SiO2_pct": [50.0], "Na2O_pct": [2.5], "K2O_pct": [0.5]}
    >>> figure = figure_discrimination(pd.DataFrame(rock), "tas", normalise=False)
    >>> figure.axes[0].get_ylabel()
    'Na2O + K2O (wt %)'
    """
    words = Words(figure_language(lang))
    entry = read_diagram(name)
    at = diagram_positions(
        samples,
        name,
        normalise=normalise,
        columns=columns,
        calcium=calcium,
        censored=censored,
    )
    title = entry["title"][words.lang]
    if entry["kind"] == "panels":
        return _panels(samples, entry, at, groups, words)
    figure = new_figure(7.4, 6.2)
    axes = figure.add_subplot()
    if entry["kind"] == "ternary":
        corners = [entry[corner]["label"] for corner in ("top", "left", "right")]
        draw_triangle(axes, corners)
        _fields(axes, entry, words)
        places = at.to_numpy()
        shown = draw_samples(axes, places, samples, groups, words)
    else:
        _frame(axes, entry)
        _fields(axes, entry, words)
        shown = _scatter(axes, at.to_numpy(), samples, groups, entry, words)
    told = (
        words("plot_left_out", n=len(samples) - shown) if shown < len(samples) else ""
    )
    tell(axes, title, told)
    add_legend(axes, title=groups or "")
    _source(axes, entry)
    return finish(figure)


def _frame(axes: Axes, entry: Mapping[str, Any]) -> None:
    dress(axes, grid=False)
    for side in ("x", "y"):
        axis = entry[side]
        if axis.get("log"):
            getattr(axes, f"set_{side}scale")("log")
        if limits := axis.get("limits"):
            getattr(axes, f"set_{side}lim")(*limits)
        getattr(axes, f"set_{side}label")(axis["label"], fontsize=9, color=INK)


def _fields(axes: Axes, entry: Mapping[str, Any], words: Words) -> None:
    ternary = entry["kind"] == "ternary"
    place = unfold if ternary else np.asarray
    for field in entry.get("fields", ()):
        outline = place(np.array([*field["points"], field["points"][0]], dtype=float))
        axes.plot(*outline.T, **BORDER)
        _name(axes, _label_place(field, entry), field[words.lang])
    for line in entry.get("lines", ()):
        points = place(np.array(line["points"], dtype=float))
        axes.plot(*points.T, color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
    for node in entry.get("nodes", ()):
        point = place(np.array(node["at"], dtype=float))
        axes.plot(*point, "s", color=INK, markersize=4.5, clip_on=False, zorder=3)
        _name_mineral(axes, point, legible(node[words.lang], node["en"]), ternary)


def _name_mineral(
    axes: Axes, point: NDArray[np.float64], text: str, ternary: bool
) -> None:
    """Name of a mineral beside its place, towards the middle of the diagram."""
    if ternary:
        across, shift = ("right", (-8, 0)) if point[0] < 0.5 else ("left", (8, 0))
        up = "center"
    else:
        (west, east), (low, high) = axes.get_xlim(), axes.get_ylim()
        right = (point[0] - west) / (east - west) > 0.75
        top = (point[1] - low) / (high - low) > 0.75
        across, up = "right" if right else "left", "top" if top else "bottom"
        shift = (-7 if right else 7, -6 if top else 6)
    axes.annotate(
        text,
        point,
        xytext=shift,
        textcoords="offset points",
        ha=across,
        va=up,
        fontsize=8,
        color=INK,
        zorder=6,
        path_effects=HALO,
    )


def _label_place(
    field: Mapping[str, Any], entry: Mapping[str, Any]
) -> NDArray[np.float64]:
    """Where the name of a field stands, in the units of the axes."""
    if at := field.get("label_at"):
        point = np.array(at, dtype=float)
        return unfold(point) if entry["kind"] == "ternary" else point
    points = np.array(field["points"], dtype=float)
    logs = [bool(entry[side].get("log")) for side in ("x", "y")]
    for column, log in enumerate(logs):
        if log:
            points[:, column] = np.log10(points[:, column])
    middle = shapely.point_on_surface(shapely.polygons(points))
    if shapely.polygons(points).contains(shapely.centroid(shapely.polygons(points))):
        middle = shapely.centroid(shapely.polygons(points))
    found = [middle.x, middle.y]
    return np.array([10**v if log else v for v, log in zip(found, logs, strict=True)])


def _name(axes: Axes, place: NDArray[np.float64], text: str) -> None:
    axes.text(
        *place,
        textwrap.fill(legible(text, ""), 13, break_long_words=False),
        ha="center",
        va="center",
        fontsize=8,
        color=QUIET,
        zorder=6,
        linespacing=1.05,
        path_effects=HALO,
    )


def _scatter(
    axes: Axes,
    places: NDArray[np.float64],
    samples: pd.DataFrame,
    groups: str | None,
    entry: Mapping[str, Any],
    words: Words,
) -> int:
    """Samples on the axes; how many lie within the frame."""
    known = np.isfinite(places).all(axis=1)
    for column, side in enumerate(("x", "y")):
        low, high = entry[side].get("limits", (-np.inf, np.inf))
        known &= (places[:, column] >= low) & (places[:, column] <= high)
    for group in groups_of(samples, groups, words):
        rows = group.rows & known
        axes.scatter(*places[rows].T, label=group.label or None, **group.look)
    return int(known.sum())


def _panels(
    samples: pd.DataFrame,
    entry: Mapping[str, Any],
    at: pd.DataFrame,
    groups: str | None,
    words: Words,
) -> Picture:
    names = [column for column in at if column != "x"]
    across = 3
    down = -(-len(names) // across)
    figure = new_figure(3.1 * across, 2.3 * down + 0.4)
    first = None
    for number, column in enumerate(names):
        axes = dress(figure.add_subplot(down, across, number + 1, sharex=first))
        first = first or axes
        for group in groups_of(samples, groups, words):
            x, y = at["x"].to_numpy()[group.rows], at[column].to_numpy()[group.rows]
            axes.scatter(x, y, label=group.label or None, **group.look)
        axes.set_ylabel(f"{column} (wt %)", fontsize=9, color=INK)
        if number >= len(names) - across:
            axes.set_xlabel(entry["x"]["label"], fontsize=9, color=INK)
    known = int(at.notna().all(axis=1).sum())
    told = words("plot_left_out", n=len(at) - known) if known < len(at) else ""
    tell(figure.axes[0], entry["title"][words.lang], "")
    tell(figure.axes[min(across, len(names)) - 1], None, told)
    add_legend(figure.axes[min(across, len(names)) - 1], title=groups or "")
    return finish(figure)


def _source(axes: Axes, entry: Mapping[str, Any]) -> None:
    short = entry["reference"].split("). ")[0] + ")"
    look = {"ha": "right", "va": "top", "fontsize": 7, "color": QUIET}
    low = -0.02 if entry["kind"] == "ternary" else -0.1
    axes.text(1, low, short, transform=axes.transAxes, **look)
