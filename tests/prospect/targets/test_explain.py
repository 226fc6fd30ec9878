"""Contributions of evidence: exact in additive models."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import wrap_xr
from sklearn.ensemble import RandomForestClassifier

from prospect.targets import delineate_targets, explain_cells, explain_targets

WEIGHTS = {
    "fault": {1.0: 1.7, 2.0: 0.2, 3.0: -0.9},
    "rock": {1.0: -0.4, 2.0: 0.8, 3.0: 0.1},
}


class Additive:
    """Weights of evidence by hand: prior log-odds plus a weight per class."""

    classes_ = np.array([0, 1])

    def predict_proba(self, X):
        odds = -3.0 + sum(X[name].map(w).fillna(0) for name, w in WEIGHTS.items())
        p = 1 / (1 + np.exp(-odds.to_numpy()))
        return np.column_stack([1 - p, p])


def cells(n, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({name: rng.integers(1, 4, n).astype(float) for name in WEIGHTS})
    X.loc[::7, "fault"] = np.nan
    return X.set_index(np.arange(n) + 100)


def test_additive_model_gives_weights_minus_their_mean():
    X, reference = cells(20), cells(60, seed=1)
    before = X.copy()
    found = explain_cells(Additive(), X, reference, random_state=0)
    for name, weights in WEIGHTS.items():
        weight, usual = (t[name].map(weights).fillna(0) for t in (X, reference))
        np.testing.assert_allclose(found[name], weight - usual.mean(), atol=1e-9)
    assert found.index.equals(X.index)
    pd.testing.assert_frame_equal(X, before)


def test_a_large_reference_is_thinned_by_seed():
    X, reference = cells(5), cells(5000, seed=1)
    one, two, other = (
        explain_cells(Additive(), X, reference, random_state=s) for s in (1, 1, 2)
    )
    pd.testing.assert_frame_equal(one, two)
    assert not one.equals(other)
    assert np.abs(one - other).to_numpy().max() < 0.6


def test_a_layer_the_model_ignores_contributes_nothing():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(200, 2)), columns=["a", "flat"]).assign(flat=1.0)
    model = RandomForestClassifier(20, random_state=0).fit(X, (X["a"] > 0).astype(int))
    found = explain_cells(model, X[:9], X, random_state=0)
    assert (found["flat"].abs() < 1e-9).all()
    assert (np.sign(found["a"]) == np.sign(X["a"][:9])).all()


def test_other_layers_are_refused():
    with pytest.raises(ValueError, match="same layers in the same order"):
        explain_cells(Additive(), cells(3), cells(3)[["rock", "fault"]], random_state=0)
    with pytest.raises(ValueError, match="one reference row or more"):
        explain_cells(Additive(), cells(3), cells(0), random_state=0)


def test_targets_are_given_their_reasons():
    box = GeoBox.from_bbox((0, 0, 8000, 4000), "EPSG:32654", resolution=100)
    fault, rock = np.full((40, 80), 3.0), np.full((40, 80), 1.0)
    fault[5:12, 5:20], rock[20:30, 50:70] = 1.0, 2.0
    kinds = {"kind": "categorical"}
    stack = xr.Dataset({
        "fault": wrap_xr(fault, box).assign_attrs(kinds),
        "rock": wrap_xr(rock, box).assign_attrs(kinds),
    }).chunk({"y": 13, "x": 17})  # fmt: skip
    score = wrap_xr((fault == 1) * 0.9 + (rock == 2) * 0.4, box)
    targets = delineate_targets(score, threshold=0.3)
    before = targets.copy()
    reference = pd.DataFrame({"fault": [1.0, 3, 3, 3], "rock": [1.0, 1, 1, 2]})
    found = explain_targets(targets, Additive(), stack, reference, random_state=0)
    assert found.targets["evidence_for"].tolist() == ["fault (+1.9)", "rock (+0.9)"]
    assert found.targets["evidence_against"].tolist() == ["rock (-0.3)", "fault (-0.7)"]
    assert found.targets.attrs == targets.attrs
    assert isinstance(found.targets, gpd.GeoDataFrame)
    assert found.table.columns.tolist() == [
        "rank", "layer", "contribution", "value", "n_cells",
    ]  # fmt: skip
    assert found.table["value"].tolist() == [1, 1, 3, 2]
    assert found.table["n_cells"].between(2, 12).all()
    pd.testing.assert_frame_equal(targets, before)


def test_no_target_has_no_reasons():
    geobox = GeoBox.from_bbox((0, 0, 4000, 1000), "EPSG:32654", resolution=1000)
    grid = wrap_xr(np.array([[1.0, 2.0, 3.0, 2.0]]), geobox)
    stack = xr.Dataset({"fault": grid, "rock": grid})
    targets = delineate_targets(grid, threshold=2.5, min_area_km2=9)
    found = explain_targets(targets, Additive(), stack, cells(9), random_state=0)
    assert len(found.targets) == len(found.table) == 0
    assert {"evidence_for", "evidence_against"} <= set(found.targets)
