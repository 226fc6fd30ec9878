"""What searches by spectrum and feature read: derived from a batch, made once."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr

from .._atomic import whole
from ._absorptions import COLUMNS, absorptions
from ._parquet import read_grids, read_meta, read_values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from ._batch import Batch

FORMAT = "v1"  # of the files here; a new one is built beside the old
BLOCKS = {
    "solar": np.concatenate([np.arange(350.0, 2000, 10), np.arange(2000.0, 2501, 5)]),
    "thermal": np.arange(2550.0, 15001, 50),
}
COARSE = 8.0  # index steps between a spectrum's channels: it is not put on the index
SLAB = 4096  # spectra worked on at a time


class Derived(NamedTuple):
    """
    Derived data of one batch.

    Parameters
    ----------
    blocks : dict of ndarray, shape (n_spectra, n_channels)
        float32 reflectance on the channels of `BLOCKS`, NaN where missing; a block
        that no spectrum reaches is absent.
    features : pyarrow.Table
        Columns ``row`` and those of `absorptions`.
    """

    blocks: dict[str, NDArray]
    features: pa.Table


def derived(batch: Batch, store: Path) -> Derived:
    """From the files beside the store; computed, and kept where that may be, if not."""
    with contextlib.suppress(OSError, ValueError, pa.ArrowInvalid):
        return _load(batch, store)
    found = _compute(batch)
    with contextlib.suppress(OSError):  # a full disk or a shared store: kept in memory
        if os.access(store, os.W_OK):
            _save(batch, store, found)
            return _load(batch, store)
    return found


def steps_of(wavelength: NDArray) -> NDArray:
    """Spacing of the index at wavelengths, nm."""
    grid = np.concatenate(list(BLOCKS.values()))
    return np.interp(wavelength, grid, np.gradient(grid))


def _paths(batch: Batch, store: Path) -> tuple[dict[str, Path], Path]:
    stem = store / "index" / f"{batch.key}-{FORMAT}"
    blocks = {name: stem.with_name(f"{stem.name}-{name}.npy") for name in BLOCKS}
    return blocks, stem.with_name(f"{stem.name}-features.parquet")


def _load(batch: Batch, store: Path) -> Derived:
    paths, table = _paths(batch, store)
    features = pq.read_table(table)  # written last: with it the others are there
    count = int(batch.manifest["n_spectra"])
    blocks = {}
    for name, path in paths.items():
        if path.exists():
            blocks[name] = np.load(path, mmap_mode="r")
            if blocks[name].shape != (count, BLOCKS[name].size):
                raise ValueError(f"{path} does not fit its batch")
    return Derived(blocks, features)


def _save(batch: Batch, store: Path, found: Derived) -> None:
    paths, table = _paths(batch, store)
    targets = [*(paths[name] for name in found.blocks), table]
    with whole(*targets) as parts:
        for part, values in zip(parts[:-1], found.blocks.values(), strict=True):
            np.save(part, values)
        pq.write_table(found.features, parts[-1], compression="zstd")


def _compute(batch: Batch) -> Derived:
    count = int(batch.manifest["n_spectra"])
    grids = read_grids(batch)
    codes = read_meta(batch)["grid"].to_numpy()
    blocks: dict[str, NDArray] = {}
    features = [np.empty((0, 1 + len(COLUMNS)))]
    for rows, code, values in _slabs(batch, codes):
        waves, fwhm = grids[code]
        for name, channels in BLOCKS.items():
            part = _on_block(waves, fwhm, values, channels)
            if part is None:
                continue
            if name not in blocks:
                blocks[name] = np.full((count, channels.size), np.nan, "float32")
            blocks[name][rows] = part
        dips = absorptions(waves, values)
        dips[:, 0] = rows[dips[:, 0].astype(int)]
        features.append(dips)
    table = np.concatenate(features)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    columns = {"row": pa.array(table[:, 0].astype("int32"))}
    columns |= {n: pa.array(table[:, i]) for i, n in enumerate(COLUMNS, 1)}
    return Derived(blocks, pa.table(columns))


def _slabs(batch: Batch, codes: NDArray) -> Iterator[tuple[NDArray, int, NDArray]]:
    """Rows, their grid and their values, file order within a slab."""
    for start in range(0, codes.size, SLAB):
        rows = np.arange(start, min(start + SLAB, codes.size))
        values = read_values(batch, rows, uncertainty=False)
        for code in np.unique(codes[rows]):
            mine = np.flatnonzero(codes[rows] == code)
            yield rows[mine], int(code), np.stack([values[i][0] for i in mine])


def _on_block(
    waves: NDArray, fwhm: NDArray | None, values: NDArray, channels: NDArray
) -> NDArray | None:
    """Spectra on the channels of a block; None if they do not reach it."""
    inside = (waves >= channels[0]) & (waves <= channels[-1])
    if inside.sum() < 2:
        return None
    step = np.median(np.diff(waves[inside]) / steps_of(waves[inside])[1:])
    if step > COARSE:
        return None
    from ..sensors._resample import resample

    coords = {"wavelength": waves}
    spectra = xr.DataArray(
        values.astype("float32", copy=False),
        dims=("spectrum", "wavelength"),
        coords=coords | ({} if fwhm is None else {"fwhm": ("wavelength", fwhm)}),
    )
    try:
        found = resample(spectra, wavelength=channels, fwhm=np.gradient(channels))
    except ValueError:  # no channel of the block is covered
        return None
    return found.to_numpy()
