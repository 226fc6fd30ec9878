"""Cubes opened: which reader, and what it found made one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._check import check_cube
from ._bands import settle_bands
from ._envi import open_envi, sniff_envi, why_no_header
from ._geotiff import open_raster, sniff_geotiff, sniff_raster
from ._scale import settle_values
from .products._formats import PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import xarray as xr

    from ._bands import Bands
    from ._raw import RawCube
    from ._source import CubeSource
    from .products._formats import Product

BLOCK_BYTES = 64 * 2**20
UNITS = {"reflectance": "1", "emissivity": "1", "digital number": "1", "radiance": ""}


class Format(NamedTuple):
    """A kind of file: how it is told from others, and its reader."""

    name: str
    sniff: Callable[[Path], bool]
    open: Callable[[Path], RawCube]


# The first that recognises a path opens it; products go before the general ones.
FORMATS: list[Format] = [
    Format("ENVI", sniff_envi, open_envi),
    Format("GeoTIFF", sniff_geotiff, open_raster),
    Format("raster", sniff_raster, open_raster),
]


def open_cube(
    path: str | Path,
    *,
    wavelength: Sequence[float] | Mapping[str, float] | None = None,
    fwhm: Sequence[float] | Mapping[str, float] | None = None,
    bad_bands: Sequence[bool] | Sequence[tuple[float, float]] | None = None,
    scale: float | None = None,
    nodata: float | None = None,
    crs: Any = None,  # noqa: ANN401
    chunks: str | int | Mapping[str, int] = "auto",
) -> xr.DataArray:
    """
    Cube in a file, read block by block when it is needed.

    The format is told by what the file holds, not by its name: ENVI (data or header),
    GeoTIFF, what else GDAL reads, and products as agencies deliver them: EMIT, EnMAP,
    DESIS, PRISMA, Sentinel-2 (SAFE), Landsat Collection 2, ASTER (GeoTIFF), GF-5 and
    ZY-1 AHSI.

    Parameters
    ----------
    path : path
        The file; for ENVI the data or the header; for products also the folder.
    wavelength : sequence of float, or mapping of str to float, optional
        Wavelengths in nm in the order of the file, or by name of band (a Series will
        do), instead of those the file states.
    fwhm : sequence of float, or mapping of str to float, optional
        Full widths at half maximum in nm, likewise.
    bad_bands : sequence of bool or of (float, float), optional
        True for each band of the file not to be used, or ranges of wavelength in nm:
        ``[(1340, 1450), (1800, 1960)]``. Replaces the list of the file.
    scale : float, optional
        Stored values are divided by it: 10000 for reflectance times 10000. Replaces
        what the file declares; 1 leaves numbers as they are.
    nodata : float, optional
        Stored value that means missing, instead of the declared one; NaN for none.
    crs : any CRS input, optional
        Coordinate system of a file that declares none.
    chunks : "auto", int or mapping of str to int, default "auto"
        Blocks: rows, or sizes by dimension. "auto" takes all bands of as many whole
        lines as make 64 MiB, along the tiles of tiled files.

    Returns
    -------
    DataArray, dims ("wavelength", "y", "x")
        Dask-backed float32 (float64 where the file holds it), missing values NaN
        (ignore value, floats beyond 1e30, infinite ones); wavelength in nm,
        ascending; `fwhm`, `bad_bands` and `band` where known; `spatial_ref` where the
        file has a CRS. Without georeference x and y count columns and rows from 0.
        `attrs`: units, long_name, kind, quantity, source, and notes: a sentence on each
        thing that was inferred, mended or left out. Bands that do not ascend are
        sorted; where detectors overlap, bands measured twice are marked bad.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no data beside a header.
    ValueError
        If the format is unknown, header or file are damaged or cut short, wavelengths
        are absent or unreadable, whole numbers have no scale, or the values cannot be
        reflectance: with what to give.

    See Also
    --------
    open_product : A chosen part of a product with several cubes.
    save_cube : The way back.
    cube_report : What the values are like, band by band.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from pathlib import Path
    >>> data = Path(tempfile.mkdtemp()) / "scene.img"
    >>> np.array([[[500, 1200]], [[800, -9999]]], dtype="int16").tofile(data)
    >>> _ = data.with_suffix(".hdr").write_text('''ENVI
    ... samples = 2
    ... lines = 1
    ... bands = 2
    ... data type = 2
    ... interleave = bsq
    ... byte order = 0
    ... data ignore value = -9999
    ... reflectance scale factor = 10000
    ... wavelength = {0.56, 0.84}
    ... ''')
    >>> cube = open_cube(data)
    >>> cube.wavelength.values.tolist(), cube.values[:, 0, 1].round(3).tolist()
    ([560.0, 840.0], [0.12, nan])
    >>> cube.attrs["notes"][0]
    'wavelengths of 0.56 to 0.84 have no unit: read as micrometers'
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}: check the name")
    stated = {"wavelength": wavelength, "fwhm": fwhm, "bad_bands": bad_bands}
    values = {"scale": scale, "nodata": nodata}
    return _finished(path, _read(path), stated, values, crs=crs, chunks=chunks)


