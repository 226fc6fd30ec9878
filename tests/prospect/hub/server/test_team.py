"""Two people on one machine: accounts, walls between them, limits, shared projects."""

import contextlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

from prospect.hub import HubFolder
from prospect.hub.server._homes import runtime_root
from prospect.hub.server._limits import find_groups, hub_tag

from .._harness import request, wait_until
from ._kernel import DIED, run_code, start_kernel

pytestmark = pytest.mark.system

SETTINGS = (
    '[limits]\nmemory = "1G"\nprocesses = 300',
    "[dask]\nenabled = false",
    '[projects]\nbixi = ["ana", "bob"]\ntuwu = ["bob"]',
)


@pytest.fixture(scope="module")
def hub(hub_maker):
    made = hub_maker(*SETTINGS, team=True)
    made.up()
    for name in ("ana", "bob"):
        assert made.api(f"/users/{name}", method="POST").status == 201
        made.start_server(name)
    yield made
    made.close()
    shutil.rmtree(runtime_root(HubFolder(made.folder), team=True), ignore_errors=True)
    for place in Path("/sys/fs/cgroup").glob(f"*/{hub_tag(made.folder)}"):
        for each in [*place.iterdir(), place]:
            if each.is_dir():
                with contextlib.suppress(OSError):
                    each.rmdir()


@pytest.fixture(scope="module")
def tokens(hub):
    return {name: hub.token_of(name) for name in ("ana", "bob")}


@pytest.fixture
def run(hub, tokens):
    def run(name, code, **options):
        return run_code(f"{hub.url}/user/{name}", tokens[name], code, **options)

    return run


def test_a_kernel_runs_as_the_account_of_its_person(hub, run):
    said = run("ana", "!id -un; umask; pwd; stat -c %a .; ls")
    account, mask, folder, mode, *content = said.split()
    assert account == "wbu-ana"
    assert mask == "0007"
    assert folder == str(hub.folder / "users" / "ana")
    assert mode == "700"
    assert {"shared", "projects"} <= set(content)
    # the machine itself knows nothing of accounts made for a test
    done = subprocess.run(["id", "wbu-ana"], capture_output=True, check=False)
    assert done.returncode != 0


def test_nobody_reads_what_is_not_his(hub, run):
    root = hub.folder
    closed = [
        root / "users",
        root / "users" / "bob",
        root / "state",
        root / "state" / "jupyterhub.sqlite",
        root / "secrets" / "cookie",
        root / "logs",
        root / "hub.toml",
        root / "projects",
        root / "projects" / "tuwu",
        runtime_root(HubFolder(root), team=True),
        runtime_root(HubFolder(root), team=True) / "bob" / "prospect-notice.json",
    ]
    code = (
        "from pathlib import Path\n"
        f"for path in {[str(path) for path in closed]}:\n"
        "    try:\n"
        "        path = Path(path)\n"
        "        list(path.iterdir()) if path.is_dir() else path.read_bytes()\n"
        "        print('OPEN', path)\n"
        "    except PermissionError:\n"
        "        print('closed')\n"
    )
    assert run("ana", code).split() == ["closed"] * len(closed)


def test_nobody_reads_another_process_or_its_token(run):
    code = (
        "import psutil, os\n"
        "mine, others, read = os.getuid(), 0, 0\n"
        "for process in psutil.process_iter(['uids']):\n"
        "    if process.info['uids'] and process.info['uids'].real != mine:\n"
        "        others += 1\n"
        "        try:\n"
        "            read += bool(process.environ())\n"
        "        except psutil.Error:\n"
        "            pass\n"
        "print(others > 3, read)"
    )
    assert run("ana", code).split() == ["True", "0"]


def test_nothing_of_the_hub_leaks_into_a_server(hub, run):
    said = run("ana", "import os; print(dict(os.environ))")
    for path in (hub.folder / "secrets").iterdir():
        assert path.read_text().strip() not in said
    assert "CONFIGPROXY" not in said
    assert "PROSPECT_HUB_FOLDER" not in said
    assert re.search(r"'MEM_LIMIT': '1073741824'", said)


def test_kernels_listen_where_only_their_person_comes(run):
    said = run(
        "ana", "!ls -l $JUPYTER_RUNTIME_DIR/*-ipc-1; stat -c %a $JUPYTER_RUNTIME_DIR"
    )
    assert "srwx" in said
    assert said.split()[-1].endswith("700")
    code = (
        "import json, glob, os\n"
        "paths = glob.glob(os.environ['JUPYTER_RUNTIME_DIR'] + '/kernel-*.json')\n"
        "print({json.load(open(path))['transport'] for path in paths})"
    )
    assert run("ana", code).strip() == "{'ipc'}"


def test_a_token_reaches_its_own_server_and_account_only(hub, tokens):
    ana = tokens["ana"]
    assert request(f"{hub.url}/user/ana/api/contents", token=ana).status == 200
    assert request(f"{hub.url}/user/bob/api/contents", token=ana).status == 403
    assert hub.api("/users", token=ana).status == 403
    assert hub.api("/users/bob", token=ana).status == 404
    assert hub.api("/users/bob/tokens", token=ana).status == 404
    assert hub.api("/users/bob/server", method="DELETE", token=ana).status == 404
    assert hub.api("/groups", token=ana).status == 403
    assert hub.api("/services", token=ana).status == 403
    assert hub.api("/proxy", token=ana).status == 403


