"""The store: versions, layers, two writers, damage, full disks."""

import json
import multiprocessing
import shutil
import subprocess
import sys
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spectral.library import (
    RecordProblems,
    open_library,
    read_envi_library,
    stack_spectra,
)
from spectral.library import _batch as batch_module

WAVES = np.arange(1000.0, 2501.0, 10.0)
FINE = np.arange(2000.0, 2501.0, 2.0)


def spectrum(waves, centre, depth):
    dip = depth * np.exp(-4 * np.log(2) * ((waves - centre) / 40) ** 2)
    return (0.6 * (1 - dip)).astype("float32")


def records(names=("a", "b", "c"), depth=0.3, **columns):
    rows = [
        {
            "spectrum_id": name,
            "name": f"Sample {name}",
            "mineral": ["Kaolinite", "calcite", None][i % 3],
            "sample_id": f"S{i // 2}",
            "instrument": ["BECK", "ASD"][i % 2],
            "source": "test",
            "wavelength": (waves := FINE if i % 3 == 2 else WAVES),
            "reflectance": spectrum(waves, [2207, 2335, 2250][i % 3], depth),
            "uncertainty": np.full(waves.size, 0.01, "f4") if i == 0 else None,
            "drill_depth": 10.5 * i,
        }
        for i, name in enumerate(names)
    ]
    return pd.DataFrame(rows).assign(**columns)


@pytest.fixture
def library(tmp_path):
    found = open_library(tmp_path / "own", create=True)
    found.add(records(), provenance={"who": "M. Curie", "licence": "CC0"})
    return found


def test_what_goes_in_comes_out(library):
    given = records()
    back = library.records(library.search())
    assert list(back["spectrum_id"]) == ["a", "b", "c"]
    for column in ("wavelength", "reflectance"):
        for one, other in zip(given[column], back[column], strict=True):
            np.testing.assert_array_equal(one, other)
            assert other.dtype == one.dtype
    np.testing.assert_array_equal(back["uncertainty"][0], given["uncertainty"][0])
    assert back["uncertainty"][1] is None
    assert list(back["drill_depth"]) == [0.0, 10.5, 21.0]
    assert list(back["mineral"].fillna("")) == ["kaolinite", "calcite", ""]
    assert list(back["group"].fillna("")) == ["kaolin", "calcite", ""]
    assert "locality" not in back
    assert list(library.records(["c", "a"])["spectrum_id"]) == ["c", "a"]
    assert list(library.records(library.search(instrument="ASD"))["spectrum_id"]) == [
        "b"
    ]
    assert len(library) == 3
    assert "a" in library
    assert "z" not in library


def test_history_says_what_was_done(library):
    (row,) = library.history().to_dict("records")
    assert (row["version"], row["kind"], row["spectra"]) == (1, "add", 3)
    assert (row["who"], row["licence"]) == ("M. Curie", "CC0")
    assert row["notes"] == [
        "1 mineral names were brought to the taxonomy's: Kaolinite -> kaolinite",
        "the group of 2 spectra was taken from the taxonomy",
    ]


def test_same_input_same_bytes(tmp_path, library):
    again = open_library(tmp_path / "again", create=True)
    again.add(records(), provenance={"who": "M. Curie", "licence": "CC0"})
    files = sorted(p for p in (tmp_path / "own").rglob("*") if p.is_file())
    assert len(files) == 7
    for file in files:
        other = tmp_path / "again" / file.relative_to(tmp_path / "own")
        assert other.read_bytes() == file.read_bytes(), file.name


def test_input_is_not_changed(library):
    given = records(["x", "y"])
    before = given.copy(deep=True)
    library.add(given, prefix="mine:")
    pd.testing.assert_frame_equal(given, before)
    assert "mine:x" in library


