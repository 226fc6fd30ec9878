"""Fit on some rows, predict others: the model and the null model on the same folds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._folds import places_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from sklearn.base import ClassifierMixin

    from .._labels import Training


def fit_weighted(
    model: ClassifierMixin, training: Training, rows: NDArray[np.intp]
) -> ClassifierMixin:
    """Return a clone fitted on some rows, with their weights if it takes any."""
    from sklearn.base import clone

    X, y = training.X.iloc[rows], training.y[rows]
    return clone(model).fit(X, y, **_weights_for(model, training.weight[rows]))


def probability(model: ClassifierMixin, X: pd.DataFrame) -> NDArray[np.float64]:
    """Return the probability of a deposit in each row."""
    column = list(model.classes_).index(1)
    return np.asarray(model.predict_proba(X), dtype=float)[:, column]


def held_out(
    model: ClassifierMixin,
    training: Training,
    pairs: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]],
) -> pd.DataFrame:
    """Return held-out probability and null score of every row, with its fold."""
    places, y = places_of(training.points, None), training.y
    out = pd.DataFrame(
        {
            "row": np.arange(len(y)),
            "fold": -1,
            "y": y,
            "weight": training.weight,
            "probability": np.nan,
            "null": np.nan,
        }
    )
    for fold, (train, test) in enumerate(pairs):
        fitted = fit_weighted(model, training, train)
        out.loc[test, "fold"] = fold
        out.loc[test, "probability"] = probability(fitted, training.X.iloc[test])
        known = places[train[y[train] == 1]]
        out.loc[test, "null"] = -nearest(known, places[test])
    return out


def nearest(known: NDArray, places: NDArray) -> NDArray[np.float64]:
    """Return the distance from each place to the nearest known deposit."""
    from scipy.spatial import cKDTree

    return cKDTree(known).query(places)[0]


def takes_weight(model: ClassifierMixin) -> bool:
    """Whether weights reach the estimator that learns."""
    return bool(_weights_for(model, np.ones(1)))


def _weights_for(model: ClassifierMixin, weight: NDArray) -> dict[str, NDArray]:
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import has_fit_parameter

    if has_fit_parameter(model, "sample_weight"):
        return {"sample_weight": weight}
    if isinstance(model, Pipeline) and has_fit_parameter(model[-1], "sample_weight"):
        return {f"{model.steps[-1][0]}__sample_weight": weight}
    return {}
