"""What multivariate methods share: complete positive analytes as log-ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.linalg import helmert

from survey import DataProblems, Problem

from ..._note import Note
from ..composition._logratio import log_ratios
from ..composition._parts import (
    bad_parts,
    check_settled,
    chosen_columns,
    find_parts,
    row_name,
)
from ..rocks._expressions import flag

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


class Ratios(NamedTuple):
    """
    Centred log-ratios of a table, and how much of it was not measured.

    `clr` has a row a sample and a column a part; shares are of all its cells.
    """

    clr: NDArray[np.float64]
    names: list[str]
    index: pd.Index
    n_censored: int
    n_imputed: int
    notes: list[Note]

    @property
    def attrs(self) -> dict[str, Any]:
        """What a result says about its input."""
        cells = max(self.clr.size, 1)
        return {
            "parts": list(self.names),
            "n_censored": self.n_censored,
            "n_imputed": self.n_imputed,
            "censored_share": self.n_censored / cells,
            "imputed_share": self.n_imputed / cells,
            "notes": list(self.notes),
        }

    @property
    def coordinates(self) -> NDArray[np.float64]:
        """Isometric log-ratios, one column less than there are parts."""
        return self.clr @ contrast_matrix(len(self.names))


def contrast_matrix(n: int) -> NDArray[np.float64]:
    """Orthonormal columns that lead from clr of n parts to ilr and back, (n, n - 1)."""
    return helmert(n).T


def centred_ratios(
    table: pd.DataFrame, columns: Iterable[str] | None, *, censored: str = "refuse"
) -> Ratios:
    """
    Centred log-ratios of analytes that must be complete and positive.

    Raises
    ------
    DataProblems
        For each column: values that are missing, zero, negative, infinite, or below
        detection and not imputed.
    """
    if censored not in ("refuse", "limit"):
        raise ValueError(
            f"censored must be 'refuse' or 'limit'. Got {censored!r} instead."
        )
    names = chosen_columns(table, columns, what="analytes")
    parts = find_parts(names, table.attrs.get("units", {}))
    if not len(table):
        raise ValueError("the table has no row: give at least one sample")
    if censored == "refuse":
        check_settled(table, names)
    arrays = [_numbers(table, name) for name in names]
    problems = bad_parts(arrays, names, table.index, missing=False)
    problems += _missing(arrays, names, table.index)
    if problems:
        raise DataProblems(problems)
    found, _ = log_ratios(arrays, shifts=parts.shifts)
    imputed = sum(int(flag(table, f"{name}_imputed").sum()) for name in names)
    below = [flag(table, f"{n}_censored") & ~flag(table, f"{n}_imputed") for n in names]
    taken = int(np.sum(below))
    notes = parts.notes
    if taken:
        notes.append(Note("parts_at_limit", n=taken, total=found.size))
    if imputed:
        notes.append(Note("parts_imputed_share", n=imputed, total=found.size))
    clr = np.ascontiguousarray(found.T)
    return Ratios(clr, names, table.index, taken, imputed, notes)


def fixed_signs(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of which the entry of largest size is positive; ties go to the first."""
    size = np.abs(vectors)
    # entries that differ by rounding count as equal
    near = size >= size.max(axis=1, keepdims=True) * (1 - 1e-9)
    signs = np.sign(vectors[np.arange(len(vectors)), near.argmax(axis=1)])
    return vectors * np.where(signs == 0, 1.0, signs)[:, None]


def _numbers(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    column = table[name]
    if not pd.api.types.is_numeric_dtype(column):
        raise ValueError(
            f"column {name!r} holds text: read the table with survey.read_samples, "
            "which turns cells such as '<0.5' into numbers with flags."
        )
    return column.to_numpy(dtype=float, na_value=np.nan)


def _missing(
    arrays: list[NDArray[np.float64]], names: list[str], index: pd.Index
) -> list[Problem]:
    problems = []
    for name, cells in zip(names, arrays, strict=True):
        gone = np.isnan(cells)
        if gone.any():
            rows = [row_name(index[i]) for i in np.flatnonzero(gone)[:5]]
            what = Note("analyte_missing", n=int(gone.sum()), total=len(cells))
            remedy = Note("analyte_missing_remedy")
            more = ", …" if gone.sum() > 5 else ""
            where = ", ".join(rows) + more
            problems.append(Problem(what, remedy, row=where, column=name))
    return problems
