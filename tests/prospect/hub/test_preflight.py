"""What stands against the start of a hub, each case made for real where it can be."""

import errno
import os
import shutil
import socket
import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from prospect.hub import HubFolder, HubSettings, check_hub
from prospect.hub import _preflight as preflight
from prospect.hub import _preflight_parts as parts
from prospect.hub._preflight_files import check_certificate, check_database
from survey import DataProblems

from ._harness import free_ports

ROOT = os.geteuid() == 0


def codes(problems):
    """Code and severity of each problem; both languages must be there."""
    found = {}
    for each in problems:
        for text in (each.what, each.remedy):
            assert text.say("en") != text.say("zh")
            assert not {"{", "}"} & set(text.say("en") + text.say("zh"))
        found[each.what.code] = each
    return found


def settings(**sections):
    hub = {"port": free_ports(6), "mode": "classroom"} | sections.pop("hub", {})
    return HubSettings(hub=hub, **sections)


@pytest.fixture
def folder(tmp_path):
    place = HubFolder(tmp_path / "hub")
    place.root.mkdir()
    place.state.mkdir(mode=0o700)
    return place


# --- folder, disk, clock ------------------------------------------------------


def test_settings_and_machine_are_told_at_once(folder):
    folder.settings.write_text('[hub]\naddress = "0.0.0.0"\nport = 1\nmode = "team"\n')
    folder.secrets.mkdir(mode=0o700)
    (folder.secrets / "cookie").write_text("0")
    (folder.secrets / "cookie").chmod(0o644)
    found = codes(check_hub(folder.root))
    assert {"hub_not_encrypted", "hub_secret_open"} <= set(found)
    assert "644" in found["hub_secret_open"].value
    assert ("hub_team_root" in found) is not ROOT


def test_unreadable_settings_are_problems_too(folder):
    folder.settings.write_text("[hub]\nporrt = 8000\n")
    assert "porrt" in str(check_hub(folder.root)[0])


def test_folder_that_is_a_file(tmp_path):
    (tmp_path / "hub").write_text("")
    assert "hub_no_directory" in codes(check_hub(tmp_path / "hub", settings=settings()))


def test_folder_that_cannot_be_written():
    found = codes(check_hub("/proc/hub", settings=settings()))
    assert "hub_not_writable" in found


def test_file_system_without_locks(folder, monkeypatch):
    def refuse(_file, _kind):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(preflight.fcntl, "flock", refuse)
    found = codes(preflight._folder(folder))
    assert found["hub_no_locks"].value == "No locks available"


def test_full_disk(folder, monkeypatch):
    monkeypatch.setattr(preflight, "LEAST_FREE", 1e18)
    found = codes(preflight._disk(folder))["hub_disk_full"]
    assert "1 GB is needed" in found.what
    assert found.severity == "error"
    monkeypatch.undo()
    monkeypatch.setattr(preflight, "FULL", 0.0)
    assert codes(preflight._disk(folder))["hub_disk_short"].severity == "warning"


@pytest.mark.system
@pytest.mark.skipif(not ROOT, reason="root alone mounts a small disk")
def test_disk_without_a_byte_left(tmp_path):
    """A real disk of 128 kB, filled up."""
    import subprocess

    code = (
        "import sys; from prospect.hub import check_hub, HubSettings;"
        "found = check_hub(sys.argv[1], settings=HubSettings(hub={'port': 52310}));"
        "print([each.what.code for each in found])"
    )
    script = (
        f"mount -t tmpfs -o size=128k none {tmp_path} && "
        f"head -c 1M /dev/zero > {tmp_path}/filling 2>/dev/null; "
        f'{sys.executable} -c "{code}" {tmp_path}/hub; ls -A {tmp_path}'
    )
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "hub_disk_full" in done.stdout, done.stderr
    assert done.stdout.splitlines()[-1] == "filling"


def test_clock_behind_the_hubs_own_files(folder):
    folder.database.touch()
    assert not list(preflight._clock(folder))
    later = time.time() + 86400
    os.utime(folder.database, (later, later))
    found = codes(preflight._clock(folder))["hub_clock_behind"]
    assert found.file == str(folder.database)
    assert "touch" in found.remedy


def test_clock_before_the_program_was_written(folder):
    found = codes(preflight._clock(folder, now=86400.0 * 365))
    assert found["hub_clock_old"].value == "1971-01-01 00:00 UTC"


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_folder_of_somebody_else_and_open_to_all(folder):
    team = settings(hub={"mode": "team"})
    folder.root.chmod(0o777)
    assert "hub_open_to_others" in codes(preflight._owner(folder, team))
    os.chown(folder.root, 1234, 1234)
    assert codes(preflight._owner(folder, team))["hub_not_roots"].value == "1234"