def open_product(
    path: str | Path,
    *,
    part: str | None = None,
    bad_bands: Sequence[bool] | Sequence[tuple[float, float]] | None = None,
    chunks: str | int | Mapping[str, int] = "auto",
) -> xr.DataArray:
    """
    Cube of a product as its agency delivers it, of the part that is wanted.

    Parameters
    ----------
    path : path
        Folder of the product, or its file of metadata or of an image.
    part : str, optional
        "10m", "20m" (where nothing is said) or "60m" of Sentinel-2; "VNIR", "SWIR" or
        "TIR" of ASTER; "VNIR" or "SWIR" of PRISMA and AHSI (both as one where nothing
        is said); "map" (where nothing is said) or "swath" of EMIT.
    bad_bands : sequence of bool or of (float, float), optional
        As `open_cube` takes them.
    chunks : "auto", int or mapping of str to int, default "auto"
        As `open_cube` takes them.

    Returns
    -------
    DataArray, dims ("wavelength", "y", "x")
        As `open_cube` gives it; scale, offset, gaps and wavelengths are those of the
        product.

    Raises
    ------
    FileNotFoundError
        If there is no such path, or the product lacks a file.
    ValueError
        If it is no product, has no such part, or its files contradict each other.

    Notes
    -----
    EMIT, EnMAP, DESIS, PRISMA (level 2C, 2D), Sentinel-2 (1C, 2A), Landsat (Collection
    2), ASTER as GeoTIFF, GF-5 and ZY-1 AHSI level 1. The readers follow the published
    layouts; they are tested on files written to them, not on delivered products.

    Examples
    --------
    >>> import h5py, tempfile
    >>> with h5py.File(file := Path(tempfile.mkdtemp()) / "EMIT.nc", "w") as data:
    ...     data["reflectance"] = np.full((1, 2, 3), 0.25, "float32")
    ...     data["sensor_band_parameters/wavelengths"] = [500.0, 1650.0, 2200.0]
    >>> open_product(file, part="swath").shape
    (3, 1, 2)
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"there is no file or folder {path}: check the name")
    product = _product(path)
    if product is None:
        known = ", ".join(each.name for each in PRODUCTS)
        raise ValueError(
            f"{path.name} is no product ({known}): open it with spectral.open_cube"
        )
    stated = {"bad_bands": bad_bands}
    return _finished(path, product.open(path, part), stated, {}, chunks=chunks)


def _finished(
    path: Path,
    raw: RawCube,
    stated: dict[str, Any],
    values: dict[str, Any],
    *,
    crs: Any = None,  # noqa: ANN401
    chunks: Any,  # noqa: ANN401
) -> xr.DataArray:
    """Cube of what a file says, with what the caller states of bands and values."""
    bands = settle_bands(raw, **stated)
    notes = [*raw.notes, *bands.notes]
    calibration, quantity = settle_values(
        raw,
        bands,
        scale=values.get("scale"),
        nodata=values.get("nodata"),
        notes=notes,
    )
    plain = (np.diff(bands.order) == 1).all()
    source = replace(
        raw.source,
        calibration=calibration,
        order=None if plain else tuple(int(band) for band in bands.order),
    )
    attrs = {
        "long_name": quantity,
        "units": UNITS.get(quantity, ""),
        "kind": "continuous",
        "quantity": quantity,
        "source": os.fspath(path),
        **raw.attrs,
        "notes": notes,
    }
    cube = _wrapped(raw, source, bands, attrs=attrs, crs=crs, chunks=chunks)
    check_cube(cube)
    return cube


def _read(path: Path) -> RawCube:
    product = _product(path)
    return product.open(path, None) if product else _reader(path).open(path)


def _product(path: Path) -> Product | None:
    return next((product for product in PRODUCTS if product.sniff(path)), None)


def _reader(path: Path) -> Format:
    if path.is_file() and path.stat().st_size == 0:
        raise ValueError(f"{path.name} is empty: fetch or export it again")
    for kind in FORMATS:
        if kind.sniff(path):
            return kind
    if path.is_dir():
        products = ", ".join(product.name for product in PRODUCTS)
        raise ValueError(
            f"folder {path.absolute().name or path} is no product ({products}): name "
            "the file of the image in it"
        )
    if broken := why_no_header(path):
        raise ValueError(
            f"{broken}: write the header again, or fetch it with its image"
        )
    known = ", ".join(kind.name for kind in FORMATS if kind.name != "raster")
    raise ValueError(
        f"{path.name} is no cube that can be read ({known}, or what GDAL opens). An "
        f"ENVI image needs its header beside it, {path.stem}.hdr"
    )


def _wrapped(
    raw: RawCube,
    source: CubeSource,
    bands: Bands,
    *,
    attrs: dict[str, Any],
    crs: Any,  # noqa: ANN401
    chunks: Any,  # noqa: ANN401
) -> xr.DataArray:
    import dask.array as da
    import rioxarray  # noqa: F401
    import xarray as xr

    values = da.from_array(
        source,
        chunks=_chunks(raw, source, chunks),
        asarray=True,
        inline_array=True,
        meta=np.empty((0, 0, 0), source.dtype),
    )
    coords: dict[str, Any] = {
        "wavelength": ("wavelength", bands.wavelength, {"units": "nm"})
    }
    if bands.fwhm is not None:
        coords["fwhm"] = ("wavelength", bands.fwhm, {"units": "nm"})
    if bands.bad is not None:
        coords["bad_bands"] = ("wavelength", bands.bad)
    if bands.names is not None:
        coords["band"] = ("wavelength", np.array(bands.names, object).astype(str))
    return xr.DataArray(
        values,
        coords | _places(raw, source.shape, crs),
        ("wavelength", "y", "x"),
        name=raw.name,
        attrs=attrs,
    )


def _places(raw: RawCube, shape: tuple[int, ...], crs: Any) -> dict[str, Any]:  # noqa: ANN401
    """Coordinates of rows and columns, and the CRS."""
    from odc.geo.crs import CRS
    from odc.geo.geobox import GeoBox
    from odc.geo.xr import xr_coords

    rows, columns = shape[1:]
    system = _system(raw, crs)
    if raw.affine is None:
        if crs is not None:
            raise ValueError(
                f"{raw.name} has no georeference (no corner, no size of a pixel): crs= "
                "alone does not place it. Georeference it first."
            )
        return {"y": np.arange(float(rows)), "x": np.arange(float(columns))}
    box = GeoBox((rows, columns), raw.affine, None if system is None else CRS(system))
    if system is None:
        x = raw.affine.c + raw.affine.a * (np.arange(columns) + 0.5)
        y = raw.affine.f + raw.affine.e * (np.arange(rows) + 0.5)
        return {"y": y, "x": x}
    coords = xr_coords(box, always_yx=True)
    return {str(name): coord for name, coord in coords.items()}


def _system(raw: RawCube, crs: Any) -> Any:  # noqa: ANN401
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    declared = None if raw.crs is None else CRS.from_user_input(raw.crs)
    code = None if declared is None else declared.to_epsg(min_confidence=100)
    if code and CRS.from_epsg(code).equals(declared, ignore_axis_order=True):
        declared = CRS.from_epsg(code)  # written the same whatever the file's dialect
    if crs is None:
        return declared
    try:
        given = CRS.from_user_input(getattr(crs, "to_wkt", lambda: crs)())
    except CRSError:
        raise ValueError(
            f"crs= {str(crs)!r} is no coordinate system that is known: write its code, "
            "EPSG:32650, or its WKT"
        ) from None
    if declared is not None and not declared.equals(given, ignore_axis_order=True):
        raise ValueError(
            f"{raw.name} declares {declared.name}, crs= says {given.name}. Leave crs= "
            "out, or correct the file."
        )
    return given


def _chunks(raw: RawCube, source: CubeSource, chunks: Any) -> tuple[Any, ...]:  # noqa: ANN401
    bands, _, columns = source.shape
    if chunks is None or isinstance(chunks, str):
        if chunks not in (None, "auto"):
            raise ValueError(
                "chunks= is 'auto', a number of rows, or sizes by dimension; got "
                f"{chunks!r}"
            )
        return _auto(raw, source)
    if isinstance(chunks, (int, np.integer)):
        return (bands, int(chunks), columns)
    unknown = set(chunks) - {"wavelength", "y", "x"}
    if unknown:
        raise ValueError(
            f"chunks= names {sorted(unknown)}; the dimensions are wavelength, y and x"
        )
    auto = dict(zip(("wavelength", "y", "x"), _auto(raw, source), strict=True))
    return tuple((auto | dict(chunks)).values())


def _auto(raw: RawCube, source: CubeSource) -> tuple[int, int, int]:
    """All bands of whole lines, or of whole tiles where lines would be too long."""
    bands, rows, columns = source.shape
    pixels = max(1, BLOCK_BYTES // (bands * source.dtype.itemsize))
    tall, wide = raw.blocks[0] or 1, raw.blocks[1] or columns
    tall, wide = min(tall, rows), min(wide, columns)
    if columns * tall <= 2 * pixels:
        lines = max(1, pixels // (columns * tall)) * tall
        return bands, min(rows, lines), columns
    across = max(1, pixels // (tall * wide)) * wide
    return bands, tall, min(columns, across)
