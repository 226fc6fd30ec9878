import errno
import hashlib
import logging
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import cloudpickle
import dask
import dask.array as da
import numpy as np
import pytest
import rasterio
import rasterio.shutil
import xarray as xr
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from rasterio.transform import from_origin

import survey._gridsave
import survey._tiff
from survey import DataProblems, geobox_of, open_grid, save_grid
from survey._geobox import as_grid

UTM = "EPSG:32755"
CORNER = from_origin(500_000, 6_200_000, 30, 30)


def write(path, values, *, crs=UTM, transform=CORNER, tags=None, units=None, **options):
    """File by rasterio alone."""
    bands = values if values.ndim == 3 else values[None]
    profile = {"driver": "GTiff", "crs": crs, "transform": transform, **options}
    count, rows, columns = bands.shape
    with rasterio.open(
        path, "w", count=count, height=rows, width=columns, dtype=bands.dtype, **profile
    ) as file:
        file.write(bands)
        if tags:
            file.update_tags(1, **tags)
        if units:
            file.units = [units] * count
    return path


def grid_of(values, *, name="a", **attrs):
    rows, columns = values.shape
    return as_grid(values, GeoBox((rows, columns), CORNER, UTM), name=name, attrs=attrs)


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.fixture
def noise():
    made = np.random.default_rng(3).normal(size=(40, 50)).astype("float32")
    made[3:5, 7:30] = np.nan
    return made


# ---- reading


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [
        ("uint8", "float32"),
        ("int16", "float32"),
        ("uint16", "float32"),
        ("int32", "float64"),
        ("uint32", "float64"),
        ("float32", "float32"),
        ("float64", "float64"),
    ],
)
def test_types_hold_every_value(tmp_path, dtype, wanted):
    kind = np.finfo(dtype) if dtype.startswith("f") else np.iinfo(dtype)
    values = np.array([[kind.min, kind.max, 0, 1]], dtype)
    grid = open_grid(write(tmp_path / "a.tif", values))
    assert grid.dtype == wanted
    np.testing.assert_array_equal(grid.values, values.astype(wanted))


@pytest.mark.parametrize(
    ("values", "declared", "given"),
    [
        (np.array([[1, 2, 255]], "uint8"), 255, None),
        (np.array([[1, 2, -9999]], "int32"), -9999, None),
        (np.array([[1, 2, -9999]], "float32"), None, -9999),
        (np.array([[1, 2, np.nan]], "float32"), np.nan, None),
        (np.array([[1, 2, -3.4028235e38]], "float32"), -3.4028234663852886e38, None),
        (np.array([[1, 2, -3.4028235e38]], "float32"), None, -3.4e38),
        (np.array([[1, 2, 0]], "uint8"), None, 0),
        (np.array([[1, 2, 7]], "uint8"), 9, 7),
    ],
)
def test_codes_for_missing(tmp_path, values, declared, given):
    path = write(tmp_path / "a.tif", values, nodata=declared)
    grid = open_grid(path, nodata=given)
    np.testing.assert_array_equal(grid.values, [[1, 2, np.nan]])
    if declared is not None and np.isfinite(declared):
        assert grid.attrs["nodata"] == declared


def test_mask_of_the_file_and_several_codes(tmp_path):
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=1, width=4, dtype="uint8", crs=UTM,
        transform=CORNER,
    ) as file:  # fmt: skip
        file.write(np.array([[[1, 2, 3, 4]]], "uint8"))
        file.write_mask(np.array([[255, 255, 255, 0]], "uint8"))
    got = open_grid(path, nodata=[2, 3]).values
    np.testing.assert_array_equal(got, [[1, np.nan, np.nan, np.nan]])


def test_scale_and_offset_are_applied(tmp_path):
    path = write(tmp_path / "a.tif", np.array([[100, 200, -1]], "int16"), nodata=-1)
    with rasterio.open(path, "r+") as file:
        file.scales, file.offsets = (0.5,), (10.0,)
    np.testing.assert_array_equal(open_grid(path).values, [[60, 110, np.nan]])


