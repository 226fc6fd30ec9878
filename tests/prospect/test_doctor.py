"""What the doctor finds on this machine and on worse ones."""

import math
import subprocess
from collections import namedtuple
from importlib import metadata

import psutil
import pytest
from typer.testing import CliRunner

from prospect import Finding, _doctor, _machine, diagnose
from prospect.cli._app import app
from prospect.scene import OffscreenStatus

Disk = namedtuple("Disk", "free")
Memory = namedtuple("Memory", "total available")
GIB = 2**30
DRAWS = OffscreenStatus(True, "draws", "")


@pytest.fixture
def instant(monkeypatch):
    """Children answer at once that all is well; their code is kept."""
    asked = []

    def runs(code, **_):
        asked.append(code)
        return True, ""

    monkeypatch.setattr(_doctor, "runs", runs)
    monkeypatch.setattr("prospect.scene.probe_offscreen", lambda: DRAWS)
    return asked


def found(topic, lang="en", folder="."):
    checks = {topic: _doctor.CHECKS[topic]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_doctor, "CHECKS", checks)
        return diagnose(lang=lang, folder=folder)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_topic_is_looked_at(lang, instant):
    findings = diagnose(lang=lang)
    assert list(dict.fromkeys(item.topic for item in findings)) == list(_doctor.CHECKS)
    assert all(item.level == "ok" or item.advice for item in findings)
    assert not [item for item in findings if "{" in item.message + item.advice]


def test_unknown_language():
    with pytest.raises(ValueError, match="'en' or 'zh', got 'fr'"):
        diagnose(lang="fr")


def test_words_are_complete():
    words = _doctor.tomllib.loads(_doctor.WORDS.read_text("utf-8"))
    assert list(words) == list(_doctor.CHECKS)
    for topic in words.values():
        assert set(topic.pop("title")) == {"en", "zh"}
        for state in topic.values():
            assert state["level"] in {"ok", "advice", "mend"}
            assert set(state["text"]) == {"en", "zh"}
            assert (state["level"] == "ok") != ("advice" in state)
            assert set(state.get("advice", {"en", "zh"})) == {"en", "zh"}


@pytest.mark.parametrize(
    ("available", "level"), [(8, "ok"), (2, "advice"), (0.5, "mend")]
)
def test_memory(monkeypatch, available, level):
    memory = Memory(16 * GIB, available * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    monkeypatch.setattr(_doctor, "memory_limit", lambda: (math.inf, 0.0))
    [item] = found("memory")
    assert item.level == level
    assert f"{available:.1f} of 16.0 GiB" in item.message


def test_memory_of_a_container(monkeypatch):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: Memory(16 * GIB, 12 * GIB))
    monkeypatch.setattr(_doctor, "memory_limit", lambda: (4.0 * GIB, 1.0 * GIB))
    [item] = found("memory")
    assert "3.0 of 4.0 GiB free (limit of this container)" in item.message


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"memory.max": "1000", "memory.current": "10"}, (1000.0, 10.0)),
        ({"memory.max": "max", "memory.current": "10"}, (math.inf, 0.0)),
        (
            {
                "memory/memory.limit_in_bytes": "1000",
                "memory/memory.usage_in_bytes": "10",
            },
            (1000.0, 10.0),
        ),
        ({"memory/memory.limit_in_bytes": str(2**63 - 4096)}, (math.inf, 0.0)),
        ({}, (math.inf, 0.0)),
    ],
)
def test_memory_limit(tmp_path, monkeypatch, files, expected):
    (tmp_path / "memory").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text + "\n")
    monkeypatch.setattr(_machine, "CGROUP", tmp_path)
    assert _machine.memory_limit() == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("50000 100000", 0.5), ("max 100000", 4.0), ("", 4.0)]
)
def test_usable_cores(tmp_path, monkeypatch, text, expected):
    (tmp_path / "cpu.max").write_text(text)
    monkeypatch.setattr(_machine, "CGROUP", tmp_path)
    monkeypatch.setattr(_machine.os, "sched_getaffinity", lambda _: {0, 1, 2, 3})
    assert _machine.usable_cores() == expected


@pytest.mark.parametrize(
    ("free", "speed", "level"),
    [(50e9, 500, "ok"), (50e9, 5, "advice"), (2e9, 500, "advice"), (1e8, 500, "mend")],
)
def test_disk(monkeypatch, free, speed, level):
    monkeypatch.setattr(psutil, "disk_usage", lambda _: Disk(free))
    monkeypatch.setattr(_doctor, "disk_speed", lambda _: speed)
    assert [item.level for item in found("disk")] == [level]


def test_disk_that_cannot_be_written(monkeypatch, tmp_path):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(_doctor, "disk_speed", refuse)
    [item] = found("disk", folder=tmp_path / "not" / "yet")
    assert (item.level, "Permission denied" in item.message) == ("advice", True)


