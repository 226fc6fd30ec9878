"""The hub on a cluster: manifests are valid, values agree with them and each other."""

import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import kubernetes_validate
import pytest
import yaml
from traitlets.config import Config

ROOT = Path(__file__).parents[2]
K8S = ROOT / "environments" / "k8s"
MANIFESTS = {
    f"{path.stem}-{each['kind']}-{each['metadata']['name']}": each
    for path in sorted((K8S / "manifests").glob("*.yaml"))
    for each in yaml.safe_load_all(path.read_text("utf-8"))
}
HUB = yaml.safe_load((K8S / "jupyterhub.yaml").read_text("utf-8"))
DASK = yaml.safe_load((K8S / "dask-gateway.yaml").read_text("utf-8"))
SERVER = HUB["singleuser"]
UNITS = {"M": 10**6, "G": 10**9, "T": 10**12, "Gi": 2**30, "Ti": 2**40}
GATEWAY = "traefik-dask-gateway"


def of_kind(kind):
    return [each for each in MANIFESTS.values() if each["kind"] == kind]


def number(size):
    digits, unit = re.fullmatch(r"([\d.]+)([A-Z]i?)?", str(size)).groups()
    return float(digits) * UNITS.get(unit, 1)


@pytest.mark.parametrize("version", ["1.31", "1.34"])
@pytest.mark.parametrize("name", MANIFESTS)
def test_manifest_is_valid(name, version):
    kubernetes_validate.validate(MANIFESTS[name], version, strict=True)


def test_everything_lies_in_one_namespace():
    [namespace] = of_kind("Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    spaces = {
        each["metadata"].get("namespace", namespace["metadata"]["name"])
        for each in MANIFESTS.values()
    }
    assert spaces == {namespace["metadata"]["name"]}


# --- values -----------------------------------------------------------------


def test_servers_workers_and_backup_run_one_image():
    """A notebook and its workers must hold the same versions."""
    image = f"{SERVER['image']['name']}:{SERVER['image']['tag']}"
    backend = DASK["gateway"]["backend"]["image"]
    [job] = of_kind("CronJob")
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert f"{backend['name']}:{backend['tag']}" == image
    assert [each["image"] for each in pod["containers"]] == [image]
    assert re.fullmatch(r"\d{4}\.\d\d\.\d\d", SERVER["image"]["tag"])


def test_hosts_are_examples():
    for path in K8S.rglob("*.yaml"):
        text = path.read_text("utf-8")
        hosts = re.findall(r"\b[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io)\b", text)
        known = ("example.org", "kubernetes.io", "jupyter.org", "dask.org", "k8s.io")
        assert all(host.endswith(known) for host in hosts), path


def test_no_secret_is_written_down():
    for path in K8S.rglob("*.yaml"):
        text = path.read_text("utf-8")
        assert not re.search(
            r"(?i)(password|secret|token|crypt_?key): *(?!true|false)[\w\"']", text
        ), path
        assert "kind: Secret" not in text


def test_profiles_can_be_told_apart_and_fit():
    profiles = SERVER["profileList"]
    assert len({each["slug"] for each in profiles}) == len(profiles)
    assert sum(each.get("default", False) for each in profiles) == 1
    [limits] = of_kind("LimitRange")
    largest = limits["spec"]["limits"][0]["max"]
    for each in profiles:
        wanted = each["kubespawner_override"]
        assert wanted["cpu_guarantee"] <= wanted["cpu_limit"] <= float(largest["cpu"])
        assert number(wanted["mem_guarantee"]) <= number(wanted["mem_limit"])
        assert number(wanted["mem_limit"]) <= number(largest["memory"])


def test_everything_started_names_its_resources():
    """Where there is a quota, pods without numbers are refused."""
    for part in (HUB["hub"], HUB["proxy"]["chp"], HUB["proxy"]["traefik"]):
        assert set(part["resources"]) == {"requests", "limits"}
    for name in ("gateway", "controller", "traefik"):
        assert set(DASK[name]["resources"]) == {"requests", "limits"}


