"""Information divergence: a peer's numbers, the plain sum, what is raised counted."""

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import divergence_angle, spectral_divergence


def plain(x, y, floor=1e-4):
    p, q = np.maximum(x, floor), np.maximum(y, floor)
    p, q = p / p.sum(), q / q.sum()
    return (p * np.log(p / q)).sum() + (q * np.log(q / p)).sum()


def test_peers_numbers(peers):
    found = spectral_divergence(*peers)
    np.testing.assert_allclose(found, [0.03211451677571, 0.26296356843811], rtol=2e-6)
    both = divergence_angle(*peers)
    wanted = [0.03211451677571, 0.26296356843811] * np.tan([0.195912056, 0.508800915])
    np.testing.assert_allclose(both, wanted, rtol=2e-6)


@pytest.mark.parametrize("chunks", [None, {"y": 3, "x": 2}])
def test_plain_sum(scene, library, chunks):
    scene = scene.copy()
    scene[0, 1, 1] = -0.02
    scene[2:3, 1, 1] = 0
    before = scene.copy(deep=True)
    found = spectral_divergence(
        scene if chunks is None else scene.chunk(chunks), library
    )
    keep = ~scene["bad_bands"].values
    for k, y, x in np.ndindex(found.shape):
        pixel = scene.values[keep, y, x].astype(float)
        known = pixel.any() and not np.isnan(pixel).any()
        wanted = plain(pixel, library.values[k, keep]) if known else np.nan
        np.testing.assert_allclose(found[k, y, x], wanted, rtol=1e-5)
    raised = found["bands_raised"]
    assert int(raised[1, 1]) == 2
    assert float(raised.sum()) == 2, "nothing else was raised"
    assert np.isnan(raised[3, 4])
    xr.testing.assert_identical(scene, before)


def test_small_divergences_keep_their_digits(library):
    rng = np.random.default_rng(2)
    pixel = library[0] * (1 + 5e-3 * rng.standard_normal(7))
    pixel = pixel.drop_vars(["spectrum", "group"])
    found = float(spectral_divergence(pixel, library)[0])
    assert (
        1e-4 > found == pytest.approx(plain(pixel.values, library.values[0]), abs=1e-7)
    )


def test_symmetric_and_blind_to_brightness(library):
    other = library.rename(spectrum="pixel").drop_vars("group")
    table = spectral_divergence(other * 0.31, library).values
    np.testing.assert_allclose(table, table.T, atol=1e-7)
    np.testing.assert_allclose(np.diag(table), 0, atol=1e-7)


def test_bad_input(scene, library):
    with pytest.raises(ValueError, match="floor must be above zero"):
        spectral_divergence(scene, library, floor=0)
    with pytest.raises(ValueError, match="nowhere above the floor"):
        divergence_angle(scene, -library)
