"""Folders: what is closed, what a home shows, what a full or strange home does."""

import os
import subprocess
from pathlib import Path

import pytest

from prospect.hub import HubFolder, HubSettings
from prospect.hub.server._environment import (
    KEPT,
    server_arguments,
    server_environment,
)
from prospect.hub.server._homes import (
    Runtime,
    link_home,
    make_runtime_root,
    prepare_folders,
    runtime_root,
)
from prospect.hub.server._linux import check_account, make_home


@pytest.fixture
def folder(tmp_path):
    return HubFolder(tmp_path / "hub")


def mode(path):
    return path.stat().st_mode & 0o7777


@pytest.mark.parametrize("team", [False, True])
def test_what_the_hub_knows_is_closed(folder, team):
    folder.root.mkdir()
    folder.settings.write_text("[hub]")
    folder.settings.chmod(0o644)
    prepare_folders(folder, team=team)
    for path in (folder.state, folder.secrets, folder.logs, folder.backups):
        assert mode(path) == 0o700
    assert mode(folder.settings) == 0o600
    # in a team people pass through and cannot list
    assert mode(folder.users) == (0o711 if team else 0o700)
    assert mode(folder.projects) == (0o711 if team else 0o700)


def test_runtime_folders_start_empty_and_keep_the_notices(tmp_path):
    runtime = Runtime(tmp_path / "ana")
    bixi = tmp_path / "bixi"
    bixi.mkdir()
    runtime.prepare([bixi])
    (runtime.jupyter / "kernel-1.json").write_text("old")
    runtime.notice.write_text("[]")
    runtime.prepare([])
    assert list(runtime.jupyter.iterdir()) == []
    assert list(runtime.projects.iterdir()) == []
    assert runtime.notice.exists()
    assert mode(runtime.jupyter) == 0o700


def test_sockets_fit_for_the_longest_name_of_a_team(folder):
    root = runtime_root(folder, team=True)
    assert Runtime(root / ("n" * 24)).takes_sockets
    assert not Runtime(Path("/" + "long" * 20) / "ana").takes_sockets


def test_a_runtime_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(PermissionError, match="belongs to somebody else; remove it"):
        make_runtime_root(tmp_path / "link", team=True)


def test_a_home_shows_shared_folders_and_keeps_what_is_there(tmp_path):
    (tmp_path / "projects").mkdir()
    (tmp_path / "shared").symlink_to("/elsewhere")
    link_home(str(tmp_path), {"shared": "/new", "projects": "/other"})
    assert (tmp_path / "shared").readlink() == Path("/new")
    assert (tmp_path / "projects").is_dir()
    assert not (tmp_path / "projects").is_symlink()


def account(home, *, number=4000):
    import pwd

    return pwd.struct_passwd(
        ("wbu-ana", "x", number, number, "", str(home), "/usr/sbin/nologin")
    )


def test_an_account_of_another_hub_is_refused(tmp_path):
    with pytest.raises(PermissionError, match=r"belongs to another hub.*usermod"):
        check_account(account("/srv/other/users/ana"), tmp_path / "ana")


def test_an_account_of_the_system_is_refused(tmp_path):
    with pytest.raises(PermissionError, match=r"number 0, which belongs to the system"):
        check_account(account(tmp_path, number=0), tmp_path)


def test_a_home_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "ana").symlink_to(tmp_path)
    with pytest.raises(NotADirectoryError, match="is no folder; move it away"):
        make_home(tmp_path / "ana", account(tmp_path / "ana"))


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to another account")
def test_a_home_from_another_machine_becomes_its_persons(tmp_path):
    home = tmp_path / "ana"
    home.mkdir(mode=0o755)
    (home / "notes.txt").write_text("mine")
    (home / "out").symlink_to(tmp_path)
    make_home(home, account(home))
    assert home.stat().st_uid == 4000
    assert (home / "notes.txt").stat().st_uid == 4000
    assert mode(home) == 0o700
    # what a link points to is not the person's
    assert tmp_path.stat().st_uid == 0


def test_servers_know_limits_gateway_and_folders_and_nothing_else(folder, monkeypatch):
    monkeypatch.setenv("CONFIGPROXY_AUTH_TOKEN", "secret")
    prepare_folders(folder, team=False)
    settings = HubSettings(hub={"port": 9000}, limits={"cpu": 3})
    found = server_environment(settings, folder)
    assert found["OMP_NUM_THREADS"] == "3"
    assert found["DASK_GATEWAY__ADDRESS"] == "http://127.0.0.1:9003"
    assert found["PROSPECT_SHARED_DIR"] == str(folder.shared)
    assert "secret" not in found.values()
    # an empty folder of data would hide what people fetch themselves
    assert "PROSPECT_DATA_DIR" not in found
    (folder.data / "registry.toml").write_text("")
    assert server_environment(settings, folder)["PROSPECT_DATA_DIR"] == str(folder.data)
    assert not {"PATH", "PYTHONPATH", "HOME"} & set(KEPT)


def test_idle_kernels_are_stopped_unless_told_not_to(folder):
    found = server_arguments(HubSettings(idle={"kernels": "30m"}), team=True)
    assert "--MappingKernelManager.cull_idle_timeout=1800" in found
    never = server_arguments(HubSettings(idle={"kernels": "0s"}), team=True)
    assert not [each for each in never if "cull" in each]
    assert "--allow-root" not in found


def test_the_server_part_needs_no_numpy():
    code = (
        "import sys, prospect.hub.server._homes, prospect.hub.server._limits,"
        " prospect.hub.server._watch, prospect.hub.server._environment\n"
        "print('numpy' in sys.modules)"
    )
    import sys

    line = [sys.executable, "-c", code]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
