"""Accounts of the hub's own, and slowed wrong passwords for every kind of account."""

from __future__ import annotations

import asyncio
import math
import secrets
from typing import TYPE_CHECKING, Any

import bcrypt
from jupyterhub import orm
from jupyterhub.auth import Authenticator
from jupyterhub.utils import maybe_future
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.handlers import (
    AuthorizationAreaHandler,
    ChangePasswordAdminHandler,
    ChangePasswordHandler,
)
from nativeauthenticator.orm import UserInfo
from tornado import web
from traitlets import Bool, Dict, Float, Integer, Unicode, default

from .._settings import NAME
from ._native_handlers import Approve, Discard, SignUp
from ._throttle import Throttle
from ._words import say

if TYPE_CHECKING:
    from jupyterhub.handlers import BaseHandler

# bcrypt reads 72 bytes and refuses more
LONGEST_PASSWORD = 72
MOST_WAITING = 500
COOKIE = "workbench-device"


class ProjectMembers(Authenticator):
    """Keeps the hub's groups equal to the projects of the settings file."""

    projects = Dict(help="Members by project.").tag(config=True)

    def add_user(self, user: Any) -> None:  # noqa: ANN401
        """Put a person into the groups of his projects and out of all others."""
        super().add_user(user)
        person = getattr(user, "orm_user", user)
        if self.manage_groups or self.db is None:
            return
        wanted = {
            name for name, members in self.projects.items() if person.name in members
        }
        for group in list(person.groups):
            if group.name not in wanted:
                person.groups.remove(group)
        for name in sorted(wanted - {group.name for group in person.groups}):
            group = orm.Group.find(self.db, name) or orm.Group(name=name)
            person.groups.append(group)
        self.db.commit()


class SlowedLogin(Authenticator):
    """Wrong passwords wait longer each time; too many close the door for a while."""

    failed_logins = Integer(5).tag(config=True)
    wait_after_failures = Float(600.0).tag(config=True)
    language = Unicode("en").tag(config=True)
    behind_web_server = Bool(False).tag(config=True)
    throttle = None

    async def authenticate(self, handler: BaseHandler, data: dict[str, str]) -> Any:  # noqa: ANN401
        """Check a password after the wait that earlier failures have earned."""
        if self.throttle is None:
            self.throttle = Throttle(
                failures=self.failed_logins, wait=self.wait_after_failures
            )
        name = self.normalize_username(str(data.get("username", "")))
        address = address_of(handler, behind=self.behind_web_server)
        attempt = self.throttle.begin(name, address, _device(handler, name))
        if attempt.closed:
            minutes = math.ceil(attempt.closed / 60)
            self.log.warning("Too many wrong passwords for %r", name[:32])
            raise web.HTTPError(429, say("locked", self.language, minutes=minutes))
        await asyncio.sleep(attempt.delay)
        try:
            found = await maybe_future(super().authenticate(handler, data))
        except WaitsForApproval:
            self.throttle.succeed(attempt)
            raise
        if found:
            self.throttle.succeed(attempt)
            _remember_device(handler, name)
        return found


class WaitsForApproval(web.HTTPError):
    """The password is right, the account not yet approved."""


