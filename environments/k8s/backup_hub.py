"""
Copy the hub's database while the hub runs, keep the newest copies.

    python backup_hub.py /hub/jupyterhub.sqlite /backup --keep 14

SQLite's own backup is used: a copy of the file of a running hub could be torn.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path


def back_up(database: Path, folder: Path, *, keep: int) -> Path:
    """Copy `database` into `folder`, check the copy, remove all but the newest."""
    if not database.is_file():
        raise OSError(f"{database} is not there: does the hub use another database?")
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    part = folder / f"hub-{stamp}.part"
    try:
        copy_database(database, part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    copy = part.replace(part.with_suffix(".sqlite"))
    copy.chmod(0o600)
    for old in sorted(folder.glob("hub-*.sqlite"))[:-keep]:
        old.unlink()
    return copy


def copy_database(database: Path, copy: Path) -> None:
    """Copy a database that may be in use; refuse a copy that is not whole."""
    uri = f"{database.resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(uri, uri=True, timeout=30)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
        fault = target.execute("pragma integrity_check").fetchone()[0]
    if fault != "ok":
        raise OSError(f"the copy of {database} is not whole: {fault}")


def main() -> int:
    """Run from the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("database", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=int, default=14, help="copies that stay")
    given = parser.parse_args()
    if given.keep < 1:
        parser.error("--keep must be 1 or more: the newest copy always stays")
    try:
        copy = back_up(given.database, given.folder, keep=given.keep)
    except (OSError, sqlite3.Error) as error:
        print(f"No backup was made: {error}", file=sys.stderr)
        return 1
    print(f"{copy}: {copy.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
