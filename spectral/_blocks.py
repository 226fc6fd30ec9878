"""The unit of work: a function of (bands, pixels), run over cubes and libraries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from ._check import check_cube, good_bands
from ._threads import one_blas_thread, workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SLAB = 1 << 21  # values a slab: some megabytes, near the caches


class Output(NamedTuple):
    """
    One result of a block function.

    Parameters
    ----------
    name : str
        Of the DataArray.
    dim : str, optional
        New leading dimension; None for one value a pixel.
    labels : sequence, optional
        Coordinate along `dim`; its length is the number of values a pixel.
    dtype : str
        Of the values.
    """

    name: str
    dim: str | None = None
    labels: Sequence[Any] | None = None
    dtype: str = "float32"


def map_spectra(
    function: Callable[[np.ndarray], Any],
    cube: xr.DataArray,
    *,
    outputs: Sequence[Output],
    keep_bad: bool = False,
) -> tuple[xr.DataArray, ...]:
    """
    Function of spectra, pixel by pixel, over a cube or a library.

    Parameters
    ----------
    function : callable
        Takes (n_bands, n_pixels), float, good bands only, and gives an array of shape
        (n_labels, n_pixels), or (n_pixels,) for an output without a dimension; a tuple
        of them for several outputs. It must give NaN for a pixel with a NaN, must not
        change its input, and must not depend on which pixels come together: slabs of
        pixels run side by side in threads (compiled kernels release the lock,
        ``numba.njit(nogil=True, cache=True)``, and start no threads of their own).
    cube : DataArray
        With dimension wavelength; the others are kept.
    outputs : sequence of Output
        What the function gives, in its order.
    keep_bad : bool
        Whether the function wants bad bands too.

    Returns
    -------
    tuple of DataArray
        One an output, dims (dim, *others of the cube), lazy where the cube is; the
        cube's coordinates along the others are kept, its attrs are not.
    """
    check_cube(cube)
    spectra = cube if keep_bad else good_bands(cube)
    lazy = spectra.chunks is not None
    if lazy:
        spectra = spectra.chunk({"wavelength": -1})
    along = [name for name in spectra.coords if "wavelength" in spectra[name].dims]
    found = xr.apply_ufunc(
        lambda values: _run(function, values, outputs, side_by_side=not lazy),
        spectra.drop_vars(along),
        input_core_dims=[["wavelength"]],
        output_core_dims=[[out.dim] if out.dim else [] for out in outputs],
        dask="parallelized",
        output_dtypes=[np.dtype(out.dtype) for out in outputs],
        dask_gufunc_kwargs={
            "output_sizes": {out.dim: len(out.labels) for out in outputs if out.dim}
        },
        keep_attrs=False,
    )
    grids = found if isinstance(found, tuple) else (found,)
    others = [dim for dim in spectra.dims if dim != "wavelength"]
    # with their attrs: the CRS stands in those of spatial_ref
    kept = {name: spectra[name] for name in spectra.coords if name not in along}
    return tuple(
        _dressed(grid.assign_coords(kept), out, others)
        for grid, out in zip(grids, outputs, strict=True)
    )


def fold_spectra(
    function: Callable[[np.ndarray], Any],
    cube: xr.DataArray,
    *,
    merge: Callable[[Any, Any], Any],
    keep_bad: bool = False,
) -> Any:  # noqa: ANN401
    """
    One result over all spectra: computes, blocks at a time, in the blocks' order.

    Parameters
    ----------
    function : callable
        Takes (n_bands, n_pixels), as in `map_spectra`, and gives a partial result.
    cube : DataArray
        With dimension wavelength.
    merge : callable
        Joins two partial results into one.
    keep_bad : bool
        Whether the function wants bad bands too.

    Returns
    -------
    object
        The partial results merged from first to last.
    """
    check_cube(cube)
    spectra = cube if keep_bad else good_bands(cube)
    others = [dim for dim in spectra.dims if dim != "wavelength"]
    spectra = spectra.transpose("wavelength", *others)
    if spectra.chunks is None:
        return _fold(function, spectra.data, merge, side_by_side=True)
    import dask

    blocks = spectra.chunk({"wavelength": -1}).data.to_delayed().ravel()
    fold = dask.delayed(_fold)
    parts = dask.compute(*[fold(function, block, merge) for block in blocks])
    return _merged(parts, merge)


def _run(
    function: Callable[[np.ndarray], Any],
    values: np.ndarray,
    outputs: Sequence[Output],
    *,
    side_by_side: bool,
) -> Any:  # noqa: ANN401
    """Results for values of shape (..., bands), the new dimension last."""
    shape = values.shape[:-1]
    flat = np.moveaxis(values, -1, 0).reshape(values.shape[-1], -1)
    results = [
        np.empty((*([len(out.labels)] if out.dim else []), flat.shape[1]), out.dtype)
        for out in outputs
    ]

    def work(part: slice) -> None:
        given = function(flat[:, part])
        given = given if isinstance(given, tuple) else (given,)
        for result, array in zip(results, given, strict=True):
            result[..., part] = array

    with one_blas_thread():
        _each(work, list(_slabs(flat)), side_by_side=side_by_side)
    shaped = [
        np.moveaxis(result.reshape(*result.shape[:-1], *shape), 0, -1)
        if out.dim
        else result.reshape(shape)
        for result, out in zip(results, outputs, strict=True)
    ]
    return tuple(shaped) if len(shaped) > 1 else shaped[0]


def _fold(
    function: Callable[[np.ndarray], Any],
    values: np.ndarray,
    merge: Callable[[Any, Any], Any],
    *,
    side_by_side: bool = False,
) -> Any:  # noqa: ANN401
    flat = values.reshape(values.shape[0], -1)
    with one_blas_thread():
        parts = _each(
            lambda part: function(flat[:, part]),
            list(_slabs(flat)),
            side_by_side=side_by_side,
        )
        return _merged(parts, merge)


def _merged(parts: Sequence[Any], merge: Callable[[Any, Any], Any]) -> Any:  # noqa: ANN401
    whole = parts[0]
    for part in parts[1:]:
        whole = merge(whole, part)
    return whole


def _each(
    work: Callable[[slice], Any], parts: list[slice], *, side_by_side: bool
) -> list[Any]:
    if not side_by_side or len(parts) < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(workers()) as pool:
        return list(pool.map(work, parts))


def _slabs(flat: np.ndarray) -> Iterator[slice]:
    width = max(256, SLAB // max(1, flat.shape[0]))
    for start in range(0, max(1, flat.shape[1]), width):
        yield slice(start, start + width)


def _dressed(grid: xr.DataArray, out: Output, others: list[str]) -> xr.DataArray:
    if out.dim:
        grid = grid.transpose(out.dim, *others).assign_coords(
            {out.dim: list(out.labels)}
        )
    else:
        grid = grid.transpose(*others)
    return grid.rename(out.name)
