"""A scene as rows and columns of spectra, with the pixels that count."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ._tiles import Part, sum_block, sum_lazy


def arranged(
    cube: xr.DataArray, mask: xr.DataArray | None
) -> tuple[xr.DataArray, np.ndarray | None]:
    """Cube with dimensions (wavelength, rows, columns), and the mask on them."""
    others = [dim for dim in cube.dims if dim != "wavelength"]
    plane = ["y", "x"] if set(others) == {"y", "x"} else others
    if len(plane) > 2:
        raise ValueError(
            f"statistics are of (wavelength, y, x); got {cube.dims}. Take one scene at "
            "a time, cube.isel(time=0), and merge what each gives."
        )
    cube = cube.transpose("wavelength", *plane)
    inside = None if mask is None else _mask_of(mask, cube)
    if cube.dtype.itemsize < 4:
        cube = cube.astype("float32")
    if not plane:
        cube = cube.expand_dims("spectrum", axis=1)
    if len(plane) < 2:
        cube = cube.expand_dims("row", axis=1)
        inside = None if inside is None else inside.reshape(1, -1)
    return cube, inside


def sum_scene(cube: xr.DataArray, mask: np.ndarray | None, along: str) -> Part:
    """Sums over an arranged cube, in memory or lazy."""
    if cube.chunks is None:
        return sum_block(cube.data, mask, along=along, side_by_side=True)
    data = cube.chunk({"wavelength": -1}).data
    blocks = data.to_delayed()[0]
    masks = np.full(blocks.shape, None, object)
    if mask is not None:
        rows, columns = (np.cumsum((0, *sizes)) for sizes in data.chunks[1:])
        for i, j in np.ndindex(blocks.shape):
            masks[i, j] = mask[rows[i] : rows[i + 1], columns[j] : columns[j + 1]]
    return sum_lazy(blocks, masks, along=along)


def _mask_of(mask: xr.DataArray, cube: xr.DataArray) -> np.ndarray:
    others = cube.dims[1:]
    if not isinstance(mask, xr.DataArray) or set(mask.dims) != set(others):
        raise ValueError(
            f"a mask is a DataArray over {others}, True for pixels that count; got "
            f"{getattr(mask, 'dims', type(mask).__name__)}."
        )
    mask = mask.transpose(*others)
    same = mask.shape == cube.shape[1:] and all(
        np.array_equal(mask[dim], cube[dim])
        for dim in others
        if dim in mask.coords and dim in cube.coords
    )
    if not same:
        raise ValueError(
            f"the mask {dict(mask.sizes)} does not stand on the cube's pixels "
            f"{dict(cube.isel(wavelength=0).sizes)}. Bring it there first: "
            "mask.reindex_like(cube, method='nearest')"
        )
    if mask.dtype != bool:
        raise ValueError(
            f"the mask holds {mask.dtype}, not True and False. Compare first, such as "
            "mask == 1"
        )
    return np.asarray(mask.values)
