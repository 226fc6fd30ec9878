"""Text of spectra files: decoded, split into header and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def decode(content: bytes) -> str:
    """Text in UTF-8, GB18030 or, where neither fits, Latin-1."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def numbers(line: str) -> list[float] | None:
    """Numbers of a line, None if it holds anything else."""
    parts = line.replace(",", " ").replace(";", " ").split()
    try:
        return [float(part) for part in parts] or None
    except ValueError:
        return None


def columns_of(lines: Sequence[str], name: str, *, start: int = 1) -> np.ndarray:
    """
    Columns of numbers.

    Parameters
    ----------
    lines : sequence of str
        Lines of the table; empty ones are passed over.
    name : str
        What messages call the file.
    start : int
        Number of the first line in the file, for messages.

    Returns
    -------
    ndarray, shape (n_columns, n_lines)

    Raises
    ------
    ValueError
        If a line is no numbers, or lines have different numbers of them: with the line.
    """
    rows, width = [], None
    for i, line in enumerate(lines, start):
        if not line.strip():
            continue
        row = numbers(line)
        if row is None or (width is not None and len(row) != width):
            wanted = "numbers" if width is None else f"{width} numbers"
            raise ValueError(
                f"{name}, line {i}: {line.strip()[:60]!r} where {wanted} should stand. "
                "The file is cut or edited: get it anew from its origin."
            )
        width = len(row)
        rows.append(row)
    if not rows:
        raise ValueError(f"{name} has a header but no values: get it anew.")
    return np.array(rows).T


def header_of(lines: Sequence[str], separator: str) -> dict[str, str]:
    """
    Fields of header lines by lower-case key; lines without the separator go on.

    Parameters
    ----------
    lines : sequence of str
        The header.
    separator : str
        Between key and value.
    """
    fields: dict[str, str] = {}
    last = None
    for line in lines:
        key, found, value = line.partition(separator)
        if found and key.strip():
            last = key.strip().lower()
            fields[last] = value.strip()
        elif last is not None and line.strip():
            fields[last] = f"{fields[last]} {line.strip()}".strip()
    return fields
