"""Parts of a composition: which columns or grids, in one unit, checked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from survey import DataProblems, Problem, check_columns

from ..._note import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

# how many of the first unit of a family go into one of each
MASS = {"ppm": 1.0, "pct": 1e4, "permil": 1e3, "ppb": 1e-3, "ppt": 1e-6}
WATER = {"ug_L": 1.0, "mg_L": 1e3, "ng_L": 1e-3}
WHOLE = {unit: 1e6 / size for unit, size in MASS.items()}
COMPANIONS = (
    "censored",
    "over_range",
    "detection_limit",
    "method",
    "lab_batch",
    "imputed",
)
_DERIVED = tuple(f"_{name}" for name in COMPANIONS)
_NAMED = re.compile(rf"(.+?)_({'|'.join([*MASS, *WATER])})(?:_(.+))?")
_ELEMENT = re.compile(r"T?([A-Z][a-z]?)(?:\d*O\d*)?(?:T|pos|neg)?")
# both hold iron or hydrogen, but not the same iron or hydrogen
_APART = ({"FeO", "Fe2O3"}, {"H2Opos", "H2Oneg"})


class Part(NamedTuple):
    """One part: column, symbol (with method), unit, factor to the common unit."""

    column: str
    label: str
    unit: str | None
    factor: float


class Parts(NamedTuple):
    """Parts of a composition and the unit they were brought to (None if untold)."""

    parts: tuple[Part, ...]
    unit: str | None

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [part.column for part in self.parts]

    @property
    def labels(self) -> list[str]:
        """Symbols of the parts."""
        return [part.label for part in self.parts]

    @property
    def shifts(self) -> NDArray[np.float64]:
        """What is added to the logarithm of each part for the common unit."""
        return np.log([part.factor for part in self.parts])

    @property
    def attrs(self) -> dict[str, Any]:
        """What a result says about its parts."""
        converted = {p.column: p.factor for p in self.parts if p.factor != 1}
        return {"parts": self.columns, "unit": self.unit, "converted": converted}

    @property
    def notes(self) -> list[Note]:
        """What is said about the units."""
        converted = [part.column for part in self.parts if part.factor != 1]
        if converted:
            return [Note("parts_converted", columns=converted, unit=self.unit)]
        return [] if self.unit else [Note("parts_without_unit")]


class Plan(NamedTuple):
    """
    What is made of parts: names, and the matrix that makes it of their logarithms.

    Without a matrix they are centred. `said` goes into attrs["composition"].
    """

    names: list[str]
    matrix: NDArray[np.float64] | None
    said: dict[str, Any]


def split_name(column: str) -> tuple[str, str | None]:
    """
    Symbol (with method) and unit of the name of a column.

    Examples
    --------
    >>> split_name("Cu_ppm_ICP"), split_name("SiO2_pct"), split_name("depth")
    (('Cu_ICP', 'ppm'), ('SiO2', 'pct'), ('depth', None))
    """
    found = _NAMED.fullmatch(column)
    if not found or f"_{found[3]}".endswith(_DERIVED):
        return column, None
    return "_".join(part for part in (found[1], found[3]) if part), found[2]


def join_name(label: str, unit: str | None) -> str:
    """Name of a column from symbol (with method) and unit."""
    symbol, _, method = label.partition("_")
    return "_".join(part for part in (symbol, unit, method) if part)


def find_parts(
    names: Sequence[str], units: Mapping[str, Any], *, unit: str | None = None
) -> Parts:
    """Parts of the named columns, in a common unit; `units` tells what names do not."""
    if len(names) < 2:
        raise ValueError(
            f"a composition has at least two parts; got {list(names)}. Name them with "
            "columns="
        )
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if list(names).count(name) > 1})
        raise ValueError(f"named twice: {twice}. Name each part once.")
    _check_elements(names)
    found = {}
    for name in names:
        label, told = split_name(name)
        other = str(units.get(name) or "")
        found[name] = label, told or (other if other in MASS | WATER else None)
    common = _common_unit(found, unit)
    sizes = MASS | WATER
    parts = [
        Part(name, label, own, sizes[own] / sizes[common] if own and common else 1.0)
        for name, (label, own) in found.items()
    ]
    return Parts(tuple(parts), common)


def _common_unit(
    found: Mapping[str, tuple[str, str | None]], wanted: str | None
) -> str | None:
    units = {unit for _, unit in found.values()}
    family = next((each for each in (MASS, WATER) if units <= set(each)), None)
    if units == {None}:
        if wanted:
            raise ValueError(
                f"unit={wanted!r} is asked for, but the unit of no part is known: name "
                "the columns by symbol and unit, as Cu_ppm"
            )
        return None
    if family is None:
        said = ", ".join(f"{name} ({unit or '?'})" for name, (_, unit) in found.items())
        raise ValueError(
            f"the parts have no common unit: {said}. Name the columns by symbol and "
            "unit (Cu_ppm, SiO2_pct), and do not mix contents of solids and of water."
        )
    if wanted is None:
        return units.pop() if len(units) == 1 else next(iter(family))
    if wanted not in family:
        raise ValueError(f"unit={wanted!r}: use one of {list(family)}")
    return wanted


def position(parts: Parts, wanted: str | int) -> int:
    """Number of a part that is named by column, symbol or number."""
    for names in (parts.columns, parts.labels):
        if wanted in names:
            return names.index(wanted)
    if isinstance(wanted, int) and -len(parts.parts) <= wanted < len(parts.parts):
        return wanted % len(parts.parts)
    raise ValueError(f"{wanted!r} is not one of the parts: {parts.columns}")


def element_of(label: str) -> str | None:
    """
    Element that a symbol or oxide stands for, None if it is a sum or a plain name.

    Examples
    --------
    >>> [element_of(text) for text in ("Cu", "Al2O3", "Fe2O3T", "CO2", "LOI")]
    ['Cu', 'Al', 'Fe', 'C', None]
    """
    found = _ELEMENT.fullmatch(label.partition("_")[0])
    return found[1] if found else None


def _check_elements(names: Sequence[str]) -> None:
    """Refuse columns that hold the same element."""
    groups: dict[str, list[str]] = {}
    for name in names:
        element = element_of(split_name(name)[0])
        if element:
            groups.setdefault(element, []).append(name)
    problems = []
    for element, columns in groups.items():
        symbols = [split_name(name)[0].partition("_")[0] for name in columns]
        if len(columns) == 1 or (len(columns) == 2 and set(symbols) in _APART):
            continue
        what = Note("parts_element_twice", element=element, columns=columns)
        remedy = Note("parts_element_twice_remedy", column=columns[0])
        problems.append(Problem(what, remedy, column=columns[-1]))
    if problems:
        raise DataProblems(problems)


def chosen_columns(
    table: pd.DataFrame, columns: Iterable[str] | None, *, what: str = "parts"
) -> list[str]:
    """Names of the parts: those asked for, else all analytes, else all numbers."""
    if columns is not None:
        names = [columns] if isinstance(columns, str) else list(columns)
        check_columns(table, names)
        return names
    everything = [str(name) for name in table.columns]
    told = table.attrs.get("units", {})
    known = MASS | WATER
    plain = [name for name in everything if not name.endswith(_DERIVED)]
    names = [n for n in plain if split_name(n)[1] or str(told.get(n)) in known]
    if names:
        return names
    numeric = [
        name
        for name in everything
        if pd.api.types.is_numeric_dtype(table[name])
        and not pd.api.types.is_bool_dtype(table[name])
    ]
    if numeric != everything:
        raise ValueError(f"no column tells symbol and unit: name the {what}, columns=")
    return numeric


def flags_of(table: pd.DataFrame, name: str) -> NDArray[np.bool_] | None:
    """Column of flags, None if there is none; anything but yes and no is refused."""
    if name not in table:
        return None
    column = table[name]
    if column.dtype == bool:
        return column.to_numpy()
    gone = column.isna()
    odd = gone | ~column.isin([True, False])
    if odd.any():
        first = column.index[int(np.argmax(odd))]
        raise ValueError(
            f"column {name!r}: {int(odd.sum())} of {len(column)} cells are not true or "
            f"false, the first is {column[odd].iloc[0]!r} in row {first}: say for each "
            "value whether it is below detection"
        )
    return column.to_numpy(bool)


def settled(table: pd.DataFrame, column: str) -> NDArray[np.bool_] | None:
    """Cells that are below detection and not imputed; None if there is no flag."""
    censored = flags_of(table, f"{column}_censored")
    done = flags_of(table, f"{column}_imputed")
    return censored if censored is None or done is None else censored & ~done


def check_settled(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse columns with values below detection that were not imputed."""
    problems = []
    for column in columns:
        open_ = settled(table, column)
        if open_ is not None and open_.any():
            what = Note("parts_censored", n=int(open_.sum()), total=len(table))
            first = table.index[int(np.argmax(open_))]
            remedy = Note("parts_censored_remedy")
            problems.append(Problem(what, remedy, row=row_name(first), column=column))
    if problems:
        raise DataProblems(problems)


