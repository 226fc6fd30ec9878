"""Grids in and out."""

from __future__ import annotations

import logging
import math
import os
from typing import TYPE_CHECKING, Any

from ._gridmeta import KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import xarray as xr

    from ._gridopen import Opened

BLOCK_CELLS = 1024 * 1024
_log = logging.getLogger(__name__)


def open_grid(
    path: str | Path,
    *,
    crs: Any = None,  # noqa: ANN401
    band: int | str = 1,
    nodata: float | Sequence[float] | None = None,
    kind: str | None = None,
    chunks: str | int | tuple[int, int] = "auto",
) -> xr.DataArray:
    """
    Grid in a file, read block by block when it is needed.

    Parameters
    ----------
    path : path
        GeoTIFF, Cloud-Optimised GeoTIFF, ESRI ASCII or binary grid, ENVI, NetCDF, Zarr,
        or anything else GDAL reads.
    crs : any CRS input, optional
        Coordinate system of a file that declares none.
    band : int or str, default 1
        Number of the band, from 1, or its name. In NetCDF and Zarr: number of the layer
        over all variables, or the name of a variable.
    nodata : float or sequence of float, optional
        Further values that mean missing, besides what the file declares.
    kind : {"continuous", "categorical"}, optional
        Whether values are measured or are codes of classes. Left out, integers with a
        table of classes or colours are categorical, all else is continuous.
    chunks : "auto", int or tuple of int, default "auto"
        Rows and columns of a block. "auto" takes about a million cells along the blocks
        of the file: squares of tiled files, full rows of striped ones.

    Returns
    -------
    DataArray, dims ("y", "x")
        Dask-backed, north-up. Missing cells (declared codes, masks, `nodata`) are NaN.
        Float values stay as they are; integers of at most 16 bits become float32, wider
        ones float64, so that each is exact; a declared scale and offset is applied.
        `attrs`: long_name, kind, source, and units, classes, nodata where known. A
        file whose rows run from the south is turned round, which the log says.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DataProblems
        If it is empty, damaged or no grid; rotated or without georeference; if the band
        does not exist; if no CRS is declared or given, the one given contradicts the
        file's, or degrees and metres are mixed up. A file found to be cut short while a
        block is read raises the same, naming rows and columns.

    See Also
    --------
    save_grid : The way back.
    match_grid : Onto the cells of another grid.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from pathlib import Path
    >>> from survey import make_geobox
    >>> from odc.geo.xr import wrap_xr
    >>> box = make_geobox((0, 300, 0, 200), crs="EPSG:32755", resolution=100)
    >>> made = wrap_xr(np.arange(6, dtype="float32").reshape(2, 3), box)
    >>> grid = open_grid(save_grid(made, Path(tempfile.mkdtemp()) / "a.tif"))
    >>> grid.dims, grid.values[1].tolist()
    (('y', 'x'), [3.0, 4.0, 5.0])
    """
    from odc.geo.geobox import GeoBox

    from ._gridopen import look

    name = os.fspath(path)
    if kind is not None and kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, not {kind!r}")
    opened = look(name, band, _numbers(nodata))
    system = _settle_crs(opened, crs, name)
    geobox = GeoBox(opened.source.shape, opened.affine, system)
    _check_units(geobox, system, name)
    if getattr(opened.source, "flipped", False):
        _log.info("%s runs from south to north: its rows were turned round", name)
    attrs = opened.attrs | {"source": name}
    label = attrs.pop("name", None)
    if kind is not None:
        attrs["kind"] = kind
    if attrs["kind"] == "continuous":
        attrs.pop("classes", None)
    return _wrap(opened, geobox, _chunks(opened, chunks), label or _stem(name), attrs)


def save_grid(
    grid: xr.DataArray,
    path: str | Path,
    *,
    cog: bool = True,
    compress: str | None = "auto",
    style: str | None = None,
) -> Path:
    """
    Write a grid block by block: whole or not at all.

    Parameters
    ----------
    grid : DataArray, dims ("y", "x")
        With a CRS. Lazy grids are computed here, a block at a time.
    path : path
        `.tif`, `.tiff` or `.zarr`.
    cog : bool, default True
        Cloud-Optimised GeoTIFF with overviews (averages; the commonest class for
        categories), best for maps that are looked at. False writes a plain tiled
        GeoTIFF, several times faster, best for what is read again soon.
    compress : {"auto", "zstd", "deflate", "lzw", None}, default "auto"
        "auto" is zstd for a COG and none for a plain file.
    style : str, optional
        QGIS style (QML text), written beside the grid as `<stem>.qml`.

    Returns
    -------
    Path
        `path`. The same values give the same bytes, whatever the blocks and threads.
        Floats have NaN as nodata. Categories become the smallest integer type that
        holds them, with a nodata code; class labels, units, names and other attributes
        go into the tags, from which `open_grid` takes them again.

    Raises
    ------
    ValueError
        If the grid has no CRS or other dimensions, a code of a class is not whole, or
        the suffix or the compression is not known.
    OSError
        If the disk has too little room, before or while writing. Nothing is left under
        the final name, or what was there before.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from pathlib import Path
    >>> from survey import make_geobox
    >>> from odc.geo.xr import wrap_xr
    >>> box = make_geobox((0, 200, 0, 100), crs="EPSG:32755", resolution=100)
    >>> made = wrap_xr(np.array([[1.5, np.nan]]), box)
    >>> save_grid(made, Path(tempfile.mkdtemp()) / "a.tif", cog=False).name
    'a.tif'
    """
    from ._gridsave import write_grid

    return write_grid(grid, path, cog=cog, compress=compress, style=style)


