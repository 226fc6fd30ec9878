"""Unmixing in scikit-learn's clothes."""

import numpy as np
import pytest
import xarray as xr
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from spectral.mapping import LinearUnmixing, unmix


@parametrize_with_checks([LinearUnmixing(method=m) for m in ("fcls", "ucls")])
def test_contract(estimator, check):
    check(estimator)


def test_cube_and_array_agree_with_unmix(scene, smooth):
    for method in ("fcls", "nnls"):
        want = unmix(scene, smooth, method=method)["abundance"]
        model = LinearUnmixing(method=method).fit(smooth)
        xr.testing.assert_identical(model.transform(scene), want)
        lazy = model.transform(scene.chunk({"y": 4}))
        assert lazy.chunks
        np.testing.assert_array_equal(lazy, want)
        flat = scene.values.reshape(40, -1).T
        pipe = make_pipeline(LinearUnmixing(method=method)).fit(smooth.values)
        found = pipe.transform(flat)
        np.testing.assert_allclose(found.T, want.values.reshape(5, -1), atol=1e-12)
    assert model.get_feature_names_out().tolist() == list("abcde")


def test_bad_bands_of_the_cube_may_be_missing_in_the_library(scene, smooth):
    bad = np.arange(40) == 3
    gap = smooth.where(smooth["wavelength"] != smooth["wavelength"][3])
    cube = scene.assign_coords(bad_bands=("wavelength", bad))
    found = LinearUnmixing().fit(gap).transform(cube)
    np.testing.assert_array_equal(found, unmix(cube, gap)["abundance"])


def test_errors(scene, smooth):
    with pytest.raises(ValueError, match="method 'x' is not known"):
        LinearUnmixing(method="x").fit(smooth)
    with pytest.raises(ValueError, match="Fit a library"):
        LinearUnmixing().fit(smooth.values).transform(scene)
