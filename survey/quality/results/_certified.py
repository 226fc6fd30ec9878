"""Certificates of reference materials."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ..._features import existing
from ..._headers import parse_header, unit_of
from ..._problems import DataProblems, Problem
from ..._samples import load_source
from ..._values import BAD, BELOW, MISSING, NUMBER, read_numbers
from ._roles import find_roles

_WANTED = (
    "material",
    "analyte",
    "unit",
    "certified_value",
    "certified_sd",
    "certified_uncertainty",
    "method",
)
_SPREAD = ("_sd", "_certified_sd", "_std", "_uncertainty", "_标准差", "_标准偏差")


def read_certified(
    path: str | Path, *, layer: str | None = None, encoding: str | None = None
) -> pd.DataFrame:
    r"""
    Certified contents of reference materials, one a row.

    Parameters
    ----------
    path : path
        CSV or Excel table. Either a material a row and a column an analyte
        (``Cu_ppm``, and its standard deviation as ``Cu_ppm_sd``), or one content a row:
        material, analyte, certified value, and perhaps unit, standard deviation.
    layer : str, optional
        Sheet of the workbook.
    encoding : str, optional
        Encoding of the text, where it cannot be told.

    Returns
    -------
    DataFrame
        ``material, analyte, certified_value, certified_sd`` (NaN where no certificate
        tells it), ``unit``, ``certified_uncertainty`` and ``method`` where they are
        told, ``row``. ``attrs`` holds ``notes`` and ``source``.

    Raises
    ------
    DataProblems
        All at once: contents or standard deviations that are not positive numbers, a
        material and analyte certified twice, a table without materials or contents.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "materials.csv"
    >>> _ = path.write_text("material,Cu_ppm,Cu_ppm_sd\nRM-1,21,1\n")
    >>> print(read_certified(path).drop(columns="row"))
      material analyte  certified_value  certified_sd unit
    0     RM-1  Cu_ppm             21.0           1.0  ppm
    """
    source = load_source(existing(path), layer, encoding)
    cells, where = source.cells.astype("str").fillna(""), str(source.path)
    roles = find_roles(cells.columns, where=where, wanted=_WANTED)
    if "material" not in roles:
        what, remedy = "no column names the material", "call one 'material'"
        raise DataProblems([Problem(what, remedy, where)])
    problems: list[Problem] = []
    read = _Reader(cells, source.rows, where, source.decimal, problems)
    long = {"analyte", "certified_value"} <= set(roles)
    table = _of_long(read, roles) if long else _of_wide(read, roles)
    table = table[table["certified_value"].notna()].reset_index(drop=True)
    again = table[table.duplicated(["material", "analyte"])]
    for one in again.itertuples():
        what = f"{one.material} is certified twice for {one.analyte}"
        place = {"row": int(one.row), "value": f"{one.certified_value:g}"}
        problems.append(Problem(what, "keep one of the two", where, **place))
    if table.empty and not problems:
        what = "the table certifies no content"
        remedy = "give a column each analyte (Cu_ppm), or columns analyte and value"
        problems.append(Problem(what, remedy, where))
    if problems:
        raise DataProblems(problems)
    notes = list(source.notes)
    bare = int(table["certified_sd"].isna().sum())
    if bare:
        said = "certified contents come without a standard deviation"
        notes.append(f"{bare} of {len(table)} {said}")
    table.attrs = {"notes": notes, "source": source.path.name}
    return table


class _Reader:
    """Cells of a table as positive numbers; others are problems."""

    def __init__(
        self,
        cells: pd.DataFrame,
        rows: object,
        where: str,
        decimal: str,
        problems: list[Problem],
    ) -> None:
        self.cells, self.where, self.problems = cells, where, problems
        self.rows = np.asarray(rows, dtype=np.int64)
        self.decimal = decimal

    def numbers(self, column: str | None) -> np.ndarray:
        """Positive numbers of a column, NaN where it is empty or not there."""
        if column is None:
            return np.full(len(self.cells), np.nan)
        cells = self.cells[column]
        read = read_numbers(cells, decimal=self.decimal)
        below = (read.state == BELOW) | (read.state == BAD)
        wrong = below | ((read.state == NUMBER) & ~(read.value > 0))
        for at in np.flatnonzero(wrong):
            what = "a certificate holds positive numbers"
            remedy = "write the number, or leave the cell empty if it is not certified"
            place = {"row": int(self.rows[at]), "value": str(cells.iloc[at])}
            self.problems.append(
                Problem(what, remedy, self.where, column=column, **place)
            )
        return np.where(wrong | (read.state == MISSING), np.nan, read.value)

    def texts(self, column: str) -> pd.Series:
        """Texts of a column without space around them."""
        return self.cells[column].str.strip()


def _of_long(read: _Reader, roles: dict[str, str]) -> pd.DataFrame:
    names, units = [], []
    spelled = read.texts(roles["unit"]) if "unit" in roles else [""] * len(read.cells)
    for text, unit in zip(read.texts(roles["analyte"]), spelled, strict=True):
        found = parse_header(text)
        said = (found and found.unit) or unit_of(unit) or ""
        symbol = found.symbol if found else text
        names.append(f"{symbol}_{said}" if said else symbol)
        units.append(said)
    out = {
        "material": read.texts(roles["material"]),
        "analyte": pd.Series(names, dtype="str"),
        "certified_value": read.numbers(roles["certified_value"]),
        "certified_sd": read.numbers(roles.get("certified_sd")),
        "unit": pd.Series(units, dtype="str"),
    }
    if "certified_uncertainty" in roles:
        out["certified_uncertainty"] = read.numbers(roles["certified_uncertainty"])
    if "method" in roles:
        out["method"] = read.texts(roles["method"])
    return pd.DataFrame({**out, "row": read.rows})


def _of_wide(read: _Reader, roles: dict[str, str]) -> pd.DataFrame:
    parts = []
    spreads = {f"{c}{ending}" for c in read.cells for ending in _SPREAD}
    for column in map(str, read.cells.columns):
        found = parse_header(column)
        if found is None or column in spreads or column in roles.values():
            continue
        sd = next(
            (f"{column}{e}" for e in _SPREAD if f"{column}{e}" in read.cells), None
        )
        name = f"{found.symbol}_{found.unit}" if found.unit else found.symbol
        part = {
            "material": read.texts(roles["material"]),
            "analyte": name,
            "certified_value": read.numbers(column),
            "certified_sd": read.numbers(sd),
            "unit": found.unit or "",
            "row": read.rows,
        }
        parts.append(pd.DataFrame(part))
    if not parts:
        names = [
            "material",
            "analyte",
            "certified_value",
            "certified_sd",
            "unit",
            "row",
        ]
        return pd.DataFrame(columns=names)
    return pd.concat(parts, ignore_index=True).sort_values("row", kind="stable")
