"""Linear detectors: formulas in float64, laws, errors that name the bands."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from spectral.mapping import (
    ace,
    amsd,
    cem,
    glrt,
    matched_filter,
    mtmf,
    osp,
    rx,
    scene_statistics,
    tcimf,
)


def as_pixels(targets, scene):
    """Targets in the cube's place, with its bad bands."""
    marks = {"bad_bands": scene["bad_bands"]}
    return targets.rename(spectrum="p").assign_coords(marks)


def flat(grid, known):
    return grid.values.reshape(len(grid), -1)[:, known]


@pytest.mark.parametrize("chunks", [None, {"y": 7, "x": 8, "wavelength": 3}])
def test_matched_filter_formula(scene, targets, plain, chunks):
    table, known, spectra = plain
    before = scene.copy(deep=True)
    found = matched_filter(scene if chunks is None else scene.chunk(chunks), targets)
    assert (found.chunks is None) == (chunks is None)
    mean, inverse = table.mean(0), np.linalg.inv(np.cov(table.T))
    for k, target in enumerate(spectra - mean):
        wanted = (table - mean) @ inverse @ target / (target @ inverse @ target)
        np.testing.assert_allclose(flat(found, known)[k], wanted, atol=2e-6)
        assert found.attrs["spread"][k] == pytest.approx(wanted.std(ddof=1), rel=1e-5)
    assert np.isnan(found.values.reshape(3, -1)[:, ~known]).all()
    assert found.attrs["notes"] == [
        "1 pixels lack a value in a good band and do not count in the scene's "
        "statistics."
    ]
    xr.testing.assert_identical(scene, before)


def test_cem_and_tcimf_formulas(scene, targets, plain):
    table, known, spectra = plain
    inverse = np.linalg.inv(table.T @ table / len(table))
    found = flat(cem(scene, targets), known)
    for k, target in enumerate(spectra):
        weights = inverse @ target / (target @ inverse @ target)
        np.testing.assert_allclose(found[k], table @ weights, atol=5e-6)
    found = flat(tcimf(scene, targets[:2], targets[2]), known)
    for k in range(2):
        both = spectra[[k, 2]].T
        weights = inverse @ both @ np.linalg.inv(both.T @ inverse @ both) @ [1, 0]
        np.testing.assert_allclose(found[k], table @ weights, atol=5e-6)


def test_osp_formula(scene, targets, plain):
    table, known, spectra = plain
    ground = spectra[1:].T
    project = np.eye(9) - ground @ np.linalg.pinv(ground)
    wanted = table @ project @ spectra[0] / (spectra[0] @ project @ spectra[0])
    found = flat(osp(scene, targets[:1], targets[1:]), known)
    np.testing.assert_allclose(found[0], wanted, atol=1e-6)
    ends = osp(targets.rename(spectrum="pixel"), targets[:1], targets[1:])
    np.testing.assert_allclose(ends, [[1, 0, 0]], atol=1e-6)


@pytest.mark.parametrize("detect", [matched_filter, cem])
def test_targets_score_one_and_mixtures_their_share(scene, targets, detect):
    statistics = scene_statistics(scene, noise=None)
    found = detect(as_pixels(targets, scene), targets, statistics=statistics)
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-5)
    mean = np.full(10, np.nan)
    mean[~scene["bad_bands"].values] = statistics.mean
    mixture = scene[:, 0, 0].drop_vars(["x", "y"]).copy(data=mean)
    mixture = 0.3 * targets[0].drop_vars("spectrum") + 0.7 * mixture
    marks = {"bad_bands": scene["bad_bands"]}
    share = matched_filter(
        mixture.assign_coords(marks), targets[:1], statistics=statistics
    )
    np.testing.assert_allclose(share, 0.3, atol=1e-5)


def test_tcimf_is_blind_to_the_unwanted(scene, targets):
    statistics = scene_statistics(scene, noise=None)
    found = tcimf(
        as_pixels(targets, scene), targets[:1], targets[1:], statistics=statistics
    )
    np.testing.assert_allclose(found, [[1, 0, 0]], atol=1e-5)
    assert found.attrs["unwanted"] == ["calcite", "mica"]


def test_implants_are_found_without_bias(scene, targets, plain):
    """Shares put in come out: 300 pixels of known share, background as it is."""
    table, _, spectra = plain
    rng = np.random.default_rng(1)
    share = rng.uniform(0.05, 0.5, 300)
    pixels = table[:300] * (1 - share[:, None]) + share[:, None] * spectra[0]
    keep = ~scene["bad_bands"].values
    at = {"wavelength": scene["wavelength"].values[keep]}
    cube = xr.DataArray(pixels.T, at, ("wavelength", "pixel"))
    statistics = scene_statistics(scene, noise=None)
    found = matched_filter(cube, targets[:1, keep], statistics=statistics)[0]
    own = matched_filter(scene, targets[:1]).attrs["spread"][0]
    bias = float((found - share).mean())
    assert abs(bias) < 3 * own / np.sqrt(300)
    assert np.std(found - share) < 1.5 * own


