"""Processes by number and birth, so that a recycled number is never taken for them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

BOOT = Path("/proc/sys/kernel/random/boot_id")


def birth_of(pid: int) -> str | None:
    """
    Return what tells a process from a later one of the same number; None when dead.

    Where Linux counts ticks since the boot they are taken: they do not move with the
    clock of the machine. A process that has ended but was not fetched yet is dead.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        if BOOT.exists():
            # the name of the program, in brackets, may hold blanks
            ticks = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
            ticks = ticks.rpartition(")")[2].split()[19]
            return f"{BOOT.read_text('utf-8').strip()[:8]}-{ticks}"
        return f"{process.create_time():.2f}"
    except (psutil.Error, OSError, ValueError):
        return None


def is_alive(pid: int | None, birth: str | None) -> bool:
    """Return whether the process of this number and birth runs."""
    return bool(pid and birth) and birth_of(pid) == birth


def send(pid: int, birth: str, number: signal.Signals) -> None:
    """Send a signal, but to no other process than the one meant."""
    if is_alive(pid, birth):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def end(known: Iterable[tuple[int, str]], *, grace: float = 15.0) -> None:
    """Ask processes to end, wait, and end what is left with all of its group."""
    left = [pair for pair in known if is_alive(*pair)]
    for pid, birth in left:
        send(pid, birth, signal.SIGTERM)
    stop = time.monotonic() + grace
    while left and time.monotonic() < stop:
        time.sleep(0.05)
        left = [pair for pair in left if is_alive(*pair)]
    for pid, birth in left:
        if is_alive(pid, birth):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                # each part leads a group of its own
                if os.getpgid(pid) == pid:
                    os.killpg(pid, signal.SIGKILL)
                else:
                    os.kill(pid, signal.SIGKILL)


def answers(port: int, *, address: str = "127.0.0.1") -> bool:
    """Return whether somebody listens at a port."""
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False
