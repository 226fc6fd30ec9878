"""The compiled walk: continuum, least squares and verdict, 128 pixels at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ._measure import compiled, measure_window, membership, total_of

if TYPE_CHECKING:
    from ._compile import Tables

BLOCK = 128  # pixels that stay in the nearest cache
LOAD = 2048  # pixels taken over into float64 at a time
NONE, MISSING = -1, -2  # instead of a rule: nothing accepted, no spectrum


class Work(NamedTuple):
    """Room for one block of pixels."""

    block: np.ndarray  # (bands, BLOCK): rows side by side, for the cache's sake
    done: np.ndarray  # per window
    left: np.ndarray  # (windows, BLOCK)
    right: np.ndarray
    place: np.ndarray
    fit: np.ndarray  # (pairs, BLOCK)
    depth: np.ndarray
    removed: np.ndarray  # (most bands, BLOCK): over the continuum, minus one
    part: np.ndarray  # (3, BLOCK)
    rule: np.ndarray  # (3, rules, BLOCK): fit, depth, fit times depth
    alive: np.ndarray
    good: np.ndarray
    lowest: np.ndarray  # band of the minimum
    top: np.ndarray  # (2, BLOCK): fits of the best and the second rule
    who: np.ndarray  # (2, BLOCK): the two


class Verdict(NamedTuple):
    """What is said of each pixel."""

    best: np.ndarray
    second: np.ndarray
    numbers: np.ndarray  # (4, pixels): fit, depth, fit times depth; fit of the second
    every: np.ndarray  # (2, rules, pixels) or (2, 0, pixels): fit, depth


def judge(spectra: np.ndarray, tables: Tables, *, every: bool = False) -> Verdict:
    """
    Best and second rule of each spectrum.

    Parameters
    ----------
    spectra : ndarray, shape (n_bands, n_pixels)
        Good bands.
    tables : Tables
        Compiled rules.
    every : bool
        Whether fit and depth of every rule are wanted.

    Returns
    -------
    Verdict
        Rule numbers from 0, -1 where none is accepted, -2 where a value is missing or
        all are zero; numbers NaN there.
    """
    n_rules, n_pixels = tables.total.shape[0], spectra.shape[1]
    found = Verdict(
        np.empty(n_pixels, np.int64),
        np.empty(n_pixels, np.int64),
        np.empty((4, n_pixels)),
        np.empty((2, n_rules if every else 0, n_pixels)),
    )
    work = _room(tables, spectra.shape[0])
    buffer = np.empty((spectra.shape[0], min(LOAD, max(n_pixels, 1))))
    for start in range(0, n_pixels, LOAD):
        part = slice(start, min(start + LOAD, n_pixels))
        loaded = buffer[:, : part.stop - start]
        if loaded.shape[1] < buffer.shape[1]:
            loaded = np.empty(loaded.shape)
        np.copyto(loaded, spectra[:, part])
        _judge(loaded, tables, work, found, start)
    return found


def _room(tables: Tables, n_bands: int) -> Work:
    n_windows, n_pairs = tables.reach.size, tables.pair_square.size
    widest = int(np.diff(tables.band_start).max(initial=1))
    return Work(
        np.zeros((n_bands, BLOCK)),
        np.zeros(n_windows, np.bool_),
        np.empty((n_windows, BLOCK)),
        np.empty((n_windows, BLOCK)),
        np.empty((n_windows, BLOCK)),
        np.empty((n_pairs, BLOCK)),
        np.empty((n_pairs, BLOCK)),
        np.empty((widest, BLOCK)),
        np.empty((3, BLOCK)),
        np.empty((3, tables.total.shape[0], BLOCK)),
        np.empty(BLOCK, np.bool_),
        np.empty(BLOCK, np.bool_),
        np.empty(BLOCK, np.int64),
        np.empty((2, BLOCK)),
        np.empty((2, BLOCK), np.int64),
    )


@compiled
def _judge(spectra, tables, work, found, start):  # noqa: ANN001, ANN202
    n_rules = tables.total.shape[0]
    for first in range(0, spectra.shape[1], BLOCK):
        count = min(BLOCK, spectra.shape[1] - first)
        block = work.block
        block[:, :count] = spectra[:, first : first + count]
        total = work.part[0]
        total_of(block, count, total)
        work.done[:] = False
        work.top[:] = 0.0
        work.who[:] = NONE
        at = start + first
        for p in range(count):
            known = np.isfinite(total[p]) and total[p] > 0
            found.best[at + p] = NONE if known else MISSING
        for rule in range(n_rules):
            _rule(block, count, rule, tables, work)
        for p in range(count):
            _choose(p, at + p, tables, work, found)
            for rule in range(found.every.shape[1]):
                kept = found.best[at + p] != MISSING
                for k in range(2):
                    value = work.rule[k, rule, p]
                    found.every[k, rule, at + p] = value if kept else np.nan


@compiled
def _rule(block, count, rule, tables, work):  # noqa: ANN001, ANN202
    """Fit, depth and their product of one rule; NaN where it does not accept."""
    work.alive[:] = True
    work.rule[:, rule, :] = 0.0
    for feature in range(tables.feature_start[rule], tables.feature_start[rule + 1]):
        window = tables.feature_window[feature]
        if not work.done[window]:
            measure_window(block, count, window, tables, work)
        _feature(feature, rule, count, tables, work)
        if not work.alive[:count].any():
            work.rule[:, rule, :] = np.nan
            return
    for number in range(tables.not_start[rule], tables.not_start[rule + 1]):
        window = tables.not_window[number]
        if not work.done[window]:
            measure_window(block, count, window, tables, work)
        _veto(number, rule, count, tables, work)
    _ratios(rule, count, tables, work)
    _conclude(rule, count, tables, work)


@compiled
def _feature(feature, rule, count, tables, work):  # noqa: ANN001, ANN202
    """Add one feature, and drop the pixels it speaks against."""
    window, pair = tables.feature_window[feature], tables.feature_pair[feature]
    weight, required = tables.feature_weight[feature], tables.feature_required[feature]
    bounds, wanted = tables.feature_bounds[feature], tables.feature_position[feature]
    fit, depth, good = work.fit[pair], work.depth[pair], work.good
    for p in range(count):
        good[p] = (
            (fit[p] >= bounds[8]) & (depth[p] >= bounds[9]) & (depth[p] <= bounds[10])
        )
    _sides(work.left[window], work.right[window], bounds, count, good)
    share = work.part[0]
    share[:] = 1.0
    if wanted[0] > -np.inf or wanted[1] < np.inf:
        for p in range(count):
            share[p] = membership(work.place[window, p], wanted)
            good[p] &= share[p] > 0.0
    _add(fit, depth, weight, rule, count, work)
    if required:
        for p in range(count):
            work.alive[p] &= good[p]


@compiled
def _add(fit, depth, weight, rule, count, work):  # noqa: ANN001, ANN202
    """Weighted sums; loops of few arrays each, which compilers turn into vectors."""
    good, share, agreed, deep = work.good, work.part[0], work.part[1], work.part[2]
    for p in range(count):
        agreed[p] = fit[p] * share[p] * weight if good[p] else 0.0
    for p in range(count):
        deep[p] = depth[p] if good[p] else 0.0
    fits, depths, products = work.rule[0, rule], work.rule[1, rule], work.rule[2, rule]
    for p in range(count):
        fits[p] += agreed[p]
    for p in range(count):
        depths[p] += weight * deep[p]
    for p in range(count):
        products[p] += agreed[p] * deep[p]


@compiled
def _sides(left, right, bounds, count, good):  # noqa: ANN001, ANN202
    """Keep what has shoulders as high as they must be."""
    if bounds[0] > -np.inf or bounds[1] < np.inf:
        for p in range(count):
            good[p] &= (left[p] >= bounds[0]) & (left[p] <= bounds[1])
    if bounds[2] > -np.inf or bounds[3] < np.inf:
        for p in range(count):
            middle = 0.5 * (left[p] + right[p])
            good[p] &= (middle >= bounds[2]) & (middle <= bounds[3])
    if bounds[4] > -np.inf or bounds[5] < np.inf:
        for p in range(count):
            good[p] &= (right[p] >= bounds[4]) & (right[p] <= bounds[5])
    if bounds[6] > -np.inf or bounds[7] < np.inf:
        for p in range(count):
            ratio = right[p] / left[p]
            good[p] &= (ratio >= bounds[6]) & (ratio <= bounds[7])


@compiled
def _veto(number, rule, count, tables, work):  # noqa: ANN001, ANN202
    """Drop the pixels where something else is present."""
    window, pair = tables.not_window[number], tables.not_pair[number]
    bounds = tables.not_bounds[number]
    fit, depth, alive = work.fit[pair], work.depth[pair], work.alive
    first = work.depth[tables.feature_pair[tables.feature_start[rule]]]
    relative = bounds[2] if bounds[2] > -np.inf else 0.0
    placed = bounds[3] > -np.inf or bounds[4] < np.inf
    for p in range(count):
        present = (fit[p] >= bounds[0]) & (depth[p] >= bounds[1])
        present &= depth[p] >= relative * first[p]
        if placed and present:
            present = bounds[3] <= work.place[window, p] <= bounds[4]
        alive[p] &= not present


@compiled
def _ratios(rule, count, tables, work):  # noqa: ANN001, ANN202
    """Drop the pixels whose features are too unequal."""
    for number in range(tables.ratio_start[rule], tables.ratio_start[rule + 1]):
        upper = work.depth[tables.feature_pair[tables.ratio_of[number, 0]]]
        lower = work.depth[tables.feature_pair[tables.ratio_of[number, 1]]]
        bounds = tables.ratio_bounds[number]
        for p in range(count):
            ratio = upper[p] / lower[p]
            work.alive[p] &= not ((ratio < bounds[0]) | (ratio >= bounds[1]))


@compiled
def _conclude(rule, count, tables, work):  # noqa: ANN001, ANN202
    """Bounds of the weighted sums; then the two best rules so far."""
    total = tables.total[rule]
    fits, depths, products = (
        work.rule[0, rule], work.rule[1, rule], work.rule[2, rule]
    )  # fmt: skip
    good = work.good
    for p in range(count):
        good[p] = work.alive[p] & (fits[p] >= total[0]) & (fits[p] > 0.0)
    for p in range(count):
        good[p] &= (depths[p] >= total[1]) & (depths[p] <= total[2])
    for p in range(count):
        good[p] &= products[p] > total[3]
    for k in range(3):
        row = work.rule[k, rule]
        for p in range(count):
            row[p] = row[p] if good[p] else np.nan
    if not good[:count].any():
        return
    best, second, first_of, second_of = (
        work.top[0],
        work.top[1],
        work.who[0],
        work.who[1],
    )
    for p in range(count):
        if fits[p] > best[p]:
            second[p], second_of[p] = best[p], first_of[p]
            best[p], first_of[p] = fits[p], rule
        elif fits[p] > second[p]:
            second[p], second_of[p] = fits[p], rule


@compiled
def _choose(p, at, tables, work, found):  # noqa: ANN001, ANN202
    """Best fit wins; within a family the band position may give it to a sister."""
    for k in range(4):
        found.numbers[k, at] = np.nan
    if found.best[at] == MISSING:
        found.second[at] = MISSING
        return
    best, second = work.who[0, p], work.who[1, p]
    if best >= 0 and tables.family[best] >= 0:
        chosen = _arbitrate(p, best, tables, work)
        second = best if chosen != best else second
        best = chosen
    found.best[at], found.second[at] = best, second
    if best >= 0:
        for k in range(3):
            found.numbers[k, at] = work.rule[k, best, p]
    if second >= 0:
        found.numbers[3, at] = work.rule[0, second, p]


@compiled
def _arbitrate(p, best, tables, work):  # noqa: ANN001, ANN202
    """Sister whose range alone holds the band's position, if she accepts the pixel."""
    if tables.arbiter[best, 0] == -np.inf:
        return best
    window = tables.feature_window[tables.feature_start[best]]
    place = work.place[window, p]
    hits, chosen = 0, best
    for rule in range(tables.family.size):
        if tables.family[rule] != tables.family[best]:
            continue
        if tables.arbiter[rule, 0] <= place < tables.arbiter[rule, 1]:
            hits += 1
            chosen = rule
    if hits != 1 or not work.rule[0, chosen, p] > 0.0:
        return best
    return chosen
