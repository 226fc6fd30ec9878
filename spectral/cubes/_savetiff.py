"""Cubes as tiled GeoTIFF, bands one after another, wavelengths in the tags of bands."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ._geotiff import settle_cache
from ._save import BLOCK_BYTES, TILE, Store, place_of

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray
    from rasterio.io import DatasetWriter

_KEPT = ("quantity", "description", "sensor", "acquired")


class RowsOfTiles:
    """
    Takes blocks of lines of any height, writes whole rows of tiles.

    What a block has of a row of tiles waits for the rest of it, so that no tile is
    written in pieces and blocks need not be cut anew.
    """

    def __init__(self, dataset: DatasetWriter, high: int) -> None:
        self.dataset, self.high = dataset, high
        self.waiting: dict[int, tuple[NDArray, list[int]]] = {}
        self.lock = threading.Lock()

    def put(self, block: NDArray, down: slice, across: slice) -> None:
        """Take a block of all bands and whole lines."""
        del across
        top = down.start or 0
        bottom, rows = top + block.shape[1], self.dataset.height
        first = -(-top // self.high) * self.high
        last = rows if bottom == rows else bottom // self.high * self.high
        with self.lock:
            if last > first:
                self._write(block[:, first - top : last - top], first)
            if top < first:
                self._wait(block[:, : first - top], top)
            if max(first, last) < bottom and last >= first:
                self._wait(block[:, last - top :], last)

    def _wait(self, part: NDArray, top: int) -> None:
        row = top // self.high * self.high
        height = min(self.high, self.dataset.height - row)
        bands, lines, columns = part.shape
        if row not in self.waiting:
            shape = (bands, height, columns)
            self.waiting[row] = np.empty(shape, part.dtype), [0]
        whole, count = self.waiting[row]
        whole[:, top - row : top - row + lines] = part
        count[0] += lines
        if count[0] == height:
            self._write(whole, row)
            del self.waiting[row]

    def _write(self, block: NDArray, top: int) -> None:
        from rasterio.windows import Window

        window = Window(0, top, block.shape[2], block.shape[1])
        self.dataset.write(block, window=window)


def write_tiff(cube: xr.DataArray, path: Path, store: Store) -> None:
    """Write a cube block by block; tags first."""
    import dask.array as da
    import rasterio

    bands, rows, columns = cube.shape
    if len(cube.chunks[2]) > 1:
        cube = cube.copy(data=cube.data.rechunk({2: -1}))
    line = bands * columns * cube.dtype.itemsize
    lines = min(int(np.median(cube.chunks[1])), BLOCK_BYTES // line)
    high = next((side for side in (TILE, 128, 64, 32) if side <= lines), 16)
    affine, crs = place_of(cube)
    settle_cache()
    options = {} if affine is None else {"crs": crs, "transform": affine}
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=bands,
        dtype=store.dtype.name, nodata=store.code, tiled=True, blockxsize=TILE,
        blockysize=high, interleave="band", bigtiff="IF_SAFER", **options,
    ) as dataset:  # fmt: skip
        _describe(dataset, cube, store)
        store.put = RowsOfTiles(dataset, high).put
        da.store([cube.data], [store], lock=False)


def _describe(dataset: object, cube: xr.DataArray, store: Store) -> None:
    dataset.update_tags(
        **{key: str(cube.attrs[key]) for key in _KEPT if cube.attrs.get(key)}
    )
    if store.scale != 1:
        dataset.scales = [1 / store.scale] * cube.sizes["wavelength"]
    for number, wavelength in enumerate(cube["wavelength"].values, 1):
        at = number - 1
        tags = {"wavelength": repr(float(wavelength)), "wavelength_units": "Nanometers"}
        imagery = {"CENTRAL_WAVELENGTH_UM": repr(float(wavelength) / 1000)}
        if "fwhm" in cube.coords:
            width = float(cube["fwhm"].values[at])
            tags["fwhm"] = repr(width)
            imagery["FWHM_UM"] = repr(width / 1000)
        if "bad_bands" in cube.coords:
            tags["bbl"] = str(int(not cube["bad_bands"].values[at]))
        if "band" in cube.coords:
            dataset.set_band_description(number, str(cube["band"].values[at]))
        dataset.update_tags(number, **tags)
        dataset.update_tags(number, ns="IMAGERY", **imagery)
