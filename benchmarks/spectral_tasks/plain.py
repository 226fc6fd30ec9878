"""
Limits and references of the spectral benchmark; run by child.py's rules.

One product of matrices and one pass over memory; the answers in float64 by the
textbook; scipy pixel by pixel.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from child import SAMPLE, main
from scipy.linalg import cho_factor, cho_solve, eigh
from scipy.optimize import nnls

SUM_TO_ONE = 1e4  # weight of the row that asks for it


def gemm(scene):
    flat = scene.band_first().reshape(scene.wavelength.size, -1)
    units = np.ones((50, flat.shape[0]), "float32")
    out = np.zeros((50, flat.shape[1]), "float32")
    return lambda: np.matmul(units, flat, out=out), lambda _: {}


def memory(scene):
    flat = scene.band_first().ravel()
    parts = np.array_split(flat, 64)
    cores = len(os.sched_getaffinity(0))

    def work():
        with ThreadPoolExecutor(cores) as pool:
            return sum(pool.map(np.sum, parts))

    return work, lambda _: {}


def moments(scene):
    """Mean, covariance, noise from horizontal neighbours, two passes in float64."""
    kept = scene.folder / f"moments_{scene.name}.npz"
    if kept.exists():
        with np.load(kept) as file:
            return file["mean"], file["covariance"], file["noise"]
    cube = scene.pixel_first()
    bands = cube.shape[2]
    n, pairs = cube[..., 0].size, cube[:, 1:, 0].size
    mean = sum(row.sum(0, dtype="float64") for row in cube) / n
    scatter, noise = np.zeros((bands, bands)), np.zeros((bands, bands))
    offset = sum((row[0] - row[-1].astype("float64") for row in cube), np.zeros(bands))
    offset /= pairs
    for rows in np.array_split(cube, max(1, n // 20_000)):
        rows = rows.astype("float64")  # noqa: PLW2901
        apart = (rows[:, :-1] - rows[:, 1:]).reshape(-1, bands) - offset
        away = rows.reshape(-1, bands) - mean
        scatter += away.T @ away
        noise += apart.T @ apart
    covariance, noise = scatter / (n - 1), noise / 2 / (pairs - 1)
    np.savez(kept, mean=mean, covariance=covariance, noise=noise)
    return mean, covariance, noise


def statistics(scene):
    return lambda: moments(scene), lambda found: dict(
        zip(("mean", "covariance", "noise"), found, strict=True)
    )


def away_from_mean(scene):
    mean, covariance, _ = moments(scene)
    return mean, cho_factor(covariance), scene.spectra(SAMPLE) - mean


def mnf(scene):
    def work():
        mean, covariance, noise = moments(scene)
        values, vectors = eigh(covariance, noise)
        best = vectors[:, ::-1][:, :3]
        scores = np.abs((scene.spectra(SAMPLE) - mean) @ best)
        return {"eigenvalues": values[::-1][:20], "scores": scores}

    return work, dict


def filtered(count):
    def make(scene):
        def work():
            mean, factor, away = away_from_mean(scene)
            targets = scene.library[:count] - mean
            filters = cho_solve(factor, targets.T)
            return away @ (filters / (targets.T * filters).sum(0))

        return work, lambda found: {"score": found}

    return make


def ace(scene):
    def work():
        mean, factor, away = away_from_mean(scene)
        target = scene.library[0] - mean
        flat = cho_solve(factor, target)
        size = (away * cho_solve(factor, away.T).T).sum(1)
        return ((away @ flat) ** 2 / (target @ flat) / size)[:, None]

    return work, lambda found: {"score": found}


def rx(scene):
    def work():
        _, factor, away = away_from_mean(scene)
        return (away * cho_solve(factor, away.T).T).sum(1)

    return work, lambda found: {"distance": found}


def sam(scene):
    def work():
        pixels, library = scene.spectra(SAMPLE).astype("float64"), scene.library
        pixels /= np.linalg.norm(pixels, axis=1, keepdims=True)
        library = library / np.linalg.norm(library, axis=1, keepdims=True)
        return np.arccos(np.clip(pixels @ library.T, -1, 1))

    return work, lambda found: {"angle": found}


def sam_best(scene):
    work, _ = sam(scene)
    return work, lambda found: {"class": found.argmin(1) + 1, "angle": found.min(1)}


def ucls(scene):
    pixels, pure = scene.spectra(SAMPLE), scene.endmembers
    return (
        lambda: np.linalg.lstsq(pure.T, pixels.T.astype("float64"), rcond=None)[0].T,
        lambda found: {"share": found},
    )


def solved(*, sum_to_one):
    """One call of scipy.optimize.nnls a pixel."""

    def make(scene):
        pixels = scene.spectra().astype("float64")
        matrix = scene.endmembers.T
        if sum_to_one:
            row = np.full((1, matrix.shape[1]), SUM_TO_ONE)
            matrix = np.vstack([matrix, row])
            pixels = np.hstack([pixels, np.full((len(pixels), 1), SUM_TO_ONE)])
        return (
            lambda: np.array([nnls(matrix, pixel)[0] for pixel in pixels]),
            lambda found: {"share": found},
        )

    return make


TASKS = {
    "gemm": gemm,
    "memory": memory,
    "statistics": statistics,
    "sam_all": sam,
    "sam_best": sam_best,
    "mnf": mnf,
    "mf_1": filtered(1),
    "mf_50": filtered(50),
    "ace": ace,
    "rx": rx,
    "ucls": ucls,
    "nnls": solved(sum_to_one=False),
    "fcls": solved(sum_to_one=True),
}

if __name__ == "__main__":
    main(TASKS)
