"""People and backups of a real hub, running and stopped."""

import re
import sqlite3
import urllib.error
import urllib.parse
import urllib.request

import pytest

from ._harness import COMMAND, Hub, free_ports, request, wait_until

pytestmark = pytest.mark.system
SECRETS = {"ana": "granite and gneiss", "bo": "skarn under marble"}


@pytest.fixture(scope="module")
def hub(hub_maker):
    hub = hub_maker("[dask]\nenabled = false\n[projects]\nbixi = ['ana']")
    hub.add_user("lead", "the first of them all", admin=True)  # before the first start
    return hub.up()


def sign_in(hub, name, password):
    """Whether the login page takes a password; the page it leads to."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    page = opener.open(f"{hub.url}/hub/login", timeout=30).read().decode()
    token = re.search(r'name="_xsrf" value="([^"]+)"', page)[1]
    body = {"username": name, "password": password, "_xsrf": token}
    data = urllib.parse.urlencode(body).encode()
    url = f"{hub.url}/hub/login?next=%2Fhub%2Fhome"
    try:
        with opener.open(url, data, timeout=60) as answer:
            return answer.url.endswith("/hub/home"), answer.read().decode()
    except urllib.error.HTTPError as error:
        return False, error.read().decode()


def test_first_administrator_is_made_before_the_first_start(hub):
    assert sign_in(hub, "lead", "the first of them all")[0]
    assert hub.api("/users/lead").json()["admin"]


def test_added_while_it_runs(hub):
    for name, password in SECRETS.items():
        hub.add_user(name, password)
        assert sign_in(hub, name, password)[0]
    assert not sign_in(hub, "ana", "something else")[0]
    listed = hub.run("user", "list").stdout.splitlines()
    assert [line.split("\t")[:3] for line in listed[1:]] == [
        ["admin", "no password yet", ""],
        ["ana", "member", "bixi"],
        ["bo", "member", ""],
        ["lead", "administrator", ""],
    ]


def test_password_is_made_and_printed_once(hub):
    made = hub.run("user", "password", "bo", "--generate")
    password = made.stdout.strip()
    assert len(password) == 23
    assert sign_in(hub, "bo", password)[0]
    assert not sign_in(hub, "bo", SECRETS["bo"])[0]
    hub.run("user", "password", "bo", "--password-from-stdin", typed=SECRETS["bo"])
    assert sign_in(hub, "bo", SECRETS["bo"])[0]
    assert SECRETS["bo"] not in hub.logs()


def test_sign_up_waits_and_is_approved(hub):
    table = sqlite3.connect(hub.folder / "state" / "jupyterhub.sqlite", timeout=20)
    with table:
        table.execute(
            "INSERT INTO users_info (username, password, is_authorized) "
            "SELECT 'carl', password, 0 FROM users_info WHERE username = 'ana'"
        )
    table.close()
    assert "carl\twaits for approval" in hub.run("user", "list").stdout
    assert not sign_in(hub, "carl", SECRETS["ana"])[0]
    hub.run("user", "approve", "carl")
    assert sign_in(hub, "carl", SECRETS["ana"])[0]


def test_common_and_taken_are_refused(hub):
    wrong = hub.run(
        "user", "add", "dan", "--password-from-stdin", typed="1234567890", check=False
    )
    assert wrong.returncode == 1
    assert "one of the most common" in wrong.stderr
    assert hub.api("/users/dan").status == 404
    taken = hub.run("user", "add", "ana", "--generate", check=False)
    assert "known here already" in taken.stderr
    assert not taken.stdout


def test_removed_with_the_server_home_kept(hub):
    hub.start_server("carl")
    home = hub.folder / "users" / "carl"
    (home / "notes.txt").write_text("copper")
    told = hub.run("user", "remove", "carl", "--lang", "zh")
    assert "已移除用户 carl" in told.stderr
    assert hub.api("/users/carl").status == 404
    assert not sign_in(hub, "carl", SECRETS["ana"])[0]
    (kept,) = hub.folder.glob("users/carl~removed-*")
    assert (kept / "notes.txt").read_text() == "copper"


def test_back_up_and_restore_on_another_port(hub, hub_maker):
    (hub.folder / "users" / "ana").mkdir(exist_ok=True)
    (hub.folder / "users" / "ana" / "map.txt").write_text("gold")
    hub.run("backup", "--homes", "--out", hub.scratch / "b.tar.gz")
    other = hub_maker()
    port = free_ports(6)
    copy = Hub(other.scratch / "copy", port, team=False, scratch=other.scratch)
    try:
        copy.run("restore", hub.scratch / "b.tar.gz", "--port", port)
        copy.up()
        for name, password in SECRETS.items():
            assert sign_in(copy, name, password)[0]
        assert sign_in(hub, "ana", SECRETS["ana"])[0]  # the first one runs on
        assert (copy.folder / "users" / "ana" / "map.txt").read_text() == "gold"
        assert "/user/ana" in copy.start_server("ana")
        again = copy.run("restore", hub.scratch / "b.tar.gz", check=False)
        assert "is not empty" in again.stderr
    finally:
        copy.close()


def test_stopped_hub_takes_people_too(hub):
    hub.run("down")
    hub.add_user("eve", "a password for eve", admin=True)
    hub.run("user", "remove", "bo")
    hub.up()
    assert sign_in(hub, "eve", "a password for eve")[0]
    assert hub.api("/users/eve").json()["admin"]
    assert hub.api("/users/bo").status == 404


def test_accounts_of_the_system(hub_maker):
    """Usage by account, ownership in archives, homes of those who left."""
    hub = hub_maker("[dask]\nenabled = false", team=True)
    hub.add_user("lead", "the first of them all", admin=True)
    hub.up()
    hub.add_user("ana", SECRETS["ana"])
    hub.start_server("ana")
    assert (
        hub.as_account("wbu-ana", "touch", f"{hub.folder}/users/ana/map").stdout == ""
    )
    token = hub.token_of("lead")

    def memory():
        text = request(f"{hub.url}/services/pages/metrics", token=token).text
        found = re.search(r'memory_bytes\{person="ana"\} (\S+)', text)
        return found and float(found[1]) > 30e6

    wait_until(memory, what="the memory of ana")
    archive = hub.folder / "b.tar.gz"
    hub.run("backup", "--homes", "--out", archive)
    owner = lambda path: hub.as_account("root", "stat", "-c%U %a", path).stdout.split()  # noqa: E731
    copy = hub.folder / "copy"
    made = hub.as_account(
        "root", COMMAND, "hub", "restore", str(archive), "--folder", str(copy)
    )
    assert made.returncode == 0, made.stderr
    assert owner(f"{copy}/users/ana") == ["wbu-ana", "700"]
    assert owner(f"{copy}/users/ana/map")[0] == "wbu-ana"
    assert owner(f"{copy}/secrets") == ["root", "700"]
    hub.run("user", "remove", "ana")
    (kept,) = hub.folder.glob("users/ana~removed-*")
    assert owner(str(kept)) == ["root", "700"]
    assert owner(str(kept / "map"))[0] == "root"
