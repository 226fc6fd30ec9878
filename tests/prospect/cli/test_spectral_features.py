"""The commands on absorption features."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app
from spectral import open_cube
from spectral.mapping import fit_features, minimum_wavelength, remove_continuum
from survey import open_grid

STRIP = Path(__file__).parents[3] / (
    "data_samples/synthetic_district/imagery/swir_strip.hdr"
)


def call(*arguments):
    return CliRunner().invoke(app, ["spectral", *map(str, arguments)])


@pytest.fixture
def library(tmp_path):
    waves = np.arange(2000, 2500, 5.0)

    def dip(centre, width, depth):
        return 1 - depth * np.exp(-(((waves - centre) / width) ** 2))

    table = pd.DataFrame(
        {
            "wavelength": waves,
            "white mica": 0.42 * dip(2203, 16, 0.34) * dip(2348, 22, 0.16),
            "calcite": 0.48 * dip(2340, 20, 0.3),
            "chlorite": 0.24 * dip(2252, 18, 0.16) * dip(2338, 26, 0.34),
        }
    )
    path = tmp_path / "library.csv"
    table.to_csv(path, index=False)
    return path


def test_maps_of_position_and_shape(tmp_path):
    options = ("--window", "2120,2245", "--method", "gaussian", "--min-depth", 0.03)
    done = call("features", STRIP, *options, "--shape", "--out", tmp_path / "maps")
    assert done.exit_code == 0, done.output
    names = [Path(line).name for line in done.stdout.split()]
    assert names == [
        "position.tif", "depth.tif", "residual.tif", "width.tif", "area.tif",
        "asymmetry.tif", "position.png",
    ]  # fmt: skip
    told = {"method": "gaussian", "min_depth": 0.03}
    found = minimum_wavelength(open_cube(STRIP), (2120, 2245), **told).compute()
    for name in found:
        grid = open_grid(tmp_path / "maps" / f"{name}.tif")
        np.testing.assert_allclose(grid, found[name], rtol=1e-6)
    width = open_grid(tmp_path / "maps" / "width.tif")
    assert width.attrs["units"] == "nm"
    np.testing.assert_array_equal(np.isnan(width), np.isnan(found["position"]))


def test_table_of_a_library(library, tmp_path):
    path = tmp_path / "features.csv"
    done = call("features", library, "--out", path, "--window", "2100,2450")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(path).set_index(["spectrum", "order"])["position"]
    assert table["calcite", 1] == pytest.approx(2340, abs=0.5)
    assert table["white mica", 1] == pytest.approx(2203, abs=0.5)
    assert table["chlorite", 2] == pytest.approx(2252, abs=2)


def test_continuum(tmp_path):
    path = tmp_path / "removed.img"
    done = call("continuum", STRIP, "--window", "2100,2400", "--out", path)
    assert done.exit_code == 0, done.output
    whole = remove_continuum(open_cube(STRIP), window=(2100, 2400))
    np.testing.assert_allclose(open_cube(path), whole, rtol=1e-6)
    options = ("--window", "2100,2120,2380,2400", "--method", "shoulders", "--keep")
    done = call("continuum", STRIP, *options, "--out", tmp_path / "line.tif")
    assert done.exit_code == 0, done.output
    line = open_cube(tmp_path / "line.tif", wavelength=whole["wavelength"].values)
    np.testing.assert_allclose(line.diff("wavelength", 2), 0, atol=1e-6)


def test_fit(library, tmp_path):
    windows = ("--window", "2120,2240", "--window", "2270,2290,2380,2400")
    start = ("fit", STRIP, "--library", library, *windows, "--min-depth", 0.05)
    done = call(*start, "--out", tmp_path / "best")
    assert done.exit_code == 0, done.output
    classes = open_grid(tmp_path / "best" / "class.tif")
    shares = np.unique(classes.values, return_counts=True)
    assert set(shares[0]) >= {0, 1}
    assert "white mica" in classes.attrs["classes"].values()
    done = call(*start, "--every", "--out", tmp_path / "every")
    assert done.exit_code == 0, done.output
    from spectral.library import load_library

    cube = open_cube(STRIP)
    references = load_library(library, like=cube)
    found = fit_features(cube, references, [(2120, 2240), (2270, 2290, 2380, 2400)])
    mica = next(n for n in found["target"].to_numpy() if "mica" in str(n))
    grid = open_grid(tmp_path / "every" / "depth_white_mica.tif")
    np.testing.assert_allclose(grid, found["depth"].sel(target=mica), atol=1e-6)


def test_wrong_options(library, tmp_path):
    done = call("features", STRIP, "--out", tmp_path / "x")
    assert done.exit_code == 1
    assert "maps need --window" in done.output
    done = call("features", STRIP, "--window", "2100-2300", "--out", tmp_path / "x")
    assert "write it as 2100,2300" in done.output
    done = call("features", STRIP, "--window", "2600,2700", "--out", tmp_path / "x")
    assert "holds 0 bands" in done.output
    done = call("fit", STRIP, "--library", library, "--out", tmp_path / "x",
                "--window", "2010,2030", "--spectra", "calcite")  # fmt: skip
    assert done.exit_code == 1
    assert "no reference has a feature" in done.output
