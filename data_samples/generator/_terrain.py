"""Relief carved by rivers in rocks of unequal strength, and the drainage on it."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numba
import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from ._frame import EASTING, NORTHING, RESOLUTION, SIZE, SOUTH, WEST, noise, stream
from ._story import UNITS

STEPS, STEP_YEARS = 110, 2.0e4
ERODIBILITY = 3.2e-5  # per year and (m²)^(m - 1/2), m = 0.5, n = 1
UPLIFT = 6.0e-4  # m per year
ROUGHNESS = 2.0  # m, of the first surface


class Terrain(NamedTuple):
    """Elevation in m, receiver of every cell, upslope area in m², order downstream."""

    elevation: np.ndarray
    receiver: np.ndarray
    order: np.ndarray
    area: np.ndarray


def make_terrain(bedrock: np.ndarray) -> Terrain:
    """
    Landscape of uplift against rivers (stream power law, implicit in time).

    References
    ----------
    Braun, J. and Willett, S. D. (2013). A very efficient O(n), implicit and parallel
    method to solve the stream power equation. Geomorphology 180-181, 170-179.
    """
    u, v = (EASTING - WEST) / 20_000, (NORTHING - SOUTH) / 20_000
    uplift = UPLIFT * np.clip(0.35 + 0.75 * (1 - u) + 0.45 * v, 0.2, 2.0)
    strength = np.zeros(len(UNITS) + 1)
    strength[[unit.code for unit in UNITS]] = [unit.erodibility for unit in UNITS]
    erodibility = gaussian_filter(ERODIBILITY * strength[bedrock], 1.0)
    height = 60 + 60 * (1 - u) + 50 * v + ROUGHNESS * stream(6).random((SIZE, SIZE))
    height = np.round(height + 6 * noise(stream(7), 1500), 3)
    base = np.zeros((SIZE, SIZE), dtype=bool)
    base[-1, 250:360] = True
    base[260:300, -1] = base[60:80, -1] = True
    height = _evolve(height.ravel(), uplift.ravel(), erodibility.ravel(), base.ravel())
    height = _fill(height, base.ravel())
    receiver = _receivers(height, base.ravel())
    order = _order(receiver)
    area = accumulate(np.full(height.size, RESOLUTION**2), receiver, order)
    elevation = height.reshape(SIZE, SIZE)
    return Terrain(elevation, receiver, order, area.reshape(SIZE, SIZE))


def accumulate(
    values: np.ndarray, receiver: np.ndarray, order: np.ndarray
) -> np.ndarray:
    """Sum of `values` over all cells that drain through each cell, itself included."""
    return _accumulate(np.ravel(values).astype(float), receiver, order)


def valley_floor(terrain: Terrain) -> np.ndarray:
    """Cells of the flood plains: low above, and near to, a river of some size."""
    floor = np.zeros((SIZE, SIZE), dtype=bool)
    for least, reach, rise in ((4e6, 90, 7), (1.2e7, 190, 11), (4e7, 360, 15)):
        river = terrain.area >= least
        distance, nearest = distance_transform_edt(~river, return_indices=True)
        above = terrain.elevation - terrain.elevation[tuple(nearest)]
        floor |= (distance * RESOLUTION < reach) & (above < rise)
    return floor


@numba.njit
def _fill(height: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Hollows filled until every cell drains to the base (priority flood)."""
    filled, seen = height.copy(), base.copy()
    front = [(0.0, np.int64(-1))]
    heapq.heappop(front)
    for cell in np.flatnonzero(base):
        heapq.heappush(front, (filled[cell], np.int64(cell)))
    while len(front) > 0:
        level, cell = heapq.heappop(front)
        row, column = cell // SIZE, cell % SIZE
        for r in range(max(row - 1, 0), min(row + 2, SIZE)):
            for c in range(max(column - 1, 0), min(column + 2, SIZE)):
                other = r * SIZE + c
                if not seen[other]:
                    seen[other] = True
                    filled[other] = max(filled[other], level + 1e-3)
                    heapq.heappush(front, (filled[other], np.int64(other)))
    return filled


@numba.njit
def _receivers(height: np.ndarray, base: np.ndarray) -> np.ndarray:
    receiver = np.arange(height.size)
    for row in range(SIZE):
        for column in range(SIZE):
            cell = row * SIZE + column
            if base[cell]:
                continue
            steepest = 0.0
            for down in range(-1, 2):
                for right in range(-1, 2):
                    r, c = row + down, column + right
                    if r < 0 or c < 0 or r >= SIZE or c >= SIZE:
                        continue
                    run = np.sqrt(float(down * down + right * right))
                    if run == 0.0:
                        continue
                    fall = (height[cell] - height[r * SIZE + c]) / run
                    if fall > steepest:
                        steepest, receiver[cell] = fall, r * SIZE + c
    return receiver


@numba.njit
def _order(receiver: np.ndarray) -> np.ndarray:
    """Cells such that each comes after the cell it drains to."""
    count = receiver.size
    donors = np.zeros(count + 1, dtype=np.int64)
    for cell in range(count):
        donors[receiver[cell] + 1] += 1
    start = np.cumsum(donors)
    slot, donor = start.copy(), np.zeros(count, dtype=np.int64)
    for cell in range(count):
        donor[slot[receiver[cell]]] = cell
        slot[receiver[cell]] += 1
    order, length = np.zeros(count, dtype=np.int64), 0
    for cell in range(count):
        if receiver[cell] == cell:
            order[length] = cell
            length += 1
    read = 0
    while read < length:
        cell = order[read]
        read += 1
        for i in range(start[cell], start[cell + 1]):
            if donor[i] != cell:
                order[length] = donor[i]
                length += 1
    return order


@numba.njit
def _accumulate(
    values: np.ndarray, receiver: np.ndarray, order: np.ndarray
) -> np.ndarray:
    total = values.copy()
    for i in range(order.size - 1, -1, -1):
        cell = order[i]
        if receiver[cell] != cell:
            total[receiver[cell]] += total[cell]
    return total


@numba.njit
def _evolve(
    height: np.ndarray, uplift: np.ndarray, erodibility: np.ndarray, base: np.ndarray
) -> np.ndarray:
    height = height.copy()
    diffusion = 0.16
    for step in range(STEPS):
        if step < 10 or step % 10 == 0:
            height = _fill(height, base)
        receiver = _receivers(height, base)
        order = _order(receiver)
        area = _accumulate(np.full(height.size, RESOLUTION**2), receiver, order)
        for i in range(order.size):
            cell = order[i]
            if base[cell]:
                continue
            height[cell] += uplift[cell] * STEP_YEARS
            to = receiver[cell]
            if to == cell:
                continue
            away = abs(cell // SIZE - to // SIZE) + abs(cell % SIZE - to % SIZE)
            run = RESOLUTION * (1.0 if away == 1 else np.sqrt(2.0))
            factor = erodibility[cell] * STEP_YEARS * np.sqrt(area[cell]) / run
            height[cell] = (height[cell] + factor * height[to]) / (1.0 + factor)
        smooth = height.copy()
        for row in range(1, SIZE - 1):
            for column in range(1, SIZE - 1):
                cell = row * SIZE + column
                around = height[cell - 1] + height[cell + 1]
                around += height[cell - SIZE] + height[cell + SIZE]
                smooth[cell] += diffusion * (around - 4.0 * height[cell])
        height = smooth
    return height
