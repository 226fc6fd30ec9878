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


def test_wavelengths_in_names_of_bands(write_envi, tmp_path, reflectance):
    names = "{Red (650 nm), Green (550 nm), Blue (450.5 nm), b (860 nm), c (1600 nm)}"
    path = write_envi(
        tmp_path, reflectance, wavelength=None, wavelength_units=None, band_names=names
    )
    cube = spectral.open_cube(path)
    assert cube["wavelength"].values.tolist() == [450.5, 550, 650, 860, 1600]
    np.testing.assert_array_equal(cube, reflectance[[2, 1, 0, 3, 4]].astype("float32"))


@pytest.mark.parametrize("interleave", ["bsq", "bil", "bip"])
def test_whole_lines_are_read_at_once(
    write_envi, tmp_path, reflectance, interleave, monkeypatch
):
    cube = spectral.open_cube(write_envi(tmp_path, reflectance, interleave=interleave))

    def scattered(*given, **named):
        raise AssertionError("a whole block must not be read through a view")

    monkeypatch.setattr(np, "memmap", scattered)
    for part in (cube, cube[:, 2:5]):
        np.testing.assert_array_equal(
            part, reflectance[:, : part.shape[1]].astype("float32")
            if part is cube else reflectance[:, 2:5].astype("float32")
        )  # fmt: skip


def test_sources_travel_and_a_file_cut_short_later_is_told(
    write_envi, tmp_path, reflectance
):
    import pickle

    from spectral.cubes._envi import open_envi

    path = write_envi(tmp_path, reflectance)
    source = pickle.loads(pickle.dumps(open_envi(path).source))
    every = (slice(None),) * 3
    np.testing.assert_array_equal(source[every], reflectance.astype("float32"))
    content = path.read_bytes()
    path.write_bytes(content[:-40])
    with pytest.raises(ValueError, match="ends 40 bytes too early"):
        source.read(slice(0, 5), slice(0, 7), slice(0, 6))
    with pytest.raises(ValueError, match="has changed since it was opened"):
        source[every]


def test_headers_that_do_not_describe_the_data(write_envi, tmp_path, reflectance):
    path = write_envi(tmp_path, reflectance)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(
        ValueError, match=r"cut short: 800 bytes, but .* = 840 are needed"
    ):
        spectral.open_cube(path)
    path = write_envi(tmp_path, reflectance)
    path.write_bytes(path.read_bytes() + b"more")
    assert spectral.open_cube(path).notes == [
        "4 bytes after the last value were not read"
    ]
    for entries, told in (
        ({"bands": 0}, "'bands' is 0"),
        ({"data_type": 6}, "complex values"),
        ({"data_type": 99}, "'data type = 99' is unknown"),
        ({"byte_order": 7}, "'byte order = 7' is unknown"),
        ({"file_type": "ENVI Classification"}, "is a map of classes"),
        ({"file_type": "ENVI Spectral Library"}, "read_envi_library"),
        ({"file_compression": 1}, "compressed"),
        ({"major_frame_offsets": "{0, 4}"}, "frame offsets"),
        ({"bbl": "{1, 0}"}, "2 items for 5 bands"),
    ):
        with pytest.raises(ValueError, match=told):
            spectral.open_cube(write_envi(tmp_path, reflectance, **entries))
    header = write_envi(tmp_path, reflectance, samples=None).with_suffix(".hdr")
    text = header.read_text(encoding="utf-8")
    header.write_text(text.replace("= bil", "= xyz"), encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"'samples' is missing: .*; 'interleave' is 'xyz'"
    ):
        spectral.open_cube(header)
    quiet = spectral.open_cube(write_envi(tmp_path, reflectance, byte_order=None))
    assert "little-endian was assumed" in quiet.notes[0]
    named = spectral.open_cube(write_envi(tmp_path, reflectance, band_names="{a, b}"))
    assert named.notes == ["2 band names for 5 bands: the names were left out"]


def test_options_that_do_not_fit(write_envi, tmp_path, reflectance):
    path = write_envi(tmp_path, reflectance)
    with pytest.raises(ValueError, match="chunks= is 'auto'"):
        spectral.open_cube(path, chunks="large")
    with pytest.raises(ValueError, match=r"chunks= names \['band'\]"):
        spectral.open_cube(path, chunks={"band": 1})
    assert spectral.open_cube(path, chunks=None).chunks == ((5,), (7,), (6,))


def test_a_header_that_is_none_is_named(write_envi, tmp_path, reflectance):
    path = write_envi(tmp_path, reflectance)
    header = path.with_suffix(".hdr")
    for content, why in (
        (b"\x00\xff garbage\nmore", "begins with .* garbage', an ENVI header with"),
        (b"", "it is empty"),
    ):
        header.write_bytes(content)
        with pytest.raises(
            ValueError, match=rf"the header scene\.hdr cannot be read: .*{why}"
        ):
            spectral.open_cube(path)
    header.write_text("ENVY\nsamples = 3\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"scene\.hdr cannot .* begins with 'ENVY'"):
        spectral.open_cube(header)
    header.unlink()
    with pytest.raises(ValueError, match=r"needs its header beside it, scene\.hdr"):
        spectral.open_cube(path)


def test_a_folder_that_is_no_product(tmp_path, monkeypatch):
    folder = tmp_path / "holiday"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for path in (folder, "."):
        with pytest.raises(
            ValueError, match=r"folder holiday is no product \(.*EMIT.*name the file"
        ):
            spectral.open_cube(path)


def test_a_crs_that_is_none(write_envi, tmp_path, reflectance):
    path = write_envi(
        tmp_path, reflectance, map_info="{Arbitrary, 1, 1, 500000, 4000000, 30, 30}"
    )
    with pytest.raises(ValueError, match=r"'nonsense' is no coordinate .*EPSG:32650"):
        spectral.open_cube(path, crs="nonsense")
