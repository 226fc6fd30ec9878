"""The commands on cubes themselves: told, shown, converted."""

import io

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import spectral
from prospect.cli._app import app

STRIP = "data_samples/synthetic_district/imagery/swir_strip.img"


def call(*arguments):
    return CliRunner().invoke(app, ["spectral", *map(str, arguments)])


@pytest.fixture
def unnamed(tmp_path):
    values = np.random.default_rng(1).random((3, 6, 8)).astype("float32")
    cube = xr.DataArray(
        values, {"wavelength": [490.0, 560, 665]}, ("wavelength", "y", "x")
    )
    path = spectral.save_cube(cube, tmp_path / "a.img")
    header = path.with_suffix(".hdr")
    text = header.read_text(encoding="utf-8").split("wavelength units")[0]
    header.write_text(text + "band names = {B2, B3, B4}\n", encoding="utf-8")
    return path


def test_info_for_scripts():
    done = call("info", STRIP, "--report")
    assert done.exit_code == 0, done.output
    facts, table = done.stdout.split("\n\n")
    told = dict(line.split("\t") for line in facts.splitlines())
    assert told["Size"] == "100 bands × 40 rows × 60 columns"
    assert told["Coordinate system"] == "EPSG:4547"
    assert told["Note"] == "values were divided by the declared 10000"
    assert told["Pixels"] == "2,400"
    found = pd.read_csv(io.StringIO(table), sep="\t")
    cube = spectral.open_cube(STRIP)
    np.testing.assert_allclose(found["max"], cube.max(("y", "x")), rtol=1e-4)
    assert found["missing"].max() == 0


def test_info_table_and_chinese(tmp_path):
    path = tmp_path / "bands.csv"
    done = call("info", STRIP, "--out", path, "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert "100 波段 × 40 行 × 60 列" in done.stdout
    assert "反射率" in done.stdout
    assert len(pd.read_csv(path)) == 100


def test_bands_of_a_sensor(unnamed, tmp_path):
    done = call("info", unnamed)
    assert done.exit_code == 1
    assert "says no wavelengths of its 3 bands (B2, B3, B4)" in done.output
    done = call("info", unnamed, "--sensor", "sentinel2a")
    assert done.exit_code == 0, done.output
    assert "492.4" in done.stdout
    assert "64.3" in done.stdout
    named = tmp_path / "named.tif"
    done = call("convert", unnamed, "--wavelengths", "490,560,665", "--out", named)
    assert done.exit_code == 0, done.output
    found = spectral.open_cube(named)
    assert found["wavelength"].to_numpy().tolist() == [490, 560, 665]
    done = call("info", unnamed, "--sensor", "sentinel2a", "--wavelengths", "1,2,3")
    assert done.exit_code == 1
    assert "one of --sensor, --wavelengths and --part" in done.output


def test_quicklook(tmp_path):
    path = tmp_path / "strip.png"
    done = call("quicklook", STRIP, "--out", path, "--bands", "2330,2200,2100")
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(path)
    assert path.read_bytes()[:4] == b"\x89PNG"
    for bands in ("swir", "2200"):
        assert call("quicklook", STRIP, "--out", path, "--bands", bands).exit_code == 0
    done = call("quicklook", STRIP, "--out", path, "--stretch", "low")
    assert done.exit_code == 1
    assert "--stretch 'low': write 2 numbers" in done.output
    done = call("quicklook", STRIP, "--out", path, "--bands", "natural")
    assert "no good bands near 640" in done.output


def test_convert(tmp_path):
    cube = spectral.open_cube(STRIP)
    for name, options in (
        ("a.tif", ()),
        ("b.img", ("--interleave", "bip")),
        ("c.img", ("--dtype", "int16", "--times", "10000")),
    ):
        path = tmp_path / name
        done = call("convert", STRIP, "--out", path, *options)
        assert done.exit_code == 0, done.output
        found = spectral.open_cube(path)
        np.testing.assert_array_equal(found, cube)
        xr.testing.assert_identical(
            found["fwhm"].drop_attrs(), cube["fwhm"].drop_attrs()
        )
    done = call("convert", STRIP, "--out", tmp_path / "d.img", "--dtype", "int16")
    assert done.exit_code == 1
    assert "needs a scale" in done.output
    assert not (tmp_path / "d.img").exists()


def test_remedies_are_options(unnamed, tmp_path):
    done = call("info", unnamed)
    assert (
        "--wavelengths 490,560,665, or by name of band, --sensor senti" in done.output
    )
    assert "open_cube" not in done.output
    whole = tmp_path / "whole.img"
    done = call("convert", STRIP, "--out", whole, "--dtype", "int16", "--times", 10000)
    assert done.exit_code == 0, done.output
    header = whole.with_suffix(".hdr")
    text = header.read_text(encoding="utf-8")
    header.write_text(text.replace("reflectance scale factor", "note"), "utf-8")
    assert "with --scale 10000" in call("info", whole).output
    assert call("info", whole, "--scale", 10000).exit_code == 0
    done = call("info", STRIP, "--crs", "nonsense")
    assert done.exit_code == 1
    assert "--crs 'nonsense' is no coordinate system that is known" in done.output
    for options, told in (
        (("--dtype", "foo"), "--dtype is one of uint8, int16"),
        (("--dtype", "int16"), "needs a scale, or it becomes 0 and 1: --dtype int16 "),
        (("--times", "0"), "--times is above zero, not 0"),
        (("--dtype", "uint8", "--times", "10000"), "Choose other --times or --dtype f"),
    ):
        done = call("convert", STRIP, "--out", tmp_path / "d.img", *options)
        assert done.exit_code == 1
        assert told in done.output


def test_no_product_and_no_header(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert f"folder {tmp_path.name} is no product (" in call("info", ".").output
    (tmp_path / "a.img").write_bytes(b"1234")
    (tmp_path / "a.hdr").write_text("garbage", encoding="utf-8")
    done = call("info", "a.img")
    assert "a.hdr cannot be read: it begins with 'garbage'" in done.output


def test_negative_values_are_not_lost(tmp_path):
    values = np.full((2, 3, 3), 0.3, "float32")
    values[0, 0, 0] = -0.002
    cube = xr.DataArray(values, {"wavelength": [500.0, 600]}, ("wavelength", "y", "x"))
    path = spectral.save_cube(cube, tmp_path / "a.img")
    options = ("--out", tmp_path / "b.img", "--times", 10000, "--dtype")
    done = call("convert", path, *options, "uint16")
    assert done.exit_code == 1
    assert "1 values are negative, which uint16 cannot hold" in done.output
    assert "Keep them with --dtype int16 or --dtype float32" in done.output
    assert call("convert", path, *options, "int16").exit_code == 0
    found = spectral.open_cube(tmp_path / "b.img")
    np.testing.assert_allclose(found, values, atol=1e-6)
