"""Channels in order of wavelength; where detectors overlap, each to the middle."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

DETECTORS = 6  # more ascending runs than this are channels in disorder
RUN = 8  # channels a detector has at least


class Order(NamedTuple):
    """Channels to take, in order, and what had to be done for it."""

    take: NDArray  # places in the file
    turned: bool  # long to short in the file
    sorted: int  # steps back, where no detectors but disorder makes them
    overlap: int  # channels left out: measured twice by overlapping detectors
    equal: int  # channels left out: at the wavelength of another
    ranges: list[tuple[float, float]]  # of the overlaps, nm


def order_channels(wavelength: ArrayLike) -> Order:
    """
    Order of channels by wavelength, one rule for all formats.

    A grid of a few ascending runs of eight channels or more is one of several
    detectors. Where two overlap, each is taken up to the middle of the overlap: beyond
    it the other one measures better, and both interleaved would draw a saw of the
    step between them. `spectral.open_cube` marks the same bands bad, so that a library
    for an image and the image have the same good channels. Any other disorder is
    sorted. Of channels at one wavelength the first is taken.

    Parameters
    ----------
    wavelength : array-like, shape (n,)
        As they stand in the file.

    Returns
    -------
    Order
    """
    waves = np.asarray(wavelength, float)
    place = np.arange(waves.size)
    turned = waves.size > 1 and bool(np.median(np.diff(waves)) < 0)
    if turned:
        waves, place = waves[::-1], place[::-1]
    back = np.flatnonzero(np.diff(waves) < 0) + 1
    runs = np.split(np.arange(waves.size), back)
    keep = np.ones(waves.size, bool)
    ranges: list[tuple[float, float]] = []
    detectors = 1 < len(runs) <= DETECTORS and min(map(len, runs)) >= RUN
    if detectors:
        keep, ranges = _up_to_middle(waves, runs)
    order = np.argsort(waves, kind="stable")
    order = order[keep[order]]
    first = np.append(True, np.diff(waves[order]) > 0)[: order.size]
    return Order(
        place[order[first]],
        turned,
        0 if detectors else int(back.size),
        int((~keep).sum()),
        int((~first).sum()),
        ranges,
    )


def _up_to_middle(
    waves: NDArray, runs: list[NDArray]
) -> tuple[NDArray, list[tuple[float, float]]]:
    keep, ranges = np.ones(waves.size, bool), []
    ordered = sorted(runs, key=lambda run: waves[run[0]])
    for one, other in pairwise(ordered):
        start, end = waves[other[0]], min(waves[one[-1]], waves[other[-1]])
        if end < start:
            continue
        middle = (start + end) / 2
        keep[one[(waves[one] > middle) & (waves[one] <= end)]] = False
        keep[other[(waves[other] <= middle) & (waves[other] >= start)]] = False
        ranges.append((float(start), float(end)))
    return keep, ranges
