"""Vertex component analysis, the best of many runs."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from ..reduction._algebra import eigenvectors
from ..reduction._statistics import SceneStatistics, scene_statistics, statistics_on
from ._result import pixels_as_library
from ._search import extremes, simplex_volume
from ._space import (
    Space,
    affine_space,
    check_depth,
    check_number,
    check_pixels,
    linear_space,
)

if TYPE_CHECKING:
    import xarray as xr

DARK = 0.01  # of the mean brightness: below, the direction of a pixel is noise


def vca(
    cube: xr.DataArray,
    *,
    n_endmembers: int,
    n_runs: int = 20,
    statistics: SceneStatistics | None = None,
    random_state: int = 0,
) -> xr.DataArray:
    """
    Endmembers by vertex component analysis (VCA), the largest simplex of many runs.

    Parameters
    ----------
    cube : DataArray
        (wavelength, y, x), lazy or not, or a library. Pixels with a gap and all-zero
        pixels are left out and counted; search a part with ``cube.where(mask)``.
    n_endmembers : int
        How many; `signal_dimension` tells.
    n_runs : int
        A run depends on its random directions: on one real scene the mean angle to the
        truth went from 0.08 to 0.29 rad over 50 of them. The run of greatest volume is
        kept; all run side by side over the same pixels.
    statistics : SceneStatistics, optional
        Of the cube, if already computed.
    random_state : int
        Of the directions of all runs.

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        A library: spectra of the pixels, all bands, in the order found; along spectrum
        ``row``, ``column`` (from 0), ``y``, ``x``; ``attrs``: method, volume (of the
        spectra's simplex in good bands), snr_db, projection ("projective" above
        15 + 10 log10(n) dB, "affine" below), n_runs, random_state, notes.

    Raises
    ------
    ValueError
        If more endmembers are asked for than bands, pixels, or dimensions the scene
        spans.

    Notes
    -----
    The cube is read twice, for its statistics and its components: n_endmembers values
    of float32 a pixel are in memory. The projective view does not see brightness;
    pixels darker than a hundredth of the mean do not count there, which is told.

    References
    ----------
    Nascimento, J. M. P., Bioucas-Dias, J. M. (2005). Vertex component analysis: a fast
    algorithm to unmix hyperspectral data. IEEE TGRS 43(4), 898-910.

    Examples
    --------
    >>> import xarray as xr
    >>> rng = np.random.default_rng(0)
    >>> spectra, shares = rng.random((20, 3)), rng.dirichlet(np.ones(3), 400).T
    >>> shares[:, :3] = np.eye(3)
    >>> cube = xr.DataArray(
    ...     (spectra @ shares).reshape(20, 20, 20),
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": np.linspace(2000, 2400, 20)},
    ... )
    >>> found = vca(cube, n_endmembers=3)
    >>> sorted(found["column"].values.tolist()), found["row"].values.tolist()
    ([0, 1, 2], [0, 0, 0])
    """
    n = check_number(cube, n_endmembers, beyond=0)
    if statistics is None:
        statistics = scene_statistics(cube, noise=None)
    statistics = statistics_on(statistics, cube)
    values, _ = eigenvectors(statistics.covariance)
    check_depth(values, n - 1)
    snr = _snr(values, statistics.mean, n)
    projective = snr > 15 + 10 * np.log10(n)
    if projective:
        space, notes = _projective(linear_space(cube, n, statistics=statistics))
    else:
        space, notes = _lifted(affine_space(cube, n - 1, statistics=statistics)), []
    check_pixels(space, n)
    chosen = _runs(space.scores, max(1, n_runs), random_state)
    volumes = [simplex_volume(space.scores[:, run]) for run in chosen]
    best = int(np.argmax(volumes))
    told = {
        "method": "vca",
        "snr_db": float(snr),
        "projection": "projective" if projective else "affine",
        "n_runs": n_runs,
        "random_state": random_state,
        "notes": notes,
    }
    return pixels_as_library(cube, space, chosen[best], told=told)


def _snr(values: np.ndarray, mean: np.ndarray, n: int) -> float:
    """Signal-to-noise ratio in dB, noise being what n components leave."""
    brightness = mean @ mean
    total = values.sum() + brightness
    signal = values[:n].sum() + brightness
    noise = max(total - signal, 1e-15 * total)
    return float(10 * np.log10(max(signal - n / len(values) * total, 1e-300) / noise))


def _projective(space: Space) -> tuple[Space, list[str]]:
    """Pixels scaled onto the plane through the mean: brightness no longer matters."""
    mean = space.scores.mean(1, dtype="float64")
    along = mean.astype("float32") @ space.scores
    dark = along < DARK * (mean @ mean)
    along[dark] = np.inf
    scaled = dataclasses.replace(space, scores=space.scores / along)
    count = int(dark.sum())
    notes = [
        f"{count} pixels are darker than a hundredth of the mean and were not searched."
    ]
    return scaled, notes if count else []


def _lifted(space: Space) -> Space:
    """One coordinate more, the same for all pixels: as long as the longest of them."""
    height = np.sqrt((space.scores.astype("float64") ** 2).sum(0).max())
    lift = np.full((1, space.scores.shape[1]), height, space.scores.dtype)
    return dataclasses.replace(space, scores=np.concatenate([space.scores, lift]))


def _runs(scores: np.ndarray, n_runs: int, random_state: int) -> np.ndarray:
    """Pixels (n_runs, n): each extreme along a direction free of those before it."""
    n = len(scores)
    rng = np.random.default_rng(random_state)
    found = np.zeros((n_runs, n, n))
    found[:, -1, 0] = 1.0
    chosen = np.zeros((n_runs, n), int)
    for step in range(n):
        random = rng.standard_normal((n_runs, n, 1))
        free = random - found @ (np.linalg.pinv(found) @ random)
        free = free[..., 0] / np.linalg.norm(free[..., 0], axis=1, keepdims=True)
        ends = extremes(free, scores)
        chosen[:, step] = np.where(ends.highest >= -ends.lowest, ends.top, ends.bottom)
        found[:, :, step] = scores[:, chosen[:, step]].T
    return chosen
