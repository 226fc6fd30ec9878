"""Packages: what pip says comes with a remedy, nothing stays half-installed."""

import os
import subprocess

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="make needs a POSIX system")


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
def test_what_pip_says_comes_with_a_remedy(setup, core, monkeypatch, says, advice):
    monkeypatch.setenv("PIP_SAYS", says)
    with pytest.raises(setup.SetupError, match=advice):
        setup.packages.install(core)
    assert says.splitlines()[0] in core.log.read_text("utf-8")


def test_errors_are_told_before_warnings(setup):
    lines = ["ERROR: this one", *["WARNING: noise"] * 9, "pip was here"]
    assert setup.packages.last_words(lines) == ["ERROR: this one"]
    assert setup.packages.last_words(lines[1:]) == ["WARNING: noise"] * 6
    assert setup.packages.last_words(lines[-1:]) == ["pip was here"]


def test_a_package_without_a_wheel_is_built_by_what_is_locked(setup, hub):
    hub.lock.write_text("a==1 \\\n    --hash=x\nonetimepass==1.0.1 \\\n    --hash=y\n")
    setup.packages.install(hub)
    said = hub.log.read_text("utf-8")
    assert "--no-build-isolation --no-binary=onetimepass" in said
    assert "--require-hashes" in said
    assert "onetimepass==1.0.1 \\\n    --hash=y" in said
    assert "a==1" not in said
    assert not list(hub.folder.glob("*.part"))


def test_installing_links_the_checkout(setup, core):
    """Importable and callable from a path with a space and Chinese, in any locale."""
    (core.root / "prospect").mkdir()
    (core.root / "prospect" / "__init__.py").write_text("")
    (core.root / "prospect" / "cli.py").write_text("def main(): print('called')")
    setup.fill(core)
    setup.fill(core)
    for locale in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}):
        done = subprocess.run(
            [core.folder / "bin" / "prospect"],
            cwd="/",
            env=locale,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "called\n"), done.stderr
    code = "from importlib.metadata import *; print(version('prospect-workbench'))"
    assert setup.run_python(core, code).strip() == "0.1.0"


def test_cut_off_packages_are_installed_again(setup, core, site_packages):
    packages = site_packages(core)
    (packages / "whole-1.dist-info").mkdir()
    (packages / "whole-1.dist-info" / "RECORD").write_text("")
    (packages / "half-1.dist-info").mkdir()
    (packages / "~alf").mkdir()
    setup.packages.discard_half_installed(core)
    names = {path.name for path in packages.iterdir()}
    assert "whole-1.dist-info" in names
    assert not names & {"half-1.dist-info", "~alf"}
