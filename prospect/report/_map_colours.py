"""Colours of a grid's values and their legend, the same on paper and on screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.colors import to_hex, to_rgba_array

from ._canvas import thin
from ._ramps import (
    Scale,
    area_labels,
    area_scale,
    class_colours,
    linear_scale,
    ramp,
    role_of,
)
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray

ROLES = ("score", "uncertainty", "evidence", "classes")
MOST_CLASSES = 14
UNSEEN = "#8a8a8a"  # a class that the thinned grid did not hold


class MapColours(NamedTuple):
    """
    Colours of a grid's values, as `figure_map` draws them.

    `role` says what the values are, `title` is the heading of the legend, with units.
    Values on a ramp have a `scale`; classes have `codes` (ascending) with `colours` and
    `labels`, and `order`: positions of the classes in the legend.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> rocks = xr.DataArray([[1.0, 2.0, 2.0]], dims=("y", "x"), attrs={
    ...     "kind": "categorical", "classes": {1: "granite", 2: "schist"}})
    >>> map_colours(rocks).entries()
    [('schist', '#4e79a7'), ('granite', '#f1ce63')]
    """

    role: str
    title: str
    scale: Scale | None = None
    codes: NDArray[np.float64] | None = None
    colours: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    order: tuple[int, ...] = ()
    words: Words = Words("en")

    def paint(self, values: ArrayLike) -> NDArray[np.uint8]:
        """Red, green, blue and opacity (0 to 255) of values; gaps are transparent."""
        values = np.ma.masked_invalid(np.asarray(values, dtype=float))
        if self.scale is not None:
            return self.scale.cmap(self.scale.norm(values), bytes=True)
        filled = values.filled(np.nan)
        place = np.clip(np.searchsorted(self.codes, filled), 0, len(self.codes) - 1)
        shades = to_rgba_array([*self.colours, UNSEEN])
        place = np.where(self.codes[place] == filled, place, len(self.codes))
        picture = np.round(255 * shades[place]).astype(np.uint8)
        picture[np.isnan(filled)] = 0
        return picture

    def label(self, code: float) -> str:
        """Name of a class, its code where it has none."""
        found = np.flatnonzero(self.codes == code) if self.codes is not None else ()
        return self.labels[int(found[0])] if len(found) else f"{code:g}"

    def entries(self) -> list[tuple[str, str]]:
        """Label and colour of classes as the legend lists them; none on a ramp."""
        if self.scale is None:
            return [(self.labels[i], self.colours[i]) for i in self.order]
        if self.scale.bounds is None:
            return []
        labels = area_labels(self.scale, self.words)
        shades = [to_hex(self.scale.cmap(i)) for i in range(len(labels))]
        pairs = zip(labels, shades, strict=True)
        return [(label.replace("\n", ": "), shade) for label, shade in pairs][::-1]


def map_colours(
    grid: xr.DataArray, *, role: str | None = None, lang: str = "en"
) -> MapColours:
    """
    Colours and legend of a grid, as `figure_map` gives them.

    Parameters
    ----------
    grid : DataArray, dims ("y", "x")
        Lazy grids are read at no more than 1500 cells a side.
    role : {"score", "uncertainty", "evidence", "classes"}, optional
        What the values are; taken from the grid's name and `kind` when not given.
    lang : {"en", "zh"}
        Language of the legend.

    Returns
    -------
    MapColours

    Raises
    ------
    ValueError
        If the grid holds no value at all, or `role` is another word.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> grid = xr.DataArray([[1.0, 3.0], [np.nan, 2.0]], dims=("y", "x"))
    >>> colours = map_colours(grid.assign_attrs(units="ppm"))
    >>> colours.title, colours.paint([[1.0, np.nan]]).tolist()
    ('ppm', [[[68, 1, 84, 255], [0, 0, 0, 0]]])
    """
    if role not in (None, *ROLES):
        raise ValueError(f"role must be one of {list(ROLES)}; got {role!r}")
    small = thin(grid)
    if not small.notnull().any():
        raise ValueError(
            f"grid {grid.name!r} holds no value at all: there is nothing to colour; "
            "check its file, band and nodata value"
        )
    return colours_of(small, role or role_of(grid), Words(lang), str)


def colours_of(
    grid: xr.DataArray, role: str, words: Words, spell: Callable[[str], str]
) -> MapColours:
    """Colours of a grid in memory that holds a value; `spell` writes foreign names."""
    values = grid.to_numpy().astype(float)
    values = values[np.isfinite(values)]
    title = bar_title(grid, words, role, spell)
    if role == "classes":
        return _classes(grid, values, title, words)
    scale = area_scale(values) if role == "score" else linear_scale(values, role)
    if scale.bounds is not None:
        title = words("map_area_classes", name=title)
    return MapColours(role, title, scale, words=words)


def bar_title(
    grid: xr.DataArray, words: Words, role: str, spell: Callable[[str], str]
) -> str:
    """Heading of a legend: units, and the name of what has no unit."""
    units = str(grid.attrs.get("units") or "")
    units = spell(units if units not in ("1", "") else "")
    if role not in ("score", "uncertainty"):
        return units
    # a score and its uncertainty have no unit: what has one is called by its name
    name = spell(str(grid.attrs.get("long_name") or ""))
    told = ", ".join(part for part in (name, units.replace("^2", "²")) if part)
    return told if units else words(f"map_{role}")


def _classes(
    grid: xr.DataArray, values: NDArray[np.float64], title: str, words: Words
) -> MapColours:
    codes, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    colours = np.empty(len(codes), dtype=object)
    known = {float(k): str(v) for k, v in (grid.attrs.get("classes") or {}).items()}
    if not known and len(codes) > 2 and (np.diff(codes) == 1).all():
        order = np.arange(len(codes))
        shades = ramp("evidence")(np.linspace(0, 1, len(codes)))
        colours[:] = [to_hex(shade) for shade in shades]
    else:
        colours[order] = class_colours(list(codes))
    labels = tuple(known.get(code) or f"{code:g}" for code in codes.tolist())
    return MapColours(
        "classes", title, None, codes, tuple(colours), labels, tuple(order), words
    )
