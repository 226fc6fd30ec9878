"""
Cells in squares that share neighbourhoods.

Each corner of a square has a neighbourhood of its own, shared with the other squares
that meet there; the estimate of a cell blends those of its four corners, with weights
that change smoothly from corner to corner. So a map has no seams, each neighbourhood is
factorised once, and weights that sum to one at every corner still do after blending.
Squares crowded with samples are quartered, down to cells that have a neighbourhood of
their own. All is tied to the first cell of the grid and squares are computed whole:
results do not depend on the blocks of a map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from ._covariance import FAST, covariance_to_cells
from ._neighbours import count_within, nearest
from ._solve import add_row, drift_at, estimate, make_system

if TYPE_CHECKING:
    from affine import Affine
    from numpy.typing import NDArray

    from ._neighbours import Buckets

MOST = 32  # cells along the largest square
OWN = 16  # mask of a cell that has a neighbourhood of its own
BATCH = 64


class Cells(NamedTuple):
    """Coordinates (rows, columns) from the samples' origin, external drift first."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    drift: NDArray[np.float64]


class Tiling(NamedTuple):
    """
    Side of the squares in cells, number of samples that crowds one, longest step.

    `step` is that from a cell to the next, diagonally, in the search metric. Where all
    places have the same neighbourhood (`alike`), there is nothing to blend.
    """

    side: int
    crowd: int
    step: float
    alike: bool = False


class Jobs(NamedTuple):
    """
    Neighbourhoods: their place, the fold they leave out, and the cells they serve.

    `tile` (n, 4): row and column of the cell south-east of the corner, side of the
    squares, mask of the squares that want it (bit 0 north-west, 1 north-east, 2
    south-west, 3 south-east; `OWN`: the square that begins there, alone).
    """

    place: NDArray[np.float64]
    tile: NDArray[np.int64]
    left_out: NDArray[np.int64]


