import copy
import pickle

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rioxarray
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from prospect.models import WeightsOfEvidence, weights_table

AREA_IS_NO_COUNT = {
    "check_sample_weight_equivalence_on_dense_data": (
        "the weight of a row is an area; a deposit counts once whatever its area"
    )
}


@parametrize_with_checks(
    [WeightsOfEvidence()], expected_failed_checks=lambda _: AREA_IS_NO_COUNT
)
def test_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


def make_table(seed=0, n=400):
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "fault_km": random.exponential(3, n).round(3),
            "rock": random.integers(1, 6, n).astype(float),
        }
    )
    odds = -X["fault_km"] + 2.0 * (X["rock"] == 3)
    y = (random.random(n) < 0.5 / (1 + np.exp(-odds))).astype(int)
    return X, y


def test_equals_the_table_counted_on_the_map(real_data):
    folder = real_data("mpm/cloncurry_iocg")
    grids = {
        name: rioxarray.open_rasterio(folder / f"evidence/{name}.tif", masked=True)[0]
        for name in ("FaultDensity", "StratNo")
    }
    deposits = gpd.read_file(folder / "deposits/IOCG_Deposits.shp")
    grid = grids["StratNo"]
    at = {
        "x": deposits.geometry.x.to_xarray().rename(index="n"),
        "y": deposits.geometry.y.to_xarray().rename(index="n"),
    }
    cells = {n: g.to_numpy().ravel().astype(float) for n, g in grids.items()}
    points = {n: g.sel(at, method="nearest").to_numpy() for n, g in grids.items()}
    X = pd.concat([pd.DataFrame(points), pd.DataFrame(cells)], ignore_index=True)
    y = np.arange(len(X)) < len(deposits)
    # deposits as rows without ground of their own, cells as 0.01 km² each
    weight = np.where(y, 1e-12, 0.01)
    model = WeightsOfEvidence(
        categorical=["StratNo", "FaultDensity"],
        directions={"FaultDensity": "descending"},
        confidence=0,
        smoothing=0,
    ).fit(X, y, sample_weight=weight)
    for name, direction in (("StratNo", "categorical"), ("FaultDensity", "descending")):
        table = weights_table(grids[name], deposits, direction=direction)
        ours = model.weights_[name]
        for column in ("w_plus", "s_w_minus", "contrast", "weight", "s_weight"):
            np.testing.assert_allclose(
                ours[column], table[column], rtol=1e-8, atol=1e-9
            )
    assert model.prior_ == pytest.approx(258 / (grid.size * 0.01))


def test_posterior_is_prior_plus_weights():
    X, y = make_table()
    model = WeightsOfEvidence(categorical=["rock"]).fit(X, y)
    logit = np.log(y.mean() / (1 - y.mean()))
    logit = logit + model.contributions(X).sum(axis="columns")
    np.testing.assert_allclose(model.decision_function(X), logit)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-logit)))


def test_missing_and_unseen_weigh_nothing_and_add_doubt():
    X, y = make_table()
    model = WeightsOfEvidence(categorical=["rock"], confidence=0).fit(X, y)
    new = pd.DataFrame({"fault_km": [1.0, 1.0, np.nan], "rock": [2.0, 77.0, np.nan]})
    parts = model.contributions(new)
    assert parts.loc[1, "rock"] == parts.loc[2, "rock"] == parts.loc[2, "fault_km"] == 0
    assert model.predict_proba(new)[2, 1] == pytest.approx(model.prior_)
    variances = model.variance_parts(new)
    assert variances.loc[0, "missing"] == 0
    assert 0 < variances.loc[1, "missing"] < variances.loc[2, "missing"]
    np.testing.assert_allclose(model.predict_std(new) ** 2, variances["total"])


def test_missing_variance_by_hand():
    X = pd.DataFrame({"a": [1.0, 1, 1, 2, 2, 2, 2, 2]})
    y = [1, 1, 0, 1, 0, 0, 0, 0]
    model = WeightsOfEvidence(categorical=["a"], confidence=0, smoothing=0).fit(X, y)
    # known classes give 2/3 on 3/8 of the ground and 1/5 on 5/8; without: 3/8
    expected = 3 / 8 * (2 / 3 - 3 / 8) ** 2 + 5 / 8 * (1 / 5 - 3 / 8) ** 2
    gap = pd.DataFrame({"a": [np.nan]})
    assert model.variance_parts(gap)["missing"][0] == pytest.approx(expected)
    known = model.variance_parts(pd.DataFrame({"a": [1.0]})).iloc[0]
    slope = (2 / 3 * 1 / 3) ** 2
    assert known["weights"] == pytest.approx(slope * (1 / 2 + 1 / 1))
    assert known["prior"] == pytest.approx(slope * (1 / 3 + 1 / 5))


def test_directions():
    X, y = make_table()
    model = WeightsOfEvidence(
        directions={"fault_km": "ascending"}, categorical=["rock"]
    )
    table = model.fit(X, y).weights_["fault_km"]
    assert set(table["generalized_class"]) == {1, 2}
    assert table["from_value"][0] == -np.inf
    near, far = model.contributions(pd.DataFrame({"fault_km": [0.0, 50], "rock": 1.0}))[
        "fault_km"
    ]
    assert near > 0 > far


def test_weights_of_rows_are_their_area():
    X, y = make_table()
    single = WeightsOfEvidence().fit(X, y)
    double = WeightsOfEvidence().fit(X, y, sample_weight=np.full(len(y), 2.0))
    assert double.prior_ == pytest.approx(single.prior_ / 2)
    assert double.n_deposits_ == single.n_deposits_


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_order_of_rows_does_not_matter(seed):
    X, y = make_table(seed, n=80)
    if 0 < y.sum() < len(y):
        order = np.random.default_rng(seed).permutation(len(y))
        one = WeightsOfEvidence(categorical=["rock"]).fit(X, y)
        other = WeightsOfEvidence(categorical=["rock"]).fit(X.iloc[order], y[order])
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X))


def test_copies_and_leaves_its_input_alone():
    X, y = make_table()
    before = X.copy()
    model = WeightsOfEvidence(categorical=["rock"]).fit(X, y)
    pd.testing.assert_frame_equal(X, before)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin.predict_std(X), model.predict_std(X))
        pd.testing.assert_frame_equal(twin.weights_["rock"], model.weights_["rock"])


@pytest.mark.parametrize(
    ("options", "weight", "message"),
    [
        ({"categorical": ["ore"]}, None, r"no such columns: \['ore'\]"),
        ({"directions": {"rock": "up"}}, None, "direction 'up' is not known"),
        ({}, 0.001, "smaller unit_cell_area"),
    ],
)
def test_refuses(options, weight, message):
    X, y = make_table()
    weight = None if weight is None else np.full(len(y), weight)
    with pytest.raises(ValueError, match=message):
        WeightsOfEvidence(**options).fit(X, y, sample_weight=weight)


def test_refuses_one_class():
    X, y = make_table()
    with pytest.raises(ValueError, match="holds one class"):
        WeightsOfEvidence().fit(X, y * 0)
