"""
Readers of products, on files written to the layouts the agencies publish.

No real sample of these products is at hand, small enough and free: what is tested here
is that the published layout is read rightly, not that every delivered file follows it.
"""

import h5py
import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401
from rasterio.transform import Affine, from_origin

from spectral import open_cube, open_product, sensor_bands

ROWS, COLUMNS = 6, 5


def raster(path, values, *, nodata=None, transform=None, crs="EPSG:32650", **more):
    values = values if values.ndim == 3 else values[None]
    with rasterio.open(
        path, "w", driver=more.pop("driver", "GTiff"), dtype=values.dtype,
        count=len(values), height=values.shape[1], width=values.shape[2], crs=crs,
        transform=transform or from_origin(500_000, 3_400_000, 30, 30), nodata=nodata,
        **more,
    ) as file:  # fmt: skip
        file.write(values)
    return path


def stored(bands, low=500, high=6000, dtype="int16", seed=2):
    rng = np.random.default_rng(seed)
    return rng.integers(low, high, (bands, ROWS, COLUMNS)).astype(dtype)


def told(cube):
    return " | ".join(cube.attrs["notes"])


# -- EMIT -----------------------------------------------------------------------------


@pytest.fixture
def emit(tmp_path):
    rng = np.random.default_rng(1)
    values = rng.uniform(0.05, 0.6, (ROWS, COLUMNS, 8)).astype("float32")
    values[2, 3] = -9999
    path = tmp_path / "EMIT_L2A_RFL_001_x.nc"
    glt_x, glt_y = np.zeros((9, 7), "int32"), np.zeros((9, 7), "int32")
    for row in range(ROWS):
        for column in range(COLUMNS):
            glt_x[row + 1, column + row // 3] = column + 1
            glt_y[row + 1, column + row // 3] = row + 1
    with h5py.File(path, "w") as file:
        file.attrs["geotransform"] = [110.0, 0.0006, 0, 30.0, 0, -0.0006]
        file.attrs["spatial_ref"] = "EPSG:4326"
        data = file.create_dataset("reflectance", data=values)
        data.attrs["_FillValue"] = np.float32([-9999])
        bands = file.create_group("sensor_band_parameters")
        bands["wavelengths"] = np.linspace(400, 2400, 8).astype("float32")
        bands["fwhm"] = np.full(8, 8.5, "float32")
        bands["good_wavelengths"] = np.array([1, 1, 1, 0, 1, 1, 1, 1], "uint8")
        file["location/glt_x"], file["location/glt_y"] = glt_x, glt_y
    return path, values, glt_x, glt_y


def test_emit_swath(emit):
    path, values, *_ = emit
    cube = open_product(path, part="swath")
    expected = np.where(values == -9999, np.nan, values).transpose(2, 0, 1)
    np.testing.assert_array_equal(cube, expected)
    assert cube["bad_bands"].values.tolist() == [False] * 3 + [True] + [False] * 4
    np.testing.assert_allclose(cube["fwhm"], 8.5)
    assert cube.attrs["quantity"] == "reflectance"
    assert cube.rio.crs is None


@pytest.mark.parametrize("chunks", ["auto", {"y": 2, "x": 3}])
def test_emit_on_the_map(emit, chunks):
    path, values, glt_x, glt_y = emit
    cube = open_cube(path, chunks=chunks)
    assert cube.shape == (8, 9, 7)
    for row, column in np.ndindex(9, 7):
        found = cube.values[:, row, column]
        if glt_x[row, column] == 0:
            assert np.isnan(found).all()
            continue
        pixel = values[glt_y[row, column] - 1, glt_x[row, column] - 1]
        np.testing.assert_array_equal(found, np.where(pixel == -9999, np.nan, pixel))
    assert float(cube.x[0]) == pytest.approx(110.0003)
    assert cube.rio.crs.to_epsg() == 4326
    assert "look-up table" in told(cube)


def test_emit_errors(emit):
    path, *_ = emit
    with pytest.raises(ValueError, match=r"one of \('map', 'swath'\)"):
        open_product(path, part="SWIR")
    with h5py.File(path, "a") as file:
        del file["location"]
    with pytest.raises(ValueError, match="no look-up table"):
        open_product(path, part="map")
    assert open_cube(path).shape == (8, ROWS, COLUMNS)


# -- PRISMA ---------------------------------------------------------------------------


def prisma(path, *, corners="centres"):
    rng = np.random.default_rng(3)
    vnir = rng.integers(1, 60_000, (ROWS, 4, COLUMNS)).astype("uint16")
    swir = rng.integers(1, 60_000, (ROWS, 3, COLUMNS)).astype("uint16")
    vnir[0, :, 0] = swir[0, :, 0] = 0
    half = 0 if corners == "centres" else 15
    with h5py.File(path, "w") as file:
        attrs = file.attrs
        attrs["List_Cw_Vnir"] = np.float32([700, 600, 500, 0])
        attrs["List_Fwhm_Vnir"] = np.float32([11, 11, 11, 0])
        attrs["List_Cw_Swir"] = np.float32([2300, 2200, 2100])
        attrs["List_Fwhm_Swir"] = np.float32([12, 12, 12])
        for part, high in (("Vnir", 1.2), ("Swir", 0.9)):
            attrs[f"L2Scale{part}Min"], attrs[f"L2Scale{part}Max"] = 0.0, high
        attrs["Epsg_Code"] = 32650
        attrs["Product_ULcorner_easting"] = 500_015.0 - half
        attrs["Product_ULcorner_northing"] = 3_399_985.0 + half
        attrs["Product_LRcorner_easting"] = 500_015.0 + 30 * (COLUMNS - 1) + half
        attrs["Product_LRcorner_northing"] = 3_399_985.0 - 30 * (ROWS - 1) - half
        fields = file.create_group("HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields")
        fields["VNIR_Cube"], fields["SWIR_Cube"] = vnir, swir
    return vnir, swir


@pytest.mark.parametrize("corners", ["centres", "edges"])
def test_prisma(tmp_path, corners):
    path = tmp_path / "PRS_L2D.he5"
    vnir, swir = prisma(path, corners=corners)
    cube = open_cube(path)
    good = cube.isel(wavelength=~cube["bad_bands"].values)
    assert good["wavelength"].values.tolist() == [500, 600, 700, 2100, 2200, 2300]
    np.testing.assert_allclose(
        good.sel(wavelength=600).values[1:], vnir[1:, 1] * 1.2 / 65535, rtol=1e-6
    )
    np.testing.assert_allclose(
        good.sel(wavelength=2300).values[1:], swir[1:, 0] * 0.9 / 65535, rtol=1e-6
    )
    assert np.isnan(cube.values[:, 0, 0]).all()
    assert float(cube.x[0]) == 500_015
    assert float(cube.y[0]) == 3_399_985
    assert "1 bands without wavelength" in told(cube)
    only = open_product(path, part="SWIR")
    assert only.sizes["wavelength"] == 3


def test_prisma_with_a_span_that_fits_nothing(tmp_path):
    path = tmp_path / "PRS_L2D.he5"
    prisma(path)
    with h5py.File(path, "a") as file:
        file.attrs["Product_LRcorner_easting"] = 500_900.0
    cube = open_cube(path)
    assert cube.rio.crs is None
    assert "left without map coordinates" in told(cube)
    with pytest.raises(ValueError, match=r"one of \('VNIR', 'SWIR'\)"):
        open_product(path, part="10m")


# -- EnMAP and DESIS ------------------------------------------------------------------


def described(sensor, centres):
    tag, centre, width, gain, offset = {
        "ENMAP01": ("bandID", "wavelengthCenterOfBand", "FWHMOfBand", "GainOfBand",
                    "OffsetOfBand"),
        "DESIS": ("band", "wavelengthCenterOfBand", "wavelengthWidthOfBand",
                  "gainOfBand", "offsetOfBand"),
    }[sensor]  # fmt: skip
    bands = "".join(
        f'<{tag} number="{i}"><{centre}>{wave}</{centre}><{width}>8.5</{width}>'
        f"<{gain}>0.0001</{gain}><{offset}>0</{offset}></{tag}>"
        for i, wave in enumerate(centres, 1)
    )
    return (
        f"<level_X><specific><bandCharacterisation>{bands}</bandCharacterisation>"
        "</specific></level_X>"
    )


@pytest.mark.parametrize("sensor", ["ENMAP01", "DESIS"])
@pytest.mark.parametrize("given", ["folder", "metadata", "image"])
def test_enmap_and_desis(tmp_path, sensor, given):
    stem = f"{sensor}-____L2A-DT0000001_20220601T000000Z"
    meta = tmp_path / f"{stem}-METADATA.XML"
    meta.write_text(described(sensor, [420.5, 560.25, 2200.0]))
    values = stored(3)
    values[:, 1, 1] = -32768
    image = raster(tmp_path / f"{stem}-SPECTRAL_IMAGE.TIF", values, nodata=-32768)
    cube = open_cube({"folder": tmp_path, "metadata": meta, "image": image}[given])
    assert cube["wavelength"].values.tolist() == [420.5, 560.25, 2200.0]
    expected = np.where(values == -32768, np.nan, values / 1e4)
    np.testing.assert_allclose(cube, expected, rtol=1e-6)
    assert cube.attrs["quantity"] == "reflectance"
    assert cube.rio.crs.to_epsg() == 32650


def test_enmap_errors(tmp_path):
    stem = "ENMAP01-____L2A-DT1"
    meta = tmp_path / f"{stem}-METADATA.XML"
    meta.write_text(described("ENMAP01", [420.5, 560.25]))
    with pytest.raises(FileNotFoundError, match="has no image"):
        open_cube(tmp_path)
    raster(tmp_path / f"{stem}-SPECTRAL_IMAGE.TIF", stored(3))
    with pytest.raises(ValueError, match=r"describes 2 bands.*has 3"):
        open_cube(tmp_path)
    meta.write_text("<a><b></a>")
    with pytest.raises(ValueError, match="cut or edited"):
        open_cube(tmp_path)
    meta.write_text('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(ValueError, match="no plain XML"):
        open_cube(tmp_path)
    meta.write_text(described("ENMAP01", [420.5, "x", 560.25]))
    with pytest.raises(ValueError, match="'x' where <wavelengthCenterOfBand>"):
        open_cube(tmp_path)


# -- Sentinel-2 -----------------------------------------------------------------------


def safe(folder, *, offset=-1000, suffix="tif"):
    images = folder / "GRANULE" / "L2A_T50" / "IMG_DATA" / "R20m"
    images.mkdir(parents=True)
    values = {}
    for i, band in enumerate(("B02", "B8A", "B11", "B12")):
        values[band] = stored(1, low=1100, dtype="uint16", seed=i)[0]
        values[band][0, 0] = 0
        driver = {"tif": "GTiff", "jp2": "JP2OpenJPEG"}[suffix]
        lossless = {"QUALITY": "100", "REVERSIBLE": "YES"} if suffix == "jp2" else {}
        raster(images / f"T50_20230101_{band}_20m.{suffix}", values[band],
               driver=driver, **lossless)  # fmt: skip
    offsets = "".join(
        f'<BOA_ADD_OFFSET band_id="{i}">{offset}</BOA_ADD_OFFSET>' for i in range(13)
    )
    (folder / "MTD_MSIL2A.xml").write_text(
        '<n1:Level-2A xmlns:n1="https://psd"><SPACECRAFT_NAME>Sentinel-2B'
        "</SPACECRAFT_NAME><BOA_QUANTIFICATION_VALUE>10000</BOA_QUANTIFICATION_VALUE>"
        f"{offsets if offset else ''}</n1:Level-2A>"
    )
    return values


@pytest.mark.parametrize("offset", [-1000, None])
def test_sentinel2_takes_the_offset_of_the_metadata(tmp_path, offset):
    values = safe(tmp_path / "S2B.SAFE", offset=offset)
    cube = open_cube(tmp_path / "S2B.SAFE")
    assert cube["band"].values.tolist() == ["B02", "B8A", "B11", "B12"]
    expected = (values["B11"].astype(float) + (offset or 0)) / 10_000
    expected[0, 0] = np.nan
    np.testing.assert_allclose(cube.isel(wavelength=2), expected, rtol=1e-5, atol=1e-7)
    table = sensor_bands("sentinel2b").set_index("band")
    np.testing.assert_allclose(cube["fwhm"][1], table.loc["B8A", "fwhm"])
    assert ("no offset" in told(cube)) == (offset is None)


def test_sentinel2_jpeg2000(tmp_path):
    values = safe(tmp_path / "S2B.SAFE", suffix="jp2")
    cube = open_cube(tmp_path / "S2B.SAFE" / "MTD_MSIL2A.xml")
    np.testing.assert_allclose(
        cube.values[0, 1:], (values["B02"][1:].astype(float) - 1000) / 1e4, rtol=1e-5
    )


def test_sentinel2_errors(tmp_path):
    safe(tmp_path / "S2B.SAFE")
    with pytest.raises(ValueError, match="no image of 10m"):
        open_product(tmp_path / "S2B.SAFE", part="10m")
    with pytest.raises(ValueError, match="one of"):
        open_product(tmp_path / "S2B.SAFE", part="VNIR")
    images = tmp_path / "S2B.SAFE" / "GRANULE" / "L2A_T50" / "IMG_DATA" / "R20m"
    raster(images / "T50_20230101_B12_20m.tif", stored(1, dtype="uint16"),
           transform=from_origin(0, 0, 20, 20))  # fmt: skip
    with pytest.raises(ValueError, match="differ in place"):
        open_cube(tmp_path / "S2B.SAFE")


# -- Landsat --------------------------------------------------------------------------


def landsat(folder, *, level=2):
    stem = f"LC08_L{level}SP_123039_20210101_20210108_02_T1"
    mark = "_SR_B" if level == 2 else "_B"
    values = stored(7, low=8000, high=30_000, dtype="uint16")
    values[:, 0, 0] = 0
    for i in range(7):
        raster(folder / f"{stem}{mark}{i + 1}.TIF", values[i])
    raster(folder / f"{stem}{'_ST_B10' if level == 2 else '_B10'}.TIF", values[0])
    lines = ['SPACECRAFT_ID = "LANDSAT_8"', "SUN_ELEVATION = 30.0"]
    lines += [f"REFLECTANCE_MULT_BAND_{i} = 2.75e-05" for i in range(1, 10)]
    lines += [f"REFLECTANCE_ADD_BAND_{i} = -0.2" for i in range(1, 10)]
    meta = folder / f"{stem}_MTL.txt"
    meta.write_text("GROUP = X\n  " + "\n  ".join(lines) + "\nEND\n")
    return values, meta


@pytest.mark.parametrize("level", [1, 2])
def test_landsat(tmp_path, level):
    values, meta = landsat(tmp_path, level=level)
    cube = open_cube(tmp_path)
    assert cube.sizes["wavelength"] == 7
    sine = 1.0 if level == 2 else np.sin(np.deg2rad(30))
    expected = (values[6] * 2.75e-5 - 0.2) / sine
    expected[0, 0] = np.nan
    np.testing.assert_allclose(cube.isel(wavelength=-1), expected, rtol=1e-4, atol=1e-6)
    assert cube["band"].values.tolist() == [f"B{i}" for i in range(1, 8)]
    assert ("top of the atmosphere" in told(cube)) == (level == 1)
    meta.write_text(meta.read_text().replace("REFLECTANCE_ADD_BAND_3", "X"))
    with pytest.raises(ValueError, match="REFLECTANCE_ADD_BAND_3"):
        open_cube(meta)


def test_landsat_at_night(tmp_path):
    _, meta = landsat(tmp_path, level=1)
    meta.write_text(meta.read_text().replace("30.0", "-12.0"))
    with pytest.raises(ValueError, match="sun elevation of -12"):
        open_cube(tmp_path)


# -- ASTER ----------------------------------------------------------------------------


def test_aster(tmp_path):
    values = {}
    for part, bands in {"VNIR": ("B01", "B02", "B3N", "B3B"),
                        "SWIR": ("B04", "B05", "B06")}.items():  # fmt: skip
        for i, band in enumerate(bands):
            values[band] = stored(1, low=50, high=700, seed=i)[0]
            raster(tmp_path / f"AST_07XT_00404242002_SRF_{part}_{band}.tif",
                   values[band], nodata=-9999)  # fmt: skip
    cube = open_cube(tmp_path)
    assert cube["band"].values.tolist() == ["B04", "B05", "B06"]
    np.testing.assert_allclose(cube.values[1], values["B05"] / 1000, rtol=1e-6)
    assert "part='VNIR'" in told(cube)
    near = open_product(tmp_path, part="VNIR")
    assert near["band"].values.tolist() == ["B01", "B02", "B3N"]
    assert open_cube(tmp_path / "AST_07XT_00404242002_SRF_VNIR_B02.tif").shape[0] == 3
    with pytest.raises(ValueError, match="no TIR band"):
        open_product(tmp_path, part="TIR")


def test_aster_counts_and_hdf4(tmp_path):
    raster(tmp_path / "AST_L1T_004_SWIR_B04.tif", stored(1, 20, 250, "uint8"))
    cube = open_cube(tmp_path)
    assert cube.attrs["quantity"] == "digital number"
    assert "no reflectance" in told(cube)
    path = tmp_path / "AST_L1T_004.hdf"
    path.write_bytes(b"\x0e\x03\x13\x01" + b"\0" * 50)
    with pytest.raises(ValueError, match="HDF4, which this reader cannot open"):
        open_cube(path)


# -- AHSI -----------------------------------------------------------------------------


def ahsi(folder, *, craft="GF5", calibrated=True):
    stem = f"{craft}_AHSI_E110.0_N30.0_20200101_L10000"
    near, far = stored(4, 1, 900, "uint16"), stored(3, 1, 900, "uint16", seed=7)
    raster(folder / f"{stem}_VN.geotiff", near)
    raster(folder / f"{stem}_SW.geotiff", far)
    waves = {"VNIR": (400, 500, 600, 1000), "SWIR": (995, 1500, 2200)}
    for part, centres in waves.items():
        rows = "\n".join(f"{wave}\t8.4" for wave in centres)
        (folder / f"GF5_AHSI_Spectralresponse_{part}.raw").write_text(rows + "\n")
        if calibrated:
            rows = "\n".join(f"0.1,{i}" for i in range(len(centres)))
            (folder / f"GF5_AHSI_RadCal_{part}.raw").write_text(rows)
    return near, far


@pytest.mark.parametrize("craft", ["GF5", "ZY1E"])
def test_ahsi_radiance(tmp_path, craft):
    near, far = ahsi(tmp_path, craft=craft)
    cube = open_cube(tmp_path)
    assert (np.diff(cube["wavelength"]) > 0).all()
    assert cube.attrs["quantity"] == "radiance"
    np.testing.assert_allclose(cube.isel(wavelength=1), near[1] * 0.1 + 1, rtol=1e-6)
    np.testing.assert_allclose(cube.isel(wavelength=-1), far[2] * 0.1 + 2, rtol=1e-6)
    only = open_product(tmp_path, part="SWIR")
    assert only["wavelength"].values.tolist() == [995, 1500, 2200]


def test_ahsi_counts_and_errors(tmp_path):
    ahsi(tmp_path, calibrated=False)
    assert open_cube(tmp_path).attrs["quantity"] == "digital number"
    table = tmp_path / "GF5_AHSI_Spectralresponse_SWIR.raw"
    table.write_text("1000 8\n")
    with pytest.raises(ValueError, match="has 1 bands, the image of SWIR 3"):
        open_cube(tmp_path)
    table.write_text("1000\n" * 3)
    with pytest.raises(ValueError, match="has not two numbers"):
        open_cube(tmp_path)
    table.unlink()
    with pytest.raises(FileNotFoundError, match="no table of wavelengths of SWIR"):
        open_cube(tmp_path)
    with pytest.raises(ValueError, match=r"one of \('VNIR', 'SWIR'\)"):
        open_product(tmp_path, part="10m")


def test_what_is_no_product(tmp_path):
    path = raster(tmp_path / "plain.tif", stored(2), transform=Affine.identity())
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        open_product(tmp_path / "none")
    with pytest.raises(ValueError, match="is no product"):
        open_product(path, part="SWIR")
