"""Folds that keep neighbours together, and how many deposits are independent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
from sklearn.model_selection import BaseCrossValidator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray


MOST_PLACES = 3000


class BlockKFold(BaseCrossValidator):
    """
    Folds made of square blocks, balanced in deposits.

    Blocks are dealt out whole: first those with deposits, most deposits first, each to
    the fold that has fewest; then the others, each to the fold with fewest rows.

    Parameters
    ----------
    block_size : float
        Side of a block, metres.
    n_splits : int, default 5
        Number of folds.
    random_state : int, optional
        Seed of the place of the blocks and of the order of equal ones.

    See Also
    --------
    BufferedKFold : The same without training rows near test deposits.

    References
    ----------
    Roberts, D. R. et al. (2017). Cross-validation strategies for data with temporal,
    spatial, hierarchical, or phylogenetic structure. doi 10.1111/ecog.02881

    Examples
    --------
    >>> places = np.array([[0, 0], [10, 10], [900, 0], [910, 10]])
    >>> folds = BlockKFold(100, n_splits=2, random_state=0)
    >>> [test.tolist() for _, test in folds.split(places, [1, 0, 1, 0], groups=places)]
    [[2, 3], [0, 1]]
    """

    def __init__(
        self, block_size: float, n_splits: int = 5, *, random_state: int | None = None
    ) -> None:
        self.block_size = block_size
        self.n_splits = n_splits
        self.random_state = random_state

    def get_n_splits(
        self,
        X: ArrayLike | None = None,  # noqa: ARG002
        y: ArrayLike | None = None,  # noqa: ARG002
        groups: ArrayLike | None = None,  # noqa: ARG002
    ) -> int:
        """Return the number of folds."""
        return self.n_splits

    def split(
        self,
        X: ArrayLike,
        y: ArrayLike | None = None,
        groups: gpd.GeoSeries | ArrayLike | None = None,
        *,
        points: gpd.GeoSeries | ArrayLike | None = None,
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """
        Yield row numbers of training and test rows, fold by fold.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_layers)
            Only its length counts.
        y : array-like, shape (n_rows,), optional
            1 for deposits, which every fold gets some of. Without it rows are balanced.
        groups, points : GeoSeries or array-like, shape (n_rows, 2)
            Places of the rows, metres; `groups` for scikit-learn's functions.

        Raises
        ------
        ValueError
            If places are missing, or there are fewer deposits, or fewer blocks with
            deposits, than folds.
        """
        places = places_of(groups if points is None else points, len(X))
        y = np.ones(len(X)) if y is None else np.asarray(y)
        fold = self.assign(places, y == 1)
        for k in range(self.n_splits):
            test = np.flatnonzero(fold == k)
            yield self._training_rows(fold != k, places, test[y[test] == 1]), test

    def assign(self, places: NDArray, deposit: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return the fold of each row."""
        if not self.block_size > 0 or self.n_splits < 2:
            raise ValueError(
                f"block_size is {self.block_size}, n_splits {self.n_splits}: give a "
                "size above 0 metres and 2 folds or more"
            )
        rng = np.random.default_rng(self.random_state)
        corner = places.min(axis=0) - rng.uniform(0, self.block_size, 2)
        cell = np.floor((places - corner) / self.block_size).astype(np.int64)
        _, block = np.unique(cell, axis=0, return_inverse=True)
        block = block.ravel()
        n_deposits = np.bincount(block, weights=deposit).astype(int)
        n_rows = np.bincount(block)
        self._check(n_deposits)
        shuffled = rng.permutation(len(n_rows))
        order = shuffled[np.lexsort((-n_rows[shuffled], -n_deposits[shuffled]))]
        home = np.zeros(len(n_rows), dtype=np.intp)
        load = np.zeros((self.n_splits, 2), dtype=np.int64)
        for b in order:
            keys = (load[:, 1], load[:, 0]) if n_deposits[b] else (load[:, 1],)
            home[b] = np.lexsort(keys)[0]
            load[home[b]] += n_deposits[b], n_rows[b]
        return home[block]

    def _check(self, n_deposits: NDArray[np.int64]) -> None:
        total, blocks = int(n_deposits.sum()), int((n_deposits > 0).sum())
        if total < self.n_splits:
            raise ValueError(
                f"{total} deposits are fewer than {self.n_splits} folds: take at most "
                f"{total} folds, or more deposits"
            )
        if blocks < self.n_splits:
            raise ValueError(
                f"the {total} deposits lie in {blocks} blocks of "
                f"{self.block_size:.0f} m, fewer than {self.n_splits} folds: take a "
                f"smaller block_size or at most {blocks} folds"
            )

    def _training_rows(
        self,
        others: NDArray[np.bool_],
        places: NDArray,  # noqa: ARG002
        known: NDArray[np.intp],  # noqa: ARG002
    ) -> NDArray[np.intp]:
        return np.flatnonzero(others)


