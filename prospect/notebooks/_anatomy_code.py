"""Rules for the code of a notebook: public, portable, shown, explained."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from ._source import tags_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ABSOLUTE = re.compile(r"^(/(?!/)[\w.-]+/|~[/\\]|[A-Za-z]:[\\/]|\\\\\w|file://)")
MAGIC = re.compile(r"^\s*[%!]", re.MULTILINE)
SHOWN = re.compile(r"^(figure|view)_")
LONGEST_HELPER = 10
TUPLES = {"_asdict", "_replace", "_fields"}  # public in spite of their names


def check_code(cells: list[dict]) -> Iterator[tuple[str, dict]]:
    """Yield what is wrong with the code cells, a code of a note with its values."""
    trees = list(_trees(cells))
    for number, cell, tree in trees:
        if tree is None:
            yield "code_syntax", {"cell": number}
            continue
        yield from _check_cell(number, cell, tree)
    parts = [tree for _, _, tree in trees if tree is not None]
    yield from _check_imports(parts)
    tagged = [cell for _, cell, _ in trees if "parameters" in tags_of(cell)]
    if len(tagged) != 1:
        yield "parameters_cell", {"n": len(tagged)}
    for cell in tagged:
        yield from _check_parameters(cell)


def parameters_of(cells: list[dict]) -> dict[str, int]:
    """Parameters by name, with the row of the cell (from 1) where each is set."""
    found: dict[str, int] = {}
    for cell in cells:
        if cell["cell_type"] == "code" and "parameters" in tags_of(cell):
            tree = _parsed(cell["source"])
            for node in tree.body if tree else ():
                if isinstance(node, ast.Assign):
                    names = [t.id for t in node.targets if isinstance(t, ast.Name)]
                    found |= dict.fromkeys(names, node.lineno)
    return found


def named_data(cells: list[dict]) -> set[str]:
    """Names of data sets that the code fetches."""
    found = set()
    for _, _, tree in _trees(cells):
        for node in ast.walk(tree) if tree else ():
            name = _called(node)
            if name == "sample_district":
                found.add("synthetic_district")
            if name == "fetch_data" and isinstance(node, ast.Call) and node.args:
                value = node.args[0]
                if isinstance(value, ast.Constant):
                    found.add(str(value.value))
    return found


def _trees(cells: list[dict]) -> Iterator[tuple[int, dict, ast.Module | None]]:
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] == "code" and cell["source"].strip():
            yield number, cell, _parsed(cell["source"])


def _parsed(source: str) -> ast.Module | None:
    try:
        return None if MAGIC.search(source) else ast.parse(source)
    except (SyntaxError, ValueError):
        return None


def _check_cell(
    number: int, cell: dict[str, Any], tree: ast.Module
) -> Iterator[tuple[str, dict]]:
    for node in ast.walk(tree):
        private = _private(node)
        if private:
            yield "name_private", {"cell": number, "name": private}
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and ABSOLUTE.match(text):
            yield "path_absolute", {"cell": number, "path": text}
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            lines = (node.end_lineno or 0) - node.body[0].lineno + 1
            if lines > LONGEST_HELPER:
                values = {"cell": number, "name": node.name, "lines": lines}
                yield "helper_long", values | {"most": LONGEST_HELPER}
    figures = any(SHOWN.match(_called(node)) for node in ast.walk(tree))
    if figures and not _ends_shown(cell["source"], tree):
        yield "figure_hidden", {"cell": number}


def _private(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        hidden = node.attr.startswith("_") and node.attr not in TUPLES
        return node.attr if hidden and not node.attr.endswith("__") else ""
    if isinstance(node, ast.ImportFrom):
        names = [*(node.module or "").split("."), *(a.name for a in node.names)]
        return next((n for n in names if n.startswith("_") and n[:2] != "__"), "")
    return ""


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return getattr(function, "attr", "") or getattr(function, "id", "")


def _ends_shown(source: str, tree: ast.Module) -> bool:
    """Tell whether a cell shows something: its last line, or a call of display."""
    shown = any(_called(node) in {"display", "show"} for node in ast.walk(tree))
    last = tree.body[-1]
    silenced = source.rstrip().endswith(";")
    return shown or (isinstance(last, ast.Expr) and not silenced)


def _check_imports(trees: list[ast.Module]) -> Iterator[tuple[str, dict]]:
    imported: set[str] = set()
    used: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.asname or a.name.split(".")[0] for a in node.names]
            future = getattr(node, "module", "") == "__future__"
            imported |= set() if future else set(names)
        elif isinstance(node, ast.Name):
            used.add(node.id)
    if imported - used:
        yield "import_unused", {"names": sorted(imported - used)}


def _check_parameters(cell: dict[str, Any]) -> Iterator[tuple[str, dict]]:
    lines = cell["source"].splitlines()
    for name, row in parameters_of([cell]).items():
        above = lines[row - 2].strip() if row > 1 else ""
        if not above.startswith("#") or len(above.lstrip("# ")) < 4:
            yield "parameter_bare", {"name": name}
