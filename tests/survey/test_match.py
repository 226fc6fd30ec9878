import dask.array as da
import numpy as np
import pytest
import rasterio
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio.warp import Resampling, reproject

from survey import geobox_of, make_geobox, match_grid, open_grid, save_grid
from survey._geobox import as_grid

UTM = "EPSG:32755"


def box_of(region, resolution=10, crs=UTM):
    return make_geobox(region, crs=crs, resolution=resolution)


def ramp(box):
    """Plane through the centres of the cells: 2 x - 3 y, in cells."""
    rows, columns = box.shape
    y, x = np.mgrid[:rows, :columns]
    return as_grid((2.0 * x - 3.0 * y).astype("float32"), box, name="a")


@pytest.fixture
def here():
    return box_of((500_000, 500_600, 6_200_000, 6_200_400))


def test_same_cells_come_back_untouched(here):
    grid = ramp(here)
    assert match_grid(grid, like=here) is grid
    assert match_grid(grid, like=grid) is grid


def test_names_of_systems_do_not_matter(real_data):
    grid = open_grid(real_data("mpm/finland_wofe_small") / "wofe_evidence_raster.tif")
    other = GeoBox(geobox_of(grid).shape, geobox_of(grid).affine, "EPSG:3067")
    got = match_grid(grid, like=other)
    assert geobox_of(got) == other
    np.testing.assert_array_equal(got.values, grid.values)


def test_cells_on_cells_are_copied(here):
    grid = ramp(here)
    wider = box_of((499_970, 500_500, 6_200_100, 6_200_500))
    for kind in ("continuous", "categorical"):
        got = match_grid(grid.assign_attrs(kind=kind), like=wider).values
        assert got.shape == (40, 53)
        np.testing.assert_array_equal(got[10:, 3:], grid.values[:30, :50])
        assert np.isnan(got[:10]).all()
        assert np.isnan(got[:, :3]).all()


def test_part_of_a_cell_moves_a_plane_exactly(here):
    moved = GeoBox(here.shape, here.affine @ _shift(0.3, 0.25), here.crs)
    got = match_grid(ramp(here), like=moved).values
    y, x = np.mgrid[: here.shape[0], : here.shape[1]]
    wanted = 2 * (x + 0.3) - 3 * (y + 0.25)
    np.testing.assert_allclose(got[:-1, :-1], wanted[:-1, :-1], atol=1e-4)


def test_average_of_larger_cells_is_the_mean_of_what_they_cover(here):
    grid = ramp(here)
    coarse = box_of((500_000, 500_600, 6_200_000, 6_200_400), 40)
    got = match_grid(grid, like=coarse).values
    wanted = grid.values.reshape(10, 4, 15, 4).mean((1, 3))
    np.testing.assert_allclose(got, wanted, atol=1e-4)


def test_half_a_cell_must_be_known(here):
    values = np.ones(here.shape.yx, "float32")
    values[:4, :2] = np.nan  # half of the first cell
    values[:4, 4:7] = np.nan  # three quarters of the second
    got = match_grid(
        as_grid(values, here), like=box_of((499_980, 500_600, 6_200_000, 6_200_400), 40)
    )
    moved = match_grid(
        as_grid(values, here), like=box_of((500_000, 500_600, 6_200_000, 6_200_400), 40)
    )
    assert moved.values[0, 0] == 1
    assert np.isnan(moved.values[0, 1])
    assert np.isnan(got.values[0, 0])  # half of it lies beside the map, half is missing


def test_missing_does_not_spread_nor_is_it_filled(here):
    grid = ramp(here)
    holes = grid.copy(data=grid.values.copy())
    holes.values[10:20, 20:30] = np.nan
    moved = GeoBox(here.shape, here.affine @ _shift(0.4, 0.4), here.crs)
    full, got = (match_grid(g, like=moved).values for g in (grid, holes))
    assert np.isnan(got).sum() - np.isnan(full).sum() == 100
    beside = got[9, 20:29]
    assert np.isfinite(beside).all()
    assert np.nanmax(np.abs(got - full)) <= 5  # never further than a neighbour's value