def cells_of(
    affine: Affine,
    window: tuple[int, int, int, int],
    origin: NDArray,
    drift: NDArray,
) -> tuple[Cells, tuple[slice, slice]]:
    """Cells of the squares that a window touches, and where the window is therein."""
    row0, row1, col0, col1 = window
    top, left = row0 // MOST * MOST, col0 // MOST * MOST
    bottom, right = -(-row1 // MOST) * MOST, -(-col1 // MOST) * MOST
    x = affine.c + (np.arange(left, right) + 0.5) * affine.a - origin[0]
    y = affine.f + (np.arange(top, bottom) + 0.5) * affine.e - origin[1]
    inside = slice(row0 - top, row1 - top), slice(col0 - left, col1 - left)
    shape = (bottom - top, right - left)
    whole = np.full((len(drift), *shape), np.nan)
    whole[(slice(None), *inside)] = drift
    x, y = (np.ascontiguousarray(np.broadcast_to(v, shape)) for v in (x, y[:, None]))
    return Cells(x, y, whole), inside


def plan_squares(
    cells: Cells, inside: tuple[slice, slice], buckets: Buckets, tiling: Tiling
) -> Jobs:
    """Corners and single cells that a window needs, quartering crowded squares."""
    rows, cols = cells.x.shape
    first = (cells.x[0, 0], cells.y[0, 0])
    step = (cells.x[0, 1] - first[0], cells.y[1, 0] - first[1])
    side = tiling.side
    waiting = _touched((rows, cols), inside, side)
    if tiling.alike:
        i, j = np.nonzero(waiting)
        place = _place(first, step, i * side, j * side)
        tile = np.column_stack([i * side, j * side, 0 * i + side, 0 * i + OWN])
        return Jobs(place, tile.astype(np.int64), np.full(len(tile), -1))
    places, tiles = [], []
    while side > 1:
        crowded = _crowded(buckets, first, step, (side, tiling.step), waiting.shape)
        active = waiting & ~(crowded > tiling.crowd)
        mask = np.zeros((active.shape[0] + 1, active.shape[1] + 1), np.int64)
        for bit, (i, j) in enumerate(((1, 1), (1, 0), (0, 1), (0, 0))):
            mask[i : i + active.shape[0], j : j + active.shape[1]] |= active << bit
        i, j = np.nonzero(mask)
        places.append(_place(first, step, i * side - 0.5, j * side - 0.5))
        tiles.append(np.column_stack([i * side, j * side, 0 * i + side, mask[i, j]]))
        side //= 2
        waiting = (waiting & ~active).repeat(2, axis=0).repeat(2, axis=1)
        waiting &= _touched((rows, cols), inside, side)
    i, j = np.nonzero(waiting)
    places.append(_place(first, step, i, j))
    tiles.append(np.column_stack([i, j, 0 * i + 1, 0 * i + OWN]))
    tile = np.concatenate(tiles).astype(np.int64)
    return Jobs(np.concatenate(places), tile, np.full(len(tile), -1))


def plan_places(places: NDArray, left_out: NDArray, drift: NDArray) -> tuple:
    """Cells and jobs of single places (m, 2) with external drift (layers, m)."""
    m = len(places)
    x, y = (np.ascontiguousarray(places[None, :, i], dtype=float) for i in (0, 1))
    tile = np.zeros((m, 4), np.int64)
    tile[:, 1], tile[:, 2], tile[:, 3] = np.arange(m), 1, OWN
    cells = Cells(x, y, np.ascontiguousarray(drift[:, None, :], dtype=float))
    return cells, Jobs(np.ascontiguousarray(places, dtype=float), tile, left_out)


def _touched(shape: tuple[int, int], inside: tuple, side: int) -> NDArray[np.bool_]:
    out = np.zeros((shape[0] // side, shape[1] // side), bool)
    rows, cols = (slice(s.start // side, -(-s.stop // side)) for s in inside)
    out[rows, cols] = True
    return out


def _place(first: tuple, step: tuple, i: NDArray, j: NDArray) -> NDArray:
    return np.column_stack([first[0] + j * step[0], first[1] + i * step[1]])


@njit(nogil=True, cache=True)
def _crowded(buckets, first, step, size, shape):  # noqa: ANN001, ANN202
    """Count the samples around the corners of squares, the most of the four."""
    side, longest = size
    counts = np.empty((shape[0] + 1, shape[1] + 1), np.int64)
    for i in range(shape[0] + 1):
        for j in range(shape[1] + 1):
            x = first[0] + (j * side - 0.5) * step[0]
            y = first[1] + (i * side - 0.5) * step[1]
            counts[i, j] = count_within(buckets, x, y, side * longest)
    out = np.empty(shape, np.int64)
    for i in range(shape[0]):
        for j in range(shape[1]):
            out[i, j] = counts[i : i + 2, j : j + 2].max()
    return out


@njit(nogil=True, cache=True)
def _choose(samples, buckets, search, place, left_out, kept, room):  # noqa: ANN001, ANN202
    """Samples of all variables for a place; none if the first variable has none."""
    parts = np.empty(search.neighbours.sum(), np.int64)
    total = 0
    reach = (np.sqrt(search.reach) + kept) ** 2
    for wanted in range(len(search.neighbours)):
        n = nearest(
            buckets, search, samples, (place[0], place[1]),
            (wanted, left_out, reach, kept * kept), room,
        )  # fmt: skip
        if wanted == 0 and n == 0:
            return parts[:0]
        parts[total : total + n] = room[2][:n]
        total += n
    return parts[:total]


@njit(nogil=True, cache=True)
def _in_reach(buckets, chosen, x, y, reach):  # noqa: ANN001, ANN202
    """Whether one of the samples is near enough."""
    if reach == np.inf:
        return True
    u = buckets.metric[0] * x + buckets.metric[1] * y
    v = buckets.metric[2] * x + buckets.metric[3] * y
    for i in chosen:
        if (buckets.u[i] - u) ** 2 + (buckets.v[i] - v) ** 2 <= reach:
            return True
    return False


@njit(nogil=True, cache=True)
def _share(k, side, corner):  # noqa: ANN001, ANN202
    """Weight of a corner (0 north-west … 3 south-east) at cell `k` of a square."""
    down, right = (k // side + 0.5) / side, (k % side + 0.5) / side
    down, right = down * down * (3 - 2 * down), right * right * (3 - 2 * right)
    share = down if corner >= 2 else 1.0 - down
    return share * (right if corner % 2 else 1.0 - right)


@njit(nogil=True, cache=True)
def _square(cells, row0, col0, side, aim, system, n_variables):  # noqa: ANN001, ANN202
    """Coordinates of a square's cells and the drift's functions there."""
    m, p = side * side, system.slope.shape[0]
    x, y, drift, functions = np.empty(m), np.empty(m), np.empty((p, m)), np.empty(p)
    place = system.place
    for k in range(m):
        row, col = row0 + k // side, col0 + k % side
        x[k], y[k] = cells.x[row, col], cells.y[row, col]
        drift_at(
            aim.drift, n_variables, x[k] - place[0], y[k] - place[1], place[2], 0,
            cells.drift[:, row, col], functions,
        )  # fmt: skip
        for e in range(p):
            drift[e, k] = functions[e]
    return x, y, drift


@njit(nogil=True, cache=True)
def run_jobs(model, samples, buckets, search, aim, cells, jobs, step):  # noqa: ANN001, ANN202, C901
    """
    Estimates, kriging variance, spread lost, number of samples of the cells.

    Returns (realisations + 3, rows, columns); NaN where no sample is in reach.
    """
    n, n_values = samples.values.shape
    shape, n_variables = cells.x.shape, model.sills.shape[1]
    out, weight = np.zeros((n_values + 3, *shape)), np.zeros(shape)
    room = (np.empty(n), np.empty(n, np.int64), np.empty(n, np.int64))
    largest = jobs.tile[:, 2].max() ** 2 if len(jobs.tile) else 1
    reduced = np.empty(
        (search.neighbours.sum() + 16 + samples.external.shape[1], largest)
    )
    found = np.zeros((n_values + 2, largest))
    for at in range(len(jobs.tile)):
        row, col, side, mask = jobs.tile[at]
        place = jobs.place[at]
        kept = 0.0 if mask == OWN else side * step
        chosen = _choose(samples, buckets, search, place, jobs.left_out[at], kept, room)
        if chosen.size == 0:
            continue
        system = make_system(model, samples, chosen, place, aim)
        for square in range(4):
            if not (mask >> square & 1 or (mask == OWN and square == 3)):
                continue
            row0 = row if square >= 2 else row - side
            col0 = col if square % 2 else col - side
            x, y, drift = _square(cells, row0, col0, side, aim, system, n_variables)
            estimate(model, system, aim, x, y, drift, reduced, found[:, : x.size])
            for k in range(x.size):
                if not _in_reach(buckets, chosen, x[k], y[k], search.reach):
                    continue
                share = 1.0 if mask == OWN else _share(k, side, 3 - square)
                i, j = row0 + k // side, col0 + k % side
                weight[i, j] += share
                for r in range(n_values + 2):
                    out[r, i, j] += share * found[r, k]
                out[n_values + 2, i, j] += share * chosen.size
    for i in range(shape[0]):
        for j in range(shape[1]):
            none = weight[i, j] <= 0.0
            for r in range(n_values + 3):
                out[r, i, j] = np.nan if none else out[r, i, j] / weight[i, j]
    return out


@njit(nogil=True, cache=True, fastmath=FAST)
def _dual_square(model, samples, weight, aim, x, y, covariance, total):  # noqa: ANN001, ANN202
    """Covariances of a square's cells with all samples times `weight`."""
    total[:] = 0.0
    for start in range(0, len(weight), BATCH):
        end = min(start + BATCH, len(weight))
        covariance_to_cells(
            model,
            samples.x[start:end],
            samples.y[start:end],
            samples.variable[start:end],
            x,
            y,
            aim.part,
            covariance,
        )
        for r in range(len(total)):
            for i in range(end - start):
                add_row(weight[start + i, r], covariance[i], total[r])


@njit(nogil=True, cache=True)
def add_dual(model, samples, weight, aim, cells, out):  # noqa: ANN001, ANN202
    """
    Add the covariances with all samples times `weight` (n, realisations) to `out`.

    `out` (realisations, rows, columns), in squares of `MOST` cells.
    """
    rows, cols = cells.x.shape
    side = min(MOST, rows)
    m = side * MOST
    x, y, covariance = np.empty(m), np.empty(m), np.empty((BATCH, m))
    total = np.empty((weight.shape[1], m))
    for at in range(-(-rows // side) * -(-cols // MOST)):
        row = at // -(-cols // MOST) * side
        col = at % -(-cols // MOST) * MOST
        for k in range(m):
            i, j = row + k // MOST, min(col + k % MOST, cols - 1)
            x[k], y[k] = cells.x[i, j], cells.y[i, j]
        _dual_square(model, samples, weight, aim, x, y, covariance, total)
        for r in range(len(total)):
            for k in range(m):
                if col + k % MOST < cols:
                    out[r, row + k // MOST, col + k % MOST] += total[r, k]
