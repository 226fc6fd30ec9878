"""Records to a library and back."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spectral.library import RecordProblems, split_spectra, stack_spectra

WAVES = np.arange(2000.0, 2401.0, 10.0)


def records(**changes):
    rows = [
        {
            "spectrum_id": f"s{i}",
            "name": f"Sample {i}",
            "mineral": ["kaolinite", None, "calcite"][i],
            "depth_m": float(i),
            "wavelength": WAVES,
            "reflectance": (0.5 + 0.1 * i - 1e-4 * (WAVES - 2000)).astype("float32"),
            "fwhm": np.full(WAVES.size, 12.0),
            "uncertainty": np.full(WAVES.size, 0.01, "float32") if i == 1 else None,
        }
        for i in range(3)
    ]
    return pd.DataFrame(rows).assign(**changes)


def test_there_and_back():
    given = records()
    given.attrs["notes"] = ["3 things were seen"]
    before = given.copy(deep=True)
    library = stack_spectra(given)
    assert library.dims == ("spectrum", "wavelength")
    assert library.dtype == np.float32
    assert list(library["mineral"].values) == ["kaolinite", "", "calcite"]
    assert library.attrs["notes"] == ["3 things were seen"]
    assert library.attrs["units"] == "1"
    np.testing.assert_array_equal(library["fwhm"], 12.0)
    assert np.isnan(library["uncertainty"][[0, 2]]).all()
    pd.testing.assert_frame_equal(given, before)

    back = split_spectra(library)
    assert list(back["spectrum_id"]) == ["s0", "s1", "s2"]
    assert list(back["depth_m"]) == [0.0, 1.0, 2.0]
    assert [row is None for row in back["uncertainty"]] == [True, False, True]
    for one, other in zip(given["reflectance"], back["reflectance"], strict=True):
        np.testing.assert_array_equal(one, other)
    xr.testing.assert_identical(stack_spectra(back).drop_attrs(), library.drop_attrs())


def test_grids_that_differ_are_named_and_brought_together():
    fine = np.arange(2000.0, 2401.0, 5.0)
    given = records()
    given["wavelength"] = [WAVES, fine, WAVES]
    given["reflectance"] = [np.full(g.size, 0.5) for g in given["wavelength"]]
    given["fwhm"] = [np.full(g.size, np.diff(g)[0]) for g in given["wavelength"]]
    given["uncertainty"] = [None, np.full(fine.size, 0.02), None]
    told = r"2 grids: 2 spectra with 41 channels.*; 1 spectra with 81 channels.*like="
    with pytest.raises(ValueError, match=told):
        stack_spectra(given)
    target = xr.DataArray(
        np.zeros(5),
        dims="wavelength",
        coords={
            "wavelength": np.arange(2100.0, 2301.0, 50),
            "fwhm": ("wavelength", np.full(5, 50.0)),
        },
    )
    library = stack_spectra(given, like=target)
    assert list(library["spectrum"].values) == ["s0", "s1", "s2"]
    np.testing.assert_allclose(library, 0.5, rtol=1e-6)
    assert np.isfinite(library["uncertainty"].sel(spectrum="s1")).all()
    assert np.isnan(library["uncertainty"].sel(spectrum="s0")).all()
    np.testing.assert_array_equal(library["wavelength"], target["wavelength"])


def test_bands_of_a_sensor_are_those_of_resample():
    from spectral import resample

    grids = [np.arange(400.0, 2501.0, step) for step in (1, 1, 2)]
    given = pd.DataFrame({
        "spectrum_id": ["a", "b", "c"],
        "name": ["a", "b", "c"],
        "wavelength": grids,
        "reflectance": [grid / 5000 for grid in grids],
    })  # fmt: skip
    found = stack_spectra(given, sensor="sentinel2a")
    alone = resample(stack_spectra(given.iloc[:2]), sensor="sentinel2a")
    np.testing.assert_allclose(found[:2], alone, rtol=1e-6)
    assert "B12" in found["band"]
    with pytest.raises(ValueError, match="not both"):
        stack_spectra(given, sensor="aster", like=alone)


def test_one_spectrum_and_bad_bands():
    one = stack_spectra(records())[0].drop_vars(["spectrum", "uncertainty"])
    bad = np.arange(WAVES.size) < 3
    found = split_spectra(
        one.rename("field 7").assign_coords(bad_bands=("wavelength", bad))
    )
    assert found.loc[0, "spectrum_id"] == "field 7"
    assert found.loc[0, "wavelength"][0] == 2030
    assert found.attrs["notes"] == ["3 bad bands were left out"]


def test_what_is_no_library():
    with pytest.raises(ValueError, match=r"mean_spectra"):
        split_spectra(stack_spectra(records()).expand_dims(x=2))
    with pytest.raises(RecordProblems, match="stands in row 1 already"):
        stack_spectra(records(spectrum_id=["a", "a", "b"]))
