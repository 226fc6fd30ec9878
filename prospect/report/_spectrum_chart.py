"""Charts of spectra: gaps left blank, uncertainty, continuum and features marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._canvas import round_length
from ._figure import COLOURS, INK, QUIET, dress, finish, new_figure
from ._fonts import figure_language, legible, shortened
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    import xarray as xr
    from matplotlib.axes import Axes

    from ._figure import Picture

MOST = 24  # spectra of one chart
MOST_MARKS = 8  # features marked on one spectrum
FEW_BANDS = 20  # drawn with a point a band, and no gaps
WIDE = 4.0  # steps in wavelength this much above the usual are gaps


class Curve(NamedTuple):
    """One spectrum as it is drawn, gaps as NaN."""

    name: str
    label: str
    colour: str
    width: float
    style: str
    x: np.ndarray
    y: np.ndarray
    spread: np.ndarray | None
    below: np.ndarray | None
    shift: float


def figure_spectra(
    spectra: xr.DataArray,
    *,
    continuum: xr.DataArray | None = None,
    features: pd.DataFrame | None = None,
    matches: xr.DataArray | None = None,
    labels: Mapping[str, str] | None = None,
    offset: float | str = 0.0,
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Chart of spectra, with their continuum, features and library matches.

    Parameters
    ----------
    spectra : DataArray
        Library, dims ("spectrum", "wavelength"), or one spectrum, in nm. Bad bands,
        missing values and steps of more than four usual band spacings are left blank.
        With a coordinate ``uncertainty`` (spectrum, wavelength), a band of one standard
        deviation either side.
    continuum : DataArray, optional
        Of the same spectra, as `spectral.mapping.continuum` gives it, dashed.
    features : DataFrame, optional
        As `spectral.mapping.find_features` gives it: the eight deepest of each spectrum
        are marked at ``position``, to the continuum where that is given.
    matches : DataArray, optional
        Library spectra to be compared with: `spectra` are drawn in black, these in
        colour.
    labels : mapping of str to str, optional
        What to write beside a spectrum, by its name; the name itself when not given.
    offset : float or "auto"
        Shift of each spectrum below the one before, for many at once; "auto" shifts
        each as far as it must to keep clear of the others. The axis then has a scale
        bar in place of numbers.
    title : str, optional
        Title.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Spectra are named at their right end instead of in a legend.

    Raises
    ------
    ValueError
        If the spectra are a cube, more than 24, or hold no value at all.

    Examples
    --------
    >>> import xarray as xr
    >>> waves = {"wavelength": [2100.0, 2200.0, 2300.0]}
    >>> figure = figure_spectra(xr.DataArray([0.4, 0.2, 0.5], waves), title="Mica")
    >>> figure.axes[0].get_xlabel()
    'Wavelength (nm)'
    """
    words = Words(figure_language(lang))
    shown = [_rows(spectra)] + ([] if matches is None else [_rows(matches)])
    if sum(rows.sizes["spectrum"] for rows in shown) > MOST:
        raise ValueError(f"a chart takes {MOST} spectra at most: choose some")
    curves = _curves(shown, continuum, labels or {}, offset)
    figure = new_figure(8.4, 4.2 if offset == 0 else min(9.0, 3.2 + 0.5 * len(curves)))
    axes = dress(figure.add_subplot())
    for curve in curves:
        _draw(axes, curve)
    axes.margins(x=0.01, y=0.06)
    if features is not None:
        for curve in curves[: shown[0].sizes["spectrum"]]:
            _mark(axes, curve, features)
    _name(axes, curves)
    name = words(_quantity(spectra))
    if curves[-1].shift:
        name = words("spectra_offset", name=name)
        _scale_bar(axes)
    axes.set_xlabel(words("spectra_wavelength"), fontsize=9, color=INK)
    axes.set_ylabel(name, fontsize=9, color=INK)
    if title:
        text = legible(title, "")
        axes.set_title(text, loc="left", fontsize=11, fontweight="bold", color=INK)
    return finish(figure)


