"""Logistic regression that knows the covariance of its coefficients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray


class LogisticClassifier(LogisticRegression):
    """
    `sklearn.linear_model.LogisticRegression` with a standard deviation.

    Attributes
    ----------
    covariance_ : array, shape (n_features + 1, n_features + 1)
        Covariance of the coefficients, the intercept last: inverse of the penalised
        information matrix.
    """

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """
        Fit coefficients and their covariance.

        Parameters
        ----------
        X : array, shape (n_rows, n_features)
        y : array, shape (n_rows,)
        sample_weight : array, shape (n_rows,), optional

        Returns
        -------
        LogisticClassifier
        """
        super().fit(X, y, sample_weight)
        X = np.asarray(X, dtype=float)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if self.class_weight is not None:
            weight = weight * compute_sample_weight(self.class_weight, y)
        probability = self.predict_proba(X)[:, 1]
        design = np.column_stack([X, np.ones(len(X))])
        information = (design.T * (weight * probability * (1 - probability))) @ design
        penalty = np.full(design.shape[1], 1 / self.C)
        penalty[-1] = 0.0
        self.covariance_ = np.linalg.pinv(information + np.diag(penalty))
        return self

    def predict_with_std(
        self, X: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Probability of the second class, its standard deviation by the delta method.

        Parameters
        ----------
        X : array, shape (n_rows, n_features)

        Returns
        -------
        probability, std : array, shape (n_rows,)
        """
        check_is_fitted(self)
        X = np.asarray(X, dtype=float)
        probability = expit(X @ self.coef_[0] + self.intercept_[0])
        cross = X @ self.covariance_[:-1]
        variance = np.einsum("ij,ij->i", cross[:, :-1], X) + cross[:, -1]
        variance += X @ self.covariance_[-1, :-1] + self.covariance_[-1, -1]
        std = np.sqrt(np.maximum(variance, 0))
        return probability, probability * (1 - probability) * std
