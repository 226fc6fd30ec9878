"""`prospect geochem background` and `level`, on the synthetic district."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app

BIXI = Path(__file__).parents[3] / "data_samples/synthetic_district"
SEDIMENTS = f"{BIXI}/geochemistry/stream_sediments_gbk.csv"
MAP = ["--polygons", f"{BIXI}/geology/geology.gpkg", "--layer", "units"]
STANDARDS = [
    "--standards", f"{BIXI}/geochemistry/quality_control.csv",
    "--certified", f"{BIXI}/geochemistry/reference_materials.csv",
]  # fmt: skip


def call(verb, *arguments):
    where = ["geochem", verb, SEDIMENTS, "--crs", "EPSG:4547"]
    return CliRunner().invoke(app, [*where, *map(str, arguments)])


def test_background_writes_table_and_charts(tmp_path):
    done = call("background", "--analytes", "Cu_ppm,Ag_ppm", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "background.csv")
    assert table["analyte"].tolist() == ["Cu_ppm"] * 3 + ["Ag_ppm"] * 3
    assert table["threshold"].notna().all()
    figures = sorted(p.name for p in (tmp_path / "figures").iterdir())
    assert figures == [
        "Ag_ppm_distribution.png", "Ag_ppm_probability.png",
        "Cu_ppm_distribution.png", "Cu_ppm_probability.png",
    ]  # fmt: skip
    assert all(name in done.stdout for name in figures)
    assert "Ag_ppm: 54 values below detection enter with their limit" in done.stderr


def test_background_by_rock_adds_residuals(tmp_path):
    done = call(
        "background", "--analytes", "Cu_ppm", "--by", "lithology", *MAP,
        "--methods", "iterative", "-k", 2.5, "--lang", "zh", "--out", tmp_path,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "background.csv")
    assert table["group"].iloc[0] == "(all)"
    assert {"granite", "limestone"} <= set(table["group"])
    assert table["n"].iloc[1:].sum() == table["n"].iloc[0] == 393
    assert "仅有" in " ".join(table["note"].dropna())
    layer = gpd.read_file(tmp_path / "residuals.gpkg")
    assert layer["Cu_ppm_contrast"].notna().all()


def test_background_with_mixtures(tmp_path):
    how = ["--analytes", "Cu_ppm", "--methods", "iterative,mixture"]
    done = call("background", *how, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "mixtures.csv")
    assert set(table["kind"]) == {"lower", "upper", "equal_density"}
    assert (table["low"] <= table["high"]).all()
    assert (tmp_path / "figures" / "Cu_ppm_mixture.png").exists()


def test_level_writes_layer_and_factors(tmp_path):
    file = tmp_path / "level.gpkg"
    done = call(
        "level", "--analytes", "Zn_ppm,Cu_ppm", "--by", "分析批次",
        "--method", "standards", *STANDARDS, "--out", file,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    layer = gpd.read_file(file)
    for name in ("Zn_ppm", "Cu_ppm"):
        parent = layer[f"{name}_unlevelled"] * layer[f"{name}_level_factor"]
        np.testing.assert_allclose(layer[name], parent)
    table = pd.read_csv(tmp_path / "level_factors.csv")
    row = table[(table["analyte"] == "Zn_ppm") & (table["campaign"] == "S2")].iloc[0]
    assert row["low"] < 1 / 1.16 < row["high"]
    assert "Zn_ppm S1: the interval includes 1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--analytes", "Cu_ppb"], "did you mean 'Cu_ppm'"),
        (["--analytes", "Cu_ppm", "--methods", "best"], "unknown methods"),
        (["--analytes", "Cu_ppm", *MAP], "--polygons needs the column"),
    ],
)
def test_background_tells_what_is_wrong(tmp_path, arguments, said):
    done = call("background", *arguments, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_level_tells_what_is_wrong(tmp_path):
    how = ["--analytes", "Cu_ppm", "--by", "分析批次", "--out", tmp_path / "x.gpkg"]
    done = call("level", *how, *STANDARDS[2:])
    assert done.exit_code == 1
    assert "--certified is of use with --standards only" in done.stderr
    done = call("level", *how, "--method", "huber", *STANDARDS)
    assert "no campaign can be levelled by huber" in done.stderr
    assert not list(tmp_path.iterdir())


def test_spatial_u_writes_a_layer(tmp_path):
    out = tmp_path / "u.gpkg"
    done = call(
        "spatial-u", "--analyte", "Cu_ppm", "--radii", "1000,2000,4000",
        "--permutations", 9, "--out", out,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    layer = gpd.read_file(out)
    assert len(layer) == 393
    assert set(layer["Cu_ppm_u_radius"]) <= {1000, 2000, 4000}
    assert layer["Cu_ppm_u_q"].between(0, 1).all()


def test_spatial_u_refuses_radii_that_are_none(tmp_path):
    done = call("spatial-u", "--analyte", "Cu_ppm", "--radii", "0", "--out", tmp_path)
    assert done.exit_code != 0
    assert "Traceback" not in done.output
