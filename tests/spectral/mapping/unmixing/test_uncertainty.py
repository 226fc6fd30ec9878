"""Spread of the shares: against formulae, brute force, and itself in other chunks."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.optimize import nnls

from spectral.mapping import unmix, unmixing_uncertainty
from spectral.mapping.unmixing._draws import normal_draws

from .conftest import as_cube


def test_draws_are_normal_and_belong_to_their_place():
    places = np.arange(3000)
    whole = normal_draws(places, 5, 2, 5)
    assert stats.kstest(whole.ravel(), "norm").pvalue > 1e-3
    np.testing.assert_array_equal(
        normal_draws(places[700:900], 5, 2, 5), whole[:, 700:900]
    )
    others = [normal_draws(places, 6, 2, 5), normal_draws(places, 5, 3, 5)]
    near = np.vstack([whole, *others, np.roll(whole, 1, axis=1)])
    apart = np.corrcoef(near) - np.eye(len(near))
    assert np.abs(apart).max() < 4 / np.sqrt(3000)


@pytest.mark.parametrize("kind", ["number", "bands", "covariance"])
@pytest.mark.parametrize("method", ["ucls", "scls"])
def test_spread_of_free_shares_is_the_formula(smooth, method, kind):
    variance = np.linspace(0.5, 2, 40) ** 2 * 1e-4
    apart = np.abs(np.subtract.outer(np.arange(40), np.arange(40)))
    noise = {
        "number": 0.01,
        "bands": np.sqrt(variance),
        "covariance": 1e-4 * np.exp(-apart / 3.0),
    }[kind]
    covariance = {
        "number": 1e-4 * np.eye(40),
        "bands": np.diag(variance),
        "covariance": noise,
    }[kind]
    spectra = smooth.values
    if method == "ucls":
        inverse = np.linalg.pinv(spectra.T)
    else:
        free = np.linalg.pinv((spectra[:-1] - spectra[-1]).T)
        inverse = np.vstack([free, -free.sum(0)])
    want = np.sqrt(np.diag(inverse @ covariance @ inverse.T))
    pixel = smooth.mean("spectrum")
    bare = smooth.drop_vars("uncertainty", errors="ignore")
    found = unmixing_uncertainty(pixel, bare, noise=noise, method=method, n=4000)
    np.testing.assert_allclose(found["standard_deviation"], want, rtol=0.05)
    np.testing.assert_allclose(found["mean"], 0.2, atol=4 * want.max() / np.sqrt(4000))
    half = (found["quantiles"].sel(quantile=0.95) - found["mean"]) / want
    np.testing.assert_allclose(half, 1.645, rtol=0.08)


@pytest.mark.parametrize("length", [0.0, 200.0])
def test_erring_endmembers_equal_brute_force(smooth, length):
    waves = smooth["wavelength"].values
    spread = np.broadcast_to(np.linspace(0.005, 0.02, 40), smooth.shape)
    uncertain = smooth.assign_coords(uncertainty=(("spectrum", "wavelength"), spread))
    pixel = 0.6 * smooth[1] + 0.4 * smooth[3]
    found = unmixing_uncertainty(
        pixel, uncertain, noise=0.004, n=1500, correlation_length=length, random_state=3
    )
    rng = np.random.default_rng(8)
    apart = np.abs(np.subtract.outer(waves, waves))
    root = np.linalg.cholesky(np.exp(-apart / length)) if length else np.eye(40)
    many = []
    for _ in range(800):
        moved = smooth.values + spread * (rng.standard_normal((5, 40)) @ root.T)
        noisy = pixel.values + rng.normal(0, 0.004, 40)
        summed = np.hstack([moved, np.full((5, 1), 1e3)])
        many.append(nnls(summed.T, np.append(noisy, 1e3))[0])
    np.testing.assert_allclose(found["mean"], np.mean(many, 0), atol=0.02)
    np.testing.assert_allclose(
        found["standard_deviation"], np.std(many, 0), rtol=0.15, atol=0.004
    )


@pytest.mark.parametrize("method", ["fcls", "nnls"])
def test_chunks_gaps_and_metadata(scene, smooth, method):
    cube = scene.astype("float32").copy()
    cube[1, 2, 3] = np.nan
    before = cube.copy(deep=True)
    bad = np.arange(40) == 6
    cube = cube.assign_coords(bad_bands=("wavelength", bad))
    pure = smooth.assign_coords(
        uncertainty=(("spectrum", "wavelength"), np.full((5, 40), 0.01))
    )
    options = {"noise": 0.01, "n": 12, "method": method, "random_state": 4}
    found = unmixing_uncertainty(cube, pure, **options)
    chunked = cube.chunk({"y": 5, "x": 4, "wavelength": 7})
    lazy = unmixing_uncertainty(chunked, pure, **options)
    assert lazy["mean"].chunks
    xr.testing.assert_allclose(lazy.compute(), found, atol=1e-6)
    xr.testing.assert_identical(cube.drop_vars("bad_bands"), before)
    assert found["quantiles"].dims == ("quantile", "endmember", "y", "x")
    assert found["mean"].dtype == "float32"
    for name in found:
        assert np.isnan(found[name].values[..., 2, 3]).all()
        assert int(found[name].isnull().any(["endmember"]).sum()) in (1, 2)
        assert {"units", "long_name", "kind"} <= set(found[name].attrs)
    plain = unmix(cube, pure, method=method)["abundance"]
    np.testing.assert_allclose(found["abundance"], plain, atol=1e-6)
    other = unmixing_uncertainty(cube, pure, **(options | {"random_state": 5}))
    assert not np.allclose(other["mean"], found["mean"], equal_nan=True)
    if method == "fcls":
        np.testing.assert_allclose(
            found["mean"].sum("endmember").values[0], 1, atol=1e-5
        )
    low, high = found["quantiles"]
    assert bool((low <= high).where(low.notnull(), True).all())


def test_without_noise_nothing_moves(scene, smooth):
    found = unmixing_uncertainty(scene[:, :2], smooth, noise=0.0, n=3, quantiles=())
    assert "quantiles" not in found
    assert float(found["standard_deviation"].max()) < 1e-12
    np.testing.assert_allclose(found["mean"], found["abundance"], atol=1e-12)


def test_errors_say_what_to_do(scene, smooth):
    with pytest.raises(ValueError, match="n must be at least 2"):
        unmixing_uncertainty(scene, smooth, noise=0.01, n=1)
    with pytest.raises(ValueError, match=r"noise has shape \(3,\).*40 good bands"):
        unmixing_uncertainty(scene, smooth, noise=[1, 2, 3])
    with pytest.raises(ValueError, match="noise must be a standard deviation"):
        unmixing_uncertainty(scene, smooth, noise=-0.1)
    with pytest.raises(ValueError, match="quantiles must lie between"):
        unmixing_uncertainty(scene, smooth, noise=0.1, quantiles=[5])
    with pytest.raises(ValueError, match="correlation_length must be"):
        unmixing_uncertainty(scene, smooth, noise=0.1, correlation_length=-1)
    with pytest.raises(ValueError, match="method 'x' is not known"):
        unmixing_uncertainty(scene, smooth, noise=0.1, method="x")
    gap = np.full((5, 40), 0.01)
    gap[2, :3] = np.nan
    unsure = smooth.assign_coords(uncertainty=(("spectrum", "wavelength"), gap))
    with pytest.raises(
        ValueError, match=r"missing or negative in good bands of c \(3\)"
    ):
        unmixing_uncertainty(scene, unsure, noise=0.1)


def test_one_row_of_pixels_and_its_crop_differ_in_draws_only(smooth):
    cube = as_cube(np.full((40, 6), 0.4), (1, 6), smooth["wavelength"].values)
    found = unmixing_uncertainty(cube, smooth, noise=0.01, n=10)
    # equal pixels, other places: other draws
    assert np.unique(found["mean"].values, axis=-1).shape[-1] == 6
    assert np.unique(found["abundance"].values, axis=-1).shape[-1] == 1
