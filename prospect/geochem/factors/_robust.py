"""Robust principal components of compositions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ._multivariate import Ratios, centred_ratios, contrast_matrix, fixed_signs
from ._scatter import MAX_ROWS, Search, scatter_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.random import RandomState
    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags


class LogRatioModel(TransformerMixin, BaseEstimator):
    """What estimators on centred log-ratios share: reading tables, naming columns."""

    columns: Sequence[str] | None
    censored: str
    prefix = "PC"

    def _ratios(self, X: ArrayLike, *, reset: bool) -> Ratios:
        """Centred log-ratios of a table or array, checked."""
        if not isinstance(X, pd.DataFrame):
            least = 2 if reset else 1
            X = validate_data(
                self, X, reset=reset, dtype=np.float64, ensure_min_features=least
            )
            X = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
            return centred_ratios(X, list(X), censored=self.censored)
        columns = self.columns
        if not reset:
            columns = getattr(self, "feature_names_in_", None)
            if columns is not None and not set(columns) <= set(X.columns):
                columns = self.columns
        ratios = centred_ratios(X, columns, censored=self.censored)
        validate_data(self, X[ratios.names], reset=reset, skip_check_array=True)
        return ratios

    def _told(self, scores: NDArray, X: ArrayLike, ratios: Ratios) -> ArrayLike:
        """Scores as a table for a table, as an array for an array."""
        if not isinstance(X, pd.DataFrame):
            return scores
        names = self.get_feature_names_out()
        out = pd.DataFrame(scores, index=ratios.index, columns=list(names))
        out.attrs = ratios.attrs | {"robust": bool(self.robust)}
        return out

    def get_feature_names_out(self, input_features: ArrayLike = None) -> NDArray:  # noqa: ARG002
        """
        Names of the scores.

        Parameters
        ----------
        input_features : ignored

        Returns
        -------
        array of str
        """
        check_is_fitted(self)
        n = len(self.components_)
        return np.asarray([f"{self.prefix}{i + 1}" for i in range(n)], dtype=object)

    def __sklearn_tags__(self) -> Tags:
        """Say that values must be positive."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags


