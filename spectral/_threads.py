"""One thread a kernel: blocks run side by side, so BLAS must not multiply them."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

import threadpoolctl

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK = threading.Lock()
_STATE: dict = {"users": 0, "limit": None}


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """
    Hold BLAS to one thread while any block runs.

    The setting belongs to the process: the first block that enters changes it, the last
    that leaves restores it, whatever the order of their threads.
    """
    with _LOCK:
        if _STATE["users"] == 0:
            _take_over()
            controller = threadpoolctl.ThreadpoolController()
            _STATE["limit"] = controller.limit(limits=1, user_api="blas")
        _STATE["users"] += 1
    try:
        yield
    finally:
        with _LOCK:
            _STATE["users"] -= 1
            if _STATE["users"] == 0:
                _take_over()
                _STATE["limit"].restore_original_limits()
                _take_over()


def _take_over() -> None:
    """Let this thread set the limit: threadpoolctl 3.8 listens to the first only."""
    openblas = threadpoolctl.OpenBLASController
    if hasattr(openblas, "clear_controlling_thread"):
        openblas.clear_controlling_thread(force=True)


def workers() -> int:
    """Cores this process may use."""
    count = getattr(os, "sched_getaffinity", None)
    return len(count(0)) if count else os.cpu_count() or 1
