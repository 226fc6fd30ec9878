"""The set-up: broken environments are found, failures name their remedy."""

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="make needs a POSIX system")


@pytest.fixture
def setup(monkeypatch, tmp_path):
    """Module environments/setup.py, working in a folder of its own."""
    monkeypatch.syspath_prepend(str(ROOT / "environments"))
    for name in ("setup", "system", "link"):
        sys.modules.pop(name, None)
    import setup as module

    root = tmp_path / "检出 checkout"
    (root / "environments" / "locks").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", root)
    for name in module.SPACE:
        (root / "environments" / "locks" / f"{name}.txt").write_text(f"# {name}\n")
    monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.setattr(module, "VENV", root / ".venv")
    monkeypatch.setattr(module, "PYTHON", root / ".venv" / "bin" / "python")
    monkeypatch.setattr(module, "LOCKS", root / "environments" / "locks")
    monkeypatch.delenv("PYTHON", raising=False)
    yield module
    for name in ("setup", "system", "link"):
        sys.modules.pop(name, None)


@pytest.fixture
def made(setup):
    """An environment with a stand-in for pip."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(setup.VENV)
    [packages] = setup.VENV.glob("lib/python*/site-packages")
    (packages / "pip").mkdir()
    (packages / "pip" / "__init__.py").write_text("")
    (packages / "pip" / "__main__.py").write_text(
        "import os, sys\n"
        "print('Collecting one')\n"
        "print(os.environ.get('PIP_SAYS', ''))\n"
        "sys.exit('PIP_SAYS' in os.environ)\n"
    )
    return setup


def test_a_whole_environment_has_no_fault(made):
    assert made.venv_fault() is None


def test_another_python_was_asked_for(made, monkeypatch):
    monkeypatch.setenv("PYTHON", "python3.99")
    monkeypatch.setattr(made.sys, "version_info", (3, 99, 0))
    assert "another one was asked for" in made.venv_fault()


def test_a_half_made_environment_is_found(made):
    [packages] = made.VENV.glob("lib/python*/site-packages")
    shutil.rmtree(packages / "pip")
    assert made.venv_fault() == "it is not complete"
    shutil.rmtree(made.VENV / "bin")
    assert made.venv_fault() == "it is not complete"
    shutil.rmtree(made.VENV)
    assert made.venv_fault() == "there is none"


def test_a_moved_checkout_is_found(made):
    made.record("core", "3.11.7")
    assert made.venv_fault() is None
    [stamp] = made.VENV.glob("ready-*.json")
    stamp.write_text(json.dumps({"root": "elsewhere"}))
    assert made.venv_fault() == "the checkout was moved"


def test_ready_until_something_changes(made):
    made.record("dev", "3.11.7")
    assert made.is_ready("dev", "3.11.7")
    assert made.is_ready("core", "3.11.7"), "dev holds core"
    assert not made.is_ready("dev", "3.12.1")
    (made.LOCKS / "dev.txt").write_text("# another\n")
    assert not made.is_ready("core", "3.11.7")


def test_core_does_not_stand_for_dev(made):
    made.record("core", "3.11.7")
    assert not made.is_ready("dev", "3.11.7")


def test_a_set_up_that_was_stopped_is_not_ready(made):
    (made.VENV / "ready-core.json").write_text('{"done": "x", "ro')
    assert not made.is_ready("core", "3.11.7")
    assert made.venv_fault() is None


@pytest.mark.parametrize(
    ("says", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES",
            "not the one that was locked",
        ),
        (
            "ERROR: Could not find a version for x==2 (from versions: 1.0)",
            "no ready-made file",
        ),
        ("ERROR: ... x==2 (from versions: none)", "was not reached"),
        (
            "WARNING: Retrying after NewConnectionError\n"
            "ERROR: No matching distribution found for x==1",
            "was not reached",
        ),
        ("ERROR: CERTIFICATE_VERIFY_FAILED", "certificate"),
        ("ERROR: [Errno 13] Permission denied", "folder of your own"),
        ("ERROR: something new", "setup.log"),
    ],
)
def test_what_pip_says_comes_with_a_remedy(made, monkeypatch, says, advice):
    monkeypatch.setenv("PIP_SAYS", says)
    with pytest.raises(made.SetupError, match=advice):
        made.pip(["-r", "lock.txt"], total=1)
    assert says.splitlines()[0] in (made.VENV / "setup.log").read_text("utf-8")


def test_installing_links_the_checkout(made, monkeypatch):
    """Importable and callable from a path with a space and Chinese, in any locale."""
    (made.ROOT / "prospect").mkdir()
    (made.ROOT / "prospect" / "__init__.py").write_text("")
    (made.ROOT / "prospect" / "cli.py").write_text("def main(): print('called')")
    made.install("core")
    made.install("core")
    for locale in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}):
        done = subprocess.run(
            [made.VENV / "bin" / "prospect"],
            cwd="/",
            env=locale,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "called\n"), done.stderr
    code = "from importlib.metadata import *; print(version('prospect-workbench'))"
    assert made.run_python(code).strip() == "0.1.0"


def test_cut_off_packages_are_installed_again(made):
    [packages] = made.VENV.glob("lib/python*/site-packages")
    (packages / "whole-1.dist-info").mkdir()
    (packages / "whole-1.dist-info" / "RECORD").write_text("")
    (packages / "half-1.dist-info").mkdir()
    (packages / "~alf").mkdir()
    made.discard_half_installed()
    names = {path.name for path in packages.iterdir()}
    assert "whole-1.dist-info" in names
    assert not names & {"half-1.dist-info", "~alf"}


def test_too_little_space(setup, monkeypatch):
    usage = shutil.disk_usage("/")._replace(free=10**9)
    monkeypatch.setattr(setup.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(setup.SetupError, match=r"1\.0 GB are free"):
        setup.make_venv()


def test_no_venv_module_names_the_command(setup, monkeypatch):
    monkeypatch.setattr(setup, "has_ensurepip", lambda: False)
    monkeypatch.setattr(setup.system, "install_venv", lambda: False)
    with pytest.raises(setup.SetupError, match=r"apt-get install -y python3\.\d+-venv"):
        setup.make_venv()


@pytest.mark.parametrize("name", ["", "nix"])
def test_codes_of_the_command(setup, monkeypatch, name, capsys):
    monkeypatch.setattr(setup.sys, "argv", ["setup.py", name or "core"])

    def fail(_):
        raise setup.SetupError("no luck")

    monkeypatch.setattr(setup, "prepare", fail)
    assert setup.main() == (2 if name else 1)
    assert capsys.readouterr().err


def test_libraries_are_installed_or_named(setup, monkeypatch, capsys, tmp_path):
    system = setup.system
    present = set()
    monkeypatch.setattr(system, "works", lambda library, _: library.name in present)
    monkeypatch.setattr(system, "_apt_install", lambda *_: False)
    monkeypatch.setattr(system.shutil, "which", lambda _: "/usr/bin/apt-get")
    assert not system.provide(Path(sys.executable), tmp_path)
    said = capsys.readouterr().out
    assert "sudo apt-get install -y libosmesa6" in said
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
        each = type(library)("x", "y", probe, (), "")
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
