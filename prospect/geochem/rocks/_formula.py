"""Formulas of analytes, parsed against a list of what is allowed, never run as code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray


def _divide(above: NDArray, below: NDArray) -> NDArray:
    """Quotient, NaN where the divisor is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.equal(below, 0), np.nan, np.divide(above, below))


OPERATORS: dict[type, Callable] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: _divide,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
}
FUNCTIONS: dict[str, Callable] = {"min": np.minimum, "max": np.maximum}


def parse_formula(formula: str) -> ast.expr:
    """
    Tree of a formula.

    Raises
    ------
    ValueError
        If it is not arithmetic on names and numbers; the part is named.
    """
    try:
        tree = ast.parse(formula.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(
            f"the formula {formula!r} cannot be read ({error.msg}). Write oxides, "
            "elements, numbers, + - * / and brackets, such as 'K2O / (K2O + Na2O)'."
        ) from None
    for node in ast.walk(tree):
        if not _allowed(node):
            raise ValueError(
                f"{ast.unparse(node) or type(node).__name__!r} is not allowed in the "
                f"formula {formula!r}: only oxides, elements, numbers, + - * /, "
                "brackets, min(a, b) and max(a, b)."
            )
    return tree


def names_of(tree: ast.expr) -> list[str]:
    """Oxides and elements a formula needs, each once."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    names = [node.id for node in sorted(found, key=lambda node: node.col_offset)]
    return [name for name in dict.fromkeys(names) if name not in FUNCTIONS]


def evaluate(tree: ast.expr, values: Mapping[str, NDArray]) -> NDArray:
    """Value of a parsed formula."""
    if isinstance(tree, ast.BinOp):
        left, right = evaluate(tree.left, values), evaluate(tree.right, values)
        return OPERATORS[type(tree.op)](left, right)
    if isinstance(tree, ast.UnaryOp):
        return OPERATORS[type(tree.op)](evaluate(tree.operand, values))
    if isinstance(tree, ast.Call):
        return FUNCTIONS[tree.func.id](*(evaluate(each, values) for each in tree.args))
    if isinstance(tree, ast.Constant):
        return tree.value
    return values[tree.id]


def _allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
        return known and len(node.args) == 2 and not node.keywords
    kinds = (ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, *OPERATORS)
    return isinstance(node, kinds)
