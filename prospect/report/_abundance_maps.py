"""Maps of endmembers' shares on one scale, and what they can be trusted with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from ._canvas import draw_frame, frame_of, image_of, thin
from ._figure import INK, QUIET, finish, new_figure
from ._fonts import figure_language, legible, shortened
from ._ramps import linear_scale, ramp
from ._words import Words

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

    from ._canvas import Frame
    from ._figure import Picture

MOST_MAPS = 11
EDGE = 1e-5  # rounding beyond 0 and 1 that is no error
BELOW, ABOVE = "#d55e00", "#cc79a7"
GOOD_CONDITION = 50.0
MIXTURE = re.compile(r"\b(and|with|und)\b|[+/&]", re.IGNORECASE)
SHADE = {"shade", "shadow"}
ODD = {
    "zero": "unmix_zero",
    "negative": "unmix_negative",
    "unfinished": "unmix_unfinished",
}
OUTSIDE = {
    "at_zero": "unmix_outside_at_zero",
    "below_zero": "unmix_outside_below_zero",
}
LISTED = {
    "at_zero": "unmix_at_zero",
    "below_zero": "unmix_below_zero",
    "noise_gain": "unmix_noise_gain",
}
PAIR = {"one": "endmember", "other": "other"}


def figure_abundances(
    result: xr.Dataset, *, title: str | None = None, lang: str = "en"
) -> Picture:
    """
    Small maps of all shares on one scale from 0 to 1, the residual beside them.

    Parameters
    ----------
    result : Dataset
        ``abundance`` (endmember, y, x) and ``residual`` (y, x) of
        `spectral.mapping.unmix`, `sparse_unmix` or `mesma`. Lazy ones are read at no
        more than 500 cells a side.
    title : str, optional
        Title; none when not given.
    lang : {"en", "zh"}
        Language of the labels; minerals have their name in it.

    Returns
    -------
    Figure
        Gaps are hatched. The title of each map gives the mean share over the cells
        drawn; of more than 11 endmembers those with the largest are drawn, and the
        others counted. Shares below 0 are orange, above 1 pink.

    Raises
    ------
    ValueError
        If the result is no image or holds no value at all.

    Examples
    --------
    >>> import xarray as xr
    >>> shares = xr.DataArray(
    ...     np.array([[[0.2, 0.7]], [[0.8, 0.3]]]),
    ...     {"endmember": ["calcite", "shade"], "y": [5.0], "x": [5.0, 15.0]},
    ...     dims=("endmember", "y", "x"),
    ... )
    >>> result = xr.Dataset({"abundance": shares, "residual": 0.01 + 0 * shares[0]})
    >>> [axes.get_title("left") for axes in figure_abundances(result).axes[:3]]
    ['calcite: mean 0.45', 'shade: mean 0.55', 'residual (RMS reflectance)']
    """
    shares, residual = _drawn(result)
    words = Words(figure_language(lang))
    means = shares.mean(("y", "x")).to_numpy()
    order = np.argsort(-np.nan_to_num(means), kind="stable")
    kept = np.sort(order[:MOST_MAPS])
    frame = frame_of(residual)
    count = len(kept) + 1
    columns, height = _layout(
        count, (frame.north - frame.south), frame.east - frame.west
    )
    rows = -(-count // columns)
    figure = new_figure(10.0, rows * (height + 0.42) + 1.1)
    norm, places = Normalize(-EDGE, 1 + EDGE), []
    for number, at in enumerate(kept, 1):
        axes = figure.add_subplot(rows, columns, number)
        draw_frame(axes, frame, words, labels=False)
        _paint(axes, shares.isel(endmember=at), norm, frame.extent)
        name = _name(str(shares["endmember"].to_numpy()[at]), words)
        mean = f"{means[at]:.2g}"
        _entitle(axes, words("unmix_mean", name=name, mean=mean), columns)
        places.append(axes)
    axes = figure.add_subplot(rows, columns, rows * columns)
    draw_frame(axes, frame, words, labels=False)
    _residual(axes, residual, frame.extent)
    _entitle(axes, words("unmix_residual"), columns)
    _bar(figure, [*places, axes], shares, norm, words)
    _foot(figure, frame, len(means) - len(kept), words)
    if title:
        figure.suptitle(legible(title, ""), x=0.01, ha="left", fontsize=11.5, color=INK)
    return finish(figure)


def describe_unmixing(report: pd.DataFrame, *, lang: str = "en") -> list[str]:
    """
    Sentences for readers, from the table of `spectral.mapping.unmixing_report`.

    Parameters
    ----------
    report : DataFrame
        The table.
    lang : {"en", "zh"}
        Language.

    Returns
    -------
    list of str
        What is not so (no pixel of zeros, no pair alike) is not mentioned.

    Examples
    --------
    >>> import pandas as pd
    >>> names = ["what", "endmember", "other", "value"]
    >>> report = pd.DataFrame([["pair", "mica", "illite", 1.25]], columns=names)
    >>> describe_unmixing(report)[0]
    'mica and illite can hardly be told apart: their spectra are 1.2° apart. Read their shares together.'
    """  # noqa: E501
    words = Words(lang)
    alone = report[report["endmember"] == ""].set_index("what")["value"]
    said = []
    if "pixels" in alone:
        n, missing = int(alone["pixels"]), int(alone["missing"])
        said.append(words("unmix_pixels", n=n, missing=missing))
    odd = [what for what in ODD if alone.get(what, 0) > 0]
    said += [words(ODD[what], n=int(alone[what])) for what in odd]
    if "residual_50" in alone and alone["pixels"] > 0:
        parts = {
            "median": "residual_50",
            "high": "residual_95",
            "worst": "residual_max",
        }
        values = {key: f"{alone[what]:.2g}" for key, what in parts.items()}
        said.append(words("unmix_residuals", **values))
    said += _constraints(report, alone, words)
    if "condition" in alone:
        good = alone["condition"] < GOOD_CONDITION
        key = "unmix_condition_good" if good else "unmix_condition_poor"
        said.append(words(key, value=f"{alone['condition']:.3g}"))
    said += _listed(report, "noise_gain", 0.01, words)
    for row in report[report["what"] == "pair"].to_dict("records"):
        names = {key: _name(row[of], words) for key, of in PAIR.items()}
        said.append(words("unmix_pair", **names, angle=f"{row['value']:.2g}"))
    return said


def _constraints(report: pd.DataFrame, alone: pd.Series, words: Words) -> list[str]:
    said = []
    for what in ("at_zero", "below_zero"):
        if (report["what"] == what).any():
            share = f"{100 * alone['outside']:.3g}"
            said.append(words(OUTSIDE[what], share=share))
            said += _listed(report, what, 100.0, words)
    return said


def _listed(report: pd.DataFrame, what: str, factor: float, words: Words) -> list[str]:
    rows = report[report["what"] == what]
    digits = 2 if factor < 1 else 3
    items = [
        f"{_name(name, words)} {factor * value:.{digits}g}"
        for name, value in zip(rows["endmember"], rows["value"], strict=True)
    ]
    return [words(LISTED[what], list=words("comma").join(items))] if items else []


def _drawn(result: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Shares and residual of the cells drawn."""
    for name, dims in (
        ("abundance", {"endmember", "y", "x"}),
        ("residual", {"y", "x"}),
    ):
        if name not in result or set(result[name].dims) != dims:
            raise ValueError(
                f"maps of shares need '{name}' with dimensions {sorted(dims)}: give "
                "the result of spectral.mapping.unmix for a cube"
            )
    both = thin(result[["abundance", "residual"]], size=500)
    if not np.isfinite(both["abundance"]).any():
        raise ValueError(
            "the shares hold no value at all: every pixel lacks a good band. Mark the "
            "bands that are missing everywhere as bad."
        )
    return both["abundance"].transpose("endmember", "y", "x"), both["residual"]