def _rows(spectra: xr.DataArray) -> xr.DataArray:
    if "wavelength" not in spectra.dims or not set(spectra.dims) <= {
        "spectrum", "wavelength",
    }:  # fmt: skip
        raise ValueError(
            f"a chart takes a library or one spectrum, not dims {spectra.dims}. Take "
            "pixels, cube.isel(y=0, x=0), or means of regions, "
            "spectral.mean_spectra(cube, regions)."
        )
    if "spectrum" not in spectra.dims:
        spectra = spectra.expand_dims(spectrum=[str(spectra.name or "")])
    if "spectrum" not in spectra.coords:
        count = spectra.sizes["spectrum"]
        spectra = spectra.assign_coords(spectrum=[str(i + 1) for i in range(count)])
    return spectra.transpose("spectrum", "wavelength").compute()


def _curves(
    shown: list[xr.DataArray],
    continuum: xr.DataArray | None,
    labels: Mapping[str, str],
    offset: float | str,
) -> list[Curve]:
    """Spectra in the order they are drawn, the first on top."""
    lines = None if continuum is None else _rows(continuum)
    curves: list[Curve] = []
    for place, rows in enumerate(shown):
        for i, name in enumerate(str(label) for label in rows["spectrum"].to_numpy()):
            x, y = _with_gaps(rows, rows[i].to_numpy())
            black = len(shown) > 1 and place == 0
            spread = None
            if "uncertainty" in rows.coords:
                spread = _with_gaps(rows, rows["uncertainty"][i].to_numpy())[1]
            below = None
            if lines is not None and place == 0 and i < lines.sizes["spectrum"]:
                below = np.interp(x, *_known(lines, i), left=np.nan, right=np.nan)
                below[np.isnan(y)] = np.nan
            turn = i if len(shown) == 1 or place else 0
            style = "-" if turn < len(COLOURS) or black else "--"
            label = legible(str(labels.get(name, name)), f"{i + 1}")
            look = (INK, 1.9, "-") if black else (COLOURS[turn % 7], 1.3, style)
            curves.append(Curve(name, label, *look, x, y, spread, below, 0.0))
    if not any(np.isfinite(curve.y).any() for curve in curves):
        raise ValueError("the spectra hold no value at all: there is nothing to draw")
    shifts = _apart(curves)
    if offset != "auto":
        shifts = [-i * float(offset) for i in range(len(curves))]
    return [
        curve._replace(shift=shift) for curve, shift in zip(curves, shifts, strict=True)
    ]


