"""A real scene of a hundred pixels: what cannot be told from it is refused."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from spectral import open_cube
from spectral.mapping import (
    MinimumNoiseFraction,
    PrincipalComponents,
    n_findr,
    scene_statistics,
    signal_dimension,
    sivm,
)

NAME = "emit20250324t221005_jpl_unmix_ex"


@pytest.fixture
def emit(real_data):
    return open_cube(real_data("spectral/emit_10x10") / NAME)


def test_statistics_and_components_are_those_of_float64(emit):
    bad = (
        np.asarray(emit["bad_bands"].values, bool)
        if "bad_bands" in emit.coords
        else False
    )
    flat = emit.values[~bad & np.ones(emit.sizes["wavelength"], bool)]
    flat = flat.reshape(len(flat), -1).astype(float)
    flat = flat[:, np.isfinite(flat).all(0)]
    found = scene_statistics(emit)
    assert found.n == flat.shape[1]
    np.testing.assert_allclose(found.covariance, np.cov(flat), atol=1e-12)
    ours = PrincipalComponents(n_components=3).fit(emit)
    theirs = PCA(3).fit(flat.T)
    np.testing.assert_allclose(
        ours.explained_variance_, theirs.explained_variance_, rtol=1e-8
    )


def test_a_hundred_pixels_are_too_few_for_noise_of_all_bands(emit):
    with pytest.raises(ValueError, match="independent values only and is singular"):
        MinimumNoiseFraction().fit(emit)
    with pytest.raises(ValueError, match="from 100 independent values only"):
        signal_dimension(emit)
    few = emit.isel(wavelength=slice(20, 280, 10))
    mnf = MinimumNoiseFraction(n_components=5).fit(few)
    assert mnf.snr_[0] > mnf.snr_[-1] > 0


def test_endmembers_are_pixels_of_the_scene(emit):
    found = n_findr(emit, n_endmembers=4)
    for number in range(4):
        row, column = int(found["row"][number]), int(found["column"][number])
        np.testing.assert_array_equal(found[number], emit[:, row, column])
    assert found.attrs["volume"] >= 0.999 * sivm(emit, n_endmembers=4).attrs["volume"]
