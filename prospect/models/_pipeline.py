"""A scikit-learn pipeline that knows the weight of its rows and its own doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import _check_sample_weight

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray


class EvidencePipeline(Pipeline):
    """
    Steps "prepare" and "model" in one classifier, with a standard deviation.

    The last step must have `predict_with_std`. Made by `make_model`.

    Attributes
    ----------
    prior_ : float
        Share of deposits the probabilities refer to: that of the training rows, or one
        half if the model balances its classes. `predict_map` moves them from it to the
        prior per unit cell.
    """

    def fit(
        self,
        X: pd.DataFrame,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        **params: object,
    ) -> Self:
        """
        Fit both steps.

        Parameters
        ----------
        X : DataFrame, shape (n_rows, n_layers)
            NaN where evidence is missing.
        y : array, shape (n_rows,)
            1 deposit, 0 background.
        sample_weight : array, shape (n_rows,), optional
            Area each row stands for. Only its differences within deposits and within
            background matter: a deposit's own cell is no measure of its importance.
        **params
            Handed to the steps as in any pipeline.

        Returns
        -------
        EvidencePipeline

        Raises
        ------
        ValueError
            If y does not hold both classes.
        """
        y = np.asarray(y)
        classes, index = np.unique(y, return_inverse=True)
        if classes.size != 2:
            raise ValueError(
                f"y must hold two classes, background and deposits; it holds "
                f"{classes.tolist()[:5]}"
            )
        weight = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
        mean = np.bincount(index, weights=weight) / np.bincount(index)
        if not (mean > 0).all():
            raise ValueError("sample_weight is 0 for all rows of a class")
        super().fit(X, y, model__sample_weight=weight / mean[index], **params)
        balanced = self[-1].get_params().get("class_weight") is not None
        self.prior_ = 0.5 if balanced else float(index.mean())
        return self

    def predict_with_std(
        self, X: pd.DataFrame
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Probability of a deposit and its standard deviation, in one pass.

        Parameters
        ----------
        X : DataFrame, shape (n_rows, n_layers)

        Returns
        -------
        probability, std : array, shape (n_rows,)
            At the prior `prior_`.
        """
        return self[-1].predict_with_std(self[:-1].transform(X))

    def predict_std(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """
        Standard deviation of the probability of a deposit.

        Parameters
        ----------
        X : DataFrame, shape (n_rows, n_layers)

        Returns
        -------
        array, shape (n_rows,)
        """
        return self.predict_with_std(X)[1]
