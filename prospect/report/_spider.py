"""Contents normalised to a reservoir, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..geochem import normalised_pattern
from ._figure import COLOURS, INK, QUIET, dress, finish, new_figure
from ._fonts import figure_language
from ._points import add_legend, groups_of
from ._triangle import tell
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._figure import Picture

MOST_LINES = 60


def figure_spider(
    samples: pd.DataFrame,
    *,
    elements: str | Sequence[str] = "ree",
    normalise: str | Mapping[str, float] | None = None,
    groups: str | None = None,
    columns: Mapping[str, str] | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Contents normalised to a reservoir, element by element.

    Parameters
    ----------
    samples : DataFrame
        Contents; any unit and oxides are converted.
    elements : str or sequence of str
        "ree", "multi_element", "crust", or elements in the order wanted.
    normalise : str or mapping, optional
        Name of a `prospect.geochem.reference_composition` or contents of one's own; by
        default the usual one of the order ("ci_chondrite", "primitive_mantle", "ucc").
    groups : str, optional
        Column whose values set the colours.
    columns : mapping of str to str, optional
        Column of an element, where several hold it.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        A line a sample; above sixty samples the median of each group with the range
        from the 10 to the 90 % quantile. Lines join neighbours across elements that
        were not measured; values below detection that are not imputed are left out
        and counted.

    Raises
    ------
    ValueError
        If fewer than two of the elements were measured.

    Examples
    --------
    >>> table = pd.DataFrame({"La_ppm": [31.0], "Ce_ppm": [63.0], "Yb_ppm": [1.96]})
    >>> figure_spider(table).axes[0].get_ylabel()
    'sample / CI chondrite'
    """
    words = Words(figure_language(lang))
    pattern = normalised_pattern(
        samples, elements=elements, normalise=normalise, columns=columns
    )
    figure = new_figure(max(6.4, 0.36 * pattern.shape[1] + 2), 4.6)
    axes = dress(figure.add_subplot())
    axes.axhline(1, color=QUIET, linewidth=0.8)
    places = np.arange(pattern.shape[1])
    values = pattern.to_numpy()
    for group in groups_of(samples, groups, words):
        colour = group.look["c"] if groups else COLOURS[0]
        rows = values[group.rows]
        if len(values) <= MOST_LINES:
            _lines(axes, rows, colour, group.label)
            continue
        with np.errstate(all="ignore"):
            seen = np.isfinite(rows).any(axis=0)
            low, middle, high = np.nanquantile(rows[:, seen], [0.1, 0.5, 0.9], axis=0)
        axes.fill_between(places[seen], low, high, color=colour, alpha=0.15, lw=0)
        name = group.label or words("spider_median")
        axes.plot(
            places[seen], middle, color=colour, lw=1.8, marker="o", ms=4, label=name
        )
    axes.set_yscale("log")
    axes.set_xticks(places, labels=list(pattern.columns))
    axes.set_xlim(-0.5, pattern.shape[1] - 0.5)
    reservoir = pattern.attrs["title_zh" if words.lang == "zh" else "title"]
    label = words("spider_axis", reservoir=reservoir or words("spider_own"))
    axes.set_ylabel(label, fontsize=9, color=INK)
    told = []
    if len(values) > MOST_LINES:
        told.append(words("spider_range", n=len(values)))
    if n := pattern.attrs["n_censored"]:
        told.append(words("spider_censored", n=n))
    tell(axes, title, words("semicolon").join(told))
    add_legend(axes, title=groups or "")
    return finish(figure)


def _lines(axes, rows: np.ndarray, colour: object, name: str) -> None:  # noqa: ANN001
    """Draw a line a sample; gaps are bridged."""
    label: str | None = name or None
    for row in rows:
        seen = np.flatnonzero(np.isfinite(row))
        look = {"color": colour, "lw": 0.9, "marker": "o", "ms": 3, "alpha": 0.8}
        axes.plot(seen, row[seen], label=label, **look)
        label = None
