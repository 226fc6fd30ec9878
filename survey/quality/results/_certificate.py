"""Headers of several rows, as laboratories deliver them: name, unit, method, limit."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..._headers import parse_header, unit_of
from ..._tables import Head, plain_header
from ..._values import BELOW, NUMBER, read_numbers
from ._roles import header_words, plain, role_words

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOOKED_AT = 60
_KINDS = ("unit", "method", "detection_limit", "upper_limit")


class Told(NamedTuple):
    """What the rows of a header say on one column."""

    name: str
    unit: str = ""
    method: str = ""
    detection_limit: str = ""
    upper_limit: str = ""


@dataclass
class Certificate:
    """
    Reader of a header of one or several rows; remembers what it said.

    `told` holds what was said on each column, by its final name; it is empty for a
    header of one row.
    """

    told: dict[str, Told] = field(default_factory=dict)

    def __call__(self, records: Iterator[list[str]]) -> Head:
        """Take the header off a table; as `survey._tables.read_table` asks for it."""
        first = [
            [cell.strip() for cell in row]
            for row in itertools.islice(records, _LOOKED_AT)
        ]
        at = _names_row(first)
        if at is None:
            return plain_header(itertools.chain(first, records))
        width = max((i + 1 for i, cell in enumerate(first[at]) if cell), default=0)
        names = first[at][:width]
        analytes = [i for i, name in enumerate(names) if _is_analyte(name)]
        titles, rows = _above(first[:at], analytes, width)
        below = _below(first[at + 1 :], analytes, width, rows)
        rest = itertools.chain(first[at + 1 + below :], records)
        if rows:
            names = self._remember(names, rows, analytes)
        return Head(names, titles, rest)

    def _remember(
        self, names: list[str], rows: dict[str, list[str]], analytes: list[int]
    ) -> list[str]:
        """Names of the columns, each one's own; what is said on it goes to `told`."""
        final: list[str] = []
        for i, text in enumerate(names):
            said = {kind: rows[kind][i] for kind in _KINDS if kind in rows}
            name = text
            if i in analytes or unit_of(said.get("unit", "")):
                if name in final:
                    name = f"{text} [{said.get('method') or i + 1}]"
                self.told[name] = Told(text, **said)
            elif plain(text) in header_words() or not text:
                name = next(
                    (v for v in said.values() if plain(v) in role_words()), text
                )
            final.append(name)
        return final


def _is_analyte(text: str) -> bool:
    return bool(text) and len(text) < 40 and parse_header(text) is not None


def _names_row(rows: list[list[str]]) -> int | None:
    """Row with the most names of analytes and known columns, None if there is none."""
    scores = [
        sum(_is_analyte(cell) or plain(cell) in role_words() for cell in row if cell)
        for row in rows
    ]
    best = max(scores, default=0)
    return scores.index(best) if best else None


def _above(
    rows: list[list[str]], analytes: list[int], width: int
) -> tuple[list[str], dict[str, list[str]]]:
    """Titles above the names, and rows that say something on every column."""
    titles, found = [], {}
    for row in rows:
        cells = _to_width(row, width)
        filled = [cells[i] for i in analytes if cells[i]]
        kind = None
        if analytes and len(filled) >= max(1, 0.5 * len(analytes)):
            kind = _kind(cells, analytes, found, sure=True)
        if kind and kind not in found:
            found[kind] = cells
        elif any(row):
            titles.append(" ".join(cell for cell in row if cell))
    return titles, found


def _below(
    rows: list[list[str]], analytes: list[int], width: int, found: dict[str, list[str]]
) -> int:
    """Number of rows below the names that belong to the header; `found` takes them."""
    count = 0
    for number, row in enumerate(rows, 1):
        cells = _to_width(row, width)
        if not any(cells):
            continue
        kind = _kind(cells, analytes, found, sure=False)
        if kind is None or kind in found:
            break
        found[kind] = cells
        count = number
    return count


def _to_width(row: list[str], width: int) -> list[str]:
    return (row + [""] * width)[:width]


def _kind(
    cells: list[str], analytes: list[int], found: dict[str, list[str]], *, sure: bool
) -> str | None:
    """What a row says on its columns: told by its label, else by its cells."""
    start = analytes[0] if analytes else 0
    labels = [cell for cell in cells[:start] if cell]
    kind = next((header_words().get(plain(label)) for label in labels), None)
    filled = [cells[i] for i in analytes if cells[i]]
    if not filled or kind == "analyte":
        return None
    units = np.mean([unit_of(cell) is not None for cell in filled])
    if units >= 0.8:
        return "unit"
    if kind and not (kind == "unit" and not units):
        return kind
    if not sure and (labels or not start):
        return None
    numbers = read_numbers(pd.Series(filled, dtype="str"))
    if np.isin(numbers.state, (NUMBER, BELOW)).mean() >= 0.8:
        known = "unit" in found or "method" in found
        limit = "upper_limit" if "detection_limit" in found else "detection_limit"
        return limit if known or sure else None
    return "method"