def test_the_token_inside_a_server_is_as_narrow(run):
    code = (
        "import os, requests\n"
        "head = {'Authorization': 'token ' + os.environ['JUPYTERHUB_API_TOKEN']}\n"
        "hub = os.environ['JUPYTERHUB_API_URL']\n"
        "other = hub.replace('/hub/api', '/user/bob/api/contents')\n"
        "for path in ('/users', '/users/bob', '/groups', '/users/ana/tokens'):\n"
        "    print(requests.get(hub + path, headers=head).status_code)\n"
    )
    assert set(run("ana", code).split()) <= {"403", "404"}


def test_members_share_a_project_others_do_not_see_it(run):
    run("ana", "!echo ana > projects/bixi/from_ana.txt; mkdir projects/bixi/maps")
    said = run(
        "bob",
        "!echo bob >> projects/bixi/from_ana.txt; touch projects/bixi/maps/b;"
        " cat projects/bixi/from_ana.txt; ls projects",
    )
    assert said.split() == ["ana", "bob", "bixi", "tuwu"]
    assert run("ana", "!ls projects").split() == ["bixi"]
    refused = run("ana", "!touch shared/notebooks/x shared/data/x")
    assert refused.count("Permission denied") == 2


def test_memory_over_the_limit_ends_that_kernel_alone_and_is_told(hub, run, tokens):
    if find_groups(hub.scratch / "none") is None:
        pytest.skip("no control groups can be written here")
    kernel = start_kernel(f"{hub.url}/user/bob", tokens["bob"])
    run("bob", "x = 42", kernel=kernel)
    hog = "import numpy\nkept = []\nwhile True: kept.append(numpy.ones(10_000_000))"
    assert run("ana", hog, seconds=90).endswith(DIED)
    assert run("bob", "print(x)", kernel=kernel).strip() == "42"
    assert request(f"{hub.url}/user/ana/api/status", token=tokens["ana"]).status == 200
    notice = runtime_root(HubFolder(hub.folder), team=True) / "ana/prospect-notice.json"
    wait_until(notice.exists, seconds=15, what="the notice")
    code = "import os; print(open(os.environ['PROSPECT_NOTICE_FILE']).read())"
    told = json.loads(run("ana", code))
    assert "1.0 GiB" in told[-1]["en"]
    assert "1.0 GiB" in told[-1]["zh"]


def test_metrics_need_their_token_and_health_does_not(hub, tokens):
    secret = (hub.folder / "secrets" / "metrics").read_text().strip()
    assert request(f"{hub.url}/hub/health").status == 200
    assert request(f"{hub.url}/hub/metrics").status == 403
    assert request(f"{hub.url}/hub/metrics", token=tokens["ana"]).status == 403
    answer = request(f"{hub.url}/hub/metrics", token=secret)
    assert "jupyterhub_running_servers 2.0" in answer.text


def test_a_full_home_starts_all_the_same(hub, run, tokens):
    hub.api("/users/bob/server", method="DELETE")
    home = hub.folder / "users" / "bob"
    inside = ["nsenter", f"--target={hub.keeper()}", "--mount", "--wd=/"]
    fill = (
        f"mount -t tmpfs -o size=64k none {home} && chown --reference={home}/.. {home}"
    )
    subprocess.run([*inside, "sh", "-c", fill], check=True)
    subprocess.run(
        [*inside, "sh", "-c", f"head -c 1M /dev/zero > {home}/full"], check=False
    )
    try:
        hub.start_server("bob")
        assert run("bob", "print(6 * 7)").strip() == "42"
        assert "No space" in run("bob", "!echo more > more.txt")
    finally:
        hub.api("/users/bob/server", method="DELETE")
        subprocess.run([*inside, "umount", "--lazy", str(home)], check=True)


def test_who_leaves_a_project_loses_its_files_others_work_on(hub, run, tokens):
    hub.start_server("bob")
    kept = start_kernel(f"{hub.url}/user/bob", tokens["bob"])
    run("bob", "kept = 7", kernel=kept)
    path = hub.folder / "hub.toml"
    path.write_text(path.read_text().replace('bixi = ["ana", "bob"]', 'bixi = ["bob"]'))
    hub.run("restart")
    wait_until(
        lambda: not hub.api("/users/ana").json()["servers"],
        what="the end of the server that still saw the project",
    )
    assert run("bob", "print(kept)", kernel=kept).strip() == "7"
    assert hub.api("/users/ana").json()["groups"] == []
    hub.start_server("ana")
    assert run("ana", f"!ls {hub.folder}/projects/bixi").count("denied") == 1
    told = run(
        "ana", "import os; print(open(os.environ['PROSPECT_NOTICE_FILE']).read())"
    )
    assert "bixi" in json.loads(told)[-1]["en"]


def test_nothing_of_a_person_runs_on_after_the_stop(hub, run):
    code = (
        "import subprocess\n"
        "left = subprocess.Popen(['sleep', '612'], start_new_session=True)\n"
        "print(left.pid)"
    )
    pid = int(run("ana", code))
    assert psutil.Process(pid).name() == "sleep"
    hub.api("/users/ana/server", method="DELETE")
    wait_until(lambda: ended(pid), seconds=20, what="the end of what was left behind")


def ended(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
