"""What the keeper writes down about the hub it keeps: `state/keeper.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from survey import write_text

from ._lock import holder
from ._processes import birth_of, is_alive

if TYPE_CHECKING:
    from pathlib import Path

    from ._folder import HubFolder


@dataclass
class PartRecord:
    """One process of the hub as the keeper last saw it."""

    pid: int | None = None
    birth: str | None = None
    port: int | None = None
    since: float = 0.0
    restarts: int = 0
    ready: bool = False
    # not started yet on purpose
    later: bool = False
    failed: str = ""
    # how it ended last
    last: str = ""
    # of command and settings: a process that was started otherwise is replaced
    print: str = ""

    @property
    def alive(self) -> bool:
        """Whether this very process runs."""
        return is_alive(self.pid, self.birth)


@dataclass
class KeeperRecord:
    """The keeper and its parts."""

    pid: int | None = None
    birth: str | None = None
    since: float = 0.0
    parts: dict[str, PartRecord] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Whether the keeper itself runs."""
        return is_alive(self.pid, self.birth)

    @property
    def orphans(self) -> list[tuple[int, str]]:
        """Parts that run: number and birth of each, in the order of their start."""
        return [(p.pid, p.birth) for p in self.parts.values() if p.alive]


def record_path(folder: HubFolder) -> Path:
    """Return the file of the record."""
    return folder.state / "keeper.json"


def read_record(folder: HubFolder) -> KeeperRecord:
    """Return the record; an empty one where none can be read."""
    try:
        content: dict[str, Any] = json.loads(record_path(folder).read_text("utf-8"))
        parts = {
            name: PartRecord(**_known(part, PartRecord))
            for name, part in content.pop("parts").items()
        }
        return KeeperRecord(**_known(content, KeeperRecord), parts=parts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return KeeperRecord()


def kept_record(folder: HubFolder) -> KeeperRecord:
    """Return the record; the keeper is found by its lock where the file was lost."""
    record = read_record(folder)
    pid = None if record.alive else holder(folder)
    if pid and pid > 0:
        record.pid, record.birth = pid, birth_of(pid)
    return record


def _known(content: dict[str, Any], kind: type) -> dict[str, Any]:
    """Leave out what another version of this program has written."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in content.items() if name in names}


def write_record(folder: HubFolder, record: KeeperRecord) -> None:
    """Write the record as a whole."""
    write_text(record_path(folder), json.dumps(asdict(record), indent=1))
