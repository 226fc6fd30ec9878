"""Notebooks to show, and Jupyter servers of their own that end with the test."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from ._books import make_books

TOKEN = "a-token-for-tests"


@pytest.fixture
def books(tmp_path, monkeypatch):
    """Folder of curated notebooks: with translation, without, from a newer version."""
    folder = make_books(tmp_path / "curated")
    monkeypatch.setenv("PROSPECT_NOTEBOOKS_DIR", str(folder))
    return folder


class Server:
    """A JupyterLab with the gallery, for one home."""

    def __init__(self, home, books, **environment):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.home, self.token = home, TOKEN
        home.mkdir(parents=True, exist_ok=True)
        from prospect.lab import lab_environment

        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "PROSPECT_", "LANG", "MEM_LIMIT"))
        }
        self.environment = (
            inherited
            | lab_environment()
            | {"PROSPECT_NOTEBOOKS_DIR": str(books), "JUPYTER_TOKEN": TOKEN}
            | {"HOME": str(home), "PYTHONUTF8": "1"}
            | environment
        )
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += ["--ip=127.0.0.1", f"--port={self.port}"]
        command += ["--ServerApp.port_retries=0", "--LabApp.default_url=/workbench"]
        self.log = home.with_suffix(".log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=home,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def wait(self):
        for _ in range(400):
            if self.process.poll() is not None:
                pytest.fail(f"the server ended: {self.log.read_text()[-2000:]}")
            try:
                urllib.request.urlopen(f"{self.url}api", timeout=2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return self
        pytest.fail(f"the server does not answer: {self.log.read_text()[-2000:]}")

    def close(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(15)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        self.process.wait(15)


@pytest.fixture
def serve(tmp_path, books):
    """Function that starts a server; all end with the test."""
    servers = []

    def start(**environment):
        home = tmp_path / f"home{len(servers)}"
        servers.append(Server(home, books, **environment))
        return servers[-1].wait()

    yield start
    for server in servers:
        server.close()
