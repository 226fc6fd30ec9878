"""The commands on minerals, reasons and alteration."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401
from typer.testing import CliRunner

from prospect.cli._app import app
from spectral import open_cube
from spectral.mapping import (
    alteration_zones,
    identify_minerals,
    mineral_groups,
    read_mineral_rules,
)
from survey import open_grid

STRIP = Path(__file__).parents[3] / (
    "data_samples/synthetic_district/imagery/swir_strip.hdr"
)


def call(*arguments):
    return CliRunner().invoke(app, ["spectral", *map(str, arguments)])


@pytest.fixture(scope="module")
def found():
    return identify_minerals(
        open_cube(STRIP).compute(), read_mineral_rules(), scores=True
    )


def test_minerals(tmp_path, found):
    done = call("minerals", STRIP, "--out", tmp_path / "maps")
    assert done.exit_code == 0, done.output
    names = [Path(line).name for line in done.stdout.split()]
    assert names == [
        "mineral.tif", "fit.tif", "depth.tif", "second.tif", "margin.tif", "group.tif",
        "abundance.tif", "mineral.png", "group.png", "minerals.csv",
    ]  # fmt: skip
    assert "could not be judged" in done.stderr
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == sorted(names)
    mineral = open_grid(tmp_path / "maps" / "mineral.tif")
    np.testing.assert_array_equal(mineral, found["mineral"])
    assert mineral.attrs["kind"] == "categorical"
    assert mineral.attrs["classes"][21] == "calcite"
    assert mineral.rio.crs is not None
    group = open_grid(tmp_path / "maps" / "group.tif")
    np.testing.assert_array_equal(group, mineral_groups(found))
    table = pd.read_csv(tmp_path / "maps" / "minerals.csv").set_index("class")
    assert table["pixels"].sum() == mineral.size
    assert table["share"].is_monotonic_decreasing


def test_minerals_in_chinese_with_noise(tmp_path):
    options = ("--lang", "zh", "--noise", 0.002, "--range", "swir")
    done = call("minerals", STRIP, "--out", tmp_path, *options)
    assert done.exit_code == 0, done.output
    certainty = open_grid(tmp_path / "certainty.tif")
    assert 0.5 < float(certainty.mean()) <= 1
    assert "方解石" in open_grid(tmp_path / "mineral.tif").attrs["classes"].values()


def test_explain(tmp_path):
    done = call("explain", STRIP, "--at", "531500,3406500", "--out", tmp_path / "a.png")
    assert done.exit_code == 0, done.output
    assert "[chosen]" in done.stdout
    assert "the shape fits by" in done.stdout
    assert (tmp_path / "a.png").stat().st_size > 10_000
    done = call(
        "explain", STRIP, "--at", "531500,3406500", "--out", tmp_path / "a.csv",
        "--lang", "zh", "--candidates", 2,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "拟合度" in done.stdout
    assert pd.read_csv(tmp_path / "a.csv")["rank"].max() == 2


@pytest.mark.parametrize("at", ["5,5", "here"])
def test_explain_says_where_the_cube_is(at):
    done = call("explain", STRIP, "--at", at)
    assert done.exit_code == 1
    assert "outside the cube" in done.stderr or "write it as" in done.stderr


def test_alteration(tmp_path, found):
    done = call("alteration", STRIP, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    zones = alteration_zones(found)
    for name in ("argillic", "carbonate"):
        grid = open_grid(tmp_path / f"{name}.tif")
        np.testing.assert_allclose(grid, zones[name], atol=1e-6)
        assert grid.attrs["long_name"] == zones[name].attrs["long_name"]


def test_mica_rules_need_their_library(tmp_path, real_data):
    folder = real_data("spectral/usgs_splib07_1nm_rules")
    options = ("--rules", folder / "mica_rules.json", "--out", tmp_path)
    done = call("minerals", STRIP, *options)
    assert done.exit_code == 1
    assert "77 reference spectra" in done.stderr
    library = folder / "splib07_77_reference_spectra_1nm.csv"
    done = call("minerals", STRIP, *options, "--library", library)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "minerals.csv")
    assert table["class"].iloc[0].startswith("calcite")


def test_a_broken_rule_file_is_told_whole(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text("[rules.a]\nen = 3\ngroup = 'x'\n", encoding="utf-8")
    done = call("minerals", STRIP, "--rules", path, "--out", tmp_path / "maps")
    assert done.exit_code == 1
    assert "rules.toml has 3 problems" in done.stderr
    assert not (tmp_path / "maps").exists()
