"""Colours of values: ramps that colour-blind readers and grey printers can follow."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import (
    BoundaryNorm,
    Colormap,
    LinearSegmentedColormap,
    ListedColormap,
    Normalize,
    hsv_to_rgb,
    to_hex,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr

    from ._words import Words

# share of the area above each class bound, in per cent
AREA_SHARES = (50, 30, 20, 10, 5, 2, 1)
QUALITATIVE = (
    "#4e79a7", "#f1ce63", "#8cd17d", "#e15759", "#b07aa1", "#ff9d9a", "#499894",
    "#d37295", "#86bcb6", "#b6992d", "#a0cbe8", "#9d7660", "#59a14f", "#f28e2b",
    "#d4a6c8", "#79706e", "#fabfd2", "#bab0ac", "#ffbe7d", "#d7b5a6",
)  # fmt: skip


class Scale(NamedTuple):
    """
    How values become colours.

    For classes of area, `bounds` are their edges and `shares` the share of the area at
    or above the lower edge of each, lowest class first.
    """

    cmap: Colormap
    norm: Normalize
    bounds: np.ndarray | None = None
    extend: str = "neither"
    shares: np.ndarray | None = None


def ramp(role: str) -> Colormap:
    """Ramp of a role: "score", "uncertainty" or any other."""
    if role == "score":
        base = colormaps["magma_r"](np.linspace(0.02, 0.92, 256))
        return LinearSegmentedColormap.from_list("score", base)
    return colormaps["cividis" if role == "uncertainty" else "viridis"]


def area_scale(values: np.ndarray) -> Scale:
    """
    Colours by share of area: a class holds the same share of the ground on every map.

    Where scores are tied the bounds fall together and the classes are joined.

    Parameters
    ----------
    values : array, shape (n,)
        Scores without gaps.

    Returns
    -------
    Scale
        `cmap`, `norm`, the `bounds` and `shares` of the classes (None when there are
        too few different values for classes), where values `extend` beyond the ramp.
    """
    low, high = values.min(), values.max()
    shares = [100 - share for share in AREA_SHARES]
    bounds = np.percentile(values, shares, method="higher")
    edges = np.unique(np.r_[low, bounds, high + 1e-6 * (high - low)])
    if len(edges) < 4:
        return linear_scale(values, "score")
    colours = ramp("score")(np.linspace(0.0, 1.0, len(edges) - 1))
    cmap = ListedColormap(colours)
    above = np.array([(values >= low).mean() for low in edges[:-1]])
    return Scale(cmap, BoundaryNorm(edges, cmap.N), edges, shares=above)


def area_labels(scale: Scale, words: Words) -> list[str]:
    """
    Label of every class of area, lowest first: its share and its lower bound.

    Parameters
    ----------
    scale : Scale
        Scale with `bounds`.
    words : Words
        Language.

    Returns
    -------
    list of str
        Two lines each, but for the lowest class.
    """
    ranked = [
        f"{words('map_top', share=f'{100 * share:.2g}')}\n{low:.3g}"
        for share, low in zip(scale.shares[1:], scale.bounds[1:-1], strict=True)
    ]
    return [words("map_rest"), *ranked]


def linear_scale(values: np.ndarray, role: str) -> Scale:
    """Linear from the 1st to the 99th percentile, arrows where values lie beyond."""
    low, high = np.percentile(values, [1, 99])
    if not high > low:
        low, high = values.min(), values.max()
    beyond = (values.min() < low, values.max() > high)
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}
    return Scale(ramp(role), Normalize(low, high), None, extend[beyond])


def class_colours(codes: Sequence[float]) -> list[str]:
    """Colour of each class; a golden-angle walk beyond the hand-picked ones."""
    extra = [
        to_hex(
            hsv_to_rgb(((0.61803 * i) % 1, 0.35 + 0.2 * (i % 3), 0.9 - 0.1 * (i % 4)))
        )
        for i in range(max(0, len(codes) - len(QUALITATIVE)))
    ]
    return [*QUALITATIVE, *extra][: len(codes)]


def role_of(grid: xr.DataArray) -> str:
    """Role of a grid: "classes", "score", "uncertainty" or "evidence"."""
    if grid.attrs.get("kind") == "categorical":
        return "classes"
    name = str(grid.name or "").lower()
    for role in ("uncertainty", "score"):
        if name.startswith(role):
            return role
    return "evidence"
