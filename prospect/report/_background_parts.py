"""Parts of the charts of contents: bars, box, curves, scales, thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.ticker import FuncFormatter, NullFormatter
from scipy import stats

from ..geochem.background._background_values import backward, forward
from ..geochem.background._thresholds import FENCE, hinges, plotting_positions
from ._figure import COLOURS, INK, QUIET
from ._numbers import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..geochem.background._mixture import Mixture
    from ._words import Words

BARS = "#b9c7d3"
HIDDEN = "#7d7d7d"
PERCENTS = (0.01, 0.1, 1, 5, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99)


class Drawn(NamedTuple):
    """Values of an analyte ready to draw, in their unit."""

    label: str
    value: NDArray[np.float64]
    below: NDArray[np.bool_]
    n_no_limit: int
    n_imputed: int


def bars(axes: Axes, drawn: Drawn, edges: NDArray[np.float64], words: Words) -> None:
    """Share of the samples in each class, those below detection on top."""
    n = len(drawn.value)
    seen = 100 * np.histogram(drawn.value[~drawn.below], edges)[0] / n
    hidden = 100 * np.histogram(drawn.value[drawn.below], edges)[0] / n
    places = {"align": "edge", "linewidth": 0.6}
    wide, low = np.diff(edges), edges[:-1]
    axes.bar(low, seen, wide, color=BARS, edgecolor="white", **places)
    at = hidden > 0
    if at.any():
        look = {"facecolor": "white", "edgecolor": HIDDEN, "hatch": "////"}
        look |= {"bottom": seen[at], "label": words("background_below")}
        axes.bar(low[at], hidden[at], wide[at], **look, **places)
    axes.set_ylabel(words("background_share"), fontsize=9, color=INK)


def density(axes: Axes, drawn: Drawn, words: Words) -> None:
    """Density of the detected values in lg, as share of a class 0.1 wide."""
    lg = np.log10(drawn.value[~drawn.below])
    if len(lg) < 10 or not lg.std() > 0:
        return
    x = np.linspace(lg.min(), lg.max(), 300)
    height = stats.gaussian_kde(lg)(x) * 10 * len(lg) / len(drawn.value)
    name = words("background_density")
    axes.plot(10**x, height, color=INK, linewidth=1.1, label=name)


def box(axes: Axes, drawn: Drawn) -> None:
    """Tukey's box in lg; hinges that values below detection hide are left open."""
    lg = np.log10(drawn.value)
    low, high = hinges(lg, drawn.below)
    fence = FENCE * (high.value - low.value)
    inside = lg[(lg >= low.value - fence) & (lg <= high.value + fence)]
    stat = {
        "q1": 10**low.value,
        "med": 10 ** float(np.median(lg)),
        "q3": 10**high.value,
        "whislo": 10 ** inside.min(),
        "whishi": 10 ** inside.max(),
        "fliers": 10 ** lg[(lg < inside.min()) | (lg > inside.max())],
    }
    axes.bxp(
        [stat],
        positions=[0],
        widths=0.6,
        orientation="horizontal",
        patch_artist=True,
        boxprops={"facecolor": BARS if low.exact else "white", "edgecolor": INK},
        medianprops={"color": COLOURS[1], "linewidth": 1.4},
        whiskerprops={"color": INK},
        capprops={"color": INK},
        flierprops={"marker": "o", "markersize": 2.6, "markeredgecolor": QUIET},
    )
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def cumulative(axes: Axes, drawn: Drawn, words: Words) -> None:
    """Share at or below each detected value; grey up to the highest limit."""
    seen = plotting_positions(drawn.value, drawn.below)
    axes.plot(seen["value"], 100 * seen["share"], drawstyle="steps-post", color=INK)
    if drawn.below.any():
        limit = float(drawn.value[drawn.below].max())
        axes.axvspan(1e-30, limit, color=HIDDEN, alpha=0.12, linewidth=0)
    axes.set_ylim(0, 100)
    axes.set_ylabel(words("background_cumulative"), fontsize=9, color=INK)


def content_axis(axes: Axes, drawn: Drawn, marks: Iterable[float] = ()) -> None:
    """Logarithmic axis of contents with room on both sides."""
    axes.set_xscale("log")
    shown = np.array([drawn.value.min(), drawn.value.max(), *marks])
    axes.set_xlim(shown.min() / 1.25, shown.max() * 1.25)
    log_ticks(axes, "x", shown)


