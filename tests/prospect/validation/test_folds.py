"""Folds and independent clusters."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from prospect.validation import BlockKFold, BufferedKFold, independent_clusters


def scene(seed, n=400, n_deposits=40):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 10_000, (n, 2)), (np.arange(n) < n_deposits).astype(int)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6), st.floats(300, 2500))
def test_laws_of_block_folds(seed, n_splits, size):
    places, y = scene(seed)
    splitter = BlockKFold(size, n_splits, random_state=seed)
    fold = np.full(len(y), -1)
    for k, (train, test) in enumerate(splitter.split(places, y, groups=places)):
        assert (fold[test] == -1).all()
        fold[test] = k
        assert y[test].sum() > 0
        assert sorted([*train, *test]) == list(range(len(y)))
    assert (fold >= 0).all()
    again = list(splitter.split(places, y, points=gpd.GeoSeries.from_xy(*places.T)))
    assert (fold[again[0][1]] == 0).all()


def test_rows_of_a_block_stay_together_and_deposits_are_balanced():
    places, y = scene(3)
    fold = BlockKFold(1000, 5, random_state=0).assign(places, y == 1)
    counts = np.bincount(fold, weights=y)
    assert counts.max() - counts.min() <= 2
    near = (cdist(places, places) < 60) & ~np.eye(len(y), dtype=bool)
    first, second = np.nonzero(near)
    assert (fold[first] == fold[second]).mean() > 0.75


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1500))
def test_no_training_row_is_nearer_than_the_buffer(seed, buffer):
    places, y = scene(seed)
    splitter = BufferedKFold(1500, buffer, 4, random_state=seed)
    plain = BlockKFold(1500, 4, random_state=seed)
    pairs = zip(splitter.split(places, y, places), plain.split(places, y, places),
                strict=True)  # fmt: skip
    for (train, test), (every, same) in pairs:
        assert (test == same).all()
        apart = cdist(places[every], places[test[y[test] == 1]]).min(axis=1)
        assert train.tolist() == every[apart >= buffer].tolist()


def test_scikit_learn_takes_the_splitter():
    places, y = scene(1)
    model = LogisticRegression()
    got = cross_val_predict(model, places, y, groups=places,
                            cv=BlockKFold(1000, 4, random_state=0))  # fmt: skip
    assert got.shape == y.shape


def test_too_few_deposits_or_blocks_are_refused():
    places, y = scene(0)
    with pytest.raises(ValueError, match="2 deposits are fewer than 5 folds"):
        next(BlockKFold(500).split(places, np.arange(400) < 2, places))
    with pytest.raises(ValueError, match="take a smaller block_size"):
        next(BlockKFold(50_000).split(places, y, places))
    with pytest.raises(ValueError, match="give groups= or points="):
        next(BlockKFold(500).split(places, y))
    with pytest.raises(ValueError, match="one easting and northing per row"):
        next(BlockKFold(500).split(places, y, places[:5]))
    with pytest.raises(ValueError, match="above 0 metres and 2 folds"):
        next(BlockKFold(0).split(places, y, places))
    with pytest.raises(ValueError, match="buffer is -1"):
        next(BufferedKFold(500, -1).split(places, y, places))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(100, 3000))
def test_clusters_by_brute_force(seed, distance):
    places = scene(seed, n=30)[0]
    apart = cdist(places, places)
    single = independent_clusters(places, distance=distance, linkage="single")
    expected = connected_components(apart <= distance, directed=False)[1]
    assert (np.equal.outer(single, single) == np.equal.outer(expected, expected)).all()
    complete = independent_clusters(places, distance=distance)
    same = np.equal.outer(complete, complete)
    assert (apart[same] <= distance).all()
    assert complete.max() >= single.max()
    _, first = np.unique(complete, return_index=True)
    assert (np.diff(first) > 0).all()


def test_many_deposits_cluster_too():
    places = scene(0, n=6000)[0]
    cluster = independent_clusters(places, distance=2500)
    assert 16 <= cluster.max() + 1 <= 60
    with pytest.raises(ValueError, match="distance is 0"):
        independent_clusters(places, distance=0)
