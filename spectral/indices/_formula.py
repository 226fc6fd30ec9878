"""Formulas of names, parsed against a list of what is allowed, never run as code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _divide(above: Any, below: Any) -> Any:  # noqa: ANN401
    """Quotient, NaN where the divisor is zero."""
    zero = np.equal(below, 0)
    found = np.divide(above, below)
    if not zero.any():
        return found
    return np.where(zero, np.asarray(np.nan, np.asarray(found).dtype), found)


def _power(base: Any, exponent: Any) -> Any:  # noqa: ANN401
    """Power; of arrays with the quick ways of squares and roots."""
    if isinstance(base, np.ndarray):
        return base**exponent
    return np.power(base, exponent)


OPERATORS: dict[type, Callable] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: _divide,
    ast.Pow: _power,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
}
FUNCTIONS: dict[str, Callable] = {"min": np.minimum, "max": np.maximum}


class Formula:
    """
    Arithmetic on named values: + - * / ** and brackets, min(a, b), max(a, b).

    Parameters
    ----------
    text : str
        Such as ``"(nir - red) / (nir + red)"``.
    names : str
        What the names are, for messages.
    example : str
        A formula that would do, for messages.

    Attributes
    ----------
    text : str
        As given, without the blanks around it.
    names : tuple of str
        That stand in it, each once, in their order.

    Raises
    ------
    ValueError
        If it is not arithmetic on names and numbers; the part is named.

    Examples
    --------
    >>> ndvi = Formula("(nir - red) / (nir + red)")
    >>> ndvi.names
    ('nir', 'red')
    >>> print(ndvi({"nir": np.array([0.5, 0.0]), "red": np.array([0.1, 0.0])}))
    [0.667   nan]
    """

    def __init__(
        self,
        text: str,
        *,
        names: str = "band roles",
        example: str = "(nir - red) / (nir + red)",
    ) -> None:
        self.text = text.strip()
        self._tree = _parsed(self.text, names, example)
        found = [
            node
            for node in ast.walk(self._tree)
            if isinstance(node, ast.Name) and node.id not in FUNCTIONS
        ]
        found.sort(key=lambda node: (node.lineno, node.col_offset))
        self.names = tuple(dict.fromkeys(node.id for node in found))

    def __call__(self, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Value of the formula; NaN where a divisor is zero."""
        with np.errstate(all="ignore"):
            return _value(self._tree, values)

    def __repr__(self) -> str:
        """Text it was made from."""
        return f"Formula({self.text!r})"

    def renamed(self, names: Mapping[str, str]) -> str:
        """Text with other names in it."""
        tree = ast.parse(self.text, mode="eval").body
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = names.get(node.id, node.id)
        return ast.unparse(tree)


def _parsed(text: str, names: str, example: str) -> ast.expr:
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise ValueError(
            f"the formula {text!r} cannot be read ({error.msg}). Write {names}, "
            f"numbers, + - * / ** and brackets, such as {example!r}."
        ) from None
    for node in ast.walk(tree):
        if not _allowed(node):
            raise ValueError(
                f"{ast.unparse(node) or type(node).__name__!r} is not allowed in the "
                f"formula {text!r}: only {names}, numbers, + - * / **, brackets, "
                "min(a, b) and max(a, b)."
            )
    return tree


def _allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return type(node.value) in (int, float)
    if isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS
        return known and len(node.args) == 2 and not node.keywords
    kinds = (ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, *OPERATORS)
    return isinstance(node, kinds)


def _value(tree: ast.expr, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    if isinstance(tree, ast.BinOp):
        left, right = _value(tree.left, values), _value(tree.right, values)
        found = OPERATORS[type(tree.op)](left, right)
        # numbers of a formula must not make float32 bands float64
        return found.item() if isinstance(found, np.generic) else found
    if isinstance(tree, ast.UnaryOp):
        return OPERATORS[type(tree.op)](_value(tree.operand, values))
    if isinstance(tree, ast.Call):
        return FUNCTIONS[tree.func.id](*(_value(each, values) for each in tree.args))
    if isinstance(tree, ast.Constant):
        return tree.value
    return values[tree.id]
