"""Spectra to their products with a few rows, in double precision, in one pass."""

from __future__ import annotations

import numpy as np
from numba import njit

BLOCK = 256  # pixels whose sums stay in the nearest cache


@njit(nogil=True, cache=True, fastmath={"contract"})
def project(values: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """
    Products of spectra with rows, and what the spectra themselves are.

    Parameters
    ----------
    values : ndarray, shape (n_bands, n_pixels)
        float32 or float64, any strides.
    rows : ndarray, shape (n_rows, n_bands)
        float64.

    Returns
    -------
    products : ndarray, shape (n_rows, n_pixels)
        float64; NaN where a band is.
    facts : ndarray, shape (3, n_pixels)
        Sum of squares, smallest and largest value.
    """
    n_bands, n_pixels = values.shape
    products = np.zeros((rows.shape[0], n_pixels))
    facts = np.zeros((3, n_pixels))
    facts[1] = np.inf
    facts[2] = -np.inf
    held = np.empty(BLOCK)
    for start in range(0, n_pixels, BLOCK):
        size = min(BLOCK, n_pixels - start)
        squares = facts[0, start : start + size]
        low, high = facts[1, start : start + size], facts[2, start : start + size]
        for b in range(n_bands):
            for p in range(size):
                value = np.float64(values[b, start + p])
                held[p] = value
                squares[p] += value * value
                low[p] = min(low[p], value)
                high[p] = max(high[p], value)
            for k in range(rows.shape[0]):
                weight = rows[k, b]
                sums = products[k, start : start + size]
                for p in range(size):
                    sums[p] += weight * held[p]
    return products, facts
