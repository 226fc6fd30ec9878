"""One block of spectra measured through one window: continuum, shapes, position."""

from __future__ import annotations

import numba
import numpy as np

compiled = numba.njit(nogil=True, cache=True, error_model="numpy")


@compiled
def total_of(block, count, total):  # noqa: ANN001, ANN202
    """Sum of absolute values: not finite where one is missing, 0 where all are."""
    total[:] = 0.0
    for band in range(block.shape[0]):
        row = block[band]
        for p in range(count):
            total[p] += abs(row[p])


@compiled
def measure_window(block, count, number, tables, work):  # noqa: ANN001, ANN202
    """Continuum, then fit and depth of every shape that looks through this window."""
    left, right = work.left[number], work.right[number]
    _mean(block, count, tables.left, tables.left_start, number, left)
    _mean(block, count, tables.right, tables.right_start, number, right)
    begin, end = tables.band_start[number], tables.band_start[number + 1]
    mean, spread = work.part[0], work.part[1]
    mean[:] = 0.0
    spread[:] = 0.0
    for j in range(begin, end):
        along, row = tables.along[j], block[tables.band[j]]
        removed = work.removed[j - begin]
        for p in range(count):
            value = row[p] / (left[p] + (right[p] - left[p]) * along) - 1.0
            removed[p] = value
            mean[p] += value
            spread[p] += value * value
    size = float(end - begin)
    for p in range(count):
        spread[p] -= mean[p] * mean[p] / size
        if not (left[p] > 0.0 and right[p] > 0.0 and spread[p] > 0.0):
            spread[p] = np.nan  # no continuum, or nothing that varies below it
    for pair in range(tables.pair_start[number], tables.pair_start[number + 1]):
        _pair(pair, count, tables, work)
    if tables.reach[number] > 0:
        _places(number, begin, end, count, tables, work)
    work.done[number] = True


@compiled
def _mean(block, count, bands, starts, number, out):  # noqa: ANN001, ANN202
    out[:] = 0.0
    begin, end = starts[number], starts[number + 1]
    for j in range(begin, end):
        row = block[bands[j]]
        for p in range(count):
            out[p] += row[p]
    for p in range(count):
        out[p] /= end - begin


@compiled
def _pair(pair, count, tables, work):  # noqa: ANN001, ANN202
    """Scale of the shape by least squares, its share of the variance, its depth."""
    begin, end = tables.slope_start[pair], tables.slope_start[pair + 1]
    scale, spread = work.part[2], work.part[1]
    scale[:] = 0.0
    for j in range(begin, end):
        slope, removed = tables.slope[j], work.removed[j - begin]
        for p in range(count):
            scale[p] += slope * removed[p]
    square, depth = tables.pair_square[pair], tables.pair_depth[pair]
    fit_row, depth_row = work.fit[pair], work.depth[pair]
    for p in range(count):
        present = scale[p] > 0.0 and spread[p] > 0.0
        fit = scale[p] * scale[p] * square / spread[p]
        fit_row[p] = fit if present else np.nan
        depth_row[p] = depth * scale[p] if present else np.nan


@compiled
def _places(number, begin, end, count, tables, work):  # noqa: ANN001, ANN202
    """Wavelength of the minimum: vertex of a parabola about the lowest band."""
    reach, size = tables.reach[number], end - begin
    lowest, least = work.lowest, work.part[0]
    lowest[:] = 0
    least[:] = work.removed[0]
    for j in range(1, size):
        row = work.removed[j]
        for p in range(count):
            lower = row[p] < least[p]
            least[p] = row[p] if lower else least[p]
            lowest[p] = j if lower else lowest[p]
    for p in range(count):
        place, at = np.nan, lowest[p]
        if 0 < at < size - 1:
            first, last = max(0, at - reach), min(size - 1, at + reach)
            place = _vertex(
                tables.wave[begin + first : begin + last + 1],
                work.removed[first : last + 1, p],
                tables.wave[begin + at],
            )
        work.place[number, p] = place


@compiled
def _vertex(wave, value, middle):  # noqa: ANN001, ANN202
    """Minimum of the least-squares parabola; NaN if it opens downwards."""
    step = (wave[-1] - wave[0]) / (wave.size - 1)
    s0, s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0, 0.0
    t0, t1, t2 = 0.0, 0.0, 0.0
    for i in range(wave.size):
        x, y = (wave[i] - middle) / step, value[i]
        s0 += 1.0
        s1 += x
        s2 += x * x
        s3 += x * x * x
        s4 += x * x * x * x
        t0 += y
        t1 += x * y
        t2 += x * x * y
    a = s0 * (s2 * t2 - s3 * t1) - s1 * (s1 * t2 - s3 * t0) + s2 * (s1 * t1 - s2 * t0)
    b = s0 * (s4 * t1 - s3 * t2) - s1 * (s4 * t0 - s2 * t2) + s2 * (s3 * t0 - s2 * t1)
    d = s0 * (s2 * s4 - s3 * s3) - s1 * (s1 * s4 - s2 * s3) + s2 * (s1 * s3 - s2 * s2)
    if not a * d > 0.0:
        return np.nan
    vertex = middle - step * b / (2.0 * a)
    return vertex if wave[0] <= vertex <= wave[-1] else np.nan


@compiled
def membership(place, wanted):  # noqa: ANN001, ANN202
    """1 within the wanted positions, falling to 0 over the tolerance beyond."""
    low, high, tolerance = wanted[0], wanted[1], wanted[2]
    if low <= place <= high:
        return 1.0
    beyond = low - place if place < low else place - high
    if beyond < tolerance:
        return 1.0 - beyond / tolerance
    return 0.0
