"""Values below detection of a table: which, and below what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from survey import Problem

from ..._note import Note
from ..composition._nouns import numbers_of
from ..composition._parts import flags_of, row_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class Cells(NamedTuple):
    """One analyte: values, which are below detection, and the limit of those."""

    column: str
    numbers: NDArray[np.float64]
    censored: NDArray[np.bool_]
    limits: NDArray[np.float64]
    notes: list[Note]
    problems: list[Problem]

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Neither a value nor below a limit."""
        return np.isnan(self.numbers) & ~self.censored


def read_cells(
    table: pd.DataFrame, column: str, limits: Mapping[str, Any] | None = None
) -> Cells:
    """
    Values of a column; `limits` of censored ones are told, or stand in the table.

    In the table the column ending in _detection_limit comes first, then the value
    column itself, unless it holds an imputed value.
    """
    values = numbers_of(table, [column])[0].copy()
    censored = flags_of(table, f"{column}_censored")
    if censored is None:
        censored = np.zeros(len(table), bool)
    own = values.copy()
    imputed = flags_of(table, f"{column}_imputed")
    if imputed is not None:
        own[imputed] = np.nan
    told = np.full(len(table), np.nan)
    if f"{column}_detection_limit" in table:
        told = numbers_of(table, [f"{column}_detection_limit"])[0]
    if limits is not None and column in limits:
        given = np.asarray(limits[column], dtype=float)
        if given.ndim and given.shape != told.shape:
            raise ValueError(
                f"limits of {column!r} have shape {given.shape}: give one number, or "
                f"one for each of the {len(table)} rows"
            )
        if (given <= 0).any() or np.isinf(given).any():
            raise ValueError(
                f"limits of {column!r}: a limit of detection is a positive number, in "
                "the unit of the column; NaN leaves the limits of the table"
            )
        told = np.where(np.isnan(given), told, given)
    below = np.where(censored, np.where(np.isnan(told), own, told), np.nan)
    notes = _notes(column, censored, own, told)
    problems = _problems(table.index, column, censored, below)
    values[censored] = np.nan
    return Cells(column, values, censored, below, notes, problems)


def _notes(column: str, censored: NDArray, own: NDArray, told: NDArray) -> list[Note]:
    notes = []
    with np.errstate(invalid="ignore"):
        differ = censored & (np.abs(own - told) > 1e-9 * np.abs(told))
        under = ~censored & (own < told)
    if differ.any():
        notes.append(Note("limits_differ", column=column, n=int(differ.sum())))
    if under.any():
        notes.append(Note("limits_above_values", column=column, n=int(under.sum())))
    return notes


def _problems(
    index: pd.Index, column: str, censored: NDArray, below: NDArray
) -> list[Problem]:
    problems = []
    faults = [
        ("limits_untold", "limits_untold_remedy", np.isnan(below)),
        ("limits_not_positive", "limits_not_positive_remedy", below <= 0),
    ]
    for code, remedy, fault in faults:
        at = censored & fault
        if at.any():
            first = int(np.argmax(at))
            what = Note(code, n=int(at.sum()), total=int(censored.sum()))
            where = {"row": row_name(index[first]), "column": column}
            where["value"] = f"{below[first]:g}"
            problems.append(Problem(what, Note(remedy), **where))
    return problems
