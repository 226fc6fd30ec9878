"""Real and made-up endmembers, and mixtures of known shares."""

import csv

import numpy as np
import pytest
import xarray as xr


def as_library(spectra, names=None, wavelength=None, **coords):
    spectra = np.asarray(spectra, float)
    if wavelength is None:
        wavelength = np.linspace(2000.0, 2490.0, spectra.shape[1])
    names = names or [f"m{i}" for i in range(len(spectra))]
    return xr.DataArray(
        spectra,
        {"spectrum": names, "wavelength": wavelength, **coords},
        dims=("spectrum", "wavelength"),
    )


def as_cube(values, shape, wavelength, dtype="float64"):
    values = np.asarray(values, dtype).reshape(len(wavelength), *shape)
    return xr.DataArray(
        values,
        {
            "wavelength": np.asarray(wavelength),
            "y": 4000.0 - 30.0 * np.arange(shape[0]),
            "x": 500.0 + 30.0 * np.arange(shape[1]),
        },
        dims=("wavelength", "y", "x"),
        name="scene",
        attrs={"units": "1", "quantity": "reflectance"},
    )


@pytest.fixture
def smooth():
    """Five smooth spectra of 40 bands."""
    rng = np.random.default_rng(7)
    walk = np.cumsum(rng.normal(0, 0.03, (5, 40)), axis=1)
    return as_library((0.4 + walk).clip(0.02, 0.95), list("abcde"))


@pytest.fixture
def scene(smooth):
    """Cube of 12 x 15 noisy mixtures, a fifth of them outside the endmembers."""
    rng = np.random.default_rng(8)
    shares = rng.dirichlet(np.full(5, 0.4), 180).T
    values = smooth.values.T @ shares + rng.normal(0, 0.02, (40, 180))
    return as_cube(values, (12, 15), smooth["wavelength"].values)


@pytest.fixture(scope="session")
def minerals(real_data):
    """The 77 reference spectra of splib07 averaged to 10 nm, bands all have."""
    path = real_data("spectral/usgs_splib07_1nm_rules")
    with (path / "splib07_77_reference_spectra_1nm.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    waves = np.array([float(name.removesuffix("nm")) for name in rows[0][2:]])
    names = [row[0] for row in rows[1:]]
    values = np.array([[float(v) if v else np.nan for v in r[2:]] for r in rows[1:]])
    keep = (waves >= 2000) & (waves < 2480)
    values = values[:, keep].reshape(len(names), -1, 10).mean(2)
    waves = waves[keep].reshape(-1, 10).mean(1)
    whole = ~np.isnan(values).any(1)
    kept = [name for name, there in zip(names, whole, strict=True) if there]
    return as_library(values[whole], kept, waves)
