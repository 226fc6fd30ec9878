"""One call from a file or a folder to a library on the bands of a cube."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spectral.library import load_library, open_library

WAVES = np.arange(2000.0, 2501.0, 5.0)


def spectrum(centre):
    return 0.5 * (1 - 0.3 * np.exp(-(((WAVES - centre) / 20) ** 2)))


@pytest.fixture
def records():
    short = WAVES < 2300
    return pd.DataFrame(
        {
            "spectrum_id": ["k1", "k2", "c1"],
            "name": ["Kaolinite CM9", "half of it", "Calcite WS272"],
            "mineral": ["kaolinite", "kaolinite", "calcite"],
            "wavelength": [WAVES, WAVES[short], WAVES],
            "reflectance": [spectrum(2205), spectrum(2205)[short], spectrum(2340)],
        }
    )


@pytest.fixture
def cube():
    waves = np.arange(2100.0, 2400.0, 10.0)
    return xr.DataArray(
        np.full((waves.size, 2, 2), 0.4, "float32"),
        dims=("wavelength", "y", "x"),
        coords={
            "wavelength": waves,
            "fwhm": ("wavelength", np.full(waves.size, 12.0)),
            "bad_bands": ("wavelength", waves > 2380),
        },
    )


def test_store_and_file_give_the_same(tmp_path, records, cube):
    folder = tmp_path / "library"
    open_library(folder, create=True).add(records)
    table = tmp_path / "spectra.csv"
    wide = pd.DataFrame(
        np.array([records["reflectance"][0], records["reflectance"][2]]),
        columns=[f"{wave:g}nm" for wave in WAVES],
    )
    wide.insert(0, "name", ["k1", "c1"])
    wide.to_csv(table, index=False)
    stored = load_library(folder, like=cube)
    read = load_library(table, like=cube)
    assert set(stored["spectrum"].values) == {"k1", "c1"}
    for name in ("k1", "c1"):
        np.testing.assert_allclose(
            stored.sel(spectrum=name), read.sel(spectrum=name), rtol=1e-6
        )
    told = " ".join(stored.attrs["notes"])
    assert "1 of 3 spectra lack good bands of the cube and were left out: k2" in told


def test_spectra_by_id_name_or_mineral(tmp_path, records, cube):
    folder = tmp_path / "library"
    open_library(folder, create=True).add(records)
    by_mineral = load_library(folder, like=cube, spectra=["KAOLINITE"])
    assert list(by_mineral["spectrum"].values) == ["k1"]
    both = load_library(folder, like=cube, spectra=["c1", "Kaolinite CM9"])
    assert list(both["spectrum"].values) == ["c1", "k1"]
    with pytest.raises(KeyError, match=r"no spectrum or mineral 'c2'.*Near it: .*c1"):
        load_library(folder, like=cube, spectra=["c2"])


def test_errors(tmp_path, records, cube):
    folder = tmp_path / "library"
    open_library(folder, create=True).add(records)
    with pytest.raises(ValueError, match="like="):
        load_library(folder)
    far = cube.assign_coords(wavelength=cube["wavelength"] - 1500)
    with pytest.raises(ValueError, match=r"overlap|covers"):
        load_library(folder, like=far)
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        load_library(tmp_path / "none")
