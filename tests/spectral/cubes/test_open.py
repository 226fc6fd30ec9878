"""Cubes out of files: every layout gives the same values, and says what it inferred."""

import numpy as np
import pytest
import rasterio
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral
from spectral.cubes._envi import TYPES, bands_first, file_axes


@pytest.fixture
def reflectance():
    rng = np.random.default_rng(2)
    return rng.integers(1, 9000, (5, 7, 6)) / 10000


@settings(max_examples=60, deadline=None)
@given(
    interleave=st.sampled_from(["bsq", "bil", "bip"]),
    code=st.sampled_from(sorted(TYPES)),
    order=st.sampled_from("<>"),
    start=st.sampled_from([0, 1, 128]),
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    rows=st.integers(1, 5),
)
def test_every_layout_gives_the_same(
    write_envi, tmp_path_factory, interleave, code, order, start, shape, rows
):
    stored = np.dtype(order + TYPES[code])
    whole = np.random.default_rng(3).integers(0, 100, shape)
    values = whole.astype(stored)
    folder = tmp_path_factory.mktemp("envi")
    path = write_envi(
        folder, values, interleave=interleave, stored=stored, start=start,
        reflectance_scale_factor=100,
    )  # fmt: skip
    cube = spectral.open_cube(path, chunks=rows)
    assert cube.dtype == ("float64" if TYPES[code] == "f8" else "float32")
    np.testing.assert_array_equal(cube, (whole / 100).astype(cube.dtype))
    if start == 0 and values.nbytes > 16:  # GDAL reads no smaller files
        with rasterio.open(path) as dataset:
            np.testing.assert_array_equal(dataset.read(), values)


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
def test_pieces_are_the_pieces_of_the_whole(
    write_envi, tmp_path, reflectance, interleave
):
    path = write_envi(tmp_path, reflectance, interleave=interleave)
    cube = spectral.open_cube(path, chunks={"y": 3, "x": 4, "wavelength": 2})
    whole = reflectance.astype("float32")
    for key in (
        (slice(None), slice(1, 6, 2), slice(None, None, -1)),
        ([4, 0, 2], slice(None), 3),
        (2, 5, slice(2, 2)),
        (slice(3, 0, -1), [6, 1], slice(0, 5, 3)),
    ):
        np.testing.assert_array_equal(cube[key], xr.DataArray(whole)[key])


def test_bands_first_turns_file_axes_round():
    values = np.zeros((2, 3, 4))
    for interleave in ("bsq", "bil", "bip"):
        laid = values.transpose(file_axes(interleave))
        assert bands_first(laid, interleave).shape == values.shape


def test_header_and_data_are_found_from_each_other(write_envi, tmp_path, reflectance):
    path = write_envi(tmp_path, reflectance)
    header = path.with_suffix(".hdr")
    expected = spectral.open_cube(path).values
    np.testing.assert_array_equal(spectral.open_cube(header), expected)
    double = tmp_path / "scene.img.hdr"
    header.rename(double)
    np.testing.assert_array_equal(spectral.open_cube(path), expected)
    np.testing.assert_array_equal(spectral.open_cube(double), expected)
    bare = tmp_path / "strange"
    path.rename(bare)
    double.rename(tmp_path / "strange.HDR")
    np.testing.assert_array_equal(spectral.open_cube(bare), expected)
    np.testing.assert_array_equal(
        spectral.open_cube(tmp_path / "strange.HDR"), expected
    )
    bare.rename(tmp_path / "strange.xyz")
    np.testing.assert_array_equal(
        spectral.open_cube(tmp_path / "strange.HDR"), expected
    )
    (tmp_path / "strange.abc").write_bytes((tmp_path / "strange.xyz").read_bytes())
    with pytest.raises(FileNotFoundError, match="all fit"):
        spectral.open_cube(tmp_path / "strange.HDR")


def test_missing_and_scale(write_envi, tmp_path, reflectance):
    stored = (reflectance * 10000).round()
    stored[:, 2, 3] = -9999
    stored[1, 0, 0] = -9999
    path = write_envi(
        tmp_path, stored, stored=">i2", data_ignore_value=-9999,
        reflectance_scale_factor="10000.0",
    )  # fmt: skip
    cube = spectral.open_cube(path)
    assert cube.attrs["notes"] == ["values were divided by the declared 10000"]
    gaps = stored == -9999
    np.testing.assert_array_equal(np.isnan(cube), gaps)
    np.testing.assert_array_equal(
        cube.values[~gaps], (stored[~gaps] / 10000).astype("float32")
    )
    assert cube.attrs["units"] == "1"
    assert cube.attrs["quantity"] == "reflectance"
    raw = spectral.open_cube(path, nodata=np.nan, scale=10000)
    assert raw.values[1, 0, 0] == np.float32(-0.9999)


def test_floats_beyond_all_measure_are_missing(write_envi, tmp_path, reflectance):
    reflectance[:, 1, 1] = -1.23e34
    reflectance[2, 3, 3] = np.inf
    cube = spectral.open_cube(write_envi(tmp_path, reflectance, interleave="bip"))
    np.testing.assert_array_equal(np.isnan(cube), (np.abs(reflectance) > 1e30))


def test_real_emit_sample(real_data):
    folder = real_data("spectral/emit_10x10")
    cube = spectral.open_cube(folder / "emit20250324t221005_jpl_unmix_ex.hdr")
    assert cube.shape == (285, 10, 10)
    assert cube["bad_bands"].values.sum() == 41
    assert cube["fwhm"].values[0] == pytest.approx(8.415)
    assert cube.attrs["notes"] == [
        "wavelengths of 381.006 to 2492.92 have no unit: read as nanometers"
    ]
    with rasterio.open(folder / "emit20250324t221005_jpl_unmix_ex") as dataset:
        np.testing.assert_array_equal(cube, dataset.read())