def bad_parts(
    values: Iterable[NDArray], columns: Sequence[str], index: pd.Index, *, missing: bool
) -> list[Problem]:
    """Problems of values that are zero, negative, infinite or (if so told) missing."""
    problems = []
    for column, cells in zip(columns, values, strict=True):
        faults = [
            ("parts_zero", "parts_zero_remedy", cells == 0),
            ("parts_negative", "parts_negative_remedy", cells < 0),
            ("parts_infinite", "parts_infinite_remedy", np.isposinf(cells)),
            ("parts_missing", "parts_missing_remedy", np.isnan(cells) & missing),
        ]
        for code, remedy, at in faults:
            if at.any():
                first = int(np.argmax(at))
                what = Note(code, n=int(at.sum()), total=len(cells))
                where = {"row": row_name(index[first]), "column": column}
                where["value"] = f"{cells[first]:g}"
                problems.append(Problem(what, Note(remedy), **where))
    return problems


def refuse(
    values: Iterable[NDArray],
    columns: Sequence[str],
    index: pd.Index,
    missing: str,
    found: NDArray[np.float64],
) -> int:
    """Raise for values without logarithm; rows with missing ones are NaN, counted."""
    values = list(values)
    problems = bad_parts(values, columns, index, missing=missing == "refuse")
    if problems:
        raise DataProblems(problems)
    gone = np.zeros(len(index), bool)
    for cells in values:
        gone |= np.isnan(cells)
    found[:, gone] = np.nan
    return int(gone.sum())


def row_name(label: Any) -> Any:  # noqa: ANN401
    """Row that a problem can show: a name as it is, a number counted from 1."""
    whole = isinstance(label, int | np.integer) and not isinstance(label, bool)
    return str(int(label) + 1) if whole else str(label)
