"""Components against numpy, scipy and scikit-learn; there and back; same bytes."""

import numpy as np
import pytest
import scipy.linalg
import xarray as xr
from sklearn.decomposition import PCA
from sklearn.utils.estimator_checks import check_estimator

from spectral.mapping import (
    MinimumNoiseFraction,
    PrincipalComponents,
    scene_statistics,
)

WAVES = np.linspace(2000.0, 2400.0, 9)


@pytest.fixture
def cube():
    """Three materials mixed smoothly, noise growing along the bands; a bad band."""
    rng = np.random.default_rng(8)
    spectra = rng.random((3, 9))
    y, x = np.mgrid[:40, :50]
    shares = np.stack([np.sin(y / 9) ** 2, np.cos(x / 11) ** 2, y * x / 2000.0])
    values = np.tensordot(spectra.T, shares, 1)
    values += (
        rng.standard_normal(values.shape) * np.linspace(1, 4, 9)[:, None, None] / 500
    )
    values[4, 3, 7] = np.nan
    return xr.DataArray(
        values,
        dims=("wavelength", "y", "x"),
        coords={
            "wavelength": WAVES,
            "fwhm": ("wavelength", np.full(9, 10.0)),
            "bad_bands": ("wavelength", np.arange(9) == 8),
            "y": np.arange(40.0),
            "x": np.arange(50.0),
        },
        name="scene",
        attrs={"units": "1", "quantity": "reflectance"},
    )


def pixels_of(cube):
    values = cube.values[:8].reshape(8, -1)
    return values[:, np.isfinite(values).all(0)].T


