"""Cubes to files, block by block: ENVI with its header, or GeoTIFF."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._atomic import whole
from .._check import check_cube
from ._envi import DATA_SUFFIXES, INTERLEAVES, TYPES, bands_first, file_axes
from ._header import written
from ._mapinfo import write_map
from ._source import SLAB

if TYPE_CHECKING:
    import xarray as xr
    from affine import Affine
    from numpy.typing import NDArray

BLOCK_BYTES = 64 * 2**20
CODES = {"u1": 255, "u2": 65535, "u4": 2**32 - 1}  # for missing; signed ones -9999
TIFF = (".tif", ".tiff")
TILE = 256
_KEPT = {"description": "description", "sensor": "sensor type",
         "acquired": "acquisition time"}  # fmt: skip


@dataclass
class Store:
    """
    Where blocks are written: scaled, rounded, gaps as a code; what does not fit counts.

    Parameters
    ----------
    dtype : dtype
        Of the file.
    scale : float
        Values are multiplied by it.
    code : float
        For missing.
    put : callable
        Takes (block, rows, columns).
    """

    dtype: np.dtype
    scale: float
    code: float
    put: Any
    beyond: int = 0
    negative: int = 0  # of these, where the type has no sign
    worst: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __setitem__(self, key: tuple[slice, ...], block: NDArray) -> None:
        out = np.empty(block.shape, self.dtype)
        step = max(1, SLAB // max(1, block.shape[0] * block.shape[2]))
        for top in range(0, block.shape[1], step):
            part = block[:, top : top + step]
            out[:, top : top + step] = self._stored(part, np.isnan(part))
        self.put(out, *key[1:])

    def _stored(self, block: NDArray, gaps: NDArray) -> NDArray:
        if self.dtype.kind == "f":
            scale = self.dtype.type(self.scale)
            return np.where(gaps, self.dtype.type(self.code), block * scale)
        limits = np.iinfo(self.dtype)
        values = np.rint(np.multiply(block, self.scale, dtype="float64"))
        wrong = (values < limits.min) | (values > limits.max) | (values == self.code)
        if wrong.any():
            with self.lock:
                self.beyond += int(wrong.sum())
                if limits.min == 0:
                    self.negative += int((values < 0).sum())
                self.worst = max(self.worst, *values[wrong], key=abs)
        values[gaps | wrong] = self.code
        return values


def save_cube(
    cube: xr.DataArray,
    path: str | Path,
    *,
    interleave: str = "bil",
    dtype: str | None = None,
    scale: float | None = None,
) -> Path:
    """
    Cube to a file, block by block, whole or not at all.

    Parameters
    ----------
    cube : DataArray, dims ("wavelength", "y", "x")
        As `open_cube` gives it, lazy or not.
    path : path
        Ends in .tif or .tiff for a tiled GeoTIFF, bands one after another; else the
        data file of an ENVI image, whose header lies beside it with .hdr.
    interleave : {"bil", "bsq", "bip"}
        Order of an ENVI file.
    dtype : str, optional
        Type of the stored values ("int16", "float32" …); that of the cube.
    scale : float, optional
        Values are stored times it, and the file says so; needed for whole numbers:
        10000.

    Returns
    -------
    Path
        The data file.

    Raises
    ------
    TypeError, ValueError
        If it is no cube, its rows and columns are not evenly spaced, interleave or type
        are unknown, whole numbers have no scale, or values do not fit the type (with
        their count): then no file appears.

    See Also
    --------
    open_cube : The way back: what it opens is what was saved.

    Examples
    --------
    >>> import tempfile, xarray as xr
    >>> from spectral import open_cube
    >>> cube = xr.DataArray(
    ...     [[[0.2, float("nan")]], [[0.4, 0.3]]], dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [560.0, 840.0]},
    ... )
    >>> path = save_cube(cube, Path(tempfile.mkdtemp()) / "a.img", dtype="int16",
    ...                  scale=10000)
    >>> open_cube(path).values[:, 0].round(4).tolist()
    [[0.20000000298023224, nan], [0.4000000059604645, 0.30000001192092896]]
    """
    check_cube(cube)
    path = Path(path)
    if set(cube.dims) != {"wavelength", "y", "x"}:
        raise ValueError(f"a cube has the dimensions wavelength, y, x; got {cube.dims}")
    if interleave not in INTERLEAVES:
        raise ValueError(f"interleave= is one of {INTERLEAVES}, not {interleave!r}")
    cube = _in_blocks(cube.transpose("wavelength", "y", "x"))
    stored = _stored_type(cube, dtype, scale)
    code = CODES.get(stored.str[1:], -9999)
    store = Store(stored, float(scale or 1), code, None)
    if path.suffix.lower() in TIFF:
        from ._savetiff import write_tiff

        with whole(path) as (part,):
            write_tiff(cube, part, store)
            _check_fit(store)
        return path
    if path.suffix.lower() == ".hdr":
        raise ValueError(f"{path.name} is the header: name the data file, .img")
    known = path.suffix.lower() in DATA_SUFFIXES
    header = path.with_suffix(".hdr" if known else f"{path.suffix}.hdr")
    # The header appears last: data without one are no image yet.
    with whole(path, header) as (part, text):
        _write_envi(cube, part, store, interleave)
        _check_fit(store)
        text.write_text(_header(cube, store, interleave), encoding="utf-8")
    return path


def place_of(cube: xr.DataArray) -> tuple[Affine | None, Any]:
    """Transform and CRS: of the coordinates, or those kept of a rotated image."""
    from affine import Affine as Transform
    from rasterio.crs import CRS

    affine = affine_of(cube)
    if affine is None and "map_transform" in cube.attrs:
        crs = cube.attrs.get("map_crs")
        kept = CRS.from_user_input(crs) if crs else None
        return Transform(*cube.attrs["map_transform"]), kept
    return affine, cube.rio.crs


def affine_of(cube: xr.DataArray) -> Affine | None:
    """
    Transform of a cube from its coordinates; None where they only count pixels.

    Raises
    ------
    ValueError
        If they are not evenly spaced.
    """
    import rioxarray  # noqa: F401
    from affine import Affine as Transform

    y, x = (np.asarray(cube[dim].values, float) for dim in ("y", "x"))
    if cube.rio.crs is None and all(
        (axis == np.arange(axis.size)).all() for axis in (y, x)
    ):
        return None
    for dim, axis in (("y", y), ("x", x)):
        step = (axis[-1] - axis[0]) / max(1, axis.size - 1)
        even = axis[0] + step * np.arange(axis.size)
        if np.abs(axis - even).max() > 1e-3 * abs(step) + 1e-9:
            raise ValueError(
                f"'{dim}' is not evenly spaced: interpolate the cube to even cells"
            )
    stated = cube.rio.transform()
    if stated.b == stated.d == 0 and y.size > 1 and x.size > 1:
        centres = stated.c + stated.a / 2, stated.f + stated.e / 2
        if np.allclose(centres, (x[0], y[0]), rtol=0, atol=1e-3 * abs(stated.a)):
            return stated
    dx, dy = (axis[1] - axis[0] if axis.size > 1 else 1.0 for axis in (x, y))
    return Transform(dx, 0.0, x[0] - dx / 2, 0.0, dy, y[0] - dy / 2)


def _in_blocks(cube: xr.DataArray) -> xr.DataArray:
    """All bands in a block, of whole lines where the cube is in memory."""
    bands, _, columns = cube.shape
    # what runs along wavelength is small, and asked for band by band
    cube = cube.assign_coords(
        {
            name: coord.compute()
            for name, coord in cube.coords.items()
            if coord.dims == ("wavelength",) and coord.chunks is not None
        }
    )
    if cube.chunks is not None:
        return cube.copy(data=cube.data.rechunk({0: -1}))
    import dask.array as da

    rows = max(1, BLOCK_BYTES // max(1, bands * columns * cube.dtype.itemsize))
    return cube.copy(data=da.from_array(cube.values, (bands, rows, columns)))


def _stored_type(
    cube: xr.DataArray, dtype: str | None, scale: float | None
) -> np.dtype:
    try:
        stored = np.dtype(dtype if dtype is not None else cube.dtype).newbyteorder("<")
    except TypeError:
        stored = None
    if stored is None or stored.str[1:] not in TYPES.values():
        known = ", ".join(np.dtype(kind).name for kind in TYPES.values())
        told = repr(dtype) if stored is None else stored.name
        raise ValueError(f"dtype= is one of {known}, not {told}")
    if scale is not None and not (np.isfinite(scale) and scale > 0):
        raise ValueError(f"scale= is above zero, not {scale}")
    if stored.kind != "f" and scale is None:
        raise ValueError(
            f"reflectance as {stored.name} needs a scale, or it becomes 0 and 1: "
            "save_cube(cube, path, dtype='int16', scale=10000)"
        )
    return stored


def _check_fit(store: Store) -> None:
    if store.negative:
        more = store.beyond - store.negative
        raise ValueError(
            f"{store.negative:,} values are negative, which {store.dtype.name} cannot "
            "hold: they would be lost"
            + (f", as would {more:,} that are too large" if more else "")
            + ". Keep them with dtype='int16' or dtype='float32', or set them to "
            "zero or NaN first"
        )
    if store.beyond:
        raise ValueError(
            f"{store.beyond:,} values do not fit {store.dtype.name} times "
            f"{store.scale:g} (one of them: {store.worst:g}; {store.code:g} means "
            "missing). Choose another scale or dtype='float32'"
        )


def _write_envi(cube: xr.DataArray, part: Path, store: Store, interleave: str) -> None:
    import dask.array as da

    sides = tuple(np.take(cube.shape, file_axes(interleave)))
    with part.open("wb") as file:
        file.truncate(int(np.prod(sides)) * store.dtype.itemsize)

    def put(block: NDArray, rows: slice, columns: slice) -> None:
        view = np.memmap(part, store.dtype, "r+", shape=sides)
        bands_first(view, interleave)[:, rows, columns] = block

    store.put = put
    da.store([cube.data], [store], lock=False)


def _header(cube: xr.DataArray, store: Store, interleave: str) -> str:
    bands, lines, samples = cube.shape
    types = {kind: code for code, kind in TYPES.items()}
    entries: dict[str, Any] = {
        "description": f"{{{_plain(cube.attrs.get('description', cube.name or ''))}}}",
        "samples": samples,
        "lines": lines,
        "bands": bands,
        "header offset": 0,
        "file type": "ENVI Standard",
        "data type": types[store.dtype.str[1:]],
        "interleave": interleave,
        "byte order": 0,
        "data ignore value": store.code,
        "quantity": cube.attrs.get("quantity", "reflectance"),
    }
    for name, key in list(_KEPT.items())[1:]:
        if cube.attrs.get(name):
            entries[key] = _plain(cube.attrs[name])
    if store.scale != 1:
        entries["reflectance scale factor"] = repr(store.scale)
    affine, crs = place_of(cube)
    if affine is not None:
        entries |= write_map(affine, crs)
    entries["wavelength units"] = "Nanometers"
    entries["wavelength"] = [repr(float(value)) for value in cube["wavelength"].values]
    if "fwhm" in cube.coords:
        entries["fwhm"] = [repr(float(value)) for value in cube["fwhm"].values]
    if "bad_bands" in cube.coords:
        entries["bbl"] = [int(not bad) for bad in cube["bad_bands"].values]
    if "band" in cube.coords:
        entries["band names"] = [
            _plain(name, comma=" ") for name in cube["band"].values
        ]
    return written(entries)


def _plain(text: object, *, comma: str = ",") -> str:
    """Text without what ends a list of a header."""
    told = " ".join(str(text).split())
    return told.replace("{", "(").replace("}", ")").replace(",", comma)
