"""Realisations that honour the samples and vary as the variogram says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import dask.array as da
import numpy as np

from ._drift import read_drift, settle_drift
from ._kriging import attrs_of
from ._lazy import as_grid, lazy_layers, metric_geobox
from ._neighbours import Neighbourhood
from ._samples import make_places
from ._setup import Setup, make_setup, read_variogram, side_of
from ._spectral import TILE, Waves
from ._tiles import cells_of, plan_squares

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import xarray as xr
    from affine import Affine
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from ._models import VariogramModel
    from ._samples import Places
    from ._tiles import Tiling
    from ._transforms import Transform

TOGETHER = 16  # realisations of one task
AT_SAMPLES, AT_CELLS = 1, 2


class _Recipe(NamedTuple):
    """What the cells of some realisations are made from."""

    model: VariogramModel
    seeds: list[tuple[int, int]]
    noise: NDArray
    on_cell: NDArray[np.int64]


def simulate(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    like: GeoBox | xr.DataArray,
    n: int,
    random_state: int,
    variogram: VariogramModel | Mapping[str, Any] | str = "auto",
    neighbourhood: Neighbourhood | None = None,
    transform: str | None = "normal_score",
) -> xr.DataArray:
    """
    Conditional simulation: equally likely maps that all honour the samples.

    A random field with the covariance of the model is made as a sum of waves (spectral
    method, 1000 waves for each structure), and moved to the samples by kriging of what
    it lacks there. Where kriging smooths, realisations vary as much as the ground;
    their mean is the kriged map. Each depends on `random_state` and its number only:
    neither on the chunks nor on how many there are.

    Parameters
    ----------
    samples : GeoDataFrame
        Points, as for `krige`, companion columns included.
    column : str
        Numeric column.
    like : GeoBox or grid
        Pixel grid of the result, projected. A lazy grid gives its chunks as well.
    n : int
        Number of realisations.
    random_state : int
        Seed, zero or above.
    variogram : VariogramModel, mapping or "auto"
        Model of what is simulated (the scores, by default); not linear.
    neighbourhood : Neighbourhood, optional
        As for `krige`.
    transform : {"normal_score", "log10"}, optional
        Normal scores by default: whatever the distribution of the samples, that of the
        realisations follows it. Between samples values are interpolated; beyond the
        smallest and the largest there is no tail. None takes the values themselves as
        normal.

    Returns
    -------
    DataArray, dims (realisation, y, x)
        Units of the column, float32, lazy; realisations are numbered from 0. attrs as
        for `krige`.

    Raises
    ------
    ValueError
        If `n` or `random_state` is not possible, the model is linear, or as for
        `krige`.

    References
    ----------
    Shinozuka, M. and Jan, C.-M. (1972). Digital simulation of random processes and its
    applications. Journal of Sound and Vibration 25, 111-128.

    Lantuéjoul, C. (2002). Geostatistical Simulation. Springer, chapter 15.

    Journel, A. G. and Huijbregts, C. J. (1978). Mining Geostatistics. Academic Press,
    chapter VII (conditioning by kriging).

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
    >>> maps = simulate(
    ...     soil, "Cu_ppm", like=frame, n=3, random_state=0, variogram=model)
    >>> print(maps.isel(y=0, x=0).values)
    [10. 10. 10.]
    """
    geobox = metric_geobox(like, what="simulate")
    for name, given, least in (("n", n, 1), ("random_state", random_state, 0)):
        if given != int(given) or given < least:
            raise ValueError(
                f"{name} must be a whole number from {least}. Got {given!r} instead."
            )
    places = make_places(samples, column, crs=geobox.crs.proj, transform=transform)
    drift, _ = settle_drift(read_drift(None, transform=transform), places, geobox)
    model = read_variogram(variogram, places, drift, column=column)
    if not model.is_bounded:
        raise ValueError(
            "a linear variogram has no sill, and a field without one cannot be "
            "simulated: take a model with a sill."
        )
    hood = neighbourhood or Neighbourhood()
    layers = []
    for first in range(0, n, TOGETHER):
        seeds = [(random_state, i) for i in range(first, min(first + TOGETHER, n))]
        lacking, recipe = _at_samples(places, model, seeds, geobox)
        setup = make_setup(
            places, model, lacking, drift=drift, hood=hood, geobox=geobox, spread=False
        )
        layers.append(
            lazy_layers(
                _block,
                setup,
                geobox.affine,
                side_of(setup, geobox),
                places.transform,
                recipe,
                n_layers=len(seeds),
                like=like,
            )
        )
    attrs = {"long_name": column, "units": places.units, "kind": "continuous"}
    return as_grid(
        da.concatenate(layers), like, name=column,
        attrs=attrs | attrs_of(places, model), first={"realisation": np.arange(n)},
    )  # fmt: skip


def _at_samples(
    places: Places,
    model: VariogramModel,
    seeds: list[tuple[int, int]],
    geobox: GeoBox,
) -> tuple[NDArray, _Recipe]:
    """What each unconditional field lacks at the samples, and their nugget's noise."""
    size = len(places.x)
    lacking, noise = np.empty((size, len(seeds))), np.empty((len(seeds), size))
    for i, seed in enumerate(seeds):
        rng = np.random.default_rng([*seed, AT_SAMPLES])
        noise[i] = np.sqrt(model.nugget) * rng.normal(size=size)
        error = np.sqrt(places.noise) * rng.normal(size=size)
        field = Waves(model.structures, seed).at(places.x, places.y) + noise[i]
        lacking[:, i] = places.value - field - error
    a = geobox.affine
    col = np.round((places.x + places.origin[0] - a.c) / a.a - 0.5)
    row = np.round((places.y + places.origin[1] - a.f) / a.e - 0.5)
    east = places.x + places.origin[0] - (a.c + (col + 0.5) * a.a)
    north = places.y + places.origin[1] - (a.f + (row + 0.5) * a.e)
    here = np.hypot(east, north) <= 1e-3
    on_cell = np.column_stack([row[here], col[here], np.nonzero(here)[0]])
    return lacking, _Recipe(model, seeds, noise, on_cell.astype(np.int64))


