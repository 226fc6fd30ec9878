"""Log-ratios of arrays: blocks of rows that stay in the cache, two at a time."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_BLOCK = 2**19  # numbers of one block, 4 MiB: smaller ones wait for each other


def log_ratios(
    values: Sequence[NDArray],
    *,
    shifts: NDArray[np.float64] | None = None,
    matrix: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], bool]:
    """
    Log-ratios of parts that are given one array a part.

    `shifts` are added to the logarithms, `matrix` (n_ratios, n_parts) is applied to
    them; without it the ratios are centred. Shape (n_ratios, n_samples), and whether
    all parts are positive numbers: samples with a part that is zero, negative, infinite
    or missing have no finite ratios.
    """
    parts, count = len(values), len(values[0])
    found = np.empty((parts if matrix is None else len(matrix), count))
    rows = max(256, _BLOCK // parts)
    starts = range(0, count, rows)

    def work(start: int) -> bool:
        stop = min(start + rows, count)
        whole = matrix is None
        block = found[:, start:stop] if whole else np.empty((parts, stop - start))
        for part, cells in zip(block, values, strict=True):
            np.log(cells[start:stop], out=part)
        if shifts is not None and shifts.any():
            block += shifts[:, None]
        middle = block.mean(axis=0)
        if matrix is None:
            block -= middle
        else:
            np.matmul(matrix, block, out=found[:, start:stop])
        return bool(np.isfinite(middle).all())

    return found, all(_spread(work, starts))


def row_ratios(
    values: NDArray[np.float64], matrix: NDArray[np.float64] | None
) -> tuple[NDArray[np.float64], bool]:
    """`log_ratios` of an array with a sample a row, (n_samples, n_ratios)."""
    count, parts = values.shape
    found = np.empty((count, parts if matrix is None else len(matrix)))
    rows = max(256, _BLOCK // parts)

    def work(start: int) -> bool:
        stop = min(start + rows, count)
        block = found[start:stop] if matrix is None else np.empty((stop - start, parts))
        np.log(values[start:stop], out=block)
        middle = block.mean(axis=1)
        if matrix is None:
            block -= middle[:, None]
        else:
            np.matmul(block, matrix.T, out=found[start:stop])
        return bool(np.isfinite(middle).all())

    return found, all(_spread(work, range(0, count, rows)))


def parts_of(
    ratios: Sequence[NDArray], matrix: NDArray[np.float64] | None, *, total: float
) -> NDArray[np.float64]:
    """Parts that sum to `total` from log-ratios; `matrix` (n_parts, n_ratios)."""
    count = len(ratios[0])
    parts = len(ratios) if matrix is None else len(matrix)
    found = np.empty((parts, count))
    rows = max(256, _BLOCK // parts)

    def work(start: int) -> None:
        stop = min(start + rows, count)
        block = np.stack([cells[start:stop] for cells in ratios])
        if matrix is not None:
            block = matrix @ block
        block -= block.max(axis=0)
        np.exp(block, out=block)
        block *= total / block.sum(axis=0)
        found[:, start:stop] = block

    _spread(work, range(0, count, rows))
    return found


def _spread(work: Callable[[int], Any], starts: range) -> list[Any]:
    """Results of all blocks, on as many threads as processors, at most four."""

    def quietly(start: int) -> Any:  # noqa: ANN401
        # how errors are treated is a matter of each thread
        with np.errstate(divide="ignore", invalid="ignore"):
            return work(start)

    threads = min(4, os.cpu_count() or 1, len(starts))
    if threads < 2:
        return [quietly(start) for start in starts]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(quietly, starts))
