"""What lies in a grid file: its cells, its source of values, its attributes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ._gridfiles import (
    ArraySource,
    RasterSource,
    open_arrays,
    open_dataset,
    place_of,
    stamp_of,
)
from ._gridmeta import band_attrs, loads, parse_classes
from ._problems import DataProblems, Problem

if TYPE_CHECKING:
    from affine import Affine

    from ._gridfiles import GridSource

ARRAY_SUFFIXES = {".nc", ".nc4", ".cdf", ".netcdf", ".h5", ".zarr"}
_TABLES = {".csv", ".txt", ".xlsx", ".xls", ".parquet"}
_VECTORS = {".shp", ".gpkg", ".geojson", ".json", ".kml", ".dbf", ".fgb"}
_EXACT32 = {"int8", "uint8", "int16", "uint16", "float16", "float32"}
_X = {"x", "lon", "longitude", "easting", "projection_x_coordinate", "long"}
_Y = {"y", "lat", "latitude", "northing", "projection_y_coordinate"}


class Opened(NamedTuple):
    """A band of a file before its coordinate system is settled."""

    source: GridSource
    affine: Affine
    crs: Any
    blocks: tuple[int, int]
    attrs: dict[str, Any]


def refuse(path: str, what: str, remedy: str, value: object = None) -> DataProblems:
    """Error about a grid file."""
    shown = None if value is None else str(value)
    return DataProblems([Problem(what, remedy, path, value=shown)])


def look(path: str, band: int | str, nodata: tuple[float, ...]) -> Opened:
    """Open a file as what its name says it is."""
    file = Path(path)
    if "://" not in path and not path.startswith("/vsi") and not path.count(":") > 1:
        if not file.exists():
            raise FileNotFoundError(f"there is no grid file {path}: check the name")
        if file.is_file() and file.stat().st_size == 0:
            raise refuse(path, "the file is empty", "fetch or export it again")
    if file.suffix.lower() in ARRAY_SUFFIXES:
        return _look_array(path, band, nodata)
    return _look_raster(path, band, nodata)


def _look_raster(path: str, band: int | str, nodata: tuple[float, ...]) -> Opened:
    from rasterio.errors import RasterioError

    try:
        dataset = open_dataset(path)
    except RasterioError as error:
        raise _unreadable(path, error) from error
    with dataset:
        number = _band_number(dataset, band, path)
        affine = _north_up(dataset, path)
        stored = np.dtype(dataset.dtypes[number - 1])
        if stored.kind not in "iuf":
            raise refuse(
                path,
                f"band {number} holds {stored.name} values",
                "export the real part or the amplitude as a band of its own",
            )
        scale, offset = dataset.scales[number - 1], dataset.offsets[number - 1]
        source = RasterSource(
            shape=(dataset.height, dataset.width),
            dtype=_float_for(stored),
            path=place_of(path),
            stamp=stamp_of(path),
            band=number,
            nodata=_codes(dataset.nodatavals[number - 1], nodata, stored, path),
            masked=_has_mask(dataset, number),
            scale=scale,
            offset=offset,
            flipped=affine.e > 0,
        )
        attrs = band_attrs(dataset, number, path)
        declared = dataset.nodatavals[number - 1]
        if declared is not None and not math.isnan(declared):
            attrs["nodata"] = float(declared)
        blocks = dataset.block_shapes[number - 1]
        if dataset.driver == "GTiff" and source.stamp is not None:
            rows, columns = source.shape
            source.read(rows - 1, rows, columns - 1, columns)  # cut-short files show
        return Opened(
            source, _upright(affine, dataset.height), dataset.crs, blocks, attrs
        )


def _band_number(dataset: Any, band: int | str, path: str) -> int:  # noqa: ANN401
    if dataset.count == 0:
        inside = ", ".join(dataset.subdatasets[:8]) or "nothing that is a grid"
        raise refuse(path, f"no band at the top level; inside: {inside}", "name one")
    names = [text or "" for text in dataset.descriptions]
    if isinstance(band, str) and band in names:
        return names.index(band) + 1
    if isinstance(band, str) or not 1 <= band <= dataset.count:
        told = [f"{i} {name}".strip() for i, name in enumerate(names[:12], 1)]
        raise refuse(
            path,
            f"there is no band {band!r}; the file has {dataset.count}: "
            + ", ".join(told),
            "bands count from 1; give band= a number or the name of a band",
        )
    return int(band)


def _north_up(dataset: Any, path: str) -> Affine:  # noqa: ANN401
    affine = dataset.transform
    if affine.is_identity and not dataset.crs:
        extra = " (it has ground control points)" if dataset.gcps[0] else ""
        raise refuse(
            path,
            f"the file has no georeference{extra}: no corner and no size of a cell",
            "georeference it first, in QGIS or with gdal_translate and gdalwarp",
        )
    if affine.b or affine.d:
        angle = math.degrees(math.atan2(affine.d, affine.a))
        raise refuse(
            path,
            f"the grid is rotated by {angle:.3g} degrees",
            "turn it north-up first: gdalwarp input.tif output.tif",
        )
    if affine.a < 0:
        raise refuse(
            path,
            "its columns run from east to west",
            "turn it north-up first: gdalwarp input.tif output.tif",
        )
    return affine


def _upright(affine: Affine, rows: int) -> Affine:
    """Transform of the rows counted from the north."""
    from affine import Affine as Transform

    if affine.e < 0:
        return affine
    return Transform(
        affine.a, 0.0, affine.c, 0.0, -affine.e, affine.f + rows * affine.e
    )


def _has_mask(dataset: Any, band: int) -> bool:  # noqa: ANN401
    from rasterio.enums import MaskFlags

    flags = dataset.mask_flag_enums[band - 1]
    return MaskFlags.per_dataset in flags or MaskFlags.alpha in flags


def _float_for(stored: np.dtype) -> np.dtype:
    """Floating type that holds every value of a stored type."""
    return np.dtype("float32" if stored.name in _EXACT32 else "float64")


def _codes(
    declared: float | None, given: tuple[float, ...], stored: np.dtype, path: str
) -> tuple[float, ...]:
    """Codes for missing: the declared one and those given, NaN left out."""
    codes = [] if declared is None else [float(declared)]
    for code in given:
        if not (math.isnan(code) or _fits(code, stored)):
            raise refuse(
                path,
                f"nodata {code:g} cannot occur in {stored.name} values",
                "give the code that the file really holds",
                code,
            )
        codes.append(float(code))
    kept = [code for code in codes if not math.isnan(code) and _fits(code, stored)]
    return tuple(dict.fromkeys(kept))


def _fits(code: float, stored: np.dtype) -> bool:
    if stored.kind == "f":
        return True
    limits = np.iinfo(stored)
    return float(code).is_integer() and limits.min <= code <= limits.max


def _unreadable(path: str, error: Exception) -> DataProblems:
    suffix = Path(path).suffix.lower()
    said = str(error).splitlines()[-1][:160]
    if suffix in _TABLES:
        return refuse(path, "this is a table, not a grid", "read it with read_samples")
    if suffix in _VECTORS:
        return refuse(
            path, "this is a vector file, not a grid", "read it with read_features"
        )
    return refuse(
        path,
        f"it cannot be read as a grid ({said})",
        "grids are GeoTIFF, ESRI ASCII or binary, ENVI, NetCDF (.nc) or Zarr (.zarr); "
        "if this is one, the file is damaged or cut short: fetch it again",
    )


def _look_array(path: str, band: int | str, nodata: tuple[float, ...]) -> Opened:
    import rioxarray  # noqa: F401

    stamp = stamp_of(path)
    try:
        dataset = open_arrays(place_of(path), stamp)
    except ImportError as error:
        raise ImportError(
            f"{path}: reading this NetCDF file needs h5py: pip install h5py"
        ) from error
    except (OSError, ValueError, KeyError) as error:
        raise _unreadable(path, error) from error
    name, at = _layer(dataset, band, path)
    variable = dataset[name]
    x = _spatial(variable, _X, "X")
    y = _spatial(variable, _Y, "Y")
    edge_x, step_x = _even(dataset, x, path)
    edge_y, step_y = _even(dataset, y, path)
    if step_x < 0:
        raise refuse(path, "its columns run from east to west", "sort it by x first")
    from affine import Affine as Transform

    affine = Transform(step_x, 0.0, edge_x, 0.0, step_y, edge_y)
    rows, columns = variable.sizes[y], variable.sizes[x]
    source = ArraySource(
        shape=(rows, columns),
        dtype=_float_for(variable.dtype),
        path=place_of(path),
        stamp=stamp,
        variable=name,
        dims=(y, x),
        at=at,
        nodata=tuple(code for code in nodata if not math.isnan(code)),
        flipped=step_y > 0,
    )
    chunks = variable.encoding.get("preferred_chunks") or {}
    blocks = (chunks.get(y, 1), chunks.get(x, columns))
    crs = variable.rio.crs if variable.rio.crs is not None else dataset.rio.crs
    return Opened(source, _upright(affine, rows), crs, blocks, _array_attrs(variable))


def _layer(dataset: Any, band: int | str, path: str) -> tuple[str, tuple]:  # noqa: ANN401
    """Variable and place along its further dimension that a band number means."""
    layers = []
    for name, variable in dataset.data_vars.items():
        if not (_spatial(variable, _X, "X") and _spatial(variable, _Y, "Y")):
            continue
        x, y = _spatial(variable, _X, "X"), _spatial(variable, _Y, "Y")
        further = [dim for dim in variable.dims if dim not in (x, y)]
        if variable.dtype.kind not in "iuf" or len(further) > 1:
            continue
        count = variable.sizes[further[0]] if further else 1
        layers += [
            (str(name), ((further[0], i),) if further else ()) for i in range(count)
        ]
    names = [name for name, _ in layers]
    if isinstance(band, str) and band in names:
        return layers[names.index(band)]
    if isinstance(band, str) or not 1 <= band <= len(layers):
        raise refuse(
            path,
            f"there is no band {band!r}; the file has {len(layers)} "
            f"({', '.join(dict.fromkeys(names)) or 'no variable on an x, y grid'})",
            "bands count from 1; give band= a number or the name of a variable",
        )
    return layers[band - 1]


def _spatial(variable: Any, names: set[str], axis: str) -> str | None:  # noqa: ANN401
    for dim in variable.dims:
        attrs = variable.coords[dim].attrs if dim in variable.coords else {}
        told = str(attrs.get("standard_name", "")).lower()
        if attrs.get("axis") == axis or told in names or str(dim).lower() in names:
            return str(dim)
    return None


def _even(dataset: Any, dim: str, path: str) -> tuple[float, float]:  # noqa: ANN401
    """First edge and step of an axis of cell centres."""
    if dim not in dataset.coords or dataset.sizes[dim] < 2:
        raise refuse(
            path,
            f"'{dim}' has no coordinates that give the size of a cell",
            "write the coordinates of the cells' centres into the file",
        )
    centres = dataset[dim].to_numpy().astype(float)
    step = (centres[-1] - centres[0]) / (centres.size - 1)
    even = centres[0] + step * np.arange(centres.size)
    single = dataset[dim].dtype == np.float32
    slack = 1e-3 * abs(step) + (np.abs(centres).max() * 1e-6 if single else 0)
    if step == 0 or np.abs(centres - even).max() > slack:
        raise refuse(
            path,
            f"'{dim}' is not evenly spaced",
            "interpolate it to even cells first (xarray: interp)",
        )
    return centres[0] - step / 2, step


def _array_attrs(variable: Any) -> dict[str, Any]:  # noqa: ANN401
    told = variable.attrs
    name = told.get("long_name") or told.get("standard_name") or variable.name
    attrs = {"long_name": str(name), "kind": told.get("kind", "continuous")}
    attrs["name"] = str(variable.name)
    if told.get("units"):
        attrs["units"] = str(told["units"])
    attrs |= loads(told.get("attributes"), {})
    if told.get("classes"):
        attrs["classes"] = parse_classes(loads(told["classes"], {}))
    if "flag_values" in told and "flag_meanings" in told:
        values = np.atleast_1d(told["flag_values"])
        labels = str(told["flag_meanings"]).split()
        attrs["classes"] = parse_classes(dict(zip(values, labels, strict=False)))
        attrs["kind"] = "categorical"
    missing = variable.encoding.get(
        "_FillValue", variable.encoding.get("missing_value")
    )
    missing = math.nan if missing is None else float(np.atleast_1d(missing)[0])
    if not math.isnan(missing):
        attrs["nodata"] = missing
    return attrs
