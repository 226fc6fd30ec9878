"""What is opened is what was saved, for every layout; nothing appears half-written."""

import dask.array as da
import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import spectral
from spectral.cubes._header import read_header


def make_cube(shape=(5, 7, 6), dtype="float32", crs="EPSG:32650", seed=1):
    from affine import Affine
    from odc.geo.geobox import GeoBox
    from odc.geo.xr import xr_coords

    rng = np.random.default_rng(seed)
    values = (rng.integers(0, 9000, shape) / 10000).astype(dtype)
    values[:, 0, -1] = np.nan
    values[-1, -1, 0] = np.nan
    bands = shape[0]
    box = GeoBox(shape[1:], Affine(30, 0, 500_010, 0, -30, 4_000_020), crs)
    places = {str(k): v for k, v in xr_coords(box, always_yx=True).items()}
    waves = ("wavelength", 400 + 7.3 * np.arange(bands) ** 1.1, {"units": "nm"})
    return xr.DataArray(
        values,
        {
            "wavelength": waves,
            "fwhm": ("wavelength", 5 + 0.1 * np.arange(bands), {"units": "nm"}),
            "bad_bands": ("wavelength", np.arange(bands) % 3 == 1),
            "band": ("wavelength", [f"B{i}" for i in range(bands)]),
            **places,
        },
        ("wavelength", "y", "x"),
        name="scene",
        attrs={
            "long_name": "reflectance",
            "units": "1",
            "kind": "continuous",
            "quantity": "reflectance",
            "description": "scene of a test",
        },
    )


def plain(cube):
    """Without what the reader says about itself."""
    told = {k: v for k, v in cube.attrs.items() if k not in ("notes", "source")}
    found = cube.copy()
    found.attrs = told
    return found


@settings(max_examples=20, deadline=None)
@given(
    layout=st.sampled_from(["bil", "bsq", "bip", "tif"]),
    kind=st.sampled_from(
        [("float32", "float32", None), ("float64", "float64", None),
         ("float32", "int16", 10000), ("float32", "uint16", 10000),
         ("float32", "int32", 1e6), ("float32", "float32", 100)]
    ),
    shape=st.tuples(*[st.integers(2, 6)] * 3),
    chunks=st.sampled_from([None, {"y": 2, "x": 3}, {"wavelength": 1, "y": 4}]),
)  # fmt: skip
def test_round_trip(tmp_path_factory, layout, kind, shape, chunks):
    dtype, stored, scale = kind
    cube = make_cube(shape, dtype)
    given = cube if chunks is None else cube.chunk(chunks)
    folder = tmp_path_factory.mktemp("save")
    name = "scene.tif" if layout == "tif" else "scene.img"
    options = {} if layout == "tif" else {"interleave": layout}
    path = spectral.save_cube(
        given, folder / name, dtype=stored, scale=scale, **options
    )
    found = spectral.open_cube(path)
    exact = scale is None or scale == 10000
    same = xr.testing.assert_identical if exact else xr.testing.assert_allclose
    same(plain(found), cube)
    xr.testing.assert_identical(given.compute(), cube)
    said = [note for note in found.attrs["notes"] if "divided" not in note]
    assert said == []
    with rasterio.open(path) as dataset:
        assert dataset.crs.to_epsg() == 32650
        assert dataset.transform == cube.odc.geobox.affine
        read = dataset.read(masked=True).filled(np.nan if scale is None else 0)
        wanted = cube.values if scale is None else np.nan_to_num(cube.values * scale)
        np.testing.assert_allclose(read, wanted, rtol=1e-6)
    assert sorted(each.suffix for each in folder.iterdir()) == (
        [".tif"] if layout == "tif" else [".hdr", ".img"]
    )


def test_real_strip_and_emit_come_back(tmp_path, real_data):
    emit = real_data("spectral/emit_10x10") / "emit20250324t221005_jpl_unmix_ex"
    for number, path in enumerate(
        (emit, "data_samples/synthetic_district/imagery/swir_strip.img")
    ):
        cube = spectral.open_cube(path)
        for name in ("a.img", "a.tif"):
            saved = spectral.save_cube(cube, tmp_path / str(number) / name)
            found = spectral.open_cube(saved).rename(cube.name)
            xr.testing.assert_identical(plain(found), plain(cube))


@pytest.mark.parametrize(
    "crs", ["EPSG:4326", "EPSG:4547", "EPSG:4490", "EPSG:26711", "EPSG:32719",
            "EPSG:2193", None]
)  # fmt: skip
@pytest.mark.parametrize("name", ["a.img", "a.tif"])
def test_coordinate_systems(tmp_path, crs, name):
    cube = make_cube(crs=crs)
    if crs in ("EPSG:4326", "EPSG:4490"):
        cube = cube.assign_coords(x=cube.x / 1e4, y=cube.y / 1e5)
        cube = cube.drop_vars("spatial_ref").rio.write_crs(crs)
    found = spectral.open_cube(spectral.save_cube(cube, tmp_path / name))
    assert found.rio.crs == cube.rio.crs
    for dim in ("x", "y"):
        np.testing.assert_allclose(found[dim], cube[dim], rtol=1e-12)


def test_numbers_of_pixels_stay_numbers_of_pixels(tmp_path):
    cube = make_cube().drop_vars("spatial_ref")
    cube = cube.assign_coords(y=np.arange(7.0), x=np.arange(6.0))
    path = spectral.save_cube(cube, tmp_path / "a.img")
    assert "map info" not in read_header(path.with_suffix(".hdr"))
    found = spectral.open_cube(path)
    assert found["y"].values.tolist() == list(range(7))
    assert found.rio.crs is None


