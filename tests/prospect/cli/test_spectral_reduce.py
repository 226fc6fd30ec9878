"""The commands that reduce a cube and find its endmembers."""

import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app
from prospect.cli._spectral_index import index
from prospect.cli._spectral_reduce import endmembers, reduce
from spectral import open_cube
from spectral.mapping import MinimumNoiseFraction, n_findr, signal_dimension
from survey import open_grid

STRIP = Path("data_samples/synthetic_district/imagery/swir_strip.img")


def call(*arguments):
    return CliRunner().invoke(app, ["spectral", *map(str, arguments)])


@pytest.fixture
def strip():
    return STRIP


def test_reduce_writes_a_grid_a_component(strip, tmp_path):
    folder = tmp_path / "mnf"
    done = call("reduce", strip, "--method", "mnf", "-n", "3", "--out", folder)
    assert done.exit_code == 0, done.output
    assert done.stdout.split()[-1] == str(folder / "components.csv")
    cube = open_cube(strip)
    fitted = MinimumNoiseFraction(n_components=3).fit(cube)
    scores = fitted.transform(cube)
    for number in (1, 2, 3):
        grid = open_grid(folder / f"component_{number:02d}.tif")
        np.testing.assert_allclose(grid, scores[number - 1], rtol=1e-5, atol=1e-4)
        assert grid.attrs["long_name"].endswith(f"component {number}")
    table = pd.read_csv(folder / "components.csv")
    np.testing.assert_allclose(table["snr"], fitted.snr_, rtol=1e-6)
    assert table["component"].tolist() == [1, 2, 3]
    assert table.shape == (3, 2 + cube.sizes["wavelength"])


@pytest.mark.parametrize("method", ["pca", "ica"])
def test_other_reductions(strip, tmp_path, method):
    done = call("reduce", strip, "--method", method, "-n", "2", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "component_02.tif").exists()


def test_endmembers_are_a_table_with_places(strip, tmp_path):
    path = tmp_path / "library.csv"
    done = call("endmembers", strip, "--method", "nfindr", "-n", "4", "--out", path)
    assert done.exit_code == 0, done.output
    assert done.stdout.strip() == str(path)
    table = pd.read_csv(path)
    library = n_findr(open_cube(strip), n_endmembers=4)
    assert table["spectrum_id"].tolist() == list(library["spectrum"].values)
    np.testing.assert_array_equal(table["row"], library["row"])
    np.testing.assert_allclose(table["x"], library["x"])
    np.testing.assert_allclose(table.iloc[:, -100:], library, rtol=1e-6)


@pytest.mark.parametrize("method", ["sivm", "vca", "sisal", "ppi"])
def test_other_searches(strip, tmp_path, method):
    path = tmp_path / "library.csv"
    done = call("endmembers", strip, "--method", method, "-n", "3", "--out", path)
    assert done.exit_code == 0, done.output
    assert len(pd.read_csv(path)) == 3


def test_the_number_is_told_where_it_is_not_given(strip, tmp_path):
    path = tmp_path / "library.csv"
    done = call("endmembers", strip, "--out", path)
    assert done.exit_code == 0, done.output
    number = signal_dimension(open_cube(strip)).n
    assert len(pd.read_csv(path)) == number
    assert f"HySime tells {number}" in done.output


def test_bad_options_are_refused(strip, tmp_path):
    for words, message in {
        ("reduce", "--method", "pca", "--min-snr", "2"): "--min-snr is of use with",
        ("endmembers", "--method", "vca", "--reduction", "mnf"): "of no use with",
        ("endmembers", "-n", "300"): "cannot be told apart in 100 good bands",
    }.items():
        command, *options = words
        done = call(command, strip, *options, "--out", tmp_path / "result")
        assert done.exit_code == 1
        assert message in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("reduce", "--method", "svd"),
        ("reduce", "--noise", "loud"),
        ("endmembers", "--method", "kmeans"),
        ("endmembers", "--reduction", "ica"),
    ],
)
def test_unknown_words_are_usage_errors(strip, tmp_path, words):
    command, option, word = words
    done = call(command, strip, option, word, "--out", tmp_path / "result")
    assert done.exit_code == 2
    assert word in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["-n", "--number", "--components"])
def test_the_number_of_components_has_one_name(strip, tmp_path, option):
    done = call("reduce", strip, "--method", "pca", option, "1", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert len(list(tmp_path.glob("component_*.tif"))) == 1


def test_the_cube_is_called_file_in_all_commands():
    for command in (reduce, endmembers, index):
        assert next(iter(inspect.signature(command).parameters)) == "file"
