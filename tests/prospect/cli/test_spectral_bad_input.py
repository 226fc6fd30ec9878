"""Commands on cubes: what cannot be mapped is refused early, and nothing is left."""

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
    "detect": ["--method", "rx"],
    "features": ["--window", "2140,2240"],
    "fit": ["--library", "pure.csv", "--window", "2140,2240"],
    "index": ["r2180 / r2160"],
    "reduce": ["-n", "2"],
    "unmix": ["--library", "pure.csv"],
    "mesma": ["--library", "pure.csv"],
    "minerals": [],
    "alteration": [],
}


def run(*args):
    return CliRunner().invoke(app, ["spectral", *map(str, args)])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A cube without a place, and two spectra beside it."""
    monkeypatch.chdir(tmp_path)
    values = np.random.default_rng(3).uniform(0.2, 0.6, (WAVES.size, 5, 6))
    cube = xr.DataArray(
        values.astype("float32"),
        {
            "wavelength": WAVES,
            "fwhm": ("wavelength", np.full(WAVES.size, 10.0)),
            "y": np.arange(5.0),
            "x": np.arange(6.0),
        },
        ("wavelength", "y", "x"),
        name="scene",
        attrs={"units": "1", "quantity": "reflectance"},
    )
    save_cube(cube, tmp_path / "scene.img")
    rows = ["name," + ",".join(f"{wave:g}" for wave in WAVES)]
    rows += [f"{n}," + ",".join(["0.4"] * 19 + [end]) for n, end in (("a", "0.5"),)]
    (tmp_path / "pure.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


@pytest.mark.parametrize("command", MAPPERS)
def test_a_cube_without_a_place_is_refused_before_work(folder, command):
    before = sorted(folder.iterdir())
    out = "map.tif" if command == "match" else "maps"
    result = run(command, "scene.img", *MAPPERS[command], "--out", out)
    assert result.exit_code == 1
    assert "has no georeference" in result.stderr
    assert "Georeference it first" in result.stderr
    assert sorted(folder.iterdir()) == before


def test_a_range_the_wrong_way_round(folder):
    given = ["--library", "pure.csv", "--out", "map.tif", "--range", "2250-2150"]
    cube = xr.DataArray(
        np.full((WAVES.size, 2, 2), 0.4, "float32"),
        {"wavelength": WAVES, "y": [25.0, 15.0], "x": [5.0, 15.0]},
        ("wavelength", "y", "x"),
    ).rio.write_crs("EPSG:32650")
    save_cube(cube, "placed.tif")
    result = run("match", "placed.tif", *given)
    assert result.exit_code == 1
    assert "lower end first, 2150-2250" in result.stderr


def test_a_type_that_is_none_is_told_without_a_trace(folder):
    result = run("convert", "scene.img", "--out", "other.img", "--dtype", "foo")
    assert result.exit_code == 1
    assert "'foo'" in result.stderr
    assert not (folder / "other.img").exists()
