"""Layers that give the answer away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from survey import Problem

from .._note import Note
from ._folds import places_of
from ._predict import nearest
from ._scores import Ranking, score_of

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

    from .._labels import Training

DISTANCE_RHO = 0.95
COORDINATE_R2 = 0.995
PERFECT_AUC = 0.99
ORDER_RHO = 0.99
FEWEST = 10


def find_leakage(training: Training, stack: xr.Dataset | None = None) -> list[Problem]:
    """
    Layers from which the answer can be read without any geology.

    Looked for, on the rows of the training table: a layer that is known at deposits
    only, or at background only; the distance to the deposits themselves (rank
    correlation above 0.95 with the true distance over the background, and deposits at
    its end); an id (whole numbers, nearly all different, in the order of the rows); the
    coordinates (a plane through easting and northing explains 99.5 % of the variance);
    and any continuous layer that alone tells deposits from background (AUC above 0.99).

    Parameters
    ----------
    training : Training
        Result of `sample_stack`.
    stack : Dataset, optional
        Tells which layers are categorical where the training table does not.

    Returns
    -------
    list of Problem
        Empty if nothing was found. Severity "error" where the layer holds the answer,
        "warning" where it may have an honest reason. `what` and `remedy` can be said
        in Chinese by their method `say`.

    References
    ----------
    Kaufman, S. et al. (2012). Leakage in data mining: formulation, detection, and
    avoidance. doi 10.1145/2382577.2382579

    Examples
    --------
    >>> import geopandas as gpd
    >>> from prospect import Training
    >>> rng = np.random.default_rng(0)
    >>> at = gpd.GeoSeries.from_xy(*rng.uniform(0, 9000, (2, 60)), crs="EPSG:32654")
    >>> y = (np.arange(60) < 20).astype(int)
    >>> X = pd.DataFrame({"east": at.x * 2 + 5, "good": rng.normal(y)})
    >>> [problem.layer for problem in find_leakage(Training(X, y, at, np.ones(60)))]
    ['east']
    """
    kinds = dict(training.X.attrs.get("kinds", {}))
    if stack is not None:
        kinds |= {str(n): g.attrs.get("kind", "continuous") for n, g in stack.items()}
    places, deposit = places_of(training.points, None), np.asarray(training.y) == 1
    apart = nearest(places[deposit], places)
    problems = []
    for name, column in training.X.items():
        values = column.to_numpy(float)
        found = _known_only_at(values, deposit)
        if found is None and kinds.get(name, "continuous") == "continuous":
            found = _continuous_leak(values, deposit, places, apart)
        elif found is None:
            found = _id_leak(values)
        if found is not None:
            what, remedy, severity = found
            problems.append(Problem(what, remedy, layer=str(name), severity=severity))
    return problems


def _continuous_leak(
    values: NDArray, deposit: NDArray[np.bool_], places: NDArray, apart: NDArray
) -> tuple[Note, Note, str] | None:
    known = np.isfinite(values)
    if known.sum() < FEWEST or np.ptp(values[known]) == 0:
        return None
    values, deposit = values[known], deposit[known]
    places, apart = places[known], apart[known]
    return (
        _distance_leak(values, deposit, apart)
        or _id_leak(values)
        or _coordinate_leak(values, places)
        or _perfect_leak(values, deposit)
    )


def _known_only_at(
    values: NDArray, deposit: NDArray[np.bool_]
) -> tuple[Note, Note, str] | None:
    known = np.isfinite(values)
    shares = known[deposit].mean(), known[~deposit].mean()
    if abs(shares[0] - shares[1]) < PERFECT_AUC:
        return None
    deposits_only = shares[0] > shares[1]
    return (
        Note("leak_deposits_only" if deposits_only else "leak_background_only"),
        Note("leak_only_remedy"),
        "error",
    )


def _distance_leak(
    values: NDArray, deposit: NDArray[np.bool_], apart: NDArray
) -> tuple[Note, Note, str] | None:
    if (~deposit).sum() < FEWEST or not deposit.any():
        return None
    rho = _rank_correlation(values[~deposit], apart[~deposit])
    towards = values if rho > 0 else -values
    at_end = np.median(towards[deposit]) <= np.quantile(towards[~deposit], 0.05)
    if abs(rho) < DISTANCE_RHO or not at_end:
        return None
    return (
        Note("leak_distance", rho=rho),
        Note("leak_distance_remedy"),
        "error",
    )


def _id_leak(values: NDArray) -> tuple[Note, Note, str] | None:
    values = values[np.isfinite(values)]
    if len(values) < FEWEST or not np.equal(values, np.round(values)).all():
        return None
    if len(np.unique(values)) < 0.95 * len(values):
        return None
    rho = _rank_correlation(values, np.arange(len(values)))
    if abs(rho) < ORDER_RHO:
        return None
    return (
        Note("leak_id", n=len(values), rho=rho),
        Note("leak_id_remedy"),
        "error",
    )


def _coordinate_leak(values: NDArray, places: NDArray) -> tuple[Note, Note, str] | None:
    centred = (places - places.mean(axis=0)) / np.maximum(places.std(axis=0), 1e-12)
    design = np.column_stack([np.ones(len(values)), centred])
    fitted = design @ np.linalg.lstsq(design, values, rcond=None)[0]
    explained = 1 - np.var(values - fitted) / np.var(values)
    if explained < COORDINATE_R2:
        return None
    return (
        Note("leak_coordinate", percent=100 * float(explained)),
        Note("leak_coordinate_remedy"),
        "warning",
    )


def _perfect_leak(
    values: NDArray, deposit: NDArray[np.bool_]
) -> tuple[Note, Note, str] | None:
    if not deposit.any() or deposit.all():
        return None
    area = values[~deposit]
    ranking = Ranking.of(values[deposit], area, np.ones(len(area)))
    auc = float(score_of("auc", ranking)[0])
    if max(auc, 1 - auc) < PERFECT_AUC:
        return None
    return (
        Note("leak_perfect", auc=max(auc, 1 - auc)),
        Note("leak_perfect_remedy"),
        "warning",
    )


def _rank_correlation(first: NDArray, second: NDArray) -> float:
    with np.errstate(invalid="ignore"):
        rho = pd.Series(first).corr(pd.Series(second), method="spearman")
    return 0.0 if np.isnan(rho) else float(rho)
