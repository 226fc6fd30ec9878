"""Plot and map of the same samples: what is marked in one is marked in the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.colors import to_hex

from survey import check_columns

from ..report import COLOURS, Words, map_colours
from ._place import place_of

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from ._linked_widget import LinkedView

MOST = 200_000  # samples a page can draw and mark without waiting
MOST_GROUPS = 12
OTHER = "#b0b0b0"
MORE_COLOURS = ("#8c564b", "#7f7f00", "#7b3294", "#008080", "#c51b7d", "#4d4d4d")
STOPS = 24


def view_linked(
    samples: gpd.GeoDataFrame,
    *,
    x: str,
    y: str,
    colour: str | None = None,
    labels: str | None = None,
    log: str = "",
    lang: str = "en",
    height: int = 400,
) -> LinkedView:
    """
    Plot of two columns beside the map of the samples: mark in one, see in the other.

    Draw a box with the mouse in either; with shift it adds to what is marked. Values
    below detection are drawn hollow at their limit, with an arrow towards where they
    lie; samples without a value stay on the map and are counted.

    Parameters
    ----------
    samples : GeoDataFrame of points
        One row a sample. Boolean columns ``<x>_censored`` and ``<y>_censored`` mark
        values below detection, as `survey.read_samples` gives them.
    x, y : str
        Columns of numbers plotted against each other.
    colour : str, optional
        Column that colours the samples: numbers on a ramp, anything else by group, the
        twelve largest apart.
    labels : str, optional
        Column shown under the mouse; `sample_id` where there is one, else the index.
    log : {"", "x", "y", "xy"}
        Axes that start out logarithmic; the page can switch them.
    lang : {"en", "zh"}
        Language.
    height : int
        Height of plot and map in pixels of the page.

    Returns
    -------
    LinkedView
        Widget with `selected` (the marked rows of `samples`), `select(ids)`, which
        marks rows by their index, and `on_select(callback)`. On a static page a picture
        stands in its place.

    Raises
    ------
    ImportError
        If anywidget is not installed: with the extra that brings it.
    ValueError
        If a column is missing or holds no numbers, there is no sample or more than
        200 000, or `log` is another word.

    Examples
    --------
    >>> import geopandas as gpd
    >>> samples = gpd.GeoDataFrame(
    ...     {"Cu_ppm": [20.0, 90.0, 5.0], "Zn_ppm": [50.0, 60.0, 30.0]},
    ...     geometry=gpd.points_from_xy([0, 100, 200], [0, 0, 50]), crs="EPSG:4547")
    >>> view = view_linked(samples, x="Cu_ppm", y="Zn_ppm", log="xy")
    >>> view.select([1])
    >>> view.selected["Cu_ppm"].tolist()
    [90.0]
    """
    words = Words(lang)
    try:
        from ._linked_widget import LinkedView
    except ImportError as error:
        raise ImportError(
            "the plot needs anywidget: python -m pip install 'prospect-workbench[lab]'"
        ) from error
    _check(samples, (x, y), colour, labels, log)
    places = samples.geometry.centroid if _areas(samples) else samples.geometry
    place = place_of([_edges(places)], crs=samples.crs, counted=False)
    across, upward = _axis(samples, x), _axis(samples, y)
    paint = _paint(samples, colour, words)
    return LinkedView(
        samples,
        place,
        words=words,
        log_x="x" in log,
        log_y="y" in log,
        height=height,
        data={
            "x_values": across.numbers,
            "x_below": across.below,
            "y_values": upward.numbers,
            "y_below": upward.below,
            "east": _numbers(places.x.to_numpy()),
            "north": _numbers(places.y.to_numpy()),
            "labels": _labels(samples, labels),
            "colours": paint.colours,
        },
        titles={"x": x, "y": y, "colour": colour or ""},
        legend=paint.legend,
    )


class _Axis(NamedTuple):
    """Values (None where missing) and whether each is a limit of detection."""

    numbers: list[float | None]
    below: list[bool]


class _Paint(NamedTuple):
    """Colour of each sample, and the legend."""

    colours: list[str]
    legend: dict[str, Any]


def _check(
    samples: gpd.GeoDataFrame,
    axes: tuple[str, str],
    colour: str | None,
    labels: str | None,
    log: str,
) -> None:
    named = [name for name in (*axes, colour, labels) if name is not None]
    check_columns(samples, named)
    if not hasattr(samples, "geometry") or samples.geometry is None:
        raise ValueError("samples have no geometry: read them with survey.read_samples")
    if log not in ("", "x", "y", "xy"):
        raise ValueError(f"log= is one of '', 'x', 'y', 'xy'; got {log!r}")
    if not 0 < len(samples) <= MOST:
        raise ValueError(
            f"{len(samples)} samples cannot be shown: between 1 and {MOST} can. Choose "
            "some, with samples.sample(n=...) for instance"
        )
    text = [name for name in axes if not pd.api.types.is_numeric_dtype(samples[name])]
    if text:
        raise ValueError(
            f"columns {text} hold no numbers but {samples[text[0]].iloc[0]!r}: choose "
            "others, or read the table with survey.read_samples"
        )
    if samples.geometry.is_empty.all() or samples.geometry.isna().all():
        raise ValueError("no sample has a place: all geometries are empty")


def _areas(samples: gpd.GeoDataFrame) -> bool:
    shapes = samples.geometry[samples.geometry.notna()]
    return bool((shapes.geom_type != "Point").any())


def _edges(places: gpd.GeoSeries) -> tuple[float, float, float, float]:
    """West, east, bottom, top, with a margin; never of no width."""
    west, south, east, north = places.total_bounds
    pad = 0.04 * max(east - west, north - south) or 1.0
    return west - pad, east + pad, south - pad, north + pad


def _axis(samples: gpd.GeoDataFrame, name: str) -> _Axis:
    below = np.zeros(len(samples), bool)
    if f"{name}_censored" in samples:
        flags = samples[f"{name}_censored"]
        below = flags.astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    values = samples[name].to_numpy(dtype=float, na_value=np.nan)
    return _Axis(_numbers(values), below.tolist())


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    """Numbers as a page takes them: none where a value is missing."""
    pairs = zip(values.tolist(), np.isfinite(values), strict=True)
    return [value if known else None for value, known in pairs]


def _labels(samples: gpd.GeoDataFrame, column: str | None) -> list[str]:
    if column is None and "sample_id" in samples:
        column = "sample_id"
    values = samples.index if column is None else samples[column]
    return [str(value) for value in values]


def _paint(samples: gpd.GeoDataFrame, column: str | None, words: Words) -> _Paint:
    if column is None:
        return _Paint([COLOURS[0]] * len(samples), {})
    values = samples[column]
    numbers = pd.api.types.is_numeric_dtype(values)
    if numbers and not pd.api.types.is_bool_dtype(values) and values.notna().any():
        return _on_ramp(values.to_numpy(dtype=float, na_value=np.nan))
    return _by_group(values, words)


def _on_ramp(values: NDArray[np.float64]) -> _Paint:
    grid = xr.DataArray(values[None], dims=("y", "x"), name="values")
    found = map_colours(grid, role="evidence")
    scale = found.scale
    colours = [
        to_hex(shade / 255) if shade[3] else OTHER for shade in found.paint(values)
    ]
    stops = [to_hex(scale.cmap(share)) for share in np.linspace(0, 1, STOPS)]
    ends = [float(scale.norm.vmin), float(scale.norm.vmax)]
    return _Paint(colours, {"stops": stops, "ends": ends, "extend": scale.extend})


def _by_group(values: pd.Series, words: Words) -> _Paint:
    """Colour by group; the largest groups first, the rest in grey."""
    texts = (
        values.astype("object")
        .where(values.notna(), None)
        .map(lambda value: None if value is None else str(value))
    )
    counts = texts.value_counts()
    shown = list(counts.index[:MOST_GROUPS])
    shades = dict(zip(shown, [*COLOURS[:6], *MORE_COLOURS], strict=False))
    colours = [shades.get(text, OTHER) for text in texts]
    entries = [[f"{text} ({counts[text]})", shades[text]] for text in shown]
    rest = int(len(texts) - counts.iloc[:MOST_GROUPS].sum())
    if rest:
        entries.append([f"{words('group_other')} ({rest})", OTHER])
    return _Paint(colours, {"entries": entries})
