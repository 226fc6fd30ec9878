"""Sentences in two languages, and what bands lack for a feature."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import NamedTuple


@functools.cache
def sentences() -> dict[str, dict[str, str]]:
    """Templates by key and language."""
    data = resources.files(__package__.partition(".")[0]) / "data"
    text = (data / "mineral_reasons.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


class Lack(NamedTuple):
    """Why bands do not suffice: a key of the sentences, a stretch in nm, a number."""

    key: str
    low: float = 0.0
    high: float = 0.0
    number: float = 0.0

    def say(self, lang: str = "en") -> str:
        """Sentence without its stop."""
        return sentences()[self.key][lang].format(
            low=self.low, high=self.high, number=self.number
        )


class Without(NamedTuple):
    """A part of a rule that was left out: "feature", "check" or "ratio", and why."""

    part: str
    lack: Lack | None = None

    def say(self, lang: str = "en") -> str:
        """Words that go on from "without"."""
        why = self.lack.say(lang) if self.lack else ""
        return sentences()[f"without_{self.part}"][lang].format(lack=why)
