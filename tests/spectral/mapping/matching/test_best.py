"""The best reference of each pixel equals the smallest of all, computed in float64."""

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import classify_angle, classify_best, spectral_angle


@pytest.mark.parametrize("chunks", [None, {"y": 3, "x": 2}])
def test_it_is_the_smallest_of_all_angles(scene, library, chunks):
    given = scene if chunks is None else scene.chunk(chunks)
    found = classify_angle(given, library, max_angle=0.4)
    assert (found["class"].chunks is None) == (chunks is None)
    angles = spectral_angle(scene, library)
    ordered = np.sort(angles.values, axis=0)
    np.testing.assert_allclose(found["angle"], ordered[0], rtol=1e-6)
    np.testing.assert_allclose(found["margin"], ordered[1] - ordered[0], atol=2e-7)
    known = ~np.isnan(ordered[0])
    code = np.where(ordered[0] <= 0.4, angles.fillna(9).argmin("target") + 1, 0)
    np.testing.assert_array_equal(found["class"].values[known], code[known])
    assert np.isnan(found["class"].values[~known]).all()
    assert (~known).sum() == 2
    assert 0 < (code[known] == 0).sum() < known.sum(), "both kinds are in the test"


def test_near_ties_are_told_apart_in_float64():
    """Cosines differ by 1e-9: float32 takes them for equal."""
    rng = np.random.default_rng(3)
    base = 0.2 + 0.5 * rng.random(50)
    step = 2e-5 * rng.standard_normal((40, 50))
    at = {"wavelength": np.linspace(2000, 2490, 50)}
    names = {"spectrum": [str(i) for i in range(40)]}
    dims = ("spectrum", "wavelength")
    library = xr.DataArray(base + step, at | names, dims)
    found = classify_angle(library[:2].rename(spectrum="pixel"), library[:2])
    np.testing.assert_array_equal(found["class"], [1, 2])
    np.testing.assert_allclose(found["angle"], 0, atol=1e-7)


def test_float64_cube_and_single_reference(scene, library):
    wide = classify_angle(scene.astype("float64"), library, max_angle=1)
    xr.testing.assert_allclose(wide, classify_angle(scene, library, max_angle=1))
    one = classify_angle(scene, library[1], max_angle=1)
    assert one["class"].attrs["classes"] == {0: "unclassified", 1: "calcite"}
    assert np.isnan(one["margin"]).all()


def test_a_slab_of_many_pixels(library):
    rng = np.random.default_rng(5)
    at = {"wavelength": library["wavelength"].values}
    values = rng.random((7, 60, 50), dtype="float32")
    cube = xr.DataArray(values, at, ("wavelength", "y", "x"))
    found = classify_angle(cube, library, max_angle=3)
    angles = spectral_angle(cube, library)
    np.testing.assert_array_equal(found["class"], angles.argmin("target") + 1)
    np.testing.assert_allclose(found["angle"], angles.min("target"), rtol=1e-5)


def test_metadata(scene, library):
    found = classify_angle(scene, library)
    grid = found["class"]
    assert grid.attrs["kind"] == "categorical"
    assert grid.attrs["classes"][2] == "calcite"
    assert found["angle"].attrs["max_angle"] == 0.1
    assert grid.dims == ("y", "x")


def test_classify_best_by_hand():
    scores = xr.DataArray(
        [[0.9, 0.2, np.nan, np.nan], [0.5, 0.4, 0.3, np.nan]],
        {"target": ["a", "b"], "x": np.arange(4.0)},
        ("target", "x"),
        attrs={"long_name": "match", "units": "1"},
    )
    found = classify_best(scores, threshold=0.35)
    np.testing.assert_array_equal(found["class"], [1, 2, 0, np.nan])
    np.testing.assert_allclose(found["score"], [0.9, 0.4, 0.3, np.nan])
    np.testing.assert_allclose(found["margin"], [0.4, 0.2, np.nan, np.nan])
    least = classify_best(scores, threshold=0.35, best="smallest")
    np.testing.assert_array_equal(least["class"], [0, 1, 2, np.nan])
    own = xr.DataArray([0.95, 0.1], {"target": ["a", "b"]}, "target")
    np.testing.assert_array_equal(
        classify_best(scores, threshold=own[::-1])["class"], [2, 2, 2, np.nan]
    )
    lazy = classify_best(scores.chunk({"target": 1, "x": 2}), threshold=own)
    assert lazy["class"].chunks is not None
    np.testing.assert_array_equal(lazy["class"], [2, 2, 2, np.nan])
    assert found["score"].attrs["long_name"] == "best match"


def test_classify_best_equals_classify_angle(scene, library):
    angles = spectral_angle(scene, library)
    one = classify_best(angles, threshold=0.4, best="smallest")["class"]
    other = classify_angle(scene, library, max_angle=0.4)["class"]
    np.testing.assert_array_equal(one, other)


def test_bad_input(scene, library):
    with pytest.raises(ValueError, match="max_angle must be in radians"):
        classify_angle(scene, library, max_angle=0)
    scores = spectral_angle(scene, library)
    with pytest.raises(ValueError, match="none called 'endmember'"):
        classify_best(scores, dim="endmember")
    with pytest.raises(ValueError, match="'largest' or 'smallest'"):
        classify_best(scores, best="least")
    with pytest.raises(ValueError, match="give one a target"):
        classify_best(scores, threshold=xr.DataArray([1.0, 2.0], dims="target"))
