"""Least squares with hinges: the best knots among points, then between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_PLACES = 120
TURNS = 40
SMALL = 1e-10


def best_knots(
    u: NDArray, v: NDArray, w: NDArray, *, n_knots: int, least: int
) -> NDArray | None:
    """
    Return the knots among the points with the least squares; None if points lack.

    Each segment spans at least `least` steps from point to point.
    """
    n = len(u)
    if n < (n_knots + 1) * least + 1:
        return None
    if not n_knots:
        return np.empty(0)
    places = np.arange(least, n - least)
    if len(places) > MOST_PLACES:
        chosen = np.linspace(0, len(places) - 1, MOST_PLACES).round().astype(int)
        places = places[chosen]
    root = np.sqrt(w)
    base, _ = np.linalg.qr(np.column_stack([root, root * (u - u.mean())]))
    hinges = root[:, None] * np.maximum(u[:, None] - u[places], 0)
    hinges -= base @ (base.T @ hinges)
    target = root * v
    target = target - base @ (base.T @ target)
    best = _search(hinges.T @ hinges, hinges.T @ target, places, n_knots, least)
    return u[places[best]] if best[0] >= 0 else None


def fit_line(
    u: NDArray, v: NDArray, w: NDArray, knots: NDArray
) -> tuple[NDArray, NDArray]:
    """Level, first slope and its changes at the knots; residuals."""
    columns = np.column_stack(
        [np.ones(len(u)), u, *(np.maximum(u - k, 0) for k in knots)]
    )
    root = np.sqrt(w)
    found, *_ = np.linalg.lstsq(root[:, None] * columns, root * v, rcond=None)
    return found, v - columns @ found


def polish_knots(
    u: NDArray, v: NDArray, w: NDArray, knots: NDArray, *, least: int
) -> tuple[NDArray, float]:
    """Knots moved between the points by Gauss-Newton steps, and the squares left."""
    _, residuals = fit_line(u, v, w, knots)
    sse = float(w @ residuals**2)
    for _ in range(TURNS if len(knots) else 0):
        step = _step(u, v, w, knots)
        moved, left = _shorten(u, v, w, knots, step, sse, least)
        if left >= sse * (1 - SMALL):
            break
        knots, sse = moved, left
    return knots, sse


def _step(u: NDArray, v: NDArray, w: NDArray, knots: NDArray) -> NDArray:
    """Move of each knot that a linear model of the hinges asks for (Muggeo 2003)."""
    hinges = [np.maximum(u - k, 0) for k in knots]
    jumps = [-(u > k).astype(float) for k in knots]
    columns = np.column_stack([np.ones(len(u)), u, *hinges, *jumps])
    root = np.sqrt(w)
    found, *_ = np.linalg.lstsq(root[:, None] * columns, root * v, rcond=None)
    turns, shifts = found[2 : 2 + len(knots)], found[2 + len(knots) :]
    safe = np.where(np.abs(turns) > SMALL, turns, np.inf)
    return shifts / safe


def _shorten(
    u: NDArray, v: NDArray, w: NDArray, knots: NDArray, step: NDArray, sse: float,
    least: int,
) -> tuple[NDArray, float]:  # fmt: skip
    """Longest of the step's halves that lowers the squares and keeps the segments."""
    for half in range(12):
        moved = knots + step / 2**half
        if not _keeps(u, moved, least):
            continue
        _, residuals = fit_line(u, v, w, moved)
        left = float(w @ residuals**2)
        if left < sse:
            return moved, left
    return knots, sse


def _keeps(u: NDArray, knots: NDArray, least: int) -> bool:
    """Whether each segment still has its points."""
    if not np.isfinite(knots).all() or (np.diff(knots) <= 0).any():
        return False
    inside = np.searchsorted(u, knots)
    return bool((np.diff(np.concatenate([[0], inside, [len(u)]])) >= least).all())


@njit(nogil=True, cache=True)
def _search(gram, moment, places, n_knots, least):  # noqa: ANN001, ANN202
    """
    Set of places with the largest drop of squares.

    All sets are visited depth first; a Cholesky factor grows by a row with each knot.
    """
    m = len(places)
    best = np.full(n_knots, -1)
    chosen = np.full(n_knots, -1)
    factor = np.zeros((n_knots, n_knots))
    reduced = np.zeros(n_knots)
    gain = np.zeros(n_knots + 1)
    top = -1.0
    depth = 0
    while depth >= 0:
        chosen[depth] += 1
        j = chosen[depth]
        if j >= m:
            depth -= 1
            continue
        if depth > 0 and places[j] - places[chosen[depth - 1]] < least:
            continue
        rest = gram[j, j]
        value = moment[j]
        for a in range(depth):
            entry = gram[j, chosen[a]]
            for b in range(a):
                entry -= factor[depth, b] * factor[a, b]
            entry /= factor[a, a]
            factor[depth, a] = entry
            rest -= entry * entry
            value -= entry * reduced[a]
        if rest <= SMALL * gram[j, j]:
            continue
        factor[depth, depth] = np.sqrt(rest)
        reduced[depth] = value / factor[depth, depth]
        gain[depth + 1] = gain[depth] + reduced[depth] ** 2
        if depth == n_knots - 1:
            if gain[n_knots] > top:
                top = gain[n_knots]
                best[:] = chosen
        else:
            depth += 1
            chosen[depth] = j
    return best
