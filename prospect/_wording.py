"""Tables of wording in two languages, spread over several files."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_wording(folder: Path, stem: str) -> dict[str, dict[str, str]]:
    """Entries of all files `<stem>*.toml` of a folder; no key may stand twice."""
    entries: dict[str, dict[str, str]] = {}
    for file in sorted(folder.glob(f"{stem}*.toml")):
        new = tomllib.loads(file.read_text(encoding="utf-8"))
        if twice := sorted(entries.keys() & new.keys()):
            raise ValueError(f"{file.name} says again: {twice}. Keep one of each.")
        entries |= new
    return entries
