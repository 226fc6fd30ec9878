"""The widget of the cube viewer: what passes between the page and the kernel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from ._figure import COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parent / "data"
MOST = 5  # spectra shown together


class CubeWidget(anywidget.AnyWidget):
    """
    Picture of a cube and the spectra of the pixels clicked in it.

    Parameters
    ----------
    read : callable
        (row, column, continuum_removed) to a dict of what the page draws of a pixel.
    paint : callable
        Number of a composite to the address of its picture.
    **shown
        First values of the traits: shape, composites, words.
    """

    _esm = DATA / "cube_viewer.js"
    _css = DATA / "cube_viewer.css"
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
        paint: Callable[[int], str],
        **shown: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(picture=paint(0), **shown)
        self._read, self._paint = read, paint
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
        self.picture = self._paint(int(change["new"]))

    def _reread(self, _change: object) -> None:
        self._show([(one["row"], one["column"]) for one in self.spectra])
