import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from prospect.models import BoostedEnsemble

SMALL = {"n_members": 2, "n_estimators": 15}
DRAWN = {
    "check_sample_weight_equivalence_on_dense_data": (
        "members draw rows, so a repeated row is not a heavier one"
    )
}


@parametrize_with_checks(
    [BoostedEnsemble(random_state=0, **SMALL)], expected_failed_checks=lambda _: DRAWN
)
def test_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def make_rows(n=400):
    random = np.random.default_rng(0)
    X = np.column_stack([random.integers(0, 8, n), random.normal(size=(n, 2))])
    X[random.random(X.shape) < 0.1] = np.nan
    return X, (np.isin(X[:, 0], [1, 4]) | (X[:, 1] > 1)).astype(int)


def test_learns_classes_and_gaps_and_repeats_to_the_bit():
    X, y = make_rows()
    model = BoostedEnsemble(categorical=[0], random_state=3, n_jobs=1).fit(X, y)
    again = BoostedEnsemble(categorical=[0], random_state=3, n_jobs=2).fit(X, y)
    assert (model.predict(X) == y).mean() > 0.9
    np.testing.assert_array_equal(model.predict_proba(X), again.predict_proba(X))


def test_mean_and_spread_of_the_members():
    import lightgbm

    X, y = make_rows()
    model = BoostedEnsemble(random_state=3, **SMALL).fit(X, y)
    members = [lightgbm.Booster(model_str=text).predict(X) for text in model.texts_]
    probability, std = model.predict_with_std(X)
    np.testing.assert_allclose(probability, np.mean(members, axis=0))
    np.testing.assert_allclose(std, np.std(members, axis=0, ddof=1))
    assert std.max() > 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_members": 0}, "n_members must be 1 or more"),
        ({"settings": {"is_unbalance": True}}, "'is_unbalance'.*not for here"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        BoostedEnsemble(**options).fit(*make_rows())
