"""Formulas of elements and oxides: atoms and molar masses."""

from __future__ import annotations

import re

from ._headers import load_words


def atoms_in(formula: str) -> dict[str, int]:
    """
    Atoms of each element in a formula.

    Parameters
    ----------
    formula : str
        Element or compound, such as "Al2O3"; total iron may be written "TFe2O3".

    Returns
    -------
    dict of str to int
        Number of atoms by symbol.

    Raises
    ------
    ValueError
        If it is no formula of elements with a known weight.

    Examples
    --------
    >>> atoms_in("CaCO3")
    {'Ca': 1, 'C': 1, 'O': 3}
    """
    table = load_words("atomic_weights")
    text = table["formulas"].get(formula, formula)
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", text)
    whole = "".join(element + number for element, number in parts) == text
    if not parts or not whole or any(e not in table["weights"] for e, _ in parts):
        raise ValueError(
            f"{formula!r} is no element or oxide with a known weight: write a symbol "
            "or formula such as 'Al' or 'Al2O3'"
        )
    atoms: dict[str, int] = {}
    for element, number in parts:
        atoms[element] = atoms.get(element, 0) + int(number or 1)
    return atoms


def molar_mass(formula: str) -> float:
    """
    Mass of one mole of an element or compound.

    Parameters
    ----------
    formula : str
        As for `atoms_in`.

    Returns
    -------
    float
        g/mol, by the abridged standard atomic weights of 2021.

    Raises
    ------
    ValueError
        If it is no formula of elements with a known weight.

    References
    ----------
    Prohaska, T. et al. (2022). Standard atomic weights of the elements 2021. Pure and
    Applied Chemistry 94, 573-600.

    Examples
    --------
    >>> round(molar_mass("Fe2O3"), 3), round(molar_mass("TFe2O3"), 3)
    (159.687, 159.687)
    """
    weights = load_words("atomic_weights")["weights"]
    return sum(count * weights[element] for element, count in atoms_in(formula).items())
