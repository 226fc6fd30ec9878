"""The command as a whole: help, version, speed of the way in."""

import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from prospect.cli._app import app

CALL = """
import sys, time, prospect
def run_district(path, **_):
    {body}
prospect.run_district = run_district
sys.argv = ["prospect", "run", "d.toml"]
from prospect.cli import main
main()
"""
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
HEAVY = {"pandas", "xarray", "rasterio", "sklearn", "matplotlib", "pyvista", "dask"}


COMMANDS = ["", "run", "check", "new", "doctor", "data"]
COMMANDS += ["data list", "data fetch", "data sample"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command):
    done = CliRunner().invoke(app, [*command.split(), "-h"])
    assert done.exit_code == 0
    assert "Usage" in done.output


def test_no_arguments_show_the_help_as_wrong_usage():
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 2
    assert "Usage" in done.output


def test_help_loads_no_heavy_library():
    code = (
        "import sys; sys.argv = ['prospect', '--help']\n"
        "from prospect.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit:\n"
        "    print('LOADED', *{name.split('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split("LOADED")[1].split()) & HEAVY


def test_a_fault_of_ours_is_said_to_be_ours(tmp_path):
    (tmp_path / "d.toml").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", CALL.format(body="raise TypeError('oops')")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )
    assert done.returncode == 1
    assert "TypeError: oops" in done.stderr
    assert "fault of the program" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_is_code_130(tmp_path):
    (tmp_path / "d.toml").write_text("")
    body = "print('at work', flush=True); time.sleep(60)"
    with subprocess.Popen(
        [sys.executable, "-c", CALL.format(body=body)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as process:
        assert process.stdout.readline() == "at work\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "Interrupted" in said
    assert "Traceback" not in said
