"""Tables of text cells from delimited files and workbooks, no cell interpreted."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import BadZipFile, ZipFile

import pandas as pd

from ._problems import DataProblems, Problem
from ._text import check_encoding, detect_encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    ReadHeader = Callable[[Iterator[list[str]]], "Head"]

logger = logging.getLogger(__name__)

DELIMITED = {".csv", ".tsv", ".txt", ".dat", ".asc", ".xyz"}
WORKBOOKS = {".xlsx", ".xlsm", ".xls"}
_DELIMITERS = (",", "\t", ";", "|", " ")
_LOOKED_AT = 200
_BLOCK = 20_000
_MOST_BAD_ROWS = 200


class Head(NamedTuple):
    """Names of the columns, titles above them, and the records below."""

    names: list[str]
    titles: list[str]
    records: Iterator[list[str]]


class Table(NamedTuple):
    """
    Cells as text, and what was noted while reading.

    `rows` gives the row number of each record, counted from 1 after the header;
    `delimiter` is None for a workbook.
    """

    cells: pd.DataFrame
    rows: list[int]
    notes: list[str]
    dropped: dict[str, int]
    delimiter: str | None


def read_table(
    path: Path,
    *,
    layer: str | None = None,
    encoding: str | None = None,
    header: ReadHeader | None = None,
) -> Table:
    """
    Cells of a delimited file or a sheet of a workbook, as text.

    Parameters
    ----------
    path : Path
        File ending in one of `DELIMITED` or `WORKBOOKS`.
    layer : str, optional
        Sheet of a workbook; the first one if left out.
    encoding : str, optional
        Codec of a delimited file; detected if left out.
    header : callable, optional
        Takes the records, gives the header, the titles above it and the records below
        it; one row below the titles if left out.

    Returns
    -------
    Table

    Raises
    ------
    DataProblems
        If the encoding cannot be told, the header is missing or rows have more cells
        than the header.
    """
    notes: list[str] = []
    if path.suffix.lower() in WORKBOOKS:
        records: Iterable[list[str]] = _sheet_records(path, layer, notes)
        delimiter = None
    else:
        encoding = check_encoding(path, encoding) if encoding else detect_encoding(path)
        if encoding not in {"utf-8", "utf-8-sig"}:
            notes.append(f"read as {encoding}")
        delimiter = find_delimiter(path, encoding)
        records = _text_records(path, encoding, delimiter)
    found = (header or plain_header)(iter(records))
    return _assemble(found, path, notes, delimiter)


def find_delimiter(path: Path, encoding: str) -> str:
    """Delimiter that splits header and first records into the most equal columns."""
    found: list[tuple[bool, int, str]] = []
    for delimiter in _DELIMITERS:
        if delimiter == " " and found:
            break
        records = _text_records(path, encoding, delimiter, strict=False)
        widths = [len(row) for row in itertools.islice(records, _LOOKED_AT) if any(row)]
        common = max(set(widths), key=widths.count, default=1)
        if common > 1 and widths.count(common) >= 0.6 * len(widths):
            found.append((widths[0] == common, common, delimiter))
    return max(found, key=lambda each: each[:2])[2] if found else ","


def _text_records(
    path: Path, encoding: str, delimiter: str, *, strict: bool = True
) -> Iterator[list[str]]:
    csv.field_size_limit(1 << 30)
    with path.open(encoding=encoding, newline="") as handle:
        if delimiter == " ":
            yield from (line.split() for line in handle)
            return
        start = handle.read(1 << 16)
        handle.seek(0)
        loose = f'{delimiter} "' in start  # a space before the quote hides it
        reader = csv.reader(
            handle, delimiter=delimiter, skipinitialspace=loose, strict=strict
        )
        try:
            yield from reader
        except csv.Error as error:
            what = f"line {reader.line_num}: quotes that do not close ({error})"
            remedy = "double a quote inside quoted text, and close each quoted text"
            raise DataProblems([Problem(what, remedy, str(path))]) from None


def _sheet_records(
    path: Path, layer: str | None, notes: list[str]
) -> Iterator[list[str]]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    unreadable = (BadZipFile, InvalidFileException, KeyError, ValueError)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        plain = _has_formulas(path) and openpyxl.load_workbook(path, read_only=True)
    except unreadable as error:
        what = f"not a readable workbook ({error})"
        remedy = "open it in a spreadsheet program and save it as .xlsx again"
        raise DataProblems([Problem(what, remedy, str(path))]) from None
    try:
        sheet = _pick_sheet(book.sheetnames, layer, path, notes)
        rows = book[sheet].iter_rows(values_only=True)
        written = plain[sheet].iter_rows(values_only=True) if plain else rows
        pairs = zip(rows, written, strict=True) if plain else ((r, r) for r in rows)
        for row, source in pairs:
            yield [_as_text(_result(*pair)) for pair in zip(row, source, strict=True)]
    finally:
        book.close()
        if plain:
            plain.close()


def _has_formulas(path: Path) -> bool:
    with ZipFile(path) as parts:
        sheets = [name for name in parts.namelist() if "worksheets/" in name]
        return any(b"<f" in parts.read(name) for name in sheets)


def _result(value: Any, written: Any) -> Any:  # noqa: ANN401
    """Result of a formula; the formula itself where the file does not hold it."""
    return written if value is None else value


def _pick_sheet(
    names: list[str], layer: str | None, path: Path, notes: list[str]
) -> str:
    if layer is None:
        if len(names) > 1:
            notes.append(
                f"sheet '{names[0]}' read; the others are not: {', '.join(names[1:])}"
            )
        return names[0]
    if layer not in names:
        what, remedy = f"no sheet '{layer}'", f"name one of: {', '.join(names)}"
        raise DataProblems([Problem(what, remedy, str(path))])
    return layer


def _as_text(value: Any) -> str:  # noqa: ANN401
    """Cell of a workbook as a person sees it."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    return str(value)


