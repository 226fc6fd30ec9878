"""The gateway of a real hub: clusters run as their owner and are nobody else's."""

import json
import os
import pwd
import re
import signal
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from ._harness import request, wait_until

pytestmark = pytest.mark.system
SCRIPT = Path(__file__).with_name("_cluster_script.py")
DASK = '[dask]\nworkers_per_cluster = 2\nworker_memory = "700M"\nidle = "10m"'
PEOPLE = ("ana", "bo")


@pytest.fixture(scope="module", params=["team", "classroom"])
def hub(request, hub_maker):
    made = hub_maker(DASK, team=request.param == "team").up()
    for name in PEOPLE:
        made.api(f"/users/{name}", method="POST")
        made.start_server(name)
    return made


class Person:
    """Somebody who asks the gateway over its REST interface."""

    def __init__(self, hub, name):
        self.hub, self.name, self.token = hub, name, hub.token_of(name)
        self.gateway = f"http://127.0.0.1:{hub.port + 3}"

    def ask(self, path, *, method="GET", body=None):
        return request(
            f"{self.gateway}/api/v1/clusters/{path}",
            method=method,
            body=body,
            headers={"Authorization": f"jupyterhub {self.token}"},
        )

    def start(self, **wishes):
        return self.ask("", method="POST", body={"cluster_options": wishes})

    def running(self, name):
        def look():
            told = self.ask(name).json()
            assert told["status"] != "FAILED", self.hub.logs()
            return told if told["status"] == "RUNNING" else None

        return wait_until(look, seconds=90, what="the cluster")

    def stop_all(self):
        for name in self.ask("").json():
            self.ask(name, method="DELETE")
        wait_until(lambda: not processes_of(self.hub, self.name), what="its end")

    def environment(self):
        prefix = f"/user/{self.name}/"
        return {
            "HOME": str(self.hub.folder / "users" / self.name),
            "JUPYTERHUB_API_TOKEN": self.token,
            "JUPYTERHUB_SERVICE_PREFIX": prefix,
            "DASK_GATEWAY__ADDRESS": self.gateway,
            "DASK_GATEWAY__PROXY_ADDRESS": self.gateway.replace("http", "gateway"),
            "DASK_GATEWAY__AUTH__TYPE": "jupyterhub",
            "DASK_GATEWAY__PUBLIC_ADDRESS": "{JUPYTERHUB_SERVICE_PREFIX}proxy",
        }

    def compute(self, script=SCRIPT, **wishes):
        """Run a script as this person, where the hub lives."""
        settings = [f"{key}={value}" for key, value in self.environment().items()]
        account = f"wbu-{self.name}" if self.hub.team else "root"
        if not self.hub.team:
            account = pwd.getpwuid(os.getuid()).pw_name
        return self.hub.as_account(
            account, "env", *settings, sys.executable, str(script), json.dumps(wishes)
        )


