"""Control charts: results of reference materials in order of analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, NullFormatter

from survey import check_columns

from ._control_words import SIGNS, STATUSES
from ._figure import INK, QUIET, dress, finish, new_figure
from ._fonts import figure_language, legible, shortened
from ._words import Words

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from ._figure import Picture

STATUS_COLOURS = {
    "pass": "#3a6ea5",
    "warn": "#e69f00",
    "fail": "#c62828",
    "untested": "#9a9a9a",
}
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "*")
BAND = "#f1f3f5"
MOST_Z = 8.0
# logarithmic axes that span less than this factor get numbers between the powers
SHORT = 100
MOST_NAMED = 8
MOST_BATCHES = 40
REFERENCE_COLUMNS = (
    "analyte",
    "material",
    "lab_batch",
    "sequence",
    "value",
    "censored",
    "centre",
    "sd",
    "z",
    "status",
)


def figure_control_chart(
    references: pd.DataFrame,
    analyte: str,
    *,
    measure: str = "z",
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Control chart of an analyte: results of reference materials in order of analysis.

    Parameters
    ----------
    references : DataFrame
        ``QualityAssessment.references`` or the result of
        `survey.quality.check_reference_materials`.
    analyte : str
        Analyte, such as ``Cu_ppm``.
    measure : {"z", "value"}, default "z"
        All materials together by their z, or the contents, a panel each material.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Centre, ±2 (dashed) and ±3 standard deviations; bands are batches; failures
        carry the id of the sample as far as there is room. Results that could not be
        judged lie at the lower edge; z beyond ±8 is drawn there, with its number.

    Raises
    ------
    ValueError
        If the table lacks a column, has no result of the analyte, or `measure` is
        another word.

    Examples
    --------
    >>> import pandas as pd
    >>> from survey.quality import check_reference_materials
    >>> controls = pd.DataFrame({
    ...     "sample_id": ["Q1", "Q2"], "qc_type": "reference material",
    ...     "material": "RM-1", "lab_batch": "B1", "Cu_ppm": [21.3, 27.0]})
    >>> certified = pd.DataFrame(
    ...     {"material": ["RM-1"], "Cu_ppm": [21.0], "Cu_ppm_sd": [1.0]})
    >>> found = check_reference_materials(controls, certified=certified)
    >>> figure_control_chart(found, "Cu_ppm").axes[0].get_xlabel()
    'result, in order of analysis'
    """
    if measure not in ("z", "value"):
        raise ValueError(f"measure must be 'z' or 'value'; got {measure!r}")
    words = Words(figure_language(lang))
    table = of_analyte(references, analyte, REFERENCE_COLUMNS)
    materials = list(dict.fromkeys(table["material"]))
    panels = [table] if measure == "z" else [_of(table, m) for m in materials]
    figure = new_figure(8.2, 3.9 if len(panels) == 1 else 1.2 + 1.9 * len(panels))
    grid = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, part in zip(grid, panels, strict=True):
        dress(axes)
        batch_bands(axes, table, label=axes is grid[0])
        if measure == "z":
            _z_panel(axes, part, materials, words)
        else:
            _value_panel(axes, part, analyte, words)
    grid[-1].set_xlabel(words("qc_order"), fontsize=9, color=INK)
    _legend(figure, table, materials if measure == "z" else [], words)
    if title:
        figure.suptitle(
            legible(title, analyte), x=0.01, ha="left", fontsize=11, fontweight="bold"
        )
    return finish(figure)


