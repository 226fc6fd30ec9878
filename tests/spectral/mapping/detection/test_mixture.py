"""Mixture tuning: known shares come out feasible, other spectra do not."""

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import mtmf, scene_statistics


def brute(table, target, mean, covariance, noise):
    """Whitening by the root of the noise, eigenvectors, the papers' formula a pixel."""
    size, side = np.linalg.eigh(noise)
    white = side / np.sqrt(size)
    values, turn = np.linalg.eigh(white.T @ covariance @ white)
    z, t = (table - mean) @ white @ turn, (target - mean) @ white @ turn
    share = z @ (t / values) / (t @ (t / values))
    far = []
    for pixel, a in zip(z, share, strict=True):
        b = min(max(a, 0), 1)
        spread = (1 - b) * np.sqrt(values) + b
        far.append(np.sqrt((((pixel - a * t) / spread) ** 2).sum() / (len(t) - 1)))
    return share, np.array(far)


@pytest.mark.parametrize("chunks", [None, {"y": 24, "x": 31, "wavelength": 2}])
def test_formula(scene, targets, plain, chunks):
    table, known, spectra = plain
    before = scene.copy(deep=True)
    found = mtmf(scene if chunks is None else scene.chunk(chunks), targets)
    statistics = scene_statistics(scene)
    parts = statistics.mean, statistics.covariance, statistics.noise_covariance
    for k in range(3):
        share, far = brute(table, spectra[k], *parts)
        grid = found["score"][k].values.ravel()
        np.testing.assert_allclose(grid[known], share, atol=1e-5)
        grid = found["infeasibility"][k].values.ravel()
        np.testing.assert_allclose(grid[known], far, rtol=1e-3)
        assert np.isnan(grid[~known]).all()
    xr.testing.assert_identical(scene, before)


@pytest.fixture
def mixtures():
    """Two rocks and noise; in it mixtures with a target, and with something else."""
    rng = np.random.default_rng(9)
    bands = 30
    wave = np.linspace(2000, 2400, bands)
    rocks = np.stack([0.3 + 0.0002 * (wave - 2000), 0.5 - 0.0003 * (wave - 2000)])
    clay = 0.45 - 0.2 * np.exp(-(((wave - 2205) / 25) ** 2))
    other = 0.45 - 0.2 * np.exp(-(((wave - 2340) / 25) ** 2))
    share = np.clip(0.5 + rng.standard_normal((80, 100)).cumsum(1) / 30, 0, 1)
    ground = rocks[0][:, None, None] * share + rocks[1][:, None, None] * (1 - share)
    part = np.zeros((80, 100))
    part[10:70:6, 20] = np.linspace(0.1, 1, 10)
    lie = np.zeros((80, 100))
    lie[10:70:6, 60] = np.linspace(0.3, 1, 10)
    values = ground * (1 - part - lie)
    values += part * clay[:, None, None] + lie * other[:, None, None]
    values += 0.002 * rng.standard_normal(values.shape)
    cube = xr.DataArray(values, {"wavelength": wave}, ("wavelength", "y", "x"))
    target = xr.DataArray(
        [clay], {"spectrum": ["clay"], "wavelength": wave}, ("spectrum", "wavelength")
    )
    return cube, target, part, lie


def test_true_mixtures_are_feasible_and_others_are_not(mixtures):
    cube, target, part, lie = mixtures
    ground = xr.DataArray((part + lie) == 0, dims=("y", "x"))
    found = mtmf(cube, target, statistics=scene_statistics(cube, mask=ground)).isel(
        target=0
    )
    score, far = found["score"].values, found["infeasibility"].values
    np.testing.assert_allclose(score[part > 0], part[part > 0], atol=0.05)
    assert far[part > 0].max() < 2
    assert np.median(far[part + lie == 0]) == pytest.approx(1, abs=0.15)
    assert far[lie > 0].min() > 3
    assert far[part > 0].max() < far[lie > 0].min()


def test_leading_components_tell_the_same(mixtures):
    cube, target, part, lie = mixtures
    few = mtmf(cube, target, n_components=6).isel(target=0)
    assert few.attrs == {}
    assert few["score"].attrs["components"] == 6
    far = few["infeasibility"].values
    assert np.median(far[lie > 0]) > 3 * np.median(far[part > 0])


def test_bad_input(scene, targets):
    with pytest.raises(ValueError, match="statistics tell no noise"):
        mtmf(scene, targets, statistics=scene_statistics(scene, noise=None))
    with pytest.raises(ValueError, match="n_components must be from 2 to the 9"):
        mtmf(scene, targets, n_components=1)
    flat = scene.copy()
    flat[1] = 0.5
    with pytest.raises(ValueError, match=r"noise covariance is singular.*2050 nm"):
        mtmf(flat, targets)
