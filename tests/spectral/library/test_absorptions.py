"""Features of single spectra against what they were made with."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks
from scipy.spatial import ConvexHull

from spectral.library._absorptions import absorptions

WAVES = np.arange(1300.0, 2501.0, 5.0)


def dip(centre, depth, width):
    return depth * np.exp(-4 * np.log(2) * ((WAVES - centre) / width) ** 2)


def test_gaussian_dips_are_found_where_they_were_put():
    spectrum = 0.6 * (1 - dip(1413, 0.2, 30) - dip(2207, 0.3, 40))
    found = absorptions(WAVES, np.stack([np.full(WAVES.size, 0.4), spectrum]))
    assert list(found[:, 0]) == [1, 1]
    np.testing.assert_allclose(found[:, 1], [1413, 2207], atol=0.3)
    np.testing.assert_allclose(found[:, 2], [0.2, 0.3], atol=0.002)
    np.testing.assert_allclose(found[:, 3], [30, 40], atol=1.5)
    assert (found[:, 4] < found[:, 1]).all()
    assert (found[:, 1] < found[:, 5]).all()


def test_doublet_is_two_and_ripple_is_none():
    doublet = 0.5 * (1 - dip(2165, 0.15, 30) - dip(2206, 0.25, 30))
    found = absorptions(WAVES, doublet[None])
    np.testing.assert_allclose(found[:, 1], [2165, 2206], atol=2.5)
    ripple = 0.5 * (1 - dip(2206, 0.25, 60)) + 2e-4 * np.sin(WAVES)
    assert len(absorptions(WAVES, ripple[None])) == 1


def test_depth_is_that_of_the_hull():
    rng = np.random.default_rng(1)
    spectrum = 0.5 + 0.2 * np.sin(WAVES / 90) + rng.normal(0, 0.002, WAVES.size)
    points = np.column_stack([WAVES, spectrum])
    corners = ConvexHull(np.vstack([points, [[1300, -9], [2500, -9]]])).vertices
    corners = np.sort(corners[corners < WAVES.size])
    depth = 1 - spectrum / np.interp(WAVES, WAVES[corners], spectrum[corners])
    found = absorptions(WAVES, spectrum[None])
    peaks, _ = find_peaks(depth, height=0.005)
    for position, deep in found[:, 1:3]:
        near = peaks[np.argmin(np.abs(WAVES[peaks] - position))]
        assert abs(WAVES[near] - position) <= 5
        assert 0 <= deep - depth[near] < 0.01


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.05, 1.0), gap=st.integers(0, 100))
def test_scale_and_missing_channels_elsewhere_change_nothing(scale, gap):
    spectrum = 0.6 * (1 - dip(2207, 0.3, 40))
    changed = scale * spectrum
    changed[gap : gap + 10] = np.nan
    one, other = absorptions(WAVES, np.stack([spectrum, changed])).reshape(2, -1)
    np.testing.assert_allclose(one[1:4], other[1:4], rtol=1e-6)


def test_nothing_to_find():
    assert absorptions(WAVES, np.full((2, WAVES.size), np.nan)).shape == (0, 6)
    assert absorptions(WAVES, np.zeros((1, WAVES.size))).shape == (0, 6)
    rising = np.linspace(0.1, 0.9, WAVES.size)[None]
    assert absorptions(WAVES, rising).shape == (0, 6)


@pytest.mark.parametrize("order", [1, -1])
def test_rows_keep_their_features(order):
    table = np.stack([0.5 * (1 - dip(2207, 0.3, 40)), 0.5 * (1 - dip(2320, 0.2, 40))])
    found = absorptions(WAVES, table[::order])
    np.testing.assert_allclose(found[:, 1], [2207, 2320][::order], atol=0.5)