def test_disk_speed_leaves_nothing_behind(tmp_path):
    assert _machine.disk_speed(tmp_path, size=2_000_000) > 0
    assert not list(tmp_path.iterdir())


def test_a_stranger_owning_our_name(monkeypatch):
    owners = {"spectral": ["spectral", "prospect-workbench"], "survey": ["survey"]}
    monkeypatch.setattr(metadata, "packages_distributions", lambda: owners)
    items = found("names")
    assert [item.level for item in items] == ["mend", "mend"]
    assert items[0].advice == "python -m pip uninstall survey, then make setup"
    assert items[1].advice == "python -m pip uninstall spectral, then make setup"


def test_a_file_hiding_our_package(monkeypatch, tmp_path):
    other = namedtuple("Spec", "origin")(str(tmp_path / "survey.py"))
    monkeypatch.setattr(_doctor.util, "find_spec", lambda _: other)
    assert {item.level for item in found("names")} == {"mend"}


LOCK = """\
numpy==2.4.6 ; python_full_version < '3.0' \\
    --hash=sha256:00
pandas==2.0 \\
    --hash=sha256:00 \\
    --hash=sha256:11
    # via
    #   somebody
nothing-of-the-kind==1.0
"""


def test_lock_is_read_for_this_python():
    assert _machine.parse_lock(LOCK) == {"pandas": "2.0", "nothing-of-the-kind": "1.0"}


def test_packages_that_differ(monkeypatch, tmp_path):
    locks = tmp_path / "environments" / "locks"
    locks.mkdir(parents=True)
    (locks / "core.txt").write_text(LOCK)
    monkeypatch.setattr(_doctor, "ROOT", tmp_path)
    [item] = found("packages")
    assert item.level == "advice"
    assert "nothing-of-the-kind missing for 1.0" in item.message
    assert "pandas" in item.message


def test_packages_that_are_missing(monkeypatch):
    monkeypatch.setattr(_doctor, "unmet", lambda _: ["numpy>=99"])
    [item] = found("packages")
    assert (item.level, "numpy>=99" in item.message) == ("mend", True)


def test_unmet():
    asked = ["pytest>=1", "pytest>=999", "no-such-thing", 'gone; python_version < "3"']
    assert [text.split()[0] for text in _machine.unmet(asked)] == [
        "pytest",
        "no-such-thing",
    ]


@pytest.mark.parametrize("topic", ["openmp", "coordinates"])
def test_a_child_that_fails(monkeypatch, topic):
    monkeypatch.setattr(_doctor, "runs", lambda _: (False, "libX.so: cannot open"))
    [item] = found(topic)
    assert item.level == "mend"
    assert "libX.so: cannot open" in item.message


def test_no_opengl_is_no_obstacle(monkeypatch):
    status = OffscreenStatus(False, "dies", "apt-get install libosmesa6")
    monkeypatch.setattr("prospect.scene.probe_offscreen", lambda: status)
    [item] = found("opengl")
    assert (item.level, item.advice) == ("advice", "apt-get install libosmesa6")


def test_a_child_that_dies_is_not_fatal():
    ok, said = _machine.runs("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert not ok
    assert said


def test_a_child_that_hangs():
    ok, said = _machine.runs("import time; time.sleep(30)", timeout=0.2)
    assert (ok, "timed out" in said) == (False, True)


def test_transformation_constant():
    """Meridian arc of the CGCS2000 ellipsoid from 0 to 30° N, by quadrature."""
    a, f = 6378137.0, 1 / 298.257222101
    e2 = f * (2 - f)
    n = 20000
    step = math.radians(30) / n
    arc = math.fsum(
        step * a * (1 - e2) / (1 - e2 * math.sin((i + 0.5) * step) ** 2) ** 1.5
        for i in range(n)
    )
    assert arc == pytest.approx(3320113.4, abs=0.01)


@pytest.mark.parametrize(
    ("value", "level"), [("", "ok"), (".", "ok"), ("/nix", "mend")]
)
def test_data_folder(monkeypatch, value, level):
    monkeypatch.setenv("PROSPECT_DATA_DIR", value)
    assert [item.level for item in found("data")] == [level]


@pytest.mark.parametrize(("level", "code"), [("ok", 0), ("advice", 0), ("mend", 1)])
def test_command(monkeypatch, level, code):
    item = Finding(
        "disk", level, "Disk", "so [much] free", "free some" * (level != "ok")
    )
    monkeypatch.setattr("prospect.diagnose", lambda **_: [item], raising=False)
    done = CliRunner().invoke(app, ["doctor", "--lang", "zh"])
    assert done.exit_code == code
    assert "Disk: so [much] free" in done.stdout
    assert ("free some" in done.stdout) == (level != "ok")


def test_children_use_this_python(monkeypatch):
    kept = []

    def run(command, **options):
        kept.append(command[0])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(_machine.subprocess, "run", run)
    assert _machine.runs("pass") == (True, "exit code 0")
    assert kept == [_machine.sys.executable]