def _assemble(
    found: Head, path: Path, notes: list[str], delimiter: str | None
) -> Table:
    header, skipped, stream = found
    if not header:
        remedy = "give a file whose first row names the columns"
        raise DataProblems([Problem("the table is empty", remedy, str(path))])
    if skipped:
        notes.append(f"{len(skipped)} rows before the header skipped: {skipped}")
    width = len(header)
    blocks, rows, short, bad, empty, number = [], [], [], [], 0, 0
    while block := list(itertools.islice(stream, _BLOCK)):
        kept = []
        for record in block:
            number += 1
            if not "".join(record).strip():
                empty += 1
                continue
            if len(record) > width and any(record[width:]):
                bad.append(_too_long(record, width, number, path))
            elif len(record) < width:
                short.append(number)
            kept.append((record + [""] * (width - len(record)))[:width])
            rows.append(number)
        blocks.append(pd.DataFrame(kept, columns=range(width), dtype="str"))
    if bad:
        raise DataProblems(bad[:_MOST_BAD_ROWS])
    if short:
        shown = ", ".join(map(str, short[:5]))
        notes.append(f"{len(short)} rows have fewer cells than the header: {shown} …")
    cells = pd.concat(blocks, ignore_index=True) if blocks else _no_rows(width)
    cells.columns = _names(header, notes)
    dropped = {"empty rows": empty} if empty else {}
    return Table(
        _without_empty_columns(cells, dropped), rows, notes, dropped, delimiter
    )


def plain_header(stream: Iterator[list[str]]) -> Head:
    """Header, and the title rows before it: a single cell above several."""
    skipped: list[str] = []
    for record in stream:
        header = [cell.strip() for cell in record]
        filled = [cell for cell in header if cell]
        if not filled:
            continue
        if len(filled) == 1 and len(header) > 1:
            skipped.append(filled[0])
            continue
        while header and not header[-1]:
            header.pop()
        return Head(header, skipped, stream)
    alone = len(skipped) == 1
    return Head(skipped[:1], [], stream) if alone else Head([], skipped, stream)


def _too_long(record: list[str], width: int, number: int, path: Path) -> Problem:
    return Problem(
        f"{len(record)} cells under a header of {width}",
        "put text that holds the delimiter in quotes, or remove the extra cells",
        str(path),
        row=number,
        value=record[width][:40],
    )


def _names(header: list[str], notes: list[str]) -> list[str]:
    """Names that are all there and all different; each change is noted."""
    names: list[str] = []
    for position, name in enumerate(header, 1):
        unique = name or f"column_{position}"
        if not name:
            notes.append(f"column {position} has no name, called '{unique}'")
        count = 2
        while unique in names:
            unique = f"{name or f'column_{position}'}_{count}"
            count += 1
        if name and unique != name:
            notes.append(f"column {position} repeats '{name}', called '{unique}'")
        names.append(unique)
    return names


def _no_rows(width: int) -> pd.DataFrame:
    return pd.DataFrame({i: pd.Series(dtype="str") for i in range(width)})


def _without_empty_columns(
    cells: pd.DataFrame, dropped: dict[str, int]
) -> pd.DataFrame:
    """Leave out columns that have neither a name nor a value."""
    blank = [
        name
        for name in cells
        if name.startswith("column_") and not cells[name].str.strip().any()
    ]
    if blank:
        dropped["columns without name and values"] = len(blank)
    return cells.drop(columns=blank)
