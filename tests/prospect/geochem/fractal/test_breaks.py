import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.geochem import PowerLaw, piecewise_power_law
from prospect.geochem.fractal._segments import best_knots, fit_line

X = np.geomspace(1, 1000, 61)


def bent(x, breaks=(100.0,), slopes=(-0.8, -3.0)):
    u, y = np.log(x), slopes[0] * np.log(x)
    for knot, turn in zip(breaks, np.diff(slopes), strict=True):
        y = y + turn * np.maximum(u - np.log(knot), 0)
    return np.exp(y)


def hinge_sse(u, v, knots):
    columns = np.column_stack(
        [np.ones_like(u), u, *(np.maximum(u - k, 0) for k in knots)]
    )
    found, *_ = np.linalg.lstsq(columns, v, rcond=None)
    return float(((v - columns @ found) ** 2).sum())


def test_the_constructed_break_is_found():
    """A million cells of P(c) = c^-0.8 up to 100, then steeper: METHODS 1.6 item 5."""
    share = (np.arange(1_000_000) + 0.5) / 1_000_000
    at = 100**-0.8
    cells = np.where(share > at, share ** (-1 / 0.8), 100 * (share / at) ** (-1 / 3))
    reached = 1 - np.searchsorted(cells[::-1], X, side="left") / len(cells)
    law = piecewise_power_law(X, reached, n_segments=2)
    np.testing.assert_allclose(law.breaks, [100.07], atol=0.005)
    np.testing.assert_allclose(law.slopes, [-0.800, -3.002], atol=0.0005)


@pytest.mark.parametrize(
    ("breaks", "slopes"),
    [((), (-1.5,)), ((137.0,), (-0.8, -3.0)), ((7.3, 220.0), (-0.2, -1.0, -4.0))],
)
def test_exact_laws_are_recovered_between_the_points(breaks, slopes):
    law = piecewise_power_law(X, bent(X, breaks, slopes))
    np.testing.assert_allclose(law.breaks, breaks, rtol=1e-6)
    np.testing.assert_allclose(law.slopes, slopes, rtol=1e-6)
    np.testing.assert_allclose(law.predict(X), bent(X, breaks, slopes), rtol=1e-6)
    assert law.r2 == pytest.approx(1)


def test_one_segment_is_the_straight_line_of_polyfit():
    y = bent(X) * np.exp(np.random.default_rng(0).normal(0, 0.1, len(X)))
    weights = np.linspace(1, 5, len(X))
    law = piecewise_power_law(X, y, n_segments=1, weights=weights)
    slope, level = np.polyfit(np.log(X), np.log(y), 1, w=np.sqrt(weights))
    np.testing.assert_allclose([law.slopes[0], law.level], [slope, level])


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), n_knots=st.integers(1, 2))
def test_the_search_beats_or_equals_every_set_of_points(seed, n_knots):
    random = np.random.default_rng(seed)
    u = np.sort(random.uniform(0, 5, 18)) + np.arange(18) * 0.01
    v = random.normal(size=18).cumsum()
    w = np.ones(18)
    knots = best_knots(u, v, w, n_knots=n_knots, least=3)
    sets = itertools.combinations(range(3, 15), n_knots)
    allowed = [s for s in sets if all(b - a >= 3 for a, b in itertools.pairwise(s))]
    least = min(hinge_sse(u, v, u[list(s)]) for s in allowed)
    assert hinge_sse(u, v, knots) == pytest.approx(least)
    x, y = np.exp(u), np.exp(v)
    law = piecewise_power_law(x, y, n_segments=n_knots + 1, min_points=3)
    assert law.choice["sse"].iloc[0] <= least * (1 + 1e-9)
    _, residuals = fit_line(u, v, w, np.log(law.breaks))
    assert law.choice["sse"].iloc[0] == pytest.approx(residuals @ residuals)


def test_number_of_segments_with_independent_noise():
    random = np.random.default_rng(3)
    found = []
    for _ in range(20):
        y = bent(X) * np.exp(random.normal(0, 0.05, len(X)))
        found.append(len(piecewise_power_law(X, y).slopes))
    assert found.count(2) >= 17


def test_scaling_and_order_change_nothing():
    y = bent(X) * np.exp(np.random.default_rng(1).normal(0, 0.05, len(X)))
    law = piecewise_power_law(X, y, n_segments=2)
    order = np.random.default_rng(2).permutation(len(X))
    moved = piecewise_power_law(5 * X[order], 70 * y[order], n_segments=2)
    np.testing.assert_allclose(moved.breaks, 5 * law.breaks, rtol=1e-6)
    np.testing.assert_allclose(moved.slopes, law.slopes, rtol=1e-6)


def test_intervals_are_reproducible_and_hold_the_estimate():
    y = bent(X) * np.exp(np.random.default_rng(1).normal(0, 0.1, len(X)))
    before = y.copy()
    one, two = (
        piecewise_power_law(X, y, n_segments=2, n_bootstrap=60, random_state=5)
        for _ in range(2)
    )
    assert one.intervals.equals(two.intervals)
    assert isinstance(one, PowerLaw)
    assert (one.intervals["low"] <= one.intervals["estimate"]).all()
    assert (one.intervals["estimate"] <= one.intervals["high"]).all()
    assert (
        one.intervals.loc["break_1", "low"] < 100 < one.intervals.loc["break_1", "high"]
    )
    assert list(one.intervals.index) == ["break_1", "slope_1", "slope_2"]
    assert one.n_bootstrap == 60
    np.testing.assert_array_equal(y, before)
    auto = piecewise_power_law(X, y, n_bootstrap=20, random_state=5)
    assert auto.choice["share"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"x": -X}, r"x must be positive and finite: 61 of 61.*Leave"),
        ({"y": np.where(X > 900, 0, X)}, r"y must be positive.*first at 60 \(0\)"),
        ({"weights": np.full(61, np.nan)}, "weights must be positive"),
        ({"x": np.round(X)}, "x repeats the value"),
        ({"x": X[:5]}, "of one length"),
        ({"n_segments": 7}, "n_segments must be from 1 to 6. Got 7"),
        ({"n_segments": "many"}, "must be 'auto' or a number, not 'many'"),
        ({"max_segments": 0}, "max_segments must be from 1 to 6"),
        ({"min_points": 1}, "min_points must be at least 2"),
        ({"n_segments": 5, "min_points": 20}, "61 points are too few for 5 segments"),
    ],
)
def test_refusals(change, match):
    given_ = {"x": X, "y": bent(X)} | change
    with pytest.raises(ValueError, match=match):
        piecewise_power_law(given_.pop("x"), given_.pop("y"), **given_)
