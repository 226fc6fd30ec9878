"""Charts: curves, prediction-area plot, weights, distribution of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._canvas import thin
from ._figure import COLOURS, INK, QUIET, dress, finish, new_figure
from ._fonts import figure_language, legible
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

    from ._figure import Picture

MOST_CLASSES = 25
CROSSING = ("value", "captured", "area_share", "density")


def figure_curves(
    curves: Mapping[str, pd.DataFrame] | pd.DataFrame,
    *,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Success-rate and prediction-rate curves.

    Parameters
    ----------
    curves : mapping of str to DataFrame, or DataFrame
        Name of each curve and its columns `area_share` and `captured`, both 0 to 1; or
        one long table with these and the columns `folds` and `kind` ("success_rate",
        "prediction_rate"), as `Validation.curves`.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure

    Raises
    ------
    KeyError
        If a curve lacks one of the columns.

    Examples
    --------
    >>> curve = pd.DataFrame({"area_share": [0, 0.1, 1], "captured": [0, 0.6, 1]})
    >>> figure_curves({"forest": curve}).axes[0].get_ylabel()
    'deposits captured (%)'
    """
    words = Words(figure_language(lang))
    if isinstance(curves, pd.DataFrame):
        curves = _split(curves, words)
    figure = new_figure(6.4, 5.4)
    axes = dress(figure.add_subplot())
    axes.plot([0, 100], [0, 100], color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    axes.annotate(
        words("curve_chance"),
        (62, 62),
        xytext=(4, -10),
        textcoords="offset points",
        color=QUIET,
        fontsize=8.5,
    )
    for number, (name, curve) in enumerate(curves.items()):
        area, captured = _columns(curve, "area_share", "captured", name=name)
        label = legible(str(name), f"{number + 1}")
        look = {"color": COLOURS[number % 7], "linewidth": 1.8}
        look["linestyle"] = "-" if number < 7 else "--"
        axes.plot(100 * area, 100 * captured, label=label, **look)
    axes.set(xlim=(0, 100), ylim=(0, 101), aspect="equal")
    _label(axes, words("curve_area"), words("curve_captured"), title)
    if curves:
        axes.legend(loc="lower right", fontsize=8.5, frameon=True, edgecolor="none")
    return finish(figure)


def figure_prediction_area(
    table: pd.DataFrame | Mapping[str, Any],
    *,
    crossing: Mapping[str, float] | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Prediction-area plot with the point where its curves cross.

    Parameters
    ----------
    table : DataFrame or mapping
        Columns `value` (score threshold), `captured` (share of deposits at or above
        it) and `area_share` (share of the area at or above it), both 0 to 1.
    crossing : mapping, optional
        `value`, `captured`, `area_share`, `density` of the crossing; taken from
        `table["crossing"]` when not given and there is one.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        The area axis runs downwards, so that the curves cross.

    Raises
    ------
    KeyError
        If the table lacks one of the columns.

    References
    ----------
    Yousefi, M. and Carranza, E. J. M. (2015). Prediction-area (P-A) plot and C-A
    fractal analysis to classify and evaluate evidential maps for mineral prospectivity
    modeling. Computers & Geosciences 79, 69-81.
    """
    words = Words(figure_language(lang))
    value, captured, area = _columns(table, "value", "captured", "area_share")
    if crossing is None and "crossing" in table:
        crossing = table["crossing"]
    order = np.argsort(value, kind="stable")
    order = order[np.isfinite(value[order])]
    figure = new_figure(6.8, 5.0)
    left = dress(figure.add_subplot())
    right = left.twinx()
    left.plot(value[order], 100 * captured[order], color=COLOURS[0], linewidth=1.8)
    right.plot(value[order], 100 * area[order], color=COLOURS[1], linewidth=1.8)
    left.set_ylim(0, 101)
    right.set_ylim(101, 0)
    shown = value[order]
    if len(shown) and shown[0] > 0 and np.median(shown) < 0.1 * shown[-1]:
        left.set_xscale("log")
    right.spines[["top", "left", "bottom"]].set_visible(False)
    right.tick_params(labelsize=8.5, colors=COLOURS[1], length=3, width=0.6)
    right.set_ylabel(words("curve_area_right"), color=COLOURS[1], fontsize=9)
    _label(left, words("curve_score"), words("curve_captured"), title)
    left.yaxis.label.set_color(COLOURS[0])
    left.tick_params(axis="y", colors=COLOURS[0])
    if crossing and all(crossing.get(name) is not None for name in CROSSING):
        _mark_crossing(left, crossing, words)
    return finish(figure)


def figure_weights(
    tables: Mapping[str, pd.DataFrame], *, lang: str = "en", label: str = "class"
) -> Picture:
    """
    Contrast of every class of every layer, with one standard deviation.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Title of each layer and its table of weights with columns `contrast` and, if
        known, `s_contrast`. The 25 classes furthest from zero are shown.
    lang : {"en", "zh"}
        Language of the labels.
    label : str
        Column that names the classes; the index where there is none such.

    Returns
    -------
    Figure

    Raises
    ------
    KeyError
        If a table lacks `contrast`.
    ValueError
        If no table is given.
    """
    if not tables:
        raise ValueError("no table of weights was given: give at least one layer")
    words = Words(figure_language(lang))
    heights = [min(len(table), MOST_CLASSES) for table in tables.values()]
    figure = new_figure(7.2, 0.9 * len(tables) + 0.22 * sum(heights) + 0.4)
    grid = figure.add_gridspec(len(tables), 1, height_ratios=[h + 1.5 for h in heights])
    for place, (name, table) in zip(grid, tables.items(), strict=True):
        axes = dress(figure.add_subplot(place))
        _contrasts(axes, table, label)
        axes.set_title(
            legible(str(name), ""),
            loc="left",
            fontsize=10,
            fontweight="bold",
            color=INK,
        )
    axes.set_xlabel(words("weights_contrast"), fontsize=9, color=INK)
    return finish(figure)


def figure_histogram(
    score: xr.DataArray,
    *,
    at_deposits: ArrayLike | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Distribution of the score over all cells and over cells with a deposit.

    Parameters
    ----------
    score : DataArray, dims ("y", "x")
        Lazy grids are read at no more than 1500 cells a side.
    at_deposits : array-like, shape (n_deposits,), optional
        Score at each deposit; missing values are left out.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure

    Raises
    ------
    ValueError
        If the grid holds no value at all.
    """
    words = Words(figure_language(lang))
    cells = thin(score).to_numpy().ravel()
    cells = cells[np.isfinite(cells)]
    if not len(cells):
        raise ValueError(
            f"grid {score.name!r} holds no value: there is nothing to draw"
        )
    known = np.asarray(at_deposits if at_deposits is not None else [], dtype=float)
    known = known[np.isfinite(known)]
    skewed = cells.min() > 0 and np.median(cells) < 0.1 * cells.max()
    span = (min([cells.min(), *known]), max([cells.max(), *known]))
    bins = np.geomspace(*span, 41) if skewed else np.linspace(*span, 41)
    figure = new_figure(6.8, 3.6)
    axes = dress(figure.add_subplot())
    for values, name, colour in (
        (cells, "histogram_cells", "#9a9a9a"),
        (known, "histogram_deposits", COLOURS[1]),
    ):
        if len(values):
            _steps(axes, values, bins, words(name), colour)
    if skewed:
        axes.set_xscale("log")
    _label(axes, words("map_score"), words("histogram_share"), title)
    axes.legend(fontsize=8.5, frameon=False)
    return finish(figure)


def _split(table: pd.DataFrame, words: Words) -> dict[str, pd.DataFrame]:
    """Return the curves of a long table by a name in words."""
    _columns(table, "area_share", "captured")
    parts = [column for column in ("kind", "folds") if column in table]
    if not parts:
        return {words("curve_model"): table}
    curves = {}
    for key, curve in table.groupby(parts, sort=False):
        found = dict(zip(parts, key, strict=True))
        texts = [words.name("curve", found["kind"])] if "kind" in found else []
        if found.get("folds") not in (None, "none"):
            texts.append(words.name("fold", found["folds"]))
        curves[words("comma").join(texts)] = curve
    return curves


def _columns(
    table: pd.DataFrame | Mapping[str, Any], *names: str, name: str = ""
) -> list[np.ndarray]:
    missing = [column for column in names if column not in table]
    if missing:
        raise KeyError(
            f"curve {name!r} lacks {missing}: give a table with columns {list(names)}"
        )
    return [np.asarray(table[column], dtype=float) for column in names]


def _label(axes: Axes, x: str, y: str, title: str | None) -> None:
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    if title:
        text = legible(title, "")
        axes.set_title(text, loc="left", fontsize=11, fontweight="bold", color=INK)


def _mark_crossing(axes: Axes, crossing: Mapping[str, float], words: Words) -> None:
    x, y = crossing["value"], 100 * crossing["captured"]
    axes.axvline(x, color=QUIET, linewidth=0.8, linestyle=(0, (3, 3)))
    axes.plot([x], [y], "o", color=INK, markersize=6, zorder=5)
    text = words(
        "curve_crossing",
        captured=f"{y:.0f}",
        area=f"{100 * crossing['area_share']:.0f}",
        density=f"{crossing['density']:.2f}",
    )
    low, high = axes.get_xlim()
    linear = axes.get_xscale() == "linear"
    middle = (low + high) / 2 if linear else np.sqrt(low * high)
    side = (-10, "right") if x > middle else (10, "left")
    axes.annotate(
        text,
        (x, y),
        xytext=(side[0], -22 if y > 50 else 22),
        textcoords="offset points",
        va="top" if y > 50 else "bottom",
        ha=side[1],
        fontsize=8.5,
        color=INK,
        bbox={"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 2},
        zorder=6,
    )


def _contrasts(axes: Axes, table: pd.DataFrame, label: str) -> None:
    furthest = table["contrast"].abs().nlargest(MOST_CLASSES, keep="first").index
    shown = table.loc[table.index.isin(furthest)]
    names = shown.get(label, shown.index)
    y = np.arange(len(shown))[::-1]
    contrast = shown["contrast"].to_numpy(dtype=float)
    spread = np.zeros(len(shown))
    if "s_contrast" in shown:
        spread = np.nan_to_num(shown["s_contrast"].to_numpy(dtype=float))
    colours = np.where(contrast > 0, COLOURS[1], COLOURS[0])
    axes.axvline(0, color=QUIET, linewidth=0.8)
    axes.hlines(y, contrast - spread, contrast + spread, color=colours, linewidth=1.4)
    axes.scatter(contrast, y, c=colours, s=22, zorder=3)
    texts = [legible(_short(name), f"{i + 1}") for i, name in enumerate(names)]
    axes.set_yticks(y, labels=texts)
    axes.set_ylim(-0.7, len(shown) - 0.3)
    axes.grid(visible=False, axis="y")


def _short(name: object) -> str:
    text = f"{name:g}" if isinstance(name, (float, np.floating)) else str(name)
    return text if len(text) <= 34 else f"{text[:33]}…"


def _steps(
    axes: Axes, values: np.ndarray, bins: np.ndarray, name: str, colour: str
) -> None:
    counts, edges = np.histogram(values, bins)
    share = 100 * counts / len(values)
    axes.stairs(share, edges, color=colour, fill=True, alpha=0.35)
    axes.stairs(share, edges, color=colour, linewidth=1.3, label=name)
