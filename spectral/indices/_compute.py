"""Spectral indices by name or formula."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from .._blocks import Output, map_spectra
from .._check import check_cube
from .._threads import workers
from ._formula import Formula
from ._pick import bands_of_cube, pick, plain_name, told
from ._table import bands_of_sensor, entry_of, sensors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

BLOCK = 1 << 16  # values at a time: a formula's steps stay in the cache


def spectral_index(
    name_or_formula: str,
    bands: xr.DataArray | Mapping[str, xr.DataArray],
    *,
    sensor: str | None = None,
) -> xr.DataArray:
    """
    Spectral index or band ratio of an image.

    Parameters
    ----------
    name_or_formula : str
        Name from `list_indices`, or arithmetic on bands such as
        ``"(nir - red) / (nir + red)"``, ``"r2180 / r2165"`` (channels, nm) or
        ``"B11 / B12"`` (bands of the cube): names, numbers, ``+ - * / **``, brackets,
        min(a, b) and max(a, b).
    bands : DataArray or mapping of str to DataArray
        A cube, library or spectrum (dimension ``wavelength``, nm), whose bands are
        chosen by their names where the sensor is known, else by wavelength: the nearest
        one, or for a broad role the mean of an imaging spectrometer's channels in it.
        Or bands by role ("red", "nir", "swir1", …), all on one grid. Reflectance: 0 to
        1; of a mapping, ratios also take scaled integers, as long as no offset is in
        them.
    sensor : str, optional
        Name from `spectral.list_sensors`, when a cube's attrs do not name it, or when a
        mapping is by the sensor's own names of bands.

    Returns
    -------
    DataArray
        Dimensionless, float32 (float64 where a band is), lazy where a band is; NaN
        where a band is missing or a divisor is zero. ``attrs`` carry formula,
        reference, range, direction and, of a cube, ``bands_used``.

    Raises
    ------
    ValueError
        If the name is unknown, the formula is not plain arithmetic, or the bands are
        not on one grid.
    KeyError
        If a band is missing: with what is needed and what is nearest, or the bands
        that sensors have for it.

    Examples
    --------
    >>> red = xr.DataArray([[0.1, 0.0]], dims=("y", "x"))
    >>> nir = xr.DataArray([[0.5, 0.0]], dims=("y", "x"))
    >>> print(spectral_index("ndvi", {"red": red, "nir": nir}).values)
    [[0.667   nan]]
    >>> cube = xr.DataArray(
    ...     [[0.3], [0.2], [0.3]],
    ...     dims=("wavelength", "x"),
    ...     coords={"wavelength": [2125.0, 2205.0, 2245.0]},
    ... )
    >>> depth = spectral_index("depth_2200", cube)
    >>> print(depth.values, depth.attrs["bands_used"])
    [0.333] r2205 = 2205.0 nm, r2125 = 2125.0 nm, r2245 = 2245.0 nm
    """
    entry = entry_of(name_or_formula)
    formula = Formula(entry["formula"])
    if not formula.names:
        raise ValueError(
            f"the formula {entry['formula']!r} names no band. Write band roles in it, "
            "such as 'swir1 / swir2'."
        )
    if isinstance(bands, xr.DataArray):
        out = _of_cube(formula, bands, sensor, name_or_formula)
    else:
        out = _of_bands(formula, _by_role(bands, sensor), name_or_formula)
    low, high = entry.get("range", (-np.inf, np.inf))
    return out.rename(entry["name"]).assign_attrs(
        long_name=entry["title"],
        units="1",
        kind="continuous",
        formula=entry["formula"],
        reference=entry.get("reference", ""),
        valid_range=[float(low), float(high)],
        direction=entry.get("direction", "high"),
    )


def _of_cube(
    formula: Formula, cube: xr.DataArray, sensor: str | None, name: str
) -> xr.DataArray:
    check_cube(cube)
    picks, missing = pick(formula.names, bands_of_cube(cube, sensor))
    if missing:
        low, high = (float(cube["wavelength"][i]) for i in (0, -1))
        raise KeyError(
            f"{name!r} needs bands that the cube lacks ({low:.0f}-{high:.0f} nm): "
            f"{'; '.join(missing)}. See spectral.indices.list_indices(sensor=...) for "
            "what a sensor can show."
        )
    if all(each.at.size == 1 for each in picks.values()):
        along = [key for key in cube.coords if "wavelength" in cube[key].dims]
        plain = cube.drop_vars(along)
        single = {
            role: plain.isel(wavelength=each.at[0]) for role, each in picks.items()
        }
        return _of_bands(formula, single, name).assign_attrs(bands_used=told(picks))
    used = np.unique(np.concatenate([each.at for each in picks.values()]))
    rows = {role: np.searchsorted(used, each.at) for role, each in picks.items()}
    dtype = "float64" if cube.dtype == np.float64 else "float32"

    def function(spectra: NDArray) -> NDArray:
        found = np.empty(spectra.shape[1], dtype)
        for start in range(0, found.size, BLOCK):
            part = spectra[:, start : start + BLOCK]
            values = {
                role: part[at[0]] if at.size == 1 else part[at].mean(0)
                for role, at in rows.items()
            }
            found[start : start + BLOCK] = formula(values)
        return found

    few = cube.isel(wavelength=used)
    (out,) = map_spectra(function, few, outputs=[Output("index", dtype=dtype)])
    return out.assign_attrs(bands_used=told(picks))


def _of_bands(
    formula: Formula, bands: Mapping[str, xr.DataArray], name: str
) -> xr.DataArray:
    _check_bands(formula.names, bands, name)
    grids = [bands[role] for role in formula.names]
    try:
        xr.align(*grids, join="exact", copy=False)
    except ValueError as error:
        raise ValueError(
            f"the bands {list(formula.names)} are not on one grid: bring them there "
            "first with survey.match_grid(band, like=...)."
        ) from error
    dtype = np.result_type(*[_float(grid.dtype) for grid in grids])
    lazy = any(grid.chunks is not None for grid in grids)
    return xr.apply_ufunc(
        lambda *arrays: _in_blocks(formula, arrays, dtype, side_by_side=not lazy),
        *grids,
        dask="parallelized",
        output_dtypes=[dtype],
    )


def _float(dtype: np.dtype) -> np.dtype:
    return dtype if np.issubdtype(dtype, np.floating) else np.dtype("float32")


def _in_blocks(
    formula: Formula,
    arrays: tuple[NDArray, ...],
    dtype: np.dtype,
    *,
    side_by_side: bool,
) -> NDArray:
    """Value of a formula, some rows at a time: one pass over each band."""
    arrays = np.broadcast_arrays(*arrays)
    shape = arrays[0].shape
    if all(array.flags.c_contiguous for array in arrays):
        arrays = [array.reshape(-1) for array in arrays]
    else:
        arrays = [np.atleast_1d(array) for array in arrays]
    found = np.empty(arrays[0].shape, dtype)
    row = max(1, int(np.prod(found.shape[1:])))
    rows = max(1, BLOCK // row)

    def work(start: int) -> None:
        part = slice(start, start + rows)
        values = {
            name: array[part].astype(_float(array.dtype), copy=False)
            for name, array in zip(formula.names, arrays, strict=True)
        }
        found[part] = formula(values)

    _each(work, range(0, len(found), rows), side_by_side=side_by_side)
    return found.reshape(shape)


def _each(work: Callable[[int], Any], starts: range, *, side_by_side: bool) -> None:
    if not side_by_side or len(starts) < 2 * workers():
        for start in starts:
            work(start)
        return

    def share(first: int) -> None:
        for start in starts[first :: workers()]:
            work(start)

    with ThreadPoolExecutor(workers()) as pool:
        list(pool.map(share, range(workers())))


def _by_role(
    bands: Mapping[str, xr.DataArray], sensor: str | None
) -> Mapping[str, xr.DataArray]:
    """Bands by role, from a mapping by a sensor's own names."""
    if sensor is None:
        return bands
    from ..sensors._table import sensor_name

    given = {plain_name(name): band for name, band in bands.items()}
    own = bands_of_sensor(sensor_name(sensor))
    found = {
        role: given[plain_name(band)]
        for role, band in own.items()
        if plain_name(band) in given
    }
    return dict(bands) | found


def _check_bands(
    needed: tuple[str, ...], bands: Mapping[str, xr.DataArray], name: str
) -> None:
    missing = [role for role in needed if role not in bands]
    if not missing:
        return
    have = [
        f"{sensor}: " + ", ".join(f"{role} = {each['bands'][role]}" for role in missing)
        for sensor, each in sensors().items()
        if all(role in each["bands"] for role in missing)
    ]
    raise KeyError(
        f"{name!r} needs the bands {list(needed)}; {missing} not given (given: "
        f"{sorted(bands)}). Add them by role. " + "; ".join(have)
    )
