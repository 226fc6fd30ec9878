"""A person at a browser: what the stories of the hub do with their hands."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path

FLAGS = [
    f"--{name}"
    for name in (
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-sync",
        "disable-background-networking",
        "disable-component-update",
    )
]
NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook"


def launch(driver):
    """Chromium, or a failure that says what is missing."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "the system tests need chromium: make test-system installs it"
    return driver.chromium.launch(executable_path=path, args=FLAGS)


def picture(page, name):
    """Keep a picture where PROSPECT_PICTURES names a folder, to be looked at."""
    if folder := os.environ.get("PROSPECT_PICTURES"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png")


def sign_up(page, hub, name, password):
    """Fill the form of somebody new; return what the page answers."""
    page.goto(f"{hub.url}/hub/signup")
    page.fill("input[name=username]", name)
    page.fill("input[name=signup_password]", password)
    page.fill("input[name=signup_password_confirmation]", password)
    picture(page, f"sign-up-{name}")
    page.click("input[type=submit], button[type=submit]")
    page.wait_for_load_state()
    return page.inner_text("body")


def log_in(page, hub, name, password, *, to=""):
    """Fill the login form; return what the page shows next."""
    page.goto(f"{hub.url}/hub/login" + (f"?next={to}" if to else ""))
    page.fill("#username_input", name)
    page.fill("#password_input", password)
    page.click("#login_submit")
    page.wait_for_load_state()
    return page.inner_text("body")


def run_all(page):
    """Run every cell of the open notebook."""
    page.wait_for_selector(f"{NOTEBOOK} .jp-CodeCell", timeout=90_000)
    page.wait_for_timeout(2000)
    page.click(f"{NOTEBOOK} .jp-CodeCell .jp-InputArea-editor >> nth=0")
    page.click('.lm-MenuBar-itemLabel:text-is("Run")')
    page.click('.lm-Menu-item[data-command="runmenu:run-all"]')


def saved(page, path, *, seconds):
    """The notebook on disk once every cell has run; it is saved again and again."""
    end = time.monotonic() + seconds
    while True:
        page.keyboard.press("Control+s")
        page.wait_for_timeout(3000)
        cells = [
            cell
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if cell["cell_type"] == "code" and cell["source"]
        ]
        failed = [
            "".join(output.get("traceback", []))[-1500:]
            for cell in cells
            for output in cell["outputs"]
            if output["output_type"] == "error"
        ]
        assert not failed, failed[0]
        if all(cell["execution_count"] for cell in cells):
            return cells
        if time.monotonic() > end:
            waiting = [cell["source"] for cell in cells if not cell["execution_count"]]
            raise TimeoutError(f"cells that did not run: {waiting[:2]}")
