"""Kriging helped by other variables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from survey import check_same_grid

from .._note import Note
from ._coregionalize import Coregionalization, fit_coregionalization
from ._drift import Drift, read_drift, settle_drift
from ._kriging import as_dataset, window_of
from ._lazy import lazy_layers, metric_geobox
from ._models import VariogramModel, pack_model, search_metric
from ._neighbours import Neighbourhood, Search, make_buckets
from ._samples import make_places
from ._setup import Setup, make_setup, read_variogram, side_of
from ._solve import CONSTANT, SIMPLE, Aim, Samples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    from affine import Affine
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from ._samples import Places
    from ._tiles import Tiling
    from ._transforms import Transform

NEAREST = 32  # of each variable


def cokrige(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    secondary: str | Sequence[str] | xr.DataArray,
    like: GeoBox | xr.DataArray,
    variogram: Coregionalization | VariogramModel | Mapping[str, Any] | str = "auto",
    neighbourhood: Neighbourhood | None = None,
    transform: str | None = None,
) -> xr.Dataset:
    """
    Estimate one variable with the help of others.

    With columns as `secondary` this is ordinary cokriging: all means are unknown, the
    weights of the variable sum to one and those of each other to zero; samples may have
    any of the values. With a grid it is simple cokriging with the grid's value at the
    cell itself (collocated), where the grid is taken to follow the variable as far as
    their correlation goes (Markov model I): the mean of the samples is taken as known.

    Parameters
    ----------
    samples : GeoDataFrame
        Points, as for `krige`.
    column : str
        Variable that is estimated.
    secondary : str, sequence of str or grid
        Other columns, or a grid on `like` that has a value wherever one is wanted.
    like : GeoBox or grid
        Pixel grid of the result, projected. A lazy grid gives its chunks as well.
    variogram : Coregionalization, VariogramModel, mapping or "auto"
        With columns a `Coregionalization` of `column` and then `secondary`; "auto" fits
        one with the structures of the variable's own variogram. With a grid the
        variogram of the variable, as for `krige`.
    neighbourhood : Neighbourhood, optional
        `neighbours` of each variable; the nearest 32 by default with columns.
    transform : {"log10", "normal_score"}, optional
        Of all variables, as for `krige`; a grid is used as it is.

    Returns
    -------
    Dataset
        `estimate` and `variance`, as `krige`. With a grid ``attrs["correlation"]`` is
        that of the (transformed) samples and the grid.

    Raises
    ------
    ValueError
        If the grid is not on the cells of `like`, no sample lies on it, the variogram
        is of the wrong kind, or as for `krige`.
    TypeError
        If a `Coregionalization` is given with a grid.

    References
    ----------
    Wackernagel, H. (2003). Multivariate Geostatistics. 3rd ed., Springer, chapter 24.

    Almeida, A. S. and Journel, A. G. (1994). Joint simulation of multiple variables
    with a Markov-type coregionalization model. Mathematical Geology 26, 565-588.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from prospect.gridding import Structure
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 30, 0, 10), crs="EPSG:32633", resolution=10)
    >>> soil = gpd.GeoDataFrame(
    ...     {"Ni": [10.0, np.nan, 40.0], "Co": [1.0, 4.0, 4.0]},
    ...     geometry=gpd.points_from_xy([5, 15, 25], [5, 5, 5]), crs="EPSG:32633")
    >>> model = Coregionalization(
    ...     ["Ni", "Co"], np.zeros((2, 2)), [Structure("spherical", 1, 100)],
    ...     [[[100, 9], [9, 1]]])
    >>> found = cokrige(soil, "Ni", secondary="Co", like=frame, variogram=model)
    >>> print(found["estimate"].values.round(1))
    [[10.  38.5 40. ]]
    """
    geobox = metric_geobox(like, what="cokrige")
    if isinstance(secondary, xr.DataArray):
        return _collocated(
            samples, column, secondary, like=like, variogram=variogram,
            hood=neighbourhood or Neighbourhood(), transform=transform,
        )  # fmt: skip
    columns = [column, *([secondary] if isinstance(secondary, str) else secondary)]
    model = _coregionalization(samples, columns, variogram, transform)
    places = [
        make_places(samples, name, crs=geobox.crs.proj, transform=transform)
        for name in columns
    ]
    hood = neighbourhood or Neighbourhood(neighbours=NEAREST)
    setup, scale = _cosetup(places, model, hood, transform)
    tiling = side_of(setup, geobox)
    layers = lazy_layers(
        _block, setup, geobox.affine, tiling._replace(crowd=2 * tiling.crowd),
        places[0].transform, scale, n_layers=2, like=like,
    )  # fmt: skip
    notes = [note for each in places for note in each.notes]
    own = model.model(column, column)
    return as_dataset(
        layers, replace(places[0], notes=notes), own, like=like, column=column
    )


def _coregionalization(
    samples: gpd.GeoDataFrame,
    columns: list[str],
    variogram: Any,  # noqa: ANN401
    transform: str | None,
) -> Coregionalization:
    if isinstance(variogram, Coregionalization):
        if list(variogram.columns) != columns:
            raise ValueError(
                f"the model is of {list(variogram.columns)}, but {columns} are to be "
                "used: give it with these columns in this order."
            )
        return variogram
    if variogram != "auto":
        raise ValueError(
            "cokriging with columns needs a Coregionalization or 'auto'. Got "
            f"{variogram!r} instead."
        )
    places = make_places(samples, columns[0], transform=transform)
    drift, _ = settle_drift(read_drift(None, transform=None), places, None)
    own = read_variogram("auto", places, drift, column=columns[0])
    return fit_coregionalization(
        samples, columns, structures=own.structures, transform=transform
    )


def _cosetup(
    places: list[Places],
    model: Coregionalization,
    hood: Neighbourhood,
    transform: str | None,
) -> tuple[Setup, float]:
    """Kriging of all variables in units of their sills' roots; the first's root."""
    stacked = model.stacked()
    root = np.sqrt(np.diagonal(stacked.sum(axis=0)))
    if not (root > 0).all():
        raise ValueError("each variable of the model needs a nugget or a sill.")
    packed = pack_model(model.structures, stacked / np.outer(root, root))
    code = SIMPLE if transform == "normal_score" else CONSTANT
    drift = Drift(code, 0.0, (), *(np.zeros(0),) * 2, np.zeros((0, 0)))
    origin = places[0].origin
    x, y = (
        np.concatenate([getattr(p, name) + p.origin[i] - origin[i] for p in places])
        for i, name in enumerate(("x", "y"))
    )
    samples = Samples(
        x,
        y,
        np.repeat(np.arange(len(places)), [len(p.x) for p in places]),
        np.concatenate([p.value / r for p, r in zip(places, root, strict=True)])[
            :, None
        ],
        np.concatenate([p.noise / r**2 for p, r in zip(places, root, strict=True)]),
        np.zeros((len(x), 0)),
        np.full(len(x), -2),
    )
    k = hood.neighbours or NEAREST
    reach = np.inf if hood.max_distance is None else hood.max_distance**2
    search = Search(np.array([min(k, len(p.x)) for p in places]), hood.sectors, reach)
    strong = [
        replace(s, sill=float(m[0, 0]))
        for s, m in zip(model.structures, model.sills, strict=True)
    ]
    buckets = make_buckets(x, y, search_metric(strong))
    aim = Aim(code, 1.0, np.zeros((1, 2)), spread=True)
    return Setup(origin, packed, samples, buckets, search, aim, drift, None), root[0]


def _block(
    window: tuple[int, int, int, int],
    drift: NDArray,
    setup: Setup,
    affine: Affine,
    tiling: Tiling,
    transform: Transform,
    scale: float,
) -> NDArray:
    estimate, variance, lost, _ = window_of(window, drift, setup, affine, tiling)
    square = scale**2
    return np.stack(
        transform.expect(scale * estimate, square * variance, square * lost)
    )


def _collocated(
    samples: gpd.GeoDataFrame,
    column: str,
    grid: xr.DataArray,
    *,
    like: GeoBox | xr.DataArray,
    variogram: Any,  # noqa: ANN401
    hood: Neighbourhood,
    transform: str | None,
) -> xr.Dataset:
    """Simple kriging moved towards the grid at the cell itself."""
    geobox = metric_geobox(like, what="cokrige")
    check_same_grid(geobox, grid)
    if isinstance(variogram, Coregionalization):
        raise TypeError(
            "with a grid the variogram is that of the variable alone: give a "
            "VariogramModel or 'auto'."
        )
    places = make_places(samples, column, crs=geobox.crs.proj, transform=transform)
    drift, seen = settle_drift(read_drift(grid, transform=transform), places, geobox)
    correlation = float(np.corrcoef(drift.known[:, 0], seen.value)[0, 1])
    mean = float(places.value.mean())
    known = read_drift(mean, transform=transform)
    known, _ = settle_drift(known, places, geobox)
    model = read_variogram(variogram, places, known, column=column)
    if not np.isfinite(model.sill):
        raise ValueError("a linear variogram has no sill: take another model.")
    setup = make_setup(
        places, model, places.value[:, None], drift=known, hood=hood, geobox=geobox
    )
    layers = lazy_layers(
        _collocated_block, setup, geobox.affine, side_of(setup, geobox),
        places.transform, (mean, model.sill, correlation, drift),
        n_layers=2, like=like, grids=[grid],
    )  # fmt: skip
    note = Note("cokrige_correlation", name=str(grid.name), value=round(correlation, 3))
    found = replace(places, notes=[*places.notes, note])
    out = as_dataset(layers, found, model, like=like, column=column)
    return out.assign_attrs(correlation=correlation)


def _collocated_block(
    window: tuple[int, int, int, int],
    drift: NDArray,
    setup: Setup,
    affine: Affine,
    tiling: Tiling,
    transform: Transform,
    told: tuple[float, float, float, Drift],
) -> NDArray:
    mean, sill, rho, scaling = told
    found = window_of(window, drift[:0], setup, affine, tiling)
    own, share = (found[0] - mean) / np.sqrt(sill), found[1] / sill
    other = scaling.scaled(drift)[0]
    unknown = 1 - rho**2 * (1 - share)
    gain = np.divide(
        rho * share, unknown, out=np.zeros_like(share), where=unknown > 1e-12
    )
    estimate = mean + np.sqrt(sill) * (own + gain * (other - rho * own))
    variance = np.maximum(sill * (share - rho * share * gain), 0.0)
    variance = np.where(np.isnan(other), np.nan, variance)
    return np.stack(transform.expect(estimate, variance, variance))
