"""Memory of a process that works block by block."""

from __future__ import annotations

import ctypes
import functools
import logging
import os

_TRIM, _MMAP = -1, -3  # names of mallopt's parameters in glibc's malloc.h
_KEPT = 128 * 2**20
_LARGEST = 32 * 2**20
_log = logging.getLogger(__name__)


@functools.cache
def keep_freed_memory() -> bool:
    """
    Let the C library keep freed blocks of arrays for the next ones.

    By default glibc hands every array of some megabytes back to the system when it is
    freed, and the next one of the same size is mapped and zeroed page by page again:
    for a chain on blocks that is several times the arithmetic. At most about 128 MB a
    thread are kept. Variables such as `MALLOC_TRIM_THRESHOLD_` that a user has set win.

    Returns
    -------
    bool
        Whether it was done; False where the C library is another one.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
        done = bool(mallopt(_TRIM, _KEPT) and mallopt(_MMAP, _LARGEST))
    except (OSError, AttributeError, TypeError):
        done = False
    _log.debug("freed memory is kept: %s", done)
    return done
