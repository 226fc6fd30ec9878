"""Elements and oxides: molar masses, conversion, and finding them in a table."""

from __future__ import annotations

import functools
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from survey import atoms_in, molar_mass

from ..._note import Note

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

PERCENT = {"pct": 1.0, "permil": 0.1, "ppm": 1e-4, "ppb": 1e-7, "ppt": 1e-10}
COMPANIONS = (
    "censored",
    "over_range",
    "imputed",
    "detection_limit",
    "method",
    "lab_batch",
)


class Amount(NamedTuple):
    """Amount of a species in each sample, and what it was read from."""

    content: NDArray[np.float64]
    columns: list[str]
    notes: list[Note]


@functools.cache
def load_table(name: str) -> dict[str, Any]:
    """Content of `prospect/data/<name>.toml`."""
    file = files(__package__.partition(".")[0]).joinpath("data", f"{name}.toml")
    return tomllib.loads(file.read_text("utf-8"))


def _plain(species: str) -> str:
    """Formula of a species; that of the oxide for total iron."""
    return load_table("geochem_elements")["total_iron"].get(species, species)


def atoms_of(species: str) -> dict[str, int] | None:
    """Atoms of a species; None for what is no formula, such as LOI."""
    try:
        return atoms_in(_plain(species))
    except ValueError:
        return None


def split_name(column: str) -> tuple[str, str] | None:
    """Symbol and unit of a column such as ``Al2O3_pct`` or ``Cu_ppm_ICP``."""
    symbol, _, rest = str(column).partition("_")
    unit, _, method = rest.partition("_")
    if unit not in PERCENT or method.startswith(COMPANIONS):
        return None
    return symbol, unit


def mass_ratio(source: str, target: str) -> float:
    """Mass of `target` that holds the element of one mass unit of `source`."""
    source, target = _plain(source), _plain(target)
    if source == target:
        return 1.0
    element = element_of(source)
    if element is None or element != element_of(target):
        raise ValueError(
            f"{source!r} cannot be told as {target!r}: both must be the same element "
            "or an oxide of it, such as 'Al' and 'Al2O3'."
        )
    per_source = atoms_in(source)[element] / molar_mass(source)
    return per_source * molar_mass(target) / atoms_in(target)[element]


def element_of(species: str) -> str | None:
    """Element an oxide or symbol stands for; None for sums such as LOI."""
    atoms = atoms_of(species)
    if atoms is None:
        return None
    others = [symbol for symbol in atoms if symbol != "O"]
    return others[0] if len(others) == 1 else None


def convert_analyte(values: pd.Series, *, source: str, target: str) -> pd.Series:
    """
    Content of an element told as an oxide, of an oxide as the element, or in a unit.

    Parameters
    ----------
    values : Series
        Contents in the unit of `source`.
    source, target : str
        Analyte and unit, such as ``Al_ppm`` and ``Al2O3_pct``. ``FeOT``, ``Fe2O3T``
        (also ``TFeO``, ``TFe2O3``) are total iron.

    Returns
    -------
    Series
        Named `target`, index kept.

    Raises
    ------
    ValueError
        If a name has no unit known here or the two are not one element.

    Examples
    --------
    >>> aluminium = pd.Series([52925.0], name="Al_ppm")
    >>> print(convert_analyte(aluminium, source="Al_ppm", target="Al2O3_pct").round(3))
    0    10.0
    Name: Al2O3_pct, dtype: float64
    """
    found = [split_name(name) for name in (source, target)]
    if found[0] is None or found[1] is None:
        wrong = source if found[0] is None else target
        raise ValueError(
            f"{wrong!r} does not say analyte and unit: write it as 'Al2O3_pct'; units "
            f"are {list(PERCENT)}."
        )
    (symbol, unit), (wanted, wanted_unit) = found
    factor = mass_ratio(symbol, wanted) * PERCENT[unit] / PERCENT[wanted_unit]
    return (values * factor).rename(target)


def amount_of(
    samples: pd.DataFrame, species: str, columns: Mapping[str, str] | None = None
) -> Amount:
    """
    Amount of a species in wt %, from whatever column holds its element.

    Raises
    ------
    KeyError
        If no column holds it.
    ValueError
        If several do and none is the species itself, or a column is not numeric.
    """
    if columns and species in columns:
        chosen = columns[species]
        if chosen not in samples or split_name(chosen) is None:
            raise ValueError(
                f"columns={{{species!r}: {chosen!r}}}: there is no such column, or its "
                "name has no unit. Name a column such as 'Al2O3_pct' of the table."
            )
        return _read(samples, species, [chosen])
    held = _columns_of(samples, species)
    if not held:
        raise KeyError(species)
    exact = [name for name, symbol in held.items() if symbol == species]
    if element_of(species) == "Fe":
        return _iron(samples, species, held)
    chosen = exact or list(held)
    return _read(samples, species, [_only(species, chosen)])


def _columns_of(samples: pd.DataFrame, species: str) -> dict[str, str]:
    """Columns that hold the element of a species, each with its symbol."""
    element = element_of(species)
    found = {}
    for name in samples:
        parts = split_name(name)
        if parts is None:
            continue
        # carbon may be organic, graphite or carbonate: CO2 is read from CO2 only
        alike = element not in (None, "C") and element_of(parts[0]) == element
        if parts[0] == species or alike:
            found[str(name)] = parts[0]
    return found


def _iron(samples: pd.DataFrame, species: str, held: dict[str, str]) -> Amount:
    """Total iron; ferrous and ferric iron are added where both are given."""
    totals = load_table("geochem_elements")["total_iron"]
    total = [name for name, symbol in held.items() if symbol in totals]
    if species not in totals:
        exact = [name for name, symbol in held.items() if symbol == species]
        if not exact:
            raise KeyError(species)
        return _read(samples, species, [_only(species, exact)])
    if total:
        exact = [name for name in total if held[name] == species]
        return _read(samples, species, [_only(species, exact or total)])
    ferrous = [name for name, symbol in held.items() if symbol == "FeO"]
    ferric = [name for name, symbol in held.items() if symbol == "Fe2O3"]
    each = [_only(species, names) for names in (ferrous, ferric) if names]
    if not each:
        raise KeyError(species)
    read = _read(samples, species, each)
    if len(each) == 1:
        read.notes.append(Note("iron_taken_as_total", column=each[0]))
    return read


def _only(species: str, names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    raise ValueError(
        f"{species} can be read from {', '.join(names)}: say which, for instance "
        f"columns={{{species!r}: {names[0]!r}}}. Partial digestions are no totals."
    )


def _read(samples: pd.DataFrame, species: str, names: list[str]) -> Amount:
    total = np.zeros(len(samples))
    for name in names:
        if not pd.api.types.is_numeric_dtype(samples[name]):
            raise ValueError(
                f"column {name!r} holds text: read the table with survey.read_samples, "
                "which turns cells such as '<0.5' into numbers with flags."
            )
        symbol, unit = split_name(name) or (species, "pct")
        values = samples[name].to_numpy(dtype=float)
        if bad := int((values < 0).sum()):
            row = int(np.flatnonzero(values < 0)[0])
            raise ValueError(
                f"{bad} values of {name!r} are negative, the first is {values[row]} in "
                f"row {samples.index[row]!r}: contents are not; mark values below "
                f"detection in '{name}_censored'."
            )
        factor = mass_ratio(symbol, species) if symbol != species else 1.0
        total = total + values * factor * PERCENT[unit]
    return Amount(total, list(names), [])
