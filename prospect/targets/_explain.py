"""Which evidence speaks for a cell, and which against it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from survey import geobox_of

from .._stream import cells_of, read_cells

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray
    from shapely import Geometry
    from sklearn.base import ClassifierMixin

N_REFERENCE = 100
N_CELLS = 12
N_REASONS = 3
SMALLEST = 1e-3
AT_LEAST = 0.05


class Explanation(NamedTuple):
    """
    Targets with their reasons, and all contributions.

    Parameters
    ----------
    targets : GeoDataFrame
        The targets, with `evidence_for` and `evidence_against`.
    table : DataFrame
        `rank`, `layer`, `contribution` (log-odds), `value` (mean of the cells; the
        commonest class of a categorical layer), `n_cells`.
    """

    targets: gpd.GeoDataFrame
    table: pd.DataFrame


def explain_cells(
    model: ClassifierMixin,
    X_cells: pd.DataFrame,
    X_reference: pd.DataFrame,
    *,
    random_state: int,
) -> pd.DataFrame:
    """
    Contribution of each layer to the score of each cell, in log-odds.

    The log-odds of the cell minus the mean log-odds of the same cell with that layer
    replaced by what stands in reference cells: positive where the layer speaks for a
    deposit. Any model will do. In a model that adds up its layers the contribution is
    the layer's weight minus its mean over the reference; where layers work together,
    contributions need not add up to the score.

    Parameters
    ----------
    model : fitted classifier
        With `predict_proba` and class 1.
    X_cells : DataFrame, shape (n_cells, n_layers)
        Evidence at the cells, NaN is missing.
    X_reference : DataFrame, shape (n_reference, n_layers)
        Evidence to compare with, e.g. the background. More than 100 rows are thinned to
        100 at random.
    random_state : int
        Seed of the thinning.

    Returns
    -------
    DataFrame, shape (n_cells, n_layers)
        Index of `X_cells`. A probability below a thousandth of the reference's mean
        counts as that thousandth: a forest's 0 is no certainty (and likewise near 1).

    Raises
    ------
    ValueError
        If the layers differ or the reference is empty.

    References
    ----------
    Robnik-Šikonja, M. and Kononenko, I. (2008). Explaining classifications for
    individual instances. doi 10.1109/TKDE.2007.190734

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X = pd.DataFrame({"a": [0.0, 1.0, 0.0, 1.0], "b": [0.0, 0.0, 1.0, 1.0]})
    >>> model = LogisticRegression().fit(X, [0, 1, 0, 1])
    >>> found = explain_cells(model, X[:2], X, random_state=0)
    >>> (found / model.coef_).round(3).to_numpy().tolist()[1]
    [0.5, -0.5]
    """
    if list(X_cells.columns) != list(X_reference.columns) or len(X_reference) == 0:
        raise ValueError(
            f"the cells have layers {list(X_cells.columns)}, the {len(X_reference)} "
            f"reference rows {list(X_reference.columns)}: give the same layers in the "
            "same order and one reference row or more"
        )
    if len(X_reference) > N_REFERENCE:
        rng = np.random.default_rng(random_state)
        rows = rng.choice(len(X_reference), N_REFERENCE, replace=False)
        X_reference = X_reference.iloc[np.sort(rows)]
    floor = max(SMALLEST * _probability(model, X_reference).mean(), 1e-12)
    base = _log_odds(model, X_cells, floor)
    many = X_cells.iloc[np.repeat(np.arange(len(X_cells)), len(X_reference))]
    out = {}
    for layer in X_cells:
        other = np.tile(X_reference[layer].to_numpy(), len(X_cells))
        odds = _log_odds(model, many.assign(**{layer: other}), floor)
        out[layer] = base - odds.reshape(len(X_cells), -1).mean(axis=1)
    return pd.DataFrame(out, index=X_cells.index)


def explain_targets(
    targets: gpd.GeoDataFrame,
    model: ClassifierMixin,
    stack: xr.Dataset,
    reference: pd.DataFrame,
    *,
    random_state: int,
) -> Explanation:
    """
    Targets with the evidence that speaks for and against each.

    Explained are the best cell of each target and up to 11 more, drawn at random inside
    it; only their blocks are read. Contributions are averaged over the cells.

    Parameters
    ----------
    targets : GeoDataFrame
        Result of `delineate_targets`.
    model : fitted classifier
        The model behind the score.
    stack : Dataset
        The evidence behind the score.
    reference : DataFrame, shape (n_rows, n_layers)
        Evidence to compare with, e.g. the background rows of the training table.
    random_state : int
        Seed.

    Returns
    -------
    Explanation
        `targets` with `evidence_for` and `evidence_against`, up to three layers each,
        largest contribution first, such as "fault_distance (+1.3), magnetics (+0.4)";
        and the long `table`.

    See Also
    --------
    explain_cells : What a contribution is.

    Examples
    --------
    >>> import xarray as xr
    >>> from odc.geo.geobox import GeoBox
    >>> from odc.geo.xr import wrap_xr
    >>> from sklearn.linear_model import LogisticRegression
    >>> from prospect.targets import delineate_targets
    >>> box = GeoBox.from_bbox((0, 0, 4000, 1000), "EPSG:32654", resolution=1000)
    >>> stack = wrap_xr(np.array([[9.0, 1.0, 0.0, 2.0]]), box).to_dataset(name="iron")
    >>> X = pd.DataFrame({"iron": [0.0, 1.0, 8.0, 9.0]})
    >>> model = LogisticRegression().fit(X, [0, 0, 1, 1])
    >>> targets = delineate_targets(stack["iron"], threshold=5)
    >>> found = explain_targets(targets, model, stack, X, random_state=0)
    >>> found.targets["evidence_for"].tolist()
    ['iron (+3.4)']
    """
    if targets.empty:
        reasons = {"evidence_for": "", "evidence_against": ""}
        columns = ["rank", "layer", "contribution", "value", "n_cells"]
        return Explanation(targets.assign(**reasons), pd.DataFrame(columns=columns))
    box = geobox_of(stack)
    rng = np.random.default_rng(random_state)
    cells = [
        _cells_inside(box, shape, peak, rng)
        for shape, peak in zip(
            targets.geometry.to_crs(box.crs),
            targets[["easting", "northing"]].to_numpy(),
            strict=True,
        )
    ]
    home = np.repeat(targets["rank"].to_numpy(), [len(c) for c in cells])
    place = np.concatenate(cells)
    layers = list(reference.columns)
    values = read_cells([stack[name] for name in layers], *place.T)
    X = pd.DataFrame(values, columns=layers)
    X = X.where(np.isfinite(X))
    found = explain_cells(model, X, reference, random_state=random_state)
    table = _long_table(found, X, home, stack)
    reasons = table.groupby("rank")[["layer", "contribution"]].apply(_reasons)
    out = targets.merge(reasons, left_on="rank", right_index=True, how="left")
    out.attrs = dict(targets.attrs)
    return Explanation(out, table)


def _probability(model: ClassifierMixin, X: pd.DataFrame) -> NDArray[np.float64]:
    column = list(model.classes_).index(1)
    return np.asarray(model.predict_proba(X), dtype=float)[:, column]


def _log_odds(
    model: ClassifierMixin, X: pd.DataFrame, floor: float
) -> NDArray[np.float64]:
    p = np.clip(_probability(model, X), floor, 1 - floor)
    return np.log(p / (1 - p))


def _cells_inside(
    box: object, shape: Geometry, peak: NDArray, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the best cell and random ones inside the outline, each once."""
    import shapely

    west, south, east, north = shape.bounds
    tried = int(np.clip(4 * N_CELLS * shape.envelope.area / shape.area, 50, 20_000))
    x, y = rng.uniform(west, east, tried), rng.uniform(south, north, tried)
    inside = shapely.contains_xy(shape, x, y)
    x, y = np.append(peak[0], x[inside]), np.append(peak[1], y[inside])
    row, col, there = cells_of(box.affine, tuple(box.shape), x, y)
    cells = np.column_stack([row, col])[there]
    _, first = np.unique(cells, axis=0, return_index=True)
    return cells[np.sort(first)[:N_CELLS]]


