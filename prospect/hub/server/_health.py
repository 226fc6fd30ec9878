"""Whether the parts of the hub are well, in words for machines and nothing secret."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tornado.httpclient import AsyncHTTPClient, HTTPError

if TYPE_CHECKING:
    from .._folder import HubFolder
    from .._settings import HubSettings

# asked as often as anybody likes, looked at as often as this
SECONDS = 5.0
LEAST_FREE = 500 * 2**20
LEAST_DAYS = 0


class Health:
    """
    Looks at the parts of a hub, at most every few seconds.

    Parameters
    ----------
    settings : HubSettings
        Settings of the hub.
    folder : HubFolder
        Its folder.
    """

    def __init__(self, settings: HubSettings, folder: HubFolder) -> None:
        self.settings, self.folder = settings, folder
        self._at = -SECONDS
        self._found: dict[str, Any] = {}
        self._busy = asyncio.Lock()

    async def look(self) -> dict[str, Any]:
        """Return `ok` and what is known of each part."""
        async with self._busy:
            if time.monotonic() - self._at >= SECONDS:
                self._found = await self._look()
                self._at = time.monotonic()
        return self._found

    async def _look(self) -> dict[str, Any]:
        ports, base = self.settings.inner_ports, self.settings.hub.base_url
        names = ["hub", "proxy"]
        asked = [
            _answers(f"http://127.0.0.1:{ports['hub']}{base}hub/health"),
            _answers(f"{self.settings.url.removesuffix(base)}/_chp_healthz"),
        ]
        if self.settings.dask.enabled:
            names.append("gateway")
            asked.append(_answers(f"http://127.0.0.1:{ports['gateway']}/api/health"))
        parts: dict[str, dict[str, Any]] = {
            name: {"ok": ok}
            for name, ok in zip(names, await asyncio.gather(*asked), strict=True)
        }
        parts["disk"] = self._disk()
        parts["database"] = {"ok": await asyncio.to_thread(self._database)}
        if self.settings.tls.certificate:
            days = await asyncio.to_thread(days_left, self.settings.tls.certificate)
            known = days is not None and days > LEAST_DAYS
            parts["certificate"] = {"ok": known, "days_left": days}
        return {"ok": all(part["ok"] for part in parts.values()), "parts": parts}

    def _disk(self) -> dict[str, Any]:
        disk = shutil.disk_usage(self.folder.root)
        return {"ok": disk.free >= LEAST_FREE, "free_bytes": disk.free}

    def _database(self) -> bool:
        uri = f"file:{quote(str(self.folder.database))}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=3)) as base:
                base.execute("SELECT count(*) FROM users").fetchone()
        except sqlite3.Error:
            return False
        return True


async def _answers(url: str) -> bool:
    # the certificate names the public host, not the loopback device asked here
    client = AsyncHTTPClient()
    try:
        await client.fetch(url, request_timeout=3, validate_cert=False)
    except (HTTPError, OSError):
        return False
    return True


def days_left(certificate: str) -> float | None:
    """Return the days until a certificate ends; None where it cannot be read."""
    from cryptography import x509

    try:
        with open(certificate, "rb") as file:  # noqa: PTH123
            ends = x509.load_pem_x509_certificate(file.read()).not_valid_after_utc
    except (OSError, ValueError):
        return None
    return round((ends - datetime.now(UTC)).total_seconds() / 86400, 1)
