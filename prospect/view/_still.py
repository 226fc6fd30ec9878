"""What all our widgets share: words, files of the page, a still picture."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget

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
    Widget that carries a still picture for pages on which nothing runs.

    With PROSPECT_VIEW=still in the environment of the kernel the picture is all there
    is: an exported page then needs no network.
    """

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict] | None:  # noqa: ANN401
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        if stills_only():
            data = {"text/plain": data.get("text/plain", "")}
        figure = self._still()
        picture = base64.b64encode(figure._repr_png_()).decode()
        return {**data, "image/png": picture}, metadata

    def _still(self) -> Figure:
        raise NotImplementedError
