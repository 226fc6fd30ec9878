"""Conditional simulation."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from odc.geo.xr import wrap_xr

from prospect.gridding import Structure, VariogramModel, krige, simulate
from prospect.gridding._spectral import Waves
from survey import make_geobox

from .oracle import CRS, as_samples, centres

RNG = np.random.default_rng(0)
LIKE = make_geobox((0, 480, 0, 320), crs=CRS, resolution=10)
XY = RNG.uniform(0, 480, (60, 2))
SOIL = as_samples(XY, Cu_ppm=RNG.normal(50, 5, 60))
MODEL = VariogramModel(4, [Structure("spherical", 21, 150, 0.5, 60)])


@pytest.mark.parametrize(
    "structure",
    [
        Structure("spherical", 2, 20),
        Structure("exponential", 2, 20, 0.5, 30),
        Structure("gaussian", 2, 20),
        Structure("cubic", 2, 20),
        Structure("matern", 2, 20, smoothness=1.5),
        Structure("matern", 2, 20, smoothness=2.5),
    ],
    ids=lambda s: s.kind,
)
def test_fields_have_the_covariance_of_the_model(structure):
    x, y = np.arange(96.0), -np.arange(96.0)
    model = VariogramModel(0, [structure])
    lags = np.array([1, 4, 9, 15])
    gamma = np.zeros((2, len(lags)))
    n = 24
    for i in range(n):
        field = Waves([structure], (1, i)).on(x, y)
        for k, h in enumerate(lags):
            gamma[0, k] += np.mean((field[:, h:] - field[:, :-h]) ** 2) / 2 / n
            gamma[1, k] += np.mean((field[h:] - field[:-h]) ** 2) / 2 / n
    np.testing.assert_allclose(gamma[0], model(lags, azimuth=90), rtol=0.08)
    np.testing.assert_allclose(gamma[1], model(lags, azimuth=0), rtol=0.08)


def test_the_grid_and_single_places_agree():
    waves = Waves(MODEL.structures, (3, 1))
    x, y = np.arange(64.0) * 7, np.arange(64.0) * -7
    field = waves.on(x, y)
    at = waves.at(np.tile(x, 64), np.repeat(y, 64))
    np.testing.assert_allclose(field.ravel(), at, atol=1e-9)


def test_realisations_honour_the_samples():
    at = centres(LIKE)[::41]
    z = RNG.lognormal(3, 1, len(at))
    model = VariogramModel(0.3, [Structure("exponential", 0.7, 150)])
    found = simulate(
        as_samples(at, Cu_ppm=z), "Cu_ppm", like=LIKE, n=3, random_state=0,
        variogram=model,
    )  # fmt: skip
    for each in found.to_numpy():
        np.testing.assert_allclose(each.ravel()[::41], z, rtol=1e-4)
    assert float(found.min()) >= z.min() * (1 - 1e-6)
    assert float(found.max()) <= z.max() * (1 + 1e-6)


def test_mean_and_variance_are_those_of_kriging():
    n = 200
    maps = simulate(
        SOIL, "Cu_ppm", like=LIKE, n=n, random_state=2, variogram=MODEL, transform=None
    ).compute()
    kriged = krige(SOIL, "Cu_ppm", like=LIKE, variogram=MODEL).compute()
    sd = np.sqrt(kriged["variance"].to_numpy())
    apart = (maps.mean("realisation") - kriged["estimate"]).to_numpy() / sd
    assert np.sqrt((apart**2).mean()) < 1.6 / np.sqrt(n)
    ratio = maps.std("realisation").to_numpy() / sd
    assert ratio.mean() == pytest.approx(1, abs=0.02)
    assert ratio.std() < 0.08


@pytest.mark.parametrize("transform", [None, "normal_score"])
def test_neither_chunks_nor_number_matter(transform):
    lazy = wrap_xr(np.zeros(LIKE.shape, "float32"), LIKE).chunk({"y": 13, "x": 20})
    options = {"random_state": 4, "transform": transform}
    options["variogram"] = MODEL.scaled(1 / 25)
    whole = simulate(SOIL, "Cu_ppm", like=LIKE, n=18, **options).compute()
    parts = simulate(SOIL, "Cu_ppm", like=lazy, n=2, **options)
    assert parts.chunks[1:] == lazy.chunks
    xr.testing.assert_identical(parts.compute(), whole[:2])
    other = simulate(SOIL, "Cu_ppm", like=LIKE, n=2, **options | {"random_state": 5})
    assert not np.allclose(other, whole[:2])
    assert not np.allclose(whole[0], whole[1])


def test_distribution_is_that_of_the_samples():
    z = RNG.lognormal(3, 1, 60)
    maps = simulate(
        as_samples(XY, Cu_ppm=z), "Cu_ppm", like=LIKE, n=40, random_state=0,
        variogram=VariogramModel(0, [Structure("spherical", 1, 40)]),
    ).to_numpy()  # fmt: skip
    for share in (0.1, 0.5, 0.9):
        np.testing.assert_allclose(
            np.quantile(maps, share), np.quantile(z, share), rtol=0.15
        )


def test_metadata_and_input():
    before = SOIL.copy()
    found = simulate(
        SOIL, "Cu_ppm", like=LIKE, n=2, random_state=0, variogram=MODEL.scaled(0.04)
    )
    pd.testing.assert_frame_equal(SOIL, before)
    assert found.dims == ("realisation", "y", "x")
    assert found.attrs["units"] == "ppm"
    assert found.attrs["censored_share"] == 0
    assert found.dtype == "float32"
    assert found.rio.crs.to_epsg() == 32633


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"n": 0}, "n must be a whole number from 1"),
        ({"random_state": -1}, "random_state must be a whole number from 0"),
        ({"variogram": VariogramModel(0, [Structure("linear", 1, 9)])}, "without one"),
        ({"transform": "sqrt"}, "transform must be one of"),
    ],
)
def test_refuses(options, match):
    given = {"n": 1, "random_state": 0, "variogram": MODEL, "transform": None}
    with pytest.raises(ValueError, match=match):
        simulate(SOIL, "Cu_ppm", like=LIKE, **given | options)
