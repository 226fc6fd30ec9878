"""Mean spectra of regions of a cube: one pass, whatever their number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numba
import numpy as np
import xarray as xr

from .._check import check_cube

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray


class Cells(NamedTuple):
    """Pixels of regions: region, row and column of each, sorted by row."""

    region: NDArray
    row: NDArray
    column: NDArray


class Moments(NamedTuple):
    """Count, mean and sum of squares about it, per region; pixels left out."""

    count: NDArray  # (regions,)
    mean: NDArray  # (regions, bands)
    squares: NDArray
    missing: NDArray  # (regions,)


def mean_spectra(
    cube: xr.DataArray,
    regions: gpd.GeoDataFrame | xr.DataArray,
    *,
    column: str | None = None,
) -> xr.DataArray:
    """
    Mean spectrum and its scatter in each region of a cube: a library of its own ground.

    Parameters
    ----------
    cube : DataArray, dims ("wavelength", "y", "x")
        Lazy or not; only blocks with pixels of a region are read, once.
    regions : GeoDataFrame or DataArray
        Polygons (pixels whose centre lies inside; one in several regions counts in
        each) or points (the pixel they fall in), in any CRS; or a map of labels, dims
        ("y", "x"), on the pixels of the cube: whole numbers, NaN outside, names in
        `attrs["classes"]`.
    column : str, optional
        Column with the name of the region; features of one name are one region. Left
        out, each feature is a region, called by its index.

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        float64, in memory. Coordinates along spectrum: `n`, pixels averaged; `missing`,
        pixels left out because a good band lacks a value. `uncertainty` (spectrum,
        wavelength): standard deviation over the pixels (n - 1), NaN for one pixel.

    Raises
    ------
    ValueError
        If the CRS of either is not known, the labels are on other pixels, the column is
        not there, or regions hold no pixel (all of them named).
    TypeError
        If regions are neither.

    Examples
    --------
    >>> cube = xr.DataArray(
    ...     [[[0.2, 0.4, 0.7]], [[0.1, 0.3, 0.9]]], dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [560.0, 840.0], "y": [0.0], "x": [0.0, 1.0, 2.0]},
    ... )
    >>> labels = xr.DataArray([[1.0, 1.0, 2.0]], dims=("y", "x"),
    ...                       attrs={"classes": {1: "clay", 2: "lime"}})
    >>> found = mean_spectra(cube, labels)
    >>> found.sel(spectrum="clay").values.round(3).tolist(), found["n"].values.tolist()
    ([0.3, 0.2], [2, 1])
    """
    import geopandas

    check_cube(cube)
    if set(cube.dims) != {"wavelength", "y", "x"}:
        raise ValueError(f"a cube has the dimensions wavelength, y, x; got {cube.dims}")
    cube = cube.transpose("wavelength", "y", "x")
    if isinstance(regions, geopandas.GeoDataFrame):
        names, cells = _cells_of_features(cube, regions, column)
    elif isinstance(regions, xr.DataArray):
        names, cells = _cells_of_labels(cube, regions)
    else:
        raise TypeError(
            "regions are a GeoDataFrame of polygons or points, or a DataArray of "
            f"labels; got {type(regions).__name__}"
        )
    moments = _moments(cube, cells, len(names))
    _refuse_empty(names, moments)
    return _library(cube, names, moments)


def _cells_of_features(
    cube: xr.DataArray, features: gpd.GeoDataFrame, column: str | None
) -> tuple[list[str], Cells]:
    from ._save import affine_of

    if column is not None and column not in features:
        raise ValueError(
            f"there is no column {column!r}: the regions have "
            f"{[str(name) for name in features.columns if name != 'geometry']}"
        )
    import rioxarray  # noqa: F401  (gives grids their .rio)

    crs = cube.rio.crs
    if (crs is None) != (features.crs is None):
        told = "the cube has" if crs is None else "the regions have"
        raise ValueError(
            f"{told} no CRS, the other has: set it, cube.rio.write_crs(...) or "
            "regions.set_crs(...)"
        )
    if crs is not None and features.crs != crs:
        features = features.to_crs(crs)
    labels = features[column] if column else features.index
    names = list(dict.fromkeys(str(label) for label in labels))
    affine = affine_of(cube)
    parts = []
    for label, shape in zip(labels, features.geometry, strict=True):
        if shape is None or shape.is_empty:
            continue
        row, col = _pixels(shape, affine, cube.shape[1:])
        parts.append(np.stack([np.full(len(row), names.index(str(label))), row, col]))
    found = np.concatenate(parts, axis=1) if parts else np.zeros((3, 0), int)
    found = np.unique(found[[1, 2, 0]], axis=1)  # a pixel counts once in a region
    return names, Cells(found[2], found[0], found[1])


def _pixels(shape: Any, affine: Any, sides: tuple[int, int]) -> tuple[NDArray, NDArray]:  # noqa: ANN401
    """Rows and columns of a shape: under points, or with their centre in polygons."""
    from affine import Affine
    from rasterio.features import geometry_mask
    from rasterio.windows import Window
    from rasterio.windows import transform as moved

    # rows and columns from 0 at pixel centres where there is no georeference
    place = affine if affine is not None else Affine.translation(-0.5, -0.5)
    rows, columns = sides
    back = ~place
    if shape.geom_type in ("Point", "MultiPoint"):
        points = np.array([(p.x, p.y) for p in getattr(shape, "geoms", [shape])])
        col, row = (np.floor(part).astype(int) for part in back @ points.T)
        inside = (row >= 0) & (row < rows) & (col >= 0) & (col < columns)
        return row[inside], col[inside]
    west, south, east, north = shape.bounds
    corners = np.array([back @ (x, y) for x in (west, east) for y in (south, north)])
    (left, top), (right, bottom) = np.floor(corners.min(0)), np.ceil(corners.max(0))
    left, top = int(max(0, left)), int(max(0, top))
    right, bottom = int(min(columns, right)), int(min(rows, bottom))
    if right <= left or bottom <= top:
        return np.zeros(0, int), np.zeros(0, int)
    window = Window(left, top, right - left, bottom - top)
    inside = ~geometry_mask([shape], (bottom - top, right - left), moved(window, place))
    row, col = np.nonzero(inside)
    return row + top, col + left


def _cells_of_labels(
    cube: xr.DataArray, labels: xr.DataArray
) -> tuple[list[str], Cells]:
    if set(labels.dims) != {"y", "x"}:
        raise ValueError(f"labels have the dimensions y, x; got {labels.dims}")
    labels = labels.transpose("y", "x")
    same = labels.shape == cube.shape[1:] and all(
        dim not in labels.coords
        or dim not in cube.coords
        or np.allclose(labels[dim], cube[dim], rtol=0, atol=1e-6 * _step(cube[dim]))
        for dim in ("y", "x")
    )
    if not same:
        raise ValueError(
            f"the labels ({labels.shape[0]} x {labels.shape[1]}) are on other pixels "
            f"than the cube ({cube.shape[1]} x {cube.shape[2]}). Bring them there "
            "first: survey.match_grid(labels, like=cube)"
        )
    values = labels.to_numpy().astype(float)
    codes, numbers = np.unique(values[~np.isnan(values)], return_inverse=True)
    if not np.equal(np.mod(codes, 1), 0).all():
        raise ValueError(f"labels are whole numbers; got {codes[codes % 1 != 0][0]:g}")
    classes = {
        float(key): str(name) for key, name in labels.attrs.get("classes", {}).items()
    }
    names = [classes.get(code, f"{code:g}") for code in codes.tolist()]
    row, col = np.nonzero(~np.isnan(values))
    return names, Cells(numbers, row, col)


def _step(axis: xr.DataArray) -> float:
    return float(abs(axis[1] - axis[0])) if axis.size > 1 else 1.0


def _moments(cube: xr.DataArray, cells: Cells, regions: int) -> Moments:
    """Moments of all regions; blocks without a pixel are not read."""
    bands = cube.sizes["wavelength"]
    good = np.ones(bands, bool)
    if "bad_bands" in cube.coords:
        good = ~np.asarray(cube["bad_bands"].values, bool)
    if cube.chunks is None:
        return _of_block(cube.values, cells, regions, good)
    import dask

    cube = cube.chunk({"wavelength": -1})
    edges = [np.cumsum([0, *sizes]) for sizes in cube.chunks[1:]]
    blocks = cube.data.to_delayed()[0]
    work = dask.delayed(_of_block, pure=False)
    tasks = []
    for i, (top, bottom) in enumerate(zip(edges[0][:-1], edges[0][1:], strict=True)):
        some = slice(*np.searchsorted(cells.row, (top, bottom)))
        for j, (left, right) in enumerate(
            zip(edges[1][:-1], edges[1][1:], strict=True)
        ):
            column = cells.column[some]
            here = (column >= left) & (column < right)
            if here.any():
                part = Cells(
                    cells.region[some][here], cells.row[some][here] - top,
                    column[here] - left,
                )  # fmt: skip
                tasks.append(work(blocks[i, j], part, regions, good))
    whole = _nothing(regions, bands)
    for part in dask.compute(*tasks):
        whole = _merged(whole, part)
    return whole


def _nothing(regions: int, bands: int) -> Moments:
    none, flat = np.zeros(regions, int), np.zeros((regions, bands))
    return Moments(none, flat, flat, none)


def _of_block(values: NDArray, cells: Cells, regions: int, good: NDArray) -> Moments:
    values = np.ascontiguousarray(values)
    known = _known(values, cells.row, cells.column, good)
    kept = Cells(*(part[known] for part in cells))
    count = np.bincount(kept.region, minlength=regions)
    missing = np.bincount(cells.region[~known], minlength=regions)
    mean, squares = np.zeros((2, regions, values.shape[0]))
    _add_up(values, kept, count, mean, squares)
    return Moments(count, mean, squares, missing)


@numba.njit(nogil=True, cache=True)
def _known(values: NDArray, row: NDArray, column: NDArray, good: NDArray) -> NDArray:
    """Which cells have a value in every good band."""
    known = np.ones(row.size, np.bool_)
    for band in range(values.shape[0]):
        if good[band]:
            for i in range(row.size):
                known[i] &= not np.isnan(values[band, row[i], column[i]])
    return known


@numba.njit(nogil=True, cache=True)
def _add_up(
    values: NDArray, cells: Cells, count: NDArray, mean: NDArray, squares: NDArray
) -> None:
    """Fill mean and squares about it."""
    region, row, column = cells
    for band in range(values.shape[0]):
        for i in range(region.size):
            mean[region[i], band] += values[band, row[i], column[i]]
        for k in range(count.size):
            mean[k, band] /= max(1, count[k])
        for i in range(region.size):
            gap = values[band, row[i], column[i]] - mean[region[i], band]
            squares[region[i], band] += gap * gap


def _merged(one: Moments, other: Moments) -> Moments:
    """Moments of both together, after Chan, Golub and LeVeque (1979)."""
    count = one.count + other.count
    share = (other.count / np.maximum(count, 1))[:, None]
    gap = other.mean - one.mean
    squares = one.squares + other.squares + gap**2 * share * one.count[:, None]
    return Moments(count, one.mean + gap * share, squares, one.missing + other.missing)


def _refuse_empty(names: list[str], moments: Moments) -> None:
    empty = np.flatnonzero(moments.count == 0)
    if not names:
        raise ValueError(
            "there are no regions: give at least one polygon, point or label"
        )
    if len(empty):
        told = ", ".join(
            f"{names[i]} ({moments.missing[i]} pixels, all with missing values)"
            if moments.missing[i]
            else f"{names[i]} (no pixel)"
            for i in empty[:8]
        )
        raise ValueError(
            f"{len(empty)} of {len(names)} regions hold no spectrum: {told}. Leave "
            "them out, draw them over a pixel's centre, or give points"
        )


def _library(cube: xr.DataArray, names: list[str], moments: Moments) -> xr.DataArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(moments.squares / (moments.count - 1)[:, None])
    spread[moments.count < 2] = np.nan
    along = {
        name: coord
        for name, coord in cube.coords.items()
        if coord.dims == ("wavelength",)
    }
    attrs = {
        key: cube.attrs[key]
        for key in ("long_name", "units", "quantity", "source")
        if key in cube.attrs
    }
    left_out = int(moments.missing.sum())
    if left_out:
        attrs["notes"] = [f"{left_out} pixels with missing values were left out"]
    return xr.DataArray(
        moments.mean,
        {
            "spectrum": names,
            **along,
            "n": ("spectrum", moments.count),
            "missing": ("spectrum", moments.missing),
            "uncertainty": (("spectrum", "wavelength"), spread),
        },
        ("spectrum", "wavelength"),
        name=cube.name,
        attrs=attrs,
    )
