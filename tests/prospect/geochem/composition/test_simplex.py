"""Closure, perturbation and power, variation matrix."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from prospect.geochem import close, clr, perturb, power, variation_matrix
from survey import DataProblems

ROW = [0.1, 0.3, 0.4, 0.2]
POSITIVE = arrays(float, (4,), elements=st.floats(1e-3, 1e3))


def test_printed_numbers():
    moved = perturb(ROW, [1 / 6, 1 / 6, 1 / 3, 1 / 3])
    np.testing.assert_allclose(moved, [0.0625, 0.1875, 0.5, 0.25])
    printed = [0.23059566, 0.25737316, 0.26488486, 0.24714631]
    np.testing.assert_allclose(power(ROW, 0.1), printed, atol=5e-9)


@settings(max_examples=30, deadline=None)
@given(POSITIVE, POSITIVE, st.floats(-3, 3))
def test_laws(one, two, number):
    np.testing.assert_allclose(clr(perturb(one, two)), clr(one) + clr(two), atol=1e-8)
    np.testing.assert_allclose(clr(power(one, number)), number * clr(one), atol=1e-8)
    np.testing.assert_allclose(perturb(one, power(one, -1)), 0.25)


def test_closure_in_the_unit_asked_for():
    soil = pd.DataFrame({"id": ["a"], "Cu_ppm": [20.0], "SiO2_pct": [0.006]})
    found = close(soil)
    assert list(found) == ["id", "Cu_ppm", "SiO2_ppm"]
    assert found["Cu_ppm"][0] == pytest.approx(250_000)
    assert found.attrs["units"] == {"Cu_ppm": "ppm", "SiO2_ppm": "ppm"}
    by_ten = close(soil, unit="pct", total=10)
    np.testing.assert_allclose(by_ten[["Cu_pct", "SiO2_pct"]], [[2.5, 7.5]])
    np.testing.assert_allclose(close(np.array([[1.0, 3.0]])), [[0.25, 0.75]])
    same = close(pd.DataFrame({"Cu_pct": [1.0], "Zn_pct": [3.0]}))
    np.testing.assert_allclose(same, [[25, 75]])


def test_variation_matrix_by_brute_force():
    random = np.random.default_rng(4)
    soil = pd.DataFrame(random.lognormal(size=(30, 4)), columns=list("abcd"))
    found = variation_matrix(soil)
    for one in soil:
        for two in soil:
            expected = np.log(soil[one] / soil[two]).var()
            assert found.loc[one, two] == pytest.approx(expected, abs=1e-12)
    assert found.attrs["total_variance"] == pytest.approx(found.sum().sum() / 8)
    spread = clr(soil).var()
    assert list(found.attrs["clr_variance"].values()) == pytest.approx(list(spread))


def test_variation_leaves_out_rows_on_demand():
    soil = pd.DataFrame({"Cu_ppm": [1, 2, np.nan, 5.0], "Zn_ppm": [3, 1, 2, 2.0]})
    found = variation_matrix(soil, missing="nan")
    assert found.attrs["n"] == 3
    pd.testing.assert_frame_equal(found, variation_matrix(soil.dropna()))
    with pytest.raises(DataProblems, match="1 of 4 values are missing"):
        variation_matrix(soil)
    with pytest.raises(ValueError, match="1 samples are complete"):
        variation_matrix(soil[:1])


def test_refusals():
    with pytest.raises(DataProblems, match="zero"):
        perturb([1, 0], [1, 1])
    with pytest.raises(DataProblems, match="missing"):
        power([1, np.nan], 2)
    with pytest.raises(ValueError, match="total=0"):
        close(np.array([[1.0, 3.0]]), total=0)