def _with_gaps(rows: xr.DataArray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Wavelengths and values, NaN in bad bands and between bands far apart."""
    x, y = rows["wavelength"].to_numpy().astype(float), values.astype(float)
    if "bad_bands" in rows.coords:
        y = np.where(rows["bad_bands"].to_numpy().astype(bool), np.nan, y)
    if x.size <= FEW_BANDS:
        return x, y
    step = np.diff(x)
    wide = np.flatnonzero(step > WIDE * np.median(step)) + 1
    return np.insert(x, wide, (x[wide - 1] + x[wide]) / 2), np.insert(y, wide, np.nan)


def _known(rows: xr.DataArray, i: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = rows["wavelength"].to_numpy(), rows[i].to_numpy().astype(float)
    known = np.isfinite(y)
    return (x[known], y[known]) if known.any() else (x, y)


def _apart(curves: list[Curve]) -> list[float]:
    """Shifts that keep each spectrum clear of those above it."""
    drawn = [curve for curve in curves if np.isfinite(curve.y).any()]
    heights = [np.ptp(curve.y[np.isfinite(curve.y)]) for curve in drawn]
    room = 0.3 * float(np.median(heights)) + 0.05 * float(np.max(heights))
    grid = np.unique(np.concatenate([curve.x for curve in curves]))
    floor, shifts = np.full(grid.size, np.nan), []
    for curve in curves:
        known = np.isfinite(curve.y)
        low = top = np.full(grid.size, np.nan)
        if known.any():
            outside = {"left": np.nan, "right": np.nan}
            low = np.interp(grid, curve.x[known], curve.y[known], **outside)
            line = curve.y if curve.below is None else np.fmax(curve.y, curve.below)
            top = np.interp(grid, curve.x[known], line[known], **outside)
        over = top - floor
        needed = float(np.nanmax(over)) + room if np.isfinite(over).any() else 0.0
        shifts.append(-needed if shifts else 0.0)
        floor = np.fmin(floor, low + shifts[-1])
    return shifts


def _scale_bar(axes: Axes) -> None:
    """Length of a round difference in place of numbers that a shift makes wrong."""
    low, high = axes.get_ylim()
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    length = round_length((high - low) / 6)
    start = low + 0.03 * (high - low)
    place = axes.get_yaxis_transform()
    axes.plot([0.004] * 2, [start, start + length], color=INK, linewidth=2.2,
              transform=place, clip_on=False, solid_capstyle="butt")  # fmt: skip
    axes.text(0.012, start + length / 2, f"{length:g}", transform=place, fontsize=8,
              color=INK, va="center")  # fmt: skip


def _draw(axes: Axes, curve: Curve) -> None:
    x, y = curve.x, curve.y + curve.shift
    if curve.spread is not None:
        low, high = y - curve.spread, y + curve.spread
        axes.fill_between(x, low, high, color=curve.colour, alpha=0.18, linewidth=0)
    look = {"color": curve.colour, "linewidth": curve.width, "linestyle": curve.style}
    if x.size <= FEW_BANDS:
        look |= {"marker": "o", "markersize": 3.5}
    axes.plot(x, y, **look)
    if curve.below is not None:
        line = curve.below + curve.shift
        look = {"linewidth": 0.9, "linestyle": (0, (4, 3)), "alpha": 0.8}
        axes.plot(x, line, color=curve.colour, **look)


def _mark(axes: Axes, curve: Curve, features: pd.DataFrame) -> None:
    """Tick and wavelength below each of the deepest features of a spectrum."""
    table = features
    if "spectrum" in features:
        table = features[features["spectrum"].astype(str) == curve.name]
    known = np.isfinite(curve.y)
    if not known.any() or table.empty:
        return
    low, high = axes.get_xlim()
    taken: list[float] = []
    for row in table.nlargest(MOST_MARKS, "depth").itertuples():
        at = float(row.position)
        if not low < at < high or any(abs(at - x) < 0.03 * (high - low) for x in taken):
            continue
        taken.append(at)
        y = float(np.interp(at, curve.x[known], curve.y[known])) + curve.shift
        if curve.below is not None and np.isfinite(curve.below).any():
            there = np.isfinite(curve.below)
            top = float(np.interp(at, curve.x[there], curve.below[there]))
            axes.vlines(at, y, top + curve.shift, color=curve.colour, linewidth=0.8)
        axes.annotate(
            f"{at:.0f}",
            (at, y),
            xytext=(0, -9),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7.5,
            color=curve.colour,
            arrowprops={"arrowstyle": "-", "color": curve.colour, "linewidth": 0.7,
                        "shrinkA": 0, "shrinkB": 1.5},
        )  # fmt: skip


def _name(axes: Axes, curves: list[Curve]) -> None:
    """Names at the right end of the spectra, moved apart where they would overlap."""
    ends = []
    for curve in curves:
        known = np.flatnonzero(np.isfinite(curve.y))
        if curve.label and known.size:
            ends.append((curve.y[known[-1]] + curve.shift, curve))
    if not ends:
        return
    low, high = axes.get_ylim()
    height = axes.figure.get_size_inches()[1] - 1.0
    room = 0.155 / height * (high - low)
    ends.sort(key=lambda pair: pair[0])
    places: list[float] = []
    for y, _ in ends:
        places.append(max(y, places[-1] + room) if places else y)
    over = places[-1] - (high - room / 2)
    for i in reversed(range(len(places))):
        if over > 0:
            ceiling = places[i + 1] - room if i + 1 < len(places) else high - room / 2
            places[i] = min(places[i], ceiling)
    leader = {"arrowstyle": "-", "color": QUIET, "linewidth": 0.5, "relpos": (0, 0.5)}
    for place, (y, curve) in zip(places, ends, strict=True):
        axes.annotate(
            shortened(curve.label, most=34),
            (1.0, y),
            xycoords=("axes fraction", "data"),
            xytext=(1.02, place),
            textcoords=("axes fraction", "data"),
            fontsize=8.5,
            color=curve.colour,
            va="center",
            annotation_clip=False,
            arrowprops=leader if abs(place - y) > 0.5 * room else None,
        )


def _quantity(spectra: xr.DataArray) -> str:
    if "continuum" in spectra.attrs and "removed" in str(
        spectra.attrs.get("long_name")
    ):
        return "spectra_removed"
    radiance = spectra.attrs.get("quantity") == "radiance"
    return "spectra_radiance" if radiance else "spectra_reflectance"
