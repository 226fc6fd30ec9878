"""The widget of linked plots: what passes between the page and the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from ..report import Words, figure_language, finish, new_figure
from ._still import StillWidget, page_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import geopandas as gpd
    from matplotlib.figure import Figure

    from ._place import Place

WORDS = (
    "view_clear", "view_marked", "view_linked_hint", "view_log_x", "view_log_y",
    "view_below_detection", "view_left_out", "view_left_out_log", "view_plot",
    "view_north", "view_local_unit", "view_linked_map", "view_ids_more",
)  # fmt: skip


class LinkedView(StillWidget):
    """
    Plot and map of the same samples.

    Parameters
    ----------
    samples : GeoDataFrame
        What is shown.
    place : Place
        Edges and coordinate system of the map.
    words : Words
        Language.
    **shown
        First values of the traits: data, titles, legend, log_x, log_y, height.
    """

    _esm = page_part("common.js", "map_parts.js", "linked_view.js")
    _css = page_part("common.css", "linked_view.css")
    data = traitlets.Dict().tag(sync=True)
    titles = traitlets.Dict().tag(sync=True)
    legend = traitlets.Dict().tag(sync=True)
    place = traitlets.Dict().tag(sync=True)
    log_x = traitlets.Bool(default_value=False).tag(sync=True)
    log_y = traitlets.Bool(default_value=False).tag(sync=True)
    marked = traitlets.List(traitlets.Int()).tag(sync=True)
    height = traitlets.Int(400).tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        samples: gpd.GeoDataFrame,
        place: Place,
        *,
        words: Words,
        **shown: Any,  # noqa: ANN401
    ) -> None:
        said = {key.removeprefix("view_"): words(key) for key in WORDS}
        told = {
            key: text.replace("<", "{").replace(">", "}") for key, text in said.items()
        }
        super().__init__(place=place.told(words), words=told, **shown)
        self._samples, self._say = samples, words
        self._callbacks: list[Callable[[gpd.GeoDataFrame], object]] = []
        self._caption = words("view_still")
        self.observe(self._changed, "marked")

    @property
    def selected(self) -> gpd.GeoDataFrame:
        """Rows of the samples that are marked, in the order of the table."""
        return self._samples.iloc[sorted(self.marked)]

    def select(self, ids: Iterable[object]) -> None:
        """
        Mark samples by their index.

        Parameters
        ----------
        ids : iterable
            Labels of the samples' index; none unmarks all.

        Raises
        ------
        ValueError
            Naming those that are not in the index.
        """
        ids = list(ids)
        strange = [one for one in ids if one not in self._samples.index]
        if strange:
            raise ValueError(
                f"no sample has the index {strange[:5]}; it runs from "
                f"{self._samples.index[0]!r} to {self._samples.index[-1]!r}"
            )
        self.marked = np.flatnonzero(self._samples.index.isin(ids)).tolist()

    def on_select(
        self, callback: Callable[[gpd.GeoDataFrame], object]
    ) -> Callable[[gpd.GeoDataFrame], object]:
        """
        Call a function with the marked rows whenever they change.

        Parameters
        ----------
        callback : callable
            Takes a GeoDataFrame.

        Returns
        -------
        callable
            `callback`, so that this serves as a decorator.
        """
        self._callbacks.append(callback)
        return callback

    def _changed(self, _change: object) -> None:
        for callback in self._callbacks:
            callback(self.selected)

    def _still(self) -> Figure:
        words = Words(figure_language(self._say.lang))
        figure = new_figure(10.5, 4.4)
        plot, ground = figure.subplots(1, 2)
        data = self.data
        colours = np.array(data["colours"])
        axis = {
            name: np.array(data[f"{name}_values"], dtype=float) for name in ("x", "y")
        }
        below = np.array(data["x_below"]) | np.array(data["y_below"])
        for rows, look in (
            (~below, {"c": colours[~below], "linewidths": 0}),
            (below, {"facecolors": "none", "edgecolors": colours[below]}),
        ):
            name = (
                words("view_below_detection") if rows is below and rows.any() else None
            )
            plot.scatter(axis["x"][rows], axis["y"][rows], s=14, label=name, **look)
        plot.set_xscale("log" if self.log_x else "linear")
        plot.set_yscale("log" if self.log_y else "linear")
        plot.set_xlabel(self.titles["x"], fontsize=9)
        plot.set_ylabel(self.titles["y"], fontsize=9)
        ground.scatter(
            np.array(data["east"], dtype=float), np.array(data["north"], dtype=float),
            c=colours, s=10,
        )  # fmt: skip
        ground.set(aspect=self.place["aspect"], xticks=[], yticks=[])
        ground.set_title(self.place["system"], fontsize=8, loc="left")
        self._still_marks(plot, ground, axis)
        if below.any():
            plot.legend(fontsize=8, frameon=False)
        return finish(figure)

    def _still_marks(self, plot: Any, ground: Any, axis: dict[str, np.ndarray]) -> None:  # noqa: ANN401
        if not self.marked:
            return
        data, rows = self.data, np.array(self.marked)
        ring = {"s": 50, "facecolors": "none", "edgecolors": "black", "linewidths": 1}
        plot.scatter(axis["x"][rows], axis["y"][rows], **ring)
        east, north = (np.array(data[side], dtype=float) for side in ("east", "north"))
        ground.scatter(east[rows], north[rows], **ring)
