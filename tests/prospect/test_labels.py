"""Labels: one deposit per cell, background rules, the training table."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from odc.geo.xr import wrap_xr

from prospect._labels import draw_background, one_per_cell, sample_stack
from prospect._stream import cells_of, random_keys, read_cells
from survey import DataProblems

BOX = GeoBox.from_bbox((0, 0, 6000, 4000), "EPSG:32654", resolution=100)


def points(x, y, **columns):
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(x, y, crs=BOX.crs))


def make_stack(chunks=None):
    ramp = np.arange(2400.0).reshape(40, 60)
    unit = np.repeat([[1.0] * 15 + [2.0] * 45], 40, axis=0)
    hole = np.where(ramp % 60 < 6, np.nan, ramp)
    unit[:, :3] = np.nan
    stack = xr.Dataset(
        {
            "a": wrap_xr(hole, BOX).assign_attrs(kind="continuous"),
            "unit": wrap_xr(unit, BOX).assign_attrs(kind="categorical"),
        }
    )
    return stack if chunks is None else stack.chunk(chunks)


DEPOSITS = points([1050, 3010, 5950], [3950, 1990, 50])
ANY = {"y": 17, "x": 13}


# one_per_cell


def test_drops_are_counted_and_listed():
    given_points = points(
        [10, 90, 20, 250, 420, 7000], [10, 90, 350, 350, 350, 10],
        name=["a", "b", "c", "d", "e", "f"], tonnes=[1.0, 3, 9, 5, 7, 99],
    )  # fmt: skip
    before = given_points.copy()
    kept = one_per_cell(
        given_points,
        like=BOX,
        min_distance=200,
        id_column="name",
        size_column="tonnes",
    )
    assert kept["name"].tolist() == ["b", "c", "e"]
    assert kept.attrs["dropped"] == {
        "outside": {"count": 1, "ids": ["f"]},
        "same_cell": {"count": 1, "ids": ["a"]},
        "too_close": {"count": 1, "ids": ["d"]},
    }
    assert kept.crs == BOX.crs
    pd.testing.assert_frame_equal(given_points, before)


def test_deposits_in_another_crs_are_moved():
    kept = one_per_cell(DEPOSITS.to_crs("EPSG:4326"), like=BOX)
    assert kept.crs == BOX.crs
    assert np.abs(kept.geometry.x - DEPOSITS.geometry.x).max() < 1e-3


def test_smallest_id_wins_without_size():
    kept = one_per_cell(points([5, 6], [5, 6], n=[8, 3]), like=BOX, id_column="n")
    assert kept["n"].tolist() == [3]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([None, 150.0, 700.0]))
def test_law_of_thinning(seed, distance):
    rng = np.random.default_rng(seed)
    table = points(*rng.uniform(-300, 4500, (2, 40)), size=rng.uniform(0, 9, 40))
    kept = one_per_cell(table, like=BOX, min_distance=distance, size_column="size")
    dropped = kept.attrs["dropped"]
    assert len(kept) + sum(d["count"] for d in dropped.values()) == 40
    row, col, inside = cells_of(BOX.affine, BOX.shape, kept.geometry.x, kept.geometry.y)
    assert inside.all()
    assert len(set(zip(row, col, strict=True))) == len(kept)
    shuffled = one_per_cell(
        table.sample(frac=1, random_state=seed),
        like=BOX, min_distance=distance, size_column="size",
    )  # fmt: skip
    assert set(shuffled.index) == set(kept.index)
    if distance:
        xy = np.column_stack([kept.geometry.x, kept.geometry.y])
        gaps = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
        assert gaps[np.triu_indices(len(kept), 1)].min(initial=np.inf) >= distance


def test_bad_deposits_are_listed_together():
    bad = points([1, 2, 3], [1, 2, 3], name=["a", "a", "b"])
    bad.loc[2, "geometry"] = bad.geometry.iloc[2].buffer(1)
    with pytest.raises(DataProblems, match="occurs 2 times, in rows") as caught:
        one_per_cell(bad, like=BOX, id_column="name")
    assert [p.value for p in caught.value.problems] == ["Polygon", "a"]
    with pytest.raises(DataProblems, match="no such column"):
        one_per_cell(DEPOSITS, like=BOX, size_column="tonnes")
    with pytest.raises(DataProblems, match="have no CRS"):
        one_per_cell(DEPOSITS.set_crs(None, allow_override=True), like=BOX)
    with pytest.raises(DataProblems, match="none of the 3 deposits lies in the region"):
        one_per_cell(DEPOSITS.translate(1e6).to_frame("geometry"), like=BOX)
    with pytest.raises(ValueError, match="min_distance is 0"):
        one_per_cell(DEPOSITS, like=BOX, min_distance=0)
    with pytest.raises(DataProblems, match="occurs 2 times"):
        one_per_cell(DEPOSITS.set_index(pd.Index([1, 1, 2])), like=BOX)


# draw_background


@pytest.mark.parametrize(
    "method", ["random", "stratified", "bias_aware", "other_types"]
)
def test_background_does_not_depend_on_chunks(method):
    rng = np.random.default_rng(3)
    cloud = points(rng.normal(4000, 500, 60), rng.normal(2000, 500, 60))
    guide = {
        "random": {},
        "stratified": {"strata": "unit"},
        "bias_aware": {"effort": cloud},
        "other_types": {"others": cloud},
    }[method]
    options = {"method": method, "n": 25, "exclusion": 350, "random_state": 5} | guide
    one = draw_background(make_stack(), DEPOSITS, **options)
    many = draw_background(make_stack(ANY), DEPOSITS, **options)
    assert one.attrs == many.attrs
    assert_geodataframe_equal(one, many)
    assert len(one) == 25
    assert not one.duplicated(["row", "col"]).any()
    assert (one["col"] >= 3).all()
    gap = one.geometry.apply(lambda p: DEPOSITS.distance(p).min())
    assert gap.min() >= 350
    another = draw_background(make_stack(), DEPOSITS, **options | {"random_state": 6})
    assert not one.geometry.equals(another.geometry)


def test_area_is_that_of_cells_that_could_be_drawn():
    stack = make_stack(ANY)
    drawn = draw_background(stack, DEPOSITS, n=10**6, exclusion=450, random_state=0)
    centre = gpd.GeoSeries.from_xy(
        *map(np.ravel, np.meshgrid(stack.x.values, stack.y.values)), crs=BOX.crs
    )
    gap = np.min([centre.distance(p) for p in DEPOSITS.geometry], axis=0)
    some = np.isfinite(stack.to_array()).any("variable").to_numpy().ravel()
    allowed = some & (gap >= 450)
    assert len(drawn) == allowed.sum()
    assert drawn.attrs["area_km2"] == pytest.approx(allowed.sum() * 0.01)
    assert drawn.attrs["n_asked"] == 10**6


def test_without_exclusion_only_deposit_cells_are_banned():
    drawn = draw_background(make_stack(), DEPOSITS, n=9999, random_state=0)
    assert len(drawn) == 40 * 57 - 3


def test_strata_get_cells_by_area():
    drawn = draw_background(
        make_stack(ANY), DEPOSITS, method="stratified", strata="unit", n=100,
        random_state=0,
    )  # fmt: skip
    assert drawn["stratum"].value_counts().to_dict() == {2.0: 79, 1.0: 21}


def test_random_draw_is_uniform():
    stack = make_stack()
    hits = np.zeros((40, 60))
    for seed in range(60):
        drawn = draw_background(stack, DEPOSITS, n=240, random_state=seed)
        hits[drawn["row"], drawn["col"]] += 1
    expected = 60 * 240 / (40 * 57 - 3)
    quarters = hits[:, 3:].reshape(4, 10, 3, 19).mean(axis=(1, 3))
    assert np.abs(quarters / expected - 1).max() < 0.12


def test_bias_aware_draw_follows_density_of_effort():
    effort = points([1500] * 30 + [4500] * 10, [2000] * 40)
    drawn = draw_background(
        make_stack(), DEPOSITS, method="bias_aware", effort=effort, bandwidth=300,
        n=200, random_state=0,
    )  # fmt: skip
    west = drawn.geometry.x < 3000
    assert 0.62 < west.mean() < 0.85
    assert drawn.attrs["bandwidth"] == 300
    assert np.abs(drawn.geometry.x.to_numpy() - np.where(west, 1500, 4500)).max() < 1300


def test_effort_density_is_the_kernel_sum():
    from prospect._effort import Effort

    rng = np.random.default_rng(0)
    xy = rng.uniform(500, 3500, (2, 50))
    effort = Effort(points(*xy), BOX, 800.0)
    row, col = np.mgrid[0:40:7, 0:60:7].reshape(2, -1)
    x, y = 50 + 100 * col, 3950 - 100 * row
    squared = (x[:, None] - xy[0]) ** 2 + (y[:, None] - xy[1]) ** 2
    exact = np.exp(-squared / (2 * 800**2)).sum(axis=1)
    got = effort.at(row, col)
    np.testing.assert_allclose(got / got.sum(), exact / exact.sum(), atol=6e-4)


def test_wrong_rules_are_refused():
    stack = make_stack()
    draw = {"n": 5, "random_state": 0}
    with pytest.raises(ValueError, match="choose one of random"):
        draw_background(stack, DEPOSITS, method="uniform", **draw)
    with pytest.raises(ValueError, match="goes by strata="):
        draw_background(stack, DEPOSITS, method="stratified", **draw)
    with pytest.raises(ValueError, match="does not use effort"):
        draw_background(stack, DEPOSITS, effort=DEPOSITS, **draw)
    with pytest.raises(ValueError, match="is no layer; layers: a, unit"):
        draw_background(stack, DEPOSITS, method="stratified", strata="u", **draw)
    with pytest.raises(ValueError, match="not categorical"):
        draw_background(stack, DEPOSITS, method="stratified", strata="a", **draw)
    with pytest.raises(ValueError, match="too small for a region"):
        draw_background(
            stack, DEPOSITS, method="bias_aware", effort=DEPOSITS, bandwidth=1, **draw
        )
    with pytest.raises(DataProblems, match="make exclusion smaller"):
        draw_background(stack, DEPOSITS, exclusion=1e5, **draw)
    with pytest.raises(ValueError, match="n >= 1"):
        draw_background(stack, DEPOSITS, n=0, random_state=0)
    degrees = GeoBox.from_bbox((140, -20, 140.1, -19.9), "EPSG:4326", resolution=0.01)
    geographic = wrap_xr(np.ones(degrees.shape), degrees)
    geographic = geographic.rename(
        dict(zip(geographic.dims, ("y", "x"), strict=True))
    ).to_dataset(name="a")
    with pytest.raises(ValueError, match="metres"):
        draw_background(geographic, DEPOSITS, **draw)


# sample_stack


@pytest.mark.parametrize("chunks", [None, ANY])
def test_sample_is_what_stands_in_the_cells(chunks):
    stack = make_stack(chunks)
    background = draw_background(make_stack(), DEPOSITS, n=50, random_state=1)
    X, y, at, weight = sample_stack(stack, DEPOSITS, background, unit_cell_area=0.5)
    assert y.tolist() == [1] * 3 + [0] * 50
    assert X.dtypes.eq("float64").all()
    assert X.attrs["kinds"] == {"a": "continuous", "unit": "categorical"}
    assert at.crs == BOX.crs
    plain = make_stack()
    near = plain.sel(x=xr.DataArray(at.x.values), y=xr.DataArray(at.y.values),
                     method="nearest")  # fmt: skip
    for name in X:
        np.testing.assert_array_equal(X[name], near[name])
    assert weight[:3].tolist() == [1, 1, 1]
    area = background.attrs["area_km2"]
    assert weight[3:].sum() == pytest.approx(area / 0.5)


def test_only_blocks_with_points_are_read():
    read = []

    def block(values, block_id=None):
        read.append(block_id)
        return values

    stack = make_stack({"y": 10, "x": 10})
    stack = stack.map(lambda g: g.copy(data=g.data.map_blocks(block, dtype=float)))
    read.clear()
    grids = [stack["a"]]
    got = read_cells(grids, np.array([0, 35, 36]), np.array([9, 55, 51]))
    assert sorted(read) == [(0, 0), (3, 5)]
    assert got[:, 0].tolist() == [9, 35 * 60 + 55, 36 * 60 + 51]


def test_points_outside_are_refused():
    outside = points([-50], [50])
    with pytest.raises(DataProblems, match="1 of 1 points lie outside the stack"):
        sample_stack(make_stack(), outside, DEPOSITS)
    with pytest.raises(DataProblems, match="there are no background"):
        sample_stack(make_stack(), DEPOSITS, DEPOSITS[:0])
    with pytest.raises(ValueError, match="unit_cell_area is 0"):
        sample_stack(make_stack(), DEPOSITS, DEPOSITS, unit_cell_area=0)


def test_edges_belong_to_the_cell_south_east():
    row, col, inside = cells_of(
        BOX.affine, BOX.shape, [0, 100, 6000, 50, np.nan], [4000, 3900, 50, 0, 0]
    )
    assert inside.tolist() == [True, True, False, False, False]
    assert (row[:2].tolist(), col[:2].tolist()) == ([0, 1], [0, 1])


def test_random_keys_are_uniform_and_their_own():
    row, col = np.mgrid[0:300, 0:300].reshape(2, -1)
    keys = random_keys(7, row, col)
    assert len(np.unique(keys)) == keys.size
    counts = np.histogram(keys, 20, (0, 1))[0]
    assert np.abs(counts / 4500 - 1).max() < 0.06
    assert abs(np.corrcoef(keys, random_keys(8, row, col))[0, 1]) < 0.02
    assert abs(np.corrcoef(keys[:-1], keys[1:])[0, 1]) < 0.02
    np.testing.assert_array_equal(keys[5:9], random_keys(7, row[5:9], col[5:9]))
