"""The gallery's page: one file with its style, script and texts inside."""

from __future__ import annotations

import json
import os
import re
from functools import cache

from jinja2 import Environment, PackageLoader, select_autoescape

from ._said import LANGUAGES, texts

QUALITY = re.compile(r"\s*([\w*-]+)\s*(?:;\s*q\s*=\s*([\d.]+))?\s*")


def preferred_language(chosen: str | None, accepted: str | None) -> str:
    """
    Return the language of the page.

    What the person chose comes first, then what was set (`prospect lab --lang`, or
    the hub's), then what the browser asks for, then the language of the system.
    """
    for wish in (chosen, language_set()):
        if wish in LANGUAGES:
            return wish
    if accepted:
        return _from_browser(accepted)
    return "zh" if os.environ.get("LANG", "").startswith("zh") else "en"


def language_set() -> str | None:
    """Return the language of the environment, if it is one of ours."""
    found = (os.environ.get(name) for name in ("PROSPECT_LANG", "PROSPECT_LANGUAGE"))
    return next((each for each in found if each in LANGUAGES), None)


def _from_browser(accepted: str) -> str:
    best, most = "en", 0.0
    for part in accepted[:1000].split(","):
        found = QUALITY.fullmatch(part)
        if not found:
            continue
        tag = found[1].split("-")[0].lower()
        try:
            weight = float(found[2] or 1)
        except ValueError:
            continue
        if tag in {"en", "zh"} and weight > most:
            best, most = tag, weight
    return best


def render_page(*, lang: str, nonce: str, base_url: str, xsrf: str) -> str:
    """Return the page as HTML."""
    return _template().render(
        lang=lang,
        nonce=nonce,
        texts=texts(),
        settings=json.dumps(
            {"base": base_url, "xsrf": xsrf, "lang": lang, "texts": texts()},
            ensure_ascii=False,
        ).replace("<", "\\u003c"),
        links=_links(base_url),
    )


def _links(base_url: str) -> list[dict[str, str]]:
    links = [
        {"id": "lab", "href": f"{base_url}lab"},
        {"id": "terminal", "href": f"{base_url}terminals/new"},
    ]
    docs = os.environ.get("PROSPECT_DOCS_URL", "")
    if docs.startswith(("/", "https://", "http://")):
        links.append({"id": "docs", "href": docs})
    if "JUPYTERHUB_USER" in os.environ:
        hub = os.environ.get("JUPYTERHUB_BASE_URL", "/").rstrip("/") + "/hub/"
        links.append({"id": "usage", "href": f"{hub}home"})
        links.append({"id": "logout", "href": f"{hub}logout"})
    return links


@cache
def _template():  # noqa: ANN202
    environment = Environment(
        loader=PackageLoader(__package__), autoescape=select_autoescape()
    )
    return environment.get_template("gallery.html")
