import numpy as np
import pandas as pd
import pytest

from survey.quality import stanley_lawie, thompson_howarth


def simulated(n, seed, intercept=0.5, slope=0.05, draw="normal"):
    rng = np.random.default_rng(seed)
    content = np.exp(rng.normal(3, 1.2, n))
    if draw == "normal":
        error = rng.normal(size=(2, n))
    else:
        error = rng.laplace(scale=np.sqrt(0.5), size=(2, n))
    return np.abs(content + error * (intercept + slope * content))


def test_recovers_known_precision():
    found = [thompson_howarth(*simulated(600, seed)) for seed in range(30)]
    assert np.mean([f.intercept for f in found]) == pytest.approx(0.5, rel=0.08)
    assert np.mean([f.slope for f in found]) == pytest.approx(0.05, rel=0.05)
    limit = np.mean([f.practical_detection_limit for f in found])
    assert limit == pytest.approx(2 * 0.5 / (1 - 2 * 0.05), rel=0.08)
    covered = [f.slope_low < 0.05 < f.slope_high for f in found]
    assert np.mean(covered) > 0.8
    assert found[0].precision(100.0) == pytest.approx(
        2 * (100 * found[0].slope + found[0].intercept)
    )


def test_constants_of_the_long_form():
    """Equal differences: each group's sd is 1.04836 times the median difference."""
    mean = np.linspace(10, 100, 66)
    found = thompson_howarth(mean - 0.5, mean + 0.5)
    assert len(found.groups) == 6
    assert found.groups["n"].tolist() == [11] * 6
    assert found.groups["sd"].tolist() == pytest.approx([1.04836] * 6, abs=1e-5)
    assert found.intercept == pytest.approx(1.04836, abs=1e-4)
    assert found.slope == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("n", "sizes"), [(55, [11] * 5), (60, [11, 11, 11, 11, 16]), (61, [11] * 5 + [6])]
)
def test_no_pair_is_lost_in_groups(n, sizes):
    found = thompson_howarth(*simulated(n, 0))
    assert found.groups["n"].tolist() == sizes


def test_short_form_of_stanley_2003(real_data):
    data = pd.read_csv(real_data("qaqc/rgr_quality_control") / "ms.data1.csv")
    found = thompson_howarth(data["MS.1"], data["MS.2"], target_rsd=5)
    lines = found.lines.set_index("probability")
    assert found.method == "short"
    assert lines["n_outside"].to_dict() == {0.90: 7, 0.95: 7, 0.99: 4}
    assert lines["p"][0.95] == pytest.approx(5.983e-6, rel=1e-4)
    assert lines["p"][0.90] == pytest.approx(5.045e-4, rel=1e-4)
    # 2.326 and 3.643 are the factors of the charts of 1978
    assert lines["slope"][0.90] == pytest.approx(2.326 * 0.05, rel=1e-3)
    assert lines["slope"][0.99] == pytest.approx(3.643 * 0.05, rel=1e-3)


def test_short_form_keeps_its_promise():
    rng = np.random.default_rng(1)
    content = np.exp(rng.normal(3, 1, 20000))
    x = content * (1 + 0.1 * rng.normal(size=(2, 20000)))
    lines = thompson_howarth(*x, target_rsd=10, method="short").lines
    share = lines["n_outside"].to_numpy() / 20000
    assert share == pytest.approx([0.1, 0.05, 0.01], abs=0.006)


def test_missing_pairs_are_counted():
    found = thompson_howarth([1, np.nan, 3], [1, 2, np.nan])
    assert (found.n, found.n_missing) == (1, 2)


def test_no_practical_limit_without_intercept():
    rng = np.random.default_rng(0)
    content = np.exp(rng.normal(3, 1, 200))
    found = thompson_howarth(content, content * 4)  # sd grows faster than half
    assert np.isnan(found.practical_detection_limit)


def test_stanley_lawie_is_unbiased_where_errors_are_not_normal():
    rms, median = [], []
    for seed in range(20):
        x = simulated(1500, seed, intercept=0.0, slope=0.1, draw="laplace")
        rms.append(stanley_lawie(*x).sd(20.0) / 20)
        median.append(thompson_howarth(*x).sd(20.0) / 20)
    assert np.mean(rms) == pytest.approx(0.1, rel=0.05)
    assert np.mean(median) < 0.093  # the median misses the heavy tails


def test_stanley_lawie_recovers_the_line():
    found = [stanley_lawie(*simulated(1500, seed)) for seed in range(20)]
    assert np.mean([f.intercept for f in found]) == pytest.approx(0.5, rel=0.1)
    assert np.mean([f.slope for f in found]) == pytest.approx(0.05, rel=0.05)
    # (0.5 + 0.05 c)² at c = 20
    assert np.mean([f.sd(20.0) for f in found]) == pytest.approx(1.5, rel=0.05)
    assert all(min(f.constant, f.linear, f.quadratic) >= 0 for f in found)


def test_units_scale_through():
    x = simulated(300, 3)
    one, ten = thompson_howarth(*x), thompson_howarth(*(10 * x))
    assert ten.intercept == pytest.approx(10 * one.intercept, rel=1e-4)
    assert ten.slope == pytest.approx(one.slope, rel=1e-4)
    one, ten = stanley_lawie(*x), stanley_lawie(*(10 * x))
    assert ten.sd(200.0) == pytest.approx(10 * one.sd(20.0), rel=1e-4)


def test_equal_pairs():
    found = stanley_lawie([1.0, 2.0], [1.0, 2.0])
    assert found.sd([1.0, 5.0]).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"method": "medium"}, "method must be"),
        ({"target_rsd": 0}, "target_rsd must be in per cent"),
        ({"method": "long"}, "use the short form"),
        ({"method": "long", "group_size": 2}, "group_size must be 3"),
    ],
)
def test_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        thompson_howarth([1, 2], [1, 2], **arguments)


@pytest.mark.parametrize(
    ("first", "second", "match"),
    [
        ([1, 2], [1], "of one length"),
        ([1, -2], [1, 2], r"1 pairs have a negative .*\(-2, 2\)"),
        ([np.nan], [1], "nothing to compare"),
    ],
)
def test_bad_pairs(first, second, match):
    for function in (thompson_howarth, stanley_lawie):
        with pytest.raises(ValueError, match=match):
            function(first, second)
