import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier

from prospect.models import ForestClassifier


def make_rows(n=300, n_classes=2):
    random = np.random.default_rng(0)
    X = random.normal(size=(n, 3))
    return X, (X[:, 0] * n_classes / 2 + random.normal(size=n)).round().clip(
        0, n_classes - 1
    )


def test_same_as_scikit_learn():
    for n_classes in (2, 3):
        X, y = make_rows(n_classes=n_classes)
        ours = ForestClassifier(20, random_state=1).fit(X, y)
        theirs = RandomForestClassifier(20, random_state=1).fit(X, y)
        new = X + 0.1
        np.testing.assert_allclose(
            ours.predict_proba(new), theirs.predict_proba(new), atol=1e-12
        )
        np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))


def test_spread_is_that_of_the_trees():
    X, y = make_rows()
    model = ForestClassifier(20, random_state=1).fit(X, y)
    trees = np.array([tree.predict_proba(X)[:, 1] for tree in model.estimators_])
    probability, std = model.predict_with_std(X)
    np.testing.assert_allclose(probability, trees.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(std, trees.std(axis=0, ddof=1), atol=1e-7)


def test_fitting_again_forgets_the_packed_trees():
    X, y = make_rows()
    model = ForestClassifier(5, random_state=1).fit(X, y)
    first = model.predict_proba(X)
    again = model.fit(X, 1 - y).predict_proba(X)
    np.testing.assert_allclose(again[:, 0], first[:, 1], atol=1e-12)
    assert clone(model).get_params() == model.get_params()
