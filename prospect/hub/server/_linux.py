"""Accounts and groups of the system: one account a person, one group a project."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._folder import HubFolder

PERSON = "wbu-"
PROJECT = "wbp-"
FIRST_ORDINARY = 1000
SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin"
# the system's tools lock their files and give up; one at a time never meets the lock
_one_at_a_time = threading.Lock()


def account_of(name: str) -> str:
    """
    Return the account of a person.

    Examples
    --------
    >>> account_of("ana")
    'wbu-ana'
    """
    return PERSON + name


def make_account(name: str, home: Path) -> pwd.struct_passwd:
    """
    Make the account of a person if there is none, and the home with it.

    The account has no password and no login shell: the hub is the only way in.

    Raises
    ------
    OSError
        When the account belongs to something else, or cannot be made.
    """
    account = account_of(name)
    with _one_at_a_time:
        if not _known(account):
            _run("useradd", "--no-create-home", "--user-group", "--no-log-init",
                 "--home-dir", str(home), "--shell", _no_login(),
                 "--comment", "person of a shared workbench", account)  # fmt: skip
    entry = pwd.getpwnam(account)
    check_account(entry, home)
    make_home(home, entry)
    return entry


def check_account(entry: pwd.struct_passwd, home: Path) -> None:
    """Refuse an account that is not the one of this hub's person."""
    if entry.pw_uid < FIRST_ORDINARY:
        raise PermissionError(
            f"the account {entry.pw_name} has the number {entry.pw_uid}, which belongs "
            f"to the system (people start at {FIRST_ORDINARY}). Remove it: "
            f"userdel {entry.pw_name}"
        )
    if Path(entry.pw_dir) != home:
        raise PermissionError(
            f"the account {entry.pw_name} has its home at {entry.pw_dir}, not at "
            f"{home}: it belongs to another hub of this machine. Two hubs with "
            "accounts need two machines; if that hub has moved here: "
            f"usermod --home {home} {entry.pw_name}"
        )


def make_home(home: Path, entry: pwd.struct_passwd) -> None:
    """Make a home for its owner alone; one that comes from elsewhere becomes his."""
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=0o700)
    if home.is_symlink() or not home.is_dir():
        raise NotADirectoryError(f"{home} is no folder; move it away")
    if home.stat().st_uid != entry.pw_uid:
        owner = f"{entry.pw_uid}:{entry.pw_gid}"
        _run("chown", "--recursive", "--no-dereference", owner, str(home))
    home.chmod(0o700)


def sync_projects(projects: Mapping[str, tuple[str, ...]], folder: HubFolder) -> None:
    """
    Make the system's groups equal to the projects: members in, all others out.

    Those who have never started a server have no account yet and come in then.
    """
    with _one_at_a_time:
        for project, members in projects.items():
            group = PROJECT + project
            new = not _group(group)
            if new:
                _run("groupadd", group)
            accounts = [account_of(name) for name in members]
            _set_members(group, [each for each in accounts if _known(each)])
            place = folder.project(project)
            place.mkdir(exist_ok=True)
            if new:
                # what comes from a backup is the members' again
                _run("chgrp", "-R", "-h", group, str(place))
            os.chown(place, -1, grp.getgrnam(group).gr_gid)
            place.chmod(0o2770)
        for place in folder.projects.iterdir():
            if place.is_dir() and place.name not in projects:
                _close(place)


def projects_of_process(pid: int) -> set[str]:
    """Return the projects whose files a running process may read."""
    found = set()
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("Groups:"):
            for number in line.split()[1:]:
                with contextlib.suppress(KeyError):
                    found.add(grp.getgrgid(int(number)).gr_name)
    return {name.removeprefix(PROJECT) for name in found if name.startswith(PROJECT)}


def _close(place: Path) -> None:
    """Empty the group of a project that the settings name no longer; files stay."""
    try:
        name = place.group()
    except (KeyError, OSError):
        return
    if name == PROJECT + place.name:
        _set_members(name, [])


def _set_members(group: str, accounts: list[str]) -> None:
    if set(grp.getgrnam(group).gr_mem) != set(accounts):
        _run("gpasswd", "--members", ",".join(sorted(accounts)), group)


def _known(account: str) -> bool:
    try:
        pwd.getpwnam(account)
    except KeyError:
        return False
    return True


def _group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _no_login() -> str:
    return shutil.which("nologin", path=SEARCH) or "/bin/false"


def _run(command: str, *arguments: str) -> None:
    program = shutil.which(command, path=SEARCH)
    if program is None:
        raise FileNotFoundError(
            f"the system's command {command!r} is missing; it comes with the package "
            "passwd (Debian) or shadow-utils"
        )
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise OSError(f"{command} {arguments[-1]} failed: {said}")
