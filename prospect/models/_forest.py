"""Random forest that predicts through its packed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.ensemble import RandomForestClassifier
from sklearn.utils.validation import check_is_fitted

from ._compiled import CompiledForest

if TYPE_CHECKING:
    from typing import Any, Self

    import numpy as np
    from numpy.typing import ArrayLike, NDArray


class ForestClassifier(RandomForestClassifier):
    """
    `sklearn.ensemble.RandomForestClassifier` with fast prediction and a spread.

    Forests of two classes predict through `CompiledForest`, which gives the same
    probabilities; others as in scikit-learn.
    """

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """
        Grow the trees.

        Parameters
        ----------
        X : array, shape (n_rows, n_features)
            NaN where missing.
        y : array, shape (n_rows,)
        sample_weight : array, shape (n_rows,), optional

        Returns
        -------
        ForestClassifier
        """
        self._packed = None
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """
        Mean share of deposits in the leaves.

        Parameters
        ----------
        X : array, shape (n_rows, n_features)

        Returns
        -------
        array, shape (n_rows, n_classes)
        """
        check_is_fitted(self)
        if self.n_outputs_ > 1 or self.n_classes_ != 2:
            return super().predict_proba(X)
        X = self._validate_X_predict(X)
        if hasattr(X, "toarray"):
            return super().predict_proba(X)
        return self.compiled.predict_proba(X, n_jobs=self.n_jobs or 1)

    def predict_with_std(
        self, X: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Probability of the second class and its standard deviation between trees.

        Parameters
        ----------
        X : array, shape (n_rows, n_features)

        Returns
        -------
        probability, std : array, shape (n_rows,)
        """
        check_is_fitted(self)
        return self.compiled.predict_with_std(self._validate_X_predict(X))

    @property
    def compiled(self) -> CompiledForest:
        """Packed form, made at the first use."""
        if getattr(self, "_packed", None) is None:
            self._packed = CompiledForest.from_forest(self)
        return self._packed

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_packed": None}
