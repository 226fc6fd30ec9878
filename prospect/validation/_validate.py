"""Every score on blocks, buffered blocks and random folds, beside a null model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from survey import check_projected

from ._curves import PredictionArea, prediction_area
from ._curves import prediction_rate_curve as held_out_curve
from ._curves import success_rate_curve as fitted_curve
from ._folds import independent_clusters, places_of
from ._notes import notes_on
from ._plan import make_plan
from ._predict import fit_weighted, held_out, probability
from ._scores import (
    Difference,
    Ranking,
    check_scores,
    cluster_counts,
    interval,
    score_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import xarray as xr
    from numpy.typing import NDArray
    from sklearn.base import ClassifierMixin

    from .._labels import Training
    from .._note import Note

MODELS = {"model": "probability", "null_distance": "null"}


@dataclass(frozen=True)
class Validation:
    """
    Scores of a model on held-out deposits.

    Parameters
    ----------
    scores : DataFrame
        One row per `folds` ("blocks", "buffered", "random"), `model` ("model" or
        "null_distance", the distance to the nearest training deposit) and `score`:
        `pooled` (all held-out rows together), `mean_of_folds`, `low` and `high` (95 %
        interval of the pooled score, resampling independent clusters of deposits; NaN
        with fewer than two), `n_folds` (folds with both deposits and background).
    predictions : DataFrame
        Held-out `probability` and `null` (minus the distance, metres) of each `row` of
        the training table, by `folds` and `fold`; with `y` and `weight`.
    curves : DataFrame
        `folds`, `kind`, `area_share`, `captured`: "prediction_rate" of each kind of
        folds, and "success_rate" of the model fitted on everything (folds "none").
    prediction_area : PredictionArea
        Of the held-out probabilities on blocks.
    block_size, buffer : float
        Metres.
    range_table : DataFrame or None
        Ranges of autocorrelation of the layers, see `autocorrelation_range`.
    n_deposits, n_independent : int
        Deposits, and clusters of deposits no wider than the range of autocorrelation
        (the block size where the range was not estimated), see `independent_clusters`.
    difference : tuple (value, low, high)
        By how much the pooled AUC of the model on blocks exceeds that of the null
        model, with the 95 % interval of this difference (NaN with fewer than two
        clusters).
    notes : list of str
        What a reader has to know, in English; `note.say("zh")` gives each in Chinese.
    """

    scores: pd.DataFrame
    predictions: pd.DataFrame
    curves: pd.DataFrame
    prediction_area: PredictionArea
    block_size: float
    buffer: float
    range_table: pd.DataFrame | None
    n_deposits: int
    n_independent: int
    difference: Difference
    notes: list[Note]

    def to_dict(self) -> dict[str, Any]:
        """
        Return the result as lists, numbers and strings, ready for JSON.

        Tables become lists of rows, NaN becomes None; `predictions` are left out. Notes
        become their codes and values, so that they can be said in another language.
        `prediction_area` has the lists `value`, `captured` and `area_share`, and the
        `crossing`.
        """
        area = self.prediction_area
        crossing = area._asdict()
        del crossing["table"]
        shown = area.table.iloc[_thinned(len(area.table))]
        return {
            "scores": _rows(self.scores),
            "curves": _rows(self.curves),
            "prediction_area": {
                **{name: _plain(column) for name, column in shown.items()},
                "crossing": _finite(crossing),
            },
            "block_size": self.block_size,
            "buffer": self.buffer,
            "range_table": None
            if self.range_table is None
            else _rows(self.range_table.reset_index()),
            "n_deposits": self.n_deposits,
            "n_independent": self.n_independent,
            "difference": _finite(self.difference._asdict()),
            "notes": [note.to_dict() for note in self.notes],
        }


def validate(
    model: ClassifierMixin,
    training: Training,
    *,
    folds: int = 5,
    block_size: float | str = "auto",
    buffer: float | str = "auto",
    stack: xr.Dataset | None = None,
    random_state: int,
    scores: Sequence[str] = ("auc", "average_precision", "capture_10"),
) -> Validation:
    """
    Scores of a model on spatial blocks, on buffered blocks and on random folds.

    Beside every score stands that of a null model which knows nothing of the evidence:
    minus the distance to the nearest deposit of the training folds. The interval
    resamples clusters of deposits, not cells, because neighbours are no independent
    proof. Background rows count with the area they stand for.

    Parameters
    ----------
    model : scikit-learn classifier
        Cloned for every fold and fitted with `sample_weight` where it takes one.
    training : Training
        Result of `sample_stack`.
    folds : int, default 5
        Number of folds of each kind.
    block_size, buffer : float or "auto"
        Metres. "auto" is the range of autocorrelation of the evidence; it is halved
        until the deposits fill all folds and enough of them are left to learn from,
        which `notes` tell.
    stack : Dataset, optional
        Evidence; where the ranges come from. Without it they come from the background
        rows of the training table.
    random_state : int
        Seed.
    scores : sequence of str
        "auc", "average_precision", "capture_<percent>" (share of the deposits in the
        part of the area with the highest scores).

    Returns
    -------
    Validation

    Raises
    ------
    ValueError
        If there are fewer deposits than folds, only one class, an unknown score, or the
        CRS is not in metres.

    References
    ----------
    Roberts, D. R. et al. (2017). Cross-validation strategies for data with temporal,
    spatial, hierarchical, or phylogenetic structure. doi 10.1111/ecog.02881

    Field, C. A. and Welsh, A. H. (2007). Bootstrapping clustered data.
    doi 10.1111/j.1467-9868.2007.00593.x

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> import geopandas as gpd
    >>> from prospect import Training
    >>> rng = np.random.default_rng(0)
    >>> at = gpd.GeoSeries.from_xy(*rng.uniform(0, 9000, (2, 300)), crs="EPSG:32654")
    >>> y = (np.arange(300) < 30).astype(int)
    >>> X = pd.DataFrame({"a": rng.normal(2 * y)})
    >>> result = validate(LogisticRegression(), Training(X, y, at, np.ones(300)),
    ...                   block_size=1000, random_state=0)
    >>> auc = result.scores.query("score == 'auc' and model == 'model'")
    >>> auc.set_index("folds")["pooled"].round(1).to_dict()
    {'blocks': 0.9, 'buffered': 0.9, 'random': 0.9}
    """
    _check_training(training, folds)
    check_scores(scores)
    plan = make_plan(
        training,
        folds=folds,
        block_size=block_size,
        buffer=buffer,
        stack=stack,
        random_state=random_state,
    )
    places, y = places_of(training.points, None), training.y
    cluster = independent_clusters(places[y == 1], distance=plan.reach)
    counts = cluster_counts(cluster, random_state=random_state)
    held = {
        kind: held_out(model, training, pairs) for kind, pairs in plan.pairs.items()
    }
    rows = [
        _score_row(kind, name, score, table, counts)
        for kind, table in held.items()
        for name in MODELS
        for score in scores
    ]
    table = pd.DataFrame(rows)
    beats = _difference(held["blocks"], counts)
    area = _ranked(held["blocks"])
    return Validation(
        scores=table,
        predictions=pd.concat(held, names=["folds"]).reset_index(level=0),
        curves=_curves(model, training, held),
        prediction_area=prediction_area(area[1], area[0], weight=area[2]),
        block_size=plan.block_size,
        buffer=plan.buffer,
        range_table=plan.range_table,
        n_deposits=int((y == 1).sum()),
        n_independent=int(cluster.max()) + 1,
        difference=beats,
        notes=[*plan.notes, *notes_on(table, beats, cluster, plan.reach)],
    )


def _check_training(training: Training, folds: int) -> None:
    check_projected(training.points, what="validate")
    X, y, points, weight = training
    lengths = {len(X), len(y), len(points), len(weight)}
    if len(lengths) != 1:
        raise ValueError(
            f"X, y, points and weight have {len(X)}, {len(y)}, {len(points)} and "
            f"{len(weight)} rows: give one of each per row"
        )
    found = np.unique(y).tolist()
    if found != [0, 1]:
        raise ValueError(
            f"y holds {found}: give 1 for deposits and 0 for background, both present"
        )
    n_deposits = int(np.sum(y == 1))
    if not 2 <= folds <= n_deposits:
        raise ValueError(
            f"{folds} folds of {n_deposits} deposits: take 2 to {n_deposits} folds, or "
            "more deposits"
        )


def _ranked(table: pd.DataFrame, column: str = "probability") -> list[NDArray]:
    """Return scores of deposits, scores of background and its weights."""
    deposit = table["y"].eq(1)
    columns = table.loc[deposit, column], table.loc[~deposit, column]
    return [c.to_numpy() for c in (*columns, table.loc[~deposit, "weight"])]


def _score_row(
    kind: str, name: str, score: str, table: pd.DataFrame, counts: NDArray
) -> dict[str, Any]:
    column = MODELS[name]
    ranking = Ranking.of(*_ranked(table, column))
    single = [
        score_of(score, Ranking.of(*_ranked(fold, column)))[0]
        for _, fold in table.groupby("fold")
        if fold["y"].nunique() == 2
    ]
    low, high = interval(score_of(score, ranking, counts) if len(counts) else counts)
    return {
        "folds": kind,
        "model": name,
        "score": score,
        "pooled": float(score_of(score, ranking)[0]),
        "mean_of_folds": float(np.mean(single)) if single else np.nan,
        "low": low,
        "high": high,
        "n_folds": len(single),
    }


def _difference(table: pd.DataFrame, counts: NDArray) -> Difference:
    """Return by how much the AUC of the model beats the null model, with interval."""
    rankings = [Ranking.of(*_ranked(table, column)) for column in MODELS.values()]
    pooled = [score_of("auc", ranking)[0] for ranking in rankings]
    value = float(pooled[0] - pooled[1])
    if not len(counts):
        return Difference(value, np.nan, np.nan)
    model, null = (score_of("auc", ranking, counts) for ranking in rankings)
    return Difference(value, *map(float, interval(model - null)))


def _curves(
    model: ClassifierMixin, training: Training, held: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    fitted = fit_weighted(model, training, np.arange(len(training.y)))
    every = pd.DataFrame(
        {
            "y": training.y,
            "weight": training.weight,
            "probability": probability(fitted, training.X),
        }
    )
    curves = {("none", "success_rate"): fitted_curve}
    curves |= dict.fromkeys([(k, "prediction_rate") for k in held], held_out_curve)
    parts = []
    for (folds, kind), curve in curves.items():
        at, area, weight = _ranked(held.get(folds, every))
        table = curve(at, area, weight=weight)[["area_share", "captured"]]
        table = table.iloc[_corners(table["captured"].to_numpy())]
        table.insert(0, "kind", kind)
        table.insert(0, "folds", folds)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _corners(captured: NDArray) -> NDArray[np.intp]:
    """Return the points that draw the same line: both ends of every level stretch."""
    steps = np.flatnonzero(np.diff(captured)) + 1
    ends = np.concatenate([[0, len(captured) - 1], steps, steps - 1])
    return np.unique(ends)


def _thinned(n: int, most: int = 500) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(int))


def _plain(column: pd.Series) -> list:
    return [
        None if isinstance(value, float) and not np.isfinite(value) else value
        for value in column.tolist()
    ]


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {k: v if np.isfinite(v) else None for k, v in values.items()}


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    columns = {str(name): _plain(column) for name, column in table.items()}
    return [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]
