import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression

from prospect import predict_map
from prospect._predict import _alike
from prospect.models import correct_prior, make_model
from prospect.models._make import KINDS

SMALL = {"random_forest": {"n_estimators": 10}, "lightgbm": {"n_estimators": 10}}


@pytest.fixture(scope="module")
def stack():
    random = np.random.default_rng(0)
    shape = (37, 53)
    gravity = random.normal(size=shape).astype("float32")
    rock = random.integers(1, 4, (10, 14)).repeat(4, 0).repeat(4, 1)[:37, :53] * 1.0
    gravity[:5] = np.nan
    rock[:3] = np.nan
    coords = {"y": np.arange(37)[::-1] * 100.0, "x": np.arange(53) * 100.0}
    maps = {"gravity": (("y", "x"), gravity), "rock": (("y", "x"), rock)}
    return xr.Dataset(maps, coords=coords).rio.write_crs("EPSG:32651")


@pytest.fixture(scope="module")
def table(stack):
    frame = stack[["gravity", "rock"]].to_dataframe()[["gravity", "rock"]]
    X = frame.dropna().reset_index(drop=True).astype(float)
    odds = X["gravity"] + (X["rock"] == 2) - 3
    y = (np.random.default_rng(1).random(len(X)) < 1 / (1 + np.exp(-odds))).astype(int)
    return X, y


def fit(kind, table):
    model = make_model(kind, categorical=["rock"], params=SMALL.get(kind))
    return model.fit(*table)


@pytest.mark.parametrize("kind", KINDS)
def test_map_is_the_table_cell_by_cell(kind, stack, table):
    model = fit(kind, table)
    before = stack.copy(deep=True)
    result = predict_map(model, stack)
    cells = np.column_stack([stack[n].to_numpy().ravel() for n in ("gravity", "rock")])
    known = ~np.isnan(cells).all(axis=1)
    X = pd.DataFrame(cells[known].astype(float), columns=["gravity", "rock"])
    score, std = model.predict_with_std(X)
    flat = result["score"].to_numpy().ravel()
    np.testing.assert_allclose(flat[known], score, rtol=1e-6)
    np.testing.assert_allclose(
        result["uncertainty"].to_numpy().ravel()[known], std, 1e-5
    )
    assert np.isnan(flat[~known]).all()
    assert np.isnan(result["score"][:3]).all()
    assert np.isfinite(result["score"][3:5]).all()
    xr.testing.assert_identical(stack, before)


@pytest.mark.parametrize("kind", KINDS)
def test_infinite_cells_are_missing(kind, stack, table):
    model = fit(kind, table)
    gravity = stack["gravity"].copy()
    gravity[20:24, :9] = np.inf
    spoilt = predict_map(model, stack.assign(gravity=gravity))["score"]
    gravity = gravity.where(np.isfinite(gravity))
    missing = predict_map(model, stack.assign(gravity=gravity))["score"]
    np.testing.assert_array_equal(spoilt, missing)


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_give_the_same_bits(kind, stack, table):
    model = fit(kind, table)
    whole = predict_map(model, stack, prior=0.01)
    lazy = predict_map(model, stack.chunk({"y": 10, "x": 17}), prior=0.01)
    assert lazy["score"].chunks is not None
    xr.testing.assert_identical(whole, lazy.compute())
    mixed = stack.assign(gravity=stack["gravity"].chunk({"y": 7}))
    xr.testing.assert_identical(whole, predict_map(model, mixed, prior=0.01).compute())


def test_one_task_a_block(stack, table):
    import dask

    lazy = predict_map(
        fit("weights_of_evidence", table), stack.chunk({"y": 10, "x": 17})
    )
    (score,) = dask.optimize(lazy["score"].data)
    names = {str(key).split("'")[1].rsplit("-", 1)[0] for key in dict(score.dask)}
    assert sum("predict" in name for name in names) == 1


def test_names_units_and_place_are_kept(stack, table):
    result = predict_map(fit("weights_of_evidence", table), stack)
    assert result["score"].attrs["units"] == "probability per unit cell"
    assert result["score"].attrs["kind"] == "continuous"
    assert result["uncertainty"].dtype == np.float32
    assert result.rio.crs == stack.rio.crs
    xr.testing.assert_identical(result["x"], stack["x"])


def test_prior_is_corrected_from_that_of_the_model(stack, table):
    model = fit("logistic_regression", table)
    raw = predict_map(model, stack)
    moved = predict_map(model, stack, prior=0.001)
    score, std = correct_prior(
        raw["score"].to_numpy().astype(float),
        sampled_prior=model.prior_,
        prior=0.001,
        std=raw["uncertainty"],
    )
    np.testing.assert_allclose(moved["score"], score, rtol=1e-5)
    np.testing.assert_allclose(moved["uncertainty"], std, rtol=1e-5)
    other = predict_map(model, stack, prior=0.001, sampled_prior=0.001)
    xr.testing.assert_identical(other, raw)


def test_any_classifier_will_do(stack, table):
    X, y = table
    stack = stack.fillna(0.0)
    model = LogisticRegression().fit(X, y)
    result = predict_map(model, stack[["rock", "gravity"]])
    cells = pd.DataFrame({n: stack[n].to_numpy().ravel() for n in X}).astype(float)
    expected = model.predict_proba(cells)[:, 1].reshape(37, 53)
    np.testing.assert_allclose(result["score"], expected, rtol=1e-5)
    assert np.isnan(result["uncertainty"]).all()
    nameless = LogisticRegression().fit(X.to_numpy(), y)
    unnamed = predict_map(nameless, stack[["gravity", "rock"]])
    np.testing.assert_allclose(unnamed["score"], expected, rtol=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([3, 1000]))
def test_alike_rows(seed, n_values):
    random = np.random.default_rng(seed)
    rows = random.integers(0, n_values, (10_000, 2)).astype(float)
    rows[rows == 1] = np.nan
    first, group = _alike(rows)
    if first is None:
        assert n_values == 1000
    else:
        np.testing.assert_array_equal(rows[first][group], rows)


def test_refuses(stack, table):
    model = fit("weights_of_evidence", table)
    with pytest.raises(ValueError, match=r"needs layers \['gravity'\]"):
        predict_map(model, stack[["rock"]])
    with pytest.raises(ValueError, match="give sampled_prior as well"):
        predict_map(LogisticRegression().fit(*table), stack, prior=0.1)
    nameless = DummyClassifier().fit(table[0].to_numpy(), table[1])
    with pytest.raises(ValueError, match="trained with 2 layers, the stack has 1"):
        predict_map(nameless, stack[["rock"]])


def test_a_single_block_is_shared_among_threads(table):
    random = np.random.default_rng(0)
    maps = {
        n: (("y", "x"), random.normal(size=(1025, 300))) for n in ("gravity", "rock")
    }
    stack = xr.Dataset(maps)
    model = fit("weights_of_evidence", table)
    lazy = predict_map(model, stack.chunk(2000))
    assert lazy["score"].data.npartitions == 3
    xr.testing.assert_identical(predict_map(model, stack), lazy.compute())
