"""Thresholds keep their rates, intervals their confidence, tables their counts."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from spectral.mapping import ace, amsd, detection_threshold, glrt, rx, target_table
from spectral.mapping.detection._thresholds import _pareto


def noise(seed, size=(2, 100, 120)):
    rng = np.random.default_rng(seed)
    return xr.DataArray(
        rng.standard_normal(size).astype("float32"),
        {"target": ["a", "b"]},
        ("target", "y", "x"),
        name="score",
    )


def test_normal_formula():
    score = 2 + 3 * noise(0)
    found = detection_threshold(score, false_alarm_rate=1e-3)
    for i in range(2):
        low, middle, high = np.quantile(score[i], [0.25, 0.5, 0.75])
        wanted = middle + stats.norm.isf(1e-3) * (high - low) / 1.3489795
        assert float(found["threshold"][i]) == pytest.approx(wanted, rel=1e-3)
    assert list(found["target"].values) == ["a", "b"]
    assert "normal about the median" in found.attrs["assumption"]
    assert (found["pixels"] == 12000).all()


@pytest.mark.parametrize("method", ["normal", "empirical", "tail"])
@pytest.mark.parametrize("chunks", [None, {"y": 30, "x": 50, "target": 1}])
def test_chunks_and_maps_without_targets(method, chunks):
    score = noise(1)
    score[0, 4, 5] = np.nan
    options = {"false_alarm_rate": 1e-3, "method": method}
    whole = detection_threshold(score, **options)
    given = score if chunks is None else score.chunk(chunks)
    xr.testing.assert_allclose(detection_threshold(given, **options), whole)
    one = detection_threshold(score[0].drop_vars("target"), **options)
    assert one["threshold"].dims == ()
    assert float(one["threshold"]) == float(whole["threshold"][0])
    assert int(one["pixels"]) == 11999


@pytest.mark.parametrize("method", ["normal", "empirical", "tail"])
def test_intervals_hold_the_truth(method):
    """Of 60 maps the 95 % intervals miss the true threshold in few."""
    truth, missed, rates = stats.norm.isf(2e-3), 0, []
    for seed in range(30):
        score = noise(100 + seed)
        found = detection_threshold(score, false_alarm_rate=2e-3, method=method)
        inside = (found["low"] <= truth) & (truth <= found["high"])
        missed += int((~inside).sum())
        rates.append(float((score > found["threshold"]).mean()))
    assert missed <= 9
    assert np.mean(rates) == pytest.approx(2e-3, rel=0.1)


def test_empirical_is_the_share_of_the_map():
    score = noise(3)
    found = detection_threshold(score, false_alarm_rate=0.01, method="empirical")
    above = (score > found["threshold"]).sum(["y", "x"])
    np.testing.assert_array_equal(above, [120, 120])


def test_the_law_a_score_states_is_taken_unless_another_is_asked_for():
    """A normal threshold lets far too many scores of coherence through."""
    values = np.random.default_rng(4).beta(0.5, 49.5, (1, 100, 100))
    score = xr.DataArray(values, {"target": ["clay"]}, ("target", "y", "x"))
    stated = score.assign_attrs(background_law=["beta", 0.5, 49.5])
    given = target_table(stated, false_alarm_rate=0.001)
    law = target_table(stated, false_alarm_rate=0.001, method="law")
    assert given.equals(law)
    assert 2 <= given["above"][0] <= 20  # 10 expected
    assert target_table(score, false_alarm_rate=0.001)["above"][0] > 300
    found = detection_threshold(stated, false_alarm_rate=0.001)
    assert found.attrs["method"] == "law"


def test_rare_targets_do_not_move_the_normal_threshold():
    score = noise(4)
    spiked = score.copy()
    spiked[:, 0] = 50
    options = {"false_alarm_rate": 1e-3}
    quiet = detection_threshold(score, **options)["threshold"]
    loud = detection_threshold(spiked, **options)["threshold"]
    np.testing.assert_allclose(loud, quiet, rtol=0.03)


def test_tail_bears_heavy_tails():
    """Student's t with 4 degrees: normal thresholds let 30 times too many through."""
    rng = np.random.default_rng(5)
    law = stats.t(4)
    score = xr.DataArray(law.rvs((300, 300), random_state=rng), dims=("y", "x"))
    heavy = detection_threshold(score, false_alarm_rate=1e-4, method="tail")
    assert float(heavy["low"]) < law.isf(1e-4) < float(heavy["high"])
    plain = detection_threshold(score, false_alarm_rate=1e-4)
    assert law.sf(float(plain["threshold"])) > 3e-3