def _block(
    window: tuple[int, int, int, int],
    drift: NDArray,
    setup: Setup,
    affine: Affine,
    tiling: Tiling,
    transform: Transform,
    recipe: _Recipe,
) -> NDArray:
    cells, inside = cells_of(affine, window, setup.origin, drift)
    jobs = plan_squares(cells, inside, setup.buckets, tiling)
    out = setup.run(cells, jobs, tiling.step)[:-3]
    top, left = window[0] - inside[0].start, window[2] - inside[1].start
    for i, seed in enumerate(recipe.seeds):
        waves = Waves(recipe.model.structures, seed)
        out[i] += waves.on(cells.x[0], cells.y[:, 0])
        if recipe.model.nugget:
            noise = _noise(out[i].shape, (top, left), seed)
            row, col, sample = recipe.on_cell.T - np.array([[top], [left], [0]])
            there = (row >= 0) & (row < len(noise)) & (col >= 0)
            there &= col < noise.shape[1]
            noise *= np.sqrt(recipe.model.nugget)
            noise[row[there], col[there]] = recipe.noise[i, sample[there]]
            out[i] += noise
    return transform.invert(out[(slice(None), *inside)])


def _noise(
    shape: tuple[int, int], corner: tuple[int, int], seed: tuple[int, int]
) -> NDArray:
    """Normal noise, drawn square by square."""
    out = np.empty(shape)
    for i in range(0, shape[0], TILE):
        for j in range(0, shape[1], TILE):
            place = (corner[0] + i) // TILE, (corner[1] + j) // TILE
            rng = np.random.default_rng([*seed, AT_CELLS, *place])
            out[i : i + TILE, j : j + TILE] = rng.normal(size=(TILE, TILE))
    return out
