"""Clusters around medoids: samples that stand for their group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.random import RandomState
    from numpy.typing import NDArray


def find_medoids(
    distance: NDArray[np.float64], n: int, *, random: RandomState | None = None
) -> NDArray[np.intp]:
    """
    Rows with the least sum of distances of all rows to the nearest of them.

    Greedy start (random, if a generator is given), then swaps of a medoid and another
    row as long as one helps (Schubert & Rousseeuw 2021, Information Systems 101,
    101804).
    """
    if random is None:
        start = _greedy(distance, n)
    else:
        start = random.permutation(len(distance))[:n]
    return np.sort(_swap(distance, start.astype(np.int64)))


def _greedy(distance: NDArray[np.float64], n: int) -> NDArray[np.intp]:
    chosen = [int(distance.sum(axis=0).argmin())]
    nearest = distance[:, chosen[0]].copy()
    while len(chosen) < n:
        gain = np.minimum(distance - nearest[:, None], 0).sum(axis=0)
        gain[chosen] = np.inf
        chosen.append(int(gain.argmin()))
        nearest = np.minimum(nearest, distance[:, chosen[-1]])
    return np.asarray(chosen)


@njit(cache=True, nogil=True)
def _rank(distance, medoids, first, second, near):  # noqa: ANN001, ANN202
    """Nearest and second nearest medoid of each row; loss of leaving one out."""
    loss = np.zeros(len(medoids))
    for row in range(len(distance)):
        first[row] = second[row] = np.inf
        for place in range(len(medoids)):
            apart = distance[row, medoids[place]]
            if apart < first[row]:
                second[row], first[row] = first[row], apart
                near[row] = place
            elif apart < second[row]:
                second[row] = apart
        loss[near[row]] += second[row] - first[row]
    return loss


@njit(cache=True, nogil=True)
def _swap(distance, medoids):  # noqa: ANN001, ANN202
    """Medoids after all swaps that lower the sum of distances."""
    rows = len(distance)
    first, second = np.empty(rows), np.empty(rows)
    near = np.empty(rows, dtype=np.int64)
    loss = _rank(distance, medoids, first, second, near)
    least = 1e-12 * (1.0 + first.sum())
    candidate, idle = 0, 0
    while idle < rows:
        gain = loss.copy()
        shared = 0.0
        for row in range(rows):
            apart = distance[row, candidate]
            if apart < first[row]:
                shared += apart - first[row]
                gain[near[row]] += first[row] - second[row]
            elif apart < second[row]:
                gain[near[row]] += apart - second[row]
        place = gain.argmin()
        if gain[place] + shared < -least and not (medoids == candidate).any():
            medoids[place] = candidate
            loss = _rank(distance, medoids, first, second, near)
            idle = 0
        else:
            idle += 1
        candidate = (candidate + 1) % rows
    return medoids
