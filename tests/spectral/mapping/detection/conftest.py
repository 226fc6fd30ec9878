"""A scene of correlated background with noise, a NaN pixel and a bad band in it."""

import numpy as np
import pytest
import xarray as xr

BANDS, ROWS, COLUMNS = 9, 24, 31


@pytest.fixture
def scene():
    rng = np.random.default_rng(21)
    mix = rng.standard_normal((BANDS, 4))
    light = np.cumsum(rng.standard_normal((4, ROWS, COLUMNS)), axis=2) / 5
    values = 0.4 + 0.01 * np.einsum("bk,kyx->byx", mix, light)
    values += 0.004 * rng.standard_normal(values.shape)
    values = np.insert(values, 2, -9.0, axis=0)
    values[4, 3, 5] = np.nan
    return xr.DataArray(
        values.astype("float32"),
        {
            "wavelength": np.linspace(2000, 2450, BANDS + 1),
            "bad_bands": ("wavelength", np.arange(BANDS + 1) == 2),
            "y": np.arange(float(ROWS)),
            "x": 10 + np.arange(float(COLUMNS)),
        },
        ("wavelength", "y", "x"),
        name="scene",
    )


@pytest.fixture
def targets(scene):
    rng = np.random.default_rng(22)
    return xr.DataArray(
        0.2 + 0.5 * rng.random((3, BANDS + 1)),
        {
            "spectrum": ["alunite", "calcite", "mica"],
            "wavelength": scene["wavelength"].values,
        },
        ("spectrum", "wavelength"),
    )


@pytest.fixture
def plain(scene, targets):
    """Good bands in float64: pixels known (n, bands), their places, target spectra."""
    keep = ~scene["bad_bands"].values
    table = scene.values[keep].reshape(keep.sum(), -1).T.astype(float)
    known = ~np.isnan(table).any(1)
    return table[known], known, targets.values[:, keep]
