"""Sequential Gaussian simulation on small grids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import dask
import dask.array as da
import numpy as np
from numba import njit

from ._covariance import add_structures
from ._drift import read_drift, settle_drift
from ._kriging import attrs_of
from ._lazy import as_grid, metric_geobox
from ._samples import make_places
from ._setup import read_variogram
from ._solve import cholesky, solve_lower

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from ._models import VariogramModel
    from ._samples import Places
    from ._transforms import Transform

MOST_CELLS = 1_000_000
WIDEST = 60  # cells that neighbours are looked for within
SHARE = 1e-3  # of the sill: less correlated cells tell nothing


class _Plan(NamedTuple):
    """Known cells (NaN elsewhere), covariance by offset, offsets by falling one."""

    known: NDArray[np.float64]
    covariance: NDArray[np.float64]
    offsets: NDArray[np.int64]
    sill: float
    mean: float


def simulate_sequential(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    like: GeoBox | xr.DataArray,
    n: int,
    random_state: int,
    variogram: VariogramModel | Mapping[str, Any] | str = "auto",
    neighbours: int = 24,
    transform: str | None = "normal_score",
) -> xr.DataArray:
    """
    Sequential Gaussian simulation: cell by cell along a random path.

    Each cell is drawn from its simple kriging distribution given the samples and the
    cells drawn before it, coarse cells first (multiple grids). It is the textbook
    method, whole maps at a time; `simulate` is lazy, faster and for grids of any size.

    Parameters
    ----------
    samples : GeoDataFrame
        Points, as for `krige`. Each counts at the centre of its cell; several in one
        cell as their mean; those off the grid are left out and counted.
    column : str
        Numeric column.
    like : GeoBox or grid
        Pixel grid of the result, projected, of at most a million cells.
    n : int
        Number of realisations.
    random_state : int
        Seed, zero or above.
    variogram : VariogramModel, mapping or "auto"
        Model of what is simulated (the scores, by default); not linear.
    neighbours : int, default 24
        How many of the most correlated known cells a draw rests on. They are looked for
        within 60 cells.
    transform : {"normal_score", "log10"}, optional
        As for `simulate`. The known mean is 0 for normal scores, else that of the
        samples.

    Returns
    -------
    DataArray, dims (realisation, y, x)
        Units of the column, float32; a realisation is computed as a whole when it is
        asked for, and depends on `random_state` and its number only.

    Raises
    ------
    ValueError
        If a number is not possible, the grid is too large, no sample lies on it, the
        model is linear, or as for `krige`.

    References
    ----------
    Deutsch, C. V. and Journel, A. G. (1998). GSLIB, 2nd ed. Oxford University Press,
    section V.2.3.

    Tran, T. T. (1994). Improving variogram reproduction on dense simulation grids.
    Computers & Geosciences 20, 1161-1168 (multiple grids).

    Examples
    --------
    >>> import geopandas as gpd
    >>> from prospect.gridding import Structure, VariogramModel
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 30, 0, 10), crs="EPSG:32633", resolution=10)
    >>> soil = gpd.GeoDataFrame(
    ...     {"Cu_ppm": [10.0, 40.0]},
    ...     geometry=gpd.points_from_xy([5, 25], [5, 5]), crs="EPSG:32633")
    >>> model = VariogramModel(structures=[Structure("spherical", 1.0, 100)])
    >>> maps = simulate_sequential(
    ...     soil, "Cu_ppm", like=frame, n=2, random_state=0, variogram=model)
    >>> print(maps.isel(y=0, x=0).values)
    [10. 10.]
    """
    geobox = metric_geobox(like, what="simulate_sequential")
    _check_numbers(geobox, n=n, random_state=random_state, neighbours=neighbours)
    places = make_places(samples, column, crs=geobox.crs.proj, transform=transform)
    drift, _ = settle_drift(read_drift(None, transform=transform), places, geobox)
    model = read_variogram(variogram, places, drift, column=column)
    if not model.is_bounded:
        raise ValueError(
            "a linear variogram has no sill, and a field without one cannot be "
            "simulated: take a model with a sill."
        )
    plan, outside = _plan(places, model, geobox, transform)
    make = dask.delayed(_realise, pure=False)
    shared = dask.delayed(plan, traverse=False)
    maps = [
        da.from_delayed(
            make(shared, places.transform, (random_state, i), neighbours),
            tuple(geobox.shape),
            dtype="float32",
        )
        for i in range(n)
    ]
    attrs = {"long_name": column, "units": places.units, "kind": "continuous"}
    attrs |= attrs_of(places, model)
    if outside:
        told = f"{outside} of {len(places.x)} places lie outside the grid"
        attrs["notes"] = [*attrs["notes"], told]
    return as_grid(
        da.stack(maps), like, name=column, attrs=attrs,
        first={"realisation": np.arange(n)},
    )  # fmt: skip


def _check_numbers(geobox: GeoBox, **given: int) -> None:
    least = {"random_state": 0}
    for name, value in given.items():
        low = least.get(name, 1)
        if value != int(value) or value < low:
            raise ValueError(
                f"{name} must be a whole number from {low}. Got {value!r} instead."
            )
    cells = geobox.shape[0] * geobox.shape[1]
    if cells > MOST_CELLS:
        raise ValueError(
            f"the grid has {cells} cells, more than {MOST_CELLS}. Use simulate, which "
            "is for grids of any size, or a coarser grid."
        )


def _plan(
    places: Places, model: VariogramModel, geobox: GeoBox, transform: str | None
) -> tuple[_Plan, int]:
    """What all realisations share, and how many places lie off the grid."""
    a, (rows, cols) = geobox.affine, geobox.shape
    col = np.floor((places.x + places.origin[0] - a.c) / a.a).astype(np.int64)
    row = np.floor((places.y + places.origin[1] - a.f) / a.e).astype(np.int64)
    inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
    if not inside.any():
        raise ValueError(
            f"none of the {len(inside)} places lies on the grid. Take a grid around "
            "them."
        )
    cell, at = np.unique((row * cols + col)[inside], return_inverse=True)
    known = np.full(rows * cols, np.nan)
    known[cell] = np.bincount(at, places.value[inside]) / np.bincount(at)
    reach = min(WIDEST, max(rows, cols) - 1)
    step = np.arange(-2 * reach, 2 * reach + 1)
    table = _covariances(model, step * a.a, step * a.e)
    near = np.arange(-reach, reach + 1)
    offsets = np.stack(np.meshgrid(near, near, indexing="ij"), axis=-1).reshape(-1, 2)
    value = table[offsets[:, 0] + 2 * reach, offsets[:, 1] + 2 * reach]
    kept = (value > SHARE * model.sill) & (offsets != 0).any(axis=1)
    order = np.lexsort((offsets[:, 1], offsets[:, 0], -value.round(12)))
    offsets = offsets[order[kept[order]]]
    mean = 0.0 if transform == "normal_score" else float(places.value.mean())
    known = known.reshape(rows, cols) - mean
    return _Plan(known, table, offsets, float(model.sill), mean), int((~inside).sum())


def _covariances(
    model: VariogramModel, dx: NDArray[np.float64], dy: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Covariance of two cells by their offset, rows down and columns right."""
    packed = model.pack()
    east, north = (np.ascontiguousarray(g.ravel()) for g in np.meshgrid(dx, dy))
    out = np.zeros(east.size)
    room = np.empty((2, east.size))
    variable = np.zeros(east.size, dtype=np.int64)
    add_structures(packed, east, north, 0, variable, room[0], room[1], out)
    return out.reshape(len(dy), len(dx))


