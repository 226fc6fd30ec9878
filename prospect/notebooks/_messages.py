"""What of a notebook is translated: paragraphs, cells of tables, comments, titles."""

from __future__ import annotations

import ast
import io
import re
import textwrap
import tokenize
from typing import TYPE_CHECKING, Any, NamedTuple

from ._source import tags_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

FENCE = re.compile(r"^\s*(```|~~~|\$\$)")
HEADING = re.compile(r"^(#{1,6}\s+)(.*)$")
ITEM = re.compile(r"^(\s*(?:[-*+]|\d+[.)])\s+)(.*)$")
QUOTE = re.compile(r"^(\s*>\s?)(.*)$")
RULER = re.compile(r"^\s*\|[\s:|-]+\|?\s*$")
CELL = re.compile(r"(?<!\\)\|")
WIDE = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]"
BETWEEN_WIDE = re.compile(rf"(?<={WIDE})\n(?={WIDE})")
DIRECTIVE = re.compile(r"^#\s*(noqa|type:|fmt:|%)")
LANG = re.compile(r"""^(lang\s*=\s*)(["'])(?:en|zh)\2""", re.MULTILINE)
COMMENT_WIDTH = 86


class Piece(NamedTuple):
    """Part of a text: as it stands, and the message in it, if there is one."""

    text: str
    message: str = ""
    kind: str = ""


def messages_of(cell: Mapping[str, Any]) -> list[Piece]:
    """Messages of a cell, in the order of reading."""
    pieces = _pieces(cell)
    return [piece for piece in pieces if piece.message]


def translate_cell(
    cell: Mapping[str, Any], say: Callable[[str], str | None], *, lang: str
) -> dict[str, Any]:
    """Copy of a cell in which every message that `say` knows is said by it."""
    parts = []
    for piece in _pieces(cell):
        said = say(piece.message) if piece.message else None
        parts.append(piece.text if said is None else _fit(said, piece))
    source = "".join(parts)
    if "parameters" in tags_of(cell):
        source = LANG.sub(rf"\g<1>\g<2>{lang}\g<2>", source)
    return {**cell, "source": source}


def _pieces(cell: Mapping[str, Any]) -> list[Piece]:
    if cell["cell_type"] == "markdown":
        return list(_markdown(cell["source"]))
    return list(_code(cell["source"])) if cell["cell_type"] == "code" else []


def _markdown(text: str) -> Iterator[Piece]:
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        line = lines[at]
        body, end = _split_end(line)
        if found := FENCE.match(line):
            stop = _fence_end(lines, at, found[1])
            yield Piece("".join(lines[at:stop]))
            at = stop
            continue
        if found := HEADING.match(body):
            yield Piece(found[1])
            yield _message(found[2], "heading")
            yield Piece(end)
        elif RULER.match(body) or not body.strip():
            yield Piece(line)
        elif body.lstrip().startswith("|"):
            yield from _table_row(body)
            yield Piece(end)
        else:
            stop = _block_end(lines, at)
            yield from _block("".join(lines[at:stop]))
            at = stop
            continue
        at += 1


def _split_end(line: str) -> tuple[str, str]:
    body = line.rstrip("\n")
    return body, line[len(body) :]


def _fence_end(lines: list[str], start: int, mark: str) -> int:
    """Line after a block of code or of a formula."""
    if mark == "$$" and lines[start].count("$$") > 1:
        return start + 1
    for at in range(start + 1, len(lines)):
        if lines[at].strip().endswith(mark):
            return at + 1
    return len(lines)


def _block_end(lines: list[str], start: int) -> int:
    """Line after a paragraph, quotation or item of a list."""
    quoted = bool(QUOTE.match(lines[start]))
    for at in range(start + 1, len(lines)):
        line = lines[at]
        begins = any(p.match(line) for p in (FENCE, HEADING, ITEM))
        other = bool(QUOTE.match(line)) != quoted
        if not line.strip() or begins or other or line.lstrip().startswith("|"):
            return at
    return len(lines)


def _block(text: str) -> Iterator[Piece]:
    body, end = text.rstrip("\n"), text[len(text.rstrip("\n")) :]
    first = body.split("\n", 1)[0]
    if found := QUOTE.match(first):
        plain = "\n".join(QUOTE.sub(r"\2", line) for line in body.splitlines())
        message = _joined(plain)
        yield Piece(found[1])
        yield Piece(body[len(found[1]) :], message, "text")
    elif body.startswith("    "):
        yield Piece(body)  # code by indentation
    elif found := ITEM.match(first):
        yield Piece(found[1])
        yield _message(body[len(found[1]) :], "list")
    else:
        yield _message(body, "text")
    yield Piece(end)