def test_south_up_files_are_turned_round(tmp_path, caplog):
    values = np.arange(6, dtype="float32").reshape(3, 2)
    upside = Affine(30, 0, 500_000, 0, 30, 6_199_910)
    path = write(tmp_path / "a.tif", values[::-1], transform=upside)
    with caplog.at_level(logging.INFO):
        grid = open_grid(path, chunks=(2, 1))
    assert "turned round" in caplog.text
    np.testing.assert_array_equal(grid.values, values)
    assert geobox_of(grid).affine == CORNER
    assert grid.y[0] > grid.y[-1]


def test_bands_by_number_and_name(tmp_path):
    path = write(tmp_path / "a.tif", np.arange(4, dtype="float32").reshape(2, 1, 2))
    with rasterio.open(path, "r+") as file:
        file.descriptions = ("red", "nir")
    assert open_grid(path, band=2).values.tolist() == [[2, 3]]
    assert open_grid(path, band="nir").attrs["long_name"] == "nir"
    with pytest.raises(DataProblems, match="no band 3; the file has 2: 1 red, 2 nir"):
        open_grid(path, band=3)
    with pytest.raises(DataProblems, match="no band 'swir'"):
        open_grid(path, band="swir")


def test_parts_of_lazy_grids(tmp_path, noise):
    grid = open_grid(write(tmp_path / "a.tif", noise), chunks=(16, 17))
    assert isinstance(grid.data, da.Array)
    for part in (np.s_[3:20, 4:40], np.s_[5], np.s_[:, -1], np.s_[::-1, ::3]):
        np.testing.assert_array_equal(grid[part].values, noise[part])
    np.testing.assert_array_equal(grid[7:7].values, noise[7:7])


def test_blocks_follow_those_of_the_file(tmp_path):
    values = np.zeros((1300, 2600), "uint8")
    tiled = {"tiled": True, "blockxsize": 256, "blockysize": 256}
    assert open_grid(write(tmp_path / "a.tif", values, **tiled)).chunks == (
        (1024, 276),
        (1024, 1024, 552),
    )
    rows = open_grid(write(tmp_path / "b.tif", values, blockysize=10)).chunks
    assert rows == ((400, 400, 400, 100), (2600,))


def test_any_process_can_read(tmp_path, noise):
    grid = open_grid(write(tmp_path / "a.tif", noise)) + 1
    there = cloudpickle.loads(cloudpickle.dumps(grid))
    np.testing.assert_array_equal(there.values, noise + 1)


@pytest.mark.slow
def test_reads_and_writes_under_distributed(tmp_path, noise):
    from distributed import Client

    grid = open_grid(write(tmp_path / "a.tif", noise), chunks=16) * 2
    with Client(n_workers=2, threads_per_worker=1, dashboard_address=None):
        save_grid(grid, tmp_path / "there.tif")
    save_grid(grid, tmp_path / "here.tif")
    assert digest(tmp_path / "there.tif") == digest(tmp_path / "here.tif")


FORMATS = {"AAIGrid": ".asc", "ENVI": ".img", "EHdr": ".bil", "HFA": ".img"}


@pytest.mark.parametrize("driver", FORMATS)
def test_formats_of_gdal(tmp_path, driver):
    values = np.arange(12, dtype="float32").reshape(3, 4)
    values[1, 1] = -9999
    made = write(tmp_path / "a.tif", values, nodata=-9999)
    path = tmp_path / f"b{FORMATS[driver]}"
    rasterio.shutil.copy(made, path, driver=driver)
    crs = UTM if driver == "AAIGrid" else None
    grid = open_grid(path, crs=crs)
    values[1, 1] = np.nan
    np.testing.assert_array_equal(grid.values, values)
    assert geobox_of(grid).affine == CORNER


