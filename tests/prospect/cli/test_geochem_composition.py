"""The commands on censored and compositional data."""

import io

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app
from survey import read_samples


@pytest.fixture
def soil(tmp_path):
    random = np.random.default_rng(1)
    rows = ["id,x,y,As_ppm,Cu_ppm,Fe_pct"]
    for i in range(40):
        level = random.normal()
        arsenic = np.exp(level + random.normal(0, 0.3))
        copper, iron = 20 * np.exp(0.5 * level), 3 + 0.2 * random.normal()
        told = "<0.8" if arsenic < 0.8 else f"{arsenic:.3f}"
        place = f"{500000 + i},{4000000 + i * i}"
        rows.append(f"S{i},{place},{told},{copper:.3f},{iron:.3f}")
    path = tmp_path / "soil.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def call(*arguments):
    words = ["geochem", *map(str, arguments)]
    return CliRunner().invoke(app, [*words, "--crs", "EPSG:32650"])


def test_statistics_for_scripts(soil, tmp_path):
    done = call("statistics", soil, "--analytes", "As_ppm,Cu_ppm")
    assert done.exit_code == 0, done.output
    found = pd.read_csv(io.StringIO(done.stdout), sep="\t").set_index("analyte")
    hidden = read_samples(soil, crs="EPSG:32650")["As_ppm_censored"].mean()
    assert found.loc["As_ppm", "share_censored"] == pytest.approx(hidden)
    assert found.loc["Cu_ppm", "n_censored"] == 0
    path = tmp_path / "table.csv"
    options = ("--analytes", "As_ppm", "--method", "mle", "--out", path)
    done = call("statistics", soil, *options)
    assert done.stdout.strip() == str(path)
    assert pd.read_csv(path)["mean"][0] > 0


def test_impute_then_log_ratios(soil, tmp_path):
    names = ("--analytes", "As_ppm,Cu_ppm,Fe_pct")
    done = call("clr", soil, *names, "--out", tmp_path / "no.gpkg")
    assert done.exit_code == 3
    assert "below detection" in done.output
    imputed = tmp_path / "imputed.gpkg"
    done = call("impute", soil, *names, "--out", imputed)
    assert done.exit_code == 0, done.output
    assert "are imputed by lr_em" in done.output
    again = read_samples(imputed)
    hidden = again["As_ppm_censored"]
    assert (again.loc[hidden, "As_ppm"] < 0.8).all()
    for ratios, column in (("clr", "As_clr"), ("ilr", "ilr_1"), ("alr", "As_alr")):
        path = tmp_path / f"{ratios}.gpkg"
        more = ("--denominator", "Fe_pct") if ratios == "alr" else ()
        done = call("clr", imputed, *names, "--ratios", ratios, *more, "--out", path)
        assert done.exit_code == 0, done.output
        assert "brought to ppm" in done.output
        assert np.isfinite(gpd.read_file(path)[column]).all()


def test_chinese_and_other_formats(soil, tmp_path):
    path = tmp_path / "imputed.csv"
    names = ("--analytes", "As_ppm,Cu_ppm", "--method", "mult_repl")
    done = call("impute", soil, *names, "--lang", "zh", "--out", path)
    assert done.exit_code == 0, done.output
    assert "插补" in done.output
    assert pd.read_csv(path)["As_ppm"].min() == pytest.approx(0.52)
    done = call("clr", soil, *names[:2], "--lang", "zh", "--out", path)
    assert done.exit_code == 3
    assert "发现错误 1 个" in done.output


def test_limits_and_wrong_options(soil, tmp_path):
    path = tmp_path / "x.csv"
    start = ("impute", soil, "--analytes", "As_ppm,Cu_ppm", "--out", path)
    done = call(*start, "--method", "mult_repl", "--limits", "As_ppm=0.4")
    assert done.exit_code == 0, done.output
    assert pd.read_csv(path)["As_ppm"].min() == pytest.approx(0.26)
    done = call(*start, "--limits", "As_ppm:0.4")
    assert done.exit_code == 1
    assert "write it as As_ppm=0.5" in done.output
    done = call(*start, "--method", "half")
    assert done.exit_code == 1
    assert "method must be one of" in done.output
    clr = ("clr", soil, "--analytes", "Fe_pct,Cu_ppm", "--out", path)
    assert "needs --denominator" in call(*clr, "--ratios", "alr").output
    assert "use clr, alr or ilr" in call(*clr, "--ratios", "plr").output
    assert call(*clr).exit_code == 0
