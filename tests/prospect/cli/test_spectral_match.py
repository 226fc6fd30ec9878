"""Matching from the command line: the classes of the library's own call, counted."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app
from survey import open_grid

WAVE = np.arange(2000, 2400, 25)
SHAPE = (12, 20)


@pytest.fixture
def scene(tmp_path):
    """ENVI image, left half clay with a feature at 2200 nm, right half calcite."""
    values = np.empty((WAVE.size, *SHAPE), "float32")
    values[:, :, :10] = spectrum(2200)[:, None, None]
    values[:, :, 10:] = spectrum(2340)[:, None, None]
    values *= np.linspace(0.5, 1, SHAPE[0])[:, None]
    values += np.random.default_rng(0).normal(0, 0.002, values.shape)
    values[:, 0, 0] = -9999
    values.astype("<f4").tofile(tmp_path / "scene.img")
    (tmp_path / "scene.hdr").write_text(
        f"""ENVI
samples = {SHAPE[1]}
lines = {SHAPE[0]}
bands = {WAVE.size}
data type = 4
interleave = bsq
byte order = 0
data ignore value = -9999
map info = {{UTM, 1, 1, 500000, 4000000, 30, 30, 50, North, WGS-84}}
wavelength units = Nanometers
wavelength = {{{", ".join(map(str, WAVE))}}}
"""
    )
    return tmp_path / "scene.hdr"


@pytest.fixture
def library(tmp_path):
    rows = {"clay": spectrum(2200), "calcite": spectrum(2340), "talc": spectrum(2310)}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=WAVE)
    table.rename_axis("name").to_csv(tmp_path / "library.csv")
    return tmp_path / "library.csv"


def spectrum(centre):
    return 0.6 * (1 - 0.4 * np.exp(-(((WAVE - centre) / 30) ** 2)))


def call(*arguments):
    return CliRunner().invoke(app, ["spectral", "match", *map(str, arguments)])


@pytest.mark.parametrize("method", ["angle", "correlation", "msam", "divergence"])
def test_map_and_table(scene, library, tmp_path, method):
    out = tmp_path / "found.tif"
    done = call(scene, "--library", library, "--out", out, "--method", method)
    assert done.exit_code == 0, done.output
    grid = open_grid(out)
    labels = [grid.attrs["classes"].get(int(code)) for code in (1, 2, 3)]
    assert [label.split("_")[0] for label in labels] == ["clay", "calcite", "talc"]
    found = grid.to_numpy()
    assert np.isnan(found[0, 0])
    assert (found[1:, :10] == 1).all()
    assert (found[:, 10:] == 2).all()
    table = pd.read_csv(out.with_suffix(".csv"))
    assert table["pixels"].tolist() == [0, 119, 120, 0, 1]
    score = "angle" if method == "angle" else "score"
    for name in (score, "margin"):
        beside = open_grid(tmp_path / f"found_{name}.tif")
        assert np.isfinite(beside).sum() == 239
        assert str(tmp_path / f"found_{name}.tif") in done.stdout


def test_choice_of_spectra_and_range(scene, library, tmp_path):
    out = tmp_path / "found.tif"
    options = ["--spectra", "calc,talc", "--range", "2250-2400", "--limit", 0.02]
    done = call(scene, "--library", library, "--out", out, *options)
    assert done.exit_code == 0, done.output
    assert "2 spectra compared in 6 bands" in done.stderr
    assert set(np.unique(open_grid(out).to_numpy()[:, 10:])) == {1}
    assert set(np.unique(open_grid(out).to_numpy()[1:, :10])) == {0}
    done = call(scene, "--library", library, "--out", out, "--lang", "zh")
    assert "比较 3 条光谱" in done.stderr


def test_spectra_that_do_not_cover_the_cube_are_named(scene, library, tmp_path):
    table = pd.read_csv(library, index_col="name").astype(float)
    table.loc["talc", ["2000", "2025"]] = np.nan
    table.to_csv(library)
    done = call(scene, "--library", library, "--out", tmp_path / "found.tif")
    assert done.exit_code == 0, done.output
    assert "1 of 3 spectra lack good bands" in done.stderr
    assert "talc" in done.stderr


def test_bad_input(scene, library, tmp_path):
    out = tmp_path / "found.tif"
    for options, said in [
        (["--spectra", "calzite"], "no spectrum or mineral 'calzite'"),
        (["--range", "400-700"], "covers 2000-2375 nm"),
        (["--range", "near"], "write it as 2000-2450"),
        (["--limit", "9"], "max_angle must be in radians"),
    ]:
        done = call(scene, "--library", library, "--out", out, *options)
        assert done.exit_code == 1
        assert said in done.stderr
    done = call(scene, "--library", library, "--out", tmp_path / "found.png")
    assert "the map is written as .tif" in done.stderr
    text = scene.read_text()
    scene.write_text("".join(
        line for line in text.splitlines(True) if "map info" not in line
    ))  # fmt: skip
    done = call(scene, "--library", library, "--out", out)
    assert "has no georeference" in done.stderr
    assert not out.exists()


def test_bands_of_a_file_that_says_none(scene, library, tmp_path):
    out = tmp_path / "found.tif"
    given = (scene, "--library", library, "--out", out)
    assert call(*given).exit_code == 0
    expected = open_grid(out).to_numpy()
    text = scene.read_text(encoding="utf-8").split("wavelength units")[0]
    scene.write_text(text, encoding="utf-8")
    done = call(*given)
    assert done.exit_code == 1
    assert "in the order of the file, --wavelengths 490,560,665" in done.output
    done = call(*given, "--wavelengths", ",".join(map(str, WAVE)))
    assert done.exit_code == 0, done.output
    np.testing.assert_array_equal(open_grid(out), expected)
    done = call(*given, "--sensor", "landsat8")
    assert done.exit_code == 1
    assert "--wavelengths" in done.output
