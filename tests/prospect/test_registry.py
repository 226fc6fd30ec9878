"""The registry: real hashes, refusals with remedies, downloads without a network."""

import hashlib
import shutil
from pathlib import Path

import pytest

from prospect import _registry, fetch_data, list_data
from prospect._registry import sample_district

SMALL = "geohazard/alps_gps_velocities"
TWO = "remote_sensing/landsat7_olinda"


@pytest.fixture
def no_mirror(monkeypatch):
    monkeypatch.delenv("PROSPECT_DATA_DIR", raising=False)


@pytest.fixture
def copy(tmp_path, real_data, monkeypatch):
    """A local copy of one set that a test may spoil."""
    shutil.copytree(real_data(SMALL), tmp_path / SMALL)
    monkeypatch.setenv("PROSPECT_DATA_DIR", str(tmp_path))
    return tmp_path / SMALL


@pytest.fixture
def origin(real_data, monkeypatch):
    """The network replaced by the files the tests have; remembers what was asked."""
    asked = []

    def retrieve(address, path):
        asked.append(address)
        shutil.copy(real_data(TWO) / address.rpartition("/")[2], path)

    monkeypatch.setattr(_registry, "_retrieve", retrieve)
    return asked


@pytest.mark.parametrize("name", list_data()["name"])
def test_hashes_of_real_files(name, real_data, monkeypatch):
    folder = real_data(name)
    monkeypatch.setenv("PROSPECT_DATA_DIR", str(folder.parents[1]))
    assert fetch_data(name) == folder
    for file in _registry._registry()[name]["files"]:
        content = (folder / file["path"]).read_bytes()
        assert len(content) == file["size"]
        assert hashlib.sha256(content).hexdigest() == file["sha256"]


def test_every_real_set_is_registered(real_data):
    base = real_data("mpm").parent
    there = {p.parent.relative_to(base).as_posix() for p in base.rglob("SOURCE.md")}
    assert there == set(list_data()["name"])


def test_list_is_complete():
    table = list_data()
    assert len(table) == 44
    assert table["name"].is_unique
    assert table.notna().all(axis=None)
    text = table[["title", "title_zh", "licence", "citation", "crs", "reader"]]
    assert (text.map(len) > 0).all(axis=None)
    assert list_data(topic="mpm")["topic"].unique().tolist() == ["mpm"]


def test_every_file_can_be_had():
    for entry in _registry._registry().values():
        without = [file for file in entry["files"] if "origin" not in file]
        assert bool(without) == entry.get("converted", False)
        assert not without or entry["how"]
        assert entry.get("converted") or len(entry["commit"]) == 40
        paths = [Path(file["path"]) for file in entry["files"]]
        assert not any(p.is_absolute() or ".." in p.parts for p in paths)


def test_unknown_topic():
    with pytest.raises(KeyError, match=r"no topic 'maps'; there are \['drillholes'"):
        list_data(topic="maps")


@pytest.mark.parametrize("name", ["cloncurry", "mpm/cloncurry", "MPM/cloncurry_iocg"])
def test_unknown_name_tells_near_ones(name):
    with pytest.raises(KeyError, match="did you mean 'mpm/cloncurry_iocg'"):
        fetch_data(name)


def test_name_like_nothing():
    with pytest.raises(KeyError, match="no data set 'zzz'; prospect data list"):
        fetch_data("zzz")


def test_tampered_file_is_refused(copy):
    file = copy / "alps-gps-velocity.csv.xz"
    old = hashlib.sha256(file.read_bytes()).hexdigest()
    assert fetch_data(SMALL) == copy
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    new = hashlib.sha256(file.read_bytes()).hexdigest()
    with pytest.raises(ValueError, match=f"(?s)xz differs .*{new}.*{old}"):
        fetch_data(SMALL)


def test_incomplete_copy(copy):
    (copy / "alps-gps-velocity.csv.xz").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 1 files .* unset PROSPECT_DATA"):
        fetch_data(SMALL)


def test_converted_set_needs_a_copy(no_mirror):
    with pytest.raises(FileNotFoundError, match=r"converted from R .* Set PROSPECT_DA"):
        fetch_data("mpm/murchison_gold")


def test_converted_set_missing_in_the_mirror(tmp_path, monkeypatch):
    monkeypatch.setenv("PROSPECT_DATA_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="has no folder 'mpm/murchison_gold'"):
        fetch_data("mpm/murchison_gold")


def test_download_once(origin, tmp_path, no_mirror):
    folder = fetch_data(TWO, folder=tmp_path)
    assert folder == tmp_path / TWO
    assert len(origin) == 2
    assert origin[0].startswith("https://github.com/r-spatial/stars/raw/d4cedb52")
    assert fetch_data(TWO, folder=tmp_path) == folder
    assert len(origin) == 2


def test_download_of_names_with_blanks():
    entry = _registry._registry()["mpm/gawler_vectors"]
    address = _registry._address(entry, entry["files"][1])
    assert "Archaean%20-%20Early%20Mesoproterozoic%20faults_shp/" in address


def test_changed_origin_leaves_nothing(tmp_path, monkeypatch, no_mirror):
    monkeypatch.setattr(_registry, "_retrieve", lambda _, path: path.write_bytes(b"x"))
    with pytest.raises(
        ValueError, match=r"L7_ETMs.tif has changed: sha256 is 2d711642"
    ):
        fetch_data(TWO, folder=tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_offline(tmp_path, monkeypatch, no_mirror):
    def fail(*_):
        raise OSError("Name or service not known")

    monkeypatch.setattr("pooch.HTTPDownloader.__call__", fail)
    with pytest.raises(ConnectionError, match=r"not known\. .* set PROSPECT_DATA_DIR"):
        fetch_data(TWO, folder=tmp_path)


def test_sample_district_refuses_a_used_folder(tmp_path):
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(FileExistsError, match="not empty: name a new folder"):
        sample_district(tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_sample_not_installed(tmp_path):
    with pytest.raises(FileNotFoundError, match="install prospect-workbench again"):
        _registry._embedded("no_such_thing")


def test_installed_data_come_before_a_checkout(tmp_path, monkeypatch):
    (tmp_path / "prospect" / "data").mkdir(parents=True)
    (tmp_path / "data_samples").mkdir()
    monkeypatch.setattr(_registry, "files", lambda _: tmp_path / "prospect")
    checkout = tmp_path / "data_samples" / "registry.toml"
    checkout.touch()
    assert _registry._embedded("registry.toml") == checkout
    installed = tmp_path / "prospect" / "data" / "registry.toml"
    installed.touch()
    assert _registry._embedded("registry.toml") == installed


def test_sample_district_is_whole(tmp_path):
    folder = sample_district(tmp_path / "new" / "bixi")
    source = Path(__file__).parents[2] / "data_samples" / "synthetic_district"
    names = {p.relative_to(source) for p in source.rglob("*") if p.is_file()}
    names = {name for name in names if not str(name).startswith(("result", "."))}
    assert {p.relative_to(folder) for p in folder.rglob("*") if p.is_file()} == names
