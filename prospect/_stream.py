"""Blocks of grids, one batch after another, and the cells that points fall into."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    import dask.array as da
    import xarray as xr
    from affine import Affine
    from numpy.typing import ArrayLike, NDArray

SIDE = 1024
BATCH = 16


def stream_blocks(
    function: Callable[[list[NDArray], tuple[int, int]], Any],
    grids: Sequence[xr.DataArray],
    *,
    only: Collection[tuple[int, int]] | None = None,
) -> Iterator[Any]:
    """
    Yield `function(blocks, origin)` for every block, row by row.

    `blocks` are the arrays of the grids in one block, `origin` is the row and column of
    its first cell. Blocks are read a batch at a time, so memory does not grow with the
    map; `only` restricts to some blocks, given by their number down and across.
    """
    import dask

    arrays = as_dask(grids)
    pieces = [array.to_delayed() for array in arrays]
    rows, cols = (np.cumsum([0, *sizes[:-1]]) for sizes in arrays[0].chunks)
    call = dask.delayed(function, pure=False, traverse=False)
    wanted = iter(
        (i, j)
        for i, j in product(range(len(rows)), range(len(cols)))
        if only is None or (i, j) in only
    )
    while batch := list(islice(wanted, BATCH)):
        yield from dask.compute(
            *(
                call([piece[i, j] for piece in pieces], (int(rows[i]), int(cols[j])))
                for i, j in batch
            )
        )


def as_dask(grids: Sequence[xr.DataArray]) -> list[da.Array]:
    """Return the grids' arrays as Dask arrays with the chunks of the first lazy one."""
    import dask.array as da

    lazy = [grid.data for grid in grids if isinstance(grid.data, da.Array)]
    chunks = lazy[0].chunks if lazy else (SIDE, SIDE)
    return [
        grid.data.rechunk(chunks)
        if isinstance(grid.data, da.Array)
        else da.from_array(np.asarray(grid.data), chunks=chunks, name=False)
        for grid in grids
    ]


def read_cells(
    grids: Sequence[xr.DataArray], row: NDArray[np.int64], col: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return values at cells, shape (n_cells, n_grids), reading only their blocks."""
    out = np.full((len(row), len(grids)), np.nan)
    starts = [np.cumsum([0, *sizes[:-1]]) for sizes in as_dask(grids)[0].chunks]
    block = [
        np.searchsorted(start, at, side="right") - 1
        for start, at in zip(starts, (row, col), strict=True)
    ]
    members: dict[tuple[int, int], list[int]] = {}
    for k, place in enumerate(zip(*(b.tolist() for b in block), strict=True)):
        members.setdefault(place, []).append(k)
    by_origin = {
        (int(starts[0][i]), int(starts[1][j])): np.array(ks)
        for (i, j), ks in members.items()
    }

    def pick(blocks: list[NDArray], origin: tuple[int, int]) -> tuple[NDArray, NDArray]:
        here = by_origin[origin]
        y, x = row[here] - origin[0], col[here] - origin[1]
        return here, np.stack([np.asarray(b)[y, x] for b in blocks], axis=1)

    for here, values in stream_blocks(pick, grids, only=members):
        out[here] = values
    return out


def cells_of(
    affine: Affine, shape: tuple[int, int], x: ArrayLike, y: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """
    Return row and column of the cell of each point, and whether it lies on the grid.

    A cell owns its west and north edge (for a north-up grid), not the opposite ones.
    """
    back = ~affine
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    col = back.a * x + back.b * y + back.c
    row = back.d * x + back.e * y + back.f
    with np.errstate(invalid="ignore"):
        inside = (row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])
    row, col = (np.floor(np.where(inside, v, -1)).astype(np.int64) for v in (row, col))
    return row, col, inside


def centres_of(
    affine: Affine, row: ArrayLike, col: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates of the cells' centres."""
    row, col = np.asarray(row) + 0.5, np.asarray(col) + 0.5
    return (
        affine.a * col + affine.b * row + affine.c,
        affine.d * col + affine.e * row + affine.f,
    )


def random_keys(
    seed: int, row: NDArray[np.int64], col: NDArray[np.int64]
) -> NDArray[np.float64]:
    """
    Return uniform numbers in (0, 1) that depend on seed, row and column alone.

    They are the same however the grid is cut into blocks (the finaliser of SplitMix64:
    Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195).
    """
    golden = 0x9E3779B97F4A7C15
    z = row.astype(np.uint64) << np.uint64(32) | col.astype(np.uint64)
    with np.errstate(over="ignore"):
        for step in (golden * (seed + 1), golden):
            z = z + np.uint64(step % 2**64)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z ^= z >> np.uint64(31)
    return ((z >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
