import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from prospect.models import make_model
from prospect.models._make import KINDS

SMALL = {"random_forest": {"n_estimators": 20}, "lightgbm": {"n_estimators": 40}}


def make_table(seed=0, n=1500):
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "fault_km": random.exponential(3, n),
            "rock": random.choice(
                [10.0, 20.0, 30.0, 81641.0], n, p=[0.5, 0.3, 0.19, 0.01]
            ),
            "gravity": random.normal(size=n),
        }
    )
    odds = -X["fault_km"] + 2.5 * (X["rock"] == 20)
    y = (random.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    X.loc[random.random(n) < 0.1, "gravity"] = np.nan
    X.loc[random.random(n) < 0.05, "rock"] = np.nan
    return X, y


def fit(kind, X, y, **options):
    model = make_model(kind, categorical=["rock"], params=SMALL.get(kind), **options)
    return model.fit(X, y, sample_weight=np.where(y == 1, 1.0, 3.0))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_finds_the_deposits(kind):
    X, y = make_table()
    before = X.copy()
    model = fit(kind, X, y)
    new, truth = make_table(1)
    new.loc[0, "rock"] = 77.0
    new.loc[1] = np.nan
    probability, std = model.predict_proba(new)[:, 1], model.predict_std(new)
    assert roc_auc_score(truth, probability) > 0.75
    assert np.isfinite(probability).all()
    assert (std >= 0).all()
    assert std.max() > 0
    assert list(model.feature_names_in_) == list(X)
    np.testing.assert_allclose(model.predict_with_std(new)[0], probability)
    pd.testing.assert_frame_equal(X, before)


@pytest.mark.parametrize("kind", KINDS)
def test_seed_decides_and_threads_do_not(kind):
    X, y = make_table()
    one = fit(kind, X, y, random_state=5, n_jobs=1).predict_with_std(X)
    two = fit(kind, X, y, random_state=5, n_jobs=2).predict_with_std(X)
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_prior_is_the_share_of_rows(kind):
    X, y = make_table()
    model = fit(kind, X, y)
    assert model.prior_ == pytest.approx(y.mean())
    if kind != "lightgbm":
        balanced = clone(model).set_params(model__class_weight="balanced").fit(X, y)
        assert balanced.prior_ == 0.5
    assert model.predict_proba(X)[:, 1].mean() == pytest.approx(y.mean(), rel=0.15)


def test_area_of_deposit_cells_does_not_silence_them():
    X, y = make_table()
    tiny = make_model("logistic_regression", categorical=["rock"])
    tiny.fit(X, y, sample_weight=np.where(y == 1, 0.01, 300.0))
    plain = make_model("logistic_regression", categorical=["rock"]).fit(X, y)
    np.testing.assert_allclose(tiny.predict_proba(X), plain.predict_proba(X))


def test_refuses():
    X, y = make_table()
    with pytest.raises(ValueError, match="'deep' is not known"):
        make_model("deep")
    with pytest.raises(ValueError, match=r"has no setting \['trees'\]"):
        make_model("random_forest", params={"trees": 5})
    with pytest.raises(ValueError, match="y must hold two classes"):
        make_model("logistic_regression").fit(X[["gravity"]], y * 0)
    with pytest.raises(ValueError, match="sample_weight is 0 for all rows"):
        make_model("logistic_regression").fit(X[["gravity"]], y, sample_weight=y)
