"""The estimator does what scikit-learn expects and what the functions do."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from spectral.mapping import SpectralAngleMapper, classify_angle


def test_scikit_learn_agrees():
    check_estimator(SpectralAngleMapper())


def test_library_and_cube(scene, library):
    mapper = SpectralAngleMapper(max_angle=0.4).fit(library)
    found = mapper.predict(scene)
    wanted = classify_angle(scene, library, max_angle=0.4)["class"]
    np.testing.assert_array_equal(found, wanted)
    assert mapper.predict(scene.chunk({"y": 2})).chunks is not None


def test_table_and_cube_agree(scene, library):
    keep = ~scene["bad_bands"].values
    table = scene.values[keep].reshape(6, -1).T
    known = table.any(1) & ~np.isnan(table).any(1)
    narrow = library[:, keep].drop_vars("group")
    mapper = SpectralAngleMapper(max_angle=0.4).fit(narrow)
    labels = mapper.predict(table[known])
    codes = mapper.predict(scene.isel(wavelength=keep))
    names = codes.attrs["classes"]
    told = [names[int(code)] for code in codes.values.ravel()[known]]
    assert list(labels) == told
    assert {"unclassified", "mica"} <= set(labels)
    assert list(SpectralAngleMapper(max_angle=1e-6).fit(narrow.values, [3, 4, 5])
                .predict(table[:1])) == [-1]  # fmt: skip


def test_samples_make_a_class(scene):
    samples = np.eye(6)[[0, 0, 3]]
    samples[1, 1] = 1
    mapper = SpectralAngleMapper().fit(samples * [[1], [50], [2]], ["a", "a", "b"])
    between = np.arctan2(np.sqrt(0.5), 1 + np.sqrt(0.5))
    found = mapper.directions_[0]
    np.testing.assert_allclose(np.arctan2(found[1], found[0]), between, rtol=1e-9)
    clean = scene.isel(wavelength=~scene["bad_bands"].values)
    assert mapper.predict(clean).attrs["classes"] == {0: "unclassified", 1: "a", 2: "b"}
    with pytest.raises(ValueError, match="fitted with samples of 6 bands"):
        mapper.predict(scene)
