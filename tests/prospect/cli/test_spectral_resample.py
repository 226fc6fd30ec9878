"""The commands that resample spectra and list sensors."""

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401 - the accessor rio
import xarray as xr
from typer.testing import CliRunner

from prospect.cli._app import app
from spectral import open_cube, resample, save_cube, sensor_bands


def call(*arguments):
    return CliRunner().invoke(app, ["spectral", *map(str, arguments)])


@pytest.fixture
def scene(tmp_path):
    wavelength = np.arange(400.0, 2500.0, 10)
    values = np.random.default_rng(5).uniform(0.1, 0.5, (wavelength.size, 4, 5))
    cube = xr.DataArray(
        values.astype("float32"),
        dims=("wavelength", "y", "x"),
        coords={
            "wavelength": wavelength,
            "fwhm": ("wavelength", np.full(wavelength.size, 10.0)),
            "y": 4_000_000.0 - 30 * np.arange(4),
            "x": 500_000.0 + 30 * np.arange(5),
        },
        attrs={"units": "1", "quantity": "reflectance"},
    ).rio.write_crs(32650)
    save_cube(cube, tmp_path / "scene.img")
    return tmp_path / "scene.img", cube


def test_cube_to_a_sensor(scene, tmp_path):
    path, cube = scene
    out = tmp_path / "aster.img"
    done = call("resample", path, "--sensor", "aster", "--out", out)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(out)
    assert "5 of 14 bands have less than 90%" in done.stderr
    found, expected = open_cube(out), resample(cube, sensor="aster")
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found["bad_bands"].to_numpy().tolist() == [False] * 9 + [True] * 5


def test_cube_like_another_and_by_curves(scene, tmp_path):
    path, cube = scene
    other = cube[10:100:5].assign_coords(wavelength=cube["wavelength"][10:100:5] + 3)
    save_cube(other, tmp_path / "other.img")
    done = call(
        "resample", path, "--like", tmp_path / "other.img", "--out", tmp_path / "a.img"
    )
    assert done.exit_code == 0, done.output
    np.testing.assert_allclose(
        open_cube(tmp_path / "a.img"), resample(cube, like=other), rtol=1e-5
    )
    (tmp_path / "B1.csv").write_text("wavelength,B1\n600,0\n650,1\n700,0\n")
    done = call(
        "resample",
        path,
        "--responses",
        tmp_path / "B1.csv",
        "--out",
        tmp_path / "b.tif",
    )
    assert done.exit_code == 0, done.output
    assert float(open_cube(tmp_path / "b.tif")["wavelength"].item()) == 650


def slope(name, wavelength):
    names = ",".join(f"{nm:g}" for nm in wavelength)
    values = ",".join(f"{nm / 4000:g}" for nm in wavelength)
    return f"name,{names}\n{name},{values}\n"


def test_spectra_on_two_grids_to_a_table(tmp_path):
    folder, out = tmp_path / "spectra", tmp_path / "found.csv"
    folder.mkdir()
    (folder / "one.csv").write_text(slope("one", np.arange(400.0, 901.0, 10)))
    (folder / "two.csv").write_text(slope("two", np.arange(380.0, 951.0, 5)))
    done = call("resample", folder, "--sensor", "gf1", "--out", out)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out).set_index("name")
    centres = sensor_bands("gf1")["wavelength"]
    for name in ("one", "two"):
        found = table.loc[name, [f"{nm:g}" for nm in centres]].astype(float)
        np.testing.assert_allclose(found, centres / 4000, rtol=1e-5)
    assert "grid 2, 1 spectra" in done.stderr


def test_spectra_beyond_the_sensor(tmp_path):
    (tmp_path / "one.csv").write_text(slope("one", np.arange(2000.0, 2401.0, 10)))
    out = tmp_path / "found.csv"
    done = call("resample", tmp_path / "one.csv", "--sensor", "gf1", "--out", out)
    assert done.exit_code == 1
    assert "they do not overlap" in done.stderr
    assert not out.exists()


def test_sensors(tmp_path):
    done = call("sensors")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1].startswith("sentinel2a\tSentinel-2A MSI\t")
    done = call("sensors", "WV3", "--out", tmp_path / "wv3.csv")
    assert done.exit_code == 0, done.output
    assert pd.read_csv(tmp_path / "wv3.csv")["band"].tolist()[-1] == "SWIR8"
    assert call("sensors", "moon").exit_code == 1


def test_refusals(scene, tmp_path):
    path, _ = scene
    done = call("resample", path, "--out", tmp_path / "a.img")
    assert done.exit_code == 1
    assert "state one target" in done.stderr
    done = call("resample", path, "--sensor", "emit", "--out", tmp_path / "a.png")
    assert "name a cube (.img, .tif) or a table (.csv)" in done.stderr