def _long_table(
    found: pd.DataFrame, X: pd.DataFrame, home: NDArray, stack: xr.Dataset
) -> pd.DataFrame:
    parts = []
    for rank, rows in found.groupby(home, sort=False):
        values = X.loc[rows.index]
        usual = values.mean()
        for layer in X:
            if stack[layer].attrs.get("kind") == "categorical":
                usual[layer] = values[layer].mode().reindex([0]).iloc[0]
        columns = {"rank": rank, "layer": X.columns, "contribution": rows.mean()}
        columns |= {"value": usual, "n_cells": len(rows)}
        parts.append(pd.DataFrame(columns))
    if not parts:
        names = ["rank", "layer", "contribution", "value", "n_cells"]
        return pd.DataFrame(columns=names)
    return pd.concat(parts, ignore_index=True)


def _reasons(rows: pd.DataFrame) -> pd.Series:
    ordered = rows.sort_values("contribution", ascending=False, kind="stable")
    for_it = ordered[ordered["contribution"] >= AT_LEAST].head(N_REASONS)
    against = ordered[ordered["contribution"] <= -AT_LEAST][::-1].head(N_REASONS)
    return pd.Series(
        {"evidence_for": _in_words(for_it), "evidence_against": _in_words(against)}
    )


def _in_words(rows: pd.DataFrame) -> str:
    return ", ".join(
        f"{layer} ({contribution:+.1f})"
        for layer, contribution in zip(rows["layer"], rows["contribution"], strict=True)
    )
