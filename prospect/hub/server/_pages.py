"""
The hub's own pages: usage for people and administrators, health, metrics.

Runs beside the hub as its service `pages`: `python -m prospect.hub.server._pages`.
Prometheus asks `/services/pages/metrics` (people, machine, parts) and JupyterHub's own
`/hub/metrics` with the secret `metrics` of the hub's folder as bearer token.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import signal
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader
from jupyterhub.services.auth import (
    HubOAuth,
    HubOAuthCallbackHandler,
    HubOAuthenticated,
)
from tornado.httpclient import AsyncHTTPClient, HTTPClientError
from tornado.web import Application, HTTPError, RequestHandler, authenticated

from .._folder import HubFolder
from .._people import list_users
from .._settings import HubSettings, read_settings
from ._health import Health
from ._look import TEMPLATES, page_values
from ._usage import Homes, Meter, count_clusters, machine

log = logging.getLogger("prospect.hub.pages")
LOOK_EVERY = 10.0
WARN_FROM = 0.9
PAGE = 200


class Place:
    """Everything the pages know: settings, people, what they use."""

    def __init__(self, folder: HubFolder, settings: HubSettings) -> None:
        self.folder, self.settings = folder, settings
        self.prefix = os.environ["JUPYTERHUB_SERVICE_PREFIX"]
        self.api = os.environ["JUPYTERHUB_API_URL"]
        self.token = os.environ["JUPYTERHUB_API_TOKEN"]
        self.meter, self.homes = Meter(self.api), Homes(folder)
        self.health = Health(settings, folder)
        self.users: dict[str, dict[str, Any]] = {}
        self.read_at = 0.0
        self._busy = asyncio.Lock()

    async def go_on(self) -> None:
        """Look at people again and again."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("people were not measured; the next look comes")
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Measure processes and read people from the hub, where it answers."""
        async with self._busy:
            await asyncio.to_thread(self.meter.look)
            with contextlib.suppress(HTTPClientError, OSError):
                self.users = await self._read()
                self.read_at = time.time()

    async def _read(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        while True:
            page = await self.ask(f"/users?offset={len(found)}&limit={PAGE}")
            found |= {user["name"]: user for user in page}
            if len(page) < PAGE:
                return found

    async def ask(self, path: str, *, method: str = "GET", token: str = "") -> Any:  # noqa: ANN401
        """Ask the hub, as this service or with the token of a person."""
        answer = await AsyncHTTPClient().fetch(
            f"{self.api}{path}",
            method=method,
            headers={"Authorization": f"token {token or self.token}"},
            request_timeout=20,
        )
        return json.loads(answer.body) if answer.body else None

    def rows(self, names: list[str]) -> list[dict[str, Any]]:
        """Return what is known of people."""
        clusters, limits = count_clusters(self.folder), self.settings.limits
        rows = []
        for name in names:
            user = self.users.get(name, {})
            server = (user.get("servers") or {}).get("") or {}
            used = self.meter.people.get(name)
            size = self.homes.sizes.get(name)
            rows.append(
                {
                    "name": name,
                    "admin": bool(user.get("admin")),
                    "running": bool(server),
                    "since": server.get("started"),
                    "last": server.get("last_activity") or user.get("last_activity"),
                    "memory": used.memory if used else 0,
                    "memory_limit": limits.memory,
                    "cpu": used.cpu if used else 0.0,
                    "cpu_limit": limits.cpu,
                    "processes": used.processes if used else 0,
                    "disk": size,
                    "disk_limit": limits.disk,
                    "disk_warning": bool(size and size >= WARN_FROM * limits.disk),
                    "clusters": None if clusters is None else clusters.get(name, 0),
                }
            )
        return rows


class Page(HubOAuthenticated, RequestHandler):
    """A page for people who are signed in to the hub."""

    @property
    def place(self) -> Place:
        """What all pages know."""
        return self.settings["place"]

    @property
    def name(self) -> str:
        """Who is looking."""
        return self.current_user["name"]

    @property
    def is_admin(self) -> bool:
        """Whether the person looks after the hub, as the hub says."""
        known = self.place.users.get(self.name)
        return bool((known or self.current_user).get("admin"))

    def set_default_headers(self) -> None:
        """Keep the page out of frames and caches."""
        self.set_header("Content-Security-Policy", "frame-ancestors 'none'")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")


class UsagePage(Page):
    """The page that shows who uses what."""

    @authenticated
    def get(self) -> None:
        """Show the page; its figures come from `api/usage`."""
        place = self.place
        values = page_values(self, place.settings) | {
            "hub": f"{place.settings.hub.base_url}hub/",
            "prefix": place.prefix,
            "who": self.name,
            "is_admin": self.is_admin,
            "idle": place.settings.idle.servers,
            "xsrf": self.xsrf_token.decode("ascii"),
            "here": "usage",
            "waiting": self._waiting() if self.is_admin else 0,
        }
        template = self.settings["jinja"].get_template("usage.html")
        self.finish(template.render(**values))

    def _waiting(self) -> int:
        try:
            people = list_users(self.place.folder.root)
        except ValueError:
            return 0
        return sum(not person.approved for person in people)


class UsageFigures(Page):
    """The figures of the page: everybody's for administrators, else one's own."""

    @authenticated
    def get(self) -> None:
        """Answer with JSON."""
        place = self.place
        names = sorted(place.users) if self.is_admin else [self.name]
        self.finish(
            {
                "people": place.rows(names),
                "machine": machine(place.folder) if self.is_admin else None,
                "at": place.read_at,
                "now": time.time(),
                "idle": place.settings.idle.servers,
            }
        )

    def get_login_url(self) -> str:
        """Refuse instead of leading a program to a page."""
        raise HTTPError(403)


class StopServer(Page):
    """Stops a server with the rights of whoever asks for it."""

    @authenticated
    async def post(self, name: str) -> None:
        """Stop the server of a person."""
        if name != self.name and not self.is_admin:
            raise HTTPError(403)
        token = self.hub_auth.get_token(self)
        try:
            path = f"/users/{quote(name, safe='')}/server"
            await self.place.ask(path, method="DELETE", token=token)
        except HTTPClientError as error:
            raise HTTPError(error.code) from None
        except OSError:
            raise HTTPError(503) from None
        await self.place.look()
        self.set_status(204)


class HealthPage(RequestHandler):
    """Whether all is well: 200 or 503, open to everybody, nothing secret."""

    async def get(self) -> None:
        """Answer with JSON."""
        found = await self.settings["place"].health.look()
        self.set_status(200 if found["ok"] else 503)
        self.set_header("Cache-Control", "no-store")
        self.finish(found)


class MetricsPage(Page):
    """Figures for Prometheus: for its own secret and tokens of administrators."""

    @authenticated
    async def get(self) -> None:
        """Answer in Prometheus's text format."""
        ours = self.current_user.get("kind") == "service" and self.name == "metrics"
        if not (ours or self.is_admin):
            raise HTTPError(403)
        place = self.place
        health = await place.health.look()
        rows = place.rows(sorted(place.users))
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish(metrics(rows, health["parts"], machine(place.folder)))

    def get_login_url(self) -> str:
        """Refuse instead of leading a program to a page."""
        raise HTTPError(403)


