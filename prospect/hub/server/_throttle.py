"""Wrong passwords: each next try waits longer, too many close the door for a while."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_DELAY = 10.0
# an account closes to unknown browsers after so many times the failures of one of them
MANY = 4
MOST_KEYS = 10_000

Key = tuple[str, ...]


@dataclass
class _Count:
    failures: int = 0
    last: float = 0.0


@dataclass(frozen=True)
class Attempt:
    """One try to sign in: how long it waits, or how long the door stays closed."""

    keys: tuple[Key, ...]
    delay: float = 0.0
    closed: float = 0.0


class Throttle:
    """
    Counts failures per browser, account and address.

    A browser that has signed in as a person before is counted by itself: strangers
    who try that person's name neither slow it nor shut it out. Everybody else is
    counted per account and address, and an address with many failures is slowed,
    never shut out: a class may sit behind one.

    Parameters
    ----------
    failures : int
        Wrong passwords until the door closes.
    wait : float
        Seconds it stays closed; failures older than that are forgotten.
    clock : callable
        Gives seconds.
    """

    def __init__(
        self,
        *,
        failures: int,
        wait: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.failures, self.wait, self.clock = failures, wait, clock
        self._counts: dict[Key, _Count] = {}

    def begin(self, name: str, address: str, device: str | None = None) -> Attempt:
        """Count one try as failed beforehand, so that many at once gain nothing."""
        name = name[:64]
        own: Key = ("device", name, device) if device else ("pair", name, address)
        keys = (own, ("address", address)) + (() if device else (("name", name),))
        closed = max(self._closed(own, self.failures), 0.0)
        if not device:
            closed = max(closed, self._closed(("name", name), MANY * self.failures))
        if closed:
            return Attempt((), closed=closed)
        spare = self._failures(("address", address)) - self.failures
        delay = 0.0 if device else delay_after(spare)
        delay = max(delay, delay_after(self._failures(own)))
        for key in keys:
            self._add(key)
        return Attempt(keys, delay=delay)

    def succeed(self, attempt: Attempt) -> None:
        """Take back what `begin` counted; the browser or account starts afresh."""
        for key in attempt.keys:
            if key[0] in {"device", "pair"}:
                self._counts.pop(key, None)
            elif key in self._counts:
                self._counts[key].failures -= 1

    def _closed(self, key: Key, limit: int) -> float:
        if self._failures(key) < limit:
            return 0.0
        return max(self._counts[key].last + self.wait - self.clock(), 0.0)

    def _failures(self, key: Key) -> int:
        count = self._counts.get(key)
        if count and self.clock() - count.last >= max(self.wait, 60.0):
            del self._counts[key]
            count = None
        return count.failures if count else 0

    def _add(self, key: Key) -> None:
        if len(self._counts) >= MOST_KEYS:
            oldest = sorted(self._counts, key=lambda each: self._counts[each].last)
            for each in oldest[: MOST_KEYS // 10]:
                del self._counts[each]
        count = self._counts.setdefault(key, _Count())
        count.failures += 1
        count.last = self.clock()


def delay_after(failures: int) -> float:
    """
    Return how many seconds a try waits after so many failures.

    Examples
    --------
    >>> [delay_after(failures) for failures in range(6)]
    [0.0, 1.0, 2.0, 4.0, 8.0, 10.0]
    """
    return min(2.0 ** (failures - 1), LONGEST_DELAY) if failures > 0 else 0.0
