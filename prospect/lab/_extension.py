"""The Jupyter server extension: adds the gallery to a person's server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_server.utils import url_path_join

from ._handlers import HANDLERS
from ._page import language_set

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "prospect.lab"}]


def _load_jupyter_server_extension(serverapp: ServerApp) -> None:
    base_url = serverapp.web_app.settings["base_url"]
    routes = [
        (url_path_join(base_url, pattern), handler) for pattern, handler in HANDLERS
    ]
    serverapp.web_app.add_handlers(".*$", routes)
    # JupyterLab's own entries speak the language the gallery was set to
    page = serverapp.web_app.settings.setdefault("page_config_data", {})
    page["prospectLang"] = language_set() or ""
    serverapp.log.info("The gallery is at %sworkbench", base_url)