def test_names_that_would_break_a_list(tmp_path):
    cube = make_cube()
    cube = cube.assign_coords(band=("wavelength", [f"{{{i}}}, red" for i in range(5)]))
    found = spectral.open_cube(spectral.save_cube(cube, tmp_path / "a.img"))
    assert found["band"].values[1] == "(1)  red"


def test_header_lies_beside_names_with_dots(tmp_path):
    cube = make_cube()
    path = spectral.save_cube(cube, tmp_path / "scene.v2")
    assert (tmp_path / "scene.v2.hdr").exists()
    np.testing.assert_array_equal(spectral.open_cube(path), cube)


def test_over_the_file_it_was_opened_from(tmp_path):
    cube = make_cube()
    path = spectral.save_cube(cube, tmp_path / "a.img")
    opened = spectral.open_cube(path)
    spectral.save_cube(opened * 0.5, path)
    np.testing.assert_allclose(spectral.open_cube(path), cube * 0.5)
    with pytest.raises(ValueError, match="has changed since it was opened"):
        opened.compute()


@pytest.mark.parametrize("name", ["a.img", "a.tif"])
def test_nothing_is_left_when_a_block_fails(tmp_path, name):
    def broken(block):
        raise OSError("disk gone")

    values = da.ones((5, 7, 6), chunks=(5, 2, 6)).map_blocks(broken, dtype="f4")
    with pytest.raises(OSError, match="disk gone"):
        spectral.save_cube(make_cube().copy(data=values), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_values_that_do_not_fit(tmp_path):
    cube = make_cube()
    cube[0, 1, 1], cube[1, 2, 2] = 3.9, -0.9999
    with pytest.raises(
        ValueError, match=r"2 values do not fit int16 .*\(one of them: 39000"
    ):
        spectral.save_cube(cube, tmp_path / "a.img", dtype="int16", scale=10000)
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_cube(tmp_path):
    cube, path = make_cube(), tmp_path / "a.img"
    with pytest.raises(ValueError, match="dtype='int16', scale=10000"):
        spectral.save_cube(cube, path, dtype="int16")
    with pytest.raises(ValueError, match="interleave= is one of"):
        spectral.save_cube(cube, path, interleave="xyz")
    with pytest.raises(ValueError, match="dtype= is one of"):
        spectral.save_cube(cube, path, dtype="complex64")
    with pytest.raises(ValueError, match="scale= is above zero"):
        spectral.save_cube(cube, path, scale=-1)
    with pytest.raises(ValueError, match="dimensions wavelength, y, x"):
        spectral.save_cube(cube[:, 0], path)
    with pytest.raises(ValueError, match="name the data file"):
        spectral.save_cube(cube, tmp_path / "a.hdr")
    uneven = cube.assign_coords(x=np.arange(6.0) ** 1.5)
    with pytest.raises(ValueError, match="'x' is not evenly spaced"):
        spectral.save_cube(uneven, path)
    with pytest.raises(TypeError, match="not as ndarray"):
        spectral.save_cube(cube.values, path)
    assert list(tmp_path.iterdir()) == []


@given(cuts=st.lists(st.integers(1, 99), max_size=8, unique=True), wide=st.booleans())
@settings(max_examples=25, deadline=None)
def test_tiles_from_blocks_of_any_height(tmp_path_factory, cuts, wide):
    cube = make_cube((2, 100, 20))
    edges = [0, *sorted(cuts), 100]
    lazy = cube.chunk({"y": tuple(np.diff(edges)), "x": 7 if wide else -1})
    path = spectral.save_cube(lazy, tmp_path_factory.mktemp("tiles") / "a.tif")
    with rasterio.open(path) as dataset:
        found = np.where(dataset.read() == -9999, np.nan, dataset.read())
    np.testing.assert_array_equal(found, cube)


@pytest.mark.parametrize("dtype", ["foo", "complex64"])
def test_types_that_are_none(tmp_path, dtype):
    cube = xr.DataArray(
        np.full((1, 2, 2), 0.3), {"wavelength": [500.0]}, ("wavelength", "y", "x")
    )
    with pytest.raises(ValueError, match=f"one of .*int16.*float32.*not '?{dtype}"):
        spectral.save_cube(cube, tmp_path / "a.img", dtype=dtype)


@pytest.mark.parametrize("name", ["a.img", "a.tif"])
def test_negative_values_need_a_sign(tmp_path, name):
    values = np.full((2, 3, 3), 0.3, "float32")
    values[0, 0, :2], values[1, 2, 2] = -0.002, np.nan
    cube = xr.DataArray(values, {"wavelength": [500.0, 600]}, ("wavelength", "y", "x"))
    with pytest.raises(
        ValueError, match=r"2 values are negative, .* lost\. Keep .*'int16'.*'float32'"
    ):
        spectral.save_cube(cube, tmp_path / name, dtype="uint16", scale=10000)
    cube[1, 0, 0] = 9.0
    with pytest.raises(ValueError, match="lost, as would 1 that are too large"):
        spectral.save_cube(cube, tmp_path / name, dtype="uint16", scale=10000)
    assert not list(tmp_path.iterdir())
    cube[1, 0, 0] = 0.4
    path = spectral.save_cube(cube, tmp_path / name, dtype="int16", scale=10000)
    np.testing.assert_allclose(spectral.open_cube(path), cube, atol=1e-6)
