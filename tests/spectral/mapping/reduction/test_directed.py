"""Independent components, feature-oriented components, signal dimension."""

import numpy as np
import pytest
import xarray as xr
from sklearn.utils.estimator_checks import check_estimator

from spectral.mapping import (
    IndependentComponents,
    PrincipalComponents,
    feature_oriented_pca,
    scene_statistics,
    signal_dimension,
)


def cube_of(values, wavelength=None, **coords):
    wavelength = (
        np.linspace(2000, 2400, len(values)) if wavelength is None else wavelength
    )
    return xr.DataArray(
        values,
        dims=("wavelength", "y", "x"),
        coords={"wavelength": wavelength, **coords},
        name="scene",
    )


@pytest.fixture
def mixture():
    rng = np.random.default_rng(1)
    sources = np.stack(
        [
            rng.exponential(1, (60, 70)),
            rng.uniform(-1, 1, (60, 70)),
            rng.laplace(0, 1, (60, 70)),
        ]
    )
    return sources, cube_of(np.tensordot(rng.random((8, 3)), sources, 1) + 1)


@pytest.mark.filterwarnings("ignore")
def test_ica_is_a_scikit_learn_transformer():
    check_estimator(IndependentComponents())


@pytest.mark.parametrize("chunks", [None, {"y": 13}])
def test_ica_finds_the_sources(mixture, chunks):
    sources, cube = mixture
    given = cube if chunks is None else cube.chunk(chunks)
    ica = IndependentComponents(n_components=3, random_state=3).fit(given)
    found = ica.transform(given)
    assert (found.chunks is None) == (chunks is None)
    flat = found.values.reshape(3, -1)
    np.testing.assert_allclose(np.cov(flat), np.eye(3), atol=0.01)
    match = np.abs(np.corrcoef(flat, sources.reshape(3, -1))[:3, 3:])
    assert (np.sort(match.max(1)) > 0.98).all()
    assert set(match.argmax(1)) == {0, 1, 2}
    assert ((flat**3).mean(1) > 0).all()
    assert (np.diff(np.abs(ica.kurtosis_)) <= 0).all()
    again = IndependentComponents(n_components=3, random_state=3).fit(given)
    assert again.components_.tobytes() == ica.components_.tobytes()
    np.testing.assert_allclose(ica.inverse_transform(found), cube, atol=1e-9)


def test_ica_samples_when_there_are_many(mixture):
    _, cube = mixture
    cube = cube.copy()
    cube[2, 0, 0] = np.nan
    ica = IndependentComponents(n_components=3, max_pixels=1000).fit(cube)
    assert ica.n_sampled_ == 1000
    assert IndependentComponents(n_components=3).fit(cube).n_sampled_ == 60 * 70 - 1


@pytest.fixture
def altered():
    """Light, plants and clay in the bands of Sentinel-2; clay in a corner."""
    rng = np.random.default_rng(6)
    light = rng.random((50, 60)) * 0.3 + 0.2
    plants = rng.random((50, 60))
    clay = np.zeros((50, 60))
    clay[:10, :12] = 1
    values = np.stack(
        [
            light * (1 - 0.5 * plants),
            light * (1 + 0.8 * plants),
            light * (1 - 0.1 * plants),
            light * (1 - 0.3 * clay - 0.1 * plants),
        ]
    ) + 0.002 * rng.standard_normal((4, 50, 60))
    waves = [490.0, 842.0, 1610.0, 2190.0]
    names = ("wavelength", ["B2", "B8", "B11", "B12"])
    return clay > 0, cube_of(values, waves, band=names)


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize("lazy", [False, True])
def test_crosta_finds_clay_bright(altered, standardise, lazy):
    clay, cube = altered
    before = cube.copy(deep=True)
    given = cube.chunk(y=20) if lazy else cube
    found = feature_oriented_pca(
        given,
        ["B2", "B8", "B11", "B12"],
        {"B11": "high", "B12": "low"},
        standardise=standardise,
    )
    assert (found.score.chunks is None) != lazy
    number = found.attrs["component"]
    pca = PrincipalComponents(standardise=standardise).fit(cube)
    score = pca.transform(cube)[number - 1] * (-1 if found.attrs["flipped"] else 1)
    np.testing.assert_allclose(found.score, score, atol=1e-9)
    assert found.score.values[clay].mean() > found.score.values[~clay].mean()
    edge = np.quantile(found.score.values[~clay], 0.99)
    assert (found.score.values[clay] > edge).mean() > 0.9
    loadings = found.loadings.sel(component=number)
    assert loadings[2] * loadings[3] < 0
    assert f"Component {number} of 4" in found.attrs["notes"][0]
    assert list(found["band"].values) == ["B2", "B8", "B11", "B12"]
    xr.testing.assert_identical(cube, before)


def test_crosta_order_of_bands_and_statistics_change_nothing(altered):
    _, cube = altered
    one = feature_oriented_pca(cube, [490, 1610, 2190], {1610: "high", 2190: "low"})
    other = feature_oriented_pca(
        cube,
        [2190, 490, 1610],
        {2190: "low", 1610: "high"},
        statistics=scene_statistics(cube),
    )
    np.testing.assert_allclose(one.score, other.score, atol=1e-9)
    dark = feature_oriented_pca(cube, [490, 1610, 2190], {1610: "low", 2190: "high"})
    np.testing.assert_allclose(one.score, -dark.score, atol=1e-9)


