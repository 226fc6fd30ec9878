"""Counts of a cube against NumPy on the whole."""

import numpy as np
import pytest
import xarray as xr

import spectral
from spectral import _blocks


@pytest.fixture
def cube():
    rng = np.random.default_rng(5)
    values = rng.normal(0.4, 0.5, (6, 11, 9)).astype("float32")
    values[:, 2, 3] = 0
    values[[0, 1, 2, 3, 5], 2, 4] = 0
    values[4, 2, 4] = 0.3
    values[:, 5, 5] = np.nan
    values[2, 7, 7] = np.nan
    values[4, 8, 8] = np.nan
    return xr.DataArray(
        values,
        {
            "wavelength": np.arange(6) * 100.0 + 500,
            "bad_bands": ("wavelength", np.arange(6) == 4),
        },
        ("wavelength", "y", "x"),
        attrs={"quantity": "reflectance"},
    )


@pytest.mark.parametrize("chunks", [None, {"y": 4, "x": 5, "wavelength": 2}])
@pytest.mark.parametrize("slab", [6 * 256, 1 << 21])
def test_counts(cube, chunks, slab, monkeypatch):
    monkeypatch.setattr(_blocks, "SLAB", slab)
    before = cube.copy(deep=True)
    table = spectral.cube_report(cube if chunks is None else cube.chunk(chunks))
    values = cube.values.reshape(6, -1).astype(float)
    known = ~np.isnan(values)
    np.testing.assert_allclose(table["min"], np.nanmin(values, 1))
    np.testing.assert_allclose(table["max"], np.nanmax(values, 1))
    np.testing.assert_allclose(table["mean"], np.nanmean(values, 1))
    np.testing.assert_allclose(table["missing"], 1 - known.mean(1))
    for name, hit in (
        ("negative", values < 0), ("saturated", values > 1.2), ("zero", values == 0)
    ):  # fmt: skip
        np.testing.assert_allclose(table[name], hit.sum(1) / known.sum(1))
    assert table["bad"].tolist() == [False] * 4 + [True, False]
    assert table["band"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table.attrs == {
        "pixels": 99,
        "missing_pixels": 2,
        "empty_pixels": 1,
        "zero_pixels": 2,
    }
    xr.testing.assert_identical(cube, before)


def test_limits_and_other_quantities(cube):
    assert spectral.cube_report(cube, saturated=0.5)["saturated"].min() > 0.2
    radiance = cube.assign_attrs(quantity="radiance")
    assert (spectral.cube_report(radiance)["saturated"] == 0).all()


def test_a_band_without_values(cube):
    cube[1] = np.nan
    row = spectral.cube_report(cube).iloc[1]
    assert row["missing"] == 1
    assert row[["min", "max", "mean", "negative"]].isna().all()
    with pytest.raises(TypeError, match="not as ndarray"):
        spectral.cube_report(cube.values)


def test_libraries_too(cube):
    library = cube.isel(y=0).rename(x="spectrum").transpose("spectrum", "wavelength")
    assert spectral.cube_report(library).attrs["pixels"] == 9


def test_plain_bands_beside_others(cube):
    """Bands without gaps, zeros and odd values take a shorter way."""
    values = np.abs(cube.values[:, 8:]) * 0.3 + 0.01
    values[1, 0, 0] = 1.5
    values[2, 1, 1] = -0.1
    plain = cube.isel(y=slice(8, 11)).copy(data=values)
    table = spectral.cube_report(plain)
    flat = values.reshape(6, -1).astype(float)
    np.testing.assert_allclose(table["min"], np.nanmin(flat, 1))
    np.testing.assert_allclose(table["max"], np.nanmax(flat, 1))
    np.testing.assert_allclose(table["mean"], np.nanmean(flat, 1))
    assert (table["saturated"] > 0).tolist() == [False, True] + [False] * 4
    assert (table["negative"] > 0).tolist() == [False, False, True] + [False] * 3
    assert (table["missing"] > 0).tolist() == [False] * 4 + [True, False]
    assert table.attrs["missing_pixels"] == 0  # band 4 is bad


def test_infinite_values_are_gaps(cube):
    given = cube.copy(deep=True)
    given[1, 0, 0], given[1, 0, 1] = np.inf, -np.inf
    expected = spectral.cube_report(given.where(np.isfinite(given)))
    found = spectral.cube_report(given)
    assert found.equals(expected)
    assert found.attrs == expected.attrs
    assert found.attrs["missing_pixels"] == 4
