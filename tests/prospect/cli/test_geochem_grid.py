"""Variograms and gridding from the command line."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app
from prospect.gridding import VariogramModel
from survey import open_grid

FIELDS = ["--crs", "EPSG:32633"]


@pytest.fixture
def soil(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0, 2000, (2, 300)) + np.array([[500_000], [4_000_000]])
    cu = 20 + 8 * np.sin(x / 200) * np.cos(y / 250) + rng.normal(0, 1, 300)
    table = pd.DataFrame({"sample_id": range(300), "x": x, "y": y, "Cu_ppm": cu})
    path = tmp_path / "soil.csv"
    table.astype({"Cu_ppm": str}).assign(
        Cu_ppm=lambda t: t["Cu_ppm"].where(t.index > 1, "<5")
    ).to_csv(path, index=False)
    return path


def call(*arguments):
    return CliRunner().invoke(app, ["geochem", *map(str, arguments)])


def test_from_variogram_to_map(soil, tmp_path):
    model = tmp_path / "cu.json"
    done = call(
        "variogram", soil, *FIELDS, "--analyte", "Cu_ppm", "--out", model,
        "--models", "spherical, gaussian",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "VariogramModel(" in done.stdout
    assert "2 of 300 samples are below detection" in done.stderr
    fitted = VariogramModel.from_dict(json.loads(model.read_text()))
    assert fitted.range > 100
    assert len(pd.read_csv(tmp_path / "cu.csv")) == 15
    assert (tmp_path / "cu.png").stat().st_size > 10_000

    grid = tmp_path / "cu.tif"
    done = call(
        "krige", soil, *FIELDS, "--analyte", "Cu_ppm", "--out", grid, "--model", model,
        "--resolution", 50, "--lang", "zh",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "低于检出限" in done.stderr
    assert done.stdout.split() == [str(grid), str(tmp_path / "cu_variance.tif")]
    estimate, variance = open_grid(grid), open_grid(tmp_path / "cu_variance.tif")
    assert estimate.shape == (40, 40)
    assert float(variance.min()) >= 0
    x, y = np.meshgrid(estimate["x"], estimate["y"])
    truth = 20 + 8 * np.sin(x / 200) * np.cos(y / 250)
    assert np.sqrt(((estimate - truth) ** 2).mean()) < 1.5

    table = tmp_path / "held.csv"
    done = call(
        "cross-validate", soil, *FIELDS, "--analyte", "Cu_ppm", "--out", table,
        "--model", model, "--neighbours", 30, "--block-size", 400,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "leave_one_out\t300" in done.stdout
    assert "spatial_blocks\t300" in done.stdout
    assert len(pd.read_csv(table)) == 300


@pytest.mark.parametrize("method", ["krige", "idw", "natural"])
def test_grid_by_method_on_another_grid(soil, tmp_path, method):
    first = tmp_path / "first.tif"
    done = call(
        "grid", soil, *FIELDS, "--analyte", "Cu_ppm", "--out", first,
        "--method", method, "--resolution", 100, "--max-distance", 300,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    again = tmp_path / "again.tif"
    done = call(
        "grid", soil, *FIELDS, "--analyte", "Cu_ppm", "--out", again,
        "--method", method, "--like", first, "--max-distance", 300,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    np.testing.assert_allclose(open_grid(again), open_grid(first), rtol=1e-5)


def test_options_of_kriging(soil, tmp_path):
    done = call(
        "krige", soil, *FIELDS, "--analyte", "Cu_ppm", "--out", tmp_path / "a.tif",
        "--resolution", 100, "--drift", "linear", "--neighbours", 16, "--sectors", 4,
        "--max-distance", 500, "--project", "EPSG:32634",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert open_grid(tmp_path / "a.tif").rio.crs.to_epsg() == 32634


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["krige", "--resolution", "50", "--like", "{soil}"], "state either"),
        (["krige"], "state either --resolution"),
        (["krige", "--resolution", "50", "--model", "{soil}"], "is no variogram"),
        (["variogram", "--azimuth", "north"], "degrees separated by commas"),
        (["variogram", "--n-lags", "300", "--lag", "1"], "Take wider classes"),
        (["cross-validate", "--block-size", "9000"], "hold all places in one"),
    ],
)
def test_errors_are_said_plainly(soil, tmp_path, arguments, said):
    verb, *rest = (each.format(soil=soil) for each in arguments)
    out = tmp_path / "out.json"
    done = call(verb, soil, *FIELDS, "--analyte", "Cu_ppm", "--out", out, *rest)
    assert done.exit_code == 1
    assert said in done.stderr
    assert not out.exists()


def test_degrees_are_refused_with_a_system_that_suits(tmp_path):
    path = tmp_path / "soil.csv"
    path.write_text("x,y,Cu_ppm\n118.5,34.1,3\n118.6,34.2,5\n118.7,34.3,4\n")
    done = call(
        "krige", path, "--crs", "EPSG:4490", "--analyte", "Cu_ppm", "--out",
        tmp_path / "a.tif", "--resolution", 500,
    )  # fmt: skip
    assert done.exit_code == 1
    assert "CGCS2000" in done.stderr
