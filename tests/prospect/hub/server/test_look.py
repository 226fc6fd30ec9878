import re
import tomllib
from types import SimpleNamespace

import pytest
from jinja2 import Environment, FileSystemLoader

from prospect.hub._settings import HubSettings
from prospect.hub.server._look import (
    COOKIE,
    LOGO,
    PACKAGE,
    TEMPLATES,
    language_of,
    page_words,
    preferred,
    said,
    title_in,
)
from prospect.hub.server._words import WORDS

TABLE = tomllib.loads((PACKAGE / "data" / "pages.toml").read_text("utf-8"))


def test_every_word_of_the_templates_is_known():
    asked = set()
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text("utf-8")
        asked |= set(re.findall(r"\bt\.([a-z_0-9]+)", text))
    asked -= {"replaceChildren"}
    assert asked <= set(TABLE["words"])
    unused = set(TABLE["words"]) - asked
    assert all(re.match(r"(error|help|step)_", word) for word in unused)


def test_words_say_the_same_in_both_languages():
    for key, (english, chinese) in TABLE["words"].items():
        assert english.count("{}") == chinese.count("{}"), key
        assert not re.search(r"[\u4e00-\u9fff]", english), key
        if english and english != "CPU":
            assert re.search(r"[\u4e00-\u9fff/]", chinese), key


def test_templates_compile():
    loader = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    for path in TEMPLATES.glob("*.html"):
        loader.get_template(path.name)


def test_nothing_comes_from_elsewhere():
    for path in TEMPLATES.iterdir():
        found = re.findall(r"https?://[^\s\"']+", path.read_text("utf-8"))
        assert set(found) <= {"http://www.w3.org/2000/svg"}, path.name
    assert LOGO.exists()


def test_what_the_hub_says_in_the_language_of_the_page():
    for english, chinese in WORDS.values():
        values = dict.fromkeys(re.findall(r"\{(\w+)\}", english), "7")
        assert said(english.format(**values), "zh") == chinese.format(**values)
        assert said(chinese.format(**values), "en") == english.format(**values)
    assert said("Invalid username or password", "zh") == "用户名或密码错误。"
    assert said("Something else {x}", "zh") == "Something else {x}"
    assert said(None, "en") == ""


def handler(cookie=None, accept=""):
    return SimpleNamespace(
        get_cookie={COOKIE: cookie}.get,
        request=SimpleNamespace(headers={"Accept-Language": accept}),
    )


@pytest.mark.parametrize(
    ("given", "cookie", "accept", "expected"),
    [
        ({}, None, "", "en"),
        ({}, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ({}, None, "de,en;q=0.5,zh;q=0.4", "en"),
        ({}, None, "en;q=x", "en"),
        ({"language": "zh"}, None, "en-US,en", "zh"),
        ({"language": "zh"}, "en", "zh", "en"),
        ({}, "xx", "zh", "zh"),
    ],
)
def test_language(given, cookie, accept, expected):
    settings = HubSettings.model_validate({"hub": given})
    assert language_of(handler(cookie, accept), settings) == expected


def test_preferred_is_the_heaviest():
    assert preferred("en;q=0.2, zh-TW;q=0.9") == "zh"
    assert page_words("zh")["sign_in"] == "登录"


@pytest.mark.parametrize(
    ("given", "lang", "expected"),
    [
        ({}, "en", "Prospect workbench"),
        ({}, "zh", "找矿工作台"),
        ({"title": "Bixi survey"}, "zh", "Bixi survey"),
    ],
)
def test_the_title_is_the_administrators_or_ours(given, lang, expected):
    assert title_in(lang, HubSettings(hub=given)) == expected
