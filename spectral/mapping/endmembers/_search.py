"""Kernels of the searches: extremes along directions, simplices, residuals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from math import lgamma
from typing import NamedTuple

import numpy as np

from ..._threads import one_blas_thread, workers

PIXELS = 8192  # a slab: scores and projections stay in the caches
ROWS = 64  # directions at a time
LARGER = 1 + 1e-6  # a swap must enlarge the simplex by more than rounding


class Extremes(NamedTuple):
    """
    Where projections onto directions are largest and smallest; the first, of equals.

    Parameters
    ----------
    top, bottom : ndarray of int, shape (n_directions,)
        Pixels.
    highest, lowest : ndarray, shape (n_directions,)
        Projections there.
    """

    top: np.ndarray
    bottom: np.ndarray
    highest: np.ndarray
    lowest: np.ndarray


def extremes(directions: np.ndarray, scores: np.ndarray) -> Extremes:
    """Extreme pixels of (dimensions, pixels) along each row of `directions`."""
    directions = directions.astype(scores.dtype)
    starts = range(0, scores.shape[1], PIXELS)
    share = max(1, -(-len(starts) // (4 * workers())))
    groups = [starts[at : at + share] for at in range(0, len(starts), share)]

    def work(group: range) -> Extremes:
        return _merged(
            [
                _of_slab(directions, scores[:, start : start + PIXELS], start)
                for start in group
            ]
        )

    with one_blas_thread():
        if len(groups) < 2:
            return _merged([work(group) for group in groups])
        with ThreadPoolExecutor(workers()) as pool:
            return _merged(list(pool.map(work, groups)))


def _of_slab(directions: np.ndarray, slab: np.ndarray, start: int) -> Extremes:
    parts = []
    for row in range(0, len(directions), ROWS):
        projected = directions[row : row + ROWS] @ slab
        top, bottom = projected.argmax(1), projected.argmin(1)
        rows = np.arange(len(projected))
        parts.append((top, bottom, projected[rows, top], projected[rows, bottom]))
    top, bottom, highest, lowest = map(np.concatenate, zip(*parts, strict=True))
    return Extremes(top + start, bottom + start, highest, lowest)


def _merged(parts: list[Extremes]) -> Extremes:
    top, bottom, highest, lowest = map(np.stack, zip(*parts, strict=True))
    up, down = highest.argmax(0), lowest.argmin(0)
    column = np.arange(up.size)
    return Extremes(
        top[up, column], bottom[down, column], highest[up, column], lowest[down, column]
    )


def simplex_volume(vertices: np.ndarray) -> float:
    """Volume of the simplex over the columns of (dimensions, vertices)."""
    edges = vertices[:, 1:] - vertices[:, :1]
    edges = edges.astype("float64")
    sizes = np.abs(np.diag(np.linalg.qr(edges, mode="r")))
    if sizes.size < edges.shape[1] or not (sizes > 0).all():
        return 0.0
    return float(np.exp(np.log(sizes).sum() - lgamma(edges.shape[1] + 1)))


def swap_vertices(
    scores: np.ndarray, start: np.ndarray, *, max_sweeps: int
) -> tuple[np.ndarray, int]:
    """
    Vertices swapped one by one while the simplex grows; sweeps needed.

    A pixel in the place of vertex j changes the volume by the factor of its j-th
    barycentric coordinate, which is linear in the pixel: one product a vertex.
    """
    with one_blas_thread():
        return _swap(scores, start.copy(), max_sweeps)


def _swap(
    scores: np.ndarray, chosen: np.ndarray, max_sweeps: int
) -> tuple[np.ndarray, int]:
    for sweep in range(1, max_sweeps + 1):
        changed = False
        for vertex in range(len(chosen)):
            row = np.linalg.inv(_homogeneous(scores, chosen))[vertex]
            found = extremes(row[None, 1:], scores)
            high, low = found.highest[0] + row[0], found.lowest[0] + row[0]
            pixel = int(found.top[0] if high >= -low else found.bottom[0])
            exact = abs(row[0] + row[1:] @ scores[:, pixel].astype("float64"))
            if exact > LARGER:
                chosen[vertex], changed = pixel, True
        if not changed:
            return chosen, sweep
    return chosen, max_sweeps


def _homogeneous(scores: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    return np.vstack([np.ones(len(chosen)), scores[:, chosen].astype("float64")])


def farthest(scores: np.ndarray, n: int, *, affine: bool) -> list[int]:
    """
    Pixels each the farthest from the span of those before.

    Affine: from the flat through them, the first two far from the mean and from one
    another. Otherwise from the subspace they span, the first the longest.
    """
    left, chosen = scores.copy(), []
    if affine:
        away = int(_norms(left).argmax())
        left -= left[:, [away]]
        first = int(_norms(left).argmax())
        left = scores - scores[:, [first]]
        chosen = [first]
    while len(chosen) < n:
        norms = _norms(left)
        norms[chosen] = -1
        pixel = int(norms.argmax())
        chosen.append(pixel)
        _take_off(left, left[:, pixel].astype("float64"))
    return chosen


def _norms(left: np.ndarray) -> np.ndarray:
    norms = left[0] * left[0]
    for row in left[1:]:
        norms += row * row
    return norms


def _take_off(left: np.ndarray, along: np.ndarray) -> None:
    length = np.linalg.norm(along)
    if length == 0:
        return
    unit = (along / length).astype(left.dtype)
    amount = unit @ left
    for place, part in enumerate(unit):  # row by row: no copy of all
        left[place] -= part * amount


def independent_start(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random pixels that span a simplex."""
    n = len(scores) + 1
    for _ in range(100):
        chosen = rng.choice(scores.shape[1], n, replace=False)
        if np.linalg.cond(_homogeneous(scores, chosen)) < 1e10:
            return chosen
    return np.array(farthest(scores, n, affine=True))
