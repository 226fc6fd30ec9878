import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from prospect.models import load_model, make_model, save_model
from prospect.models._make import KINDS

SMALL = {"random_forest": {"n_estimators": 10}, "lightgbm": {"n_estimators": 10}}


def make_table(n=200):
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {"a": random.normal(size=n), "rock": random.integers(0, 5, n) * 1.0}
    )
    return X, (X["a"] + random.normal(size=n) > 1).astype(int).to_numpy()


@pytest.mark.parametrize("kind", KINDS)
def test_round_trip_predicts_the_same_bits(kind, tmp_path):
    X, y = make_table()
    model = make_model(kind, categorical=["rock"], params=SMALL.get(kind)).fit(X, y)
    back = load_model(save_model(model, tmp_path / "model"))
    np.testing.assert_array_equal(back.predict_with_std(X), model.predict_with_std(X))
    assert back.prior_ == model.prior_
    assert not list((tmp_path / "model").glob("*.pkl"))


@pytest.mark.parametrize("kind", KINDS)
def test_equal_models_are_equal_files(kind, tmp_path):
    X, y = make_table()
    options = {"categorical": ["rock"], "params": SMALL.get(kind)}
    for name in ("one", "two"):
        kept = make_model(kind, **options).fit(X, y)
        save_model(kept, tmp_path / name)
    for name in ("model.skops", "model.json"):
        one, two = (tmp_path / n / name for n in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_refuses_a_changed_file(tmp_path):
    X, y = make_table()
    save_model(make_model("weights_of_evidence").fit(X, y), tmp_path)
    with (tmp_path / "model.skops").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match="has changed since it was saved"):
        load_model(tmp_path)


class _Stranger(BaseEstimator):
    pass


def test_refuses_strangers(tmp_path, monkeypatch):
    with pytest.raises(TypeError, match=r"_Stranger.*load_model refuses"):
        save_model(_Stranger(), tmp_path)
    name = f"{_Stranger.__module__}._Stranger"
    with monkeypatch.context() as patch:
        patch.setattr("prospect.models._save.TRUSTED", {name})
        save_model(_Stranger(), tmp_path)
    with pytest.raises(ValueError, match="are not trusted"):
        load_model(tmp_path)


def test_refuses_an_empty_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path)
