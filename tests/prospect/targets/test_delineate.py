"""Targets do not depend on blocks, and hold what they say."""

import geopandas as gpd
import numpy as np
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from odc.geo.xr import wrap_xr
from rasterio.features import geometry_mask
from scipy import ndimage
from scipy.ndimage import gaussian_filter

from prospect.targets import delineate_targets
from prospect.validation import prediction_area
from survey import DataProblems

BOX = GeoBox.from_bbox((1000, 2000, 7000, 6000), "EPSG:32654", resolution=100)


def score_map(seed=0, sigma=1.5, dtype="float32"):
    rng = np.random.default_rng(seed)
    values = gaussian_filter(rng.normal(size=(40, 60)), sigma)
    values[:3, :9] = np.nan
    return wrap_xr(values.astype(dtype), BOX)


def some_deposits(seed=0, n=20):
    rng = np.random.default_rng(seed)
    at = gpd.points_from_xy(rng.uniform(900, 7000, n), rng.uniform(2000, 6000, n))
    return gpd.GeoDataFrame(geometry=at, crs=BOX.crs)


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(9, 45), st.integers(13, 65), st.floats(0.02, 0.5)
)
def test_result_does_not_depend_on_blocks(seed, down, across, share):
    score, doubt = score_map(seed, sigma=0.8), score_map(seed + 1)
    known = some_deposits(seed)
    options = {"area_share": share, "deposits": known}
    one = delineate_targets(score, uncertainty=doubt, **options)
    chunks = {"y": down, "x": across}
    many = delineate_targets(
        score.chunk(chunks), uncertainty=doubt.chunk(chunks), **options
    )
    assert_geodataframe_equal(one, many, check_less_precise=True)
    assert one.geometry.to_wkt().tolist() == many.geometry.to_wkt().tolist()
    assert one.attrs == many.attrs


def test_targets_hold_what_they_say():
    score, doubt, known = score_map(), score_map(1), some_deposits()
    targets = delineate_targets(
        score, area_share=0.2, uncertainty=doubt, deposits=known, n_most=10**6
    )
    values = score.to_numpy()
    chosen = values >= targets.attrs["threshold"]
    labels, n = ndimage.label(chosen, structure=np.ones((3, 3)))
    assert len(targets) == n
    assert targets.geometry.is_valid.all()
    covered = np.zeros(values.shape, dtype=bool)
    for row in targets.itertuples():
        inside = geometry_mask(
            [row.geometry], values.shape, BOX.affine, invert=True, all_touched=False
        )
        assert len(np.unique(labels[inside])) == 1
        assert row.geometry.area / 1e6 == pytest.approx(row.area_km2)
        assert inside.sum() * 0.01 == pytest.approx(row.area_km2)
        assert row.score == pytest.approx(values[inside].mean(), rel=1e-5)
        assert row.score_max == values[inside].max()
        assert row.uncertainty == pytest.approx(np.nanmean(doubt.to_numpy()[inside]))
        assert row.n_deposits == known.within(row.geometry).sum()
        peak = score.sel(x=row.easting, y=row.northing, method="nearest")
        assert float(peak) == row.score_max
        covered |= inside
    assert (covered == chosen).all()
    worth = targets["score"] * np.sqrt(targets["area_km2"])
    assert (worth.diff().dropna() <= 1e-9).all()
    assert targets["rank"].tolist() == list(range(1, n + 1))
    assert targets.crs == BOX.crs


def test_corners_join_across_blocks():
    values = np.zeros((4, 4), "float32")
    values[1, 1] = values[2, 2] = 1
    box = GeoBox.from_bbox((0, 0, 400, 400), "EPSG:32654", resolution=100)
    score = wrap_xr(values, box).chunk({"y": 2, "x": 2})
    targets = delineate_targets(score, threshold=0.5)
    assert targets["area_km2"].tolist() == [0.02]
    assert targets.geometry.geom_type.tolist() == ["MultiPolygon"]


def test_area_share_is_kept_and_ties_stay_together():
    score = score_map()
    known = int(np.isfinite(score).sum())
    targets = delineate_targets(score, area_share=0.1)
    assert targets.attrs["area_share"] == int(0.1 * known) / known
    coarse = score.copy(data=(score.to_numpy() * 10).round())
    tied = delineate_targets(coarse, area_share=0.1)
    assert tied.attrs["area_share"] <= 0.1
    flat = score.copy(data=np.where(np.isfinite(score), 1.0, np.nan))
    assert delineate_targets(flat, area_share=0.1).attrs["area_share"] == 1


def test_auto_share_is_the_crossing_of_the_prediction_area_curves():
    score, known = score_map(), some_deposits()
    targets = delineate_targets(score, deposits=known)
    found = prediction_area(score, known)
    assert targets.attrs["threshold"] == found.value
    assert targets.attrs["prediction_area"]["density"] == found.density
    assert targets.attrs["area_share"] == pytest.approx(found.area_share, abs=0.01)
    without = delineate_targets(score)
    assert without.attrs["area_share"] == pytest.approx(0.05, abs=0.001)


def test_what_is_left_out_is_counted():
    score = score_map(sigma=0.8)
    every = delineate_targets(score, area_share=0.2, n_most=10**6)
    some = delineate_targets(score, area_share=0.2, min_area_km2=0.05, n_most=4)
    small = (every["area_km2"] < 0.05).sum()
    assert some.attrs["n_found"] == len(every)
    assert some.attrs["n_small"] == small
    assert some.attrs["n_beyond"] == len(every) - small - 4
    assert some["area_km2"].min() >= 0.05
    assert some["uncertainty"].isna().all()


def test_wrong_requests_are_refused():
    score = score_map()
    with pytest.raises(ValueError, match="give one of them"):
        delineate_targets(score, area_share=0.1, threshold=0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        delineate_targets(score, area_share=1.5)
    with pytest.raises(DataProblems, match="no cell of the map reaches"):
        delineate_targets(score, threshold=99)
    with pytest.raises(ValueError, match=r"survey\.match_grid"):
        delineate_targets(score, uncertainty=score.isel(x=slice(5)))
    with pytest.raises(DataProblems, match="has no value"):
        delineate_targets(score * np.nan, area_share=0.1)
