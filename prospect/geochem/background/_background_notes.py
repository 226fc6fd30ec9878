"""What a background rests on, in words: few values, values below detection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._note import Note

if TYPE_CHECKING:
    from ._background_values import Contents

FEW = 30
N_TRIMMED = 11  # of 10 values none lies beyond 3 S: (n - 1) / √n < 3


def joined(notes: list[Note]) -> str:
    """Notes as one, "" if there is none."""
    if len(notes) < 2:
        return notes[0] if notes else ""
    return Note("background_notes", notes=notes)


def notes_of(
    part: Contents, threshold: float, method: str, censored: str, spread: float
) -> list[Note]:
    """Notes on the values that a background was fitted on."""
    used, n = part.used, int(part.used.sum())
    if not n:
        return [Note("background_no_values"), *_left_out(part, censored)]
    notes = []
    if n < FEW:
        notes.append(Note("background_few", n=n))
    if n < N_TRIMMED and method == "iterative":
        notes.append(Note("background_cannot_trim", n=n))
    n_limit = int(part.at_limit.sum())
    if n_limit > n / 2:
        limit = float(np.median(part.value[used]))
        told = {"n": n_limit, "total": n, "limit": f"{limit:g}", "unit": part.unit}
        notes.append(Note("background_half_censored", **told))
    if n_limit and method in {"iterative", "mean_sd"}:
        notes.append(Note("background_at_limit", n=n_limit))
    notes += _left_out(part, censored)
    if part.over_range.any():
        notes.append(Note("background_over_range", n=int(part.over_range.sum())))
    hidden = int((part.at_limit & (part.value > threshold)).sum())
    if hidden:
        notes.append(Note("background_limit_above", n=hidden))
    if spread == 0 and method != "mixture" and not part.at_limit.any():
        notes.append(Note("background_no_spread"))
    return notes


def _left_out(part: Contents, censored: str) -> list[Note]:
    notes = []
    if part.no_limit.any():
        notes.append(Note("background_no_limit", n=int(part.no_limit.sum())))
    if censored == "drop":
        n = int((part.censored & ~part.no_limit).sum())
        if n:
            notes.append(Note("background_dropped", n=n))
    return notes
