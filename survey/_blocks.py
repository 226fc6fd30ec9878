"""Functions on windows of grids, one task a block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ._gridfiles import ArraySource, GridSource, MemorySource, RasterSource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import dask.array as da
    import xarray as xr
    from numpy.typing import NDArray

IN_MEMORY_BLOCK = 1024


def map_windows(
    function: Callable[..., NDArray],
    *grids: xr.DataArray,
    halo: int = 0,
    dtype: Any = "float32",  # noqa: ANN401
    name: str | None = None,
    attrs: Mapping[str, Any] | None = None,
) -> xr.DataArray:
    """
    Function of each cell's surroundings, over whole maps, block by block.

    Parameters
    ----------
    function : callable
        Gets one array a grid, all of the same shape: a block with `halo` more cells on
        each side, NaN beyond the edge of the map. Returns an array of that shape; its
        halo is cut off. It must not change what it gets, and should release the GIL
        (NumPy, numba with `nogil`) to use several cores.
    *grids : DataArray, dims ("y", "x")
        On the same cells. Lazy or in memory.
    halo : int, default 0
        Cells a result depends on in each direction, such as 2 for a 5 × 5 window.
    dtype : dtype, default "float32"
        Of the result.
    name : str, optional
        Of the result; that of the first grid if left out.
    attrs : mapping, optional
        Of the result, such as units and long_name. Those of the grids are not taken
        over, since the function may change what they say; `kind` is "continuous" unless
        given.

    Returns
    -------
    DataArray, dims ("y", "x")
        Lazy. The values do not depend on the blocks. Grids as `open_grid` gave them are
        read by each task with the halo straight from the file; others exchange their
        borders (`dask.array.map_overlap`).

    Raises
    ------
    ValueError
        If the grids are not on the same cells, the halo is negative, or, when a block
        is computed, the function returns another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from odc.geo.xr import wrap_xr
    >>> from survey import make_geobox
    >>> box = make_geobox((0, 300, 0, 100), crs="EPSG:32755", resolution=100)
    >>> grid = wrap_xr(np.array([[1.0, 2.0, 4.0]]), box)
    >>> def step_east(block):
    ...     return np.roll(block, -1, axis=1) - block
    >>> map_windows(step_east, grid, halo=1).values.tolist()
    [[1.0, 2.0, nan]]
    """
    import dask.array as da

    from ._checks import check_same_grid
    from ._geobox import as_grid, geobox_of

    if not grids:
        raise ValueError("map_windows needs at least one grid")
    if halo < 0 or int(halo) != halo:
        raise ValueError(f"halo must be a whole number of cells from 0, not {halo!r}")
    for grid in grids:
        check_dims(grid)
    check_same_grid(*grids)
    work = _Windowed(function, int(halo), np.dtype(dtype))
    arrays = [blocks_of(grid) for grid in grids]
    sources = [
        source_of(array) or memory_of(grid)
        for grid, array in zip(grids, arrays, strict=True)
    ]
    if halo and all(sources):
        shape = arrays[0].shape
        source = WindowSource(shape, work.dtype, work, tuple(sources))
        result = lazy_array(source, arrays[0].chunks)
    elif halo > min(arrays[0].shape):  # one block, wider halo than map
        result = da.map_blocks(
            work.whole,
            *(array.rechunk(-1) for array in arrays),
            dtype=work.dtype,
            meta=np.empty((0, 0), work.dtype),
        )
    elif halo:
        result = da.map_overlap(
            work.uncut,
            *arrays,
            depth=work.halo,
            boundary=np.nan,
            dtype=work.dtype,
            meta=np.empty((0, 0), work.dtype),
        )
    else:
        _, arrays = da.core.unify_chunks(*(a for x in arrays for a in (x, "yx")))
        result = da.map_blocks(
            work.uncut, *arrays, dtype=work.dtype, meta=np.empty((0, 0), work.dtype)
        )
    return as_grid(
        result,
        geobox_of(grids[0]),
        name=name or grids[0].name,
        attrs={"kind": "continuous", **(attrs or {})},
    )


@dataclass(frozen=True)
class _Windowed:
    """The function, and what is done with its result."""

    function: Callable[..., NDArray]
    halo: int
    dtype: Any

    def uncut(self, *blocks: NDArray) -> NDArray:
        """Result with its halo."""
        out = np.asarray(self.function(*blocks))
        if out.shape != blocks[0].shape:
            called = getattr(self.function, "__name__", type(self.function).__name__)
            raise ValueError(
                f"{called} returned an array of shape {out.shape} for blocks of shape "
                f"{blocks[0].shape}. Return the shape of the blocks: the halo is cut "
                "off by map_windows."
            )
        return out.astype(self.dtype, copy=False)

    def cut(self, *blocks: NDArray) -> NDArray:
        """Result without its halo."""
        rows, columns = blocks[0].shape
        h = self.halo
        return self.uncut(*blocks)[h : rows - h, h : columns - h]

    def whole(self, *blocks: NDArray) -> NDArray:
        """Result of whole maps, the halo put around them first."""
        return self.cut(
            *(np.pad(block, self.halo, constant_values=np.nan) for block in blocks)
        )


@dataclass(frozen=True)
class WindowSource(GridSource):
    """Result of a function on windows that are read from files."""

    work: _Windowed
    sources: tuple[GridSource, ...]

    def read(self, top: int, bottom: int, left: int, right: int) -> NDArray:
        """Values of a window."""
        h = self.work.halo
        return self.work.cut(
            *(
                source.window(top - h, bottom + h, left - h, right + h)
                for source in self.sources
            )
        )


def lazy_array(source: GridSource, chunks: Any) -> da.Array:  # noqa: ANN401
    """Dask array of a source: one task a block, fused with what follows."""
    import dask.array as da
    from dask.base import tokenize

    return da.from_array(
        source,
        chunks=chunks,
        name=f"{type(source).__name__.lower()}-{tokenize(source, chunks)}",
        asarray=False,
        fancy=False,
        inline_array=True,
        meta=np.empty((0, 0), source.dtype),
    )


def source_of(array: da.Array) -> GridSource | None:
    """File behind an array that is still as it was opened, None for any other."""
    from dask.blockwise import Blockwise

    layers = getattr(array.dask, "layers", {})
    layer = layers.get(array.name)
    if not isinstance(layer, Blockwise) or not layer.indices:
        return None
    first = layer.indices[0][0]
    return first if isinstance(first, (RasterSource, ArraySource)) else None


def memory_of(grid: xr.DataArray) -> MemorySource | None:
    """Source of a grid in memory, None for a lazy one."""
    if not isinstance(grid.data, np.ndarray):
        return None
    values = grid.data
    if values.dtype.kind != "f":
        values = values.astype(np.result_type(values.dtype, np.float32))
    return MemorySource(values.shape, values.dtype, values)


def blocks_of(grid: xr.DataArray) -> da.Array:
    """Dask array of a grid, of floats so that NaN can stand for missing."""
    import dask.array as da

    data = grid.data
    if not isinstance(data, da.Array):
        data = da.from_array(np.asarray(data), chunks=IN_MEMORY_BLOCK)
    if data.dtype.kind != "f":
        data = data.astype(np.result_type(data.dtype, np.float32))
    return data


def dask_chunks(
    like: Any,  # noqa: ANN401
    shape: tuple[int, int],
    side: int = IN_MEMORY_BLOCK,
) -> Any:  # noqa: ANN401
    """Blocks of `like` where it has some, squares of a side otherwise."""
    from dask.array.core import normalize_chunks

    chunks = dict(getattr(like, "chunksizes", None) or {})
    if "y" in chunks and "x" in chunks:
        return chunks["y"], chunks["x"]
    return normalize_chunks(side, shape)


def check_dims(grid: xr.DataArray) -> None:
    """Raise unless it is a grid with dims ("y", "x")."""
    import xarray as xr

    if not isinstance(grid, xr.DataArray):
        raise TypeError(
            f"a grid must be a DataArray, not {type(grid).__name__}. Take one layer of "
            "a stack with stack['name'], or open a file with survey.open_grid."
        )
    if grid.dims != ("y", "x"):
        raise ValueError(
            f"a grid has dims ('y', 'x'), not {grid.dims}. Select a layer of a cube, "
            "or rename and transpose."
        )
