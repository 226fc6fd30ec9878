"""Normal numbers that belong to a pixel, wherever its block begins."""

from __future__ import annotations

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
S27, S30, S31, S11 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(11)
UNIT = 1.0 / 9007199254740992.0  # 2 to the power of -53


@njit(nogil=True, cache=True)
def mixed(state: np.uint64) -> np.uint64:
    """Scramble 64 bits (SplitMix64)."""
    state = (state ^ (state >> S30)) * FIRST
    state = (state ^ (state >> S27)) * SECOND
    return state ^ (state >> S31)


@njit(nogil=True, cache=True)
def normal_draws(places: np.ndarray, seed: int, draw: int, count: int) -> np.ndarray:
    """
    Standard normal numbers, `count` a place.

    Parameters
    ----------
    places : ndarray of int64, shape (n_pixels,)
        Number of each pixel in the whole cube.
    seed, draw : int
        Of the whole and of the repetition.
    count : int
        Numbers a pixel.

    Returns
    -------
    ndarray, shape (count, n_pixels)
        The same for the same place, seed and draw.
    """
    found = np.empty((count, places.size))
    start = mixed(np.uint64(seed) + GOLDEN)
    start = mixed(start ^ (np.uint64(draw) * GOLDEN))
    for p in range(places.size):
        state = mixed(start ^ mixed(np.uint64(places[p]) + GOLDEN))
        for k in range(0, count, 2):
            state += GOLDEN
            one = (np.float64(mixed(state) >> S11) + 0.5) * UNIT
            state += GOLDEN
            other = (np.float64(mixed(state) >> S11) + 0.5) * UNIT
            length = np.sqrt(-2.0 * np.log(one))
            found[k, p] = length * np.cos(2.0 * np.pi * other)
            if k + 1 < count:
                found[k + 1, p] = length * np.sin(2.0 * np.pi * other)
    return found
