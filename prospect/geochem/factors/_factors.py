"""Robust factor analysis of compositions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from ..._note import Note
from ._multivariate import contrast_matrix, fixed_signs
from ._robust import LogRatioModel
from ._rotation import (
    SMALLEST,
    Rotation,
    likely_factors,
    principal_factors,
    promax,
    varimax,
)
from ._scatter import MAX_ROWS, Search, scatter_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.random import RandomState
    from numpy.typing import ArrayLike, NDArray

    from ._rotation import Extraction

METHODS = ("principal", "ml")
ROTATIONS = ("varimax", "promax", "none")


class RobustFactors(LogRatioModel):
    """
    Factor analysis of a composition on its robust covariance.

    Correlations of centred log-ratios come from the minimum covariance determinant of
    isometric ones. They have one dimension less than there are analytes, so
    communalities start at the largest correlation, not at a multiple one, and the
    likelihood is that of the model, which needs no inverse of the correlations.

    Parameters
    ----------
    n_factors : int
        Number of factors.
    columns : sequence of str, optional
        Analytes of the table; by default all columns named by symbol and unit.
    method : {"principal", "ml"}
        Iterated principal factors, or maximum likelihood.
    rotation : {"varimax", "promax", "none"}
        Orthogonal with Kaiser's normalisation, oblique (power 4), or none.
    robust : bool
        False takes the classical covariance.
    censored : {"refuse", "limit"}
        Values below detection that are not imputed are refused, or taken at the limit
        and counted.
    max_rows : int
        Larger tables are searched for outliers on so many rows drawn at random.
    random_state : int, RandomState or None
        Seed of the search.

    Attributes
    ----------
    loadings_ : DataFrame, shape (n_analytes, n_factors)
        Pattern loadings on analytes of unit variance; factors by falling variance,
        the largest entry of each positive.
    structure_ : DataFrame, shape (n_analytes, n_factors)
        Correlation of analytes and factors; equal to the loadings unless oblique.
    uniquenesses_ : Series
        Share of the variance of each analyte that no factor explains.
    factor_correlation_ : DataFrame, shape (n_factors, n_factors)
        Unit matrix unless the rotation is oblique.
    explained_variance_ratio_ : array, shape (n_factors,)
        Share of the variance of all analytes.
    center_, scale_ : array, shape (n_analytes,)
        Robust centre and standard deviation of the clr.
    correlation_ : DataFrame, shape (n_analytes, n_analytes)
        Robust correlation of the clr; its rank is n_analytes - 1.
    heywood_ : list of str
        Analytes whose uniqueness stands at its lower bound of 0.005: doubt the fit.
    n_iter_, converged_ : int, bool
        Of the extraction.
    notes_ : list
        What to know before use.
    analytes_ : list of str
        The analytes.
    ratios_attrs_ : dict
        Share of censored and imputed values of the table fitted.

    References
    ----------
    Filzmoser, P., Hron, K., Reimann, C. & Garrett, R. (2009). Robust factor analysis
    for compositional data. Computers & Geosciences 35, 1854-1861.

    Kaiser, H. F. (1958). The varimax criterion for analytic rotation in factor
    analysis. Psychometrika 23, 187-200.

    Hendrickson, A. E. & White, P. O. (1964). Promax: a quick method for rotation to
    oblique simple structure. British Journal of Statistical Psychology 17, 65-70.

    Joreskog, K. G. (1967). Some contributions to maximum likelihood factor analysis.
    Psychometrika 32, 443-482.

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> ore, sea = random.normal(size=(2, 300))
    >>> contents = {"Cu_ppm": ore, "Ni_ppm": ore, "Co_ppm": ore, "Na_ppm": sea,
    ...     "Mg_ppm": sea, "Sr_ppm": sea, "Ba_ppm": 0 * sea, "Pb_ppm": 0 * sea}
    >>> table = np.exp(pd.DataFrame(contents) + random.normal(size=(300, 8)) / 2)
    >>> model = RobustFactors(n_factors=2, random_state=0).fit(table)
    >>> print(model.loadings_.loc[["Cu_ppm", "Na_ppm"]].abs().round(1))
             F1   F2
    Cu_ppm  0.8  0.2
    Na_ppm  0.8  0.2
    """

    prefix = "F"

    def __init__(
        self,
        *,
        n_factors: int = 2,
        columns: Sequence[str] | None = None,
        method: str = "principal",
        rotation: str = "varimax",
        robust: bool = True,
        censored: str = "refuse",
        max_rows: int = MAX_ROWS,
        random_state: int | RandomState | None = None,
    ) -> None:
        self.n_factors = n_factors
        self.columns = columns
        self.method = method
        self.rotation = rotation
        self.robust = robust
        self.censored = censored
        self.max_rows = max_rows
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:  # noqa: ARG002
        """
        Find the factors.

        Parameters
        ----------
        X : DataFrame or array, shape (n_samples, n_analytes)
            Contents; positive, complete, values below detection imputed.
        y : ignored

        Returns
        -------
        RobustFactors

        Raises
        ------
        DataProblems
            Values that are missing, zero, negative, or below detection and not
            imputed, by column.
        ValueError
            If an option is unknown, there are too few samples, or more factors than
            the analytes can tell apart.
        """
        self._check_options()
        ratios = self._ratios(X, reset=True)
        self._check_count(len(ratios.names))
        search = Search(self.robust, None, self.max_rows, self.random_state)
        found = scatter_of(ratios.coordinates, search, names=ratios.names)
        basis = contrast_matrix(len(ratios.names))
        covariance = basis @ found.covariance @ basis.T
        self.scale_ = np.sqrt(np.diag(covariance))
        if not (self.scale_ > 0).all():
            flat = [n for n, s in zip(ratios.names, self.scale_, strict=True) if not s]
            raise ValueError(
                f"{', '.join(flat)} never vary against the other analytes: leave them "
                "out."
            )
        correlation = covariance / np.outer(self.scale_, self.scale_)
        fit = principal_factors if self.method == "principal" else likely_factors
        extraction = fit(correlation, self.n_factors)
        self.center_ = basis @ found.location
        self.support_ = found.support
        self.analytes_ = list(ratios.names)
        self.ratios_attrs_ = ratios.attrs
        self._name(
            _rotated(extraction.loadings, self.rotation), extraction, correlation
        )
        return self

    def transform(self, X: ArrayLike) -> ArrayLike:
        """
        Factor scores of samples, by regression.

        Parameters
        ----------
        X : DataFrame or array, shape (n_samples, n_analytes)
            Contents of the same analytes; other columns do not matter.

        Returns
        -------
        DataFrame or array, shape (n_samples, n_factors)
            Columns F1, F2, …; in standard deviations of a factor, drawn to 0 by what
            the analytes leave in doubt. For a table ``attrs`` carry censored_share
            and imputed_share (of its values), their counts, parts and notes.

        References
        ----------
        Thomson, G. H. (1951). The Factorial Analysis of Human Ability, 5th ed.
        """
        check_is_fitted(self)
        ratios = self._ratios(X, reset=False)
        loadings, unique = self.loadings_.to_numpy(), self.uniquenesses_.to_numpy()
        spread = self.factor_correlation_.to_numpy()
        model = loadings @ spread @ loadings.T + np.diag(unique)
        weights = np.linalg.solve(model, loadings @ spread)
        scores = (ratios.clr - self.center_) / self.scale_ @ weights
        return self._told(scores, X, ratios)

    def _check_options(self) -> None:
        for name, allowed in (("method", METHODS), ("rotation", ROTATIONS)):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} must be one of {list(allowed)}. Got "
                    f"{getattr(self, name)!r} instead."
                )

    def _check_count(self, p: int) -> None:
        most = max(n for n in range(p) if (p - n) ** 2 >= p + n)
        if not 1 <= self.n_factors <= most:
            raise ValueError(
                f"n_factors={self.n_factors}: {p} analytes can tell 1 to {most} "
                "factors apart. Ask for fewer factors or give more analytes."
            )

    def _name(
        self, rotation: Rotation, extraction: Extraction, correlation: NDArray
    ) -> None:
        """Order and sign the factors, and put names on everything."""
        turned, spread = rotation
        spread = np.eye(self.n_factors) if spread is None else spread
        order = np.argsort(-((turned @ spread) * turned).sum(axis=0), kind="stable")
        turned, spread = turned[:, order], spread[np.ix_(order, order)]
        signed = fixed_signs(turned.T).T
        flips = np.where((signed * turned).sum(axis=0) < 0, -1.0, 1.0)
        spread = spread * np.outer(flips, flips)
        names, analytes = [f"F{i + 1}" for i in range(self.n_factors)], self.analytes_
        self.components_ = signed.T
        self.loadings_ = pd.DataFrame(signed, index=analytes, columns=names)
        self.structure_ = pd.DataFrame(signed @ spread, index=analytes, columns=names)
        self.factor_correlation_ = pd.DataFrame(spread, index=names, columns=names)
        self.uniquenesses_ = pd.Series(
            extraction.uniqueness, index=analytes, name="uniqueness"
        )
        share = ((signed @ spread) * signed).sum(axis=0) / len(analytes)
        self.explained_variance_ratio_ = share
        self.correlation_ = pd.DataFrame(correlation, index=analytes, columns=analytes)
        at_bound = extraction.uniqueness <= SMALLEST * (1 + 1e-6)
        self.heywood_ = [a for a, b in zip(analytes, at_bound, strict=True) if b]
        self.n_iter_, self.converged_ = extraction.n_iter, extraction.converged
        self.notes_ = list(self.ratios_attrs_["notes"])
        if self.heywood_:
            self.notes_.append(Note("factor_heywood", analytes=self.heywood_))
        if not self.converged_:
            self.notes_.append(Note("factor_unsettled", n=self.n_iter_))


def _rotated(loadings: NDArray[np.float64], rotation: str) -> Rotation:
    if rotation == "none" or loadings.shape[1] == 1:
        return Rotation(loadings, None)
    turned, _ = varimax(loadings)
    return promax(turned) if rotation == "promax" else Rotation(turned, None)
