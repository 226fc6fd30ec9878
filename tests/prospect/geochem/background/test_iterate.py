"""Background by iteration: worked by hand, by brute force, as a law."""

import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from prospect.geochem import iterate_background
from survey import DataProblems

# (mean, deviation, threshold) of twelve elements, T = mean + 2.5 S: Geophysical and
# Geochemical Exploration 2025, 49(5), 1070, table 1
TABLE = {
    "Cu": (6.6, 2.7, 13.35),
    "Zn": (54.5, 18.3, 100.25),
    "Pb": (24.3, 6.1, 39.55),
    "Ag": (57, 15, 94.5),
    "Sn": (2.3, 0.4, 3.3),
    "Cd": (80, 25.2, 143),
    "As": (10.3, 6.2, 25.8),
    "Sb": (0.54, 0.22, 1.09),
    "Bi": (0.17, 0.06, 0.32),
    "Mo": (1.68, 0.77, 3.605),
    "W": (1.38, 0.46, 2.53),
    "Au": (0.65, 0.10, 0.90),
}


def with_moments(mean, sd, n=200):
    """Values with exactly this mean and deviation, none beyond three deviations."""
    z = np.linspace(-1, 1, n)
    return mean + sd * (z - z.mean()) / z.std(ddof=1)


@pytest.mark.parametrize("element", TABLE)
def test_published_thresholds(element):
    mean, sd, threshold = TABLE[element]
    samples = pd.DataFrame({"C": with_moments(mean, sd)})
    found = iterate_background(samples, "C", transform=None, k=2.5)
    assert found.background_value == pytest.approx(mean)
    assert found.threshold == pytest.approx(threshold)
    assert found.counts["n_removed"] == 0


def test_by_hand_in_two_passes():
    # 20 tens and 20 twelves, a 30 and a 200: mean 15.95, S 29.1 -> the 200 goes; then
    # mean 11.463, S 3.06 -> the 30 goes; mean 11, S = sqrt(40/39)
    samples = pd.DataFrame({"Cu_ppm": [10.0] * 20 + [12.0] * 20 + [30.0, 200.0]})
    found = iterate_background(samples, "Cu_ppm", transform=None, k=2)
    assert found.history["n"].tolist() == [42, 41, 40]
    assert found.history["n_removed_high"].tolist() == [1, 1, 0]
    assert found.history["n_removed_low"].tolist() == [0, 0, 0]
    assert found.history["mean"].tolist() == pytest.approx([670 / 42, 470 / 41, 11.0])
    assert found.sd == pytest.approx((40 / 39) ** 0.5)
    assert found.threshold == pytest.approx(11 + 2 * (40 / 39) ** 0.5)
    assert found.counts["iterations"] == 2
    assert found.kept.tolist() == [True] * 40 + [False, False]


def test_in_lg_it_is_the_same_of_the_logarithms():
    rng = np.random.default_rng(3)
    lg = np.concatenate([rng.normal(1, 0.2, 300), [2.5, 3, -1]])
    found = iterate_background(pd.DataFrame({"Cu_ppm": 10**lg}), "Cu_ppm")
    plain = iterate_background(pd.DataFrame({"y": lg}), "y", transform=None)
    assert found.threshold == pytest.approx(10**plain.threshold)
    assert found.background_value == pytest.approx(10**plain.mean)
    assert found.sd == pytest.approx(plain.sd)
    assert (found.kept == plain.kept).all()


def brute(x):
    """Remove value by value sets beyond three deviations, without any array."""
    x = list(x)
    while True:
        mean = sum(x) / len(x)
        sd = (sum((v - mean) ** 2 for v in x) / (len(x) - 1)) ** 0.5
        rest = [v for v in x if abs(v - mean) <= 3 * sd]
        if len(rest) == len(x):
            return mean, sd, x
        x = rest


def test_against_plain_python():
    rng = np.random.default_rng(5)
    x = rng.lognormal(2, 1, 500)
    found = iterate_background(pd.DataFrame({"x": x}), "x", transform=None)
    mean, sd, rest = brute(x)
    assert (found.mean, found.sd) == pytest.approx((mean, sd))
    assert found.counts["n"] - found.counts["n_removed"] == len(rest)


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(float, 30, elements=st.floats(0.01, 1e4)),
    st.floats(0.1, 100),
)
def test_units_do_not_matter(x, unit):
    one = iterate_background(pd.DataFrame({"x": x}), "x")
    two = iterate_background(pd.DataFrame({"x": x * unit}), "x")
    if (one.kept == two.kept).all():  # a value at the bound may fall on either side
        assert two.threshold == pytest.approx(unit * one.threshold, rel=1e-6)
    inside = np.log10(x[one.kept])
    assert (np.abs(inside - one.mean) <= 3 * one.sd + 1e-9).all()


