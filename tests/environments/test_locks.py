"""The locks agree with each other, with pyproject and with the constraints."""

import json
import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
HUB = ROOT / "environments" / "hub"
LOCKS = {path.stem: path for path in (ROOT / "environments" / "locks").glob("*.txt")}
LOCKS["node"] = HUB / "node.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
ALL = [*PROJECT["dependencies"], *chain.from_iterable(EXTRAS.values())]


def pins(name):
    """Lines `package==version ; marker` of a lock."""
    text = LOCKS[name].read_text(encoding="utf-8")
    return set(re.findall(r"^(\S.*?==.*?)\s*\\?$", text, flags=re.MULTILINE))


def names(name):
    return {Requirement(line).name for line in pins(name)}


def written(path):
    """Requirements of a file written by hand."""
    lines = path.read_text("utf-8").splitlines()
    return [line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()]


def versions(name):
    found = {}
    for line in pins(name):
        pin = Requirement(line)
        found.setdefault(pin.name, set()).add(str(pin.specifier).removeprefix("=="))
    return found


def test_there_is_one_for_each_environment():
    assert set(LOCKS) == {"core", "lab", "dev", "hub", "node"}


@pytest.mark.parametrize(("small", "large"), [("core", "lab"), ("lab", "dev")])
def test_the_larger_holds_the_smaller(small, large):
    assert names(small) <= names(large)
    locked = versions(large)
    assert all(found <= locked[each] for each, found in versions(small).items())


def test_hub_and_users_agree():
    """The hub speaks with users' servers: one JupyterHub, one Dask Gateway."""
    users, hub = versions("dev"), versions("hub")
    common = set(users) & set(hub)
    assert {"jupyterhub", "pydantic", "psutil"} <= common
    assert {each for each in common if not hub[each] <= users[each]} == set()
    assert users["dask-gateway"] == hub["dask-gateway-server"]


@pytest.mark.parametrize(
    ("lock", "needs"),
    [
        ("core", PROJECT["dependencies"]),
        ("lab", PROJECT["dependencies"] + EXTRAS["lab"]),
        ("dev", ALL),
        ("hub", written(HUB / "requirements.in")),
    ],
)
def test_every_requirement_is_locked(lock, needs):
    locked = versions(lock)
    for need in map(Requirement, needs):
        found = locked.get(need.name.lower(), ())
        assert found, f"{need.name} is not in {lock}.txt: make lock"
        assert all(need.specifier.contains(version) for version in found), need


@pytest.mark.parametrize("lock", LOCKS)
def test_every_file_has_its_hash(lock):
    blocks = re.split(r"^(?=\S)", LOCKS[lock].read_text("utf-8"), flags=re.MULTILINE)
    bare = [
        block.split()[0] for block in blocks if block and "--hash=sha256:" not in block
    ]
    assert not bare


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_an_index(lock):
    text = LOCKS[lock].read_text("utf-8")
    assert not re.findall(r".*(?:://|--index-url|--find-links|file:).*", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_constraints_hold(lock):
    barred = {
        Requirement(line).name
        for line in written(ROOT / "environments" / "constraints.txt")
        if "<0" in line
    }
    # another program of the proxy's name; one that loads a viewer from the network
    assert {"configurable-http-proxy", "trame-vtklocal"} <= barred
    assert not barred & names(lock)


def test_no_requirement_brings_the_viewer_from_the_network():
    assert not any("jupyter" in Requirement(need).extras for need in ALL)


def test_the_hub_builds_only_what_has_no_wheel():
    text = LOCKS["hub"].read_text("utf-8")
    block = re.search(r"^onetimepass==.*?(?=^\S)", text, re.MULTILINE | re.DOTALL)[0]
    assert block.count("--hash") == 1, "it has a wheel by now: drop SOURCE_ONLY"
    assert "setuptools" in names("hub"), "builds it"


def test_the_proxy_is_locked_without_an_address():
    text = (HUB / "package-lock.json").read_text("utf-8")
    packages = json.loads(text)["packages"]
    wanted = json.loads((HUB / "package.json").read_text("utf-8"))
    assert packages[""]["dependencies"] == wanted["dependencies"]
    assert "node_modules/configurable-http-proxy" in packages
    assert "resolved" not in text
    assert all(
        each["integrity"].startswith("sha512-")
        for name, each in packages.items()
        if name
    )
