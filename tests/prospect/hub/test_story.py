"""One working day at the shared workbench, through a real browser."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from ._browser import NOTEBOOK, launch, log_in, picture, run_all, saved, sign_up
from ._harness import wait_until

pytestmark = pytest.mark.system
ADMIN, ANA = "granite under gneiss", "basalt under loess"
BOOK = "01_prospecting_end_to_end"


@pytest.fixture(scope="module")
def hub(hub_maker):
    hub = hub_maker('[limits]\nmemory = "6G"', team=True).up()
    hub.add_user("admin", ADMIN, admin=True)
    return hub


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = launch(driver)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-GB"
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def test_somebody_new_waits_for_the_administrator(hub, page):
    told = sign_up(page, hub, "ana", ANA)
    picture(page, "signed-up")
    assert "administrator" in told.lower()
    log_in(page, hub, "ana", ANA)
    picture(page, "not-yet")
    assert "/user/ana" not in page.url

    log_in(page, hub, "admin", ADMIN, to="%2Fhub%2Fauthorize")
    page.wait_for_url("**/authorize")
    picture(page, "approval")
    page.locator('tr:has-text("ana") a, tr:has-text("ana") button').first.click()
    page.wait_for_load_state()
    page.goto(f"{hub.url}/hub/admin")
    page.wait_for_selector("text=ana")
    picture(page, "admin")


def test_nobody_becomes_the_administrator_by_signing_up(hub, page):
    log_in(page, hub, "admin", ANA)
    assert "/user/" not in page.url
    assert page.is_visible("#password_input"), "a wrong password is refused"
    picture(page, "wrong-password")


def test_a_notebook_runs_to_map_cluster_and_scene(hub, page):
    log_in(page, hub, "ana", ANA)
    page.wait_for_url(re.compile("/user/ana/workbench"), timeout=120_000)
    page.wait_for_selector(".card")
    page.wait_for_timeout(1000)
    picture(page, "gallery")
    path = copy_book(page, hub)

    page.goto(f"{hub.url}/user/ana/lab/tree/notebooks/{BOOK}.ipynb")
    run_all(page)
    cells = saved(page, path, seconds=400)
    page.wait_for_timeout(2000)
    picture(page, "notebook")
    shown = json.dumps(cells)
    assert "image/png" in shown
    assert "the same map: True" in shown, "the cluster computed it"
    ask_the_map(page)
    turn_the_scene(page)

    page.goto(f"{hub.url}/hub/home")
    picture(page, "home")
    page.goto(f"{hub.url}/hub/logout")
    page.wait_for_load_state()
    picture(page, "logged-out")
    page.goto(f"{hub.url}/user/ana/lab")
    page.wait_for_load_state()
    assert "/hub/login" in page.url or "/hub/" in page.url


def copy_book(page, hub):
    """Copy the notebook as the gallery does; ask for a cluster and a short run."""
    answer = page.evaluate(
        """async name => {
            const xsrf = document.cookie.match(/_xsrf=([^;]+)/);
            const base = location.pathname.replace(/workbench.*/, '');
            const answer = await fetch(base + 'workbench/api/copy', {
                method: 'POST', body: JSON.stringify({name: name, lang: 'en'}),
                headers: {'Content-Type': 'application/json',
                          'X-XSRFToken': xsrf ? xsrf[1] : ''}});
            return [answer.status, await answer.text()];
        }""",
        BOOK,
    )
    assert answer[0] < 300, answer
    path = hub.folder / "users" / "ana" / "notebooks" / f"{BOOK}.ipynb"
    wait_until(path.exists, what="the copy")
    text = path.read_text(encoding="utf-8")
    text = text.replace("use_cluster = False", "use_cluster = True")
    path.write_text(text, encoding="utf-8")
    return path


def ask_the_map(page):
    """Click on the map: the table beside it says what every layer is there."""
    chart = page.locator(".pv-map canvas").first
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    chart.click(position={"x": 160, "y": 160})
    view = page.locator(".pv-map").first
    try:
        # the unit of the magnetic field stands in the table of values only
        wait_until(lambda: " nT" in view.inner_text(), what="an answer of the map")
    finally:
        picture(page, "map")


def turn_the_scene(page):
    """Drag the scene: other pixels, and more than one colour."""
    frame = page.locator(f"{NOTEBOOK} iframe").last
    frame.scroll_into_view_if_needed()
    page.wait_for_timeout(8000)
    before = pixels(frame)
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 100, "the scene is drawn"
    box = frame.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 9):
        page.mouse.move(x + 20 * step, y + 5 * step)
        page.wait_for_timeout(100)
    page.mouse.up()
    page.wait_for_timeout(2000)
    picture(page, "scene")
    assert (pixels(frame) != before).mean() > 0.02, "the scene turns"


def pixels(element):
    """What is seen of an element, as an array."""
    with Image.open(io.BytesIO(element.screenshot())) as shot:
        return np.asarray(shot.convert("RGB"))
