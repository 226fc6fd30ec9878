"""Which samples a place is estimated from: nearest first, by sectors, within reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

SECTORS = (1, 4, 8)
MOST = 1000
PER_BUCKET = 3.0
LOOK_FURTHER = 4  # empty sectors are given up after this many times the neighbours


@dataclass(frozen=True, kw_only=True)
class Neighbourhood:
    """
    Which samples an estimate rests on.

    Parameters
    ----------
    neighbours : int, optional
        The nearest samples that are used. If left out: all samples where there are no
        more than 4000, else the nearest 64. Distances follow the anisotropy of the
        model: across its longest direction they count 1 / ratio times.
    sectors : {1, 4, 8}, default 1
        Quadrants or octants about the place, each of which gives no more than its equal
        share of the samples. Those that stay empty among the nearest
        4 × `neighbours` are left empty.
    max_distance : float, optional
        Metres beyond which a sample is not used (along the longest direction of the
        model; across it `ratio` times that). Cells with none nearer are missing.

    Raises
    ------
    ValueError
        If a number is not possible.

    Examples
    --------
    >>> Neighbourhood(neighbours=32, sectors=8, max_distance=2000.0)
    Neighbourhood(neighbours=32, sectors=8, max_distance=2000.0)
    """

    neighbours: int | None = None
    sectors: int = 1
    max_distance: float | None = None

    def __post_init__(self) -> None:
        k, far = self.neighbours, self.max_distance
        if k is not None and (k != int(k) or not 1 <= k <= MOST):
            raise ValueError(
                f"neighbours must be a whole number from 1 to {MOST}. Got {k!r}."
            )
        if self.sectors not in SECTORS:
            raise ValueError(
                f"sectors must be one of {SECTORS}. Got {self.sectors!r} instead."
            )
        if far is not None and not (np.isfinite(far) and far > 0):
            raise ValueError(
                f"max_distance must be positive metres. Got {far!r} instead."
            )


class Buckets(NamedTuple):
    """Samples sorted into squares of the search metric, for looking around a place."""

    u: NDArray[np.float64]
    v: NDArray[np.float64]
    metric: NDArray[np.float64]
    corner: NDArray[np.float64]
    size: float
    shape: NDArray[np.int64]
    start: NDArray[np.int64]
    order: NDArray[np.int64]


class Search(NamedTuple):
    """How to look: number of each variable, sectors, squared reach."""

    neighbours: NDArray[np.int64]
    sectors: int
    reach: float


def make_buckets(
    x: NDArray[np.float64], y: NDArray[np.float64], metric: NDArray[np.float64]
) -> Buckets:
    """Sort samples into squares with a few samples each on average."""
    u, v = metric[0] * x + metric[1] * y, metric[2] * x + metric[3] * y
    corner = np.array([u.min(), v.min()])
    width, height = np.ptp(u), np.ptp(v)
    size = max(np.sqrt(width * height * PER_BUCKET / len(x)), 1e-3)
    # a line of samples has no area
    size = max(size, (width + height) * PER_BUCKET / (8 * len(x)))
    shape = np.array([int(height / size) + 1, int(width / size) + 1])
    row = ((v - corner[1]) / size).astype(np.int64)
    col = ((u - corner[0]) / size).astype(np.int64)
    bucket = row * shape[1] + col
    order = np.argsort(bucket, kind="stable")
    counts = np.bincount(bucket, minlength=shape[0] * shape[1])
    start = np.concatenate([[0], counts.cumsum()]).astype(np.int64)
    return Buckets(u, v, metric, corner, float(size), shape, start, order)


@njit(nogil=True, cache=True)
def count_within(buckets, x, y, radius):  # noqa: ANN001, ANN202
    """Return the number of samples within `radius` metres of the search metric."""
    u = buckets.metric[0] * x + buckets.metric[1] * y
    v = buckets.metric[2] * x + buckets.metric[3] * y
    rows, cols = buckets.shape
    size = buckets.size
    r0 = max(int(np.floor((v - radius - buckets.corner[1]) / size)), 0)
    r1 = min(int(np.floor((v + radius - buckets.corner[1]) / size)), rows - 1)
    c0 = max(int(np.floor((u - radius - buckets.corner[0]) / size)), 0)
    c1 = min(int(np.floor((u + radius - buckets.corner[0]) / size)), cols - 1)
    count = 0
    if c1 < c0:
        return count
    for row in range(r0, r1 + 1):
        begin, end = buckets.start[row * cols + c0], buckets.start[row * cols + c1 + 1]
        for at in range(begin, end):
            i = buckets.order[at]
            du, dv = buckets.u[i] - u, buckets.v[i] - v
            count += du * du + dv * dv <= radius * radius
    return count


@njit(nogil=True, cache=True)
def _gather(buckets, row, col, u, v, fits, apart, found, n):  # noqa: ANN001, ANN202, PLR0913, PLR0917
    """Append the samples of one square that fit and are within reach."""
    variable, wanted, fold, left_out, reach = fits
    bucket = row * buckets.shape[1] + col
    for at in range(buckets.start[bucket], buckets.start[bucket + 1]):
        i = buckets.order[at]
        du, dv = buckets.u[i] - u, buckets.v[i] - v
        d = du * du + dv * dv
        if d <= reach and variable[i] == wanted and fold[i] != left_out:
            apart[n] = d
            found[n] = i
            n += 1
    return n


@njit(nogil=True, cache=True)
def _ring(buckets, row, col, ring, u, v, fits, apart, found, n):  # noqa: ANN001, ANN202, PLR0913, PLR0917
    """Append the samples of the squares that are `ring` squares away."""
    rows, cols = buckets.shape
    for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
        if abs(r - row) == ring:
            for c in range(max(col - ring, 0), min(col + ring, cols - 1) + 1):
                n = _gather(buckets, r, c, u, v, fits, apart, found, n)
        else:
            if 0 <= col - ring < cols:
                n = _gather(buckets, r, col - ring, u, v, fits, apart, found, n)
            if 0 <= col + ring < cols:
                n = _gather(buckets, r, col + ring, u, v, fits, apart, found, n)
    return n


@njit(nogil=True, cache=True)
def _sector(du, dv, sectors):  # noqa: ANN001, ANN202
    if sectors == 1:
        return 0
    quadrant = 2 * (du >= 0) + (dv >= 0)
    return quadrant if sectors == 4 else 2 * quadrant + (abs(du) > abs(dv))


@njit(nogil=True, cache=True)
def _enough(buckets, search, wanted, u, v, safe, apart, found, n):  # noqa: ANN001, ANN202, PLR0913, PLR0917
    """Whether what lies within the distance seen in all directions suffices."""
    k = search.neighbours[wanted]
    inside = 0
    filled = np.zeros(search.sectors, np.int64)
    for j in range(n):
        if apart[j] <= safe:
            inside += 1
            i = found[j]
            filled[_sector(buckets.u[i] - u, buckets.v[i] - v, search.sectors)] += 1
    if inside < k:
        return False
    if search.sectors == 1 or inside >= LOOK_FURTHER * k:
        return True
    share = -(-k // search.sectors)
    return filled.min() >= share


@njit(nogil=True, cache=True)
def nearest(buckets, search, samples, place, asked, room):  # noqa: ANN001, ANN202
    """
    Write the samples a place rests on to `room`, nearest first; return how many.

    `asked` is (variable, fold that is left out, squared reach, squared distance up to
    which sectors do not count); `room` is (squared distances, found, chosen), each with
    room for all samples.
    """
    wanted, left_out, reach, kept = asked
    apart, found, _ = room
    x, y = place
    u = buckets.metric[0] * x + buckets.metric[1] * y
    v = buckets.metric[2] * x + buckets.metric[3] * y
    rows, cols = buckets.shape
    row = int(np.floor((v - buckets.corner[1]) / buckets.size))
    col = int(np.floor((u - buckets.corner[0]) / buckets.size))
    fits = (samples.variable, wanted, samples.fold, left_out, reach)
    first = max(-row, row - rows + 1, -col, col - cols + 1, 0)
    last = max(row, rows - 1 - row, col, cols - 1 - col)
    n = 0
    limit = np.inf
    for ring in range(first, last + 1):
        seen = (ring * buckets.size) ** 2
        n = _ring(buckets, row, col, ring, u, v, fits, apart, found, n)
        if seen > reach:
            break
        if n >= search.neighbours[wanted] and _enough(
            buckets, search, wanted, u, v, seen, apart, found, n
        ):
            limit = seen
            break
    return _choose(buckets, search, wanted, u, v, (limit, kept), room, n)


@njit(nogil=True, cache=True)
def _sink(apart, found, i, n):  # noqa: ANN001, ANN202
    """Restore the order of a heap below one entry; the nearest is on top."""
    while 2 * i + 1 < n:
        c = 2 * i + 1
        if c + 1 < n and (apart[c + 1], found[c + 1]) < (apart[c], found[c]):
            c += 1
        if (apart[i], found[i]) <= (apart[c], found[c]):
            return
        apart[i], apart[c] = apart[c], apart[i]
        found[i], found[c] = found[c], found[i]
        i = c


@njit(nogil=True, cache=True)
def _make_heap(apart, found, n):  # noqa: ANN001, ANN202
    for i in range(n // 2 - 1, -1, -1):
        _sink(apart, found, i, n)


@njit(nogil=True, cache=True)
def _choose(buckets, search, wanted, u, v, limits, room, n):  # noqa: ANN001, ANN202
    """Take the nearest within the limit up to which none was overlooked."""
    apart, found, chosen = room
    limit, kept = limits
    k = search.neighbours[wanted]
    share = -(-k // search.sectors)
    filled = np.zeros(search.sectors, np.int64)
    count = 0
    _make_heap(apart, found, n)
    while n > 0 and count < k and apart[0] <= limit:
        n -= 1
        apart[0], apart[n] = apart[n], apart[0]
        found[0], found[n] = found[n], found[0]
        _sink(apart, found, 0, n)
        j = n
        i = found[j]
        sector = _sector(buckets.u[i] - u, buckets.v[i] - v, search.sectors)
        if filled[sector] < share or apart[j] <= kept:
            filled[sector] += 1
            chosen[count] = i
            count += 1
    return count