class RobustPCA(LogRatioModel):
    """
    Principal components of a composition that outliers do not turn.

    Isometric log-ratios, their minimum covariance determinant, its eigenvectors, and
    back: loadings and scores are in centred log-ratios, where each analyte has its
    own. Analytes may have different units: a factor moves the centre only.

    Parameters
    ----------
    n_components : int, optional
        Components to keep; by default all, one less than there are analytes (the
        rank of a composition).
    columns : sequence of str, optional
        Analytes of the table; by default all columns named by symbol and unit.
    robust : bool
        False takes the classical covariance: the PCA of centred log-ratios.
    censored : {"refuse", "limit"}
        Values below detection that are not imputed are refused, or taken at the limit
        and counted.
    support_fraction : float, optional
        Share of the rows the determinant is minimised over, 0.5 to 1; by default the
        most robust choice, about half.
    max_rows : int
        Larger tables are searched for outliers on so many rows drawn at random; all
        rows then count in the reweighted estimate.
    random_state : int, RandomState or None
        Seed of the search.

    Attributes
    ----------
    components_ : array, shape (n_components, n_analytes)
        Eigenvectors as clr; rows have length 1 and sum to 0, the entry of largest size
        is positive.
    loadings_ : DataFrame, shape (n_analytes, n_components)
        Components times the root of their variance, by analyte.
    explained_variance_, explained_variance_ratio_ : array, shape (n_components,)
        Eigenvalues, and their share of the total robust variance.
    center_ : array, shape (n_analytes,)
        Robust centre, clr in the common unit of the analytes.
    covariance_ : array, shape (n_analytes, n_analytes)
        Of the clr; its rank is `rank_`.
    rank_ : int
        Number of analytes less 1.
    support_ : array of bool, shape (n_samples,)
        Rows the estimate rests on.
    n_search_ : int
        Rows the search for outliers looked at.
    analytes_ : list of str
        The analytes, in the order of the arrays.
    ratios_attrs_ : dict
        Share of censored and imputed values of the table fitted.

    References
    ----------
    Filzmoser, P., Hron, K. & Reimann, C. (2009). Principal component analysis for
    compositional data with outliers. Environmetrics 20, 621-632.

    Rousseeuw, P. J. & Van Driessen, K. (1999). A fast algorithm for the minimum
    covariance determinant estimator. Technometrics 41, 212-223.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> ore, clay = random.normal(size=(2, 200))
    >>> table = pd.DataFrame({"Cu_ppm": np.exp(3 + ore), "Zn_ppm": np.exp(4 + ore),
    ...     "Al_pct": np.exp(1 + 0.3 * clay), "Ti_pct": np.exp(-1 + 0.3 * clay)})
    >>> table *= np.exp(0.1 * random.normal(size=table.shape))
    >>> model = RobustPCA(n_components=2, random_state=0).fit(table)
    >>> print((model.explained_variance_ratio_ > 0.9).tolist(), model.rank_)
    [True, False] 3
    >>> print(model.loadings_["PC1"].round(1).to_dict())
    {'Cu_ppm': 0.5, 'Zn_ppm': 0.5, 'Al_pct': -0.5, 'Ti_pct': -0.5}
    """

    def __init__(
        self,
        *,
        n_components: int | None = None,
        columns: Sequence[str] | None = None,
        robust: bool = True,
        censored: str = "refuse",
        support_fraction: float | None = None,
        max_rows: int = MAX_ROWS,
        random_state: int | RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.columns = columns
        self.robust = robust
        self.censored = censored
        self.support_fraction = support_fraction
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:  # noqa: ARG002
        """
        Find the components.

        Parameters
        ----------
        X : DataFrame or array, shape (n_samples, n_analytes)
            Contents; positive, complete, values below detection imputed.
        y : ignored

        Returns
        -------
        RobustPCA

        Raises
        ------
        DataProblems
            Values that are missing, zero, negative, or below detection and not
            imputed, by column.
        ValueError
            If there are too few samples or more components than the rank.
        """
        ratios = self._ratios(X, reset=True)
        rank = len(ratios.names) - 1
        n = rank if self.n_components is None else self.n_components
        if not 1 <= n <= rank:
            raise ValueError(
                f"n_components={n}: {rank + 1} analytes of a composition have "
                f"{rank} components. Ask for 1 to {rank}."
            )
        search = Search(
            self.robust, self.support_fraction, self.max_rows, self.random_state
        )
        found = scatter_of(ratios.coordinates, search, names=ratios.names)
        basis = contrast_matrix(rank + 1)
        sizes, vectors = np.linalg.eigh(found.covariance)
        order = np.argsort(-sizes, kind="stable")
        sizes = np.maximum(sizes[order], 0)
        total = sizes.sum()
        self.components_ = fixed_signs((basis @ vectors[:, order]).T)[:n]
        self.explained_variance_ = sizes[:n]
        share = sizes / total if total > 0 else np.zeros_like(sizes)
        self.explained_variance_ratio_ = share[:n]
        self.center_ = basis @ found.location
        self.covariance_ = basis @ found.covariance @ basis.T
        self.rank_ = rank
        self.support_ = found.support
        self.n_search_ = found.n_rows
        self.analytes_ = list(ratios.names)
        self.ratios_attrs_ = ratios.attrs
        scaled = self.components_ * np.sqrt(self.explained_variance_)[:, None]
        names = self.get_feature_names_out()
        self.loadings_ = pd.DataFrame(scaled.T, index=self.analytes_, columns=names)
        return self

    def transform(self, X: ArrayLike) -> ArrayLike:
        """
        Scores of samples.

        Parameters
        ----------
        X : DataFrame or array, shape (n_samples, n_analytes)
            Contents of the same analytes; other columns do not matter.

        Returns
        -------
        DataFrame or array, shape (n_samples, n_components)
            Columns PC1, PC2, …; in units of the natural logarithm. For a table
            ``attrs`` carry censored_share and imputed_share (of its values), their
            counts, parts and notes.
        """
        check_is_fitted(self)
        ratios = self._ratios(X, reset=False)
        scores = (ratios.clr - self.center_) @ self.components_.T
        return self._told(scores, X, ratios)