def save_grids(
    grids: Mapping[str | Path, xr.DataArray],
    *,
    cog: bool = True,
    compress: str | None = "auto",
) -> list[Path]:
    """
    Write continuous grids that share their computation, in one pass.

    What the grids have in common (a model that gives a score and its uncertainty) is
    computed once a block; saved one by one it would be computed for each.

    Parameters
    ----------
    grids : mapping of path to DataArray, dims ("y", "x")
        Names (`.tif`) and grids, of float values.
    cog : bool, default True
        As in `save_grid`.
    compress : {"auto", "zstd", "deflate", "lzw", None}, default "auto"
        As in `save_grid`.

    Returns
    -------
    list of Path
        The names, in their order. Either all files are written or none.

    Raises
    ------
    ValueError
        If a grid is categorical, has no CRS, or is to be no GeoTIFF.
    OSError
        If the disk has too little room.

    See Also
    --------
    save_grid : One grid, of any kind.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from pathlib import Path
    >>> from survey import make_geobox
    >>> from odc.geo.xr import wrap_xr
    >>> box = make_geobox((0, 200, 0, 100), crs="EPSG:32755", resolution=100)
    >>> made = wrap_xr(np.array([[1.5, np.nan]]), box)
    >>> folder = Path(tempfile.mkdtemp())
    >>> saved = save_grids({folder / "a.tif": made, folder / "b.tif": 2 * made})
    >>> [path.name for path in saved]
    ['a.tif', 'b.tif']
    """
    from ._gridsave import write_grids

    return write_grids(grids, cog=cog, compress=compress)


def _numbers(nodata: float | Sequence[float] | None) -> tuple[float, ...]:
    if nodata is None:
        return ()
    values = nodata if isinstance(nodata, (list, tuple, set)) else [nodata]
    return tuple(float(value) for value in values)


def _settle_crs(opened: Opened, given: Any, path: str) -> Any:  # noqa: ANN401
    """Coordinate system of the file or the one given, never a guess."""
    from ._crs import resolve_crs, same_crs
    from ._gridopen import refuse

    declared = opened.crs
    if declared is not None:
        declared = resolve_crs(declared.to_wkt(), where=path)
    if given is None:
        if declared is None:
            raise refuse(
                path,
                "the file declares no CRS, and none is guessed",
                "state it with crs=, for example crs='EPSG:32650' for UTM zone 50N",
            )
        return declared
    system = resolve_crs(given, where=path)
    if declared is not None and not same_crs(declared, system):
        raise refuse(
            path,
            f"the file declares {declared.name}, but crs= says {system.name}",
            "leave crs= out, or mend the file if its own declaration is wrong "
            "(gdal_edit -a_srs)",
            given,
        )
    return declared or system


def _check_units(geobox: Any, crs: Any, path: str) -> None:  # noqa: ANN401
    from ._geobox import unit_doubt
    from ._gridopen import refuse

    west, south, east, north = geobox.boundingbox.bbox
    doubt = unit_doubt((west, east, south, north), crs, abs(geobox.affine.a))
    if doubt:
        raise refuse(path, doubt.rstrip("."), "mend the CRS of the file or give crs=")


def _chunks(opened: Opened, chunks: str | int | tuple[int, int]) -> Any:  # noqa: ANN401
    """Lengths of the blocks along both axes."""
    from dask.array.core import normalize_chunks

    shape = opened.source.shape
    if not isinstance(chunks, str):
        return normalize_chunks(chunks, shape, dtype=opened.source.dtype)
    if chunks != "auto":
        raise ValueError(f"chunks must be 'auto', a number or a pair, not {chunks!r}")
    return normalize_chunks(_auto(shape, opened.blocks), shape)


def _auto(shape: tuple[int, int], blocks: tuple[int, int]) -> tuple[int, int]:
    rows, columns = (max(1, min(b, n)) for b, n in zip(blocks, shape, strict=True))
    side = math.isqrt(BLOCK_CELLS)
    if rows * columns > 16 * BLOCK_CELLS:
        return side, side
    if columns == shape[1]:
        return rows * max(1, BLOCK_CELLS // (rows * columns)), columns
    return rows * max(1, round(side / rows)), columns * max(1, round(side / columns))


def _wrap(
    opened: Opened,
    geobox: Any,  # noqa: ANN401
    chunks: Any,  # noqa: ANN401
    name: str,
    attrs: dict[str, Any],
) -> xr.DataArray:
    from ._blocks import lazy_array
    from ._geobox import as_grid

    return as_grid(lazy_array(opened.source, chunks), geobox, name=name, attrs=attrs)


def _stem(path: str) -> str:
    from pathlib import Path

    return Path(path).stem
