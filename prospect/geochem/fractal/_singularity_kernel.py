"""
Sums of many windows around each cell.

Sums of 2, 4, 8 ... rows or columns are made by adding two of half their length, and a
window is put together of such pieces: the cost of a window grows with the logarithm of
its width, nothing is ever subtracted, and a cell's result does not depend on the block
it was computed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from ._singularity_fit import ROWS, fit_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRIP = 256
FIELDS = ("alpha", "coefficient", "standard_error", "r2", "known_share")
DTYPE = np.dtype([(name, "f4") for name in FIELDS])


def square_windows(
    cells: NDArray, *, halves: NDArray, scale: NDArray, min_share: float
) -> NDArray:
    """Fit of the square windows with half widths `halves`, as records."""
    out = np.full((len(FIELDS), *cells.shape), np.nan, "float32")
    _squares(np.ascontiguousarray(cells), halves, scale, min_share, out)
    return _records(out)


def shaped_windows(
    cells: NDArray, *, runs: NDArray, halo: int, scale: NDArray, min_share: float
) -> NDArray:
    """
    Fit of windows of any shape, as records.

    `runs` has a row a run of cells: window, row offset, first column offset, length.
    """
    out = np.full((len(FIELDS), *cells.shape), np.nan, "float32")
    _shapes(np.ascontiguousarray(cells), runs, halo, scale, min_share, out)
    return _records(out)


def _records(out: NDArray) -> NDArray:
    """Layers as one array of records."""
    records = np.empty(out.shape[1:], DTYPE)
    for name, layer in zip(FIELDS, out, strict=True):
        records[name] = layer
    return records


@njit(nogil=True, cache=True, error_model="numpy")
def _squares(cells, halves, scale, min_share, out):  # noqa: ANN001, ANN202
    rows, columns = cells.shape
    halo, n = halves[-1], len(halves)
    levels = _levels_of(2 * halo + 1)
    sums = np.zeros((levels, 2 * halo + 1, STRIP + 2 * halo))
    counts, gaps = np.zeros(sums.shape), np.zeros(2 * halo + 1, np.int64)
    total, known = np.zeros((n, STRIP)), np.zeros((n, STRIP))
    work, room = np.zeros((3, sums.shape[2])), np.zeros((n + ROWS, STRIP), np.float32)
    for first in range(halo, columns - halo, STRIP):
        width = min(STRIP, columns - halo - first)
        for r in range(rows):
            row = cells[r, first - halo : first + width + halo]
            gaps[r % len(gaps)] = _enter(row, sums, counts, r)
            _grow(sums, r, len(row))
            _grow(counts, r, len(row))
            if r < 2 * halo:
                continue
            there = out[:, r - halo, first : first + width]
            _sum_squares(sums, r - halo, halves, work, total[:, :width])
            if gaps.any():
                _sum_squares(counts, r - halo, halves, work, known[:, :width])
                fit_row(total, known, scale, min_share, room, there)
                _hide(cells[r - halo, first:], there)
            else:
                fit_row(total, known[:, :0], scale, min_share, room, there)


@njit(nogil=True, cache=True, error_model="numpy")
def _shapes(cells, runs, halo, scale, min_share, out):  # noqa: ANN001, ANN202
    """Windows made of runs of cells, of sums of 1, 2, 4 ... neighbours in a row."""
    rows, columns = cells.shape
    n, levels = len(scale[0]), _levels_of(runs[:, 3].max())
    sums = np.zeros((levels, 2 * halo + 1, STRIP + 2 * halo))
    counts, gaps = np.zeros(sums.shape), np.zeros(2 * halo + 1, np.int64)
    total, known = np.zeros((n, STRIP)), np.zeros((n, STRIP))
    room = np.zeros((n + ROWS, STRIP), np.float32)
    for first in range(halo, columns - halo, STRIP):
        width = min(STRIP, columns - halo - first)
        for r in range(rows):
            row = cells[r, first - halo : first + width + halo]
            gaps[r % len(gaps)] = _enter(row, sums, counts, r)
            _widen(sums[:, r % len(gaps)], len(row))
            _widen(counts[:, r % len(gaps)], len(row))
            if r < 2 * halo:
                continue
            there = out[:, r - halo, first : first + width]
            _sum_runs(sums, runs, r - halo, halo, total[:, :width])
            if gaps.any():
                _sum_runs(counts, runs, r - halo, halo, known[:, :width])
                fit_row(total, known, scale, min_share, room, there)
                _hide(cells[r - halo, first:], there)
            else:
                fit_row(total, known[:, :0], scale, min_share, room, there)


@njit(nogil=True, cache=True)
def _levels_of(length):  # noqa: ANN001, ANN202
    """Number of powers of two up to a length."""
    levels = 1
    while 2**levels <= length:
        levels += 1
    return levels


@njit(nogil=True, cache=True, error_model="numpy")
def _enter(row, sums, counts, r):  # noqa: ANN001, ANN202
    """Put row r in, missing cells as nothing; how many there are."""
    values, there = sums[0, r % sums.shape[1]], counts[0, r % sums.shape[1]]
    gaps = 0
    for c in range(len(row)):
        gap = np.isnan(row[c])
        values[c] = 0.0 if gap else row[c]
        there[c] = 0.0 if gap else 1.0
        gaps += gap
    return gaps


@njit(nogil=True, cache=True, error_model="numpy")
def _grow(levels, r, span):  # noqa: ANN001, ANN202
    """Sums of 2, 4, 8 ... rows that end with row r."""
    ring = levels.shape[1]
    for k in range(1, len(levels)):
        before = (r - 2 ** (k - 1)) % ring
        _add(levels[k - 1, r % ring], levels[k - 1, before], levels[k, r % ring], span)


@njit(nogil=True, cache=True, error_model="numpy")
def _widen(levels, span):  # noqa: ANN001, ANN202
    """Sums of 2, 4, 8 ... neighbours of one row, from each cell to the right."""
    for k in range(1, len(levels)):
        one = levels[k - 1]
        _add(one, one[2 ** (k - 1) :], levels[k], span - 2**k + 1)


@njit(nogil=True, cache=True, error_model="numpy")
def _sum_squares(levels, middle, halves, work, total):  # noqa: ANN001, ANN202
    """Sums of the square windows around the cells of row `middle`."""
    halo, width = halves[-1], total.shape[1]
    for j in range(len(halves)):
        _stack(levels, middle + halves[j], halves[j], work[0, : width + 2 * halo])
        _slide(work[0, halo - halves[j] :], halves[j], work[1:], total[j])


@njit(nogil=True, cache=True, error_model="numpy")
def _sum_runs(levels, runs, middle, halo, total):  # noqa: ANN001, ANN202
    """Sums of the windows made of runs around the cells of row `middle`."""
    total[:, :] = 0.0
    for i in range(len(runs)):
        window, down, right, rest = runs[i]
        at, offset, k = (middle + down) % levels.shape[1], halo + right, 0
        while rest:
            if rest & 1:
                _gain(total[window], levels[k, at, offset:])
                offset += 2**k
            rest >>= 1
            k += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _stack(levels, bottom, h, line):  # noqa: ANN001, ANN202
    """Sum of the rows bottom - 2h to bottom, of pieces from small to large."""
    ring = levels.shape[1]
    line[:] = levels[0, bottom % ring, : len(line)]
    bottom -= 1
    k = 1
    while h:
        if h & 1:
            _gain(line, levels[k, bottom % ring])
            bottom -= 2**k
        h >>= 1
        k += 1


@njit(nogil=True, cache=True, error_model="numpy")
def _slide(line, h, pieces, out):  # noqa: ANN001, ANN202
    """
    Sums of 2h + 1 neighbours to the right of each cell, itself among them.

    Two buffers take turns, so that the compiler sees that nothing overlaps.
    """
    width = len(out)
    out[:] = line[:width]
    offset, step, reach, turn = 1, 2, width + 2 * h - 1, 0
    if h:
        _add(line, line[1:], pieces[0], reach)
    while h:
        if h & 1:
            _gain(out, pieces[turn, offset:])
            offset += step
        h >>= 1
        if h:
            reach -= step
            one = pieces[turn]
            _add(one, one[step:], pieces[1 - turn], reach)
            turn, step = 1 - turn, 2 * step


@njit(nogil=True, cache=True, error_model="numpy")
def _add(one, two, out, span):  # noqa: ANN001, ANN202
    for c in range(span):
        out[c] = one[c] + two[c]


@njit(nogil=True, cache=True, error_model="numpy")
def _gain(out, more):  # noqa: ANN001, ANN202
    for c in range(len(out)):
        out[c] += more[c]


@njit(nogil=True, cache=True, error_model="numpy")
def _hide(row, out):  # noqa: ANN001, ANN202
    """No result where the cell itself is missing."""
    for c in range(out.shape[1]):
        if np.isnan(row[c]):
            out[0, c] = out[1, c] = out[2, c] = out[3, c] = np.nan
