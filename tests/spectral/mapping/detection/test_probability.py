"""Probabilities are calibrated on mixtures whose truth is known."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.special import expit

from spectral.mapping import detection_probability, rx, scene_statistics


def mixture(seed=0, share=0.05, shape=(200, 250), away=4.0):
    rng = np.random.default_rng(seed)
    truth = rng.random(shape) < share
    values = rng.standard_normal(shape) + away * truth
    return xr.DataArray(values, dims=("y", "x")), truth


def test_local_rate_is_bayes_rule():
    score, _ = mixture()
    found = detection_probability(3 + 0.1 * score)
    z = score.values
    one, other = 0.05 * stats.norm.pdf(z, 4), 0.95 * stats.norm.pdf(z)
    gap = np.abs(found.values - one / (one + other))
    assert gap.mean() < 0.01
    assert np.quantile(gap, 0.999) < 0.2
    assert found.attrs["background_share"] == [pytest.approx(0.95, abs=0.02)]


def test_calibrated():
    maps = [mixture(seed) for seed in range(40, 46)]
    truth = np.array([truth for _, truth in maps])
    found = np.array([detection_probability(score).values for score, _ in maps])
    for low, high in ((0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        inside = (found >= low) & (found < high)
        assert truth[inside].mean() == pytest.approx(found[inside].mean(), abs=0.08)


def test_a_map_without_targets_has_none():
    """The likeliest pixel of a map of background is seldom likely."""
    top = [
        float(detection_probability(mixture(seed, share=0, shape=(100, 100))[0]).max())
        for seed in range(20)
    ]
    assert np.mean(np.array(top) > 0.95) <= 0.2


@pytest.mark.parametrize("chunks", [None, {"y": 60, "x": 70, "target": 1}])
def test_targets_chunks_and_order(chunks):
    one, _ = mixture(seed=3)
    other, _ = mixture(seed=4, away=6)
    score = xr.concat([one, 7 + other], "target").assign_coords(target=["a", "b"])
    score[0, 0, 0] = np.nan
    given = score if chunks is None else score.chunk(chunks)
    found = detection_probability(given)
    assert (found.chunks is None) == (chunks is None)
    assert found.dims == score.dims
    alone = detection_probability(7 + other)
    np.testing.assert_allclose(found[1], alone, atol=1e-6)
    assert np.isnan(found[0, 0, 0])
    row = found[1].values.ravel()[np.argsort(score[1].values.ravel())]
    assert (np.diff(row) >= 0).all()


def test_marked_pixels_calibrate():
    """Marks 1:1, map 1:19: the prior moves the probabilities to the map's."""
    score, truth = mixture(seed=5, away=2.0)
    rng = np.random.default_rng(6)
    marked = xr.full_like(score, np.nan)
    for kind in (0, 1):
        at = rng.permutation(np.flatnonzero(truth == kind))[:400]
        marked.values.ravel()[at] = kind
    found = detection_probability(score, marked=marked, prior=0.05)
    # equal variances: log odds are away * z - away² / 2 + log prior odds
    wanted = expit(2 * score.values - 2 + np.log(0.05 / 0.95))
    assert np.abs(found.values - wanted).mean() < 0.02
    assert found.attrs["marked"] == [400, 400]
    plain = detection_probability(score, marked=marked)
    assert float(plain.mean()) > 3 * float(found.mean())
    lazy = detection_probability(score.chunk({"y": 50}), marked=marked, prior=0.05)
    np.testing.assert_allclose(lazy, found, atol=1e-6)


def test_separated_marks_stay_finite():
    score = xr.DataArray(np.linspace(0, 1, 40), dims="x")
    marked = xr.DataArray((np.arange(40) >= 20).astype(float), dims="x")
    found = detection_probability(score, marked=marked)
    assert 0 < float(found.min()) < 0.2
    assert 0.8 < float(found.max()) < 1


def test_bad_input():
    score, truth = mixture(shape=(20, 20), share=0.2)
    marked = xr.DataArray(truth.astype(float), dims=("y", "x"))
    with pytest.raises(ValueError, match="a prior is of use with marked"):
        detection_probability(score, prior=0.1)
    with pytest.raises(ValueError, match="prior must be"):
        detection_probability(score, marked=marked, prior=1.5)
    with pytest.raises(ValueError, match=r"marks are 1, 0 or NaN. Got \[7"):
        detection_probability(score, marked=marked + 7)
    with pytest.raises(ValueError, match="0 pixels with a score are marked as target"):
        detection_probability(score, marked=marked * 0)
    with pytest.raises(ValueError, match="score lower than the others"):
        detection_probability(-score, marked=marked)
    with pytest.raises(ValueError, match="not on the score's pixels"):
        detection_probability(score, marked=marked[1:])
    both = xr.concat([score, score], "target")
    with pytest.raises(ValueError, match="Choose one"):
        detection_probability(both, marked=marked)


def test_squares_by_their_law():
    rng = np.random.default_rng(5)
    values = rng.standard_normal((9, 120, 120))
    values[:, :3] += 4.0
    wave = {"wavelength": np.arange(2000.0, 2090, 10)}
    cube = xr.DataArray(values, wave, ("wavelength", "y", "x"))
    inside = scene_statistics(cube[:, 3:], noise=None)
    found = detection_probability(rx(cube, statistics=inside))
    assert float(found[:3].mean()) > 0.99
    assert float((found[3:] > 0.5).mean()) < 1e-3
    assert "chi2(9)" in found.attrs["assumption"]
    with pytest.raises(ValueError, match="'rx' is a square"):
        detection_probability(rx(cube, statistics=inside, regularisation=0.1))