@pytest.mark.parametrize("form", ["NETCDF3_CLASSIC", "NETCDF4", "zarr"])
@pytest.mark.parametrize("rising", [True, False])
def test_netcdf_and_zarr(tmp_path, form, rising):
    if form == "NETCDF4":
        pytest.importorskip("h5py")
    values = np.arange(24, dtype="float32").reshape(2, 3, 4)
    values[0, 1, 1] = np.nan
    made = xr.Dataset(
        {"temp": (("time", "lat", "lon"), values), "other": ("time", [1.0, 2.0])},
        coords={
            "time": [0, 1],
            "lat": ("lat", [-33.0, -32.0, -31.0], {"units": "degrees_north"}),
            "lon": [140.0, 141.0, 142.0, 143.0],
        },
    )
    made["temp"].attrs = {"units": "K", "long_name": "surface temperature"}
    if not rising:
        made = made.isel(lat=slice(None, None, -1))
    path = tmp_path / ("a.zarr" if form == "zarr" else "a.nc")
    if form == "zarr":
        made.to_zarr(path, zarr_format=2)
    else:
        made.to_netcdf(path, format=form)
    with pytest.raises(DataProblems, match="declares no CRS"):
        open_grid(path)
    grid = open_grid(path, crs="EPSG:4326", band=2)
    np.testing.assert_array_equal(grid.values, values[1, ::-1])
    assert grid.attrs["units"] == "K"
    assert geobox_of(grid).boundingbox.bbox == (139.5, -33.5, 143.5, -30.5)
    named = open_grid(path, crs="EPSG:4326", band="temp", chunks=2)
    np.testing.assert_array_equal(named.values, values[0, ::-1])
    with pytest.raises(DataProblems, match=r"no band 3; the file has 2 \(temp\)"):
        open_grid(path, crs="EPSG:4326", band=3)


def test_kind_is_guessed_from_tables_and_colours(tmp_path):
    values = np.array([[1, 2]], "uint8")
    assert open_grid(write(tmp_path / "a.tif", values)).attrs["kind"] == "continuous"
    path = write(tmp_path / "b.tif", values)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {1: (255, 0, 0, 255), 2: (0, 255, 0, 255)})
    assert open_grid(path).attrs["kind"] == "categorical"
    assert open_grid(path, kind="continuous").attrs["kind"] == "continuous"
    path = write(tmp_path / "c.tif", values)
    (tmp_path / "c.tif.aux.xml").write_text(
        "<PAMDataset><PAMRasterBand band='1'><GDALRasterAttributeTable>"
        "<FieldDefn index='0'><Name>VALUE</Name><Type>0</Type></FieldDefn>"
        "<FieldDefn index='1'><Name>Rock</Name><Type>2</Type></FieldDefn>"
        "<Row index='0'><F>1</F><F>shale</F></Row>"
        "<Row index='1'><F>2</F><F>granite</F></Row>"
        "</GDALRasterAttributeTable></PAMRasterBand></PAMDataset>"
    )
    grid = open_grid(path)
    assert grid.attrs["kind"] == "categorical"
    assert grid.attrs["classes"] == {1: "shale", 2: "granite"}
    with pytest.raises(ValueError, match="kind must be one of"):
        open_grid(path, kind="class")


def test_real_evidence(real_data):
    folder = real_data("mpm/cloncurry_iocg") / "evidence"
    kinds = {}
    for path in sorted(folder.glob("*.tif")):
        grid = open_grid(path)
        with rasterio.open(path) as file:
            wanted = file.read(1, masked=True).astype(float).filled(np.nan)
            assert geobox_of(grid).affine == file.transform
        np.testing.assert_array_equal(grid.values, wanted)
        kinds[path.stem] = grid.attrs["kind"]
    assert kinds["StratNo"] == "categorical"


# ---- refusing


def test_refuses_what_is_no_grid(tmp_path):
    with pytest.raises(FileNotFoundError, match="check the name"):
        open_grid(tmp_path / "none.tif")
    (tmp_path / "empty.tif").touch()
    with pytest.raises(DataProblems, match="the file is empty"):
        open_grid(tmp_path / "empty.tif")
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(DataProblems, match="read it with read_samples"):
        open_grid(tmp_path / "a.csv")
    (tmp_path / "a.geojson").write_text("{}")
    with pytest.raises(DataProblems, match="read it with read_features"):
        open_grid(tmp_path / "a.geojson")
    (tmp_path / "a.tif").write_bytes(b"not a tiff at all")
    with pytest.raises(DataProblems, match="cannot be read as a grid"):
        open_grid(tmp_path / "a.tif")


def test_refuses_to_guess_the_system(tmp_path, noise):
    path = write(tmp_path / "a.tif", noise, crs=None)
    with pytest.raises(DataProblems, match=r"declares no CRS.*crs='EPSG"):
        open_grid(path)
    assert open_grid(path, crs=UTM).rio.crs.to_epsg() == 32755
    path = write(tmp_path / "b.tif", noise)
    with pytest.raises(DataProblems, match=r"zone 55S, but crs= says .* zone 54S"):
        open_grid(path, crs="EPSG:32754")
    assert open_grid(path, crs=UTM).rio.crs.to_epsg() == 32755


