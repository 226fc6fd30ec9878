"""Deposits captured against area: success rate, prediction rate, prediction-area."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr
    from numpy.typing import ArrayLike, NDArray


class PredictionArea(NamedTuple):
    """
    Prediction-area curves and the point where they cross.

    Parameters
    ----------
    table : DataFrame
        `value` (threshold), `captured` and `area_share` (shares of deposits and of the
        area at or above it, 0 to 1), thresholds falling.
    value : float
        Threshold at the crossing, where captured + area_share = 1.
    captured, area_share : float
        Shares at the crossing.
    density : float
        Normalised density, captured / area_share: above 1 is better than chance.
    """

    table: pd.DataFrame
    value: float
    captured: float
    area_share: float
    density: float


def success_rate_curve(
    score_at_deposits: ArrayLike,
    score_area: ArrayLike,
    *,
    weight: ArrayLike | None = None,
) -> pd.DataFrame:
    """
    Share of the deposits *used in training* captured against share of the area.

    It tells how well the model fits, not how well it predicts: for that give deposits
    the model has not seen to `prediction_rate_curve`.

    Parameters
    ----------
    score_at_deposits : array-like, shape (n_deposits,)
        Scores at the training deposits.
    score_area : array-like, shape (n_cells,)
        Scores of the area: all cells of the map, or a sample. NaN is no area.
    weight : array-like, shape (n_cells,), optional
        Area each of them stands for.

    Returns
    -------
    DataFrame
        `area_share`, `captured` (0 to 1, both rising from 0 to 1) and `value`, the
        threshold. `attrs["kind"]` is "success_rate".

    Raises
    ------
    ValueError
        If there is no deposit or no area with a score.

    References
    ----------
    Chung, C. F. and Fabbri, A. G. (2003). Validation of spatial prediction models for
    landslide hazard mapping. doi 10.1023/B:NHAZ.0000007172.62651.2b

    Examples
    --------
    >>> curve = success_rate_curve([0.9, 0.4], [0.1, 0.4, 0.6, 0.9])
    >>> curve["captured"].tolist()
    [0.0, 0.5, 0.5, 1.0, 1.0]
    >>> curve["area_share"].tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    return _rate_curve(score_at_deposits, score_area, weight, "success_rate")


def prediction_rate_curve(
    score_at_deposits: ArrayLike,
    score_area: ArrayLike,
    *,
    weight: ArrayLike | None = None,
) -> pd.DataFrame:
    """
    Share of *held-out* deposits captured against share of the area.

    Parameters
    ----------
    score_at_deposits : array-like, shape (n_deposits,)
        Scores at deposits the model has not seen.
    score_area : array-like, shape (n_cells,)
        Scores of the area. NaN is no area.
    weight : array-like, shape (n_cells,), optional
        Area each of them stands for.

    Returns
    -------
    DataFrame
        As `success_rate_curve`; `attrs["kind"]` is "prediction_rate".

    Raises
    ------
    ValueError
        If there is no deposit or no area with a score.

    Examples
    --------
    >>> prediction_rate_curve([0.9], [0.1, 0.9]).attrs["kind"]
    'prediction_rate'
    """
    return _rate_curve(score_at_deposits, score_area, weight, "prediction_rate")