def test_pareto_recovers_its_own_law():
    rng = np.random.default_rng(7)
    for shape in (-0.2, 0.0, 0.3):  # of scipy: minus that of Hosking and Wallis
        law = stats.genpareto(shape, scale=2.0)
        levels = [
            _pareto(np.sort(law.rvs(2000, random_state=rng)), 40_000, 1e-4, 0.95, "m")
            for _ in range(60)
        ]
        truth = law.isf(1e-4 / 0.05)
        level, low, high = np.array(levels).T
        assert level.mean() == pytest.approx(truth, rel=0.05)
        told = ((high - low) / (2 * 1.96)).mean()
        assert level.std() == pytest.approx(told, rel=0.35)
        assert ((low < truth) & (truth < high)).mean() > 0.85


def test_scores_that_say_their_law(scene, targets):
    rng = np.random.default_rng(8)
    keep = ~scene["bad_bands"].values
    values = rng.standard_normal((9, 100, 100))
    cube = xr.DataArray(
        values, {"wavelength": scene["wavelength"].values[keep]}, ("wavelength", *"yx")
    )
    library = targets[:, keep]
    for score in (
        rx(cube),
        ace(cube, library),
        ace(cube, library, signed=True),
        amsd(cube, library[:1], library[1:]),
    ):
        found = detection_threshold(score, false_alarm_rate=0.01, method="law")
        share = (score > found["threshold"]).mean(["y", "x"])
        np.testing.assert_allclose(share, 0.01, atol=0.004)
        np.testing.assert_array_equal(found["low"], found["high"])
    assert "f(1, 6)" in found.attrs["assumption"]
    with pytest.raises(ValueError, match="does not say what law"):
        detection_threshold(glrt(cube, library), false_alarm_rate=0.01, method="law")


def test_squares_without_a_law_get_their_tail():
    rng = np.random.default_rng(3)
    cube = xr.DataArray(
        rng.standard_normal((9, 120, 120)),
        {"wavelength": np.arange(2000.0, 2090, 10)},
        ("wavelength", *"yx"),
    )
    score = rx(cube, regularisation=0.1)
    found = detection_threshold(score, false_alarm_rate=0.001)
    assert found.attrs["method"] == "tail"
    share = float((score > found["threshold"]).mean())
    assert share < 0.002
    with pytest.raises(ValueError, match="'rx' is a square"):
        detection_threshold(score, false_alarm_rate=0.001, method="normal")


@pytest.mark.parametrize("chunks", [None, {"y": 30, "target": 1}])
def test_table(chunks):
    score = noise(9)
    score[1, 7, :60] = 9
    score[1, 8, 0] = np.nan
    given = score if chunks is None else score.chunk(chunks)
    table = target_table(given, false_alarm_rate=1e-3).set_index("target")
    above = (score > xr.DataArray(table["threshold"])).sum(["y", "x"])
    np.testing.assert_array_equal(table["above"], above)
    assert table["pixels"].tolist() == [12000, 11999]
    assert table.loc["a", "expected_false_alarms"] == pytest.approx(12)
    assert table.loc["a", "chance"] > 0.01
    assert table.loc["b", "chance"] < 1e-10
    assert table.loc["b", "largest"] == 9


def test_bad_input():
    score = noise(2)
    with pytest.raises(ValueError, match="false_alarm_rate must be above 0"):
        detection_threshold(score, false_alarm_rate=0)
    with pytest.raises(ValueError, match="confidence must be"):
        detection_threshold(score, false_alarm_rate=0.1, confidence=95)
    with pytest.raises(ValueError, match="method must be one of"):
        detection_threshold(score, false_alarm_rate=0.1, method="gauss")
    with pytest.raises(ValueError, match=r"needs 1000000 known pixels.*12000 pixels"):
        detection_threshold(score, false_alarm_rate=1e-6, method="empirical")
    with pytest.raises(ValueError, match="is not in the tail"):
        detection_threshold(score, false_alarm_rate=0.2, method="tail")
    with pytest.raises(ValueError, match="too few to fit a tail"):
        detection_threshold(score[:, :5, :5], false_alarm_rate=1e-3, method="tail")
    with pytest.raises(ValueError, match=r"\['b'\] have fewer than 20 known pixels"):
        detection_threshold(score.where(score["target"] == "a"), false_alarm_rate=0.1)
    with pytest.raises(ValueError, match="no spread in their middle half"):
        detection_threshold(score * 0, false_alarm_rate=0.1)


@pytest.mark.parametrize("method", ["normal", "tail", "empirical"])
def test_scores_without_a_value_are_refused(method):
    score = xr.DataArray(np.full((20, 30), np.nan), dims=("y", "x"), name="rx")
    with pytest.raises(ValueError, match="'rx' holds no value: all 600 are NaN"):
        detection_threshold(score, false_alarm_rate=1e-3, method=method)
