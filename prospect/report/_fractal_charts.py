"""Charts of fractal models: curves in log-log space, multifractal spectra."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from ._figure import COLOURS, INK, LINE, QUIET, dress, finish, new_figure
from ._fonts import figure_language, legible
from ._words import Words

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from ..geochem import FractalModel
    from ._figure import Picture

KINDS = {
    "concentration_area": "fractal_kind_concentration_area",
    "concentration_number": "fractal_kind_concentration_number",
    "concentration_volume": "fractal_kind_concentration_volume",
    "spectrum_area": "fractal_kind_spectrum_area",
}
AREAS = {"above": "fractal_area_above", "below": "fractal_area_below"}
AMOUNTS = {
    "concentration_area": AREAS,
    "spectrum_area": AREAS,
    "concentration_number": {
        "above": "fractal_number_above",
        "below": "fractal_number_below",
    },
    "concentration_volume": {
        "above": "fractal_volume_above",
        "below": "fractal_volume_below",
    },
}


def figure_fractal(
    model: FractalModel, *, title: str | None = None, lang: str = "en"
) -> Picture:
    """
    Curve of a fractal model in log-log space with its segments, breaks and slopes.

    Parameters
    ----------
    model : FractalModel
        Of `prospect.geochem.concentration_area` and its kin, or `spectrum_area`.
    title : str, optional
        Title; the kind of model and the variable if left out.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Points of the curve (open where they repeat a value and are not fitted), the
        fitted segments with their slopes, breaks as lines with 95 % intervals as bands.

    Examples
    --------
    >>> import pandas as pd
    >>> from prospect.geochem import concentration_number
    >>> soil = pd.DataFrame({"Cu_ppm": np.geomspace(1, 99, 200)})
    >>> model = concentration_number(soil, "Cu_ppm", n_segments=2, n_bootstrap=0)
    >>> figure_fractal(model).axes[0].get_ylabel()
    'number of samples at or above'
    """
    words = Words(figure_language(lang))
    figure = new_figure(6.8, 5.2)
    axes = dress(figure.add_subplot())
    axes.set(xscale="log", yscale="log")
    _draw_points(axes, model)
    _draw_segments(axes, model, words)
    _draw_breaks(axes, model, words)
    _label(axes, model, words, title)
    return finish(figure)


def figure_multifractal(
    spectrum: xr.Dataset, *, title: str | None = None, lang: str = "en"
) -> Picture:
    """
    Mass exponents and multifractal spectrum.

    Parameters
    ----------
    spectrum : Dataset
        Of `prospect.geochem.multifractal_spectrum`.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Left tau(q) beside the line 2 (q - 1) of a field without multifractality, right
        f(alpha).

    Raises
    ------
    KeyError
        If the dataset lacks tau, alpha or f.

    Examples
    --------
    >>> import xarray as xr
    >>> q = np.array([0.0, 1, 2])
    >>> flat = {name: ("q", v) for name, v in
    ...         {"tau": 2 * q - 2, "alpha": q * 0 + 2, "f": q * 0 + 2}.items()}
    >>> figure_multifractal(xr.Dataset(flat, {"q": q})).axes[1].get_xlabel()
    'singularity α'
    """
    missing = [name for name in ("tau", "alpha", "f") if name not in spectrum]
    if missing:
        raise KeyError(
            f"the spectrum lacks {missing}: give the result of multifractal_spectrum"
        )
    words = Words(figure_language(lang))
    figure = new_figure(8.6, 4.0)
    left, right = (dress(axes) for axes in figure.subplots(1, 2))
    q = spectrum["q"].to_numpy()
    style = {"color": QUIET, "linewidth": 1, "linestyle": (0, (4, 3))}
    left.plot(q, 2 * (q - 1), label=words("multifractal_monofractal"), **style)
    left.plot(q, spectrum["tau"], color=COLOURS[0], linewidth=1.8)
    left.legend(fontsize=8.5, frameon=False, loc="lower right")
    left.set_xlabel(words("multifractal_order"), fontsize=9, color=INK)
    left.set_ylabel(words("multifractal_tau"), fontsize=9, color=INK)
    alpha, f = spectrum["alpha"].to_numpy(), spectrum["f"].to_numpy()
    right.axhline(2, **style)
    right.axvline(2, **style)
    right.plot(alpha, f, color=COLOURS[0], linewidth=1.8)
    shown = right.scatter(alpha, f, c=q, cmap="coolwarm_r", s=22, zorder=3)
    bar = figure.colorbar(shown, ax=right, shrink=0.85, pad=0.02)
    bar.set_label(words("multifractal_order"), fontsize=8.5, color=INK)
    bar.ax.tick_params(labelsize=8)
    right.set_xlabel(words("multifractal_alpha"), fontsize=9, color=INK)
    right.set_ylabel(words("multifractal_f"), fontsize=9, color=INK)
    if title:
        text = legible(title, "")
        left.set_title(text, loc="left", fontsize=11, fontweight="bold", color=INK)
    return finish(figure)


def _draw_points(axes: Axes, model: FractalModel) -> None:
    table = model.table
    there = table[model.direction] > 0
    for used, look in (
        (True, {"facecolors": "#8c8c8c", "edgecolors": "none"}),
        (False, {"facecolors": "none", "edgecolors": "#b5b5b5", "linewidths": 0.7}),
    ):
        part = table[there & (table["used"] == used)]
        axes.scatter(part["threshold"], part[model.direction], s=16, zorder=3, **look)


def _draw_segments(axes: Axes, model: FractalModel, words: Words) -> None:
    """Lines and, beside the middle of each, its slope with the interval."""
    used = model.table[model.table["used"]]
    x = used["threshold"].to_numpy()
    edges = np.concatenate([[x.min()], model.breaks, [x.max()]])
    for number, (low, high) in enumerate(pairwise(edges)):
        ends = np.array([low, high])
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(ends, model.law.predict(ends), color=colour, linewidth=1.8, zorder=4)
        middle = float(np.sqrt(low * high))
        text = words("fractal_slope", slope=_signed(model.slopes[number]))
        row = model.intervals.loc[f"slope_{number + 1}"]
        if np.isfinite(row["low"]):
            told = {"low": _signed(row["low"]), "high": _signed(row["high"])}
            text += f"\n({words('fractal_interval', **told)})"
        falling = model.direction == "above"
        axes.annotate(
            text,
            (middle, float(model.law.predict(middle))),
            xytext=(8 if falling else -8, 5),
            textcoords="offset points",
            ha="left" if falling else "right",
            va="bottom",
            fontsize=8,
            color=colour,
            zorder=6,
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 1},
        )


def _draw_breaks(axes: Axes, model: FractalModel, words: Words) -> None:
    """Line and band of each break, its value along the lower edge."""
    values = model.table.loc[model.table["used"], model.direction]
    axes.set_ylim(values.min() * 0.35, values.max() * 3)
    place = axes.get_xaxis_transform()
    floor, ceiling = np.log(axes.get_ylim())
    for number, value in enumerate(model.breaks):
        row = model.intervals.loc[f"break_{number + 1}"]
        text = short(value)
        if np.isfinite(row["low"]):
            axes.axvspan(row["low"], row["high"], color=LINE, alpha=0.45, linewidth=0)
            ends = {"low": short(row["low"]), "high": short(row["high"])}
            text += f"  ({words('fractal_interval', **ends)})"
        axes.axvline(value, color=QUIET, linewidth=0.9, linestyle=(0, (3, 3)), zorder=2)
        # on the side of the curve with more room
        high = np.log(float(model.law.predict(value))) > (floor + ceiling) / 2
        axes.annotate(
            text,
            (value, 0.015 if high else 0.985),
            xycoords=place,
            xytext=(-3, 0),
            textcoords="offset points",
            rotation=90,
            ha="right",
            va="bottom" if high else "top",
            fontsize=8,
            color=INK,
            zorder=6,
        )


def _label(axes: Axes, model: FractalModel, words: Words, title: str | None) -> None:
    kind = words(KINDS[model.kind])
    name = legible(model.variable, "")
    x = words("fractal_power") if model.kind == "spectrum_area" else name
    x += f" ({model.units})" if model.units else ""
    side = words(AMOUNTS[model.kind][model.direction], units=model.amount_units)
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(side, fontsize=9, color=INK)
    heading = legible(title, "") if title else f"{kind}  {name}".strip()
    axes.set_title(
        heading, loc="left", fontsize=11, fontweight="bold", color=INK, pad=22
    )
    draws = model.law.n_bootstrap
    key = "fractal_caption" if draws else "fractal_caption_plain"
    said = {"n": model.law.n_points, "r2": model.law.r2} | (
        {"draws": draws} if draws else {}
    )
    axes.text(0, 1.02, words(key, **said), transform=axes.transAxes, fontsize=8.5,
              color=QUIET, va="bottom")  # fmt: skip
    axes.xaxis.set_major_locator(LogLocator(numticks=9))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_formatter(NullFormatter())


def short(value: float) -> str:
    """
    Return a number in three digits, without an exponent where that can be read.

    Examples
    --------
    >>> short(5412.3), short(0.02377), short(7.65e-5)
    ('5410', '0.0238', '7.65e-05')
    """
    if not 1e-3 <= abs(value) < 1e6:
        return f"{value:.3g}"
    return np.format_float_positional(
        value, precision=3, unique=False, fractional=False, trim="-"
    )


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
