"""Samples as points of a diagram: colours of groups, labels that keep apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from survey import check_columns

from ._figure import COLOURS, INK
from ._fonts import legible, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ._words import Words

MARKERS = ("o", "s", "^", "D", "v", "P")
MOST_GROUPS = 12


class Group(NamedTuple):
    """Rows that are drawn alike."""

    label: str
    rows: NDArray[np.bool_]
    look: dict[str, object]


def groups_of(
    samples: pd.DataFrame, column: str | None, words: Words
) -> Iterator[Group]:
    """Groups of a column, the largest first; all samples where there is no column."""
    size = 26 if len(samples) < 300 else 14 if len(samples) < 3000 else 6
    usual = {"s": size, "linewidths": 0.4, "edgecolors": "white", "zorder": 4}
    if column is None:
        rows = np.ones(len(samples), dtype=bool)
        yield Group("", rows, usual | {"c": COLOURS[0], "marker": "o"})
        return
    check_columns(samples, column)
    values = samples[column].astype("object").where(samples[column].notna(), None)
    counts = values.value_counts(dropna=True)
    shown = list(counts.index[:MOST_GROUPS])
    rest = ~values.isin(shown).to_numpy()
    if rest.any():
        yield Group(words("group_other"), rest, usual | {"c": "#b0b0b0", "marker": "o"})
    for number, value in enumerate(shown):
        look = {"c": COLOURS[number % 6], "marker": MARKERS[number // 6 % 6]}
        rows = (values == value).to_numpy(dtype=bool)
        label = shortened(legible(str(value), f"{number + 1}"), most=26)
        yield Group(label, rows, usual | look)


def keep_apart(
    anchors: NDArray[np.float64], texts: list[str], *, height: float, width: float
) -> NDArray[np.float64]:
    """
    Places of texts near their anchors that do not cover each other.

    `height` of a line and `width` of a letter are in the units of the anchors.
    """
    places = anchors.astype(float).copy()
    half = np.array([len(text) * width / 2 for text in texts])
    for _ in range(300):
        moved = False
        for i in range(len(places)):
            for j in range(i):
                gap = places[i] - places[j]
                wide = half[i] + half[j] - abs(gap[0])
                tall = height - abs(gap[1])
                if wide > 0 and tall > 0:
                    moved = True
                    side = 1 if gap[1] >= 0 else -1
                    places[i, 1] += side * tall / 2
                    places[j, 1] -= side * tall / 2
        if not moved:
            break
    return places


def add_legend(axes: Axes, *, title: str = "") -> None:
    """Legend beside the axes, where there is something to tell."""
    handles, labels = axes.get_legend_handles_labels()
    if not handles:
        return
    look = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0), "frameon": False}
    legend = axes.legend(handles, labels, fontsize=8, title=legible(title, ""), **look)
    legend.get_title().set_fontsize(8.5)
    legend.get_title().set_color(INK)
