"""The picture: what was drawn, with title and legend in fonts of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.image import imread
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..report import finish, new_figure, save_figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ..report import Words

INK = "#222222"
QUIET = "#5c636b"


def make_picture(
    drawn: Path,
    path: Path,
    *,
    words: Words,
    notes: Sequence[str],
    legend: Sequence[dict[str, Any]],
) -> Path:
    """Set the drawn scene beside its legend, under its title."""
    image = trim(imread(drawn))
    height, width = image.shape[:2]
    figure = new_figure(7.0 * min(width / height, 1.6) + 2.4, 7.0)
    axes = figure.add_subplot()
    axes.imshow(image, interpolation="antialiased")
    axes.set_axis_off()
    title = words("scene_title")
    axes.set_title(title, loc="left", fontsize=13, fontweight="bold", color=INK)
    axes.text(
        0, 0.985, "\n".join(notes), transform=axes.transAxes, va="top", color=QUIET
    )
    handles = [_handle(**entry) for entry in legend if entry.get("shape") != "head"]
    heads = [entry["label"] for entry in legend if entry.get("shape") == "head"]
    box = figure.legend(
        handles=handles,
        title=heads[0] if heads else None,
        loc="outside right center",
        fontsize=9,
        frameon=False,
        alignment="left",
        labelcolor=INK,
    )
    box.get_title().set(fontsize=9.5, fontweight="bold", color=INK)
    return save_figure(finish(figure), path)


def trim(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Image without the white round what was drawn, but for a margin of 2 %."""
    drawn = (image[..., :3] < 0.995).any(axis=-1)
    if not drawn.any():
        return image
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    pad = max(image.shape) // 50
    return image[
        max(rows[0] - pad, 0) : rows[-1] + pad + 1,
        max(columns[0] - pad, 0) : columns[-1] + pad + 1,
    ]


def _handle(label: str, colour: str, shape: str = "box") -> Patch | Line2D:
    if shape == "line":
        return Line2D([], [], color=colour, linewidth=2, label=label)
    if shape == "ball":
        look = {"marker": "o", "markersize": 7, "linestyle": "none", "color": colour}
        return Line2D([], [], label=label, **look)
    return Patch(facecolor=colour, label=label)
