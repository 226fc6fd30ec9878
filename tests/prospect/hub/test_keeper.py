"""The keeper: locks, records, logs and back-off at once; a real hub where marked."""

import configparser
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys

import psutil
import pytest

from prospect.hub import HubFolder, HubSettings, hub_status, hub_unit, read_logs
from prospect.hub import _keeper as keeper
from prospect.hub._lock import HubLock, holder
from prospect.hub._logs import rotate_logs, tail
from prospect.hub._processes import birth_of, end, is_alive
from prospect.hub._record import (
    KeeperRecord,
    PartRecord,
    kept_record,
    read_record,
    write_record,
)
from prospect.hub._services import Service, hub_environment, list_services

from ._harness import free_ports, request, wait_until

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(60)",
]


@pytest.fixture
def folder(tmp_path):
    place = HubFolder(tmp_path / "hub")
    for path in (place.root, place.state, place.logs):
        path.mkdir(mode=0o700)
    return place


# --- processes and records ----------------------------------------------------


def test_a_recycled_number_is_another_process():
    process = subprocess.Popen(SLEEP)
    try:
        birth = birth_of(process.pid)
        assert is_alive(process.pid, birth)
        assert not is_alive(process.pid, birth + "1")
        assert not is_alive(None, birth)
        end([(process.pid, birth + "1")])
        assert process.poll() is None
        end([(process.pid, birth)])
        # it has ended, though nobody has fetched it yet
        assert not is_alive(process.pid, birth)
    finally:
        process.kill()
        process.wait()