def log_ticks(axes: Axes, which: str, value: NDArray[np.float64]) -> None:
    """Ticks at 1, 2 and 5 (1 only over many decades), written as plain numbers."""
    low, high = np.log10(value.min()), np.log10(value.max())
    steps = (1, 2, 5) if high - low < 2.5 else (1, 3) if high - low < 4 else (1,)
    decades = np.arange(np.floor(low) - 1, np.ceil(high) + 2)
    ticks = np.sort(np.outer(10.0**decades, steps).ravel())
    axis = axes.xaxis if which == "x" else axes.yaxis
    limits = axes.get_xlim() if which == "x" else axes.get_ylim()
    axis.set_ticks([t for t in ticks if limits[0] <= t <= limits[1]])
    axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.6g}"))
    axis.set_minor_formatter(NullFormatter())


def percent_axis(axes: Axes, reach: float) -> None:
    """Axis of normal quantiles with percentages at its ticks."""
    places = stats.norm.ppf(np.array(PERCENTS) / 100)
    shown = [
        (at, p) for at, p in zip(places, PERCENTS, strict=True) if abs(at) <= reach
    ]
    axes.set_xlim(-reach, reach)
    axes.set_xticks([at for at, _ in shown], labels=[f"{p:g}" for _, p in shown])


def population_lines(axes: Axes, mixture: Mixture, drawn: Drawn, words: Words) -> None:
    """Each population of a mixture by itself, and all of them together."""
    reach = axes.get_xlim()[1]
    place = np.linspace(-reach, reach, 200)
    mean = forward(mixture.populations["mean"], mixture.transform)
    limits = axes.get_ylim()
    for count, (name, row) in enumerate(mixture.populations.iterrows()):
        value = backward(mean[count] + row["sd"] * place, mixture.transform)
        share = f"{100 * row['share']:.0f}"
        text = words("background_population", n=name, share=share)
        look = {"color": COLOURS[count % 7], "linewidth": 1.3, "label": text}
        shown = value > 0
        axes.plot(place[shown], value[shown], **look)
    ends = drawn.value.min() / 1.5, drawn.value.max() * 1.5
    x = np.geomspace(*ends, 400)
    if len(mixture.populations) > 1:
        total = mixture.cumulative(x).sum(axis=1).clip(1e-9, 1 - 1e-9)
        name = words("background_mixture")
        axes.plot(stats.norm.ppf(total), x, color=INK, linewidth=1.2, label=name)
    axes.set_ylim(limits)


def threshold_lines(
    axes: Sequence[Axes], marks: Sequence[tuple[str, float]], *, across: bool = False
) -> None:
    """Thresholds as lines through all axes, named in the legend of the first."""
    for count, (name, value) in enumerate(marks):
        look = {"color": COLOURS[count % 7], "linewidth": 1.1, "linestyle": (0, (4, 2))}
        for each in axes:
            label = f"{name}: {number(value)}" if each is axes[0] else None
            draw = each.axhline if across else each.axvline
            draw(value, label=label, **look)


def legend(axes: Axes, *, below: bool = False) -> None:
    """Legend, if there is anything to name: within the axes or below the figure."""
    if not axes.get_legend_handles_labels()[0]:
        return
    look = {"fontsize": 8, "edgecolor": "none"}
    if below:
        axes.figure.legend(loc="outside lower center", ncols=3, **look)
    else:
        axes.legend(loc="best", framealpha=0.85, **look)


def threshold_bands(axes: Axes, mixture: Mixture, words: Words) -> None:
    """Thresholds of a mixture as lines with their interval as a band."""
    last = mixture.populations.index[-1]
    table = mixture.thresholds
    single = len(mixture.populations) == 1
    kept = (table["kind"] == "equal_density") | (
        (table["kind"] == "upper") & ((table["population"] != last) | single)
    )
    axes.set_ylim(0, axes.get_ylim()[1] * 1.15)
    for _, row in table[kept & table["value"].notna()].iterrows():
        upper = row["kind"] == "upper"
        colour = COLOURS[int(row["population"]) - 1] if upper else QUIET
        key = "background_upper" if upper else "background_equal"
        text = words(key, value=number(float(row["value"])))
        axes.axvline(
            row["value"], color=colour, linewidth=1.1, linestyle="--", label=text
        )
        if np.isfinite(row["low"]):
            axes.axvspan(row["low"], row["high"], color=colour, alpha=0.12, linewidth=0)
