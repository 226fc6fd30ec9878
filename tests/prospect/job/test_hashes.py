"""Hashes follow the bytes of every file that makes up a data set."""

import os
import time

from prospect.job._hashes import (
    FileHashes,
    code_fingerprint,
    code_revision,
    companions,
    hash_file,
    hash_value,
    library_versions,
)


def test_hash_of_known_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    expected = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert hash_file(tmp_path / "a") == expected


def test_order_of_keys_does_not_matter():
    assert hash_value({"a": 1, "b": [2]}) == hash_value({"b": [2], "a": 1})
    assert hash_value({"a": 1}) != hash_value({"a": 2})


def test_companions_of_a_shapefile_not_of_its_neighbours(tmp_path):
    for name in ("a.shp", "a.dbf", "a.prj", "a.shx", "a.qml", "ab.shp", "a.csv"):
        (tmp_path / name).touch()
    names = [p.name for p in companions(tmp_path / "a.shp")]
    assert names == ["a.dbf", "a.prj", "a.shp", "a.shx"]


def test_companions_of_a_folder_and_of_odd_names(tmp_path):
    store = tmp_path / "cube.zarr"
    (store / "c").mkdir(parents=True)
    (store / "c" / "0").touch()
    assert [p.name for p in companions(store)] == ["0"]
    (tmp_path / "铜[1].tif").touch()
    assert [p.name for p in companions(tmp_path / "铜[1].tif")] == ["铜[1].tif"]


def test_file_hash_is_remembered_until_the_file_changes(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(b"a")
    first = FileHashes(tmp_path / "hashes.json")(path)
    again = FileHashes(tmp_path / "hashes.json")
    assert again(path) == first
    path.write_bytes(b"b")
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 1))
    assert again(path) != first


def test_code_and_versions_are_named():
    assert len(code_fingerprint()) == 64
    assert code_revision().startswith("0.")
    assert {"python", "numpy", "scikit-learn"} <= set(library_versions())


def test_companions_of_files_without_ending_and_of_esri_grids(tmp_path):
    for name in ("dem", "dem.hdr", "other"):
        (tmp_path / name).touch()
    assert [p.name for p in companions(tmp_path / "dem")] == ["dem", "dem.hdr"]
    grid = tmp_path / "grid"
    grid.mkdir()
    for name in ("hdr.adf", "w001001.adf", "prj.adf"):
        (grid / name).touch()
    names = [p.name for p in companions(grid / "hdr.adf")]
    assert names == ["hdr.adf", "prj.adf", "w001001.adf"]


def test_every_file_of_a_folder_is_hashed(tmp_path):
    for chunk in ("a", "b"):
        (tmp_path / "cube.zarr" / chunk).mkdir(parents=True)
        (tmp_path / "cube.zarr" / chunk / "0").write_text(chunk)
    hashes = FileHashes(tmp_path / "hashes.json").data_set(tmp_path / "cube.zarr")
    assert list(hashes) == ["cube.zarr/a/0", "cube.zarr/b/0"]
    assert len(set(hashes.values())) == 2


def test_companions_of_a_header_and_of_a_product(tmp_path):
    for name in ("a.hdr", "a.img", "a.qml", "b.img"):
        (tmp_path / name).touch()
    assert [p.name for p in companions(tmp_path / "a.hdr")] == ["a.hdr", "a.img"]
    assert [p.name for p in companions(tmp_path / "a.img")] == ["a.hdr", "a.img"]
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("scene", "scene.hdr"):
        (bare / name).touch()
    assert len(companions(bare / "scene.hdr")) == 2
    assert len(companions(bare / "scene")) == 2
    safe = tmp_path / "S2.SAFE"
    (safe / "IMG_DATA").mkdir(parents=True)
    for name in ("MTD_MSIL2A.xml", "IMG_DATA/B02.jp2"):
        (safe / name).touch()
    assert len(companions(safe / "MTD_MSIL2A.xml")) == 2
