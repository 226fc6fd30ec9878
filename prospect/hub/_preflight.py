"""What stands against the start of a hub, all at once and each with its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from survey import Problem

    from ._settings import HubSettings


def check_hub(folder: str | Path, settings: HubSettings | None = None) -> list[Problem]:
    """Return what stands against the start of the hub of a folder."""
    return []
