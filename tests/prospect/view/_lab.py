"""JupyterLab and Chromium, started for a test and ended with it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[3]
TOKEN = "a-token-for-tests"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
PANEL = ".jp-NotebookPanel:not(.lm-mod-hidden)"
SECONDS = 60


class Lab:
    """JupyterLab on a folder."""

    def __init__(self, folder):
        from playwright.sync_api import sync_playwright

        self.folder = folder / "work"
        self.folder.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = folder / "lab.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
                    "--ip=127.0.0.1", f"--port={self.port}",
                    "--ServerApp.port_retries=0",
                ],
                cwd=self.folder,
                env=self._environment(folder),
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._play = sync_playwright().start()
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        assert chromium, "the system tests need chromium: make test-system installs it"
        self.browser = self._play.chromium.launch(executable_path=chromium, args=FLAGS)

    @staticmethod
    def _environment(folder):
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "PROSPECT_"))
        }
        from prospect.lab import lab_environment

        search = [str(ROOT), kept.get("PYTHONPATH", "")]
        return (kept | lab_environment()) | {
            "JUPYTER_TOKEN": TOKEN,
            "HOME": str(folder),
            "PYTHONPATH": os.pathsep.join(filter(None, search)),
            "PYTHONUTF8": "1",
        }

    def wait(self):
        for _ in range(450):
            if self.process.poll() is not None:
                pytest.fail(f"the server ended: {self.log.read_text()[-2000:]}")
            try:
                urllib.request.urlopen(f"{self.url}api", timeout=2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return self
        pytest.fail(f"the server does not answer: {self.log.read_text()[-2000:]}")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def close(self):
        self.browser.close()
        self._play.stop()
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                os.killpg(self.process.pid, number)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                continue
            break

    def _wait_for_kernel(self, path):
        for _ in range(10 * SECONDS):
            with urllib.request.urlopen(
                f"{self.url}api/sessions?token={TOKEN}"
            ) as told:
                sessions = json.load(told)
            states = [
                s["kernel"]["execution_state"] for s in sessions if s["path"] == path
            ]
            if states == ["idle"]:
                return
            time.sleep(0.1)
        pytest.fail(f"no kernel for {path}: {self.log.read_text()[-2000:]}")

    def open_again(self, name):
        """A page with the notebook as it was saved."""
        page = self.browser.new_page(viewport={"width": 1360, "height": 1000})
        page.set_default_timeout(1000 * SECONDS)
        page.goto(f"{self.url}doc/tree/{name}.ipynb?token={TOKEN}")
        page.locator(f"{PANEL} .jp-Notebook-cell").first.wait_for()
        return page

    def stop_kernels(self):
        """End all kernels, as the hub does to idle ones."""
        for session in self._sessions():
            ask = urllib.request.Request(
                f"{self.url}api/sessions/{session['id']}?token={TOKEN}", method="DELETE"
            )
            urllib.request.urlopen(ask, timeout=20).close()

    def _sessions(self):
        with urllib.request.urlopen(f"{self.url}api/sessions?token={TOKEN}") as told:
            return json.load(told)

    def open(self, name, *cells):
        """A page with a new notebook of these cells, run from first to last."""
        notebook = nbformat.v4.new_notebook()
        notebook.metadata.kernelspec = {
            "name": "python3",
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
        }
        notebook.cells = [nbformat.v4.new_code_cell(text) for text in cells]
        nbformat.write(notebook, self.folder / f"{name}.ipynb")
        page = self.open_again(name)
        self._wait_for_kernel(f"{name}.ipynb")
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
        page.locator(".lm-MenuBar-itemLabel:text-is('Run')").click()
        page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
        page.locator(
            f"{PANEL} .jp-InputPrompt:text-matches('[*\\\\d]')"
        ).first.wait_for()
        return page


def in_view(locator):
    """Box of an element that was brought to the middle of the window."""
    locator.wait_for()
    for _ in range(3):
        locator.evaluate("one => one.scrollIntoView({block: 'center'})")
        locator.page.wait_for_timeout(300)
    return locator.bounding_box()


def execute(page, code):
    """Text that a new last cell prints."""
    before = page.locator(f"{PANEL} .jp-Notebook-cell").count()
    page.locator(f"{PANEL} .jp-Notebook-cell").last.locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.locator(f"{PANEL} .jp-Notebook-cell").nth(before).wait_for()
    page.keyboard.press("Enter")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")
    cell = page.locator(f"{PANEL} .jp-Notebook-cell").nth(before)
    output = cell.locator(".jp-OutputArea-output").first
    output.wait_for()
    return output.inner_text()
