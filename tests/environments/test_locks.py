"""The locks agree with each other, with pyproject and with the constraints."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LOCKS = {path.stem: path for path in (ROOT / "environments" / "locks").glob("*.txt")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def pins(name):
    """Lines `package==version ; marker` of a lock."""
    text = LOCKS[name].read_text(encoding="utf-8")
    return set(re.findall(r"^(\S.*?==.*?)\s*\\?$", text, flags=re.MULTILINE))


def names(name):
    return {Requirement(line).name for line in pins(name)}


def test_there_are_three():
    assert set(LOCKS) == {"core", "lab", "dev"}


@pytest.mark.parametrize(("small", "large"), [("core", "lab"), ("lab", "dev")])
def test_the_larger_holds_the_smaller(small, large):
    assert names(small) <= names(large)
    versions = {line.split(";")[0].strip() for line in pins(large)}
    assert {line.split(";")[0].strip() for line in pins(small)} <= versions


@pytest.mark.parametrize(
    ("lock", "needs"),
    [
        ("core", PROJECT["dependencies"]),
        ("lab", PROJECT["dependencies"] + EXTRAS["lab"]),
        ("dev", PROJECT["dependencies"] + EXTRAS["lab"] + EXTRAS["dev"]),
    ],
)
def test_every_requirement_is_locked(lock, needs):
    locked = {}
    for line in pins(lock):
        pin = Requirement(line)
        locked.setdefault(pin.name, []).append(str(pin.specifier).removeprefix("=="))
    for need in map(Requirement, needs):
        versions = locked.get(need.name.lower(), [])
        assert versions, f"{need.name} is not in {lock}.txt: make lock"
        assert all(need.specifier.contains(version) for version in versions), need


@pytest.mark.parametrize("lock", LOCKS)
def test_every_file_has_its_hash(lock):
    blocks = re.split(r"^(?=\S)", LOCKS[lock].read_text("utf-8"), flags=re.MULTILINE)
    bare = [
        block.split()[0] for block in blocks if block and "--hash=sha256:" not in block
    ]
    assert not bare


def test_constraints_hold():
    text = (ROOT / "environments" / "constraints.txt").read_text("utf-8")
    barred = {re.split(r"[<>=]", line)[0] for line in text.splitlines() if "<0" in line}
    assert not barred & names("dev")
