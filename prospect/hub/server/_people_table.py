"""
Accounts in the hub's database, written by the authenticator's own code.

Runs in the administrator's environment: `python -m prospect.hub.server._people_table`
reads one job as JSON from stdin, so that no password ever stands on a command line,
and answers with JSON.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from types import SimpleNamespace
from typing import Any

import bcrypt
from jupyterhub import orm
from jupyterhub.roles import assign_default_roles, create_role, get_default_roles
from nativeauthenticator import NativeAuthenticator
from nativeauthenticator.orm import UserInfo

# seconds to wait while the running hub writes
PATIENCE = 30


def open_table(database: str) -> Any:  # noqa: ANN401
    """Return a session on the database; one that is not there yet is made, 0600."""
    os.umask(0o077)
    waiting = {"check_same_thread": False, "timeout": PATIENCE}
    session = orm.new_session_factory(f"sqlite:///{database}", connect_args=waiting)()
    UserInfo.__table__.create(session.get_bind(), checkfirst=True)
    return session


def is_common(password: str) -> bool:
    """Return whether the password stands in the authenticator's list of common ones."""
    # the method needs nothing of an authenticator but the list it reads
    holder = SimpleNamespace(COMMON_PASSWORDS=None)
    return NativeAuthenticator.is_password_common(holder, password)


def add(table: Any, job: dict[str, Any]) -> None:  # noqa: ANN401
    """Enter a person who may sign in at once."""
    table.add(
        UserInfo(
            username=job["name"], password=_hashed(job["password"]), is_authorized=True
        )
    )
    if not job["running"]:
        # a running hub is asked for this through its REST API
        user = orm.User.find(table, job["name"]) or orm.User(name=job["name"])
        user.admin = bool(user.admin or job["admin"])
        table.add(user)
        for role in get_default_roles():
            create_role(table, role, commit=False)
        assign_default_roles(table, entity=user)


def approve(table: Any, job: dict[str, Any]) -> None:  # noqa: ANN401
    """Let a person in who has signed up."""
    UserInfo.find(table, job["name"]).is_authorized = True


def password(table: Any, job: dict[str, Any]) -> None:  # noqa: ANN401
    """Set another password."""
    UserInfo.find(table, job["name"]).password = _hashed(job["password"])
    user = orm.User.find(table, job["name"])
    if user is not None and not job["running"]:
        # signs all browsers out; a running hub keeps the old number in mind and would
        # let nobody in under the new one
        user.cookie_id = secrets.token_hex(16)


def remove(table: Any, job: dict[str, Any]) -> None:  # noqa: ANN401
    """Take a person off the lists."""
    for found in (
        UserInfo.find(table, job["name"]),
        None if job["running"] else orm.User.find(table, job["name"]),
    ):
        if found is not None:
            table.delete(found)


JOBS = {each.__name__: each for each in (add, approve, password, remove)}


def _hashed(text: str) -> bytes:
    return bcrypt.hashpw(text.encode(), bcrypt.gensalt())


def main() -> None:
    """Do the one job that stdin names."""
    job = json.load(sys.stdin)
    if job.get("password") and is_common(job["password"]):
        json.dump({"problem": "common"}, sys.stdout)
        return
    table = open_table(job["database"])
    try:
        JOBS[job["do"]](table, job)
        table.commit()
    finally:
        table.close()
    json.dump({}, sys.stdout)


if __name__ == "__main__":
    main()