def test_claims_are_made():
    made = {each["metadata"]["name"] for each in of_kind("PersistentVolumeClaim")}
    made.add("hub-db-dir")  # the hub's chart makes it
    asked = set()
    for path in K8S.rglob("*.yaml"):
        asked |= set(re.findall(r"claimName: ([\w-]+)", path.read_text("utf-8")))
    assert asked <= made
    assert {"workbench-data", "workbench-projects", "workbench-backup"} <= asked


def test_data_are_read_only_for_people_and_workers():
    backend = DASK["gateway"]["backend"]
    mounts = [
        *SERVER["storage"]["extraVolumeMounts"],
        *backend["worker"]["extraContainerConfig"]["volumeMounts"],
        *backend["scheduler"]["extraContainerConfig"]["volumeMounts"],
    ]
    assert all(each["readOnly"] for each in mounts if each["name"] == "data")
    assert {each["name"] for each in mounts} == {"data"}, "projects: hub_config.py"


def test_nobody_runs_as_root():
    security = HUB["hub"]["config"]["KubeSpawner"]["container_security_context"]
    assert security["runAsNonRoot"]
    assert not security["allowPrivilegeEscalation"]
    assert not SERVER["allowPrivilegeEscalation"]
    assert not SERVER["cloudMetadata"]["blockWithIptables"], "needs a privileged pod"
    for part in ("scheduler", "worker"):
        backend = DASK["gateway"]["backend"][part]
        assert backend["extraPodConfig"]["securityContext"]["runAsNonRoot"]
        container = backend["extraContainerConfig"]["securityContext"]
        assert not container["allowPrivilegeEscalation"]


def test_the_metadata_of_the_cloud_are_closed():
    rules = SERVER["networkPolicy"]["egressAllowRules"]
    assert not rules["cloudMetadataServer"]
    assert not rules["privateIPs"]
    policies = {
        each["metadata"]["name"]: each["spec"] for each in of_kind("NetworkPolicy")
    }
    blocks = [
        to["ipBlock"]
        for rule in policies["dask-outward"]["egress"]
        for to in rule["to"]
        if "ipBlock" in to
    ]
    assert "169.254.0.0/16" in next(
        each["except"] for each in blocks if each["cidr"] == "0.0.0.0/0"
    )
    closed = policies["closed-unless-opened"]
    assert (closed["podSelector"], closed.get("ingress")) == ({}, None)


def test_dashboards_are_asked_for_by_the_entrance_only():
    [spec] = [
        each["spec"]
        for each in of_kind("NetworkPolicy")
        if each["metadata"]["name"] == "dask-schedulers"
    ]
    component = "app.kubernetes.io/component"
    may = {
        source["podSelector"]["matchLabels"][component]
        for rule in spec["ingress"]
        if 8787 in [port["port"] for port in rule["ports"]]
        for source in rule["from"]
    }
    assert may == {"traefik"}
    assert "url" not in HUB["hub"]["services"]["dask-gateway"], "not public"
    assert DASK["traefik"]["service"]["type"] == "ClusterIP"
    allowed = SERVER["extraFiles"]["dashboards"]["data"]["ServerProxy"]
    assert GATEWAY in allowed["host_allowlist"]


def test_people_may_use_the_gateway():
    scope = "access:services!service=dask-gateway"
    assert all(scope in role["scopes"] for role in HUB["hub"]["loadRoles"].values())
    key = DASK["gateway"]["auth"]["jupyterhub"]["apiTokenFromSecretKey"]
    assert key == "hub.services.dask-gateway.apiToken"
    address = SERVER["extraEnv"]["DASK_GATEWAY__ADDRESS"]
    assert address == f"http://{GATEWAY}{DASK['gateway']['prefix']}"


def test_no_value_is_taken_for_a_template():
    """KubeSpawner fills in braces: an unknown name would fail every start."""
    assert not [each for each in SERVER["extraEnv"].values() if "{" in each]


