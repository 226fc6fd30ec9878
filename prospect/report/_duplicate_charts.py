"""Charts of duplicates: first against second, ranked differences, Thompson-Howarth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from survey import check_columns

from ._control_charts import plain_logs
from ._control_words import KINDS, said
from ._figure import COLOURS, INK, QUIET, dress, finish, new_figure
from ._fonts import figure_language, legible
from ._numbers import number
from ._words import Words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from survey.quality import ThompsonHowarth

    from ._figure import Picture

MEASURES = {"HARD": "hard_pct", "RE": "rpd_pct"}
RED, AMBER = "#c62828", "#e69f00"
# share of the pairs that rules usually want within the limit of a measure, per cent
REQUIRED = {"HARD": 90, "RE": 80}
COLUMNS = (
    "analyte",
    "kind",
    "first",
    "second",
    "mean",
    "hard_pct",
    "rpd_pct",
    "limit_pct",
)


def figure_duplicates(
    duplicates: pd.DataFrame,
    analyte: str,
    *,
    kind: str | None = None,
    measure: str = "HARD",
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    First against second result of duplicates, and the pairs ranked by difference.

    Parameters
    ----------
    duplicates : DataFrame
        ``QualityAssessment.duplicates`` or the result of
        `survey.quality.pair_duplicates`.
    analyte : str
        Analyte, such as ``Cu_ppm``.
    kind : str, optional
        One kind of duplicate, such as "field duplicate"; all of them if left out.
    measure : {"HARD", "RE"}, default "HARD"
        Half the absolute difference in per cent of the mean, or the whole of it;
        ``limit_pct`` is read as a limit of this measure.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Left both results on logarithmic axes with the line of equality and the limit;
        right the measure against the share of pairs. Pairs with a result below
        detection are counted, not drawn.

    Raises
    ------
    ValueError
        If the table lacks a column, has no pair of the analyte, or `measure` is another
        word.

    Examples
    --------
    >>> import pandas as pd
    >>> from survey.quality import pair_duplicates
    >>> controls = pd.DataFrame({
    ...     "sample_id": ["Q1", "Q2"], "qc_type": "field duplicate",
    ...     "original_id": ["S1", "S2"], "lab_batch": "B1", "Cu_ppm": [21.3, 27.0]})
    >>> samples = pd.DataFrame({
    ...     "sample_id": ["S1", "S2"], "lab_batch": "B1", "Cu_ppm": [20.0, 30.0]})
    >>> pairs = pair_duplicates(samples, controls)
    >>> len(figure_duplicates(pairs, "Cu_ppm").axes)
    2
    """
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {tuple(MEASURES)}; got {measure!r}")
    words = Words(figure_language(lang))
    table = _of_analyte(duplicates, analyte, kind)
    whole = table[table["mean"].notna() & (table["first"] > 0) & (table["second"] > 0)]
    figure = new_figure(8.2, 4.2)
    left, right = (dress(axes) for axes in figure.subplots(1, 2))
    groups = list(whole.groupby("kind", sort=True))
    for place, (name, part) in enumerate(groups):
        colour = COLOURS[place % len(COLOURS)]
        label = said(KINDS, name, words)
        _scatter(left, part, colour, label)
        _ranked(right, part, measure, colour, words)
    _equality(left, whole, measure, words)
    _label_axes(left, right, analyte, measure, words)
    lost = len(table) - len(whole)
    if lost:
        note = words("qc_pairs_censored", n=lost)
        figure.text(0.5, -0.03, note, ha="center", va="top", fontsize=8, color=QUIET)
    _title(left, title, analyte)
    return finish(figure)


