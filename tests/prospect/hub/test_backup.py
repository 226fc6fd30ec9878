import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile

import pytest

from prospect.hub import HubFolder, back_up, read_settings, restore_backup
from prospect.hub._backup import read_manifest
from prospect.hub._restore import with_port
from prospect.hub._trees import remove_tree
from survey import DataProblems


@pytest.fixture
def hub(tmp_path):
    """A hub's folder with two people, a project, and a server that ran."""
    folder = HubFolder(tmp_path / "hub")
    for place in (folder.secrets, folder.state, folder.home("ana"), folder.home("bo")):
        place.mkdir(parents=True)
    folder.settings.write_text("[hub]\nport = 9000\n[projects]\nbixi = ['ana']\n")
    (folder.secrets / "cookie").write_text("00" * 32)
    (folder.secrets / "cookie").chmod(0o600)
    (folder.home("ana") / "地质图.txt").write_text("花岗岩", encoding="utf-8")
    (folder.home("ana") / "run.sh").write_text("true")
    (folder.home("ana") / "run.sh").chmod(0o755)
    (folder.home("ana") / "link").symlink_to("run.sh")
    (folder.home("bo") / "empty").mkdir()
    os.mkfifo(folder.home("bo") / "pipe")
    folder.project("bixi").mkdir(parents=True)
    (folder.project("bixi") / "shared.csv").write_text("a,b")
    with sqlite3.connect(folder.database) as base:
        base.execute("CREATE TABLE spawners (server_id, state)")
        base.execute("""INSERT INTO spawners VALUES (3, '{"pid": 1}')""")
    base.close()
    return folder


def test_comes_back_as_it_was(hub, tmp_path):
    archive = back_up(hub.root, homes=True)
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    made = HubFolder(restore_backup(archive, tmp_path / "new", port=9100))
    assert read_settings(made.settings).hub.port == 9100
    assert (made.secrets / "cookie").read_text() == "00" * 32
    assert stat.S_IMODE((made.secrets / "cookie").stat().st_mode) == 0o600
    assert stat.S_IMODE(made.state.stat().st_mode) == 0o700
    home = made.home("ana")
    assert (home / "地质图.txt").read_text(encoding="utf-8") == "花岗岩"
    assert stat.S_IMODE((home / "run.sh").stat().st_mode) == 0o755
    assert (home / "link").readlink().name == "run.sh"
    assert (made.home("bo") / "empty").is_dir()
    assert (made.project("bixi") / "shared.csv").read_text() == "a,b"
    with sqlite3.connect(made.database) as base:
        assert base.execute("SELECT * FROM spawners").fetchall() == [(None, "{}")]
    base.close()


def test_says_what_it_could_not_take(hub):
    manifest = read_manifest(back_up(hub.root, homes=True))
    assert manifest["left_out"] == ["users/bo/pipe"]
    assert manifest["links"]["users/ana/link"]["target"] == "run.sh"
    assert "users/ana/run.sh" in manifest["files"]


def test_without_homes_only_what_the_hub_is(hub):
    manifest = read_manifest(back_up(hub.root))
    names = {"hub.toml", "secrets/cookie", "state/jupyterhub.sqlite"}
    assert set(manifest["files"]) == names


def test_database_is_copied_while_it_is_written(hub):
    writer = sqlite3.connect(hub.database)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO spawners VALUES (4, '')")
    assert "state/jupyterhub.sqlite" in read_manifest(back_up(hub.root))["files"]
    writer.rollback()
    writer.close()


def test_damaged_database_is_not_backed_up(hub):
    hub.database.write_bytes(b"not a database" * 100)
    with pytest.raises(ValueError, match="is damaged"):
        back_up(hub.root)
    assert not list(hub.backups.glob("*"))


def test_an_archive_is_never_overwritten(hub, tmp_path):
    (tmp_path / "a.tar.gz").write_text("old")
    with pytest.raises(FileExistsError, match="left as it is"):
        back_up(hub.root, out=tmp_path / "a.tar.gz")


def test_not_among_peoples_files(hub):
    with pytest.raises(ValueError, match="only you can read"):
        back_up(hub.root, out=hub.home("ana") / "a.tar.gz")


def test_no_hub(tmp_path):
    with pytest.raises(ValueError, match=r"no hub\.toml"):
        back_up(tmp_path)


def test_full_disk(hub, tmp_path, monkeypatch):
    archive = back_up(hub.root)
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OSError, match="MB free: make room"):
        back_up(hub.root, out=tmp_path / "b.tar.gz")
    with pytest.raises(OSError, match="MB free: make room"):
        restore_backup(archive, tmp_path / "new")


