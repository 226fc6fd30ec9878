"""Location and covariance that outliers do not move."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import chi2
from sklearn.covariance import MinCovDet
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

MAX_ROWS = 2000
_KEPT = 0.975


class Scatter(NamedTuple):
    """
    Location and covariance of coordinates.

    `support` marks the rows they rest on, `n_rows` is how many the search for outliers
    has looked at.
    """

    location: NDArray[np.float64]
    covariance: NDArray[np.float64]
    support: NDArray[np.bool_]
    n_rows: int


class Search(NamedTuple):
    """How location and covariance are to be estimated."""

    robust: bool = True
    support_fraction: float | None = None
    max_rows: int = MAX_ROWS
    random_state: Any = None


def scatter_of(
    coordinates: NDArray[np.float64], search: Search, *, names: list[str]
) -> Scatter:
    """
    Location and covariance of rows, robust or classical.

    The minimum covariance determinant is searched on at most `max_rows` rows drawn at
    random; then all rows within the 97.5 % quantile of chi-square are used once, and
    the covariance is made consistent for normal data.

    Raises
    ------
    ValueError
        If there are too few rows for the columns, or half of them lie in a subspace.
    """
    n, p = coordinates.shape
    if not search.robust:
        if n < 2:
            raise ValueError(f"n_samples = {n}: at least 2 samples are needed")
        covariance = np.atleast_2d(np.cov(coordinates.T))
        support = np.ones(n, dtype=bool)
        return Scatter(coordinates.mean(axis=0), covariance, support, n)
    if n < 2 * p + 2:
        raise ValueError(
            f"{n} samples are too few for a robust covariance of {p + 1} analytes "
            f"(at least {2 * p + 2}, better {5 * p}): use fewer analytes, or "
            "robust=False."
        )
    random = check_random_state(search.random_state)
    _check_rank(np.atleast_2d(np.cov(coordinates.T)), coordinates, names)
    rows = coordinates
    if n > search.max_rows:
        rows = coordinates[np.sort(random.permutation(n)[: search.max_rows])]
    # many small matrices: threads of the linear algebra would wait for each other
    with warnings.catch_warnings(), threadpool_limits(1, user_api="blas"):
        # a degenerate half of the rows is refused below, in our words
        warnings.simplefilter("ignore")
        fit = MinCovDet(
            support_fraction=search.support_fraction, random_state=random
        ).fit(rows)
    _check_rank(fit.covariance_, coordinates, names)
    kept = distances(coordinates, fit.location_, fit.covariance_) <= chi2.ppf(_KEPT, p)
    location = coordinates[kept].mean(axis=0)
    # share of the variance that the tails beyond the quantile would add
    factor = _KEPT / chi2.cdf(chi2.ppf(_KEPT, p), p + 2)
    covariance = np.atleast_2d(np.cov(coordinates[kept].T)) * factor
    _check_rank(covariance, coordinates, names)
    return Scatter(location, covariance, kept, len(rows))


def distances(
    coordinates: NDArray[np.float64],
    location: NDArray[np.float64],
    covariance: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Squared Mahalanobis distance of each row."""
    root = np.linalg.cholesky(covariance)
    scaled = np.linalg.solve(root, (coordinates - location).T)
    return np.einsum("ij,ij->j", scaled, scaled)


def _check_rank(
    covariance: NDArray[np.float64],
    coordinates: NDArray[np.float64],
    names: list[str],
) -> None:
    sizes = np.linalg.eigvalsh(covariance)
    whole = np.trace(np.atleast_2d(np.cov(coordinates.T)))
    if sizes[0] > 1e-10 * max(sizes[-1], 1e-300) and sizes[-1] > 1e-12 * whole:
        return
    raise ValueError(
        f"half of the samples lie in fewer dimensions than the {len(names)} analytes "
        f"({', '.join(names)}) span: one of them repeats another or has mostly one "
        "value, such as the detection limit. Leave it out, impute it, or use "
        "robust=False."
    )
