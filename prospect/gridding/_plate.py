"""The bent plate of minimum curvature: its energy, and how the least is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Sequence


def coarser(level: np.ndarray) -> np.ndarray:
    """Means of the known values of 2 × 2 cells."""
    rows, cols = level.shape
    padded = np.pad(level, ((0, rows % 2), (0, cols % 2)), constant_values=np.nan)
    padded = padded.reshape((rows + 1) // 2, 2, (cols + 1) // 2, 2)
    known = np.isfinite(padded)
    count = known.sum(axis=(1, 3))
    total = np.where(known, padded, 0).sum(axis=(1, 3))
    return np.where(count, total / np.maximum(count, 1), np.nan)


def finer(surface: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Linear interpolation onto cells of half the size; planes go on at the edges."""
    out = surface
    for axis, n in enumerate(shape):
        line = np.moveaxis(out, axis, 0)
        low, part = _between(n, len(line))
        part = part[:, None]
        high = np.minimum(low + 1, len(line) - 1)
        out = np.moveaxis(line[low] * (1 - part) + line[high] * part, 0, axis)
    return np.ascontiguousarray(out)


def _gathered(residual: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Transpose of `finer`: what pulls at fine cells, gathered onto coarse ones."""
    out = residual
    for axis, n in enumerate(shape):
        line = np.moveaxis(out, axis, 0)
        low, part = _between(len(line), n)
        part = part[:, None]
        coarse = np.zeros((n, line.shape[1]))
        np.add.at(coarse, low, line * (1 - part))
        np.add.at(coarse, np.minimum(low + 1, n - 1), line * part)
        out = np.moveaxis(coarse, 0, axis)
    return np.ascontiguousarray(out)


def _between(n: int, n_coarse: int) -> tuple[np.ndarray, np.ndarray]:
    """Coarse cell before each of n fine ones, and how far it is on to the next."""
    at = (np.arange(n) - 0.5) / 2
    low = np.clip(np.floor(at).astype(int), 0, max(n_coarse - 2, 0))
    return low, at - low if n_coarse > 1 else np.zeros(n)


def descend(
    surface: np.ndarray,
    held: Sequence[np.ndarray],
    tension: float,
    limits: tuple[float, int],
) -> tuple[float, int]:
    """
    Bend the free cells of a surface, in place, until its energy is least.

    Conjugate gradients; a multigrid cycle over the levels of `held` comes before each
    step and also estimates how far the solution still is. Returns that distance (the
    largest of all cells) and the iterations it took.
    """
    weights = [((1 - tension) / 4.0**depth, tension) for depth in range(len(held))]
    residual = np.zeros_like(surface)
    pull(surface, residual, held[0], *weights[0])
    residual *= -1
    direction, last = np.zeros_like(surface), 0.0
    bent = np.empty_like(surface)
    for iteration in range(limits[1] + 1):
        guess = _cycle(residual, held, weights, 0)
        error = float(np.abs(guess).max())
        if error <= limits[0] or iteration == limits[1]:
            return error, iteration
        now = float(np.vdot(residual, guess))
        direction *= now / last if last else 0.0
        direction += guess
        last = now
        pull(direction, bent, held[0], *weights[0])
        step = now / float(np.vdot(direction, bent))
        surface += step * direction
        residual -= step * bent
    return error, limits[1]


def _cycle(
    residual: np.ndarray,
    held: Sequence[np.ndarray],
    weights: Sequence[tuple[float, float]],
    depth: int,
) -> np.ndarray:
    """Estimate of the change that the residual asks for: one V-cycle, symmetric."""
    change = np.zeros_like(residual)
    plate, skin = weights[depth]
    if depth == len(held) - 1:
        for _ in range(20):
            relax(change, residual, held[depth], plate, skin, backward=False)
            relax(change, residual, held[depth], plate, skin, backward=True)
        return change
    relax(change, residual, held[depth], plate, skin, backward=False)
    left = np.empty_like(residual)
    pull(change, left, held[depth], plate, skin)
    np.subtract(residual, left, out=left)
    coarse = _gathered(left, held[depth + 1].shape)
    coarse[held[depth + 1]] = 0.0
    coarse = _cycle(coarse, held, weights, depth + 1)
    added = finer(coarse, residual.shape)
    added[held[depth]] = 0.0
    change += added
    relax(change, residual, held[depth], plate, skin, backward=True)
    return change


@njit(nogil=True, cache=True)
def pull(z, out, held, plate, skin) -> None:  # noqa: ANN001
    """Write the slope of the energy at every free cell, 0 at the others."""
    rows, cols = z.shape
    for i in range(rows):
        for j in range(cols):
            out[i, j] = 0.0 if held[i, j] else _slope(z, i, j, plate, skin)[0]


@njit(nogil=True, cache=True)
def relax(z, right, held, plate, skin, backward) -> None:  # noqa: ANN001
    """Set every free cell in turn so that the slope of the energy is `right` there."""
    rows, cols = z.shape
    for m in range(rows * cols):
        n = rows * cols - 1 - m if backward else m
        i, j = n // cols, n % cols
        if not held[i, j]:
            slope, stiff = _slope(z, i, j, plate, skin)
            if stiff > 0:
                z[i, j] += (right[i, j] - slope) / stiff


@njit(nogil=True, cache=True, inline="always")
def _slope(z, i, j, plate, skin):  # noqa: ANN001, ANN202
    """Slope and second derivative of the energy when one cell is moved."""
    rows, cols = z.shape
    if 2 <= i < rows - 2 and 2 <= j < cols - 2:
        near = z[i - 1, j] + z[i + 1, j] + z[i, j - 1] + z[i, j + 1]
        slant = z[i - 1, j - 1] + z[i - 1, j + 1] + z[i + 1, j - 1] + z[i + 1, j + 1]
        far = z[i - 2, j] + z[i + 2, j] + z[i, j - 2] + z[i, j + 2]
        here = z[i, j]
        slope = plate * (20 * here - 8 * near + 2 * slant + far)
        return slope + skin * (4 * here - near), 20 * plate + 4 * skin
    return _slope_at_edge(z, i, j, plate, skin)


@njit(nogil=True, cache=True)
def _slope_at_edge(z, i, j, plate, skin):  # noqa: ANN001, ANN202
    """Slope as `_slope` tells it, from the terms that exist near the edge."""
    rows, cols = z.shape
    slope, stiff = 0.0, 0.0
    # z_xx and z_yy about the three cells in line
    for c in range(max(j - 1, 1), min(j + 2, cols - 1)):
        w = -2.0 if c == j else 1.0
        slope += plate * w * (z[i, c - 1] - 2 * z[i, c] + z[i, c + 1])
        stiff += plate * w * w
    for r in range(max(i - 1, 1), min(i + 2, rows - 1)):
        w = -2.0 if r == i else 1.0
        slope += plate * w * (z[r - 1, j] - 2 * z[r, j] + z[r + 1, j])
        stiff += plate * w * w
    # 2 z_xy² on the squares of four cells that meet here
    for r in range(max(i - 1, 0), min(i + 1, rows - 1)):
        for c in range(max(j - 1, 0), min(j + 1, cols - 1)):
            w = 1.0 if (r == i) == (c == j) else -1.0
            twist = z[r, c] - z[r, c + 1] - z[r + 1, c] + z[r + 1, c + 1]
            slope += 2 * plate * w * twist
            stiff += 2 * plate
    for r, c in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
        if 0 <= r < rows and 0 <= c < cols:
            slope += skin * (z[i, j] - z[r, c])
            stiff += skin
    return slope, stiff
