"""The hub's pages in a real browser: languages, usage, who may see and stop whom."""

import re
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from .._harness import request, wait_until

pytestmark = pytest.mark.system
PASSWORDS = {"lead": "the first of them all", "ana": "granite and gneiss"}
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update"
)


@pytest.fixture(scope="module")
def hub(hub_maker):
    hub = hub_maker("[dask]\nenabled = false\n[tls]\nends_before_us = false")
    hub.add_user("lead", PASSWORDS["lead"], admin=True)
    hub.up()
    hub.add_user("ana", PASSWORDS["ana"])
    return hub


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        path = shutil.which("chromium")
        browser = play.chromium.launch(executable_path=path, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    context = browser.new_context()
    context.set_default_timeout(45000)
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    context.close()


def sign_in(page, hub, name):
    page.goto(f"{hub.url}/hub/login?next=%2Fhub%2Fhome")
    page.fill("#username_input", name)
    page.fill("#password_input", PASSWORDS[name])
    page.click("#login_submit")
    page.wait_for_url("**/hub/home")


def test_language_is_chosen_and_remembered(page, hub):
    page.goto(f"{hub.url}/hub/login")
    expect(page.locator("#login_submit")).to_have_text("Sign in")
    page.click("button[data-lang=zh]")
    expect(page.locator("#login_submit")).to_have_text("登录")
    page.fill("#username_input", "ana")
    page.fill("#password_input", "nothing of the kind")
    page.click("#login_submit")
    expect(page.locator(".login_error")).to_have_text("用户名或密码错误。")
    page.goto(f"{hub.url}/hub/nowhere")
    expect(page.locator("h1")).to_have_text("页面不存在")
    sign_in(page, hub, "ana")
    page.goto(f"{hub.url}/services/pages/")
    expect(page.locator("h1")).to_have_text("我的使用情况")


def test_sign_up_is_sent_and_approved_in_the_browser(page, hub):
    page.goto(f"{hub.url}/hub/signup")
    for field, text in (
        ("#username_input", "newbie"),
        ("#password_input", "a word for newbie"),
        ("#password_confirmation_input", "a word for newbie"),
    ):
        page.fill(field, text)
    page.click("#signup_submit")
    expect(page.locator(".alert-info")).to_contain_text("is with the administrator")
    sign_in(page, hub, "lead")
    expect(page.locator(".alert-warning")).to_contain_text("1 person waits")
    page.goto(f"{hub.url}/hub/authorize")
    page.click("tr#newbie button:has-text('Approve')")
    expect(page.locator("tr#newbie")).to_contain_text("Approved")


def test_every_page_of_the_hub_is_drawn(page, hub):
    sign_in(page, hub, "lead")
    for path in ("home", "authorize", "admin", "token", "change-password"):
        assert page.goto(f"{hub.url}/hub/{path}").status == 200, path
        expect(page.locator(".wb-bar")).to_be_visible()
    page.goto(f"{hub.url}/hub/token")
    page.fill("#token-note", "a script")
    page.click("text=Make a token")
    expect(page.locator("#token-result")).to_have_text(re.compile(r"\w{20,}"))


def test_usage_of_all_and_stop(page, hub):
    hub.start_server("ana")
    sign_in(page, hub, "lead")
    page.goto(f"{hub.url}/services/pages/")
    line = page.locator("#people tbody tr", has_text="ana")
    expect(line).to_contain_text("MB of 4 GB", timeout=30000)
    line.locator("button", has_text="Stop").click()
    expect(line).to_contain_text("off")
    wait_until(lambda: not hub.api("/users/ana").json()["servers"], what="the stop")


def test_others_see_and_stop_only_themselves(page, hub):
    hub.start_server("lead")
    sign_in(page, hub, "ana")
    page.goto(f"{hub.url}/services/pages/")
    expect(page.locator("#people tbody tr")).to_have_count(1)
    asked = """async (name) => (await fetch("/services/pages/api/stop/" + name,
      {method: "POST", headers: name === "ana" ? {} : {"X-XSRFToken": xsrf}})).status"""
    assert page.evaluate(asked, "lead") == 403
    assert page.evaluate(asked, "ana") == 403, "without the token of the page"
    assert hub.api("/users/lead").json()["servers"]


def test_health_is_open_and_says_nothing_secret(hub):
    found = request(f"{hub.url}/services/pages/health")
    assert found.status == 200
    parts = found.json()["parts"]
    assert set(parts) == {"hub", "proxy", "disk", "database"}
    assert str(hub.folder) not in found.text


def test_metrics_for_administrators_alone(hub):
    url = f"{hub.url}/services/pages/metrics"
    assert request(url).status == 403
    assert request(url, token=hub.token_of("ana")).status == 403
    secrets = hub.folder / "secrets"
    own, culler = ((secrets / n).read_text().strip() for n in ("metrics", "culler"))
    for address in (url, f"{hub.url}/hub/metrics"):
        headers = {"Authorization": f"Bearer {own}"}
        assert request(address, headers=headers).status == 200, address
        assert request(address, token=culler).status == 403
    found = request(url, token=hub.token_of("lead"))
    assert 'prospect_hub_part_up{part="hub"} 1' in found.text
    assert 'prospect_person_server_running{person="ana"}' in found.text
