"""The ways of grouping rows: medoids, Ward's tree, mixture of normals."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from ._kmedoids import find_medoids

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import RandomState
    from numpy.typing import NDArray

METHODS = ("kmedoids", "ward", "mixture")
KINDS = ("full", "tied")
STARTS = 2
# a covariance of more coordinates has more numbers than surveys can tell a group
MOST_COORDINATES = 8


class Grouping(NamedTuple):
    """
    Group of each row, from 0, and how other rows join.

    A mixture also has its BIC, the kind of its covariances and the principal
    coordinates it lives in.
    """

    labels: NDArray[np.intp]
    assign: Callable[[NDArray[np.float64]], NDArray[np.intp]]
    bic: float = np.nan
    kind: str = ""
    turn: NDArray[np.float64] | None = None


def group(
    rows: NDArray[np.float64],
    n: int,
    method: str,
    random: RandomState,
    *,
    like: Grouping | None = None,
) -> Grouping:
    """
    Groups of rows.

    `like` is what was found on all rows, when these are a resample: medoids then start
    at random, a mixture has the same kind and coordinates.
    """
    if method == "mixture":
        return _mixture(rows, n, random, like)
    if method == "kmedoids":
        start = None if like is None else random
        centres = rows[find_medoids(cdist(rows, rows), n, random=start)]
        return Grouping(_nearest(centres)(rows), _nearest(centres))
    labels = fcluster(linkage(rows, "ward"), n, criterion="maxclust") - 1
    centres = np.stack(
        [rows[labels == i].mean(axis=0) for i in range(labels.max() + 1)]
    )
    return Grouping(labels.astype(np.intp), _nearest(centres))


def _mixture(
    rows: NDArray[np.float64], n: int, random: RandomState, like: Grouping | None
) -> Grouping:
    """Mixture on leading principal coordinates; `like` fixes them and the kind."""
    turn = _principal(rows) if like is None else like.turn
    seen = rows @ turn
    best, bic, kept = None, np.inf, ""
    for kind in KINDS if like is None else (like.kind,):
        model = GaussianMixture(
            n,
            covariance_type=kind,
            n_init=STARTS if like is None else 1,
            reg_covar=1e-6 * float(seen.var(axis=0).max()),
            random_state=random,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(seen)
        if best is None or model.bic(seen) < bic:
            best, bic, kept = model, float(model.bic(seen)), kind

    def assign(rows: NDArray[np.float64]) -> NDArray[np.intp]:
        return best.predict(rows @ turn)

    return Grouping(best.predict(seen), assign, bic, kept, turn)


def _principal(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    _, vectors = np.linalg.eigh(np.cov(rows.T))
    return vectors[:, ::-1][:, :MOST_COORDINATES]


def _nearest(centres: NDArray[np.float64]) -> Callable:
    tree = cKDTree(centres)

    def assign(rows: NDArray[np.float64]) -> NDArray[np.intp]:
        return tree.query(rows)[1]

    return assign