def test_crosta_refuses_with_its_remedy(altered):
    _, cube = altered
    sides = {"B11": "high", "B12": "low"}
    with pytest.raises(ValueError, match="no good band 'B5'"):
        feature_oriented_pca(cube, ["B5", "B11", "B12"], sides)
    with pytest.raises(ValueError, match="nearest is at 2190 nm"):
        feature_oriented_pca(cube, [9000, 1610], {1610: "high", 9000: "low"})
    with pytest.raises(ValueError, match="at least one 'high' and one 'low'"):
        feature_oriented_pca(cube, ["B11", "B12"], {"B11": "high"})
    with pytest.raises(ValueError, match="each 'high' or 'low'"):
        feature_oriented_pca(cube, ["B11", "B12"], {"B11": 1, "B12": -1})
    with pytest.raises(ValueError, match="not two or more different"):
        feature_oriented_pca(cube, ["B11", 1610], {"B11": "high", 1610: "low"})
    # two bands that never part ways have one component only
    same = cube.copy()
    rng = np.random.default_rng(0)
    same[2] = rng.random((50, 60))
    same[3] = same[2] * 2
    with pytest.raises(ValueError, match="no component has loadings of opposite"):
        feature_oriented_pca(
            same, ["B2", "B11", "B12"], {"B2": "high", "B11": "low", "B12": "high"}
        )


@pytest.fixture(params=[3, 6])
def materials(request):
    rng = np.random.default_rng(request.param)
    spectra = rng.random((40, request.param))
    shares = rng.dirichlet(np.ones(request.param), 10_000).T
    noise = rng.standard_normal((40, 10_000)) * np.linspace(1e-3, 3e-3, 40)[:, None]
    return request.param, cube_of((spectra @ shares + noise).reshape(40, 100, 100))


def test_hysime_counts_materials(materials):
    n, cube = materials
    found = signal_dimension(cube)
    assert found.n == n
    assert found.evidence.shape == (40,)
    assert (found.evidence > 0).sum() == n
    assert signal_dimension(cube.chunk(y=31)).n == n


@pytest.mark.parametrize("whiten", [False, True])
def test_hfc_is_the_papers(materials, whiten):
    _, cube = materials
    flat = cube.values.reshape(40, -1)
    if whiten:
        noise = scene_statistics(cube).noise_covariance
        flat = np.linalg.inv(np.linalg.cholesky(noise)) @ flat
    correlation = np.linalg.eigvalsh(
        np.cov(flat) + np.outer(flat.mean(1), flat.mean(1))
    )
    covariance = np.linalg.eigvalsh(np.cov(flat))
    sigma = np.sqrt(2 * (correlation**2 + covariance**2) / flat.shape[1])
    count = (correlation - covariance > 3.0902 * sigma).sum()
    method = "nwhfc" if whiten else "hfc"
    assert signal_dimension(cube, method=method, false_alarm=1e-3).n == count


def test_hysime_is_the_papers():  # its steps taken pixel by pixel, not in closed form
    rng = np.random.default_rng(2)
    values = rng.random((12, 4)) @ rng.random((4, 900))
    values += 0.05 * rng.standard_normal(values.shape)
    noise = np.empty_like(values)
    for band in range(12):
        others = np.delete(values, band, 0).T
        fit = np.linalg.lstsq(others, values[band], rcond=None)[0]
        noise[band] = values[band] - others @ fit
    signal = values - noise
    power = values @ values.T / 900
    of_noise = np.diag(np.diag(noise @ noise.T / 900))
    vectors = np.linalg.svd(signal @ signal.T / 900)[0]
    cost = np.diag(vectors.T @ (2 * of_noise - power) @ vectors)
    found = signal_dimension(cube_of(values.reshape(12, 30, 30)))
    np.testing.assert_allclose(found.evidence, np.sort(-cost)[::-1], atol=1e-8)


def test_hysime_takes_noise_that_is_given():
    rng = np.random.default_rng(2)
    shares = rng.dirichlet(np.ones(3), (40, 60))
    values = np.moveaxis(shares @ rng.random((3, 20)), 2, 0)
    dark = cube_of(0.003 * rng.standard_normal((20, 40, 60)))
    cube = cube_of(values + 0.003 * rng.standard_normal(values.shape))
    assert signal_dimension(cube, statistics=scene_statistics(cube, noise=dark)).n == 3


def test_signal_dimension_refuses_with_its_remedy(altered):
    _, cube = altered
    with pytest.raises(ValueError, match="method='pca' is not known"):
        signal_dimension(cube, method="pca")
    with pytest.raises(ValueError, match="a probability between 0 and"):
        signal_dimension(cube, method="hfc", false_alarm=5)
    cube = cube.copy()
    cube[3] = cube[1] + cube[2]
    with pytest.raises(ValueError, match="the correlation is singular"):
        signal_dimension(cube)
