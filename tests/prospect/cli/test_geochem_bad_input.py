"""Bad tables and options given to `prospect geochem`: told, and nothing is written."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app

VERBS = {
    "statistics": ["--analytes", "Cu_ppm,Zn_ppm", "--out", "o.csv"],
    "impute": ["--analytes", "Cu_ppm,Zn_ppm", "--out", "o.csv"],
    "clr": ["--analytes", "Cu_ppm,Zn_ppm", "--out", "o.csv"],
    "factors": ["--analytes", "Cu_ppm,Zn_ppm,As_ppm", "--n", "2", "--out", "o"],
    "outliers": ["--analytes", "Cu_ppm,Zn_ppm,As_ppm", "--out", "o.gpkg"],
    "background": ["--analytes", "Cu_ppm,Zn_ppm", "--by", "rock", "--out", "o"],
    "level": ["--analytes", "Cu_ppm", "--by", "rock", "--out", "o.gpkg"],
    "spatial-u": ["--analyte", "Cu_ppm", "--radii", "500", "--out", "o.gpkg"],
    "fractal": ["--analyte", "Cu_ppm", "--draws", "9", "--out", "o"],
    "variogram": ["--analyte", "Cu_ppm", "--out", "o.json"],
    "krige": ["--analyte", "Cu_ppm", "--resolution", "500", "--out", "o.tif"],
    "cross-validate": ["--analyte", "Cu_ppm", "--out", "o.csv"],
    "anomalies": ["--analytes", "Cu_ppm", "--resolution", "500", "--out", "o"],
    "cells": ["--out", "o.gpkg"],
    "rgnr": ["--out", "o.csv"],
}
WITH_ANALYTES = [verb for verb, options in VERBS.items() if "Cu_ppm" in str(options)]


@pytest.fixture
def soil(tmp_path):
    """Writer of a table of 40 samples, changed at will."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"sample_id": [f"s{i}" for i in range(40)]})
    table["x"] = 500_000 + rng.uniform(0, 3000, 40)
    table["y"] = 4_000_000 + rng.uniform(0, 3000, 40)
    for name in ("Cu_ppm", "Zn_ppm", "As_ppm"):
        table[name] = rng.lognormal(2, 0.5, 40).round(2)
    table["rock"] = np.where(table.index % 2, "granite", "basalt")
    table = table.astype(object)

    def write(change=None, rows=40):
        changed = table.iloc[:rows].copy()
        if change is not None:
            change(changed)
        changed.to_csv(tmp_path / "soil.csv", index=False)
        return tmp_path / "soil.csv"

    return write


def refused(tmp_path, verb, table, *more):
    """Code and messages of a command that must fail and leave nothing."""
    folder = tmp_path / "out"
    folder.mkdir()
    options = list(VERBS[verb])
    options[-1] = folder / options[-1]
    arguments = ["geochem", verb, table, "--crs", "EPSG:32633", *options, *more]
    done = CliRunner().invoke(app, [*map(str, arguments)])
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in {1, 3}, done.output
    assert not list(folder.rglob("*.*"))
    return done.exit_code, done.stderr


@pytest.mark.parametrize("verb", VERBS)
def test_a_table_without_rows(soil, tmp_path, verb):
    code, said = refused(tmp_path, verb, soil(rows=0))
    assert code == 3
    assert "soil.csv" in said
    assert "the table has no rows" in said


@pytest.mark.parametrize("verb", WITH_ANALYTES)
def test_a_column_of_text(soil, tmp_path, verb):
    flag = next(each for each in VERBS[verb] if each.startswith("--analyte"))
    code, said = refused(tmp_path, verb, soil(), flag, "rock")
    assert code == 1
    assert "rock" in said
    assert "basalt" in said or "read_samples" in said


@pytest.mark.parametrize(
    ("names", "said"), [("", "names no analyte"), ("Cu_ppm,Cu_ppm", "Cu_ppm twice")]
)
@pytest.mark.parametrize("verb", ["statistics", "background", "level", "anomalies"])
def test_no_analyte_or_one_twice(soil, tmp_path, verb, names, said):
    assert said in refused(tmp_path, verb, soil(), "--analytes", names)[1]


def without_values(table):
    table["Cu_ppm"] = ""


def below_detection(table):
    table["Cu_ppm"] = "<5"


def of_one_value(table):
    table[["Cu_ppm", "Zn_ppm", "As_ppm"]] = 7.0


def far_away(table):
    table.loc[3, "x"] = 9e9


def of_one_campaign(table):
    table["rock"] = "granite"


@pytest.mark.parametrize(
    ("verb", "change", "said"),
    [
        ("impute", without_values, "no value at all"),
        ("anomalies", without_values, "too few values"),
        ("anomalies", below_detection, "State it with thresholds="),
        ("background", below_detection, "no group has a background"),
        ("factors", of_one_value, "fewer dimensions"),
        ("outliers", of_one_value, "fewer dimensions"),
        ("cells", far_away, "cells (rows × columns) of 2 km"),
        ("level", of_one_campaign, "Levelling needs two"),
    ],
)
def test_tables_that_cannot_serve(soil, tmp_path, verb, change, said):
    assert said in refused(tmp_path, verb, soil(change))[1]


@pytest.mark.parametrize(
    ("verb", "options", "said"),
    [
        ("statistics", ["--limits", "As_ppm=1"], "limits for ['As_ppm']"),
        ("statistics", ["--limits", "Cu_ppm=-1"], "a positive number"),
        ("clr", ["--denominator", "Cu_ppm"], "--ratios alr only"),
        ("variogram", ["--models", ""], "names no model"),
        ("variogram", ["--out", "o.csv"], "written as .json"),
        ("cross-validate", ["--neighbours", "0"], "Got 0"),
        ("anomalies", ["--resolution", "0"], "above 0 metres"),
        ("anomalies", ["--threshold", "Qq=4"], "thresholds for ['Qq']"),
        ("anomalies", ["-k", "0.5", "--min-area", "1e9"], "smaller min_area_km2"),
        ("spatial-u", ["--radii", "x"], "metres separated by commas"),
        ("level", ["--out", "o.docx"], "not to 'o.docx'"),
    ],
)
def test_options_that_make_no_sense(soil, tmp_path, monkeypatch, verb, options, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(tmp_path, verb, soil(), *options)[1]
    assert not list(tmp_path.glob("o*.*"))


def test_anomalies_count_what_is_below_detection_or_too_small(soil, tmp_path):
    def change(table):
        table.loc[:4, "Cu_ppm"] = "<3"
        table.loc[5, "Cu_ppm"] = ">30"

    done = CliRunner().invoke(
        app,
        [
            "geochem", "anomalies", str(soil(change)), "--crs", "EPSG:32633",
            "--analytes", "Cu_ppm", "--resolution", "100", "-k", "0.5",
            "--min-area", "0.05", "--out", str(tmp_path / "out"),
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Cu_ppm: 5 values below detection enter with their limit" in done.stderr
    assert "Cu_ppm: 5 samples below detection entered as half" in done.stderr
    assert "Cu_ppm: 1 samples above the range of the method" in done.stderr
    assert "anomalies smaller than 0.05 km² are left out" in done.stderr