def test_names_of_a_system_are_not_a_contradiction(real_data):
    path = real_data("mpm/finland_wofe_small") / "wofe_evidence_raster.tif"
    assert open_grid(path, crs="EPSG:3067").shape == (28, 39)


@pytest.mark.parametrize(
    ("crs", "transform", "said"),
    [
        (UTM, from_origin(140.5, -32.5, 0.001, 0.001), "look like degrees"),
        ("EPSG:4326", CORNER, "look like metres"),
        ("EPSG:4326", from_origin(-32.5, 140.5, 0.001, 0.001), "swapped"),
        (UTM, Affine(30, 5, 5e5, 5, -30, 6e6), "rotated by 9.46 degrees"),
        (UTM, Affine(-30, 0, 5e5, 0, -30, 6e6), "from east to west"),
    ],
)
def test_refuses_places_that_cannot_be(tmp_path, noise, crs, transform, said):
    path = write(tmp_path / "a.tif", noise, crs=crs, transform=transform)
    with pytest.raises(DataProblems, match=said):
        open_grid(path)


def test_refuses_no_georeference_complex_values_and_wrong_codes(tmp_path, noise):
    path = write(tmp_path / "a.tif", noise, crs=None, transform=None)
    with pytest.raises(DataProblems, match="no georeference"):
        open_grid(path)
    path = write(tmp_path / "b.tif", noise.astype("complex64"))
    with pytest.raises(DataProblems, match="complex64"):
        open_grid(path)
    path = write(tmp_path / "c.tif", np.ones((2, 2), "uint8"))
    with pytest.raises(DataProblems, match="-9999 cannot occur in uint8"):
        open_grid(path, nodata=-9999)
    with pytest.raises(ValueError, match="chunks must be"):
        open_grid(path, chunks="many")


def test_files_that_are_cut_short(tmp_path):
    values = np.ones((2048, 2048), "float32")
    tiled = {"tiled": True, "blockxsize": 256, "blockysize": 256}
    path = write(tmp_path / "a.tif", values, **tiled)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataProblems, match=r"a\.tif: .*cut short"):
        open_grid(path).compute()
    path.write_bytes(content[:60])
    with pytest.raises(DataProblems, match="cut short"):
        open_grid(path)


def test_damage_found_while_reading_names_the_window(tmp_path):
    values = np.random.default_rng(0).integers(0, 99, (1024, 1024)).astype("uint8")
    path = write(
        tmp_path / "a.tif", values, tiled=True, blockxsize=256, blockysize=256,
        compress="deflate",
    )  # fmt: skip
    content = bytearray(path.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 60_000] = bytes(60_000)
    path.write_bytes(content)
    grid = open_grid(path, chunks=256)
    with pytest.raises(DataProblems, match=r"rows \d+ to \d+, columns \d+") as caught:
        grid.compute()
    assert caught.value.problems[0].file == str(path)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_file_that_changes_is_not_mixed(tmp_path, noise):
    path = write(tmp_path / "a.tif", noise)
    grid = open_grid(path)
    write(path, np.zeros((40, 51), "float32"))
    with (
        dask.config.set(scheduler="threads", pool=None, num_workers=1),
        pytest.raises(DataProblems, match="changed since the grid was opened"),
    ):
        grid.compute()


# ---- writing


@pytest.mark.parametrize("name", ["a.tif", "a.zarr"])
@pytest.mark.parametrize("cog", [True, False])
def test_round_trip_keeps_everything(tmp_path, noise, name, cog):
    grid = grid_of(
        noise,
        name="mag",
        units="nT",
        long_name="残余磁场",
        kind="continuous",
        year=2024,
        parts=["a", "b"],
    )
    before = grid.copy(deep=True)
    path = save_grid(grid, tmp_path / name, cog=cog)
    again = open_grid(path)
    np.testing.assert_array_equal(again.values, noise)
    assert geobox_of(again) == geobox_of(grid)
    assert again.attrs.pop("source") == str(path)
    assert again.attrs == grid.attrs
    assert again.name == "mag"
    assert again.dtype == grid.dtype
    assert grid.identical(before)
    assert [p.name for p in tmp_path.iterdir()] == [name]


