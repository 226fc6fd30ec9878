"""Control groups and limits of a process, with real processes where it is possible."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from prospect.hub import HubSettings
from prospect.hub.server._limits import (
    CONTROLLERS,
    ControlGroups,
    Events,
    find_groups,
    hub_tag,
    process_limits,
)


@pytest.fixture
def limits():
    return HubSettings(limits={"memory": "64M", "processes": 60, "cpu": 0.5}).limits


@pytest.fixture
def groups(tmp_path):
    found = find_groups(tmp_path)
    if found is None:
        pytest.skip("no control groups can be written here")
    yield found
    found.release("ana")
    found.remove()


def inside(groups, name, code):
    """A Python process within a person's group."""
    entrances = groups.entrances(name)

    def enter():
        for entrance in entrances:
            Path(entrance).write_text("0")

    line = [sys.executable, "-S", "-c", code]
    return subprocess.Popen(line, preexec_fn=enter)  # noqa: PLW1509


def test_version_2_takes_the_limits_in_its_own_words(tmp_path, limits):
    groups = ControlGroups(dict.fromkeys(CONTROLLERS, tmp_path), unified=True)
    place = tmp_path / "ana"
    place.mkdir()
    keys = ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cpu.max")
    for key in (*keys, "memory.events", "pids.events"):
        (place / key).write_text("")
    groups.make("ana", limits)
    written = [(place / key).read_text() for key in keys]
    assert written == [str(64 * 2**20), "0", "0", "60", "50000 100000"]
    (place / "memory.events").write_text("low 0\nhigh 0\nmax 9\noom 3\noom_kill 2\n")
    (place / "pids.events").write_text("max 4\n")
    assert groups.events("ana") == Events(memory=2, processes=4)
    assert groups.entrances("ana") == [str(place / "cgroup.procs")]


def test_whoever_passes_the_limit_is_ended_and_nobody_else(groups, limits):
    groups.make("ana", limits)
    quiet = inside(groups, "ana", "import time; time.sleep(60)")
    hog = inside(groups, "ana", "b = bytearray(200 << 20); print(len(b))")
    assert hog.wait(30) == -9
    assert groups.events("ana").memory == 1
    assert quiet.poll() is None
    assert groups.processes("ana") == [quiet.pid]
    assert 0 < groups.used("ana") <= limits.memory
    assert groups.release("ana")
    assert quiet.wait(10) == -9
    assert not any(place.exists() for place in groups.places("ana"))


def test_more_processes_than_allowed_are_refused(groups, limits):
    groups.make("ana", limits)
    code = (
        "import os, sys, time\n"
        "for _ in range(100):\n"
        "    try:\n"
        "        child = os.fork()\n"
        "    except BlockingIOError:\n"
        "        sys.exit(7)\n"
        "    if not child:\n"
        "        time.sleep(60); os._exit(0)\n"
    )
    assert inside(groups, "ana", code).wait(30) == 7
    assert groups.events("ana").processes >= 1
    assert len(groups.processes("ana")) == limits.processes - 1
    assert groups.release("ana")


def test_limits_of_a_process_stand_in_where_there_are_no_groups(limits):
    alone = process_limits(limits, grouped=False, own_account=True)
    assert alone[resource.RLIMIT_NPROC] == 60
    assert alone[resource.RLIMIT_AS] > limits.memory
    shared = process_limits(limits, grouped=False, own_account=False)
    # all people of a class are one account: a count of its processes would hit all
    assert resource.RLIMIT_NPROC not in shared


def test_an_array_too_large_raises_an_error_in_its_cell(limits):
    ceilings = process_limits(limits, grouped=False, own_account=False)

    def enter():
        for number, value in ceilings.items():
            resource.setrlimit(number, (value, value))

    code = (
        "try:\n    b = bytearray(4 << 30)\nexcept MemoryError:\n    raise SystemExit(5)"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], preexec_fn=enter, check=False, timeout=60
    )
    assert done.returncode == 5


def test_two_hubs_never_share_a_group(tmp_path):
    assert hub_tag(tmp_path / "a") != hub_tag(tmp_path / "b")
    assert hub_tag(tmp_path / "a") == hub_tag(tmp_path / "a")


def test_no_groups_where_the_system_has_none(tmp_path):
    assert find_groups(tmp_path, mount=tmp_path / "none") is None
    (tmp_path / "cgroup.controllers").write_text("cpuset io")
    assert find_groups(tmp_path, mount=tmp_path) is None


def test_trying_out_groups_leaves_nothing_behind(groups):
    assert not any(place.exists() for place in groups.places("_trial"))
