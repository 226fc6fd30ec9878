"""Real spectra: an EMIT chip of 100 pixels, and 77 reference spectra of the USGS."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spectral import open_cube
from spectral.mapping import (
    ace,
    class_table,
    classify_angle,
    matched_filter,
    modified_angle,
    rx,
    spectral_divergence,
)


@pytest.fixture
def chip(real_data):
    folder = real_data("spectral/emit_10x10")
    return open_cube(folder / "emit20250324t221005_jpl_unmix_ex.hdr").load()


@pytest.fixture
def splib(real_data):
    folder = real_data("spectral/usgs_splib07_1nm_rules")
    table = pd.read_csv(folder / "splib07_77_reference_spectra_1nm.csv")
    table = table.drop_duplicates("splib07_record")
    wave = np.arange(350.0, 2501)
    part = (wave >= 450) & (wave <= 2350) & (wave % 10 == 0)
    values = table.iloc[:, 2:].to_numpy(float)[:, part]
    values, first = np.unique(values, axis=0, return_index=True)
    whole = np.isfinite(values).all(1)
    names = table["splib07_record"].iloc[first[whole]].to_list()
    at = {"spectrum": names, "wavelength": wave[part]}
    return xr.DataArray(values[whole], at, ("spectrum", "wavelength"))


def test_each_reference_is_most_like_itself(splib):
    pixels = splib.rename(spectrum="pixel")
    found = classify_angle(pixels * 0.7, splib)
    np.testing.assert_array_equal(found["class"], np.arange(1, splib.shape[0] + 1))
    np.testing.assert_allclose(found["angle"], 0, atol=1e-7)
    assert splib.shape[0] > 20
    table = class_table(found["class"])
    assert (table["pixels"].iloc[1:-1] == 1).all()
    assert (modified_angle(pixels, splib).data.argmax(0) == found["class"] - 1).all()
    assert (
        spectral_divergence(pixels, splib).data.argmin(0) == found["class"] - 1
    ).all()


def test_noise_seldom_changes_the_best(splib):
    rng = np.random.default_rng(0)
    noisy = splib + rng.normal(0, 0.002, splib.shape)
    found = classify_angle(noisy.rename(spectrum="pixel"), splib)
    right = found["class"].data == np.arange(1, splib.shape[0] + 1)
    assert right.mean() > 0.95
    assert float(found["margin"].min()) >= 0


def test_a_chip_smaller_than_its_bands(chip):
    """100 pixels, more good bands: refused with the reason, or eased and said."""
    library = chip.isel(y=[0, 5], x=3).rename(y="spectrum").drop_vars(["x", "spectrum"])
    library = library.drop_vars("bad_bands").assign_coords(spectrum=["one", "two"])
    library = library.transpose("spectrum", "wavelength")
    with pytest.raises(ValueError, match="comes from 100 pixels and has no inverse"):
        matched_filter(chip, library)
    found = matched_filter(chip, library, regularisation=1e-4)
    assert float(found[0, 0, 3]) == pytest.approx(1, abs=1e-3)
    assert float(found[1, 5, 3]) == pytest.approx(1, abs=1e-3)
    assert "fewer than 2 a band" in found.attrs["notes"][-1]
    near = ace(chip, library, regularisation=1e-4)
    assert float(near[0, 0, 3]) == pytest.approx(1, abs=1e-3)
    assert np.isfinite(rx(chip, regularisation=1e-4)).all()
    best = classify_angle(chip, library, max_angle=0.05)
    assert best["class"].data[0, 3] == 1
    assert best["class"].data[5, 3] == 2
