"""One hub a folder: a lock that ends with the process that holds it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from ._folder import HubFolder


class HubLock:
    """
    The right to keep the hub of a folder; held until `close` or the process ends.

    Raises
    ------
    BlockingIOError
        When another process holds it; `holder` names it.
    OSError
        When this file system knows no locks.
    """

    def __init__(self, folder: HubFolder) -> None:
        folder.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder.state / "lock"
        self.file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise BlockingIOError(
                f"a hub runs on {folder.root} already: process {holder(folder)}"
            ) from None
        except OSError:
            self.close()
            raise
        os.ftruncate(self.file, 0)
        os.write(self.file, str(os.getpid()).encode())

    def __enter__(self) -> HubLock:
        """Hold the lock."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back."""
        self.close()

    def close(self) -> None:
        """Give the lock back."""
        with contextlib.suppress(OSError):
            os.close(self.file)


def holder(folder: HubFolder) -> int | None:
    """Return the number of the process that holds the lock of a folder, if one does."""
    path = folder.state / "lock"
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(file, 20).decode("ascii", "replace").strip()
        return int(text) if text.isdigit() else -1
    except OSError:
        return None
    else:
        return None
    finally:
        os.close(file)
