"""Grids to files, block by block, whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import functools
import math
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._atomic import atomic_path, write_text
from ._blocks import blocks_of, check_dims
from ._geobox import as_grid, geobox_of
from ._gridfiles import open_dataset
from ._gridmeta import KINDS, band_tags
from ._memory import keep_freed_memory
from ._tiff import TILE, TiledTiff, create_tiff

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import dask.array as da
    import xarray as xr
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

SUFFIXES = (".tif", ".tiff", ".zarr")
METHODS = ("auto", "zstd", "deflate", "lzw", None)
_CODES = ("uint8", "int16", "uint16", "int32", "uint32")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class _Codes(NamedTuple):
    """How categories are stored: type and code for missing."""

    dtype: str
    nodata: int


def write_grid(
    grid: xr.DataArray,
    path: str | Path,
    *,
    cog: bool,
    compress: str | None,
    style: str | None,
) -> Path:
    """Write a grid; see `survey.save_grid`."""
    path = Path(path)
    geobox = _check(grid, path, compress)
    copies = 1.5 if cog or compress not in ("auto", None) else 1.0
    _check_room(path, grid, copies)
    # workers of a cluster may live in another folder
    with _full_disk(path), atomic_path(path.absolute()) as part:
        if path.suffix.lower() == ".zarr":
            _write_zarr(grid, geobox, part)
        elif cog or compress not in ("auto", None):
            raw = part.with_name(f"{part.name}.blocks.tif")
            try:
                _write_plain(grid, geobox, raw)
                _translate(raw, part, grid, cog=cog, compress=compress)
            finally:
                raw.unlink(missing_ok=True)
        else:
            _write_plain(grid, geobox, part)
    _drop_sidecars(path)
    if style is not None:
        write_text(path.with_suffix(".qml"), style)
    return path


def write_grids(
    grids: Mapping[str | Path, xr.DataArray], *, cog: bool, compress: str | None
) -> list[Path]:
    """Write continuous grids in one pass over their blocks; see `survey.save_grids`."""
    import dask

    plain = not cog and compress in ("auto", None)
    with contextlib.ExitStack() as whole:
        passes, raws = [], []
        for path, grid in ((Path(name), grid) for name, grid in grids.items()):
            geobox = _check(grid, path, compress)
            if grid.attrs.get("kind") == "categorical" or path.suffix == ".zarr":
                raise ValueError(
                    f"{path.name}: only continuous grids and GeoTIFF are written "
                    "together; use save_grid for this one"
                )
            _check_room(path, grid, 1.0 if plain else 1.5)
            whole.enter_context(_full_disk(path))
            part = whole.enter_context(atomic_path(path.absolute()))
            raw = part if plain else part.with_name(f"{part.name}.blocks.tif")
            if not plain:
                whole.callback(raw.unlink, missing_ok=True)
            array = _stored_type(grid)
            file = _create(raw, grid, geobox, array.dtype, math.nan)
            passes.append(_filling(array, file))
            raws.append((raw, part, grid))
        dask.compute(*passes)
        for raw, part, grid in raws if not plain else ():
            _translate(raw, part, grid, cog=cog, compress=compress)
            raw.unlink()
    for path in grids:
        _drop_sidecars(Path(path))
    return [Path(path) for path in grids]


def _drop_sidecars(path: Path) -> None:
    """Remove statistics and overviews of the file that was replaced."""
    for suffix in (".aux.xml", ".ovr"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _check(grid: xr.DataArray, path: Path, compress: str | None) -> GeoBox:
    check_dims(grid)
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"{path.name}: a grid is saved as one of {SUFFIXES}, not as "
            f"'{path.suffix}'. Change the suffix."
        )
    if compress not in METHODS:
        raise ValueError(f"compress must be one of {METHODS}, not {compress!r}")
    kind = grid.attrs.get("kind", "continuous")
    if kind not in KINDS:
        raise ValueError(f"attrs['kind'] must be one of {KINDS}, not {kind!r}")
    if 0 in grid.shape:
        raise ValueError(f"{path.name}: the grid has no cells {grid.shape}")
    geobox = geobox_of(grid)
    if geobox.crs is None:
        raise ValueError(
            f"{path.name}: the grid has no CRS. Declare it with "
            "grid.rio.write_crs('EPSG:...')."
        )
    return geobox


def _check_room(path: Path, grid: xr.DataArray, copies: float) -> None:
    """Raise if the disk cannot take the file."""
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    needed = int(grid.size * max(grid.dtype.itemsize, 1) * copies)
    if needed > free:
        raise OSError(
            errno.ENOSPC,
            f"{path}: about {needed / 1e9:.2f} GB are needed while it is written, "
            f"{free / 1e9:.2f} GB are free. Free some room or save to another disk",
        )


@contextlib.contextmanager
def _full_disk(path: Path) -> Iterator[None]:
    """Say plainly that the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL and "No space left" not in str(error):
            raise
        raise OSError(
            errno.ENOSPC,
            f"{path}: the disk is full, the file was not written. Free some room or "
            "save to another disk",
        ) from error


