"""Commands on a cube without values say that their maps are empty."""

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from typer.testing import CliRunner

from prospect.cli._app import app
from spectral import save_cube

WAVES = np.arange(2100.0, 2300, 10)
MAPPERS = {
    "match": ["--library", "pure.csv"],
    "features": ["--window", "2140,2240"],
    "fit": ["--library", "pure.csv", "--window", "2140,2240"],
    "index": ["r2180 / r2160"],
    "minerals": [],
}


def run(command, *args):
    out = "map.tif" if command == "match" else "maps"
    words = ["spectral", command, "scene.tif", *MAPPERS[command], *args, "--out", out]
    return CliRunner().invoke(app, words)


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Write a cube of the values, and a library beside it."""
    monkeypatch.chdir(tmp_path)
    dip = 0.5 - 0.2 * np.exp(-(((WAVES - 2200) / 20) ** 2))
    rows = ["name," + ",".join(f"{wave:g}" for wave in WAVES)]
    rows.append("clay," + ",".join(f"{value:.6f}" for value in dip))
    (tmp_path / "pure.csv").write_text("\n".join(rows) + "\n")

    def write(known):
        values = np.where(known, dip[:, None, None], np.nan).astype("float32")
        at = {"wavelength": WAVES, "y": 85.0 - 10 * np.arange(4), "x": [5.0, 15.0, 25]}
        cube = xr.DataArray(values, at, ("wavelength", "y", "x"))
        cube = cube.assign_coords(fwhm=("wavelength", np.full(WAVES.size, 10.0)))
        save_cube(cube.rio.write_crs("EPSG:32650"), "scene.tif")

    return write


@pytest.mark.parametrize("command", MAPPERS)
def test_a_cube_without_values_is_told(save, command):
    save(np.zeros((WAVES.size, 4, 3), bool))
    done = run(command)
    assert done.exit_code == 0, done.output
    assert "no pixel has a value" in done.stderr
    assert "No pixel of scene.tif has values in all 20 good bands" in done.stderr
    done = run(command, "--lang", "zh")
    assert "没有任何像元" in done.stderr


@pytest.mark.parametrize("command", MAPPERS)
def test_one_pixel_is_enough(save, command):
    known = np.zeros((WAVES.size, 4, 3), bool)
    known[:, 1, 1] = True
    save(known)
    done = run(command)
    assert done.exit_code == 0, done.output
    assert "no pixel has a value" not in done.stderr


def test_where_the_cube_has_values_it_is_not_blamed(save):
    save(np.ones((WAVES.size, 4, 3), bool))
    done = run("features", "--min-depth", "0.9")
    assert "position.tif" in done.stderr
    assert "No pixel of" not in done.stderr
