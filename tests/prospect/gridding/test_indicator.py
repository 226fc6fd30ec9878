"""Probabilities of exceeding thresholds."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from odc.geo.xr import wrap_xr

from prospect.gridding import (
    Neighbourhood,
    Structure,
    VariogramModel,
    indicator_krige,
)
from prospect.gridding._indicator import in_order
from survey import make_geobox

from .oracle import CRS, as_samples, centres, dense

RNG = np.random.default_rng(0)
XY = RNG.uniform(0, 400, (90, 2))
Z = RNG.lognormal(2, 1, 90)
SOIL = as_samples(XY, Cu_ppm=Z)
MODEL = VariogramModel(0.05, [Structure("spherical", 0.2, 150)])
LIKE = make_geobox((0, 400, 0, 300), crs=CRS, resolution=20)


def test_it_is_that_of_dense_systems_put_in_order():
    limits = [4.0, 8.0, 20.0]
    raw = np.stack(
        [dense(XY, (t < Z).astype(float), MODEL, centres(LIKE))[0] for t in limits]
    )
    inside = np.clip(raw, 0, 1)
    down = np.minimum.accumulate(inside, axis=0)
    up = np.maximum.accumulate(inside[::-1], axis=0)[::-1]
    found = indicator_krige(
        SOIL, "Cu_ppm", like=LIKE, thresholds=limits, variogram=MODEL
    )
    probability = found["probability"].to_numpy().reshape(3, -1)
    np.testing.assert_allclose(probability, (down + up) / 2, atol=2e-6)
    change = np.abs(probability - raw).max(axis=0)
    np.testing.assert_allclose(
        found["correction"].to_numpy().ravel(), change, atol=3e-6
    )
    assert found["probability"].dims == ("threshold", "y", "x")
    assert found["threshold"].to_numpy().tolist() == limits


@given(arrays(float, (5, 4), elements=st.floats(-0.5, 1.5)))
def test_order(raw):
    found = in_order(raw)
    fixed = found[:-1]
    assert ((fixed >= 0) & (fixed <= 1)).all()
    assert (np.diff(fixed, axis=0) <= 1e-12).all()
    np.testing.assert_allclose(found[-1], np.abs(fixed - raw).max(axis=0))
    again = in_order(fixed)
    np.testing.assert_allclose(again[:-1], fixed)
    assert again[-1].max() < 1e-12


def test_censored_samples_say_what_they_know():
    """Below a limit of 10: no to 12, nothing about 5; over the range of 20 alike."""
    samples = SOIL.assign(
        Cu_ppm=np.where(np.arange(90) < 6, 10.0, Z),
        Cu_ppm_censored=np.arange(90) < 6,
        Cu_ppm_over_range=False,
    )
    samples.loc[89, ["Cu_ppm", "Cu_ppm_over_range"]] = 20.0, True
    limits = [5.0, 12.0, 25.0]
    found = indicator_krige(
        samples, "Cu_ppm", like=LIKE, thresholds=limits, variogram=MODEL
    )
    z = samples["Cu_ppm"].to_numpy()
    kept = {5.0: np.arange(90) >= 6, 12.0: np.ones(90, bool), 25.0: np.arange(90) < 89}
    for t in limits:
        k = kept[t]
        above = (z[k] > t) & ~samples["Cu_ppm_censored"].to_numpy()[k]
        raw = dense(XY[k], above.astype(float), MODEL, centres(LIKE))[0]
        cells = found.sel(threshold=t)["probability"].to_numpy().ravel()
        settled = found["correction"].to_numpy().ravel() < 1e-7
        np.testing.assert_allclose(cells[settled], raw[settled], atol=2e-6)
    notes = found["probability"].attrs["notes"]
    assert len(notes) == 2
    assert notes[0].startswith("6 of 90 samples cannot tell whether they exceed 5")
    assert notes[1].startswith("1 of 90 samples cannot tell whether they exceed 25")
    assert found["probability"].attrs["censored_share"] == pytest.approx(6 / 90)
    imputed = samples.assign(
        Cu_ppm=np.where(samples["Cu_ppm_censored"], 3.0, samples["Cu_ppm"]),
        Cu_ppm_imputed=samples["Cu_ppm_censored"],
    )
    found = indicator_krige(
        imputed, "Cu_ppm", like=LIKE, thresholds=[5.0], variogram=MODEL
    )
    assert not found["probability"].attrs["notes"]


def test_chunks_do_not_matter():
    lazy = wrap_xr(np.zeros(LIKE.shape, "float32"), LIKE).chunk({"y": 4, "x": 9})
    hood = Neighbourhood(neighbours=12)
    options = {"thresholds": [4.0, 9.0], "variogram": MODEL, "neighbourhood": hood}
    whole = indicator_krige(SOIL, "Cu_ppm", like=LIKE, **options).compute()
    parts = indicator_krige(SOIL, "Cu_ppm", like=lazy, **options)
    xr.testing.assert_identical(parts.compute(), whole)


def test_auto_borrows_where_nothing_can_be_fitted():
    xy = RNG.uniform(0, 2000, (400, 2))
    z = 10 + 5 * np.sin(xy[:, 0] / 150) + RNG.normal(0, 0.5, 400)
    z[:3] = 50
    found = indicator_krige(
        as_samples(xy, Cu_ppm=z), "Cu_ppm", like=LIKE, thresholds=[10.0, 40.0]
    )
    notes = found["probability"].attrs["notes"]
    assert "no variogram could be fitted for the threshold 40: that of 10" in notes[0]
    told = found.attrs["variogram"]
    assert told["40.0"] == told["10.0"]


def test_metadata_and_input():
    before = SOIL.copy()
    found = indicator_krige(
        SOIL, "Cu_ppm", like=LIKE, thresholds=[5.0], variogram=[MODEL]
    )
    pd.testing.assert_frame_equal(SOIL, before)
    assert found["probability"].attrs["units"] == "1"
    assert found["probability"].dtype == "float32"
    assert found.rio.crs.to_epsg() == 32633


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"thresholds": []}, "thresholds must be numbers that rise"),
        ({"thresholds": [5, 4]}, "thresholds must be numbers that rise"),
        ({"thresholds": [5, 1e6]}, "none of the 90 samples that can tell"),
        ({"thresholds": [1e-6]}, "all of the 90 samples that can tell"),
        ({"thresholds": [5], "variogram": [MODEL, MODEL]}, "2 variograms for 1"),
        ({"thresholds": [5], "variogram": "best"}, "variogram must be 'auto'"),
    ],
)
def test_refuses(options, match):
    with pytest.raises(ValueError, match=match):
        indicator_krige(SOIL, "Cu_ppm", like=LIKE, **{"variogram": MODEL} | options)
