import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from prospect.models import CompiledForest, TreeArrays
from prospect.models._compiled import to_keys


def make_rows(seed, n, n_features=4, missing=0.0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, n_features)) * 10.0 ** random.integers(-3, 5, n_features)
    X[random.random(X.shape) < 0.2] = 0.0
    y = (X[:, 0] + random.normal(size=n) > 0).astype(int)
    X[random.random(X.shape) < missing] = np.nan
    return X, y


def test_one_tree_by_hand():
    # is x0 <= 2.5? then 0.1; else is x1 <= 0? then 0.6 else 0.9; missing x0 goes left
    tree = TreeArrays(
        left=np.array([1, -1, 3, -1, -1]),
        right=np.array([2, -1, 4, -1, -1]),
        feature=np.array([0, -2, 1, -2, -2]),
        threshold=np.array([2.5, -2, 0.0, -2, -2]),
        value=np.array([0.5, 0.1, 0.8, 0.6, 0.9]),
        missing_left=np.array([1, 0, 0, 0, 0]),
    )
    forest = CompiledForest.from_arrays([tree, tree], n_features=2)
    X = [[2.5, 5], [2.51, 0], [3, -0.0], [3, 1e-30], [np.nan, 9], [3, np.nan]]
    probability, std = forest.predict_with_std(X)
    np.testing.assert_allclose(probability, [0.1, 0.6, 0.6, 0.9, 0.1, 0.9])
    np.testing.assert_allclose(std, 0, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**31),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from([0.0, 0.3]),
    st.sampled_from([RandomForestClassifier, ExtraTreesClassifier]),
)
def test_equals_scikit_learn(seed, n_new, missing, missing_new, kind):
    X, y = make_rows(seed, 60, missing=missing)
    if 0 < y.sum() < len(y):
        forest = kind(7, random_state=seed, max_features=2).fit(X, y)
        new, _ = make_rows(seed + 1, n_new, missing=missing_new)
        new = np.vstack([new, np.nan_to_num(X)])
        if missing_new and not missing:
            new[:, 1:] = np.nan_to_num(new[:, 1:])
        fast = CompiledForest.from_forest(forest)
        trees = np.array([t.predict_proba(new)[:, 1] for t in forest.estimators_])
        probability, std = fast.predict_with_std(new)
        np.testing.assert_allclose(probability, trees.mean(axis=0), atol=1e-12)
        np.testing.assert_allclose(std, trees.std(axis=0, ddof=1), atol=1e-7)
        expected = forest.predict_proba(new)
        np.testing.assert_allclose(fast.predict_proba(new), expected, atol=1e-12)


def test_values_at_the_thresholds_go_the_same_way():
    X, y = make_rows(5, 300)
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    tree = forest.estimators_[0].tree_
    inner = tree.children_left >= 0
    rows = np.zeros((inner.sum() * 3, 4))
    at = tree.threshold[inner].astype(np.float32)
    close = np.stack([np.nextafter(at, -np.inf), at, np.nextafter(at, np.inf)])
    rows[np.arange(len(rows)), np.tile(tree.feature[inner], 3)] = close.ravel()
    fast = CompiledForest.from_forest(forest)
    expected = forest.predict_proba(rows)
    np.testing.assert_allclose(fast.predict_proba(rows), expected, atol=1e-12)


def test_pipeline_with_indicator_columns():
    random = np.random.default_rng(0)
    X = np.column_stack([random.integers(0, 12, 300), random.normal(size=300)])
    y = (np.isin(X[:, 0], [2, 5]) ^ (X[:, 1] > 1)).astype(int)
    encode = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    prepare = ColumnTransformer([("rock", encode, [0])], remainder="passthrough")
    model = make_pipeline(prepare, RandomForestClassifier(10, random_state=0)).fit(X, y)
    fast = CompiledForest.from_forest(model)
    new = np.vstack([X, [[99.0, 0.5]]])
    expected = model.predict_proba(new)
    np.testing.assert_allclose(fast.predict_proba(new), expected, atol=1e-12)


def test_threads_and_slabs_do_not_change_a_bit():
    X, y = make_rows(0, 200, missing=0.1)
    fast = CompiledForest.from_forest(RandomForestClassifier(5).fit(X, y))
    new, _ = make_rows(1, 40_003, missing=0.1)
    before = new.copy()
    one, two = fast.predict_with_std(new), fast.predict_with_std(new, n_jobs=2)
    single = [fast.predict_with_std(row[None])[0][0] for row in new[-5:]]
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one[0][-5:], single)
    np.testing.assert_array_equal(new, before)


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=2, max_size=30))
def test_keys_keep_the_order(values):
    values = np.array(values, dtype=np.float32)
    keys = to_keys(values)
    np.testing.assert_array_equal(
        values[:, None] <= values[None], keys[:, None] <= keys[None]
    )


def test_refuses():
    X, y = make_rows(0, 100)
    forest = RandomForestClassifier(2, random_state=0)
    three = forest.fit(X, np.arange(100) % 3)
    with pytest.raises(ValueError, match="must have two classes; it has 3"):
        CompiledForest.from_forest(three)
    fast = CompiledForest.from_forest(forest.fit(X, y))
    with pytest.raises(ValueError, match="must have 4 columns"):
        fast.predict_with_std(X[:, :3])
    with pytest.raises(ValueError, match="no tree"):
        CompiledForest.from_arrays([], n_features=2)
    with pytest.raises(ValueError, match="2000 features do not fit"):
        CompiledForest.from_arrays([], n_features=2000)


def test_refuses_a_tree_too_large():
    size = 2**21 + 1
    leaf = np.full(size, -1)
    tree = TreeArrays(leaf, leaf, leaf, np.zeros(size), np.zeros(size))
    with pytest.raises(ValueError, match="min_samples_leaf or max_depth"):
        CompiledForest.from_arrays([tree], n_features=2)