@pytest.mark.parametrize(
    "estimator",
    [
        PrincipalComponents(),
        PrincipalComponents(standardise=True),
        MinimumNoiseFraction(),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_is_a_scikit_learn_transformer(estimator):
    check_estimator(estimator)


def test_principal_components_are_those_of_scikit_learn(cube):
    ours = PrincipalComponents(n_components=4).fit(cube)
    theirs = PCA(4).fit(pixels_of(cube))
    np.testing.assert_allclose(ours.explained_variance_, theirs.explained_variance_)
    np.testing.assert_allclose(
        ours.explained_variance_ratio_, theirs.explained_variance_ratio_
    )
    for one, other in zip(ours.components_, theirs.components_, strict=True):
        np.testing.assert_allclose(one * np.sign(one @ other), other, atol=1e-8)
    assert (ours.components_.max(1) >= -ours.components_.min(1)).all()
    assert PrincipalComponents(n_components=0.99).fit(cube).n_components_ == (
        PCA(0.99).fit(pixels_of(cube)).n_components_
    )


def test_standardised_bands_count_alike(cube):
    plain = PrincipalComponents(standardise=True).fit(cube)
    scaled = PrincipalComponents(standardise=True).fit(
        cube * xr.DataArray(np.arange(1.0, 10), dims="wavelength")
    )
    np.testing.assert_allclose(plain.explained_variance_, scaled.explained_variance_)
    np.testing.assert_allclose(plain.explained_variance_.sum(), 8)


@pytest.mark.parametrize("chunks", [None, {"y": 7, "x": 11, "wavelength": 2}])
@pytest.mark.parametrize("make", [PrincipalComponents, MinimumNoiseFraction])
def test_cubes_keep_their_place(cube, chunks, make):
    before = cube.copy(deep=True)
    given = cube if chunks is None else cube.chunk(chunks)
    fitted = make(n_components=5).fit(given)
    scores = fitted.transform(given)
    assert (scores.chunks is None) == (chunks is None)
    assert scores.dims == ("component", "y", "x")
    assert list(scores["component"].values) == [1, 2, 3, 4, 5]
    assert scores.attrs["kind"] == "continuous"
    assert scores.attrs["long_name"].endswith("scores")
    expected = fitted.components_ @ (pixels_of(cube) - fitted.mean_).T
    flat = scores.values.reshape(5, -1)
    missing = np.isnan(flat).all(0)
    assert missing.sum() == 1
    np.testing.assert_allclose(flat[:, ~missing], expected, atol=1e-9)
    # scores of arrays are the same numbers
    np.testing.assert_allclose(
        make(n_components=5).fit(given).components_, fitted.components_
    )
    np.testing.assert_allclose(fitted.transform(pixels_of(cube)), expected.T, atol=1e-9)
    xr.testing.assert_identical(cube, before)


@pytest.mark.parametrize("make", [PrincipalComponents, MinimumNoiseFraction])
def test_all_components_lead_back(cube, make):
    fitted = make().fit(cube)
    back = fitted.inverse_transform(fitted.transform(cube.chunk(y=9)))
    assert back.chunks is not None
    assert back.dims == ("wavelength", "y", "x")
    assert back.attrs == cube.attrs
    np.testing.assert_array_equal(back["fwhm"], np.full(8, 10.0))
    whole = cube[:8].where(cube[:8].notnull().all("wavelength"))
    np.testing.assert_allclose(back, whole, atol=1e-10)
    X = pixels_of(cube)
    np.testing.assert_allclose(fitted.inverse_transform(fitted.transform(X)), X)


def test_few_components_take_noise_away(cube):
    clean = cube.copy()
    rng = np.random.default_rng(8)
    spectra = rng.random((3, 9))
    y, x = np.mgrid[:40, :50]
    shares = np.stack([np.sin(y / 9) ** 2, np.cos(x / 11) ** 2, y * x / 2000.0])
    clean.values = np.tensordot(spectra.T, shares, 1)
    mnf = MinimumNoiseFraction(n_components=3).fit(cube)
    back = mnf.inverse_transform(mnf.transform(cube))
    error = float(((back - clean[:8]) ** 2).mean())
    assert error < 0.5 * float(((cube - clean)[:8] ** 2).mean())


def test_mnf_whitens_the_noise_and_sorts_by_snr(cube):
    # pysptools 0.15 whitens by the data covariance: output variances up to 61,276
    statistics = scene_statistics(cube)
    mnf = MinimumNoiseFraction().fit(cube, statistics=statistics)
    noise = mnf.components_ @ statistics.noise_covariance @ mnf.components_.T
    np.testing.assert_allclose(noise, np.eye(8), atol=1e-8)
    scores = mnf.transform(cube)
    told = scene_statistics(
        scores.rename(component="wavelength")
        .assign_coords(wavelength=WAVES[:8])
        .drop_vars("snr")
    )
    np.testing.assert_allclose(told.covariance, np.diag(mnf.eigenvalues_), atol=1e-6)
    np.testing.assert_allclose(told.noise_covariance, np.eye(8), atol=1e-6)
    assert (np.diff(mnf.snr_) <= 0).all()
    np.testing.assert_allclose(scores["snr"], mnf.eigenvalues_ - 1)
    expected = scipy.linalg.eigh(
        statistics.covariance, statistics.noise_covariance, eigvals_only=True
    )
    np.testing.assert_allclose(mnf.eigenvalues_, expected[::-1], rtol=1e-8)
    # three materials, shares free: three components of signal
    assert MinimumNoiseFraction(min_snr=3.0).fit(cube).n_components_ == 3


def test_mnf_does_not_see_the_scale_of_bands(cube):
    factors = xr.DataArray(np.geomspace(0.1, 10, 9), dims="wavelength")
    plain = MinimumNoiseFraction().fit(cube)
    scaled = MinimumNoiseFraction().fit(cube * factors)
    np.testing.assert_allclose(plain.snr_, scaled.snr_, rtol=1e-8)


def test_same_bytes_each_time(cube):
    for make in (PrincipalComponents, MinimumNoiseFraction):
        one, other = (make().fit(cube).components_ for _ in range(2))
        assert one.tobytes() == other.tobytes()


def test_float32_stays(cube):
    pca = PrincipalComponents(n_components=3).fit(cube)
    single = pca.transform(cube.astype("float32"))
    assert single.dtype == "float32"
    np.testing.assert_allclose(single, pca.transform(cube), atol=1e-6)


def test_singular_noise_names_its_bands(cube):
    cube = cube.copy()
    cube[5] = cube[2] + cube[3]
    with pytest.raises(
        ValueError, match=r"noise covariance is singular: .* \(2\d+ nm\)"
    ):
        MinimumNoiseFraction().fit(cube)
    constant = cube.copy()
    constant[5] = 0.25
    with pytest.raises(ValueError, match=r"6 \(2250 nm\) are constant"):
        MinimumNoiseFraction().fit(constant)
    marked = constant.assign_coords(
        bad_bands=("wavelength", np.isin(np.arange(9), [5, 8]))
    )
    assert MinimumNoiseFraction().fit(marked).n_components_ == 7
    with pytest.raises(ValueError, match=r"of 8 bands comes from 4 independent"):
        MinimumNoiseFraction().fit(cube[:, 10:11, :5])


def test_bad_input_is_refused_with_its_remedy(cube):
    fitted = MinimumNoiseFraction(n_components=2).fit(cube)
    with pytest.raises(ValueError, match="fitted on 8 bands; the cube has 9"):
        fitted.transform(cube.drop_vars("bad_bands"))
    with pytest.raises(ValueError, match="have 1 components"):
        fitted.inverse_transform(fitted.transform(cube)[:1])
    with pytest.raises(ValueError, match="give one"):
        MinimumNoiseFraction(n_components=2, min_snr=2.0).fit(cube)
    with pytest.raises(ValueError, match="the best reaches"):
        MinimumNoiseFraction(min_snr=1e12).fit(cube)
    with pytest.raises(ValueError, match="whole number from 1 to 8"):
        PrincipalComponents(n_components=9).fit(cube)
    with pytest.raises(ValueError, match="the statistics are of 8 bands"):
        PrincipalComponents().fit(cube[:5], statistics=scene_statistics(cube))
    with pytest.raises(ValueError, match="tell no noise"):
        MinimumNoiseFraction().fit(cube, statistics=scene_statistics(cube, noise=None))
