"""What all our widgets share: words, files of the page, a still picture."""

from __future__ import annotations

import base64
import os
import uuid
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DATA = Path(__file__).parent / "data"
VARIABLE = "PROSPECT_VIEW"


def page_part(*names: str) -> str:
    """Text of several files of the page, one after the other."""
    return "\n".join((DATA / name).read_text(encoding="utf-8") for name in names)


def stills_only() -> bool:
    """Whether pictures are wanted instead of widgets: PROSPECT_VIEW=still."""
    return os.environ.get(VARIABLE, "").strip().lower() == "still"


class StillWidget(anywidget.AnyWidget):
    """
    Widget with a still picture for pages on which nothing runs.

    The picture is an output beside the widget, which hides it while it lives: a
    notebook whose kernel has ended, and an exported page without a network, show the
    picture. With PROSPECT_VIEW=still in the environment of the kernel there is nothing
    but the picture.
    """

    still = traitlets.Unicode().tag(sync=True)
    _caption = ""

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401
        super().__init__(still=f"pv-still-{uuid.uuid4().hex}", **traits)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        picture = self._png()
        said = {"text/plain": repr(self), "image/png": picture}
        if not stills_only():
            data, metadata = super()._repr_mimebundle_() or ({}, {})
            display(data, metadata=metadata, raw=True)
            caption = escape(self._caption)
            said["text/html"] = (
                f'<div class="{self.still}"><div style="color:#5c636b">{caption}</div>'
                f'<img style="max-width:100%" alt="{caption}" '
                f'src="data:image/png;base64,{picture}"></div>'
            )
        display(said, raw=True)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:  # noqa: ANN401
        data, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        if stills_only():
            data = {"text/plain": data.get("text/plain", "")}
        return {**data, "image/png": self._png()}, metadata

    def _png(self) -> str:
        return base64.b64encode(self._still()._repr_png_()).decode()

    def _still(self) -> Figure:
        raise NotImplementedError
