import sqlite3

import pytest

from prospect.hub import (
    HubFolder,
    add_user,
    approve_user,
    list_users,
    remove_user,
    set_password,
)
from prospect.hub._homes_kept import put_aside
from prospect.hub._settings import HubSettings


@pytest.fixture
def hub(tmp_path):
    """A stopped hub that knows an administrator, a member and a sign-up."""
    folder = HubFolder(tmp_path / "hub")
    folder.state.mkdir(parents=True)
    folder.settings.write_text(
        "[hub]\nport = 1\n[accounts]\nadmins = ['lead']\n[projects]\nbixi = ['ana']\n"
    )
    with sqlite3.connect(folder.database) as base:
        base.executescript(
            """
            CREATE TABLE users (id, name, admin, last_activity);
            CREATE TABLE spawners (user_id, server_id, started);
            CREATE TABLE users_info (username, is_authorized);
            INSERT INTO users VALUES (1, 'lead', 0, NULL), (3, 'admin', 1, NULL),
                                     (2, 'ana', 0, '2026-11-23 10:00:00.5');
            INSERT INTO spawners VALUES (2, 7, '2026-11-23 09:00:00');
            INSERT INTO users_info VALUES ('lead', 1), ('ana', 1), ('newbie', NULL);
            """
        )
    base.close()
    return folder


def test_list(hub):
    newbie, admin, ana, lead = list_users(hub.root)
    assert (admin.has_account, ana.has_account) == (False, True)
    assert (newbie.name, newbie.approved, newbie.last_activity) == (
        "newbie",
        False,
        None,
    )
    assert ana.approved
    assert not ana.admin
    assert ana.projects == ("bixi",)
    assert ana.last_activity.isoformat() == "2026-11-23T10:00:00.500000+00:00"
    assert ana.server_since.hour == 9
    assert lead.admin


def test_no_hub(tmp_path):
    with pytest.raises(ValueError, match=r"no hub in .*no hub\.toml"):
        list_users(tmp_path)


def test_damaged_database(hub):
    hub.database.write_bytes(b"nonsense" * 1000)
    with pytest.raises(ValueError, match=r"cannot be read: .*prospect hub restore"):
        list_users(hub.root)


@pytest.mark.parametrize("name", ["Ana", "a b", "../x", "", "x" * 25, "安娜"])
def test_names_are_checked(hub, name):
    with pytest.raises(ValueError, match="cannot be a name here"):
        add_user(hub.root, name, password="granite and gneiss")


def test_known_names(hub):
    with pytest.raises(ValueError, match="hub user password ana"):
        add_user(hub.root, "ana", password="granite and gneiss")
    with pytest.raises(ValueError, match="hub user approve newbie"):
        add_user(hub.root, "newbie", password="granite and gneiss")
    with pytest.raises(ValueError, match="'ana' is approved already"):
        approve_user(hub.root, "ana")
    for job in (approve_user, remove_user):
        with pytest.raises(
            ValueError, match=r"nobody here is called 'eve'.*newbie, ana"
        ):
            job(hub.root, "eve")


@pytest.mark.parametrize(
    ("password", "match"),
    [
        ("short", "5 characters is too short; 10 or more"),
        ("y" * 73, "73 bytes is too long"),
        ("花" * 25, "75 bytes is too long"),
        ("anaanaana1", r"little more than the name"),
        ("line\nline\nline", r"cannot hold line ends"),
    ],
)
def test_passwords_are_checked(hub, password, match):
    with pytest.raises(ValueError, match=match):
        set_password(hub.root, "ana", password=password)


def test_administrators_of_the_settings_stay(hub):
    with pytest.raises(ValueError, match=r"Take it out of \[accounts\] admins"):
        remove_user(hub.root, "lead")


def test_other_kinds_of_accounts(hub):
    hub.settings.write_text("[accounts]\nkind = 'pam'\nadmins = ['lead']")
    with pytest.raises(ValueError, match="sign in with 'pam'"):
        add_user(hub.root, "carl", password="granite and gneiss")


def test_home_is_kept_under_a_name_nobody_can_have(hub):
    settings = HubSettings.model_validate({"hub": {"mode": "classroom"}})
    for number in ("", "-2"):
        hub.home("ana").mkdir(parents=True)
        kept = put_aside(hub, "ana", settings=settings, keep=True)
        assert kept.name.startswith("ana~removed-20")
        assert kept.name.endswith(number)
        assert kept.is_dir()
    assert put_aside(hub, "ana", settings=settings, keep=True) is None
