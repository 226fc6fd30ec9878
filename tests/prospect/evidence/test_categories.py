import geopandas as gpd
import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect.evidence import categorise, merge_rare
from survey import make_geobox, read_features

CRS = "EPSG:32633"


def test_worked_by_hand(frame, table):
    rocks = table(
        [shapely.box(0, 0, 2, 2), shapely.box(2, 0, 3, 2), shapely.box(3, 0, 4, 1)],
        rock=["砂岩", "花岗岩", None],
    )
    before = rocks.copy()
    found = categorise(rocks, "rock", like=frame(2, 5))
    assert found.attrs["classes"] == {1: "砂岩", 2: "花岗岩"}
    expected = [[1, 1, 2, np.nan, np.nan]] * 2
    np.testing.assert_array_equal(found, expected)
    assert found.attrs["kind"] == "categorical"
    assert found.attrs["overlapping_cells"] == 0
    assert found.chunks is not None
    assert rocks.equals(before)


def test_later_rows_lie_on_top_and_are_counted(frame, table, caplog):
    rocks = table(
        [shapely.box(0, 0, 4, 1), shapely.box(1, 0, 3, 1), shapely.box(2, 0, 3, 1)],
        rock=["a", "b", None],
    )
    found = categorise(rocks, "rock", like=frame(1, 4))
    np.testing.assert_array_equal(found, [[1, 2, np.nan, 1]])
    assert found.attrs["overlapping_cells"] == 2
    assert "2 cells lie in polygons of two classes" in caplog.text
    same = categorise(rocks.assign(rock="a"), "rock", like=frame(1, 4))
    assert same.attrs["overlapping_cells"] == 0


def test_numbers_and_blanks_as_labels(frame, table):
    squares = [shapely.box(i, 0, i + 1, 1) for i in range(4)]
    found = categorise(
        table(squares, unit=[7.0, 12.0, np.nan, 7.0]), "unit", like=frame(1, 4)
    )
    assert found.attrs["classes"] == {1: "7", 2: "12"}
    np.testing.assert_array_equal(found, [[1, 2, np.nan, 1]])
    blank = categorise(
        table(squares, unit=["x ", " ", "x", ""]), "unit", like=frame(1, 4)
    )
    assert blank.attrs["classes"] == {1: "x"}


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 1000),
    chunks=st.tuples(st.integers(1, 30), st.integers(1, 40)),
)
def test_equals_points_in_polygons_for_any_chunks(seed, chunks):
    random = np.random.default_rng(seed)
    shapes = []
    for x, y in random.uniform(-5, 45, (6, 2)):
        disc = shapely.Point(x, y).buffer(random.uniform(2, 15))
        shapes.append(disc.difference(shapely.Point(x, y).buffer(1.5)))
    labels = list(random.choice(["a", "b", "c"], 6))
    rocks = gpd.GeoDataFrame({"rock": labels}, geometry=shapes, crs=CRS)
    geobox = make_geobox((0, 40, 0, 30), crs=CRS, resolution=1)
    found = categorise(rocks, "rock", like=geobox)
    like = found.chunk(dict(zip("yx", chunks, strict=True)))
    np.testing.assert_array_equal(categorise(rocks, "rock", like=like), found)
    codes = {label: code for code, label in found.attrs["classes"].items()}
    x, y = np.meshgrid(found.x, found.y)
    expected = np.full(found.shape, np.nan)
    for shape, label in zip(shapes, labels, strict=True):
        expected[shapely.contains_xy(shape, x, y)] = codes[label]
    np.testing.assert_array_equal(found, expected)


def test_errors(frame, table):
    rocks = table([shapely.box(0, 0, 1, 1)], rock=[None])
    with pytest.raises(ValueError, match="no column 'rocks'"):
        categorise(rocks, "rocks", like=frame(1, 1))
    with pytest.raises(ValueError, match="holds no label in any of the 1 polygons"):
        categorise(rocks, "rock", like=frame(1, 1))
    with pytest.raises(ValueError, match=r"takes polygons. Got \['Point'\]"):
        categorise(table([shapely.Point(0, 0)], rock=["a"]), "rock", like=frame(1, 1))


def test_hamersley_geology(real_data):
    geology = read_features(real_data("geology/hamersley") / "geology.geojson")
    west, south, east, north = np.round(geology.total_bounds, -2)
    geobox = make_geobox((west, east, south, north), crs=geology.crs, resolution=200)
    found = categorise(geology, "unitname", like=geobox).compute()
    assert sorted(found.attrs["classes"].values()) == sorted(geology.unitname.unique())
    share = {
        found.attrs["classes"][int(code)]: count * 0.04
        for code, count in zip(*np.unique(found, return_counts=True), strict=True)
        if not np.isnan(code)
    }
    areas = geology.dissolve("unitname").area / 1e6
    for name, area in areas[areas > 50].items():
        assert share[name] == pytest.approx(area, rel=0.03)


@pytest.fixture
def rocks():
    codes = np.array([[1, 1, 1, 1, 2, 2, 3, 4, np.nan, np.nan]])
    attrs = {"kind": "categorical", "classes": {1: "a", 2: "b", 3: "c", 4: "d"}}
    return xr.DataArray(codes, dims=("y", "x"), name="rock", attrs=attrs)


def test_rare_classes_are_joined(rocks):
    before = rocks.copy(deep=True)
    for grid in (rocks, rocks.chunk(x=3)):
        found = merge_rare(grid, min_share=0.2)
        expected = [[1, 1, 1, 1, 2, 2, 5, 5, np.nan, np.nan]]
        np.testing.assert_array_equal(found, expected)
        assert found.attrs["classes"] == {1: "a", 2: "b", 5: "other"}
        assert found.attrs["merged"] == ["c", "d"]
    xr.testing.assert_identical(rocks, before)
    assert found.chunks is not None


def test_nothing_rare_changes_nothing(rocks):
    found = merge_rare(rocks, min_share=0.0)
    np.testing.assert_array_equal(found, rocks)
    assert found.attrs["classes"] == rocks.attrs["classes"]
    assert found.attrs["merged"] == []


def test_merge_errors(rocks):
    with pytest.raises(ValueError, match=r"within 0 and 1. Got 5"):
        merge_rare(rocks, min_share=5)
    with pytest.raises(ValueError, match=r"takes a categorical grid.*'continuous'"):
        merge_rare(rocks.assign_attrs(kind="continuous"), min_share=0.1)
