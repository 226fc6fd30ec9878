"""
Dashboards that answer only to those who know a secret part of their address.

Dask's own dashboard answers everybody who can reach its port, and on a machine of many
people everybody can. Behind the guard the pages lie below `/<secret>/`; all other
addresses, the list of pages and the redirection at `/` among them, are not found.
"""

from __future__ import annotations

import hmac
import os
from typing import TYPE_CHECKING, Any

import dask
from distributed.http.routing import RoutingApplication
from distributed.node import ServerNode
from distributed.scheduler import Scheduler
from tornado.web import ErrorHandler

if TYPE_CHECKING:
    from tornado.httputil import HTTPServerRequest


class GuardedApplication(RoutingApplication):
    """The pages of a scheduler or worker, below a secret."""

    secret = ""

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:  # noqa: ANN401
        """Return what answers a request: the pages to the secret, nothing to others."""
        head, _, rest = request.path.removeprefix("/").partition("/")
        known = self.secret and hmac.compare_digest(head.encode(), self.secret.encode())
        if not known:
            return self.get_handler_delegate(
                request, ErrorHandler, {"status_code": 404}
            )
        request.path = f"/{rest}"
        request.uri = f"/{(request.uri or '').partition(f'/{head}')[2].lstrip('/')}"
        return super().find_handler(request, **kwargs)


def guard_pages(node: ServerNode, secret: str) -> None:
    """Put the pages of a node behind a secret; called before any request is served."""
    node.http_application.secret = secret
    node.http_application.__class__ = GuardedApplication


class GuardedScheduler(Scheduler):
    """A scheduler whose pages lie below a secret of its own."""

    secret = ""

    def start_http_server(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Listen, guarded from the first request on."""
        import secrets

        super().start_http_server(*args, **kwargs)
        self.secret = secrets.token_hex(16)
        guard_pages(self, self.secret)


def guard_process(secret: str) -> None:
    """Put the pages of every node that this process makes from now on behind one."""
    if len(secret) < 16:
        raise RuntimeError("a dashboard needs a secret of 16 characters or more")
    start = ServerNode.start_http_server

    def guarded(self: ServerNode, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        start(self, *args, **kwargs)
        guard_pages(self, secret)

    ServerNode.start_http_server = guarded


def dashboard_link(port: int, secret: str) -> str:
    """
    Return the address of a dashboard as the person's browser reaches it.

    On a hub that is the proxy of the person's own server, elsewhere what Dask's setting
    `distributed.dashboard.link` says.
    """
    prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
    if prefix:
        return f"{prefix}proxy/{port}/{secret}/status"
    template = dask.config.get("distributed.dashboard.link")
    values = {**os.environ, "scheme": "http", "host": "127.0.0.1", "port": port}
    try:
        link = template.format(**values)
    except KeyError:
        link = f"http://127.0.0.1:{port}/status"
    root, _, page = link.rpartition("/")
    return f"{root}/{secret}/{page}"
