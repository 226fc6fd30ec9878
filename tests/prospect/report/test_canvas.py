import math

import dask
import dask.array as da
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from prospect.report import thin
from prospect.report._canvas import frame_of, image_of, round_length


@given(st.floats(1e-3, 1e5))
def test_scale_bar_is_round_and_fits(length):
    bar = round_length(length)
    assert 0.4 * length <= bar <= length * (1 + 1e-6)
    mantissa = bar / 10 ** math.floor(math.log10(bar) + 1e-9)
    assert min(abs(mantissa - nice) for nice in (1, 2, 5)) < 1e-9


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 20))
def test_thinned_grid_holds_cells_of_the_grid(make_grid, rows, columns, size):
    grid = make_grid(np.arange(rows * columns).reshape(rows, columns))
    small = thin(grid, size=size)
    assert max(small.shape) <= size
    assert min(small.shape) >= 1
    xr.testing.assert_identical(small, grid.sel(x=small["x"], y=small["y"]))


def test_lazy_grid_is_read_block_by_block(make_grid):
    largest = []

    def read(block):
        largest.append(block.size)
        return block

    lazy = da.zeros((4000, 4000), chunks=500).map_blocks(read, dtype=float)
    grid = make_grid(np.zeros((4000, 4000))).copy(data=lazy)
    with dask.config.set(scheduler="synchronous"):
        small = thin(grid, size=100)
    assert small.shape == (100, 100)
    assert max(largest) <= 500 * 500
    assert isinstance(grid.data, da.Array)


def test_frame_is_the_outer_edge_in_kilometres(score):
    assert frame_of(score).extent == pytest.approx((450, 456, 7596, 7600))


def test_frame_of_feet_is_in_kilometres(score):
    feet = score.rio.write_crs("EPSG:2263")
    assert frame_of(feet).west == pytest.approx(450_000 * 0.3048006 / 1000)


def test_image_has_north_up_whatever_the_order(score):
    upside_down = score.sortby("y").sortby("x", ascending=False)
    np.testing.assert_array_equal(
        image_of(upside_down).filled(-1), image_of(score).filled(-1)
    )
