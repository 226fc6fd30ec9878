"""Back up a hub into one archive, while it runs."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import platform
import shutil
import sqlite3
import stat
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

from survey import atomic_path

from ._folder import HubFolder
from ._settings import read_settings
from ._trees import look_through

if TYPE_CHECKING:
    from ._trees import Found

FORMAT = 1
MANIFEST = "manifest.json"
BLOCK = 2**20
MOST_HOLES = 64 * 2**30
OPENING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK


class _Reader:
    """Reads a file to exactly the length it had, and hashes it."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file, self.left, self.short = file, size, False
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        try:
            block = self.file.read(wanted)
        except OSError:
            # a disk that fails below one file; the archive says so
            block = b""
        if len(block) < wanted:
            self.short = True
            block += bytes(wanted - len(block))
        self.left -= len(block)
        self.hash.update(block)
        return block


class _Archive:
    """An archive that is being written: files, and what is known of them."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar
        self.files: dict[str, str] = {}
        self.links: dict[str, dict[str, str]] = {}
        self.changed: list[str] = []
        self.left_out: list[str] = []

    def add(self, path: Path, name: str) -> None:
        """Put a file or folder of the hub's own into the archive under a name."""
        info = path.lstat()
        if stat.S_ISDIR(info.st_mode):
            self.tar.addfile(self._member(name, info))
        else:
            self._add_file(os.open(path, OPENING), name)

    def add_tree(self, top: Path, name: str) -> None:
        """Put a folder with all below it into the archive; no link is followed."""
        self.add(top, name)
        for found in look_through(top):
            inner = f"{name}/{found.name}"
            try:
                self._take(found, inner)
            except FileNotFoundError:
                # gone between the list and the look: the home is in use
                self.changed.append(inner)

    def _take(self, found: Found, name: str) -> None:
        """Put what lies in a tree into the archive, or note that it could not be."""
        if isinstance(found.error, FileNotFoundError):
            raise found.error
        if found.info is None:
            # one person's odd folder must not cost all others their backup
            self.left_out.append(name)
        elif stat.S_ISDIR(found.info.st_mode):
            self.tar.addfile(self._member(name, found.info))
        elif stat.S_ISLNK(found.info.st_mode):
            owner = self._member(name, found.info).uname
            target = os.readlink(found.base, dir_fd=found.here)
            self.links[name] = {"target": target, "owner": owner}
        elif stat.S_ISREG(found.info.st_mode) and not _hollow(found.info):
            try:
                opened = os.open(found.base, OPENING, dir_fd=found.here)
            except FileNotFoundError:
                raise
            except OSError:
                self.left_out.append(name)
                return
            self._add_file(opened, name)
        else:
            self.left_out.append(name)

    def add_bytes(self, content: bytes, name: str) -> None:
        """Put a text of ours into the archive."""
        member = tarfile.TarInfo(name)
        member.size, member.mode = len(content), 0o600
        self.tar.addfile(member, io.BytesIO(content))

    def _add_file(self, opened: int, name: str) -> None:
        with os.fdopen(opened, "rb") as file:
            info = os.fstat(opened)
            member = self._member(name, info)
            member.size = info.st_size
            reader = _Reader(file, info.st_size)
            self.tar.addfile(member, reader)
            after = os.fstat(opened)
        if reader.short or after.st_mtime_ns != info.st_mtime_ns:
            self.changed.append(name)
        self.files[name] = reader.hash.hexdigest()

    def _member(self, name: str, info: os.stat_result) -> tarfile.TarInfo:
        member = tarfile.TarInfo(name)
        member.type = tarfile.DIRTYPE if stat.S_ISDIR(info.st_mode) else tarfile.REGTYPE
        member.mode, member.mtime = stat.S_IMODE(info.st_mode), int(info.st_mtime)
        # numbers mean nothing on another machine: names only
        member.uname, member.gname = _owner(info)
        return member