@settings(deadline=None, max_examples=20)
@given(
    st.integers(1, 1300),
    st.integers(1, 1300),
    st.integers(100, 700),
    st.integers(100, 700),
)
def test_every_cell_has_its_place(tmp_path_factory, rows, columns, high, wide):
    values = np.arange(rows * columns, dtype="float32").reshape(rows, columns)
    path = tmp_path_factory.mktemp("a") / "a.tif"
    save_grid(grid_of(da.from_array(values, chunks=(high, wide))), path, cog=False)
    with rasterio.open(path) as file:
        np.testing.assert_array_equal(file.read(1), values)


@pytest.mark.parametrize("cog", [True, False])
def test_bytes_do_not_depend_on_blocks_or_threads(tmp_path, cog):
    values = np.random.default_rng(0).normal(size=(1100, 1400)).astype("float32")
    found = set()
    for i, (chunks, workers) in enumerate(
        [(512, 1), (512, 8), ((77, 1400), 4), (99, 3)]
    ):
        grid = grid_of(da.from_array(values, chunks=chunks))
        with dask.config.set(scheduler="threads", num_workers=workers):
            found.add(digest(save_grid(grid, tmp_path / f"{i}.tif", cog=cog)))
    found.add(digest(save_grid(grid_of(values), tmp_path / "whole.tif", cog=cog)))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("codes", "dtype", "nodata"),
    [
        ([0, 254], "uint8", 255),
        ([0, 255], "int16", -32768),
        ([-1, 3], "int16", -32768),
        ([0, 40_000], "uint16", 65535),
        ([-5, 1_000_000], "int32", -(2**31)),
        ([np.nan, np.nan], "uint8", 255),
    ],
)
@pytest.mark.parametrize("cog", [True, False])
def test_categories_become_small_integers(tmp_path, codes, dtype, nodata, cog):
    values = np.array([[*codes, np.nan]])
    classes = {1: "shale", 7: "花岗岩, granite"}
    grid = grid_of(values, kind="categorical", classes=classes)
    path = save_grid(grid, tmp_path / "a.tif", cog=cog)
    with rasterio.open(path) as file:
        assert (file.dtypes[0], file.nodata) == (dtype, nodata)
    again = open_grid(path)
    np.testing.assert_array_equal(again.values, values)
    assert again.attrs["kind"] == "categorical"
    assert again.attrs["classes"] == classes


def test_overviews_of_a_cog_suit_the_kind(tmp_path):
    values = np.tile(np.array([[2, 2, 2, 40]], "float64"), (1200, 300))
    for kind, wanted in (("categorical", {2}), ("continuous", {21, 2})):
        path = save_grid(grid_of(values, kind=kind), tmp_path / f"{kind}.tif")
        with rasterio.open(path) as file:
            assert file.overviews(1)
            assert file.profile["compress"] == "zstd"
            small = file.read(1, out_shape=(600, 600))
        assert set(np.unique(small)) == wanted
        assert rasterio.open(path).tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_plain_file_is_what_gdal_would_write(tmp_path, noise):
    grid = grid_of(noise, units="m")
    path = save_grid(grid, tmp_path / "a.tif", cog=False)
    box = geobox_of(grid)
    other = write(tmp_path / "b.tif", noise, transform=box.affine, nodata=np.nan)
    with rasterio.open(path) as a, rasterio.open(other) as b:
        assert a.crs == b.crs
        assert a.transform == b.transform
        assert np.isnan(a.nodata)
        assert a.units == ("m",)
        assert a.block_shapes == [(512, 512)]
        assert "compress" not in a.profile
        np.testing.assert_array_equal(a.read(1), b.read(1))


@pytest.mark.parametrize("compress", ["deflate", "lzw", "zstd", None])
def test_compression(tmp_path, noise, compress):
    for cog in (True, False):
        path = save_grid(
            grid_of(noise), tmp_path / f"{cog}.tif", cog=cog, compress=compress
        )
        with rasterio.open(path) as file:
            assert file.profile.get("compress") == compress
        np.testing.assert_array_equal(open_grid(path).values, noise)


