"""`prospect lab` and `prospect kernel`, as typed."""

import os
import re
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app

pytest.importorskip("jupyterlab")


def call(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "JUPYTER_DATA_DIR", "JUPYTER_PATH", "PROSPECT_LANG"):
        monkeypatch.delenv(name, raising=False)
    return home


def test_all_that_is_in_the_way_is_said_at_once(tmp_path, monkeypatch):
    monkeypatch.setenv("PROSPECT_NOTEBOOKS_DIR", str(tmp_path / "nowhere"))
    file = tmp_path / "file"
    file.touch()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = call("lab", "--port", port, "--folder", file / "below", "--no-browser")
    assert done.exit_code == 3
    assert f"port {port} is taken" in done.stderr
    assert "leave --port out" in done.stderr
    assert "cannot be written to" in done.stderr
    assert "no curated notebooks" in done.stderr


def test_without_jupyterlab(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "jupyterlab", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    done = call("lab", "--folder", tmp_path, "--no-browser")
    assert done.exit_code == 3
    assert "make lab" in done.stderr


def test_lab_of_one_person(tmp_path):
    command = [sys.executable, "-c", "from prospect.cli import main; main()", "lab"]
    command += ["--no-browser", "--folder", str(tmp_path / "work"), "--lang", "zh"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        lines = [process.stdout.readline() for _ in range(5)]
        assert "仅限本机" in lines[0]
        url = lines[1].strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/workbench\?token=[\w-]{20,}", url)
        transport = httpx.HTTPTransport(retries=8)  # waits longer each time
        with httpx.Client(transport=transport, timeout=30) as client:
            page = client.get(url, follow_redirects=True)
            assert page.status_code == 200
            assert '<html lang="zh-CN">' in page.text
        assert (tmp_path / "work").is_dir()
        # as Ctrl-C does: to the command and to what it started
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(45) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait(15)


def test_kernels():
    assert "no kernels of your own" in call("kernel", "list").stderr
    made = call("kernel", "new", "geo")
    assert made.exit_code == 0, made.output
    assert "survives restarts" in made.stdout
    assert call("kernel", "list").stdout.startswith("geo\t")
    assert call("kernel", "new", "geo").exit_code == 3
    assert call("kernel", "new", "Geo", "--lang", "zh").exit_code == 3
    removed = call("kernel", "remove", "geo", "--lang", "zh")
    assert "已删除" in removed.stdout