def _layout(count: int, height: float, width: float) -> tuple[int, float]:
    """Maps side by side, the fewest places left empty, and their height in inches."""
    shape = height / width
    wanted = [4, 5] if shape > 1.3 else [3, 4]
    columns = count
    if count > wanted[0]:
        columns = min(wanted, key=lambda n: (-count % n, n))
    return columns, min((10.0 / columns - 0.35) * shape, 6.0)


def _foot(figure: Picture, frame: Frame, left_out: int, words: Words) -> None:
    """Under the maps: how wide they are, and how many were not drawn."""
    said = []
    if frame.projected:
        said.append(words("unmix_width", width=f"{frame.east - frame.west:.3g}"))
    if left_out:
        said.append(words("unmix_more", n=left_out))
    if said:
        text = words("semicolon").join(said)
        figure.supxlabel(text, fontsize=8.5, color=QUIET)


def _colours() -> Colormap:
    """Colours of shares, with others for those that cannot be."""
    return ramp("evidence").with_extremes(under=BELOW, over=ABOVE)


def _paint(axes: Axes, grid: xr.DataArray, norm: Normalize, extent: tuple) -> None:
    axes.imshow(
        image_of(grid),
        cmap=_colours(),
        norm=norm,
        extent=extent,
        interpolation="nearest",
        zorder=2,
    )


def _residual(axes: Axes, grid: xr.DataArray, extent: tuple) -> None:
    image = image_of(grid)
    if not image.count():
        return
    scale = linear_scale(image.compressed(), "uncertainty")
    drawn = axes.imshow(
        image,
        cmap=scale.cmap,
        norm=scale.norm,
        extent=extent,
        interpolation="nearest",
        zorder=2,
    )
    place = axes.inset_axes([1.03, 0.0, 0.045, 1.0])
    bar = axes.figure.colorbar(drawn, cax=place, extend=scale.extend, extendfrac=0.03)
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=7, length=2, width=0.5, colors=INK)


def _bar(
    figure: Picture,
    places: list[Axes],
    shares: xr.DataArray,
    norm: Normalize,
    words: Words,
) -> None:
    """One bar for all shares, pointed where some lie beyond."""
    low, high = float(shares.min()) < -EDGE, float(shares.max()) > 1 + EDGE
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}
    bar = figure.colorbar(
        ScalarMappable(norm, _colours()),
        ax=places,
        location="bottom",
        extend=extend[low, high],
        shrink=0.5,
        aspect=45,
        pad=0.02,
    )
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=8, length=2, width=0.5, colors=INK)
    bar.set_label(words("unmix_share"), fontsize=8.5, color=INK)


def _entitle(axes: Axes, text: str, columns: int) -> None:
    most = 150 // columns
    axes.set_title(shortened(text, most=most), loc="left", fontsize=8.5, color=INK)


def _name(name: str, words: Words) -> str:
    """Name in the language of the words, for minerals and shade."""
    if name.lower() in SHADE:
        return words("unmix_shade")
    # "kaolinite and mica" is not kaolinite
    if words.lang == "zh" and not MIXTURE.search(name):
        from spectral.library import find_mineral, mineral_table

        mineral = find_mineral(name)
        if mineral is not None:
            return str(mineral_table().loc[mineral, "zh"])
    return legible(name, name)
