"""Pages of the hub's own accounts, where ours differ from NativeAuthenticator's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyterhub.scopes import needs_scope
from nativeauthenticator.handlers import (
    DiscardHandler,
    SignUpHandler,
    ToggleAuthorizationHandler,
)
from tornado import web

from ._words import say

if TYPE_CHECKING:
    from nativeauthenticator.orm import UserInfo


class SignUp(SignUpHandler):
    """The sign-up page, with every refusal in words."""

    def get_result_message(
        self,
        user: UserInfo | None,
        assume_user_is_human: bool,  # noqa: ARG002
        username_already_taken: bool,
        confirmation_matches: bool,
        user_is_admin: bool,
    ) -> tuple[str, str]:
        """Return colour and text of what came of signing up."""
        accounts = self.authenticator
        name = self.get_body_argument("username", "", strip=False)
        password = self.get_body_argument("signup_password", "", strip=False)
        if user is not None:
            word = "welcome" if user.is_authorized else "sent"
        elif user_is_admin:
            word = "reserved"
        elif username_already_taken:
            word = "taken"
        elif not confirmation_matches:
            word = "different"
        else:
            word = accounts.refusal(name, password) or "name"
        colour = {"welcome": "success", "sent": "info"}.get(word, "danger")
        shortest = accounts.minimum_password_length
        return f"alert-{colour}", say(word, accounts.language, shortest=shortest)


class Approve(ToggleAuthorizationHandler):
    """Approve a person or take the approval back; by a form only, never by a link."""

    async def get(self, slug: str) -> None:
        """Show the list: a link sent to an administrator must not approve anybody."""
        self.redirect(f"{self.hub.base_url}authorize#{slug}")

    @needs_scope("admin:users")
    async def post(self, slug: str) -> None:
        """Change what holds for one person."""
        if not self.authenticator.user_exists(slug):
            raise web.HTTPError(404, say("unknown", self.authenticator.language))
        await super().get(slug)


class Discard(DiscardHandler):
    """Refuse somebody who signed up; by a form only, never by a link."""

    async def get(self, user_name: str) -> None:
        """Show the list."""
        self.redirect(f"{self.hub.base_url}authorize#{user_name}")

    @needs_scope("admin:users")
    async def post(self, user_name: str) -> None:
        """Forget one sign-up that is not approved."""
        await super().get(user_name)
