"""Every problem of a rule file, collected while it is read, told at once."""

from __future__ import annotations

import difflib
import math
from typing import TYPE_CHECKING, Any

from ._rules import Band, Bounds

if TYPE_CHECKING:
    from collections.abc import Collection

MISSING = object()
SHOWN = 40  # problems told one by one


class Findings:
    """
    Values of nested tables, and what is wrong with them.

    Parameters
    ----------
    file : str
        Name that the messages show.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[str] = []

    def add(self, place: str, value: object, what: str, remedy: str) -> None:
        """Note one problem; `place` is the rule and the key."""
        shown = "" if value is MISSING else f" = {value!r}"
        self.problems.append(f"{place}{shown}: {what}. {remedy}")

    def raise_all(self) -> None:
        """Raise ValueError with every problem found so far, if there is one."""
        if not self.problems:
            return
        count = len(self.problems)
        lines = self.problems[:SHOWN]
        if count > SHOWN:
            lines.append(f"and {count - SHOWN} more")
        told = "\n  ".join(lines)
        raise ValueError(
            f"{self.file} has {count} problem{'s' * (count > 1)}:\n  {told}"
        )

    def table(self, value: object, place: str, known: Collection[str]) -> dict:
        """Table whose keys are all known."""
        if not isinstance(value, dict):
            self.add(place, value, "is no table", "Write keys and values under it")
            return {}
        for key in value:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"Did you mean {near[0]!r}?" if near else "Leave it out"
                self.add(f"{place}.{key}", MISSING, "is no key of this table", hint)
        return value

    def tables(self, value: object, place: str) -> list:
        """List of tables, empty where there is none."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.add(place, value, "is no list of tables", "Write one table an entry")
            return []
        return value

    def number(
        self,
        value: object,
        place: str,
        *,
        low: float,
        high: float,
        needed: bool = False,
    ) -> float | None:
        """Finite number within limits, or None."""
        if value is None:
            if needed:
                self.add(place, MISSING, "is missing", f"Give {low:g} to {high:g}")
            return None
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not math.isfinite(value) or not low <= value <= high:
            self.add(place, value, f"must lie in {low:g} to {high:g}", "Correct it")
            return None
        return float(value)

    def bounds(self, value: object, place: str, *, low: float, high: float) -> Bounds:
        """[least, most] or {min, max}, either open."""
        if value is None:
            return Bounds()
        if isinstance(value, dict):
            pair = self.table(value, place, ("min", "max"))
            ends = [pair.get("min"), pair.get("max")]
        elif isinstance(value, list) and len(value) == 2:
            ends = list(value)
        else:
            self.add(place, value, "is no pair", "Write [least, most]")
            return Bounds()
        least, most = (self.number(end, place, low=low, high=high) for end in ends)
        if least is not None and most is not None and least > most:
            self.add(place, value, "begins above its end", "Swap the two")
        return Bounds(least, most)

    def window(
        self, value: object, place: str, *, scale: float = 1.0
    ) -> tuple[float, float, float, float] | None:
        """Left shoulder from, to, right shoulder from, to; in nm after `scale`."""
        numbers = isinstance(value, list) and len(value) == 4
        if not numbers or not all(_is_number(each) for each in value):
            self.add(
                place, value, "must be four wavelengths",
                "Give where the left shoulder begins and ends, then the right one",
            )  # fmt: skip
            return None
        ends = tuple(round(scale * float(each), 6) for each in value)
        ascending = ends[0] <= ends[1] < ends[2] <= ends[3]
        if not ascending or not 100 <= ends[0] < 1_000_000:
            unit = "µm" if scale != 1 else "nm"
            self.add(
                place, value, f"does not ascend or is not in {unit}",
                "Sort the four ends; the shoulders must not touch",
            )  # fmt: skip
            return None
        return ends

    def band(self, value: object, place: str) -> Band | None:
        """One absorption: position, depth, width or [left, right] widths."""
        given = self.table(value, place, ("position", "depth", "width"))
        width = given.get("width")
        sides = width if isinstance(width, list) else [width, width]
        if len(sides) != 2:
            self.add(
                f"{place}.width", width, "is no width", "Give nm, or [left, right]"
            )
            sides = [1, 1]
        left, right = (
            self.number(side, f"{place}.width", low=1, high=3000, needed=True)
            for side in sides
        )
        position = self.number(
            given.get("position"), f"{place}.position", low=100, high=1e6, needed=True
        )
        depth = self.number(
            given.get("depth"), f"{place}.depth", low=0.0, high=0.999, needed=True
        )
        if None in (left, right, position, depth):
            return None
        return Band(position, depth, left, right)

    def text(self, value: object, place: str) -> str:
        """Text, empty where there is none."""
        if value is None:
            return ""
        if not isinstance(value, str):
            self.add(place, value, "is no text", "Put it in quotation marks")
            return ""
        return value

    def texts(self, value: object, place: str) -> tuple[str, ...]:
        """Texts of a list."""
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(t, str) for t in value):
            self.add(place, value, "is no list of texts", 'Write ["one", "two"]')
            return ()
        return tuple(value)


def _is_number(value: Any) -> bool:  # noqa: ANN401
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return good and math.isfinite(value)
