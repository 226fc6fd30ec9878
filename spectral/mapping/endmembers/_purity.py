"""Pixel purity index: how often a pixel is an extreme along a random direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..._check import check_cube, good_bands
from ._result import pixels_as_library
from ._search import extremes
from ._space import Space, affine_space, check_number, check_pixels

if TYPE_CHECKING:
    from ..reduction._statistics import SceneStatistics

DIMENSIONS = 10


def ppi(
    cube: xr.DataArray,
    *,
    n_endmembers: int,
    n_skewers: int = 1000,
    n_dimensions: int | None = None,
    reduction: str = "mnf",
    min_angle: float = 0.01,
    statistics: SceneStatistics | None = None,
    random_state: int = 0,
) -> xr.DataArray:
    """
    Endmembers as the purest pixels: extremes along most random directions.

    Parameters
    ----------
    cube : DataArray
        (wavelength, y, x), lazy or not, or a library. Pixels with a gap and all-zero
        pixels are left out and counted; search a part with ``cube.where(mask)``.
    n_endmembers : int
        How many.
    n_skewers : int
        Random directions.
    n_dimensions : int, optional
        Components looked at, at most; None for 10, or one less than the endmembers
        if more.
    reduction : {"mnf", "pca"}
        Which components: by signal-to-noise ratio, or by variance, without noise.
    min_angle : float
        Radians. A pixel nearer in spectral angle to one already taken is passed over:
        pixels of one outcrop would fill the list.
    statistics : SceneStatistics, optional
        Of the cube, if already computed (with noise, for "mnf").
    random_state : int
        Of the directions.

    Returns
    -------
    DataArray, dims ("spectrum", "wavelength")
        A library, by falling ``count``; along spectrum also ``row``, ``column`` (from
        0), ``y``, ``x``; ``attrs``: method, volume, random_state, notes.

    Raises
    ------
    ValueError
        If more endmembers are asked for than bands + 1 or pixels, or fewer are extreme
        and apart.

    See Also
    --------
    purity_map : Counts of all pixels.

    References
    ----------
    Boardman, J. W., Kruse, F. A., Green, R. O. (1995). Mapping target signatures via
    partial unmixing of AVIRIS data. 5th JPL Airborne Earth Science Workshop.

    Examples
    --------
    >>> cube = xr.DataArray(
    ...     [[[0.1, 0.9, 0.5, 0.3]], [[0.1, 0.2, 0.9, 0.35]]],
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [600.0, 800.0]},
    ... )
    >>> found = ppi(cube, n_endmembers=3, n_dimensions=2, reduction="pca")
    >>> sorted(found["column"].values.tolist())
    [0, 1, 2]
    """
    check_number(cube, n_endmembers)
    dimensions = n_dimensions or min(
        good_bands(cube).sizes["wavelength"], max(DIMENSIONS, n_endmembers - 1)
    )
    space = affine_space(
        cube, dimensions, reduction=reduction, statistics=statistics, fewer=True
    )
    check_pixels(space, n_endmembers)
    counts = _counts(space, n_skewers, random_state)
    chosen, passed = _apart(space, counts, n_endmembers, min_angle)
    told = {
        "method": "ppi",
        "reduction": reduction,
        "n_skewers": n_skewers,
        "n_dimensions": len(space.scores),
        "random_state": random_state,
        "notes": [
            f"{passed} extreme pixels were passed over: within {min_angle:g} rad of "
            "one taken before."
        ]
        * (passed > 0),
    }
    return pixels_as_library(
        cube, space, chosen, told=told, along={"count": counts[chosen]}
    )


def purity_map(
    cube: xr.DataArray,
    *,
    n_skewers: int = 1000,
    n_dimensions: int | None = None,
    reduction: str = "mnf",
    statistics: SceneStatistics | None = None,
    random_state: int = 0,
) -> xr.DataArray:
    """
    Pixel purity index of every pixel.

    Parameters
    ----------
    cube : DataArray
        As in `ppi`.
    n_skewers : int
        Random directions; along each, two pixels are extreme.
    n_dimensions : int, optional
        Components looked at; None for 10.
    reduction : {"mnf", "pca"}
        Which components.
    statistics : SceneStatistics, optional
        Of the cube, if already computed (with noise, for "mnf").
    random_state : int
        Of the directions.

    Returns
    -------
    DataArray, dims ("y", "x")
        How often each pixel is extreme; NaN where a band is missing or all are zero.
        Computed here, lazy cube or not.

    Raises
    ------
    ValueError
        As `ppi`.

    Examples
    --------
    >>> cube = xr.DataArray(
    ...     [[[0.1, 0.9, 0.5, 0.3]], [[0.1, 0.2, 0.9, 0.35]]],
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [600.0, 800.0]},
    ... )
    >>> counts = purity_map(cube, n_dimensions=2, reduction="pca")
    >>> float(counts.sum()), float(counts[0, 3])
    (2000.0, 0.0)
    """
    check_cube(cube)
    bands = good_bands(cube).sizes["wavelength"]
    dimensions = n_dimensions or min(bands, DIMENSIONS)
    space = affine_space(
        cube, dimensions, reduction=reduction, statistics=statistics, fewer=True
    )
    check_pixels(space, 1)
    others = [dim for dim in cube.dims if dim != "wavelength"]
    others = ["y", "x"] if set(others) == {"y", "x"} else others
    plane = cube.isel(wavelength=0, drop=True).transpose(*others)
    values = np.full(plane.size, np.nan, "float32")
    at = slice(None) if space.pixel is None else space.pixel
    values[at] = _counts(space, n_skewers, random_state)
    return xr.DataArray(
        values.reshape(plane.shape),
        dims=plane.dims,
        coords={
            name: plane[name]
            for name in plane.coords
            if name not in cube["wavelength"].coords
        },
        name="purity",
        attrs={
            "long_name": "pixel purity index",
            "units": "1",
            "kind": "continuous",
            "notes": space.notes,
        },
    )


def _counts(space: Space, n_skewers: int, random_state: int) -> np.ndarray:
    if n_skewers < 1:
        raise ValueError(f"n_skewers={n_skewers}: give at least 1, better 1000.")
    rng = np.random.default_rng(random_state)
    skewers = rng.standard_normal((n_skewers, len(space.scores)))
    skewers /= np.linalg.norm(skewers, axis=1, keepdims=True)
    found = extremes(skewers, space.scores)
    pixels = np.concatenate([found.top, found.bottom])
    return np.bincount(pixels, minlength=space.scores.shape[1])


def _apart(
    space: Space, counts: np.ndarray, n: int, min_angle: float
) -> tuple[np.ndarray, int]:
    """Pixels of the highest counts that differ in angle; how many were passed over."""
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    chosen: list[int] = []
    units = np.empty((n, len(space.centre)))
    passed = 0
    for pixel in order:
        spectrum = space.centre + space.back @ space.scores[:, pixel].astype("float64")
        unit = spectrum / (np.linalg.norm(spectrum) or 1)
        # sine from the difference: exact for small angles, where the cosine is not
        near = np.linalg.norm(units[: len(chosen)] - unit, axis=1) / 2
        if (2 * np.arcsin(np.minimum(near, 1)) < min_angle).any():
            passed += 1
            continue
        units[len(chosen)] = unit
        chosen.append(int(pixel))
        if len(chosen) == n:
            return np.array(chosen), passed
    raise ValueError(
        f"{len(chosen)} of {n} endmembers found: {order.size} pixels are extreme, "
        f"{passed} of them within {min_angle:g} rad of one taken before. Lower "
        "min_angle, give more skewers or dimensions, or ask for fewer."
    )