def test_classes_stay_classes(here):
    rng = np.random.default_rng(2)
    codes = rng.choice([3.0, 17.0, 1621.0], here.shape.yx)
    grid = as_grid(codes, here, attrs={"kind": "categorical", "classes": {3: "shale"}})
    west, south, east, north = here.geographic_extent.boundingbox.bbox
    turned = box_of((west, east, south, north), 0.0001, "EPSG:4326")
    for like in (turned, box_of((500_000, 500_600, 6_200_000, 6_200_400), 25)):
        got = match_grid(grid, like=like)
        assert set(np.unique(got.values[np.isfinite(got.values)])) <= {3, 17, 1621}
        assert got.attrs == grid.attrs
    with pytest.raises(ValueError, match="codes of classes have no values between"):
        match_grid(grid, like=turned, resampling="bilinear")


def test_commonest_class_of_larger_cells(here):
    codes = np.full(here.shape.yx, 5.0)
    codes[:3, :2] = 9.0  # 6 of 16
    codes[:3, 4:8] = 7.0  # 12 of 16
    grid = as_grid(codes, here, attrs={"kind": "categorical"})
    got = match_grid(
        grid, like=box_of((500_000, 500_600, 6_200_000, 6_200_400), 40)
    ).values
    assert got[0, :3].tolist() == [5, 7, 5]


@pytest.mark.parametrize("method", ["nearest", "bilinear", "average"])
def test_against_one_warp_of_the_whole(here, method):
    y, x = np.mgrid[:40, :60]
    values = np.sin(x / 9.0) + np.cos(y / 7.0)
    grid = as_grid(values, here)
    west, south, east, north = here.geographic_extent.boundingbox.bbox
    like = box_of((west, east, south, north), 0.00013, "EPSG:4326")
    wanted = np.full(like.shape.yx, np.nan)
    reproject(
        values,
        wanted,
        src_transform=here.affine,
        src_crs=here.crs.to_wkt(),
        src_nodata=np.nan,
        dst_transform=like.affine,
        dst_crs="EPSG:4326",
        dst_nodata=np.nan,
        resampling=Resampling[method],
        XSCALE=1,
        YSCALE=1,
    )
    got = match_grid(grid, like=like, resampling=method).values
    inner = np.s_[2:-2, 2:-2]
    close = np.isclose(got[inner], wanted[inner], atol=2e-3, equal_nan=True)
    assert close.mean() > 0.995


def test_nearest_against_coordinates_of_each_cell(here):
    grid = ramp(here)
    west, south, east, north = here.geographic_extent.boundingbox.bbox
    like = box_of((west, east, south, north), 0.0001, "EPSG:4326")
    got = match_grid(grid, like=like, resampling="nearest")
    back = Transformer.from_crs("EPSG:4326", UTM, always_xy=True)
    x, y = back.transform(*np.meshgrid(got.x, got.y))
    column, row = np.floor((x - 500_000) / 10), np.floor((6_200_400 - y) / 10)
    inside = (column >= 0) & (column < 60) & (row >= 0) & (row < 40)
    assert (np.isfinite(got.values) == inside).mean() > 0.999
    wanted = 2 * column - 3 * row
    known = inside & np.isfinite(got.values)
    assert (got.values[known] == wanted[known]).mean() > 0.999