def test_large_offset_keeps_its_digits():
    """A mean summed in float32 is off by 4.5e-4 here, and scores by up to 0.17."""
    rng = np.random.default_rng(8)
    shape = (12, 100, 120)
    mix = rng.standard_normal((12, 12))
    values = 400 + np.einsum("ij,jyx->iyx", mix, rng.standard_normal(shape))
    at = {"wavelength": np.linspace(2000, 2110, 12)}
    cube = xr.DataArray(values.astype("float32"), at, ("wavelength", "y", "x"))
    target = xr.DataArray(
        [400 + 5 * rng.standard_normal(12)], at | {"spectrum": ["t"]}, ("spectrum", *at)
    )
    table = cube.values.reshape(12, -1).T.astype(float)
    mean, inverse = table.mean(0), np.linalg.inv(np.cov(table.T))
    apart = target.values[0] - mean
    wanted = (table - mean) @ inverse @ apart / (apart @ inverse @ apart)
    found = matched_filter(cube, target).values[0].ravel()
    np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())
    np.testing.assert_allclose(
        scene_statistics(cube, noise=None).mean, mean, rtol=1e-12
    )


def test_many_targets_are_what_each_is_alone(scene, targets):
    together = matched_filter(scene, targets)
    for k in range(3):
        alone = matched_filter(scene, targets[[k]])
        np.testing.assert_allclose(together[[k]], alone, atol=1e-6)


@given(st.permutations(range(6)), st.integers(0, 50))
def test_order_of_bands_and_pixels_does_not_matter(order, seed):
    rng = np.random.default_rng(seed)
    at = {"wavelength": np.linspace(2000, 2050, 6)}
    values = rng.random((6, 1, 40))
    target = rng.random((1, 6))
    pixels = rng.permutation(40)
    library = xr.DataArray(target, at | {"spectrum": ["a"]}, ("spectrum", *at))
    cube = xr.DataArray(values, at, ("wavelength", "y", "x"))
    one = matched_filter(cube, library)
    again = matched_filter(
        cube.copy(data=values[list(order)][:, :, pixels]),
        library.copy(data=target[:, list(order)]),
    )
    np.testing.assert_allclose(one.values[..., pixels], again, atol=1e-5)


def test_background_given_is_the_background_used(scene, targets):
    mask = xr.zeros_like(scene[0], bool).drop_vars("wavelength")
    mask[:12] = True
    crop = scene_statistics(scene.isel(y=slice(0, 12)), noise=None)
    masked = scene_statistics(scene, noise=None, mask=mask.drop_vars("bad_bands"))
    xr.testing.assert_allclose(
        matched_filter(scene, targets, statistics=crop).drop_attrs(),
        matched_filter(scene, targets, statistics=masked).drop_attrs(),
        atol=1e-6,
    )


def test_singular_covariance_names_the_bands(scene, targets):
    bad = scene.copy()
    bad[5] = 0.25
    bad[8] = bad[7]
    with pytest.raises(
        ValueError, match=r"constant: 2250 nm; 2[34][05]0 nm is a copy of 2[34][05]0 nm"
    ):
        matched_filter(bad, targets)
    mixed = scene.astype("float64")
    mixed[9] = mixed[0] + mixed[1] - mixed[3]
    with pytest.raises(
        ValueError, match=r"sums of other bands: \d+ nm\. Mark them bad"
    ):
        matched_filter(mixed, targets)
    eased = matched_filter(bad, targets, regularisation=1e-3)
    assert eased.attrs["regularisation"] == 1e-3
    assert np.isfinite(eased).sum() == 3 * (24 * 31 - 1)


