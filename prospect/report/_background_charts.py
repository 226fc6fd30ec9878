"""Charts of contents: distribution, probability plot, mixture of populations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from survey import check_columns

from ..geochem.background._background_values import read_contents
from ..geochem.background._thresholds import lg_classes, plotting_positions
from ._background_parts import (
    Drawn,
    bars,
    box,
    content_axis,
    cumulative,
    density,
    legend,
    log_ticks,
    percent_axis,
    population_lines,
    threshold_bands,
    threshold_lines,
)
from ._figure import COLOURS, INK, QUIET, dress, finish, new_figure
from ._fonts import figure_language, legible
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from ..geochem.background._mixture import Mixture
    from ._figure import Picture

METHOD_WORDS = {
    "iterative": "background_iterative",
    "mean_sd": "background_mean_sd",
    "median_mad": "background_median_mad",
    "tukey": "background_tukey",
    "percentile": "background_percentile",
    "mixture": "background_largest",
}


def figure_distribution(
    samples: pd.DataFrame,
    column: str,
    *,
    thresholds: Mapping[str, float] | pd.DataFrame | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Histogram, density, box and cumulative curve of an analyte on a log scale.

    The classes of the histogram are 0.1 wide in lg C and end at x.x7, as Chinese
    practice has them. Values below detection are drawn apart, at their limit, and their
    share is said; so is the share of imputed values.

    Parameters
    ----------
    samples : DataFrame
        Samples with `column` and its companions.
    column : str
        Analyte, such as ``Cu_ppm``; contents above 0.
    thresholds : mapping of str to float, or DataFrame, optional
        Name and value of each threshold, in the unit of the contents; or a table of
        `background_table`, of which the rows of this analyte are drawn.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Box: hinges and median, whiskers to the last value within 1.5 distances of the
        hinges in lg C, points beyond.

    Raises
    ------
    DataProblems
        Naming every row with a content of 0 or less.
    ValueError
        If there is no value to draw.

    Examples
    --------
    >>> soil = pd.DataFrame({"Cu_ppm": [8.0, 12, 15, 16, 20, 22, 30, 95]})
    >>> len(figure_distribution(soil, "Cu_ppm", thresholds={"T": 50.0}).axes)
    3
    """
    words = Words(figure_language(lang))
    drawn = _drawn(samples, column)
    marks = _marks(thresholds, column, words)
    figure = new_figure(7.4, 6.0)
    rows = figure.add_gridspec(3, 1, height_ratios=[3.2, 0.55, 2.4])
    top = dress(figure.add_subplot(rows[0]))
    middle = dress(figure.add_subplot(rows[1], sharex=top), grid=False)
    bottom = dress(figure.add_subplot(rows[2], sharex=top))
    bars(top, drawn, lg_classes(drawn.value), words)
    density(top, drawn, words)
    box(middle, drawn)
    cumulative(bottom, drawn, words)
    content_axis(bottom, drawn, [value for _, value in marks])
    for axes in (top, middle):
        axes.tick_params(labelbottom=False)
    threshold_lines((top, middle, bottom), marks)
    legend(top, below=True)
    bottom.set_xlabel(drawn.label, fontsize=9, color=INK)
    _head(top, title, drawn, words)
    return finish(figure)