CENSORED = pd.DataFrame(
    {
        "Au_ppb": [0.5, 0.5, 1.0, 2.0, 3.0, 4.0, np.nan, np.nan] * 5,
        "Au_ppb_censored": [True, True, False, False, False, False, True, False] * 5,
    }
)


def test_values_below_detection_are_counted_and_said():
    before = CENSORED.copy()
    at_limit = iterate_background(CENSORED, "Au_ppb", transform=None)
    dropped = iterate_background(CENSORED, "Au_ppb", transform=None, censored="drop")
    assert at_limit.counts["n"] == 30
    assert (at_limit.counts["n_censored"], at_limit.counts["n_no_limit"]) == (15, 5)
    assert at_limit.counts["n_missing"] == 5
    assert at_limit.mean == pytest.approx((0.5 + 0.5 + 10) / 6)
    assert dropped.mean == pytest.approx(2.5)
    assert "10 values below detection enter with their limit" in at_limit.note
    assert "5 values below an untold limit are left out" in at_limit.note
    assert "10 values below detection are left out" in dropped.note
    pd.testing.assert_frame_equal(CENSORED, before)


def test_limits_of_a_column_and_imputed_values_are_used():
    samples = CENSORED.assign(Au_ppb_detection_limit=0.4)
    found = iterate_background(samples, "Au_ppb", transform=None)
    assert (found.counts["n"], found.counts["n_no_limit"]) == (35, 0)
    done = samples.assign(
        Au_ppb=samples["Au_ppb"].where(~samples["Au_ppb_censored"], 0.2),
        Au_ppb_imputed=samples["Au_ppb_censored"],
    )
    imputed = iterate_background(done, "Au_ppb", transform=None, censored="imputed")
    assert imputed.counts["n_imputed"] == 15
    assert imputed.mean == pytest.approx((0.2 * 3 + 10) / 7)


def test_fitted_on_some_samples():
    samples = pd.DataFrame({"x": np.r_[np.arange(1.0, 41), np.full(10, 1e4)]})
    mask = samples["x"] < 1000
    found = iterate_background(samples, "x", transform=None, fit_on=mask)
    assert found.mean == pytest.approx(20.5)
    assert not found.kept[~mask].any()


def test_constant_values_have_no_spread():
    found = iterate_background(pd.DataFrame({"x": [0.1] * 40}), "x", transform=None)
    assert found.threshold == pytest.approx(found.background_value)
    assert "no spread" in found.note


def test_the_note_is_said_in_chinese():
    few = pd.DataFrame({"x": [1.0, 2, 3]})
    assert "仅有 3 个数据" in iterate_background(few, "x").note.say("zh")


def test_errors():
    zeros = pd.DataFrame({"sample_id": ["A", "B", "C"], "Cu_ppm": [0.0, -1.0, 5.0]})
    with pytest.raises(DataProblems, match=r"row A.*\n.*row B"):
        iterate_background(zeros, "Cu_ppm")
    many = pd.DataFrame({"Cu_ppm": np.r_[np.zeros(150), 5.0]})
    with pytest.raises(DataProblems, match=r"row 1-150, .*150 times"):
        iterate_background(many, "Cu_ppm")
    with pytest.raises(DataProblems, match=r"row 2, .*infinite"):
        iterate_background(pd.DataFrame({"x": [1.0, np.inf]}), "x")
    with pytest.raises(TypeError, match="holds str, not numbers"):
        iterate_background(pd.DataFrame({"x": ["<5", "3"]}), "x")
    with pytest.raises(ValueError, match="no column 'y'"):
        iterate_background(pd.DataFrame({"x": [1.0]}), "y")
    with pytest.raises(ValueError, match="1 values enter"):
        iterate_background(pd.DataFrame({"x": [1.0, np.nan]}), "x")
    with pytest.raises(ValueError, match="censored must be one of"):
        iterate_background(CENSORED, "Au_ppb", censored="half")
    with pytest.raises(ValueError, match="15 of 15 values below detection are not"):
        iterate_background(CENSORED, "Au_ppb", censored="imputed")
    with pytest.raises(ValueError, match="k must be a number above 0"):
        iterate_background(CENSORED, "Au_ppb", k=0)
    with pytest.raises(ValueError, match="fit_on must hold True or False"):
        iterate_background(CENSORED, "Au_ppb", fit_on=[True, False])
    with pytest.raises(ValueError, match="nothing is left to fit"):
        iterate_background(CENSORED, "Au_ppb", fit_on=np.zeros(40, dtype=bool))
    with pytest.raises(ValueError, match="another index"):
        iterate_background(
            CENSORED, "Au_ppb", fit_on=pd.Series([True] * 40, range(1, 41))
        )
    with pytest.raises(TypeError, match="must hold True or False"):
        iterate_background(CENSORED.assign(Au_ppb_censored="yes"), "Au_ppb")
