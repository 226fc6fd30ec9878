"""The hub's own REST API, asked as its service "control"."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._settings import HubSettings

PAGE = 100
# the machine's own addresses are asked directly, whatever proxy the environment names
DIRECT = urllib.request.ProxyHandler({})


def fetch(
    url: str,
    *,
    method: str = "GET",
    token: str = "",
    timeout: float = 5,
    body: object = None,
) -> Any:  # noqa: ANN401
    """
    Return what an address of this machine answers, read as JSON where it is JSON.

    Raises
    ------
    OSError
        When nobody answers or the answer is an error.
    """
    head = {"Accept": "application/jupyterhub-pagination+json"}
    if token:
        head["Authorization"] = f"token {token}"
    # the certificate names the public host, not the loopback device asked here
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(
        DIRECT, urllib.request.HTTPSHandler(context=context)
    )
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, head, method=method)
    try:
        with opener.open(request, timeout=timeout) as answer:
            text = answer.read().decode("utf-8", "replace")
    except (urllib.error.URLError, ValueError) as error:
        raise OSError(f"{method} {url}: {error}") from None
    try:
        return json.loads(text)
    except ValueError:
        return text


def ask_hub(
    settings: HubSettings,
    path: str,
    token: str,
    *,
    method: str = "GET",
    timeout: float = 5,
    body: object = None,
) -> Any:  # noqa: ANN401
    """Return the answer of the hub's REST API, asked at its own port."""
    port = settings.inner_ports["hub"]
    url = f"http://127.0.0.1:{port}{settings.hub.base_url}hub/api{path}"
    return fetch(url, method=method, token=token, timeout=timeout, body=body)


def is_healthy(settings: HubSettings, *, through_proxy: bool = False) -> bool:
    """Return whether the hub says that it is well."""
    inner = f"http://127.0.0.1:{settings.inner_ports['hub']}{settings.hub.base_url}"
    base = settings.url if through_proxy else inner
    try:
        fetch(f"{base}hub/health")
    except OSError:
        return False
    return True


def running_servers(settings: HubSettings, token: str) -> list[tuple[str, str]]:
    """Return person and server (empty: the default one) of all that run."""
    return [
        (user["name"], name)
        for user in _pages(settings, "/users?state=active", token)
        for name in user.get("servers") or {}
    ]


def stop_servers(settings: HubSettings, token: str) -> list[tuple[str, str]]:
    """Ask the hub to stop everybody's servers; return those that were asked for."""

    def stop(server: tuple[str, str]) -> None:
        person, name = (urllib.parse.quote(part, safe="") for part in server)
        tail = f"/servers/{name}" if name else "/server"
        ask_hub(settings, f"/users/{person}{tail}", token, method="DELETE", timeout=30)

    found = running_servers(settings, token)
    with ThreadPoolExecutor(8) as pool:
        for job in [pool.submit(stop, server) for server in found]:
            job.exception()
    return found


def _pages(settings: HubSettings, path: str, token: str) -> Iterator[dict[str, Any]]:
    offset = 0
    while True:
        page = f"{path}&offset={offset}&limit={PAGE}"
        items = ask_hub(settings, page, token, timeout=15)["items"]
        yield from items
        if len(items) < PAGE:
            return
        offset += PAGE
