"""Eigenvectors with fixed signs, and matrices that cannot be inverted named by band."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ..._threads import one_blas_thread

SINGULAR = 1e-10  # share of a band's variance that the other bands leave


def eigenvectors(
    matrix: np.ndarray, noise: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """
    Eigenvalues falling and eigenvectors as rows, largest element positive.

    With `noise` of the pair: v noise vᵀ = 1. One BLAS thread: the same bytes each time.
    """
    with one_blas_thread():
        values, columns = scipy.linalg.eigh(matrix, noise)
    return values[::-1], fixed_signs(columns[:, ::-1].T)


def fixed_signs(vectors: np.ndarray) -> np.ndarray:
    """Rows whose element of largest size is positive."""
    largest = np.abs(vectors).argmax(1)
    signs = np.sign(vectors[np.arange(len(vectors)), largest])
    return np.ascontiguousarray(vectors * np.where(signs == 0, 1, signs)[:, None])


def check_regular(
    covariance: np.ndarray, wavelength: np.ndarray | None, *, role: str, n: int
) -> None:
    """Refuse a covariance that has no inverse; say which bands are to blame."""
    bands = len(covariance)
    dependent = dependent_bands(covariance)
    if dependent.size == 0:
        return
    if n <= bands:
        raise ValueError(
            f"{role} of {bands} bands comes from {n} independent values only and is "
            "singular. Take a larger area, or fewer bands."
        )
    names = ", ".join(
        f"{band + 1}" if wavelength is None else f"{band + 1} ({wavelength[band]:g} nm)"
        for band in dependent[:10]
    )
    more = f" and {dependent.size - 10} more" if dependent.size > 10 else ""
    raise ValueError(
        f"{role} is singular: of the good bands, {names}{more} are constant there or "
        "follow from the other bands exactly. Mark them bad: "
        "cube.assign_coords(bad_bands=('wavelength', [...]))"
    )


def dependent_bands(covariance: np.ndarray) -> np.ndarray:
    """Bands of which the others leave nothing, in ascending order."""
    size = np.sqrt(np.maximum(np.diag(covariance), 0))
    scale = np.where(size > 0, size, 1)
    left = covariance / np.outer(scale, scale)
    order, bands = [], len(left)
    for _ in range(bands):  # pivoted Cholesky: the band with most left comes next
        rest = np.diag(left).copy()
        rest[order] = -np.inf
        pivot = int(rest.argmax())
        if rest[pivot] <= SINGULAR:
            break
        order.append(pivot)
        column = left[:, pivot] / np.sqrt(rest[pivot])
        left = left - np.outer(column, column)
    return np.setdiff1d(np.arange(bands), order)