def metrics(
    rows: list[dict[str, Any]], parts: dict[str, dict[str, Any]], whole: dict[str, Any]
) -> str:
    """
    Return figures in Prometheus's text format.

    Examples
    --------
    >>> print(metrics([], {"hub": {"ok": True}}, {"cores": 2}).splitlines()[1])
    prospect_hub_part_up{part="hub"} 1
    """
    lines = ["# TYPE prospect_hub_part_up gauge"]
    lines += [
        f'prospect_hub_part_up{{part="{name}"}} {int(part["ok"])}'
        for name, part in parts.items()
    ]
    for part in parts.values():
        if part.get("days_left") is not None:
            lines += [
                "# TYPE prospect_hub_certificate_days_left gauge",
                f"prospect_hub_certificate_days_left {part['days_left']}",
            ]
    for key, value in whole.items():
        name = f"prospect_machine_{key}"
        lines += [f"# TYPE {name} gauge", f"{name} {value}"]
    for key, name in (
        ("running", "server_running"),
        ("memory", "memory_bytes"),
        ("cpu", "cpu_cores"),
        ("processes", "processes"),
        ("disk", "home_bytes"),
        ("clusters", "clusters"),
    ):
        known = [row for row in rows if row[key] is not None]
        if known:
            lines.append(f"# TYPE prospect_person_{name} gauge")
        lines += [
            f'prospect_person_{name}{{person="{row["name"]}"}} {float(row[key]):g}'
            for row in known
        ]
    return "\n".join(lines) + "\n"


def make_application(place: Place) -> Application:
    """Return the web application of the pages."""
    jinja = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    # from the service's token, so that a restart signs nobody out
    secret = hashlib.sha256(b"pages" + place.token.encode()).digest()
    prefix = place.prefix
    return Application(
        [
            (prefix, UsagePage),
            (f"{prefix}api/usage", UsageFigures),
            (f"{prefix}api/stop/([a-z][a-z0-9_.-]*)", StopServer),
            (f"{prefix}health", HealthPage),
            (f"{prefix}metrics", MetricsPage),
            (f"{prefix}oauth_callback", HubOAuthCallbackHandler),
        ],
        cookie_secret=secret,
        xsrf_cookies=True,
        place=place,
        jinja=jinja,
    )


async def serve(folder: HubFolder) -> None:
    """Serve the pages until the process is asked to end."""
    settings = read_settings(folder.settings)
    os.environ.setdefault("JUPYTERHUB_CLIENT_ID", "service-pages")
    place = Place(folder, settings)
    HubOAuth.instance().access_scopes = {
        "access:services",
        "access:services!service=pages",
    }
    port = settings.inner_ports["pages"]
    server = make_application(place).listen(port, address="127.0.0.1", xheaders=True)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    jobs = [asyncio.create_task(job.go_on()) for job in (place, place.homes)]
    await ended.wait()
    server.stop()
    for job in jobs:
        job.cancel()


def main() -> None:
    """Serve the pages of the hub that the environment names."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s"
    )
    asyncio.run(serve(HubFolder(Path(os.environ["PROSPECT_HUB_FOLDER"]))))


if __name__ == "__main__":
    main()
