"""Formulas of oxides and elements."""

from __future__ import annotations

from spectral.indices import Formula


def read_formula(text: str) -> Formula:
    """Arithmetic on oxides and elements; ValueError if it is none, naming the part."""
    return Formula(text, names="oxides, elements", example="K2O / (K2O + Na2O)")
