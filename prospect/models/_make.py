"""Models by their kind, ready for a table of raw evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)

from ._boosted import BoostedEnsemble
from ._forest import ForestClassifier
from ._logistic import LogisticClassifier
from ._pipeline import EvidencePipeline
from ._wofe import WeightsOfEvidence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sklearn.base import BaseEstimator

    from ._weights import Direction

KINDS = ("weights_of_evidence", "logistic_regression", "random_forest", "lightgbm")

# A class of a categorical layer with fewer training rows is joined with its like.
RARE = 10


def make_model(
    kind: str,
    *,
    categorical: Sequence[str] = (),
    directions: Direction | Mapping[str, Direction] | None = None,
    random_state: int = 0,
    n_jobs: int = 2,
    params: Mapping[str, Any] | None = None,
) -> BaseEstimator:
    """
    Unfitted classifier of a kind, for raw evidence with gaps and class codes.

    Parameters
    ----------
    kind : {"weights_of_evidence", "logistic_regression", "random_forest", "lightgbm"}
        What to make.
    categorical : sequence of str
        Layers that hold class codes.
    directions : str or mapping of layer to str, optional
        Only for weights of evidence, see `WeightsOfEvidence`.
    random_state : int
        Seed of whatever is drawn.
    n_jobs : int
        Threads of the fit; no result depends on it.
    params : mapping, optional
        Settings of the model in place of ours, such as `{"n_estimators": 300}`.

    Returns
    -------
    WeightsOfEvidence or EvidencePipeline
        `fit(X, y, sample_weight)`, `predict_proba(X)`, `predict_std(X)`, and `prior_`
        once fitted.

    Raises
    ------
    ValueError
        If the kind or a setting is not known.

    Notes
    -----
    Missing evidence: weights of evidence leave it out, logistic regression takes the
    median and an indicator, the forest and LightGBM send it down a branch of its own.
    Categories: own weights; indicator columns (fewer than 10 rows joined, unseen ones
    all 0); the forest orders them by their share of deposits (cross-fitted), LightGBM
    by itself. Standard deviation: see each class; that of the forest is between trees.

    Examples
    --------
    >>> model = make_model("random_forest", params={"n_estimators": 50})
    >>> model["model"].n_estimators
    50
    >>> make_model("magic")
    Traceback (most recent call last):
    ...
    ValueError: model kind 'magic' is not known: take one of ['weights_of_evidence',
    'logistic_regression', 'random_forest', 'lightgbm']
    """
    if kind not in KINDS:
        raise ValueError(f"model kind {kind!r} is not known: take one of {list(KINDS)}")
    categorical = list(categorical)
    if kind == "weights_of_evidence":
        model = WeightsOfEvidence(directions=directions, categorical=categorical)
    else:
        make = {
            "logistic_regression": _logistic,
            "random_forest": _forest,
            "lightgbm": _lightgbm,
        }[kind]
        model = make(categorical, random_state, n_jobs)
    target = model if kind == "weights_of_evidence" else model["model"]
    unknown = sorted(set(params or {}) - set(target.get_params()))
    if unknown:
        raise ValueError(
            f"model kind {kind!r} has no setting {unknown}; it has "
            f"{sorted(target.get_params())}"
        )
    target.set_params(**dict(params or {}))
    return model


def _logistic(categorical: list[str], random_state: int, n_jobs: int) -> BaseEstimator:  # noqa: ARG001
    indicators = OneHotEncoder(
        handle_unknown="ignore", min_frequency=RARE, sparse_output=False
    )
    numbers = make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
    )
    model = LogisticClassifier(max_iter=2000, random_state=random_state)
    return _join(categorical, indicators, numbers, model)


def _forest(categorical: list[str], random_state: int, n_jobs: int) -> BaseEstimator:
    model = ForestClassifier(n_estimators=200, random_state=random_state, n_jobs=n_jobs)
    order = TargetEncoder(
        target_type="binary",
        cv=StratifiedKFold(5, shuffle=True, random_state=random_state),
    )
    return _join(categorical, order, "passthrough", model)


def _lightgbm(categorical: list[str], random_state: int, n_jobs: int) -> BaseEstimator:
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        min_frequency=RARE,
    )
    model = BoostedEnsemble(
        categorical=list(range(len(categorical))),
        random_state=random_state,
        n_jobs=n_jobs,
    )
    return _join(categorical, codes, "passthrough", model)


def _join(
    categorical: list[str],
    codes: BaseEstimator,
    numbers: BaseEstimator | str,
    model: BaseEstimator,
) -> EvidencePipeline:
    prepare = ColumnTransformer(
        [("categorical", codes, categorical)], remainder=numbers, sparse_threshold=0
    )
    return EvidencePipeline([("prepare", prepare), ("model", model)])