def batch_bands(axes: Axes, table: pd.DataFrame, *, label: bool) -> None:
    """Bands behind runs of results of one batch, with its name above."""
    batch = table["lab_batch"].astype("str").to_numpy()
    starts = np.flatnonzero(np.r_[True, batch[1:] != batch[:-1]])
    ends = np.r_[starts[1:], len(batch)]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if number % 2:
            axes.axvspan(start + 0.5, end + 0.5, color=BAND, zorder=0, linewidth=0)
    axes.set_xlim(0.4, len(batch) + 0.6)
    if not label or len(starts) > MOST_BATCHES:
        return
    for start, end in zip(starts, ends, strict=True):
        room = max(3, round(90 * (end - start) / len(batch)))
        axes.annotate(
            legible(shortened(batch[start], most=room), str(start + 1)),
            ((start + end + 1) / 2, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=QUIET,
        )


def of_analyte(
    table: pd.DataFrame, analyte: str, columns: tuple[str, ...]
) -> pd.DataFrame:
    check_columns(table, columns)
    some = table[table["analyte"].astype("str") == analyte]
    if some.empty:
        every = ", ".join(map(str, dict.fromkeys(table["analyte"]))) or "none"
        raise ValueError(f"no result of {analyte!r}. The analytes are: {every}.")
    some = some.sort_values("sequence", kind="stable")
    return some.assign(_place=np.arange(1, len(some) + 1))


def _of(table: pd.DataFrame, material: str) -> pd.DataFrame:
    return table[table["material"] == material]


def _z_panel(
    axes: Axes, table: pd.DataFrame, materials: list[str], words: Words
) -> None:
    z = table["z"].to_numpy(dtype=float)
    top = min(MOST_Z, max(4.2, np.nanmax(np.abs(z), initial=0) * 1.45))
    lines(axes, 0.0, 1.0)
    for number, material in enumerate(materials):
        part = _of(table, material)
        inside = np.clip(part["z"].to_numpy(dtype=float), -0.97 * top, 0.97 * top)
        y = np.where(np.isnan(inside), -0.97 * top, inside)
        _dots(axes, part, y, MARKERS[number % len(MARKERS)])
        _outside(axes, part, y, 0.97 * top)
    axes.set_ylim(-top, top)
    axes.set_ylabel(words("qc_z_axis"), fontsize=9, color=INK)
    _name_failures(axes, table, np.clip(z, -0.97 * top, 0.97 * top))


def _value_panel(axes: Axes, part: pd.DataFrame, analyte: str, words: Words) -> None:
    value = part["value"].to_numpy(dtype=float)
    hidden = np.isnan(value)
    _own_lines(axes, part)
    shown = np.where(hidden, np.nanmin(value) if not hidden.all() else 0, value)
    _dots(axes, part, shown, MARKERS[0])
    _name_failures(axes, part, shown)
    material = str(part["material"].iloc[0])
    label = words("qc_value_axis", analyte=analyte, material=legible(material, "?"))
    axes.set_ylabel(label, fontsize=8.5, color=INK)
    axes.margins(y=0.24)


def lines(axes: Axes, centre: float, sd: float) -> None:
    """Draw the centre and the lines of two and three standard deviations."""
    axes.axhline(centre, color=INK, linewidth=0.9)
    if not sd:
        return
    for side in (-1, 1):
        axes.axhline(
            centre + side * 2 * sd,
            color=STATUS_COLOURS["warn"],
            linewidth=0.9,
            linestyle=(0, (5, 3)),
        )
        axes.axhline(
            centre + side * 3 * sd, color=STATUS_COLOURS["fail"], linewidth=0.9
        )


def _own_lines(axes: Axes, part: pd.DataFrame) -> None:
    """Lines of a material; in steps where laboratories have their own."""
    centre, sd = (part[name].to_numpy(dtype=float) for name in ("centre", "sd"))
    if np.isnan(centre).all():
        return
    if len(set(zip(centre, np.nan_to_num(sd), strict=True))) == 1:
        lines(axes, centre[0], float(np.nan_to_num(sd[0])))
        return
    x = part["_place"].to_numpy()
    styles = {0: (INK, "-"), 2: (STATUS_COLOURS["warn"], (0, (5, 3)))}
    styles[3] = (STATUS_COLOURS["fail"], "-")
    for k, (colour, style) in styles.items():
        for side in (-1, 1):
            y = centre + side * k * sd
            axes.step(x, y, where="mid", color=colour, linewidth=0.9, linestyle=style)


def _dots(axes: Axes, part: pd.DataFrame, y: np.ndarray, marker: str) -> None:
    status = part["status"].astype("str").to_numpy()
    x = part["_place"].to_numpy()
    for name, colour in STATUS_COLOURS.items():
        some = status == name
        if not some.any():
            continue
        open_ = name == "untested"
        axes.scatter(
            x[some],
            y[some],
            s=30 if name == "fail" else 20,
            marker=marker,
            facecolor="white" if open_ else colour,
            edgecolor=colour if open_ else "white",
            linewidth=0.9 if open_ else 0.5,
            zorder=4 if name == "fail" else 3,
            clip_on=False,
        )


def _outside(axes: Axes, part: pd.DataFrame, y: np.ndarray, edge: float) -> None:
    """Write the z of results that lie beyond the chart."""
    z = part["z"].to_numpy(dtype=float)
    for x, value, at in zip(part["_place"], z, y, strict=True):
        if np.isfinite(value) and abs(value) > edge:
            axes.annotate(
                f"{value:+.0f}".replace("-", "−"),
                (x, at),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=STATUS_COLOURS["fail"],
            )


def _name_failures(axes: Axes, table: pd.DataFrame, y: np.ndarray) -> None:
    if "sample_id" not in table:
        return
    failed = np.flatnonzero((table["status"] == "fail").to_numpy())
    rules = table["rule"].to_numpy() if "rule" in table else [""] * len(table)
    if not 0 < len(failed) <= MOST_NAMED:
        return
    places, last, level = table["_place"].to_numpy(), -np.inf, 0
    room = axes.get_xlim()[1] / 9
    for at in failed:
        level = (level + 1) % 3 if places[at] - last < room else 0
        code = str(rules[at]).rpartition(", ")[2]
        gravest = SIGNS.get(code, code)
        above = y[at] >= 0 if axes.get_ylim()[0] < 0 else True
        line = {"arrowstyle": "-", "linewidth": 0.5, "color": STATUS_COLOURS["fail"]}
        axes.annotate(
            legible(f"{table['sample_id'].iloc[at]} {gravest}".strip(), "?"),
            (places[at], y[at]),
            xytext=(0, (1 if above else -1) * (5 + 8 * level)),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            fontsize=6.5,
            color=STATUS_COLOURS["fail"],
            zorder=5,
            arrowprops=line if level else None,
        )
        last = places[at]


def _legend(
    figure: Picture, table: pd.DataFrame, materials: list[str], words: Words
) -> None:
    there = set(table["status"])
    handles = [
        Patch(color=colour, label=words(STATUSES[name]))
        for name, colour in STATUS_COLOURS.items()
        if name in there
    ]
    look = {"linestyle": "", "markersize": 5, "color": QUIET}
    handles += [
        Line2D(
            [],
            [],
            marker=MARKERS[i % len(MARKERS)],
            label=legible(m, f"{i + 1}"),
            **look,
        )
        for i, m in enumerate(materials)
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(7, len(handles)),
        fontsize=8,
        frameon=False,
    )


def plain_logs(*every: Axis) -> None:
    """Write 0.1, 1, 10 on logarithmic axes, and 2 and 5 too where they are short."""
    for axis in every:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        low, high = sorted(axis.get_view_interval())
        short = low > 0 and high / low < SHORT
        axis.set_tick_params(which="minor", labelsize=8.5, labelcolor=INK)
        axis.set_minor_formatter(
            FuncFormatter(_two_or_five) if short else NullFormatter()
        )


def _two_or_five(value: float, _: object) -> str:
    return f"{value:g}" if f"{value:e}"[0] in "25" else ""