def _table_row(line: str) -> Iterator[Piece]:
    start = 0
    for found in [*CELL.finditer(line), None]:
        stop = len(line) if found is None else found.start()
        cell = line[start:stop]
        inner = cell.strip()
        if inner:
            before = cell.index(inner)
            yield Piece(cell[:before])
            yield _message(inner, "table")
            yield Piece(cell[before + len(inner) :])
        else:
            yield Piece(cell)
        if found is not None:
            yield Piece("|")
            start = found.end()


def _message(text: str, kind: str) -> Piece:
    message = _joined(text)
    outside = re.sub(r"`[^`]*`", "", message)
    return Piece(text, message if re.search(r"[^\W\d_]", outside) else "", kind)


def _joined(text: str) -> str:
    """Text of one line, but for forced breaks: where it was wrapped does not matter."""
    lines = [
        line.strip() + ("  " if line.endswith("  ") else "")
        for line in text.splitlines()
    ]
    joined = BETWEEN_WIDE.sub("", "\n".join(lines).rstrip())
    return re.sub(r"(?<!  )\n", " ", joined)


def _code(text: str) -> Iterator[Piece]:
    lines = text.splitlines(keepends=True)
    spans = sorted([*_comments(text, lines), *_titles(text, lines)])
    at = 0
    whole = "".join(lines)
    for start, stop, message, kind in spans:
        if start < at:
            continue
        yield Piece(whole[at:start])
        yield Piece(whole[start:stop], message, kind)
        at = stop
    yield Piece(whole[at:])


def _comments(text: str, lines: list[str]) -> Iterator[tuple[int, int, str, str]]:
    """Comments that fill their lines; lines below each other are one message."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return
    rows: dict[int, int] = {}
    for token in tokens:
        row, column = token.start
        whole = token.type == tokenize.COMMENT and not lines[row - 1][:column].strip()
        if whole and not DIRECTIVE.match(token.string):
            rows[row] = column
    for row, column in rows.items():
        if rows.get(row - 1) == column:
            continue
        last = row
        while rows.get(last + 1) == column:
            last += 1
        start = _offset(lines, row, column)
        stop = _offset(lines, last, 0) + len(lines[last - 1].rstrip("\n"))
        said = [each.strip().lstrip("#").strip() for each in lines[row - 1 : last]]
        yield start, stop, _joined("\n".join(said)), "comment"


def _titles(text: str, lines: list[str]) -> Iterator[tuple[int, int, str, str]]:
    """Titles of figures: plain strings given as `title=`."""
    try:
        calls = [
            node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)
        ]
    except SyntaxError:
        return
    for keyword in (each for call in calls for each in call.keywords):
        value = keyword.value
        if keyword.arg == "title" and isinstance(value, ast.Constant):
            if not isinstance(value.value, str) or value.lineno != value.end_lineno:
                continue
            start = _offset(lines, value.lineno, value.col_offset, utf8=True)
            stop = _offset(lines, value.lineno, value.end_col_offset or 0, utf8=True)
            yield start, stop, value.value, "title"


def _offset(lines: list[str], row: int, column: int, *, utf8: bool = False) -> int:
    """Position in the text of a row (from 1) and column (bytes, as `ast` counts)."""
    if utf8:
        column = len(lines[row - 1].encode()[:column].decode())
    return sum(len(line) for line in lines[: row - 1]) + column


def _fit(said: str, piece: Piece) -> str:
    """Bring a translation into the form of what it stands for."""
    if piece.kind == "title":
        quoted = said.replace("\\", r"\\").replace('"', r"\"")
        return f'"{" ".join(quoted.split())}"'
    if piece.kind == "comment":
        lines = textwrap.wrap(" ".join(said.split()), COMMENT_WIDTH) or [""]
        first = piece.text.splitlines()
        indent = re.match(r"\s*", first[1])[0] if len(first) > 1 else ""
        return f"\n{indent}".join(f"# {line}" for line in lines)
    if piece.kind == "table":
        return CELL.sub(r"\\|", " ".join(said.split()))
    return " ".join(said.split()) if piece.kind == "heading" else said