def processes_of(hub, name):
    """Schedulers and workers of a person."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environment = process.info["environ"] or {}
        place = environment.get("TMPDIR", "")
        owner = environment.get("LOGNAME", "").removeprefix("wbu-")
        if place.startswith(f"{hub.folder}/clusters/") and owner == name:
            found.append(process)
    return found


@pytest.fixture(scope="module")
def ana(hub):
    return Person(hub, "ana")


@pytest.fixture(scope="module")
def bo(hub):
    return Person(hub, "bo")


@pytest.fixture
def cluster(ana):
    """A running cluster of ana with one worker."""
    answer = ana.start(workers=1)
    assert answer.status == 201, answer.text
    name = answer.json()["name"]
    told = ana.running(name)
    assert ana.ask(f"{name}/scale", method="POST", body={"count": 1}).status == 200
    yield told
    ana.stop_all()


def port_and_secret(told):
    found = re.fullmatch(r"/(\d+)/([0-9a-f]{32})/status", told["dashboard_route"])
    return int(found[1]), found[2]


def test_connect_computes_as_the_person_and_leaves_nothing(hub, ana):
    done = ana.compute()
    assert done.returncode == 0, done.stderr + hub.logs()
    assert not done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["answer"] == 6
    assert told["where"] == "gateway"
    assert told["home"] == [str(hub.folder / "users" / "ana")]
    assert re.fullmatch(r"/user/ana/proxy/\d+/[0-9a-f]{32}/status", told["link"])
    assert f'href="{told["link"]}"' in told["html"]
    assert "gateway, 2 workers of 0.7 GB" in told["repr"]
    own = hub.as_account("wbu-ana", "id", "-u") if hub.team else None
    assert told["uids"] == [int(own.stdout) if own else os.getuid()]
    wait_until(lambda: not processes_of(hub, "ana"), what="the end of the cluster")
    wait_until(lambda: not list((hub.folder / "clusters").iterdir()), what="its folder")


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"workers": 3}, r"workers=3: a cluster here has 1 to 2 workers\. Ask for 2"),
        ({"workers": 2, "memory": "2 GB"}, r"more than the 1\.37 GiB .*Ask for 2 of"),
        ({"memory": "100 MB"}, r"a worker needs 512 MB or more"),
    ],
)
def test_impossible_wishes_are_refused_with_the_remedy(ana, wishes, message):
    done = ana.compute(**wishes)
    assert done.returncode != 0
    assert re.search(f"ValueError: .*{message}", done.stderr)
    assert ana.ask("").json() == {}


def test_second_cluster_is_refused_naming_the_first(ana, bo, cluster):
    answer = ana.start()
    assert answer.status == 422
    error = answer.json()["error"]
    assert cluster["name"] in error
    assert "stop_clusters()" in error
    assert bo.start().status == 201
    bo.stop_all()


def test_cluster_is_nobody_elses(hub, bo, cluster):
    name = cluster["name"]
    assert bo.ask("").json() == {}
    for path, method, body in (
        (name, "GET", None),
        (name, "DELETE", None),
        (f"{name}/scale", "POST", {"count": 0}),
        (f"{name}/adapt", "POST", {"minimum": 0, "maximum": 1}),
    ):
        answer = bo.ask(path, method=method, body=body)
        assert answer.status == 403, (path, answer.text)
        assert "lacks permissions" in answer.json()["error"]
    assert bo.ask(f"{name}/heartbeat", method="POST", body={}).status == 401
    # nobody, and somebody who says he is ana but has no token of the hub's
    for heads in ({}, {"Authorization": "Basic YW5hOg=="}):
        answer = request(f"{bo.gateway}/api/v1/clusters/", headers=heads)
        assert answer.status == 401
    assert hub.api("/user", token=bo.token).status == 200


def test_scheduler_takes_no_certificate_but_its_own(hub, bo, cluster):
    """Neither without a certificate nor with that of a cluster of one's own."""
    answer = bo.start(workers=1)
    own = bo.running(answer.json()["name"])
    script = hub.scratch / "intrude.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        from dask_gateway.client import GatewaySecurity
        from distributed import Client
        cert, key = {own["tls_cert"]!r}, {own["tls_key"]!r}
        security = GatewaySecurity(tls_key=key, tls_cert=cert)
        address = "gateway://127.0.0.1:{hub.port + 3}/" + sys.argv[1].strip('"')
        import dask_gateway
        try:
            Client(address, security=security, timeout=8)
        except OSError as error:
            print("REFUSED", type(error).__name__)
        """)
    )
    script.chmod(0o644)
    mine = bo.hub.as_account("root", sys.executable, str(script), own["name"])
    assert "REFUSED" not in mine.stdout, mine.stderr
    theirs = bo.hub.as_account("root", sys.executable, str(script), cluster["name"])
    assert "REFUSED" in theirs.stdout, theirs.stderr
    bo.stop_all()


def test_dashboard_is_only_reached_by_its_owner(hub, ana, bo, cluster):
    port, secret = port_and_secret(cluster)
    direct = f"http://127.0.0.1:{port}"
    for path in ("/", "/status", "/sitemap.json", "/metrics", "/info/main/logs.html"):
        assert request(direct + path).status == 404, path
    assert request(f"{direct}/{'0' * 32}/status").status == 404
    name = cluster["name"]
    assert request(f"{bo.gateway}/clusters/{name}/status").status == 404
    page = f"{hub.url}/user/ana/proxy/{port}/{secret}/status"
    assert "bokeh" in request(page, token=ana.token).text.lower()
    assert request(page, token=bo.token).status == 403
    assert "login" in request(page).text.lower()
    through_bo = f"{hub.url}/user/bo/proxy/{port}"
    assert request(f"{through_bo}/status", token=bo.token).status == 404


def test_workers_show_nothing(hub, cluster):
    wait_until(lambda: len(processes_of(hub, "ana")) >= 3, seconds=60, what="a worker")
    told = []

    def looked():
        told.clear()
        for process in processes_of(hub, "ana"):
            for link in process.net_connections():
                told.extend([link.laddr] * (link.status == psutil.CONN_LISTEN))
        return len(told) >= 5

    wait_until(looked, what="its ports")
    for address in told:
        assert address.ip == "127.0.0.1"
        try:
            answer = request(f"http://127.0.0.1:{address.port}/metrics")
        except OSError:
            continue  # connections of Dask itself speak TLS
        assert answer.status in {404, 400}, address


def test_files_and_processes_are_the_owners(hub, cluster):
    place = hub.folder / "clusters" / cluster["name"]
    limited = os.access("/sys/fs/cgroup/memory", os.W_OK)
    uid = int(hub.as_account("wbu-ana", "id", "-u").stdout) if hub.team else os.getuid()
    assert (place / "work").stat().st_mode & 0o777 == 0o700
    files = [*place.glob(".certs/*"), *place.glob("logs/*")]
    assert len(files) >= 3
    for path in [place / "work", *files]:
        assert path.stat().st_uid == uid
    for path in files:
        assert path.stat().st_mode & 0o777 == 0o600
    assert place.stat().st_uid == os.getuid()
    for process in processes_of(hub, "ana"):
        assert process.uids().real == uid
        line = " ".join(process.cmdline())
        assert port_and_secret(cluster)[1] not in line
        if limited:
            groups = Path(f"/proc/{process.pid}/cgroup").read_text()
            assert "/ana@clusters" in groups
    if hub.team:
        for path in files:
            assert hub.as_account("wbu-bo", "cat", str(path)).returncode != 0
        assert hub.as_account("wbu-bo", "ls", str(place / "work")).returncode != 0


def test_clusters_outlive_a_crash_of_the_gateway(hub, ana, cluster):
    name = cluster["name"]
    before = {process.pid for process in processes_of(hub, "ana")}
    gateway = next(
        process
        for process in psutil.process_iter(["cmdline", "environ"])
        if "prospect.hub.server._gateway_config" in (process.info["cmdline"] or [])
        and process.info["environ"].get("PROSPECT_HUB_FOLDER") == str(hub.folder)
    )
    gateway.send_signal(signal.SIGKILL)
    gateway.wait(timeout=20)

    def back():
        try:
            return ana.ask(name).json().get("status") == "RUNNING"
        except (OSError, ValueError):  # not there yet, or its proxy alone
            return False

    wait_until(back, seconds=60, what="the gateway")
    assert before <= {process.pid for process in processes_of(hub, "ana")}
    assert ana.ask(name).json()["dashboard_route"] == cluster["dashboard_route"]
    assert ana.start().status == 422
    assert ana.ask(f"{name}/scale", method="POST", body={"count": 2}).status == 200


def test_down_leaves_no_cluster(hub, ana):
    assert ana.start(workers=1).status == 201
    wait_until(lambda: processes_of(hub, "ana"), what="a scheduler")
    hub.run("down")
    assert not processes_of(hub, "ana")
    assert not list((hub.folder / "clusters").iterdir())
