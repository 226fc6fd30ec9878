"""`prospect geochem factors`, `outliers`, `index` and `diagram`."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app

FOLDER = "data_samples/synthetic_district/geochemistry/"
SOILS = [FOLDER + "soils.csv", "--crs", "EPSG:4547"]
ANALYTES = ["--analytes", "Cu_ppm,Au_ppb,Mo_ppm,As_ppm,Pb_ppm,Zn_ppm"]


def run(*arguments):
    return CliRunner().invoke(app, ["geochem", *map(str, arguments)])


@pytest.fixture
def rocks(tmp_path):
    random = np.random.default_rng(0)
    names = [
        "SiO2",
        "Al2O3",
        "CaO",
        "Na2O",
        "K2O",
        "P2O5",
        "MgO",
        "TFe2O3",
        "TiO2",
        "MnO",
    ]
    usual = np.array([66, 15, 3.5, 3.3, 2.8, 0.15, 2.5, 5.6, 0.6, 0.1])
    values = usual * np.exp(0.05 * random.normal(size=(30, 10)))
    table = pd.DataFrame(values, columns=[f"{name}(%)" for name in names])
    table.insert(0, "sample_id", [f"R{i}" for i in range(30)])
    table["x"], table["y"] = 500_000 + np.arange(30), 4_000_000
    path = tmp_path / "rocks.csv"
    table.to_csv(path, index=False)
    return [path, "--crs", "EPSG:4547"]


@pytest.mark.parametrize("command", ["factors", "outliers", "index", "diagram"])
def test_help(command):
    done = run(command, "-h")
    assert done.exit_code == 0
    assert "Usage" in done.output


@pytest.mark.parametrize("method", ["pca", "principal"])
def test_factors_writes_scores_loadings_and_pictures(tmp_path, method):
    done = run(
        "factors", *SOILS, *ANALYTES, "--n", 2, "--method", method, "--impute", "lr_em",
        "--groups", "batch", "--out", tmp_path, "--lang", "zh",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    first = "PC1" if method == "pca" else "F1"
    layer = gpd.read_file(tmp_path / "scores.gpkg")
    assert layer[first].notna().all()
    assert layer.crs.to_epsg() == 4547
    loadings = pd.read_csv(tmp_path / "loadings.csv", index_col="analyte")
    assert loadings.index[-1] == "share of variance"
    assert loadings.loc["Cu_ppm", first] * loadings.loc["Mo_ppm", first] > 0
    assert ("uniqueness" in loadings) == (method == "principal")
    for name in ("biplot", "analytes"):
        assert (tmp_path / f"{name}.png").stat().st_size > 10_000


def test_outliers(tmp_path):
    done = run("outliers", *SOILS, *ANALYTES, "--out", tmp_path / "o.gpkg")
    assert done.exit_code == 0, done.output
    layer = gpd.read_file(tmp_path / "o.gpkg")
    assert f"{layer['outlier_chi2'].sum()} / 1122" in done.output
    assert layer["contribution_Cu_ppm"].notna().all()


def test_index(tmp_path, rocks):
    done = run(
        "index", *rocks[:1], "cia,ccpi", *rocks[1:], "--out", tmp_path / "i.gpkg"
    )
    assert done.exit_code == 0, done.output
    assert "cia: n = 30 / 30, median 5" in done.output
    assert gpd.read_file(tmp_path / "i.gpkg")["ccpi"].between(40, 60).all()
    listed = run("index", rocks[0], "list", "--lang", "zh")
    assert "化学蚀变指数" in listed.output


def test_diagram(tmp_path, rocks):
    out = tmp_path / "out"
    done = run("diagram", rocks[0], "tas", *rocks[1:], "--out", out, "--lang", "zh")
    assert done.exit_code == 0, done.output
    assert "英安岩: 3" in done.output or "英安岩: 2" in done.output
    layer = gpd.read_file(out / "tas.gpkg")
    assert set(layer["tas_field"]) <= {"dacite", "rhyolite", "andesite"}
    assert (out / "tas.png").stat().st_size > 10_000
    done = run("diagram", rocks[0], "harker", *rocks[1:], "--out", out)
    assert done.exit_code == 0, done.output
    assert not (out / "harker.gpkg").exists()
    assert "tas\t" in run("diagram", rocks[0], "list").output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["factors", *SOILS, "--analytes", "Cu_ppm,Xx_ppm", "--out", "{}"], "'Xx_ppm'"),
        (["factors", *SOILS, *ANALYTES, "--n", "9", "--out", "{}"], "n_components=9"),
        (
            ["index", FOLDER + "soils.csv", "cia", *SOILS[1:], "--out", "{}/a.gpkg"],
            "needs",
        ),
        (["index", FOLDER + "soils.csv", "cia", *SOILS[1:]], "--out is missing"),
        (
            ["diagram", FOLDER + "soils.csv", "taz", *SOILS[1:], "--out", "{}"],
            "no diagram",
        ),
    ],
)
def test_refusals(tmp_path, arguments, message):
    done = run(*(each.format(tmp_path) for each in arguments))
    assert done.exit_code == 1
    assert message in " ".join(done.output.split())
    assert not any(tmp_path.iterdir())
