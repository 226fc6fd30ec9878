"""Multivariate outliers of compositions, and which analytes make them so."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2

from ..._note import Note
from ._multivariate import centred_ratios, contrast_matrix
from ._scatter import MAX_ROWS, Search, distances, scatter_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import RandomState
    from numpy.typing import NDArray


MOST_DRIVERS = 3


class _Adjusted(NamedTuple):
    """Adjusted quantile of squared distances (infinite if there are no outliers)."""

    cutoff: float
    excess: float
    critical: float


def outlier_distance(
    samples: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    quantile: float = 0.975,
    robust: bool = True,
    contributions: bool = False,
    censored: str = "refuse",
    max_rows: int = MAX_ROWS,
    random_state: int | RandomState | None = None,
) -> pd.DataFrame:
    """
    Robust Mahalanobis distance of each sample from the bulk of the composition.

    Parameters
    ----------
    samples : DataFrame
        Contents; positive, complete, values below detection imputed.
    columns : sequence of str, optional
        Analytes; by default all columns named by symbol and unit.
    quantile : float
        Of chi-square, beyond which a sample is an outlier by the fixed rule, and where
        the adjusted rule starts to look.
    robust : bool
        False takes the classical centre and covariance, which outliers move.
    contributions : bool
        Add a column ``contribution_Cu_ppm`` for each analyte: signed roots whose
        squares add up to the squared distance.
    censored : {"refuse", "limit"}
        Values below detection that are not imputed are refused, or taken at the limit
        and counted.
    max_rows : int
        Larger tables are searched for the bulk on so many rows drawn at random.
    random_state : int, RandomState or None
        Seed of the search.

    Returns
    -------
    DataFrame
        Index of `samples`; ``distance`` (root of the squared distance),
        ``outlier_chi2``, ``outlier_adjusted`` (bool), ``drivers``: for an outlier by
        either rule, the three analytes that make most of it, direction and share,
        ``"Cu_ppm+ 61 %, Zn_ppm- 20 %"``. ``attrs`` carry cutoff_chi2, cutoff_adjusted
        (as distances; infinite if there is no outlier), excess (share of samples
        beyond what a normal tail has), critical_excess, n_outliers_chi2,
        n_outliers_adjusted, censored_share, imputed_share, notes.

    Raises
    ------
    DataProblems
        Values that are missing, zero, negative, or below detection and not imputed.
    ValueError
        If an option is out of range or there are too few samples.

    Notes
    -----
    The fixed rule calls 2.5 % of a perfectly normal set outliers. The adjusted one
    compares the tail with chi-square and calls none where the two agree.

    References
    ----------
    Filzmoser, P., Garrett, R. G. & Reimann, C. (2005). Multivariate outlier detection
    in exploration geochemistry. Computers & Geosciences 31, 579-587.

    Filzmoser, P. & Hron, K. (2008). Outlier detection for compositional data using
    robust methods. Mathematical Geosciences 40, 233-248.

    Garthwaite, P. H. & Koch, I. (2016). Evaluating the contributions of individual
    variables to a quadratic form. Australian & New Zealand Journal of Statistics 58,
    99-119. (The drivers.)

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> table = pd.DataFrame(np.exp(random.normal(size=(200, 3))),
    ...                      columns=["Cu_ppm", "Zn_ppm", "Pb_ppm"])
    >>> table.loc[:9, "Cu_ppm"] *= 5000
    >>> found = outlier_distance(table, random_state=0)
    >>> print(found["outlier_adjusted"].sum(), found["drivers"][0][:7])
    12 Cu_ppm+
    """
    if not 0.5 <= quantile < 1:
        raise ValueError(f"quantile={quantile}: give a share from 0.5 to below 1")
    ratios = centred_ratios(samples, columns, censored=censored)
    coordinates = ratios.coordinates
    search = Search(robust, None, max_rows, random_state)
    found = scatter_of(coordinates, search, names=ratios.names)
    square = distances(coordinates, found.location, found.covariance)
    p = coordinates.shape[1]
    fixed = float(chi2.ppf(quantile, p))
    adjusted = adjusted_quantile(square, p, quantile=quantile)
    basis = contrast_matrix(p + 1)
    parts = _contributions(
        ratios.clr - basis @ found.location, basis @ found.covariance @ basis.T
    )
    by_fixed, by_adjusted = square > fixed, square >= adjusted.cutoff
    table = pd.DataFrame(
        {
            "distance": np.sqrt(square),
            "outlier_chi2": by_fixed,
            "outlier_adjusted": by_adjusted,
            "drivers": _drivers(parts, ratios.names, by_fixed | by_adjusted),
        },
        index=samples.index,
    )
    table.attrs = ratios.attrs | {
        "quantile": quantile,
        "robust": robust,
        "n_search": found.n_rows,
        "cutoff_chi2": float(np.sqrt(fixed)),
        "cutoff_adjusted": float(np.sqrt(adjusted.cutoff)),
        "excess": adjusted.excess,
        "critical_excess": adjusted.critical,
        "n_outliers_chi2": int(by_fixed.sum()),
        "n_outliers_adjusted": int(by_adjusted.sum()),
    }
    if contributions:
        table[[f"contribution_{name}" for name in ratios.names]] = parts
    if p < 2:
        table.attrs["notes"].append(Note("outliers_one_ratio"))
    return table


def adjusted_quantile(
    square: NDArray[np.float64], p: int, *, quantile: float = 0.975
) -> _Adjusted:
    """
    Where the tail of squared distances leaves chi-square with `p` degrees.

    The excess of the empirical over the theoretical tail beyond the quantile, if it
    is larger than what normal data show in 95 % of cases (formula fitted by Filzmoser
    et al. 2005), is the share of outliers.
    """
    n = len(square)
    ordered = np.sort(square)
    gap = chi2.cdf(ordered, p) - (np.arange(1, n + 1) - 0.5) / n
    tail = (ordered >= chi2.ppf(quantile, p)) & (gap > 0)
    excess = float(gap[tail].max()) if tail.any() else 0.0
    slope = 0.24 - 0.003 * p if p <= 10 else 0.252 - 0.0018 * p
    critical = max(slope, 0.0) / np.sqrt(n)
    if excess < critical or excess == 0:
        return _Adjusted(np.inf, excess, float(critical))
    kept = max(n - int(np.ceil(n * excess)), 1)
    cutoff = max(float(ordered[kept - 1]), float(chi2.ppf(quantile, p)))
    return _Adjusted(float(np.nextafter(cutoff, np.inf)), excess, float(critical))


def _contributions(
    deviations: NDArray[np.float64], covariance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Signed roots, one an analyte, whose squares add up to the squared distance."""
    spread = np.sqrt(np.diag(covariance))
    sizes, vectors = np.linalg.eigh(covariance / np.outer(spread, spread))
    # the smallest eigenvalue is 0, as clr sum to 0; the deviations have no part in it
    root = vectors[:, 1:] / np.sqrt(sizes[1:]) @ vectors[:, 1:].T
    return deviations / spread @ root


def _drivers(
    parts: NDArray[np.float64], names: list[str], told: NDArray[np.bool_]
) -> list[str | None]:
    square = parts**2
    share = square / np.maximum(square.sum(axis=1, keepdims=True), 1e-300)
    out: list[str | None] = [None] * len(parts)
    for row in np.flatnonzero(told):
        order = np.argsort(-share[row], kind="stable")[:MOST_DRIVERS]
        out[row] = ", ".join(
            f"{names[i]}{'+' if parts[row, i] > 0 else '-'} {100 * share[row, i]:.0f} %"
            for i in order
        )
    return out
