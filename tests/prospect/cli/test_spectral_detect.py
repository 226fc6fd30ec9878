"""Detection from the command line: implants found, counts as the maps have them."""

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app
from survey import open_grid

WAVE = np.arange(2000, 2400, 25)
SHAPE = (60, 80)
PLACES = (slice(10, 50, 8), slice(20, 60, 8))  # 25 pixels with half clay


def spectrum(centre):
    return 0.6 * (1 - 0.4 * np.exp(-(((WAVE - centre) / 30) ** 2)))


@pytest.fixture
def scene(tmp_path):
    """Two rocks in changing shares and noise, clay in 25 pixels."""
    rng = np.random.default_rng(1)
    share = 0.5 + 0.1 * rng.standard_normal(SHAPE)
    rocks = 0.3 + 0.0002 * (WAVE - 2000), 0.5 - 0.0003 * (WAVE - 2000)
    values = rocks[0][:, None, None] * share + rocks[1][:, None, None] * (1 - share)
    there = (slice(None), *PLACES)
    values[there] = 0.5 * values[there] + 0.5 * spectrum(2200)[:, None, None]
    values += rng.normal(0, 0.004, values.shape)
    values.astype("<f4").tofile(tmp_path / "scene.img")
    (tmp_path / "scene.hdr").write_text(
        f"""ENVI
samples = {SHAPE[1]}
lines = {SHAPE[0]}
bands = {WAVE.size}
data type = 4
interleave = bsq
byte order = 0
map info = {{UTM, 1, 1, 500000, 4000000, 30, 30, 50, North, WGS-84}}
wavelength units = Nanometers
wavelength = {{{", ".join(map(str, WAVE))}}}
"""
    )
    return tmp_path / "scene.hdr"


@pytest.fixture
def library(tmp_path):
    rows = {"clay": spectrum(2200), "calcite": spectrum(2340)}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=WAVE)
    table.rename_axis("name").to_csv(tmp_path / "library.csv")
    return tmp_path / "library.csv"


def call(*arguments):
    return CliRunner().invoke(app, ["spectral", "detect", *map(str, arguments)])


@pytest.mark.parametrize("method", ["ace", "mf", "mtmf", "cem", "glrt"])
def test_targets_and_their_counts(scene, library, tmp_path, method):
    out = tmp_path / method
    done = call(
        scene, "--library", library, "--method", method, "--false-alarm-rate", 1e-3,
        "--out", out,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out / "targets.csv")
    scores = [open_grid(path) for path in sorted(out.glob("*_score.tif"))]
    names = [grid.name for grid in scores]
    assert names == ["calcite_score", "clay_score"]
    for row, grid in zip(table.to_dict("records"), scores[::-1], strict=True):
        assert row["above"] == int((grid > row["threshold"]).sum())
        assert row["pixels"] == 4800
    found = open_grid(out / "targets.tif")
    if method != "glrt":  # its tail is fitted to the clay too
        assert (found.to_numpy()[PLACES] == 1).all()
    assert (found != 0).sum() < 60
    assert "clay" in done.stderr
    assert "仅由背景预期" not in done.stderr


def test_coherence_with_regularisation_takes_the_tail(scene, library, tmp_path):
    done = call(
        scene, "--library", library, "--regularisation", 0.01,
        "--false-alarm-rate", 0.01, "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert len(pd.read_csv(tmp_path / "out" / "targets.csv")) == 2


def test_infeasible_targets_are_left_out(scene, library, tmp_path):
    options = ["--method", "mtmf", "--false-alarm-rate", 0.01]
    done = call(
        scene, "--library", library, *options, "--out", tmp_path / "a",
        "--max-infeasibility", 1.0, "--lang", "zh",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    far = open_grid(tmp_path / "a" / "calcite_infeasibility.tif")
    found = open_grid(tmp_path / "a" / "targets.tif")
    assert not ((found == 2) & (far > 1)).any()
    assert "仅由背景预期" in done.stderr


@pytest.mark.parametrize("method", ["tcimf", "osp"])
def test_unwanted_spectra(scene, library, tmp_path, method):
    done = call(
        scene, "--library", library, "--method", method, "--unwanted", "calcite",
        "--out", tmp_path / "a",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert pd.read_csv(tmp_path / "a" / "targets.csv")["target"].tolist() == ["clay"]


@pytest.mark.parametrize("window", [(), ("--window", "3,11")])
def test_anomalies(scene, tmp_path, window):
    done = call(
        scene, "--method", "rx", "--false-alarm-rate", 1e-3, "--threshold", "law"
        if not window else "auto", *window, "--out", tmp_path / "a",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    found = open_grid(tmp_path / "a" / "rx_score.tif")
    assert float(np.median(found.to_numpy()[PLACES])) > float(
        np.nanquantile(found, 0.99)
    )


def test_bad_input(scene, library, tmp_path):
    out = ["--out", tmp_path / "a"]
    for options, said in [
        (["--method", "ace"], "needs targets: --library"),
        (["--library", library, "--method", "osp"], "--unwanted"),
        (["--library", library, "--unwanted", "talc"], "tcimf and osp only"),
        (["--library", library, "--window", "3,7"], "--method rx only"),
        (["--method", "rx", "--window", "3"], "write it as 5,21"),
        (["--library", library, "--max-infeasibility", 2], "--method mtmf only"),
        (
            ["--library", library, "--method", "tcimf", "--unwanted", "c"],
            "all targets are among the unwanted",
        ),
        (["--method", "rx", "--false-alarm-rate", 2], "a share, such as 1e-4"),
    ]:
        done = call(scene, *options, *out)
        assert done.exit_code == 1, done.output
        assert said in done.stderr


def test_nothing_is_left_when_a_step_fails(scene, library, tmp_path):
    before = sorted(tmp_path.iterdir())
    done = call(scene, "--method", "rx", "--window", "3,999", "--out", tmp_path / "a")
    assert done.exit_code == 1
    assert "(3, 999) is larger than the scene of 60 x 80 pixels" in done.stderr
    done = call(
        scene, "--library", library, "--method", "mtmf", "--max-infeasibility", 0,
        "--out", tmp_path / "b",
    )  # fmt: skip
    assert done.exit_code == 1
    assert "holds no value" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_earlier_maps_outlive_a_failure(scene, library, tmp_path):
    out = tmp_path / "out"
    given = [scene, "--library", library, "--method", "mtmf", "--out", out]
    assert call(*given).exit_code == 0
    before = {path: path.read_bytes() for path in out.iterdir()}
    assert call(*given, "--max-infeasibility", 0).exit_code == 1
    assert {path: path.read_bytes() for path in out.iterdir()} == before
