"""Formulas of bands, parsed against a list of what is allowed, never run as code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Quotient, NaN where the divisor is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.equal(below, 0), np.float32(np.nan), np.divide(above, below))


OPERATORS: dict[type, Callable] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: _divide,
    ast.Pow: np.power,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
}


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
            f"the formula {formula!r} cannot be read ({error.msg}). Write band roles, "
            "numbers, + - * / ** and brackets, such as '(nir - red) / (nir + red)'."
        ) from None
    for node in ast.walk(tree):
        if not _allowed(node):
            raise ValueError(
                f"{ast.unparse(node) or type(node).__name__!r} is not allowed in the "
                f"formula {formula!r}: only band roles, numbers, + - * / ** and "
                "brackets."
            )
    return tree


def bands_of(tree: ast.expr) -> list[str]:
    """Roles a formula needs, in order of appearance."""
    names = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    return list(dict.fromkeys(names))


def evaluate(tree: ast.expr, bands: Mapping[str, np.ndarray]) -> np.ndarray:
    """Value of a parsed formula."""
    if isinstance(tree, ast.BinOp):
        left, right = evaluate(tree.left, bands), evaluate(tree.right, bands)
        return OPERATORS[type(tree.op)](left, right)
    if isinstance(tree, ast.UnaryOp):
        return OPERATORS[type(tree.op)](evaluate(tree.operand, bands))
    if isinstance(tree, ast.Constant):
        return tree.value
    return bands[tree.id]


def _allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    kinds = (ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, *OPERATORS)
    return isinstance(node, kinds)