def _realise(
    plan: _Plan, transform: Transform, seed: tuple[int, int], neighbours: int
) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    rows, cols = plan.known.shape
    path = _path(rows, cols, rng)
    field = plan.known.copy()
    draws = rng.standard_normal(rows * cols)
    _walk(field, path, draws, plan.covariance, plan.offsets, plan.sill, neighbours)
    return transform.invert(field + plan.mean).astype("float32")


def _path(rows: int, cols: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """All cells in random order, those of coarse grids first."""
    row, col = np.divmod(np.arange(rows * cols), cols)
    level = np.zeros(rows * cols, dtype=np.int64)
    step = 2
    while step < max(rows, cols):
        level += (row % step == 0) & (col % step == 0)
        step *= 2
    return np.lexsort((rng.random(rows * cols), -level)).astype(np.int64)


@njit(nogil=True, cache=True)
def _walk(field, path, draws, table, offsets, sill, most):  # noqa: ANN001, ANN202
    """Draw every unknown cell along the path, in place."""
    cols = field.shape[1]
    at = np.empty((most, 2), np.int64)
    right, values = np.empty((most, 1)), np.empty((most, 1))
    for m in range(path.size):
        i, j = path[m] // cols, path[m] % cols
        if np.isnan(field[i, j]):
            n = _gather(field, i, j, table, offsets, at, right, values)
            mean, variance = _simple(n, table, sill, at, right, values)
            field[i, j] = mean + np.sqrt(max(variance, 0.0)) * draws[m]


@njit(nogil=True, cache=True)
def _gather(field, i, j, table, offsets, at, right, values):  # noqa: ANN001, ANN202
    """Collect the most correlated known cells; return how many there are."""
    rows, cols = field.shape
    middle, n = table.shape[0] // 2, 0
    for k in range(len(offsets)):
        r, c = i + offsets[k, 0], j + offsets[k, 1]
        if 0 <= r < rows and 0 <= c < cols and not np.isnan(field[r, c]):
            at[n, 0], at[n, 1] = r, c
            right[n, 0] = table[middle + offsets[k, 0], middle + offsets[k, 1]]
            values[n, 0] = field[r, c]
            n += 1
            if n == len(at):
                break
    return n


@njit(nogil=True, cache=True)
def _simple(n, table, sill, at, right, values):  # noqa: ANN001, ANN202
    """Mean and variance of simple kriging from n cells; fewer if they are too alike."""
    middle = table.shape[0] // 2
    while n:
        root = np.empty((n, n))
        for p in range(n):
            for q in range(p):
                down, across = at[p, 0] - at[q, 0], at[p, 1] - at[q, 1]
                root[p, q] = table[middle + down, middle + across]
            root[p, p] = sill
        if cholesky(root):
            one, two = right[:n].copy(), values[:n].copy()
            solve_lower(root, one)
            solve_lower(root, two)
            return np.sum(one * two), sill - np.sum(one * one)
        n //= 2
    return 0.0, sill
