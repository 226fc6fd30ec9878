"""Noise from small blocks: the homogeneous ones, or around a regression in all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg

from ..._threads import one_blas_thread
from ._tiles import FAN, SLAB, usable

if TYPE_CHECKING:
    import xarray as xr

BLOCK = 5  # pixels a side
SHARE = 0.1  # of the blocks, those with the least variance
STEPS = 2  # classes of variance an octave

ODD = (np.arange(BLOCK * BLOCK) % 2).astype(bool)  # a chessboard within the block

Classes = dict[int, tuple[int, np.ndarray]]  # class: degrees of freedom, scatter


def block_noise(
    cube: xr.DataArray, mask: np.ndarray | None, *, method: str
) -> tuple[np.ndarray, int]:
    """
    Noise covariance from blocks of BLOCK x BLOCK pixels, their means taken off.

    Parameters
    ----------
    cube : DataArray, dims ("wavelength", "y", "x")
    mask : ndarray of bool, shape (y, x), optional
    method : {"homogeneous", "regression"}
        Pooled over the blocks of least variance (at least SHARE of them: whole classes
        of half an octave; half of a block's pixels, as on a chessboard, choose and the
        other half count, so that chance does not flatter); or of all blocks what the
        other bands do not explain, band by band (Roger and Arnold 1996).

    Returns
    -------
    covariance : ndarray
    n : int
        Degrees of freedom.
    """
    classes = _classes(cube, mask, split=method == "homogeneous")
    if not classes:
        raise ValueError(
            f"no block of {BLOCK} x {BLOCK} pixels is whole and varies, so there is no "
            "noise to tell from blocks. Widen the mask, or use noise='difference'."
        )
    bands = cube.sizes["wavelength"]
    if method == "regression":
        n, scatter = _merge([{0: part} for part in classes.values()])[0]
        left = max(1, n - bands + 1)
        return np.diag(regression_variance(scatter) / left), left
    wanted = SHARE * sum(n for n, _ in classes.values())
    n, scatter = 0, np.zeros((bands, bands))
    for key in sorted(classes):
        n += classes[key][0]
        scatter += classes[key][1]
        if n >= wanted and n > bands:
            break
    return scatter / n, n


def regression_variance(matrix: np.ndarray) -> np.ndarray:
    """What the other bands leave of each band: one over the inverse's diagonal."""
    size = np.sqrt(np.diag(matrix))
    scale = np.where(size > 0, size, 1)
    inverse = scipy.linalg.pinvh(matrix / np.outer(scale, scale))
    return np.where(size > 0, scale**2 / np.maximum(np.diag(inverse), 1e-300), 0)


def _classes(cube: xr.DataArray, mask: np.ndarray | None, *, split: bool) -> Classes:
    if cube.chunks is None:
        with one_blas_thread():
            return _of_block(cube.data, mask, split)
    import dask

    data = cube.chunk({"wavelength": -1}).data
    data = data.rechunk((-1, _whole(data.chunks[1]), _whole(data.chunks[2])))
    rows, columns = (np.cumsum((0, *sizes)) for sizes in data.chunks[1:])
    parts = []
    for (i, j), block in np.ndenumerate(data.to_delayed()[0]):
        part = slice(rows[i], rows[i + 1]), slice(columns[j], columns[j + 1])
        inside = None if mask is None else mask[part]
        parts.append(dask.delayed(_held)(block, inside, split))
    merge = dask.delayed(_merge)
    while len(parts) > 1:
        parts = [merge(parts[at : at + FAN]) for at in range(0, len(parts), FAN)]
    return dask.compute(parts[0])[0]


def _held(values: np.ndarray, mask: np.ndarray | None, split: bool) -> Classes:
    with one_blas_thread():
        return _of_block(values, mask, split)


def _whole(sizes: tuple[int, ...]) -> tuple[int, ...]:
    """Chunks whose borders fall on those of blocks."""
    edges = np.unique(np.cumsum(sizes)[:-1] // BLOCK * BLOCK)
    return tuple(np.diff([0, *edges[edges > 0], sum(sizes)]).tolist())


def _merge(parts: list[Classes]) -> Classes:
    whole: Classes = {}
    for part in parts:
        for key, (blocks, scatter) in part.items():
            before = whole.get(key, (0, 0.0))
            whole[key] = before[0] + blocks, before[1] + scatter
    return whole


def _of_block(values: np.ndarray, mask: np.ndarray | None, split: bool) -> Classes:
    bands, rows, columns = values.shape
    rows, columns = rows // BLOCK * BLOCK, columns // BLOCK * BLOCK
    step = max(1, SLAB // max(1, bands * columns * BLOCK)) * BLOCK
    whole: Classes = {}
    for row in range(0, rows, step):
        part = slice(row, min(row + step, rows)), slice(0, columns)
        tile = values[:, part[0], part[1]]
        ok = usable(tile, None if mask is None else mask[part])[0]
        whole = _merge([whole, _of_tile(tile, ok, split)])
    return whole


def _of_tile(tile: np.ndarray, ok: np.ndarray, split: bool) -> Classes:
    """Scatter within blocks, by classes of their mean variance."""
    bands, rows, columns = tile.shape
    shape = rows // BLOCK, BLOCK, columns // BLOCK, BLOCK
    whole = ok.reshape(shape).all((1, 3)).ravel()
    blocks = tile.reshape(bands, *shape).transpose(0, 1, 3, 2, 4)
    blocks = blocks.reshape(bands, -1, BLOCK * BLOCK)[:, whole].astype("float64")
    if not split:
        return _by_class(blocks, blocks)
    odd, even = blocks[:, :, ODD], blocks[:, :, ~ODD]
    return _merge([_by_class(odd, even), _by_class(even, odd)])


def _by_class(chooser: np.ndarray, counted: np.ndarray) -> Classes:
    bands, _, pixels = chooser.shape
    chooser = chooser - chooser.mean(2, keepdims=True)
    counted = counted - counted.mean(2, keepdims=True)
    variance = np.einsum("bnp,bnp->n", chooser, chooser) / (bands * (pixels - 1))
    varies = variance > 0
    key = np.floor(STEPS * np.log2(variance, where=varies, out=np.zeros(len(variance))))
    found: Classes = {}
    for one in np.unique(key[varies]):
        chosen = varies & (key == one)
        flat = counted[:, chosen].reshape(bands, -1)
        freedom = int(chosen.sum()) * (counted.shape[2] - 1)
        found[int(one)] = freedom, flat @ flat.T
    return found
