"""Figures without pyplot: made, finished, saved."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.text import Text

from survey import write_bytes

from ._fonts import families

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INK = "#222222"
QUIET = "#6b6b6b"
LINE = "#cfcfcf"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
STRIPPED = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
TIGHT = {"bbox_inches": "tight", "pad_inches": 0.06}


class Picture(Figure):
    """Matplotlib figure that a notebook shows even when pyplot was never imported."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=110, **TIGHT, metadata=STRIPPED[".png"])
        return stream.getvalue()


def new_figure(width: float, height: float) -> Picture:
    """
    Empty white figure that a notebook shows without pyplot.

    Parameters
    ----------
    width, height : float
        Size in inches.

    Returns
    -------
    Figure
        Laid out by constraints when it is drawn.
    """
    return Picture((width, height), layout="constrained", facecolor="white", dpi=110)


def dress(axes: Axes, *, grid: bool = True) -> Axes:
    """Quiet frame, small ticks, light grid."""
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(QUIET)
    axes.tick_params(labelsize=8.5, colors=INK, length=3, width=0.6)
    if grid:
        axes.grid(visible=True, color=LINE, linewidth=0.5)
    axes.set_axisbelow(True)
    return axes


def finish(figure: Picture) -> Picture:
    """
    Let every text of a figure use fonts of this machine that can write it.

    Parameters
    ----------
    figure : Figure
        Its texts are changed in place.

    Returns
    -------
    Figure
        `figure`.
    """
    names = families()
    for text in figure.findobj(Text):
        if not text.get_text().isascii():
            text.set(fontfamily=names, fontweight="normal")
    return figure


def save_figure(figure: Figure, path: str | Path, *, dpi: int = 200) -> Path:
    """
    Write a figure, whole or not at all, with the same bytes every time.

    Parameters
    ----------
    figure : Figure
        Any Matplotlib figure.
    path : path
        Name that ends in .png, .svg or .pdf.
    dpi : int
        Dots per inch of a PNG.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ValueError
        If the suffix is another one.
    """
    from matplotlib import rc_context

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in STRIPPED:
        raise ValueError(f"{path.name}: figures are saved as one of {list(STRIPPED)}")
    stream = io.BytesIO()
    with rc_context({"svg.hashsalt": "prospect"}):
        figure.savefig(
            stream, format=suffix[1:], dpi=dpi, **TIGHT, metadata=STRIPPED[suffix]
        )
    return write_bytes(path, stream.getvalue())
