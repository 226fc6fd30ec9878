"""Layers of a map: pictures of thinned grids, values of true cells."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import rioxarray  # noqa: F401  (gives grids their .rio)
import xarray as xr
from matplotlib.colors import LightSource, to_hex

from survey import geobox_of, same_crs

from ..report import MapColours, Words, map_colours, thin
from ._picture import address, stretched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from affine import Affine
    from numpy.typing import NDArray

MOST = 1024  # pixels a side of a picture
MOST_ENTRIES = 14  # classes in a legend, as on paper
STOPS = 24


class Layer:
    """
    One grid of a map.

    Nothing is read before it is shown or picked: then a thinned picture, the cells of
    a window, or one cell.

    Parameters
    ----------
    name : str
        Name of the layer.
    grid : DataArray, dims ("y", "x")
        Lazy or not, with evenly spaced coordinates or none.
    words : Words
        Language of the legend.
    """

    def __init__(self, name: str, grid: xr.DataArray, words: Words) -> None:
        self.name, self.words = name, words
        self.counted = not {"x", "y"} <= set(grid.coords)
        if self.counted:
            grid = grid.assign_coords(
                y=np.arange(grid.sizes["y"]) + 0.5, x=np.arange(grid.sizes["x"]) + 0.5
            )
        self.grid = grid.transpose("y", "x")
        self.affine: Affine = geobox_of(self.grid).affine
        self.title = str(grid.attrs.get("long_name") or name)
        self.units = str(grid.attrs.get("units") or "")
        if self.units in ("1", "None"):
            self.units = ""

    @property
    def edges(self) -> tuple[float, float, float, float]:
        """West, east, bottom, top."""
        rows, columns = self.grid.shape
        x = sorted((self.affine.c, self.affine.c + columns * self.affine.a))
        y = sorted((self.affine.f, self.affine.f + rows * self.affine.e))
        return (*x, *(y[::-1] if self.counted else y))

    @cached_property
    def small(self) -> xr.DataArray:
        """Thinned grid in memory, as the report thins it."""
        return thin(self.grid)

    @cached_property
    def colours(self) -> MapColours | None:
        """Colours of the values, those of the report; None where there is no value."""
        if not self.small.notnull().any():
            return None
        named = self.small.rename(self.name) if not self.small.name else self.small
        return map_colours(named, lang=self.words.lang)

    @cached_property
    def picture(self) -> dict[str, Any]:
        """Picture of the whole layer."""
        return self._painted(thin(self.small, size=MOST))

    @property
    def thinned(self) -> bool:
        """Whether the picture leaves cells out."""
        return max(self.grid.shape) > MOST

    def detail(self, west: float, east: float, low: float, high: float) -> dict | None:
        """Picture of the cells of a window; None where it shows nothing more."""
        (top, bottom), (left, right) = self._window(west, east, low, high)
        if bottom <= top or right <= left:
            return None
        step = math.ceil(max(bottom - top, right - left) / MOST)
        if step >= math.ceil(max(self.grid.shape) / MOST):
            return None
        half = step // 2  # the cell in the middle stands for its neighbours
        part = self.grid.isel(
            y=slice(top + half, bottom, step), x=slice(left + half, right, step)
        )
        return self._painted(part.compute(), step) if part.size else None

    def index(self, x: float, y: float) -> tuple[int, int] | None:
        """Row and column of the cell that holds a place; None outside."""
        column, row = (math.floor(side) for side in self._cells(x, y))
        rows, columns = self.grid.shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None

    def said(self, value: float) -> str:
        """A value with units, a class by its label, or that it is unknown."""
        if not math.isfinite(value):
            return self.words("view_unknown")
        if self.grid.attrs.get("kind") == "categorical":
            label = self.label(value)
            return label if label == f"{value:g}" else f"{label} ({value:g})"
        units = self.units.replace("^2", "²").replace("^3", "³")
        if units == "probability per unit cell":
            units = self.words("view_per_unit_cell")
        return f"{value:.6g}".replace("-", "−") + (f" {units}" if units else "")

    def label(self, value: float) -> str:
        """Label of a class, its code where it has none."""
        named = self.grid.attrs.get("classes") or {}
        known = {float(code): str(label) for code, label in named.items()}
        return known.get(float(value)) or f"{value:g}"

    def legend(self) -> dict[str, Any]:
        """Title, colours and labels for the page."""
        colours = self.colours
        if colours is None:
            return {"title": "", "empty": self.words("view_empty"), "gaps": False}
        told = {"title": colours.title, "gaps": bool(self.small.isnull().any())}
        entries = colours.entries()
        if entries:
            rest = len(entries) - MOST_ENTRIES
            more = self.words("map_other_classes", n=rest) if rest > 0 else ""
            if colours.scale is not None:
                more, rest = "", 0
            shown = entries[:MOST_ENTRIES] if rest > 0 else entries
            return told | {"entries": [list(pair) for pair in shown], "more": more}
        norm, cmap = colours.scale.norm, colours.scale.cmap
        stops = [to_hex(cmap(share)) for share in np.linspace(0, 1, STOPS)]
        ends = [float(norm.vmin), float(norm.vmax)]
        return told | {"stops": stops, "ends": ends, "extend": colours.scale.extend}

    def _cells(self, x: float, y: float) -> tuple[float, float]:
        """Column and row of a place, counted in cells from the first corner."""
        box = self.affine
        return (x - box.c) / box.a, (y - box.f) / box.e

    def _window(
        self, west: float, east: float, low: float, high: float
    ) -> tuple[tuple[int, int], tuple[int, int]]:
        """First and last row, first and last column of a window."""
        corners = [self._cells(x, y) for x in (west, east) for y in (low, high)]
        spans = []
        for side, most in ((1, self.grid.shape[0]), (0, self.grid.shape[1])):
            values = [corner[side] for corner in corners]
            first, last = math.floor(min(values)), math.ceil(max(values))
            spans.append((max(first, 0), min(last, most)))
        return spans[0], spans[1]

    def _painted(self, part: xr.DataArray, step: int | None = None) -> dict[str, Any]:
        if self.colours is None:
            return {"src": "", "edges": list(self.edges)}
        return placed(self.colours.paint(part.to_numpy()), part, self, step)


def placed(
    picture: NDArray[np.uint8], part: xr.DataArray, layer: Layer, step: int | None
) -> dict[str, Any]:
    """Picture the right way up, with the edges of what it shows."""
    x, y = part["x"].to_numpy(), part["y"].to_numpy()
    wide = abs(x[1] - x[0]) if len(x) > 1 else abs(layer.affine.a) * (step or 1)
    tall = abs(y[1] - y[0]) if len(y) > 1 else abs(layer.affine.e) * (step or 1)
    picture = upright(picture, part, layer)
    low, high = y.min() - tall / 2, y.max() + tall / 2
    rows = (high, low) if layer.counted else (low, high)
    edges = [x.min() - wide / 2, x.max() + wide / 2, *rows]
    return {"src": address(picture), "edges": [float(edge) for edge in edges]}


def upright(
    picture: NDArray[np.uint8], part: xr.DataArray, layer: Layer
) -> NDArray[np.uint8]:
    """Picture with the west on the left and the upper edge of the map on top."""
    x, y = part["x"].to_numpy(), part["y"].to_numpy()
    if len(x) > 1 and x[0] > x[1]:
        picture = picture[:, ::-1]
    if len(y) > 1 and (y[0] < y[1]) != layer.counted:
        picture = picture[::-1]
    return picture


def layers_of(
    given: xr.Dataset | Mapping[str, xr.DataArray] | xr.DataArray,
    words: Words,
    titles: Mapping[str, str],
) -> list[Layer]:
    """Layers of what the caller gave, checked: all that is wrong is told at once."""
    if isinstance(given, xr.DataArray):
        given = {str(given.name or "grid"): given}
    grids = dict(given.data_vars if isinstance(given, xr.Dataset) else given)
    if not grids:
        raise ValueError(
            "there is no layer to show: give a Dataset with variables, or a dict of "
            "grids such as {'score': score}"
        )
    wrong = [
        f"layer {name!r} has dimensions {list(grid.dims)}; a grid has 'y' and 'x'. "
        "Choose one band or time with .isel(...), rename with .rename(...)"
        for name, grid in grids.items()
        if set(grid.dims) != {"y", "x"}
    ]
    if wrong:
        raise ValueError("; ".join(wrong))
    layers = [Layer(str(name), grid, words) for name, grid in grids.items()]
    for layer in layers:
        usual = layer.title
        if words.lang == "zh" and layer.name in ("score", "uncertainty"):
            usual = words(f"map_{layer.name}")
        layer.title = str(titles.get(layer.name) or usual)
    check_one_system(layers)
    return layers


def check_one_system(layers: list[Layer]) -> None:
    """Raise unless all layers are on one coordinate system, or all on none."""
    first, wrong = layers[0], []
    for layer in layers[1:]:
        one, two = first.grid.rio.crs, layer.grid.rio.crs
        both = one is not None and two is not None
        if first.counted == layer.counted and (
            same_crs(one, two) if both else one is two
        ):
            continue
        wrong.append(
            f"layer {layer.name!r} is on {_system(layer)}, layer {first.name!r} on "
            f"{_system(first)}"
        )
    if wrong:
        raise ValueError(
            "; ".join(wrong) + ". Bring them together with survey.match_grid(grid, "
            "like=...), or name what is missing with grid.rio.write_crs(...)"
        )


def _system(layer: Layer) -> str:
    if layer.counted:
        return "rows and columns without coordinates"
    crs = layer.grid.rio.crs
    return crs.to_string()[:60] if crs is not None else "no CRS"


class Backdrop(Layer):
    """What lies under the layers: relief of an elevation grid, or three bands."""

    def __init__(self, grid: xr.DataArray, words: Words) -> None:
        others = [dim for dim in grid.dims if dim not in ("y", "x")]
        self.bands = grid
        if others and (len(others) > 1 or grid.sizes[others[0]] != 3):
            raise ValueError(
                "basemap= is an elevation grid (y, x), or an image of three bands; got "
                f"{dict(grid.sizes)}. Choose three with .isel(...)"
            )
        flat = grid.isel({others[0]: 0}, drop=True) if others else grid
        super().__init__("basemap", flat, words)
        self.bands = self._ordered(grid, others)
        self.title = words("view_image" if others else "view_relief")

    def _ordered(self, grid: xr.DataArray, others: list[str]) -> xr.DataArray:
        return grid.transpose(*others, "y", "x").assign_coords(
            y=self.grid["y"], x=self.grid["x"]
        )

    @cached_property
    def picture(self) -> dict[str, Any]:
        """Shading of the relief, light from the north-west; or the three bands."""
        small = thin(self.bands, size=MOST)
        if small.ndim == 3:
            return placed(stretched(small.to_numpy().astype(float)), small, self, None)
        return placed(_shaded(small), small, self, None)

    def detail(self, *_window: float) -> None:
        """Nothing: the whole picture is enough under the others."""

    def legend(self) -> dict[str, Any]:
        """Nothing but the title."""
        return {"title": "", "gaps": False}


def _shaded(small: xr.DataArray) -> NDArray[np.uint8]:
    heights = small.to_numpy().astype(float)
    known = np.isfinite(heights)
    picture = np.zeros((*heights.shape, 4), np.uint8)
    if not known.any() or min(heights.shape) < 2:
        return picture
    x, y = small["x"].to_numpy(), small["y"].to_numpy()
    relief = np.ptp(heights[known])
    side = max(np.ptp(x), np.ptp(y))
    factor = 0.04 * side / relief if relief > 0 else 1.0
    filled = np.where(known, heights, heights[known].min())
    turned = filled if y[0] > y[-1] else filled[::-1]
    light = LightSource(azdeg=315, altdeg=45)
    shade = light.hillshade(
        turned, vert_exag=factor, dx=abs(x[1] - x[0]), dy=abs(y[1] - y[0])
    )
    shade = shade if y[0] > y[-1] else shade[::-1]
    picture[..., :3] = np.round(255 * shade)[..., None]
    picture[..., 3] = np.where(known, 255, 0)
    return picture
