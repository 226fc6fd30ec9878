"""ACE, Kelly's ratio and the subspace ratio: formulas, peers, laws."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from spectral.mapping import ace, amsd, glrt, matched_filter, scene_statistics


def flat(grid, known):
    return grid.values.reshape(len(grid), -1)[:, known]


@pytest.mark.parametrize("chunks", [None, {"y": 7, "x": 8}])
def test_formulas(scene, targets, plain, chunks):
    table, known, spectra = plain
    given = scene if chunks is None else scene.chunk(chunks)
    before = scene.copy(deep=True)
    mean, inverse = table.mean(0), np.linalg.inv(np.cov(table.T))
    pixels = table - mean
    energy = np.einsum("ni,ij,nj->n", pixels, inverse, pixels)
    for k, target in enumerate(spectra - mean):
        along = pixels @ inverse @ target
        size = target @ inverse @ target
        signed = flat(ace(given, targets, signed=True), known)[k]
        wanted = along**2 / size / energy
        np.testing.assert_allclose(
            flat(ace(given, targets), known)[k], wanted, atol=1e-5
        )
        np.testing.assert_allclose(signed, np.sign(along) * wanted, atol=1e-5)
        wanted = along**2 / size / (len(table) + energy)
        np.testing.assert_allclose(
            flat(glrt(given, targets), known)[k], wanted, atol=1e-5
        )
    assert np.isnan(ace(scene, targets).values.reshape(3, -1)[:, ~known]).all()
    xr.testing.assert_identical(scene, before)


def test_blind_to_the_distance_from_the_mean(scene, targets):
    statistics = scene_statistics(scene, noise=None)
    keep = ~scene["bad_bands"].values
    narrow = scene.isel(wavelength=keep).astype("float64")
    mean = xr.DataArray(statistics.mean, narrow["wavelength"].coords, "wavelength")
    far = mean + 7.5 * (narrow - mean)
    one = ace(narrow, targets[:, keep], statistics=statistics)
    other = ace(far.transpose(*narrow.dims), targets[:, keep], statistics=statistics)
    np.testing.assert_allclose(one, other, atol=1e-5)
    marks = {"bad_bands": scene["bad_bands"]}
    pixels = targets.rename(spectrum="p").assign_coords(marks)
    own = ace(pixels, targets, statistics=statistics)
    np.testing.assert_allclose(np.diag(own), 1, atol=1e-5)


def test_signed_scores_of_implants_point_the_same_way(scene, targets):
    score = ace(scene, targets, signed=True)
    filtered = matched_filter(scene, targets)
    assert (np.sign(score.fillna(0)) == np.sign(filtered.fillna(0))).mean() > 0.999


def test_amsd_formula(scene, targets, plain):
    table, known, spectra = plain

    def energy(basis):
        return ((table - table @ np.linalg.pinv(basis) @ basis) ** 2).sum(1)

    found = amsd(scene, targets[:1], targets[1:])
    left = energy(spectra)
    wanted = (energy(spectra[1:]) - left) / 1 / (left / 6)
    np.testing.assert_allclose(found.values.ravel()[known], wanted, rtol=1e-4)
    assert found.attrs["degrees_of_freedom"] == (1, 6)
    assert found.dims == ("y", "x")


def test_amsd_follows_f_without_a_target(targets):
    rng = np.random.default_rng(6)
    share = rng.random((4000, 2))
    values = share @ targets.values[1:] + 0.01 * rng.standard_normal((4000, 10))
    at = {"wavelength": targets["wavelength"].values}
    cube = xr.DataArray(values.T, at, ("wavelength", "pixel"))
    found = amsd(cube, targets[:1], targets[1:])
    law = stats.f(*found.attrs["degrees_of_freedom"])
    assert stats.kstest(found.values, law.cdf).pvalue > 0.01


def test_bad_input(scene, targets):
    with pytest.raises(ValueError, match="sums of background spectra"):
        amsd(scene, targets[1:], targets)
    flat = scene.copy()
    flat[1] = 0.5
    with pytest.raises(ValueError, match="constant: 2050 nm"):
        ace(flat, targets)
    with pytest.raises(ValueError, match="constant: 2050 nm"):
        glrt(flat, targets)


def test_coherence_says_no_law_where_regularisation_bends_it(scene, targets):
    # a law stated all the same would be off: measured ten times too few false alarms
    assert "background_law" in ace(scene, targets).attrs
    assert "background_law" not in ace(scene, targets, regularisation=0.01).attrs
