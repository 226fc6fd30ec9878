"""Tables out, for people and for programs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from ._atomic import write_bytes

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".xlsx", ".parquet")
STAMP = (2000, 1, 1, 0, 0, 0)


def save_table(table: pd.DataFrame, path: str | Path) -> Path:
    """
    Write a table, whole or not at all, with the same bytes every time.

    Text that a spreadsheet would take for a formula gets an apostrophe in CSV and is
    stored as text in Excel: a label from somebody's data is never run.

    Parameters
    ----------
    table : DataFrame
        Any columns; the index and geometries are not written.
    path : path
        Name that ends in .csv (UTF-8; marked as such where the text is not ASCII, so
        that Excel reads Chinese right), .xlsx or .parquet.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ValueError
        If the suffix is another one.

    Examples
    --------
    >>> import tempfile, pandas as pd
    >>> path = tempfile.mkdtemp() + "/list.csv"
    >>> print(save_table(pd.DataFrame({"name": ["=1+1"]}), path).read_text())
    name
    '=1+1
    <BLANKLINE>
    """
    import pandas as pd

    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{path.name}: tables are saved as one of {list(SUFFIXES)}")
    shapes = [c for c in table if str(table[c].dtype) == "geometry"]
    plain = pd.DataFrame(table.drop(columns=shapes))
    plain.attrs = {}
    if suffix == ".parquet":
        stream = io.BytesIO()
        plain.to_parquet(stream, index=False)
        return write_bytes(path, stream.getvalue())
    if suffix == ".xlsx":
        return write_bytes(path, _workbook(plain))
    text = _harmless(plain).to_csv(index=False, lineterminator="\n")
    return write_bytes(path, text.encode("ascii" if text.isascii() else "utf-8-sig"))


def _harmless(table: pd.DataFrame) -> pd.DataFrame:
    """Copy in which text that starts like a formula starts with an apostrophe."""
    safe = table.copy()
    for k in range(safe.shape[1]):
        column = safe.iloc[:, k]
        if column.dtype.kind in "biufcM":
            continue
        texts = column.map(lambda cell: isinstance(cell, str)).astype(bool)
        risky = texts & column.astype(str).str.match(r"[=+\-@\t\r]").astype(bool)
        if risky.any():
            safe.isetitem(k, column.where(~risky, "'" + column.astype(str)))
    return safe


def _workbook(table: pd.DataFrame) -> bytes:
    """Excel file of a table: text as text, no clock in its bytes."""
    from datetime import datetime

    import openpyxl
    import pandas as pd
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    book.properties.created = book.properties.modified = datetime(*STAMP)
    sheet = book.create_sheet("table")
    sheet.freeze_panes = "A2"

    def cell(value: object) -> object:
        if isinstance(value, str):
            made = WriteOnlyCell(sheet, value)
            made.data_type = "s"
            return made
        if not pd.api.types.is_scalar(value):
            return str(value)
        return None if pd.isna(value) else getattr(value, "item", lambda: value)()

    sheet.append([cell(str(name)) for name in table.columns])
    for row in table.itertuples(index=False, name=None):
        sheet.append([cell(value) for value in row])
    stream = io.BytesIO()
    book.save(stream)
    return _restamped(stream.getvalue())


def _restamped(archive: bytes) -> bytes:
    """Return a zip archive whose members carry no clock."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _unclocked(content)
            new.writestr(zipfile.ZipInfo(name, STAMP), content)
    return out.getvalue()


def _unclocked(content: bytes) -> bytes:
    import re

    stamp = b"2000-01-01T00:00:00Z"
    return re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp, content)