def test_replacing_and_removing_keep_the_history(library, tmp_path):
    with pytest.raises(ValueError, match=r"2 spectra are in .*: a, b.*replace=True"):
        library.add(records(["a", "b"], depth=0.5))
    assert library.version == 1
    assert library.add(records(["a"], depth=0.5), replace=True) == 2
    assert library.remove("b", reason="wrong sample", who="P. Curie") == 3
    assert len(library) == 2
    assert library.read("a").min() == pytest.approx(0.3, abs=0.01)
    with pytest.raises(KeyError, match="has no spectrum 'b'"):
        library.read("b")
    assert list(library.history(spectrum_id="b")["kind"]) == ["add", "remove"]
    assert list(library.history(spectrum_id="a")["replaced"]) == [0, 1]
    assert library.history(spectrum_id="b")["note"].iloc[1] == "wrong sample"
    old = open_library(tmp_path / "own", as_of=1)
    assert (len(old), old.version) == (3, 1)
    assert old.read("a").min() == pytest.approx(0.42, abs=0.01)
    assert len(open_library(tmp_path / "own", as_of=0)) == 0
    with pytest.raises(ValueError, match="opened at a version"):
        old.add(records(["z"]))
    library.add(records(["z", "b"]))
    assert len(library) == 4
    assert len(old) == 3


def test_library_on_the_bands_of_a_cube(library):
    assert library.read(["a", "b"]).shape == (2, WAVES.size)
    with pytest.raises(ValueError, match="2 grids"):
        library.read(library.search())
    found = library.read(library.search(), wavelength=np.arange(2100.0, 2401, 20))
    assert found.shape == (3, 16)
    assert np.isfinite(found).all()
    again = library.read(library.search(words="calcite"), like=found)
    assert list(again["spectrum"].values) == ["b"]
    with pytest.raises(ValueError, match="give one of like="):
        library.read("a", like=found, wavelength=[1.0])


def test_a_library_goes_in(library):
    given = library.read(["a", "b"]).assign_coords(spectrum=["p", "q"])
    library.add(given)
    np.testing.assert_array_equal(library.read("p"), library.read("a"))
    assert library.records("p")["drill_depth"][0] == 0.0
    copied = library.history()["notes"].iloc[1]
    assert copied[-1] == "2 spectra were copied from own version 1"


def test_shared_and_own(tmp_path, library):
    own = tmp_path / "mine"
    both = open_library([tmp_path / "own", own], create=True)
    assert (len(both), both.version) == (3, (1, 0))
    both.add(records(["a"], depth=0.5), replace=True)
    both.add(records(["d"]))
    both.remove("c", reason="not needed here")
    assert sorted(both.search()["spectrum_id"]) == ["a", "b", "d"]
    assert both.version == (1, 3)
    assert len(library) == 3
    assert library.version == 1
    assert set(both.search(mineral="kaolinite")["folder"]) == {str(own)}
    assert len(open_library([tmp_path / "own", own], as_of=(1, 1))) == 3
    with pytest.raises(ValueError, match="one version a folder, 0 or more: 2 here"):
        open_library([tmp_path / "own", own], as_of=1)


def test_read_only_folder_is_searched_without_a_trace(tmp_path, library, monkeypatch):
    shutil.rmtree(tmp_path / "own" / "index")
    from spectral.library import _index

    monkeypatch.setattr(_index.os, "access", lambda *_: False)
    shared = open_library(tmp_path / "own")
    assert shared.match(shared.read("a")[0], n=1)["spectrum_id"][0] == "a"
    assert len(shared.find_features((2195, 2215), depth=0.1)) == 1
    assert not (tmp_path / "own" / "index").exists()
    monkeypatch.undo()
    assert open_library(tmp_path / "own").match(shared.read("a")[0])["angle"][0] < 1e-7
    assert (tmp_path / "own" / "index").exists()


def test_a_reader_sees_what_comes(tmp_path, library):
    reader = open_library(tmp_path / "own")
    assert len(reader) == 3
    library.add(records(["d", "e"]))
    assert len(reader) == 5
    assert reader.match(reader.read("d")[0], n=2)["angle"].max() < 1e-6


def _add_one(folder, number):
    open_library(folder).add(records([f"p{number}-{i}" for i in range(3)]))


