"""Certificates of reference materials: values, standard deviations, checked."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..._headers import parse_header
from ..._problems import Problem
from ._columns import CERTIFIED, as_table


def as_certified(
    certified: pd.DataFrame | None,
) -> tuple[pd.DataFrame, list[Problem]]:
    """
    Certified values, one a row, from a long or a wide table, and what is wrong.

    Long: material, analyte, certified_value and, if there is one, certified_sd. Wide:
    material and a column an analyte, such as Cu_ppm, with Cu_ppm_sd beside it.
    """
    if certified is None:
        return as_table([], CERTIFIED), []
    if "material" not in certified:
        raise ValueError(
            "certified: no column 'material'. The columns are: "
            f"{', '.join(map(str, certified.columns))}."
        )
    table = certified.reset_index(drop=True)
    long = "analyte" in table
    rows = _long(table) if long else _wide(table)
    problems = [*_bad_cells(rows, "certified_value"), *_bad_cells(rows, "certified_sd")]
    for name in ("certified_value", "certified_sd"):
        rows[name] = pd.to_numeric(rows[name], errors="coerce")
    rows = rows[rows["certified_value"].notna() | rows["certified_sd"].notna()]
    problems += _contradictions(rows)
    rows = rows.drop_duplicates(["material", "analyte"])
    return as_table(rows, CERTIFIED), problems


def _long(table: pd.DataFrame) -> pd.DataFrame:
    rows = table.rename(columns={"value": "certified_value", "sd": "certified_sd"})
    if "certified_value" not in rows:
        raise ValueError(
            "certified: no column 'certified_value'. The columns are: "
            f"{', '.join(map(str, table.columns))}."
        )
    if "certified_sd" not in rows:
        rows["certified_sd"] = np.nan
    if "row" not in rows:
        rows["row"] = np.arange(1, len(rows) + 1)
    return rows[["material", "analyte", "certified_value", "certified_sd", "row"]]


def _wide(table: pd.DataFrame) -> pd.DataFrame:
    parts = []
    for name in table:
        header = parse_header(str(name))
        if header is None or header.unit is None or header.name != name:
            continue
        spread = table.get(f"{name}_sd", pd.Series(np.nan, index=table.index))
        parts.append(
            pd.DataFrame(
                {
                    "material": table["material"],
                    "analyte": str(name),
                    "certified_value": table[name],
                    "certified_sd": spread,
                    "row": np.arange(1, len(table) + 1),
                }
            )
        )
    if not parts:
        raise ValueError(
            "certified: neither columns 'analyte' and 'certified_value' nor a column "
            "of an analyte with its unit, such as 'Cu_ppm'"
        )
    return pd.concat(parts, ignore_index=True)


def _bad_cells(rows: pd.DataFrame, name: str) -> list[Problem]:
    """Cells that are neither empty nor positive numbers."""
    numbers = pd.to_numeric(rows[name], errors="coerce")
    bad = (numbers.isna() & rows[name].notna()) | numbers.le(0) | np.isinf(numbers)
    return [
        Problem(
            "the certificate does not give a positive number",
            "write the number of the certificate, or leave the cell empty",
            "certified",
            row=int(row["row"]),
            column=f"{row['analyte']} {name}",
            value=str(row[name]),
        )
        for _, row in rows[bad].iterrows()
    ]


def _contradictions(rows: pd.DataFrame) -> list[Problem]:
    """Materials that have several certificates for one analyte, and not the same."""
    values = rows.groupby(["material", "analyte"])["certified_value"]
    differing = values.max() > values.min()
    problems = []
    for material, analyte in differing.index[differing]:
        same = rows[rows["material"].eq(material) & rows["analyte"].eq(analyte)]
        values = ", ".join(f"{value:g}" for value in same["certified_value"].dropna())
        problems.append(
            Problem(
                f"material {material!r} has several certified values",
                "keep the row that is valid",
                "certified",
                row=int(same["row"].iloc[-1]),
                column=analyte,
                value=values,
            )
        )
    return problems


def without_certificate(
    results: pd.DataFrame, certified: pd.DataFrame
) -> list[Problem]:
    """Materials among the results that no certificate covers; a warning for each."""
    pairs = results.drop_duplicates(["material", "analyte"])
    there = set(zip(certified["material"], certified["analyte"], strict=True))
    problems = []
    for row in pairs.itertuples():
        if (row.material, row.analyte) in there or not row.material:
            continue
        other = _other_unit(row.material, row.analyte, certified)
        remedy = (
            f"the certificate gives {other}: convert it to the unit of the assays"
            if other
            else "add its certificate to `certified`; until then its results are "
            "compared with each other only, and accuracy is not tested"
        )
        problems.append(
            Problem(
                f"reference material {row.material!r} has no certified value",
                remedy,
                "controls",
                row=int(row.row),
                column=row.analyte,
                value=f"{row.value:g}",
                severity="warning",
            )
        )
    return problems


def _other_unit(material: str, analyte: str, certified: pd.DataFrame) -> str | None:
    """Name of the certified column of the same element in another unit."""
    header = parse_header(analyte)
    if header is None:
        return None
    same = certified.loc[certified["material"].eq(material), "analyte"]
    for name in same:
        other = parse_header(name)
        if other is not None and other.symbol == header.symbol:
            return name
    return None
