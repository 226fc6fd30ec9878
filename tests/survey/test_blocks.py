import dask
import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import generic_filter

from survey import geobox_of, make_geobox, map_windows, open_grid, save_grid
from survey._blocks import source_of
from survey._geobox import as_grid

UTM = "EPSG:32755"


def grid_of(values, **attrs):
    rows, columns = values.shape
    box = make_geobox((0, columns * 10, 0, rows * 10), crs=UTM, resolution=10)
    return as_grid(values, box, name="a", attrs=attrs)


def known_mean(size):
    """Mean of the known cells of a square window, by shifting."""
    reach = size // 2

    def mean(block):
        known = np.isfinite(block)
        total, count = np.zeros(block.shape), np.zeros(block.shape)
        padded = np.pad(np.where(known, block, 0.0), reach)
        there = np.pad(known, reach)
        rows, columns = block.shape
        for i in range(size):
            for j in range(size):
                total += padded[i : i + rows, j : j + columns]
                count += there[i : i + rows, j : j + columns]
        with np.errstate(invalid="ignore"):
            return total / count

    return mean


@pytest.fixture
def values():
    made = np.random.default_rng(0).normal(size=(37, 53)).astype("float32")
    made[5:9, 40:] = np.nan
    return made


@pytest.fixture
def file(tmp_path, values):
    return save_grid(grid_of(values, units="m"), tmp_path / "a.tif", cog=False)


def brute(values, size):
    with np.testing.suppress_warnings() as quiet:
        quiet.filter(RuntimeWarning)
        return generic_filter(
            values.astype(float), np.nanmean, size, mode="constant", cval=np.nan
        )


def test_window_reaches_over_blocks_and_stops_at_the_edge(values, file):
    wanted = brute(values, 5)
    for grid in (
        grid_of(values),
        open_grid(file, chunks=16),
        open_grid(file, chunks=(7, 53)),
        open_grid(file) * 1,
        grid_of(da.from_array(values, chunks=(11, 13))),
    ):
        got = map_windows(known_mean(5), grid, halo=2)
        np.testing.assert_allclose(got.values, wanted, rtol=1e-5, atol=1e-6)
        assert got.dtype == "float32"


@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(1, 5),
    st.integers(1, 5),
    st.integers(0, 3),
)
def test_blocks_do_not_matter(rows, columns, high, wide, halo):
    made = np.random.default_rng(rows * 100 + columns).normal(size=(rows, columns))
    function = known_mean(2 * halo + 1)
    whole = map_windows(function, grid_of(made), halo=halo, dtype="float64")
    parts = grid_of(da.from_array(made, chunks=(high, wide)))
    cut = map_windows(function, parts, halo=halo, dtype="float64")
    np.testing.assert_array_equal(whole.values, cut.values)


def test_several_grids(values, file):
    grid = open_grid(file, chunks=16)
    got = map_windows(lambda a, b: a - b, grid, grid_of(values), halo=1)
    assert np.nanmax(np.abs(got.values)) == 0
    got = map_windows(lambda a, b: a + b, grid, open_grid(file, chunks=20), halo=1)
    np.testing.assert_array_equal(got.values, values + values)
    np.testing.assert_array_equal(
        map_windows(np.add, grid, grid_of(values)).values, values + values
    )


def test_files_are_read_with_their_halo_by_one_task_a_block(file):
    grid = open_grid(file, chunks=16)
    blocks = grid.data.npartitions
    for lazy in (
        map_windows(known_mean(3), grid, halo=1) * 2 + 1,
        (grid - 1) / (grid + open_grid(file, chunks=16)),
    ):
        (best,) = dask.optimize(lazy.data)
        assert len(dict(best.dask)) == blocks
    assert source_of(grid.data) is not None
    assert source_of((grid + 1).data) is None
    assert source_of(grid[1:].data) is None


def test_function_sees_nan_beyond_the_map():
    seen = []

    def look(block):
        seen.append(block.copy())
        return block

    map_windows(look, grid_of(np.ones((2, 3))), halo=1).compute()
    outside = [block for block in seen if block.size]
    wanted = np.full((4, 5), np.nan)
    wanted[1:-1, 1:-1] = 1
    np.testing.assert_array_equal(outside[-1], wanted)


def test_integers_get_room_for_missing():
    got = map_windows(known_mean(3), grid_of(np.ones((4, 4), "int32")), halo=1)
    assert (got.values == 1).all()


def test_metadata_and_input(values):
    grid = grid_of(values, units="nT", kind="continuous")
    before = grid.copy(deep=True)
    got = map_windows(
        known_mean(3), grid, halo=1, name="smooth", attrs={"units": "nT/m"}
    )
    assert got.name == "smooth"
    assert got.attrs == {"units": "nT/m", "kind": "continuous"}
    assert got.rio.crs == grid.rio.crs
    assert geobox_of(got) == geobox_of(grid)
    assert isinstance(got.data, da.Array)
    got.compute()
    assert grid.identical(before)
    assert map_windows(known_mean(3), grid).attrs == {"kind": "continuous"}


def test_refuses(values, file):
    grid = grid_of(values)
    with pytest.raises(ValueError, match="match_grid"):
        map_windows(np.add, grid, grid[1:])
    with pytest.raises(ValueError, match="halo must be"):
        map_windows(np.abs, grid, halo=-1)
    with pytest.raises(ValueError, match="at least one grid"):
        map_windows(np.abs)
    with pytest.raises(ValueError, match=r"has dims \('y', 'x'\)"):
        map_windows(np.abs, grid.T)
    with pytest.raises(TypeError, match="one layer of a stack"):
        map_windows(np.abs, grid.to_dataset(name="a"))
    for bad in (grid, open_grid(file)):
        with pytest.raises(ValueError, match=r"returned an array of shape"):
            map_windows(lambda block: block[1:], bad, halo=1).compute()