class BufferedKFold(BlockKFold):
    """
    Block folds without the training rows near a test deposit.

    Parameters
    ----------
    block_size : float
        Side of a block, metres.
    buffer : float
        Training rows nearer than this to a test deposit are left out, metres.
    n_splits : int, default 5
        Number of folds.
    random_state : int, optional
        Seed.

    See Also
    --------
    BlockKFold : The same with all rows of the other blocks.

    References
    ----------
    Ploton, P. et al. (2020). Spatial validation reveals poor predictive performance of
    large-scale ecological mapping models. doi 10.1038/s41467-020-18321-y

    Examples
    --------
    >>> places = np.array([[0, 0], [40, 0], [260, 0], [300, 0]])
    >>> folds = BufferedKFold(150, buffer=230, n_splits=2, random_state=1)
    >>> [rows.tolist() for rows, _ in folds.split(places, [1, 0, 0, 1], places)]
    [[2, 3], [0, 1]]
    """

    def __init__(
        self,
        block_size: float,
        buffer: float,
        n_splits: int = 5,
        *,
        random_state: int | None = None,
    ) -> None:
        super().__init__(block_size, n_splits, random_state=random_state)
        self.buffer = buffer

    def _training_rows(
        self, others: NDArray[np.bool_], places: NDArray, known: NDArray[np.intp]
    ) -> NDArray[np.intp]:
        from scipy.spatial import cKDTree

        if not self.buffer >= 0:
            raise ValueError(f"buffer is {self.buffer}: give 0 metres or more")
        rows = np.flatnonzero(others)
        if len(known) == 0:
            return rows
        apart, _ = cKDTree(places[known]).query(places[rows])
        return rows[apart >= self.buffer]


def independent_clusters(
    points: gpd.GeoSeries | ArrayLike, *, distance: float, linkage: str = "complete"
) -> NDArray[np.intp]:
    """
    Cluster of each deposit, where deposits nearer than a distance depend on each other.

    With the range of autocorrelation as distance the number of clusters tells how many
    deposits say something of their own.

    Parameters
    ----------
    points : GeoSeries or array-like, shape (n_deposits, 2)
        Places, metres.
    distance : float
        Range of dependence, metres.
    linkage : {"complete", "single"}
        "complete": no cluster is wider than `distance`; members of neighbouring
        clusters may still lie within it, so the number is an upper limit. "single":
        all that are joined by a chain of steps of at most `distance`; where deposits
        follow a belt this makes one cluster of the belt, so it is a lower limit.

    Returns
    -------
    array of int, shape (n_deposits,)
        Numbered from 0 in order of the first member.

    Raises
    ------
    ValueError
        If the distance is not positive or the linkage unknown.

    Examples
    --------
    >>> belt = [[0, 0], [60, 0], [120, 0], [500, 0]]
    >>> independent_clusters(belt, distance=100)
    array([0, 0, 1, 2])
    >>> independent_clusters(belt, distance=100, linkage="single")
    array([0, 0, 0, 1])
    """
    from scipy.cluster.hierarchy import fcluster
    from scipy.cluster.hierarchy import linkage as join

    if not distance > 0 or linkage not in ("complete", "single"):
        raise ValueError(
            f"distance is {distance}, linkage '{linkage}': give metres above 0 and "
            "'complete' or 'single'"
        )
    places = places_of(points, None)
    if len(places) > MOST_PLACES:
        step = distance / 50
        places = np.round(places / step) * step
    unique, inverse = np.unique(places, axis=0, return_inverse=True)
    if len(unique) < 2:
        return np.zeros(len(places), dtype=np.intp)
    tree = join(unique, method=linkage)
    cluster = fcluster(tree, distance, criterion="distance")[inverse.ravel()]
    _, start, number = np.unique(cluster, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(start))[number.ravel()]


def places_of(points: gpd.GeoSeries | ArrayLike | None, n: int | None) -> NDArray:
    """Return coordinates, shape (n, 2), of points in any of the accepted forms."""
    if points is None:
        raise ValueError("places of the rows are missing: give groups= or points=")
    if hasattr(points, "geom_type"):
        points = gpd.GeoSeries(points)
        points = np.column_stack([points.x, points.y])
    places = np.asarray(points, dtype=float)
    if places.ndim != 2 or places.shape[1] != 2 or (n is not None and len(places) != n):
        raise ValueError(
            f"places have the shape {places.shape}: give one easting and northing per "
            f"row{'' if n is None else f', ({n}, 2)'}"
        )
    return places
