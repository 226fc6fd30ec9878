"""Simplex of least volume around all pixels: endmembers without pure pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._threads import one_blas_thread
from ._result import spectra_as_library
from ._search import extremes, farthest, swap_vertices
from ._space import Space, affine_space, check_number, check_pixels

if TYPE_CHECKING:
    import xarray as xr

    from ..reduction._statistics import SceneStatistics

INNER = 8  # steps of the augmented Lagrangian a linearisation
STEADY = 1e-7  # relative change of the goal that ends the search
MOST_INNER = 256
WEIGHT = 100.0
RIDGE = 1e-6
SKEWERS = 500


def sisal(
    cube: xr.DataArray,
    *,
    n_endmembers: int,
    penalty: float = 1.0,
    max_pixels: int = 20_000,
    max_iterations: int = 200,
    statistics: SceneStatistics | None = None,
    random_state: int = 0,
) -> xr.DataArray:
    """
    Endmembers of the simplex of least volume around the pixels (SISAL).

    Parameters
    ----------
    cube : DataArray
        (wavelength, y, x), lazy or not, or a library. Pixels with a gap and all-zero
        pixels are left out and counted; search a part with ``cube.where(mask)``.
    n_endmembers : int
        How many; `signal_dimension` tells.
    penalty : float
        What a share below zero costs beside the volume. Small: outliers and noise may
        stay outside the simplex; large: nearly all pixels inside.
    max_pixels : int
        At most so many pixels are enclosed: those extreme along random directions, and
        a random sample of the others.
    max_iterations : int
        Linearisations, at most.
    statistics : SceneStatistics, optional
        Of the cube, if already computed.
    random_state : int
        Of the sample.

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        A library of virtual spectra: no pixel need be pure, so none has a place; NaN in
        bad bands. ``attrs``: method, volume, iterations, outside (share of the pixels'
        abundances below -0.01), random_state, notes.

    Raises
    ------
    ValueError
        If more endmembers are asked for than bands + 1, pixels, or dimensions the
        scene spans, or penalty is not above zero.

    Notes
    -----
    The cube is read twice, for its statistics and its components; n_endmembers - 1
    values of float32 a pixel are in memory. The simplex may leave the pixels far
    behind: look for reflectance below 0 or above 1, which is told in the notes.

    References
    ----------
    Bioucas-Dias, J. M. (2009). A variable splitting augmented Lagrangian approach to
    linear spectral unmixing. IEEE WHISPERS 2009.

    Examples
    --------
    >>> import xarray as xr
    >>> rng = np.random.default_rng(0)
    >>> spectra, shares = rng.random((20, 3)), rng.dirichlet(np.ones(3), 3000).T
    >>> shares = shares[:, shares.max(0) < 0.8][:, :2000]  # no pure pixels
    >>> cube = xr.DataArray(
    ...     (spectra @ shares).reshape(20, 40, 50),
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": np.linspace(2000, 2400, 20)},
    ... )
    >>> found = sisal(cube, n_endmembers=3).values
    >>> distance = np.abs(found[:, None] - spectra.T).max(2).min(1)
    >>> bool((distance < 0.05).all())
    True
    """
    n = check_number(cube, n_endmembers)
    if not penalty > 0:
        raise ValueError(f"penalty={penalty}: give a number above zero, such as 1.")
    space = affine_space(cube, n - 1, statistics=statistics)
    check_pixels(space, n)
    rng = np.random.default_rng(random_state)
    used = _sample(space.scores, max(n, max_pixels), rng)
    size = np.sqrt(space.values[: n - 1])[:, None]
    flat = space.scores[:, used] / size
    points = np.concatenate([flat, np.ones((1, used.size))]) / np.sqrt(n)
    with one_blas_thread():
        unmixing, iterations = _enclose(
            points, _start(flat, n), penalty, max_iterations
        )
    corners = np.linalg.inv(unmixing)
    vertices = corners[:-1] / corners[-1] * size
    told = {
        "method": "sisal",
        "penalty": penalty,
        "iterations": iterations,
        "outside": float((unmixing @ points < -0.01).mean()),
        "random_state": random_state,
        "notes": _notes(space, vertices, used.size),
    }
    return spectra_as_library(cube, space, vertices, told=told)


def _sample(scores: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    pixels = scores.shape[1]
    if pixels <= most:
        return np.arange(pixels)
    ends = extremes(rng.standard_normal((min(SKEWERS, most // 4), len(scores))), scores)
    outer = np.unique(np.concatenate([ends.top, ends.bottom]))
    others = np.setdiff1d(np.arange(pixels), outer, assume_unique=True)
    inner = rng.choice(others, most - outer.size, replace=False)
    return np.sort(np.concatenate([outer, inner]))


def _start(flat: np.ndarray, n: int) -> np.ndarray:
    """Corners of a simplex of pixels, blown up n + 1 times to hold all of them."""
    flat = flat.astype("float32")
    chosen, _ = swap_vertices(
        flat, np.array(farthest(flat, n, affine=True)), max_sweeps=20
    )
    corners = flat[:, chosen].astype("float64")
    middle = corners.mean(1, keepdims=True)
    corners = middle + (n + 1) * (corners - middle)
    return np.concatenate([corners, np.ones((1, n))]) / np.sqrt(n)


def _enclose(
    points: np.ndarray, corners: np.ndarray, penalty: float, max_iterations: int
) -> tuple[np.ndarray, int]:
    """
    Unmixing matrix Q: least -log|det Q| + penalty * what Q @ points has below zero.

    The determinant is linearised; each piece is solved by splitting Q @ points off, the
    columns of Q held so that shares sum to one.
    """
    n, pixels = points.shape
    weight = WEIGHT * n / pixels
    gram = weight * points @ points.T + RIDGE * np.eye(n)
    inverse = np.linalg.inv(gram)
    sums = np.zeros(n)
    sums[-1] = np.sqrt(n)  # 1 @ Q: the last coordinate of all points is 1 / sqrt(n)
    Q = np.linalg.inv(corners)
    split, dual = Q @ points, np.zeros(points.shape)
    goal, inner = _goal(Q, points, penalty), INNER
    for iteration in range(1, max_iterations + 1):
        before, last = Q, goal
        pull = np.linalg.inv(before).T + RIDGE * before
        for _ in range(inner):
            right = weight * (split - dual) @ points.T + pull
            free = (sums @ gram - right.sum(0)) / n
            Q = (right + free) @ inverse
            moved = Q @ points + dual
            # pulled towards zero from below, left alone above
            split = np.maximum(moved, 0) + np.minimum(moved + penalty / weight, 0)
            dual = moved - split
        Q, goal = _least_between(before, Q, last, points, penalty)
        if last - goal > STEADY * abs(last):
            continue
        if inner >= MOST_INNER:
            return Q, iteration
        inner *= 2  # the piece was not solved well enough to lead on
    return Q, max_iterations


def _least_between(
    before: np.ndarray,
    after: np.ndarray,
    last: float,
    points: np.ndarray,
    penalty: float,
) -> tuple[np.ndarray, float]:
    """First of halving steps back that lowers the goal; the start if none does."""
    for _ in range(20):
        goal = _goal(after, points, penalty)
        if goal <= last:
            return after, goal
        after = (after + before) / 2
    return before, last


def _goal(Q: np.ndarray, points: np.ndarray, penalty: float) -> float:
    size = np.linalg.slogdet(Q)[1]
    return float(-size - penalty * np.minimum(Q @ points, 0).sum())


def _notes(space: Space, vertices: np.ndarray, used: int) -> list[str]:
    spectra = space.centre[:, None] + space.back @ vertices
    low, high = int((spectra < 0).any(0).sum()), int((spectra > 1).any(0).sum())
    told = {
        f"{low} endmembers fall below 0 in some band: no pixel is near them.": low,
        f"{high} endmembers rise above 1 in some band: no pixel is near them.": high,
        f"{used} of {space.scores.shape[1]} pixels were enclosed, the extreme ones and "
        "a random sample.": used < space.scores.shape[1],
    }
    return [note for note, holds in told.items() if holds]