def test_modes_and_accounts(monkeypatch):
    team = settings(hub={"mode": "team"})
    monkeypatch.setattr(preflight.os, "geteuid", lambda: 1000)
    assert "hub_team_root" in codes(preflight._mode(team))
    assert not list(preflight._mode(settings()))
    monkeypatch.setattr(preflight.os, "geteuid", lambda: 0)
    assert codes(preflight._mode(settings()))["hub_root_classroom"].severity == (
        "warning"
    )
    monkeypatch.setattr(preflight.shutil, "which", lambda *_a, **_k: None)
    assert "hub_no_useradd" in codes(preflight._mode(team))


# --- network ------------------------------------------------------------------


def test_taken_port_says_by_whom(folder):
    given = settings()
    with socket.socket() as other:
        other.bind(("127.0.0.1", given.inner_ports["hub"]))
        other.listen()
        found = codes(preflight._ports(folder, given))["hub_port_taken"]
    assert str(os.getpid()) in found.what
    assert found.value == str(given.inner_ports["hub"])
    assert not list(preflight._ports(folder, given))


def test_address_of_another_machine(folder):
    given = settings(hub={"address": "192.0.2.1"}, tls={"ends_before_us": True})
    assert codes(preflight._ports(folder, given))["hub_bad_address"].value == (
        "192.0.2.1"
    )


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "", "192.0.2.1", "hub.example"])
def test_open_network_needs_encryption(address):
    wide = settings(hub={"address": address})
    assert "hub_not_encrypted" in codes(preflight._encryption(wide))
    behind = settings(hub={"address": address}, tls={"ends_before_us": True})
    assert not list(preflight._encryption(behind))


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1", "localhost"])
def test_loopback_needs_none(address):
    assert not list(preflight._encryption(settings(hub={"address": address})))


