"""The widget of the map: what passes between the page and the kernel."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any

import dask
import pandas as pd
import traitlets

from ..report import COLOURS, Words
from ._map_still import figure_view
from ._overlays import drawn
from ._still import StillWidget, page_part

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from ._layers import Layer
    from ._overlays import Overlay
    from ._place import Place

log = logging.getLogger(__name__)

MOST = 5  # places compared
WORDS = (
    "view_layer", "view_below", "view_nothing", "view_opacity", "view_place",
    "view_clear", "view_hint", "view_home", "view_closer", "view_further",
    "view_reading", "view_no_data", "view_north", "view_local_unit", "view_map",
    "view_legend",
)  # fmt: skip


class MapView(StillWidget):
    """
    Map of layers one can ask.

    Parameters
    ----------
    layers : sequence of Layer
        What is shown, the first on top.
    place : Place
        Edges and coordinate system.
    overlays : sequence of Overlay
        Features over the layers.
    backdrop : Layer, optional
        What lies under them.
    words : Words
        Language.
    height : int
        Height of the map in pixels.
    """

    _esm = page_part("common.js", "map_parts.js", "map_view.js")
    _css = page_part("common.css", "map_view.css")
    titles = traitlets.List(traitlets.Unicode()).tag(sync=True)
    layer = traitlets.Int(0).tag(sync=True)
    below = traitlets.Int(-1).tag(sync=True)
    opacity = traitlets.Float(1.0).tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)
    under = traitlets.Dict().tag(sync=True)
    detail = traitlets.Dict().tag(sync=True)
    place = traitlets.Dict().tag(sync=True)
    overlays = traitlets.List().tag(sync=True)
    picks = traitlets.List().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int(460).tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        layers: Sequence[Layer],
        place: Place,
        overlays: Sequence[Overlay],
        *,
        backdrop: Layer | None,
        words: Words,
        height: int,
    ) -> None:
        self._layers, self._place, self._over = list(layers), place, list(overlays)
        self._backdrop, self._say = backdrop, words
        self._rows: list[dict[str, Any]] = []
        self._callbacks: list[Callable[[pd.Series], object]] = []
        below = [*layers, *([backdrop] if backdrop is not None else [])]
        super().__init__(
            titles=[layer.title for layer in below],
            place={**place.told(words), "layers": len(layers)},
            overlays=drawn(self._over, words),
            words={key.removeprefix("view_"): words(key) for key in WORDS},
            shown=self._picture(0),
            below=len(layers) if backdrop is not None else -1,
            opacity=0.75 if backdrop is not None else 1.0,
            height=height,
        )
        self.under = self._picture(self.below)
        self._caption = words("view_still")
        self.on_msg(self._told)
        self.observe(self._switched, ["layer", "below"])

    @property
    def picked(self) -> pd.DataFrame:
        """
        Places that were clicked, a row each.

        Columns `x`, `y`, `longitude`, `latitude` (NaN where unknown) and a column a
        layer: its value, NaN where it is unknown; classes as codes, with their labels
        in a column `<layer>_label`. Units stand in ``attrs["units"]``.
        """
        columns = ["x", "y", "longitude", "latitude"]
        for layer in self._layers:
            columns.append(layer.name)
            if layer.grid.attrs.get("kind") == "categorical":
                columns.append(f"{layer.name}_label")
        table = pd.DataFrame(self._rows, columns=columns)
        table.attrs["units"] = {layer.name: layer.units for layer in self._layers}
        return table

    @property
    def table(self) -> pd.DataFrame:
        """What the page shows of the picked places: a row a place, values as text."""
        rows = [
            dict(zip(self._names(), one["values"], strict=True)) for one in self.picks
        ]
        return pd.DataFrame(rows, columns=self._names())

    def pick(
        self, x: float, y: float, *, keep: bool = False, reach: float = 0.0
    ) -> pd.Series:
        """
        Read every layer at a place, as a click on it does.

        Parameters
        ----------
        x, y : float
            Place in the coordinate system of the map.
        keep : bool
            Whether the places picked so far stay (a click with the shift key), five at
            most.
        reach : float
            How far off a point may be to be told, in units of the map.

        Returns
        -------
        Series
            The row that `picked` gained.

        Raises
        ------
        ValueError
            If `x` or `y` is no number.
        """
        if not (math.isfinite(x) and math.isfinite(y)):
            raise ValueError(f"a place has two numbers; got x={x}, y={y}")
        values, known = self._values(x, y)
        row = self._row(x, y, values)
        shown = {
            "x": x,
            "y": y,
            "values": [
                layer.said(value) if inside else self._say("view_outside")
                for layer, value, inside in zip(
                    self._layers, values, known, strict=True
                )
            ],
            "gaps": [not math.isfinite(value) for value in values],
            "features": [one for over in self._over for one in over.at(x, y, reach)],
            "where": self._where(row),
        }
        kept = (
            list(zip(self._rows, self.picks, strict=True))[1 - MOST :] if keep else []
        )
        self._rows = [*(one for one, _ in kept), row]
        picks = [*(one for _, one in kept), shown]
        self.picks = [
            {**one, "colour": colour}
            for one, colour in zip(picks, COLOURS, strict=False)
        ]
        last = self.picked.iloc[-1]
        for callback in self._callbacks:
            callback(last)
        return last

    def on_pick(
        self, callback: Callable[[pd.Series], object]
    ) -> Callable[[pd.Series], object]:
        """
        Call a function with the new row of `picked` after every click.

        Parameters
        ----------
        callback : callable
            Takes a Series.

        Returns
        -------
        callable
            `callback`, so that this serves as a decorator.
        """
        self._callbacks.append(callback)
        return callback

    def clear(self) -> None:
        """Forget the picked places."""
        self._rows, self.picks = [], []

    def _names(self) -> list[str]:
        return [layer.name for layer in self._layers]

    def _values(self, x: float, y: float) -> tuple[list[float], list[bool]]:
        """Value of the cell of each layer, and whether the place lies in it."""
        places = [layer.index(x, y) for layer in self._layers]
        cells = [
            layer.grid.isel(y=at[0], x=at[1]) if at is not None else None
            for layer, at in zip(self._layers, places, strict=True)
        ]
        read = dask.compute(
            *(cell.data if cell is not None else None for cell in cells)
        )
        values = [float(one) if one is not None else math.nan for one in read]
        return values, [at is not None for at in places]

    def _row(self, x: float, y: float, values: list[float]) -> dict[str, Any]:
        lonlat = self._place.lonlat(x, y)
        lon, lat = (float(v) for v in lonlat) if lonlat is not None else (math.nan,) * 2
        row = {"x": float(x), "y": float(y), "longitude": lon, "latitude": lat}
        for layer, value in zip(self._layers, values, strict=True):
            row[layer.name] = value
            if layer.grid.attrs.get("kind") == "categorical":
                known = math.isfinite(value)
                row[f"{layer.name}_label"] = layer.label(value) if known else None
        return row

    def _where(self, row: dict[str, Any]) -> str:
        digits = 5 if self._place.geographic else 1
        first = f"{row['x']:.{digits}f}, {row['y']:.{digits}f}"
        if self._place.geographic or math.isnan(row["longitude"]):
            return first
        return f"{first} · {row['longitude']:.5f}°, {row['latitude']:.5f}°"

    def _picture(self, index: int) -> dict[str, Any]:
        """Picture and legend of a layer by its position; nothing for -1."""
        if index < 0:
            return {}
        inside = index < len(self._layers)
        layer = self._layers[index] if inside else self._backdrop
        return {**layer.picture, "legend": layer.legend(), "title": layer.title}

    def _switched(self, change: dict[str, Any]) -> None:
        with self._said():
            top = change["name"] == "layer"
            self.set_trait("shown" if top else "under", self._picture(change["new"]))

    def _told(self, _widget: object, message: dict[str, Any], _buffers: object) -> None:
        with self._said():
            kind = message.get("kind")
            if kind == "clear":
                self.clear()
            elif kind == "pick":
                keep, reach = bool(message.get("keep")), float(message.get("reach", 0))
                self.pick(
                    float(message["x"]), float(message["y"]), keep=keep, reach=reach
                )
            elif kind == "look":
                layer = self._layers[self.layer]
                found = layer.detail(*(float(edge) for edge in message["edges"]))
                self.detail = {**found, "layer": self.layer} if found else {}

    def _said(self) -> _Said:
        return _Said(self)

    def _still(self) -> Figure:
        layer = self._layers[self.layer]
        return figure_view(layer, self._place, self.overlays, self.picks)


class _Said:
    """Say on the page that something is read, and why it could not be."""

    def __init__(self, view: MapView) -> None:
        self.view = view

    def __enter__(self) -> None:
        self.view.note = self.view.words["reading"]

    def __exit__(
        self, kind: object, error: BaseException | None, _trace: object
    ) -> bool:
        failed = isinstance(error, Exception)
        self.view.note = f"{type(error).__name__}: {error}" if failed else ""
        if failed:  # the page shows it: a message from there has nobody to raise to
            log.error("the map could not be read", exc_info=error)
        return failed
