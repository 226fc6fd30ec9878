"""Mean, covariance and noise of a scene: exact, in any chunks, nothing in silence."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral.mapping import scene_statistics
from spectral.mapping.reduction import _tiles

WAVES = np.linspace(400.0, 2400.0, 7)
CHUNKS = [None, {"y": 4, "x": 5, "wavelength": 3}, {"y": 3}, {"x": 1}]


@pytest.fixture
def cube():
    rng = np.random.default_rng(3)
    values = rng.random((7, 13, 17), dtype="float32") + 0.1
    values[2, 4, 5] = np.nan
    values[:, 12, :3] = 0.0
    values[6] = 7e30  # a bad band
    return xr.DataArray(
        values,
        dims=("wavelength", "y", "x"),
        coords={
            "wavelength": WAVES,
            "bad_bands": ("wavelength", np.arange(7) == 6),
            "y": np.arange(13.0),
            "x": np.arange(17.0),
        },
        name="scene",
    )


def reference(cube, mask=None):
    """By the book, in float64: moments, and pairs of neighbours along x and y."""
    values = cube.values[:6].astype(float)
    ok = np.isfinite(values).all(0) & (values != 0).any(0)
    ok &= True if mask is None else mask
    along_x = (values[:, :, 1:] - values[:, :, :-1])[:, ok[:, 1:] & ok[:, :-1]]
    along_y = (values[:, 1:] - values[:, :-1])[:, ok[1:] & ok[:-1]]
    return values[:, ok], along_x, np.concatenate([along_x, along_y], axis=1)


def test_two_bands_by_hand():
    cube = xr.DataArray(
        [[[0.1, 0.3, 0.2]], [[0.2, 0.6, 0.4]]],
        dims=("wavelength", "y", "x"),
        coords={"wavelength": [600.0, 800.0]},
    )
    found = scene_statistics(cube)
    assert found.n == 3
    np.testing.assert_allclose(found.mean, [0.2, 0.4])
    np.testing.assert_allclose(found.covariance, [[0.01, 0.02], [0.02, 0.04]])
    # differences 0.2 and -0.1: variance 0.045, half of it
    np.testing.assert_allclose(found.noise_covariance[0, 0], 0.0225)
    assert found.noise_n == 2


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("slab", [1, 200, 1 << 20])
def test_equals_numpy_in_any_chunks(cube, chunks, masked, slab, monkeypatch):
    monkeypatch.setattr(_tiles, "SLAB", slab)
    before = cube.copy(deep=True)
    keep = np.random.default_rng(1).random((13, 17)) > 0.2
    mask = xr.DataArray(keep, dims=("y", "x")) if masked else None
    pixels, along_x, both = reference(cube, keep if masked else None)
    given_ = cube if chunks is None else cube.chunk(chunks)
    found = scene_statistics(given_, mask=mask)
    assert found.n == pixels.shape[1]
    assert (found.n_masked > 0) == masked
    assert found.n + found.n_missing + found.n_zero + found.n_masked == 13 * 17
    np.testing.assert_allclose(found.mean, pixels.mean(1), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(pixels), atol=1e-12)
    np.testing.assert_allclose(found.noise_covariance, np.cov(along_x) / 2, atol=1e-7)
    found = scene_statistics(given_, noise="difference_xy", mask=mask)
    assert found.noise_n == both.shape[1]
    np.testing.assert_allclose(found.noise_covariance, np.cov(both) / 2, atol=1e-7)
    np.testing.assert_allclose(
        found.second_moment, pixels @ pixels.T / pixels.shape[1], rtol=1e-10
    )
    xr.testing.assert_identical(cube, before)


def test_what_is_left_out_is_counted(cube):
    found = scene_statistics(cube)
    assert (found.n_missing, found.n_zero, found.n_masked) == (1, 3, 0)
    assert found.notes == [
        "1 pixels lack a value in a good band and do not count in the scene's "
        "statistics.",
        "3 pixels are zero in all bands and do not count in the scene's statistics.",
    ]
    np.testing.assert_array_equal(found.wavelength, WAVES[:6])


def test_infinite_values_are_missing(cube):
    cube[1, 0, 0] = np.inf
    assert scene_statistics(cube).n_missing == 2


def test_the_mean_of_a_float32_cube_is_exact():
    # SPy 0.25 sums it in float32: off by 4.5e-4 at a million pixels
    rng = np.random.default_rng(0)
    values = (0.3 + 0.05 * rng.standard_normal((3, 1000, 1000))).astype("float32")
    cube = xr.DataArray(
        values, dims=("wavelength", "y", "x"), coords={"wavelength": WAVES[:3]}
    )
    found = scene_statistics(cube)
    flat = values.reshape(3, -1).astype(float)
    np.testing.assert_allclose(found.mean, flat.mean(1), rtol=1e-13)
    np.testing.assert_allclose(found.covariance, np.cov(flat), atol=1e-14)


def test_a_large_offset_costs_nothing():
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((2, 50, 60))
    cube = xr.DataArray(
        noise + 1e7, dims=("wavelength", "y", "x"), coords={"wavelength": WAVES[:2]}
    )
    expected = np.cov(noise.reshape(2, -1))
    for part in (cube, cube.chunk(y=7)):
        found = scene_statistics(part, noise=None).covariance
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(1, 12), seed=st.integers(0, 1000))
def test_parts_merge_to_the_whole(cut, seed):
    values = np.random.default_rng(seed).random((4, 13, 6))
    cube = xr.DataArray(
        values, dims=("wavelength", "y", "x"), coords={"wavelength": WAVES[:4]}
    )
    whole = scene_statistics(cube)
    parts = [scene_statistics(cube[:, :cut]), scene_statistics(cube[:, cut:])]
    for merged in (parts[0].merge(parts[1]), parts[1].merge(parts[0])):
        assert merged.n == whole.n
        np.testing.assert_allclose(merged.mean, whole.mean, rtol=1e-12)
        np.testing.assert_allclose(merged.covariance, whole.covariance, atol=1e-13)
    # pooled about the means of each part: rows are whole, so the noise nearly agrees
    assert merged.noise_n == whole.noise_n
    np.testing.assert_allclose(
        merged.noise_covariance, whole.noise_covariance, atol=0.05
    )


def test_subset_is_what_fewer_bands_give(cube):
    cube = cube.where(cube != 0)
    found = scene_statistics(cube).subset([0, 2, 5])
    apart = scene_statistics(cube.isel(wavelength=[0, 2, 5]))
    np.testing.assert_allclose(found.covariance, apart.covariance, rtol=1e-10)
    np.testing.assert_allclose(
        found.noise_covariance, apart.noise_covariance, rtol=1e-6
    )
    keep = np.array([True, False, True, False, False, True])
    for bands in (keep, slice(0, 6, 2)):
        part = scene_statistics(cube).subset(bands)
        assert part.covariance.shape == (3, 3)
        assert part.wavelength.size == 3


def test_a_library_has_statistics_without_noise(cube):
    library = cube.isel(y=2).rename(x="spectrum").transpose("spectrum", "wavelength")
    found = scene_statistics(library, noise=None)
    np.testing.assert_allclose(
        found.covariance, np.cov(library.values[:, :6].T.astype(float)), rtol=1e-9
    )
    with pytest.raises(ValueError, match="no neighbours along x and y"):
        scene_statistics(library)


def test_dark_current_gives_its_covariance(cube):
    rng = np.random.default_rng(5)
    dark = xr.DataArray(
        0.01 * rng.standard_normal((7, 30, 17)),
        dims=("wavelength", "y", "x"),
        coords={"wavelength": WAVES},
    )
    found = scene_statistics(cube, noise=dark)
    expected = np.cov(dark.values[:6].reshape(6, -1))
    np.testing.assert_allclose(found.noise_covariance, expected, rtol=1e-10)
    assert found.noise == "dark"
    with pytest.raises(ValueError, match="3 of the cube's 6 good bands"):
        scene_statistics(cube, noise=dark[:3])


def test_bad_input_is_refused_with_its_remedy(cube):
    with pytest.raises(ValueError, match="noise='shift' is not known"):
        scene_statistics(cube, noise="shift")
    with pytest.raises(ValueError, match=r"0 pixels that .*: 221 lack.*Mark bands"):
        scene_statistics(cube * np.nan)
    with pytest.raises(ValueError, match=r"1 pixels that count.*larger part"):
        scene_statistics(cube[:, :1, :1], noise=None)
    with pytest.raises(ValueError, match="True for pixels that count; got"):
        scene_statistics(cube, mask=np.ones((13, 17), bool))
    plane = cube[0].drop_vars(["wavelength", "bad_bands"])
    with pytest.raises(ValueError, match="holds float32, not True"):
        scene_statistics(cube, mask=plane)
    with pytest.raises(ValueError, match="does not stand on the cube's pixels"):
        scene_statistics(cube, mask=(plane > 0)[:5])
    with pytest.raises(ValueError, match="no neighbouring pixels"):
        scene_statistics(cube[:, :, :1])
    with pytest.raises(ValueError, match="Take one scene at a time"):
        scene_statistics(cube.expand_dims(time=2), noise=None)
    one = scene_statistics(cube)
    with pytest.raises(ValueError, match="cannot be merged"):
        one.merge(one.subset([0, 1]))
    with pytest.raises(ValueError, match="by 'difference' here and by ''"):
        one.merge(scene_statistics(cube, noise=None))


@pytest.fixture
def halves():
    """Noise of known covariance over a flat half and a rough one."""
    rng = np.random.default_rng(2)
    mixing = np.array([[1.0, 0, 0, 0], [0.5, 1, 0, 0], [0, 0, 2, 0], [0, 0, 0.3, 1]])
    noise = np.tensordot(mixing * 0.01, rng.standard_normal((4, 203, 302)), 1)
    rough = (
        0.2 * rng.standard_normal((1, 203, 302)) * np.array([1, 2, 1, 3])[:, None, None]
    )
    rough[:, :, :160] = 0
    cube = xr.DataArray(
        0.4 + noise + rough,
        dims=("wavelength", "y", "x"),
        coords={"wavelength": WAVES[:4]},
    )
    return cube, mixing @ mixing.T * 1e-4


@pytest.mark.parametrize("chunks", [None, {"y": 37, "x": 41}, {"y": 3, "x": 302}])
def test_homogeneous_areas_tell_the_noise(halves, chunks):
    cube, truth = halves
    given_ = cube if chunks is None else cube.chunk(chunks)
    found = scene_statistics(given_, noise="homogeneous")
    # half of a block's pixels choose it and the other half count: nothing is flattered
    np.testing.assert_allclose(found.noise_covariance, truth, atol=0.03 * truth.max())
    # differences of neighbours see the rough half
    assert np.trace(scene_statistics(cube).noise_covariance) > 10 * np.trace(truth)
    again = scene_statistics(cube, noise="homogeneous")
    np.testing.assert_allclose(found.noise_covariance, again.noise_covariance)
    assert found.noise_n == again.noise_n
    flat = xr.zeros_like(cube[0], dtype=bool)
    flat[:, :160] = True
    masked = scene_statistics(given_, mask=flat.drop_vars("wavelength"))
    np.testing.assert_allclose(masked.noise_covariance, truth, atol=0.03 * truth.max())


@pytest.mark.parametrize("chunks", [None, {"y": 37, "x": 41}])
def test_regression_takes_the_signal_of_other_bands_away(chunks):
    rng = np.random.default_rng(2)
    size = np.linspace(0.01, 0.03, 12)
    signal = np.tensordot(rng.random((12, 2)), rng.random((2, 100, 120)), 1)
    cube = xr.DataArray(
        signal + size[:, None, None] * rng.standard_normal((12, 100, 120)),
        dims=("wavelength", "y", "x"),
        coords={"wavelength": np.linspace(2000, 2400, 12)},
    )
    given_ = cube if chunks is None else cube.chunk(chunks)
    found = scene_statistics(given_, noise="regression")
    # each band's residual holds the noise of its predictors too: a little more
    told = np.sqrt(np.diag(found.noise_covariance))
    assert ((told > 0.99 * size) & (told < 2 * size)).all()
    assert np.count_nonzero(found.noise_covariance) == 12
    # against the book: residual variance of a least-squares fit on the other bands
    blocks = cube.values.reshape(12, 20, 5, 24, 5)
    flat = (blocks - blocks.mean((2, 4), keepdims=True)).reshape(12, -1)
    left = (
        flat[3]
        - np.delete(flat, 3, 0).T
        @ np.linalg.lstsq(np.delete(flat, 3, 0).T, flat[3], rcond=None)[0]
    )
    n = 20 * 24 * 24 - 11
    assert found.noise_covariance[3, 3] == pytest.approx((left**2).sum() / n)
    assert found.noise_n == n


def test_blocks_need_room(cube):
    with pytest.raises(ValueError, match="no block of 5 x 5 pixels is whole"):
        scene_statistics(cube[:, :4], noise="homogeneous")
