"""Anomalies as polygons: zones, contrast, areal productivity."""

import dask.array as da
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from odc.geo.geobox import GeoBox
from odc.geo.xr import wrap_xr
from scipy import ndimage

from prospect.geochem import delineate_anomalies
from survey import DataProblems

CRS = "EPSG:32654"


def copper(values, *, cell=1000, chunks=None):
    values = np.asarray(values, dtype="float64")
    box = GeoBox.from_bbox(
        (0, 0, values.shape[1] * cell, values.shape[0] * cell), CRS, resolution=cell
    )
    grid = wrap_xr(da.from_array(values, chunks) if chunks else values, box)
    return grid.rename("Cu_ppm").assign_attrs(units="ppm")


def test_arithmetic_of_contrast_and_productivity():
    # T = 13.5; means 36, 60, 28 over 12.5, 4.0 and 2.2 km2: METHODS, worked by hand
    values = np.zeros((3, 60))
    for start, cells, mean in ((0, 25, 36.0), (30, 8, 60.0), (45, 4, 28.0)):
        values[1, start : start + cells] = mean
    values[1, 49] = 0
    grid = copper(values, cell=np.sqrt(0.5e6))
    found = delineate_anomalies(grid, threshold=13.5).anomalies
    assert found["contrast"].round(3).tolist() == [2.667, 4.444, 2.074]
    assert found["area_km2"].round(6).tolist() == [12.5, 4.0, 2.0]
    expected = [36 / 13.5 * 12.5, 60 / 13.5 * 4, 28 / 13.5 * 2]
    np.testing.assert_allclose(found["nap"], expected)
    np.testing.assert_allclose(found["nap"][:2], [33.333, 17.778], atol=5e-4)


def test_zones_lie_within_each_other_and_are_counted():
    grid = copper([[0, 0, 0, 0, 0], [0, 10, 20, 40, 0], [0, 10, 10, 20, 0], [0] * 5])
    found = delineate_anomalies(grid, threshold=10)
    row = found.anomalies.iloc[0]
    assert (row["n_zones"], row["n_centres"], row["open"]) == (3, 1, False)
    assert found.zones["zone"].tolist() == [1, 2, 3]
    assert found.zones["level"].tolist() == [10, 20, 40]
    assert found.zones["area_km2"].tolist() == [6, 3, 1]
    for inner, outer in zip(
        found.zones.geometry[1:], found.zones.geometry, strict=False
    ):
        assert outer.covers(inner)
    # the outer ring has mean 10, the inner zone 40
    assert row["clarity"] == pytest.approx(1 - 10 / 40)


def test_two_centres_of_the_innermost_zone():
    grid = copper([[0] * 5, [0, 40, 10, 40, 0], [0] * 5])
    row = delineate_anomalies(grid, threshold=10).anomalies.iloc[0]
    assert (row["n_centres"], row["n_zones"]) == (2, 3)


def test_an_anomaly_at_the_edge_is_open():
    grid = copper([[20, 0, 0], [0, 0, 0], [0, 0, 20]])
    assert delineate_anomalies(grid, threshold=10).anomalies["open"].all()


def test_means_come_from_samples_where_there_are_some():
    grid = copper([[0, 0, 0, 0], [20, 20, 0, 20], [0, 0, 0, 0]])
    samples = gpd.GeoDataFrame(
        {
            "Cu_ppm": [30.0, 50.0, 5.0, 15.0, 99.0, np.nan],
            "Cu_ppm_censored": [False, False, False, True, False, False],
        },
        geometry=gpd.points_from_xy([500, 600, 700, 800, 2500, 900], [1500] * 6),
        crs=CRS,
    )
    before = samples.copy()
    found = delineate_anomalies(grid, threshold=10, samples=samples).anomalies
    pd.testing.assert_frame_equal(samples, before)
    first, second = found.iloc[0], found.iloc[1]
    assert (first["mean"], first["mean_of"]) == (40.0, "samples")
    # 15 is a detection limit above T: it cannot tell; NaN is no result
    assert (first["n_samples"], first["n_anomalous"], first["n_unclear"]) == (4, 2, 1)
    assert (second["mean"], second["mean_of"], second["n_samples"]) == (20, "cells", 0)


