"""What a person uses, when the server will be stopped, why something was stopped."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

NOTICES = "PROSPECT_NOTICE_FILE"
IDLE = "PROSPECT_IDLE_SERVERS"
MEMORY = "MEM_LIMIT"
DISK = "PROSPECT_DISK_LIMIT"
WARN_FROM = 0.9
SHOWN_FOR = timedelta(days=7)
MOST_SHOWN = 5
LARGEST_NOTICE_FILE = 2**20
MEASURE_EVERY = 300.0


def memory_use() -> dict[str, Any]:
    """Return bytes in memory of this server and all it started, and the limit."""
    used = 0
    me = psutil.Process()
    for process in [me, *me.children(recursive=True)]:
        try:
            used += process.memory_info().rss
        except psutil.Error:
            continue  # it ended meanwhile, or is not ours to look at
    limit = _number(MEMORY)
    total = limit or psutil.virtual_memory().total
    return {
        "used": used,
        "total": total,
        "limited": bool(limit),
        "warn": used >= WARN_FROM * total,
    }


class DiskMeter:
    """
    Space of a home: of the disk, and of the person's share where there is one.

    Measuring a home means walking through it, so that is done now and then only.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._measured: tuple[float, int] | None = None

    def read(self) -> dict[str, Any]:
        """Return used and total bytes of whatever is nearer to being full."""
        disk = shutil.disk_usage(self.home)
        # space kept for the system counts as neither used nor free
        of_disk = {"used": disk.used, "total": disk.used + disk.free, "share": False}
        share = _number(DISK)
        found = of_disk
        if share:
            of_share = {"used": self._size(), "total": share, "share": True}
            found = max(
                of_disk, of_share, key=lambda each: each["used"] / each["total"]
            )
            if found["used"] < WARN_FROM * found["total"]:
                found = of_share
        return found | {
            "free": max(0, found["total"] - found["used"]),
            "warn": found["used"] >= WARN_FROM * found["total"],
        }

    def _size(self) -> int:
        now = time.monotonic()
        if self._measured is None or now - self._measured[0] > MEASURE_EVERY:
            self._measured = (now, _size_of(self.home))
        return self._measured[1]


def _size_of(folder: Path) -> int:
    """Return the bytes that the files below a folder take on disk."""
    total, waiting, device = 0, [os.fspath(folder)], os.stat(folder).st_dev  # noqa: PTH116
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    found = entry.stat(follow_symlinks=False)
                    total += found.st_blocks * 512
                    if entry.is_dir(follow_symlinks=False) and found.st_dev == device:
                        waiting.append(entry.path)
        except OSError:
            continue  # gone meanwhile, or not readable: not the person's own
    return total


def stop_time(last_activity: datetime, *, now: datetime) -> dict[str, Any] | None:
    """
    Return when the server is stopped if nobody uses it from now on; None if never.

    Looking at the page passes the hub's proxy and so counts as use.
    """
    idle = _number(IDLE)
    if not idle:
        return None
    at = max(last_activity, now) + timedelta(seconds=idle)
    return {"at": at.isoformat(), "idle": idle}


def read_notices(*, now: datetime) -> list[dict[str, str]]:
    """Return what the hub has to say to this person, newest first."""
    path = os.environ.get(NOTICES)
    if not path:
        return []
    try:
        if Path(path).stat().st_size > LARGEST_NOTICE_FILE:
            return []
        entries = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []  # none yet, or being written: the next look will see it
    found = [_notice(each, now) for each in entries if isinstance(each, dict)]
    shown = sorted((each for each in found if each), key=lambda each: each["time"])
    return shown[: -MOST_SHOWN - 1 : -1]


def _notice(entry: dict[str, Any], now: datetime) -> dict[str, str] | None:
    """Return one notice with an id to dismiss it by; old or odd ones are None."""
    try:
        said = _moment(entry["time"])
        words = {"en": str(entry["en"]), "zh": str(entry.get("zh") or entry["en"])}
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if now - said > SHOWN_FOR:
        return None
    key = json.dumps([said.isoformat(), words["en"]]).encode()
    name = hashlib.sha256(key).hexdigest()[:16]
    return {"id": name, "time": said.isoformat(), **words}


def _moment(value: object) -> datetime:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, tz=UTC)
    moment = datetime.fromisoformat(str(value))
    return moment.astimezone(UTC)


def _number(name: str) -> int:
    """Return a whole number of the environment; 0 where there is none."""
    try:
        return max(0, int(float(os.environ.get(name, "") or 0)))
    except (ValueError, OverflowError):
        return 0
