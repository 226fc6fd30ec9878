"""The set-up: broken environments are found, nothing is done twice."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="make needs a POSIX system")


# --- the folder ---


def test_each_environment_has_its_lock():
    locks = {path.stem for path in (ROOT / "environments" / "locks").glob("*.txt")}
    assert locks == {"core", "lab", "dev", "hub"}


def test_a_whole_environment_has_no_fault(setup, core):
    assert setup.environment.fault(core) is None


def test_another_python_was_asked_for(setup, core, monkeypatch):
    monkeypatch.setenv("PYTHON", "python3.99")
    monkeypatch.setattr(setup.sys, "version_info", (3, 99, 0))
    assert "another one was asked for" in setup.environment.fault(core)


def test_a_half_made_environment_is_found(setup, core, site_packages):
    shutil.rmtree(site_packages(core) / "pip")
    assert setup.environment.fault(core) == "it is not complete"
    shutil.rmtree(core.folder / "bin")
    assert setup.environment.fault(core) == "it is not complete"
    shutil.rmtree(core.folder)
    assert setup.environment.fault(core) == "there is none"


def test_a_moved_checkout_is_found(setup, core):
    setup.record(core, "3.11.7")
    assert setup.environment.fault(core) is None
    [stamp] = core.folder.glob("ready-*.json")
    stamp.write_text(json.dumps({"root": "elsewhere"}))
    assert setup.environment.fault(core) == "the checkout was moved"


def test_too_little_space(setup, known, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=10**8)
    monkeypatch.setattr(setup.environment.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(setup.SetupError, match=r"0\.1 GB are free .*about 0\.5 GB"):
        setup.make(known["hub"])


def test_no_venv_module_names_the_command(setup, known, monkeypatch):
    monkeypatch.setattr(setup.environment, "has_ensurepip", lambda: False)
    monkeypatch.setattr(setup.system, "install_venv", lambda: False)
    with pytest.raises(setup.SetupError, match=r"apt-get install -y python3\.\d+-venv"):
        setup.make(known["core"])


# --- what is done already ---


def test_ready_until_something_changes(setup, core, known):
    setup.record(known["dev"], "3.11.7")
    for name in ("core", "lab", "dev"):
        assert setup.is_ready(known[name], "3.11.7"), "dev holds core and lab"
    assert not setup.is_ready(known["hub"], "3.11.7")
    assert not setup.is_ready(known["dev"], "3.12.1")
    known["dev"].lock.write_text("# another\n")
    assert not setup.is_ready(core, "3.11.7")


def test_core_does_not_stand_for_dev(setup, core, known):
    setup.record(core, "3.11.7")
    assert setup.is_ready(core, "3.11.7")
    assert not setup.is_ready(known["lab"], "3.11.7")
    assert not setup.is_ready(known["dev"], "3.11.7")


def test_a_set_up_that_was_stopped_is_not_ready(setup, core):
    (core.folder / "ready-core.json").write_text('{"done": "x", "ro')
    assert not setup.is_ready(core, "3.11.7")
    assert setup.environment.fault(core) is None


def test_another_proxy_is_another_hub(setup, hub):
    setup.record(hub, "3.11.7")
    assert setup.is_ready(hub, "3.11.7")
    hub.sources[1].write_text("{}")
    assert not setup.is_ready(hub, "3.11.7")


# --- the command ---


@pytest.mark.parametrize("name", ["", "nix"])
def test_codes_of_the_command(setup, monkeypatch, name, capsys):
    monkeypatch.setattr(setup.sys, "argv", ["setup.py", name or "core"])

    def fail(_):
        raise setup.SetupError("no luck")

    monkeypatch.setattr(setup, "prepare", fail)
    assert setup.main() == (2 if name else 1)
    assert capsys.readouterr().err


def test_an_error_of_the_system_comes_with_a_remedy(setup, monkeypatch, capsys):
    monkeypatch.setattr(setup.sys, "argv", ["setup.py", "hub"])

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(setup, "prepare", fail)
    assert setup.main() == 1
    assert "the disk is full" in capsys.readouterr().err


def test_an_interrupted_set_up_goes_on(setup, monkeypatch, capsys):
    monkeypatch.setattr(setup.sys, "argv", ["setup.py", "hub"])

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, "prepare", interrupt)
    assert setup.main() == 130
    assert "the same command goes on" in capsys.readouterr().err


# --- system libraries, the interpreter ---


def test_libraries_are_installed_or_named(setup, monkeypatch, capsys, tmp_path):
    system = setup.system
    present = set()
    monkeypatch.setattr(system, "works", lambda library, _: library.name in present)
    monkeypatch.setattr(system, "_apt_install", lambda *_: False)
    monkeypatch.setattr(system.shutil, "which", lambda _: "/usr/bin/apt-get")
    assert not system.provide(Path(sys.executable), tmp_path)
    said = capsys.readouterr().out
    assert "sudo apt-get install -y libegl1 libegl-mesa0 libgl1" in said
    assert "sudo apt-get install -y libgomp1" in said

    def install(packages, purpose):
        present.add(purpose)
        return True

    monkeypatch.setattr(system, "_apt_install", install)
    assert system.provide(Path(sys.executable), tmp_path)
    monkeypatch.setattr(system, "works", None)
    assert system.provide(Path(sys.executable), tmp_path), "remembered"


def test_libraries_are_probed_in_a_child(setup):
    library = setup.system.LIBRARIES[0]
    probes = {
        "pass": True,
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)": False,
    }
    for probe, expected in probes.items():
        each = replace(library, probe=probe)
        assert setup.system.works(each, Path(sys.executable)) is expected


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ("no-such-python", 1, "PYTHON=no-such-python"),
        (sys.executable, 0, sys.executable),
    ],
)
def test_python_is_found(given, code, said):
    done = subprocess.run(
        ["sh", str(ROOT / "environments" / "find-python.sh")],
        env=os.environ | {"PYTHON": given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert said in done.stdout + done.stderr


def test_no_python_at_all(tmp_path):
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "environments" / "find-python.sh")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Python 3.11, 3.12 or 3.13 is needed" in done.stderr
