"""Maps of minerals with the area of each, and the reasons for one spectrum."""

from __future__ import annotations

import colorsys
import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex, to_rgb
from matplotlib.patches import Patch

from ._canvas import (
    GAP,
    draw_frame,
    draw_north,
    draw_pixels,
    draw_scale_bar,
    frame_of,
    image_of,
    thin,
)
from ._figure import INK, QUIET, finish, new_figure
from ._fonts import figure_language, legible
from ._ramps import class_colours
from ._words import Words

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from ._figure import Picture

UNCLASSIFIED = "#b8b8b8"
MOST_CLASSES = 22
SHADES = (0.0, 0.2, -0.14, 0.3, -0.07, 0.1, -0.2)  # lighter and darker relatives
MARKS = {
    "for": "#1b7837",
    "passed": "#9ac29f",
    "silent": "#b0b0b0",
    "against": "#c0392b",
    "veto": "#8e1b1b",
}
SIGNS = {"for": "+", "passed": "+", "silent": "o", "against": "−", "veto": "×"}
OUTCOMES = {
    "winner": "mineral_winner",
    "accepted": "mineral_accepted",
    "rejected": "mineral_rejected",
}
LINE = 0.2  # inches a line of text
WIDE = {"en": 108, "zh": 72}  # characters a line


def figure_mineral_map(
    result: xr.Dataset | xr.DataArray, *, title: str | None = None, lang: str = "en"
) -> Picture:
    """
    Map of minerals, groups or compositions, with the share of the area of each.

    Parameters
    ----------
    result : Dataset or DataArray
        Of `spectral.mapping.identify_minerals` or one of its class maps,
        ``mineral_groups``, or ``composition`` of `white_mica_composition`: dims (y, x)
        with attrs ``classes``. Lazy ones are read at no more than 1500 cells a side.
    title : str, optional
        Title; the map's own name when not given.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        The legend names the classes present, by falling share of the cells with an
        answer or none ("unclassified", grey); cells without data are hatched and their
        share is that of all cells. Minerals of one group have shades of one colour.
        Without a coordinate system the axes are rows and columns, the first row on top.

    Raises
    ------
    ValueError
        If it is no map of classes, or holds no value at all.

    Examples
    --------
    >>> import xarray as xr
    >>> codes = xr.DataArray(
    ...     [[1.0, 1.0, 0.0]], {"y": [5.0], "x": [5.0, 15.0, 25.0]}, dims=("y", "x"),
    ...     attrs={"classes": {0: "unclassified", 1: "calcite"}},
    ... )
    >>> legend = figure_mineral_map(codes).legends[0]
    >>> [text.get_text() for text in legend.get_texts()]
    ['calcite  67 %', 'unclassified  33 %']
    """
    grid = _class_map(result)
    words = Words(figure_language(lang))
    small = _placed(thin(grid))
    image = image_of(small)
    if image.count() == 0:
        raise ValueError(
            f"map {grid.name!r} holds no value at all: there is nothing to draw"
        )
    codes, counts = np.unique(image.compressed().astype(int), return_counts=True)
    labels = grid.attrs.get("classes_zh" if words.lang == "zh" else "classes")
    labels = {int(k): str(v) for k, v in (labels or grid.attrs["classes"]).items()}
    colours = _colours(grid, codes)
    frame = frame_of(small)
    shape = (frame.north - frame.south) / (frame.east - frame.west)
    height = float(np.clip(5.6 * shape, 2.8, 7.6)) + 0.9
    figure = new_figure(float(np.clip((height - 0.9) / shape, 3.0, 6.4)) + 3.6, height)
    axes = figure.add_subplot()
    import rioxarray  # noqa: F401  (gives grids their .rio)

    placed = small.rio.crs is not None
    if placed:
        draw_frame(axes, frame, words)
    position = np.ma.array(
        np.searchsorted(codes, image.filled(codes[0]).astype(int)), mask=image.mask
    )
    axes.imshow(
        position,
        cmap=ListedColormap([colours[code] for code in codes]),
        norm=BoundaryNorm(np.arange(len(codes) + 1) - 0.5, len(codes)),
        interpolation="nearest",
        extent=frame.extent if placed else draw_pixels(axes, small, words),
        zorder=2,
    )
    if placed:
        draw_scale_bar(axes, frame)
        draw_north(axes, words)
    name = "long_name_zh" if words.lang == "zh" else "long_name"
    text = title if title is not None else str(grid.attrs.get(name) or "")
    if text:
        axes.set_title(
            legible(text, str(grid.name or "")),
            loc="left",
            fontsize=11.5,
            fontweight="bold",
            color=INK,
        )
    entries = _entries(codes, counts, labels, colours, words)
    missing = image.size - image.count()
    if missing:
        share = _percent(missing / image.size)
        entries.append(Patch(label=words("mineral_missing", share=share), **GAP))
    figure.legend(
        handles=entries,
        loc="outside right upper",
        fontsize=8.5,
        frameon=False,
        handlelength=1.3,
        handleheight=1.1,
        labelcolor=INK,
        title=words("mineral_legend"),
        title_fontsize=8.5,
        alignment="left",
    )
    return finish(figure)


