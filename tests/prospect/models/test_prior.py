import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from prospect.models import correct_prior


def test_by_hand():
    # odds 9 to 1 at even priors become 9/99 to 1 at one in a hundred
    moved = correct_prior(0.9, sampled_prior=0.5, prior=0.01)
    assert moved == pytest.approx(9 / 99 / (1 + 9 / 99))


def test_recovers_the_prior_of_a_case_control_sample():
    random = np.random.default_rng(1)
    x = random.normal(size=(400_000, 1))
    y = random.random(len(x)) < 1 / (1 + np.exp(-(1.2 * x[:, 0] - 5)))
    cases, controls = np.flatnonzero(y), np.flatnonzero(~y)
    rows = np.concatenate([cases, random.choice(controls, cases.size, replace=False)])
    model = LogisticRegression(C=1e6).fit(x[rows], y[rows])
    raw = model.predict_proba(x)[:, 1]
    moved = correct_prior(raw, sampled_prior=0.5, prior=y.mean())
    assert raw.mean() > 10 * y.mean()
    assert moved.mean() == pytest.approx(y.mean(), rel=0.03)


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=20),
    st.floats(0.01, 0.99),
    st.floats(0.001, 0.99),
)
def test_laws(probabilities, sampled, prior):
    p = np.sort(probabilities)
    moved = correct_prior(p, sampled_prior=sampled, prior=prior)
    assert (np.diff(moved) >= 0).all()
    assert ((moved >= 0) & (moved <= 1)).all()
    back = correct_prior(moved, sampled_prior=prior, prior=sampled)
    np.testing.assert_allclose(back, p, atol=1e-9)


def test_std_is_the_slope_times_std():
    p, step = np.array([0.01, 0.2, 0.7, 0.99]), 1e-7
    options = {"sampled_prior": 0.3, "prior": 0.02}
    moved, std = correct_prior(p, std=np.full(4, 1e-4), **options)
    inside = np.clip(p, step, 1 - step)
    high = correct_prior(inside + step, **options)
    low = correct_prior(inside - step, **options)
    np.testing.assert_allclose(std, 1e-4 * (high - low) / (2 * step), rtol=1e-3)
    np.testing.assert_allclose(moved, correct_prior(p, **options))


def test_missing_stays_missing():
    assert np.isnan(correct_prior([np.nan], sampled_prior=0.5, prior=0.1)).all()


@pytest.mark.parametrize(
    ("p", "priors", "message"),
    [
        (0.5, (0.0, 0.1), "sampled_prior must lie between 0 and 1; got 0.0"),
        (0.5, (0.5, 1.0), "prior must lie between 0 and 1; got 1.0"),
        (1.5, (0.5, 0.1), "within 0 to 1; got 1.5"),
    ],
)
def test_refuses(p, priors, message):
    with pytest.raises(ValueError, match=message):
        correct_prior(p, sampled_prior=priors[0], prior=priors[1])


def test_std_stays_possible_where_the_slope_is_steep():
    options = {"sampled_prior": 0.01, "prior": 0.15}
    p = np.linspace(0, 1, 11)
    moved, std = correct_prior(p, std=np.full(11, 0.4), **options)
    assert (std <= 0.5).all()
    ends = [correct_prior(np.clip(p + s, 0, 1), **options) for s in (-0.4, 0.4)]
    np.testing.assert_allclose(std, (ends[1] - ends[0]) / 2)
    assert ((moved >= ends[0]) & (moved <= ends[1])).all()
