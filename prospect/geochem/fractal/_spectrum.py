"""Spectrum-area model: a map parted by the power of its wave numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy import fft

from ..._note import Note
from ._amounts import grid_notes
from ._fractal import (
    Amounts,
    FractalModel,
    Naming,
    Plan,
    check_plan,
    fine_thresholds,
    make_model,
)
from ._frequencies import length_units, to_plane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ._frequencies import Plane

RINGS = 48
LOWEST = 0.01


def spectrum_area(
    grid: xr.DataArray,
    *,
    pad: float = 0.1,
    detrend: str = "plane",
    n_thresholds: int = 64,
    n_segments: int | str = "auto",
    n_bootstrap: int = 200,
    random_state: int | np.random.Generator | None = None,
) -> FractalModel:
    """
    Area on the plane of wave numbers at or above each power, in power laws.

    Power is looked at wave number by wave number, not around circles, so that a map
    with a grain (folds, a fault set) keeps its anisotropy.

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        Any continuous grid; lazy grids are computed whole, since a spectrum needs all
        cells at once. Missing cells are filled from their surroundings first.
    pad : float, default 0.1
        Share of each side by which the map is mirrored outwards and faded to nothing,
        so that opposite edges do not jump. 0 takes the map as periodic.
    detrend : {"plane", "mean"}, default "plane"
        What is taken off first; `filter_spectrum` counts it to the background.
    n_thresholds : int, default 64
        Thresholds at equal steps of ln S, from the power that 1 % of the wave numbers
        fall below to the largest.
    n_segments : int or "auto", default "auto"
        Number of segments, 1 to 6; "auto" takes 1 to 4 by BIC.
    n_bootstrap : int, default 200
        Resampled curves for the 95 % intervals.
    random_state : int or Generator, optional
        For the resampling.

    Returns
    -------
    FractalModel
        Thresholds are power spectral density S (units of the grid squared × km²),
        amounts areas in (cycles/km)²; per degree instead of km for grids in degrees.

    Raises
    ------
    ValueError
        If the grid is infinite somewhere, without a value, constant or too small, or an
        option is wrong.

    Notes
    -----
    Resampled are wave numbers within rings of like length, as many as the map has
    cells, since padding makes more that are not independent.

    References
    ----------
    Cheng, Q., Xu, Y. and Grunsky, E. (2000). Integrated spatial and spectrum method for
    geochemical anomaly separation. Natural Resources Research 9, 43-52.

    Examples
    --------
    >>> from odc.geo.xr import wrap_xr
    >>> from survey import make_geobox
    >>> box = make_geobox((0, 6400, 0, 6400), crs="EPSG:32650", resolution=100)
    >>> random = np.random.default_rng(0)
    >>> grid = wrap_xr(random.normal(size=(64, 64)), box)
    >>> model = spectrum_area(grid, n_segments=2, n_bootstrap=0)
    >>> round(float(model.table["above"].iloc[0]))
    99
    """
    plan = Plan("above", n_segments, "equal", n_bootstrap, random_state)
    check_plan(plan, n_thresholds)
    plane = to_plane(grid, pad=pad, detrend=detrend)
    amounts = _amounts(plane, n_thresholds)
    unit = length_units(grid)
    own = grid.attrs.get("units", "")
    units = f"({own})²·{unit}²" if own else f"{unit}²"
    name = str(grid.attrs.get("long_name") or grid.name or "")
    naming = Naming("spectrum_area", name, units, f"(cycles/{unit})²")
    notes = [*_filled(plane), Note("curve_frequencies", n=RINGS), *grid_notes(grid)]
    return make_model(amounts, naming, plan, notes=notes)


def filter_spectrum(
    grid: xr.DataArray,
    breaks: Sequence[float] | float,
    *,
    pad: float = 0.1,
    detrend: str = "plane",
) -> xr.Dataset:
    """
    Grid parted by the power of its wave numbers; the parts add up to the grid.

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        As in `spectrum_area`.
    breaks : float or sequence of float
        One or two powers, as `spectrum_area` found them with the same `pad` and
        `detrend`.
    pad : float, default 0.1
        As in `spectrum_area`.
    detrend : {"plane", "mean"}, default "plane"
        As in `spectrum_area`.

    Returns
    -------
    Dataset, dims (y, x)
        In memory: `background`, wave numbers with a power of at least the largest
        break, and the trend; `anomaly`, those below it; with two breaks `noise`, those
        below the smaller. Missing where the grid is. Their sum is the grid.

    Raises
    ------
    ValueError
        If there are not one or two positive breaks, or as in `spectrum_area`.

    Examples
    --------
    >>> from odc.geo.xr import wrap_xr
    >>> from survey import make_geobox
    >>> box = make_geobox((0, 6400, 0, 6400), crs="EPSG:32650", resolution=100)
    >>> turn = np.arange(64) * 2 * np.pi / 64
    >>> wide, narrow = np.cos(turn)[None, :], 0.1 * np.cos(8 * turn)[:, None]
    >>> parts = filter_spectrum(wrap_xr(wide + narrow, box), 1.0, pad=0, detrend="mean")
    >>> bool(np.allclose(parts.anomaly, narrow + 0 * wide))
    True
    """
    cuts = np.sort(np.atleast_1d(np.asarray(breaks, dtype=float)))
    if len(cuts) not in (1, 2) or not (np.isfinite(cuts) & (cuts > 0)).all():
        raise ValueError(
            f"breaks must be one or two positive powers. Got {breaks!r} instead."
        )
    plane = to_plane(grid, pad=pad, detrend=detrend)
    parts = {}
    if len(cuts) == 2:
        parts["noise"] = _part(plane, plane.power < cuts[0])
    middle = plane.power < cuts[-1]
    if len(cuts) == 2:
        middle &= plane.power >= cuts[0]
    parts["anomaly"] = _part(plane, middle)
    whole = np.where(plane.known, grid.to_numpy().astype(float), np.nan)
    parts["background"] = whole - sum(parts.values())
    attrs = dict(grid.attrs) | {"kind": "continuous", "breaks": cuts.tolist()}
    layers = {
        name: grid.copy(data=parts[name].astype(_float(grid)))
        .assign_attrs(attrs | {"long_name": _title(grid, name)})
        .rename(name)
        for name in ("anomaly", "background", "noise")
        if name in parts
    }
    return xr.Dataset(layers, attrs={"notes": _filled(plane)})


def _part(plane: Plane, chosen: NDArray) -> NDArray:
    """Field of some wave numbers, where the grid is known."""
    field = fft.irfft2(np.where(chosen, plane.transform, 0), s=plane.shape, workers=-1)
    return np.where(plane.known, field[plane.inner], np.nan)


def _float(grid: xr.DataArray) -> np.dtype:
    return grid.dtype if grid.dtype.kind == "f" else np.dtype("float64")


def _title(grid: xr.DataArray, part: str) -> str:
    name = grid.attrs.get("long_name") or grid.name
    return f"{name}, {part}" if name else part


def _filled(plane: Plane) -> list[Note]:
    if not plane.n_missing:
        return []
    return [Note("spectrum_filled", n=plane.n_missing, total=plane.known.size)]


def _amounts(plane: Plane, n_thresholds: int) -> Amounts:
    """Area at or above each power, and wave numbers drawn anew within rings."""
    used = (plane.radius > 0) & (plane.power > 0)
    times = np.broadcast_to(plane.times, used.shape)[used]
    power, radius = plane.power[used], plane.radius[used]
    low, high = np.quantile(power, LOWEST), power.max()
    points, shown = fine_thresholds(float(low), float(high), n_thresholds)
    edges = np.geomspace(radius.min(), radius.max(), RINGS + 1)[1:-1]
    ring = np.searchsorted(edges, radius, side="right")
    place = np.searchsorted(points, power, side="right")
    size = len(points) + 1
    parts = np.bincount(ring * size + place, times, RINGS * size).reshape(RINGS, size)
    in_ring = parts.sum(axis=1)
    scale = plane.oversampling
    drawn = np.maximum(np.round(in_ring / scale / 2), in_ring > 0).astype(np.int64)
    chance = parts / np.maximum(in_ring, 1)[:, None]

    def above(counts: NDArray) -> NDArray:
        return np.cumsum(counts[::-1])[::-1][1:] * plane.cell

    def redraw(random: np.random.Generator) -> tuple[NDArray, float]:
        counts = random.multinomial(drawn, chance)
        worth = in_ring / np.maximum(drawn, 1)
        return above(worth @ counts), total

    total = float(in_ring.sum()) * plane.cell
    n = float(in_ring.sum())
    # a wave number and its opposite are one
    inflation, whole = max(1.0, 2 * scale), above(parts.sum(axis=0))
    return Amounts(points, shown, whole, total, n, inflation, plane.cell, redraw)