def figure_reasons(
    table: pd.DataFrame, *, title: str | None = None, lang: str = "en"
) -> Picture:
    """
    What spoke for and against the best minerals of one spectrum, in sentences.

    Parameters
    ----------
    table : DataFrame
        Of `spectral.mapping.explain_spectrum`, in the language wanted.
    title : str, optional
        Title; none when not given.
    lang : {"en", "zh"}
        Language of the headings.

    Returns
    -------
    Figure
        A block a rule: its name with fit and depth, then a line a feature with a mark,
        green for, red against, grey where nothing depends on it.

    Raises
    ------
    ValueError
        If the table is empty.
    KeyError
        If it lacks columns of `explain_spectrum`.
    """
    needed = [
        "rank",
        "mineral",
        "outcome",
        "rule_fit",
        "rule_depth",
        "verdict",
        "reason",
    ]
    lacking = [name for name in needed if name not in table]
    if lacking:
        raise KeyError(f"the table lacks {lacking}: give that of explain_spectrum")
    if table.empty:
        raise ValueError("the table of reasons is empty: there is nothing to draw")
    words = Words(figure_language(lang))
    lines = list(_lines(table, words))
    height = LINE * (
        sum(text.count("\n") + 1 for *_, text in lines) + len(lines) * 0.25
    )
    figure = new_figure(8.6, height + 0.5 + 0.3 * bool(title))
    axes = figure.add_subplot()
    axes.set(xlim=(0, 1), ylim=(height, -0.05))
    axes.axis("off")
    if title:
        axes.set_title(
            legible(title, ""), loc="left", fontsize=11.5, fontweight="bold", color=INK
        )
    down = 0.0
    for verdict, text in lines:
        heading = verdict == "heading"
        if not heading:
            axes.text(
                0.018,
                down,
                SIGNS[verdict],
                color=MARKS[verdict],
                fontsize=11,
                fontweight="bold",
                ha="center",
                va="top",
            )
        axes.text(
            0.0 if heading else 0.04,
            down + (0.04 if heading else 0.02),
            text,
            color=INK if heading or verdict != "silent" else QUIET,
            fontsize=9.6 if heading else 8.8,
            fontweight="bold" if heading else "normal",
            va="top",
            linespacing=1.35,
        )
        down += LINE * (text.count("\n") + 1.25)
    return finish(figure)


def _class_map(result: xr.Dataset | xr.DataArray) -> xr.DataArray:
    grid = result
    if hasattr(result, "data_vars"):
        names = [name for name in ("mineral", "composition") if name in result]
        if not names:
            raise ValueError(
                f"the dataset has {list(result.data_vars)}: give the one of "
                "identify_minerals, or a single class map"
            )
        grid = result[names[0]]
    if "classes" not in grid.attrs or set(grid.dims) != {"y", "x"}:
        raise ValueError(
            f"{grid.name!r} with dims {grid.dims} is no map of classes: it needs dims "
            "(y, x) and attrs['classes'], as identify_minerals gives"
        )
    return grid


