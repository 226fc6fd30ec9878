"""People of a hub: added, approved and removed without a browser."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ._ask import ask_hub, is_healthy
from ._folder import HubFolder
from ._homes_kept import put_aside
from ._secrets import make_secrets
from ._services import CHECKOUT, hub_environment
from ._settings import HubSettings, check_name, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

# bcrypt looks no further
LONGEST_PASSWORD = 72


@dataclass(frozen=True)
class Person:
    """
    One person of a hub.

    Parameters
    ----------
    name : str
        Name to sign in with.
    admin : bool
        Whether the person looks after the hub.
    approved : bool
        False while a sign-up waits for an administrator.
    has_account : bool
        False where the settings name somebody who has no password yet.
    projects : tuple of str
        Shared spaces the person belongs to.
    last_activity, server_since : datetime, optional
        When the person was last seen; when the running server was started.
    """

    name: str
    admin: bool
    approved: bool
    has_account: bool = True
    projects: tuple[str, ...] = ()
    last_activity: datetime | None = None
    server_since: datetime | None = None


def list_users(folder: str | Path) -> list[Person]:
    """
    List the people of a hub, running or stopped.

    Parameters
    ----------
    folder : path-like
        The hub's folder.

    Returns
    -------
    list of Person
        By name; those who wait for approval first.

    Raises
    ------
    ValueError
        When there is no hub in the folder, or its database cannot be read.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "hub.toml").write_text("[hub]")
    >>> list_users(folder)
    []
    """
    folder, settings = _open(folder)
    people = list(_read(folder, settings)) if folder.database.exists() else []
    return sorted(people, key=lambda person: (person.approved, person.name))


def add_user(
    folder: str | Path, name: str, *, password: str, admin: bool = False
) -> None:
    """
    Add a person who may sign in at once; the hub may run or not.

    Parameters
    ----------
    folder : path-like
        The hub's folder.
    name : str
        Name to sign in with.
    password : str
        The password; kept as bcrypt hash only.
    admin : bool
        Whether the person looks after the hub.

    Raises
    ------
    ValueError
        When the name is no name or taken, or the password too short or too common.

    Examples
    --------
    >>> add_user("hub", "ana", password="granite and gneiss")  # doctest: +SKIP
    """
    check_person(folder, name)
    folder, settings = _open(folder)
    _check_password(password, name, settings)
    admin = admin or name in settings.accounts.admins
    running = is_healthy(settings)
    job = {"do": "add", "name": name, "password": password, "admin": admin}
    _write(folder, job | {"running": running})
    if running:
        try:
            token = make_secrets(folder)["control"]
            _make_user(settings, name, token, admin=admin)
        except OSError:
            _write(folder, {"do": "remove", "name": name, "running": True})
            raise


def approve_user(folder: str | Path, name: str) -> None:
    """
    Let a person in who has signed up and waits.

    Parameters
    ----------
    folder : path-like
        The hub's folder.
    name : str
        Name of the person.

    Raises
    ------
    ValueError
        When nobody of that name has signed up, or the person is in already.

    Examples
    --------
    >>> approve_user("workbench-hub", "bo")  # doctest: +SKIP
    """
    folder, settings = _open(folder)
    _needs_passwords(settings, "approve")
    people = list_users(folder.root)
    person = _known(people, name)
    if person.approved:
        raise ValueError(f"{name!r} is approved already")
    _write(folder, {"do": "approve", "name": name})


def set_password(folder: str | Path, name: str, *, password: str) -> None:
    """
    Set another password for a person.

    Parameters
    ----------
    folder : path-like
        The hub's folder.
    name : str
        Name of the person.
    password : str
        The new password. Browsers that are signed in stay so where the hub runs;
        an administrator's page `change-password` signs them out.

    Raises
    ------
    ValueError
        When nobody has that name, or the password is too short or too common.

    Examples
    --------
    >>> set_password("hub", "bo", password="older than this")  # doctest: +SKIP
    """
    check_person(folder, name, known=True)
    folder, settings = _open(folder)
    _check_password(password, name, settings)
    _write(
        folder,
        {"do": "password", "name": name, "password": password}
        | {"running": is_healthy(settings)},
    )


def remove_user(
    folder: str | Path, name: str, *, keep_home: bool = True
) -> Path | None:
    """
    Take a person off the hub; the server is stopped, the home is kept by default.

    Parameters
    ----------
    folder : path-like
        The hub's folder.
    name : str
        Name of the person.
    keep_home : bool
        Keep the home under another name that tells the date. Projects stay as they are.

    Returns
    -------
    Path or None
        Where the home lies now, if there was one.

    Raises
    ------
    ValueError
        When nobody has that name, or the settings still name the person as
        administrator: whoever signed up under that name would be one.

    Examples
    --------
    >>> remove_user("workbench-hub", "bo").name  # doctest: +SKIP
    'bo~removed-2026-11-23'
    """
    folder, settings = _open(folder)
    _known(list_users(folder.root), name)
    if name in settings.accounts.admins:
        raise ValueError(
            f"{name!r} stands in hub.toml as administrator: whoever signed up under "
            "this name would be one. Take it out of [accounts] admins, run prospect "
            "hub restart, then remove the person"
        )
    running = is_healthy(settings)
    if running:
        token = make_secrets(folder)["control"]
        path = f"/users/{quote(name, safe='')}"
        try:
            ask_hub(settings, path, token, method="DELETE", timeout=60)
        except OSError as error:
            if "404" not in str(error):
                raise _refused(error, settings) from None
    _write(folder, {"do": "remove", "name": name, "running": running})
    return put_aside(folder, name, settings=settings, keep=keep_home)


def check_person(root: str | Path, name: str, *, known: bool = False) -> None:
    """Refuse a name that is taken or no name; with `known` one that nobody has."""
    folder, settings = _open(root)
    _needs_passwords(settings, "password" if known else "add")
    people = {person.name: person for person in list_users(folder.root)}
    if known:
        _known(list(people.values()), name)
        return
    check_name(name)
    if name in people and people[name].has_account:
        verb = "password" if people[name].approved else "approve"
        raise ValueError(
            f"{name!r} is known here already; to let the person in: "
            f"prospect hub user {verb} {name}"
        )


def _open(root: str | Path) -> tuple[HubFolder, HubSettings]:
    folder = HubFolder(Path(root))
    if not folder.settings.exists():
        raise ValueError(
            f"there is no hub in {folder.root}: no hub.toml. Name its folder with "
            "--folder, or make one: prospect hub up"
        )
    return folder, read_settings(folder.settings)


def _needs_passwords(settings: HubSettings, verb: str) -> None:
    kind = settings.accounts.kind
    if kind != "native":
        raise ValueError(
            f"people of this hub sign in with {kind!r} ([accounts] kind in hub.toml), "
            f"so 'user {verb}' has nothing to do here: manage them there, "
            "administrators in [accounts] admins"
        )


def _known(people: list[Person], name: str) -> Person:
    for person in people:
        if person.name == name and person.has_account:
            return person
    names = ", ".join(p.name for p in people if p.has_account) or "nobody yet"
    raise ValueError(f"nobody here is called {name!r}; known: {names}")


def _check_password(password: str, name: str, settings: HubSettings) -> None:
    least = settings.accounts.shortest_password
    if len(password) < least:
        raise ValueError(
            f"a password of {len(password)} characters is too short; {least} or more "
            "([accounts] shortest_password)"
        )
    size = len(password.encode())
    if size > LONGEST_PASSWORD:
        raise ValueError(
            f"a password of {size} bytes is too long: only {LONGEST_PASSWORD} count"
        )
    if "\0" in password or "\n" in password:
        raise ValueError("a password cannot hold line ends")
    if len(password.lower().replace(name, "")) < least // 2:
        raise ValueError("the password is little more than the name; choose another")


def _make_user(settings: HubSettings, name: str, token: str, *, admin: bool) -> None:
    path, body = f"/users/{quote(name, safe='')}", {"admin": admin}
    try:
        ask_hub(settings, path, token, method="POST", body=body, timeout=30)
    except OSError as error:
        if "409" not in str(error):
            raise _refused(error, settings) from None
        # known to the hub from an earlier way of signing in
        ask_hub(settings, path, token, method="PATCH", body=body, timeout=30)


def _refused(error: OSError, settings: HubSettings) -> OSError:
    port = settings.inner_ports["hub"]
    if "403" in str(error) or "401" in str(error):
        return OSError(
            f"the hub at port {port} does not know the secrets of this folder: it is "
            "another hub. Give one of the two another port in hub.toml"
        )
    return error


def _read(folder: HubFolder, settings: HubSettings) -> Iterator[Person]:
    native = settings.accounts.kind == "native"
    for name, admin, approved, seen, since in _rows(folder):
        yield Person(
            name,
            bool(admin) or name in settings.accounts.admins,
            approved != 0,
            approved is not None or not native,
            tuple(p for p, members in settings.projects.items() if name in members),
            _time(seen),
            _time(since),
        )


def _rows(folder: HubFolder) -> list[tuple[Any, ...]]:
    server = """(SELECT max(started) FROM spawners
                 WHERE user_id = u.id AND server_id IS NOT NULL)"""
    known = f"SELECT name, admin, NULL, last_activity, {server} FROM users u"
    uri = f"file:{quote(str(folder.database))}?mode=ro"
    try:
        connection = sqlite3.connect(uri, uri=True, timeout=15)
        try:
            tables = {
                n for (n,) in connection.execute("SELECT name FROM sqlite_master")
            }
            rows = {row[0]: row for row in connection.execute(known)}
            if "users_info" in tables:
                asked = "SELECT username, is_authorized FROM users_info"
                for name, approved in connection.execute(asked):
                    row = rows.get(name, (name, 0, 0, None, None))
                    rows[name] = (*row[:2], int(bool(approved)), *row[3:])
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ValueError(
            f"the database {folder.database} cannot be read: {error}. When it is "
            "damaged: prospect hub restore"
        ) from None
    return list(rows.values())


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _write(folder: HubFolder, job: dict[str, Any]) -> None:
    """Have the authenticator's own code in the hub's environment write the table."""
    folder.state.mkdir(mode=0o700, exist_ok=True)
    python = hub_environment() / "bin" / "python"
    if not python.exists():
        raise OSError(
            f"the hub's environment is missing: {python}. Set it up: make hub"
        )
    done = subprocess.run(
        [str(python), "-m", "prospect.hub.server._people_table"],
        input=json.dumps(job | {"database": str(folder.database)}),
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OSError(f"the accounts in {folder.database} were not changed: {last}")
    if json.loads(done.stdout).get("problem") == "common":
        raise ValueError("this password is one of the most common; choose another")