def test_style_lies_beside(tmp_path, noise):
    save_grid(grid_of(noise), tmp_path / "a.tif", style="<qgis/>")
    assert (tmp_path / "a.qml").read_text() == "<qgis/>"


def test_pointwise_chain_is_one_task_a_block(tmp_path, noise):
    grid = open_grid(write(tmp_path / "a.tif", noise), chunks=16)
    ratio = (grid - 1) / (grid + 1)
    (best,) = dask.optimize(ratio.data)
    assert len(dict(best.dask)) == grid.data.npartitions
    got = open_grid(save_grid(ratio, tmp_path / "b.tif", cog=False))
    np.testing.assert_array_equal(got.values, (noise - 1) / (noise + 1))


def test_a_file_may_be_replaced_by_what_comes_from_it(tmp_path, noise):
    path = write(tmp_path / "a.tif", noise)
    (tmp_path / "a.tif.aux.xml").write_text("<PAMDataset/>")
    save_grid(open_grid(path) * 2, path)
    np.testing.assert_array_equal(open_grid(path).values, noise * 2)
    assert not (tmp_path / "a.tif.aux.xml").exists()


def test_refuses_to_save(tmp_path, noise):
    grid = grid_of(noise)
    with pytest.raises(ValueError, match="Change the suffix"):
        save_grid(grid, tmp_path / "a.png")
    with pytest.raises(ValueError, match="has no CRS"):
        save_grid(grid.drop_vars("spatial_ref"), tmp_path / "a.tif")
    with pytest.raises(ValueError, match="compress must be one of"):
        save_grid(grid, tmp_path / "a.tif", compress="best")
    with pytest.raises(ValueError, match=r"attrs\['kind'\]"):
        save_grid(grid.assign_attrs(kind="class"), tmp_path / "a.tif")
    with pytest.raises(ValueError, match="not whole numbers"):
        save_grid(grid.assign_attrs(kind="categorical"), tmp_path / "a.tif")
    with pytest.raises(ValueError, match="do not fit"):
        save_grid(grid_of(np.array([[1e12]]), kind="categorical"), tmp_path / "a.tif")
    with pytest.raises(ValueError, match="no cells"):
        save_grid(grid[:0], tmp_path / "a.tif")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cog", [True, False])
def test_too_little_room_is_said_before_work_begins(tmp_path, noise, monkeypatch, cog):
    usage = shutil._ntuple_diskusage(10**9, 10**9, 100)
    monkeypatch.setattr(survey._gridsave.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match="are needed while it is written") as caught:
        save_grid(grid_of(noise), tmp_path / "a.tif", cog=cog)
    assert caught.value.errno == errno.ENOSPC
    assert not list(tmp_path.iterdir())


def _full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("cog", [True, False])
@pytest.mark.parametrize("stop", [_full, KeyboardInterrupt])
def test_last_good_result_stays(tmp_path, noise, monkeypatch, cog, stop):
    path = save_grid(grid_of(noise), tmp_path / "a.tif")
    before = digest(path)

    def broken(*_):
        if stop is KeyboardInterrupt:
            raise KeyboardInterrupt
        stop()

    monkeypatch.setattr(survey._tiff, "_put", broken)
    error = KeyboardInterrupt if stop is KeyboardInterrupt else OSError
    with dask.config.set(scheduler="synchronous"), pytest.raises(error) as caught:
        save_grid(grid_of(noise * 2), path, cog=cog)
    if error is OSError:
        assert "the disk is full" in str(caught.value)
    assert digest(path) == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="resource limits of POSIX")
@pytest.mark.parametrize("cog", [True, False])
def test_disk_that_fills_while_writing(tmp_path, cog):
    code = f"""
import resource, numpy as np
from survey import make_geobox, save_grid
from survey._geobox import as_grid
box = make_geobox((0, 30000, 0, 30000), crs="{UTM}", resolution=30)
grid = as_grid(np.random.default_rng(0).normal(size=(1000, 1000)), box)
resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000))
try:
    save_grid(grid, r"{tmp_path / "a.tif"}", cog={cog})
except OSError as error:
    print(error)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        cwd=root,
    )
    assert "the disk is full" in done.stdout, done.stderr[-2000:]
    assert not list(tmp_path.iterdir())