def _placed(grid: xr.DataArray) -> xr.DataArray:
    """Grid with coordinates: pixel numbers where it has none."""
    lacking = [dim for dim in ("y", "x") if dim not in grid.coords]
    return grid.assign_coords({dim: np.arange(grid.sizes[dim]) for dim in lacking})


def _colours(grid: xr.DataArray, codes: np.ndarray) -> dict[int, str]:
    """Colour by code: shades of the group's where the groups are known."""
    given = {
        int(code): colour for code, colour in grid.attrs.get("colours", {}).items()
    }
    if not given and grid.attrs.get("rules") and grid.attrs.get("groups"):
        given = _shades(grid)
    others = [int(code) for code in codes if code and int(code) not in given]
    given |= dict(zip(others, class_colours(others), strict=True))
    return {int(code): given.get(int(code), UNCLASSIFIED) for code in codes}


def _shades(grid: xr.DataArray) -> dict[int, str]:
    from spectral.mapping import mineral_groups

    told = mineral_groups(grid).attrs
    base = {
        told["groups"][number]: colour for number, colour in told["colours"].items()
    }
    seen: dict[str, int] = {}
    shades = {}
    for code, group in grid.attrs["groups"].items():
        if group not in base:
            continue
        place = seen.setdefault(group, 0)
        seen[group] += 1
        shades[int(code)] = _shade(base[group], SHADES[place % len(SHADES)])
    return shades


def _shade(colour: str, lighter: float) -> str:
    hue, light, full = colorsys.rgb_to_hls(*to_rgb(colour))
    return to_hex(colorsys.hls_to_rgb(hue, np.clip(light + lighter, 0.08, 0.92), full))


def _entries(
    codes: np.ndarray,
    counts: np.ndarray,
    labels: dict[int, str],
    colours: dict[int, str],
    words: Words,
) -> list[Patch]:
    order = sorted(range(len(codes)), key=lambda i: (codes[i] == 0, -counts[i]))
    whole = counts.sum()
    shown, rest = order[:MOST_CLASSES], order[MOST_CLASSES:]
    entries = [
        Patch(
            facecolor=colours[int(codes[i])],
            edgecolor=QUIET,
            linewidth=0.3,
            label=_labelled(labels, int(codes[i]), counts[i] / whole),
        )
        for i in shown
    ]
    if rest:
        share = _percent(counts[rest].sum() / whole)
        text = words("mineral_others", n=len(rest), share=share)
        entries.append(Patch(facecolor="white", edgecolor="none", label=text))
    return entries


def _labelled(labels: dict[int, str], code: int, share: float) -> str:
    name = textwrap.fill(legible(labels.get(code, ""), "") or f"{code}", 34)
    return f"{name}  {_percent(share)} %"


def _percent(share: float) -> str:
    percent = 100 * share
    if percent and percent < 0.1:
        return "<0.1"
    return f"{percent:.1f}" if percent < 10 else f"{percent:.0f}"


def _lines(table: pd.DataFrame, words: Words) -> list[tuple[str, str]]:
    lines = []
    for _, part in table.groupby("rank", sort=True):
        head = part.iloc[0]
        outcome = words(OUTCOMES[head["outcome"]])
        text = f"{head['mineral']}{words('colon')}{outcome}"
        if np.isfinite(head["rule_fit"]):
            text = words(
                "mineral_heading_fit",
                name=head["mineral"],
                outcome=outcome,
                fit=head["rule_fit"],
                depth=head["rule_depth"],
            )
        lines.append(("heading", text))
        for row in part.itertuples():
            wide = WIDE[words.lang]
            lines.append((row.verdict, "\n".join(textwrap.wrap(row.reason, wide))))
    return lines
