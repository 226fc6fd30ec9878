"""ENVI headers as people and programs really write them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ENCODINGS = ("utf-8-sig", "gb18030", "latin-1")
_KEY = re.compile(r"^\s*([^={};]+?)\s*=\s*(.*)$", re.S)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][-+]?\d+)?|[-+]?(?:nan|inf)\b")
_BLANK = re.compile(r"[\s_]+")


def is_header(path: Path) -> bool:
    """Whether a text file begins as an ENVI header does."""
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError:
        return False
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return bool(re.match(rb"envi(?![a-z0-9])", start, re.I))


def read_header(path: str | Path) -> dict[str, str]:
    """
    Entries of an ENVI header, as text.

    Keys are in lower case with single spaces; a value in braces is given without them,
    its lines joined. Comments (lines that begin with a semicolon) are skipped, inside
    braces too. A key that comes twice keeps its last value.

    Parameters
    ----------
    path : path
        The header.

    Returns
    -------
    dict of str to str

    Raises
    ------
    ValueError
        If the first line is not "ENVI", or a brace is not closed (with its line).
    """
    path = Path(path)
    if not is_header(path):
        raise ValueError(f"{path.name} does not begin with 'ENVI': no ENVI header")
    return parse_header(_decoded(path.read_bytes()), name=path.name)


def parse_header(text: str, *, name: str = "header") -> dict[str, str]:
    """Entries of the text of a header, as `read_header` gives them."""
    entries: dict[str, str] = {}
    lines = [line for line in enumerate(text.splitlines(), 1) if not _comment(line[1])]
    at = 0
    while at < len(lines):
        number, line = lines[at]
        at += 1
        found = _KEY.match(line)
        if not found:
            continue
        key, value = clean_key(found[1]), found[2].strip()
        if value.startswith("{"):
            value, at = _braced(value, lines, at, f"{name}: '{key}', line {number}")
        entries[key] = value
    return entries


def clean_key(text: str) -> str:
    """Key in lower case, blanks and underscores as one space."""
    return _BLANK.sub(" ", text.strip()).lower()


def items(value: str) -> list[str]:
    """Items of a list separated by commas; a trailing comma adds none."""
    parts = [part.strip() for part in value.split(",")]
    while parts and not parts[-1]:
        parts.pop()
    return parts


def numbers(value: str, *, key: str) -> list[float]:
    """
    Numbers of a list; commas, blanks or both between them.

    Raises
    ------
    ValueError
        If an item is no number: with its place.
    """
    parts = items(value)
    if len(parts) == 1:
        parts = parts[0].split()
    found = []
    for place, part in enumerate(parts, 1):
        try:
            found.append(float(part.lower().replace("d", "e")))
        except ValueError:
            raise ValueError(
                f"'{key}', item {place} is {part!r}, no number: correct the header"
            ) from None
    return found


def number(value: str, *, key: str) -> float:
    """First number of a value; what follows (a comment, a unit) is passed over."""
    found = _NUMBER.match(value.strip().lower())
    if not found:
        raise ValueError(f"'{key} = {value}' is no number: correct the header")
    return float(found[0].replace("d", "e"))


def whole_number(entries: dict[str, str], key: str, default: int | None = None) -> int:
    """
    Whole number under a key ("60", "60.0").

    Raises
    ------
    ValueError
        If it is absent without a default, or not a whole number.
    """
    if not entries.get(key):
        if default is None:
            raise ValueError(f"'{key}' is missing: add '{key} = …' to the header")
        return default
    value = number(entries[key], key=key)
    if not value.is_integer() or value < 0:
        raise ValueError(
            f"'{key} = {entries[key]}' is no whole number: correct the header"
        )
    return int(value)


def written(entries: dict[str, Any]) -> str:
    """Text of a header; lists in braces, a few items a line."""
    lines = ["ENVI"]
    for key, value in entries.items():
        if isinstance(value, (list, tuple)):
            shown = [str(item) for item in value]
            rows = [", ".join(shown[i : i + 8]) for i in range(0, len(shown), 8)]
            lines.append(f"{key} = {{\n " + ",\n ".join(rows) + "}")
        else:
            lines.append(f"{key} = {value}")
    return "\n".join(lines) + "\n"


def _comment(line: str) -> bool:
    return line.lstrip().startswith(";")


def _braced(
    value: str, lines: list[tuple[int, str]], at: int, where: str
) -> tuple[str, int]:
    parts = [value]
    depth = _depth(value)
    while depth > 0:
        if at == len(lines) or (
            _KEY.match(lines[at][1]) and depth and _lost(lines, at)
        ):
            raise ValueError(
                f"{where}: the brace is never closed. Add '}}' at the end of the list."
            )
        parts.append(lines[at][1].strip())
        depth += _depth(parts[-1])
        at += 1
    text = " ".join(part for part in parts if part).strip()
    return text[1 : text.rindex("}")].strip(), at


def _lost(lines: list[tuple[int, str]], at: int) -> bool:
    """Whether a new list begins before any brace closes."""
    found = _KEY.match(lines[at][1])
    return bool(found) and found[2].lstrip().startswith("{")


def _depth(text: str) -> int:
    return text.count("{") - text.count("}")


def _decoded(content: bytes) -> str:
    for encoding in ENCODINGS[:-1]:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode(ENCODINGS[-1])
