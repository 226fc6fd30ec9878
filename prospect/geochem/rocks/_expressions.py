"""Formulas of analytes computed on a table of samples, flags taken into account."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from survey import molar_mass

from ..._note import Note
from ..composition._parts import flags_of as column_of_flags
from ._formula import read_formula
from ._species import amount_of, atoms_of, load_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

BASES = ("wt", "molar")
CENSORED = {
    "missing": "formula_censored_missing",
    "limit": "formula_censored_limit",
}
STAR = "CaO_star"


class Computed(NamedTuple):
    """
    Value of a formula in each sample.

    `content` is the value, `columns` what each name was read from; `n_censored` counts
    samples of which a value was below detection and not imputed, `n_imputed` those with
    an imputed one.
    """

    content: NDArray[np.float64]
    columns: dict[str, str]
    n_censored: int
    n_imputed: int
    notes: list[Note]


class Reading(NamedTuple):
    """How formulas are to be read: meaning of names, calcium, censored values."""

    basis: str = "wt"
    calcium: str = "mclennan"
    censored: str = "missing"
    columns: Mapping[str, str] | None = None

    def check(self) -> None:
        """Raise where an option is not one of those there are."""
        known = {
            "basis": (self.basis, BASES),
            "calcium": (self.calcium, tuple(load_table("geochem_indices")["calcium"])),
            "censored": (self.censored, tuple(CENSORED)),
        }
        for name, (value, allowed) in known.items():
            if value not in allowed:
                raise ValueError(
                    f"{name} must be one of {list(allowed)}. Got {value!r} instead."
                )


def compute(samples: pd.DataFrame, formula: str, how: Reading) -> Computed:
    """
    Value of a formula in each sample; NaN where a content is missing.

    Raises
    ------
    KeyError
        If columns are missing, with all that are needed.
    """
    how.check()
    parsed = read_formula(formula)
    star = load_table("geochem_indices")["calcium"][how.calcium]["formula"]
    star = read_formula(star)
    needed = list(parsed.names)
    if STAR in needed:
        at = needed.index(STAR)
        needed[at : at + 1] = star.names
    amounts = _amounts(samples, list(dict.fromkeys(needed)), formula, how)
    molar = how.basis == "molar"
    values = {
        name: amount.content * _factor(name, molar=molar)
        for name, amount in amounts.items()
    }
    if STAR in parsed.names:
        values[STAR] = star(values)
    found = np.asarray(parsed(values), dtype=float)
    found = np.broadcast_to(found, len(samples)).copy()
    names = [name for amount in amounts.values() for name in amount.columns]
    censored, imputed = flags_of(samples, names)
    if how.censored == "missing":
        found[censored] = np.nan
    notes = [note for amount in amounts.values() for note in amount.notes]
    if censored.any():
        affected = sorted({n for n in names if flags_of(samples, [n])[0].any()})
        notes.append(censored_note(how.censored, int(censored.sum()), affected))
    columns = {name: " + ".join(amount.columns) for name, amount in amounts.items()}
    return Computed(found, columns, int(censored.sum()), int(imputed.sum()), notes)


def censored_note(censored: str, n: int, analytes: list[str]) -> Note:
    """What became of samples with values below detection."""
    return Note(CENSORED[censored], n=n, analytes=analytes)


def flags_of(
    samples: pd.DataFrame, names: list[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Samples with a value below detection as it is, and with an imputed one."""
    censored = np.zeros(len(samples), dtype=bool)
    imputed = np.zeros(len(samples), dtype=bool)
    for name in names:
        below = flag(samples, f"{name}_censored")
        filled = flag(samples, f"{name}_imputed")
        censored |= below & ~filled
        imputed |= filled
    return censored, imputed


def flag(samples: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    """Boolean companion column; False everywhere where there is none."""
    found = column_of_flags(samples, name)
    return np.zeros(len(samples), dtype=bool) if found is None else found


def _amounts(
    samples: pd.DataFrame, needed: list[str], formula: str, how: Reading
) -> dict:
    amounts, missing = {}, []
    for name in needed:
        try:
            amounts[name] = amount_of(samples, name, how.columns)
        except KeyError:
            missing.append(name)
    if missing:
        hint = ""
        if "P2O5" in missing and how.calcium != "sodium":
            hint = " Without P2O5, calcium='sodium' leaves apatite out of account."
        raise KeyError(
            f"the formula {formula} needs {', '.join(needed)}; {', '.join(missing)} "
            "not found. Add columns such as "
            + ", ".join(f"'{_example(name)}'" for name in missing)
            + f", or name them with columns={{...}}.{hint}"
        )
    return amounts


def _example(name: str) -> str:
    atoms = atoms_of(name)
    return f"{name}_ppm" if atoms and len(atoms) == 1 else f"{name}_pct"


def _factor(name: str, *, molar: bool) -> float:
    """From weight percent to what a name in a formula means."""
    if molar:
        return 1 / molar_mass(name)
    atoms = atoms_of(name)
    return 1e4 if atoms and len(atoms) == 1 else 1.0