def figure_thompson_howarth(
    duplicates: pd.DataFrame,
    analyte: str,
    *,
    kind: str | None = None,
    target_rsd: float = 10.0,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Absolute difference against mean of duplicates, with control lines and fitted line.

    Parameters
    ----------
    duplicates : DataFrame
        ``QualityAssessment.duplicates`` or the result of
        `survey.quality.pair_duplicates`.
    analyte : str
        Analyte, such as ``Cu_ppm``.
    kind : str, optional
        One kind of duplicate; all together if left out.
    target_rsd : float, default 10.0
        Relative standard deviation of one result that the control lines stand for, per
        cent.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Lines below which 90, 95 and 99 % of the differences lie at `target_rsd`. From
        50 pairs on the medians of the groups of the long form, and its line.

    Raises
    ------
    ValueError
        If the table lacks a column or has no complete pair of the analyte.

    References
    ----------
    Thompson, M. & Howarth, R.J. 1978. A new approach to the estimation of analytical
    precision. Journal of Geochemical Exploration 9:23-30.

    Examples
    --------
    >>> import pandas as pd
    >>> pairs = pd.DataFrame({
    ...     "analyte": "Cu_ppm", "kind": "field duplicate", "first": [20.0, 30, 41],
    ...     "second": [21.0, 27, 40], "mean": [20.5, 28.5, 40.5], "hard_pct": 1.0,
    ...     "rpd_pct": 2.0, "limit_pct": 30.0})
    >>> figure_thompson_howarth(pairs, "Cu_ppm").axes[0].get_xscale()
    'log'
    """
    from survey.quality import thompson_howarth

    words = Words(figure_language(lang))
    table = _of_analyte(duplicates, analyte, kind)
    whole = table[table["mean"].gt(0)]
    if whole.empty:
        raise ValueError(f"no pair of {analyte!r} has two results above detection")
    found = thompson_howarth(whole["first"], whole["second"], target_rsd=target_rsd)
    figure = new_figure(6.8, 4.6)
    axes = dress(figure.add_subplot())
    difference = (whole["second"] - whole["first"]).abs().to_numpy(dtype=float)
    mean = whole["mean"].to_numpy(dtype=float)
    if (difference > 0).any():
        floor = 0.6 * difference[difference > 0].min()
    else:
        floor = 1e-3 * mean.min()
    none = difference == 0
    axes.scatter(mean[~none], difference[~none], s=18, color=COLOURS[0], alpha=0.7)
    if none.any():
        label = words("qc_no_difference", n=int(none.sum()))
        look = {"s": 26, "marker": "v", "facecolor": "white", "edgecolor": COLOURS[0]}
        axes.scatter(mean[none], np.full(none.sum(), floor), label=label, **look)
    span = np.geomspace(mean.min() / 1.2, mean.max() * 1.2, 60)
    _control_lines(axes, found, span, target_rsd, words)
    _fitted(axes, found, span, words)
    axes.set(xscale="log", yscale="log", xlim=(span[0], span[-1]))
    axes.set_ylim(bottom=0.85 * floor)
    plain_logs(axes.xaxis, axes.yaxis)
    unit = _unit(analyte)
    axes.set_xlabel(words("qc_mean_axis", unit=unit), fontsize=9, color=INK)
    axes.set_ylabel(words("qc_difference_axis", unit=unit), fontsize=9, color=INK)
    axes.legend(fontsize=7.5, loc="upper left", frameon=True, edgecolor="none")
    _title(axes, title, analyte)
    return finish(figure)


def _of_analyte(table: pd.DataFrame, analyte: str, kind: str | None) -> pd.DataFrame:
    check_columns(table, COLUMNS, where="duplicates")
    some = table[table["analyte"].astype("str") == analyte]
    if kind is not None:
        some = some[some["kind"] == kind]
    if some.empty:
        every = ", ".join(map(str, dict.fromkeys(table["analyte"]))) or "none"
        of = f" ({kind})" if kind else ""
        raise ValueError(f"no pair of {analyte!r}{of}. The analytes are: {every}.")
    return some


def _unit(analyte: str) -> str:
    unit = analyte.partition("_")[2].partition("_")[0]
    return {"pct": "%", "": "–"}.get(unit, unit)


def _title(axes: Axes, title: str | None, analyte: str) -> None:
    if title:
        text = legible(title, analyte)
        axes.set_title(text, loc="left", fontsize=11, fontweight="bold", color=INK)


def _scatter(axes: Axes, part: pd.DataFrame, colour: str, label: str) -> None:
    look = {"s": 24, "edgecolors": "white", "linewidths": 0.4, "zorder": 3}
    axes.scatter(part["first"], part["second"], color=colour, label=label, **look)
    fail = part[part["status"] == "fail"] if "status" in part else part.iloc[:0]
    axes.scatter(fail["first"], fail["second"], color=RED, **look)


def _equality(axes: Axes, whole: pd.DataFrame, measure: str, words: Words) -> None:
    axes.set(xscale="log", yscale="log")
    if whole.empty:
        return
    every = np.r_[whole["first"], whole["second"]]
    low, high = every.min() / 1.3, every.max() * 1.3
    ends = np.array([low, high])
    axes.plot(ends, ends, color=INK, linewidth=0.9, label=words("qc_equal"))
    limits = sorted(set(whole["limit_pct"].dropna()))
    for limit, style in zip(limits, ("--", ":", "-.", (0, (1, 3))), strict=False):
        half = limit / 100 if measure == "HARD" else limit / 200
        if half >= 1:
            continue
        factor = (1 + half) / (1 - half)
        label = words("qc_limit_line", measure=measure, limit=number(limit))
        axes.plot(
            ends, ends * factor, color=RED, linewidth=0.9, linestyle=style, label=label
        )
        axes.plot(ends, ends / factor, color=RED, linewidth=0.9, linestyle=style)
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    plain_logs(axes.xaxis, axes.yaxis)
    axes.legend(fontsize=7.5, loc="upper left", frameon=True, edgecolor="none")


def _ranked(
    axes: Axes, part: pd.DataFrame, measure: str, colour: str, words: Words
) -> None:
    value = np.sort(part[MEASURES[measure]].dropna().to_numpy(dtype=float))
    if not len(value):
        return
    share = 100 * np.arange(1, len(value) + 1) / len(value)
    look = {"marker": "o", "markersize": 3.2, "linewidth": 1, "color": colour}
    limit = part["limit_pct"].median()
    if np.isfinite(limit):
        axes.axhline(limit, color=RED, linewidth=0.9, linestyle="--")
        within = 100 * np.mean(value <= limit + 1e-9)
        look["label"] = words(
            "qc_share_within", share=f"{within:.0f}", n=len(value), limit=number(limit)
        )
    axes.plot(share, value, **look)


def _label_axes(
    left: Axes, right: Axes, analyte: str, measure: str, words: Words
) -> None:
    unit = _unit(analyte)
    left.set_xlabel(words("qc_first", unit=unit), fontsize=9, color=INK)
    left.set_ylabel(words("qc_second", unit=unit), fontsize=9, color=INK)
    right.set_xlabel(words("qc_ranked"), fontsize=9, color=INK)
    right.set_ylabel(words("qc_measure_axis", measure=measure), fontsize=9, color=INK)
    right.set_xlim(0, 101)
    right.set_ylim(bottom=0)
    share = REQUIRED[measure]
    label = words("qc_required_line", share=share)
    right.axvline(share, color=AMBER, linewidth=0.9, linestyle=(0, (5, 3)), label=label)
    # above the frame, where no curve passes
    look = {"loc": "lower left", "bbox_to_anchor": (0, 1), "frameon": False}
    right.legend(fontsize=7.5, **look)


def _control_lines(
    axes: Axes, found: ThompsonHowarth, span: np.ndarray, target: float, words: Words
) -> None:
    styles = {0.90: ":", 0.95: "--", 0.99: "-"}
    for line in found.lines.itertuples():
        label = words(
            "qc_control_line",
            percent=f"{100 * line.probability:.0f}",
            target=number(target),
        )
        style = styles.get(round(line.probability, 2), "-")
        axes.plot(
            span,
            line.slope * span,
            color=RED,
            linewidth=1,
            linestyle=style,
            label=label,
        )


def _fitted(axes: Axes, found: ThompsonHowarth, span: np.ndarray, words: Words) -> None:
    if found.groups.empty:
        return
    axes.scatter(
        found.groups["mean"],
        found.groups["median_difference"],
        marker="s",
        s=34,
        color=INK,
        zorder=4,
        label=words("qc_group_median"),
    )
    # the median of |difference| that the standard deviation of one result goes with
    ratio = (found.groups["median_difference"] / found.groups["sd"]).median()
    label = words(
        "qc_fitted",
        slope=number(found.slope),
        sign="−" if found.intercept < 0 else "+",
        intercept=number(abs(found.intercept)),
    )
    axes.plot(span, ratio * found.sd(span), color=INK, linewidth=1.3, label=label)
