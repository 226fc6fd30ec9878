"""Make a hub's folder from an archive, after everything in it has been checked."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from survey import DataProblems, Problem, atomic_path

from ._backup import BLOCK, FORMAT, MANIFEST, _check_space
from ._folder import HubFolder
from ._settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

TREES = ("users", "projects", "secrets")
FILES = ("hub.toml", "state/jupyterhub.sqlite", MANIFEST)
NEWER = (
    "written by a newer version of this program: update this one, then restore again"
)
MOST_MANIFEST = 512 * BLOCK


def restore_backup(
    archive: str | Path, folder: str | Path, *, port: int | None = None
) -> Path:
    """
    Make a hub's folder from an archive of `back_up`; every file is checked first.

    Parameters
    ----------
    archive : path-like
        The archive.
    folder : path-like
        The folder to make. It may be there only if it is empty.
    port : int, optional
        Another public port; inner ports follow it.

    Returns
    -------
    Path
        The folder. In team mode its homes get their accounts at the first sign-in.

    Raises
    ------
    FileExistsError
        When the folder holds something.
    survey.DataProblems
        Everything that is wrong with the archive; nothing is written then.
    OSError
        When the disk has no room for it.

    Examples
    --------
    >>> restore_backup("hub-20261123-211500.tar.gz", "new-hub")  # doctest: +SKIP
    """
    archive, target = Path(archive), Path(folder).absolute()
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise FileExistsError(f"{target} is no folder; name another one")
    if target.is_dir() and any(target.iterdir()):
        raise FileExistsError(
            f"{target} is not empty; restore into a new folder (--folder), and stop "
            "the old hub or give a --port"
        )
    manifest, needed = _check(archive)
    target.parent.mkdir(parents=True, exist_ok=True)
    _check_space(target.parent, needed, "the restored hub")
    with atomic_path(target) as part:
        part.mkdir(mode=0o700)
        hub = HubFolder(part)
        _unpack(archive, part)
        _settle(hub, port=port)
        part.chmod(0o755)
        # last of all: nothing is ever written through a link of the archive
        _link(part, manifest["links"])
    return target


def _check(archive: Path) -> tuple[dict[str, Any], int]:
    """Read all of the archive once; return its manifest and its size unpacked."""
    hashes: dict[str, str] = {}
    problems: list[Problem] = []
    manifest: dict[str, Any] = {}
    size = 0
    try:
        with tarfile.open(archive, "r|gz") as tar:
            for member in tar:
                if wrong := _wrong(member, hashes):
                    problems.append(_problem(archive, member.name, wrong))
                    continue
                if member.isdir():
                    continue
                size += member.size
                file = tar.extractfile(member)
                if member.name == MANIFEST and member.size < MOST_MANIFEST:
                    manifest = json.load(file)
                    continue
                digest = hashlib.sha256()
                while block := file.read(BLOCK):
                    digest.update(block)
                hashes[member.name] = digest.hexdigest()
    except (tarfile.TarError, EOFError, zlib.error, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        problems.append(_problem(archive, None, f"cannot be read to its end: {error}"))
    problems += _compare(archive, manifest, hashes)
    if problems:
        raise DataProblems(problems)
    return manifest, size


def _wrong(member: tarfile.TarInfo, seen: dict[str, str]) -> str:
    """Say why a member may not be unpacked; empty if it may."""
    path = PurePosixPath(member.name)
    if not (member.isreg() or member.isdir()):
        return "is a link or a device, which a backup never holds"
    if path.is_absolute() or ".." in path.parts or str(path) != member.name:
        return "leads out of the folder"
    if "\0" in member.name or (os.name == "nt" and "\\" in member.name):
        return "has a name that means a path elsewhere"
    if member.name in seen:
        return "stands in the archive twice"
    if member.name not in FILES and path.parts[0] not in TREES:
        return "is nothing a hub has"
    return ""


def _compare(
    archive: Path, manifest: dict[str, Any], hashes: dict[str, str]
) -> Iterable[Problem]:
    if not manifest:
        yield _problem(archive, MANIFEST, "is missing: the archive is cut off")
        return
    if manifest.get("format") != FORMAT:
        yield Problem(
            what=f"has format {manifest.get('format')!r}, known is {FORMAT}",
            remedy=NEWER,
            file=str(archive),
        )
        return
    files = manifest.get("files", {})
    for name in sorted(files.keys() | hashes.keys()):
        if name not in hashes:
            yield _problem(archive, name, "is missing from the archive")
        elif files.get(name) != hashes[name]:
            yield _problem(archive, name, "is not what was backed up (other hash)")
    if "hub.toml" not in files:
        yield _problem(archive, "hub.toml", "is missing from the archive")
    for name in manifest.get("links", {}):
        path = PurePosixPath(name)
        inside = path.parts[:1] in (("users",), ("projects",)) and len(path.parts) > 2
        if ".." in path.parts or not inside:
            yield _problem(archive, name, "is a link outside of people's files")


def _problem(archive: Path, name: str | None, what: str) -> Problem:
    return Problem(
        what=f"{name or 'the archive'} {what}",
        remedy="take another archive, or fetch this one again",
        file=str(archive),
    )


def _unpack(archive: Path, place: Path) -> None:
    """Write the files of a checked archive; there are no links on the way."""
    folders: list[tuple[Path, tarfile.TarInfo]] = []
    with tarfile.open(archive, "r|gz") as tar:
        for member in tar:
            path = place / member.name
            if member.name == MANIFEST:
                continue
            if member.isdir():
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                folders.append((path, member))
                continue
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                shutil.copyfileobj(tar.extractfile(member), file, BLOCK)
            _settle_owner(path, member)
    for path, member in reversed(folders):
        _settle_owner(path, member)
    for name in ("secrets", "state"):
        if (place / name).is_dir():
            (place / name).chmod(0o700)
            for path in (place / name).iterdir():
                path.chmod(0o600)


def _settle_owner(path: Path, member: tarfile.TarInfo) -> None:
    """Give a file back to its owner by name, where root restores and knows him."""
    if os.geteuid() == 0 and member.uname:
        with contextlib.suppress(LookupError):
            shutil.chown(path, member.uname)
        with contextlib.suppress(LookupError):
            shutil.chown(path, group=member.gname)
    # never a program that runs with the rights of its owner
    path.chmod(member.mode & (0o2777 if member.isdir() else 0o777))
    os.utime(path, (member.mtime, member.mtime))


def _link(place: Path, links: dict[str, dict[str, str]]) -> None:
    for name, link in links.items():
        path = place / name
        if (
            path.parent.resolve() == place.resolve() / PurePosixPath(name).parent
            and not path.exists()
        ):
            path.symlink_to(link["target"])
            if os.geteuid() == 0 and link.get("owner"):
                with contextlib.suppress(LookupError):
                    import pwd

                    os.lchown(path, pwd.getpwnam(link["owner"]).pw_uid, -1)


def _settle(hub: HubFolder, *, port: int | None) -> None:
    """Make a hub of its own of the copy: other port, nobody's server running."""
    if port is not None:
        text = hub.settings.read_text("utf-8-sig")
        hub.settings.write_text(with_port(text, port), encoding="utf-8")
    read_settings(hub.settings)
    if hub.database.exists():
        connection = sqlite3.connect(hub.database)
        with contextlib.closing(connection), connection:
            # process numbers of the old hub mean nothing, or worse, here
            connection.execute("UPDATE spawners SET server_id = NULL, state = '{}'")


def with_port(text: str, port: int) -> str:
    r"""
    Return settings with another public port; inner ports follow it.

    Examples
    --------
    >>> with_port("[hub]\nport = 8000  # public\n[ports]\nhub = 9\n", 9100)
    '[hub]\nport = 9100  # public\n[ports]\nhub = 0\n'
    """
    lines, section, done = [], "", False
    for line in text.splitlines(keepends=True):
        if head := re.match(r"\s*\[([\w.-]+)\]", line):
            section = head[1]
        changed = line
        if section == "hub" and re.match(r"\s*port\s*=", line):
            changed, done = re.sub(r"=\s*[\d_]+", f"= {port}", line, count=1), True
        elif section == "ports":
            changed = re.sub(r"^(\s*\w+\s*=)\s*[\d_]+", r"\1 0", line)
        lines.append(changed)
    if not done:
        number = next(
            (n for n, x in enumerate(lines) if re.match(r"\s*\[hub\]", x)), -1
        )
        if number < 0:
            lines[:0] = ["[hub]\n", f"port = {port}\n"]
        else:
            lines[number] = lines[number].rstrip("\n") + "\n"
            lines.insert(number + 1, f"port = {port}\n")
    return "".join(lines)