def back_up(
    folder: str | Path, *, out: str | Path | None = None, homes: bool = False
) -> Path:
    """
    Write settings, secrets and accounts of a hub into one archive; the hub may run.

    Parameters
    ----------
    folder : path-like
        The hub's folder.
    out : path-like, optional
        The archive (`.tar.gz`), or a folder to put it into. If not given it lies in
        `backups` of the hub's folder.
    homes : bool
        With people's homes and the project spaces. `shared/` never goes in.

    Returns
    -------
    Path
        The archive, readable by its owner alone: it holds the hub's secrets.

    Raises
    ------
    FileExistsError
        When the archive is there already.
    OSError
        When the disk has no room for it.
    ValueError
        When there is no hub in the folder, or its database is damaged.

    Examples
    --------
    >>> back_up("workbench-hub").name  # doctest: +SKIP
    'hub-20261123-211500.tar.gz'
    """
    hub = HubFolder(Path(folder))
    if not hub.settings.exists():
        raise ValueError(f"there is no hub in {hub.root}: no hub.toml")
    settings = read_settings(hub.settings)
    target = _target(hub, out)
    trees = [top for top in (hub.users, hub.projects) if homes and top.is_dir()]
    _check_space(target.parent, _size(hub, trees), "the backup")
    with atomic_path(target) as part, tempfile.TemporaryDirectory() as scratch:
        copy = _copy_database(hub.database, Path(scratch) / "copy.sqlite")
        with (
            os.fdopen(
                os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as raw,
            gzip.GzipFile("", "wb", 1, raw) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            archive = _Archive(tar)
            archive.add(hub.settings, "hub.toml")
            if hub.secrets.is_dir():
                archive.add_tree(hub.secrets, "secrets")
            if copy:
                archive.add(copy, "state/jupyterhub.sqlite")
            for top in trees:
                archive.add_tree(top, top.name)
            about = _about(hub, settings.mode, archive, homes=homes)
            archive.add_bytes(about, MANIFEST)
    return target


def _about(hub: HubFolder, mode: str, archive: _Archive, *, homes: bool) -> bytes:
    from importlib.metadata import PackageNotFoundError, version

    versions = {"python": platform.python_version()}
    for name in ("prospect-workbench", "jupyterhub", "jupyterhub-nativeauthenticator"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    content: dict[str, Any] = {
        "format": FORMAT,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "hub": hub.root.name,
        "mode": mode,
        "homes": homes,
        "versions": versions,
        "files": archive.files,
        "links": archive.links,
        "changed": archive.changed,
        "left_out": archive.left_out,
    }
    # names of files need not be text: what is none survives as an escape
    return json.dumps(content, indent=1).encode()


def _target(hub: HubFolder, out: str | Path | None) -> Path:
    name = f"hub-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz"
    if out is None:
        hub.backups.mkdir(mode=0o700, exist_ok=True)
        target = hub.backups / name
    else:
        target = Path(out).absolute()
        target = target / name if target.is_dir() else target
    if target.exists():
        raise FileExistsError(f"{target} is there already; it is left as it is")
    for top in (hub.users, hub.projects):
        if target.is_relative_to(top):
            raise ValueError(
                f"{target} lies among people's files; choose a place only you can read"
            )
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _size(hub: HubFolder, trees: list[Path]) -> int:
    files = [hub.settings, hub.database, *hub.secrets.glob("*")]
    total = sum(path.stat().st_size for path in files if path.exists())
    return total + sum(_size_of(top) for top in trees)


def _size_of(top: Path) -> int:
    infos = (found.info for found in look_through(top))
    return sum(
        min(info.st_size, info.st_blocks * 512)
        for info in infos
        if info and stat.S_ISREG(info.st_mode) and not _hollow(info)
    )


def _hollow(info: os.stat_result) -> bool:
    """Whether a file is nearly all holes: made large by a word, read for days."""
    return info.st_size - info.st_blocks * 512 > MOST_HOLES


def _check_space(place: Path, needed: int, what: str) -> None:
    free = shutil.disk_usage(place).free
    if free < needed + BLOCK:
        raise OSError(
            f"{what} needs up to {needed / 2**20:.0f} MB, {place} has "
            f"{free / 2**20:.0f} MB free: make room, or choose another disk"
        )


def _copy_database(database: Path, copy: Path) -> Path | None:
    """Copy the database as it is at one moment, whether the hub writes or not."""
    if not database.exists():
        return None
    uri = f"file:{quote(str(database))}?mode=ro"
    try:
        source = sqlite3.connect(uri, uri=True, timeout=30)
        target = sqlite3.connect(copy)
        try:
            source.backup(target)
            found = target.execute("PRAGMA integrity_check").fetchone()[0]
        finally:
            source.close()
            target.close()
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise ValueError(
            f"the database {database} is damaged ({found}), so a backup of it would be "
            "too. Restore the last good archive: prospect hub restore"
        )
    copy.chmod(0o600)
    return copy


def _owner(info: os.stat_result) -> tuple[str, str]:
    import grp
    import pwd

    try:
        return pwd.getpwuid(info.st_uid).pw_name, grp.getgrgid(info.st_gid).gr_name
    except KeyError:
        return "", ""


def read_manifest(archive: str | Path) -> dict[str, Any]:
    """Return what an archive says of itself."""
    with tarfile.open(archive, "r:gz") as tar:
        member = tar.extractfile(MANIFEST)
        return json.load(member) if member else {}