def test_who_does_not_listen_is_ended_by_force():
    process = subprocess.Popen(STUBBORN, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        end([(process.pid, birth_of(process.pid))], grace=0.3)
        assert process.wait(timeout=30) == -signal.SIGKILL
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def test_record_survives_other_versions_and_damage(folder):
    part = PartRecord(pid=os.getpid(), birth=birth_of(os.getpid()), port=5)
    write_record(folder, KeeperRecord(parts={"hub": part}))
    assert read_record(folder).orphans == [(os.getpid(), part.birth)]
    content = json.loads((folder.state / "keeper.json").read_text())
    content["colour"] = content["parts"]["hub"]["colour"] = "of a later version"
    (folder.state / "keeper.json").write_text(json.dumps(content))
    assert read_record(folder).parts["hub"] == part
    (folder.state / "keeper.json").write_text('{"pid": 1, "par')
    assert read_record(folder) == KeeperRecord()


def test_one_hub_a_folder(folder):
    code = (
        "import sys; from prospect.hub import HubFolder;"
        "from prospect.hub._lock import HubLock;"
        "lock = HubLock(HubFolder(sys.argv[1])); print('held', flush=True);"
        "sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(folder.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout.readline() == "held\n"
        assert holder(folder) == other.pid
        with pytest.raises(BlockingIOError, match=f"process {other.pid}"):
            HubLock(folder)
        # the keeper is known by its lock though nothing is written down
        assert kept_record(folder).pid == other.pid
        done = subprocess.run(
            [sys.executable, "-m", "prospect.hub._keeper", str(folder.root)],
            capture_output=True, text=True, check=False, timeout=45,
        )  # fmt: skip
        assert done.returncode == keeper.BUSY
        assert str(other.pid) in done.stderr
    finally:
        other.kill()
        other.communicate()
    assert holder(folder) is None
    HubLock(folder).close()


# --- logs ---------------------------------------------------------------------


def test_logs_are_cut_while_their_processes_write(folder):
    path = folder.logs / "hub.log"
    with path.open("ab") as writer:
        for number in range(7):
            writer.write(f"{number}".encode() * 100)
            writer.flush()
            rotate_logs(folder, largest=50, kept=3)
        writer.write(b"last\n")
    assert path.read_text() == "last\n"
    names = sorted(each.name for each in folder.logs.iterdir())
    assert names == ["hub.log", "hub.log.1", "hub.log.2", "hub.log.3"]
    assert (folder.logs / "hub.log.1").read_text() == "6" * 100
    assert (folder.logs / "hub.log.1").stat().st_mode & 0o077 == 0


def test_last_lines_without_colours(folder):
    text = "".join(f"\x1b[32mline\x1b[39m {n} 金\n" for n in range(30000))
    (folder.logs / "proxy.log").write_text(text, encoding="utf-8")
    assert tail(folder.logs / "proxy.log", 2) == ["line 29998 金", "line 29999 金"]
    found = read_logs(folder.root, parts=("proxy",), lines=20000)["proxy"]
    assert (found[0], len(found)) == ("line 10000 金", 20000)
    assert tail(folder.logs / "none.log", 3) == []
    with pytest.raises(ValueError, match="no log of pages; there are: proxy"):
        read_logs(folder.root, parts=("pages",))


# --- back-off and adoption ----------------------------------------------------


def make_part(name="pages", **more):
    service = Service(name, ("true",), **more)
    return keeper.Part(service, PartRecord(), address="127.0.0.1")


def test_waits_grow_and_five_ends_are_a_pause(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(keeper.time, "monotonic", lambda: now[0])
    part = make_part()
    waits = []
    for _ in range(keeper.MOST_ENDS):
        part.ended("ended with code 1")
        waits.append(part.next_try - now[0])
        now[0] = part.next_try
    assert waits == [0.5, 1.0, 2.0, 4.0, keeper.PAUSE]
    assert part.record.failed.startswith("ended 5 times within 10 minutes")
    assert part.record.restarts == 5
    # after the pause it counts anew
    part.ended("ended with code 1")
    assert part.next_try - now[0] == 0.5


def test_rare_ends_never_add_up(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(keeper.time, "monotonic", lambda: now[0])
    part = make_part()
    for _ in range(20):
        part.ended("ended")
        assert part.next_try - now[0] <= 2
        now[0] += keeper.WINDOW / 3
    assert not part.record.failed


def test_only_what_was_started_alike_is_adopted(folder, tmp_path):
    certificate = tmp_path / "hub.pem"
    certificate.write_text("one")
    names = {"certificate": str(certificate), "key": str(certificate)}

    def prints(**sections):
        settings = HubSettings(tls=names, **sections)
        secrets = dict.fromkeys(("culler", "gateway", "pages", "proxy"), "0")
        services = list_services(settings, folder, secrets)
        return {each.name: keeper.fingerprint(each, settings) for each in services}

    before = prints()
    assert prints() == before
    idle = prints(idle={"servers": "3h"})
    assert idle["proxy"] == before["proxy"]
    assert idle["gateway"] == before["gateway"]
    assert idle["hub"] != before["hub"]
    assert prints(dask={"idle": "1h"})["gateway"] != before["gateway"]
    # a certificate renewed in its place is another one
    certificate.write_text("two")
    assert prints()["proxy"] != before["proxy"]


def test_environment_of_others_does_not_reach_the_parts(folder, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "of somebody else")
    monkeypatch.setenv("GRANITE", "stays")
    code = "import os; print(sorted(os.environ), flush=True)"
    part = keeper.Part(
        Service("pages", (sys.executable, "-c", code), {"OURS": "1"}),
        PartRecord(),
        address="127.0.0.1",
    )
    pid = part.start(folder)
    assert part.record.birth
    os.waitpid(pid, 0)
    said = (folder.logs / "pages.log").read_text()
    assert "GRANITE" in said
    assert "OURS" in said
    assert "JUPYTERHUB" not in said
    assert (folder.logs / "pages.log").stat().st_mode & 0o077 == 0


def test_program_that_is_missing_is_said(folder):
    part = make_part()
    part.service = Service("pages", ("/nowhere/python",))
    with pytest.raises(FileNotFoundError, match="/nowhere/python"):
        part.start(folder)


def test_clock_that_leaps_stops_the_culler_for_a_while(folder):
    (folder.root / "hub.toml").write_text('[hub]\nmode = "classroom"\n')
    ours = keeper.Keeper(folder)
    process = subprocess.Popen(SLEEP)
    try:
        record = PartRecord(process.pid, birth_of(process.pid), ready=True)
        culler = keeper.Part(Service("culler", ("true",)), record, address="")
        ours.parts = {"culler": culler}
        assert not ours._watch_clock()
        ours.offset -= 7200
        assert ours._watch_clock()
        assert record.later
        assert record.pid is None
        assert 200 < culler.next_try - keeper.time.monotonic() <= 300
        assert not ours._watch_clock()
    finally:
        process.kill()
        process.wait()


# --- unit of the system -------------------------------------------------------


def test_unit_has_the_keys_that_matter(folder, tmp_path):
    text = hub_unit(tmp_path / "work bench")
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read_string(text)
    service = unit["Service"]
    assert service["Type"] == "exec"
    assert service["ExecStart"].endswith(
        f'--foreground --folder "{tmp_path}/work bench"'
    )
    assert service["KillMode"] == "mixed"
    assert service["RestartPreventExitStatus"] == "2 3"
    assert service["NoNewPrivileges"] == "yes"
    # projects are folders with the set-group-id bit: that must stay allowed
    assert "RestrictSUIDSGID" not in service
    classroom = '[hub]\nmode = "classroom"\n'
    (folder.root / "hub.toml").write_text(classroom)
    assert "ProtectSystem=strict" in hub_unit(folder.root)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd")
def test_unit_is_understood_by_systemd(tmp_path):
    path = tmp_path / "prospect-hub.service"
    path.write_text(hub_unit(tmp_path / "hub"), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


# --- a real hub ---------------------------------------------------------------

NEEDS_HUB = pytest.mark.skipif(
    not (hub_environment() / "bin" / "python").exists(), reason="needs make hub"
)


def part_of(hub, name):
    return {each.name: each for each in hub_status(hub.folder).parts}[name]


def reached(hub):
    return request(f"{hub.url}/user/ana/api").status == 200


@pytest.fixture(scope="module")
def busy_hub(hub_maker):
    """A hub with a person at work: one server that runs."""
    hub = hub_maker().up()
    hub.add_user("ana", "granite and gneiss 7")
    hub.start_server("ana")
    return hub


@NEEDS_HUB
@pytest.mark.system
class TestRealHub:
    """In this order: each test finds and leaves a hub with Ana's server."""

    def test_up_says_where_and_how(self, busy_hub):
        said = busy_hub.run("status").stdout
        assert "The workbench runs" in said
        assert "NOT protected from each other" in said
        assert "Limits: " in said
        assert "工作台正在运行" in busy_hub.run("status", "--lang", "zh").stdout
        status = hub_status(busy_hub.folder)
        assert (status.state, status.servers) == ("running", 1)
        assert status.pid == busy_hub.keeper()

    def test_folders_and_secrets_are_closed(self, busy_hub):
        for name in ("state", "secrets", "logs", "backups"):
            assert (busy_hub.folder / name).stat().st_mode & 0o077 == 0
        secrets = [each.read_text() for each in (busy_hub.folder / "secrets").iterdir()]
        log = "".join(
            path.read_text(errors="replace")
            for path in (busy_hub.folder / "logs").iterdir()
        )
        lines = [psutil.Process(each.pid).cmdline() for each in self.parts(busy_hub)]
        assert not [each for each in secrets if each in log or each in str(lines)]

    def parts(self, hub):
        return [each for each in hub_status(hub.folder).parts if each.pid]

    def test_second_hub_is_refused(self, busy_hub):
        done = busy_hub.run("up", check=False)
        assert done.returncode == 3
        assert f"process {busy_hub.keeper()}" in done.stderr

    def test_check_passes_while_it_runs(self, busy_hub):
        assert busy_hub.run("check", check=False).returncode == 0

    def test_restart_leaves_people_at_work(self, busy_hub):
        before = {each.name: each.pid for each in hub_status(busy_hub.folder).parts}
        busy_hub.run("restart")
        after = {each.name: each.pid for each in hub_status(busy_hub.folder).parts}
        same = {name for name, pid in before.items() if pid and after[name] == pid}
        assert same == {"proxy", "gateway"}
        assert reached(busy_hub)
        assert hub_status(busy_hub.folder).servers == 1

    def test_ports_cannot_move_below_people(self, busy_hub):
        path = busy_hub.folder / "hub.toml"
        text = path.read_text()
        path.write_text(f"{text}\n[ports]\nhub = {free_ports(1)}\n")
        done = busy_hub.run("restart", check=False)
        path.write_text(text)
        assert done.returncode == 3
        assert "running servers would lose the hub" in done.stderr
        assert hub_status(busy_hub.folder).state == "running"

    def test_wrong_settings_change_nothing(self, busy_hub):
        path = busy_hub.folder / "hub.toml"
        text = path.read_text()
        path.write_text(text + "\n[limits]\nmemory = 'much'\n")
        done = busy_hub.run("restart", check=False)
        path.write_text(text)
        assert done.returncode == 3
        assert reached(busy_hub)

    def test_proxy_that_crashed_knows_its_ways_again(self, busy_hub):
        proxy = part_of(busy_hub, "proxy").pid
        psutil.Process(proxy).kill()

        def back():
            try:
                return part_of(busy_hub, "proxy").pid != proxy and reached(busy_hub)
            except OSError:
                return False

        wait_until(back, what="the proxy")
        assert part_of(busy_hub, "proxy").restarts == 1

    def test_keeper_that_was_killed_is_replaced(self, busy_hub):
        before = {each.name: each.pid for each in hub_status(busy_hub.folder).parts}
        psutil.Process(busy_hub.keeper()).kill()
        wait_until(lambda: busy_hub.keeper() is None)
        assert hub_status(busy_hub.folder).state == "unkept"
        assert reached(busy_hub)
        busy_hub.up()
        status = hub_status(busy_hub.folder)
        after = {each.name: each.pid for each in status.parts}
        for name in ("proxy", "hub", "pages", "gateway"):
            assert after[name] == before[name]
        assert (status.state, status.servers) == ("running", 1)

    def test_part_that_ends_again_and_again_is_given_up_and_said(self, busy_hub):
        def ended_once_more():
            part = part_of(busy_hub, "pages")
            if part.pid:
                try:
                    psutil.Process(part.pid).kill()
                except psutil.NoSuchProcess:
                    return False
            return part.state == "failed"

        wait_until(ended_once_more, what="the pause")
        done = busy_hub.run("status", check=False)
        assert done.returncode == 1
        assert "ended 5 times within 10 minutes (was ended by SIGKILL)" in done.stdout
        assert reached(busy_hub)
        busy_hub.run("restart")
        assert hub_status(busy_hub.folder).state == "running"

    def test_servers_may_outlive_the_hub(self, busy_hub):
        busy_hub.run("down", "--keep-servers")
        assert hub_status(busy_hub.folder).state == "stopped"
        busy_hub.up()
        wait_until(lambda: reached(busy_hub), what="the server")
        assert hub_status(busy_hub.folder).servers == 1

    def test_down_stops_servers_whose_hub_was_killed(self, busy_hub):
        pids = [busy_hub.keeper(), part_of(busy_hub, "hub").pid]
        mark = f"127.0.0.1:{busy_hub.port + 1}{'/hub/api'}"
        servers = [
            each
            for each in psutil.process_iter(["environ"])
            if mark in (each.info["environ"] or {}).get("JUPYTERHUB_API_URL", "")
            and "JUPYTERHUB_USER" in each.info["environ"]
        ]
        assert servers
        for pid in pids:
            psutil.Process(pid).kill()
        busy_hub.run("down")
        # ended; whoever inherited them may not have fetched them yet
        assert {birth_of(each.pid) for each in servers} == {None}
        status = hub_status(busy_hub.folder)
        assert status.state == "stopped"
        assert not [each for each in status.parts if each.pid]


@NEEDS_HUB
@pytest.mark.system
def test_foreground_ends_with_its_signal(hub_maker):
    """As systemd and containers run it: one process, which a signal ends."""
    from ._harness import COMMAND

    hub = hub_maker()
    line = [COMMAND, "hub", "up", "--foreground", "--folder", str(hub.folder)]
    with (hub.scratch / "said.txt").open("w") as said:
        process = subprocess.Popen(line, stdout=said, stderr=said)
    try:
        wait_until(
            lambda: hub_status(hub.folder).state == "running",
            what="the hub",
            seconds=90,
        )
        assert hub.keeper() == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=45) == 0
        assert hub_status(hub.folder).state == "stopped"
    finally:
        process.kill()
        process.wait()


@NEEDS_HUB
@pytest.mark.system
def test_hub_that_cannot_start_says_why(hub_maker):
    hub = hub_maker(
        '[accounts]\nkind = "oauth"\n[accounts.options]\nclass = "no.such.Class"'
    )
    done = hub.run("up", check=False)
    assert done.returncode
    assert "hub does not stay up (ended with code 1)" in done.stderr
    assert "package.module:Class" in done.stderr
    assert hub.keeper() is None


@NEEDS_HUB
@pytest.mark.system
def test_renewed_certificate_is_taken_by_a_restart(hub_maker, tmp_path):
    from .test_preflight import make_certificate

    names = ["localhost", "127.0.0.1"]
    certificate, key = make_certificate(tmp_path, names=names)
    hub = hub_maker(f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"')
    said = hub.run("up")
    assert f"https://127.0.0.1:{hub.port}/" in said.stdout
    old = ssl.get_server_certificate(("127.0.0.1", hub.port))
    assert old == certificate.read_text()
    make_certificate(tmp_path, names=names, days=200)
    hub.run("restart")
    new = ssl.get_server_certificate(("127.0.0.1", hub.port))
    assert new == certificate.read_text() != old
    make_certificate(tmp_path, start=-100)
    done = hub.run("restart", check=False)
    assert "expired" in done.stderr
    # the hub runs on as it was
    assert ssl.get_server_certificate(("127.0.0.1", hub.port)) == new
