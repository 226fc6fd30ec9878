"""Coordinates that do not fit their system are explained."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from survey import check_coordinates, resolve_crs

BEIJING = (116.4, 39.9)


@pytest.mark.parametrize(
    ("crs", "place", "message", "remedy"),
    [
        (4490, (39.9, 116.4), "latitude and longitude are exchanged", "other way"),
        (4283, (-34.0, 118.0), "latitude and longitude are exchanged", "other way"),
        (4490, (448_681, 4_418_600), "metres where", "projected system"),
        (4490, (39_448_681, 4_418_600), "metres where", "zone 39"),
        (4527, BEIJING, "degrees where", "EPSG:4490"),
        (32650, BEIJING, "degrees where", "EPSG:4326"),
        (4548, (39_448_681, 4_418_600), "begins with zone number 39", "EPSG:4527"),
        (4527, (448_681, 4_418_600), "no zone number", "EPSG:4548"),
        (4527, (38_448_681, 4_418_600), "zone number 38", "EPSG:4526"),
        (4548, (20_448_681, 4_418_600), "zone number 20", "EPSG:4498"),
        (4548, (4_418_600, 448_681), "easting and northing are exchanged", "x= the"),
        (4527, (4_418_600, 39_448_681), "y begins with zone number 39", "x= the"),
        (4548, (4_418_600, 39_448_681), "northing of Chinese", "EPSG:4527"),
        (28350, (6_707_801, 560_000), "easting and northing are exchanged", "x= the"),
        (4326, (200.0, 10.0), "longitudes run from 0 to 360", "subtract 360"),
    ],
)
def test_mistakes(crs, place, message, remedy):
    (problem,) = check_coordinates([place, place], crs, file="a.csv")
    assert message in problem.what
    assert remedy in problem.remedy
    assert (problem.severity, problem.file, problem.row) == ("error", "a.csv", 1)


@given(
    longitude=st.floats(114, 120), latitude=st.floats(20, 52), code=st.integers(0, 3)
)
@settings(max_examples=60, deadline=None)
def test_places_of_the_zone_are_never_suspected(longitude, latitude, code):
    crs = resolve_crs([4490, 4527, 4548, 32650][code])
    change = Transformer.from_crs(4490, crs, always_xy=True)
    assert check_coordinates([change.transform(longitude, latitude)], crs) == []


def test_single_wrong_rows_are_counted_and_shown():
    places = [BEIJING] * 20 + [(116.4, 399.0), (1164.0, 39.9)]
    (problem,) = check_coordinates(places, 4490)
    assert "2 of 22 places are not on the globe (rows 21, 22)" in problem.what
    assert problem.row == 21


def test_far_outside_the_area_is_a_warning():
    (problem,) = check_coordinates([(500_000, 4_400_000), (500_000, 9_900_000)], 32650)
    assert problem.severity == "warning"
    assert "1 of 2 places" in problem.what


def test_missing_places_are_left_out_and_rows_kept():
    places = [(np.nan, np.nan), (39.9, 116.4)]
    assert check_coordinates(places, 4490)[0].row == 2
    assert check_coordinates(places[:1], 4490) == []


def test_geometries_are_looked_at_by_their_middle():
    boxes = gpd.GeoSeries([shapely.box(39, 116, 40, 117)], crs=4490)
    before = boxes.copy()
    assert "exchanged" in check_coordinates(boxes, 4490)[0].what
    assert boxes.geom_equals(before).all()


def test_what_are_no_pairs_is_refused():
    with pytest.raises(ValueError, match=r"pairs, shape \(n, 2\); got \(3,\)"):
        check_coordinates([1.0, 2.0, 3.0], 4326)


def test_metres_near_an_origin_are_only_doubted():
    crs = "+proj=laea +lat_0=39.9 +lon_0=116.4 +datum=WGS84"
    assert check_coordinates([(20.0, 50.0)], 3035)[0].severity == "error"
    assert check_coordinates([(150.0, 60.0)], crs)[0].severity == "warning"
    assert check_coordinates([(-120.0, 60.0)], 9311)[0].severity == "warning"
    assert check_coordinates([(25.0, 25.0)], 32650) == []


def test_degrees_in_a_system_without_area(real_data):
    wkt = (real_data("mpm/finland_wofe_small") / "wofe_deposits.prj").read_text()
    assert "degrees where" in check_coordinates([(26.0, 67.0)], wkt)[0].what
    assert check_coordinates([(450_000, 7_450_000)], wkt) == []