def prediction_area(
    score: xr.DataArray | ArrayLike,
    deposits: gpd.GeoDataFrame | ArrayLike,
    *,
    weight: ArrayLike | None = None,
) -> PredictionArea:
    """
    Prediction-area curves of a score, and where they cross.

    Cells without a score are no area. The crossing is found on the curves themselves,
    not on classes: between the two neighbouring scores where captured + area_share
    passes 1, on the straight line between them. For a map all of it is read, block by
    block (a global statistic); the table then has one row for each deposit's score.

    Parameters
    ----------
    score : DataArray or array-like, shape (n_cells,)
        Map of the score (may be lazy), or scores of cells that stand for the area.
    deposits : GeoDataFrame of points or array-like, shape (n_deposits,)
        Deposits on the map, or their scores. Deposits without a score are left out.
    weight : array-like, shape (n_cells,), optional
        Area each score stands for; not for maps.

    Returns
    -------
    PredictionArea

    Raises
    ------
    ValueError
        If there is no deposit or no area with a score.

    References
    ----------
    Yousefi, M. and Carranza, E. J. M. (2015). Prediction-area (P-A) plot and C-A
    fractal analysis to classify and evaluate evidential maps for mineral prospectivity
    modeling. doi 10.1016/j.cageo.2015.03.007

    Mihalasky, M. J. and Bonham-Carter, G. F. (2001). Lithodiversity and its spatial
    association with metallic mineral sites. doi 10.1023/A:1011084208512

    Examples
    --------
    >>> found = prediction_area([0.1, 0.2, 0.3, 0.4], [0.4, 0.4, 0.3, 0.1])
    >>> found.value, found.captured, found.area_share, found.density
    (0.35, 0.6, 0.4, 1.666)
    """
    if hasattr(score, "dims"):
        from ._map_curve import deposit_scores, map_counts

        at = deposit_scores(score, deposits)
        return _cross(_known_deposits(at), map_counts(score, _known_deposits(at)))
    at = _known_deposits(deposits)
    values, area = _known_area(score, weight)
    thresholds = np.unique(np.concatenate([values, at]))
    return _cross(at, (thresholds, _share_at_least(values, thresholds, area)))


def _cross(at: NDArray, steps: tuple[NDArray, NDArray]) -> PredictionArea:
    """Return where captured + area passes 1, thresholds given in rising order."""
    thresholds, area = steps
    captured = _share_at_least(at, thresholds, np.ones(len(at)))
    excess = captured + area - 1
    k = int(np.flatnonzero(excess >= 0)[-1])
    if k + 1 < len(thresholds):
        part = excess[k] / (excess[k] - excess[k + 1])
        nearby = slice(k, k + 2)
        value, share = (
            (1 - part) * pair[0] + part * pair[1]
            for pair in (thresholds[nearby], area[nearby])
        )
    else:
        value, share = thresholds[k], area[k]
    table = pd.DataFrame(
        {"value": thresholds, "captured": captured, "area_share": area}
    )
    reached = captured[k] if k + 1 == len(thresholds) else 1 - share
    density = reached / share if share > 0 else np.inf
    return PredictionArea(
        table[::-1].reset_index(drop=True),
        *map(float, (value, reached, share, density)),
    )


def _rate_curve(
    at: ArrayLike, score: ArrayLike, weight: ArrayLike | None, kind: str
) -> pd.DataFrame:
    at = _known_deposits(at)
    values, area = _known_area(score, weight)
    thresholds = np.unique(np.concatenate([values, at]))[::-1]
    shares = {
        "area_share": _share_at_least(values, thresholds, area),
        "captured": _share_at_least(at, thresholds, np.ones(len(at))),
        "value": thresholds,
    }
    start = {"area_share": [0.0], "captured": [0.0], "value": [np.inf]}
    curve = pd.concat([pd.DataFrame(start), pd.DataFrame(shares)], ignore_index=True)
    curve.attrs["kind"] = kind
    return curve


def _share_at_least(values: NDArray, thresholds: NDArray, weight: NDArray) -> NDArray:
    order = np.argsort(values)
    below = np.concatenate([[0.0], np.cumsum(weight[order])])
    at = np.searchsorted(values[order], thresholds, side="left")
    return (below[-1] - below[at]) / below[-1]


def _known_deposits(at: ArrayLike) -> NDArray:
    at = np.asarray(at, dtype=float)
    known = at[np.isfinite(at)]
    if known.size == 0:
        raise ValueError(
            f"none of {at.size} deposits has a score: check that they lie on the map"
        )
    return known


def _known_area(
    score: ArrayLike, weight: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    score = np.asarray(score, dtype=float).ravel()
    weight = np.ones(score.shape) if weight is None else np.asarray(weight, dtype=float)
    if weight.shape != score.shape:
        raise ValueError(
            f"weight has the shape {weight.shape}, the scores {score.shape}: give one "
            "weight per score"
        )
    known = np.isfinite(score) & (weight > 0)
    if not known.any():
        raise ValueError(f"none of {score.size} cells has a score: there is no area")
    return score[known], weight[known]
