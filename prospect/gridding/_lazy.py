"""Lazy layers on a grid, made block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dask.array as da
import numpy as np
import rioxarray  # noqa: F401
import xarray as xr

from survey import check_projected, geobox_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

# a block of kriging is long work: small ones keep all threads busy
BLOCK, SMALL = 256, 128


def metric_geobox(like: GeoBox | xr.DataArray, *, what: str) -> GeoBox:
    """Pixel grid of `like`, refused unless it is in metres and upright."""
    geobox = geobox_of(like)
    if geobox.affine.b or geobox.affine.d:
        raise ValueError(
            "The grid given as like= is rotated. Bring it onto an upright grid first: "
            "survey.match_grid(grid, like=survey.make_geobox(...))."
        )
    check_projected(geobox, what=what)
    return geobox


def chunks_of(like: GeoBox | xr.DataArray) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Chunks of a lazy `like`, else blocks that suit kriging."""
    shape = geobox_of(like).shape
    side = SMALL if max(shape) < 6 * BLOCK else BLOCK
    chunks = getattr(like, "chunks", None) or (side, side)
    return da.core.normalize_chunks(chunks, shape, dtype="float32")


def lazy_layers(
    block: Callable[..., NDArray],
    *payload: object,
    n_layers: int,
    like: GeoBox | xr.DataArray,
    grids: Sequence[xr.DataArray] = (),
) -> da.Array:
    """
    Layers (n_layers, y, x), float32: `block(window, drift, *payload)` for each block.

    `window` is (row0, row1, col0, col1), `drift` (grids, rows, columns).
    """
    rows, cols = chunks_of(like)
    arrays = [da.asarray(grid.data).rechunk((rows, cols)) for grid in grids]

    def compute(*blocks: NDArray, block_info: dict | None = None) -> NDArray:
        _, (row0, row1), (col0, col1) = block_info[None]["array-location"]
        window = (row0, row1, col0, col1)
        drift = np.empty((len(blocks), row1 - row0, col1 - col0))
        for layer, values in zip(drift, blocks, strict=True):
            layer[:] = values
        return block(window, drift, *payload).astype("float32")

    return da.map_blocks(
        compute,
        *arrays,
        chunks=((n_layers,), rows, cols),
        new_axis=[0] if arrays else None,
        dtype="float32",
        meta=np.empty((0, 0, 0), "float32"),
        name=f"krige-{da.core.tokenize(object())}",
    )


def as_grid(
    data: da.Array,
    like: GeoBox | xr.DataArray,
    *,
    name: str,
    attrs: dict[str, Any],
    first: Mapping[str, Any] | None = None,
) -> xr.DataArray:
    """Grid of a layer, or of several along the dimension that `first` names."""
    geobox = geobox_of(like)
    a, (rows, cols) = geobox.affine, geobox.shape
    coords = {
        "y": a.f + a.e * (np.arange(rows) + 0.5),
        "x": a.c + a.a * (np.arange(cols) + 0.5),
    }
    coords |= first or {}
    dims = (*(first or ()), "y", "x")
    grid = xr.DataArray(data, coords, dims, name=name, attrs=attrs)
    if geobox.crs is not None:
        grid = grid.rio.write_crs(geobox.crs.to_wkt())
    return grid.rio.write_transform(a)
