"""Range of autocorrelation against fields whose range is known."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import wrap_xr
from scipy.ndimage import gaussian_filter

from prospect.validation import autocorrelation_range
from prospect.validation._variogram import (
    _Pairs,
    experimental_variogram,
    fit_variogram,
    ranges_of,
)

BOX = GeoBox.from_bbox((0, 0, 40_000, 40_000), "EPSG:32654", resolution=200)


def field(sigma, seed=0):
    noise = np.random.default_rng(seed).normal(size=(200, 200))
    return gaussian_filter(noise, sigma, mode="wrap")


def stack_of(**layers):
    return xr.Dataset({name: wrap_xr(v, BOX) for name, v in layers.items()})


def test_variogram_by_hand():
    places = np.array([[0.0, 0], [10, 0], [20, 0]] * 40) + 1e-6
    places[:, 1] += np.repeat(np.arange(40) * 1e-4, 3)
    values = np.tile([0.0, 1.0, 4.0], 40)
    pairs = _Pairs(places, 25.0)
    lag, gamma, count = experimental_variogram(values, pairs)
    apart = np.round(lag).astype(int).tolist()
    assert apart == [0, 10, 20]
    assert gamma.tolist() == pytest.approx([0, (1 + 9) / 4, 16 / 2])
    assert count.tolist() == [3 * 40 * 39 / 2, 2 * 40 * 40, 40 * 40]


@pytest.mark.parametrize("model", ["spherical", "exponential"])
def test_fit_finds_the_range_it_was_made_with(model):
    lag = np.linspace(200, 15_000, 25)
    h = lag / 6000
    shape = {
        "spherical": np.where(h < 1, 1.5 * h - 0.5 * h**3, 1),
        "exponential": 1 - np.exp(-3 * h),
    }[model]
    name, reach, nugget = fit_variogram(
        lag, 0.2 + 0.8 * shape, np.full(25, 500), longest=30_000
    )
    assert name == model
    assert reach == pytest.approx(6000, rel=0.02)
    assert nugget == pytest.approx(0.2, abs=0.02)


def test_wider_smoothing_has_a_longer_range():
    found = autocorrelation_range(
        stack_of(short=field(3), long=field(9), noise=field(0)), random_state=0
    )
    table = found.table
    # a Gaussian filter of s cells gives a Gaussian covariance of scale s * sqrt(2)
    assert 1000 < table.loc["short", "range"] < 3500
    assert 4000 < table.loc["long", "range"] < 11_000
    assert np.isnan(table.loc["noise", "range"]) or table.loc["noise", "range"] < 1200
    assert found.block_size == table["range"].dropna().median()
    assert found.limit == 20_000


def test_range_ignores_scale_and_outliers():
    values = field(5)
    wild = np.exp(40 * values)
    both = autocorrelation_range(stack_of(a=values, b=wild), random_state=0).table
    assert both.loc["a", "range"] == pytest.approx(both.loc["b", "range"])


def test_trend_is_capped_and_says_so():
    ramp = np.add.outer(np.arange(200.0), np.arange(200.0))
    table = autocorrelation_range(stack_of(ramp=ramp), random_state=0).table
    assert table.loc["ramp", "capped"]
    assert table.loc["ramp", "range"] == 20_000
    assert "capped" in table.loc["ramp", "note"]


def test_codes_of_classes_do_not_matter():
    classes = np.digitize(field(5), [-0.03, 0.03]).astype(float)
    renamed = np.choose(classes.astype(int), [77.0, 3.0, 500.0])
    stack = stack_of(a=classes, b=renamed)
    for name in stack:
        stack[name].attrs["kind"] = "categorical"
    table = autocorrelation_range(stack, random_state=0).table
    assert table["kind"].tolist() == ["categorical"] * 2
    assert table.loc["a", "range"] == pytest.approx(table.loc["b", "range"])


def test_chunks_and_gaps_do_not_matter_much():
    values = field(5)
    values[:30] = np.nan
    stack = stack_of(a=values, flat=np.ones((200, 200)))
    one = autocorrelation_range(stack, random_state=0)
    many = autocorrelation_range(stack.chunk({"y": 37, "x": 53}), random_state=0)
    pd.testing.assert_frame_equal(one.table, many.table)
    assert "one value" in one.table.loc["flat", "note"]


def test_too_few_values_are_refused():
    places = np.random.default_rng(0).uniform(0, 100, (50, 2))
    empty = pd.DataFrame({"a": np.r_[np.ones(5), np.full(45, np.nan)]})
    with pytest.raises(ValueError, match="5 of 50 cells drawn have a value"):
        ranges_of(empty, places, kinds={}, limit=50)