def test_two_writers_lose_nothing(tmp_path, library):
    context = multiprocessing.get_context("spawn")
    jobs = [
        context.Process(target=_add_one, args=(tmp_path / "own", i)) for i in range(2)
    ]
    threads = [
        threading.Thread(target=_add_one, args=(tmp_path / "own", 10 + i))
        for i in range(4)
    ]
    for job in [*jobs, *threads]:
        job.start()
    for job in [*jobs, *threads]:
        job.join()
    assert all(job.exitcode == 0 for job in jobs)
    assert len(library) == 3 + 6 * 3
    assert library.version == 7
    assert library.verify() == []
    assert not list((tmp_path / "own" / "batches").glob(".*"))


def test_second_writer_of_the_same_spectrum_is_told(tmp_path, library, monkeypatch):
    seal = batch_module._seal

    def late(path):
        if path.name == "batch.json" and not seen:
            seen.append(path)
            open_library(tmp_path / "own").add(records(["z"]))
        return seal(path)

    seen = []
    monkeypatch.setattr(batch_module, "_seal", late)
    with pytest.raises(ValueError, match="1 spectra are in the library already: z"):
        library.add(records(["z"], depth=0.1))
    assert library.version == 2
    assert library.read("z").min() == pytest.approx(0.42, abs=0.01)


@pytest.mark.parametrize("name", ["values.parquet", "spectra.parquet", "batch.json"])
def test_cut_off_file_is_named_and_the_rest_read(tmp_path, library, name):
    library.add(records(["d"]))
    path = tmp_path / "own" / "batches" / "000001" / name
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.warns(UserWarning, match=f"000001.{name}.*Version 1 is left out"):
        found = open_library(tmp_path / "own")
    assert list(found.search()["spectrum_id"]) == ["d"]
    assert len(found.damaged) == 1
    assert found.history()["damage"].notna().tolist() == [True, False]
    assert name in found.verify()[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(found) == 1


def test_changed_byte_is_found_by_verify_or_named_when_read(tmp_path, library):
    path = tmp_path / "own" / "batches" / "000001" / "values.parquet"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 4] = bytes(4)
    path.write_bytes(bytes(content))
    assert "changed since it was written" in library.verify()[0]
    with pytest.raises(OSError, match=r"values\.parquet cannot be read.*as_of=0"):
        library.read(["a"])