@settings(deadline=None, max_examples=15, phases=[Phase.generate])
@given(
    st.integers(5, 40),
    st.integers(5, 40),
    st.floats(0.3, 4.0),
    st.sampled_from([UTM, "EPSG:4326"]),
    st.sampled_from([None, "nearest", "average", "cubic"]),
)
def test_blocks_do_not_matter(high, wide, ratio, crs, method):
    here = box_of((500_000, 500_600, 6_200_000, 6_200_400))
    rng = np.random.default_rng(high)
    values = rng.normal(size=here.shape.yx)
    values[rng.random(values.shape) < 0.1] = np.nan
    bounds = here.boundingbox if crs == UTM else here.geographic_extent.boundingbox
    west, _, east, north = bounds.bbox
    cell = (east - west) / 60 * ratio
    like = GeoBox((int(40 / ratio), int(60 / ratio)), _affine(cell, west, north), crs)
    whole = match_grid(as_grid(values, here), like=like, resampling=method)
    lazy = as_grid(da.from_array(values, chunks=(wide, high)), here)
    cut = as_grid(da.zeros(like.shape.yx, chunks=(high, wide)), like)
    parts = match_grid(lazy, like=cut, resampling=method)
    if geobox_of(whole) != here:
        assert parts.chunks == cut.chunks
    np.testing.assert_allclose(whole.values, parts.values, rtol=1e-12)


def test_cells_a_hair_apart_come_in_the_blocks_of_like(here):
    """A grid a hundred-thousandth of a cell off once kept its own blocks."""
    cell = 10 * 0.99999
    near = GeoBox(here.shape, _affine(cell, 500_000, 6_200_400), UTM)
    grid = ramp(here)
    lazy = as_grid(da.from_array(grid.values, chunks=(19, 31)), here)
    cut = as_grid(da.zeros(here.shape.yx, chunks=(31, 19)), near)
    parts = match_grid(lazy, like=cut, resampling="average")
    assert parts.chunks == cut.chunks
    np.testing.assert_array_equal(parts.values, grid.values)


def test_files_are_read_by_the_tasks(here, tmp_path):
    path = save_grid(ramp(here), tmp_path / "a.tif")
    coarse = box_of((500_005, 500_505, 6_200_005, 6_200_305), 25)
    from_file = match_grid(open_grid(path, chunks=16), like=coarse)
    computed = match_grid(open_grid(path, chunks=16) + 0, like=coarse)
    memory = match_grid(ramp(here), like=coarse)
    np.testing.assert_array_equal(from_file.values, memory.values)
    np.testing.assert_array_equal(computed.values, memory.values)
    assert len(from_file.data.dask) <= from_file.data.npartitions + 1


def test_real_map_to_other_systems(real_data):
    path = real_data("mpm/cloncurry_iocg") / "evidence" / "StratNo.tif"
    grid = open_grid(path)
    assert grid.attrs["kind"] == "categorical"
    box = make_geobox(
        (450_000, 500_000, 7_700_000, 7_750_000), crs="EPSG:7854", resolution=500
    )
    got = match_grid(grid, like=box).values
    with rasterio.open(path) as file:
        allowed = set(np.unique(file.read(1)))
    assert set(np.unique(got[np.isfinite(got)])) <= allowed
    assert np.isfinite(got).mean() > 0.9


def test_metadata_and_input(here):
    grid = ramp(here).assign_attrs(units="nT", long_name="field")
    before = grid.copy(deep=True)
    got = match_grid(grid, like=box_of((500_000, 500_600, 6_200_000, 6_200_400), 25))
    assert got.name == "a"
    assert got.attrs == grid.attrs
    assert got.dtype == "float32"
    assert got.rio.crs.to_epsg() == 32755
    assert isinstance(got.data, da.Array)
    got.compute()
    assert grid.identical(before)


def test_refuses(here):
    grid = ramp(here)
    with pytest.raises(
        ValueError, match=r"do not overlap.*\(500000, 500600, 6200000, 6200400\)"
    ):
        match_grid(grid, like=box_of((509_000, 509_600, 6_200_000, 6_200_400)))
    with pytest.raises(ValueError, match="resampling must be one of"):
        match_grid(grid, like=here, resampling="best")
    with pytest.raises(ValueError, match="grid has no CRS"):
        match_grid(grid.drop_vars("spatial_ref"), like=here)
    with pytest.raises(TypeError, match="make_geobox"):
        match_grid(grid, like="there")


def _shift(columns, rows):
    from affine import Affine

    return Affine.translation(columns, rows)


def _affine(cell, west, north):
    from affine import Affine

    return Affine(cell, 0, west, 0, -cell, north)
