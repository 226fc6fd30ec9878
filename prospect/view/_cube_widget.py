"""The widget of the cube viewer: what passes between the page and the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets

from ..report import COLOURS, Words, figure_language, finish, new_figure
from ._picture import address
from ._still import StillWidget, page_part

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 5  # spectra shown together


class CubeWidget(StillWidget):
    """
    Picture of a cube and the spectra of the pixels clicked in it.

    Parameters
    ----------
    read : callable
        (row, column, continuum_removed) to a dict of what the page draws of a pixel.
    paint : callable
        Number of a composite to its picture: red, green, blue, opacity.
    lang : {"en", "zh"}
        Language of the still picture.
    **shown
        First values of the traits: shape, composites, words.
    """

    _esm = page_part("common.js", "cube_viewer.js")
    _css = page_part("cube_viewer.css")
    picture = traitlets.Unicode().tag(sync=True)
    shape = traitlets.List(traitlets.Int()).tag(sync=True)
    composites = traitlets.List(traitlets.Unicode()).tag(sync=True)
    composite = traitlets.Int(0).tag(sync=True)
    continuum_removed = traitlets.Bool(default_value=False).tag(sync=True)
    spectra = traitlets.List().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        read: Callable[[int, int, bool], dict[str, Any]],
        paint: Callable[[int], np.ndarray],
        *,
        lang: str,
        **shown: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(picture=address(paint(0)), **shown)
        self._read, self._paint, self._lang = read, paint, lang
        self._caption = Words(lang)("view_still")
        self.on_msg(self._told)
        self.observe(self._repaint, "composite")
        self.observe(self._reread, "continuum_removed")

    def click(self, row: int, column: int, *, keep: bool = False) -> None:
        """
        Show the spectrum of a pixel, as a click on it does.

        Parameters
        ----------
        row, column : int
            Place of the pixel, counted from 0.
        keep : bool
            Whether the spectra shown so far stay (a click with the shift key).

        Raises
        ------
        IndexError
            If the pixel lies outside the cube.
        """
        rows, columns = self.shape
        if not (0 <= row < rows and 0 <= column < columns):
            raise IndexError(
                f"the cube has {rows} rows and {columns} columns, counted from 0. Got "
                f"row {row}, column {column}."
            )
        places = [(one["row"], one["column"]) for one in self.spectra] if keep else []
        self._show(
            [*(place for place in places if place != (row, column)), (row, column)]
        )

    def _show(self, places: list[tuple[int, int]]) -> None:
        found = []
        for colour, place in zip(COLOURS, places[-MOST:], strict=False):
            pixel = self._read(*place, self.continuum_removed)
            found.append(
                {**pixel, "row": place[0], "column": place[1], "colour": colour}
            )
        self.spectra = found

    def _told(self, _widget: object, message: dict[str, Any], _buffers: object) -> None:
        if message.get("kind") == "clear":
            self.spectra = []
        elif message.get("kind") == "click":
            self.click(
                int(message["row"]),
                int(message["column"]),
                keep=bool(message.get("keep")),
            )

    def _repaint(self, change: dict[str, Any]) -> None:
        self.picture = address(self._paint(int(change["new"])))

    def _reread(self, _change: object) -> None:
        self._show([(one["row"], one["column"]) for one in self.spectra])

    def _still(self) -> Figure:
        words = Words(figure_language(self._lang))
        wide = 11.0 if self.spectra else 6.0
        figure = new_figure(wide, 4.2)
        axes = figure.subplots(1, 2 if self.spectra else 1, squeeze=False)[0]
        rows, columns = self.shape
        axes[0].imshow(
            self._paint(self.composite),
            extent=(0, columns, rows, 0),
            interpolation="nearest",
        )
        axes[0].set_title(self.composites[self.composite], loc="left", fontsize=9)
        for one in self.spectra:
            place = one["column"] + 0.5, one["row"] + 0.5
            look = {"markerfacecolor": "none", "markeredgewidth": 2}
            axes[0].plot(*place, "o", markeredgecolor=one["colour"], **look)
            self._spectrum(axes[1], one, words)
        return finish(figure)

    def _spectrum(self, axes: Axes, one: dict[str, Any], words: Words) -> None:
        def drawn(values: list[float | None]) -> list[float]:
            return [float("nan") if value is None else value for value in values]

        look = {"color": one["colour"], "linewidth": 1.3}
        axes.plot(one["x"], drawn(one["y"]), label=one["label"], **look)
        for match in one["matches"][:1]:
            axes.plot(
                one["x"],
                drawn(match["y"]),
                linestyle="--",
                label=match["label"],
                **look,
            )
        key = "viewer_removed" if self.continuum_removed else "viewer_value"
        axes.set_xlabel(words("viewer_wavelength"), fontsize=9)
        axes.set_ylabel(words(key), fontsize=9)
        axes.legend(fontsize=7, frameon=False)