def _write_plain(grid: xr.DataArray, geobox: GeoBox, path: Path) -> None:
    """Write an uncompressed tiled GeoTIFF; categories by way of a file of floats."""
    array = _stored_type(grid)
    if grid.attrs.get("kind") != "categorical":
        nodata = math.nan if array.dtype.kind == "f" else None
        _fill(array, _create(path, grid, geobox, array.dtype, nodata))
        return
    between = path.with_name(f"{path.name}.codes.tif")
    try:
        file = _create(between, grid, geobox, array.dtype, math.nan)
        codes = _choose(_fill(array, file, ranged=True), path.name)
        to = _create(path, grid, geobox, codes.dtype, codes.nodata)
        file.convert(to, functools.partial(_to_codes, codes=codes))
    finally:
        between.unlink(missing_ok=True)


def _stored_type(grid: xr.DataArray) -> da.Array:
    if grid.dtype.kind in "iu" and grid.attrs.get("kind") != "categorical":
        import dask.array as da

        data = grid.data
        data = data if isinstance(data, da.Array) else da.from_array(data, chunks=1024)
        return data.astype(np.int16) if data.dtype == np.int8 else data
    array = blocks_of(grid)
    return array.astype("float32") if array.dtype.itemsize < 4 else array


def _create(
    path: Path,
    grid: xr.DataArray,
    geobox: GeoBox,
    dtype: Any,  # noqa: ANN401
    nodata: float | None,
) -> TiledTiff:
    band = {
        "description": str(grid.attrs.get("long_name") or grid.name or ""),
        "units": str(grid.attrs.get("units") or ""),
        "tags": band_tags(grid.attrs, grid.name),
    }
    return create_tiff(path, geobox, dtype=dtype, nodata=nodata, band=band)


def _fill(array: da.Array, file: TiledTiff, *, ranged: bool = False) -> NDArray:
    """Compute an array, each block written by the task that makes it."""
    return _filling(array, file, ranged=ranged).compute()


def _filling(array: da.Array, file: TiledTiff, *, ranged: bool = False) -> da.Array:
    """
    Lazy array whose computation writes the blocks of `array`.

    Its values are three columns a block: least value, largest value, whether all are
    whole (only where `ranged`).
    """
    starts = tuple(
        tuple(int(n) for n in np.cumsum((0, *lengths[:-1]))) for lengths in array.chunks
    )
    rows, columns = array.numblocks
    return array.map_blocks(
        functools.partial(_write_block, file=file, starts=starts, ranged=ranged),
        chunks=((1,) * rows, (3,) * columns),
        dtype="float64",
        meta=np.empty((0, 0), "float64"),
    )


