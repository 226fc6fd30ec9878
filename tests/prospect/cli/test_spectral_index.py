"""The commands of spectral indices, on a cube written here."""

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401 - the accessor rio
import xarray as xr
from typer.testing import CliRunner

from prospect.cli._app import app
from spectral import save_cube
from spectral.indices import spectral_index
from survey import open_grid


def call(*arguments):
    return CliRunner().invoke(app, ["spectral", *map(str, arguments)])


@pytest.fixture
def scene(tmp_path):
    rng = np.random.default_rng(5)
    wavelength = np.arange(400.0, 2500.0, 10)
    values = rng.uniform(0.1, 0.5, (wavelength.size, 6, 7)).astype("float32")
    cube = xr.DataArray(
        values,
        dims=("wavelength", "y", "x"),
        coords={
            "wavelength": wavelength,
            "fwhm": ("wavelength", np.full(wavelength.size, 10.0)),
            "y": 4_000_000.0 - 30 * np.arange(6),
            "x": 500_000.0 + 30 * np.arange(7),
        },
        attrs={"units": "1", "quantity": "reflectance"},
    ).rio.write_crs(32650)
    save_cube(cube, tmp_path / "scene.img")
    return tmp_path / "scene.img", cube


def test_indices_and_formulas_become_grids(scene, tmp_path):
    path, cube = scene
    folder = tmp_path / "maps"
    done = call("index", path, "ndvi", "depth_2200", "r2180 / r2165", "--out", folder)
    assert done.exit_code == 0, done.output
    files = [folder / f"{name}.tif" for name in ("ndvi", "depth_2200", "index_3")]
    assert done.stdout.split() == [str(file) for file in files]
    assert "depth_2200: r2205 = 2200.0 nm" in done.stderr
    for file, name in zip(files, ("ndvi", "depth_2200", "r2180 / r2165"), strict=True):
        grid = open_grid(file)
        np.testing.assert_allclose(grid, spectral_index(name, cube), rtol=1e-5)
        assert grid.rio.crs.to_epsg() == 32650


def test_table_of_indices(tmp_path):
    done = call("indices", "--domain", "snow", "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "name\tdomain\tzh\tformula",
        "ndsi\tsnow\t归一化积雪指数\t(green - swir1) / (green + swir1)",
    ]
    file = tmp_path / "aster.csv"
    done = call("indices", "--sensor", "aster", "--out", file)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(file, index_col="name")
    assert "tir_8650 = B11" in table.loc["quartz", "bands_used"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ndv"], "no index 'ndv'. Did you mean ['ndvi'"),
        (["quartz"], "tir_8650 (8574-8694 nm; nearest good band 2490 nm)"),
        (["ndvi", "--sensor", "moon"], "no sensor 'moon'"),
        (["ndvi", "ndvi"], "an index stands twice"),
    ],
)
def test_refusals(scene, tmp_path, arguments, message):
    done = call("index", scene[0], *arguments, "--out", tmp_path / "maps")
    assert done.exit_code == 1
    assert message in done.stderr
    assert not (tmp_path / "maps").exists()
