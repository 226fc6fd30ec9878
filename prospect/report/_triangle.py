"""Triangular diagrams: frame, ticks, corners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..geochem import ternary_shares
from ._figure import INK, LINE, QUIET, finish, new_figure
from ._fonts import figure_language, legible
from ._points import add_legend, groups_of
from ._words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ._figure import Picture

HEIGHT = np.sqrt(3) / 2


def figure_ternary(
    samples: pd.DataFrame,
    *,
    top: str,
    left: str,
    right: str,
    groups: str | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Three analytes of each sample as shares in a triangle.

    Parameters
    ----------
    samples : DataFrame
        Contents.
    top, left, right : str
        Columns at the corners; units are brought together.
    groups : str, optional
        Column whose values set the colours.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Samples without all three contents, or with none above zero, are left out and
        counted.

    Raises
    ------
    ValueError
        If a column is not there or the units cannot be brought together.

    Examples
    --------
    >>> table = pd.DataFrame({"Cu_ppm": [50, 20], "Zn_pct": [0.01, 0.002],
    ...                       "Pb_ppm": [10, 60]})
    >>> figure = figure_ternary(table, top="Cu_ppm", left="Pb_ppm", right="Zn_pct")
    >>> len(figure.axes[0].collections[0].get_offsets())
    2
    """
    words = Words(figure_language(lang))
    percent = ternary_shares(samples, [top, left, right]).to_numpy()
    figure = new_figure(7.0, 6.0)
    axes = figure.add_subplot()
    corners = [legible(each, each) for each in (top, left, right)]
    draw_triangle(axes, corners)
    shown = draw_samples(axes, percent, samples, groups, words)
    tell(axes, title, _left_out(len(samples) - shown, words))
    add_legend(axes, title=groups or "")
    return finish(figure)


def unfold(percent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points [top, left, right] in percent, on the unit triangle."""
    x = percent[..., 2] / 100 + percent[..., 0] / 200
    return np.stack([x, percent[..., 0] / 100 * HEIGHT], axis=-1)


def draw_triangle(axes: Axes, corners: list[str]) -> None:
    """Frame with lines at every 20 percent and names at the corners."""
    axes.set_axis_off()
    axes.set_aspect("equal")
    for share in (20, 40, 60, 80):
        rest = 100 - share
        ends = (
            ((share, rest, 0), (share, 0, rest)),
            ((rest, share, 0), (0, share, rest)),
            ((rest, 0, share), (0, rest, share)),
        )
        for start, end in ends:
            line = unfold(np.array([start, end], dtype=float))
            axes.plot(*line.T, color=LINE, linewidth=0.5, zorder=0)
        _ticks(axes, share)
    frame = unfold(np.array([[100, 0, 0], [0, 100, 0], [0, 0, 100], [100, 0, 0]]))
    axes.plot(*frame.T, color=INK, linewidth=1.0, zorder=2)
    places = ((0.5, HEIGHT + 0.03), (-0.02, -0.07), (1.02, -0.07))
    for place, text, side in zip(places, corners, ("center",) * 3, strict=True):
        low = "bottom" if place[1] > 0 else "top"
        axes.text(*place, text, ha=side, va=low, fontsize=9.5, color=INK)
    axes.set_xlim(-0.16, 1.16)
    axes.set_ylim(-0.14, HEIGHT + 0.1)


def _ticks(axes: Axes, share: int) -> None:
    """Percent of the top on the left side, of the left at the base, of the right."""
    rest = 100 - share
    places = (
        ((share, rest, 0), (-0.025, 0), "right", "center"),
        ((0, share, rest), (0, -0.02), "center", "top"),
        ((rest, 0, share), (0.025, 0), "left", "center"),
    )
    for point, shift, across, up in places:
        x, y = unfold(np.array(point, dtype=float)) + shift
        look = {"fontsize": 7.5, "color": QUIET, "ha": across, "va": up}
        axes.text(x, y, str(share), **look)


def draw_samples(
    axes: Axes,
    percent: NDArray[np.float64],
    samples: pd.DataFrame,
    groups: str | None,
    words: Words,
) -> int:
    """Samples in the triangle; how many there are."""
    plane = unfold(percent)
    known = np.isfinite(plane).all(axis=1)
    for group in groups_of(samples, groups, words):
        rows = group.rows & known
        axes.scatter(*plane[rows].T, label=group.label or None, **group.look)
    return int(known.sum())


def tell(axes: Axes, title: str | None, told: str) -> None:
    """Title above on the left, small print below it on the right."""
    if title:
        text = legible(title, "")
        axes.set_title(text, loc="left", fontsize=11, fontweight="bold", color=INK)
    look: dict[str, Any] = {"ha": "right", "va": "bottom", "fontsize": 7.5}
    look |= {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate(told, (1, 1), xytext=(0, 4), color=QUIET, **look)


def _left_out(n: int, words: Words) -> str:
    return words("plot_left_out", n=n) if n else ""
