"""Channels in order: each detector up to the middle of an overlap."""

import numpy as np
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral import open_cube, save_cube
from spectral.library._order import order_channels


def test_by_hand():
    waves = np.r_[400:501:10, 480:581:10].astype(float)  # 480-500 twice, middle 490
    found = order_channels(waves)
    np.testing.assert_array_equal(waves[found.take], np.arange(400, 581, 10))
    assert found.take.tolist() == [*range(10), *range(13, 22)]
    assert (found.overlap, found.sorted, found.equal) == (3, 0, 0)
    assert found.ranges == [(480.0, 500.0)]


def test_turned_and_the_far_detector_first():
    up = order_channels(np.arange(400.0, 500, 5)[::-1])
    assert up.turned
    assert up.take.tolist() == list(range(19, -1, -1))
    waves = np.r_[1000:1100:10, 400:500:10].astype(float)
    found = order_channels(waves)
    np.testing.assert_array_equal(waves[found.take], np.sort(waves))
    assert found.overlap == 0


def test_disorder_is_sorted_and_the_first_of_equals_kept():
    found = order_channels([400.0, 500, 600, 550, 600, 700])
    assert found.take.tolist() == [0, 1, 3, 2, 5]
    assert (found.sorted, found.overlap, found.equal) == (1, 0, 1)
    assert order_channels([]).take.size == 0
    assert order_channels([500.0]).take.tolist() == [0]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(300, 3000), max_size=60))
def test_result_ascends_and_loses_nothing_uncounted(waves):
    found = order_channels(waves)
    assert (np.diff(np.array(waves)[found.take]) > 0).all()
    assert len(waves) == found.take.size + found.overlap + found.equal


def test_an_image_has_the_same_bands_marked_bad(tmp_path, real_data):
    """A library for AVIRIS and its image: what one leaves out the other marks."""
    from spectral.cubes._header import items, read_header

    folder = real_data("spectral/usgs_splib07_aviris95")
    header = read_header(folder / "s07_AV95_envi.hdr")
    waves = np.array([float(w) for w in items(header["wavelength"])]) * 1000
    plain = np.arange(400.0, 400 + waves.size)
    values = np.full((waves.size, 2, 2), 0.3, "float32")
    cube = xr.DataArray(values, {"wavelength": plain}, ("wavelength", "y", "x"))
    save_cube(cube, tmp_path / "scene.img")
    opened = open_cube(tmp_path / "scene.img", wavelength=waves)
    kept = opened["wavelength"].values[~opened["bad_bands"].values]
    np.testing.assert_allclose(kept, waves[order_channels(waves).take])
