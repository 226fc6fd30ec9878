"""The gallery in a real browser: search, language, copies, the way there and back."""

import json
import shutil
import time

import pytest

from ._books import GOLD, notebook, write

pytest.importorskip("jupyterlab")
pytestmark = pytest.mark.system
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


@pytest.fixture
def browser():
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "the system tests need chromium: make test-system installs it"
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Function that opens the gallery; what the page complains of fails the test."""
    complaints = []

    def open_gallery(server, **context):
        page = browser.new_context(**({"locale": "en-GB"} | context)).new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(60_000)
        page.goto(f"{server.url}workbench?token={server.token}")
        page.wait_for_selector(".card")
        return page

    yield open_gallery
    assert not complaints


def names(page):
    return [
        card.get_attribute("data-name") for card in page.query_selector_all(".card")
    ]


def card(page, name):
    return page.locator(f'.card[data-name="{name}"]')


def test_search_and_language(serve, visit):
    server = serve()
    page = visit(server)
    for words, expected in {
        "gold": ["06_gold"],
        "金": ["06_gold"],
        "Au": ["06_gold"],
        "SWIR": ["12_minerals"],
        "短波红外": ["12_minerals"],
        "sericite": ["12_minerals"],
        "化探 铜": ["07_bixi"],
        "ｇｏｌｄ": ["06_gold"],
        "geochemistry": ["06_gold", "07_bixi"],
        "": ["06_gold", "07_bixi", "12_minerals", "99_later"],
    }.items():
        page.fill("#words", words)
        assert names(page) == expected, words
    page.fill("#words", "gold unobtainium")
    assert names(page) == []
    assert "No notebook fits" in page.inner_text("#count")
    page.click("#count button")
    assert len(names(page)) == 4

    page.select_option("#sensors", "aviris")
    assert names(page) == ["12_minerals"]
    page.reload()
    page.wait_for_selector(".card")
    assert names(page) == ["12_minerals"], "an address with its filters can be shared"
    page.click("#count button")
    card(page, "07_bixi").locator(".chip.tasks >> nth=0").click()
    assert page.input_value("#tasks") == "geochemistry"
    page.click("#count button")

    page.click("#switch")
    assert page.inner_text("h1") == "笔记本库"
    assert page.get_attribute("html", "lang") == "zh-CN"
    assert "水系沉积物中的金" in card(page, "06_gold").inner_text()
    assert "更新版本" in card(page, "99_later").inner_text()
    page.reload()
    page.wait_for_selector(".card")
    assert page.inner_text("h1") == "笔记本库", "the choice is remembered"


def test_keyboard_alone_and_narrow_screen(serve, visit):
    server = serve()
    page = visit(server, viewport={"width": 360, "height": 740}, locale="zh-CN")
    assert page.inner_text("h1") == "笔记本库"
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.focus("#words")
    page.keyboard.type("gold")
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.card .main')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/lab/tree/notebooks/06_gold_zh.ipynb**")
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, select')]
        .filter(e => e.closest('header, main, #notices') && !e.innerText
          && !e.getAttribute('aria-label') && !e.labels?.length).length"""
    )
    assert unnamed == 0


def edit(page, mine):
    """Type into a cell and save, as people do."""
    page.click(f"{NOTEBOOK} .jp-CodeCell .cm-content")
    page.keyboard.press("Control+a")
    page.keyboard.type("my = 'own words'")
    page.keyboard.press("Control+s")
    for _ in range(300):
        if "own words" in mine.read_text(encoding="utf-8"):
            break
        time.sleep(0.1)
    assert "own words" in mine.read_text(encoding="utf-8")


def test_copy_edit_newer_reset_and_back(serve, visit, books):
    server = serve()
    page = visit(server)
    mine = server.home / "notebooks" / "06_gold.ipynb"
    card(page, "06_gold").locator(".main").click()
    page.wait_for_url("**/lab/tree/notebooks/06_gold.ipynb**")
    page.wait_for_selector(NOTEBOOK)

    edit(page, mine)
    page.click("#prospect-gallery")
    page.wait_for_selector(".card")
    assert "Edited by you" in card(page, "06_gold").inner_text()
    newer = notebook("Stream gold", "Second visit?", GOLD, code="4 + 4")
    write(books / "06_gold.ipynb", newer)
    page.reload()
    page.wait_for_selector(".badge.newer")
    card(page, "06_gold").locator(".main").click()
    said = page.locator("#dialog-text")
    said.wait_for()
    assert "is kept as it is" in said.inner_text()
    page.keyboard.press("Escape")
    assert "own words" in mine.read_text(encoding="utf-8")
    assert len(list(mine.parent.glob("06_gold*.ipynb"))) == 2

    card(page, "06_gold").get_by_text("Reset to original").click()
    page.locator("#dialog-buttons button").nth(1).click()
    assert "own words" in mine.read_text(encoding="utf-8"), "cancelled"
    card(page, "06_gold").get_by_text("Reset to original").click()
    page.locator("#dialog-buttons button").first.click()
    page.locator("#dialog-text", has_text="is the original again").wait_for()
    kept = [
        each
        for each in mine.parent.glob("06_gold_*")
        if "own words" in each.read_text()
    ]
    assert len(kept) == 1
    assert "4 + 4" in mine.read_text(encoding="utf-8")
    page.locator("#dialog-buttons button").first.click()
    page.wait_for_url("**/lab/tree/notebooks/06_gold.ipynb**")

    # the launcher leads back as well
    page.wait_for_selector(NOTEBOOK)
    page.keyboard.press("Control+Shift+L")
    page.locator(".jp-LauncherCard", has_text="Gallery").click()
    page.wait_for_url("**/workbench")


def test_notices_reach_people_and_stay_dismissed(serve, visit, tmp_path):
    notices = tmp_path / "notices.json"
    entry = {
        "time": time.time(),
        "en": "Kernel stopped: 5 of 4 GB.",
        "zh": "内核已停止。",
    }
    notices.write_text(json.dumps([entry]), encoding="utf-8")
    limits = {"MEM_LIMIT": str(2**20), "PROSPECT_DISK_LIMIT": "100"}
    limits |= {"PROSPECT_LANGUAGE": "en", "PROSPECT_IDLE_SERVERS": "5400"}
    server = serve(PROSPECT_NOTICE_FILE=str(notices), **limits)
    page = visit(server, locale="zh-CN")
    page.wait_for_selector(".note >> nth=2")
    texts = page.inner_text("#notices")
    assert "Kernel stopped: 5 of 4 GB." in texts
    assert "Memory is almost used up" in texts
    assert "disk is almost full" in texts
    assert "Stopped at" in page.inner_text("#stop-at")
    page.click("#stop-at")
    assert "After 1.5 h" in page.inner_text("#stop-more")

    page.goto(f"{server.url}lab")
    notice = page.locator(".Toastify__toast", has_text="Kernel stopped")
    notice.wait_for()
    assert page.inner_text("#prospect-gallery") == "Gallery", "as the hub was set"
    page.goto(f"{server.url}workbench")
    page.locator(".note", has_text="Kernel stopped").locator("button").click()
    page.reload()
    page.wait_for_selector(".note")
    assert "Kernel stopped" not in page.inner_text("#notices")
