"""The result folder holds the last good result, whole."""

import errno
import json
import shutil

import pytest

from prospect.job._publish import publish, sole_user


def products(folder, **files):
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    outputs = {name.replace("_", "."): "" for name in files}
    (folder / "manifest.json").write_text(json.dumps({"outputs": outputs}))


def test_products_appear_and_vanished_ones_go(tmp_path):
    stage, out = tmp_path / "work", tmp_path / "out"
    products(stage, map_tif="1", scene_png="p")
    publish(stage, out)
    (out / "mine.txt").write_text("the user's own")
    products(stage, map_tif="2")
    publish(stage, out)
    names = sorted(p.name for p in out.iterdir())
    assert names == ["manifest.json", "map.tif", "mine.txt"]
    assert (out / "map.tif").read_text() == "2"


@pytest.mark.parametrize("absolute", [False, True])
def test_manifest_cannot_make_publish_delete_outside(tmp_path, absolute):
    stage, out = tmp_path / "work", tmp_path / "out"
    (tmp_path / "precious.txt").write_text("keep")
    out.mkdir()
    name = str(tmp_path / "precious.txt") if absolute else "../precious.txt"
    manifest = {"outputs": {name: ""}}
    (out / "manifest.json").write_text(json.dumps(manifest))
    products(stage, map_tif="1")
    publish(stage, out)
    assert (tmp_path / "precious.txt").exists()


def test_two_runs_in_one_folder_are_refused(tmp_path):
    with (
        sole_user(tmp_path / "out"),
        pytest.raises(RuntimeError, match=r"another run is working in .*--out"),
        sole_user(tmp_path / "out"),
    ):
        pass


def test_disk_that_fills_up_leaves_the_earlier_result_whole(tmp_path, monkeypatch):
    stage, out = tmp_path / "work", tmp_path / "out"
    products(stage, a_csv="1", b_csv="1", map_tif="1")
    publish(stage, out)
    before = {path.name: path.read_text() for path in out.iterdir()}
    products(stage, a_csv="2", b_csv="2", map_tif="2")
    copy, done = shutil.copyfile, []

    def fills_up(source, target):
        done.append(copy(source, target))
        if len(done) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", fills_up)
    with pytest.raises(OSError, match="No space left"):
        publish(stage, out)
    assert {path.name: path.read_text() for path in out.iterdir()} == before


def test_what_has_not_changed_is_left_alone(tmp_path):
    stage, out = tmp_path / "work", tmp_path / "out"
    products(stage, a_csv="1", map_tif="1")
    publish(stage, out)
    stamps = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    products(stage, a_csv="1", map_tif="1")
    publish(stage, out)
    assert {path.name: path.stat().st_mtime_ns for path in out.iterdir()} == stamps
