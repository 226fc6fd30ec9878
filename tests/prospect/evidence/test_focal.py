import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.xr import wrap_xr

from prospect.evidence import focal_mean
from survey import make_geobox, open_grid, save_grid


def grid(values):
    values = np.asarray(values, "float32")
    rows, cols = values.shape
    geobox = make_geobox((0, cols, 0, rows), crs="EPSG:32633", resolution=1)
    return wrap_xr(values, geobox).rename("g")


def by_brute_force(values, size):
    halo = size // 2
    padded = np.pad(values.astype("f8"), halo, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size))
    known = ~np.isnan(windows)
    with np.errstate(invalid="ignore"):
        return np.nansum(windows, axis=(2, 3)) / known.sum(axis=(2, 3))


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    size=st.sampled_from([1, 3, 5, 9]),
    missing=st.sampled_from([0.0, 0.05, 0.6]),
    chunks=st.tuples(st.integers(2, 20), st.integers(2, 30)),
)
def test_equals_brute_force_for_any_chunks(seed, size, missing, chunks):
    random = np.random.default_rng(seed)
    values = random.normal(57_000, 100, (20, 30)).astype("float32")
    values[random.random(values.shape) < missing] = np.nan
    expected = by_brute_force(values, size).astype("float32")
    lazy = grid(values).chunk(dict(zip("yx", chunks, strict=True)))
    for cells in (grid(values), lazy):
        np.testing.assert_allclose(focal_mean(cells, size=size), expected, rtol=1e-7)


def test_one_missing_cell_costs_nothing_but_itself():
    """A plane keeps its values around a hole; the hole gets its neighbours' mean."""
    values = np.full((9, 9), 5.0)
    values[4, 4] = np.nan
    found = focal_mean(grid(values), size=5).values
    assert (found == 5).all()
    assert np.isnan(focal_mean(grid(np.full((3, 3), np.nan)), size=3).values).all()


def test_metadata_and_input(tmp_path):
    values = np.random.default_rng(0).normal(size=(40, 50))
    one = grid(values).assign_attrs(units="nT", long_name="field", kind="continuous")
    before = one.copy(deep=True)
    found = focal_mean(one, size=3)
    assert found.attrs["units"] == "nT"
    assert found.chunks is not None
    assert found.dtype == "float32"
    xr.testing.assert_identical(one, before)
    opened = open_grid(save_grid(one, tmp_path / "g.tif"), chunks=(16, 16))
    np.testing.assert_array_equal(focal_mean(opened, size=3), found)


@pytest.mark.parametrize("size", [0, 4, -3, 2.5])
def test_bad_size(size):
    with pytest.raises(ValueError, match=r"size must be a positive odd number.*Got"):
        focal_mean(grid(np.zeros((3, 3))), size=size)
