"""Secrets of a hub: made once, kept with tight permissions, never printed."""

from __future__ import annotations

import os
import secrets
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ._folder import HubFolder

NAMES = ("cookie", "proxy", "control", "culler", "gateway", "pages", "metrics")


def make_secrets(folder: HubFolder) -> dict[str, str]:
    """
    Return the secrets of a hub by name; what is missing is made.

    Each is 64 hexadecimal digits in a file of mode 0600 below a folder of mode 0700.

    Raises
    ------
    PermissionError
        When others may read a secret: they may have done so already.
    """
    folder.secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.secrets.chmod(0o700)
    return {name: _one(folder.secrets / name) for name in NAMES}


def _one(path: Path) -> str:
    if not path.exists():
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with os.fdopen(os.open(path, flags, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise PermissionError(
            f"others may read the secret {path}. Remove it and restart the hub: a new "
            "one is made (everybody signs in again)"
        )
    return path.read_text().strip()
