"""Statistics of values below detection."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import norm

from prospect.geochem import censored_statistics
from prospect.geochem.censored._censored_models import (
    fit_normal,
    order_statistics,
    plotting_positions,
    truncated_moments,
)

ARSENIC = [1, 1, 1.7, 1, 1, 2, 3.2, 2, 2, 2.8, 2, 2, 2, 2, 2, 0.7, 0.9, 0.5, 0.5, 0.9]
ARSENIC = np.array([*ARSENIC, 0.5, 0.7, 0.6, 1.5])
BELOW = np.array(list("110111011011111000010000")) == "1"


@pytest.mark.parametrize(
    ("method", "mean", "sd", "median"),
    [
        ("km", 0.9489583, 0.8068068, 0.7),
        ("ros", 0.9724632, 0.7180122, 0.7),
        ("mle", 0.9452585, 0.6559261, 0.7766007),
    ],
)
def test_oahu_arsenic_as_printed(method, mean, sd, median):
    found = censored_statistics(ARSENIC, BELOW, method=method)
    assert found.mean == pytest.approx(mean, abs=6e-8)
    assert found.sd == pytest.approx(sd, abs=6e-8)
    assert found.median == pytest.approx(median, abs=6e-8)
    assert (found.n, found.n_censored) == (24, 13)
    assert not found.notes


def test_order_statistics_of_another_library():
    ros = pytest.importorskip("statsmodels.imputation.ros")
    random = np.random.default_rng(8)
    for _ in range(15):
        values = random.lognormal(1, 0.8, 40).round(2) + 0.01
        limits = random.choice([1.0, 2.0, 3.0], 40)
        hidden = values < limits
        values = np.where(hidden, limits, values)
        keep = ~hidden | (values <= values[~hidden].max())
        values, hidden = values[keep], hidden[keep]
        table = pd.DataFrame({"value": values, "hidden": hidden})
        theirs = ros.impute_ros("value", "hidden", df=table)
        ours = order_statistics(values, hidden)
        np.testing.assert_allclose(np.sort(ours), np.sort(theirs), rtol=1e-7)


def test_positions_by_hand():
    # one limit 1: three of five below it; Helsel and Cohn (1988)
    values = np.array([1, 1, 1, 2.0, 3.0])
    found = plotting_positions(values, np.array([1, 1, 1, 0, 0], bool))
    expected = [0.15, 0.3, 0.45, 0.6 + 0.4 / 3, 0.6 + 0.8 / 3]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("distribution", ["lognormal", "normal"])
def test_likelihood_by_brute_force(distribution):
    values = np.log(ARSENIC) if distribution == "lognormal" else ARSENIC

    def minus(pair):
        seen = norm.logpdf(values[~BELOW], pair[0], np.exp(pair[1])).sum()
        return -seen - norm.logcdf(values[BELOW], pair[0], np.exp(pair[1])).sum()

    tight = {"xatol": 1e-10, "fatol": 1e-12}
    best = minimize(minus, [0, 0], method="Nelder-Mead", options=tight)
    fit = fit_normal(values, BELOW)
    np.testing.assert_allclose([fit.mean, np.log(fit.sd)], best.x, atol=1e-6)
    assert fit.log_likelihood == pytest.approx(-best.fun, abs=1e-9)
    step = 1e-3
    bends = np.empty((2, 2))
    at = np.array([fit.mean, fit.sd])
    for i, j in np.ndindex(2, 2):
        ends = []
        for one, two in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            moved = at + step * (one * np.eye(2)[i] + two * np.eye(2)[j])
            ends.append(minus([moved[0], np.log(moved[1])]))
        bends[i, j] = (ends[0] - ends[1] - ends[2] + ends[3]) / (4 * step**2)
    np.testing.assert_allclose(fit.covariance, np.linalg.inv(bends), rtol=1e-4)


def test_truncated_moments_by_integration():
    for mean, sd, limit in ((0, 1, 0), (2, 0.5, 1), (-1, 3, 4), (0, 1, -30)):
        grid = np.linspace(limit - 12 * sd, limit, 400_001)
        weight = np.exp(norm.logpdf(grid, mean, sd) - norm.logpdf(limit, mean, sd))
        expected = (grid * weight).sum() / weight.sum()
        spread = (np.square(grid - expected) * weight).sum() / weight.sum()
        found = truncated_moments(*map(float, (mean, sd, limit)))
        np.testing.assert_allclose(found[0], expected, atol=1e-4)
        np.testing.assert_allclose(found[1], spread, rtol=5e-3)
    far = truncated_moments(0.0, 1.0, np.array([-1e3, -1e5, -1e6]))
    assert (far[0] < [-1e3, -1e5, -1e6]).all()
    assert (far[1] > 0).all()


def test_complete_data_give_the_usual_statistics():
    values = np.random.default_rng(2).lognormal(size=31)
    for size in (31, 30):
        found = censored_statistics(values[:size], None)
        assert found.mean == pytest.approx(values[:size].mean())
        assert found.sd == pytest.approx(values[:size].std(ddof=1))
        assert found.median == pytest.approx(np.median(values[:size]))
    one = censored_statistics(values, None, method="ros")
    assert one.mean == pytest.approx(values.mean())
    mle = censored_statistics(values, None, method="mle")
    assert np.log(mle.median) == pytest.approx(np.log(values).mean())


def test_median_below_the_limits_is_not_a_number():
    values, hidden = [0.5, 0.5, 0.8, 2, 3], [1, 1, 1, 0, 0]
    found = censored_statistics(values, hidden)
    assert np.isnan(found.median)
    assert found.median_text == "<0.8"
    assert found.quantiles.loc[0.75, "text"] == "2"
    assert found.share_censored == 0.6
    # 3/5 of the distribution lies below 0.8: nothing else is known about it
    assert found.mean_bounds == pytest.approx((1.0, 1.0 + 0.6 * 0.8))
    assert "60% of the distribution lies below" in found.notes[0]
    ranks = censored_statistics(values, hidden, method="ros")
    assert ranks.median_text == "<0.8"
    assert "below 0.8 is the model's" in ranks.notes[0]
    model = censored_statistics(values, hidden, method="mle", probabilities=[0.1])
    assert model.quantiles.loc[0.1, "text"] == "<0.8"
    assert 0 < model.quantiles.loc[0.1, "value"] < 0.8


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**20), st.floats(0.01, 100))
def test_laws(seed, size):
    random = np.random.default_rng(seed)
    values = random.lognormal(0, 1, 25)
    limits = random.choice([0.5, 1.5], 25)
    hidden = values < limits
    data = np.where(hidden, limits, values)
    order = random.permutation(25)
    for method in ("km", "ros", "mle"):
        found = censored_statistics(data, hidden, method=method)
        again = censored_statistics(data[order] * size, hidden[order], method=method)
        assert again.mean == pytest.approx(found.mean * size, rel=1e-6)
        assert again.sd == pytest.approx(found.sd * size, rel=1e-6)
        assert found.mean_bounds[0] <= found.mean_bounds[1]
        inner = found.quantiles.dropna(subset=["value", "low", "high"])
        assert (inner["low"] <= inner["value"] + 1e-12).all()
        assert (inner["high"] >= inner["value"] - 1e-12).all()


def test_intervals_cover_the_truth():
    random = np.random.default_rng(12)
    inside = {"km": 0, "mle": 0}
    for _ in range(200):
        values = random.lognormal(0, 0.7, 60)
        limits = random.choice([0.4, 0.8], 60)
        hidden = values < limits
        data = np.where(hidden, limits, values)
        for method in inside:
            low, high = (
                censored_statistics(data, hidden, method=method)
                .quantiles.loc[0.75, ["low", "high"]]
                .astype(float)
            )
            inside[method] += low <= np.exp(0.7 * norm.ppf(0.75)) <= high
    assert all(180 <= count <= 200 for count in inside.values()), inside


def test_bootstrap_is_reproducible_and_near_the_formula():
    options = {"method": "mle", "bootstrap": 200}
    one = censored_statistics(ARSENIC, BELOW, random_state=1, **options)
    two = censored_statistics(ARSENIC, BELOW, random_state=1, **options)
    assert one.mean_interval == two.mean_interval
    formula = censored_statistics(ARSENIC, BELOW, method="mle").mean_interval
    np.testing.assert_allclose(one.mean_interval, formula, rtol=0.35)
    ros = censored_statistics(ARSENIC, BELOW, method="ros", bootstrap=50)
    assert ros.mean_interval[0] < ros.mean < ros.mean_interval[1]
    assert np.isnan(censored_statistics(ARSENIC, BELOW, method="ros").mean_interval[0])


def test_half_the_limit_is_worse_than_every_method():
    random = np.random.default_rng(3)
    truth = np.exp(0.5)
    error = dict.fromkeys(["half", "ros", "mle"], 0.0)
    for _ in range(60):
        values = random.lognormal(0, 1, 80)
        hidden = values < 1.5
        data = np.where(hidden, 1.5, values)
        halved = np.where(hidden, 0.75, values)
        error["half"] += (halved.std(ddof=1) / truth - np.sqrt(np.e - 1)) ** 2
        error["half"] += (np.median(halved) - 1) ** 2
        for method in ("ros", "mle"):
            found = censored_statistics(data, hidden, method=method)
            error[method] += (found.median - 1) ** 2
    assert max(error["ros"], error["mle"]) < error["half"] / 2


def test_missing_values_and_idle_limits_are_counted():
    values = np.append(ARSENIC, [np.nan, np.nan, 9.0])
    hidden = np.append(BELOW, [False, False, True])
    found = censored_statistics(values, hidden)
    assert (found.n, found.n_missing) == (25, 2)
    assert "2 values are missing" in found.notes[0]
    # a limit above all detected values changes neither mean nor median of KM
    assert found.mean == pytest.approx(0.9489583, abs=1e-7)
    ros = censored_statistics(values, hidden, method="ros")
    assert "1 limits lie above every detected value" in ros.notes[1]
    assert ros.mean == pytest.approx(0.9724632, abs=1e-7)


def test_input_is_unchanged():
    values, hidden = ARSENIC.copy(), BELOW.copy()
    for method in ("km", "ros", "mle"):
        censored_statistics(values, hidden, method=method)
    np.testing.assert_array_equal(values, ARSENIC)
    np.testing.assert_array_equal(hidden, BELOW)


def test_tables_of_the_book(real_data):
    folder = real_data("geochem/censored_nada")
    names = {"Arsenic": ("As", "AsCen"), "Cadmium": ("Cd", "CdCen")}
    names |= {"MDCu": ("Cu", "CuCen"), "TCEReg": ("TCEConc", "TCECen")}
    for name, (value, flag) in names.items():
        table = pd.read_csv(folder / f"{name}.csv")
        hidden = table[flag].astype(bool)
        means = [
            censored_statistics(table[value], hidden, method=method).mean
            for method in ("km", "ros", "mle")
        ]
        assert max(means) < 2.5 * min(means), name
        assert means[0] < table[value].mean(), name
    silver = pd.read_csv(folder / "Silver.csv")
    found = censored_statistics(silver["Silver1"], silver["Silver1Cen"])
    assert (
        found.median_text.startswith("<") or found.median < silver["Silver1"].median()
    )


@pytest.mark.parametrize(
    ("arguments", "options", "match"),
    [
        (([1, 2], [True]), {}, r"got shapes \(2,\) and \(1,\)"),
        (([1, 2], [1, 1]), {}, "none of 2 values is detected"),
        (([np.nan, 2], [1, 0]), {}, "1 of 1 censored values have no limit.*row 0"),
        (([0, 2, 3], None), {"method": "mle"}, "1 of 3 values or limits are zero"),
        (([-9999, 2, 3], None), {}, "are negative or infinite, the first -9999"),
        (([2, 2, 2], None), {"method": "mle"}, "1 different values are detected"),
        (([2, 2, 2], None), {"method": "ros"}, "1 different values are detected"),
        (([1, 2], None), {"method": "half"}, "method must be one of"),
        (([1, 2], None), {"distribution": "gamma"}, "distribution must be one of"),
        (([1, 2], None), {"probabilities": [1.5]}, "between 0 and 1; got 1.5"),
        (([1, 2], None), {"confidence": 95}, "between 0 and 1; got 95"),
    ],
)
def test_refusals(arguments, options, match):
    with pytest.raises(ValueError, match=match):
        censored_statistics(*arguments, **options)
