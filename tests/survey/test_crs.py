"""Coordinate systems as people write them."""

import pyproj
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey import read_features, resolve_crs, same_crs


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("CGCS2000 3-degree zone 39", 4527),
        ("CGCS2000 / 3-degree Gauss-Kruger CM 117E", 4548),
        ("CGCS2000_3_Degree_GK_Zone_39", 4527),
        ("CGCS2000_3_Degree_GK_CM_117E", 4548),
        ("CGCS2000_GK_Zone_20", 4498),
        ("CGCS2000_GK_CM_117E", 4509),
        ("CGCS2000 / Gauss-Kruger zone 20", 4498),
        ("国家2000 3度带 39带", 4527),
        ("国家2000三度带第39带", 4527),
        ("2000国家大地坐标系 3度分带 39带 无带号", 4548),
        ("CGCS2000 中央经线117", 4548),
        ("CGCS2000 中央子午线117°E", 4548),
        ("国家2000 3度带 39带 中央经线117", 4527),
        ("CGCS2000 6度带 20带", 4498),
        ("CGCS2000 39带", 4527),
        ("CGCS2000", 4490),
        ("国家2000", 4490),
        ("西安80 3度带 39带", 2363),
        ("1980西安坐标系 20带", 2334),
        ("Xian_1980_3_Degree_GK_CM_117E", 2384),
        ("北京54 6度带 20带", 21420),
        ("Beijing_1954_GK_Zone_20N", 21460),
        ("Beijing 1954 / 3-degree Gauss-Kruger zone 39", 2415),
        ("EPSG：4490", 4490),
        ("4490", 4490),
        (32650, 32650),
        ("UTM 50N", 32650),
        ("WGS 84 / UTM zone 50S", 32750),
    ],
)
def test_spellings(text, code):
    assert resolve_crs(text).to_epsg() == code


@given(zone=st.integers(25, 45))
@settings(max_examples=21, deadline=None)
def test_zone_and_central_meridian_are_told_apart(zone):
    prefixed = resolve_crs(f"CGCS2000 3-degree zone {zone}")
    plain = resolve_crs(f"CGCS2000 3-degree CM {3 * zone}E")
    lengths = []
    for crs in (prefixed, plain):
        parameters = {p.name: p.value for p in crs.coordinate_operation.params}
        assert parameters["Longitude of natural origin"] == 3 * zone
        lengths.append(parameters["False easting"])
    assert lengths == [zone * 1e6 + 500_000, 500_000]


@pytest.mark.parametrize("datum", ["CGCS2000", "Xian 1980", "Beijing 1954"])
@pytest.mark.parametrize("zone", [13, 20, 23])
def test_codes_of_six_degrees_equal_the_names_in_the_register(datum, zone):
    name = resolve_crs(f"{datum} 6-degree zone {zone}").name
    assert name == f"{datum} / Gauss-Kruger zone {zone}"
    name = resolve_crs(f"{datum} 6-degree CM {6 * zone - 3}").name
    assert name == f"{datum} / Gauss-Kruger CM {6 * zone - 3}E"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense", "not a CRS that is known here"),
        (None, "no CRS is given"),
        (" ", "no CRS is given"),
        (999999, "not a CRS"),
        ("CGCS2000 3-degree zone 20", "run from 25 to 45, not 20"),
        ("CGCS2000 zone 24", "not 24"),
        ("CGCS2000 3度带", "without its zone or central meridian"),
        ("CGCS2000 中央经线117.5", "not the central meridian of a 3-degree zone"),
        ("国家2000 3度带 38带 中央经线117", "contradict"),
    ],
)
def test_what_cannot_be_resolved_is_refused_with_examples(text, message):
    with pytest.raises(ValueError, match=message) as caught:
        resolve_crs(text, where="soil.csv")
    assert str(caught.value).startswith("soil.csv: ")
    assert "EPSG:4326" in str(caught.value)


def test_same_system_under_another_name(real_data):
    folder = real_data("mpm/finland_wofe_small")
    deposits = read_features(folder / "wofe_deposits.shp")
    assert deposits.crs.name == "EUREF_FIN_TM35FIN"
    assert same_crs(deposits.crs, "EPSG:25835")
    assert same_crs(deposits.crs, "EPSG:3067")
    assert not same_crs(deposits.crs, "EPSG:25834")


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (4326, "OGC:CRS84", True),
        (4326, 4979, True),
        ("EPSG:32650+5773", 32650, True),
        (4283, 7844, False),
        (4326, 4490, False),
        (4527, 4548, False),
        (4509, 4548, True),
        (28350, 7850, False),
        (32650, 32651, False),
        ("+proj=utm +zone=50 +ellps=GRS80", "+proj=utm +zone=50 +ellps=WGS84", False),
    ],
)
def test_same_crs(one, two, same):
    assert same_crs(one, two) is same
    assert same_crs(two, one) is same


def test_esri_definition_is_the_same_as_the_code():
    for code in (4527, 4548, 2363, 3067, 7845, 32650):
        crs = pyproj.CRS.from_epsg(code)
        assert same_crs(pyproj.CRS.from_wkt(crs.to_wkt("WKT1_ESRI")), crs)