def test_a_folder_in_use_is_refused(hub, tmp_path):
    archive = back_up(hub.root)
    with pytest.raises(FileExistsError, match="is not empty"):
        restore_backup(archive, hub.root)
    (tmp_path / "there").mkdir()
    assert restore_backup(archive, tmp_path / "there") == tmp_path / "there"


def rewrite(archive, target, change):
    """Copy an archive, member by member, changed on the way."""
    with tarfile.open(archive) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            file = old.extractfile(member)
            content = file.read() if file else b""
            for name, text, kind in change(member.name, content):
                info = tarfile.TarInfo(name)
                info.size, info.type = len(text), kind
                if kind == tarfile.SYMTYPE:
                    info.linkname, info.size = "/etc/passwd", 0
                new.addfile(info, io.BytesIO(text))


def refuse(hub, tmp_path, change, match):
    bad = tmp_path / "bad.tar.gz"
    rewrite(back_up(hub.root, homes=True), bad, change)
    with pytest.raises(DataProblems, match=match):
        restore_backup(bad, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new*"))


def test_changed_byte(hub, tmp_path):
    def change(name, text):
        yield name, b"x" * len(text) if "cookie" in name else text, tarfile.REGTYPE

    refuse(hub, tmp_path, change, "secrets/cookie is not what was backed up")


@pytest.mark.parametrize("name", ["../out", "/abs", "users/../../out", "bin/x"])
def test_paths_that_lead_elsewhere(hub, tmp_path, name):
    def change(old, text):
        yield old, text, tarfile.REGTYPE
        if old == "hub.toml":
            yield name, b"1", tarfile.REGTYPE

    refuse(hub, tmp_path, change, "leads out of|is nothing a hub has")


def test_links_are_refused(hub, tmp_path):
    def change(old, text):
        yield old, text, tarfile.REGTYPE
        if old == "hub.toml":
            yield "users/ana/evil", b"", tarfile.SYMTYPE

    refuse(hub, tmp_path, change, "users/ana/evil is a link or a device")


def test_links_out_of_homes_are_refused(hub, tmp_path):
    def change(old, text):
        if old == "manifest.json":
            manifest = json.loads(text)
            manifest["links"]["secrets/cookie2"] = {"target": "/etc", "owner": ""}
            text = json.dumps(manifest).encode()
        yield old, text, tarfile.REGTYPE

    refuse(hub, tmp_path, change, "secrets/cookie2 is a link outside")


def test_cut_off(hub, tmp_path):
    whole = back_up(hub.root, homes=True).read_bytes()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataProblems, match=r"cannot be read to its end|is cut off"):
        restore_backup(cut, tmp_path / "new")


def test_newer_format(hub, tmp_path):
    def change(old, text):
        if old == "manifest.json":
            text = json.dumps(json.loads(text) | {"format": 9}).encode()
        yield old, text, tarfile.REGTYPE

    refuse(hub, tmp_path, change, "has format 9")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[hub]\n# port = 8000\n", "[hub]\nport = 9\n# port = 8000\n"),
        ("[limits]\ncpu = 1\n", "[hub]\nport = 9\n[limits]\ncpu = 1\n"),
        ("[hub]\nport=80_00\n[ports]\nhub = 1\n", "[hub]\nport= 9\n[ports]\nhub = 0\n"),
    ],
)
def test_port_is_changed_in_the_text(text, expected):
    assert with_port(text, 9) == expected


def test_odd_files_of_one_person_cost_nobody_the_backup(hub, tmp_path):
    home = hub.home("bo")
    odd = os.fsdecode(b"\xff.csv")
    for name in (odd, "back\\slash"):
        (home / name).write_text("1")
    (home / "real").mkdir()
    (home / "real" / "x").write_text("x")
    (home / "elsewhere").symlink_to(hub.secrets)
    with (home / "hollow").open("wb") as file:
        file.truncate(2**40)
    here = os.open(home, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    archive = back_up(hub.root, homes=True)
    manifest = read_manifest(archive)
    left_out = manifest["left_out"]
    assert {"users/bo/hollow", "users/bo/pipe"} < set(left_out)
    assert any(name.startswith("users/bo/d/d/d") for name in left_out)
    assert not any("elsewhere/" in name for name in manifest["files"])
    made = HubFolder(restore_backup(archive, tmp_path / "new")).home("bo")
    assert (made / odd).exists()
    assert (made / "back\\slash").read_text() == "1"
    assert (made / "real" / "x").read_text() == "x"
    remove_tree(home)
    assert not home.exists()
    remove_tree(made)
