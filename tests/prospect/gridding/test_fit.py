"""Models fitted to variograms."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.gridding import Structure, VariogramModel, fit_variogram

LAG = np.arange(50.0, 1500, 50)


def table(model, azimuths=(None,), n_pairs=200):
    parts = [
        pd.DataFrame(
            {
                "lag": LAG,
                "gamma": model(LAG, azimuth=a),
                "n_pairs": n_pairs,
                "azimuth": np.nan if a is None else a,
            }
        )
        for a in azimuths
    ]
    return pd.concat(parts, ignore_index=True)


@settings(max_examples=20, deadline=None)
@given(
    kind=st.sampled_from(["spherical", "exponential", "gaussian", "cubic"]),
    nugget=st.floats(0, 0.5),
    reach=st.floats(200, 1200),
    unit=st.sampled_from([1e-8, 1.0, 1e6]),
    weights=st.sampled_from(["pairs_lag2", "pairs", "cressie", "equal"]),
)
def test_an_exact_variogram_is_found_again(kind, nugget, reach, unit, weights):
    truth = VariogramModel(nugget * unit, [Structure(kind, unit, reach)])
    found = fit_variogram(table(truth), models=[kind], weights=weights)
    assert found.range == pytest.approx(reach, rel=1e-3)
    assert found.nugget == pytest.approx(nugget * unit, abs=2e-3 * unit)
    assert found.structures[0].sill == pytest.approx(unit, rel=5e-3)


@pytest.mark.parametrize("smoothness", [1.5, 2.5])
def test_matern_finds_its_smoothness(smoothness):
    truth = VariogramModel(0.1, [Structure("matern", 2, 500, smoothness=smoothness)])
    found = fit_variogram(table(truth), models=["matern"])
    assert found.structures[0].smoothness == smoothness


def test_the_better_kind_is_kept():
    for kind in ("spherical", "exponential", "gaussian"):
        truth = VariogramModel(0.1, [Structure(kind, 2, 600)])
        found = fit_variogram(
            table(truth), models=["spherical", "exponential", "gaussian"]
        )
        assert found.structures[0].kind == kind


def test_nested_structures():
    truth = VariogramModel(
        0.1, [Structure("spherical", 1, 200), Structure("spherical", 2, 1200)]
    )
    found = fit_variogram(table(truth), models="spherical+spherical")
    h = np.linspace(60, 1400, 50)
    np.testing.assert_allclose(found(h), truth(h), rtol=0.01)


@pytest.mark.parametrize(("ratio", "azimuth"), [(0.4, 30), (0.25, 150), (0.6, 90)])
def test_anisotropy(ratio, azimuth):
    truth = VariogramModel(0.1, [Structure("spherical", 2, 1000, ratio, azimuth)])
    found = fit_variogram(
        table(truth, [0, 45, 90, 135]), models=["spherical"]
    ).structures[0]
    assert found.ratio == pytest.approx(ratio, rel=0.01)
    assert found.azimuth == pytest.approx(azimuth, abs=1)
    assert found.range == pytest.approx(1000, rel=0.01)


def test_linear():
    truth = VariogramModel(0.5, [Structure("linear", 2, 1000)])
    found = fit_variogram(table(truth), models=["linear"])
    np.testing.assert_allclose(found(LAG), truth(LAG), rtol=1e-6)


def test_notes():
    rising = table(VariogramModel(0, [Structure("linear", 1, 1000)]))
    rising.loc[0, "n_pairs"] = 3
    before = rising.copy()
    found = fit_variogram(rising)
    pd.testing.assert_frame_equal(rising, before)
    assert "1 classes of distance with fewer than 30 pairs" in found.notes[0]
    assert "still rises at the longest distance" in found.notes[1]
    assert "仍在上升" in found.notes[1].say("zh")


def noisy(values):
    return pd.DataFrame({"lag": LAG, "gamma": values, "n_pairs": 100})


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (noisy(np.full(len(LAG), 2.0)), "flat, about 2 from 50 to 1450 m"),
        (
            noisy(2 + 0.01 * np.random.default_rng(0).normal(size=len(LAG))),
            "is flat",
        ),
        (noisy(np.linspace(3, 1, len(LAG))), "falls with distance, from 3 to 1"),
        (noisy(np.zeros(len(LAG))), "the samples have one value"),
        (noisy(LAG)[:3], "3 of 3 classes of distance have 30 pairs"),
        (noisy(LAG).assign(n_pairs=29), "Take wider classes"),
        (noisy(LAG).drop(columns="n_pairs"), "no column 'n_pairs'"),
    ],
)
def test_what_cannot_be_fitted_is_said_with_a_remedy(given, match):
    with pytest.raises(ValueError, match=match):
        fit_variogram(given)


def test_a_rise_beyond_what_the_weights_heed_is_not_flat():
    """Gold of 620 stream sediments: rises to the last class, with a large nugget."""
    lag = [2959, 7293, 11908, 16607, 21371, 26060, 30809, 35522, 40261, 45006, 49716]
    gamma = [203, 246, 271, 268, 262, 277, 294, 305, 292, 315, 304, 305, 310, 342, 347]
    pairs = [1995, 4753, 6687, 7483, 8510, 8843, 9051, 9171, 9205, 8985, 8706]
    measured = pd.DataFrame(
        {
            "lag": [*lag, 54432, 59199, 63862, 68665],
            "gamma": np.divide(gamma, 1000),
            "n_pairs": [*pairs, 8381, 7410, 6530, 5612],
        }
    )
    model = fit_variogram(measured)
    assert 0.4 < model.nugget / model(1e6) < 0.7


def test_refuses_options():
    good = table(VariogramModel(0, [Structure("spherical", 1, 500)]))
    with pytest.raises(ValueError, match="models must be among"):
        fit_variogram(good, models=["round"])
    with pytest.raises(ValueError, match="weights must be one of"):
        fit_variogram(good, weights="n")
    good.attrs["estimator"] = "madogram"
    with pytest.raises(ValueError, match="madogram has no sill"):
        fit_variogram(good)
