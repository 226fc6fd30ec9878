"""Order statistics in passes over blocks are those of the sorted map."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from spectral.mapping.detection._order import order_statistics, targets_in, value_of


@pytest.mark.parametrize("chunks", [None, {"y": 7, "x": 9, "target": 1}])
def test_ranks(chunks):
    rng = np.random.default_rng(1)
    values = rng.standard_normal((2, 40, 50)).astype("float32")
    values[0, :3] = np.nan
    values[1, 0, :4] = [0.0, -0.0, np.inf, -np.inf]
    values[1, 1] = 0.25
    grid = xr.DataArray(values, dims=("target", "y", "x"))
    given = grid if chunks is None else grid.chunk(chunks)
    found, counts = order_statistics(given, lambda n: [0, 1, n // 2, n - 2, n - 1])
    for row, told, count in zip(values, found, counts, strict=True):
        known = np.sort(row[~np.isnan(row)])
        assert count == known.size
        wanted = known[[0, 1, count // 2, count - 2, count - 1]]
        np.testing.assert_array_equal(told, wanted)


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=30))
def test_any_floats(numbers):
    grid = xr.DataArray(np.array(numbers, "float32"), dims="x")
    found, _ = order_statistics(grid, range)
    np.testing.assert_array_equal(found[0], np.sort(grid.values))


def test_keys_and_names():
    assert value_of(0x80000000) == 0
    grid = xr.DataArray(np.zeros((2, 3)), dims=("target", "x"))
    assert targets_in(grid) == ["target 1", "target 2"]
    with pytest.raises(TypeError, match="scores are floats"):
        targets_in(grid.astype(int))