class NativeAccounts(NativeAuthenticator):
    """NativeAuthenticator with the doors closed that 1.3.0 leaves open."""

    language = Unicode("en").tag(config=True)
    projects = Dict().tag(config=True)
    _unknown = Unicode()

    @default("_unknown")
    def _make_unknown(self) -> str:
        return bcrypt.hashpw(secrets.token_bytes(16), bcrypt.gensalt()).decode()

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._checks = asyncio.Semaphore(2)

    async def authenticate(
        self,
        handler: BaseHandler,  # noqa: ARG002
        data: dict[str, str],
    ) -> str | None:
        """Compare a password; a name nobody has takes as long as a wrong password."""
        name = self.normalize_username(str(data.get("username", "")))
        person = self.get_user(name)
        stored = bytes(person.password) if person else self._unknown.encode()
        async with self._checks:
            right = await asyncio.to_thread(_matches, data.get("password", ""), stored)
        if not person or not right:
            return None
        if not person.is_authorized:
            raise WaitsForApproval(403, say("waiting", self.language))
        return name

    def get_user(self, username: str) -> UserInfo | None:
        """Read an account anew: `prospect hub user` writes it beside the hub."""
        return (
            self.db.query(UserInfo)
            .filter_by(username=self.normalize_username(username))
            .populate_existing()
            .first()
        )

    async def refresh_user(self, user: Any, handler: Any = None) -> bool:  # noqa: ANN401, ARG002
        """Let a person go on only as long as his account is approved."""
        person = self.get_user(user.name)
        return person is None or bool(person.is_authorized)

    def validate_username(self, username: str) -> bool:
        """Names that can be a folder, an account and an address."""
        return bool(NAME.fullmatch(username)) and super().validate_username(username)

    def is_password_strong(self, password: str) -> bool:
        """At least the length of the settings, at most what bcrypt reads."""
        fits = len(password.encode()) <= LONGEST_PASSWORD
        return fits and super().is_password_strong(password)

    def refusal(self, username: str, password: str) -> str | None:
        """Return why nobody may sign up like this, as a word of `_words`."""
        name = self.normalize_username(username)
        if not self.validate_username(name):
            return "name"
        if name in self.admin_users:
            return "reserved"
        if self.user_exists(name):
            return "taken"
        if not self.is_password_strong(password):
            return "password"
        waiting = self.db.query(UserInfo).filter(UserInfo.is_authorized.is_not(True))
        return "crowded" if waiting.count() >= MOST_WAITING else None

    def create_user(
        self,
        username: str,
        password: str,
        **details: Any,  # noqa: ANN401, ARG002
    ) -> UserInfo | None:
        """
        Note down somebody who signs up; nobody becomes an administrator like this.

        Administrators are made on the hub's machine by `prospect hub user add
        NAME --admin`. A member of a project needs approval even where sign-up is
        open: a stranger could take his name before he does.
        """
        if not self.enable_signup or self.refusal(username, password):
            return None
        name = self.normalize_username(username)
        member = any(name in members for members in self.projects.values())
        person = UserInfo(
            username=name,
            password=bcrypt.hashpw(password.encode(), bcrypt.gensalt()),
            is_authorized=self.open_signup and not member,
        )
        self.db.add(person)
        self.db.commit()
        return person

    def change_password(self, username: str, new_password: str) -> bool | None:
        """Change a password; browsers signed in elsewhere have to sign in again."""
        changed = super().change_password(username, new_password)
        person = orm.User.find(self.db, self.normalize_username(username))
        if changed and person:
            person.cookie_id = secrets.token_hex(16)
            self.db.commit()
        return changed

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:  # noqa: ANN401, ARG002
        """Pages of the accounts; signing in uses the hub's own page."""
        return [
            (r"/signup", SignUp),
            (r"/authorize", AuthorizationAreaHandler),
            (r"/authorize/([^/]*)", Approve),
            (r"/discard/([^/]*)", Discard),
            (r"/change-password", ChangePasswordHandler),
            (r"/change-password/([^/]+)", ChangePasswordAdminHandler),
        ]


class WorkbenchAccounts(ProjectMembers, SlowedLogin, NativeAccounts):
    """The accounts of the workbench itself."""


def address_of(handler: BaseHandler, *, behind: bool) -> str:
    """
    Return the address a request comes from.

    The proxy appends the address it saw to what the client claimed, so only the last
    entry counts (the one before it where a web server of the site stands in front).
    """
    seen = handler.request.headers.get_list("X-Forwarded-For")
    chain = [each.strip() for each in ",".join(seen).split(",") if each.strip()]
    place = 2 if behind else 1
    if len(chain) >= place:
        return chain[-place][:64]
    return str(handler.request.remote_ip)


def _matches(password: str, stored: bytes) -> bool:
    given = password.encode()
    fits = len(given) <= LONGEST_PASSWORD
    return bcrypt.checkpw(given[:LONGEST_PASSWORD], stored) and fits


def _device(handler: BaseHandler, name: str) -> str | None:
    """Return the number of a browser that has signed in under this name before."""
    cookie = handler.get_secure_cookie(COOKIE, max_age_days=90)
    owner, _, number = (cookie or b"").decode(errors="replace").partition(":")
    return number if number and owner == name else None


def _remember_device(handler: BaseHandler, name: str) -> None:
    handler.set_secure_cookie(
        COOKIE,
        f"{name}:{secrets.token_hex(8)}",
        expires_days=90,
        path=handler.hub.base_url,
        httponly=True,
        samesite="Lax",
        secure=handler.request.protocol == "https",
    )
