import subprocess
from types import SimpleNamespace

import pytest

from prospect.scene import _probe, probe_offscreen

pytestmark = pytest.mark.usefixtures("forget_probe")


def ends_with(*codes):
    calls = []

    def run(command, **options):
        calls.append(options["env"])
        return SimpleNamespace(returncode=codes[len(calls) - 1])

    run.calls = calls
    return run


def test_crash_is_a_message_with_one_command(monkeypatch):
    monkeypatch.delenv(_probe.VARIABLE, raising=False)
    monkeypatch.setattr(_probe.subprocess, "run", ends_with(-11, -11, 139))
    status = probe_offscreen()
    assert not status.ok
    assert "crashed (signal 11)" in status.message
    assert status.remedy.startswith("apt-get install libegl1 libegl-mesa0 libgl1")


def test_next_kind_of_window_is_tried_and_remembered(monkeypatch):
    monkeypatch.delenv(_probe.VARIABLE, raising=False)
    monkeypatch.setenv("DISPLAY", ":7")
    run = ends_with(-11, 0)
    monkeypatch.setattr(_probe.subprocess, "run", run)
    status = probe_offscreen()
    assert status.ok
    assert status.remedy == ""
    assert status.window == "vtkOSOpenGLRenderWindow"
    assert run.calls[1][_probe.VARIABLE] == status.window
    assert "DISPLAY" not in run.calls[0]
    assert probe_offscreen() is status
    assert len(run.calls) == 2


def test_choice_of_the_user_is_respected(monkeypatch):
    monkeypatch.setenv(_probe.VARIABLE, "vtkEGLRenderWindow")
    run = ends_with(3)
    monkeypatch.setattr(_probe.subprocess, "run", run)
    status = probe_offscreen()
    assert not status.ok
    assert len(run.calls) == 1
    assert status.remedy.startswith(f"unset {_probe.VARIABLE}")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (subprocess.TimeoutExpired("python", 120), "did not end within 120 s"),
        (OSError("no memory"), "could not be started: no memory"),
    ],
)
def test_process_that_hangs_or_does_not_start(monkeypatch, error, says):
    def run(*_, **__):
        raise error

    monkeypatch.setattr(_probe.subprocess, "run", run)
    assert says in probe_offscreen().message
