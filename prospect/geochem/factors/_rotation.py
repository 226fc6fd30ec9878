"""Extraction and rotation of factors from a correlation matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST = 0.005  # uniqueness below which a fit is a Heywood case


class Extraction(NamedTuple):
    """Unrotated loadings, uniquenesses, and whether the iteration settled."""

    loadings: NDArray[np.float64]
    uniqueness: NDArray[np.float64]
    n_iter: int
    converged: bool


class Rotation(NamedTuple):
    """Pattern loadings, and the correlation of the factors (None if orthogonal)."""

    loadings: NDArray[np.float64]
    correlation: NDArray[np.float64] | None


def principal_factors(
    correlation: NDArray[np.float64], n: int, *, max_iter: int = 1000, tol: float = 1e-6
) -> Extraction:
    """Iterated principal factors; communalities start at the largest correlation."""
    off = np.abs(correlation - np.diag(np.diag(correlation)))
    communality = off.max(axis=1)
    loadings = np.zeros((len(correlation), n))
    for step in range(1, max_iter + 1):
        reduced = correlation.copy()
        np.fill_diagonal(reduced, communality)
        loadings = _leading(reduced, n)
        new = np.minimum((loadings**2).sum(axis=1), 1 - SMALLEST)
        change = np.abs(new - communality).max()
        communality = new
        if change < tol:
            return Extraction(loadings, 1 - communality, step, converged=True)
    return Extraction(loadings, 1 - communality, max_iter, converged=False)


def likely_factors(correlation: NDArray[np.float64], n: int) -> Extraction:
    """Loadings of greatest normal likelihood (Joreskog 1967)."""

    def objective(unique: NDArray) -> tuple[float, NDArray]:
        loadings, sizes = _given(correlation, unique, n)
        fitted = loadings @ loadings.T + np.diag(unique)
        inverse = np.linalg.inv(fitted)
        top = np.maximum(sizes[:n], 1)
        value = np.log(unique).sum() + np.log(top).sum() + (sizes[:n] / top).sum()
        slope = np.diag(inverse @ (fitted - correlation) @ inverse)
        return float(value + sizes[n:].sum()), slope

    spread = np.abs(correlation - np.diag(np.diag(correlation))).max(axis=1)
    found = minimize(
        objective,
        np.clip(1 - spread, 0.05, 0.95),
        jac=True,
        method="L-BFGS-B",
        bounds=[(SMALLEST, 1.0)] * len(correlation),
        options={"maxiter": 2000, "ftol": 1e-13, "gtol": 1e-8},
    )
    loadings, _ = _given(correlation, found.x, n)
    return Extraction(loadings, found.x, int(found.nit), bool(found.success))


def varimax(
    loadings: NDArray[np.float64], *, max_iter: int = 1000, tol: float = 1e-10
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Varimax with Kaiser's normalisation: rotated loadings and the rotation."""
    p, n = loadings.shape
    size = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    size[size == 0] = 1
    scaled = loadings / size
    rotation, before = np.eye(n), 0.0
    for _ in range(max_iter):
        rotated = scaled @ rotation
        target = rotated**3 - rotated * (rotated**2).sum(axis=0) / p
        left, sizes, right = np.linalg.svd(scaled.T @ target)
        rotation = left @ right
        if sizes.sum() < before * (1 + tol):
            break
        before = sizes.sum()
    return loadings @ rotation, rotation


def promax(loadings: NDArray[np.float64], *, power: float = 4) -> Rotation:
    """Promax (Hendrickson & White 1964) from loadings rotated by varimax."""
    target = loadings * np.abs(loadings) ** (power - 1)
    turn, *_ = np.linalg.lstsq(loadings, target, rcond=None)
    scale = np.diag(np.linalg.inv(turn.T @ turn))
    turn = turn * np.sqrt(scale)
    inverse = np.linalg.inv(turn)
    return Rotation(loadings @ turn, inverse @ inverse.T)


def _leading(matrix: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    sizes, vectors = np.linalg.eigh(matrix)
    top = np.argsort(-sizes, kind="stable")[:n]
    return vectors[:, top] * np.sqrt(np.maximum(sizes[top], 0))


def _given(
    correlation: NDArray[np.float64], unique: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Best loadings for given uniquenesses, and all eigenvalues, largest first."""
    root = np.sqrt(unique)
    sizes, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    sizes, vectors = sizes[::-1], vectors[:, ::-1]
    top = np.sqrt(np.maximum(sizes[:n] - 1, 0))
    return root[:, None] * vectors[:, :n] * top, sizes
