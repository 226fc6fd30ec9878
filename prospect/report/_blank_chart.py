"""Charts of blanks: contents against the limit of detection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D

from survey import check_columns

from ._control_charts import BAND, STATUS_COLOURS, batch_bands, of_analyte, plain_logs
from ._control_words import STATUSES
from ._figure import INK, dress, finish, new_figure
from ._fonts import figure_language, legible
from ._words import Words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ._figure import Picture

BLANK_COLUMNS = (
    "analyte",
    "lab_batch",
    "sequence",
    "value",
    "censored",
    "detection_limit",
    "limit",
    "status",
)


def figure_blanks(
    blanks: pd.DataFrame,
    *,
    analyte: str | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Contents of blanks in multiples of the detection limit.

    Parameters
    ----------
    blanks : DataFrame
        ``QualityAssessment.blanks`` or the result of `survey.quality.check_blanks`.
    analyte : str, optional
        One analyte in order of analysis; a row for each analyte if left out.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Open triangles are results below detection, at their limit; the line is the
        limit of the rule. Blanks without a known limit are not drawn.

    Raises
    ------
    ValueError
        If the table lacks a column or has no blank of the analyte.

    Examples
    --------
    >>> import pandas as pd
    >>> from survey.quality import check_blanks
    >>> controls = pd.DataFrame({
    ...     "sample_id": ["Q1", "Q2"], "qc_type": "blank", "material": "sand",
    ...     "lab_batch": "B1", "Cu_ppm": [0.5, 6.0], "Cu_ppm_censored": [True, False]})
    >>> figure_blanks(check_blanks(controls)).axes[0].get_xlabel()
    'content of the blank / detection limit'
    """
    words = Words(figure_language(lang))
    if analyte is None:
        check_columns(blanks, BLANK_COLUMNS, where="blanks")
        figure = _all_blanks(blanks, words)
    else:
        figure = _blanks_of(of_analyte(blanks, analyte, BLANK_COLUMNS), words)
    if title:
        axes = figure.axes[0]
        axes.set_title(
            legible(title, analyte or ""), loc="left", fontsize=11, fontweight="bold"
        )
    return finish(figure)


def _all_blanks(blanks: pd.DataFrame, words: Words) -> Picture:
    analytes = list(dict.fromkeys(blanks["analyte"].astype("str")))
    figure = new_figure(8.2, 1.5 + 0.34 * max(1, len(analytes)))
    axes = dress(figure.add_subplot())
    axes.grid(visible=False, axis="y")
    rng = np.random.default_rng(0)
    for row, name in enumerate(analytes):
        part = blanks[blanks["analyte"] == name]
        spread = rng.uniform(-0.22, 0.22, len(part))
        _blank_dots(axes, part, x=None, y=len(analytes) - 1 - row + spread)
        if row % 2:
            y = len(analytes) - 1 - row
            axes.axhspan(y - 0.5, y + 0.5, color=BAND, zorder=0, linewidth=0)
    _limit_line(axes, blanks, words, vertical=True)
    axes.set_xscale("log")
    _room(axes.get_xlim, axes.set_xlim)
    plain_logs(axes.xaxis)
    counts = blanks["analyte"].astype("str").value_counts()
    labels = [f"{name} (n = {counts[name]})" for name in analytes]
    axes.set_yticks(range(len(analytes)), labels=labels[::-1])
    axes.set_ylim(-0.6, len(analytes) - 0.4)
    axes.set_xlabel(words("qc_blank_axis"), fontsize=9, color=INK)
    _blank_legend(figure, blanks, words)
    return figure


def _blanks_of(table: pd.DataFrame, words: Words) -> Picture:
    figure = new_figure(8.2, 3.4)
    axes = dress(figure.add_subplot())
    batch_bands(axes, table, label=True)
    _blank_dots(axes, table, x=table["_place"].to_numpy(), y=None)
    _limit_line(axes, table, words, vertical=False)
    axes.set_yscale("log")
    _room(axes.get_ylim, axes.set_ylim)
    plain_logs(axes.yaxis)
    axes.set_xlabel(words("qc_order"), fontsize=9, color=INK)
    axes.set_ylabel(words("qc_blank_axis"), fontsize=9, color=INK)
    _blank_legend(figure, table, words)
    return figure


def _room(get, put) -> None:  # noqa: ANN001
    """At least a decade on a logarithmic axis, and plain numbers on it."""
    low, high = get()
    put(min(low, 0.5), max(high, 12))


def _blank_dots(
    axes: Axes, part: pd.DataFrame, *, x: np.ndarray | None, y: np.ndarray | None
) -> None:
    censored = part["censored"].to_numpy()
    value = part["value"].to_numpy(dtype=float)
    limit = part["detection_limit"].to_numpy(dtype=float)
    ratio = np.where(censored, 1.0, value / limit)
    ratio = np.where(ratio > 0, ratio, np.nan)
    across, up = (ratio, y) if x is None else (x, ratio)
    axes.scatter(
        across[censored],
        up[censored],
        s=22,
        marker="v" if y is None else "<",
        facecolor="white",
        edgecolor=STATUS_COLOURS["pass"],
        linewidth=0.8,
        zorder=3,
    )
    status = part["status"].astype("str").to_numpy()
    for name, colour in STATUS_COLOURS.items():
        some = (status == name) & ~censored
        axes.scatter(across[some], up[some], s=26, color=colour, zorder=4)


def _limit_line(
    axes: Axes, blanks: pd.DataFrame, words: Words, *, vertical: bool
) -> None:
    ratio = (blanks["limit"] / blanks["detection_limit"]).median()
    if not np.isfinite(ratio):
        return
    draw = axes.axvline if vertical else axes.axhline
    label = words("qc_blank_limit", limit=f"{ratio:g}")
    draw(ratio, color=STATUS_COLOURS["fail"], linewidth=1.1, label=label)


def _blank_legend(figure: Picture, blanks: pd.DataFrame, words: Words) -> None:
    drawn, names = figure.axes[0].get_legend_handles_labels()
    seen = set(blanks.loc[~blanks["censored"], "status"])
    handles = [
        Line2D([], [], marker="o", linestyle="", color=colour, label=words(STATUSES[s]))
        for s, colour in STATUS_COLOURS.items()
        if s in seen
    ]
    if blanks["censored"].any():
        look = {"marker": "v", "linestyle": "", "markerfacecolor": "white"}
        look |= {"color": STATUS_COLOURS["pass"], "label": words("qc_below_limit")}
        handles.append(Line2D([], [], **look))
    figure.legend(
        handles=[*handles, *drawn],
        labels=[*(h.get_label() for h in handles), *names],
        loc="outside lower center",
        ncols=5,
        fontsize=8,
        frameon=False,
    )