def test_regularisation_is_the_stated_formula(scene, targets, plain):
    table, known, spectra = plain
    cov = np.cov(table.T)
    shrunk = 0.8 * cov + 0.2 * np.trace(cov) / 9 * np.eye(9)
    apart = spectra[0] - table.mean(0)
    weights = np.linalg.solve(shrunk, apart)
    wanted = (table - table.mean(0)) @ weights / (apart @ weights)
    found = flat(matched_filter(scene, targets, regularisation=0.2), known)[0]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_spectral_python_numbers():
    """Spectral Python 0.25 on 20 pixels in float64, at row 1, column 2."""
    rng = np.random.default_rng(11)
    values = np.round(0.2 + 0.6 * rng.random((4, 5, 6)), 3)
    spectra = np.round(0.2 + 0.6 * rng.random((2, 6)), 3)
    np.testing.assert_array_equal(
        values[0, 0], [0.277, 0.5, 0.561, 0.217, 0.289, 0.757]
    )
    at = {"wavelength": np.linspace(2000, 2250, 6)}
    cube = xr.DataArray(values.transpose(2, 0, 1), at, ("wavelength", "y", "x"))
    library = xr.DataArray(spectra, at | {"spectrum": ["a", "b"]}, ("spectrum", *at))
    found = matched_filter(cube, library)
    wanted = [0.1528381801505, -0.1940016419292]
    np.testing.assert_allclose(found[:, 1, 2], wanted, rtol=1e-6)
    assert float(found[0].std()) == pytest.approx(0.457120449, rel=1e-6)
    wanted = [0.0183671310868, 0.0518589946820]
    np.testing.assert_allclose(ace(cube, library)[:, 1, 2], wanted, rtol=1e-5)
    assert float(ace(cube, library)[0].mean()) == pytest.approx(0.170054024, rel=1e-5)
    assert float(rx(cube)[1, 2]) == pytest.approx(5.782087981, rel=1e-5)


DETECTORS = {
    "matched_filter": matched_filter,
    "cem": cem,
    "tcimf": lambda cube, targets: tcimf(cube, targets[:2], targets[2:]),
    "osp": lambda cube, targets: osp(cube, targets[:2], targets[2:]),
    "ace": ace,
    "glrt": glrt,
    "amsd": lambda cube, targets: amsd(cube, targets[:2], targets[2:]),
    "rx": lambda cube, _: rx(cube),
    "rx in windows": lambda cube, _: rx(cube, window=(3, 7)),
    "mtmf": lambda cube, targets: mtmf(cube, targets)["score"],
    "infeasibility": lambda cube, targets: mtmf(cube, targets)["infeasibility"],
}


@pytest.mark.parametrize("name", DETECTORS)
def test_pixels_without_measurement_have_no_score(scene, targets, name):
    holed = scene.copy()
    holed[:, 7, 8] = 0
    holed[6, 9, 9] = np.inf
    found = DETECTORS[name](holed, targets)
    for y, x in ((7, 8), (9, 9), (3, 5)):
        assert np.isnan(found.isel(y=y, x=x)).all()
    assert np.isnan(found).sum() == 3 * found.size / (24 * 31)


@pytest.mark.parametrize("name", ["matched_filter", "cem", "tcimf", "ace", "mtmf"])
def test_scales_that_differ(scene, targets, name):
    with pytest.raises(ValueError, match=r"not reflectance from 0 to 1.*scale=10000"):
        DETECTORS[name](10000 * scene, targets)
    with pytest.raises(ValueError, match=r"has values of 4\.76e\+03 on average"):
        DETECTORS[name](scene, 10000 * targets)


def test_few_pixels(scene, targets):
    with pytest.raises(ValueError, match=r"9 bands comes from 8 pixels.*10 are needed"):
        matched_filter(scene[:, :2, :4], targets)
    found = matched_filter(scene[:, :2, :8], targets)
    assert "fewer than 2 a band" in found.attrs["notes"][-1]


def test_bad_input(scene, targets):
    with pytest.raises(ValueError, match="regularisation must be from 0"):
        matched_filter(scene, targets, regularisation=1.0)
    with pytest.raises(ValueError, match=r"resample\(targets, like=cube\)"):
        cem(scene, targets[:, :4])
    statistics = scene_statistics(scene, noise=None)
    mean = targets[:1].copy()
    mean[:, ~scene["bad_bands"].values] = statistics.mean
    with pytest.raises(ValueError, match="are the background's mean itself"):
        matched_filter(scene, mean, statistics=statistics)
    with pytest.raises(ValueError, match="sums of background spectra"):
        osp(scene, targets, targets[1:])
    many = xr.concat([targets + 0.01 * i**2 * targets**i for i in range(4)], "spectrum")
    many = many.assign_coords(spectrum=[str(i) for i in range(12)])
    with pytest.raises(ValueError, match="span all 9 good bands"):
        osp(scene, targets, many)
    with pytest.raises(ValueError, match="cannot score 1 where 3 unwanted"):
        tcimf(scene, targets[:1], targets)
    with pytest.raises(ValueError, match="statistics are of 2 bands"):
        matched_filter(scene, targets, statistics=statistics.subset([0, 1]))
