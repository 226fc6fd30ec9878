"""A small scene and library: random reflectances with traps in them."""

import numpy as np
import pytest
import xarray as xr


@pytest.fixture
def scene():
    """(6 bands, 4, 5): one NaN, one all-zero pixel, band 3 bad with nonsense in it."""
    rng = np.random.default_rng(11)
    values = np.round(0.2 + 0.6 * rng.random((4, 5, 6)), 3).transpose(2, 0, 1)
    values = np.insert(values, 3, -9.0, axis=0)
    values[1, 0, 1] = np.nan
    values[:, 3, 4] = 0
    return xr.DataArray(
        values.astype("float32"),
        {
            "wavelength": np.linspace(2000, 2300, 7),
            "bad_bands": ("wavelength", np.arange(7) == 3),
            "y": np.arange(4.0),
            "x": 10 + np.arange(5.0),
        },
        ("wavelength", "y", "x"),
        name="scene",
    )


@pytest.fixture
def library(scene):
    rng = np.random.default_rng(12)
    values = np.round(0.2 + 0.6 * rng.random((3, 7)), 3)
    return xr.DataArray(
        values,
        {
            "spectrum": ["alunite", "calcite", "mica"],
            "group": ("spectrum", ["sulphate", "carbonate", "mica"]),
            "wavelength": scene["wavelength"].values,
        },
        ("spectrum", "wavelength"),
    )


@pytest.fixture
def peers():
    """Pixel and references whose scores two peers computed: SPy 0.25, pysptools."""
    at = {"wavelength": np.linspace(2000, 2250, 6)}
    pixel = [0.242, 0.278, 0.769, 0.573, 0.421, 0.507]
    spectra = [
        [0.223, 0.269, 0.533, 0.582, 0.395, 0.586],
        [0.411, 0.278, 0.389, 0.437, 0.748, 0.269],
    ]
    return (
        xr.DataArray(pixel, at, "wavelength"),
        xr.DataArray(
            spectra, at | {"spectrum": ["one", "two"]}, ("spectrum", "wavelength")
        ),
    )