CODE = """
import resource, sys, signal
sys.path.insert(0, {here!r})
from test_store import records
from spectral.library import open_library
library = open_library({folder!r})
many = records([f"x{{i}}" for i in range(3000)])
library.add(records(["warm"]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
try:
    library.add(many)
except OSError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_full_disk_leaves_nothing_half_written(tmp_path, library):
    from pathlib import Path

    code = CODE.format(here=str(Path(__file__).parent), folder=str(tmp_path / "own"))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "nothing was added to" in done.stdout
    assert len(library) == 4
    assert library.version == 2
    assert [p.name for p in sorted((tmp_path / "own/batches").iterdir())] == [
        "000001",
        "000002",
    ]


def test_folders_that_are_none(tmp_path, library):
    with pytest.raises(FileNotFoundError, match="create=True"):
        open_library(tmp_path / "nowhere")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("x")
    with pytest.raises(ValueError, match="holds other things"):
        open_library(tmp_path / "full", create=True)
    mark = tmp_path / "own" / "store.json"
    mark.write_text(json.dumps({"schema": 99}))
    with pytest.raises(ValueError, match=r"schema 99.*Update prospect-workbench"):
        open_library(tmp_path / "own")
    mark.write_text("{")
    with pytest.raises(ValueError, match=r"is damaged\. It should read"):
        open_library(tmp_path / "own")
    with pytest.raises(ValueError, match="no folder is given"):
        open_library([])


def test_newer_batch_is_refused(tmp_path, library):
    path = tmp_path / "own" / "batches" / "000001" / "batch.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 2}))
    with pytest.raises(ValueError, match=r"schema 2.*reads up to 1"):
        open_library(tmp_path / "own")


def test_empty_library(tmp_path):
    empty = open_library(tmp_path / "empty", create=True)
    assert (len(empty), empty.version, len(empty.search(words="kaolinite"))) == (
        0,
        0,
        0,
    )
    assert len(empty.find_features((2195, 2215))) == 0
    assert len(empty.taxonomy()) == 0
    assert len(empty.history()) == 0
    one = xr.DataArray(
        np.ones(3), dims="wavelength", coords={"wavelength": [2000.0, 2010, 2020]}
    )
    with pytest.raises(ValueError, match="is empty: add spectra first"):
        empty.match(one)
    with pytest.raises(RecordProblems, match="no records"):
        empty.add(records().iloc[:0])
    with pytest.raises(ValueError, match="no spectrum is chosen"):
        empty.read([])
    assert list(empty.records(empty.search()).columns[:2]) == ["spectrum_id", "name"]


def test_bad_calls(library, tmp_path):
    with pytest.raises(KeyError, match=r"no spectrum 'aa'"):
        library.records(["aa"])
    with pytest.raises(ValueError, match="provenance has no 'author'"):
        library.add(records(["n"]), provenance={"author": "me"})
    with pytest.raises(ValueError, match="say why"):
        library.remove("a", reason=" ")
    with pytest.raises(KeyError, match="no version of the library ever had 'q'"):
        library.history(spectrum_id="q")
    with pytest.raises(ValueError, match="has no column 'spectrum_id'"):
        library.records(pd.DataFrame({"x": [1]}))
    bad = records(["n", "m"])
    bad["reflectance"] = [100 * r for r in bad["reflectance"]]
    with pytest.raises(RecordProblems, match=r"(?s)row 1 \('n'\).*row 2 \('m'\)"):
        library.add(bad)
    assert library.version == 1


def test_provenance_of_a_file(tmp_path, library):
    file = tmp_path / "assay.csv"
    file.write_text("x")
    library.add(records(["n"]), provenance={"file": str(file), "date": "2024-05-01"})
    row = library.history().iloc[1]
    assert (row["file"], row["date"], len(row["sha256"])) == (
        "assay.csv",
        "2024-05-01",
        64,
    )


def test_envi_round_trip(library, tmp_path):
    written = library.export(["a", "b"], tmp_path / "out.sli")
    assert [p.name for p in written] == ["out.sli", "out.hdr"]
    back = read_envi_library(written[0])
    given = library.records(["a", "b"])
    assert list(back["spectrum_id"]) == ["a", "b"]
    for column in ("wavelength", "reflectance", "uncertainty"):
        for one, other in zip(given[column], back[column], strict=True):
            if one is None:
                assert other is None
                continue
            np.testing.assert_array_equal(one, other)
    assert back["reflectance"][0].dtype == np.float32


def test_csv_and_other_suffixes(library, tmp_path):
    files = library.export(["a", "b"], tmp_path / "out.csv")
    assert [p.name for p in files] == ["out.csv", "out_uncertainty.csv"]
    table = pd.read_csv(files[0], index_col="spectrum_id")
    np.testing.assert_allclose(
        table.loc["a", "2200"], library.read("a").sel(wavelength=2200)
    )
    assert table.loc["b", "mineral"] == "calcite"
    with pytest.raises(ValueError, match=r"written as \.sli"):
        library.export("a", tmp_path / "out.txt")


def test_gaps_survive_the_export(tmp_path):
    given = records(["a"])
    given["reflectance"][0][:5] = np.nan
    found = open_library(tmp_path / "gaps", create=True)
    found.add(given)
    back = read_envi_library(found.export("a", tmp_path / "gaps.sli")[0])
    np.testing.assert_array_equal(back["reflectance"][0], given["reflectance"][0])
    xr.testing.assert_equal(
        stack_spectra(back)[0].drop_vars(
            stack_spectra(back).coords.keys() - {"wavelength"}
        ),
        stack_spectra(found.records(found.search()))[0].drop_vars(
            stack_spectra(found.records(found.search())).coords.keys() - {"wavelength"}
        ),
    )


def test_a_version_that_never_was(tmp_path):
    open_library(tmp_path, create=True)
    assert open_library(tmp_path, as_of=0).version == 0
    with pytest.raises(ValueError, match=r"has no version 99: the latest is 0\. Its"):
        open_library(tmp_path, as_of=99)
