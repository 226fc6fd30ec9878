"""Curves: by hand, on maps with gaps, whole or in blocks."""

import dask.array as da
import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from odc.geo.xr import wrap_xr

from prospect._quantile import kth_largest
from prospect.validation import (
    prediction_area,
    prediction_rate_curve,
    success_rate_curve,
)

BOX = GeoBox.from_bbox((0, 0, 3000, 2000), "EPSG:32654", resolution=100)


def score_map(seed, dtype="float32", decimals=None):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(20, 30))
    values = values if decimals is None else values.round(decimals)
    values[rng.random((20, 30)) < 0.3] = np.nan
    return wrap_xr(values.astype(dtype), BOX)


def some_deposits(seed, n=15):
    rng = np.random.default_rng(seed)
    at = gpd.points_from_xy(rng.uniform(0, 3000, n), rng.uniform(0, 2000, n))
    return gpd.GeoDataFrame(geometry=at, crs=BOX.crs)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, 0, 1]), st.integers(6, 25))
def test_map_in_blocks_equals_arrays(seed, decimals, chunk):
    score = score_map(seed, decimals=decimals)
    values = score.to_numpy().ravel()
    rng = np.random.default_rng(seed)
    at = rng.choice(values[np.isfinite(values)], 9)
    plain = prediction_area(values, at)
    lazy = prediction_area(score.chunk({"y": chunk, "x": chunk}), at)
    assert lazy[1:] == pytest.approx(plain[1:])
    assert plain.captured + plain.area_share == pytest.approx(1)


def test_no_data_is_no_area():
    score = score_map(0)
    deposits = some_deposits(1)
    whole = prediction_area(score, deposits)
    values = score.to_numpy()[np.isfinite(score.to_numpy())]
    table = whole.table
    for value, share in table[["value", "area_share"]].to_numpy():
        assert share == pytest.approx((values >= value).mean())
    half = wrap_xr(np.full((20, 30), np.nan, "float32"), BOX)
    with pytest.raises(ValueError, match="no cell of the map has a score"):
        prediction_area(half, [0.5])


def test_crossing_by_hand():
    # deposits in the best fifth: captured 1 until 0.8, area falls evenly
    area = np.arange(0, 1, 0.1)
    found = prediction_area(area, [0.9, 0.9, 0.9, 0.85])
    # at 0.8: 1 and 0.2; at 0.85: 1 and 0.1; at 0.9: 0.75 and 0.1
    assert found.value == pytest.approx(0.85 + 0.05 * (0.1 / 0.25))
    assert (found.captured, found.area_share) == pytest.approx((0.9, 0.1))
    assert found.density == pytest.approx(9)


def test_weights_are_area():
    one = prediction_area([0.1, 0.5, 0.5, 0.9], [0.9, 0.5])
    two = prediction_area([0.1, 0.5, 0.9], [0.9, 0.5], weight=[1, 2, 1])
    assert one[1:] == pytest.approx(two[1:])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_rate_curves_rise_from_0_to_1(seed):
    rng = np.random.default_rng(seed)
    at, area = rng.normal(1, 1, 8).round(1), rng.normal(0, 1, 50).round(1)
    area[::7] = np.nan
    curve = prediction_rate_curve(at, area)
    assert curve.attrs["kind"] == "prediction_rate"
    assert success_rate_curve(at, area).attrs["kind"] == "success_rate"
    for name in ("area_share", "captured"):
        assert (curve[name].diff().dropna() >= 0).all()
        assert (curve[name].iloc[0], curve[name].iloc[-1]) == (0, 1)
    known = area[np.isfinite(area)]
    for _, row in curve.iloc[1:].iterrows():
        assert row["captured"] == pytest.approx((at >= row["value"]).mean())
        assert row["area_share"] == pytest.approx((known >= row["value"]).mean())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kth_largest_is_exact(dtype):
    score = score_map(5, dtype, decimals=1)
    score[0, :3] = [-0.0, 0.0, np.inf]
    ordered = np.sort(score.to_numpy()[np.isfinite(score)])[::-1]
    lazy = score.chunk({"y": 7, "x": 11})
    for k in (1, 2, 17, 200, len(ordered)):
        assert kth_largest(lazy, k) == ordered[k - 1]
    with pytest.raises(ValueError, match="fewer than"):
        kth_largest(lazy, len(ordered) + 1)


def test_maps_stay_lazy_and_unchanged():
    score = score_map(0).chunk({"y": 7, "x": 7})
    before = score.copy(deep=True)
    prediction_area(score, some_deposits(0))
    assert isinstance(score.data, da.Array)
    assert score.identical(before)


def test_no_deposit_on_the_map_is_refused():
    with pytest.raises(ValueError, match="none of 2 deposits has a score"):
        prediction_area([0.1, 0.2], [np.nan, np.nan])
    with pytest.raises(ValueError, match="none of 2 cells has a score"):
        prediction_rate_curve([0.1], [np.nan, np.nan])
    with pytest.raises(ValueError, match="one weight per score"):
        success_rate_curve([0.1], [0.1, 0.2], weight=[1])
