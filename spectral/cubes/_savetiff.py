"""Cubes as tiled GeoTIFF, bands one after another, wavelengths in the tags of bands."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ._save import BLOCK_BYTES, TILE, Store, place_of

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

_KEPT = ("quantity", "description", "sensor", "acquired")


def write_tiff(cube: xr.DataArray, path: Path, store: Store) -> None:
    """Write a cube in blocks along the tiles, one at a time; tags first."""
    import dask.array as da
    import rasterio
    from rasterio.windows import Window

    bands, rows, columns = cube.shape
    # whole rows of tiles, or a tile would be written in pieces; low ones where lines
    # are so long that a block has few of them
    line = bands * columns * cube.dtype.itemsize
    lines = max(1, min(int(np.median(cube.chunks[1])), BLOCK_BYTES // line))
    high = next((side for side in (TILE, 128, 64, 32) if side <= lines), 16)
    tall = max(1, lines // high) * high
    cube = cube.copy(data=cube.data.rechunk((bands, tall, columns)))
    affine, crs = place_of(cube)
    turn = threading.Lock()
    options = {} if affine is None else {"crs": crs, "transform": affine}
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=bands,
        dtype=store.dtype.name, nodata=store.code, tiled=True, blockxsize=TILE,
        blockysize=high, interleave="band", bigtiff="IF_SAFER", **options,
    ) as dataset:  # fmt: skip
        _describe(dataset, cube, store)

        def put(block: NDArray, down: slice, across: slice) -> None:
            window = Window(
                across.start or 0, down.start or 0, block.shape[2], block.shape[1]
            )
            with turn:
                dataset.write(block, window=window)

        store.put = put
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
