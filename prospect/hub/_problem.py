"""Problems of a hub in both languages, by code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from survey import Problem

from .._note import Note

if TYPE_CHECKING:
    from pathlib import Path


def problem(
    code: str,
    *,
    severity: str = "error",
    file: str | Path | None = None,
    value: object = None,
    **fields: Any,  # noqa: ANN401
) -> Problem:
    """Return the problem of a code: notes `code` and `code_remedy`, file and value."""
    fields = {"file": str(file or ""), "value": value, **fields}
    return Problem(
        what=Note(code, **fields),
        remedy=Note(f"{code}_remedy", **fields),
        file=None if file is None else str(file),
        value=None if value is None else str(value),
        severity=severity,
    )
