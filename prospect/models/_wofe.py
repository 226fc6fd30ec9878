"""Weights of evidence as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

from ._coding import code_layer, find_classes, missing_variance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from ._weights import Direction


class WeightsOfEvidence(ClassifierMixin, BaseEstimator):
    """
    Posterior probability of a deposit per unit cell from weights of evidence.

    Continuous layers are cut into classes of equal area, categorical ones keep theirs.
    Missing evidence and classes never seen weigh nothing, and their doubt is part of
    the standard deviation.

    Parameters
    ----------
    directions : str or mapping of column to str, optional
        "unique", "categorical", "ascending" (low values favourable) or "descending";
        one for all or one a column. By default categorical columns are "categorical",
        all others "unique".
    categorical : sequence of str or int
        Columns that hold class codes.
    n_classes : int
        Classes a continuous column is cut into.
    confidence : float
        Smallest studentised contrast with which a cut counts, or with which a class of
        a "categorical" layer stands by itself.
    smoothing : float
        Deposits added to each pattern, with the ground that so many have on average.
        It draws the weights of small classes to 0 and gives a class without deposits a
        weight below 0 in keeping with its area. 0 gives the weights of `weights_table`.

    Attributes
    ----------
    weights_ : dict of str to DataFrame
        Table of weights of each layer, columns as in `weights_table`.
    prior_ : float
        Deposits per unit cell.
    n_deposits_, area_units_ : float
        What the prior is made of.

    References
    ----------
    Bonham-Carter, G. F., Agterberg, F. P. & Wright, D. F. (1989). Weights of evidence
    modelling: a new approach to mapping mineral potential. GSC Paper 89-9, 171-183.

    Agterberg, F. P., Bonham-Carter, G. F. & Wright, D. F. (1990). Statistical pattern
    integration for mineral exploration. In: Computer Applications in Resource
    Estimation, Pergamon, 1-21.

    Examples
    --------
    >>> X = pd.DataFrame({"fault_km": [1.0, 1, 1, 9, 9, 9, 9, 9]})
    >>> y = [1, 1, 0, 1, 0, 0, 0, 0]
    >>> model = WeightsOfEvidence(smoothing=0).fit(X, y)
    >>> table = model.weights_["fault_km"]
    >>> table[["class", "n_deposits", "w_plus", "w_minus"]].round(3)
       class  n_deposits  w_plus  w_minus
    0    1.0         2.0   1.204   -0.875
    1    2.0         1.0  -0.875    1.204
    >>> new = pd.DataFrame({"fault_km": [1.0, np.nan]})
    >>> model.predict_proba(new)[:, 1].round(3)
    array([0.667, 0.375])
    """

    def __init__(
        self,
        *,
        directions: Direction | Mapping[str, Direction] | None = None,
        categorical: Sequence[str | int] = (),
        n_classes: int = 10,
        confidence: float = 2.0,
        smoothing: float = 0.5,
    ) -> None:
        self.directions = directions
        self.categorical = categorical
        self.n_classes = n_classes
        self.confidence = confidence
        self.smoothing = smoothing

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """
        Count deposits and area of each class and weigh them.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_layers)
            NaN where evidence is missing.
        y : array, shape (n_rows,)
            Two classes; the higher one is the deposits.
        sample_weight : array, shape (n_rows,), optional
            Area in unit cells each row stands for; 1 by default. A deposit counts as
            one whatever its area. Rows with 0 are left out.

        Returns
        -------
        WeightsOfEvidence

        Raises
        ------
        ValueError
            If y has not two classes, deposits outnumber the unit cells, or a column or
            direction named is unknown.
        """
        X, deposit, area = self._check(X, y, sample_weight)
        self.n_deposits_ = float(deposit.sum())
        self.area_units_ = float(area.sum())
        if self.n_deposits_ >= self.area_units_:
            raise ValueError(
                f"{self.n_deposits_:g} deposits on {self.area_units_:g} unit cells: "
                "sample_weight must be the area in unit cells and exceed the deposits; "
                "take a smaller unit_cell_area"
            )
        self.prior_ = self.n_deposits_ / self.area_units_
        self.weights_: dict[str, pd.DataFrame] = {}
        self.layers_: list[dict[str, Any]] = []
        categorical, directions = self._plan()
        for name, column in zip(self._names(), X.T, strict=True):
            table, coded = code_layer(
                column,
                deposit,
                area,
                direction=directions[name],
                categorical=name in categorical,
                n_classes=self.n_classes,
                confidence=self.confidence,
                smoothing=self.smoothing,
            )
            self.weights_[name] = table
            self.layers_.append(coded)
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """
        Logit of the posterior probability.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_layers)

        Returns
        -------
        array, shape (n_rows,)
        """
        return self._logit(self._find(X))

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """
        Posterior probability per unit cell.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_layers)

        Returns
        -------
        array, shape (n_rows, 2)
            Of background and of deposit; rows sum to 1.
        """
        posterior = expit(self.decision_function(X))
        return np.column_stack([1 - posterior, posterior])

    def predict(self, X: ArrayLike) -> NDArray:
        """
        The likelier class; with rare deposits that is nearly always the background.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_layers)

        Returns
        -------
        array, shape (n_rows,)
        """
        chosen = (self.decision_function(X) > 0).astype(int)
        return self.classes_[chosen]

    def predict_std(self, X: ArrayLike) -> NDArray[np.float64]:
        """
        Standard deviation of the posterior probability.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_layers)

        Returns
        -------
        array, shape (n_rows,)
            Square root of the total of `variance_parts`.
        """
        return self.predict_with_std(X)[1]

    def predict_with_std(
        self, X: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Posterior probability and its standard deviation, in one pass.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_layers)

        Returns
        -------
        probability, std : array, shape (n_rows,)
        """
        found = self._find(X)
        posterior, parts = self._variances(found)
        return posterior, np.sqrt(sum(parts.values()))

    def variance_parts(self, X: ArrayLike) -> pd.DataFrame:
        """
        Variance of the posterior probability, by where it comes from.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_layers)

        Returns
        -------
        DataFrame, shape (n_rows, 4)
            `prior` (number of deposits), `weights`, `missing` (evidence not known:
            spread of the posterior over the classes it may have) and their `total`.
        """
        _, parts = self._variances(self._find(X))
        table = pd.DataFrame(parts, index=getattr(X, "index", None))
        return table.assign(total=table.sum(axis="columns"))

    def contributions(self, X: ArrayLike) -> pd.DataFrame:
        """
        Weight each layer adds to the logit of the prior.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_layers)

        Returns
        -------
        DataFrame, shape (n_rows, n_layers)
            Positive speaks for a deposit, negative against, 0 is silent or missing.
        """
        columns = {
            name: coded["weight"][column]
            for name, coded, column in self._by_layer(self._find(X))
        }
        return pd.DataFrame(columns, index=getattr(X, "index", None))

    def missing(self, X: ArrayLike) -> pd.DataFrame:
        """
        Where a layer says nothing: evidence missing, or of a class never seen.

        Parameters
        ----------
        X : DataFrame or array, shape (n_rows, n_layers)

        Returns
        -------
        DataFrame of bool, shape (n_rows, n_layers)
        """
        columns = {n: found < 0 for n, _, found in self._by_layer(self._find(X))}
        return pd.DataFrame(columns, index=getattr(X, "index", None))

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        if "weights_" not in state:
            return state
        plain = {
            name: {column: table[column].to_numpy() for column in table}
            for name, table in self.weights_.items()
        }
        return state | {"weights_": plain}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "weights_" in state:
            tables = state["weights_"].items()
            state = state | {"weights_": {n: pd.DataFrame(t) for n, t in tables}}
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    def _check(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[NDArray, NDArray[np.bool_], NDArray]:
        X, y = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=np.float64
        )
        check_classification_targets(y)
        area = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        used = area > 0
        X, y, area = X[used], y[used], area[used]
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind != "binary":
            raise ValueError(
                "Only binary classification is supported. The type of the target is "
                f"{kind}."
            )
        self.classes_, index = np.unique(y, return_inverse=True)
        if self.classes_.size < 2:
            raise ValueError(
                f"the classifier needs deposits and background; y holds one class, "
                f"{self.classes_.tolist()}"
            )
        return X, index == 1, area

    def _names(self) -> list[str]:
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            return [f"x{i}" for i in range(self.n_features_in_)]
        return [str(name) for name in names]

    def _plan(self) -> tuple[set[str], dict[str, Direction]]:
        """Which columns are categorical, and the direction of each."""
        names = self._names()
        categorical = {
            names[name] if isinstance(name, int) else name for name in self.categorical
        }
        given = self.directions
        if given is None or isinstance(given, Mapping):
            named = {name: way for name, way in (given or {}).items() if way}
        else:
            named = dict.fromkeys(names, given)
        unknown = sorted((categorical | set(named)) - set(names))
        if unknown:
            raise ValueError(f"no such columns: {unknown}; X has {names}")
        default = {n: "categorical" if n in categorical else "unique" for n in names}
        return categorical, default | named

    def _find(self, X: ArrayLike) -> NDArray[np.intp]:
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=np.float64
        )
        found = np.empty(X.shape[::-1], dtype=np.intp)
        for row, coded, column in zip(found, self.layers_, X.T, strict=True):
            row[:] = find_classes(coded, column)
        return found

    def _by_layer(self, found: NDArray[np.intp]) -> Iterable[tuple]:
        return zip(self._names(), self.layers_, found, strict=True)

    def _logit(self, found: NDArray[np.intp]) -> NDArray[np.float64]:
        logit = np.full(found.shape[1], np.log(self.prior_ / (1 - self.prior_)))
        for _, coded, column in self._by_layer(found):
            logit += coded["weight"][column]
        return logit

    def _variances(
        self, found: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        logit = self._logit(found)
        posterior = expit(logit)
        ground = self.area_units_ - self.n_deposits_
        of_weights, missing = np.zeros_like(logit), np.zeros_like(logit)
        for _, coded, column in self._by_layer(found):
            of_weights += coded["s_weight"][column] ** 2
            gap = column < 0
            if gap.any():
                missing[gap] += missing_variance(coded, logit[gap], posterior[gap])
        # ArcSDM multiplies by the posterior alone, the limit for rare deposits.
        slope = (posterior * (1 - posterior)) ** 2
        parts = {
            "prior": slope * (1 / self.n_deposits_ + 1 / ground),
            "weights": slope * of_weights,
            "missing": missing,
        }
        return posterior, parts
