"""Catchments by hand, by tracing every cell, by their laws, and on bad input."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from prospect._note import say
from prospect.geochem import delineate_catchments
from prospect.geochem.catchments._flow import drain
from prospect.geochem.catchments._tree import own_polygons, tree_of
from survey import DataProblems, open_grid, read_samples

from .test_flow import terrain, trace

VALLEY = [
    [9, 8, 7, 8, 9, 9],
    [9, 7, 6, 7, 8, 9],
    [9, 6, 5, 6, 7, 9],
    [9, 5, 4, 5, 6, 9],
    [9, 4, 3, 4, 5, 9],
    [9, 3, 2, 3, 4, 9],
]  # cells of 100 m: 0.01 km² each


def points(places, *, crs=32650):
    x, y = zip(*places.values(), strict=True)
    return gpd.GeoDataFrame(
        {"sample_id": list(places)}, geometry=gpd.points_from_xy(x, y), crs=crs
    )


def middle(row, column, rows=6):
    return 100 * column + 50.0, 100 * (rows - row) - 50.0


def find(places, values=VALLEY, **options):
    options = {"snap_distance": 0, "min_area": 0} | options
    return delineate_catchments(points(places), terrain(values), **options)


def test_nested_catchments_by_hand():
    # (2, 2) takes in (1, 1), (1, 2), (1, 3); those take in (0, 0) to (0, 4), mostly
    # along the diagonal; (1, 0) falls steeper to (2, 1) and passes by. All of the
    # ground leaves by the lowest cell
    found = find({"down": middle(5, 2), "up": middle(2, 2)}).set_index("sample_id")
    assert found.area_km2["down"] == pytest.approx(0.36)
    assert found.own_area_km2["down"] == pytest.approx(0.36 - found.area_km2["up"])
    assert found.downstream_id["up"] == "down"
    assert found.downstream_id.isna()["down"]
    assert found.upstream_ids.to_dict() == {"down": "up", "up": ""}
    assert found.upstream_count.to_dict() == {"down": 1, "up": 0}
    assert found.geometry["down"].equals(shapely.box(0, 0, 600, 600))
    cells = [(2, 2), (1, 1), (1, 2), (1, 3), (0, 0), (0, 1), (0, 2), (0, 3), (0, 4)]
    boxes = [shapely.Point(middle(*cell)).buffer(50, cap_style=3) for cell in cells]
    assert found.geometry["up"].equals(shapely.union_all(boxes))
    assert found.area_km2["up"] == pytest.approx(0.09)
    assert (found.outlet_x["up"], found.outlet_y["up"]) == middle(2, 2)
    assert found.touches_border.all()
    assert "minimum" in found.notes["up"]
    assert found.crs.to_epsg() == 32650


def test_a_catchment_off_the_border_is_not_flagged():
    y, x = np.mgrid[-10:11, -10:11]
    bowl = np.hypot(x, y) + 0.2 * y  # a closed bowl, which drains over its rim
    bowl[:, 10] -= 30  # a lower strip along the east side
    found = find({"A": middle(10, 12, 21)}, 40 - bowl)
    assert not found.touches_border[0], "a hill top in the middle"
    assert found.notes[0] == ""
    assert found.attrs["notes"] == []


def brute_force(dem, found):
    """Cells above each outlet, from tracing every cell of the DEM."""
    drainage = drain(dem, rivers=None, burn_depth=1)
    outlets = found["outlet_cell"].astype(int).to_list()
    above = {outlet: set() for outlet in outlets}
    for start in np.flatnonzero(drainage.downstream >= 0):
        for cell in trace(drainage.downstream, start):
            if cell in above:
                above[cell].add(int(start))
    return [above[outlet] for outlet in outlets], drainage


def check(dem, samples, **options):
    found = delineate_catchments(samples, dem, **options)
    above, drainage = brute_force(dem, found)
    area = drainage.cell_km2
    np.testing.assert_allclose(found.area_km2, [len(a) * area for a in above])
    np.testing.assert_allclose(found.geometry.area / 1e6, found.area_km2)
    assert found.geometry.is_valid.all()
    edges = set(np.flatnonzero(drainage.edge.ravel()))
    assert found.touches_border.tolist() == [bool(a & edges) for a in above]
    ids = found.sample_id.tolist()
    for i, mine in enumerate(above):
        inner = [above[j] for j in range(len(ids)) if above[j] < mine]
        own = mine.difference(*inner)
        assert found.own_area_km2[i] == pytest.approx(len(own) * area)
        assert found.upstream_count[i] == len(inner)
    return found


def law(found):
    """Own areas fill the catchments of the roots, without overlap."""
    tree = tree_of(found)
    roots = tree.below < 0
    assert tree.own_km2.sum() == pytest.approx(tree.area_km2[roots].sum())
    own = own_polygons(found, tree)
    np.testing.assert_allclose(shapely.area(own) / 1e6, tree.own_km2)
    whole = shapely.union_all(own)
    assert whole.area / 1e6 == pytest.approx(tree.own_km2.sum())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 14))
def test_catchments_are_what_tracing_every_cell_gives(seed, count):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 6, (13, 15)) + np.arange(13.0)[:, None]
    cells = rng.choice(13 * 15, count, replace=False)
    places = {
        f"S{i}": middle(cell // 15, cell % 15, 13) for i, cell in enumerate(cells)
    }
    law(check(terrain(values), points(places), snap_distance=0, min_area=0))


def test_real_relief(real_data):
    dem = open_grid(real_data("geohazard/ecuador_landslides") / "dem.tif")
    box = dem.isel(y=slice(100, 250), x=slice(100, 250))
    rng = np.random.default_rng(3)
    x, y = rng.choice(box.x, 30), rng.choice(box.y, 30)
    at = gpd.points_from_xy(x, y)
    ids = [f"R{i}" for i in range(30)]
    samples = gpd.GeoDataFrame({"sample_id": ids}, geometry=at, crs=32717)
    found = check(box, samples, snap_distance=250, min_area=0.01)
    assert (found.snapped_m <= 250).all()
    assert (found.area_km2 >= 0.01 - 1e-9).all()
    law(found)


def test_in_blocks_as_in_memory_and_input_unchanged():
    dem = terrain(np.random.default_rng(1).random((30, 30)))
    samples = points({"A": (505.0, 1200.0), "B": (1705.0, 300.0)}).assign(Cu_ppm=1.0)
    before = samples.copy(), dem.copy(deep=True)
    whole = delineate_catchments(samples, dem, snap_distance=300, min_area=0.02)
    lazy = delineate_catchments(
        samples, dem.chunk(y=7, x=11), snap_distance=300, min_area=0.02
    )
    assert whole.equals(lazy)
    assert samples.equals(before[0])
    assert dem.identical(before[1])


def test_samples_in_another_system():
    here = points({"A": middle(4, 2)})
    there = here.to_crs(4326)
    one = delineate_catchments(here, terrain(VALLEY), snap_distance=60, min_area=0.1)
    two = delineate_catchments(there, terrain(VALLEY), snap_distance=60, min_area=0.1)
    assert one.outlet_cell.tolist() == two.outlet_cell.tolist()


def test_a_sample_moves_to_the_nearest_stream():
    found = find({"A": (395.0, 150.0)}, snap_distance=160, min_area=0.1)
    assert (found.outlet_x[0], found.outlet_y[0]) == (250, 150)
    assert found.snapped_m[0] == 145
    stays = find({"A": (295.0, 150.0)}, snap_distance=0, min_area=0.1)
    assert stays.snapped_m[0] == 45, "in its own cell it is on the stream"


def test_max_area_keeps_off_the_river():
    near = {"A": (150.0, 150.0)}
    river = find(near, snap_distance=150, min_area=0.03)
    assert river.area_km2[0] > 0.1
    brook = find(near, snap_distance=250, min_area=0.02, max_area=0.1)
    assert brook.area_km2[0] <= 0.1


def test_jumps_onto_a_trunk_are_named():
    values = np.add.outer(np.arange(40.0, 0, -1), np.abs(np.arange(-10.0, 11)))
    places = {f"S{i}": (1010.0 + 5 * i, 3550.0) for i in range(12)}
    places["moved"] = (1160.0, 350.0)
    samples, dem = points(places), terrain(values)
    found = delineate_catchments(samples, dem, snap_distance=150, min_area=0.2)
    notes = [note for note in found.attrs["notes"] if "moved onto" in note]
    assert notes[0].values["ids"] == ["moved"]
    stay = delineate_catchments(
        samples, dem, snap_distance=150, min_area=0.05, max_area=2
    )
    assert not any("moved onto" in note for note in stay.attrs["notes"])


def test_rivers_are_burnt_in():
    flat = np.add.outer(np.arange(6.0, 0, -1), np.zeros(6))
    river = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(450, 590), (450, 10)])], crs=32650
    )
    dry = find({"A": middle(5, 4)}, flat)
    wet = find({"A": middle(5, 4)}, flat, rivers=river, burn_depth=30)
    assert wet.area_km2[0] > dry.area_km2[0]


def test_samples_of_one_outlet_share_it():
    found = find(
        {"A": middle(3, 2), "B": middle(3, 2), "C": middle(5, 2), "D": middle(1, 2)}
    )
    by_id = found.set_index("sample_id")
    assert by_id.geometry["A"].equals(by_id.geometry["B"])
    assert by_id.own_area_km2["A"] == by_id.own_area_km2["B"] > 0
    assert by_id.downstream_id.to_dict()["A"] == "C"
    assert by_id.downstream_id["D"] == "A", "the first stands for both"
    assert by_id.upstream_count.to_dict() == {"A": 1, "B": 1, "C": 3, "D": 0}
    assert "shared with B" in by_id.notes["A"]
    assert any("2 samples share an outlet" in note for note in found.attrs["notes"])
    law(found)


BAD = {"out": (-500.0, 50.0), "gap": (50.0, 50.0), "far": (550.0, 550.0)}


def bad_terrain():
    values = np.array(VALLEY, float)
    values[5, 0] = np.nan
    return values


def test_all_samples_without_a_place_are_listed():
    with pytest.raises(DataProblems) as caught:
        find(BAD | {"good": middle(4, 2)}, bad_terrain(), min_area=0.1)
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    for part in (
        "row 1", "out (-500.0, 50.0)", "outside the DEM",
        "row 2", "no value", "row 3", "≥ 0.1 km² within 0 m", "unplaced='keep'",
    ):  # fmt: skip
        assert part in text
    chinese = say(caught.value.problems[2].what, "zh")
    assert "没有汇水面积" in chinese


def test_kept_samples_have_rows_and_are_counted():
    found = find(
        BAD | {"good": middle(4, 2)}, bad_terrain(), min_area=0.1, unplaced="keep"
    )
    assert found.status.tolist() == ["outside", "gap", "far", "delineated"]
    assert found.geometry.is_empty.tolist() == [True, True, True, False]
    assert found.area_km2.isna().tolist() == [True, True, True, False]
    assert found.outlet_cell.isna().sum() == 3
    note = found.attrs["notes"][0]
    assert "3 of 4" in note
    assert note.values["far"] == 1
    assert found.notes[:3].str.len().min() > 0


def test_none_placed_is_still_a_table():
    found = find(BAD, bad_terrain(), min_area=0.3, unplaced="keep")
    assert found.status.tolist() == ["outside", "gap", "far"]
    with pytest.raises(ValueError, match="none of the 3 samples has a catchment"):
        tree_of(found)


def test_a_part_of_the_table_is_refused_where_the_tree_counts():
    found = find({"down": middle(5, 2), "up": middle(2, 2)})
    with pytest.raises(DataProblems, match="'down': the sample downstream is not in"):
        tree_of(found[found.sample_id == "up"])
    looped = found.assign(downstream_id=["up", "down"])
    with pytest.raises(ValueError, match="downstream of themselves"):
        tree_of(looped)


def test_dems_in_degrees_are_refused_with_the_way_out():
    dem = terrain(VALLEY, size=0.001, crs="EPSG:4326")
    with pytest.raises(ValueError, match=r"degrees.*survey.match_grid"):
        delineate_catchments(points({"A": (0.1, 0.1)}), dem, snap_distance=1)


def test_a_system_that_stretches_areas_is_told():
    dem = terrain(VALLEY, crs="EPSG:3857").assign_coords(
        y=8_000_000 + 100.0 * np.arange(5, -1, -1)
    )
    found = delineate_catchments(
        points({"A": (250.0, 8_000_100.0)}, crs=3857), dem, snap_distance=0, min_area=0
    )
    assert any("% off" in note for note in found.attrs["notes"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unplaced": "drop"}, "use 'error' or 'keep'"),
        ({"snap_distance": -1}, "snap_distance=-1"),
        ({"min_area": np.nan}, "min_area=nan"),
        ({"min_area": 2, "max_area": 1}, "max_area=1 is not above"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(ValueError, match=message):
        find({"A": middle(2, 2)}, **options)


def test_rivers_elsewhere_and_no_depth():
    river = gpd.GeoDataFrame(
        geometry=[shapely.LineString([(9e4, 9e4), (9.1e4, 9e4)])], crs=32650
    )
    with pytest.raises(ValueError, match="none of the 1 rivers lies on the DEM"):
        find({"A": middle(2, 2)}, rivers=river)
    with pytest.raises(ValueError, match="burn_depth=0"):
        find({"A": middle(2, 2)}, rivers=river, burn_depth=0)


def test_tables_that_cannot_be_used():
    good = points({"A": middle(2, 2), "B": middle(3, 2)})
    twice = good.assign(sample_id=["A", "A"])
    with pytest.raises(DataProblems, match="stands more than once"):
        delineate_catchments(twice, terrain(VALLEY), snap_distance=0)
    shapes = good.set_geometry([shapely.Point(), shapely.box(0, 0, 1, 1)])
    with pytest.raises(DataProblems, match=r"no place.*\n.*not a point"):
        delineate_catchments(shapes, terrain(VALLEY), snap_distance=0)
    with pytest.raises(ValueError, match="no CRS"):
        delineate_catchments(
            good.set_crs(None, allow_override=True), terrain(VALLEY), snap_distance=0
        )
    with pytest.raises(ValueError, match="holds no sample"):
        delineate_catchments(good.iloc[:0], terrain(VALLEY), snap_distance=0)


def test_the_sample_district():
    folder = "data_samples/synthetic_district/"
    table = folder + "geochemistry/stream_sediments_gbk.csv"
    samples = read_samples(table, crs="EPSG:4547")
    dem = open_grid(folder + "terrain/elevation.tif")
    found = delineate_catchments(
        samples, dem, snap_distance=100, min_area=0.2, max_area=6, unplaced="keep"
    )
    placed = found[found.status == "delineated"]
    assert len(placed) >= 385
    assert placed.snapped_m.median() < 15
    law(found)