@given(
    hnp.arrays("float64", (7, 9), elements=st.sampled_from([0, 5, 10, 20, 40, np.nan]))
)
@settings(max_examples=40, deadline=None)
def test_against_labels_of_scipy(values):
    grid = copper(values)
    labels, n = ndimage.label(np.nan_to_num(values) >= 10, np.ones((3, 3)))
    if not n:
        with pytest.raises(DataProblems, match="no cell of the map reaches"):
            delineate_anomalies(grid, threshold=10)
        return
    found = delineate_anomalies(grid, threshold=10)
    numbers = np.arange(1, n + 1)
    table = found.anomalies
    assert len(table) == n
    assert sorted(table["area_km2"]) == sorted(np.bincount(labels.ravel())[1:])
    means = ndimage.mean(np.nan_to_num(values), labels, numbers)
    np.testing.assert_allclose(sorted(table["mean"]), sorted(means))
    np.testing.assert_allclose(table.area / 1e6, table["area_km2"])
    whole = shapely.union_all(found.zones.loc[found.zones["zone"] == 2].geometry)
    assert whole.area / 1e6 == pytest.approx((np.nan_to_num(values) >= 20).sum())
    assert table["nap"].is_monotonic_decreasing


def test_blocks_make_no_difference():
    rng = np.random.default_rng(0)
    values = ndimage.gaussian_filter(rng.lognormal(size=(60, 80)), 3) * 30
    whole = delineate_anomalies(copper(values), threshold=50, zones=(1, 1.2))
    parts = delineate_anomalies(
        copper(values, chunks=(17, 23)), threshold=50, zones=(1, 1.2)
    )
    pd.testing.assert_frame_equal(
        whole.anomalies.drop(columns="geometry"),
        parts.anomalies.drop(columns="geometry"),
    )
    assert whole.zones.geometry.equals(parts.zones.geometry)


def test_small_ones_are_counted_and_shares_kept():
    grid = copper([[20, 20, 0, 20], [0, 0, 0, 0]]).assign_attrs(censored_share=0.25)
    found = delineate_anomalies(grid, threshold=10, min_area_km2=1.5).anomalies
    assert found["anomaly_id"].tolist() == ["Cu-1"]
    assert found.attrs["n_found"] == 2
    assert found.attrs["n_small"] == 1
    assert found.attrs["censored_share"] == 0.25
    assert found.crs == CRS
    assert found["unit"].tolist() == ["ppm"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threshold": 0}, "threshold must be a positive content. Got 0"),
        ({"threshold": np.nan}, "threshold must be a positive content"),
        ({"threshold": 5, "zones": (1, 4, 2)}, "zones must ascend from 1"),
        ({"threshold": 5, "zones": (2, 4)}, "zones must ascend from 1"),
        ({"threshold": 5, "zones": ()}, "zones must ascend from 1"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        delineate_anomalies(copper([[10.0]]), **options)


def test_degrees_and_unknown_columns_are_refused():
    box = GeoBox.from_bbox((0, 0, 2, 1), "EPSG:4326", resolution=1)
    with pytest.raises(ValueError, match="delineate_anomalies needs metres"):
        delineate_anomalies(wrap_xr(np.ones((1, 2)), box), threshold=1)
    samples = gpd.GeoDataFrame({"Zn_ppm": [1.0]}, geometry=[shapely.Point(0, 0)])
    with pytest.raises(ValueError, match="no column 'Cu_ppm'"):
        delineate_anomalies(copper([[10.0]]), threshold=1, samples=samples)
    bare = samples.rename(columns={"Zn_ppm": "Cu_ppm"})
    with pytest.raises(ValueError, match="the samples have no CRS"):
        delineate_anomalies(copper([[10.0]]), threshold=1, samples=bare)
