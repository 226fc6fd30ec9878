"""Sequential Gaussian simulation."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from prospect.gridding import (
    Structure,
    VariogramModel,
    krige,
    simulate,
    simulate_sequential,
)
from survey import make_geobox

CRS = "EPSG:32633"
MODEL = VariogramModel(structures=[Structure("spherical", 1.0, 60)])


def table(x, y, v):
    return gpd.GeoDataFrame({"v": v}, geometry=gpd.points_from_xy(x, y), crs=CRS)


def frame(rows=20, cols=24, cell=5):
    return make_geobox((0, cols * cell, 0, rows * cell), crs=CRS, resolution=cell)


def centres(n, seed=0, rows=20, cols=24, cell=5):
    rng = np.random.default_rng(seed)
    at = rng.choice(rows * cols, n, replace=False)
    row, col = np.divmod(at, cols)
    return table((col + 0.5) * cell, (rows - row - 0.5) * cell, rng.normal(size=n))


def test_samples_are_honoured_and_their_distribution_too():
    samples = centres(30)
    maps = simulate_sequential(
        samples, "v", like=frame(), n=3, random_state=1, variogram=MODEL
    ).compute()
    x = xr.DataArray(samples.geometry.x.to_numpy(), dims="s")
    y = xr.DataArray(samples.geometry.y.to_numpy(), dims="s")
    picked = maps.sel(x=x, y=y)
    for one in picked.to_numpy():
        np.testing.assert_allclose(one, samples["v"], rtol=1e-5)
    assert maps.min() >= samples["v"].min() - 1e-5
    assert maps.max() <= samples["v"].max() + 1e-5
    assert not np.allclose(maps[0], maps[1])


def test_mean_and_variance_are_those_of_simple_kriging():
    samples = centres(12, seed=3, rows=8, cols=10, cell=10)
    samples["v"] -= samples["v"].mean()
    like = frame(8, 10, 10)
    maps = simulate_sequential(
        samples, "v", like=like, n=300, random_state=0, variogram=MODEL,
        neighbours=60, transform=None,
    ).compute()  # fmt: skip
    known = krige(samples, "v", like=like, variogram=MODEL, drift=0.0).compute()
    sd = np.sqrt(known["variance"])
    error = (maps.mean("realisation") - known["estimate"]) / (sd + 1e-9)
    free = known["variance"].to_numpy() > 0.01
    assert abs(error.to_numpy()[free]).max() < 4.5 / np.sqrt(300)
    ratio = (maps.var("realisation") / known["variance"]).to_numpy()[free]
    assert ratio.mean() == pytest.approx(1, abs=0.05)


def test_unconditioned_ground_follows_the_model():
    samples = table([2.5], [2.5], [0.0])
    model = VariogramModel(0.1, [Structure("exponential", 0.9, 40, ratio=0.5)])
    maps = simulate_sequential(
        samples, "v", like=frame(60, 60), n=12, random_state=2, variogram=model,
        transform=None,
    ).to_numpy()  # fmt: skip
    assert maps.var() == pytest.approx(1, abs=0.12)
    for lag in (1, 3, 6):
        north = 0.5 * np.mean((maps[:, lag:] - maps[:, :-lag]) ** 2)
        east = 0.5 * np.mean((maps[:, :, lag:] - maps[:, :, :-lag]) ** 2)
        assert north == pytest.approx(model(5.0 * lag, azimuth=0), abs=0.08)
        assert east == pytest.approx(model(5.0 * lag, azimuth=90), abs=0.08)
        assert north < east


def test_as_spread_as_the_other_method():
    samples = centres(40, seed=5)
    common = {"like": frame(), "n": 40, "random_state": 0, "variogram": MODEL}
    one = simulate_sequential(samples, "v", **common).std("realisation").mean()
    two = simulate(samples, "v", **common).std("realisation").mean()
    assert float(one) == pytest.approx(float(two), rel=0.08)


def test_a_realisation_depends_on_seed_and_number_only():
    samples = centres(15)
    common = {"like": frame(), "random_state": 7, "variogram": MODEL}
    few = simulate_sequential(samples, "v", n=2, **common).to_numpy()
    more = simulate_sequential(samples, "v", n=3, **common)
    np.testing.assert_array_equal(more[:2], few)
    assert more.attrs["long_name"] == "v"
    assert more.rio.crs.to_epsg() == 32633


def test_input_is_kept_and_places_off_the_grid_are_counted():
    samples = pd.concat([centres(10), table([999.0], [999.0], [1.0])])
    samples = gpd.GeoDataFrame(samples.reset_index(drop=True), crs=CRS)
    before = samples.copy()
    maps = simulate_sequential(
        samples, "v", like=frame(), n=1, random_state=0, variogram=MODEL
    )
    assert "1 of 11 places lie outside the grid" in maps.attrs["notes"]
    pd.testing.assert_frame_equal(pd.DataFrame(samples), pd.DataFrame(before))


def test_smooth_models_do_not_break_it():
    model = VariogramModel(structures=[Structure("gaussian", 1.0, 120)])
    maps = simulate_sequential(
        centres(20), "v", like=frame(), n=1, random_state=0, variogram=model
    )
    assert np.isfinite(maps).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be a whole number from 1"),
        ({"random_state": -1}, "random_state must be a whole number from 0"),
        ({"neighbours": 0}, "neighbours must be a whole number from 1"),
        ({"like": frame(1200, 1200)}, "more than 1000000. Use simulate"),
        ({"like": make_geobox((900, 950, 900, 950), crs=CRS, resolution=5)}, "none of"),
        ({"variogram": {"structures": [
            {"kind": "linear", "sill": 1.0, "range": 10.0}]}}, "a linear variogram"),
    ],
)  # fmt: skip
def test_refusals(options, message):
    plan = {"like": frame(), "n": 1, "random_state": 0, "variogram": MODEL} | options
    with pytest.raises(ValueError, match=message):
        simulate_sequential(centres(5), "v", **plan)
