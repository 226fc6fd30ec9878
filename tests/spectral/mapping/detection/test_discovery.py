"""False discoveries: the textbook's procedure on sorted p-values, and its promise."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spectral.mapping import ace, control_false_discovery, glrt, rx


def sorted_procedure(p, rate, dependence="positive"):
    """Benjamini and Hochberg's (1995) steps, Yekutieli's (2001) factor."""
    p = np.sort(p[~np.isnan(p)])
    ranks = np.arange(1, p.size + 1)
    level = rate / p.size / ((1 / ranks).sum() if dependence == "any" else 1)
    passed = np.flatnonzero(p <= level * ranks)
    return p[passed[-1]] if passed.size else np.nan


def test_printed_example():
    """Fifteen p-values of Benjamini and Hochberg (1995), section 3.2: four rejected."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    grid = xr.DataArray(p, dims="x")
    found = control_false_discovery(grid, rate=0.05, given="p_values")
    assert found.values.sum() == 4
    assert found.attrs["p_value"] == [pytest.approx(0.0095)]
    assert found.attrs["detected"] == [4]


@given(
    st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40),
    st.floats(0.01, 0.5),
    st.sampled_from(["positive", "any"]),
)
def test_sorted_procedure(numbers, rate, dependence):
    p = np.array(numbers, "float32")
    found = control_false_discovery(
        xr.DataArray(p, dims="x"), rate=rate, given="p_values", dependence=dependence
    )
    limit = sorted_procedure(p.astype(float), rate, dependence)
    np.testing.assert_array_equal(found, p <= limit)
    np.testing.assert_array_equal(found.attrs["p_value"], [limit])
    assert found.attrs["detected"] == [int((p <= limit).sum())]


@pytest.mark.parametrize("dependence", ["positive", "any"])
@pytest.mark.parametrize("chunks", [None, {"y": 30, "x": 50, "target": 1}])
def test_maps(chunks, dependence):
    rng = np.random.default_rng(1)
    score = xr.DataArray(
        rng.standard_normal((2, 80, 100)), {"target": ["a", "b"]}, ("target", "y", "x")
    )
    score[0, :4] += 4
    score[1, 5, 5] = np.nan
    given = score if chunks is None else score.chunk(chunks)
    found = control_false_discovery(given, rate=0.1, dependence=dependence)
    assert (found.chunks is None) == (chunks is None)
    assert np.isnan(found[1, 5, 5])
    assert found.attrs["pixels"] == [8000, 7999]
    for i in range(2):
        row = score[i].values
        low, middle, high = np.quantile(
            row[~np.isnan(row)], [0.25, 0.5, 0.75], method="nearest"
        )
        p = stats.norm.sf((row - middle) / (high - low) * 1.3489795003921634)
        limit = sorted_procedure(p, 0.1, dependence)
        assert int(found[i].sum()) == pytest.approx((p <= limit).sum(), abs=1)
        assert found.attrs["detected"][i] == int(found[i].sum())
    cut = found.attrs["score"][0]
    assert float(score[0].where(found[0] == 1).min()) == pytest.approx(cut, rel=1e-5)


def test_the_promise_is_kept():
    """Of what is detected, at most the stated share is false, on average."""
    shares = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        score = xr.DataArray(rng.standard_normal((100, 100)), dims=("y", "x"))
        score[:3] += 4
        found = control_false_discovery(score, rate=0.1)
        shares.append(float(found[3:].sum() / max(float(found.sum()), 1)))
    assert np.mean(shares) < 0.1
    assert np.mean(shares) > 0.03, "and not by detecting nothing"


def test_anomalies_by_their_law(scene):
    spiked = scene.copy()
    spiked[:2, 10, 10] += 0.2
    found = control_false_discovery(rx(spiked), rate=0.01, given="law")
    assert found[10, 10] == 1
    assert found.attrs["classes"] == {0: "not detected", 1: "detected"}


def test_bad_input():
    score = xr.DataArray(np.linspace(-1, 2, 100), dims="x")
    with pytest.raises(ValueError, match="rate must be"):
        control_false_discovery(score, rate=0)
    with pytest.raises(ValueError, match="dependence must be"):
        control_false_discovery(score, dependence="none")
    with pytest.raises(ValueError, match="given must be"):
        control_false_discovery(score, given="scores")
    with pytest.raises(ValueError, match="p-values lie from 0 to 1"):
        control_false_discovery(score, given="p_values")
    with pytest.raises(ValueError, match="does not say what law"):
        control_false_discovery(score, given="law")


def test_squares_never_pass_for_normal(scene, targets):
    rng = np.random.default_rng(6)
    keep = ~scene["bad_bands"].values
    cube = xr.DataArray(
        rng.standard_normal((9, 100, 100)),
        {"wavelength": scene["wavelength"].values[keep]},
        ("wavelength", *"yx"),
    )
    # background alone: a normal law called 9 % of it detected
    for signed in (False, True):
        score = ace(cube, targets[:, keep], signed=signed)
        assert float(control_false_discovery(score).mean()) < 1e-4
    with pytest.raises(ValueError, match="'glrt' is a square"):
        control_false_discovery(glrt(cube, targets[:, keep]))