def make_certificate(folder, *, start=-1, days=90, names=("hub.example",), lock=b""):
    """A self-signed certificate and its key; days count from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hub.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + timedelta(days=start))
        .not_valid_after(now + timedelta(days=start + days))
    )
    if names:
        alternative = x509.SubjectAlternativeName([x509.DNSName(n) for n in names])
        made = made.add_extension(alternative, critical=False)
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    locked = serialization.BestAvailableEncryption(lock) if lock else None
    folder.mkdir(exist_ok=True)
    (folder / "hub.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))
    (folder / "hub.key").write_bytes(
        key.private_bytes(pem, form, locked or serialization.NoEncryption())
    )
    (folder / "hub.key").chmod(0o600)
    return folder / "hub.pem", folder / "hub.key"


def tls(certificate, key, address="hub.example"):
    files = {"certificate": str(certificate), "key": str(key)}
    return codes(check_certificate(settings(hub={"address": address}, tls=files)))


def test_good_certificates(tmp_path):
    assert not tls(*make_certificate(tmp_path))
    wild = make_certificate(tmp_path, names=["*.example"])
    assert not tls(*wild)
    assert "hub_tls_other_name" in tls(*wild, address="a.b.example")


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"start": -100}, "hub_tls_expired"),
        ({"start": 2}, "hub_tls_early"),
        ({"days": 8}, "hub_tls_soon"),
        ({"names": ["other.example"]}, "hub_tls_other_name"),
        ({"names": []}, "hub_tls_no_names"),
        ({"lock": b"granite"}, "hub_tls_passphrase"),
    ],
)
def test_flaws_of_certificates(tmp_path, how, code):
    assert list(tls(*make_certificate(tmp_path, **how))) == [code]


def test_certificate_and_key_that_do_not_fit(tmp_path):
    certificate, key = make_certificate(tmp_path / "a")
    other = make_certificate(tmp_path / "b")[1]
    assert list(tls(certificate, other)) == ["hub_tls_other_key"]
    assert "hub_tls_bad_key" in tls(certificate, certificate)
    assert list(tls(key, key)) == ["hub_tls_no_certificate"]
    key.chmod(0o644)
    assert tls(certificate, key)["hub_tls_key_open"].value == "0644"
    missing = tls(tmp_path / "none.pem", key)["hub_tls_unreadable"]
    assert missing.value == "No such file or directory"


# --- programs -----------------------------------------------------------------


@pytest.fixture
def hub_env(tmp_path, monkeypatch):
    """An environment of the hub with our own Python and an empty place for a proxy."""
    folder = tmp_path / "hub-env"
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (folder / parts.PROXY).parent.mkdir(parents=True)
    monkeypatch.setenv("PROSPECT_HUB_ENV", str(folder))
    return folder


def node(folder, says):
    program = folder / "bin" / "node"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(0o755)


def test_no_hub_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("PROSPECT_HUB_ENV", str(tmp_path))
    found = codes(parts.check_hub_side())["hub_no_environment"]
    assert "setup.py hub" in found.remedy


def test_broken_hub_environment(hub_env):
    (hub_env / "bin" / "python").write_text("#!/bin/sh\necho broken >&2; exit 1\n")
    assert codes(parts.check_hub_side())["hub_no_environment"].value == "broken"


def test_missing_and_wrong_proxy(hub_env):
    node(hub_env, "echo v20.1.0")
    assert "hub_no_proxy" in codes(parts.check_hub_side())
    (hub_env / parts.PROXY).write_text("#!/usr/bin/python3\n")
    found = codes(parts.check_hub_side())["hub_other_proxy"]
    assert found.value == "#!/usr/bin/python3"
    (hub_env / parts.PROXY).write_text("#!/usr/bin/env node\n")
    assert not {"hub_no_proxy", "hub_other_proxy"} & set(codes(parts.check_hub_side()))


def test_node_missing_old_or_broken(hub_env, monkeypatch):
    node(hub_env, "echo v18.19.1")
    assert codes(parts._node())["hub_old_node"].value == "v18.19.1"
    node(hub_env, "echo no such library >&2; exit 127")
    assert codes(parts._node())["hub_bad_node"].value == "no such library"
    (hub_env / "bin" / "node").unlink()
    monkeypatch.setenv("PATH", str(hub_env))
    assert "hub_no_node" in codes(parts._node())


def test_users_environment(tmp_path, hub_env):
    given = settings(hub={"environment": str(tmp_path / "none")})
    assert "hub_no_user_environment" in codes(parts.check_user_side(given))
    copy = tmp_path / "copy"
    (copy / "bin").mkdir(parents=True)
    shutil.copy(hub_env / "bin" / "python", copy / "bin" / "python")
    given = settings(hub={"environment": str(copy)})
    found = codes(parts.check_user_side(given))["hub_user_environment_incomplete"]
    assert "jupyterhub-singleuser" in found.what


@pytest.mark.skipif(not ROOT, reason="in team mode, which needs root")
def test_closed_folders_above_homes_and_python(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    given = settings(hub={"mode": "team", "environment": str(tmp_path / "env")})
    place = HubFolder(tmp_path / "hub")
    found = codes(parts.check_reach(place, given))["hub_homes_unreachable"]
    assert str(tmp_path) in {str(each) for each in parts.closed_above(place.root)}
    assert "chmod o+x" in found.remedy
    (tmp_path / "env" / "bin").mkdir(parents=True)
    python = tmp_path / "env" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    found = codes(parts.check_reach(place, given))["hub_python_unreachable"]
    assert str(tmp_path) in found.what


# --- database -----------------------------------------------------------------


def make_database(path, revision):
    with sqlite3.connect(path) as connection:
        connection.execute("create table alembic_version (version_num text)")
        connection.execute("insert into alembic_version values (?)", (revision,))
        connection.execute("create table filler (words text)")
        rows = [("granite" * 50,)] * 200
        connection.executemany("insert into filler values (?)", rows)
    connection.close()


def test_no_database_is_fine_unless_there_are_homes(folder):
    assert not list(check_database(folder))
    (folder.users / "ana").mkdir(parents=True)
    found = codes(check_database(folder))
    assert found["hub_database_gone_none"].severity == "warning"
    folder.database.touch()
    assert "hub_database_gone_none" in codes(check_database(folder))


def test_damaged_database_names_the_newest_backup(folder):
    make_database(folder.database, "x")
    with folder.database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 4)
    before = folder.database.read_bytes()
    assert "hub_database_corrupt_none" in codes(check_database(folder))
    folder.backups.mkdir()
    for number, name in enumerate(["hub-2.tar.gz", "hub-1.tar.gz"]):
        (folder.backups / name).touch()
        os.utime(folder.backups / name, (number, number))
    found = codes(check_database(folder))["hub_database_corrupt_backup"]
    assert "prospect hub restore" in found.remedy
    assert "hub-1.tar.gz" in found.remedy
    assert folder.database.read_bytes() == before


def test_file_that_is_no_database(folder):
    folder.database.write_text("accounts\n" * 500)
    found = codes(check_database(folder))["hub_database_corrupt_none"]
    assert found.value == "file is not a database"


def test_database_in_use(folder, monkeypatch):
    make_database(folder.database, "x")
    other = sqlite3.connect(folder.database, isolation_level=None)
    other.execute("begin exclusive")
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **k: connect(*a, **(k | {"timeout": 0.1}))
    )
    found = codes(check_database(folder))
    other.close()
    assert found["hub_database_busy"].value == "database is locked"


def test_database_of_other_versions_of_jupyterhub(folder, hub_env):
    make_database(folder.database, "0123456789ab")
    assert "hub_database_newer_none" in codes(check_database(folder))
    folder.database.unlink()
    make_database(folder.database, "af4cbdb2d13c")
    found = codes(check_database(folder))["hub_database_older"]
    assert found.severity == "warning"


# --- what the command makes of it ---------------------------------------------


def test_problems_stop_the_start_and_nothing_is_written(tmp_path, monkeypatch):
    from prospect.hub import start_hub

    monkeypatch.setenv("PROSPECT_HUB_ENV", str(tmp_path / "none"))
    with pytest.raises(DataProblems, match=r"setup\.py hub"):
        start_hub(tmp_path / "hub", port=free_ports(6))
    assert not (tmp_path / "hub").exists()
