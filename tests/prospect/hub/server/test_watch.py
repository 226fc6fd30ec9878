"""The watch: ends what passes the limit, spares the server and everybody else."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from prospect.hub import HubSettings
from prospect.hub.server._watch import NOTICES, Watch, write_notice

HOLD = """
import time
b = bytearray(SIZE << 20)
print("ready", flush=True)
time.sleep(90)
"""
# a server that starts kernels in sessions of their own
SERVER = """
import subprocess, sys, time
hold = {hold!r}
for size in {sizes}:
    child = subprocess.Popen(
        [sys.executable, "-S", "-c", hold.replace("SIZE", str(size))],
        stdout=subprocess.PIPE, start_new_session=True)
    child.stdout.readline()
b = bytearray({own} << 20)
print("ready", flush=True)
time.sleep(90)
"""


@pytest.fixture
def serve(tmp_path):
    started = []

    def start(name, *sizes, own=1):
        code = SERVER.format(hold=HOLD, sizes=list(sizes), own=own)
        notice = tmp_path / f"{name}.json"
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", code],
            stdout=subprocess.PIPE,
            env=os.environ | {"PROSPECT_NOTICE_FILE": str(notice)},
        )
        started.append(psutil.Process(process.pid))
        assert process.stdout.readline() == b"ready\n"
        return started[-1], notice

    yield start
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            for each in [*process.children(recursive=True), process]:
                each.kill()
            process.wait(10)


def ended(process):
    """Whether a process ends within a moment; nobody has waited for it."""
    for _ in range(20):
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False


def sacrifice(process):
    return int(Path(f"/proc/{process.pid}/oom_score_adj").read_text())


@pytest.fixture
def watch():
    limits = HubSettings(limits={"memory": "200M"}).limits
    made = Watch(limits, None, every=3600)
    yield made
    made.close()


def test_the_largest_process_of_the_one_over_the_limit_is_ended(serve, watch):
    ana, notice = serve("ana", 30, 250)
    bob, silence = serve("bob", 120)
    watch.add("ana", ana.pid, notice)
    watch.add("bob", bob.pid, silence)
    small, large = sorted(ana.children(), key=lambda each: each.memory_info().rss)
    watch.look()
    assert ended(large)
    assert ana.is_running()
    assert small.status() == psutil.STATUS_SLEEPING
    assert all(each.status() == psutil.STATUS_SLEEPING for each in bob.children())
    told = json.loads(notice.read_text("utf-8"))
    assert "200 MiB" in told[0]["en"]
    assert "200 MiB" in told[0]["zh"]
    assert not silence.exists()


def test_several_small_ones_count_together(serve, watch):
    ana, notice = serve("ana", 90, 90, 90)
    watch.add("ana", ana.pid, notice)
    watch.look()
    assert sum(map(ended, ana.children())) == 1
    watch.look()
    # what is gone is neither counted nor told again
    assert sum(map(ended, ana.children())) == 1
    assert len(json.loads(notice.read_text("utf-8"))) == 1


def test_the_server_itself_is_never_ended(serve, watch):
    ana, notice = serve("ana", own=400)
    watch.add("ana", ana.pid, notice)
    watch.look()
    assert not ended(ana)
    assert not notice.exists()


def test_a_process_that_left_its_parent_is_still_found(serve, watch):
    ana, notice = serve("ana", 20)
    orphan = ana.children()[0]
    watch.add("ana", ana.pid, notice)
    assert {each.pid for each in watch.processes_of("ana")} == {ana.pid, orphan.pid}
    ana.kill()
    ana.wait(10)
    assert orphan.pid in {each.pid for each in watch.processes_of("ana")}
    orphan.send_signal(signal.SIGKILL)


def test_kernels_are_ended_before_the_server_when_the_system_chooses(serve, watch):
    ana, notice = serve("ana", 20)
    watch.add("ana", ana.pid, notice)
    watch.look()
    assert sacrifice(ana.children()[0]) == 500
    assert sacrifice(ana) < 500


def test_old_notices_go_and_broken_ones_do_not_matter(tmp_path):
    path = tmp_path / "notice.json"
    path.write_text("{broken")
    for _ in range(NOTICES + 5):
        write_notice(path, "processes", limit=500)
    notices = json.loads(path.read_text("utf-8"))
    assert len(notices) == NOTICES
    assert path.stat().st_mode & 0o777 == 0o640