def _write_block(
    block: NDArray,
    *,
    file: TiledTiff,
    starts: tuple[tuple[int, ...], tuple[int, ...]],
    ranged: bool,
    block_id: tuple[int, int] = (0, 0),
) -> NDArray:
    keep_freed_memory()
    file.write(block, starts[0][block_id[0]], starts[1][block_id[1]])
    if not ranged:
        return np.zeros((1, 3))
    known = block[~np.isnan(block)]
    if known.size == 0:
        return np.array([[np.inf, -np.inf, 1.0]])
    whole = bool((known == np.round(known)).all())
    return np.array([[known.min(), known.max(), whole]], dtype=float)


def _choose(found: NDArray, name: str) -> _Codes:
    """Smallest integer type that holds the codes and one more for missing."""
    low, high = found[:, 0::3].min(), found[:, 1::3].max()
    if not found[:, 2::3].all():
        raise ValueError(
            f"{name}: a categorical grid holds values that are not whole numbers. Set "
            "attrs['kind'] = 'continuous', or classify it first."
        )
    if low > high:
        low = high = 0.0
    for dtype in _CODES:
        limits = np.iinfo(dtype)
        nodata = limits.min if limits.min < 0 else limits.max
        if (
            limits.min <= low
            and high <= limits.max
            and (low > nodata if nodata < 0 else high < nodata)
        ):
            return _Codes(dtype, int(nodata))
    raise ValueError(
        f"{name}: codes of classes from {low:g} to {high:g} do not fit 32-bit "
        "integers. Number the classes anew."
    )


def _to_codes(block: NDArray, codes: _Codes) -> NDArray:
    gaps = np.isnan(block)
    return np.where(gaps, codes.nodata, block).astype(codes.dtype)


def _translate(
    raw: Path, path: Path, grid: xr.DataArray, *, cog: bool, compress: str | None
) -> None:
    """Copy a plain file to a compressed one, with overviews if it is to be a COG."""
    import rasterio
    import rasterio.shutil
    from rasterio.errors import RasterioError

    method = "zstd" if compress == "auto" else (compress or "none")
    options = {"compress": method.upper(), "num_threads": "ALL_CPUS"}
    options["bigtiff"] = "IF_SAFER"
    with open_dataset(str(raw)) as dataset:
        floats = np.dtype(dataset.dtypes[0]).kind == "f"
    if cog:
        average = grid.attrs.get("kind") != "categorical"
        options["blocksize"] = str(TILE)
        options["overview_resampling"] = "AVERAGE" if average else "MODE"
        options["predictor"] = "NO" if method == "none" else "YES"
    else:
        options |= {"tiled": "YES", "blockxsize": str(TILE), "blockysize": str(TILE)}
        if method != "none":
            options["predictor"] = "3" if floats else "2"
    try:
        rasterio.shutil.copy(
            str(raw), str(path), driver="COG" if cog else "GTiff", **options
        )
        with rasterio.open(path) as dataset:  # a full disk can show only here
            end = tuple((length - 1, length) for length in dataset.shape)
            dataset.read(1, window=end)
    except RasterioError as error:
        free = shutil.disk_usage(path.parent).free
        if free < 2 * TILE * TILE * 8:
            raise OSError(errno.ENOSPC, str(error)) from error
        raise


def _write_zarr(grid: xr.DataArray, geobox: GeoBox, path: Path) -> None:
    """Write a Zarr store (version 2 of the format, which most readers know)."""
    array = blocks_of(grid).rechunk(1024)
    name = str(grid.name or "grid")
    attrs = band_tags(grid.attrs, None)
    attrs.setdefault("kind", "continuous")
    if grid.attrs.get("units"):
        attrs["units"] = str(grid.attrs["units"])
    saved = as_grid(array, geobox, name=name, attrs=attrs)
    saved.to_dataset().to_zarr(path, mode="w", zarr_format=2, consolidated=True)
