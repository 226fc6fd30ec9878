"""`prospect geochem anomalies`, `cells` and `rgnr` on the sample district."""

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app

FOLDER = "data_samples/synthetic_district/geochemistry/"
GBK = [FOLDER + "stream_sediments_gbk.csv", "--crs", "EPSG:4547"]


def run(*arguments):
    return CliRunner().invoke(app, ["geochem", *map(str, arguments)])


@pytest.mark.parametrize("command", ["", "anomalies", "cells", "rgnr"])
def test_help(command):
    done = run(*command.split(), "-h")
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_anomalies_writes_layers_maps_register_and_report(tmp_path):
    done = run(
        "anomalies", *GBK, "--analytes", "Cu_ppm,Au_ppb", "--resolution", 200,
        "--threshold", "Cu_ppm=60", "--min-area", 0.5, "--method", "natural_neighbour",
        "--out", tmp_path, "--lang", "zh",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    for name in ("composites", "anomalies", "zones"):
        layer = gpd.read_file(tmp_path / f"{name}.gpkg")
        assert len(layer) > 0
        assert layer.crs.to_epsg() == 4547
    anomalies = gpd.read_file(tmp_path / "anomalies.gpkg")
    assert set(anomalies["analyte"]) == {"Cu_ppm", "Au_ppb"}
    copper = anomalies[anomalies["analyte"] == "Cu_ppm"]
    assert (copper["threshold"] == 60).all()
    assert (copper["area_km2"] >= 0.5).all()
    assert (tmp_path / "maps" / "Cu_ppm.tif").stat().st_size > 1000
    assert "综合异常编号" in pd.read_excel(tmp_path / "register.xlsx").columns
    assert "地球化学异常" in (tmp_path / "report.html").read_text(encoding="utf-8")
    background = pd.read_csv(tmp_path / "background.csv")
    assert background["method"].tolist() == ["stated", "iterative"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--analytes", "Xx_ppm"], 1, "no column 'Xx_ppm'"),
        (["--analytes", "Cu_ppm", "--threshold", "Cu"], 1, "is not a threshold"),
        (["--analytes", "Cu_ppm", "--threshold", "Cu_ppm=1e9"], 1, "has an anomaly"),
    ],
)
def test_anomalies_refuses(tmp_path, options, code, message):
    done = run("anomalies", *GBK, *options, "--resolution", 500, "--out", tmp_path)
    assert done.exit_code == code
    assert message in " ".join(done.output.split())
    assert not any(tmp_path.iterdir())


def test_cells_numbers_samples_and_counts_the_empty_ones(tmp_path):
    out = tmp_path / "cells.gpkg"
    done = run("cells", *GBK, "--scale", "1:200000", "--out", out)
    assert done.exit_code == 0, done.output
    cells = gpd.read_file(out)
    assert cells["n_samples"].sum() == 393
    numbered = gpd.read_file(tmp_path / "cells_samples.gpkg")
    assert numbered["plan_number"].is_unique
    assert "samples a km²" in done.output


def test_rgnr_lists_what_is_missing(tmp_path):
    out = tmp_path / "rgnr.csv"
    done = run("rgnr", *GBK, "--out", out)
    assert done.exit_code == 0, done.output
    assert "32 of 39 missing" in done.output
    assert len(pd.read_csv(out)) == 39
