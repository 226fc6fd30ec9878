"""Gradient boosting, several times over, so that its doubt shows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    validate_data,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags


# Share of the rows of each class a member sees, drawn without replacement.
SUBSAMPLE = 0.8
REFUSED = {"deterministic", "is_unbalance", "num_threads", "objective", "seed"}
REFUSED |= {"scale_pos_weight", "verbose"}


class BoostedEnsemble(ClassifierMixin, BaseEstimator):
    """
    Mean of LightGBM models, each grown on its own part of the rows.

    Parameters
    ----------
    n_members : int
        Models; the standard deviation is theirs.
    n_estimators, num_leaves : int
        Rounds of each member, leaves of a tree.
    learning_rate : float
        As in LightGBM.
    settings : mapping, optional
        Other parameters of LightGBM by name.
    categorical : sequence of int
        Columns that hold class codes 0, 1, 2, ...; NaN is missing.
    random_state : int, RandomState or None
        Seed of the parts drawn.
    n_jobs : int
        Members grown at a time, each on one thread: tables of this size are too small
        to share one tree between threads. The result does not depend on it.

    Attributes
    ----------
    texts_ : list of str
        The members in LightGBM's text format.
    classes_, n_features_in_
        As in any scikit-learn classifier.

    References
    ----------
    Ke, G. et al. (2017). LightGBM: a highly efficient gradient boosting decision tree.
    Advances in Neural Information Processing Systems 30.
    """

    def __init__(
        self,
        *,
        n_members: int = 5,
        n_estimators: int = 150,
        num_leaves: int = 15,
        learning_rate: float = 0.05,
        settings: Mapping[str, Any] | None = None,
        categorical: Sequence[int] = (),
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int = 1,
    ) -> None:
        self.n_members = n_members
        self.n_estimators = n_estimators
        self.num_leaves = num_leaves
        self.learning_rate = learning_rate
        self.settings = settings
        self.categorical = categorical
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """
        Grow the members.

        Parameters
        ----------
        X : array, shape (n_rows, n_features)
            NaN where missing.
        y : array, shape (n_rows,)
            Two classes.
        sample_weight : array, shape (n_rows,), optional

        Returns
        -------
        BoostedEnsemble

        Raises
        ------
        ValueError
            If y has not two classes or a setting is out of range.
        """
        X, y = validate_data(
            self, X, y, ensure_all_finite="allow-nan", dtype=np.float64
        )
        check_classification_targets(y)
        self.classes_, index = np.unique(y, return_inverse=True)
        if self.classes_.size != 2:
            raise ValueError(
                "Only binary classification is supported: the classifier needs two "
                f"classes; y holds {self.classes_.size} class(es)"
            )
        if self.n_members < 1:
            raise ValueError(f"n_members must be 1 or more; got {self.n_members}")
        refused = sorted(REFUSED & set(self.settings or {}))
        if refused:
            raise ValueError(
                f"settings {refused} are not for here: they would change the prior the "
                "probabilities refer to, or the repeatability"
            )
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        random = check_random_state(self.random_state)
        parts = [
            (self._part(index, random), _seed(random)) for _ in range(self.n_members)
        ]
        with ThreadPoolExecutor(max(1, self.n_jobs)) as pool:
            grown = pool.map(lambda part: self._grow(X, index, weight, *part), parts)
            self.texts_ = list(grown)
        self._boosters = None
        self._members()
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """
        Mean probability of the members.

        Parameters
        ----------
        X : array, shape (n_rows, n_features)

        Returns
        -------
        array, shape (n_rows, 2)
        """
        mean = self._predict(X).mean(axis=0)
        return np.column_stack([1 - mean, mean])

    def predict_with_std(
        self, X: ArrayLike
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """
        Mean and standard deviation of the members' probabilities.

        Parameters
        ----------
        X : array, shape (n_rows, n_features)

        Returns
        -------
        probability, std : array, shape (n_rows,)
        """
        members = self._predict(X)
        spread = members.std(axis=0, ddof=1) if len(members) > 1 else members[0] * 0
        return members.mean(axis=0), spread

    def predict(self, X: ArrayLike) -> NDArray:
        """
        The likelier class.

        Parameters
        ----------
        X : array, shape (n_rows, n_features)

        Returns
        -------
        array, shape (n_rows,)
        """
        chosen = (self.predict_proba(X)[:, 1] > 0.5).astype(int)
        return self.classes_[chosen]

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_boosters": None}

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags.multi_class = False
        return tags

    @staticmethod
    def _part(index: NDArray, random: np.random.RandomState) -> NDArray[np.intp]:
        """Rows of one member: the same share of each class."""
        classes = (np.flatnonzero(index == which) for which in (0, 1))
        drawn = [
            random.choice(
                rows, size=max(1, round(SUBSAMPLE * rows.size)), replace=False
            )
            for rows in classes
        ]
        return np.sort(np.concatenate(drawn))

    def _grow(
        self,
        X: NDArray,
        index: NDArray,
        weight: NDArray,
        rows: NDArray[np.intp],
        seed: int,
    ) -> str:
        import lightgbm

        data = lightgbm.Dataset(
            X[rows],
            index[rows],
            weight=weight[rows],
            categorical_feature=list(self.categorical),
            params={"verbose": -1, "num_threads": 1},
        )
        grown = lightgbm.train(self._params(seed), data, self.n_estimators)
        return grown.model_to_string()

    def _params(self, seed: int) -> dict[str, Any]:
        return {
            "objective": "binary",
            "num_leaves": self.num_leaves,
            "min_child_samples": 10,
            "learning_rate": self.learning_rate,
            "reg_lambda": 1.0,
            "min_data_per_group": 10,
            **(self.settings or {}),
            "seed": seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 1,
            "verbose": -1,
        }

    def _predict(self, X: ArrayLike) -> NDArray[np.float64]:
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, ensure_all_finite="allow-nan", dtype=np.float64
        )
        return np.array([b.predict(X, num_threads=1) for b in self._members()])

    def _members(self) -> list:
        import lightgbm

        if getattr(self, "_boosters", None) is None:
            self._boosters = [lightgbm.Booster(model_str=text) for text in self.texts_]
        return self._boosters


def _seed(random: np.random.RandomState) -> int:
    return int(random.randint(2**31 - 1))