def test_workers_give_way_to_people():
    [priority] = of_kind("PriorityClass")
    worker = DASK["gateway"]["backend"]["worker"]["extraPodConfig"]
    assert worker["priorityClassName"] == priority["metadata"]["name"]
    scheduling = HUB["scheduling"]["podPriority"]
    assert priority["value"] < scheduling["defaultPriority"]
    assert scheduling["userPlaceholderPriority"] < priority["value"]


# --- code that the charts put into hub and gateway --------------------------


@pytest.fixture
def hub_config():
    """hub_config.py run as the chart runs it, with what it set."""
    config = Config()
    config.KubeSpawner.profile_list = SERVER["profileList"]
    names = {"c": config}
    exec((K8S / "hub_config.py").read_text("utf-8"), names)
    return SimpleNamespace(**names)


def person(*groups):
    named = [SimpleNamespace(name=group) for group in groups]
    return SimpleNamespace(user=SimpleNamespace(groups=named))


def test_profiles_are_offered_by_group(hub_config):
    offered = hub_config.c.KubeSpawner.profile_list
    slugs = [each["slug"] for each in offered(person("workbench"))]
    assert slugs == ["geologist", "remote-sensing"]
    for_heavy = offered(person("workbench", "heavy"))
    assert [each["slug"] for each in for_heavy] == [*slugs, "heavy-model"]
    assert not any("workbench_groups" in each for each in for_heavy)


def test_projects_are_mounted_for_members_only(hub_config):
    pod = SimpleNamespace(
        spec=SimpleNamespace(containers=[SimpleNamespace(volume_mounts=None)])
    )
    hook = hub_config.c.KubeSpawner.modify_pod_hook
    member = person("workbench", "project-bixi", "project-../../x", "project-")
    assert hook(member, pod) is pod
    assert pod.spec.containers[0].volume_mounts == [
        {
            "name": "projects",
            "mountPath": "/srv/workbench/projects/bixi",
            "subPath": "projects/bixi",
        }
    ]
    assert hub_config.projects_of(["workbench"]) == []


def test_the_gateways_part_fits_into_the_middle_of_a_file():
    text = (K8S / "gateway_config.py").read_text("utf-8")
    compile(f"import os\n{text}", "dask_gateway_config.py", "exec")
    assert "__future__ import" not in text


# --- backup -----------------------------------------------------------------


def back_up(*arguments):
    return subprocess.run(
        [sys.executable, K8S / "backup_hub.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "hub 数据.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table users (name text)")
        connection.execute("insert into users values ('ana')")
    connection.close()
    return path


def test_a_database_in_use_is_copied_whole(database, tmp_path):
    target = tmp_path / "backup"
    target.mkdir()
    writer = sqlite3.connect(database, isolation_level=None)
    writer.execute("begin immediate")
    writer.execute("insert into users values ('bo')")
    done = back_up(database, target)
    writer.execute("rollback")
    writer.close()
    assert done.returncode == 0, done.stderr
    [copy] = target.iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(copy) as connection:
        assert connection.execute("select name from users").fetchall() == [("ana",)]
    connection.close()


def test_only_the_newest_copies_stay(database, tmp_path):
    for day in range(1, 5):
        (tmp_path / f"hub-2026010{day}T000000Z.sqlite").touch()
    assert back_up(database, tmp_path, "--keep=2").returncode == 0
    stayed = sorted(path.name for path in tmp_path.glob("hub-*.sqlite"))
    assert len(stayed) == 2
    assert stayed[0] == "hub-20260104T000000Z.sqlite"


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "is not there"), (b"no database at all" * 99, "not a database")],
)
def test_no_backup_is_told(tmp_path, content, said):
    path = tmp_path / "hub.sqlite"
    if content:
        path.write_bytes(content)
    done = back_up(path, tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert not list(tmp_path.glob("hub-*"))


def test_the_newest_copy_always_stays(database, tmp_path):
    done = back_up(database, tmp_path, "--keep=0")
    assert done.returncode == 2
    assert "newest copy always stays" in done.stderr
