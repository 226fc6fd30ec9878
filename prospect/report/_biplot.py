"""Figures of multivariate methods: biplot, dendrogram."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._figure import COLOURS, INK, QUIET, dress, finish, new_figure
from ._fonts import figure_language, legible
from ._points import add_legend, groups_of, keep_apart
from ._words import Words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ._figure import Picture

LEAST_RAY = 0.12
TREES = {"variation": "tree_variation", "correlation": "tree_correlation"}


def figure_biplot(
    model: Any,  # noqa: ANN401
    scores: pd.DataFrame,
    *,
    components: tuple[int, int] = (1, 2),
    groups: pd.Series | None = None,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Biplot of samples and analytes.

    Parameters
    ----------
    model : RobustPCA or RobustFactors
        Fitted; its loadings are the rays.
    scores : DataFrame
        What `model.transform` gave.
    components : tuple of int
        Which two, counted from 1.
    groups : Series, optional
        Group of each sample, on the index of `scores`; sets the colours.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Covariance biplot: samples in standard deviations of each component; the length
        of a ray is the spread of the analyte's clr, the distance of two tips the
        spread of the log-ratio of the two. Rays are drawn larger by a factor that the
        figure states; rays shorter than an eighth of the longest go without a name,
        and are counted.

    Raises
    ------
    ValueError
        If the model has no such components, or scores are those of another model.

    Examples
    --------
    >>> from prospect.geochem import RobustPCA
    >>> random = np.random.default_rng(0)
    >>> table = pd.DataFrame(np.exp(random.normal(size=(60, 3))),
    ...                      columns=["Cu_ppm", "Zn_ppm", "Pb_ppm"])
    >>> model = RobustPCA(random_state=0).fit(table)
    >>> figure_biplot(model, model.transform(table)).axes[0].get_xlabel()[:4]
    'PC1 '
    """
    words = Words(figure_language(lang))
    names = list(model.get_feature_names_out())
    chosen = [i - 1 for i in components]
    if len(chosen) != 2 or not all(0 <= i < len(names) for i in chosen):
        raise ValueError(
            f"components={components}: the model has {len(names)}, give two numbers "
            f"from 1 to {len(names)}."
        )
    if not set(names) <= set(scores.columns):
        raise ValueError(
            f"scores have the columns {list(scores.columns)}, the model makes {names}: "
            "give what model.transform gave."
        )
    picked = [names[i] for i in chosen]
    spread = np.sqrt(getattr(model, "explained_variance_", np.ones(len(names))))
    points = scores[picked].to_numpy() / spread[chosen]
    rays = model.loadings_[picked].to_numpy()
    figure = new_figure(7.4, 6.4)
    axes = dress(figure.add_subplot())
    axes.axhline(0, color=QUIET, linewidth=0.6)
    axes.axvline(0, color=QUIET, linewidth=0.6)
    _draw_points(axes, points, scores.index, groups, words)
    factor = _factor(points, rays)
    hidden = _draw_rays(axes, rays * factor, list(model.loadings_.index))
    share = 100 * np.asarray(model.explained_variance_ratio_)[chosen]
    axes.set_xlabel(words("biplot_axis", name=picked[0], share=f"{share[0]:.0f}"))
    axes.set_ylabel(words("biplot_axis", name=picked[1], share=f"{share[1]:.0f}"))
    kind = words("biplot_robust" if model.robust else "biplot_classical")
    told = [kind, words("biplot_factor", factor=f"{factor:.2g}")]
    if hidden:
        told.append(words("biplot_hidden", n=hidden))
    if (imputed := scores.attrs.get("imputed_share", 0)) > 0:
        told.append(words("biplot_imputed", share=f"{100 * imputed:.1f}"))
    _captions(axes, title, words("semicolon").join(told))
    add_legend(axes, title=str(groups.name or "") if groups is not None else "")
    return finish(figure)


