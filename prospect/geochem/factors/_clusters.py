"""Groups of analytes that go together (R-mode)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import cophenet, fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import silhouette_score

from ._multivariate import centred_ratios, contrast_matrix
from ._scatter import MAX_ROWS, Search, scatter_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import RandomState
    from numpy.typing import NDArray

DISTANCES = ("variation", "correlation")
METHODS = ("ward", "average", "complete")
MOST_GROUPS = 10


class AnalyteClusters(NamedTuple):
    """
    Tree of analytes.

    `tree` is the linkage as SciPy has it, on the rows of `distance`; `labels` the group
    of each analyte, from 1 in the order of the tree; `order` the analytes along the
    tree; `cophenetic` how well the tree keeps the distances (correlation, 1 is best).
    `labels.attrs` carry what was done.
    """

    tree: NDArray[np.float64]
    distance: pd.DataFrame
    labels: pd.Series
    order: list[str]
    cophenetic: float


def cluster_analytes(
    samples: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    distance: str = "variation",
    method: str = "ward",
    n_clusters: int | None = None,
    robust: bool = True,
    censored: str = "refuse",
    random_state: int | RandomState | None = None,
) -> AnalyteClusters:
    """
    Groups of analytes that go together.

    Parameters
    ----------
    samples : DataFrame
        Contents; positive, complete, values below detection imputed.
    columns : sequence of str, optional
        Analytes; by default all columns named by symbol and unit.
    distance : {"variation", "correlation"}
        Root of the variance of the log-ratio of two analytes (0: in constant
        proportion), or root of 2 (1 - correlation of their clr).
    method : {"ward", "average", "complete"}
        How groups are joined.
    n_clusters : int, optional
        Groups to cut the tree into; by default 2 to 10, whichever has the best mean
        silhouette.
    robust : bool
        Variances from the minimum covariance determinant; False takes the classical.
    censored : {"refuse", "limit"}
        Values below detection that are not imputed are refused, or taken at the limit
        and counted.
    random_state : int, RandomState or None
        Seed of the robust search.

    Returns
    -------
    AnalyteClusters
        Draw it with `prospect.report.figure_dendrogram`.

    Raises
    ------
    DataProblems
        Values that are missing, zero, negative, or below detection and not imputed.
    ValueError
        If an option is unknown, there are fewer than three analytes or too few
        samples.

    Notes
    -----
    Log-ratios sum to 0, so that even unrelated analytes have clr correlations near
    -1 / (number - 1): read distances against each other, not as absolute.

    References
    ----------
    Aitchison, J. (1986). The Statistical Analysis of Compositional Data. Chapman &
    Hall, sections 4.5-4.7 (variation matrix).

    van den Boogaart, K. G. & Tolosana-Delgado, R. (2013). Analyzing Compositional Data
    with R. Springer, section 6.2 (dendrogram of parts).

    Examples
    --------
    >>> random = np.random.default_rng(0)
    >>> ore = random.normal(size=300)
    >>> logs = {"Cu_ppm": ore, "Mo_ppm": ore, "Na_pct": -ore, "Ca_pct": -ore}
    >>> table = np.exp(pd.DataFrame(logs) + random.normal(size=(300, 4)) / 3)
    >>> cluster_analytes(table, n_clusters=2, random_state=0).labels.to_dict()
    {'Cu_ppm': 2, 'Mo_ppm': 2, 'Na_pct': 1, 'Ca_pct': 1}
    """
    for name, value, allowed in (
        ("distance", distance, DISTANCES),
        ("method", method, METHODS),
    ):
        if value not in allowed:
            raise ValueError(
                f"{name} must be one of {list(allowed)}. Got {value!r} instead."
            )
    ratios = centred_ratios(samples, columns, censored=censored)
    p = len(ratios.names)
    if p < 3:
        raise ValueError(f"a tree needs at least 3 analytes; got {ratios.names}")
    if n_clusters is not None and not 1 <= n_clusters <= p:
        raise ValueError(f"n_clusters={n_clusters}: {p} analytes make 1 to {p} groups")
    search = Search(robust, None, MAX_ROWS, random_state)
    found = scatter_of(ratios.coordinates, search, names=ratios.names)
    basis = contrast_matrix(p)
    apart = _distances(basis @ found.covariance @ basis.T, distance)
    close = squareform(apart, checks=False)
    tree = linkage(close, method=method, optimal_ordering=True)
    count = n_clusters or _best_count(tree, apart)
    order = leaves_list(tree)
    labels = _in_order(fcluster(tree, count, criterion="maxclust"), order)
    named = pd.Series(labels, index=ratios.names, name="cluster")
    named.attrs = ratios.attrs | {
        "distance": distance,
        "method": method,
        "robust": robust,
        "n_clusters": int(labels.max()),
    }
    return AnalyteClusters(
        tree,
        pd.DataFrame(apart, index=ratios.names, columns=ratios.names),
        named,
        [ratios.names[i] for i in order],
        float(cophenet(tree, close)[0]),
    )


def _distances(covariance: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    if kind == "correlation":
        spread = np.sqrt(np.diag(covariance))
        if not (spread > 0).all():
            raise ValueError(
                "an analyte never varies against the others: leave it out, or use "
                "distance='variation'."
            )
        covariance = covariance / np.outer(spread, spread)
    size = np.diag(covariance)
    apart = np.sqrt(np.maximum(size[:, None] + size - 2 * covariance, 0))
    np.fill_diagonal(apart, 0)
    return (apart + apart.T) / 2


def _best_count(tree: NDArray[np.float64], apart: NDArray[np.float64]) -> int:
    """Number of groups with the best mean silhouette."""
    scores = {}
    for count in range(2, min(MOST_GROUPS, len(apart) - 1) + 1):
        labels = fcluster(tree, count, criterion="maxclust")
        if 1 < len(np.unique(labels)) < len(apart):
            scores[count] = silhouette_score(apart, labels, metric="precomputed")
    return max(scores, key=lambda count: scores[count]) if scores else 2


def _in_order(labels: NDArray[np.intp], order: NDArray[np.intp]) -> NDArray[np.intp]:
    """Numbers of the groups as they follow each other along the tree."""
    number = {label: i for i, label in enumerate(dict.fromkeys(labels[order]), 1)}
    return np.asarray([number[label] for label in labels])
