"""What is wrong with an input, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class Problem:
    """
    One thing that is wrong with an input, and its remedy.

    Parameters
    ----------
    what : str
        What is wrong, in one sentence.
    remedy : str
        What a person can do about it, in one sentence.
    file, layer : str, optional
        Where it is.
    row : int or str, optional
        Row of the table, counted from 1 without the header, or the id of the record.
    column : str, optional
        Column of the table.
    value : str, optional
        The offending value, as it was found.
    severity : {"error", "warning"}
        An error stops a run; a warning is reported and the run goes on.

    Examples
    --------
    >>> print(Problem("not a number", "write 12.5 or nd", file="a.csv", row=3,
    ...               column="Cu_ppm", value="12,5x"))
    a.csv, row 3, column 'Cu_ppm', value '12,5x': not a number. Remedy: write 12.5 or nd
    """

    what: str
    remedy: str
    file: str | None = None
    layer: str | None = None
    row: int | str | None = None
    column: str | None = None
    value: str | None = None
    severity: str = "error"

    @property
    def where(self) -> str:
        """File, layer, row, column and value, as far as they are known."""
        parts = [
            self.file,
            self.layer and f"layer '{self.layer}'",
            self.row is not None and f"row {self.row}",
            self.column and f"column '{self.column}'",
            self.value is not None and f"value '{self.value}'",
        ]
        return ", ".join(str(part) for part in parts if part)

    def __str__(self) -> str:
        """Return one line: where, what, remedy."""
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}. Remedy: {self.remedy}"


class DataProblems(ValueError):  # noqa: N818
    """
    All problems found in an input, together.

    Parameters
    ----------
    problems : iterable of Problem
        At least one.

    Examples
    --------
    >>> raise DataProblems([Problem("no CRS is declared", "state crs='EPSG:4326'",
    ...                             file="gold.csv")])
    Traceback (most recent call last):
    ...
    survey._problems.DataProblems: 1 problem
      1. gold.csv: no CRS is declared. Remedy: state crs='EPSG:4326'
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        count = len(self.problems)
        lines = [f"{count} problem{'s' if count != 1 else ''}"]
        lines += [f"  {i}. {problem}" for i, problem in enumerate(self.problems, 1)]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[type[DataProblems], tuple[Sequence[Problem]]]:
        """Rebuild from the problems, so that workers can send the error home."""
        return type(self), (self.problems,)
