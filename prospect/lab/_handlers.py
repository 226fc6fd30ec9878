"""Requests of the gallery; what a client sends is looked up, never used as a path."""

from __future__ import annotations

import asyncio
import errno
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.utils import url_escape, url_path_join
from tornado import web

from survey import DataProblems

from ..notebooks import copy_notebook
from ._catalogue import LANGUAGES, describe_notebooks, find_notebook
from ._locale import follow_language
from ._page import preferred_language, render_page
from ._said import say_done, say_refused
from ._space import own_space
from ._status import DiskMeter, memory_use, read_notices, stop_time

if TYPE_CHECKING:
    from ..notebooks import NotebookCopy

FULL = {errno.ENOSPC, errno.EDQUOT}
POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
_copying = asyncio.Lock()


class _Gallery:
    """What the gallery's handlers share."""

    auth_resource = "contents"

    @property
    def root(self: Any) -> Path:
        return Path(self.settings["serverapp"].root_dir).expanduser().resolve()

    @property
    def space(self) -> Path:
        return own_space(self.root)

    def address_of(self: Any, path: Path) -> str:
        """Return the address that opens a file in JupyterLab."""
        relative = path.resolve().relative_to(self.root).as_posix()
        return url_path_join(self.base_url, "lab/tree", url_escape(relative))


class PageHandler(_Gallery, JupyterHandler):
    """The gallery itself."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Send the page in the person's language."""
        nonce = secrets.token_urlsafe(16)
        lang = preferred_language(
            self.get_cookie("prospect-language"),
            self.request.headers.get("Accept-Language"),
        )
        try:
            await asyncio.to_thread(follow_language, lang)
        except OSError as error:  # a full disk keeps nobody from the gallery
            self.log.warning("JupyterLab's language stays as it is: %s", error)
        self.set_header("Content-Security-Policy", POLICY.format(nonce=nonce))
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "same-origin")
        token = self.xsrf_token
        self.finish(
            render_page(
                lang=lang,
                nonce=nonce,
                base_url=self.base_url,
                xsrf=token.decode() if isinstance(token, bytes) else token,
            )
        )


class NotebooksHandler(_Gallery, APIHandler):
    """The catalogue, with how the person's own copies stand."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Send all notebooks; a catalogue that is not there is said, not failed."""
        space = self.space
        try:
            books = await asyncio.to_thread(
                describe_notebooks, space, base_url=self.base_url
            )
        except (OSError, ValueError) as error:
            self.log.warning("The gallery has no notebooks: %s", error)
            self.finish({"notebooks": [], "problem": say_refused("missing", error)})
            return
        self.finish({"notebooks": books, "space": space.name, "problem": None})


class CopyHandler(_Gallery, APIHandler):
    """A copy of one notebook in the person's own space."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Copy, open or reset; the answer says which and where."""
        name, lang, reset = self._asked()
        notebook = await asyncio.to_thread(find_notebook, name)
        if notebook is None:
            self._refuse(404, "unknown", "")
            return
        try:
            async with _copying:  # two clicks make one copy
                made = await asyncio.to_thread(
                    copy_notebook, notebook, self.space, lang=lang, reset=reset
                )
            self.finish(self._answer(made))
        except DataProblems as error:
            self._refuse(409, "notebook", error)
        except OSError as error:
            full = error.errno in FULL
            self._refuse(507 if full else 409, "full" if full else "failed", error)

    def _asked(self) -> tuple[str, str, bool]:
        asked = self.get_json_body()
        if not isinstance(asked, dict) or not isinstance(asked.get("name"), str):
            raise web.HTTPError(400, "name the notebook: {'name': ..., 'lang': 'en'}")
        lang = asked.get("lang")
        return (
            asked["name"],
            lang if lang in LANGUAGES else "en",
            asked.get("reset") is True,
        )

    def _answer(self, made: NotebookCopy) -> dict[str, Any]:
        answer = {
            "state": made.state,
            "file": made.path.name,
            "open": self.address_of(made.path),
            "message": say_done(made),
        }
        if made.beside is not None:
            answer["beside"] = made.beside.name
            answer["open_beside"] = self.address_of(made.beside)
        return answer

    def _refuse(self, code: int, kind: str, why: object) -> None:
        self.set_status(code)
        self.finish({"message": say_refused(kind, why)})


class StatusHandler(_Gallery, APIHandler):
    """Memory, disk, the time of the stop and what the hub has to say."""

    # a page that looks at its own status is no use of the server
    _track_activity = False
    meters: dict[Path, DiskMeter] = {}  # noqa: RUF012

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Send what is known; a disk that does not answer is left out."""
        now = datetime.now(UTC)
        home = self.space.parent
        meter = self.meters.setdefault(home, DiskMeter(home))
        try:
            disk = await asyncio.to_thread(meter.read)
        except OSError as error:
            self.log.warning("The disk of %s cannot be measured: %s", home, error)
            disk = None
        last = self.application.last_activity()
        self.finish(
            {
                "memory": await asyncio.to_thread(memory_use),
                "disk": disk,
                "stop": stop_time(last, now=now),
                "notices": read_notices(now=now),
            }
        )


class ThumbnailHandler(_Gallery, JupyterHandler):
    """The picture of one notebook."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Send the picture that the catalogue names."""
        notebook = await asyncio.to_thread(find_notebook, name)
        if notebook is None or notebook.thumbnail is None:
            raise web.HTTPError(404)
        picture = await asyncio.to_thread(notebook.thumbnail.read_bytes)
        self.set_header("Content-Type", "image/png")
        self.set_header("Cache-Control", "private, max-age=86400")
        self.finish(picture)


HANDLERS = [
    (r"/workbench/?", PageHandler),
    (r"/workbench/api/notebooks", NotebooksHandler),
    (r"/workbench/api/copy", CopyHandler),
    (r"/workbench/api/status", StatusHandler),
    (r"/workbench/thumbnail/([\w.-]+)", ThumbnailHandler),
]
