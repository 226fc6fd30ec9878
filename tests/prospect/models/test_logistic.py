import numpy as np
import pytest
from scipy.special import expit

from prospect.models import LogisticClassifier


def make_rows(n=4000, seed=0):
    random = np.random.default_rng(seed)
    X = random.normal(size=(n, 2))
    y = (random.random(n) < expit(1.5 * X[:, 0] - 0.5 * X[:, 1] - 1)).astype(int)
    return X, y


def test_covariance_of_a_share():
    # with the intercept alone: var(logit) = 1 / (n p (1 - p))
    y = np.repeat([0, 1], [300, 100])
    model = LogisticClassifier(C=1e8).fit(np.zeros((400, 1)), y)
    assert model.covariance_[-1, -1] == pytest.approx(1 / 75, rel=1e-3)
    probability, std = model.predict_with_std(np.zeros((1, 1)))
    assert probability[0] == pytest.approx(0.25, abs=1e-4)
    assert std[0] == pytest.approx(0.25 * 0.75 * np.sqrt(1 / 75), rel=1e-3)


def test_spread_over_repeated_samples():
    new = np.array([[0.0, 0.0], [1.0, -1.0], [-1.0, 2.0]])
    fits = [LogisticClassifier(C=1e6).fit(*make_rows(seed=s)) for s in range(60)]
    drawn = np.array([fit.predict_with_std(new)[0] for fit in fits])
    said = np.mean([fit.predict_with_std(new)[1] for fit in fits], axis=0)
    np.testing.assert_allclose(said, drawn.std(axis=0, ddof=1), rtol=0.35)


def test_probability_is_that_of_scikit_learn():
    X, y = make_rows()
    model = LogisticClassifier(class_weight="balanced").fit(X, y)
    np.testing.assert_allclose(
        model.predict_with_std(X)[0], model.predict_proba(X)[:, 1]
    )


def test_weights_count_like_repeated_rows():
    X, y = make_rows(300)
    weight = np.random.default_rng(0).integers(1, 4, len(y))
    weighed = LogisticClassifier(tol=1e-9).fit(X, y, weight)
    repeated = LogisticClassifier(tol=1e-9).fit(X.repeat(weight, 0), y.repeat(weight))
    np.testing.assert_allclose(weighed.covariance_, repeated.covariance_, rtol=1e-4)
