"""One working day at the shared workbench, through a real browser."""

import json
import re

import pytest

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
    look_at_map_and_scene(page)

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


def look_at_map_and_scene(page):
    """Scroll to what is drawn, and turn it."""
    for number in range(12):
        page.evaluate(
            """([selector, share]) => {
                const book = document.querySelector(selector);
                const scroller = book.querySelector('.jp-WindowedPanel-outer') || book;
                scroller.scrollTop = scroller.scrollHeight * share;
            }""",
            [NOTEBOOK, number / 12],
        )
        page.wait_for_timeout(700)
        picture(page, f"notebook-{number:02}")
