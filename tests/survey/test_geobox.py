import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from odc.geo.xr import wrap_xr

from survey import geobox_of, make_geobox
from survey._geobox import as_grid

UTM = "EPSG:32755"


def test_edges_move_outward_to_multiples():
    box = make_geobox((1030, 1410, -250, 300), crs=UTM, resolution=100)
    assert box.boundingbox.bbox == (1000, -300, 1500, 300)
    assert box.shape.yx == (6, 5)
    assert box.affine.e == -100


def test_edges_on_multiples_stay():
    box = make_geobox((140.1, 140.4, -32.3, -32.0), crs="EPSG:4326", resolution=0.1)
    assert box.shape.yx == (3, 3)


@given(
    st.floats(1e3, 1e6),
    st.floats(300, 5e4),
    st.floats(-1e6, 1e6),
    st.floats(300, 5e4),
    st.sampled_from([0.5, 10.0, 30.0, 250.0]),
)
def test_covers_the_region_by_less_than_a_cell(west, width, south, height, step):
    region = (west, west + width, south, south + height)
    box = make_geobox(region, crs=UTM, resolution=step)
    left, bottom, right, top = box.boundingbox.bbox
    slack = 1e-5 * step
    assert left <= west + slack
    assert right >= region[1] - slack
    assert bottom <= south + slack
    assert top >= region[3] - slack
    assert max(west - left, right - region[1]) < step + slack
    assert max(south - bottom, top - region[3]) < step + slack
    assert left / step == pytest.approx(round(left / step))


@pytest.mark.parametrize(
    ("region", "crs", "resolution", "said"),
    [
        ((2, 1, 0, 1), UTM, 1, "west 2.0 is not less than east 1.0"),
        ((0, 1, 5, 1), UTM, 1, "south 5.0 is not less than north 1.0"),
        ((0, 1, 0), UTM, 1, "four numbers"),
        ((0, np.nan, 0, 1), UTM, 1, "finite"),
        ((0, 1e3, 0, 1e3), UTM, -1, "positive"),
        ((0, 1e3, 0, 1e3), UTM, np.inf, "positive"),
        ((500000, 501000, 6e6, 6.1e6), "EPSG:4326", 0.1, "look like metres"),
        ((-33, -32, 140, 141), "EPSG:4326", 0.1, "swapped"),
        ((140, 142, -33, -32), "EPSG:4326", 100, "looks like metres"),
        ((140, 142, -33, -32), UTM, 100, "look like degrees"),
        ((140, 142, -33, -32), UTM, 0.01, "look like degrees"),
        ((0, 9e6, 0, 9e6), UTM, 1, "Check the units"),
    ],
)
def test_refuses(region, crs, resolution, said):
    with pytest.raises(ValueError, match=said):
        make_geobox(region, crs=crs, resolution=resolution)


def test_read_off_a_grid_to_the_last_bit():
    box = GeoBox((7, 9), _affine(30.1, 0.3, 712_345.678, 9_561_011.7599), UTM)
    grid = as_grid(np.zeros((7, 9)), box)
    assert geobox_of(grid) == box
    assert geobox_of(grid.to_dataset(name="a")) == box
    part = grid[2:5, 3:4]
    assert geobox_of(part) == box[2:5, 3:4]


@given(st.integers(0, 6), st.integers(1, 7), st.integers(0, 8), st.integers(1, 9))
def test_any_part_lies_where_it_was(top, rows, left, columns):
    box = GeoBox((7, 9), _affine(30, 30, 1e5, 7e6), UTM)
    grid = as_grid(np.zeros((7, 9)), box)
    part = grid[top : top + rows, left : left + columns]
    assert (
        geobox_of(part) == box[top : min(top + rows, 7), left : min(left + columns, 9)]
    )


def test_agrees_with_odc_and_rioxarray():
    box = make_geobox((0, 500, 0, 300), crs=UTM, resolution=100)
    made = wrap_xr(np.zeros((3, 5)), box)
    assert geobox_of(made) == made.odc.geobox
    ours = as_grid(np.zeros((3, 5)), box)
    assert ours.odc.geobox == box
    assert ours.rio.transform() == box.affine
    assert ours.rio.crs.to_epsg() == 32755


def test_step_and_thinning_are_seen():
    box = GeoBox((8, 8), _affine(10, 10, 0, 80), UTM)
    grid = as_grid(np.zeros((8, 8)), box)
    assert geobox_of(grid[::2, ::2]).affine.a == 20


def test_refuses_what_is_no_grid():
    with pytest.raises(TypeError, match="make_geobox"):
        geobox_of([1, 2])
    with pytest.raises(ValueError, match="'y' and 'x'"):
        geobox_of(xr.DataArray(np.zeros((2, 2)), dims=("lat", "lon")))
    uneven = xr.DataArray(
        np.zeros((3, 2)), dims=("y", "x"), coords={"y": [0, 1, 5], "x": [0, 1]}
    )
    with pytest.raises(ValueError, match="not evenly spaced"):
        geobox_of(uneven)
    with pytest.raises(ValueError, match="one cell along 'x'"):
        geobox_of(uneven[:2, :1])


def _affine(across, down, west, north):
    from affine import Affine

    return Affine(across, 0, west, 0, -down, north)
