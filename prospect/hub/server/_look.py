"""How the hub's pages look, and the language they speak to each person."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._words import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tornado.web import RequestHandler

    from .._settings import HubSettings

LANGUAGES = ("en", "zh")
# kept by the browser for all parts of the workbench, people's servers too
COOKIE = "prospect-language"
PACKAGE = Path(__file__).parents[1]
TEMPLATES = PACKAGE / "templates"
LOGO = TEMPLATES / "logo.svg"


@cache
def page_words(lang: str) -> dict[str, str]:
    """Return the words of the pages in a language."""
    table = tomllib.loads((PACKAGE / "data" / "pages.toml").read_text("utf-8"))
    return {key: pair[LANGUAGES.index(lang)] for key, pair in table["words"].items()}


@cache
def _sentences() -> list[tuple[re.Pattern[str], tuple[str, str]]]:
    """Sentences of the hub and of JupyterHub, as patterns, in both languages."""
    table = tomllib.loads((PACKAGE / "data" / "pages.toml").read_text("utf-8"))
    known: list[tuple[str, tuple[str, str]]] = []
    for pair in WORDS.values():
        known += [(text, (pair[0], pair[1])) for text in pair]
    for entry in table["sentences"]:
        known.append((entry["is"], (entry["en"], entry["zh"])))
    return [(_pattern(text), pair) for text, pair in known]


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", text)
    found = "".join(
        f"(?P<{part}>.+?)" if number % 2 else re.escape(part)
        for number, part in enumerate(parts)
    )
    return re.compile(found, re.DOTALL)


def said(message: object, lang: str) -> str:
    """
    Return a message of the hub in a language; one that is not known stays as it is.

    Examples
    --------
    >>> said("This user name is taken. Choose another one.", "zh")
    '此用户名已被使用，请换一个。'
    """
    text = str(message or "").strip()
    for pattern, pair in _sentences():
        if found := pattern.fullmatch(text):
            return pair[LANGUAGES.index(lang)].format(**found.groupdict())
    return text


def language_of(handler: RequestHandler, settings: HubSettings) -> str:
    """
    Return the language of a page: chosen before, of the hub, or of the browser.

    The browser is asked only where the administrator has not set a language.
    """
    chosen = handler.get_cookie(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    if "language" in settings.hub.model_fields_set:
        return settings.hub.language
    wanted = handler.request.headers.get("Accept-Language", "")
    return preferred(wanted) or settings.hub.language


def preferred(header: str) -> str | None:
    """
    Return the language of ours that a browser likes best.

    Examples
    --------
    >>> preferred("fr, zh-CN;q=0.9, en;q=0.5"), preferred("fr")
    ('zh', None)
    """
    weighed = []
    for part in header.split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), tag[:2].lower()))
        except ValueError:
            continue
    found = [tag for _, tag in sorted(weighed, key=lambda x: x[0]) if tag in LANGUAGES]
    return found[0] if found else None


def title_in(lang: str, settings: HubSettings) -> str:
    """
    Return the title of the pages: the administrator's, else the workbench's name.

    Examples
    --------
    >>> from prospect.hub import HubSettings
    >>> title_in("zh", HubSettings())
    '找矿工作台'
    """
    plain = type(settings.hub).model_fields["title"].default
    if lang == "zh" and settings.hub.title == plain:
        return "找矿工作台"
    return settings.hub.title


def page_values(handler: RequestHandler, settings: HubSettings) -> dict[str, Any]:
    """Return what every template of ours may use."""
    lang = language_of(handler, settings)
    return {
        "lang": lang,
        "t": page_words(lang),
        "said": lambda message: said(message, lang),
        "workbench_title": title_in(lang, settings),
        "language_cookie": COOKIE,
        "root": settings.hub.base_url,
        "native": settings.accounts.kind == "native",
        "may_sign_up": settings.accounts.kind == "native"
        and settings.accounts.sign_up != "closed",
        "needs_approval": settings.accounts.sign_up == "approval",
        "waiting_text": WORDS["waiting"][LANGUAGES.index(lang)],
        "progress_words": _progress(lang),
        "shortest": settings.accounts.shortest_password,
    }


def _progress(lang: str) -> list[tuple[str, str]]:
    """Return starts of JupyterHub's messages while a server starts, and our words."""
    return [
        (start, page_words(lang)[key])
        for start, key in (
            ("Server requested", "step_asked"),
            ("Spawning server", "step_starts"),
            ("Server ready", "step_ready"),
        )
    ]


def template_settings(settings: HubSettings) -> dict[str, Any]:
    """
    Return JupyterHub's settings of the look, and have its pages speak two languages.

    Parameters
    ----------
    settings : HubSettings
        Settings of the hub.

    Returns
    -------
    dict
        For `c.JupyterHub.update(...)`.
    """
    from jupyterhub.handlers import BaseHandler

    # variables of templates see the person but not the request, so not the cookie
    inner = getattr(BaseHandler, "_plain_namespace", BaseHandler.template_namespace)
    BaseHandler._plain_namespace = inner
    BaseHandler.template_namespace = property(_with(settings, inner.fget))
    return {
        "template_paths": [str(TEMPLATES)],
        "template_vars": {"workbench_title": settings.hub.title},
        "logo_file": str(LOGO),
    }


def _with(
    settings: HubSettings, plain: Callable[[Any], dict[str, Any]]
) -> Callable[[Any], dict[str, Any]]:
    def namespace(handler: Any) -> dict[str, Any]:  # noqa: ANN401
        values = plain(handler) | page_values(handler, settings)
        admin = bool(values.get("user") and values["user"].admin)
        return values | {
            "waiting": _waiting(handler) if admin else 0,
            # a refused form keeps the name that was typed
            "typed_name": handler.get_body_argument("username", ""),
        }

    return namespace


def _waiting(handler: Any) -> int:  # noqa: ANN401
    """Return how many people wait for approval."""
    from nativeauthenticator import NativeAuthenticator
    from nativeauthenticator.orm import UserInfo

    if not isinstance(handler.authenticator, NativeAuthenticator):
        return 0
    asked = handler.db.query(UserInfo).filter(UserInfo.is_authorized.is_not(True))
    return asked.count()
