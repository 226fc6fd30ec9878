"""Picture of a variogram and the model fitted to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._figure import COLOURS, INK, QUIET, dress, finish, new_figure
from ._fonts import figure_language, legible
from ._words import Words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ..gridding import VariogramModel
    from ._figure import Picture

KINDS = {
    "spherical": "variogram_spherical",
    "exponential": "variogram_exponential",
    "gaussian": "variogram_gaussian",
    "matern": "variogram_matern",
    "cubic": "variogram_cubic",
    "linear": "variogram_linear",
}


def figure_variogram(
    experimental: pd.DataFrame,
    *,
    model: VariogramModel | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Experimental variogram, with the model as a line and in words.

    Parameters
    ----------
    experimental : DataFrame
        Columns `lag`, `gamma`, `n_pairs` and, where there are several directions,
        `azimuth`, as `prospect.gridding.experimental_variogram` gives.
    model : VariogramModel, optional
        Drawn in each direction of the table; its range and sills are named.
    title : str, optional
        Title; names the column if left out.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Areas of the points follow the number of pairs; a dashed line is the variance of
        the samples.

    Raises
    ------
    KeyError
        If the table lacks one of the columns.
    ValueError
        If it has no row.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame(
    ...     {"lag": [50, 100], "gamma": [1.0, 2.0], "n_pairs": [30, 60]})
    >>> figure_variogram(table).axes[0].get_xlabel()
    'distance (m)'
    """
    words = Words(figure_language(lang))
    _check(experimental)
    figure = new_figure(6.8, 4.6)
    axes = dress(figure.add_subplot())
    table = experimental.assign(
        azimuth=experimental.get("azimuth", np.nan * experimental["lag"])
    )
    longest = 1.04 * float(table["lag"].max())
    groups = list(table.groupby("azimuth", dropna=False))
    for number, (azimuth, group) in enumerate(groups):
        colour = COLOURS[number % len(COLOURS)]
        _draw(axes, group, table["n_pairs"].max(), colour)
        axes.plot([], [], "o", color=colour, label=_direction(azimuth, words))
        if model is not None:
            _draw_model(axes, model, azimuth, longest, colour)
    variance = experimental.attrs.get("variance")
    if variance is not None:
        look = {"color": QUIET, "linewidth": 0.9, "linestyle": (0, (4, 3))}
        axes.axhline(variance, label=words("variogram_variance"), **look)
    if model is not None:
        _say(axes, model, longest, words)
    top = max(table["gamma"].max(), variance or 0)
    axes.set(xlim=(0, longest), ylim=(min(0, 1.1 * table["gamma"].min()), 1.12 * top))
    _label(axes, experimental, words, title)
    return finish(figure)


def _check(table: pd.DataFrame) -> None:
    missing = [name for name in ("lag", "gamma", "n_pairs") if name not in table]
    if missing:
        raise KeyError(
            f"the variogram lacks {missing}: give what experimental_variogram returns"
        )
    if table.empty:
        raise ValueError("the variogram has no class of distance: nothing to draw")


def _draw(axes: Axes, group: pd.DataFrame, most: float, colour: str) -> None:
    size = 14 + 90 * group["n_pairs"] / most
    axes.scatter(
        group["lag"], group["gamma"], s=size, color=colour, alpha=0.75, linewidth=0,
        zorder=3,
    )  # fmt: skip


def _draw_model(
    axes: Axes, model: VariogramModel, azimuth: float, longest: float, colour: str
) -> None:
    h = np.linspace(0, longest, 400)
    h[0] = 1e-6 * longest
    known = model.is_isotropic
    directions = [None] if known else [azimuth]
    if not known and np.isnan(azimuth):
        directions = sorted({s.azimuth for s in model.structures if s.ratio != 1})
        directions += [(direction + 90) % 180 for direction in directions]
    for direction in directions:
        gamma = model(h, azimuth=direction)
        axes.plot(h, gamma, color=colour, linewidth=1.8, zorder=4)


def _direction(azimuth: float, words: Words) -> str:
    if np.isnan(azimuth):
        return words("variogram_all")
    return words("variogram_direction", azimuth=azimuth)


def _say(axes: Axes, model: VariogramModel, longest: float, words: Words) -> None:
    """Name nugget, sills and ranges; mark the ranges that lie within the lags."""
    lines = [words("variogram_nugget", value=model.nugget)]
    for each in model.structures:
        reach = _metres(each.range)
        if each.ratio != 1:
            reach = words(
                "variogram_anisotropy", range=reach, azimuth=each.azimuth,
                across=_metres(each.range * each.ratio),
            )  # fmt: skip
        lines.append(
            words(
                "variogram_structure",
                kind=words(KINDS[each.kind]),
                sill=each.sill,
                range=reach,
            )
        )
        if each.kind != "linear" and each.range < longest and each.ratio == 1:
            look = {"color": QUIET, "linewidth": 0.8, "linestyle": (0, (1, 2))}
            axes.axvline(each.range, **look)
    axes.annotate(
        "\n".join(lines),
        (1, 0),
        xycoords="axes fraction",
        xytext=(-6, 8),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=8.5,
        color=INK,
        bbox={"facecolor": "white", "alpha": 0.85, "linewidth": 0, "pad": 3},
        zorder=6,
    )


def _metres(length: float) -> str:
    return f"{length / 1000:.3g} km" if length >= 10_000 else f"{length:.0f} m"


def _label(axes: Axes, table: pd.DataFrame, words: Words, title: str | None) -> None:
    units, column = table.attrs.get("units"), table.attrs.get("column")
    gamma = (
        words("variogram_gamma_units", units=units)
        if units not in (None, "", "1")
        else words("variogram_gamma")
    )
    axes.set_xlabel(words("variogram_lag"), fontsize=9, color=INK)
    axes.set_ylabel(gamma, fontsize=9, color=INK)
    if title is None and column is not None:
        names = [column] if isinstance(column, str) else list(column)
        title = words("variogram_title", column=" × ".join(names))
    if title:
        axes.set_title(
            legible(title, ""), loc="left", fontsize=11, fontweight="bold", color=INK
        )
    # below the frame: the line of the variance runs along its upper edge
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.13), "ncols": 4}
    axes.legend(fontsize=8.5, frameon=False, **below)