def figure_dendrogram(
    clusters: Any,  # noqa: ANN401
    *,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Tree of analytes.

    Parameters
    ----------
    clusters : AnalyteClusters
        What `prospect.geochem.cluster_analytes` gave.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Analytes from top to bottom, distance to the right, a colour a group.

    Examples
    --------
    >>> from prospect.geochem import cluster_analytes
    >>> random = np.random.default_rng(0)
    >>> table = pd.DataFrame(np.exp(random.normal(size=(60, 4))),
    ...                      columns=["Cu_ppm", "Zn_ppm", "Pb_ppm", "Ni_ppm"])
    >>> figure = figure_dendrogram(cluster_analytes(table, random_state=0))
    >>> figure.axes[0].get_xlabel()
    'spread of the log-ratio of two analytes (standard deviation)'
    """
    from scipy.cluster.hierarchy import dendrogram

    words = Words(figure_language(lang))
    labels = clusters.labels
    colours = _joint_colours(clusters.tree, labels.to_numpy())
    drawn = dendrogram(
        clusters.tree, no_plot=True, link_color_func=lambda joint: colours[joint]
    )
    leaf_group = labels.to_numpy()[drawn["leaves"]]
    figure = new_figure(6.8, 0.21 * len(labels) + 1.3)
    axes = dress(figure.add_subplot(), grid=False)
    lines = zip(drawn["icoord"], drawn["dcoord"], drawn["color_list"], strict=True)
    for across, along, colour in lines:
        axes.plot(along, across, color=colour, linewidth=1.4)
    places = 5 + 10 * np.arange(len(labels))
    names = [legible(str(labels.index[i]), str(i + 1)) for i in drawn["leaves"]]
    axes.set_yticks(places, labels=names)
    for tick, group in zip(axes.get_yticklabels(), leaf_group, strict=True):
        tick.set_color(COLOURS[(group - 1) % 6])
    axes.set_ylim(10 * len(labels), 0)
    axes.set_xlim(left=0)
    kind = labels.attrs.get("distance", "variation")
    axes.set_xlabel(words(TREES[kind]), fontsize=9, color=INK)
    text = words("tree_told", r=f"{clusters.cophenetic:.2f}", n=int(labels.max()))
    _captions(axes, title, text)
    return finish(figure)


def _joint_colours(
    tree: NDArray[np.float64], labels: NDArray[np.intp]
) -> dict[int, str]:
    """Colour of each joint of a tree: that of its group, grey where groups meet."""
    group = dict(enumerate(labels.tolist()))
    for number, (left, right, *_) in enumerate(tree, len(labels)):
        sides = {group[int(left)], group[int(right)]}
        group[number] = sides.pop() if len(sides) == 1 else 0
    return {
        joint: COLOURS[(each - 1) % 6] if each else QUIET
        for joint, each in group.items()
    }


def _draw_points(
    axes: Axes,
    points: NDArray[np.float64],
    index: pd.Index,
    groups: pd.Series | None,
    words: Words,
) -> None:
    table = pd.DataFrame({"group": None}, index=index)
    if groups is not None:
        table["group"] = groups.reindex(index)
    column = "group" if groups is not None else None
    for group in groups_of(table, column, words):
        look = dict(group.look)
        if column is None:
            look["c"] = "#9a9a9a"
        axes.scatter(*points[group.rows].T, label=group.label or None, **look)


def _factor(points: NDArray[np.float64], rays: NDArray[np.float64]) -> float:
    """Scale at which the longest ray reaches most of the samples."""
    length = np.sqrt((rays**2).sum(axis=1)).max()
    reach = np.quantile(np.sqrt((points**2).sum(axis=1)), 0.98)
    return float(reach / length) if length > 0 else 1.0


def _draw_rays(axes: Axes, tips: NDArray[np.float64], names: list[str]) -> int:
    """Rays with their names; how many are too short for one."""
    length = np.sqrt((tips**2).sum(axis=1))
    told = length >= LEAST_RAY * length.max()
    for tip in tips:
        axes.annotate(
            "",
            tip,
            (0, 0),
            arrowprops={"arrowstyle": "-|>", "color": COLOURS[1], "linewidth": 0.9},
            zorder=5,
        )
    size = length.max()
    outer = tips[told] * (1 + 0.06 * size / length[told, None])
    # arrows do not widen the axes, and one that ends outside them is not drawn
    axes.update_datalim(np.vstack([tips, 1.05 * outer]))
    axes.autoscale_view()
    texts = [name for name, each in zip(names, told, strict=True) if each]
    shown = [legible(text.partition("_")[0], text) for text in texts]
    places = keep_apart(outer, shown, height=0.075 * size, width=0.045 * size)
    for place, tip, text in zip(places, tips[told], shown, strict=True):
        if np.hypot(*(place - tip)) > 0.14 * size:
            axes.plot(*zip(tip, place, strict=True), color=LINE_TO_NAME, linewidth=0.5)
        axes.text(
            *place,
            text,
            ha="center",
            va="center",
            fontsize=8.5,
            color=INK,
            zorder=6,
            bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.6},
        )
    return int((~told).sum())


LINE_TO_NAME = "#b5b5b5"


def _captions(axes: Axes, title: str | None, told: str) -> None:
    if title:
        axes.set_title(
            legible(title, ""),
            loc="left",
            fontsize=11,
            fontweight="bold",
            color=INK,
            pad=20,  # above the note, which may be as wide as the axes
        )
    axes.annotate(
        told,
        (1, 1),
        xycoords="axes fraction",
        xytext=(0, 4),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=7.5,
        color=QUIET,
    )