def figure_probability_plot(
    samples: pd.DataFrame,
    column: str,
    *,
    mixture: Mixture | None = None,
    thresholds: Mapping[str, float] | pd.DataFrame | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Contents against their cumulative share on a normal probability scale.

    One lognormal population is a straight line, several give a curve with bends
    (Sinclair 1974). Values below detection set the place of the others (Hirsch and
    Stedinger 1987) and are not drawn themselves; their share is said.

    Parameters
    ----------
    samples : DataFrame
        Samples with `column` and its companions.
    column : str
        Analyte, such as ``Cu_ppm``; contents above 0.
    mixture : Mixture, optional
        Of `threshold_mixture`: each population is drawn as a line, their mixture as a
        curve.
    thresholds : mapping of str to float, or DataFrame, optional
        As for `figure_distribution`.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure

    Raises
    ------
    DataProblems
        Naming every row with a content of 0 or less.
    ValueError
        If there is no value to draw.

    References
    ----------
    Sinclair, A. J. (1974). Selection of threshold values in geochemical data using
    probability graphs. Journal of Geochemical Exploration 3, 129-149.

    Examples
    --------
    >>> soil = pd.DataFrame({"Cu_ppm": [8.0, 12, 15, 16, 20, 22, 30, 95]})
    >>> figure_probability_plot(soil, "Cu_ppm").axes[0].get_ylabel()
    'Cu (ppm)'
    """
    words = Words(figure_language(lang))
    drawn = _drawn(samples, column)
    seen = plotting_positions(drawn.value, drawn.below)
    figure = new_figure(6.6, 5.4)
    axes = dress(figure.add_subplot())
    place = stats.norm.ppf(seen["share"])
    axes.plot(place, seen["value"], "o", color=QUIET, markersize=3.2, alpha=0.7)
    axes.set_yscale("log")
    percent_axis(axes, max(2.6, float(np.abs(place).max(initial=0)) + 0.15))
    if mixture is not None:
        population_lines(axes, mixture, drawn, words)
    limits = axes.get_ylim()
    threshold_lines((axes,), _marks(thresholds, column, words), across=True)
    axes.set_ylim(limits)
    legend(axes)
    log_ticks(axes, "y", drawn.value)
    axes.set_xlabel(words("background_cumulative"), fontsize=9, color=INK)
    axes.set_ylabel(drawn.label, fontsize=9, color=INK)
    _head(axes, title, drawn, words)
    return finish(figure)


def figure_mixture(
    mixture: Mixture, *, title: str | None = None, lang: str = "en"
) -> Picture:
    """
    Histogram with the populations of a mixture and the thresholds between them.

    Parameters
    ----------
    mixture : Mixture
        Of `threshold_mixture`.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Thresholds with their 95 % interval as a band: the upper end (mean + 2 sd) of
        every population but the last, and where two populations are as likely.

    Examples
    --------
    >>> from prospect.geochem import threshold_mixture
    >>> soil = pd.DataFrame({"Cu_ppm": [8.0, 12, 15, 16, 20, 22, 30, 35, 40, 50]})
    >>> one = threshold_mixture(soil, "Cu_ppm", random_state=0, n_populations=1)
    >>> len(figure_mixture(one).axes)
    1
    """
    words = Words(figure_language(lang))
    label = label_of(mixture.column, mixture.unit)
    told = (mixture.counts[name] for name in ("n_no_limit", "n_imputed"))
    drawn = Drawn(label, mixture.value, mixture.censored, *told)
    figure = new_figure(7.2, 4.4)
    axes = dress(figure.add_subplot())
    lg = mixture.transform == "log10"
    edges = lg_classes(drawn.value) if lg else np.histogram_bin_edges(drawn.value, 30)
    width = 0.1 if lg else float(edges[1] - edges[0])
    bars(axes, drawn, edges, words)
    low, high = edges[0], edges[-1]
    x = np.geomspace(low, high, 400) if lg else np.linspace(low, high, 400)
    parts = 100 * width * mixture.density(x)
    for number, name in enumerate(parts):
        share = f"{100 * mixture.populations['share'][name]:.0f}"
        text = words("background_population", n=name, share=share)
        axes.plot(x, parts[name], color=COLOURS[number], linewidth=1.6, label=text)
    if len(parts.columns) > 1:
        total = words("background_mixture")
        axes.plot(x, parts.sum(axis=1), color=INK, linewidth=1.0, label=total)
    threshold_bands(axes, mixture, words)
    if lg:
        content_axis(axes, drawn)
    axes.set_xlabel(drawn.label, fontsize=9, color=INK)
    axes.set_ylabel(words("background_share"), fontsize=9, color=INK)
    legend(axes)
    _head(axes, title, drawn, words)
    return finish(figure)


def label_of(column: str, unit: str) -> str:
    """
    Analyte and unit as the axis names them.

    Examples
    --------
    >>> label_of("Cu_ppm", "ppm"), label_of("SiO2_pct", "pct"), label_of("x", "")
    ('Cu (ppm)', 'SiO2 (%)', 'x')
    """
    stem = column.removesuffix(f"_{unit}") if unit else column
    return legible(f"{stem} ({'%' if unit == 'pct' else unit})" if unit else stem, "C")


def _drawn(samples: pd.DataFrame, column: str) -> Drawn:
    found = read_contents(samples, column, transform="log10")
    used = found.used
    if not used.any():
        raise ValueError(f"{column}: there is no value to draw.")
    no_limit, imputed = int(found.no_limit.sum()), int(found.imputed.sum())
    label = label_of(column, found.unit)
    return Drawn(label, found.value[used], found.at_limit[used], no_limit, imputed)


def _marks(
    thresholds: Mapping[str, float] | pd.DataFrame | None, column: str, words: Words
) -> list[tuple[str, float]]:
    """Names and values of the thresholds to draw, by rising value."""
    if thresholds is None:
        return []
    if isinstance(thresholds, pd.DataFrame):
        check_columns(thresholds, ["analyte", "method", "threshold"])
        mine = thresholds[thresholds["analyte"] == column]
        pairs = [
            (_method_name(row, words), float(row["threshold"]))
            for _, row in mine.iterrows()
        ]
    else:
        pairs = [(legible(str(n), "T"), float(v)) for n, v in thresholds.items()]
    known = [(name, value) for name, value in pairs if np.isfinite(value) and value > 0]
    return sorted(known, key=lambda pair: pair[1])


def _method_name(row: pd.Series, words: Words) -> str:
    """What a row of `background_table` is called."""
    method = str(row["method"])
    if method in METHOD_WORDS:
        name = words(METHOD_WORDS[method])
    else:
        name = words("background_share_of", share=method.removeprefix("percentile_"))
    if row.get("transform", "log10") is None:
        name += words("background_raw")
    group = row.get("group")
    return f"{legible(str(group), '')} {name}" if isinstance(group, str) else name


def _head(axes: Axes, title: str | None, drawn: Drawn, words: Words) -> None:
    """Title on the left, number and share of values below detection on the right."""
    if title:
        axes.set_title(
            legible(title, ""),
            loc="left",
            fontsize=11,
            fontweight="bold",
            color=INK,
            pad=20,  # above the note, which may be as wide as the axes
        )
    n = len(drawn.value)
    parts = [words("background_n", n=f"{n:,}")]
    share = f"{100 * drawn.below.mean():.3g}"
    parts.append(words("background_censored", share=share))
    if drawn.n_imputed:
        imputed = f"{100 * drawn.n_imputed / n:.3g}"
        parts.append(words("background_imputed", share=imputed))
    if drawn.n_no_limit:
        parts.append(words("background_not_drawn", n=drawn.n_no_limit))
    said = words("semicolon").join(parts)
    axes.annotate(
        said,
        (1, 1),
        xycoords="axes fraction",
        xytext=(0, 4),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color=QUIET,
    )
