"""Exact order statistics of maps of scores, block by block in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba as nb
import numpy as np

from ..._threads import one_blas_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import xarray as xr

Sparse = tuple[np.ndarray, np.ndarray]  # keys that occur, ascending, and how often
BINS = 1 << 16


def targets_in(score: xr.DataArray) -> list[str]:
    """Names along the dimension "target"; one empty name without it."""
    if not np.issubdtype(score.dtype, np.floating):
        raise TypeError(f"scores are floats with NaN where unknown. Got {score.dtype}.")
    if "target" not in score.dims:
        return [""]
    if "target" in score.coords:
        return [str(name) for name in score["target"].values]
    return [f"target {i}" for i in range(1, score.sizes["target"] + 1)]


def fold_scores(
    score: xr.DataArray, function: Callable[[np.ndarray], Any]
) -> list[Any]:
    """What a function of (n_targets, n_pixels), float32, gives for each block."""
    if "target" not in score.dims:
        score = score.expand_dims("target")
    score = score.transpose("target", ...)

    def work(values: np.ndarray) -> Any:  # noqa: ANN401
        with one_blas_thread():
            flat = values.reshape(len(values), -1).astype("float32", copy=False)
            return function(np.ascontiguousarray(flat))

    if score.chunks is None:
        return [work(score.values)]
    import dask

    blocks = score.chunk({"target": -1}).data.to_delayed().ravel()
    return list(dask.compute(*[dask.delayed(work)(block) for block in blocks]))


def high_counts(score: xr.DataArray) -> list[Sparse]:
    """How often each upper half of a key occurs, a target each; NaN left out."""
    parts = fold_scores(score, lambda flat: [_sparse(row, -1) for row in flat])
    return [_joined(of_target) for of_target in zip(*parts, strict=True)]


def low_counts(
    score: xr.DataArray, wanted: Sequence[Sequence[int]]
) -> list[dict[int, Sparse]]:
    """How often each lower half occurs under the wanted upper halves of each target."""

    def count(flat: np.ndarray) -> list[dict[int, Sparse]]:
        return [
            {high: _sparse(row, high) for high in highs}
            for row, highs in zip(flat, wanted, strict=True)
        ]

    parts = fold_scores(score, count)
    return [
        {high: _joined([part[i][high] for part in parts]) for high in highs}
        for i, highs in enumerate(wanted)
    ]


def order_statistics(
    score: xr.DataArray, ranks: Callable[[int], Sequence[int]]
) -> tuple[np.ndarray, np.ndarray]:
    """
    Values of chosen ranks of each target's known scores, in two passes.

    Parameters
    ----------
    score : DataArray
        With or without the dimension "target"; taken as float32.
    ranks : callable
        From the number of known scores to ranks, 0 the smallest.

    Returns
    -------
    values : ndarray, shape (n_targets, n_ranks)
        Exact, float64.
    counts : ndarray, shape (n_targets,)
        Known scores of each target.
    """
    highs = high_counts(score)
    counts = np.array([int(numbers.sum()) for _, numbers in highs])
    if not counts.any():
        raise ValueError(
            f"'{score.name or 'score'}' holds no value: all {score.size} are NaN. See "
            "that the cube has pixels without gaps in its good bands."
        )
    asked = [[*ranks(int(count))] if count else [] for count in counts]
    places, wanted = [], []
    for (keys, numbers), of_target in zip(highs, asked, strict=True):
        ends = np.cumsum(numbers)
        at = np.searchsorted(ends, of_target, side="right")
        before = np.concatenate([[0], ends])
        places.append(
            [
                (int(keys[i]), rank - int(before[i]))
                for i, rank in zip(at, of_target, strict=True)
            ]
        )
        wanted.append(sorted({high for high, _ in places[-1]}))
    lows = low_counts(score, wanted)
    length = len(asked[int(counts.argmax())])
    values = np.full((len(counts), length), np.nan)
    for i, of_target in enumerate(places):
        for j, (high, rank) in enumerate(of_target):
            keys, numbers = lows[i][high]
            low = keys[np.searchsorted(np.cumsum(numbers), rank, side="right")]
            values[i, j] = value_of((high << 16) | int(low))
    return values, counts


def value_of(key: int) -> float:
    """Float32 whose key it is."""
    bits = key ^ 0x80000000 if key & 0x80000000 else ~key & 0xFFFFFFFF
    return float(np.array([bits], "uint32").view("float32")[0])


def _sparse(row: np.ndarray, high: int) -> Sparse:
    counts = np.zeros(BINS, np.int64)
    _count(row.view("uint32"), high, counts)
    keys = np.flatnonzero(counts)
    return keys, counts[keys]


def _joined(parts: Sequence[Sparse]) -> Sparse:
    counts = np.zeros(BINS, np.int64)
    for keys, numbers in parts:
        counts[keys] += numbers
    keys = np.flatnonzero(counts)
    return keys, counts[keys]


@nb.njit(nogil=True, cache=True)
def _count(bits, high, counts):  # noqa: ANN001, ANN202
    """Upper halves of all keys, or lower halves of those under one upper half."""
    for i in range(bits.size):
        value = np.int64(bits[i])
        if (value & 0x7FFFFFFF) > 0x7F800000:
            continue  # NaN
        if value == 0x80000000:
            value = np.int64(0)  # -0 is 0
        # flipped so that keys ascend as the numbers do
        key = (value ^ 0xFFFFFFFF) if value & 0x80000000 else (value | 0x80000000)
        if high < 0:
            counts[key >> 16] += 1
        elif key >> 16 == high:
            counts[key & 0xFFFF] += 1
