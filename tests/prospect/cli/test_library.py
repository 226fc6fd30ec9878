"""The commands on spectral libraries."""

import io

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app
from spectral.library import read_envi_library

WAVES = np.arange(2000, 2501, 5)


def table_of(path, rows, waves=WAVES):
    lines = ["name," + ",".join(f"{w}nm" for w in waves)]
    for name, centre in rows:
        dip = 0.3 * np.exp(-4 * np.log(2) * ((waves - centre) / 40) ** 2)
        lines.append(name + "," + ",".join(f"{v:.6f}" for v in 0.6 * (1 - dip)))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def file(tmp_path):
    return table_of(
        tmp_path / "lab.csv",
        [("Kaolinite DDH1", 2207), ("Calcite DDH2", 2338), ("Talc DDH3", 2312)],
    )


@pytest.fixture
def store(tmp_path, file):
    folder = tmp_path / "lib"
    done = call("add", folder, file, "--create", "--who", "M. Curie")
    assert done.exit_code == 0, done.output
    assert "Version 1: lab.csv, 3" in done.stdout
    return folder


def call(*arguments):
    return CliRunner().invoke(app, ["library", *map(str, arguments)])


def frame(done):
    assert done.exit_code == 0, done.output
    return pd.read_csv(io.StringIO(done.stdout), sep="\t")


def test_search_by_words_feature_and_spectrum(store, tmp_path):
    first = frame(call("search", store, "calcite"))
    assert first["name"].tolist() == ["Calcite DDH2"]
    near = frame(call("search", store, "--feature", "2195-2215", "--depth", "0.2"))
    assert near["name"].tolist() == ["Kaolinite DDH1"]
    assert near["position"][0] == pytest.approx(2207, abs=1)
    unknown = table_of(tmp_path / "field.csv", [("unknown 1", 2310), ("x", 2205)])
    found = frame(call("search", store, "--spectrum", unknown, "-n", "1"))
    assert found["query"].tolist() == ["unknown 1", "x"]
    assert found["name"].tolist() == ["Talc DDH3", "Kaolinite DDH1"]
    assert (found["coverage"] == 1).all()
    inside = frame(
        call("search", store, "--spectrum", unknown, "--window", "2250-2400", "-n", "1")
    )
    assert inside["shared"].tolist() == [31, 31]


def test_show(store, tmp_path):
    name = frame(call("search", store, "talc"))["spectrum_id"][0]
    done = call("show", store, name, "--figure", tmp_path / "talc.png")
    assert done.exit_code == 0, done.output
    assert f"spectrum_id\t{name}" in done.stdout
    assert "channels\t101 (2000-2500 nm)" in done.stdout
    assert "2312.0\t0.2999" in done.stdout
    assert (tmp_path / "talc.png").stat().st_size > 5000
    assert "吸收特征" in call("show", store, name, "--lang", "zh").stdout
    done = call("show", store, name[:-1])
    assert done.exit_code == 1
    assert f"Did you mean {name}" in done.output


def test_export_and_back(store, tmp_path):
    done = call("export", store, "--out", tmp_path / "out.sli", "--words", "DDH2")
    assert done.exit_code == 0, done.output
    assert len(done.stdout.split()) == 2
    assert len(read_envi_library(tmp_path / "out.sli")) == 1
    done = call("export", store, "--out", tmp_path / "a.csv", "--sensor", "emit")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "a.csv")
    assert len(table) == 3
    done = call("export", store, "--out", tmp_path / "out.sli", "--words", "pyrite")
    assert done.exit_code == 1
    assert "no spectrum is chosen" in done.output


def test_list_versions_and_shared(store, tmp_path, file):
    versions = frame(call("list", store, "--versions", "--verify"))
    assert versions[["version", "spectra", "who"]].to_numpy().tolist() == [
        [1, 3, "M. Curie"]
    ]
    own = tmp_path / "own"
    done = call("add", own, file, "--create", "--prefix", "mine:")
    assert done.exit_code == 0, done.output
    both = frame(call("search", own, "--shared", store))
    assert len(both) == 6
    assert set(both["folder"]) == {str(own), str(store)}
    assert frame(call("list", store))["spectra"].sum() == 3
    assert len(frame(call("search", store, "--version", "1"))) == 3
    path = store / "batches" / "000001" / "grids.parquet"
    content = bytearray(path.read_bytes())
    content[8] ^= 255
    path.write_bytes(bytes(content))
    done = call("list", store, "--verify")
    assert done.exit_code == 1
    assert "grids.parquet has been changed" in done.output


def test_bad_calls(store, tmp_path, file):
    done = call("add", store, file)
    assert done.exit_code == 1
    assert "3 spectra are in the library already" in done.output
    assert call("add", store, file, "--replace").exit_code == 0
    assert "FILE --create" in call("search", tmp_path / "none").output
    done = call("search", store, "--feature", "2195")
    assert "write it as 2195-2215" in done.output
    done = call("search", store, "talc", "--spectrum", file)
    assert done.exit_code == 1
    assert "--spectrum goes with" in done.output
    done = call("export", store, "--out", "a.csv", "--sensor", "emit", "--like", file)
    assert "not both" in done.output
    done = call("search", store, "--version", "1", "--shared", store)
    assert "leave --shared out" in done.output


def test_scale_and_folders_of_files(tmp_path, file):
    percent = tmp_path / "percent.csv"
    table = pd.read_csv(file).set_index("name") * 100
    table.to_csv(percent)
    lib = tmp_path / "new"
    done = call("add", lib, percent, "--create")
    assert done.exit_code == 1
    assert "divide by 100" in done.output
    done = call("add", lib, percent, "--scale", "100", "--create")
    assert done.exit_code == 0, done.output
    assert "3 spectra were in percent and divided by 100" in done.stderr
    found = frame(call("search", lib, "--spectrum", percent, "--scale", "100", "-n1"))
    assert found["name"].tolist() == table.index.tolist()
    folder = tmp_path / "delivery"
    folder.mkdir()
    file.rename(folder / "lab.csv")
    (folder / "SOURCE.md").write_text("what it is")
    done = call("add", lib, folder, "--prefix", "again:")
    assert done.exit_code == 0, done.output
    assert "1 files or records were no spectra" in done.stderr
    versions = frame(call("list", lib, "--versions"))
    assert versions["date"].notna().all()
    plain = call("search", lib, "--feature", "2195-2215").stdout.splitlines()[1]
    assert max(map(len, plain.split("\t")[4:7])) <= 8  # no dust of binary numbers
    done = call("add", lib, folder, folder / "lab.csv", "--replace", "--prefix", "b:")
    assert "delivery: 1 files or records" in done.stderr
    assert frame(call("search", lib, "again", "--source", "delivery")).shape[0] == 3


def test_messages_name_what_a_command_takes(store, file, tmp_path):
    for done in (call("list", tmp_path), call("add", tmp_path, file)):
        assert done.exit_code == 1
        assert "prospect library add FOLDER FILE --create" in done.output
        assert "open_library" not in done.output
    done = call("list", store, "--version", 99)
    assert done.exit_code == 1
    assert "has no version 99: the latest is 1. They are listed by" in done.output
    assert call("list", store, "--version", 1).exit_code == 0
    for text, told in (
        ("2215-2195", "--feature 2215-2195: the lower end first, 2195-2215"),
        ("2200-2200", "--feature 2200-2200: a range is wider than nothing"),
        ("2200", "--feature 2200: write it as 2195-2215, in nm"),
    ):
        done = call("search", store, "--feature", text)
        assert done.exit_code == 1
        assert told in done.output
