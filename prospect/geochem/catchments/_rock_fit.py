"""Content of each lithology from the contents of mixtures."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

HUBER = 1.345  # 95 % efficiency for normal errors (Huber 1981)
MOST_ROUNDS = 200


class Fit(NamedTuple):
    """Contents of the lithologies and their covariance (NaN where not known)."""

    contents: np.ndarray
    covariance: np.ndarray


def weighted_means(y: np.ndarray, areas: np.ndarray) -> Fit:
    """Mean of the samples for each lithology, weighted by its area in each."""
    total = areas.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (areas * y[:, None]).sum(axis=0) / total
        count = (areas > 0).sum(axis=0)
        spread = (areas**2 * (y[:, None] - means) ** 2).sum(axis=0) / total**2
        variance = np.where(count > 1, spread * count / (count - 1), np.nan)
    return Fit(means, np.diag(variance))


def robust(y: np.ndarray, shares: np.ndarray) -> Fit:
    """Huber's M-estimate of y = shares @ contents, scale by the MAD about zero."""
    n, p = shares.shape
    contents = np.linalg.lstsq(shares, y, rcond=None)[0]
    scale = 0.0
    for _ in range(MOST_ROUNDS):
        residual = y - shares @ contents
        scale = np.median(np.abs(residual)) / 0.6744897501960817
        if scale <= 1e-12 * np.abs(y).max():
            return Fit(contents, np.zeros((p, p)))
        size = np.maximum(np.abs(residual) / scale, 1e-300)
        weight = np.minimum(1.0, HUBER / size)
        root = np.sqrt(weight)
        new = np.linalg.lstsq(shares * root[:, None], y * root, rcond=None)[0]
        moved = np.abs(new - contents).max()
        contents = new
        if moved <= 1e-10 * np.abs(y).max():
            break
    standard = (y - shares @ contents) / scale
    psi = np.clip(standard, -HUBER, HUBER)
    inside = (np.abs(standard) <= HUBER).mean()
    correction = 1 + p / n * (1 - inside) / inside
    variance = correction**2 * scale**2 * (psi**2).sum() / (n - p) / inside**2
    return Fit(contents, variance * np.linalg.inv(shares.T @ shares))


def nonnegative(y: np.ndarray, shares: np.ndarray) -> Fit:
    """Least squares without negative contents; no error where the bound holds."""
    n, p = shares.shape
    contents, _ = nnls(shares, y)
    free = contents > 0
    covariance = np.full((p, p), np.nan)
    residual = y - shares @ contents
    if n > free.sum():
        variance = residual @ residual / (n - free.sum())
        inner = np.linalg.pinv(shares[:, free].T @ shares[:, free])
        covariance[np.ix_(free, free)] = variance * inner
    return Fit(contents, covariance)
