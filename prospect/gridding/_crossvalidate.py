"""How good an estimate is where a sample is held back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from ._kriging import attrs_of, settle
from ._neighbours import Neighbourhood
from ._samples import metric_samples
from ._setup import FEW, make_setup, read_variogram
from ._tiles import plan_places

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import xarray as xr
    from numpy.typing import NDArray

    from ._models import VariogramModel
    from ._samples import Places
    from ._setup import Setup

FEWEST_BLOCKS = 4


class CrossValidation(NamedTuple):
    """
    Estimates of samples held back, and how they compare.

    Parameters
    ----------
    table : DataFrame
        A row a place: `sample_id` (of the first sample there), `value`, `estimate`,
        `variance`, `error` (estimate less value), `standardised_error` (in units of
        what was kriged, over its standard deviation), the same four with the ending
        ``_blocks`` where the whole block was held back, and `block`.
    scores : DataFrame, index "leave_one_out" and "spatial_blocks"
        `n`, `mean_error`, `rmse`, `mean_standardised_error` (best 0),
        `sd_standardised_error` (best 1), `slope` of the regression of the values on the
        estimates (best 1), `correlation`.
    block_size : float
        Side of the blocks in metres.
    """

    table: pd.DataFrame
    scores: pd.DataFrame
    block_size: float


def cross_validate(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    variogram: VariogramModel | Mapping[str, Any] | str = "auto",
    drift: float | str | xr.DataArray | xr.Dataset | None = None,
    neighbourhood: Neighbourhood | None = None,
    transform: str | None = None,
    block_size: float | None = None,
) -> CrossValidation:
    """
    Estimate each sample from the others, and from those outside its block.

    Leave-one-out tells how well a map does among its samples. It flatters where samples
    lie in clusters or along lines: holding back whole blocks tells how well it does
    away from them. The variogram is that of all samples in both.

    Parameters
    ----------
    samples : GeoDataFrame
        Points in a projected CRS in metres, with companion columns as for `krige`.
    column : str
        Numeric column.
    variogram : VariogramModel, mapping or "auto"
        Model, as for `krige`.
    drift : None, float, "linear", "quadratic", grid or Dataset of grids
        What the mean is, as for `krige`; grids may have any pixel grid.
    neighbourhood : Neighbourhood, optional
        As for `krige`; by default the nearest 128 samples.
    transform : {"log10", "normal_score"}, optional
        As for `krige`.
    block_size : float, optional
        Side of the blocks in metres. By default the (longest, practical) range of the
        variogram, but no more than half the longer side of the region.

    Returns
    -------
    CrossValidation
        `table`, `scores`, `block_size`. Standard deviations include the measurement
        error of the sample, where it has one. ``table.attrs`` has notes, shares and the
        variogram.

    Raises
    ------
    ValueError, DataProblems
        As `krige`; or if there are fewer than three places, or `block_size` leaves one
        block.

    References
    ----------
    Isaaks, E. H. and Srivastava, R. M. (1989). An Introduction to Applied
    Geostatistics. Oxford University Press, chapter 15.

    Roberts, D. R. et al. (2017). Cross-validation strategies for data with temporal,
    spatial, hierarchical, or phylogenetic structure. doi 10.1111/ecog.02881

    Examples
    --------
    >>> import geopandas as gpd
    >>> from prospect.gridding import Structure, VariogramModel
    >>> x = np.arange(0, 1000, 50.0)
    >>> line = gpd.GeoDataFrame(
    ...     {"Cu_ppm": np.sin(x / 100)},
    ...     geometry=gpd.points_from_xy(x, 0 * x), crs="EPSG:32633")
    >>> model = VariogramModel(structures=[Structure("gaussian", 1.0, 300)])
    >>> found = cross_validate(line, "Cu_ppm", variogram=model, block_size=200)
    >>> found.scores["rmse"].round(2)
    leave_one_out     0.00
    spatial_blocks    0.15
    Name: rmse, dtype: float64
    """
    metric_samples(samples, what="cross_validate")
    places, settled, geobox = settle(samples, column, drift, transform)
    if len(places.x) < 3:
        raise ValueError(
            f"column '{column}' has values at {len(places.x)} places: holding one back "
            "needs three."
        )
    model = read_variogram(variogram, places, settled, column=column)
    blocks, size = _blocks(places, model, block_size)
    hood = neighbourhood or Neighbourhood(neighbours=FEW)
    setup = make_setup(
        places, model, places.value[:, None], drift=settled, hood=hood, geobox=geobox
    )
    table = pd.DataFrame({"value": places.transform.invert(places.value)})
    ids = samples["sample_id"] if "sample_id" in samples else samples.index.to_series()
    table.insert(0, "sample_id", ids.iloc[places.row].to_numpy())
    scores = {}
    folds = {"leave_one_out": np.arange(len(table)), "spatial_blocks": blocks}
    for name, fold in folds.items():
        found = _held_back(setup, places, fold)
        scores[name] = _scores(found, table["value"])
        ending = "_blocks" if name == "spatial_blocks" else ""
        table = table.join(found.add_suffix(ending))
    table["block"] = blocks
    table.attrs = attrs_of(places, model) | {"variogram": model.to_dict()}
    return CrossValidation(table, pd.DataFrame.from_dict(scores, orient="index"), size)


def _blocks(
    places: Places, model: VariogramModel, size: float | None
) -> tuple[NDArray[np.int64], float]:
    """Number of the square block of each place."""
    sides = np.ptp(places.x), np.ptp(places.y)
    if size is None:
        size = min(model.range or np.inf, max(sides) / 2)
    if not (np.isfinite(size) and size > 0):
        raise ValueError(f"block_size must be positive metres. Got {size!r} instead.")
    row = np.floor((places.y - places.y.min()) / size).astype(np.int64)
    col = np.floor((places.x - places.x.min()) / size).astype(np.int64)
    blocks = np.unique(row * (col.max() + 1) + col, return_inverse=True)[1]
    if blocks.max() == 0:
        raise ValueError(
            f"blocks of {size:g} m hold all places in one: the region is "
            f"{sides[0]:.0f} × {sides[1]:.0f} m. State a smaller block_size=."
        )
    return blocks.astype(np.int64), float(size)


def _held_back(setup: Setup, places: Places, fold: NDArray[np.int64]) -> pd.DataFrame:
    """Estimate each place without those of its fold."""
    from dataclasses import replace

    held = replace(setup, samples=setup.samples._replace(fold=fold))
    xy = np.column_stack([places.x, places.y])
    cells, jobs = plan_places(xy, fold, setup.drift.known.T)
    found = held.run(cells, jobs, 0.0)[:, 0]
    estimate, variance = places.transform.expect(found[0], found[1], found[2])
    value = places.transform.invert(places.value)
    spread = np.sqrt(found[1] + places.noise)
    spread = np.where(spread > 0, spread, np.nan)
    return pd.DataFrame(
        {
            "estimate": estimate,
            "variance": variance,
            "error": estimate - value,
            "standardised_error": (found[0] - places.value) / spread,
        }
    )


def _scores(found: pd.DataFrame, value: pd.Series) -> dict[str, float]:
    known = found["estimate"].notna()
    if known.sum() < 2:
        return {"n": int(known.sum())}
    found, value = found[known], value[known]
    spread = found["estimate"].var(ddof=0)
    covariance = np.cov(found["estimate"], value, ddof=0)[0, 1]
    standardised = found["standardised_error"]
    return {
        "n": int(known.sum()),
        "mean_error": found["error"].mean(),
        "rmse": float(np.sqrt((found["error"] ** 2).mean())),
        "mean_standardised_error": standardised.mean(),
        "sd_standardised_error": standardised.std(ddof=0),
        "slope": covariance / spread if spread > 0 else np.nan,
        "correlation": found["estimate"].corr(value),
    }
